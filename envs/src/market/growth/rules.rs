//! The rules. **Sources:** Merton, *Lifetime Portfolio Selection under Uncertainty* (Review of Economics and Statistics 51,
//! 1969); Heston, *A Closed-Form Solution for Options with Stochastic Volatility* (Review of Financial Studies 6, 1993),
//! in steps by the full-truncation Euler scheme (Lord, Koekkoek & van Dijk, Quantitative Finance 10, 2010).
//!
//! **State:** the wealth, the variance v of the asset, the last return.
//!
//! **Action:** the fraction of the wealth to hold in the asset during a step, 0 to 1: a table, or any number. The rest earns
//! the interest. Nothing costs anything.
//!
//! **What happens in a step of dt years**, with v+ the greater of v and 0 and z, w standard normal with correlation rho:
//!
//! ```text
//! log price += (drift - v+ / 2) dt + sqrt(v+ dt) z
//! v         += reversion (level - v+) dt + shock sqrt(v+ dt) w
//! ```
//!
//! Geometric Brownian motion is the case of no reversion and no shock: v is what it is.
//!
//! **Reward:** the change of the utility of the wealth, `u(W) = (W^(1 - a) - 1) / (1 - a)` with the aversion to risk a, the
//! logarithm where a is 1. Undiscounted, an episode's return is the utility of the wealth at its end. (`W^(1 - a)` is
//! kept within 1e-30 and 1e30, which only extreme settings reach.)
//!
//! **Observation:** the last log return, clipped to six standard deviations; `heston`: also v+, clipped.
//!
//! **Endings:** none by the rules; the time limit truncates. An episode begins with wealth 1 and v at its level.
//!
//! **Version** 1.

use freewheel_core::{Ending, Step, Stream};
use serde::{Deserialize, Serialize};

use super::super::account::{Account, SEEN, Trail};
use super::super::draw::Chart;
use super::super::normal;

pub(super) const VERSION: u32 = 1;

/// The rules, per step.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    /// Years.
    pub(super) step: f64,
    pub(super) drift: f64,
    /// What money at interest is multiplied by.
    pub(super) safe: f64,
    /// Variance a year.
    pub(super) level: f64,
    pub(super) reversion: f64,
    /// Volatility of the variance.
    pub(super) shock: f64,
    pub(super) correlation: f64,
    /// Share of the variance's shock that is its own: `sqrt(1 - correlation^2)`.
    pub(super) own: f64,
    /// 1 less the aversion to risk: utility goes with this power of the wealth, and with its logarithm at 0.
    pub(super) power: f64,
    pub(super) fractions: Fractions,
}

/// Which fractions of the wealth may be held.
#[derive(Clone, Debug)]
pub(super) enum Fractions {
    /// Any from 0 to 1.
    Any,
    /// One of these.
    Levels(Vec<f64>),
}

/// All that changes during an episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) wealth: f64,
    /// The wealth to the power of 1 less the aversion to risk.
    pub(super) scale: f64,
    pub(super) variance: f64,
    /// The last log return.
    pub(super) last: f64,
    pub(super) fraction: f64,
    pub(super) account: Account,
    pub(super) trail: Trail,
}

impl Rules {
    pub(super) fn reset(&self) -> State {
        State {
            wealth: 1.0,
            scale: 1.0,
            variance: self.level,
            last: 0.0,
            fraction: 0.0,
            account: Account::new(),
            trail: Trail::new(100.0),
        }
    }

    /// Holds `fraction` for a step.
    #[inline]
    pub(super) fn step(&self, state: &mut State, fraction: f64, rng: &mut Stream) -> Step {
        let variance = state.variance.max(0.0);
        let z = rng.normal();
        let moved = self.log_return(variance, z);
        let growth = moved.exp();
        let factor = self.factor(fraction, growth);
        if self.shock > 0.0 {
            let w = self.correlation * z + self.own * rng.normal();
            state.variance = self.next_variance(state.variance, w);
        }
        let reward = self.utility(&mut state.scale, factor);
        state.wealth *= factor;
        state.account.book(state.wealth - 1.0, 0.0, (fraction - state.fraction).abs());
        state.fraction = fraction;
        state.last = moved;
        state.trail.push(state.trail.last() * growth);
        Step { reward: reward as f32, ending: Ending::Running }
    }

    #[inline]
    fn log_return(&self, variance: f64, z: f64) -> f64 {
        (self.drift - 0.5 * variance) * self.step + (variance * self.step).sqrt() * z
    }

