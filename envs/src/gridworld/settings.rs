//! Settings of the family `grid`.

use freewheel_core::{Error, Result, settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::legend::{Legend, SlipTo};

/// Settings of a grid-world. Settings that are left out keep the value of the map's legend.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Whether moves slip sideways with a total probability of 2/3, as on Gymnasium's frozen lake (true), or never
    /// (false).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slippery: Option<bool>,
    /// Probability 0..=1 that a move goes in another direction than intended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slip: Option<f64>,
    /// Reward of a step for which the map defines no other reward.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_reward: Option<f64>,
    /// Reward of a step that is stopped by an edge, a wall or a closed door.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bump_reward: Option<f64>,
    /// Discount of the task, 0..=1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gamma: Option<f64>,
    /// Steps after which an episode is truncated; 0 means no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_limit: Option<u32>,
    /// Whether actions that cannot change the state are illegal (taxi: Gymnasium's action mask).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mask: Option<bool>,
    /// Blocking maze and shortcut maze: whether to use the maze after its change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<bool>,
    /// Deep sea: seed that selects, for each cell, which action goes right; without a seed, action 1 goes right in all
    /// cells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_seed: Option<u64>,
    /// Random maps: share of cells that are walls or holes, at least 0 and below 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub density: Option<f64>,
    /// MovingAI scenarios: number of the problem, from 1, in the order of the .scen file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<usize>,
}

/// Total probability of a slip in Gymnasium's FrozenLake.
pub(super) const GYMNASIUM_SLIP: f64 = 2.0 / 3.0;

/// Names of the settings that every map world has.
pub(super) const MAP_SETTINGS: &[&str] =
    &["slippery", "slip", "step_reward", "bump_reward", "gamma", "time_limit", "mask"];

impl Settings {
    /// Settings of the world `world_id` from the TOML table `table`; only settings with a name in `valid` are accepted.
    pub(super) fn read(table: &toml::Table, world_id: &str, valid: &[&[&str]]) -> Result<Self> {
        let read: Settings = settings::read(table, world_id)?;
        let valid = valid.concat();
        for key in table.keys() {
            if !valid.contains(&key.as_str()) {
                let valid = valid.join(", ");
                let message = format!("{world_id} has no setting `{key}`; it has {valid}");
                return Err(Error::setting(key, message));
            }
        }
        read.check(world_id)?;
        Ok(read)
    }

    fn check(&self, world_id: &str) -> Result<()> {
        let outside = |value: Option<f64>| value.is_some_and(|v| !(0.0..=1.0).contains(&v));
        let infinite = |value: Option<f64>| value.is_some_and(|v| !v.is_finite());
        let both = self.slippery.is_some() && self.slip.is_some();
        let faults = [
            ("slip", outside(self.slip), "must be a number from 0 to 1"),
            ("gamma", outside(self.gamma), "must be a number from 0 to 1"),
            ("step_reward", infinite(self.step_reward), "must be a finite number"),
            ("bump_reward", infinite(self.bump_reward), "must be a finite number"),
            (
                "density",
                self.density.is_some_and(|d| !(0.0..1.0).contains(&d)),
                "must be at least 0 and below 1",
            ),
            ("slip", both, "and `slippery` set the same thing; leave one of them out"),
        ];
        match faults.into_iter().find(|(_, wrong, _)| *wrong) {
            Some((key, _, fault)) => Err(Error::setting(key, format!("{world_id}: `{key}` {fault}"))),
            None => Ok(()),
        }
    }

    /// Applies these settings to the legend of a map.
    pub(super) fn apply(&self, legend: &mut Legend) {
        let slippery = self.slippery.map(|slippery| if slippery { GYMNASIUM_SLIP } else { 0.0 });
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
