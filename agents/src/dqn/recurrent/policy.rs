//! Policy of a recurrent network of action values with fixed parameters.

use freewheel_core::{ActionBuffer, Graph, Insight, Policy, Result, Spec, Stream};

use crate::dqn::policy::{add_outputs, epsilon_greedy, insight};
use crate::nn::ObservationNormalizer;
use crate::nn::recurrent::{Part, RecurrentNetwork};

/// Epsilon-greedy policy of a recurrent network of action values with fixed parameters.
pub(super) struct RecurrentQPolicy {
    pub(super) network: RecurrentNetwork,
    pub(super) parameters: Vec<f32>,
    pub(super) normalizer: ObservationNormalizer,
    pub(super) epsilon: f64,
    /// Unit of the network's values, in rewards.
    pub(super) unit: f32,
}

impl RecurrentQPolicy {
    /// Values of the network, `[N, A]`; updates the states `memory [N, M]`.
    fn values(&self, obs: &[f32], memory: &mut [f32]) -> Vec<f32> {
        let (n, mut scratch) = (obs.len() / self.network.input_len().max(1), Vec::new());
        let mut q = vec![0.0; n * self.network.output_len()];
        let obs = self.normalizer.normalize(obs, &mut scratch);
        self.network.act(&self.parameters, obs, memory, &mut Part::default(), &mut q);
        q
    }
}

impl Policy for RecurrentQPolicy {
    fn act(&self, obs: &[f32], legal: &[bool], rngs: &mut [Stream], actions: &mut ActionBuffer) {
        let mut memory = vec![0.0; rngs.len() * self.memory_len()];
        self.act_with_memory(obs, legal, &mut memory, rngs, actions);
    }

    fn memory_len(&self) -> usize {
        self.network.state_len()
    }

    fn act_with_memory(
        &self,
        obs: &[f32],
        legal: &[bool],
        memory: &mut [f32],
        rngs: &mut [Stream],
        actions: &mut ActionBuffer,
    ) {
        epsilon_greedy(&self.values(obs, memory), legal, self.epsilon, rngs, actions);
    }

    fn insight(&self, obs: &[f32], legal: &[bool], memory: &[f32]) -> Option<Insight> {
        let mut memory = memory.to_vec();
        memory.resize(self.memory_len(), 0.0);
        let q = self.values(obs, &mut memory).into_iter().map(|q| q * self.unit).collect();
        Some(insight(q, legal, self.epsilon))
    }

    fn graph(&self, spec: &Spec) -> Result<Graph> {
        let mut graph = Graph::default();
        let x = graph.observation(spec);
        let x = self.normalizer.add_to(&mut graph, x);
        let q = self.network.add_to(&mut graph, &self.parameters, x)?;
        add_outputs(&mut graph, spec, q, self.unit);
        Ok(graph)
    }
}
