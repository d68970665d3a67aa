//! Parallel sums and products over the rows of a data set. Blocks have a fixed size and their results are added in
//! order, so that the result does not depend on the number of threads.

use crate::Samples;
use freewheel_core::{Result, Stream, memory};
use rayon::prelude::*;

use crate::nn::matmul::{Matrix, matmul};

/// Rows per block; 256 rows of 784 numbers fit into an L2 cache of 1 MiB.
pub(crate) const BLOCK: usize = 256;

/// Size of a result in bytes up to which the memory of the machine is not asked for.
const UNCHECKED: u128 = 1 << 28;

/// Results of `f(index of the first row, block)` for every block of `rows` rows of `x`, in order.
pub(crate) fn map_blocks<R: Send>(x: &Samples, rows: usize, f: impl Fn(usize, &[f64]) -> R + Sync) -> Vec<R> {
    let all = x.values().par_chunks(rows * x.width()).enumerate();
    all.map(|(i, block)| f(i * rows, block)).collect()
}

/// Samples `[N, width]` computed from N samples `x [N, D]`: `f(rows of x, rows of the result)` fills the rows block by
/// block.
pub(crate) fn map_rows(x: &Samples, width: usize, f: impl Fn(&[f64], &mut [f64]) + Sync) -> Result<Samples> {
    let bytes = x.rows() as u128 * width as u128 * size_of::<f64>() as u128;
    if bytes > UNCHECKED {
        memory::require(&format!("a result of {} rows with {width} numbers each", x.rows()), bytes)?;
    }
    let mut out = vec![0.0; x.rows() * width];
    let all = x.values().par_chunks(BLOCK * x.width()).zip(out.par_chunks_mut(BLOCK * width));
    all.for_each(|(x, out)| f(x, out));
    Samples::new(out, width)
}

/// Sum of P vectors, `parts [P, n]`, added in order in f64.
pub(crate) fn sum_parts(parts: &[Vec<f32>]) -> Vec<f64> {
    let mut sum = vec![0.0; parts.first().map_or(0, Vec::len)];
    for part in parts {
        sum.iter_mut().zip(part).for_each(|(sum, &x)| *sum += f64::from(x));
    }
    sum
}

/// Dot product, summed in sixteen independent lanes for SIMD.
#[inline]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    lanes(a, b, |a, b| a * b)
}

/// Squared Euclidean distance, summed in sixteen independent lanes for SIMD.
#[inline]
pub(crate) fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    lanes(a, b, |a, b| (a - b) * (a - b))
}

#[inline(always)]
fn lanes(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    let mut lanes = [0f32; 16];
    for (a, b) in a.iter().zip(b) {
        for (lane, (a, b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
            *lane += f(*a, *b);
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| f(*a, *b)).sum();
    lanes.iter().sum::<f32>() + rest
}

/// Mean of every column of `x [N, D]`, `[D]`.
pub(crate) fn means(x: &Samples) -> Vec<f64> {
    let width = x.width();
    let parts = map_blocks(x, BLOCK, |_, block| {
        let mut sum = vec![0.0; width];
        for row in block.chunks_exact(width) {
            sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        sum
    });
    let mut mean = vec![0.0; width];
    parts.iter().for_each(|part| mean.iter_mut().zip(part).for_each(|(mean, x)| *mean += x));
    mean.iter_mut().for_each(|mean| *mean /= x.rows() as f64);
    mean
}

/// Standard deviation of every column of `x [N, D]` about its `mean [D]`, `[D]`.
pub(crate) fn deviations(x: &Samples, mean: &[f64]) -> Vec<f64> {
    let parts = map_blocks(x, BLOCK, |_, block| {
        let mut sum = vec![0.0; mean.len()];
        for row in block.chunks_exact(mean.len()) {
            sum.iter_mut().zip(row.iter().zip(mean)).for_each(|(sum, (x, m))| *sum += (x - m) * (x - m));
        }
        sum
    });
    let mut squares = vec![0.0; mean.len()];
    parts.iter().for_each(|part| squares.iter_mut().zip(part).for_each(|(sum, x)| *sum += x));
    squares.iter().map(|sum| (sum / x.rows() as f64).sqrt()).collect()
}

/// Samples `x [N, D]` minus `mean [D]`, `[N, D]` in f32; centering in f64 keeps the digits of data far from 0.
pub(crate) fn centered(x: &Samples, mean: &[f64]) -> Vec<f32> {
    let mut out = vec![0.0; x.values().len()];
    let all = x.values().par_chunks(BLOCK * x.width()).zip(out.par_chunks_mut(BLOCK * x.width()));
    all.for_each(|(x, out)| center(x, mean, out));
    out
}

/// Writes the rows `x [B, D]` minus `mean [D]` to `out [B, D]`.
pub(crate) fn center(x: &[f64], mean: &[f64], out: &mut [f32]) {
    for (x, out) in x.chunks_exact(mean.len()).zip(out.chunks_exact_mut(mean.len())) {
        out.iter_mut().zip(x.iter().zip(mean)).for_each(|(out, (x, m))| *out = (x - m) as f32);
    }
}

/// Sum of the squared distances of all rows of `x` from `center [D]`.
pub(crate) fn squared_deviations(x: &Samples, center: &[f64]) -> f64 {
    let each = |row: &[f64]| exact_square(row, center);
    map_blocks(x, BLOCK, |_, block| block.chunks_exact(x.width()).map(each).sum::<f64>()).iter().sum()
}

/// Squared Euclidean distance in f64, summed in eight independent lanes for SIMD.
#[inline]
pub(crate) fn exact_square(a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut lanes = [0f64; 8];
    for (a, b) in a.iter().zip(b) {
        for (lane, (a, b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
            *lane += (a - b) * (a - b);
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| (a - b) * (a - b)).sum();
    lanes.iter().sum::<f64>() + rest
}

/// Writes `x [B, D]` times the transpose of `rows [K, D]` to `out [B, K]`.
pub(crate) fn multiply_transposed(x: &[f32], rows: &[f32], width: usize, out: &mut [f32]) {
    let (b, k) = (x.len() / width, rows.len() / width);
    matmul(out, Matrix::new(x, b, width), Matrix::new(rows, k, width).t(), false);
}

/// Shuffles `order` at random (Fisher & Yates).
pub(crate) fn shuffle(order: &mut [u32], rng: &mut Stream) {
    for i in (1..order.len()).rev() {
        order.swap(i, rng.below(i as u32 + 1) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_and_products_by_hand() {
        let x = Samples::new(vec![1.0, 2.0, 3.0, 6.0], 2).unwrap();
        assert_eq!(means(&x), [2.0, 4.0]);
        assert_eq!(squared_deviations(&x, &[2.0, 4.0]), 10.0);
        let mut out = [0.0; 4];
        multiply_transposed(&x.to_f32(), &[1.0, 0.0, 1.0, -1.0], 2, &mut out);
        assert_eq!(out, [1.0, -1.0, 3.0, -3.0]);
        let (a, b): (Vec<f32>, Vec<f32>) = ((0..37).map(|i| i as f32).collect(), vec![2.0; 37]);
        assert_eq!((dot(&a, &b), squared_distance(&a, &b)), (1332.0, 16206.0 - 2664.0 + 148.0));
    }
}
