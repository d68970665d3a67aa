//! The passes of single layers over slices, bias, residual and activation included. `[B, …]` everywhere.

use super::conv::Patches;
use super::matmul::{Matrix, matmul};
use super::network::{Kind, Layer};

/// Up to so many rows a loop is quicker than a packed product.
const FEW: usize = 3;

/// `to = activation(layer(from) + skip)`.
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
        &Kind::Linear { inputs, outputs } => {
            begin(to, bias, skip);
            let rows = to.len() / outputs;
            if rows <= FEW {
                for (x, y) in from.chunks_exact(inputs).zip(to.chunks_exact_mut(outputs)) {
                    add_product(x, weights, y);
                }
            } else {
                matmul(to, Matrix::new(from, rows, inputs), Matrix::new(weights, inputs, outputs), true);
            }
        }
        &Kind::OneHot { fields, n, outputs } => {
            begin(to, bias, skip);
            for (x, y) in from.chunks_exact(fields).zip(to.chunks_exact_mut(outputs)) {
                for row in rows_looked_up(x, n) {
                    y.iter_mut().zip(&weights[row * outputs..]).for_each(|(y, w)| *y += w);
                }
            }
        }
        Kind::Conv(conv) => {
            begin(to, bias, skip);
            conv.forward(weights, from, to, patches);
        }
        Kind::Transposed(conv) => {
            begin(to, bias, skip);
            conv.transposed(weights, from, to, patches);
        }
        &Kind::ChannelsLast { channels, points } => {
            turn(from, to, channels, points);
        }
        &Kind::Dueling { actions } => {
            let value = skip.unwrap_or_default();
            for ((q, a), v) in to.chunks_exact_mut(actions).zip(from.chunks_exact(actions)).zip(value) {
                let mean = a.iter().sum::<f32>() / actions as f32;
                q.iter_mut().zip(a).for_each(|(q, a)| *q = v + a - mean);
            }
        }
        &Kind::Free { outputs } => to.chunks_exact_mut(outputs).for_each(|y| y.copy_from_slice(bias)),
    }
    layer.activation.apply(to);
}

/// Adds what `of_to`, the gradient of the sums, says of the parameters and of `from`.
pub(super) fn backward(
    layer: &Layer,
    parameters: &[f32],
    from: &[f32],
    of_to: &[f32],
    of_parameters: &mut [f32],
    of_from: Option<&mut [f32]>,
    patches: &mut Patches,
) {
    let weights = &parameters[layer.weights.clone()];
    add_columns(of_to, &mut of_parameters[layer.bias.clone()]);
    let of_weights = &mut of_parameters[layer.weights.clone()];
    match &layer.kind {
        &Kind::Linear { inputs, outputs } => {
            let rows = of_to.len() / outputs;
            let gradient = Matrix::new(of_to, rows, outputs);
            matmul(of_weights, Matrix::new(from, rows, inputs).t(), gradient, true);
            if let Some(of_from) = of_from {
                matmul(of_from, gradient, Matrix::new(weights, inputs, outputs).t(), true);
            }
        }
        &Kind::OneHot { fields, n, outputs } => {
            for (x, gradient) in from.chunks_exact(fields).zip(of_to.chunks_exact(outputs)) {
                for row in rows_looked_up(x, n) {
                    let of_row = of_weights[row * outputs..].iter_mut();
                    of_row.zip(gradient).for_each(|(sum, g)| *sum += g);
                }
            }
        }
        Kind::Conv(conv) => conv.backward(weights, from, of_to, of_weights, of_from, patches),
        Kind::Transposed(conv) => {
            conv.transposed_backward(weights, from, of_to, of_weights, of_from, patches)
        }
        &Kind::ChannelsLast { channels, points } => {
            if let Some(of_from) = of_from {
                let mut turned = vec![0.0; of_to.len()];
                turn(of_to, &mut turned, points, channels);
                of_from.iter_mut().zip(turned).for_each(|(sum, g)| *sum += g);
            }
        }
        &Kind::Dueling { actions } => {
            if let Some(of_from) = of_from {
                for (of_a, of_q) in of_from.chunks_exact_mut(actions).zip(of_to.chunks_exact(actions)) {
                    let mean = of_q.iter().sum::<f32>() / actions as f32;
                    of_a.iter_mut().zip(of_q).for_each(|(a, q)| *a += q - mean);
                }
            }
        }
        Kind::Free { .. } => {}
    }
}

/// Adds the gradient of the sums to that of the place they were added from.
pub(super) fn backward_skip(layer: &Layer, of_to: &[f32], of_skip: &mut [f32]) {
    match layer.kind {
        Kind::Dueling { actions } => {
            let rows = of_skip.iter_mut().zip(of_to.chunks_exact(actions));
            rows.for_each(|(v, of_q)| *v += of_q.iter().sum::<f32>());
        }
        _ => of_skip.iter_mut().zip(of_to).for_each(|(sum, g)| *sum += g),
    }
}

/// Every row begins as the bias, or as bias and residual.
fn begin(to: &mut [f32], bias: &[f32], skip: Option<&[f32]>) {
    match skip {
        None => to.chunks_exact_mut(bias.len()).for_each(|y| y.copy_from_slice(bias)),
        Some(skip) => {
            for (y, skip) in to.chunks_exact_mut(bias.len()).zip(skip.chunks_exact(bias.len())) {
                y.iter_mut().zip(bias.iter().zip(skip)).for_each(|(y, (b, s))| *y = b + s);
            }
        }
    }
}

/// `y [O] += x [I] W [I, O]`: four rows of W at a time, so that y is read and written a quarter as often.
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

/// The rows of the weights that a one-hot row `x [F]` looks up. An index that is none looks up the nearest one: worlds do
/// not show such, and a slice is never left.
fn rows_looked_up(x: &[f32], n: usize) -> impl Iterator<Item = usize> {
    x.iter().enumerate().map(move |(field, &x)| field * n + (x as usize).min(n - 1))
}

/// `sum [O] +=` the columns of `rows [B, O]`.
fn add_columns(rows: &[f32], sum: &mut [f32]) {
    if !sum.is_empty() {
        let each = rows.chunks_exact(sum.len());
        each.for_each(|row| sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += x));
    }
}

/// `[B, C, P]` to `[B, P, C]`.
fn turn(from: &[f32], to: &mut [f32], channels: usize, points: usize) {
    let len = channels * points;
    for (from, to) in from.chunks_exact(len).zip(to.chunks_exact_mut(len)) {
        for (c, plane) in from.chunks_exact(points).enumerate() {
            for (p, &x) in plane.iter().enumerate() {
                to[p * channels + c] = x;
            }
        }
    }
}
