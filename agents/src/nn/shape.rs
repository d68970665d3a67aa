//! Which network suits what a world shows: settings, and the trunk built from them.

use freewheel_core::{Error, ObservationSpace, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Activation, Builder, Conv, Init, Place};
use crate::settings::within;

/// Weights of a layer that looks its rows up: more than these fit into no memory together with their moments.
const MOST_WEIGHTS: usize = 1 << 28;

/// What every deep agent is told of its network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Shape {
    /// Units of each hidden layer, each 1 to 65536; an empty list leaves none.
    pub hidden_sizes: Vec<u32>,
    /// Activation of hidden layers: relu, tanh, sigmoid or identity.
    pub activation: Activation,
    /// Channels of the residual convolutions in front of the hidden layers, 0 to 1024; 0 for none. They need planes, such as a board.
    pub channels: u32,
    /// Residual blocks of two convolutions each, 0 to 64; where there are channels.
    pub blocks: u32,
    /// Whether observations are brought to mean 0 and variance 1 as they are seen (not those that are an index).
    pub normalize_observations: bool,
}

impl Default for Shape {
    fn default() -> Self {
        Shape {
            hidden_sizes: vec![64, 64],
            activation: Activation::Relu,
            channels: 0,
            blocks: 2,
            normalize_observations: false,
        }
    }
}

impl Shape {
    /// Checks every range, and whether it suits `space`.
    ///
    /// # Errors
    /// [`Error::Config`] naming the field, its value and what is allowed.
    pub fn validate(&self, space: &ObservationSpace) -> Result<()> {
        self.hidden_sizes
            .iter()
            .try_for_each(|&units| within("hidden_sizes", f64::from(units), 1.0, 65_536.0))?;
        within("channels", f64::from(self.channels), 0.0, 1024.0)?;
        within("blocks", f64::from(self.blocks), 0.0, 64.0)?;
        match (self.channels, space) {
            (0, ObservationSpace::Discrete { n }) => {
                let units = self.hidden_sizes.first().map_or(*n, |&units| units as usize);
                match n.saturating_mul(units) {
                    0..=MOST_WEIGHTS => Ok(()),
                    weights => Err(Error::Config(format!(
                        "{n} observations, each with {units} weights of its own, are {weights} parameters, more than \
                         {MOST_WEIGHTS}: use a smaller first hidden layer, a shorter history, or let the world show numbers"
                    ))),
                }
            }
            (0, _) => Ok(()),
            (_, ObservationSpace::Box { shape, .. }) if shape.len() == 3 => Ok(()),
            (channels, _) => Err(Error::Config(format!(
                "channels = {channels}: convolutions need observations of planes [C, H, W], which this world does not show"
            ))),
        }
    }

    /// Builds the trunk of a network for `space` under `name` and gives the place of its last layer.
    pub fn trunk(&self, net: &mut Builder, name: &str, space: &ObservationSpace) -> Place {
        let gain = if self.activation == Activation::Relu { 2f32.sqrt() } else { 1.0 };
        let (activation, init) = (self.activation, Init::Orthogonal(gain));
        let mut at = 0;
        let mut hidden = self.hidden_sizes.iter().enumerate();
        match space {
            // An index is looked up; without a hidden layer the heads would have nothing but its number.
            ObservationSpace::Discrete { n } => {
                let units = hidden.next().map_or(*n, |(_, &units)| units as usize);
                at = net.one_hot(&format!("{name}.0"), *n, units, activation, init);
            }
            ObservationSpace::Box { shape, .. } if self.channels > 0 => {
                let [planes, h, w] = [0, 1, 2].map(|i| shape.get(i).copied().unwrap_or(1));
                at = net.channels_last(at, planes);
                let out_channels = self.channels as usize;
                let first =
                    Conv { channels: planes, size: [h, w], out_channels, kernel: 3, stride: 1, padding: 1 };
                let conv = Conv { channels: out_channels, ..first };
                let init = Init::Kaiming(gain);
                at = net.conv(&format!("{name}.conv"), at, first, None, activation, init);
                for i in 0..self.blocks {
                    let inner = net.conv(&format!("{name}.block.{i}.0"), at, conv, None, activation, init);
                    // The second begins at 0: the block begins as nothing but its input.
                    at = net.conv(
                        &format!("{name}.block.{i}.1"),
                        inner,
                        conv,
                        Some(at),
                        activation,
                        Init::Zeros,
                    );
                }
            }
            ObservationSpace::Box { .. } => {}
        }
        for (i, &units) in hidden {
            at = net.linear(&format!("{name}.{i}"), at, units as usize, activation, init);
        }
        at
    }
}
