//! What every tabular agent is told.

use freewheel_core::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::exploration::Exploration;
use crate::schedule::Schedule;
use crate::settings::within;

/// The settings that all tabular agents share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tabular {
    /// Learning rate, above 0 and at most 1: a number, a ramp { from, to, over, shape }, or "harmonic" (1/visits).
    pub learning_rate: Schedule,
    /// Discount of the next value, 0 to 1; left out, it is the world's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gamma: Option<f64>,
    /// First value of every state and action, in units of return; high ones make an agent try everything.
    pub initial_value: f64,
    /// How actions are chosen while learning: epsilon-greedy, softmax, ucb or greedy.
    pub exploration: Exploration,
    /// Probability of a random action under epsilon-greedy, 0 to 1: a number or a ramp.
    pub epsilon: Schedule,
    /// Temperature of softmax in units of return, above 0: a number or a ramp.
    pub temperature: Schedule,
    /// Weight of the confidence bound under ucb in units of return, at least 0.
    pub ucb_c: f64,
    /// Cells in each dimension of a continuous observation, 1 to 256: one number, or one for each dimension.
    pub bins: Bins,
    /// Where an unbounded dimension x has half of its cells: x / (squash + |x|) is cut evenly; above 0, in units of x.
    pub squash: f64,
    /// States that a growing table may hold, 1 to 4294967295; more stop the run.
    pub max_states: u32,
}

impl Default for Tabular {
    fn default() -> Self {
        Tabular {
            learning_rate: Schedule::Constant(0.1),
            gamma: None,
            initial_value: 0.0,
            exploration: Exploration::EpsilonGreedy,
            epsilon: Schedule::Constant(0.1),
            temperature: Schedule::Constant(1.0),
            ucb_c: 1.0,
            bins: Bins::Same(10),
            squash: 1.0,
            max_states: 10_000_000,
        }
    }
}

/// How many cells a continuous observation is cut into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a whole number, or a list of one for each dimension")]
pub enum Bins {
    /// As many in each dimension.
    Same(u32),
    /// So many in each.
    Each(Vec<u32>),
}

impl Tabular {
    /// Checks every range.
    ///
    /// # Errors
    /// [`Error::Config`](freewheel_core::Error::Config) naming the field, its value and what is allowed.
    pub fn validate(&self) -> Result<()> {
        self.learning_rate.check("learning_rate", 0.0, 1.0, false)?;
        within("gamma", self.gamma.unwrap_or(1.0), 0.0, 1.0)?;
        within("initial_value", self.initial_value, f64::MIN, f64::MAX)?;
        self.epsilon.check_ramp("epsilon", 0.0, 1.0, true)?;
        self.temperature.check_ramp("temperature", 0.0, f64::MAX, false)?;
        within("ucb_c", self.ucb_c, 0.0, f64::MAX)?;
        within("squash", self.squash, f64::MIN_POSITIVE, f64::MAX)?;
        within("max_states", f64::from(self.max_states), 1.0, f64::from(u32::MAX))?;
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
        assert_eq!(refuse(|s| s.squash = 0.0), format!("squash = 0 {out} above 0 and finite"));
        assert_eq!(refuse(|s| s.initial_value = f64::NAN), format!("initial_value = NaN {out} finite"));
        assert_eq!(
            refuse(|s| s.bins = Bins::Each(vec![3, 300])),
            format!("bins = 300 {out} at least 1 and at most 256")
        );
        assert!(refuse(|s| s.epsilon = Schedule::Harmonic { power: 1.0 }).contains("no visits to count"));
    }
}
