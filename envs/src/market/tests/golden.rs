//! Golden playthroughs: every field of every state of an episode, replayed and compared. They change only with a world's
//! version. `FREEWHEEL_BLESS=1 cargo test -p freewheel-envs golden` writes them anew.

use std::fmt::Write;

use freewheel_core::{ActionSpace, Actions, Frame, Purpose, Streams};

use crate::golden;

use super::{WORLDS, world};

const STEPS: u32 = 12;

/// Plays with random actions, and writes down everything.
fn play(name: &str, settings: &str) -> String {
    let world = world(name, settings);
    let spec = world.spec();
    let mut text = format!(
        "{} version {} limit {:?} gamma {}\nobservation {:?}\nactions {:?}\nscripts {}\n",
        spec.id,
        spec.version,
        spec.time_limit,
        spec.gamma,
        spec.observation,
        spec.actions,
        spec.scripts.join(", "),
    );
    let mut runner = world.episode_runner(Streams::new(1), Purpose::WatchEnvironment, 0);
    let mut dice = Streams::new(1).stream(Purpose::WatchAction, 0, 0);
    for step in 0..STEPS {
        let before = runner.obs().to_vec();
        let (said, made) = match &spec.actions {
            ActionSpace::Discrete { names } => {
                let action = dice.below(names.len() as u32);
                (names[action as usize].clone(), runner.step(Actions::Discrete(&[action])).unwrap())
            }
            ActionSpace::Continuous { low, high, .. } => {
                let between = |(l, h): (&f32, &f32)| l + (h - l) * dice.uniform() as f32;
                let action: Vec<f32> = low.iter().zip(high).map(between).collect();
                (format!("{action:?}"), runner.step(Actions::Continuous(&action)).unwrap())
            }
        };
        let after = runner.obs();
        writeln!(text, "{step} at {before:?}: {said} -> {after:?} reward {} {:?}", made.reward, made.ending)
            .unwrap();
        if made.ending.is_over() {
            break;
        }
    }
    let mut frame = Frame::default();
    runner.draw(None, &mut frame);
    text.push_str(&frame.to_text());
    text
}

#[test]
fn golden_playthroughs() {
    for (name, settings) in WORLDS {
        let kind = if settings.contains("continuous") { "-continuous" } else { "" };
        golden::compare(&format!("src/market/golden/{name}{kind}.txt"), &play(name, settings));
    }
}
