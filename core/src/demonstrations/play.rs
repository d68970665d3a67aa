//! Episodes of a policy, with a stated reaction delay, noise and share of blunders.

use std::collections::VecDeque;

use super::noise::{Impairment, lowest};
use super::{Demonstration, Label};
use crate::{ActionBuffer, EpisodeRunner, Policy, Result, Spec, Stream};

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
        let impairment = Impairment::new(runner.spec(), label);
        while !runner.ending().is_over() && runner.length() < max_steps {
            runner.select_action(policy, &mut memory, rng, &mut action)?;
            chosen.push_back(action.clone());
            // Until the delay has passed, the first choice is repeated.
            if chosen.len() > label.delay as usize + 1 {
                chosen.pop_front();
            }
            let mut played = chosen.front().cloned().unwrap_or_else(|| action.clone());
            let legal = runner.legal();
            impairment.apply(&mut played, 0, legal, || worst(policy, runner), rng);
            legalize(&mut played, legal, rng);
            let step = runner.step(played.as_actions())?;
            recorded.push(played.as_actions(), step, runner);
        }
        Ok(recorded.finish())
    }
}

/// Legal action of the lowest value of `policy`; `None` for a policy without action values.
fn worst(policy: &dyn Policy, runner: &dyn EpisodeRunner) -> Option<u32> {
    match policy.script() {
        Some(_) => None,
        None => lowest(policy, runner.obs(), runner.legal()),
    }
}

/// Replaces an action that has become illegal by the delay by a random legal one.
fn legalize(action: &mut ActionBuffer, legal: &[bool], rng: &mut Stream) {
    if let ActionBuffer::Discrete(action) = action
        && let [action] = action.as_mut_slice()
        && legal.get(*action as usize) == Some(&false)
    {
        *action = rng.legal_action(legal);
    }
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
