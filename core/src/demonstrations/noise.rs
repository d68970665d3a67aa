//! Noise and blunders of a player, in recorded demonstrations and as a policy.

use std::sync::Arc;

use super::Label;
use crate::{ActionBuffer, ActionSpace, Insight, Neuron, Policy, Spec, Stream};

/// Noise and blunders of a [`Label`] in a world.
#[derive(Clone, Debug)]
pub struct Impairment {
    noise: f64,
    blunders: f64,
    /// Bounds of continuous actions, `[K]`; empty for discrete ones.
    bounds: Vec<(f32, f32)>,
}

impl Impairment {
    /// Noise and blunders of `label` in worlds of `spec`.
    pub fn new(spec: &Spec, label: &Label) -> Self {
        let bounds = match &spec.actions {
            ActionSpace::Discrete { .. } => Vec::new(),
            ActionSpace::Continuous { low, high, .. } => {
                low.iter().copied().zip(high.iter().copied()).collect()
            }
        };
        Impairment { noise: label.noise, blunders: label.blunders, bounds }
    }

    /// Changes the action of environment `index` in `actions`, in a state with the mask `legal [A]`. A blunder is the
    /// action `worst`, or a random one if this is `None`; for continuous actions, the mirror image in the middle of the
    /// range.
    pub fn apply(
        &self,
        actions: &mut ActionBuffer,
        index: usize,
        legal: &[bool],
        worst: impl FnOnce() -> Option<u32>,
        rng: &mut Stream,
    ) {
        let blunder = self.blunders > 0.0 && rng.chance(self.blunders);
        match actions {
            ActionBuffer::Discrete(actions) => {
                let noisy = self.noise > 0.0 && rng.chance(self.noise);
                let Some(action) = actions.get_mut(index) else { return };
                if blunder {
                    *action = worst().unwrap_or_else(|| rng.legal_action(legal));
                } else if noisy {
                    *action = rng.legal_action(legal);
                }
            }
            ActionBuffer::Continuous(actions) => {
                let k = self.bounds.len();
                let Some(action) = actions.get_mut(index * k..(index + 1) * k) else { return };
                for (x, (low, high)) in action.iter_mut().zip(&self.bounds) {
                    let (middle, half) = ((low + high) / 2.0, (high - low) / 2.0);
                    if !half.is_finite() {
                        continue;
                    }
                    if blunder {
                        *x = middle - (*x - middle);
                    }
                    if self.noise > 0.0 {
                        *x = (*x + half * (self.noise * rng.normal()) as f32).clamp(*low, *high);
                    }
                }
            }
        }
    }
}

/// Legal action of the lowest value of `policy` for the observation `obs` with the mask `legal [A]`; `None` for a
/// policy without action values.
pub(super) fn lowest(policy: &dyn Policy, obs: &[f32], legal: &[bool]) -> Option<u32> {
    let mut values = vec![0.0; legal.len()];
    let known = policy.action_values(obs, legal, &mut values);
    let legal = (0..legal.len()).filter(|&action| legal[action]);
    known
        .then(|| legal.min_by(|&a, &b| values[a].total_cmp(&values[b])).map(|action| action as u32))
        .flatten()
}

/// Another policy with noise and blunders, such as the demonstrator of recorded episodes.
///
/// ```
/// use std::sync::Arc;
///
/// use freewheel_core::demonstrations::{ImpairedPolicy, Label};
/// use freewheel_core::*;
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/example/corridor.rs")); }
/// # use example::{AlwaysRight, corridor};
///
/// let (world, label) = (corridor().shared(), Label { noise: 0.5, ..Label::default() });
/// let policy = ImpairedPolicy::new(world.spec(), Arc::new(AlwaysRight), &label);
/// let mut rngs: Vec<_> = (0..100).map(|i| Streams::new(0).stream(Purpose::Action, i, 0)).collect();
/// let mut actions = ActionBuffer::Discrete(vec![0; 100]);
/// policy.act(&[0.0; 100], &[true; 200], &mut rngs, &mut actions);
/// let ActionBuffer::Discrete(actions) = actions else { unreachable!() };
/// // A quarter of the actions is to the left.
/// assert!((10..40).contains(&actions.iter().filter(|action| **action == 0).count()));
/// ```
pub struct ImpairedPolicy {
    policy: Arc<dyn Policy>,
    impairment: Impairment,
}

impl ImpairedPolicy {
    /// `policy` with the noise and the blunders of `label`, in worlds of `spec`.
    pub fn new(spec: &Spec, policy: Arc<dyn Policy>, label: &Label) -> Self {
        ImpairedPolicy { policy, impairment: Impairment::new(spec, label) }
    }

    fn disturb_all(&self, obs: &[f32], legal: &[bool], rngs: &mut [Stream], actions: &mut ActionBuffer) {
        let n = rngs.len().max(1);
        let (d, a) = (obs.len() / n, legal.len() / n);
        for (i, rng) in rngs.iter_mut().enumerate() {
            let (obs, legal) = (&obs[i * d..(i + 1) * d], &legal[i * a..(i + 1) * a]);
            self.impairment.apply(actions, i, legal, || lowest(&*self.policy, obs, legal), rng);
        }
    }
}

impl Policy for ImpairedPolicy {
    fn act(&self, obs: &[f32], legal: &[bool], rngs: &mut [Stream], actions: &mut ActionBuffer) {
        self.policy.act(obs, legal, rngs, actions);
        self.disturb_all(obs, legal, rngs, actions);
    }

    fn memory_len(&self) -> usize {
        self.policy.memory_len()
    }

    fn act_with_memory(
        &self,
        obs: &[f32],
        legal: &[bool],
        memory: &mut [f32],
        rngs: &mut [Stream],
        actions: &mut ActionBuffer,
    ) {
        self.policy.act_with_memory(obs, legal, memory, rngs, actions);
        self.disturb_all(obs, legal, rngs, actions);
    }

    fn script(&self) -> Option<usize> {
        self.policy.script()
    }

    fn disturb(&self, index: usize, legal: &[bool], rng: &mut Stream, actions: &mut ActionBuffer) {
        self.impairment.apply(actions, index, legal, || None, rng);
    }

    fn insight(&self, obs: &[f32], legal: &[bool], memory: &[f32]) -> Option<Insight> {
        self.policy.insight(obs, legal, memory)
    }

    fn neuron(&self, obs: &[f32], memory: &[f32], layer: usize, unit: usize) -> Option<Neuron> {
        self.policy.neuron(obs, memory, layer, unit)
    }
}
