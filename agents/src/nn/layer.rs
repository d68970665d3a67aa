//! Forward and backward pass of a single layer over slices `[B, ...]`, with bias, skip connection and activation.

use super::conv::Patches;
use super::matmul::{Matrix, matmul};
use super::network::{Layer, LayerKind};

/// Maximum batch size for which a loop is faster than a packed matrix product.
const MAX_LOOPED: usize = 3;

/// Forward pass: writes `activation(layer(from) + skip)` to `to`; `skip` is the value of the skip connection, if any.
pub(super) fn forward(
    layer: &Layer,
    parameters: &[f32],
    from: &[f32],
    skip: Option<&[f32]>,
    to: &mut [f32],
    patches: &mut Patches,
) {
    let (weights, bias) = (&parameters[layer.weights.clone()], &parameters[layer.bias.clone()]);
    match &layer.kind {
        &LayerKind::Linear { inputs, outputs } => {
            init_rows(to, bias, skip);
            add_products(from, weights, to, inputs, outputs);
        }
        &LayerKind::Noisy { inputs, outputs } => {
            let (w, sigma) = weights.split_at(inputs * outputs);
            let noisy = NoisyBias::of(bias, inputs, outputs);
            let b: Vec<f32> =
                (0..outputs).map(|o| noisy.bias[o] + noisy.sigma[o] * noisy.output_noise[o]).collect();
            init_rows(to, &b, skip);
            add_products(from, w, to, inputs, outputs);
            if noisy.has_noise() {
                let mut sums = vec![0.0; to.len()];
                add_products(&scaled(from, noisy.input_noise), sigma, &mut sums, inputs, outputs);
                for (y, sums) in to.chunks_exact_mut(outputs).zip(sums.chunks_exact(outputs)) {
                    y.iter_mut().zip(sums).zip(noisy.output_noise).for_each(|((y, sum), e)| *y += sum * e);
                }
            }
        }
        LayerKind::LayerNorm => {
            let len = bias.len();
            for (x, y) in from.chunks_exact(len).zip(to.chunks_exact_mut(len)) {
                let (mean, inverse) = mean_and_inverse_std(x);
                for (((y, x), gain), shift) in y.iter_mut().zip(x).zip(weights).zip(bias) {
                    *y = (x - mean) * inverse * gain + shift;
                }
            }
        }
        &LayerKind::OneHot { fields, n, outputs } => {
            init_rows(to, bias, skip);
            for (x, y) in from.chunks_exact(fields).zip(to.chunks_exact_mut(outputs)) {
                for row in one_hot_rows(x, n) {
                    y.iter_mut().zip(&weights[row * outputs..]).for_each(|(y, w)| *y += w);
                }
            }
        }
        LayerKind::Conv(conv) => {
            init_rows(to, bias, skip);
            conv.forward(weights, from, to, patches);
        }
        LayerKind::Transposed(conv) => {
            init_rows(to, bias, skip);
            conv.transposed(weights, from, to, patches);
        }
        &LayerKind::ChannelsLast { channels, points } => {
            transpose(from, to, channels, points);
        }
        &LayerKind::Dueling { actions, atoms } => {
            let (len, value) = (actions * atoms, skip.unwrap_or_default());
            let rows = to.chunks_exact_mut(len).zip(from.chunks_exact(len)).zip(value.chunks_exact(atoms));
            for ((q, a), v) in rows {
                for (i, v) in v.iter().enumerate() {
                    let mean = a[i..].iter().step_by(atoms).sum::<f32>() / actions as f32;
                    let pairs = q[i..].iter_mut().step_by(atoms).zip(a[i..].iter().step_by(atoms));
                    pairs.for_each(|(q, a)| *q = v + a - mean);
                }
            }
        }
        &LayerKind::FreeParameters { outputs } => {
            to.chunks_exact_mut(outputs).for_each(|y| y.copy_from_slice(bias))
        }
    }
    layer.activation.apply(to);
}

