//! A small convolutional network: it looks at all places of an image alike (LeCun et al. 1989).
//!
//! Convolutions of 3x3, the first at every pixel, each further one at every second one of the last; then full layers. Images are
//! square, `[planes, side, side]`.

use freewheel_core::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::network::{Architecture, Classified, GAIN};
use crate::fit::Settings;
use crate::fit::descent::{Descent, side};
use crate::nn::{Activation, Builder, Conv, Init, Network, Rule};
use crate::settings::within;

/// A convolutional network with its parameters.
pub type Cnn = Classified<Config>;

/// Settings of a convolutional network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)] // serde cannot deny unknown fields through a flattening; the reader of settings does.
pub struct Config {
    /// Channels of each convolution, each 1 to 1024.
    pub channels: Vec<u32>,
    /// Units of each hidden layer after them, each 1 to 65536.
    pub hidden_sizes: Vec<u32>,
    /// Planes of an image, 1 to 1024: 1 for gray, 3 for colors.
    pub in_channels: u32,
    /// How it learns.
    #[serde(flatten)]
    pub descent: Descent,
}

impl Default for Config {
    fn default() -> Self {
        let optimizer = Rule::AdamW { beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.05 };
        let descent =
            Descent { num_epochs: 10, batch_size: 128, learning_rate: 2e-3, optimizer, ..Descent::default() };
        Config { channels: vec![16, 32, 64], hidden_sizes: vec![128], in_channels: 1, descent }
    }
}

impl Settings for Config {
    const ID: &'static str = "cnn";
    const ABOUT: &'static str =
        "convolutional network: it looks at all places of an image alike (LeCun et al. 1989)";
    type Model = Cnn;

    fn validate(&self) -> Result<()> {
        if self.channels.is_empty() {
            return Err(Error::Config("channels = []: there is no convolution; use mlp instead".into()));
        }
        self.channels
            .iter()
            .try_for_each(|&channels| within("channels", f64::from(channels), 1.0, 1024.0))?;
        self.hidden_sizes
            .iter()
            .try_for_each(|&units| within("hidden_sizes", f64::from(units), 1.0, 65_536.0))?;
        within("in_channels", f64::from(self.in_channels), 1.0, 1024.0)?;
        self.descent.validate()
    }
}

impl Architecture for Config {
    fn network(&self, width: usize, classes: u32) -> Result<Network> {
        let mut net = Builder::new(width);
        let mut size = [side(width, self.in_channels)?; 2];
        let mut channels = self.in_channels as usize;
        let mut at = if channels > 1 { net.channels_last(0, channels) } else { 0 };
        for (i, &out) in self.channels.iter().enumerate() {
            let stride = if i == 0 { 1 } else { 2 };
            let conv = Conv { channels, size, out_channels: out as usize, kernel: 3, stride, padding: 1 };
            at = net.conv(&format!("conv.{i}"), at, conv, None, Activation::Relu, GAIN);
            (size, channels) = (conv.out_size(), conv.out_channels);
        }
        for (i, &units) in self.hidden_sizes.iter().enumerate() {
            at = net.linear(&format!("hidden_sizes.{i}"), at, units as usize, Activation::Relu, GAIN);
        }
        let logits = net.linear("logits", at, classes as usize, Activation::Identity, Init::Xavier(1.0));
        Ok(net.build(&[logits]))
    }

    fn descent(&self) -> &Descent {
        &self.descent
    }
}
