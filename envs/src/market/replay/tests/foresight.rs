//! Bounds against exhaustive search.

use freewheel_core::{Certainty, Env, PolicyClass, SolveQuery, World};

use super::super::Replay;
use super::super::foresight::cost_free_bound;
use super::*;

/// Simulated scores of all sequences of actions from a start.
fn all_scores(world: &Replay<u32>, start: usize, steps: usize) -> Vec<f64> {
    let actions = world.spec().actions.count();
    let mut rng = test_rng(0);
    (0..actions.pow(steps as u32))
        .map(|mut code| {
            let mut state = world.start(start, steps);
            loop {
                let action = (code % actions) as u32;
                code /= actions;
                if world.step(&mut state, action, &mut rng).ending.is_over() {
                    return state.reward_sum;
                }
            }
        })
        .collect()
}

fn query(steps: u32, policy_class: PolicyClass) -> SolveQuery {
    SolveQuery { gamma: 1.0, horizon: Some(steps), time_observed: false, policy_class }
}

const CASES: &[(&str, u64)] = &[
    ("", 1),
    ("commission = 0.02\nleverage = 2\nlevels = [-2, 0, 0.7]", 1),
    ("commission = 0.01\nlevels = [0.5, 1]\nshort = false", 1),
    ("levels = [-0.5, 0, 0.5]\ncommission = 0.003", 2),
];

/// The upper bound is the maximum over all sequences, and the random policy's value is their mean.
#[test]
fn bounds_are_those_of_trying_everything() {
    for (case, &(text, assets)) in CASES.iter().enumerate() {
        let prices = several(110, 40..40 + assets);
        let world = replay(prices, &short(text));
        let steps = if assets == 1 { 6 } else { 3 };
        let starts = world.market.starts.clone();
        let (mut best, mut mean) = (0.0, 0.0);
        for start in starts.clone() {
            let scores = all_scores(&world, start, steps);
            best += scores.iter().copied().fold(f64::MIN, f64::max) / starts.len() as f64;
            mean += scores.iter().sum::<f64>() / (scores.len() * starts.len()) as f64;
        }
        let solution = world.solve(&query(steps as u32, PolicyClass::Optimal)).unwrap();
        assert_eq!(solution.certainty, Certainty::Bracket);
        let upper = solution.upper.unwrap();
        assert!((upper - best).abs() < 1e-7, "{case}: {upper} {best}");
        assert!(solution.value <= upper);
        let random = world.solve(&query(steps as u32, PolicyClass::Random)).unwrap();
        assert!((random.value - mean).abs() < 1e-7, "{case}: {} {mean}", random.value);
        assert!(cost_free_bound(&world.market, steps) >= upper - 1e-12);
    }
}

/// With a fee or with ruin the upper bound still holds, and the random policy is not solved.
#[test]
fn bounds_hold_with_fees_and_ruin() {
    for text in ["fee = 30", "leverage = 40\nlevels = [-40, 0, 40]\nruin = 0.5\ncommission = 0"] {
        let world = replay(several(110, 7..8), &short(text));
        let starts = world.market.starts.clone();
        let most = |start| all_scores(&world, start, 5).into_iter().fold(f64::MIN, f64::max);
        let best: f64 = starts.clone().map(most).sum::<f64>() / starts.len() as f64;
        let upper = world.solve(&query(5, PolicyClass::Optimal)).unwrap().upper.unwrap();
        assert!(upper >= best - 1e-7, "{text}: {upper} {best}");
        assert!(world.solve(&query(5, PolicyClass::Random)).is_err());
    }
}

/// The clairvoyant policy attains the upper bound in every episode of test and training.
#[test]
fn clairvoyant_attains_the_bound() {
    for text in ["split = \"test\"", "split = \"train\"\ncommission = 0.01"] {
        let world = replay(several(300, 11..12), &short(text));
        let clairvoyant = world.spec().scripts.iter().position(|name| name == "clairvoyant").unwrap();
        for seed in 0..20 {
            let mut rng = test_rng(seed);
            let mut state = world.reset(&mut rng);
            let start = state.bar as usize;
            let bound = world.foresight().unwrap().optimum(start, world.market.steps);
            while state.bar < state.end {
                let action = world.scripted(clairvoyant, &state, &mut rng).unwrap();
                world.step(&mut state, action, &mut rng);
            }
            assert!((state.reward_sum - bound).abs() < 1e-7, "{} {bound}", state.reward_sum);
        }
    }
}

/// Without costs, foresight of the next open attains the upper bound of continuous actions.
#[test]
fn the_bound_of_continuous_actions_holds() {
    let text =
        "actions = \"continuous\"\nlevels = [0]\nsplit = \"test\"\ncommission = 0\nspread = 0\nslippage = 0";
    let world: Replay<[f32; 1]> = Replay::new("m", several(300, 21..22), &short(text)).unwrap();
    let solution = world.solve(&SolveQuery::for_spec(world.spec())).unwrap();
    let mut rng = test_rng(1);
    let mut state = world.reset(&mut rng);
    while state.bar < state.end {
        let fill = world.market.open(state.bar as usize + 1)[0];
        let next = if state.bar + 1 < state.end {
            world.market.open(state.bar as usize + 2)[0]
        } else {
            world.market.close(state.end as usize)[0]
        };
        world.step(&mut state, [(next - fill).signum() as f32], &mut rng);
    }
    assert!((state.reward_sum - solution.upper.unwrap()).abs() < 1e-7);
    assert!(
        world
            .solve(&SolveQuery { policy_class: PolicyClass::Random, ..SolveQuery::for_spec(world.spec()) })
            .is_err()
    );
    assert!(world.solve(&SolveQuery { gamma: 0.9, ..SolveQuery::for_spec(world.spec()) }).is_err());
}
