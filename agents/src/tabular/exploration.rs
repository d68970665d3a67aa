//! Behavior policies over action values: greedy, epsilon-greedy, softmax, upper confidence bounds.
//!
//! All functions work on one state: action values `q [A]`, visits `n [A]` and mask `legal [A]`. During learning ties
//! are broken at random, so that equal initial values do not lead to equal episodes; the greedy policy of the result
//! takes the lowest index and is deterministic.

use freewheel_core::Stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Choice of the behavior policy during learning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Exploration {
    /// A random legal action with probability epsilon, otherwise a greedy one.
    #[default]
    EpsilonGreedy,
    /// Probabilities proportional to exp(q / temperature) (Boltzmann distribution).
    Softmax,
    /// Maximum of q + c sqrt(ln n(s) / n(s, a)), untried actions first (UCB1, Auer et al. 2002).
    Ucb,
    /// Always a greedy action; explores by optimistic initial values only.
    Greedy,
}

/// Behavior policy: an [`Exploration`] with the current value of its parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BehaviorPolicy {
    /// Greedy policy.
    Greedy,
    /// Epsilon-greedy policy with this epsilon.
    EpsilonGreedy(f64),
    /// Softmax policy with this temperature.
    Softmax(f64),
    /// Upper confidence bounds (UCB1) with this weight c of the bound.
    Ucb(f64),
}

impl BehaviorPolicy {
    /// Samples an action for a state with action values `q [A]`, visits `n [A]` and mask `legal [A]`; 0 if no action is
    /// legal.
    #[inline(always)]
    pub fn select(self, q: &[f64], n: &[u32], legal: &[bool], rng: &mut Stream) -> u32 {
        match self {
            BehaviorPolicy::EpsilonGreedy(epsilon) if epsilon > 0.0 && rng.chance(epsilon) => {
                rng.legal_action(legal)
            }
            BehaviorPolicy::EpsilonGreedy(_) | BehaviorPolicy::Greedy => random_argmax(q, legal, rng),
            BehaviorPolicy::Softmax(temperature) => sample_softmax(q, legal, temperature, rng),
            BehaviorPolicy::Ucb(c) => sample_ucb(q, n, legal, c, rng),
        }
    }

    /// Expected action value under this policy, sum of pi(a) q(a) over the legal actions a; 0 if no action is legal.
    #[inline]
    pub fn expected_value(self, q: &[f64], n: &[u32], legal: &[bool]) -> f64 {
        match self {
            BehaviorPolicy::Greedy => max(q, legal),
            BehaviorPolicy::EpsilonGreedy(epsilon) => {
                (1.0 - epsilon) * max(q, legal) + epsilon * mean_where(legal, |_| true, q)
            }
            BehaviorPolicy::Softmax(temperature) => {
                let top = max(q, legal);
                let (sum, weighted) = legal.iter().zip(q).filter(|(legal, _)| **legal).fold(
                    (0.0, 0.0),
                    |(sum, weighted), (_, &q)| {
                        let weight = ((q - top) / temperature).exp();
                        (sum + weight, weighted + weight * q)
                    },
                );
                if sum > 0.0 { weighted / sum } else { 0.0 }
            }
            BehaviorPolicy::Ucb(c) => {
                let log = total_visits(n).ln();
                let bounds = |a: usize| ucb(q[a], n[a], c, log);
                let top = max_score(legal, bounds);
                mean_where(legal, |a| bounds(a) == top, q)
            }
        }
    }
}

/// Maximum value of the legal actions; 0 if no action is legal.
#[inline(always)]
pub fn max(q: &[f64], legal: &[bool]) -> f64 {
    let top = max_legal(q, legal);
    if top == f64::NEG_INFINITY { 0.0 } else { top }
}

/// First legal action of maximum value; 0 if no action is legal.
#[inline]
pub fn first_argmax(q: &[f64], legal: &[bool]) -> u32 {
    let top = max_score(legal, |a| q[a]);
    (0..legal.len()).find(|&a| legal[a] && q[a] == top).unwrap_or(0) as u32
}

/// Legal action of maximum value, drawn uniformly among ties.
#[inline(always)]
pub fn random_argmax(q: &[f64], legal: &[bool], rng: &mut Stream) -> u32 {
    let top = max_legal(q, legal);
    match (<&[f64; 4]>::try_from(q), <&[bool; 4]>::try_from(legal)) {
        (Ok(q), Ok(legal)) => random_tie(top, legal, rng, |a| q[a]),
        _ => random_tie(top, legal, rng, |a| q[a]),
    }
}

