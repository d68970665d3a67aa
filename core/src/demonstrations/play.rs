//! Episodes of a policy, with a stated reaction delay, noise and share of blunders.

use std::collections::VecDeque;

use super::{Demonstration, Label};
use crate::{ActionBuffer, ActionSpace, EpisodeRunner, Policy, Result, Spec, Stream};

impl Demonstration {
    /// Episode number `episode` of `runner`, played by `policy` with the delay, noise and blunders of `label`, and
    /// truncated after `max_steps` steps.
    ///
    /// # Errors
    /// Errors of [`EpisodeRunner::step`].
    pub fn play(
        runner: &mut dyn EpisodeRunner,
        episode: u64,
        policy: &dyn Policy,
        label: &Label,
        rng: &mut Stream,
        max_steps: u32,
    ) -> Result<Demonstration> {
        runner.reset(episode);
        let mut recorded = Demonstration::start(runner, label.clone());
        let (mut memory, mut chosen) = (Vec::new(), VecDeque::new());
        let mut action = ActionBuffer::for_spec(runner.spec(), 1);
        while !runner.ending().is_over() && runner.length() < max_steps {
            runner.select_action(policy, &mut memory, rng, &mut action)?;
            chosen.push_back(action.clone());
            // Until the delay has passed, the first choice is repeated.
            if chosen.len() > label.delay as usize + 1 {
                chosen.pop_front();
            }
            let mut played = chosen.front().cloned().unwrap_or_else(|| action.clone());
            impair(&mut played, policy, label, runner, rng);
            let step = runner.step(played.as_actions())?;
            recorded.push(played.as_actions(), step, runner);
        }
        Ok(recorded.finish())
    }
}

/// Applies noise and blunders to `action`, and replaces an action that has become illegal by the delay.
fn impair(
    action: &mut ActionBuffer,
    policy: &dyn Policy,
    label: &Label,
    runner: &dyn EpisodeRunner,
    rng: &mut Stream,
) {
    let legal = runner.legal();
    let blunder = label.blunders > 0.0 && rng.chance(label.blunders);
    match (action, &runner.spec().actions) {
        (ActionBuffer::Discrete(action), ActionSpace::Discrete { .. }) => {
            let allowed: Vec<u32> = (0..legal.len()).filter(|&i| legal[i]).map(|i| i as u32).collect();
            let noisy = label.noise > 0.0 && rng.chance(label.noise);
            let (Some(action), true) = (action.first_mut(), !allowed.is_empty()) else { return };
            if blunder {
                *action = worst(policy, runner, &allowed).unwrap_or_else(|| any(&allowed, rng));
            } else if noisy || !allowed.contains(action) {
                *action = any(&allowed, rng);
            }
        }
        (ActionBuffer::Continuous(action), ActionSpace::Continuous { low, high, .. }) => {
            for ((x, low), high) in action.iter_mut().zip(low).zip(high) {
                let (middle, half) = ((low + high) / 2.0, (high - low) / 2.0);
                if !half.is_finite() {
                    continue;
                }
                if blunder {
                    *x = middle - (*x - middle);
                }
                if label.noise > 0.0 {
                    *x = (*x + half * (label.noise * rng.normal()) as f32).clamp(*low, *high);
                }
            }
        }
        _ => {}
    }
}

/// Legal action of the lowest value of `policy`; `None` for a policy without action values.
fn worst(policy: &dyn Policy, runner: &dyn EpisodeRunner, allowed: &[u32]) -> Option<u32> {
    let mut values = vec![0.0; runner.legal().len()];
    let known = policy.script().is_none() && policy.action_values(runner.obs(), runner.legal(), &mut values);
    let value = |a: &u32| values[*a as usize];
    known.then(|| allowed.iter().copied().min_by(|a, b| value(a).total_cmp(&value(b)))).flatten()
}

/// One of `allowed`, uniformly.
fn any(allowed: &[u32], rng: &mut Stream) -> u32 {
    allowed[rng.below(allowed.len() as u32) as usize]
}

impl Label {
    /// Checks the shares: noise 0 or more, blunders 0 to 1, and neither for a world with unbounded actions.
    ///
    /// # Errors
    /// The setting that is out of range, as text.
    pub fn check(&self, spec: &Spec) -> Result<(), String> {
        let Label { noise, blunders, .. } = *self;
        if !(noise.is_finite() && noise >= 0.0) || (spec.actions.dimensions() == 0 && noise > 1.0) {
            return Err(format!("noise {noise}: must be 0 to 1"));
        }
        if !(0.0..=1.0).contains(&blunders) {
            return Err(format!("blunders {blunders}: must be 0 to 1"));
        }
        Ok(())
    }
}
