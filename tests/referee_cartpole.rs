//! Comparison of CartPole with Gymnasium's CartPole-v1, state by state.
//!
//! Requires the Python environment of `tests/peers/setup`, or `FREEWHEEL_PYTHON` naming a Python with Gymnasium.
//! Without it the test is skipped with a note, or fails if `FREEWHEEL_REFEREES=required`.

use std::process::Command;

use freewheel_core::{Ending, Env, Purpose, Streams};
use freewheel_envs::classic::{Cartpole, Integrator, Settings, State};
use freewheel_tests::python;
use serde::Deserialize;

/// Maximum difference of two equal states.
const EQUAL: f64 = 1e-6;
/// Number of steps after which our state is set to Gymnasium's. A difference grows by a factor of 1.08 per step. In 500
/// steps, a difference in the last digit of a sine, where math libraries differ, would grow by a factor of 4e16.
const APART: usize = 250;
/// Weights of position, velocity, angle and angular velocity of the scripted policy in Gymnasium.
const WEIGHTS: &str = "[0.26, 0.27, 1.0, 0.3]";

/// Episode played in Gymnasium.
#[derive(Deserialize)]
struct Episode {
    integrator: Integrator,
    sutton_barto_reward: bool,
    player: String,
    states: Vec<[f64; 4]>,
    observations: Vec<[f32; 4]>,
    actions: Vec<u32>,
    rewards: Vec<f32>,
    terminated: bool,
    truncated: bool,
}

fn set_state(state: &mut State, [position, velocity, angle, angular_velocity]: [f64; 4]) {
    *state = State { position, velocity, angle, angular_velocity, ..*state };
}

/// Replays the actions of an episode, with our state set to Gymnasium's every `apart` steps; returns the largest
/// difference. Rewards and endings must be equal.
fn replay(episode: &Episode, apart: usize) -> f64 {
    let Episode { integrator, sutton_barto_reward, .. } = *episode;
    let world = Cartpole::new(&Settings { integrator, sutton_barto_reward, ..Settings::default() });
    let mut rng = Streams::new(0).stream(Purpose::Environment, 0, 0);
    let (mut state, mut largest) = (State::default(), 0.0f64);
    for (i, &action) in episode.actions.iter().enumerate() {
        if i % apart == 0 {
            set_state(&mut state, episode.states[i]);
        }
        let step = world.step(&mut state, action, &mut rng);
        for (ours, theirs) in state.to_array().iter().zip(episode.states[i + 1]) {
            largest = largest.max((ours - theirs).abs());
        }
        if apart <= APART {
            let mut obs = [0.0; 4];
            world.observe(&state, &mut obs);
            for (ours, theirs) in obs.iter().zip(episode.observations[i + 1]) {
                assert!(f64::from(ours - theirs).abs() <= EQUAL, "step {i}: {obs:?}");
            }
            let last = i + 1 == episode.actions.len();
            let ending = if last && episode.terminated { Ending::Terminal } else { Ending::Running };
            assert_eq!((step.ending, step.reward), (ending, episode.rewards[i]), "step {i}");
        }
    }
    assert_eq!(episode.truncated, !episode.terminated);
    assert!(episode.terminated || Some(state.steps) == Env::spec(&world).time_limit);
    largest
}

#[test]
fn trajectories_equal_gymnasiums() {
    let Some(python) = python("gymnasium", "Gymnasium") else { return };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/gymnasium_cartpole.py");
    let output = Command::new(python).args([script, WEIGHTS]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let episodes: Vec<Episode> = serde_json::from_slice(&output.stdout).unwrap();
    assert!(episodes.len() >= 200);
    for player in ["random", "shaky", "scripted"] {
        let theirs = || episodes.iter().filter(|episode| episode.player == player);
        let (mut apart, mut alone) = (0.0f64, 0.0f64);
        for episode in theirs() {
            apart = apart.max(replay(episode, APART));
            alone = alone.max(replay(episode, usize::MAX));
        }
        let steps: usize = theirs().map(|episode| episode.actions.len()).sum();
        println!(
            "{player}: {} episodes, {steps} steps, largest difference {apart:e}; {alone:e} where nothing is set again",
            theirs().count()
        );
        assert!(apart <= EQUAL, "{player}: {apart:e}");
        if player == "scripted" {
            assert!(theirs().all(|episode| episode.actions.len() == 500 && episode.truncated));
        }
    }
}
