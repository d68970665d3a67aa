//! Multilayer perceptron: fully connected layers (like scikit-learn's `MLPClassifier` and `MLPRegressor`; Rumelhart,
//! Hinton & Williams 1986). Instead of scikit-learn's L2 penalty `alpha`, use `weight_decay` of the optimizer `adam-w`.
//!
//! ```
//! use freewheel_agents::estimator::{Classifier, Estimator, TrainingConfig};
//! use freewheel_agents::supervised::mlp::Config;
//! use freewheel_core::{Streams};
//! use freewheel_agents::{Samples};
//!
//! // Exclusive or.
//! let (x, labels) = (Samples::new([0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0].repeat(8), 2)?, [0, 1, 1, 0].repeat(8));
//! let training = TrainingConfig { num_epochs: 300, learning_rate: 1e-2, ..TrainingConfig::default() };
//! let mut mlp = Estimator::new(Config { hidden_sizes: vec![16], training, ..Config::default() }, Streams::new(0))?;
//! mlp.fit(&x, &labels)?;
//! assert_eq!(mlp.predict(&x)?, labels);
//! assert_eq!(mlp.score(&x, &labels)?, 1.0);
//! # Ok::<(), freewheel_core::Error>(())
//! ```

use freewheel_core::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::network::{GAIN, NetworkClassifier, NetworkConfig, NetworkRegressor};
use crate::estimator::training::TrainingConfig;
use crate::estimator::{EstimatorConfig, Task};
use crate::nn::{Activation, Builder, Init, Network};
use crate::settings::within;

/// A fitted multilayer perceptron for classes.
pub type Mlp = NetworkClassifier<Config>;
/// A fitted multilayer perceptron for numbers.
pub type RegressionMlp = NetworkRegressor<Config>;

/// Settings of a multilayer perceptron.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)] // serde cannot deny unknown fields through a flattening; the reader of settings does.
pub struct Config {
    /// Units of each hidden layer, each 1 to 65536.
    pub hidden_sizes: Vec<u32>,
    /// Activation of the hidden layers: relu, tanh, sigmoid or identity.
    pub activation: Activation,
    /// Training settings.
    #[serde(flatten, deserialize_with = "freewheel_core::settings::flattened")]
    pub training: TrainingConfig,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            hidden_sizes: vec![256, 128],
            activation: Activation::Relu,
            training: TrainingConfig::default(),
        }
    }
}

impl EstimatorConfig for Config {
    const ID: &'static str = "mlp";
    const ABOUT: &'static str = "multilayer perceptron: fully connected layers (Rumelhart et al. 1986)";
    const TASK: Task = Task::Classification;
    type Model = Mlp;

    fn validate(&self) -> Result<()> {
        self.hidden_sizes
            .iter()
            .try_for_each(|&units| within("hidden_sizes", f64::from(units), 1.0, 65_536.0))?;
        self.training.validate()
    }
}

impl NetworkConfig for Config {
    fn network(&self, width: usize, n_outputs: u32) -> Result<Network> {
        let init = if self.activation == Activation::Relu { GAIN } else { Init::Xavier(1.0) };
        let mut net = Builder::new(width);
        let mut at = 0;
        for (i, &units) in self.hidden_sizes.iter().enumerate() {
            at = net.linear(&format!("hidden_sizes.{i}"), at, units as usize, self.activation, init);
        }
        let out = net.linear("out", at, n_outputs as usize, Activation::Identity, Init::Xavier(1.0));
        Ok(net.build(&[out]))
    }

    fn training(&self) -> &TrainingConfig {
        &self.training
    }
}
