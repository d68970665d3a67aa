//! Solved values of the named worlds against exact values from the literature. The values of examples are those of
//! Sutton & Barto, recomputed with more digits; the others are from the publication of each world.

use freewheel_core::{Env, Policy, PolicyClass, SolveQuery, World};

use super::super::Gridworld;
use super::world;

fn value(world: &Gridworld, policy_class: PolicyClass, gamma: f64) -> f64 {
    solve(world, policy_class, gamma).value
}

fn solve(world: &Gridworld, policy_class: PolicyClass, gamma: f64) -> freewheel_core::Solution {
    world.solve(&SolveQuery { gamma, horizon: None, time_observed: false, policy_class }).expect("a solution")
}

fn near(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (state, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= tolerance, "state {state}: {found}, expected {expected}");
    }
}

#[test]
fn example_4_1() {
    let expected =
        [0., -14., -20., -22., -14., -18., -20., -20., -20., -20., -18., -14., -22., -20., -14., 0.];
    near(&solve(&world("example-4.1", ""), PolicyClass::Random, 1.0).values, &expected, 1e-9);
}

#[test]
fn example_3_5() {
    let expected = [
        3.3090, 8.7893, 4.4276, 5.3224, 1.4922, 1.5216, 2.9923, 2.2501, 1.9076, 0.5474, 0.0508, 0.7382,
        0.6731, 0.3582, -0.4031, -0.9736, -0.4355, -0.3549, -0.5856, -1.1831, -1.8577, -1.3452, -1.2293,
        -1.4229, -1.9752,
    ];
    near(&solve(&world("example-3.5", ""), PolicyClass::Random, 0.9).values, &expected, 5.1e-5);
}

#[test]
fn example_3_8() {
    let best = solve(&world("example-3.8", ""), PolicyClass::Optimal, 0.9).values;
    let expected = [21.9775, 24.4194, 21.9775, 19.4194, 17.4775, 19.7797, 21.9775, 19.7797, 17.8018, 16.0216];
    near(&best[..10], &expected, 5.1e-5);
}

#[test]
fn shortest_ways() {
    for (name, settings, steps) in [
        ("windy", "", 15.0),
        ("windy-kings", "", 7.0),
        ("cliff", "", 13.0),
        ("dyna-maze", "", 14.0),
        ("blocking-maze", "", 10.0),
        ("blocking-maze", "changed = true", 16.0),
        ("shortcut-maze", "", 16.0),
        ("shortcut-maze", "changed = true", 10.0),
    ] {
        let world = world(name, settings);
        // Mazes have the reward 1 at the goal and discount .95.
        let found = match world.spec().gamma {
            0.95 => value(&world, PolicyClass::Optimal, 0.95).ln() / 0.95f64.ln() + 1.0,
            gamma => -value(&world, PolicyClass::Optimal, gamma),
        };
        assert!((found - steps).abs() < 1e-9, "{name} {settings}: {found}");
    }
}

#[test]
fn frozen_lake() {
    let lake = world("frozenlake-4x4", "");
    near(
        &[value(&lake, PolicyClass::Optimal, 0.99), value(&lake, PolicyClass::Optimal, 1.0)],
        &[0.5420259320, 14.0 / 17.0],
        5e-11,
    );
    assert_eq!(value(&world("frozenlake-4x4", "slippery = false"), PolicyClass::Optimal, 1.0), 1.0);
    assert_eq!(
        (lake.spec().time_limit, world("frozenlake-8x8", "").spec().time_limit),
        (Some(100), Some(200))
    );
}

#[test]
fn taxi() {
    let taxi = world("taxi", "");
    assert!((value(&taxi, PolicyClass::Optimal, 1.0) - 7.93).abs() < 1e-9);
    assert_eq!((taxi.states(), taxi.starts().count(), taxi.spec().time_limit), (500, 300, Some(200)));
    // The masked actions of taxi are never optimal, so that the value is the same with a mask.
    assert!((value(&world("taxi", "mask = true"), PolicyClass::Optimal, 1.0) - 7.93).abs() < 1e-9);
}

#[test]
fn deep_sea() {
    for settings in ["", "action_seed = 3"] {
        for side in [2, 10, 30] {
            let sea = world(&format!("deepsea-{side}"), settings);
            assert!((value(&sea, PolicyClass::Optimal, 1.0) - 0.99).abs() < 1e-9);
        }
    }
    // The reward 1 is reached by N random moves that all go right.
    let random = value(&world("deepsea-4", ""), PolicyClass::Random, 1.0);
    assert!((random - (1.0 / 16.0 - 0.005)).abs() < 1e-12, "{random}");
}

#[test]
fn key_door_takes_both_keys() {
    assert!((value(&world("key-door", ""), PolicyClass::Optimal, 1.0) + 27.0).abs() < 1e-9);
}

/// The solved policy selects only legal actions of a masked world.
#[test]
fn references_follow_the_mask() {
    let world = world("random-9x7-2", "mask = true");
    let policy = solve(&world, PolicyClass::Optimal, 1.0).policy.expect("a policy");
    let mut legal = vec![true; world.actions()];
    let mut actions = freewheel_core::ActionBuffer::Discrete(vec![0]);
    let mut rngs = [freewheel_core::Streams::new(0).stream(freewheel_core::Purpose::WatchAction, 0, 0)];
    for state in 0..world.states() as u32 {
        world.legal(&super::super::State { observation: state }, &mut legal);
        Policy::act(&*policy, &[state as f32], &legal, &mut rngs, &mut actions);
        let freewheel_core::ActionBuffer::Discrete(actions) = &actions else { panic!("discrete actions") };
        assert!(legal[actions[0] as usize], "state {state}");
    }
}
