//! Independently computed values, and properties of the bounds.

use freewheel_core::{PolicyClass, SolveQuery};

use super::*;

fn infinite_horizon(gamma: f64) -> SolveQuery {
    SolveQuery { gamma, horizon: None, time_observed: false, policy_class: PolicyClass::Optimal }
}

fn any() -> RegimeMarket {
    Regime { actions: ActionKind::Continuous, ..Regime::default() }.market().unwrap()
}

/// Growth per step against an independent program, to all digits it printed.
#[test]
fn growths_are_those_of_the_reference() {
    let rules = any().rules;
    assert!((bounds::clairvoyant_growth(&rules) - 9.7503e-4).abs() < 5e-9);
    let hold = 0.5 * (rules.expected_growth(1.0, 0.0) + rules.expected_growth(1.0, 1.0));
    assert!((hold + 5.0e-5).abs() < 5e-8);
    // Growth per step long after the start, as the difference of the values of two horizons.
    let within = |steps| {
        bounds::filter_bounds(&rules, &SolveQuery { horizon: Some(steps), ..infinite_horizon(1.0) }).unwrap()
    };
    let ((low, high), (low_before, high_before)) = (within(1200), within(200));
    assert!((high - low) / low < 1e-3, "{low} {high}");
    for growth in [(low - low_before) / 1000.0, (high - high_before) / 1000.0] {
        assert!((growth - 2.8466e-4).abs() < 5e-8, "{growth}");
    }
}

/// More information has a higher value: longer memory, the filter, knowledge of the regime.
#[test]
fn more_information_has_a_higher_value() {
    let query = SolveQuery { horizon: Some(100), ..infinite_horizon(1.0) };
    let growths: Vec<f64> =
        [1, 4, 8, 12].map(|memory| bounds::memory_value(&Rules { memory, ..any().rules }, &query)).to_vec();
    let (low, high) = bounds::filter_bounds(&any().rules, &query).unwrap();
    let clairvoyant = bounds::discounted_sum(&query, bounds::clairvoyant_growth(&any().rules)).unwrap();
    let all = [&growths[..], &[low, high, clairvoyant]].concat();
    assert!(all.is_sorted(), "{all:?}");
    assert!(high - low < 1e-5 * high, "{low} {high}");
}

/// Growth after k moves by enumeration of all moves and regimes without Bayes' rule, and over all levels.
#[test]
fn memory_growth_equals_brute_force() {
    let market = Regime { levels: 5, memory: 6, ..Regime::default() }.market().unwrap();
    let rules = &market.rules;
    let Fractions::Levels(levels) = rules.fractions.clone() else { panic!("levels") };
    let k = 6;
    let mut value = 0.0;
    for moves in 0..1u32 << k {
        // Joint probability of these moves and of either regime after them.
        let mut joint = [0.5, 0.5];
        for i in 0..k {
            let up = moves >> i & 1 == 1;
            let observed = [0, 1].map(|z: usize| joint[z] * if up { rules.up[z] } else { 1.0 - rules.up[z] });
            joint = [0, 1].map(|z: usize| observed[z] * rules.stay + observed[1 - z] * (1.0 - rules.stay));
        }
        let growth = |f: f64| -> f64 {
            let of =
                |z: usize| rules.up[z] * (1.0 + f * 0.01).ln() + (1.0 - rules.up[z]) * (1.0 - f * 0.01).ln();
            joint[0] * of(0) + joint[1] * of(1)
        };
        value += levels.iter().map(|&f| growth(f)).fold(f64::NEG_INFINITY, f64::max);
    }
    assert!((bounds::growth_by_memory(rules)[k] / value - 1.0).abs() < 1e-12);
}

/// A distant horizon gives the value of an infinite one.
#[test]
fn horizons_and_discounts_agree() {
    let rules = any().rules;
    let distant = SolveQuery { horizon: Some(3000), ..infinite_horizon(0.98) };
    let (a, b) =
        (bounds::memory_value(&rules, &distant), bounds::memory_value(&rules, &infinite_horizon(0.98)));
    assert!((a / b - 1.0).abs() < 1e-12);
    let ((a, c), (b, d)) = (
        bounds::filter_bounds(&rules, &distant).unwrap(),
        bounds::filter_bounds(&rules, &infinite_horizon(0.98)).unwrap(),
    );
    assert!((a / b - 1.0).abs() < 1e-7 && (c / d - 1.0).abs() < 1e-9, "{a} {b} {c} {d}");
    assert!(bounds::filter_bounds(&rules, &infinite_horizon(1.0)).is_err());
}

/// The index holds the last moves only.
#[test]
fn the_index_keeps_the_last_moves() {
    let mut moves = 1;
    for (up, expected) in [(true, 0b11), (false, 0b110), (true, 0b1101), (true, 0b1011), (false, 0b1110)] {
        moves = rules::push_move(moves, up, 3);
        assert_eq!(moves, expected);
    }
}
