//! Rouwenhorst's Markov chain: a first-order autoregression on a finite set with exact moments.
//!
//! The signal `f' = persistence f + e`, with shocks e of standard deviation `innovation`, becomes n equally spaced
//! values between `-w` and `w`, where `w = sqrt(n - 1) innovation / sqrt(1 - persistence^2)` (Rouwenhorst 1995; Kopecky
//! & Suen 2010). State `i` is the number of heads among n - 1 independent coins, each of which keeps its side with
//! probability `(1 + persistence) / 2`. For every n the conditional mean is `persistence f`, the conditional variance
//! `innovation^2` in every state, and the stationary distribution is binomial. Higher moments are those of a normal
//! signal only in the limit.

use freewheel_core::Stream;

/// Markov chain; sampling the next state takes constant time.
#[derive(Clone, Debug)]
pub(super) struct MarkovChain {
    /// Signal in each of the n states, `[n]`, ascending.
    values: Vec<f64>,
    /// Transition probabilities from row to column, `[n * n]`.
    transitions: Vec<f64>,
    /// Stationary distribution, `[n]`.
    stationary: Vec<f64>,
    /// Alias tables of the rows of `transitions`, `[n * n]`, and of the stationary distribution, `[n]`.
    transition_aliases: Vec<Alias>,
    start_aliases: Vec<Alias>,
}

impl MarkovChain {
    /// Rouwenhorst chain of `states` states, at least 2; `persistence` in [0, 1); `innovation` is the standard
    /// deviation of the shocks.
    pub(super) fn rouwenhorst(states: usize, persistence: f64, innovation: f64) -> Self {
        let coins = states - 1;
        let width = (coins as f64).sqrt() * innovation / (1.0 - persistence * persistence).sqrt();
        let value = |i: usize| width * (2.0 * i as f64 / coins as f64 - 1.0);
        let keep = f64::midpoint(1.0, persistence);
        let transitions: Vec<f64> = (0..states)
            .flat_map(|heads| {
                heads_distribution((0..coins).map(|coin| if coin < heads { keep } else { 1.0 - keep }))
            })
            .collect();
        let stationary = heads_distribution((0..coins).map(|_| 0.5));
        MarkovChain {
            values: (0..states).map(value).collect(),
            transition_aliases: transitions.chunks(states).flat_map(alias_table).collect(),
            start_aliases: alias_table(&stationary),
            transitions,
            stationary,
        }
    }

    /// Number of states n.
    pub(super) fn states(&self) -> usize {
        self.values.len()
    }

    /// Signal in the state `i` of the chain.
    #[inline]
    pub(super) fn value(&self, i: usize) -> f64 {
        self.values[i]
    }

    /// Largest signal of all states.
    pub(super) fn max_value(&self) -> f64 {
        self.values[self.values.len() - 1]
    }

    /// Probabilities of the n states after the state `i`, `[n]`.
    pub(super) fn transition_row(&self, i: usize) -> &[f64] {
        &self.transitions[i * self.states()..(i + 1) * self.states()]
    }

    /// Stationary distribution over the n states, `[n]`, from which episodes start.
    pub(super) fn stationary(&self) -> &[f64] {
        &self.stationary
    }

    /// Variance of the stationary distribution.
    pub(super) fn variance(&self) -> f64 {
        self.stationary.iter().zip(&self.values).map(|(p, f)| p * f * f).sum()
    }

    /// Samples a state of the stationary distribution.
    #[inline]
    pub(super) fn sample_start(&self, rng: &mut Stream) -> usize {
        sample_alias(&self.start_aliases, rng)
    }

    /// Samples the state that follows state `i`.
    #[inline]
    pub(super) fn sample_next(&self, i: usize, rng: &mut Stream) -> usize {
        let n = self.states();
        sample_alias(&self.transition_aliases[i * n..(i + 1) * n], rng)
    }
}

/// Distribution of the number of heads among independent coins with these probabilities of heads.
fn heads_distribution(heads: impl Iterator<Item = f64>) -> Vec<f64> {
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

/// Column of an alias table: the sample is the column's index with probability `keep`, else `other`.
#[derive(Clone, Copy, Debug)]
struct Alias {
    keep: f64,
    other: u32,
}

/// Alias table of a distribution (Walker 1977), built as in Vose (1991).
fn alias_table(law: &[f64]) -> Vec<Alias> {
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
    // The remaining columns differ from 1 by rounding only.
    for i in small.into_iter().chain(large) {
        table[i] = Alias { keep: 1.0, other: i as u32 };
    }
    table
}

#[inline]
fn sample_alias(table: &[Alias], rng: &mut Stream) -> usize {
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
        /// Mean, variance and stationary distribution equal those of the autoregression, to rounding, in every state.
        #[test]
        fn moments_are_exact(states in 2usize..60, persistence in 0.0..0.99, innovation in 1e-4..1.0) {
            let chain = MarkovChain::rouwenhorst(states, persistence, innovation);
            let scale = chain.max_value();
            for i in 0..states {
                let mean: f64 = chain.transition_row(i).iter().zip(&chain.values).map(|(p, f)| p * f).sum();
                let square = |(p, f): (&f64, &f64)| p * (f - mean).powi(2);
                let square: f64 = chain.transition_row(i).iter().zip(&chain.values).map(square).sum();
                prop_assert!((mean - persistence * chain.value(i)).abs() < 1e-12 * scale);
                prop_assert!((square - innovation * innovation).abs() < 1e-11 * scale * scale);
                prop_assert!((chain.transition_row(i).iter().sum::<f64>() - 1.0).abs() < 1e-12);
            }
            let variance = innovation * innovation / (1.0 - persistence * persistence);
            prop_assert!((chain.variance() / variance - 1.0).abs() < 1e-11);
            for j in 0..states {
                let after: f64 = (0..states).map(|i| chain.stationary[i] * chain.transition_row(i)[j]).sum();
                prop_assert!((after - chain.stationary[j]).abs() < 1e-12);
            }
        }

        /// An alias table has the probabilities of the distribution from which it was built.
        #[test]
        fn aliases_keep_the_law(weights in prop::collection::vec(0.0..1.0f64, 1..40)) {
            let sum: f64 = weights.iter().sum::<f64>() + 1e-3;
            let mut law: Vec<f64> = weights.iter().map(|w| w / sum).collect();
            law.push(1e-3 / sum);
            let mut again = vec![0.0; law.len()];
            for (i, alias) in alias_table(&law).iter().enumerate() {
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
        let chain = MarkovChain::rouwenhorst(7, 0.6, 1.0);
        let mut rng = Streams::new(5).stream(Purpose::Environment, 0, 0);
        let n = 100_000;
        let mut counts = [0.0; 7];
        for _ in 0..n {
            counts[chain.sample_next(4, &mut rng)] += 1.0;
        }
        let chi: f64 = (0..7)
            .map(|j| {
                (counts[j] - n as f64 * chain.transition_row(4)[j]).powi(2)
                    / (n as f64 * chain.transition_row(4)[j])
            })
            .sum();
        // Chi-squared with six degrees of freedom exceeds 22.5 with probability 0.001.
        assert!(chi < 22.5, "{chi}");
    }
}
