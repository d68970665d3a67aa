//! The figures of the papers, and what must hold whatever they are.

use freewheel_core::{PolicyClass, SolveQuery};

use super::linear::{Linear, Problem};
use super::*;
use crate::market::average::{average_of, best_average};
use crate::market::desk::Market;

/// Average rewards per step from a second program, to all digits it gave.
#[test]
fn ar1_averages_are_those_of_the_reference() {
    for (cost, average) in [(0.0, 9.106_719_033_6e-4), (5e-4, 8.165_310_706_6e-4)] {
        let best = Ar1 { cost, ..Ar1::default() }.best_average().unwrap();
        assert!((best.value() / average - 1.0).abs() < 6e-11, "{best:?}");
        assert!(best.high - best.low < 1e-15);
    }
}

/// The closed form of the paper at its parameters, and the Riccati recursion, which knows nothing of it.
#[test]
fn closed_form_is_where_riccati_comes_to_rest() {
    let market = GarleanuPedersen::default();
    let (rate, aim) = market.closed_form();
    assert!((rate - 0.386_585_860_2).abs() < 5e-11, "{rate}");
    assert!((aim - 43.303_752_6).abs() < 5e-8, "{aim}");
    let (order, _) = market.problem().stationary();
    assert!((1.0 - order.keep - rate).abs() < 1e-13, "{order:?}");
    assert!((order.aim() / aim - 1.0).abs() < 1e-13);
}

/// Average reward per step as rho goes to 0, of the best policy and of one that is at Markowitz's portfolio every step.
#[test]
fn averages_are_those_of_the_reference() {
    let problem = GarleanuPedersen { rho: 0.0, ..GarleanuPedersen::default() }.problem();
    let per_step = |order: Linear| {
        let value = problem.value_of(order, 3000);
        0.5 * value.c * problem.shock
    };
    let best = per_step(problem.stationary().0);
    assert!((best - 0.246_090_065_4).abs() < 5e-11, "{best}");
    let markowitz = per_step(Linear { keep: 0.0, pull: 50.0 });
    assert!((markowitz - 0.065_789_473_7).abs() < 5e-11, "{markowitz}");
}

/// No linear order beats the best one, at any discount: exactly, by evaluation.
#[test]
fn perturbed_orders_are_worse() {
    let market = GarleanuPedersen::default();
    let variance = market.rules().chain.variance();
    for gamma in [0.5, 0.9, 0.99] {
        let problem = Problem { gamma, ..market.problem() };
        let (best, value) = problem.stationary();
        let value = value.when_flat(variance);
        assert!((problem.value_of(best, 5000).when_flat(variance) / value - 1.0).abs() < 1e-12);
        for (keep, pull) in [(0.05, 0.0), (-0.05, 0.0), (0.0, 1.0), (0.0, -1.0), (0.02, -0.5)] {
            let other = Linear { keep: best.keep + keep, pull: best.pull + pull };
            assert!(problem.value_of(other, 5000).when_flat(variance) < value);
        }
    }
}

/// The finite process is bounded by the continuous one, and comes near it as levels become many.
#[test]
fn levels_approach_any_position() {
    let upper = |market: &GarleanuPedersen| {
        market.problem().stationary().1.when_flat(market.rules().chain.variance())
    };
    let query =
        SolveQuery { gamma: 0.99, horizon: None, time_observed: false, policy_class: PolicyClass::Optimal };
    let mut gaps = [11, 21, 41].map(|levels| {
        let market = GarleanuPedersen { levels, signals: 5, ..GarleanuPedersen::default() };
        let value = market.finite().unwrap().mdp().solve(&query).unwrap().value;
        1.0 - value / upper(&market)
    });
    assert!(gaps.iter().all(|gap| *gap > 0.0), "{gaps:?}");
    assert!(gaps[2] < 0.02, "{gaps:?}");
    gaps.reverse();
    assert!(gaps.is_sorted(), "{gaps:?}");
}

/// A policy that differs from the best in one state does not earn more on average.
#[test]
fn perturbed_thresholds_are_worse() {
    let finite = Ar1 { signals: 9, ..Ar1::default() }.finite().unwrap();
    let best = best_average(finite.mdp(), 1e-15).unwrap();
    // A threshold policy by hand: it changes only where the signal is worth the cost.
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
        (1..4).map(|width| average_of(finite.mdp(), &threshold(width), 1e-15).unwrap().value()).collect();
    let most = averages.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    assert!((most - best.value()).abs() < 1e-12, "{averages:?} {best:?}");
    let query =
        SolveQuery { gamma: 0.999, horizon: None, time_observed: false, policy_class: PolicyClass::Optimal };
    let solved = finite.solve(&query).unwrap().solution;
    assert!(solved.value > 0.0);
}
