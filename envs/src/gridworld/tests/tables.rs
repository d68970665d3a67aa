//! Transition tables against those of Gymnasium and against frequencies of sampled steps; random maps against their
//! definition.

use std::collections::HashMap;

use freewheel_core::{Ending, Env, Purpose, Streams};
use proptest::prelude::*;

use super::super::{Gridworld, State};
use super::world;

/// Entry of Gymnasium's `P`: probability, next state, reward, terminal.
type Entry = (f64, u32, f64, bool);

fn outcomes(world: &Gridworld, state: usize, action: usize) -> Vec<Entry> {
    world.outcomes(state, action).map(|o| (o.probability, o.next, o.reward, o.terminal)).collect()
}

/// Some entries of `env.unwrapped.P`, copied from Gymnasium 1.4. (All entries of all five tables are compared outside
/// of this test.)
#[test]
fn gymnasium_entries() {
    let third = 0.333333333333333;
    let cases: &[(&str, usize, usize, &[Entry])] = &[
        ("frozenlake-4x4", 0, 0, &[(third, 0, 0., false), (third, 0, 0., false), (third, 4, 0., false)]),
        ("frozenlake-4x4", 14, 2, &[(third, 14, 0., false), (third, 15, 1., true), (third, 10, 0., false)]),
        ("frozenlake-4x4", 1, 1, &[(third, 0, 0., false), (third, 5, 0., true), (third, 2, 0., false)]),
        ("frozenlake-4x4", 5, 3, &[(1.0, 5, 0., true)]),
        ("cliff", 36, 1, &[(1.0, 36, -100., false)]),
        ("cliff", 36, 0, &[(1.0, 24, -1., false)]),
        ("cliff", 35, 2, &[(1.0, 47, -1., true)]),
        (
            "cliff-slippery",
            36,
            0,
            &[(third, 36, -1., false), (third, 24, -1., false), (third, 36, -100., false)],
        ),
        ("taxi", 0, 4, &[(1.0, 16, -1., false)]),
        ("taxi", 16, 5, &[(1.0, 0, 20., true)]),
        ("taxi", 0, 0, &[(1.0, 100, -1., false)]),
        ("taxi", 328, 5, &[(1.0, 328, -10., false)]),
    ];
    for (name, state, action, expected) in cases {
        let found = outcomes(&world(name, ""), *state, *action);
        assert_eq!(found.len(), expected.len(), "{name} {state} {action}: {found:?}");
        for (found, expected) in found.iter().zip(*expected) {
            let same = (found.1, found.2, found.3) == (expected.1, expected.2, expected.3);
            assert!(same && (found.0 - expected.0).abs() < 1e-12, "{name} {state} {action}: {found:?}");
        }
    }
}

#[test]
fn settings_change_the_table() {
    let thick = world("frozenlake-4x4", "slip = 0.25");
    let probabilities: Vec<f64> = outcomes(&thick, 0, 1).iter().map(|o| o.0).collect();
    assert_eq!(probabilities, [0.125, 0.75, 0.125]);
    assert_eq!(outcomes(&world("cliff", "step_reward = -2"), 0, 0), [(1.0, 0, -2.0, false)]);
    assert_eq!(outcomes(&world("cliff", "bump_reward = -3"), 0, 0), [(1.0, 0, -3.0, false)]);
    let spec = world("cliff", "gamma = 0.5\ntime_limit = 7").spec().clone();
    assert_eq!((spec.gamma, spec.time_limit), (0.5, Some(7)));
}

#[test]
fn json_holds_every_entry() {
    let world = world("frozenlake-4x4", "");
    let json = world.transitions_json();
    assert_eq!(json["P"].as_array().map(Vec::len), Some(16));
    assert_eq!(json["P"][14][2][1], serde_json::json!([1.0 - 2.0 / 3.0, 15, 1.0, true]));
    assert_eq!(json["starts"], serde_json::json!([[0, 1.0]]));
    assert_eq!(json["actions"], serde_json::json!(["left", "down", "right", "up"]));
}

