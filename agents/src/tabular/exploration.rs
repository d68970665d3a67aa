//! How an action is chosen from its values: greedy, epsilon-greedy, softmax, upper confidence bounds.
//!
//! Everything is over one state: values `q [A]`, visits `n [A]` and the mask `legal [A]`. Ties are broken at random
//! while learning, so that equal first values do not send every episode the same way; a final greedy policy takes the
//! lowest index, so that it is a function.

use freewheel_core::Stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How actions are chosen while learning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Exploration {
    /// With probability epsilon any legal action, else a best one.
    #[default]
    EpsilonGreedy,
    /// With probability proportional to exp(q / temperature), Boltzmann's distribution.
    Softmax,
    /// The greatest q + c sqrt(ln n(s) / n(s, a)), untried actions first (UCB1, Auer et al. 2002).
    Ucb,
    /// Always a best one: exploring is left to optimistic first values.
    Greedy,
}

/// [`Exploration`] with the strength that it has now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Explore {
    /// A best action.
    Greedy,
    /// With this epsilon.
    EpsilonGreedy(f64),
    /// With this temperature.
    Softmax(f64),
    /// With this c.
    Ucb(f64),
}

impl Explore {
    /// Draws an action. 0 where nothing is legal.
    #[inline(always)]
    pub fn choose(self, q: &[f64], n: &[u32], legal: &[bool], rng: &mut Stream) -> u32 {
        match self {
            Explore::EpsilonGreedy(epsilon) if epsilon > 0.0 && rng.chance(epsilon) => any(legal, rng),
            Explore::EpsilonGreedy(_) | Explore::Greedy => best(q, legal, rng),
            Explore::Softmax(temperature) => softmax(q, legal, temperature, rng),
            Explore::Ucb(c) => most_promising(q, n, legal, c, rng),
        }
    }

