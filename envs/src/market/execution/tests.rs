//! Published and independently computed values, and properties of the solver.

use proptest::prelude::*;

use super::*;

/// Trades and `E + lambda V` against an independent program, to all digits it printed.
#[test]
fn trades_are_those_of_the_reference() {
    let market = Execution::default();
    let trades = market.optimal_trades().unwrap();
    for (trade, expected) in trades.iter().zip([458_044.4, 252_101.3, 141_956.7, 85_755.7, 62_141.8]) {
        assert!((trade - expected).abs() < 0.06, "{trades:?}");
    }
    let rules = market.rules();
    let value = Plan::optimal(&rules, &Fractions::Any).cost + rules.spread;
    assert!((value * 1e6 - 1_275_355.56).abs() < 0.006, "{value}");
}

/// Closed form of the paper: the remainder after step j is `sinh(kappa (T - t_j)) / sinh(kappa T)`.
#[test]
fn trajectory_is_the_papers_hyperbolic_sine() {
    let market = Execution { steps: 20, ..Execution::default() };
    let (tau, sigma) = (0.25f64, 0.95f64);
    let eta = 2.5e-6 - 0.5 * 2.5e-7 * tau;
    let kappa = (1e-6 * sigma * sigma / eta * tau * tau / 2.0 + 1.0).acosh() / tau;
    let mut left = 1e6;
    for (j, trade) in (1..).zip(market.optimal_trades().unwrap()) {
        left -= trade;
        let expected = 1e6 * (kappa * (5.0 - f64::from(j) * tau)).sinh() / (kappa * 5.0).sinh();
        assert!((left - expected).abs() < 1e-6, "{j}: {left} {expected}");
    }
    let coarse = (1e-6 * sigma * sigma / (2.5e-6 - 0.5 * 2.5e-7) / 2.0 + 1.0).acosh();
    assert!((coarse - 0.607_076).abs() < 5e-7, "{coarse}");
}

proptest! {
    /// Other trajectories cost more; the cost of a plan equals that of executing it step by step without price
    /// changes.
    #[test]
    fn perturbed_trajectories_cost_more(shares in prop::collection::vec(0.0..1.0f64, 4)) {
        let rules = Execution { reward: Reward::Expected, ..Execution::default() }.rules();
        let mut rng = freewheel_core::Streams::new(0).stream(freewheel_core::Purpose::Environment, 0, 0);
        let mut state = rules.reset();
        let mut sum = 0.0;
        for share in shares.iter().chain(&[0.0]) {
            sum += f64::from(rules.step(&mut state, *share, &mut rng).reward);
        }
        let best = -Plan::optimal(&rules, &Fractions::Any).cost - rules.spread;
        prop_assert!(sum <= best + 1e-6, "{sum} {best}");
    }

    /// More levels cost less; equal slices and random ones cost more.
    #[test]
    fn plans_are_ordered(levels in 2usize..40) {
        let rules = Execution::default().rules();
        let table = Fractions::Levels((0..levels).map(|i| i as f64 / (levels - 1) as f64).collect());
        let best = Plan::optimal(&rules, &table).cost;
        prop_assert!(Plan::optimal(&rules, &Fractions::Any).cost <= best);
        prop_assert!(best <= Plan::even(&rules, &table).cost);
        prop_assert!(best <= Plan::random(&rules, &table).cost);
    }
}
