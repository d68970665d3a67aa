//! Policy of a network with logits and a value: alone, or with a tree search where the world has a simulator.

use freewheel_core::graph::Op;
use freewheel_core::{
    ActionBuffer, Graph, Insight, InsightKind, Neuron, Policy, Result, Simulator, Spec, Stream,
};

use super::gumbel::{Scale, Search, Tree};
use super::search;
use crate::nn::{Frozen, ObservationNormalizer};
use crate::policy_gradient::head::Head;

/// Number of actions of the principal variation in an insight.
const VARIATION: usize = 8;

/// Policy with fixed parameters; the outputs of the network are `logits [A]` and V.
#[derive(Clone)]
pub(super) struct PlanningPolicy {
    pub(super) frozen: Frozen,
    pub(super) head: Head,
    pub(super) normalizer: ObservationNormalizer,
    /// Sample from the distribution of the network; otherwise take the most probable action.
    pub(super) stochastic: bool,
    /// Unit of V, in rewards.
    pub(super) unit: f32,
    /// Constants of a search.
    pub(super) search: Search,
    /// Whether the policy searches.
    pub(super) searches: bool,
}

impl PlanningPolicy {
    /// Logits and V in rewards, `out [B, A + 1]`, of the observations `obs [B, D]`.
    fn evaluate(&self, obs: &[f32], out: &mut Vec<f32>) {
        *out = self.frozen.outputs(&self.normalizer, obs);
        let width = self.head.len() + 1;
        out.chunks_exact_mut(width).for_each(|row| row[width - 1] *= self.unit);
    }

    fn trees(&self, simulators: &mut [Box<dyn Simulator>], rngs: &mut [Stream]) -> Vec<Tree> {
        search::run(&self.search, simulators, rngs, &mut |obs, out| self.evaluate(obs, out))
    }
}

impl Policy for PlanningPolicy {
    fn act(&self, obs: &[f32], legal: &[bool], rngs: &mut [Stream], actions: &mut ActionBuffer) {
        let (a, outputs) = (self.head.len(), self.frozen.outputs(&self.normalizer, obs));
        let mut action = [0.0];
        for (i, (outputs, rng)) in outputs.chunks_exact(a + 1).zip(rngs).enumerate() {
            let legal = &legal[i * a..(i + 1) * a];
            if self.stochastic {
                self.head.sample(&outputs[..a], legal, rng, &mut action);
            } else {
                self.head.most_probable(&outputs[..a], legal, &mut action);
            }
            self.head.write_action(&action, i, actions);
        }
    }

    fn plans(&self) -> bool {
        self.searches
    }

    fn plan(&self, simulators: &mut [Box<dyn Simulator>], rngs: &mut [Stream], actions: &mut ActionBuffer) {
        if let ActionBuffer::Discrete(actions) = actions {
            for (action, tree) in actions.iter_mut().zip(self.trees(simulators, rngs)) {
                *action = tree.decide(&self.search, self.head.len()).action;
            }
        }
    }

    fn plan_insight(&self, simulator: Box<dyn Simulator>, rng: &mut Stream) -> Option<Insight> {
        let spec = simulator.spec().clone();
        let first = simulator.to_play(0) == freewheel_core::Player::First;
        let tree = self.trees(&mut [simulator], std::slice::from_mut(rng)).pop()?;
        let decision = tree.decide(&self.search, self.head.len());
        let names = spec.actions.names();
        let variation = tree.variation(&self.search, VARIATION);
        let variation: Vec<&str> = variation.iter().map(|&action| names[action as usize].as_str()).collect();
        let mut rows = vec![("simulations".to_owned(), self.search.simulations.to_string())];
        let mut courses = Vec::new();
        if let Scale::Bound(bound) = self.search.scale {
            let rate = 0.5 + 0.5 * (decision.value / bound).clamp(-1.0, 1.0);
            rows.push(("win rate".to_owned(), format!("{:.1} %", 100.0 * rate)));
            courses.push(("win rate of the first player", if first { rate } else { 1.0 - rate }));
        } else {
            courses.push(("value", decision.value));
        }
        rows.push(("variation".to_owned(), variation.join(" ")));
        let per_action = decision.visits.iter().map(|&visits| visits as f32).collect();
        let (kind, value) = (Some(InsightKind::Visits), Some(decision.value));
        Some(Insight { kind, per_action, value, rows, courses, ..Insight::default() })
    }

    fn with_search(&self, simulations: u32) -> Option<Box<dyn Policy>> {
        let search = Search { simulations, noise: false, ..self.search };
        Some(Box::new(PlanningPolicy {
            search,
            searches: simulations > 0,
            stochastic: false,
            ..self.clone()
        }))
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
        Some(Insight { value: Some(outputs[a] * self.unit), ..Insight::probabilities(p) })
    }

    fn neuron(&self, obs: &[f32], _memory: &[f32], layer: usize, unit: usize) -> Option<Neuron> {
        self.frozen.neuron(&self.normalizer, obs, layer, unit)
    }

    fn graph(&self, spec: &Spec) -> Result<Graph> {
        // The last output is V; the others are the logits.
        let parts = self.frozen.network().num_outputs() - 1;
        let (mut graph, outputs) = self.frozen.graph(spec, &self.normalizer, parts)?;
        let logits = match outputs[..] {
            [logits] => logits,
            ref parts => graph.apply(Op::Concat { axis: 1 }, parts),
        };
        self.head.add_to(&mut graph, spec, logits);
        Ok(graph)
    }
}
