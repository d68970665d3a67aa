//! Recurrent network: one or more towers of encoder, gated recurrent unit and head, side by side.
//!
//! ```text
//! obs [D] -> encoder [E] -> GRU [H] -> outputs
//! ```

use std::ops::Range;

use freewheel_core::graph::{Data, Graph, Kind, Observed, Value};
use freewheel_core::{Error, Result, Stream};
use rayon::prelude::*;

use super::gru::{Gru, GruPass};
use super::model::MAX_PARAMETERS;
use super::{Network, Pass, Workspace};

/// Minimum number of sequences of a part of a minibatch.
const MIN_SEQUENCES: usize = 16;
/// Maximum number of parts of a minibatch; fixed, so that sums do not depend on the number of threads.
const MAX_PARTS: usize = 4;

/// One encoder, recurrent unit and head.
#[derive(Clone, Debug)]
struct Tower {
    /// Hidden layers before the recurrent unit, if any.
    encoder: Option<Network>,
    gru: Gru,
    head: Network,
    /// Ranges of the parameters of the three parts.
    parameters: [Range<usize>; 3],
}

/// Towers of the network; the parameters are a slice `[P]` that the caller keeps.
#[derive(Clone, Debug)]
pub(crate) struct RecurrentNetwork {
    towers: Vec<Tower>,
    /// Number of numbers of an observation, D.
    input_len: usize,
    size: usize,
}

/// Buffers of one part of a minibatch, or of acting.
#[derive(Default)]
pub(crate) struct Part {
    towers: Vec<TowerPass>,
    gradient: Vec<f32>,
}

#[derive(Default)]
struct TowerPass {
    features: Vec<f32>,
    states: Vec<f32>,
    outputs: Vec<f32>,
    grad_outputs: Vec<f32>,
    grad_states: Vec<f32>,
    grad_features: Vec<f32>,
    encoder: Pass,
    gru: GruPass,
    head: Pass,
    workspace: Workspace,
}

/// Sequences of a minibatch, time-major: L steps of S sequences.
pub(crate) struct Sequences {
    /// Number of sequences, S.
    pub(crate) count: usize,
    /// Observations, `[L, S, D]`.
    pub(crate) obs: Vec<f32>,
    /// Starts of episodes, `[L, S]`.
    pub(crate) starts: Vec<bool>,
    /// State of the network before the first step, `[S, M]`.
    pub(crate) first: Vec<f32>,
}

impl RecurrentNetwork {
    /// Network for observations of `input_len` numbers; each of the `towers` has an encoder, if any, and a head of
    /// `units` inputs, with as many recurrent units between them.
    pub(crate) fn new(input_len: usize, units: usize, towers: Vec<(Option<Network>, Network)>) -> Self {
        let mut size = 0;
        let tower = |(encoder, head): (Option<Network>, Network)| {
            let gru = Gru { inputs: encoder.as_ref().map_or(input_len, Network::output_len), units };
            let sizes = [encoder.as_ref().map_or(0, Network::size), gru.size(), head.size()];
            let parameters = sizes.map(|part| {
                size += part;
                size - part..size
            });
            Tower { encoder, gru, head, parameters }
        };
        let towers = towers.into_iter().map(tower).collect();
        RecurrentNetwork { towers, input_len, size }
    }

    /// Number of parameters, P.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Checks the number of parameters as [`Model::check_size`](super::Model).
    ///
    /// # Errors
    /// [`Error::Setting`] with the number.
    pub(crate) fn check_size(&self) -> Result<()> {
        match self.size {
            0..=MAX_PARAMETERS => Ok(()),
            size => Err(Error::setting(
                "gru_units",
                format!(
                    "the network has {size} parameters, but at most {MAX_PARAMETERS} are supported; use smaller \
                     gru_units or hidden_sizes"
                ),
            )),
        }
    }

    /// Number of numbers of an observation, D.
    pub(crate) fn input_len(&self) -> usize {
        self.input_len
    }

    /// Number of values of the state of an episode, M.
    pub(crate) fn state_len(&self) -> usize {
        self.towers.iter().map(|tower| tower.gru.units).sum()
    }

    /// Number of outputs, O.
    pub(crate) fn output_len(&self) -> usize {
        self.towers.iter().map(|tower| tower.head.output_len()).sum()
    }

    /// Bytes for training with minibatches of `rows` steps.
    pub(crate) fn training_bytes(&self, rows: usize) -> u128 {
        let parts = self.towers.iter().map(|tower| {
            let encoder = tower.encoder.as_ref().map_or(0, |encoder| encoder.training_bytes(rows));
            encoder + tower.head.training_bytes(rows) + 4 * 16 * (tower.gru.units * rows) as u128
        });
        (4 + MAX_PARTS as u128) * 4 * self.size as u128 + parts.sum::<u128>()
    }

