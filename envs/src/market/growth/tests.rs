//! Merton's fraction, the limit of Heston's model without shocks, and the utility that is expected.

use freewheel_core::{PolicyClass, SolveQuery};

use super::gbm::Gbm;
use super::heston::{Heston, total};
use super::rules::Fractions;

const YEAR: SolveQuery =
    SolveQuery { gamma: 1.0, horizon: Some(252), time_observed: false, policy_class: PolicyClass::Optimal };

/// In shorter and shorter steps the best fraction comes near Merton's, in proportion to their length.
#[test]
fn best_fraction_tends_to_mertons() {
    // (Where it is 1/2 it is Merton's at once, by symmetry.)
    for risk_aversion in [2.0, 4.0, 10.0] {
        let off = |steps_per_year| {
            let market = Gbm { steps_per_year, risk_aversion, ..Gbm::default() };
            let rules = market.rules(Fractions::Any);
            rules.best_fraction(rules.level) - market.merton()
        };
        let [year, month, day] = [12.0, 252.0, 10_000.0].map(off);
        assert!(day.abs() < 1e-5 && month.abs() < 1e-3, "{year} {month} {day}");
        assert!((year / month / 21.0 - 1.0).abs() < 0.1, "{year} {month}");
    }
}

/// The expected log growth of a year all in the asset is `drift - volatility^2 / 2`, and all in cash the interest.
#[test]
fn all_or_nothing_has_a_closed_form() {
    let market = Gbm { risk_aversion: 1.0, ..Gbm::default() };
    let rules = market.rules(Fractions::Any);
    assert!((252.0 * rules.gain(1.0, rules.level) - 0.06).abs() < 1e-12);
    assert!((252.0 * rules.gain(0.0, rules.level) - 0.02).abs() < 1e-12);
    // A power utility all in the asset: E W^(1-a) = exp((1-a)(drift - a volatility^2 / 2)).
    let rules = Gbm { risk_aversion: 3.0, ..Gbm::default() }.rules(Fractions::Any);
    let year: f64 = (1.0 - 2.0 * rules.gain(1.0, rules.level)).powi(252);
    assert!((year - (-2.0 * (0.08 - 1.5 * 0.04f64)).exp()).abs() < 1e-11);
}

/// Perturbed fractions are worse.
#[test]
fn the_best_fraction_is_the_best() {
    let rules = Gbm::default().rules(Fractions::Any);
    let best = rules.best_fraction(rules.level);
    for other in [best - 0.05, best + 0.05, 0.0, 1.0] {
        assert!(rules.gain(other, rules.level) < rules.gain(best, rules.level));
    }
}

/// All in the asset the log growth is linear in the variance, whose mean stays at its level but for truncation: the
/// quadrature must find `drift - level / 2`.
#[test]
fn heston_all_in_grows_by_drift_less_half_the_variance() {
    let rules = Heston::default().rules(Fractions::Any);
    let value = total(&rules, &YEAR, 400, |v| rules.gain(1.0, v)).unwrap();
    assert!((value - (0.05 - 0.02)).abs() < 2e-7, "{value}");
}

/// Other grids, the same answer.
#[test]
fn heston_does_not_depend_on_the_grid() {
    let rules = Heston::default().rules(Fractions::Any);
    let [coarse, fine] = [200, 400]
        .map(|points| total(&rules, &YEAR, points, |v| rules.gain(rules.best_fraction(v), v)).unwrap());
    assert!((coarse / fine - 1.0).abs() < 1e-4, "{coarse} {fine}");
    let hold = total(&rules, &YEAR, 400, |v| rules.gain(1.0, v)).unwrap();
    assert!(fine > hold + 1e-3, "{fine} {hold}");
}
