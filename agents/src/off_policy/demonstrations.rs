//! Warm start of SAC and TD3 from demonstrations, which stay in a replay buffer of their own.
//!
//! | method | batch | policy |
//! |---|---|---|
//! | `symmetric-sampling` | half of it are demonstrated steps; layer-normalized critics | that of the agent |
//! | `cloning` | a quarter are demonstrated steps | cloned, then the agent's loss plus a cloning term |
//!
//! ```text
//! cloning term = w |Q| mean over the demonstrated steps of  sum (tanh(mean(s)) - a_E)^2 / 2
//! ```
//!
//! Here a_E is the demonstrated action, |Q| the size of the mean action value and w a weight that falls linearly to 0:
//! with a constant one the policy stays that of its teacher. In the first steps only the critics learn. Ball et al.
//! 2023 (arXiv 2302.02948); Fujimoto & Gu 2021 (TD3+BC, arXiv 2106.06860) for the term.

use freewheel_core::demonstrations::DemonstrationSet;
use freewheel_core::{Actions, Result, Spec, Stream};

use super::experience::{Batch, Experience};
use super::settings::ActionRanges;
use super::trained::TrainedNetwork;
use crate::demonstrations::auto::Methods;
use crate::demonstrations::{WarmStart, steps};
use crate::nn::activation::tanh;
use crate::replay::{Replay, Sample, SampleRequest, Storage, Transition};

/// Methods of SAC and TD3.
pub(super) const METHODS: [&str; 2] = ["symmetric-sampling", "cloning"];
/// Methods between which `auto` chooses.
pub(super) const AUTO: Methods = Methods { protecting: METHODS[1], other: METHODS[0] };
/// Learning rate of the cloning.
const LEARNING_RATE: f64 = 1e-3;

/// Demonstrated steps in a replay buffer.
pub(super) struct Demonstrations {
    replay: Replay<f32>,
    /// Share of demonstrated steps in a batch.
    share: f64,
    /// Whether the policy is cloned.
    pub(super) clones: bool,
    sample: Sample<f32>,
}

impl Demonstrations {
    /// Buffer with all steps of `set`, whose actions are scaled by `ranges`.
    pub(super) fn new(
        spec: &Spec,
        set: &DemonstrationSet,
        settings: &WarmStart,
        ranges: &ActionRanges,
        storage: Storage,
    ) -> Result<Self> {
        let clones = settings.check(&METHODS)? == METHODS[1];
        let replay = buffer(spec, set, ranges, storage)?;
        let share = settings.share.unwrap_or(if clones { 0.25 } else { 0.5 });
        Ok(Demonstrations { replay, share, clones, sample: Sample::default() })
    }

    /// Samples a batch of steps of the agent, then demonstrated ones; only demonstrated ones if `own` holds too few, or
    /// is `None`. Returns the number of demonstrated steps; `None` if there are no complete steps.
    pub(super) fn sample(
        &mut self,
        own: Option<&Replay<f32>>,
        request: SampleRequest,
        rng: &mut Stream,
        sample: &mut Sample<f32>,
    ) -> Option<usize> {
        let size = request.batch_size;
        sample.clear();
        let mut rows = size;
        if let Some(own) = own {
            let shown = ((self.share * size as f64).round() as usize).min(size);
            let request = SampleRequest { batch_size: size - shown, ..request };
            if request.batch_size > 0 && own.sample(request, rng, sample) {
                rows = shown;
            } else {
                sample.clear();
            }
        }
        if rows > 0 {
            let request = SampleRequest { batch_size: rows, ..request };
            if !self.replay.sample(request, rng, &mut self.sample) {
                return None;
            }
            sample.append(&self.sample);
        }
        Some(rows)
    }
}

/// Replay buffer with all steps of `set`, whose actions are scaled by `ranges`.
///
/// # Errors
/// As [`Replay::new`].
pub(crate) fn buffer(
    spec: &Spec,
    set: &DemonstrationSet,
    ranges: &ActionRanges,
    storage: Storage,
) -> Result<Replay<f32>> {
    // A truncated episode takes a slot more; the slot that is written next stays free.
    let slots = set.steps() + set.episodes.len() + 1;
    let mut replay = Replay::new(spec, 1, slots, 1, storage, false)?;
    for step in steps(set) {
        let Actions::Continuous(action) = step.action else { continue };
        replay.push(
            0,
            &Transition {
                obs: step.obs,
                legal: &[],
                action: &ranges.scaled(action),
                reward: step.reward,
                ending: step.ending,
                player_changed: false,
                successor: (step.successor.0, &[]),
            },
        );
    }
    Ok(replay)
}

/// Clones the policy of the demonstrations of `experience` into `actor`, whose outputs begin with the K means before
/// tanh.
///
/// # Errors
/// [`Error::Diverged`](freewheel_core::Error::Diverged) if a number is not finite.
pub(super) fn clone_policy(actor: &mut TrainedNetwork, experience: &mut Experience) -> Result<()> {
    let updates = match experience.clones() {
        true => experience.settings.warm_start.as_ref().map_or(0, |warm| warm.pretraining),
        false => 0,
    };
    let (mut batch, mut outputs) = (Batch::default(), Vec::new());
    let max_norm = experience.settings.max_norm();
    for step in 0..updates {
        if !experience.sample_shown(&mut batch) {
            break;
        }
        actor.forward(&batch.obs, &mut outputs);
        let mut gradient = vec![0.0; outputs.len()];
        cloning_gradient(&batch, &outputs, 1.0, &mut gradient);
        actor.learn(&batch.obs, &gradient, LEARNING_RATE, max_norm, u64::from(step))?;
    }
    if updates > 0 {
        actor.renew_optimizer(experience.settings.optimizer);
        actor.update_target(1.0);
    }
    Ok(())
}