    /// The value of the state under this choice: the sum over legal actions of pi(a) q(a). 0 where nothing is legal.
    #[inline]
    pub fn value(self, q: &[f64], n: &[u32], legal: &[bool]) -> f64 {
        match self {
            Explore::Greedy => max(q, legal),
            Explore::EpsilonGreedy(epsilon) => {
                (1.0 - epsilon) * max(q, legal) + epsilon * mean_where(legal, |_| true, q)
            }
            Explore::Softmax(temperature) => {
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
            Explore::Ucb(c) => {
                let log = visits(n).ln();
                let bounds = |a: usize| bound(q[a], n[a], c, log);
                let top = top_by(legal, bounds);
                mean_where(legal, |a| bounds(a) == top, q)
            }
        }
    }
}

/// The greatest value among the legal, `max_a q(a)`; 0 where nothing is legal.
#[inline(always)]
pub fn max(q: &[f64], legal: &[bool]) -> f64 {
    let top = top(q, legal);
    if top == f64::NEG_INFINITY { 0.0 } else { top }
}

/// The first of the best actions: what a final policy plays. 0 where nothing is legal.
#[inline]
pub fn first_best(q: &[f64], legal: &[bool]) -> u32 {
    let top = top_by(legal, |a| q[a]);
    (0..legal.len()).find(|&a| legal[a] && q[a] == top).unwrap_or(0) as u32
}

/// A best action, any of them with equal probability.
#[inline(always)]
pub fn best(q: &[f64], legal: &[bool], rng: &mut Stream) -> u32 {
    let top = top(q, legal);
    match (<&[f64; 4]>::try_from(q), <&[bool; 4]>::try_from(legal)) {
        (Ok(q), Ok(legal)) => one_at(top, legal, rng, |a| q[a]),
        _ => one_at(top, legal, rng, |a| q[a]),
    }
}

/// A legal action, each with equal probability.
#[inline(never)]
pub fn any(legal: &[bool], rng: &mut Stream) -> u32 {
    let count = legal.iter().filter(|legal| **legal).count();
    nth(legal, rng.below(count as u32), |_| true)
}

/// The greatest value among the legal; minus infinity where nothing is.
#[inline(always)]
fn top(q: &[f64], legal: &[bool]) -> f64 {
    // Four directions are so common that they are worth a way of their own: two comparisons deep, not four.
    match (<&[f64; 4]>::try_from(q), <&[bool; 4]>::try_from(legal)) {
        (Ok(q), Ok(legal)) => {
            let two = |a: usize| top_by(&legal[a..a + 2], |i| q[a + i]);
            let (first, last) = (two(0), two(2));
            if last > first { last } else { first }
        }
        _ => top_by(legal, |a| q[a]),
    }
}

/// The greatest score among the legal; minus infinity where nothing is.
#[inline(always)]
fn top_by(legal: &[bool], score: impl Fn(usize) -> f64) -> f64 {
    let mut top = f64::NEG_INFINITY;
    for (a, &legal) in legal.iter().enumerate() {
        let score = if legal { score(a) } else { f64::NEG_INFINITY };
        top = if score > top { score } else { top };
    }
    top
}

/// One of the legal actions that score `top`, each with equal probability.
#[inline(always)]
fn one_at(top: f64, legal: &[bool], rng: &mut Stream, score: impl Fn(usize) -> f64) -> u32 {
    let (mut ties, mut last) = (0, 0);
    for (a, &legal) in legal.iter().enumerate() {
        let tied = legal & (score(a) == top);
        ties += u32::from(tied);
        last = if tied { a as u32 } else { last };
    }
    if ties <= 1 { last } else { nth(legal, rng.below(ties), |a| score(a) == top) }
}

/// The `k`-th legal action that is `wanted`, from 0.
#[inline(never)]
fn nth(legal: &[bool], k: u32, wanted: impl Fn(usize) -> bool) -> u32 {
    (0..legal.len()).filter(|&a| legal[a] && wanted(a)).nth(k as usize).unwrap_or(0) as u32
}

/// The mean value over the legal actions that are `wanted`; 0 where there are none.
#[inline(always)]
fn mean_where(legal: &[bool], wanted: impl Fn(usize) -> bool, q: &[f64]) -> f64 {
    let (mut count, mut sum) = (0.0, 0.0);
    for ((a, &legal), &q) in legal.iter().enumerate().zip(q) {
        let counts = legal && wanted(a);
        count += f64::from(u8::from(counts));
        sum += if counts { q } else { 0.0 };
    }
    if count > 0.0 { sum / count } else { 0.0 }
}

#[inline(never)]
fn softmax(q: &[f64], legal: &[bool], temperature: f64, rng: &mut Stream) -> u32 {
    let top = top_by(legal, |a| q[a]);
    // The best action weighs 1, so nothing overflows and the sum is never 0.
    let weight = |a: usize| if legal[a] { ((q[a] - top) / temperature).exp() } else { 0.0 };
    let sum: f64 = (0..legal.len()).map(weight).sum();
    let mut left = rng.uniform() * sum;
    let mut last = 0;
    for a in (0..legal.len()).filter(|&a| legal[a]) {
        left -= weight(a);
        last = a as u32;
        if left < 0.0 {
            break;
        }
    }
    last
}

#[inline(never)]
fn most_promising(q: &[f64], n: &[u32], legal: &[bool], c: f64, rng: &mut Stream) -> u32 {
    let log = visits(n).ln();
    let bounds = |a: usize| bound(q[a], n[a], c, log);
    one_at(top_by(legal, bounds), legal, rng, bounds)
}

fn visits(n: &[u32]) -> f64 {
    n.iter().map(|&n| f64::from(n)).sum()
}

fn bound(q: f64, n: u32, c: f64, log: f64) -> f64 {
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

    /// How often each action is drawn, of one.
    fn shares(explore: Explore, q: &[f64], n: &[u32], legal: &[bool]) -> Vec<f64> {
        let (mut rng, mut counts) = (rng(), vec![0.0; q.len()]);
        for _ in 0..100_000 {
            counts[explore.choose(q, n, legal, &mut rng) as usize] += 1e-5;
        }
        counts
    }

    fn close(shares: Vec<f64>, expected: &[f64]) {
        // Six standard errors of a share at 1/2.
        assert!(shares.iter().zip(expected).all(|(a, b)| (a - b).abs() < 0.0095), "{shares:?} {expected:?}");
    }

    #[test]
    fn masks_hold_and_ties_are_shared() {
        close(shares(Explore::Greedy, &Q, &[0; 4], &SOME), &[0.0, 0.0, 0.5, 0.5]);
        close(shares(Explore::EpsilonGreedy(0.3), &Q, &[0; 4], &SOME), &[0.1, 0.0, 0.45, 0.45]);
        close(shares(Explore::EpsilonGreedy(1.0), &Q, &[0; 4], &ALL), &[0.25; 4]);
        assert_eq!((first_best(&Q, &SOME), first_best(&Q, &ALL)), (2, 1));
        assert_eq!((max(&Q, &SOME), max(&Q, &[false; 4])), (3.0, 0.0));
    }

    #[test]
    fn softmax_is_boltzmanns() {
        // exp(ln 2 / 1) = 2: shares 1/4, 1/2, 1/4.
        let q = [0.0, 2f64.ln(), 0.0];
        close(shares(Explore::Softmax(1.0), &q, &[0; 3], &[true; 3]), &[0.25, 0.5, 0.25]);
        close(shares(Explore::Softmax(1.0), &q, &[0; 3], &[true, true, false]), &[1.0 / 3.0, 2.0 / 3.0, 0.0]);
        // Extreme values neither overflow nor divide by 0.
        close(shares(Explore::Softmax(1e-3), &[1e300, -1e300], &[0; 2], &[true; 2]), &[1.0, 0.0]);
    }

    #[test]
    fn ucb_tries_everything_then_weighs() {
        let ucb = Explore::Ucb(2.0);
        close(shares(ucb, &Q, &[5, 0, 5, 0], &SOME), &[0.0, 0.0, 0.0, 1.0]);
        // n(s) = 8: 1 + 2 sqrt(ln 8 / 1) = 3.884 beats 2 + 2 sqrt(ln 8 / 7) = 3.090.
        assert_eq!(ucb.choose(&[1.0, 2.0], &[1, 7], &[true; 2], &mut rng()), 0);
        // 1 + 2 sqrt(ln 16 / 8) = 2.177, 2 + the same = 3.177.
        assert_eq!(ucb.choose(&[1.0, 2.0], &[8, 8], &[true; 2], &mut rng()), 1);
    }

    #[test]
    fn values_are_expectations() {
        // Greedy 3; epsilon .3: .7 * 3 + .3 * (1 + 3 + 3) / 3 = 2.8.
        assert_eq!(Explore::Greedy.value(&Q, &[0; 4], &SOME), 3.0);
        assert!((Explore::EpsilonGreedy(0.3).value(&Q, &[0; 4], &SOME) - 2.8).abs() < 1e-12);
        // Softmax: 1/3 * 0 + 2/3 * ln 2.
        let q = [0.0, 2f64.ln(), 7.0];
        let value = Explore::Softmax(1.0).value(&q, &[0; 3], &[true, true, false]);
        assert!((value - 2.0 / 3.0 * 2f64.ln()).abs() < 1e-12);
        // Untried actions are played first, both alike: (9 + 3) / 2.
        assert_eq!(Explore::Ucb(1.0).value(&Q, &[5, 0, 5, 0], &ALL), 6.0);
        for explore in
            [Explore::Greedy, Explore::EpsilonGreedy(0.1), Explore::Softmax(1.0), Explore::Ucb(1.0)]
        {
            assert_eq!(explore.value(&Q, &[1; 4], &[false; 4]), 0.0);
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_drawn_has_the_value_promised(
            q in proptest::collection::vec(-2.0..2.0f64, 3), n in proptest::collection::vec(0u32..9, 3), kind in 0..4usize,
        ) {
            let explore =
                [Explore::Greedy, Explore::EpsilonGreedy(0.4), Explore::Softmax(0.7), Explore::Ucb(1.0)][kind];
            let mut rng = rng();
            let drawn = (0..4000).map(|_| q[explore.choose(&q, &n, &[true; 3], &mut rng) as usize]);
            let mean = drawn.sum::<f64>() / 4000.0;
            // Five standard errors of values at most 2 from 0.
            proptest::prop_assert!((mean - explore.value(&q, &n, &[true; 3])).abs() < 5.0 * 2.0 / 4000f64.sqrt());
        }
    }
}
