//! Rules of the portfolio worlds. **Sources:** Merton, *Lifetime Portfolio Selection under Uncertainty* (Review of
//! Economics and Statistics 51, 1969); Heston, *A Closed-Form Solution for Options with Stochastic Volatility*
//! (Review of Financial Studies 6, 1993), discretized by the full-truncation Euler scheme (Lord, Koekkoek & van Dijk,
//! Quantitative Finance 10, 2010).
//!
//! **State:** wealth, variance v of the asset, last return.
//!
//! **Action:** fraction of the wealth to hold in the asset during a step, 0 to 1: one of a table, or any number. The
//! rest earns interest. There are no costs.
//!
//! **Step** of dt years, with v+ = max(v, 0) and standard normal numbers z and w of correlation rho:
//!
//! ```text
//! log price += (drift - v+ / 2) dt + sqrt(v+ dt) z
//! v         += reversion (long_run_variance - v+) dt + vol_of_vol sqrt(v+ dt) w
//! ```
//!
//! Geometric Brownian motion is the case reversion = vol_of_vol = 0, with constant v.
//!
//! **Reward:** change of the utility of the wealth W, `u(W) = (W^(1 - a) - 1) / (1 - a)` with risk aversion a, and
//! `ln W` for a = 1. Undiscounted, the return of an episode is the utility of the final wealth. (`W^(1 - a)` is kept
//! within 1e-30 and 1e30, which only extreme settings reach.)
//!
//! **Observation:** last log return, clipped to six standard deviations; `heston`: also v+, clipped.
//!
//! **Endings:** truncation at the time limit. An episode starts with wealth 1 and the long-run variance.
//!
//! **Version** 1.

use freewheel_core::{Ending, Step, Stream};
use serde::{Deserialize, Serialize};

use super::super::account::{Account, PriceHistory};
use super::super::actions::Fractions;
use super::super::draw::{Chart, Story, Style, hold};
use super::super::normal;

pub(super) const VERSION: u32 = 1;
/// Price at the start of an episode.
const START_PRICE: f64 = 100.0;

/// Parameters of the rules of the portfolio worlds, per step.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    /// Length of a step in years.
    pub(super) dt: f64,
    pub(super) drift: f64,
    /// Growth factor of cash in a step.
    pub(super) cash_growth: f64,
    /// Long-run variance per year.
    pub(super) long_run_variance: f64,
    pub(super) reversion: f64,
    /// Volatility of the variance.
    pub(super) vol_of_vol: f64,
    pub(super) correlation: f64,
    /// Weight of the part of the variance shock that is independent of the price, `sqrt(1 - correlation^2)`.
    pub(super) independent: f64,
    /// Exponent of the utility, 1 - risk aversion; 0 for logarithmic utility.
    pub(super) power: f64,
    pub(super) fractions: Fractions,
}

/// State of an episode of a portfolio world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) wealth: f64,
    /// Power `W^(1 - a)` of the wealth W.
    pub(super) scale: f64,
    pub(super) variance: f64,
    /// Log return of the last step.
    pub(super) last_return: f64,
    pub(super) fraction: f64,
    pub(super) account: Account,
    pub(super) price_history: PriceHistory,
}

impl Rules {
    pub(super) fn reset(&self) -> State {
        State {
            wealth: 1.0,
            scale: 1.0,
            variance: self.long_run_variance,
            last_return: 0.0,
            fraction: 0.0,
            account: Account::new(),
            price_history: PriceHistory::new(START_PRICE),
        }
    }

    /// Runs one step with the fraction `fraction` of the wealth in the asset.
    #[inline]
    pub(super) fn step(&self, state: &mut State, fraction: f64, rng: &mut Stream) -> Step {
        let variance = state.variance.max(0.0);
        let z = rng.normal();
        let price_change = self.log_return(variance, z);
        let growth = price_change.exp();
        let factor = self.factor(fraction, growth);
        if self.vol_of_vol > 0.0 {
            let w = self.correlation * z + self.independent * rng.normal();
            state.variance = self.next_variance(state.variance, w);
        }
        let reward = self.utility(&mut state.scale, factor);
        state.wealth *= factor;
        state.account.record(state.wealth - 1.0, 0.0, (fraction - state.fraction).abs());
        state.fraction = fraction;
        state.last_return = price_change;
        state.price_history.push(state.price_history.last() * growth);
        Step { reward: reward as f32, ending: Ending::Running }
    }

    #[inline]
    fn log_return(&self, variance: f64, z: f64) -> f64 {
        (self.drift - 0.5 * variance) * self.dt + (variance * self.dt).sqrt() * z
    }

    /// Next variance, by a full-truncation Euler step.
    #[inline]
    pub(super) fn next_variance(&self, variance: f64, w: f64) -> f64 {
        let positive = variance.max(0.0);
        variance
            + self.reversion * (self.long_run_variance - positive) * self.dt
            + self.vol_of_vol * (positive * self.dt).sqrt() * w
    }

    /// Growth factor of the wealth in a step.
    #[inline]
    fn factor(&self, fraction: f64, growth: f64) -> f64 {
        self.cash_growth + fraction * (growth - self.cash_growth)
    }

