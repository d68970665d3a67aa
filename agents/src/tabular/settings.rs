//! Settings shared by the tabular agents.

use freewheel_core::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::exploration::Exploration;
use super::warm::METHODS;
use crate::demonstrations::WarmStart;
use crate::schedule::{RampShape, Schedule};
use crate::settings::within;

/// Settings shared by all tabular agents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tabular {
    /// Learning rate, above 0 and at most 1: a number, a ramp { from, to, over, shape }, or "harmonic" (1/visits).
    pub learning_rate: Schedule,
    /// Discount of the next value, 0 to 1; default: the world's discount, or 0.99 if that is 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gamma: Option<f64>,
    /// Initial action value, in units of return; a high value makes the agent try all actions (optimism).
    pub initial_value: f64,
    /// Behavior policy while learning: epsilon-greedy, softmax, ucb or greedy.
    pub exploration: Exploration,
    /// Probability of a random action under epsilon-greedy, 0 to 1: a number or a ramp.
    pub epsilon: Schedule,
    /// Temperature of softmax, in units of return, above 0: a number or a ramp.
    pub temperature: Schedule,
    /// Weight of the confidence bound of ucb, in units of return, at least 0.
    pub ucb_c: f64,
    /// Bins per dimension of a continuous observation, 1 to 256: one number, or a list with one per dimension.
    pub bins: Bins,
    /// Scale of unbounded dimensions x, above 0, in units of x: x / (bin_scale + |x|) gets bins of equal width.
    pub bin_scale: f64,
    /// Maximum number of states of a growing table, 1 to 4294967295; a run with more states stops with an error.
    pub max_states: u32,
    /// Start from demonstrations: { demos, keep, method = "demonstrated-returns", share, epsilon }.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warm_start: Option<WarmStart>,
}

impl Default for Tabular {
    fn default() -> Self {
        Tabular {
            learning_rate: Schedule::Ramp { from: 0.5, to: 0.01, over: 1.0, shape: RampShape::Exponential },
            gamma: None,
            initial_value: 0.0,
            exploration: Exploration::EpsilonGreedy,
            epsilon: Schedule::Ramp { from: 1.0, to: 0.05, over: 0.5, shape: RampShape::Linear },
            temperature: Schedule::Constant(1.0),
            ucb_c: 1.0,
            bins: Bins::Same(10),
            bin_scale: 1.0,
            max_states: 10_000_000,
            warm_start: None,
        }
    }
}

/// Choice of the number of bins of a continuous observation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a whole number, or a list of one for each dimension")]
pub enum Bins {
    /// Same number of bins in each dimension.
    Same(u32),
    /// Number of bins in each dimension, `[D]`.
    Each(Vec<u32>),
}

impl Tabular {
    /// Checks the range of every setting.
    ///
    /// # Errors
    /// [`Error::Setting`](freewheel_core::Error::Setting) with the name, value and range of the setting.
    pub fn validate(&self) -> Result<()> {
        self.learning_rate.check("learning_rate", 0.0, 1.0, false)?;
        within("gamma", self.gamma.unwrap_or(1.0), 0.0, 1.0)?;
        within("initial_value", self.initial_value, f64::MIN, f64::MAX)?;
        self.epsilon.check_ramp("epsilon", 0.0, 1.0, true)?;
        self.temperature.check_ramp("temperature", 0.0, f64::MAX, false)?;
        within("ucb_c", self.ucb_c, 0.0, f64::MAX)?;
        within("bin_scale", self.bin_scale, f64::MIN_POSITIVE, f64::MAX)?;
        within("max_states", f64::from(self.max_states), 1.0, f64::from(u32::MAX))?;
        self.warm_start.as_ref().map_or(Ok(()), |warm| warm.check(&METHODS).map(drop))?;
        let bins = match &self.bins {
            Bins::Same(bins) => std::slice::from_ref(bins),
            Bins::Each(bins) => bins,
        };
        bins.iter().try_for_each(|&bins| within("bins", f64::from(bins), 1.0, 256.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_valid() {
        Tabular::default().validate().unwrap();
    }

    #[test]
    fn refusals_name_field_value_and_range() {
        let refuse = |change: fn(&mut Tabular)| {
            let mut settings = Tabular::default();
            change(&mut settings);
            settings.validate().unwrap_err().to_string()
        };
        let out = "is out of range: it must be";
        assert_eq!(refuse(|s| s.gamma = Some(1.1)), format!("gamma = 1.1 {out} at least 0 and at most 1"));
        assert_eq!(refuse(|s| s.ucb_c = -1.0), format!("ucb_c = -1 {out} at least 0 and finite"));
        assert_eq!(refuse(|s| s.bin_scale = 0.0), format!("bin_scale = 0 {out} above 0 and finite"));
        assert_eq!(refuse(|s| s.initial_value = f64::NAN), format!("initial_value = NaN {out} finite"));
        assert_eq!(
            refuse(|s| s.bins = Bins::Each(vec![3, 300])),
            format!("bins = 300 {out} at least 1 and at most 256")
        );
        assert!(
            refuse(|s| s.epsilon = Schedule::Harmonic { power: 1.0 })
                .contains("only the learning rate of tabular agents")
        );
    }
}
