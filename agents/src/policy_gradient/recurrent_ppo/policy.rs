//! Recurrent network as the model of an actor-critic, and as a policy with fixed parameters: one tower for both policy
//! and value, or one for each.

use freewheel_core::{ActionBuffer, Graph, Insight, Policy, Result, Spec, Stream};

use crate::nn::recurrent::{Part, RecurrentNetwork};
use crate::nn::{Activation, Builder, Init, Network, ObservationNormalizer, Optimizer, Workspace};
use crate::policy_gradient::actor_critic::{ActorModel, log_std_range};
use crate::policy_gradient::head::Head;
use crate::policy_gradient::settings::PolicyGradient;

/// Network for the observations of `spec`, with `units` recurrent units in each tower. Its outputs are the parameters
/// of the action distribution and the value.
pub(super) fn network(spec: &Spec, settings: &PolicyGradient, units: usize, head: &Head) -> RecurrentNetwork {
    let names: &[&str] = if settings.shared_network { &["trunk"] } else { &["policy", "value"] };
    let mut towers = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let mut net = Builder::new(spec.observation.len());
        let node = settings.network.trunk(&mut net, name, &spec.observation);
        let encoder: Option<Network> = (node > 0).then(|| net.build(&[node]));
        let mut net = Builder::new(units);
        let mut outputs = Vec::new();
        if index == 0 {
            outputs = settings.action_outputs(&mut net, 0, head);
        }
        if index + 1 == names.len() {
            outputs.push(net.linear("value.out", 0, 1, Activation::Identity, Init::Orthogonal(1.0)));
        }
        towers.push((encoder, net.build(&outputs)));
    }
    RecurrentNetwork::new(spec.observation.len(), units, towers)
}

/// Recurrent network with its parameters, and the states of the running episodes.
pub(super) struct RecurrentModel {
    pub(super) network: RecurrentNetwork,
    pub(super) parameters: Vec<f32>,
    /// State of each environment, `[N, M]`.
    pub(super) states: Vec<f32>,
    /// Whether the next step of each environment is the first one of an episode, `[N]`.
    pub(super) starts: Vec<bool>,
    pub(super) part: Part,
}

impl ActorModel for RecurrentModel {
    fn size(&self) -> usize {
        self.network.size()
    }

    fn input_len(&self) -> usize {
        self.network.input_len()
    }

    fn log_std(&self) -> Option<std::ops::Range<usize>> {
        let (head, parameters) = self.network.first_head()?;
        let range = log_std_range(head)?;
        Some(parameters.start + range.start..parameters.start + range.end)
    }

    fn parameters(&self) -> Result<Vec<f32>> {
        Ok(self.parameters.clone())
    }

    fn set_parameters(&mut self, parameters: &[f32]) -> Result<()> {
        self.parameters.copy_from_slice(parameters);
        Ok(())
    }

    fn act(&mut self, obs: &[f32], _: &mut Workspace, out: &mut [f32]) -> Result<()> {
        self.network.act(&self.parameters, obs, &mut self.states, &mut self.part, out);
        self.starts.fill(false);
        Ok(())
    }

    fn next(&mut self, envs: &[usize], obs: &[f32], _: &mut Workspace, out: &mut [f32]) -> Result<()> {
        let m = self.network.state_len();
        let mut states: Vec<f32> =
            envs.iter().flat_map(|&env| &self.states[env * m..(env + 1) * m]).copied().collect();
        self.network.act(&self.parameters, obs, &mut states, &mut self.part, out);
        Ok(())
    }

    fn begin_episode(&mut self, env: usize) {
        let m = self.network.state_len();
        self.states[env * m..(env + 1) * m].fill(0.0);
        self.starts[env] = true;
    }

    fn settle(&mut self, _: &mut Optimizer) -> Result<()> {
        Ok(())
    }
}

/// Policy of a recurrent network with fixed parameters.
pub(super) struct RecurrentPolicy {
    pub(super) network: RecurrentNetwork,
    pub(super) parameters: Vec<f32>,
    pub(super) head: Head,
    pub(super) normalizer: ObservationNormalizer,
    /// Sample from the distribution; otherwise take the most probable action.
    pub(super) stochastic: bool,
    /// Unit of the critic's values, in rewards.
    pub(super) value_unit: f32,
}

impl Policy for RecurrentPolicy {
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
        let (h, a) = (self.head.len(), legal.len() / rngs.len().max(1));
        let (mut action, mut scratch) = (vec![0.0; self.head.action_len()], Vec::new());
        let mut outputs = vec![0.0; rngs.len() * (h + 1)];
        let obs = self.normalizer.normalize(obs, &mut scratch);
        self.network.act(&self.parameters, obs, memory, &mut Part::default(), &mut outputs);
        for ((i, outputs), rng) in outputs.chunks_exact(h + 1).enumerate().zip(rngs) {
            let legal = &legal[i * a..(i + 1) * a];
            if self.stochastic {
                self.head.sample(&outputs[..h], legal, rng, &mut action);
            } else {
                self.head.most_probable(&outputs[..h], legal, &mut action);
            }
            self.head.write_action(&action, i, actions);
        }
    }

    fn insight(&self, obs: &[f32], legal: &[bool], memory: &[f32]) -> Option<Insight> {
        let (mut memory, mut scratch) = (memory.to_vec(), Vec::new());
        memory.resize(self.memory_len(), 0.0);
        let mut outputs = vec![0.0; self.head.len() + 1];
        let obs = self.normalizer.normalize(obs, &mut scratch);
        self.network.act(&self.parameters, obs, &mut memory, &mut Part::default(), &mut outputs);
        Some(self.head.insight(&outputs, legal, Some(self.value_unit)))
    }

    fn graph(&self, spec: &Spec) -> Result<Graph> {
        let mut graph = Graph::default();
        let x = graph.observation(spec);
        let x = self.normalizer.add_to(&mut graph, x);
        let outputs = self.network.add_to(&mut graph, &self.parameters, x)?;
        self.head.add_to(&mut graph, spec, outputs);
        Ok(graph)
    }
}
