//! Tests of the acrobot.

use std::f64::consts::PI;

use freewheel_core::evaluate::{Protocol, evaluate};
use freewheel_core::{
    Env, Frame, Policy, Purpose, Scene, ScriptedPolicy, SolveQuery, Step, Stream, Streams, World,
};

use super::reference::energy;
use super::{Acrobot, AcrobotState, Limit};

fn rng() -> Stream {
    Streams::new(1).stream(Purpose::WatchEnvironment, 0, 0)
}

fn acrobot() -> Acrobot {
    Acrobot::new(&Limit::default())
}

fn state(angles: [f64; 2], velocities: [f64; 2]) -> AcrobotState {
    AcrobotState { angles, velocities, ..AcrobotState::default() }
}

/// Without a torque the energy does not change, up to the error of the integration.
#[test]
fn energy_is_conserved_without_torque() {
    let mut state = state([0.6, -0.4], [0.3, -0.2]);
    let before = energy(&state);
    for _ in 0..50 {
        acrobot().step(&mut state, 1, &mut rng());
        assert!((energy(&state) - before).abs() < 0.05, "{} {before}", energy(&state));
    }
}

/// A torque on the links at rest, hanging down, accelerates them by the inverse of the matrix of inertia
/// [[4.5, 1.75], [1.75, 1.25]]: first -1.75, second 4.5, over the determinant 2.5625. After 0.2 s both have moved; the
/// restoring force of gravity changes that by less than a tenth.
#[test]
fn a_torque_moves_the_links_apart() {
    let mut state = state([0.0, 0.0], [0.0, 0.0]);
    assert_eq!(acrobot().step(&mut state, 2, &mut rng()), Step::transition(-1.0));
    let expected = [-1.75 / 2.5625 * 0.2, 4.5 / 2.5625 * 0.2];
    for (velocity, expected) in state.velocities.iter().zip(expected) {
        assert!((velocity / expected - 1.0).abs() < 0.15, "{velocity} {expected}");
    }
}

#[test]
fn the_free_end_must_be_above_the_line() {
    // Both links upright: 2 m; the first upright and the second horizontal: 1 m, not above it.
    assert!(state([PI, 0.0], [0.0; 2]).is_up());
    assert!(!state([0.9 * PI, 0.6 * PI], [0.0; 2]).is_up());
    assert!(!state([0.0, 0.0], [0.0; 2]).is_up());
    let mut state = state([PI, 0.0], [0.0; 2]);
    assert_eq!(acrobot().step(&mut state, 1, &mut rng()), Step::termination(0.0));
}

#[test]
fn angles_are_wrapped_and_speeds_clipped() {
    let mut state = state([3.1, -3.1], [12.0, -28.0]);
    for _ in 0..20 {
        acrobot().step(&mut state, 0, &mut rng());
        assert!(state.angles.iter().all(|angle| angle.abs() <= PI), "{state:?}");
        assert!(state.velocities[0].abs() <= 4.0 * PI && state.velocities[1].abs() <= 9.0 * PI);
    }
}

/// The policy of the solution reaches its value from observations, as the script does from states. Standard error of
/// the mean of 30 episodes: 0.6.
#[test]
fn the_reference_policy_reaches_its_value() {
    let world = acrobot().shared();
    let query = SolveQuery::for_spec(world.spec());
    let best = world.solve(&query).unwrap();
    let policy = best.policy.unwrap();
    let mean = |policy: &dyn Policy, episodes: u64| {
        let protocol = Protocol { episodes, num_envs: 30, max_steps: u32::MAX, streams: Streams::new(7) };
        let episodes = evaluate(&*world, policy, &protocol).unwrap();
        episodes.iter().map(|episode| episode.score).sum::<f64>() / episodes.len() as f64
    };
    for policy in [&*policy, &ScriptedPolicy(0)] {
        assert!((mean(policy, 30) - best.value).abs() < 2.5, "{}", mean(policy, 30));
    }
    let swing = mean(&ScriptedPolicy(1), 500);
    assert!((-78.0..-73.0).contains(&swing), "{swing}");
    let baseline = world.baseline(&query).unwrap().value;
    assert!((-500.0..-480.0).contains(&baseline), "{baseline}");
    assert!(world.solve(&SolveQuery { gamma: 0.9, ..query }).is_err());
}

/// The score of the reference in full.
#[test]
#[ignore = "takes minutes"]
fn measure_the_reference() {
    let world = acrobot().shared();
    let protocol = Protocol { episodes: 2000, num_envs: 2000, max_steps: u32::MAX, streams: Streams::new(0) };
    let scores: Vec<f64> =
        evaluate(&*world, &ScriptedPolicy(0), &protocol).unwrap().iter().map(|e| e.score).collect();
    let n = scores.len() as f64;
    let mean = scores.iter().sum::<f64>() / n;
    let deviation = (scores.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
    let worst = scores.iter().copied().fold(0.0, f64::min);
    let report = format!("{mean} +- {} worst {worst}", deviation / n.sqrt());
    let is_known = (mean - super::PLAN_SCORE).abs() < 0.3 && worst > -f64::from(super::PLAN_STEPS);
    assert!(is_known, "{report}");
}

#[test]
fn the_spec_is_gymnasiums() {
    assert_eq!(acrobot().step_seconds(), Some(0.2));
    let world = acrobot();
    let spec = Env::spec(&world);
    assert_eq!((spec.time_limit, spec.actions.count(), spec.observation.len()), (Some(500), 3, 6));
}

#[test]
fn an_ending_is_shown() {
    let text = |angles| {
        let mut frame = Frame::with_max_size(60, 30);
        acrobot().draw(&Scene::of(&state(angles, [0.0; 2])), &mut frame);
        frame.to_text()
    };
    assert!(text([PI, 0.0]).contains("above the line") && text([PI, 0.0]).contains("+2.00 m"));
    assert!(!text([0.0, 0.0]).contains("above the line") && text([0.0, 0.0]).contains("-2.00 m"));
}

/// Without colors the text alone tells apart angles and torques, in every size.
#[test]
fn the_text_shows_every_state() {
    for room in [(38, 20), (76, 36), (150, 55)] {
        let mut texts = Vec::new();
        for angles in [[0.0, 0.0], [0.5, 0.0], [0.0, 0.5], [-0.5, 0.0], [PI, 0.0]] {
            for last_action in [None, Some(0), Some(1), Some(2)] {
                let mut frame = Frame::with_max_size(room.0, room.1);
                let state = AcrobotState { last_action, ..state(angles, [0.0; 2]) };
                acrobot().draw(&Scene::of(&state), &mut frame);
                texts.push(crate::golden::shown(&frame));
            }
        }
        for (i, one) in texts.iter().enumerate() {
            assert!(!texts[..i].contains(one), "{room:?} {i}\n{one}");
        }
    }
}
