//! Demonstrated steps in a replay buffer.

use freewheel_core::demonstrations::DemonstrationSet;
use freewheel_core::{Actions, Result, Spec};

use super::{full_mask, steps};
use crate::replay::{Replay, Storage, Transition};

/// Replay buffer with all steps of `set`, which has discrete actions; steps are sampled by priority if `prioritized`.
///
/// # Errors
/// As [`Replay::new`].
pub(crate) fn buffer(
    spec: &Spec,
    set: &DemonstrationSet,
    storage: Storage,
    prioritized: bool,
) -> Result<Replay<u32>> {
    // A truncated episode takes a slot more; the slot that is written next stays free.
    let slots = set.steps() + set.episodes.len() + 1;
    let mut replay = Replay::new(spec, 1, slots, 1, storage, prioritized)?;
    let a = spec.actions.count();
    for step in steps(set) {
        let Actions::Discrete(action) = step.action else { continue };
        let (legal, successor) = (full_mask(step.legal, a), full_mask(step.successor.1, a));
        replay.push(
            0,
            &Transition {
                obs: step.obs,
                legal: &legal,
                action,
                reward: step.reward,
                ending: step.ending,
                player_changed: step.player_changed,
                successor: (step.successor.0, &successor),
            },
        );
    }
    Ok(replay)
}
