//! Rouwenhorst's chain: a first-order autoregression on a finite set, with its moments exact.
//!
//! The signal `f' = persistence f + e` with `sd(e) = innovation` becomes n equally spaced values between `-w` and `w`,
//! `w = sqrt(n - 1) innovation / sqrt(1 - persistence^2)` (Rouwenhorst 1995; Kopecky & Suen 2010). State `i` is the number
//! of n - 1 independent coins that show heads, each of which keeps its side with probability `(1 + persistence) / 2`. So
//! for every n the conditional mean is `persistence f`, the conditional variance `innovation^2` *in every state*, and
//! the stationary law is binomial. Only the higher moments are those of a normal signal in the limit.

use freewheel_core::Stream;

/// The chain with its law of motion, ready to be sampled in constant time.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    /// `[n]`, ascending.
    values: Vec<f64>,
    /// Probability of going from row to column, `[n * n]`.
    moves: Vec<f64>,
    /// `[n]`.
    stationary: Vec<f64>,
    /// Walker's alias tables of the rows, `[n * n]`, and of the stationary law, `[n]`.
    aliases: Vec<Alias>,
    first: Vec<Alias>,
}

impl Chain {
    /// `states` at least 2, `persistence` in [0, 1), `innovation` a standard deviation.
    pub(super) fn rouwenhorst(states: usize, persistence: f64, innovation: f64) -> Self {
        let coins = states - 1;
        let width = (coins as f64).sqrt() * innovation / (1.0 - persistence * persistence).sqrt();
        let value = |i: usize| width * (2.0 * i as f64 / coins as f64 - 1.0);
        let keep = f64::midpoint(1.0, persistence);
        let moves: Vec<f64> = (0..states)
            .flat_map(|heads| tosses((0..coins).map(|coin| if coin < heads { keep } else { 1.0 - keep })))
            .collect();
        let stationary = tosses((0..coins).map(|_| 0.5));
        Chain {
            values: (0..states).map(value).collect(),
            aliases: moves.chunks(states).flat_map(aliases).collect(),
            first: aliases(&stationary),
            moves,
            stationary,
        }
    }

    /// n.
    pub(super) fn states(&self) -> usize {
        self.values.len()
    }

    /// The signal in state `i`.
    #[inline]
    pub(super) fn value(&self, i: usize) -> f64 {
        self.values[i]
    }

    /// The greatest signal.
    pub(super) fn width(&self) -> f64 {
        self.values[self.values.len() - 1]
    }

    /// Where state `i` goes, `[n]`.
    pub(super) fn row(&self, i: usize) -> &[f64] {
        &self.moves[i * self.states()..(i + 1) * self.states()]
    }

    /// The stationary law, `[n]`, in which episodes begin.
    pub(super) fn stationary(&self) -> &[f64] {
        &self.stationary
    }

    /// The variance of the stationary law.
    pub(super) fn variance(&self) -> f64 {
        self.stationary.iter().zip(&self.values).map(|(p, f)| p * f * f).sum()
    }

    /// A state of the stationary law.
    #[inline]
    pub(super) fn begin(&self, rng: &mut Stream) -> usize {
        draw(&self.first, rng)
    }

    /// The state after `i`.
    #[inline]
    pub(super) fn next(&self, i: usize, rng: &mut Stream) -> usize {
        let n = self.states();
        draw(&self.aliases[i * n..(i + 1) * n], rng)
    }
}

/// The law of the number of heads among independent coins, each with its own probability of heads.
fn tosses(heads: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut law = vec![1.0];
    for p in heads {
        law.push(0.0);
        for k in (0..law.len()).rev() {
            let below = if k > 0 { law[k - 1] } else { 0.0 };
            law[k] = law[k] * (1.0 - p) + below * p;
        }
    }
    law
}

/// A column of an alias table: itself with probability `keep`, else `other`.
#[derive(Clone, Copy, Debug)]
struct Alias {
    keep: f64,
    other: u32,
}

