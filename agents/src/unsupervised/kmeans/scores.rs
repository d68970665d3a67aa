//! What orders centers by their distance from a sample.

use super::KMeans;
use crate::fit::rows::{center, dot, products, squared_distance};

/// Of centers c `[K, D]`: `|c|^2 - 2 x.c` is least for the one nearest to x.
pub(super) struct Scores {
    /// `-2 c`, `[K, D]`.
    doubled: Vec<f32>,
    /// `|c|^2`, `[K]`.
    offsets: Vec<f32>,
    width: usize,
}

impl Scores {
    pub(super) fn new(centers: &[f32], width: usize) -> Self {
        let doubled = centers.iter().map(|c| -2.0 * c).collect();
        let offsets = centers.chunks_exact(width).map(|c| dot(c, c)).collect();
        Scores { doubled, offsets, width }
    }

    /// Of `x [B, D]`, to `out [B, K]`: squared distances less the sample's own square.
    pub(super) fn of(&self, x: &[f32], out: &mut [f32]) {
        products(x, &self.doubled, self.width, out);
        for out in out.chunks_exact_mut(self.offsets.len()) {
            out.iter_mut().zip(&self.offsets).for_each(|(out, offset)| *out += offset);
        }
    }
}

/// Finds the nearest centers, prepared to do so often.
pub struct Assigner {
    scores: Scores,
    /// Less the mean, `[K, D]`.
    centers: Vec<f32>,
    mean: Vec<f32>,
    /// The greatest square of a center.
    greatest: f32,
}

/// What products of hundreds of numbers may be off by, as a share of the squares of both factors.
const ROUNDING: f32 = 1e-5;

impl Assigner {
    pub(super) fn new(model: &KMeans) -> Self {
        let mut centers = vec![0.0; model.centers.values().len()];
        center(model.centers.values(), &model.mean, &mut centers);
        let scores = Scores::new(&centers, model.mean.len());
        let greatest = scores.offsets.iter().copied().fold(0.0, f32::max);
        Assigner { scores, centers, mean: model.mean.clone(), greatest }
    }

    /// The nearest center of every row of `x [B, D]`.
    pub fn labels(&self, x: &[f32]) -> Vec<u32> {
        let k = self.scores.offsets.len();
        let (mut centered, mut scratch) = (vec![0.0; x.len()], vec![0.0; x.len() / self.mean.len() * k]);
        center(x, &self.mean, &mut centered);
        self.scores.of(&centered, &mut scratch);
        let rows = centered.chunks_exact(self.mean.len()).zip(scratch.chunks_exact(k));
        rows.map(|(x, scores)| self.nearest(x, scores)).collect()
    }

    /// Products round as the shape of their matrices has it. What they leave close to the least is compared as it is, so that a row's
    /// label is its own, in whatever company.
    fn nearest(&self, x: &[f32], scores: &[f32]) -> u32 {
        let (first, score) = least(scores);
        let bound = score + ROUNDING * (dot(x, x) + self.greatest);
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

/// The first of the least numbers.
pub(super) fn least(scores: &[f32]) -> (usize, f32) {
    let mut best = (0, scores[0]);
    for (j, &score) in scores.iter().enumerate().skip(1) {
        if score < best.1 {
            best = (j, score);
        }
    }
    best
}
