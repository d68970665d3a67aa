//! Independently computed values, and properties of the solvers.

use freewheel_core::{PolicyClass, SolveQuery};

use super::*;

const ALL: SolveQuery =
    SolveQuery { gamma: 1.0, horizon: None, time_observed: false, policy_class: PolicyClass::Optimal };

fn any() -> Depths {
    Depths::UpTo(10.0)
}

/// Value against an independent program, to all digits it printed, and the value without limits or penalties.
#[test]
fn continuous_value_is_that_of_the_reference() {
    let values = continuous_values(140.0, 1.5, 0.01, 0.001, 10);
    assert!((values[10] - 67.970_318_42).abs() < 5e-9, "{}", values[10]);
    let bound: f64 = 2.0 * 140.0 / (1.5 * std::f64::consts::E);
    assert!((bound - 68.670_829).abs() < 5e-7);
    // Without penalties and far from the limits the value is the bound.
    let free = continuous_values(140.0, 1.5, 0.0, 0.0, 100)[100];
    assert!((free - bound).abs() < 1e-6, "{free}");
}

/// The discrete-time value converges to the continuous-time one in proportion to the length of a step.
#[test]
fn steps_approach_continuous_time() {
    let continuous = continuous_values(140.0, 1.5, 0.01, 0.001, 10)[10];
    let error = |steps| {
        let rules = MarketMaking { steps, ..MarketMaking::default() }.rules();
        Values::optimal(&rules, &any(), &ALL).start_value() - continuous
    };
    let errors = [500, 1000, 2000, 4000].map(error);
    for pair in errors.windows(2) {
        assert!((pair[0] / pair[1] - 2.0).abs() < 0.05, "{errors:?}");
    }
    // Figure quoted in docs/worlds/market.md.
    assert!((errors[1] - 2.288e-4).abs() < 5e-8, "{errors:?}");
}

/// Episode of two steps, enumerated by hand.
#[test]
fn two_steps_by_hand() {
    let making = MarketMaking {
        lambda: 0.5,
        steps: 2,
        depths: vec![0.5, 1.0],
        phi: 0.3,
        alpha: 0.2,
        ..MarketMaking::default()
    };
    let rules = making.rules();
    // Either side arrives with probability 1/4; maximum over the four quotes in each of the states -1, 0, 1.
    let fill = |depth: f64| 0.25 * (-1.5 * depth).exp();
    let last = |q: i32| -> f64 {
        let paid = |q: i32| -0.2 * f64::from(q * q);
        let quote = |bid: f64, ask: f64| {
            -0.15 * f64::from(q * q)
                + fill(bid) * (bid + paid(q + 1))
                + fill(ask) * (ask + paid(q - 1))
                + (1.0 - fill(bid) - fill(ask)) * paid(q)
        };
        [quote(0.5, 0.5), quote(0.5, 1.0), quote(1.0, 0.5), quote(1.0, 1.0)]
            .into_iter()
            .fold(f64::MIN, f64::max)
    };
    let first = |bid: f64, ask: f64| {
        fill(bid) * (bid + last(1)) + fill(ask) * (ask + last(-1)) + (1.0 - fill(bid) - fill(ask)) * last(0)
    };
    let value = [first(0.5, 0.5), first(0.5, 1.0), first(1.0, 0.5), first(1.0, 1.0)]
        .into_iter()
        .fold(f64::MIN, f64::max);
    let solved = Values::optimal(&rules, &Depths::Levels(making.depths.clone()), &ALL).start_value();
    assert!((solved - value).abs() < 1e-14, "{solved} {value}");
    let random = 0.25 * (first(0.5, 0.5) + first(0.5, 1.0) + first(1.0, 0.5) + first(1.0, 1.0));
    let solved = Values::random(&rules, &Depths::Levels(making.depths.clone()), &ALL).start_value();
    assert!(solved < random, "after a random first quote {random} plays on as well as can be");
}

/// More choices have a higher value: one depth, a table, any depth; random quotes have a lower one.
#[test]
fn more_choices_have_a_higher_value() {
    let making = MarketMaking::default();
    let rules = making.rules();
    let table = Depths::Levels(making.depths.clone());
    let one = Values::optimal(&rules, &Depths::Levels(vec![0.7]), &ALL).start_value();
    let values = [
        Values::random(&rules, &table, &ALL).start_value(),
        one,
        Values::optimal(&rules, &table, &ALL).start_value(),
        Values::optimal(&rules, &any(), &ALL).start_value(),
    ];
    assert!(values.is_sorted(), "{values:?}");
    // A horizon of 0 steps does not reach the final cost.
    let none = Values::optimal(&rules, &any(), &SolveQuery { horizon: Some(0), ..ALL }).start_value();
    assert_eq!(none, 0.0);
}

/// The mean over continuous random depths is the limit of many levels.
#[test]
fn random_depths_are_the_limit_of_many_levels() {
    let rules = MarketMaking { steps: 400, ..MarketMaking::default() }.rules();
    let levels = (0..4000).map(|i| (f64::from(i) + 0.5) / 400.0).collect();
    let [a, b] =
        [any(), Depths::Levels(levels)].map(|depths| Values::random(&rules, &depths, &ALL).start_value());
    assert!((a / b - 1.0).abs() < 1e-5, "{a} {b}");
}
