//! What orders centres by their distance from a sample.

use crate::fit::rows::{dot, products};

/// Of centres `[K, D]`: `|d|^2 + 2 m.d - 2 x.d`, d = c - m, is least for the nearest.
pub(super) struct Scores {
    /// `-2 (c - m)`, `[K, D]`.
    doubled: Vec<f32>,
    /// `|d|^2 + 2 m.d`, `[K]`.
    offsets: Vec<f32>,
    width: usize,
}

impl Scores {
    pub(super) fn new(centres: &[f32], mean: &[f32]) -> Self {
        let width = mean.len();
        let mut doubled = centres.to_vec();
        let mut offsets = Vec::new();
        for d in doubled.chunks_exact_mut(width) {
            d.iter_mut().zip(mean).for_each(|(d, m)| *d -= m);
            offsets.push(dot(d, d) + 2.0 * dot(d, mean));
            d.iter_mut().for_each(|d| *d *= -2.0);
        }
        Scores { doubled, offsets, width }
    }

    /// Of `x [B, D]`, to `out [B, K]`: squared distances less the sample's own from the mean.
    pub(super) fn of(&self, x: &[f32], out: &mut [f32]) {
        products(x, &self.doubled, self.width, out);
        for out in out.chunks_exact_mut(self.offsets.len()) {
            out.iter_mut().zip(&self.offsets).for_each(|(out, offset)| *out += offset);
        }
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
