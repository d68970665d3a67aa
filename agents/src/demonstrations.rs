//! Demonstrations in the settings of agents: the store that they name, the steps in it, and the settings of a warm
//! start.
//!
//! The agents of this crate read no files. A factory says with [`AgentFactory::demonstrations`] which store its
//! settings name, the caller loads the store and keeps the chosen episodes, and [`AgentFactory::build_from`] builds the
//! agent with them.
//!
//! [`AgentFactory::demonstrations`]: crate::AgentFactory::demonstrations
//! [`AgentFactory::build_from`]: crate::AgentFactory::build_from

use std::fmt;
use std::sync::Arc;

use freewheel_core::demonstrations::{Demonstration, DemonstrationSet, Keep};
use freewheel_core::{Actions, Ending, Error, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) mod auto;
mod buffer;
pub(crate) mod openings;
#[cfg(test)]
pub(crate) mod recorded;
mod warm_start;

pub use auto::Chosen;
pub(crate) use buffer::buffer;
pub use warm_start::WarmStart;

/// Demonstrations that the settings of an agent name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Demonstrated {
    /// Store of demonstrations: a folder, or a name in the section `demonstrations` of the experiment file.
    #[schemars(extend("format" = "path"))]
    pub demos: String,
    /// Episodes to learn from: "all", "top 20%" (by score), "min-return 10" or "source human".
    pub keep: Keep,
    /// The kept episodes, once they are loaded.
    #[serde(skip)]
    pub loaded: Loaded,
    /// Whether the agent replays the episodes of a store of actions only itself; else they are replayed for it.
    #[serde(skip)]
    pub replays: bool,
}

/// Episodes of a store that are loaded, or not yet.
#[derive(Clone, Default)]
pub struct Loaded(Option<Arc<DemonstrationSet>>);

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Loaded({:?} episodes)", self.0.as_ref().map(|set| set.episodes.len()))
    }
}

/// Settings are equal if their texts are equal, whether the store is loaded or not.
impl PartialEq for Loaded {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Demonstrated {
    /// Demonstrations that are loaded already.
    pub fn of(set: Arc<DemonstrationSet>) -> Self {
        Demonstrated { demos: "loaded".into(), loaded: Loaded(Some(set)), ..Demonstrated::default() }
    }

    /// Sets the loaded episodes.
    pub fn load(&mut self, set: Arc<DemonstrationSet>) {
        self.loaded = Loaded(Some(set));
    }

    /// Checks that the settings name a store.
    ///
    /// # Errors
    /// [`Error::Setting`] for an empty name.
    pub(crate) fn check(&self) -> Result<()> {
        match self.demos.is_empty() {
            true => {
                let message = "`demos` is missing: name a store, such as \"demos/grid/cliff/mixed-v0\"";
                Err(Error::setting("demos", message))
            }
            false => Ok(()),
        }
    }

    /// Loaded episodes for the world of `spec`; `None` if they are not loaded.
    ///
    /// # Errors
    /// [`Error::Config`] for demonstrations of other observations or actions, or without steps.
    pub(crate) fn episodes(&self, spec: &Spec) -> Result<Option<Arc<DemonstrationSet>>> {
        let Some(set) = &self.loaded.0 else { return Ok(None) };
        set.header.check(spec).map_err(|why| Error::Config(format!("{}: {why}", self.demos)))?;
        if set.steps() == 0 {
            let why = format!("{}: no steps are left with keep = \"{}\"", self.demos, self.keep);
            return Err(Error::Config(why));
        }
        Ok(Some(Arc::clone(set)))
    }
}

/// Error of an agent that is to learn before its demonstrations are loaded.
pub(crate) fn not_loaded(demos: &str) -> Error {
    Error::Config(format!("the demonstrations `{demos}` are not loaded; use `AgentFactory::build_from`"))
}

/// Step of a demonstration.
#[derive(Clone, Copy, Debug)]
pub struct DemonstratedStep<'a> {
    /// Observation before the step, `[D]`.
    pub obs: &'a [f32],
    /// Mask of legal actions before the step, `[A]`; empty in a world without masks.
    pub legal: &'a [bool],
    /// Action.
    pub action: Actions<'a>,
    /// Reward of the player who moved.
    pub reward: f32,
    /// State of the episode after the step.
    pub ending: Ending,
    /// Whether the opponent moves after the step.
    pub player_changed: bool,
    /// Observation after the step, `[D]`, and its mask, `[A]` or empty.
    pub successor: (&'a [f32], &'a [bool]),
}

/// All steps of `set`, episode after episode.
pub fn steps(set: &DemonstrationSet) -> impl Iterator<Item = DemonstratedStep<'_>> {
    set.episodes.iter().flat_map(|episode| (0..episode.len()).filter_map(|t| step(episode, t)))
}

fn step(episode: &Demonstration, t: usize) -> Option<DemonstratedStep<'_>> {
    Some(DemonstratedStep {
        obs: episode.observation(t),
        legal: episode.mask(t),
        action: episode.actions.get(t)?,
        reward: *episode.rewards.get(t)?,
        ending: if t + 1 == episode.len() { episode.ending } else { Ending::Running },
        player_changed: episode.to_play.get(t) != episode.to_play.get(t + 1),
        successor: (episode.observation(t + 1), episode.mask(t + 1)),
    })
}

/// Discounted returns from each step to the end of the episode, `[T]`, each for the player who moves; a truncated
/// episode has no rewards after its end.
pub fn returns(episode: &Demonstration, gamma: f64) -> Vec<f64> {
    let mut all = vec![0.0; episode.len()];
    let mut next = 0.0;
    for t in (0..episode.len()).rev() {
        let changed = episode.to_play.get(t) != episode.to_play.get(t + 1);
        let sign = if changed { -1.0 } else { 1.0 };
        next = f64::from(episode.rewards[t]) + gamma * sign * next;
        all[t] = next;
    }
    all
}

/// Mask of `legal [A]`, or all actions of a world without masks.
pub(crate) fn full_mask(legal: &[bool], num_actions: usize) -> Vec<bool> {
    if legal.is_empty() { vec![true; num_actions] } else { legal.to_vec() }
}

/// Whether the value of the state after a step counts with the opposite sign.
pub(crate) fn sign(player_changed: bool) -> f64 {
    if player_changed { -1.0 } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use freewheel_core::Player::{First, Second};
    use freewheel_core::demonstrations::Label;
    use freewheel_core::record::RecordedActions;

    use super::*;

    #[test]
    fn returns_by_hand() {
        let mut episode = Demonstration {
            label: Label::default(),
            origin: None,
            opening: RecordedActions::Discrete(Vec::new()),
            observations: vec![0.0; 4],
            legal: Vec::new(),
            to_play: Vec::new(),
            actions: RecordedActions::Discrete(vec![0, 1, 0]),
            rewards: vec![1.0, 0.0, 4.0],
            ending: Ending::Terminal,
            episode_return: 5.0,
            score: 5.0,
        };
        // 4; 0 + 2; 1 + 1.
        assert_eq!(returns(&episode, 0.5), [2.0, 2.0, 4.0]);
        // The players move in turn: the return of the other player has the opposite sign.
        episode.to_play = vec![First, Second, First, Second];
        assert_eq!(returns(&episode, 0.5), [2.0, -2.0, 4.0]);
    }
}
