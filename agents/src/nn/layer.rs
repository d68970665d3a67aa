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
            let rows = to.len() / outputs;
            if rows <= MAX_LOOPED {
                for (x, y) in from.chunks_exact(inputs).zip(to.chunks_exact_mut(outputs)) {
                    add_product(x, weights, y);
                }
            } else {
                matmul(to, Matrix::new(from, rows, inputs), Matrix::new(weights, inputs, outputs), true);
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
        &LayerKind::Dueling { actions } => {
            let value = skip.unwrap_or_default();
            for ((q, a), v) in to.chunks_exact_mut(actions).zip(from.chunks_exact(actions)).zip(value) {
                let mean = a.iter().sum::<f32>() / actions as f32;
                q.iter_mut().zip(a).for_each(|(q, a)| *q = v + a - mean);
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
    add_columns(grad_to, &mut grad_parameters[layer.bias.clone()]);
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
        &LayerKind::Dueling { actions } => {
            if let Some(grad_from) = grad_from {
                for (grad_a, grad_q) in grad_from.chunks_exact_mut(actions).zip(grad_to.chunks_exact(actions))
                {
                    let mean = grad_q.iter().sum::<f32>() / actions as f32;
                    grad_a.iter_mut().zip(grad_q).for_each(|(a, q)| *a += q - mean);
                }
            }
        }
        LayerKind::FreeParameters { .. } => {}
    }
}

/// Adds the gradient of the skip connection (in a dueling head, of the state value) to `grad_skip`.
pub(super) fn backward_skip(layer: &Layer, grad_to: &[f32], grad_skip: &mut [f32]) {
    match layer.kind {
        LayerKind::Dueling { actions } => {
            let rows = grad_skip.iter_mut().zip(grad_to.chunks_exact(actions));
            rows.for_each(|(v, grad_q)| *v += grad_q.iter().sum::<f32>());
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