/// Backward pass from `grad_to`, the gradient before the activation: adds the gradients of the parameters and of the
/// input `from`.
pub(super) fn backward(
    layer: &Layer,
    parameters: &[f32],
    from: &[f32],
    grad_to: &[f32],
    grad_parameters: &mut [f32],
    grad_from: Option<&mut [f32]>,
    patches: &mut Patches,
) {
    let weights = &parameters[layer.weights.clone()];
    match layer.kind {
        LayerKind::Noisy { inputs, outputs } => {
            let noise = NoisyBias::of(&parameters[layer.bias.clone()], inputs, outputs).output_noise;
            let (grad_bias, rest) = grad_parameters[layer.bias.clone()].split_at_mut(outputs);
            let mut sums = vec![0.0; outputs];
            add_columns(grad_to, &mut sums);
            for (((b, s), sum), e) in grad_bias.iter_mut().zip(rest).zip(&sums).zip(noise) {
                *b += sum;
                *s += sum * e;
            }
        }
        _ => add_columns(grad_to, &mut grad_parameters[layer.bias.clone()]),
    }
    let grad_weights = &mut grad_parameters[layer.weights.clone()];
    match &layer.kind {
        &LayerKind::Linear { inputs, outputs } => {
            let rows = grad_to.len() / outputs;
            let gradient = Matrix::new(grad_to, rows, outputs);
            matmul(grad_weights, Matrix::new(from, rows, inputs).t(), gradient, true);
            if let Some(grad_from) = grad_from {
                matmul(grad_from, gradient, Matrix::new(weights, inputs, outputs).t(), true);
            }
        }
        &LayerKind::Noisy { inputs, outputs } => {
            let (w, sigma) = weights.split_at(inputs * outputs);
            let (grad_w, grad_sigma) = grad_weights.split_at_mut(inputs * outputs);
            let noisy = NoisyBias::of(&parameters[layer.bias.clone()], inputs, outputs);
            let rows = grad_to.len() / outputs;
            let gradient = Matrix::new(grad_to, rows, outputs);
            matmul(grad_w, Matrix::new(from, rows, inputs).t(), gradient, true);
            let (noisy_from, noisy_grad) =
                (scaled(from, noisy.input_noise), scaled(grad_to, noisy.output_noise));
            let noisy_gradient = Matrix::new(&noisy_grad, rows, outputs);
            matmul(grad_sigma, Matrix::new(&noisy_from, rows, inputs).t(), noisy_gradient, true);
            if let Some(grad_from) = grad_from {
                matmul(grad_from, gradient, Matrix::new(w, inputs, outputs).t(), true);
                let mut sums = vec![0.0; grad_from.len()];
                matmul(&mut sums, noisy_gradient, Matrix::new(sigma, inputs, outputs).t(), true);
                let sums = scaled(&sums, noisy.input_noise);
                grad_from.iter_mut().zip(sums).for_each(|(sum, g)| *sum += g);
            }
        }
        LayerKind::LayerNorm => {
            let len = weights.len();
            let mut grad_from = grad_from;
            for (row, (x, grad)) in from.chunks_exact(len).zip(grad_to.chunks_exact(len)).enumerate() {
                let (mean, inverse) = mean_and_inverse_std(x);
                let normalized = |i: usize| (x[i] - mean) * inverse;
                let (mut sum, mut sum_normalized) = (0.0, 0.0);
                for (i, grad_gain) in grad_weights.iter_mut().enumerate() {
                    *grad_gain += grad[i] * normalized(i);
                    sum += grad[i] * weights[i];
                    sum_normalized += grad[i] * weights[i] * normalized(i);
                }
                let (sum, sum_normalized) = (sum / len as f32, sum_normalized / len as f32);
                if let Some(grad_from) = grad_from.as_deref_mut() {
                    for (i, grad_x) in grad_from[row * len..(row + 1) * len].iter_mut().enumerate() {
                        *grad_x += inverse * (grad[i] * weights[i] - sum - normalized(i) * sum_normalized);
                    }
                }
            }
        }
        &LayerKind::OneHot { fields, n, outputs } => {
            for (x, gradient) in from.chunks_exact(fields).zip(grad_to.chunks_exact(outputs)) {
                for row in one_hot_rows(x, n) {
                    let grad_row = grad_weights[row * outputs..].iter_mut();
                    grad_row.zip(gradient).for_each(|(sum, g)| *sum += g);
                }
            }
        }
        LayerKind::Conv(conv) => conv.backward(weights, from, grad_to, grad_weights, grad_from, patches),
        LayerKind::Transposed(conv) => {
            conv.transposed_backward(weights, from, grad_to, grad_weights, grad_from, patches)
        }
        &LayerKind::ChannelsLast { channels, points } => {
            if let Some(grad_from) = grad_from {
                let mut transposed_planes = vec![0.0; grad_to.len()];
                transpose(grad_to, &mut transposed_planes, points, channels);
                grad_from.iter_mut().zip(transposed_planes).for_each(|(sum, g)| *sum += g);
            }
        }
        &LayerKind::Dueling { actions, atoms } => {
            if let Some(grad_from) = grad_from {
                let len = actions * atoms;
                for (grad_a, grad_q) in grad_from.chunks_exact_mut(len).zip(grad_to.chunks_exact(len)) {
                    for i in 0..atoms {
                        let grad_q = grad_q[i..].iter().step_by(atoms);
                        let mean = grad_q.clone().sum::<f32>() / actions as f32;
                        grad_a[i..].iter_mut().step_by(atoms).zip(grad_q).for_each(|(a, q)| *a += q - mean);
                    }
                }
            }
        }
        LayerKind::FreeParameters { .. } => {}
    }
}

