//! Merton's fraction, expected utilities with a closed form, and the grid of the Heston solver.

use freewheel_core::{PolicyClass, SolveQuery};

use super::gbm::Gbm;
use super::heston::{Heston, total_value};
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
    let value = total_value(&rules, &YEAR, 400, |v| rules.gain(1.0, v)).unwrap();
    assert!((value - (0.05 - 0.02)).abs() < 2e-7, "{value}");
}

/// Different grids give the same value.
#[test]
fn heston_does_not_depend_on_the_grid() {
    let rules = Heston::default().rules(Fractions::Any);
    let [coarse, fine] = [200, 400].map(|points| {
        total_value(&rules, &YEAR, points, |v| rules.gain(rules.optimal_fraction(v), v)).unwrap()
    });
    assert!((coarse / fine - 1.0).abs() < 1e-4, "{coarse} {fine}");
    let hold = total_value(&rules, &YEAR, 400, |v| rules.gain(1.0, v)).unwrap();
    assert!(fine > hold + 1e-3, "{fine} {hold}");
}
