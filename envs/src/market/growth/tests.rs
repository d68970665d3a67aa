//! Merton's fraction, expected utilities with a closed form, and the grid of the Heston solver.

use freewheel_core::{PolicyClass, SolveQuery};

use super::gbm::Gbm;
use super::heston::Heston;
use super::variance::{RESOLUTION, total_value};
use crate::market::actions::Fractions;

const YEAR: SolveQuery =
    SolveQuery { gamma: 1.0, horizon: Some(252), time_observed: false, policy_class: PolicyClass::Optimal };

/// The optimal fraction converges to Merton's fraction in proportion to the length of a step.
#[test]
fn best_fraction_tends_to_mertons() {
    // If Merton's fraction is 1/2, the two fractions are equal by symmetry.
    for risk_aversion in [2.0, 4.0, 10.0] {
        let off = |steps_per_year| {
            let market = Gbm { steps_per_year, risk_aversion, ..Gbm::default() };
            let rules = market.rules(Fractions::Any);
            rules.optimal_fraction(rules.long_run_variance) - market.merton()
        };
        let [year, month, day] = [12.0, 252.0, 10_000.0].map(off);
        assert!(day.abs() < 1e-5 && month.abs() < 1e-3, "{year} {month} {day}");
        assert!((year / month / 21.0 - 1.0).abs() < 0.1, "{year} {month}");
    }
}

/// Fully invested, the expected log growth of a year is `drift - volatility^2 / 2`; in cash it is the interest.
#[test]
fn all_or_nothing_has_a_closed_form() {
    let market = Gbm { risk_aversion: 1.0, ..Gbm::default() };
    let rules = market.rules(Fractions::Any);
    assert!((252.0 * rules.gain(1.0, rules.long_run_variance) - 0.06).abs() < 1e-12);
    assert!((252.0 * rules.gain(0.0, rules.long_run_variance) - 0.02).abs() < 1e-12);
    // Power utility, fully invested: E W^(1-a) = exp((1-a)(drift - a volatility^2 / 2)).
    let rules = Gbm { risk_aversion: 3.0, ..Gbm::default() }.rules(Fractions::Any);
    let year: f64 = (1.0 - 2.0 * rules.gain(1.0, rules.long_run_variance)).powi(252);
    assert!((year - (-2.0 * (0.08 - 1.5 * 0.04f64)).exp()).abs() < 1e-11);
}

/// Perturbed fractions have lower expected utility.
#[test]
fn the_best_fraction_is_the_best() {
    let rules = Gbm::default().rules(Fractions::Any);
    let best = rules.optimal_fraction(rules.long_run_variance);
    for other in [best - 0.05, best + 0.05, 0.0, 1.0] {
        assert!(rules.gain(other, rules.long_run_variance) < rules.gain(best, rules.long_run_variance));
    }
}

/// Fully invested, the log growth is linear in the variance, whose mean stays at the long-run variance up to
/// truncation: the quadrature must give `drift - long_run_variance / 2`.
#[test]
fn heston_all_in_grows_by_drift_less_half_the_variance() {
    let rules = Heston::default().rules(Fractions::Any);
    let value = total_value(&rules, &YEAR, RESOLUTION, |v| rules.gain(1.0, v)).unwrap();
    assert!((value - (0.05 - 0.02)).abs() < 2e-7, "{value}");
}

/// Value of the optimal policy in `steps` steps at discount `gamma`.
fn heston_value(market: &Heston, steps: u32, gamma: f64, resolution: f64) -> f64 {
    let rules = market.rules(Fractions::new(market.actions, market.levels));
    let query = SolveQuery { gamma, horizon: Some(steps), ..YEAR };
    total_value(&rules, &query, resolution, |v| rules.gain(rules.optimal_fraction(v), v)).unwrap()
}

/// Reference: simulations of 250 steps at discount .99 by independent programs; means and standard errors. The first
/// one of each market is an own program in Python with 4 million antithetic paths.
#[test]
fn heston_equals_simulations_at_extreme_settings() {
    let wild = Heston {
        variance_level: 0.5,
        variance_shock: 2.0,
        variance_reversion: 0.5,
        drift: 0.3,
        ..Heston::default()
    };
    let value = heston_value(&wild, 250, 0.99, RESOLUTION);
    for (mean, error) in [(0.062_787_8, 4.4e-6), (0.062_806, 1.4e-5), (0.062_741, 4.4e-5)] {
        assert!((value - mean).abs() < 3.0 * error, "{value} {mean}");
    }
    let slow = Heston { variance_shock: 0.05, variance_reversion: 0.01, ..Heston::default() };
    let value = heston_value(&slow, 250, 0.99, RESOLUTION);
    assert!((value - 1.146_671_7e-2).abs() < 3.0 * 4e-8, "{value}");
    assert!((value - 1.146_66e-2).abs() < 1e-7, "{value}");
}

/// Twice as many nodes change the value by less than the stated error.
#[test]
fn heston_does_not_depend_on_the_grid() {
    let base = Heston::default();
    let with = |variance_level, variance_shock, variance_reversion, drift, steps_per_year| Heston {
        variance_level,
        variance_shock,
        variance_reversion,
        drift,
        steps_per_year,
        ..base.clone()
    };
    let cases = [
        (base.clone(), 2e-5),
        (with(0.5, 2.0, 0.5, 0.3, 252.0), 2e-5),
        (with(0.04, 0.05, 0.01, 0.05, 252.0), 2e-5),
        (with(1.0, 1e-6, 5.0, 0.3, 252.0), 2e-5),
        (with(0.04, 0.5, 5.0, 0.05, 1e6), 2e-5),
        (with(1.0, 2.0, 1e-3, 0.3, 252.0), 3e-4),
        (with(1e-6, 2.0, 5.0, 0.05, 252.0), 3e-4),
        (with(1e-3, 2.0, 5.0, 0.05, 252.0), 3e-4),
        (with(0.04, 2.0, 252.0, 0.05, 252.0), 3e-4),
        (with(0.04, 2.0, 5.0, 0.05, 12.0), 3e-4),
    ];
    for (market, tolerance) in cases {
        let [coarse, fine] = [0.5, 1.0].map(|scale| heston_value(&market, 250, 0.99, scale * RESOLUTION));
        assert!((coarse / fine - 1.0).abs() < tolerance, "{market:?}: {coarse} {fine}");
    }
    let rules = base.rules(Fractions::Any);
    let [best, hold] = [None, Some(1.0)].map(|fraction| {
        let gain = |v| rules.gain(fraction.unwrap_or_else(|| rules.optimal_fraction(v)), v);
        total_value(&rules, &YEAR, RESOLUTION, gain).unwrap()
    });
    assert!(best > hold + 1e-3, "{best} {hold}");
}

/// After the variance has forgotten its start, every step adds the same.
#[test]
fn heston_is_solved_for_any_horizon() {
    let [one, two, three] =
        [1_000_000, 2_000_000, 3_000_000].map(|steps| heston_value(&Heston::default(), steps, 1.0, 2.0));
    assert!(((three - two) / (two - one) - 1.0).abs() < 1e-9, "{one} {two} {three}");
}
