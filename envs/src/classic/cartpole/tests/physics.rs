//! The rules, against what was worked out by hand or by a second program.

use freewheel_core::{Ending, Env};

use super::super::State;
use super::super::rules::LEAN;
use super::{cartpole, dice};

fn state([position, velocity, angle, angular_velocity]: [f64; 4]) -> State {
    State { position, velocity, angle, angular_velocity, ..State::default() }
}

/// From rest, upright: t = 10/1.1, w' = -t / (0.5 (4/3 - 0.1/1.1)), v' = t - 0.05 w'/1.1.
#[test]
fn a_push_from_rest_is_the_formulas() {
    let (t, after) = (10.0 / 1.1, 0.02);
    let turn = -t / (0.5 * (4.0 / 3.0 - 0.1 / 1.1));
    let speed = t - 0.05 * turn / 1.1;
    for (integrator, moved) in [("euler", 0.0), ("semi-implicit", after)] {
        let world = cartpole(&format!("integrator = \"{integrator}\""));
        for (action, sign) in [(0, -1.0), (1, 1.0)] {
            let mut now = State::default();
            world.step(&mut now, action, &mut dice());
            let expected = [moved * after * speed, after * speed, moved * after * turn, after * turn];
            for (x, y) in now.numbers().iter().zip(expected) {
                assert!((x - sign * y).abs() < 1e-15, "{now:?} {expected:?}");
            }
            assert_eq!((now.steps, now.pushed), (1, Some(action)));
        }
    }
}

/// Every first state lies in the box, and the whole box is used.
#[test]
fn first_states_fill_their_box() {
    let world = cartpole("");
    let mut rng = dice();
    let (mut low, mut high) = ([0.0f64; 4], [0.0f64; 4]);
    for _ in 0..10_000 {
        for (i, x) in world.reset(&mut rng).numbers().into_iter().enumerate() {
            (low[i], high[i]) = (low[i].min(x), high[i].max(x));
        }
    }
    assert!(low.iter().all(|x| (-0.05..-0.0499).contains(x)), "{low:?}");
    assert!(high.iter().all(|x| (0.0499..0.05).contains(x)), "{high:?}");
}

/// On a limit nothing has failed; beyond it the episode ends on that very step, and is paid for it.
#[test]
fn the_limits_end_an_episode() {
    let cases = [
        ([2.4, 0.0, 0.0, 0.0], false),
        ([2.39, 0.51, 0.0, 0.0], true),
        ([-2.39, -0.51, 0.0, 0.0], true),
        ([0.0, 0.0, LEAN, 0.0], false),
        ([0.0, 0.0, 0.2, 0.5], true),
        ([0.0, 0.0, -0.2, -0.5], true),
    ];
    for (from, fails) in cases {
        for (settings, lasting, failing) in [("", 1.0, 1.0), ("sutton_barto_reward = true", 0.0, -1.0)] {
            let mut now = state(from);
            let step = cartpole(settings).step(&mut now, 1, &mut dice());
            let expected = if fails { (failing, Ending::Terminal) } else { (lasting, Ending::Running) };
            assert_eq!((step.reward, step.ending), expected, "{from:?}");
        }
    }
}

/// Left and right are the same but for their sign.
#[test]
fn the_mirror_image_moves_as_the_mirror_image() {
    let world = cartpole("");
    let mut rng = dice();
    for _ in 0..100 {
        let mut now = world.reset(&mut rng);
        let mut mirrored = state(now.numbers().map(|x| -x));
        for _ in 0..50 {
            let action = rng.below(2);
            world.step(&mut now, action, &mut rng);
            world.step(&mut mirrored, 1 - action, &mut rng);
            assert_eq!(now.numbers(), mirrored.numbers().map(|x| -x));
        }
    }
}

#[test]
fn a_state_is_plain_data() {
    let world = cartpole("");
    let mut now = world.reset(&mut dice());
    world.step(&mut now, 1, &mut dice());
    let read: State = serde_json::from_str(&serde_json::to_string(&now).unwrap()).unwrap();
    assert_eq!(read, now);
}
