//! What orders centres by their distance from a sample.

use super::KMeans;
use crate::fit::rows::{centre, dot, products};

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
    mean: Vec<f32>,
}

impl Assigner {
    pub(super) fn new(model: &KMeans) -> Self {
        let mut centred = vec![0.0; model.centres.values().len()];
        centre(model.centres.values(), &model.mean, &mut centred);
        Assigner { scores: Scores::new(&centred, model.mean.len()), mean: model.mean.clone() }
    }

    /// The nearest centre of every row of `x [B, D]`.
    pub fn labels(&self, x: &[f32]) -> Vec<u32> {
        let k = self.scores.offsets.len();
        let (mut centred, mut room) = (vec![0.0; x.len()], vec![0.0; x.len() / self.mean.len() * k]);
        centre(x, &self.mean, &mut centred);
        self.scores.of(&centred, &mut room);
        room.chunks_exact(k).map(|scores| least(scores).0 as u32).collect()
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