/// Sampled steps from every state by every action have the frequencies of the table: within five standard deviations.
#[test]
fn steps_are_as_frequent_as_the_table_says() {
    const DRAWS: u32 = 3_000;
    for (name, settings) in [
        ("frozenlake-4x4", ""),
        ("cliff-slippery", "slip = 0.3"),
        ("windy-stochastic", ""),
        ("four-rooms", ""),
        ("taxi", ""),
        ("deepsea-5", "action_seed = 1"),
        ("example-3.5", "slip = 0.1"),
        ("key-door", "slippery = true"),
    ] {
        let world = world(name, settings);
        let mut rng = Streams::new(5).stream(Purpose::Environment, 0, 0);
        // In larger worlds only about 60 states are tested.
        for state in (0..world.states()).step_by(1 + world.states() / 60) {
            for action in 0..world.actions() {
                let mut expected: HashMap<(u32, u32, bool), f64> = HashMap::new();
                for o in world.outcomes(state, action) {
                    *expected.entry((o.next, (o.reward as f32).to_bits(), o.terminal)).or_default() +=
                        o.probability;
                }
                assert!((expected.values().sum::<f64>() - 1.0).abs() < 1e-12);
                let mut found: HashMap<(u32, u32, bool), u32> = HashMap::new();
                for _ in 0..DRAWS {
                    let mut at = State { observation: state as u32 };
                    let step = world.step(&mut at, action as u32, &mut rng);
                    let key = (at.observation, step.reward.to_bits(), step.ending == Ending::Terminal);
                    *found.entry(key).or_default() += 1;
                }
                for (key, count) in found {
                    let p = expected.remove(&key).unwrap_or(0.0);
                    let n = f64::from(DRAWS);
                    let difference = (f64::from(count) - n * p).abs();
                    assert!(
                        difference <= 5.0 * (n * p * (1.0 - p)).sqrt() + 1e-6,
                        "{name} state {state} action {action}: {count} of {DRAWS}, expected {p}"
                    );
                }
                assert!(expected.is_empty(), "{name} state {state} action {action}: never came {expected:?}");
            }
        }
    }
}

#[test]
fn starts_are_uniform() {
    let world = world("taxi", "");
    let mut counts = HashMap::new();
    let mut rng = Streams::new(6).stream(Purpose::Environment, 0, 0);
    for _ in 0..300_000 {
        *counts.entry(world.reset(&mut rng).observation).or_insert(0u32) += 1;
    }
    assert_eq!(counts.len(), 300);
    // Chi-squared with 299 degrees of freedom: 381 is exceeded with probability 0.001.
    let chi: f64 = counts.values().map(|&c| (f64::from(c) - 1e3).powi(2) / 1e3).sum();
    assert!(chi < 381.0, "{chi}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Random maps of any size and density are valid, which means that their goal can be reached.
    #[test]
    fn random_maps_can_be_solved(width in 1u32..40, height in 1u32..40, seed: u64, density in 0.0..0.99f64) {
        prop_assume!(width * height >= 2);
        let world = world(&format!("random-{width}x{height}-{seed}"), &format!("density = {density}"));
        prop_assert!(world.states() <= (width * height) as usize);
    }

    #[test]
    fn random_lakes_can_be_crossed(side in 2u32..12, seed: u64) {
        let world = world(&format!("frozenlake-{side}-{seed}"), "");
        prop_assert_eq!(world.states(), (side * side) as usize);
    }
}

#[test]
fn a_seed_is_a_map() {
    let map =
        |name: &str| super::GridworldFamily.map(name, &toml::Table::new()).unwrap().unwrap().to_string();
    assert_eq!(map("random-12x9-7"), map("random-12x9-7"));
    assert_ne!(map("random-12x9-7"), map("random-12x9-8"));
    assert_eq!(map("random-7x4-1"), RANDOM_7X4_1);
}

const RANDOM_7X4_1: &str = "...#S.#\n.....#.\n.#...#.\nG#....#\n---\nabout = \"A random map\"\n";
