//! Settings of the networks of the deep agents, and their hidden layers.

use freewheel_core::{Error, ObservationSpace, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Activation, Builder, Conv, Init, NodeId};
use crate::settings::within;

/// Maximum number of weights of a one-hot layer.
const MAX_WEIGHTS: usize = 1 << 28;

/// Network settings of every deep agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkSettings {
    /// Units of each hidden layer, each 1 to 65536; an empty list for none, and at most 256 layers.
    pub hidden_sizes: Vec<u32>,
    /// Activation function of the hidden layers: relu, tanh, sigmoid or identity.
    pub activation: Activation,
    /// Channels of the convolutions before the hidden layers, 0 (none) to 1024; for observations of planes, such as
    /// boards.
    pub channels: u32,
    /// Residual blocks of two convolutions each, 0 to 64; used if channels is above 0.
    pub blocks: u32,
    /// Layer normalization before the activation of every hidden layer.
    pub layer_norm: bool,
    /// Normalize observations to mean 0 and variance 1 by running statistics (not discrete observations and
    /// planes).
    pub normalize_observations: bool,
}

impl Default for NetworkSettings {
    fn default() -> Self {
        NetworkSettings {
            hidden_sizes: vec![64, 64],
            activation: Activation::Relu,
            channels: 0,
            blocks: 2,
            layer_norm: false,
            normalize_observations: false,
        }
    }
}

impl NetworkSettings {
    /// Checks the range of every setting, and that the settings suit observations of `space`.
    ///
    /// # Errors
    /// [`Error::Setting`] with the name, value and range of the setting.
    pub fn validate(&self, space: &ObservationSpace) -> Result<()> {
        within("the length of hidden_sizes", self.hidden_sizes.len() as f64, 0.0, 256.0)
            .map_err(|e| Error::setting("hidden_sizes", e.to_string()))?;
        self.hidden_sizes
            .iter()
            .try_for_each(|&units| within("hidden_sizes", f64::from(units), 1.0, 65_536.0))?;
        within("channels", f64::from(self.channels), 0.0, 1024.0)?;
        within("blocks", f64::from(self.blocks), 0.0, 64.0)?;
        match (self.channels, space) {
            (0, ObservationSpace::Discrete { n }) => {
                let units = self.hidden_sizes.first().map_or(*n, |&units| units as usize);
                match n.saturating_mul(units) {
                    0..=MAX_WEIGHTS => Ok(()),
                    weights => Err(Error::setting(
                        "hidden_sizes",
                        format!(
                            "a first hidden layer of {units} units for {n} discrete observations has {weights} \
                             weights, but at most {MAX_WEIGHTS} are supported; use smaller hidden_sizes or frame_stack"
                        ),
                    )),
                }
            }
            (0, _) => Ok(()),
            (_, ObservationSpace::Box { shape, .. }) if shape.len() == 3 => Ok(()),
            (channels, _) => Err(Error::setting(
                "channels",
                format!(
                    "channels = {channels}: convolutions need observations of planes [C, H, W], which this world \
                     does not have; use channels = 0"
                ),
            )),
        }
    }

    /// Adds the hidden layers for observations of `space` to `net` and returns the node of the last layer; `name` is
    /// the prefix of the parameter names.
    pub fn trunk(&self, net: &mut Builder, name: &str, space: &ObservationSpace) -> NodeId {
        self.trunk_with(net, name, space, Init::Orthogonal(self.gain()), false)
    }

    /// As [`NetworkSettings::trunk`], with the initialization `init` of the hidden layers; with `noisy`, all but the
    /// first layer of the trunk are noisy.
    pub fn trunk_with(
        &self,
        net: &mut Builder,
        name: &str,
        space: &ObservationSpace,
        init: Init,
        noisy: bool,
    ) -> NodeId {
        let activation = self.activation;
        let hidden_activation = if self.layer_norm { Activation::Identity } else { activation };
        let mut node = 0;
        let mut hidden = self.hidden_sizes.iter().enumerate();
        match space {
            // One-hot layer. Without hidden layers it has `n` units, because the heads need more than the index as a
            // number.
            ObservationSpace::Discrete { n } => {
                let units = hidden.next().map_or(*n, |(_, &units)| units as usize);
                node = net.one_hot(&format!("{name}.0"), *n, units, hidden_activation, init);
                node = self.normalized(net, &format!("{name}.0"), node);
            }
            ObservationSpace::Box { shape, .. } if self.channels > 0 => {
                let [planes, h, w] = [0, 1, 2].map(|i| shape.get(i).copied().unwrap_or(1));
                node = net.channels_last(node, planes);
                let out_channels = self.channels as usize;
                let first =
                    Conv { channels: planes, size: [h, w], out_channels, kernel: 3, stride: 1, padding: 1 };
                let conv = Conv { channels: out_channels, ..first };
                let init = Init::Kaiming(self.gain());
                node = net.conv(&format!("{name}.conv"), node, first, None, activation, init);
                for i in 0..self.blocks {
                    let inner = net.conv(&format!("{name}.block.{i}.0"), node, conv, None, activation, init);
                    // Zero weights make the block the identity at first.
                    node = net.conv(
                        &format!("{name}.block.{i}.1"),
                        inner,
                        conv,
                        Some(node),
                        activation,
                        Init::Zeros,
                    );
                }
            }
            ObservationSpace::Box { .. } => {}
        }
        for (i, &units) in hidden {
            let (name, units) = (format!("{name}.{i}"), units as usize);
            node = match noisy && node > 0 {
                true => net.noisy(&name, node, units, hidden_activation),
                false => net.linear(&name, node, units, hidden_activation, init),
            };
            node = self.normalized(net, &name, node);
        }
        node
    }

    /// Adds the hidden layers on the node `from`; `name` is the first part of the names of their parameters.
    pub fn hidden(&self, net: &mut Builder, name: &str, from: NodeId) -> NodeId {
        let activation = if self.layer_norm { Activation::Identity } else { self.activation };
        self.hidden_sizes.iter().enumerate().fold(from, |node, (i, &units)| {
            let name = format!("{name}.{i}");
            let node = net.linear(&name, node, units as usize, activation, Init::Orthogonal(self.gain()));
            self.normalized(net, &name, node)
        })
    }

    /// Node of the layer `node`, called `name`, after its layer normalization, if there is one.
    fn normalized(&self, net: &mut Builder, name: &str, node: NodeId) -> NodeId {
        match self.layer_norm {
            true => net.layer_norm(&format!("{name}.norm"), node, self.activation),
            false => node,
        }
    }

    /// Gain of the initialization that keeps the variance of the values from layer to layer.
    fn gain(&self) -> f32 {
        if self.activation == Activation::Relu { 2f32.sqrt() } else { 1.0 }
    }
}