    /// Random initial parameters, `[P]`.
    pub(crate) fn initial(&self, rng: &mut Stream) -> Vec<f32> {
        let mut all = Vec::with_capacity(self.size);
        for tower in &self.towers {
            if let Some(encoder) = &tower.encoder {
                all.extend(encoder.initial(rng));
            }
            all.extend(tower.gru.initial(rng));
            all.extend(tower.head.initial(rng));
        }
        all
    }

    /// Head of the first tower, and the range of its parameters.
    pub(crate) fn first_head(&self) -> Option<(&Network, Range<usize>)> {
        self.towers.first().map(|tower| (&tower.head, tower.parameters[2].clone()))
    }

    /// One step of N environments: from the observations `obs [N, D]` and the states `states [N, M]`, which are
    /// updated, to the outputs `out [N, O]`.
    pub(crate) fn act(
        &self,
        parameters: &[f32],
        obs: &[f32],
        states: &mut [f32],
        part: &mut Part,
        out: &mut [f32],
    ) {
        let (n, m, o) = (obs.len() / self.input_len, self.state_len(), self.output_len());
        part.towers.resize_with(self.towers.len(), TowerPass::default);
        let (mut at_state, mut at_out) = (0, 0);
        for (tower, pass) in self.towers.iter().zip(&mut part.towers) {
            let [encoder, gru, head] = tower.parameters.clone().map(|range| &parameters[range]);
            let (units, width) = (tower.gru.units, tower.head.output_len());
            let TowerPass { features, states: own, outputs, grad_states: before, workspace, .. } = pass;
            features.resize(n * tower.gru.inputs, 0.0);
            match &tower.encoder {
                Some(network) => network.act(encoder, obs, workspace, features),
                None => features.copy_from_slice(obs),
            }
            columns(states, m, at_state, units, before);
            own.resize(n * units, 0.0);
            tower.gru.forward(gru, features, &vec![false; n], before, &mut pass.gru, own);
            outputs.resize(n * width, 0.0);
            tower.head.act(head, own, workspace, outputs);
            place(own, states, m, at_state);
            place(outputs, out, o, at_out);
            (at_state, at_out) = (at_state + units, at_out + width);
        }
    }

    /// Adds the first tower to `graph`, with its state `[N, H]` as the input `memory` and the output `next_memory`;
    /// returns the first output of its head.
    pub(crate) fn add_to(&self, graph: &mut Graph, parameters: &[f32], x: Observed) -> Result<Value> {
        let Some(tower) = self.towers.first() else {
            return Err(Error::Unsupported("this network has no tower".into()));
        };
        let units = tower.gru.units;
        let [encoder, gru, head] = tower.parameters.clone().map(|range| &parameters[range]);
        let meaning = "memory: 0 at the start of an episode, then next_memory of the step before";
        let h = graph.optional_input("memory", &[units], Data::F32(vec![0.0; units]), meaning);
        let features = match (&tower.encoder, x) {
            (Some(network), x) => network.add_to(graph, encoder, x, 1)?[0],
            (None, Observed::Numbers(x)) => x,
            (None, Observed::Index(_)) => {
                return Err(Error::Unsupported("a recurrent layer cannot read an index".into()));
            }
        };
        let next = tower.gru.add_to(graph, "policy.gru", gru, features, h);
        let outputs = tower.head.add_to(graph, head, Observed::Numbers(next), 1)?;
        graph.output("next_memory", next, Kind::F32, &[units], "memory for the next step");
        Ok(outputs[0])
    }

    /// Gradient of a loss over `sequences`, added in the order of their parts: `loss(rows, outputs [B, O], gradients
    /// [B, O])` writes the gradients of the outputs of B steps, whose indices in `[L,
    /// S]` are `rows`, and its results are returned. Writes the gradient of the parameters to `gradient [P]`.
    pub(crate) fn gradient<R: Send>(
        &self,
        parameters: &[f32],
        sequences: &Sequences,
        parts: &mut Vec<Part>,
        gradient: &mut [f32],
        loss: impl Fn(&[usize], &[f32], &mut [f32]) -> R + Sync,
    ) -> Vec<R> {
        let count = (sequences.count / MIN_SEQUENCES).clamp(1, MAX_PARTS);
        parts.resize_with(count.max(parts.len()), Part::default);
        let bound = |i: usize| i * sequences.count / count;
        let one = |(i, part): (usize, &mut Part)| {
            let of = sequences.part(bound(i)..bound(i + 1), self.input_len, self.state_len());
            part.gradient.clear();
            part.gradient.resize(self.size, 0.0);
            self.part_gradient(parameters, &of, part, &loss)
        };
        let results = parts[..count].par_iter_mut().enumerate().map(one).collect();
        gradient.fill(0.0);
        for part in &parts[..count] {
            gradient.iter_mut().zip(&part.gradient).for_each(|(sum, one)| *sum += one);
        }
        results
    }

