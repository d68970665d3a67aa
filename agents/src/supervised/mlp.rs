//! A multilayer perceptron: a network of full layers (Rumelhart, Hinton & Williams 1986).

use freewheel_core::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::network::{Architecture, Classified, GAIN};
use crate::fit::Settings;
use crate::fit::descent::Descent;
use crate::nn::{Activation, Builder, Init, Network};
use crate::settings::within;

/// A perceptron with its parameters.
pub type Mlp = Classified<Config>;

/// Settings of a multilayer perceptron.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)] // serde cannot deny unknown fields through a flattening; the reader of settings does.
pub struct Config {
    /// Units of each hidden layer, each 1 to 65536.
    pub hidden_sizes: Vec<u32>,
    /// Activation of hidden layers: relu, tanh, sigmoid or identity.
    pub activation: Activation,
    /// How it learns.
    #[serde(flatten)]
    pub descent: Descent,
}

impl Default for Config {
    fn default() -> Self {
        Config { hidden_sizes: vec![256, 128], activation: Activation::Relu, descent: Descent::default() }
    }
}

impl Settings for Config {
    const ID: &'static str = "mlp";
    const ABOUT: &'static str = "multilayer perceptron: a network of full layers (Rumelhart et al. 1986)";
    type Model = Mlp;

    fn validate(&self) -> Result<()> {
        self.hidden_sizes
            .iter()
            .try_for_each(|&units| within("hidden_sizes", f64::from(units), 1.0, 65_536.0))?;
        self.descent.validate()
    }
}

impl Architecture for Config {
    fn network(&self, width: usize, classes: u32) -> Result<Network> {
        let init = if self.activation == Activation::Relu { GAIN } else { Init::Xavier(1.0) };
        let mut net = Builder::new(width);
        let mut at = 0;
        for (i, &units) in self.hidden_sizes.iter().enumerate() {
            at = net.linear(&format!("hidden_sizes.{i}"), at, units as usize, self.activation, init);
        }
        let logits = net.linear("logits", at, classes as usize, Activation::Identity, Init::Xavier(1.0));
        Ok(net.build(&[logits]))
    }

    fn descent(&self) -> &Descent {
        &self.descent
    }
}
