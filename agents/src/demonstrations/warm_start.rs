//! [`WarmStart`]: settings of a reward learner that starts from demonstrations.

use freewheel_core::settings::unknown;
use freewheel_core::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::auto::AUTO;
use super::{Demonstrated, openings};
use crate::settings::within;

/// Warm start of a reward learner from demonstrations.
///
/// | method | agents | source |
/// |---|---|---|
/// | `demonstrated-returns` | tabular | first values are the mean returns of the demonstrated pairs |
/// | `dqfd` | DQN | Hester et al. 2018, arXiv 1704.03732 |
/// | `symmetric-sampling` | DQN, SAC, TD3 | Ball et al. 2023, arXiv 2302.02948 |
/// | `cloning` | SAC, TD3 | the policy is cloned, and its loss has a cloning term |
/// | `kickstarting` | policy gradients | Schmitt et al. 2018, arXiv 1803.03835 |
/// | `cloning` | policy gradients | the policy is cloned, then learns by reward alone |
/// | `jump-start` | all | Uchendu et al. 2022, arXiv 2204.02372 |
/// | `demonstrated-states` | all | Salimans & Chen 2018, arXiv 1812.03381 |
/// | `auto` | all | one of the agent's methods, by the scores of a clone and of the demonstrations |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WarmStart {
    /// Store and choice of episodes.
    #[serde(flatten, deserialize_with = "freewheel_core::settings::flattened")]
    pub demonstrated: Demonstrated,
    /// Method; default: the first one of the agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Gradient steps on the demonstrations before the first environment step, 0 to 1000000.
    pub pretraining: u32,
    /// Demonstrated steps as a share of the steps in the updates, 0 to 0.95; default: that of the method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// Margin by which DQfD prefers the demonstrated action, at least 0, in units of the median size of a reward.
    pub margin: f64,
    /// Weight of the imitation term at the first environment step, at least 0.
    pub weight: f64,
    /// Share of the environment steps in which this weight, or the length of the openings, falls linearly to 0, 0 to 1.
    pub over: f64,
    /// Share of the environment steps in which only the value function of a policy gradient learns, 0 to 1.
    pub frozen: f64,
    /// Maximum probability of a random action, 0 to 1, also at the first steps.
    pub epsilon: f64,
}

impl Default for WarmStart {
    fn default() -> Self {
        WarmStart {
            demonstrated: Demonstrated::default(),
            method: None,
            pretraining: 1000,
            share: None,
            margin: 0.8,
            weight: 1.0,
            over: 0.5,
            frozen: 0.05,
            epsilon: 0.1,
        }
    }
}

impl WarmStart {
    /// Checks the ranges, and that the method is one of `methods`; returns the method.
    ///
    /// # Errors
    /// [`Error::Setting`] about `warm_start` with the fault and, for a method, the right ones.
    pub(crate) fn check<'a>(&self, methods: &[&'a str]) -> Result<&'a str> {
        self.ranges().map_err(|e| Error::setting("warm_start", format!("warm_start: {e}")))?;
        let method = match &self.method {
            None => methods.first().copied(),
            Some(wanted) => methods.iter().copied().find(|method| method == wanted),
        };
        method.ok_or_else(|| {
            let wanted = self.method.as_deref().unwrap_or_default();
            let general = openings::METHODS.into_iter().chain([AUTO]);
            let all: Vec<&str> = methods.iter().copied().chain(general.clone()).collect();
            let message = match general.clone().any(|name| name == wanted) {
                // An agent that is built without its factory.
                true => format!("`{wanted}` is a method of `AgentFactory::build_from`"),
                false => {
                    let about = unknown("method", wanted, &all, "");
                    format!("{about}; the methods of this agent: {}", all.join(", "))
                }
            };
            Error::setting("warm_start", format!("warm_start: {message}"))
        })
    }

    fn ranges(&self) -> Result<()> {
        self.demonstrated.check()?;
        within("pretraining", f64::from(self.pretraining), 0.0, 1e6)?;
        within("share", self.share.unwrap_or(0.0), 0.0, 0.95)?;
        within("margin", self.margin, 0.0, f64::MAX)?;
        within("weight", self.weight, 0.0, f64::MAX)?;
        within("over", self.over, 0.0, 1.0)?;
        within("frozen", self.frozen, 0.0, 1.0)?;
        within("epsilon", self.epsilon, 0.0, 1.0)
    }

    /// Whether the method chooses the first steps of episodes, for any agent.
    pub(crate) fn opens_episodes(&self) -> bool {
        self.method.as_deref().is_some_and(|method| openings::METHODS.contains(&method))
    }

    /// Whether the method is still to be chosen.
    pub(crate) fn is_auto(&self) -> bool {
        self.method.as_deref() == Some(AUTO)
    }

    /// Weight of the imitation term after `step` of `budget` environment steps: falls linearly from `weight` to 0.
    pub(crate) fn weight_at(&self, step: u64, budget: u64) -> f64 {
        let length = self.over * budget as f64;
        if (step as f64) < length { self.weight * (1.0 - step as f64 / length) } else { 0.0 }
    }

    /// Whether only the value function learns after `step` of `budget` environment steps.
    pub(crate) fn is_frozen(&self, step: u64, budget: u64) -> bool {
        (step as f64) <= self.frozen * budget as f64 && self.frozen > 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<WarmStart> {
        freewheel_core::settings::read(&text.parse().unwrap(), "")
    }

    #[test]
    fn weights_fall_linearly_to_zero() {
        let warm = WarmStart { weight: 2.0, over: 0.5, ..WarmStart::default() };
        assert_eq!([0, 25, 50, 99].map(|step| warm.weight_at(step, 100)), [2.0, 1.0, 0.0, 0.0]);
        let at_once = WarmStart { over: 0.0, ..WarmStart::default() };
        assert_eq!(at_once.weight_at(0, 100), 0.0);
    }

    #[test]
    fn a_wrong_method_is_refused_with_the_right_ones() {
        let warm = read("demos = \"a\"\nmethod = \"dqfd\"").unwrap();
        assert_eq!(warm.check(&["dqfd", "symmetric-sampling"]).unwrap(), "dqfd");
        let error = warm.check(&["kickstarting"]).unwrap_err().to_string();
        assert!(error.contains("unknown method `dqfd`") && error.contains("kickstarting"), "{error}");
        assert_eq!(read("demos = \"a\"").unwrap().check(&["dqfd"]).unwrap(), "dqfd");
    }

    #[test]
    fn settings_are_read_and_refused() {
        let warm = read("demos = \"a\"\nkeep = \"top 20%\"").unwrap();
        assert_eq!(warm.demonstrated.keep.to_string(), "top 20%");
        let written = toml::to_string(&warm).unwrap();
        assert_eq!(read(&written).unwrap(), warm);
        assert!(read("kept = \"all\"").unwrap_err().to_string().contains("kept"));
        let missing = read("keep = \"all\"").unwrap().check(&["dqfd"]).unwrap_err().to_string();
        assert!(missing.contains("`demos` is missing"), "{missing}");
        let range = read("demos = \"a\"\nover = 2.0").unwrap().check(&["dqfd"]).unwrap_err().to_string();
        assert!(range.contains("over = 2"), "{range}");
    }
}