/// Maximum value of the legal actions; minus infinity if no action is legal.
#[inline(always)]
fn max_legal(q: &[f64], legal: &[bool]) -> f64 {
    // Four actions are common, and pairwise comparison of four is faster.
    match (<&[f64; 4]>::try_from(q), <&[bool; 4]>::try_from(legal)) {
        (Ok(q), Ok(legal)) => {
            let two = |a: usize| max_score(&legal[a..a + 2], |i| q[a + i]);
            let (first, last) = (two(0), two(2));
            if last > first { last } else { first }
        }
        _ => max_score(legal, |a| q[a]),
    }
}

/// Maximum score of the legal actions; minus infinity if no action is legal.
#[inline(always)]
fn max_score(legal: &[bool], score: impl Fn(usize) -> f64) -> f64 {
    let mut top = f64::NEG_INFINITY;
    for (a, &legal) in legal.iter().enumerate() {
        let score = if legal { score(a) } else { f64::NEG_INFINITY };
        top = if score > top { score } else { top };
    }
    top
}

/// Legal action with the score `top`, drawn uniformly among ties.
#[inline(always)]
fn random_tie(top: f64, legal: &[bool], rng: &mut Stream, score: impl Fn(usize) -> f64) -> u32 {
    let (mut ties, mut last) = (0, 0);
    for (a, &legal) in legal.iter().enumerate() {
        let tied = legal & (score(a) == top);
        ties += u32::from(tied);
        last = if tied { a as u32 } else { last };
    }
    if ties <= 1 { last } else { nth(legal, rng.below(ties), |a| score(a) == top) }
}

/// Action number `k`, from 0, of the legal actions that satisfy `filter`.
#[inline(never)]
fn nth(legal: &[bool], k: u32, filter: impl Fn(usize) -> bool) -> u32 {
    (0..legal.len()).filter(|&a| legal[a] && filter(a)).nth(k as usize).unwrap_or(0) as u32
}

/// Mean value of the legal actions that satisfy `filter`; 0 if there are no such actions.
#[inline(always)]
fn mean_where(legal: &[bool], filter: impl Fn(usize) -> bool, q: &[f64]) -> f64 {
    let (mut count, mut sum) = (0.0, 0.0);
    for ((a, &legal), &q) in legal.iter().enumerate().zip(q) {
        let counts = legal && filter(a);
        count += f64::from(u8::from(counts));
        sum += if counts { q } else { 0.0 };
    }
    if count > 0.0 { sum / count } else { 0.0 }
}

#[inline(never)]
fn sample_softmax(q: &[f64], legal: &[bool], temperature: f64, rng: &mut Stream) -> u32 {
    let top = max_score(legal, |a| q[a]);
    // The best action has weight 1, so that nothing overflows and the sum is not 0.
    let weight = |a: usize| if legal[a] { ((q[a] - top) / temperature).exp() } else { 0.0 };
    let sum: f64 = (0..legal.len()).map(weight).sum();
    let mut rest = rng.uniform() * sum;
    let mut last = 0;
    for a in (0..legal.len()).filter(|&a| legal[a]) {
        rest -= weight(a);
        last = a as u32;
        if rest < 0.0 {
            break;
        }
    }
    last
}

#[inline(never)]
fn sample_ucb(q: &[f64], n: &[u32], legal: &[bool], c: f64, rng: &mut Stream) -> u32 {
    let log = total_visits(n).ln();
    let bounds = |a: usize| ucb(q[a], n[a], c, log);
    random_tie(max_score(legal, bounds), legal, rng, bounds)
}

fn total_visits(n: &[u32]) -> f64 {
    n.iter().map(|&n| f64::from(n)).sum()
}

