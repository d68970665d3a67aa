//! Comparison of acrobot, both mountain cars and pendulum with Gymnasium, step by step.
//!
//! Requires the Python environment of `tests/peers/setup`, or `FREEWHEEL_PYTHON` naming a Python with Gymnasium.
//! Without it the test is skipped with a note, or fails if `FREEWHEEL_REFEREES=required`.

use std::process::Command;

use freewheel_core::{Action, Actions, Ending, Env, Purpose, Stream, Streams};
use freewheel_envs::classic::{
    Acrobot, AcrobotState, Limit, MountainCar, MountainCarContinuous, MountainCarState, Pendulum,
    PendulumState,
};
use freewheel_tests::python;
use serde::Deserialize;

/// Episode played in Gymnasium.
#[derive(Deserialize)]
struct Episode {
    world: String,
    states: Vec<Vec<f64>>,
    observations: Vec<Vec<f32>>,
    actions: Vec<f32>,
    rewards: Vec<f64>,
    terminated: bool,
    truncated: bool,
}

/// Largest differences of one world.
#[derive(Default, Debug)]
struct Apart {
    steps: usize,
    /// Numbers of an observation that are not the same `f32`, where each step starts from Gymnasium's state.
    unequal: usize,
    /// Largest difference of such a number.
    observation: f32,
    /// Largest difference of a state, where each step starts from Gymnasium's state.
    state: f64,
    /// Largest difference of a state, where nothing is set after the start of an episode.
    alone: f64,
}

fn action<A: Action>(number: f32) -> A {
    let index = [number as u32];
    let read = A::from_actions(Actions::Discrete(&index), 1).map(|all| all[0]);
    read.unwrap_or_else(|| A::from_actions(Actions::Continuous(&[number]), 1).unwrap()[0])
}

/// Compares the steps of an episode. `state_of` makes a state from its numbers and the number of steps; `numbers` are
/// those of a state.
fn compare<E: Env>(
    world: &E,
    episode: &Episode,
    apart: &mut Apart,
    state_of: impl Fn(&[f64], u32) -> E::State,
    numbers: impl Fn(&E::State) -> Vec<f64>,
) {
    let mut rng: Stream = Streams::new(0).stream(Purpose::Environment, 0, 0);
    let largest = |ours: &[f64], theirs: &[f64]| {
        ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    let mut alone = state_of(&episode.states[0], 0);
    let mut obs = vec![0.0; world.spec().observation.len()];
    for (i, &number) in episode.actions.iter().enumerate() {
        let mut state = state_of(&episode.states[i], i as u32);
        // The first observation of an acrobot is computed in `f32` by Gymnasium.
        world.observe(&state, &mut obs);
        for (ours, theirs) in obs.iter().zip(&episode.observations[i]) {
            if i > 0 {
                apart.unequal += usize::from(ours != theirs);
                apart.observation = apart.observation.max((ours - theirs).abs());
            } else {
                assert!((ours - theirs).abs() <= f32::EPSILON, "{ours} {theirs}");
            }
        }
        let step = world.step(&mut state, action::<E::Action>(number), &mut rng);
        apart.state = apart.state.max(largest(&numbers(&state), &episode.states[i + 1]));
        let last = i + 1 == episode.actions.len();
        let ending = if last && episode.terminated { Ending::Terminal } else { Ending::Running };
        let at = format!("{} step {i}", episode.world);
        assert_eq!((step.reward, step.ending), (episode.rewards[i] as f32, ending), "{at}");
        world.step(&mut alone, action::<E::Action>(number), &mut rng);
        apart.alone = apart.alone.max(largest(&numbers(&alone), &episode.states[i + 1]));
        apart.steps += 1;
    }
    assert_eq!(episode.truncated, !episode.terminated);
    let limit = world.spec().time_limit.unwrap() as usize;
    assert!(if episode.truncated { episode.actions.len() == limit } else { episode.actions.len() <= limit });
}

fn car(numbers: &[f64], steps: u32) -> MountainCarState {
    MountainCarState { position: numbers[0], velocity: numbers[1], steps, ..MountainCarState::default() }
}

fn car_numbers(state: &MountainCarState) -> Vec<f64> {
    vec![state.position, state.velocity]
}

#[test]
fn steps_equal_gymnasiums() {
    let Some(python) = python("gymnasium", "Gymnasium") else { return };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/gymnasium_classic.py");
    let output = Command::new(python).arg(script).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let episodes: Vec<Episode> = serde_json::from_slice(&output.stdout).unwrap();
    let limit = Limit::default();
    let (acrobot, pendulum) = (Acrobot::new(&limit), Pendulum::new(&limit));
    let (mountain_car, continuous) = (MountainCar::new(&limit), MountainCarContinuous::new(&limit));
    for name in ["acrobot", "mountain-car", "mountain-car-continuous", "pendulum"] {
        let mut apart = Apart::default();
        let theirs: Vec<&Episode> = episodes.iter().filter(|episode| episode.world == name).collect();
        for episode in &theirs {
            let apart = &mut apart;
            match name {
                "acrobot" => compare(
                    &acrobot,
                    episode,
                    apart,
                    |s, steps| AcrobotState {
                        angles: [s[0], s[1]],
                        velocities: [s[2], s[3]],
                        steps,
                        ..AcrobotState::default()
                    },
                    |s| [s.angles, s.velocities].concat(),
                ),
                "mountain-car" => compare(&mountain_car, episode, apart, car, car_numbers),
                "mountain-car-continuous" => compare(&continuous, episode, apart, car, car_numbers),
                _ => compare(
                    &pendulum,
                    episode,
                    apart,
                    |s, steps| PendulumState {
                        angle: s[0],
                        angular_velocity: s[1],
                        steps,
                        ..PendulumState::default()
                    },
                    |s| vec![s.angle, s.angular_velocity],
                ),
            }
        }
        println!("{name}: {} episodes, {apart:?}", theirs.len());
        assert!(theirs.len() == 24 && apart.steps > 2000);
        // Sines of other libraries differ in the last bit of an `f64`, and that is seldom the last bit of an `f32`.
        assert!(apart.unequal * 1_000_000 <= apart.steps && apart.state < 1e-12, "{name}: {apart:?}");
        let ended = theirs.iter().any(|episode| episode.terminated);
        assert_eq!(ended, name != "pendulum", "{name}");
    }
}
