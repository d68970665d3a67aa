//! Policy with noise, such as the demonstrator of recorded episodes.

use std::sync::Arc;

use freewheel_core::{ActionBuffer, ActionSpace, Policy, Spec, Stream};

use crate::tabular::exploration::random_legal;

/// Another policy with noise as in recorded demonstrations: a random legal action with the probability `noise`, or
/// normal noise of `noise` times half the range of a continuous action.
pub struct NoisyPolicy {
    policy: Arc<dyn Policy>,
    noise: f64,
    /// Bounds of continuous actions, `[K]`; empty for discrete ones.
    bounds: Vec<(f32, f32)>,
}

impl NoisyPolicy {
    /// `policy` with noise, in worlds of `spec`.
    pub fn new(spec: &Spec, policy: Arc<dyn Policy>, noise: f64) -> Self {
        let bounds = match &spec.actions {
            ActionSpace::Discrete { .. } => Vec::new(),
            ActionSpace::Continuous { low, high, .. } => {
                low.iter().copied().zip(high.iter().copied()).collect()
            }
        };
        NoisyPolicy { policy, noise, bounds }
    }

    fn disturb(&self, legal: &[bool], rngs: &mut [Stream], actions: &mut ActionBuffer) {
        match actions {
            ActionBuffer::Discrete(actions) => {
                let width = (legal.len() / rngs.len().max(1)).max(1);
                for ((action, legal), rng) in actions.iter_mut().zip(legal.chunks(width)).zip(rngs) {
                    if rng.chance(self.noise) {
                        *action = random_legal(legal, rng);
                    }
                }
            }
            ActionBuffer::Continuous(actions) => {
                for (action, rng) in actions.chunks_mut(self.bounds.len().max(1)).zip(rngs) {
                    for (x, (low, high)) in action.iter_mut().zip(&self.bounds) {
                        let half = 0.5 * (high - low);
                        if half.is_finite() {
                            *x = (*x + half * (self.noise * rng.normal()) as f32).clamp(*low, *high);
                        }
                    }
                }
            }
        }
    }
}

impl Policy for NoisyPolicy {
    fn act(&self, obs: &[f32], legal: &[bool], rngs: &mut [Stream], actions: &mut ActionBuffer) {
        self.policy.act(obs, legal, rngs, actions);
        self.disturb(legal, rngs, actions);
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
        self.disturb(legal, rngs, actions);
    }
}

#[cfg(test)]
mod tests {
    use freewheel_core::{Purpose, Streams};

    use super::*;
    use crate::tabular::graph::Graph;

    /// Always action 0.
    struct First;

    impl Policy for First {
        fn act(&self, _: &[f32], _: &[bool], _: &mut [Stream], actions: &mut ActionBuffer) {
            if let ActionBuffer::Discrete(actions) = actions {
                actions.fill(0);
            }
        }
    }

    #[test]
    fn a_share_of_the_actions_is_random() {
        let noisy = NoisyPolicy::new(Graph::cliff().spec(), Arc::new(First), 0.4);
        let mut rngs: Vec<_> = (0..4000).map(|i| Streams::new(1).stream(Purpose::Action, i, 0)).collect();
        let mut actions = ActionBuffer::Discrete(vec![9; 4000]);
        noisy.act(&[], &[true; 16_000], &mut rngs, &mut actions);
        let ActionBuffer::Discrete(actions) = actions else { panic!("discrete actions") };
        let changed = actions.iter().filter(|action| **action != 0).count() as f64;
        // Three quarters of 40 % are other actions; five standard errors.
        assert!((changed / 4000.0 - 0.3).abs() < 0.036, "{changed}");
    }
}
