//! The settings of the family `grid`.

use freewheel_core::{Error, Result, settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::legend::{Legend, SlipTo};

/// What an experiment may change about a grid-world. What is left out stays as the map has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Whether moves slip sideways with probability 2/3 in all, as on Gymnasium's ice (true), or never (false).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slippery: Option<bool>,
    /// Probability 0..=1 that a move goes another way than intended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slip: Option<f64>,
    /// Reward of a step that has no other reward.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_reward: Option<f64>,
    /// Reward of a step that an edge, a wall or a closed door stops.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bump_reward: Option<f64>,
    /// Discount of the task, 0..=1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gamma: Option<f64>,
    /// Steps after which an episode is truncated; 0 is never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_limit: Option<u32>,
    /// Whether actions that surely change nothing are illegal (taxi: Gymnasium's action mask).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mask: Option<bool>,
    /// Blocking and shortcut maze: whether the maze has changed already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<bool>,
    /// Deep sea: the seed of which action is right in which cell; without one, action 1 is right everywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_seed: Option<u64>,
    /// Random maps: the share of walls or holes, 0..1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub density: Option<f64>,
    /// MovingAI scenarios: the number of the problem, from 1, in the order of the .scen file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<usize>,
}

/// Total probability of slipping on Gymnasium's ice.
pub(super) const ICE: f64 = 2.0 / 3.0;

/// Settings that every map takes.
pub(super) const OF_MAPS: &[&str] =
    &["slippery", "slip", "step_reward", "bump_reward", "gamma", "time_limit", "mask"];

impl Settings {
    /// Reads `table` for the world `of`, which takes the settings `known`.
    pub(super) fn read(table: &toml::Table, of: &str, known: &[&[&str]]) -> Result<Self> {
        let read: Settings = settings::read(table, of)?;
        let known = known.concat();
        for key in table.keys() {
            if !known.contains(&key.as_str()) {
                let known = known.join(", ");
                return Err(Error::Config(format!(
                    "{of} does not take the setting `{key}`; it takes {known}"
                )));
            }
        }
        read.check(of)?;
        Ok(read)
    }

    fn check(&self, of: &str) -> Result<()> {
        let outside = |value: Option<f64>| value.is_some_and(|v| !(0.0..=1.0).contains(&v));
        let infinite = |value: Option<f64>| value.is_some_and(|v| !v.is_finite());
        let wrong = if outside(self.slip) {
            "slip is a probability: a number from 0 to 1"
        } else if outside(self.gamma) {
            "gamma is a discount: a number from 0 to 1"
        } else if infinite(self.step_reward) || infinite(self.bump_reward) {
            "a reward is a finite number"
        } else if self.density.is_some_and(|d| !(0.0..1.0).contains(&d)) {
            "density is a share: a number from 0 to below 1"
        } else if self.slippery.is_some() && self.slip.is_some() {
            "slippery and slip say the same thing; leave one of them out"
        } else {
            return Ok(());
        };
        Err(Error::Config(format!("{of}: {wrong}")))
    }

    /// Changes a map's legend to what these settings say.
    pub(super) fn apply(&self, legend: &mut Legend) {
        let slippery = self.slippery.map(|slippery| if slippery { ICE } else { 0.0 });
        legend.slip = self.slip.or(slippery).unwrap_or(legend.slip);
        if self.slippery == Some(true) {
            legend.slip_to = SlipTo::Sideways;
        }
        legend.step = self.step_reward.unwrap_or(legend.step);
        legend.bump = self.bump_reward.or(legend.bump);
        legend.gamma = self.gamma.unwrap_or(legend.gamma);
        legend.time_limit = self.time_limit.unwrap_or(legend.time_limit);
        legend.mask = self.mask.unwrap_or(legend.mask);
    }
}
