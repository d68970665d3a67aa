//! Gated recurrent unit (Cho et al. 2014, arXiv 1406.1078) over sequences, with hand-written gradients.
//!
//! ```text
//! r  = sigmoid(x W_ir + b_ir + h W_hr + b_hr)
//! z  = sigmoid(x W_iz + b_iz + h W_hz + b_hz)
//! n  = tanh(x W_in + b_in + r (h W_hn + b_hn))
//! h' = (1 - z) n + z h
//! ```
//!
//! The form of PyTorch and cuDNN, with the gates in the order r, z, n. Sequences are time-major: L steps of S
//! sequences, `[L, S, ...]`. A sequence may begin with any state, and may contain starts of episodes, where the state
//! becomes 0 and no gradient flows back.

use freewheel_core::Stream;

use super::activation::{Activation, tanh};
use super::init::Init;
use super::matmul::{Matrix, matmul};

/// Shape of a gated recurrent unit with I inputs and H units. The parameters are a slice `[P]` that the caller keeps:
/// `W_i [I, 3 H]`, `W_h [H, 3 H]`, `b_i [3 H]`, `b_h [3 H]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gru {
    /// Number of inputs, I.
    pub inputs: usize,
    /// Number of units, H.
    pub units: usize,
}

/// State of a forward pass over L steps of S sequences that [`Gru::backward`] needs.
#[derive(Debug, Default)]
pub struct GruPass {
    /// Gates r, z and n, `[L, S, 3 H]`.
    gates: Vec<f32>,
    /// Hidden part of the candidate, `h W_hn + b_hn`, `[L, S, H]`.
    candidate: Vec<f32>,
    /// State before each step, after resets, `[L, S, H]`.
    before: Vec<f32>,
    /// Hidden parts of the gates of one step, `[S, 3 H]`.
    hidden: Vec<f32>,
    /// Gradients of the input parts of the gates, `[L, S, 3 H]`.
    grad_inputs: Vec<f32>,
    /// Gradients of the hidden parts of the gates, `[L, S, 3 H]`.
    grad_hidden: Vec<f32>,
}

impl Gru {
    /// Number of parameters, P.
    pub fn size(self) -> usize {
        3 * self.units * (self.inputs + self.units + 2)
    }

    /// Random initial parameters, `[P]`: orthogonal weights, biases 0.
    pub fn initial(self, rng: &mut Stream) -> Vec<f32> {
        let Gru { inputs, units } = self;
        let mut all = vec![0.0; self.size()];
        let (input, hidden) = all.split_at_mut(3 * inputs * units);
        Init::Orthogonal(1.0).fill(input, inputs, 3 * units, rng);
        Init::Orthogonal(1.0).fill(&mut hidden[..3 * units * units], units, 3 * units, rng);
        all
    }

    /// Weights `W_i`, `W_h` and biases `b_i`, `b_h`.
    pub(super) fn parts(self, parameters: &[f32]) -> (&[f32], &[f32], &[f32], &[f32]) {
        let (w_i, rest) = parameters.split_at(3 * self.inputs * self.units);
        let (w_h, biases) = rest.split_at(3 * self.units * self.units);
        let (b_i, b_h) = biases.split_at(3 * self.units);
        (w_i, w_h, b_i, b_h)
    }

    /// Forward pass over the inputs `x [L, S, I]` from the states `first [S, H]`; writes the states after each step to
    /// `states [L, S, H]`. The state is 0 before the steps where `starts [L, S]` is true.
    pub fn forward(
        self,
        parameters: &[f32],
        x: &[f32],
        starts: &[bool],
        first: &[f32],
        pass: &mut GruPass,
        states: &mut [f32],
    ) {
        let (h, (w_i, w_h, b_i, b_h)) = (self.units, self.parts(parameters));
        let (rows, sequences) = (starts.len(), first.len() / h);
        let GruPass { gates, candidate, before, hidden, .. } = pass;
        gates.resize(rows * 3 * h, 0.0);
        candidate.resize(rows * h, 0.0);
        before.resize(rows * h, 0.0);
        hidden.resize(sequences * 3 * h, 0.0);
        gates.chunks_exact_mut(3 * h).for_each(|row| row.copy_from_slice(b_i));
        matmul(gates, Matrix::new(x, rows, self.inputs), Matrix::new(w_i, self.inputs, 3 * h), true);
        let len = sequences * h;
        for t in 0..rows / sequences {
            let (past, states) = states.split_at_mut(t * len);
            let (last, states) =
                (past.get(past.len().wrapping_sub(len)..).unwrap_or(first), &mut states[..len]);
            let before = &mut before[t * len..(t + 1) * len];
            let starts = &starts[t * sequences..(t + 1) * sequences];
            for ((before, last), &start) in before.chunks_exact_mut(h).zip(last.chunks_exact(h)).zip(starts) {
                if start { before.fill(0.0) } else { before.copy_from_slice(last) }
            }
            hidden.chunks_exact_mut(3 * h).for_each(|row| row.copy_from_slice(b_h));
            matmul(hidden, Matrix::new(before, sequences, h), Matrix::new(w_h, h, 3 * h), true);
            let gates = gates[t * 3 * len..(t + 1) * 3 * len].chunks_exact_mut(3 * h);
            let candidate = candidate[t * len..(t + 1) * len].chunks_exact_mut(h);
            let rows = gates.zip(candidate).zip(hidden.chunks_exact(3 * h));
            let rows = rows.zip(before.chunks_exact(h)).zip(states.chunks_exact_mut(h));
            for ((((gates, candidate), hidden), before), state) in rows {
                let (both, n) = gates.split_at_mut(2 * h);
                both.iter_mut().zip(hidden).for_each(|(gate, hidden)| *gate += hidden);
                Activation::Sigmoid.apply(both);
                let (r, z) = both.split_at(h);
                candidate.copy_from_slice(&hidden[2 * h..]);
                for j in 0..h {
                    n[j] = tanh(n[j] + r[j] * candidate[j]);
                    state[j] = (1.0 - z[j]) * n[j] + z[j] * before[j];
                }
            }
        }
    }