    fn part_gradient<R>(
        &self,
        parameters: &[f32],
        of: &(Sequences, Vec<usize>),
        part: &mut Part,
        loss: &impl Fn(&[usize], &[f32], &mut [f32]) -> R,
    ) -> R {
        let (Sequences { count, obs, starts, first }, rows) = of;
        let (n, m, o) = (starts.len(), self.state_len(), self.output_len());
        part.towers.resize_with(self.towers.len(), TowerPass::default);
        let (mut outputs, mut grad_outputs) = (vec![0.0; n * o], vec![0.0; n * o]);
        let (mut at_state, mut at_out) = (0, 0);
        for (tower, pass) in self.towers.iter().zip(&mut part.towers) {
            let [encoder, gru, head] = tower.parameters.clone().map(|range| &parameters[range]);
            let (units, width) = (tower.gru.units, tower.head.output_len());
            pass.features.resize(n * tower.gru.inputs, 0.0);
            match &tower.encoder {
                Some(network) => network.forward(encoder, obs, &mut pass.encoder, &mut pass.features),
                None => pass.features.copy_from_slice(obs),
            }
            let mut before = Vec::with_capacity(count * units);
            columns(first, m, at_state, units, &mut before);
            pass.states.resize(n * units, 0.0);
            tower.gru.forward(gru, &pass.features, starts, &before, &mut pass.gru, &mut pass.states);
            pass.outputs.resize(n * width, 0.0);
            tower.head.forward(head, &pass.states, &mut pass.head, &mut pass.outputs);
            place(&pass.outputs, &mut outputs, o, at_out);
            (at_state, at_out) = (at_state + units, at_out + width);
        }
        let result = loss(rows, &outputs, &mut grad_outputs);
        let mut at_out = 0;
        for (tower, pass) in self.towers.iter().zip(&mut part.towers) {
            let [encoder, gru, head] = tower.parameters.clone().map(|range| &parameters[range]);
            let width = tower.head.output_len();
            let TowerPass { features, states, grad_outputs: own, grad_states, grad_features, .. } = pass;
            columns(&grad_outputs, o, at_out, width, own);
            grad_states.resize(states.len(), 0.0);
            let gradient = &mut part.gradient[tower.parameters[2].clone()];
            tower.head.add_gradient(head, states, &mut pass.head, own, gradient, Some(grad_states));
            grad_features.resize(features.len(), 0.0);
            let gradient = &mut part.gradient[tower.parameters[1].clone()];
            tower.gru.backward(gru, features, starts, &mut pass.gru, grad_states, gradient, grad_features);
            if let Some(network) = &tower.encoder {
                let gradient = &mut part.gradient[tower.parameters[0].clone()];
                network.add_gradient(encoder, obs, &mut pass.encoder, grad_features, gradient, None);
            }
            at_out += width;
        }
        result
    }
}

impl Sequences {
    /// The sequences with the indices `which`, and the indices of their steps in `[L, S]`.
    fn part(&self, which: Range<usize>, d: usize, m: usize) -> (Sequences, Vec<usize>) {
        let steps = self.starts.len() / self.count;
        let rows: Vec<usize> =
            (0..steps).flat_map(|t| which.clone().map(move |s| t * self.count + s)).collect();
        let part = Sequences {
            count: which.len(),
            obs: rows.iter().flat_map(|row| &self.obs[row * d..(row + 1) * d]).copied().collect(),
            starts: rows.iter().map(|&row| self.starts[row]).collect(),
            first: self.first[which.start * m..which.end * m].to_vec(),
        };
        (part, rows)
    }
}

/// Writes the columns `at..at + width` of `all [N, total]` to `part [N, width]`.
fn columns(all: &[f32], total: usize, at: usize, width: usize, part: &mut Vec<f32>) {
    part.clear();
    all.chunks_exact(total).for_each(|row| part.extend_from_slice(&row[at..at + width]));
}

/// Writes `part [N, width]` to the columns from `at` of `all [N, total]`.
fn place(part: &[f32], all: &mut [f32], total: usize, at: usize) {
    let rows = all.len() / total;
    let width = part.len() / rows.max(1);
    for (row, part) in all.chunks_exact_mut(total).zip(part.chunks_exact(width.max(1))) {
        row[at..at + width].copy_from_slice(part);
    }
}