fn ucb(q: f64, n: u32, c: f64, log: f64) -> f64 {
    if n == 0 { f64::INFINITY } else { q + c * (log / f64::from(n)).sqrt() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use freewheel_core::{Purpose, Streams};

    const ALL: [bool; 4] = [true; 4];
    const SOME: [bool; 4] = [true, false, true, true];
    const Q: [f64; 4] = [1.0, 9.0, 3.0, 3.0];

    fn rng() -> Stream {
        Streams::new(3).stream(Purpose::Action, 0, 0)
    }

    /// Relative frequency of each action in many samples.
    fn shares(behavior: BehaviorPolicy, q: &[f64], n: &[u32], legal: &[bool]) -> Vec<f64> {
        let (mut rng, mut counts) = (rng(), vec![0.0; q.len()]);
        for _ in 0..100_000 {
            counts[behavior.select(q, n, legal, &mut rng) as usize] += 1e-5;
        }
        counts
    }

    fn close(shares: Vec<f64>, expected: &[f64]) {
        // Six standard errors of a share at 1/2.
        assert!(shares.iter().zip(expected).all(|(a, b)| (a - b).abs() < 0.0095), "{shares:?} {expected:?}");
    }

    #[test]
    fn masks_hold_and_ties_are_shared() {
        close(shares(BehaviorPolicy::Greedy, &Q, &[0; 4], &SOME), &[0.0, 0.0, 0.5, 0.5]);
        close(shares(BehaviorPolicy::EpsilonGreedy(0.3), &Q, &[0; 4], &SOME), &[0.1, 0.0, 0.45, 0.45]);
        close(shares(BehaviorPolicy::EpsilonGreedy(1.0), &Q, &[0; 4], &ALL), &[0.25; 4]);
        assert_eq!((first_argmax(&Q, &SOME), first_argmax(&Q, &ALL)), (2, 1));
        assert_eq!((max(&Q, &SOME), max(&Q, &[false; 4])), (3.0, 0.0));
    }

    #[test]
    fn softmax_is_the_boltzmann_distribution() {
        // exp(ln 2 / 1) = 2: shares 1/4, 1/2, 1/4.
        let q = [0.0, 2f64.ln(), 0.0];
        close(shares(BehaviorPolicy::Softmax(1.0), &q, &[0; 3], &[true; 3]), &[0.25, 0.5, 0.25]);
        close(
            shares(BehaviorPolicy::Softmax(1.0), &q, &[0; 3], &[true, true, false]),
            &[1.0 / 3.0, 2.0 / 3.0, 0.0],
        );
        // Extreme values neither overflow nor divide by 0.
        close(shares(BehaviorPolicy::Softmax(1e-3), &[1e300, -1e300], &[0; 2], &[true; 2]), &[1.0, 0.0]);
    }

    #[test]
    fn ucb_tries_everything_first() {
        let ucb = BehaviorPolicy::Ucb(2.0);
        close(shares(ucb, &Q, &[5, 0, 5, 0], &SOME), &[0.0, 0.0, 0.0, 1.0]);
        // n(s) = 8: 1 + 2 sqrt(ln 8 / 1) = 3.884 beats 2 + 2 sqrt(ln 8 / 7) = 3.090.
        assert_eq!(ucb.select(&[1.0, 2.0], &[1, 7], &[true; 2], &mut rng()), 0);
        // 1 + 2 sqrt(ln 16 / 8) = 2.177, 2 + the same = 3.177.
        assert_eq!(ucb.select(&[1.0, 2.0], &[8, 8], &[true; 2], &mut rng()), 1);
    }

    #[test]
    fn values_are_expectations() {
        // Greedy 3; epsilon .3: .7 * 3 + .3 * (1 + 3 + 3) / 3 = 2.8.
        assert_eq!(BehaviorPolicy::Greedy.expected_value(&Q, &[0; 4], &SOME), 3.0);
        assert!((BehaviorPolicy::EpsilonGreedy(0.3).expected_value(&Q, &[0; 4], &SOME) - 2.8).abs() < 1e-12);
        // Softmax: 1/3 * 0 + 2/3 * ln 2.
        let q = [0.0, 2f64.ln(), 7.0];
        let value = BehaviorPolicy::Softmax(1.0).expected_value(&q, &[0; 3], &[true, true, false]);
        assert!((value - 2.0 / 3.0 * 2f64.ln()).abs() < 1e-12);
        // Both untried actions are selected first: (9 + 3) / 2.
        assert_eq!(BehaviorPolicy::Ucb(1.0).expected_value(&Q, &[5, 0, 5, 0], &ALL), 6.0);
        for behavior in [
            BehaviorPolicy::Greedy,
            BehaviorPolicy::EpsilonGreedy(0.1),
            BehaviorPolicy::Softmax(1.0),
            BehaviorPolicy::Ucb(1.0),
        ] {
            assert_eq!(behavior.expected_value(&Q, &[1; 4], &[false; 4]), 0.0);
        }
    }

    proptest::proptest! {
        #[test]
        fn sampled_actions_have_the_expected_value(
            q in proptest::collection::vec(-2.0..2.0f64, 3), n in proptest::collection::vec(0u32..9, 3),
            kind in 0..4usize,
        ) {
            use BehaviorPolicy::{EpsilonGreedy, Greedy, Softmax, Ucb};
            let behavior = [Greedy, EpsilonGreedy(0.4), Softmax(0.7), Ucb(1.0)][kind];
            let mut rng = rng();
            let drawn = (0..4000).map(|_| q[behavior.select(&q, &n, &[true; 3], &mut rng) as usize]);
            let mean = drawn.sum::<f64>() / 4000.0;
            // Five standard errors of values at most 2 from 0.
            let expected = behavior.expected_value(&q, &n, &[true; 3]);
            proptest::prop_assert!((mean - expected).abs() < 5.0 * 2.0 / 4000f64.sqrt());
        }
    }
}