    /// Backward pass after [`Gru::forward`] with the same `x [L, S, I]`, `starts [L, S]` and `pass`: from the gradient
    /// of the states, `grad_states [L, S, H]`, adds to the gradient of the parameters, `grad_parameters [P]`, and
    /// writes the gradient of the inputs to `grad_x [L, S, I]`. The first states are constants.
    #[allow(clippy::too_many_arguments)] // Those of the forward pass and the gradients.
    pub fn backward(
        self,
        parameters: &[f32],
        x: &[f32],
        starts: &[bool],
        pass: &mut GruPass,
        grad_states: &[f32],
        grad_parameters: &mut [f32],
        grad_x: &mut [f32],
    ) {
        let (h, (w_i, w_h, ..)) = (self.units, self.parts(parameters));
        let rows = starts.len();
        let sequences = pass.hidden.len() / (3 * h);
        let GruPass { gates, candidate, before, grad_inputs, grad_hidden, .. } = pass;
        grad_inputs.resize(rows * 3 * h, 0.0);
        grad_hidden.resize(rows * 3 * h, 0.0);
        let mut carried = vec![0.0; sequences * h];
        for t in (0..rows / sequences.max(1)).rev() {
            for s in 0..sequences {
                let row = t * sequences + s;
                let (gates, at) = (&gates[row * 3 * h..(row + 1) * 3 * h], row * h);
                let grad_inputs = &mut grad_inputs[row * 3 * h..(row + 1) * 3 * h];
                let grad_hidden = &mut grad_hidden[row * 3 * h..(row + 1) * 3 * h];
                let carried = &mut carried[s * h..(s + 1) * h];
                for j in 0..h {
                    let (r, z, n) = (gates[j], gates[h + j], gates[2 * h + j]);
                    let grad = grad_states[at + j] + carried[j];
                    let grad_n = grad * (1.0 - z) * (1.0 - n * n);
                    let grad_z = grad * (before[at + j] - n) * z * (1.0 - z);
                    let grad_r = grad_n * candidate[at + j] * r * (1.0 - r);
                    (grad_inputs[j], grad_inputs[h + j], grad_inputs[2 * h + j]) = (grad_r, grad_z, grad_n);
                    (grad_hidden[j], grad_hidden[h + j], grad_hidden[2 * h + j]) =
                        (grad_r, grad_z, grad_n * r);
                    carried[j] = grad * z;
                }
            }
            let step = &grad_hidden[t * sequences * 3 * h..(t + 1) * sequences * 3 * h];
            matmul(&mut carried, Matrix::new(step, sequences, 3 * h), Matrix::new(w_h, h, 3 * h).t(), true);
            let starts = &starts[t * sequences..(t + 1) * sequences];
            let started = carried.chunks_exact_mut(h).zip(starts).filter(|(_, start)| **start);
            started.for_each(|(carried, _)| carried.fill(0.0));
        }
        let (grad_w_i, rest) = grad_parameters.split_at_mut(w_i.len());
        let (grad_w_h, rest) = rest.split_at_mut(w_h.len());
        let (grad_b_i, grad_b_h) = rest.split_at_mut(3 * h);
        let (inputs, hidden) = (Matrix::new(grad_inputs, rows, 3 * h), Matrix::new(grad_hidden, rows, 3 * h));
        matmul(grad_w_i, Matrix::new(x, rows, self.inputs).t(), inputs, true);
        matmul(grad_w_h, Matrix::new(before, rows, h).t(), hidden, true);
        matmul(grad_x, inputs, Matrix::new(w_i, self.inputs, 3 * h).t(), false);
        for (sums, rows) in [(grad_b_i, &*grad_inputs), (grad_b_h, &*grad_hidden)] {
            let each = rows.chunks_exact(3 * h);
            each.for_each(|row| sums.iter_mut().zip(row).for_each(|(sum, g)| *sum += g));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use freewheel_core::{Purpose, Streams};

    fn numbers(len: usize, index: u64) -> Vec<f32> {
        let mut rng = Streams::new(5).stream(Purpose::Agent, index, 0);
        (0..len).map(|_| 0.7 * rng.normal() as f32).collect()
    }

    /// One unit with one input, by the formulas of PyTorch in f64.
    #[test]
    fn one_unit_by_hand() {
        let gru = Gru { inputs: 1, units: 1 };
        // W_i, W_h, b_i, b_h; gates r, z, n.
        let p = [0.5f32, -1.0, 2.0, 0.25, 0.75, -0.5, 0.1, 0.2, 0.3, -0.4, 0.0, 0.6];
        let (x, starts, first) = ([1.0, -2.0], [false, false], [0.5]);
        let mut states = [0.0; 2];
        gru.forward(&p, &x, &starts, &first, &mut GruPass::default(), &mut states);
        let sigmoid = |a: f64| 1.0 / (1.0 + (-a).exp());
        // Step 1: r = s(.5 + .1 + .125 - .4) = s(.325), z = s(-1 + .2 + .375) = s(-.425),
        // n = tanh(2 + .3 + r (-.25 + .6)).
        let (r, z) = (sigmoid(0.325), sigmoid(-0.425));
        let n = (2.3 + r * 0.35f64).tanh();
        let h1 = (1.0 - z) * n + z * 0.5;
        // r = .5805423, z = .3953209, n = tanh 2.5031898 = .9866989.
        assert!((h1 - 0.794_296_6).abs() < 1e-7, "{h1}");
        let (r, z) = (sigmoid(-1.0 + 0.1 + 0.25 * h1 - 0.4), sigmoid(2.0 + 0.2 + 0.75 * h1));
        let n = (-4.0 + 0.3 + r * (-0.5 * h1 + 0.6)).tanh();
        let h2 = (1.0 - z) * n + z * h1;
        for (found, expected) in states.iter().zip([h1, h2]) {
            assert!((f64::from(*found) - expected).abs() < 1e-6, "{found} {expected}");
        }
    }

    /// Gradients of a random linear function of the states agree with central differences; an episode starts inside of
    /// one sequence.
    #[test]
    fn gradients_agree_with_finite_differences() {
        let gru = Gru { inputs: 3, units: 4 };
        let (length, sequences) = (5, 2);
        let rows = length * sequences;
        let mut starts = vec![false; rows];
        starts[2 * sequences + 1] = true;
        let (p, x) = (numbers(gru.size(), 0), numbers(rows * 3, 1));
        let (first, weights) = (numbers(sequences * 4, 2), numbers(rows * 4, 3));
        let loss = |p: &[f32], x: &[f32], first: &[f32]| {
            let mut states = vec![0.0; rows * 4];
            gru.forward(p, x, &starts, first, &mut GruPass::default(), &mut states);
            states.iter().zip(&weights).map(|(h, w)| f64::from(h * w)).sum::<f64>()
        };
        let (mut pass, mut states) = (GruPass::default(), vec![0.0; rows * 4]);
        gru.forward(&p, &x, &starts, &first, &mut pass, &mut states);
        let (mut grad_p, mut grad_x) = (vec![0.0; gru.size()], vec![9.0; x.len()]);
        gru.backward(&p, &x, &starts, &mut pass, &weights, &mut grad_p, &mut grad_x);
        let check = |found: &[f32], at: &[f32], loss: &dyn Fn(&[f32]) -> f64| {
            for i in 0..at.len() {
                let moved = |by: f32| {
                    let mut at = at.to_vec();
                    at[i] += by;
                    loss(&at)
                };
                let expected = (moved(1e-2) - moved(-1e-2)) / 2e-2;
                assert!((f64::from(found[i]) - expected).abs() < 2e-3, "{i}: {} {expected}", found[i]);
            }
        };
        check(&grad_p, &p, &|p| loss(p, &x, &first));
        check(&grad_x, &x, &|x| loss(&p, x, &first));
        // The second sequence forgets its first state at the start of the episode.
        let mut other = first.clone();
        other[4..].fill(3.0);
        let mut changed = vec![0.0; rows * 4];
        gru.forward(&p, &x, &starts, &other, &mut GruPass::default(), &mut changed);
        let last = |states: &[f32]| states[(rows - 1) * 4..].to_vec();
        assert_eq!(last(&states), last(&changed));
        assert_ne!(states[4..8], changed[4..8]);
    }

    /// A sequence cut in two, with the state kept, has the states of the whole one.
    #[test]
    fn kept_states_continue_a_sequence() {
        let gru = Gru { inputs: 2, units: 3 };
        let (p, x, first) = (numbers(gru.size(), 0), numbers(6 * 2 * 2, 1), numbers(2 * 3, 2));
        let starts = [false, true, false, false, true, false, false, false, false, true, false, false];
        let run = |x: &[f32], starts: &[bool], first: &[f32]| {
            let mut states = vec![0.0; starts.len() * 3];
            gru.forward(&p, x, starts, first, &mut GruPass::default(), &mut states);
            states
        };
        let whole = run(&x, &starts, &first);
        let begin = run(&x[..8], &starts[..4], &first);
        let end = run(&x[8..], &starts[4..], &begin[6..]);
        assert_eq!(whole, [begin, end].concat());
    }
}
