//! The figures of the reference, and what must hold whatever they are.

use freewheel_core::{PolicyClass, SolveQuery};

use super::*;

const ALL: SolveQuery =
    SolveQuery { gamma: 1.0, horizon: None, time_observed: false, policy_class: PolicyClass::Optimal };

fn any() -> Depths {
    Depths::UpTo(10.0)
}

/// The value from a second program, to all digits it gave, and the bound without limits or penalties.
#[test]
fn continuous_value_is_that_of_the_reference() {
    let values = continuous::values(140.0, 1.5, 0.01, 0.001, 10);
    assert!((values[10] - 67.970_318_42).abs() < 5e-9, "{}", values[10]);
    let bound: f64 = 2.0 * 140.0 / (1.5 * std::f64::consts::E);
    assert!((bound - 68.670_829).abs() < 5e-7);
    // Without penalties and far from the limits nothing else matters.
    let free = continuous::values(140.0, 1.5, 0.0, 0.0, 100)[100];
    assert!((free - bound).abs() < 1e-6, "{free}");
}

/// Steps of time come near continuous time in proportion to their length.
#[test]
fn steps_approach_continuous_time() {
    let continuous = continuous::values(140.0, 1.5, 0.01, 0.001, 10)[10];
    let error = |steps| {
        let rules = Making { steps, ..Making::default() }.rules();
        Values::best(&rules, &any(), &ALL).start() - continuous
    };
    let errors = [500, 1000, 2000, 4000].map(error);
    for pair in errors.windows(2) {
        assert!((pair[0] / pair[1] - 2.0).abs() < 0.05, "{errors:?}");
    }
    // What the page of the world says.
    assert!((errors[1] - 2.288e-4).abs() < 5e-8, "{errors:?}");
}

/// An episode of two steps, all of its endings written out.
#[test]
fn two_steps_by_hand() {
    let making =
        Making { lambda: 0.5, steps: 2, depths: vec![0.5, 1.0], phi: 0.3, alpha: 0.2, ..Making::default() };
    let rules = making.rules();
    // Either side comes with probability 1/4; the best of four quotes in each of the states -1, 0, 1 by trying all.
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
    let solved = Values::best(&rules, &Depths::Levels(making.depths.clone()), &ALL).start();
    assert!((solved - value).abs() < 1e-14, "{solved} {value}");
    let random = 0.25 * (first(0.5, 0.5) + first(0.5, 1.0) + first(1.0, 0.5) + first(1.0, 1.0));
    let solved = Values::random(&rules, &Depths::Levels(making.depths.clone()), &ALL).start();
    assert!(solved < random, "after a random first quote {random} plays on as well as can be");
}

/// More freedom is worth more: one depth, a table, any depth; and random quotes less than the best of the same.
#[test]
fn more_freedom_is_worth_more() {
    let making = Making::default();
    let rules = making.rules();
    let table = Depths::Levels(making.depths.clone());
    let one = Values::best(&rules, &Depths::Levels(vec![0.7]), &ALL).start();
    let values = [
        Values::random(&rules, &table, &ALL).start(),
        one,
        Values::best(&rules, &table, &ALL).start(),
        Values::best(&rules, &any(), &ALL).start(),
    ];
    assert!(values.is_sorted(), "{values:?}");
    // A shorter horizon leaves nothing to pay for at the end.
    let none = Values::best(&rules, &any(), &SolveQuery { horizon: Some(0), ..ALL }).start();
    assert_eq!(none, 0.0);
}

/// The mean of a random depth between bounds is that of many levels.
#[test]
fn random_depths_are_the_limit_of_many_levels() {
    let rules = Making { steps: 400, ..Making::default() }.rules();
    let levels = (0..4000).map(|i| (f64::from(i) + 0.5) / 400.0).collect();
    let [a, b] = [any(), Depths::Levels(levels)].map(|depths| Values::random(&rules, &depths, &ALL).start());
    assert!((a / b - 1.0).abs() < 1e-5, "{a} {b}");
}