/// Adds the gradient of the skip connection (in a dueling head, of the state value) to `grad_skip`.
pub(super) fn backward_skip(layer: &Layer, grad_to: &[f32], grad_skip: &mut [f32]) {
    match layer.kind {
        LayerKind::Dueling { actions, atoms } => {
            let rows = grad_skip.chunks_exact_mut(atoms).zip(grad_to.chunks_exact(actions * atoms));
            for (v, grad_q) in rows {
                let sum = |i: usize| grad_q[i..].iter().step_by(atoms).sum::<f32>();
                v.iter_mut().enumerate().for_each(|(i, v)| *v += sum(i));
            }
        }
        _ => grad_skip.iter_mut().zip(grad_to).for_each(|(sum, g)| *sum += g),
    }
}

/// Initializes the row of every sample in `to` with the bias, plus the skip connection `skip` if given.
fn init_rows(to: &mut [f32], bias: &[f32], skip: Option<&[f32]>) {
    match skip {
        None => to.chunks_exact_mut(bias.len()).for_each(|y| y.copy_from_slice(bias)),
        Some(skip) => {
            for (y, skip) in to.chunks_exact_mut(bias.len()).zip(skip.chunks_exact(bias.len())) {
                y.iter_mut().zip(bias.iter().zip(skip)).for_each(|(y, (b, s))| *y = b + s);
            }
        }
    }
}

/// `y [B, O] += x [B, I] W [I, O]`.
fn add_products(x: &[f32], weights: &[f32], y: &mut [f32], inputs: usize, outputs: usize) {
    let rows = y.len() / outputs;
    if rows <= MAX_LOOPED {
        for (x, y) in x.chunks_exact(inputs).zip(y.chunks_exact_mut(outputs)) {
            add_product(x, weights, y);
        }
    } else {
        matmul(y, Matrix::new(x, rows, inputs), Matrix::new(weights, inputs, outputs), true);
    }
}

/// Parameters of a noisy layer besides its weights.
struct NoisyBias<'a> {
    /// Biases `[O]`.
    bias: &'a [f32],
    /// Factors of the noise of the biases, `[O]`.
    sigma: &'a [f32],
    /// Noise of the inputs, `[I]`.
    input_noise: &'a [f32],
    /// Noise of the outputs, `[O]`.
    output_noise: &'a [f32],
}

