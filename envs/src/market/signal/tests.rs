//! Published and independently computed values, and properties of the solvers.

use freewheel_core::{PolicyClass, SolveQuery};

use super::linear::{LinearPolicy, LqProblem};
use super::*;
use crate::market::adapter::Market;
use crate::market::average::{optimal_average, policy_average};

/// Average rewards per step against an independent program, to all digits it printed.
#[test]
fn ar1_averages_are_those_of_the_reference() {
    for (cost, average) in [(0.0, 9.106_719_033_6e-4), (5e-4, 8.165_310_706_6e-4)] {
        let best = Ar1 { cost, ..Ar1::default() }.optimal_average().unwrap();
        assert!((best.value() / average - 1.0).abs() < 6e-11, "{best:?}");
        assert!(best.high - best.low < 1e-15);
    }
}

/// The closed form at the paper's parameters against the fixed point of the Riccati recursion.
#[test]
fn closed_form_is_where_riccati_comes_to_rest() {
    let market = GarleanuPedersen::default();
    let (rate, aim) = market.closed_form();
    assert!((rate - 0.386_585_860_2).abs() < 5e-11, "{rate}");
    assert!((aim - 43.303_752_6).abs() < 5e-8, "{aim}");
    let (order, _) = market.problem().stationary();
    assert!((1.0 - order.position_coef - rate).abs() < 1e-13, "{order:?}");
    assert!((order.aim() / aim - 1.0).abs() < 1e-13);
}

/// Average reward per step as rho goes to 0, of the optimal policy and of holding Markowitz's portfolio.
#[test]
fn averages_are_those_of_the_reference() {
    let problem = GarleanuPedersen { rho: 0.0, ..GarleanuPedersen::default() }.problem();
    let per_step = |order: LinearPolicy| {
        let value = problem.evaluate(order, 3000);
        0.5 * value.c * problem.shock
    };
    let best = per_step(problem.stationary().0);
    assert!((best - 0.246_090_065_4).abs() < 5e-11, "{best}");
    let markowitz = per_step(LinearPolicy { position_coef: 0.0, signal_coef: 50.0 });
    assert!((markowitz - 0.065_789_473_7).abs() < 5e-11, "{markowitz}");
}

/// Perturbed linear policies have lower values, at any discount.
#[test]
fn perturbed_policies_are_worse() {
    let market = GarleanuPedersen::default();
    let variance = market.rules().chain.variance();
    for gamma in [0.5, 0.9, 0.99] {
        let problem = LqProblem { gamma, ..market.problem() };
        let (best, value) = problem.stationary();
        let value = value.start_value(variance);
        assert!((problem.evaluate(best, 5000).start_value(variance) / value - 1.0).abs() < 1e-12);
        for (position_coef, signal_coef) in [(0.05, 0.0), (-0.05, 0.0), (0.0, 1.0), (0.0, -1.0), (0.02, -0.5)]
        {
            let other = LinearPolicy {
                position_coef: best.position_coef + position_coef,
                signal_coef: best.signal_coef + signal_coef,
            };
            assert!(problem.evaluate(other, 5000).start_value(variance) < value);
        }
    }
}

/// The discrete optimum lies below the continuous one and approaches it with more levels.
#[test]
fn levels_approach_any_position() {
    let upper = |market: &GarleanuPedersen| {
        market.problem().stationary().1.start_value(market.rules().chain.variance())
    };
    let query =
        SolveQuery { gamma: 0.99, horizon: None, time_observed: false, policy_class: PolicyClass::Optimal };
    let mut gaps = [11, 21, 41].map(|levels| {
        let market = GarleanuPedersen { levels, signals: 5, ..GarleanuPedersen::default() };
        let value = market.discrete_market().unwrap().mdp().solve(&query).unwrap().value;
        1.0 - value / upper(&market)
    });
    assert!(gaps.iter().all(|gap| *gap > 0.0), "{gaps:?}");
    assert!(gaps[2] < 0.02, "{gaps:?}");
    gaps.reverse();
    assert!(gaps.is_sorted(), "{gaps:?}");
}

/// No threshold policy has a higher average than the optimum, and the best one attains it.
#[test]
fn perturbed_thresholds_are_worse() {
    let finite = Ar1 { signals: 9, ..Ar1::default() }.market().unwrap();
    let best = optimal_average(finite.mdp(), 1e-15).unwrap();
    // Threshold policy: it trades only where the signal is at least `width` states from the middle.
    let threshold = |width: usize| -> Vec<u32> {
        (0..27)
            .map(|s| match (s / 3, s % 3) {
                (signal, _) if signal >= 4 + width => 2,
                (signal, _) if signal + width <= 4 => 0,
                (_, held) => held as u32,
            })
            .collect()
    };
    let averages: Vec<f64> =
        (1..4).map(|width| policy_average(finite.mdp(), &threshold(width), 1e-15).unwrap().value()).collect();
    let most = averages.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    assert!((most - best.value()).abs() < 1e-12, "{averages:?} {best:?}");
    let query =
        SolveQuery { gamma: 0.999, horizon: None, time_observed: false, policy_class: PolicyClass::Optimal };
    let solved = finite.solve(&query).unwrap().solution;
    assert!(solved.value > 0.0);
}