/// Walker's alias table of a law (1977), built as Vose does (1991).
fn aliases(law: &[f64]) -> Vec<Alias> {
    let n = law.len() as f64;
    let mut table: Vec<Alias> = (0u32..).zip(law).map(|(i, p)| Alias { keep: p * n, other: i }).collect();
    let (mut small, mut large): (Vec<usize>, Vec<usize>) =
        (0..table.len()).partition(|&i| table[i].keep < 1.0);
    while let (Some(&less), Some(&more)) = (small.last(), large.last()) {
        small.pop();
        table[less].other = more as u32;
        table[more].keep -= 1.0 - table[less].keep;
        if table[more].keep < 1.0 {
            large.pop();
            small.push(more);
        }
    }
    // What is left is 1 but for rounding.
    for i in small.into_iter().chain(large) {
        table[i] = Alias { keep: 1.0, other: i as u32 };
    }
    table
}

#[inline]
fn draw(table: &[Alias], rng: &mut Stream) -> usize {
    let u = rng.uniform() * table.len() as f64;
    let column = u as usize;
    let Alias { keep, other } = table[column];
    if u - (column as f64) < keep { column } else { other as usize }
}

#[cfg(test)]
mod tests {
    use freewheel_core::{Purpose, Streams};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Mean, variance and autocovariance are those of the autoregression, to rounding, in every state.
        #[test]
        fn moments_are_exact(states in 2usize..60, persistence in 0.0..0.99, innovation in 1e-4..1.0) {
            let chain = Chain::rouwenhorst(states, persistence, innovation);
            let scale = chain.width();
            for i in 0..states {
                let mean: f64 = chain.row(i).iter().zip(&chain.values).map(|(p, f)| p * f).sum();
                let square: f64 = chain.row(i).iter().zip(&chain.values).map(|(p, f)| p * (f - mean).powi(2)).sum();
                prop_assert!((mean - persistence * chain.value(i)).abs() < 1e-12 * scale);
                prop_assert!((square - innovation * innovation).abs() < 1e-11 * scale * scale);
                prop_assert!((chain.row(i).iter().sum::<f64>() - 1.0).abs() < 1e-12);
            }
            let variance = innovation * innovation / (1.0 - persistence * persistence);
            prop_assert!((chain.variance() / variance - 1.0).abs() < 1e-11);
            for j in 0..states {
                let after: f64 = (0..states).map(|i| chain.stationary[i] * chain.row(i)[j]).sum();
                prop_assert!((after - chain.stationary[j]).abs() < 1e-12);
            }
        }

        /// The probabilities that an alias table gives are those it was made of.
        #[test]
        fn aliases_keep_the_law(weights in prop::collection::vec(0.0..1.0f64, 1..40)) {
            let sum: f64 = weights.iter().sum::<f64>() + 1e-3;
            let mut law: Vec<f64> = weights.iter().map(|w| w / sum).collect();
            law.push(1e-3 / sum);
            let mut again = vec![0.0; law.len()];
            for (i, alias) in aliases(&law).iter().enumerate() {
                again[i] += alias.keep / law.len() as f64;
                again[alias.other as usize] += (1.0 - alias.keep) / law.len() as f64;
            }
            for (a, b) in law.iter().zip(again) {
                prop_assert!((a - b).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn samples_follow_the_row() {
        let chain = Chain::rouwenhorst(7, 0.6, 1.0);
        let mut rng = Streams::new(5).stream(Purpose::Environment, 0, 0);
        let n = 100_000;
        let mut counts = [0.0; 7];
        for _ in 0..n {
            counts[chain.next(4, &mut rng)] += 1.0;
        }
        let chi: f64 = (0..7)
            .map(|j| (counts[j] - n as f64 * chain.row(4)[j]).powi(2) / (n as f64 * chain.row(4)[j]))
            .sum();
        // Six degrees of freedom: 22.5 is passed once in a thousand.
        assert!(chi < 22.5, "{chi}");
    }
}