impl<'a> NoisyBias<'a> {
    fn of(all: &'a [f32], inputs: usize, outputs: usize) -> Self {
        let (bias, rest) = all.split_at(outputs);
        let (sigma, noise) = rest.split_at(outputs);
        let (input_noise, output_noise) = noise.split_at(inputs);
        NoisyBias { bias, sigma, input_noise, output_noise }
    }

    /// Whether the noise is not 0.
    fn has_noise(&self) -> bool {
        self.output_noise.iter().any(|&e| e != 0.0)
    }
}

/// Weight of input `input` and output `output` of a noisy layer with its current noise, or its bias without an input;
/// `weights` are W and S, `bias` the other parameters.
pub(super) fn noisy_weight(
    weights: &[f32],
    bias: &[f32],
    inputs: usize,
    outputs: usize,
    input: Option<usize>,
    output: usize,
) -> f32 {
    let (w, sigma) = weights.split_at(inputs * outputs);
    let noisy = NoisyBias::of(bias, inputs, outputs);
    let output_noise = noisy.output_noise[output];
    match input {
        Some(i) => {
            w[i * outputs + output] + sigma[i * outputs + output] * noisy.input_noise[i] * output_noise
        }
        None => noisy.bias[output] + noisy.sigma[output] * output_noise,
    }
}

/// Rows `x [B, I]` times `factors [I]`, element by element.
fn scaled(x: &[f32], factors: &[f32]) -> Vec<f32> {
    x.chunks_exact(factors.len()).flat_map(|x| x.iter().zip(factors).map(|(x, e)| x * e)).collect()
}

/// Mean of `x` and 1 / sqrt(variance + 1e-5).
fn mean_and_inverse_std(x: &[f32]) -> (f32, f32) {
    let mean = x.iter().sum::<f32>() / x.len() as f32;
    let variance = x.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / x.len() as f32;
    (mean, 1.0 / (variance + 1e-5).sqrt())
}

/// `y [O] += x [I] W [I, O]`, four rows of W at a time, so that y is read and written a quarter as often.
fn add_product(x: &[f32], weights: &[f32], y: &mut [f32]) {
    let width = y.len();
    let (fours, rest) = x.as_chunks::<4>();
    let (blocks, tail) = weights.split_at(fours.len() * 4 * width);
    for (x, w) in fours.iter().zip(blocks.chunks_exact(4 * width)) {
        let (w0, w) = w.split_at(width);
        let (w1, w) = w.split_at(width);
        let (w2, w3) = w.split_at(width);
        for ((((y, w0), w1), w2), w3) in y.iter_mut().zip(w0).zip(w1).zip(w2).zip(w3) {
            *y += (x[0] * w0 + x[1] * w1) + (x[2] * w2 + x[3] * w3);
        }
    }
    for (x, w) in rest.iter().zip(tail.chunks_exact(width)) {
        y.iter_mut().zip(w).for_each(|(y, w)| *y += x * w);
    }
}

/// Weight rows selected by F one-hot indices `x [F]`, each below `n`. Indices out of range, which observations do not
/// have, are clamped.
pub(super) fn one_hot_rows(x: &[f32], n: usize) -> impl Iterator<Item = usize> {
    x.iter().enumerate().map(move |(field, &x)| field * n + (x as usize).min(n - 1))
}

/// Adds the column sums of `rows [B, O]` to `sum [O]`.
fn add_columns(rows: &[f32], sum: &mut [f32]) {
    if !sum.is_empty() {
        let each = rows.chunks_exact(sum.len());
        each.for_each(|row| sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += x));
    }
}

/// Transposes `from [B, C, P]`, C channels of P points, to `to [B, P, C]`.
fn transpose(from: &[f32], to: &mut [f32], channels: usize, points: usize) {
    let len = channels * points;
    for (from, to) in from.chunks_exact(len).zip(to.chunks_exact_mut(len)) {
        for (c, plane) in from.chunks_exact(points).enumerate() {
            for (p, &x) in plane.iter().enumerate() {
                to[p * channels + c] = x;
            }
        }
    }
}