    /// The full-truncation step of the variance.
    #[inline]
    pub(super) fn next_variance(&self, variance: f64, w: f64) -> f64 {
        let positive = variance.max(0.0);
        variance
            + self.reversion * (self.level - positive) * self.step
            + self.shock * (positive * self.step).sqrt() * w
    }

    /// What the wealth is multiplied by.
    #[inline]
    fn factor(&self, fraction: f64, growth: f64) -> f64 {
        self.safe + fraction * (growth - self.safe)
    }

    /// The change of the utility of a wealth that is multiplied by `factor`; `scale` is `W^(1 - a)`.
    #[inline]
    fn utility(&self, scale: &mut f64, factor: f64) -> f64 {
        let log = factor.ln();
        if self.power == 0.0 {
            return log;
        }
        // Not `exp_m1`, which takes as long as all the rest of a step and tells no more in single precision.
        let before = std::mem::replace(scale, (*scale * (self.power * log).exp()).clamp(LEAST, MOST));
        (*scale - before) / self.power
    }

    /// The change of the utility of wealth 1.
    fn utility_gain(&self, factor: f64) -> f64 {
        self.utility(&mut 1.0, factor)
    }

    /// The expected change of the utility of wealth 1 while the variance is `variance`.
    pub(super) fn gain(&self, fraction: f64, variance: f64) -> f64 {
        let variance = variance.max(0.0);
        normal::expectation(|z| self.utility_gain(self.factor(fraction, self.log_return(variance, z).exp())))
    }

    /// The fraction with the greatest expected utility after a step.
    pub(super) fn best_fraction(&self, variance: f64) -> f64 {
        match &self.fractions {
            Fractions::Levels(levels) => {
                let gains = levels.iter().map(|&fraction| (self.gain(fraction, variance), fraction));
                gains.fold((f64::NEG_INFINITY, 0.0), |best, next| if next.0 > best.0 { next } else { best }).1
            }
            Fractions::Any => self.stationary_fraction(variance.max(0.0)),
        }
    }

    /// Utility is concave in the fraction: the root of its slope, by bisection, or a bound.
    fn stationary_fraction(&self, variance: f64) -> f64 {
        let slope = |fraction: f64| {
            normal::expectation(|z| {
                let growth = self.log_return(variance, z).exp();
                (growth - self.safe) * self.factor(fraction, growth).powf(self.power - 1.0)
            })
        };
        if slope(0.0) <= 0.0 {
            return 0.0;
        }
        if slope(1.0) >= 0.0 {
            return 1.0;
        }
        let (mut low, mut high) = (0.0, 1.0);
        while high - low > 1e-13 {
            let middle = f64::midpoint(low, high);
            if slope(middle) > 0.0 { low = middle } else { high = middle }
        }
        f64::midpoint(low, high)
    }

    /// The mean gain of the counted fractions; `None` where any may be held.
    pub(super) fn random_gain(&self, variance: f64) -> Option<f64> {
        match &self.fractions {
            Fractions::Any => None,
            Fractions::Levels(levels) => {
                let sum: f64 = levels.iter().map(|&fraction| self.gain(fraction, variance)).sum();
                Some(sum / levels.len() as f64)
            }
        }
    }

    /// Six standard deviations of a return at this variance.
    pub(super) fn widest(&self, variance: f64) -> f32 {
        (6.0 * (variance * self.step).sqrt()) as f32
    }

    pub(super) fn chart(&self, state: &State) -> Chart<'static> {
        Chart {
            title: "price",
            prices: state.trail.prices().collect(),
            window: SEEN,
            position: state.fraction,
            limits: (0.0, 1.0),
            notes: vec![
                ("wealth", format!("{:.4}", state.wealth)),
                ("volatility", format!("{:.3}", state.variance.max(0.0).sqrt())),
            ],
        }
    }
}

/// Aversions this near to 1 count as 1: their utility differs from the logarithm by less than a reward in single
/// precision can tell, and the power would be lost in rounding.
const NEARLY: f64 = 1e-6;
/// Bounds of `W^(1 - a)`, so that every reward is a number in single precision.
const LEAST: f64 = 1e-30;
const MOST: f64 = 1e30;

/// The power of the wealth that utility with this aversion to risk goes with; 0 for the logarithm.
pub(super) fn power(aversion: f64) -> f64 {
    let power = 1.0 - aversion;
    if power.abs() < NEARLY { 0.0 } else { power }
}

/// Equally spaced fractions from 0 to 1.
pub(super) fn levels(count: usize) -> Vec<f64> {
    (0..count).map(|i| i as f64 / (count - 1) as f64).collect()
}
