//! Episodes made of actions alone: they are replayed in a world, which gives the observations and rewards.

use std::collections::BTreeMap;

use freewheel_core::EpisodeRunner;
use freewheel_core::demonstrations::{Demonstration, Label};
use freewheel_core::record::RecordedActions;

/// Actions of one episode.
pub(in super::super) struct ActionList {
    /// Origin of the actions.
    pub(in super::super) label: Label,
    /// Actions before the first recorded step.
    pub(in super::super) opening: RecordedActions,
    /// Actions of the recorded steps.
    pub(in super::super) actions: RecordedActions,
    /// Rewards to compare with, `[T]` or empty.
    pub(in super::super) rewards: Vec<f64>,
    /// Number of the world's episode.
    pub(in super::super) episode: u64,
}

/// Plays `list` in its episode of `runner`.
///
/// # Errors
/// Why the world cannot play it, as text.
pub(in super::super) fn replayed(
    list: ActionList,
    runner: &mut dyn EpisodeRunner,
) -> Result<Demonstration, String> {
    runner.reset(list.episode);
    let mut asked = Demonstration::start(runner, list.label);
    (asked.opening, asked.actions) = (list.opening, list.actions);
    let episode = asked.replay(runner, list.episode)?.finish();
    for (step, (told, is)) in list.rewards.iter().zip(&episode.rewards).enumerate() {
        let is = f64::from(*is);
        if (told - is).abs() > 1e-5 * (1.0 + told.abs()) {
            return Err(format!("the reward of step {step} is {told} in the file and {is} in the world"));
        }
    }
    Ok(episode)
}

/// Numbers of skipped games or episodes, by reason.
#[derive(Default)]
pub(super) struct Skipped(BTreeMap<String, (usize, String)>);

impl Skipped {
    /// Counts `name`, skipped for `reason`.
    pub(super) fn add(&mut self, reason: String, name: String) {
        self.0.entry(reason).or_insert((0, name)).0 += 1;
    }

    /// Number of all that was skipped.
    pub(super) fn count(&self) -> usize {
        self.0.values().map(|(count, _)| count).sum()
    }

    /// Lines with the number, the reason and the first name of each reason.
    pub(super) fn to_text(&self) -> String {
        let line = |(reason, (count, first)): (&String, &(usize, String))| {
            format!("skipped {count}: {reason} (first: {first})\n")
        };
        self.0.iter().map(line).collect()
    }

    /// The same as JSON.
    pub(super) fn to_json(&self) -> serde_json::Value {
        let entry = |(reason, (count, first)): (&String, &(usize, String))| serde_json::json!({ "reason": reason, "count": count, "first": first });
        self.0.iter().map(entry).collect()
    }
}
