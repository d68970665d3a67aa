//! Search for the nearest center of k-means.

use super::KMeans;
use crate::estimator::rows::{center, centered, dot, multiply_transposed, squared_distance};

/// Scores `|c|^2 - 2 x.c` for samples x and K centers c, `[K, D]`: the nearest center of x has the smallest score.
pub(super) struct CenterScores {
    /// `-2 c`, `[K, D]`.
    negated_double: Vec<f32>,
    /// `|c|^2`, `[K]`.
    offsets: Vec<f32>,
    width: usize,
}

impl CenterScores {
    pub(super) fn new(centers: &[f32], width: usize) -> Self {
        let negated_double = centers.iter().map(|c| -2.0 * c).collect();
        let offsets = centers.chunks_exact(width).map(|c| dot(c, c)).collect();
        CenterScores { negated_double, offsets, width }
    }

    /// Writes the scores of B samples `x [B, D]` to `out [B, K]`: squared distances minus `|x|^2`.
    pub(super) fn compute(&self, x: &[f32], out: &mut [f32]) {
        multiply_transposed(x, &self.negated_double, self.width, out);
        for out in out.chunks_exact_mut(self.offsets.len()) {
            out.iter_mut().zip(&self.offsets).for_each(|(out, offset)| *out += offset);
        }
    }
}

/// Search for the nearest center of a k-means model, prepared once for many calls.
pub struct NearestCenter {
    scores: CenterScores,
    /// Centers minus their mean, `[K, D]`.
    centers: Vec<f32>,
    mean: Vec<f64>,
    /// Largest squared norm of a center.
    max_square: f32,
}

/// Rounding error of the matrix product, relative to the squared norms of both factors.
const ROUNDING: f32 = 1e-5;

impl NearestCenter {
    pub(super) fn new(model: &KMeans) -> Self {
        let centers = centered(&model.centers, &model.mean);
        let scores = CenterScores::new(&centers, model.mean.len());
        let max_square = scores.offsets.iter().copied().fold(0.0, f32::max);
        NearestCenter { scores, centers, mean: model.mean.clone(), max_square }
    }

    /// Index of the nearest center of each of B samples `x [B, D]`: `[B]`.
    pub fn predict(&self, x: &[f64]) -> Vec<u32> {
        let k = self.scores.offsets.len();
        let (mut centered, mut scratch) = (vec![0.0; x.len()], vec![0.0; x.len() / self.mean.len() * k]);
        center(x, &self.mean, &mut centered);
        self.scores.compute(&centered, &mut scratch);
        let rows = centered.chunks_exact(self.mean.len()).zip(scratch.chunks_exact(k));
        rows.map(|(x, scores)| self.nearest(x, scores)).collect()
    }

    /// Index of the nearest center of the sample `x`. Rounding in the matrix product depends on the number of samples;
    /// centers whose `scores` are within the rounding error are compared by exact distance, so that the label of a
    /// sample does not depend on the other samples.
    fn nearest(&self, x: &[f32], scores: &[f32]) -> u32 {
        let (first, score) = argmin(scores);
        let bound = score + ROUNDING * (dot(x, x) + self.max_square);
        let close = scores.iter().zip(self.centers.chunks_exact(x.len())).enumerate();
        let mut best = (f32::INFINITY, first);
        for (j, (_, center)) in close.filter(|(_, (score, _))| **score <= bound) {
            let square = squared_distance(x, center);
            if square < best.0 {
                best = (square, j);
            }
        }
        best.1 as u32
    }
}

/// Index and value of the smallest of the `scores`; the first one on ties.
pub(super) fn argmin<T: Copy + PartialOrd>(scores: &[T]) -> (usize, T) {
    let mut best = (0, scores[0]);
    for (j, &score) in scores.iter().enumerate().skip(1) {
        if score < best.1 {
            best = (j, score);
        }
    }
    best
}
