//! Golden playthroughs: stored texts with every field of every state of an episode, which is replayed and compared.
//! They change only with a world's version. `FREEWHEEL_BLESS=1 cargo test -p freewheel-envs golden` writes the files
//! again.

use std::fmt::Write;
use std::sync::Arc;

use freewheel_core::{Actions, DynWorld, Frame, Purpose, Streams};

use crate::golden;

use super::world;

const STEPS: u32 = 30;

const PLAYED: &[(&str, &str, &str)] = &[
    ("example-4.1", "example-4.1", ""),
    ("example-3.5", "example-3.5", ""),
    ("windy", "windy", ""),
    ("windy-kings", "windy-kings", ""),
    ("windy-stochastic", "windy-stochastic", ""),
    ("cliff", "cliff", ""),
    ("cliff-slippery", "cliff-slippery", ""),
    ("dyna-maze", "dyna-maze", ""),
    ("blocking-maze", "blocking-maze", ""),
    ("blocking-maze-changed", "blocking-maze", "changed = true"),
    ("shortcut-maze", "shortcut-maze", ""),
    ("shortcut-maze-changed", "shortcut-maze", "changed = true"),
    ("frozenlake-4x4", "frozenlake-4x4", ""),
    ("frozenlake-8x8", "frozenlake-8x8", ""),
    ("frozenlake-6-1", "frozenlake-6-1", ""),
    ("four-rooms", "four-rooms", ""),
    ("key-door", "key-door", "mask = true"),
    ("taxi", "taxi", ""),
    ("taxi-masked", "taxi", "mask = true"),
    ("deepsea-6", "deepsea-6", ""),
    ("deepsea-6-seeded", "deepsea-6", "action_seed = 1"),
    ("random-9x6-1", "random-9x6-1", ""),
];

/// Text of an episode of random legal actions.
fn play(name: &str, settings: &str) -> String {
    let world = Arc::new(world(name, settings));
    let spec = DynWorld::spec(&world).clone();
    let names = spec.actions.names();
    let mut text = format!(
        "{} version {} states {} actions {} limit {:?} gamma {} masked {}\n",
        spec.id,
        spec.version,
        world.states(),
        names.join(", "),
        spec.time_limit,
        spec.gamma,
        spec.masked,
    );
    let mut runner = world.episode_runner(Streams::new(1), Purpose::WatchEnvironment, 0);
    let mut action_rng = Streams::new(1).stream(Purpose::WatchAction, 0, 0);
    let mut frame = Frame::default();
    runner.draw(None, &mut frame);
    text.push_str(&frame.to_text());
    for step in 0..STEPS {
        let legal: Vec<u32> = (0..names.len() as u32).filter(|&a| runner.legal()[a as usize]).collect();
        let action = legal[action_rng.below(legal.len() as u32) as usize];
        let obs = runner.obs()[0];
        let step_made = runner.step(Actions::Discrete(&[action])).unwrap();
        let legal: Vec<&str> = legal.iter().map(|&a| names[a as usize].as_str()).collect();
        let legal = if spec.masked { format!(" of [{}]", legal.join(", ")) } else { String::new() };
        let name = &names[action as usize];
        writeln!(
            text,
            "{step} at {obs}: {name}{legal} -> {} reward {} {:?} score {}",
            runner.obs()[0],
            step_made.reward,
            step_made.ending,
            runner.episode_return(),
        )
        .unwrap();
        if step_made.ending.is_over() {
            runner.reset(runner.episode() + 1);
        }
    }
    runner.draw(None, &mut frame);
    text.push_str(&frame.to_text());
    text
}

#[test]
fn golden_playthroughs() {
    for (file, name, settings) in PLAYED {
        golden::compare(&format!("src/gridworld/golden/{file}.txt"), &play(name, settings));
    }
}
