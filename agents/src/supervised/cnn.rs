//! Convolutional network for square images (LeCun et al. 1989).
//!
//! 3x3 convolutions, the first with stride 1, all others with stride 2, each followed by a ReLU; then fully connected
//! layers. Samples are images `[channels, side, side]`.
//!
//! ```
//! use freewheel_agents::estimator::{Classifier, Estimator, TrainingConfig};
//! use freewheel_agents::supervised::cnn::Config;
//! use freewheel_core::{Streams};
//! use freewheel_agents::{Samples};
//!
//! // Images of 2x2 pixels: the upper or the lower row is white.
//! let (x, labels) = (Samples::new([1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0].repeat(16), 4)?, [0, 1].repeat(16));
//! let training = TrainingConfig { num_epochs: 50, learning_rate: 1e-2, ..TrainingConfig::default() };
//! let config = Config { channels: vec![4], hidden_sizes: vec![8], training, ..Config::default() };
//! let mut cnn = Estimator::new(config, Streams::new(0))?;
//! cnn.fit(&x, &labels)?;
//! assert_eq!(cnn.predict(&x)?, labels);
//! assert_eq!(cnn.score(&x, &labels)?, 1.0);
//! # Ok::<(), freewheel_core::Error>(())
//! ```

use freewheel_core::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::network::{GAIN, NetworkClassifier, NetworkConfig, NetworkRegressor};
use crate::estimator::training::{TrainingConfig, image_side};
use crate::estimator::{EstimatorConfig, Task};
use crate::nn::{Activation, Builder, Conv, Init, Network, OptimizerConfig};
use crate::settings::within;

/// A fitted convolutional network for classes.
pub type Cnn = NetworkClassifier<Config>;
/// A fitted convolutional network for numbers.
pub type RegressionCnn = NetworkRegressor<Config>;

/// Settings of a convolutional network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)] // serde cannot deny unknown fields through a flattening; the reader of settings does.
pub struct Config {
    /// Output channels of each convolution, each 1 to 1024.
    pub channels: Vec<u32>,
    /// Units of each fully connected hidden layer, each 1 to 65536.
    pub hidden_sizes: Vec<u32>,
    /// Channels of an image, 1 to 1024: 1 for gray, 3 for RGB.
    pub in_channels: u32,
    /// Training settings.
    #[serde(flatten, deserialize_with = "freewheel_core::settings::flattened")]
    pub training: TrainingConfig,
}

impl Default for Config {
    fn default() -> Self {
        let optimizer = OptimizerConfig::AdamW { beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.05 };
        let training = TrainingConfig {
            num_epochs: 10,
            batch_size: 128,
            learning_rate: 2e-3,
            optimizer,
            ..TrainingConfig::default()
        };
        Config { channels: vec![16, 32, 64], hidden_sizes: vec![128], in_channels: 1, training }
    }
}

impl EstimatorConfig for Config {
    const ID: &'static str = "cnn";
    const ABOUT: &'static str = "convolutional network for square images (LeCun et al. 1989)";
    const TASK: Task = Task::Classification;
    type Model = Cnn;

    fn validate(&self) -> Result<()> {
        if self.channels.is_empty() {
            return Err(Error::Config(
                "channels = []: it needs at least one convolution; mlp has none".into(),
            ));
        }
        self.channels
            .iter()
            .try_for_each(|&channels| within("channels", f64::from(channels), 1.0, 1024.0))?;
        self.hidden_sizes
            .iter()
            .try_for_each(|&units| within("hidden_sizes", f64::from(units), 1.0, 65_536.0))?;
        within("in_channels", f64::from(self.in_channels), 1.0, 1024.0)?;
        self.training.validate()
    }
}

impl NetworkConfig for Config {
    fn network(&self, width: usize, n_outputs: u32) -> Result<Network> {
        let mut net = Builder::new(width);
        let mut size = [image_side(width, self.in_channels)?; 2];
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
        let out = net.linear("out", at, n_outputs as usize, Activation::Identity, Init::Xavier(1.0));
        Ok(net.build(&[out]))
    }

    fn training(&self) -> &TrainingConfig {
        &self.training
    }
}
