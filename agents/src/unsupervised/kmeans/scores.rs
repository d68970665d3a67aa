//! What orders centres by their distance from a sample.

use super::KMeans;
use crate::fit::rows::{centre, dot, products, squared_distance};

/// Of centres c `[K, D]`: `|c|^2 - 2 x.c` is least for the one nearest to x.
pub(super) struct Scores {
    /// `-2 c`, `[K, D]`.
    doubled: Vec<f32>,
    /// `|c|^2`, `[K]`.
    offsets: Vec<f32>,
    width: usize,
}

impl Scores {
    pub(super) fn new(centres: &[f32], width: usize) -> Self {
        let doubled = centres.iter().map(|c| -2.0 * c).collect();
        let offsets = centres.chunks_exact(width).map(|c| dot(c, c)).collect();
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

/// Finds the nearest centres, prepared to do so often.
pub struct Assigner {
    scores: Scores,
    /// Less the mean, `[K, D]`.
    centres: Vec<f32>,
    mean: Vec<f32>,
    /// The greatest square of a centre.
    greatest: f32,
}

/// What products of hundreds of numbers may be off by, as a share of the squares of both factors.
const ROUNDING: f32 = 1e-5;

impl Assigner {
    pub(super) fn new(model: &KMeans) -> Self {
        let mut centres = vec![0.0; model.centres.values().len()];
        centre(model.centres.values(), &model.mean, &mut centres);
        let scores = Scores::new(&centres, model.mean.len());
        let greatest = scores.offsets.iter().copied().fold(0.0, f32::max);
        Assigner { scores, centres, mean: model.mean.clone(), greatest }
    }

    /// The nearest centre of every row of `x [B, D]`.
    pub fn labels(&self, x: &[f32]) -> Vec<u32> {
        let k = self.scores.offsets.len();
        let (mut centred, mut room) = (vec![0.0; x.len()], vec![0.0; x.len() / self.mean.len() * k]);
        centre(x, &self.mean, &mut centred);
        self.scores.of(&centred, &mut room);
        let rows = centred.chunks_exact(self.mean.len()).zip(room.chunks_exact(k));
        rows.map(|(x, scores)| self.nearest(x, scores)).collect()
    }

    /// Products round as the shape of their matrices has it. What they leave close to the least is compared as it is, so that a row's
    /// label is its own, in whatever company.
    fn nearest(&self, x: &[f32], scores: &[f32]) -> u32 {
        let (first, score) = least(scores);
        let bound = score + ROUNDING * (dot(x, x) + self.greatest);
        let close = scores.iter().zip(self.centres.chunks_exact(x.len())).enumerate();
        let mut best = (f32::INFINITY, first);
        for (j, (_, centre)) in close.filter(|(_, (score, _))| **score <= bound) {
            let square = squared_distance(x, centre);
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
