//! Tests of the acrobot.

use std::f64::consts::PI;

use freewheel_core::evaluate::{Protocol, evaluate};
use freewheel_core::{Env, Frame, Purpose, ScriptedPolicy, SolveQuery, Step, Stream, Streams, World};

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

/// Energy of both links, J: without a torque it does not change, up to the error of the integration.
fn energy(state: &AcrobotState) -> f64 {
    let ([a, b], [va, vb]) = (state.angles, state.velocities);
    let cos_b = b.cos();
    let (d11, d12, d22) = (0.25 + 1.0 + 0.25 + cos_b + 2.0, 0.25 + 0.5 * cos_b + 1.0, 1.25);
    let kinetic = 0.5 * d11 * va * va + d12 * va * vb + 0.5 * d22 * vb * vb;
    kinetic - 9.8 * (0.5 * a.cos() + a.cos() + 0.5 * (a + b).cos())
}

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

/// The policy of the solution reaches its value from observations, as the script does from states.
#[test]
fn the_reference_policy_reaches_its_value() {
    let world = acrobot().shared();
    let query = SolveQuery::for_spec(world.spec());
    let best = world.solve(&query).unwrap();
    let policy = best.policy.unwrap();
    let protocol = Protocol { episodes: 400, num_envs: 100, max_steps: u32::MAX, streams: Streams::new(7) };
    for policy in [&*policy, &ScriptedPolicy(0)] {
        let episodes = evaluate(&*world, policy, &protocol).unwrap();
        let mean = episodes.iter().map(|episode| episode.score).sum::<f64>() / 400.0;
        assert!((mean - best.value).abs() < 4.0, "{mean} {}", best.value);
    }
    let baseline = world.baseline(&query).unwrap().value;
    assert!((-500.0..-480.0).contains(&baseline) && best.value > -100.0, "{baseline} {}", best.value);
}

#[test]
fn the_spec_is_gymnasiums() {
    let world = acrobot();
    let spec = Env::spec(&world);
    assert_eq!((spec.time_limit, spec.actions.count(), spec.observation.len()), (Some(500), 3, 6));
}

#[test]
fn an_ending_is_shown() {
    let text = |angles| {
        let mut frame = Frame::with_max_size(60, 30);
        acrobot().draw(&state(angles, [0.0; 2]), None, &mut frame);
        frame.to_text()
    };
    assert!(text([PI, 0.0]).contains("above the line") && text([PI, 0.0]).contains("+2.00 m"));
    assert!(!text([0.0, 0.0]).contains("above the line") && text([0.0, 0.0]).contains("-2.00 m"));
}