/// Adds the gradient of the cloning term with the factor `weight` to `gradient [B, W]`: that of the K means, the first
/// numbers of each row of the `outputs [B, W]` of the policy network for `batch`.
pub(super) fn cloning_gradient(batch: &Batch, outputs: &[f32], weight: f64, gradient: &mut [f32]) {
    if batch.shown == 0 || weight == 0.0 {
        return;
    }
    let (k, width) = (batch.actions.len() / batch.rows, outputs.len() / batch.rows);
    let scale = (weight / batch.shown as f64) as f32;
    for row in batch.rows - batch.shown..batch.rows {
        for j in 0..k {
            let a = tanh(outputs[row * width + j]);
            gradient[row * width + j] += scale * (a - batch.actions[row * k + j]) * (1.0 - a * a);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use freewheel_core::demonstrations::{Demonstration, Label, WorldHeader};
    use freewheel_core::record::RecordedActions;
    use freewheel_core::{Agent, Ending, PolicyMode, Streams};

    use super::super::settings::OffPolicy;
    use super::super::{sac, td3};
    use super::*;
    use crate::Budget;
    use crate::demonstrations::Demonstrated;

    #[test]
    fn cloning_gradients_by_hand() {
        // Two rows, of which the second is demonstrated; two numbers of an action.
        let batch = Batch { rows: 2, shown: 1, actions: vec![0.9, 0.9, 0.5, -0.5], ..Batch::default() };
        let outputs = [1.0, 1.0, 0.0, 0.5f32.atanh()];
        let mut gradient = [0.0, 0.0, 0.0, 1.0];
        cloning_gradient(&batch, &outputs, 2.0, &mut gradient);
        // 2 (0 - .5) (1 - 0) = -1; 1 + 2 (.5 + .5) (1 - .25) = 2.5.
        for (found, expected) in gradient.iter().zip([0.0, 0.0, -1.0, 2.5]) {
            assert!((found - expected).abs() < 1e-6, "{gradient:?}");
        }
    }

    /// Episodes of the world of the tests, all actions `action`, which is the middle of the range plus half of it.
    fn shown(spec: &Spec, action: &[f32]) -> Arc<DemonstrationSet> {
        let (d, steps) = (spec.observation.len(), 20);
        let episode = |number: usize| Demonstration {
            label: Label::default(),
            origin: None,
            opening: RecordedActions::Continuous(Vec::new()),
            observations: (0..(steps + 1) * d).map(|i| ((i * 7 + number) % 11) as f32 / 11.0 - 0.5).collect(),
            legal: Vec::new(),
            to_play: Vec::new(),
            actions: RecordedActions::Continuous(vec![action.to_vec(); steps]),
            rewards: vec![1.0; steps],
            ending: Ending::Truncated,
            episode_return: steps as f64,
            score: steps as f64,
        };
        let header = WorldHeader::of(spec, "test/world", serde_json::Value::Null);
        Arc::new(DemonstrationSet { header, episodes: (0..5).map(episode).collect() })
    }

    /// The cloned policy takes the demonstrated action before its first step, and the bytes do not depend on the calls
    /// of `learn`, nor on a checkpoint in between.
    #[test]
    fn policies_are_cloned_and_runs_are_resumed() {
        let budget = Budget { steps: 60, num_envs: 1 };
        for (id, method) in
            [("sac", METHODS[0]), ("sac", METHODS[1]), ("td3", METHODS[0]), ("td3", METHODS[1])]
        {
            let spec = crate::tests::world(5, 1, 0).spec().clone();
            let ActionRanges(ranges) = ActionRanges::new(id, &spec).unwrap();
            let action: Vec<f32> = ranges.iter().map(|(middle, half)| middle + 0.5 * half).collect();
            let set = shown(&spec, &action);
            let new = || -> Box<dyn Agent> {
                let warm = WarmStart {
                    demonstrated: Demonstrated::of(Arc::clone(&set)),
                    method: Some(method.into()),
                    pretraining: 300,
                    ..WarmStart::default()
                };
                let off_policy = OffPolicy { batch_size: 16, warm_start: Some(warm), ..OffPolicy::default() };
                let streams = Streams::new(3);
                match id {
                    "sac" => {
                        let config = sac::Config { off_policy, ..sac::Config::default() };
                        Box::new(sac::Sac::new(&spec, config, budget, streams).unwrap())
                    }
                    _ => {
                        let config = td3::Config { off_policy, ..td3::Config::default() };
                        Box::new(td3::Td3::new(&spec, config, budget, streams).unwrap())
                    }
                }
            };
            let mut actions = freewheel_core::ActionBuffer::for_spec(&spec, 1);
            let mut rngs = [Streams::new(0).stream(freewheel_core::Purpose::Action, 0, 0)];
            let policy = new().policy(PolicyMode::Greedy);
            policy.act(set.episodes[0].observation(3), &[], &mut rngs, &mut actions);
            let error = actions.continuous().unwrap().iter().zip(&action).zip(&ranges);
            let error = error.fold(0f32, |most, ((a, b), (_, half))| most.max((a - b).abs() / half));
            assert_eq!(error < 0.1, method == METHODS[1], "{id} {method}: {error}");

            let (mut whole, mut envs) = (new(), crate::tests::world(5, 1, 0));
            whole.learn(&mut *envs, 60).unwrap();
            let (mut first, mut envs) = (new(), crate::tests::world(5, 1, 0));
            first.learn(&mut *envs, 25).unwrap();
            let mut second = new();
            second.load(&first.save().unwrap()).unwrap();
            second.learn(&mut *envs, 35).unwrap();
            assert!(second.save().unwrap() == whole.save().unwrap(), "{id} {method}");
        }
    }
}
