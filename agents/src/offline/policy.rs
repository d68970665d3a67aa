//! Policy of a network of discrete actions.

use freewheel_core::{ActionBuffer, Graph, Insight, Neuron, Policy, Result, Spec, Stream};

use crate::nn::{Frozen, ObservationNormalizer};
use crate::policy_gradient::head::Head;

/// Policy with fixed parameters; the network has the outputs `logits [A]` and maybe others, of which the first is V.
pub(super) struct NetworkPolicy {
    pub(super) frozen: Frozen,
    pub(super) head: Head,
    pub(super) normalizer: ObservationNormalizer,
    /// Sample from the distribution; otherwise take the most probable action.
    pub(super) stochastic: bool,
    /// Unit of the values, in rewards; `None` for a network without values.
    pub(super) unit: Option<f32>,
}

impl Policy for NetworkPolicy {
    fn act(&self, obs: &[f32], legal: &[bool], rngs: &mut [Stream], actions: &mut ActionBuffer) {
        let (a, width) = (self.head.len(), self.frozen.network().output_len());
        let outputs = self.frozen.outputs(&self.normalizer, obs);
        let mut action = [0.0];
        for (i, (outputs, rng)) in outputs.chunks_exact(width).zip(rngs).enumerate() {
            let legal = &legal[i * a..(i + 1) * a];
            if self.stochastic {
                self.head.sample(&outputs[..a], legal, rng, &mut action);
            } else {
                self.head.most_probable(&outputs[..a], legal, &mut action);
            }
            self.head.write_action(&action, i, actions);
        }
    }

    fn action_values(&self, obs: &[f32], legal: &[bool], out: &mut [f32]) -> bool {
        let outputs = self.frozen.outputs(&self.normalizer, obs);
        self.head.probabilities(&outputs[..self.head.len()], legal, out)
    }

    fn insight(&self, obs: &[f32], legal: &[bool], _memory: &[f32]) -> Option<Insight> {
        let a = self.head.len();
        let outputs = self.frozen.outputs(&self.normalizer, obs);
        let mut p = vec![0.0; a];
        self.head.probabilities(&outputs[..a], legal, &mut p);
        let value = self.unit.map(|unit| outputs[a] * unit);
        Some(Insight { value, ..Insight::probabilities(p) })
    }

    fn neuron(&self, obs: &[f32], _memory: &[f32], layer: usize, unit: usize) -> Option<Neuron> {
        self.frozen.neuron(&self.normalizer, obs, layer, unit)
    }

    fn graph(&self, spec: &Spec) -> Result<Graph> {
        let (mut graph, outputs) = self.frozen.graph(spec, &self.normalizer, 1)?;
        self.head.add_to(&mut graph, spec, outputs[0]);
        Ok(graph)
    }
}
