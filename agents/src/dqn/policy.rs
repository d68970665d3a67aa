//! Policy of a network of action values with fixed parameters.

use std::borrow::Cow;

use freewheel_core::graph::{Data, Graph, Kind, Op, Value};
use freewheel_core::{ActionBuffer, Insight, Neuron, Policy, Result, Spec, Stream};

use crate::nn::{Frozen, ObservationNormalizer};

/// Maximum number of steps of a random action.
pub(super) const MAX_REPEATS: u32 = 100;
/// Mean number of steps of a random action, (1 + 1/2 + ... + 1/100) / (1 + 1/4 + ... + 1/10000).
const MEAN_STEPS: f64 = 3.172_739;

/// Epsilon-greedy policy of a network of action values with fixed parameters.
pub(super) struct QPolicy {
    pub(super) frozen: Frozen,
    pub(super) normalizer: ObservationNormalizer,
    pub(super) epsilon: f64,
    /// Number of quantiles of each action value.
    pub(super) quantiles: usize,
    /// Unit of the network's values, in rewards.
    pub(super) unit: f32,
}

impl Policy for QPolicy {
    fn act(&self, obs: &[f32], legal: &[bool], rngs: &mut [Stream], actions: &mut ActionBuffer) {
        let outputs = self.frozen.outputs(&self.normalizer, obs);
        epsilon_greedy(&action_values(&outputs, self.quantiles), legal, self.epsilon, rngs, actions);
    }

    fn action_values(&self, obs: &[f32], _legal: &[bool], values: &mut [f32]) -> bool {
        let outputs = self.frozen.outputs(&self.normalizer, obs);
        let q = action_values(&outputs, self.quantiles);
        values.iter_mut().zip(q.iter()).for_each(|(value, q)| *value = q * self.unit);
        true
    }

    fn insight(&self, obs: &[f32], legal: &[bool], _memory: &[f32]) -> Option<Insight> {
        let mut q = vec![0.0; legal.len()];
        self.action_values(obs, legal, &mut q);
        Some(insight(q, legal, self.epsilon))
    }

    fn neuron(&self, obs: &[f32], _memory: &[f32], layer: usize, unit: usize) -> Option<Neuron> {
        self.frozen.neuron(&self.normalizer, obs, layer, unit)
    }

    fn graph(&self, spec: &Spec) -> Result<Graph> {
        let (a, n) = (spec.actions.count(), self.quantiles);
        let (mut graph, outputs) = self.frozen.graph(spec, &self.normalizer, 1)?;
        let mut q = outputs[0];
        if n > 1 {
            let quantiles = graph.reshape(q, &[-1, a as i64, n as i64]);
            let means = graph.apply(Op::ReduceMean { axis: 2 }, &[quantiles]);
            q = graph.reshape(means, &[-1, a as i64]);
        }
        add_outputs(&mut graph, spec, q, self.unit);
        Ok(graph)
    }
}

/// Writes epsilon-greedy actions by the action values `q [N, A]` and the masks `legal [N, A]`.
pub(super) fn epsilon_greedy(
    q: &[f32],
    legal: &[bool],
    epsilon: f64,
    rngs: &mut [Stream],
    actions: &mut ActionBuffer,
) {
    let ActionBuffer::Discrete(actions) = actions else { return };
    let a = (q.len() / rngs.len().max(1)).max(1);
    let rows = q.chunks_exact(a).zip(legal.chunks_exact(a)).zip(rngs);
    for (action, ((q, legal), rng)) in actions.iter_mut().zip(rows) {
        let explore = epsilon > 0.0 && rng.chance(epsilon);
        *action = if explore { rng.legal_action(legal) } else { argmax_legal(q, legal) };
    }
}

/// Insight of the action values `q [A]`, in rewards.
pub(super) fn insight(q: Vec<f32>, legal: &[bool], epsilon: f64) -> Insight {
    let mut insight = Insight::action_values(q, legal);
    if epsilon > 0.0 {
        insight.rows.push(("epsilon".to_owned(), format!("{epsilon:.3}")));
    }
    insight
}

/// Adds the outputs of a policy with the action values `q [N, A]` to `graph`; `unit` is the unit of these values.
pub(super) fn add_outputs(graph: &mut Graph, spec: &Spec, q: Value, unit: f32) {
    let unit = graph.constant(&[], Data::F32(vec![unit]));
    let values = graph.apply(Op::Mul, &[q, unit]);
    graph.choose(spec, q, Kind::F32);
    let about = "action values Q(s, a), in units of return";
    graph.output("action_values", values, Kind::F32, &[spec.actions.count()], about);
}

/// Action values `[B, A]` of the network's outputs `[B, A, N]`: the means of N quantiles.
pub(super) fn action_values(outputs: &[f32], quantiles: usize) -> Cow<'_, [f32]> {
    match quantiles {
        1 => Cow::Borrowed(outputs),
        n => Cow::Owned(outputs.chunks_exact(n).map(|q| q.iter().sum::<f32>() / n as f32).collect()),
    }
}

/// Index of the first legal action with the maximum value in `q`; 0 if no action is legal.
pub(super) fn argmax_legal(q: &[f32], legal: &[bool]) -> u32 {
    let mut best = legal.iter().position(|legal| *legal).unwrap_or(0);
    for (a, (&value, &legal)) in q.iter().zip(legal).enumerate() {
        if legal && value > q[best] {
            best = a;
        }
    }
    best as u32
}

/// Probability of beginning a repeated random action after a greedy one, such that the share `epsilon` of all steps is
/// random.
pub(super) fn begin_probability(epsilon: f64) -> f64 {
    epsilon / (MEAN_STEPS - (MEAN_STEPS - 1.0) * epsilon)
}

/// Number of repetitions of a random action after its first step: n - 1 for n steps, 1 to 100, with the probability of
/// n in proportion to 1 / n^2 (Dabney, Ostrovski & Barreto 2021, arXiv 2006.01782).
pub(super) fn random_repeats(rng: &mut Stream) -> u32 {
    let weight = |n: u32| 1.0 / f64::from(n * n);
    let mut mass = rng.uniform() * (1..=MAX_REPEATS).map(weight).sum::<f64>();
    for n in 1..MAX_REPEATS {
        mass -= weight(n);
        if mass < 0.0 {
            return n - 1;
        }
    }
    MAX_REPEATS - 1
}