    /// Change of the utility of a wealth W that grows by `factor`; `scale` is `W^(1 - a)` and is updated.
    #[inline]
    fn utility(&self, scale: &mut f64, factor: f64) -> f64 {
        let log = factor.ln();
        if self.power == 0.0 {
            return log;
        }
        // `exp_m1` would double the time of a step and adds no digits in single precision.
        let before =
            std::mem::replace(scale, (*scale * (self.power * log).exp()).clamp(MIN_SCALE, MAX_SCALE));
        (*scale - before) / self.power
    }

    /// Change of utility when a wealth of 1 grows by `factor`.
    fn utility_gain(&self, factor: f64) -> f64 {
        self.utility(&mut 1.0, factor)
    }

    /// Expected change of utility in a step from wealth 1, with the variance `variance`.
    pub(super) fn gain(&self, fraction: f64, variance: f64) -> f64 {
        let variance = variance.max(0.0);
        normal::expectation(|z| self.utility_gain(self.factor(fraction, self.log_return(variance, z).exp())))
    }

    /// Fraction with the highest expected utility after one step.
    pub(super) fn optimal_fraction(&self, variance: f64) -> f64 {
        match &self.fractions {
            Fractions::Levels(levels) => {
                let gains = levels.iter().map(|&fraction| (self.gain(fraction, variance), fraction));
                gains.fold((f64::NEG_INFINITY, 0.0), |best, next| if next.0 > best.0 { next } else { best }).1
            }
            Fractions::Any => self.root_fraction(variance.max(0.0)),
        }
    }

    /// Fraction at which the derivative of the concave expected utility is 0, by bisection; 0 or 1 if there is none
    /// between.
    fn root_fraction(&self, variance: f64) -> f64 {
        let slope = |fraction: f64| {
            normal::expectation(|z| {
                let growth = self.log_return(variance, z).exp();
                (growth - self.cash_growth) * self.factor(fraction, growth).powf(self.power - 1.0)
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

    /// Expected change of utility for uniformly random discrete fractions; `None` for continuous fractions.
    pub(super) fn random_gain(&self, variance: f64) -> Option<f64> {
        match &self.fractions {
            Fractions::Any => None,
            Fractions::Levels(levels) => {
                let sum: f64 = levels.iter().map(|&fraction| self.gain(fraction, variance)).sum();
                Some(sum / levels.len() as f64)
            }
        }
    }

    /// Six standard deviations of a return with the variance `variance`.
    pub(super) fn return_bound(&self, variance: f64) -> f32 {
        (6.0 * (variance * self.dt).sqrt()) as f32
    }

    /// State of a trader, now in `own`, who holds `fraction` in the step after which the market is in `after`.
    pub(super) fn follow(&self, own: &State, fraction: f64, after: &State) -> State {
        let mut state = State { account: own.account.clone(), scale: own.scale, fraction, ..after.clone() };
        state.wealth = own.wealth * self.factor(fraction, after.last_return.exp());
        state.account.record(state.wealth - 1.0, 0.0, (fraction - own.fraction).abs());
        state
    }

    /// Chart of an episode of `steps` steps, with the volatility if it varies.
    pub(super) fn chart<'a>(&self, story: &Story<'a, State>, steps: u32) -> Chart<'a> {
        let end = Some(steps as usize);
        let mut chart = story.chart("price", end, |s| &s.price_history, |s| s.fraction, (0.0, 1.0));
        let now = chart.now();
        let fraction = story.series(now, "in the asset", |s| s.fraction);
        let reference = story.reference(now, Style::Dotted, |s| s.fraction);
        chart.add_area("fraction of the wealth", fraction, Some(reference), Some((0.0, 1.0)));
        let wealth = story.series(now, "wealth", |s| s.wealth);
        let held = hold(story.series(now, "", |s| s.price_history.last() / START_PRICE));
        let reference = story.reference(now, Style::Line, |s| s.wealth);
        chart.add_equity("wealth", &wealth, vec![held, reference]);
        if self.vol_of_vol > 0.0 {
            let volatility = |s: &State| s.variance.max(0.0).sqrt();
            chart.add_line("volatility of a year", story.series(now, "now", volatility));
        }
        chart.add_drawdown(&wealth, true);
        chart.notes.insert(0, ("wealth", format!("{:.4}", story.state.wealth)));
        let volatility = story.state.variance.max(0.0).sqrt();
        chart.notes.push(("volatility", format!("{volatility:.3}")));
        chart
    }
}

/// Risk aversions this close to 1 use the logarithm: the difference is below single precision, and the formula with the
/// power would lose all digits to rounding.
const LOG_TOLERANCE: f64 = 1e-6;
/// Bounds of `W^(1 - a)`, which keep rewards finite in single precision.
const MIN_SCALE: f64 = 1e-30;
const MAX_SCALE: f64 = 1e30;

/// Exponent of the utility with the risk aversion `aversion`; 0 for the logarithm.
pub(super) fn power(aversion: f64) -> f64 {
    let power = 1.0 - aversion;
    if power.abs() < LOG_TOLERANCE { 0.0 } else { power }
}
