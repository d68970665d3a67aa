//! Golden playthroughs: every field of every state of an episode, replayed and compared. They change only with a
//! world's version. `FREEWHEEL_BLESS=1 cargo test -p freewheel-envs golden` writes them anew.

use std::fmt::Write;

use freewheel_core::{Actions, Frame, NoPolicyLoader, Player, Purpose, Streams, WorldFamily};

use crate::golden;

use super::super::GoFamily;

const STEPS: u32 = 24;

const PLAYED: &[(&str, &str, &str)] = &[
    ("2x2-self", "2x2", "opponent = 'self'"),
    ("3x3-random", "3x3", "history = 2"),
    ("5x5-greedy-white", "5x5", "opponent = 'greedy'\ncolor = 'white'\nreward = 'score'"),
    ("7x7-chinese", "7x7", "opponent = 'self'\nruleset = 'chinese'\nhandicap = 2\nko = 'simple'"),
    ("9x9-uct", "9x9", "opponent = 'uct:20,strong'\ncolor = 'black'"),
];

/// Planes as text, ones and dots, one after another.
fn bits(obs: &[f32], area: usize) -> String {
    let plane = |plane: &[f32]| plane.iter().map(|&x| if x == 1.0 { '1' } else { '.' }).collect::<String>();
    obs.chunks(area).map(plane).collect::<Vec<_>>().join(" ")
}

/// Plays random legal actions, and records everything.
fn play(name: &str, settings: &str) -> String {
    let world =
        GoFamily::default().build(name, &settings.parse().unwrap(), &NoPolicyLoader).unwrap().unwrap();
    let spec = world.spec();
    let names = spec.actions.names();
    let mut text = format!(
        "{} version {} players {} actions {} limit {:?} gamma {} scripts {}\n",
        spec.id,
        spec.version,
        spec.players,
        names.join(" "),
        spec.time_limit,
        spec.gamma,
        spec.scripts.join(" "),
    );
    let mut runner = world.episode_runner(Streams::new(1), Purpose::WatchEnvironment, 0);
    let mut rng = Streams::new(1).stream(Purpose::WatchAction, 0, 0);
    let mut frame = Frame::default();
    for step in 0..STEPS {
        runner.draw(None, &mut frame);
        text.push_str(&frame.to_text());
        let legal: Vec<u32> = (0..names.len() as u32).filter(|&a| runner.legal()[a as usize]).collect();
        let action = legal[rng.below(legal.len() as u32) as usize];
        let mover = if runner.to_play() == Player::First { "first" } else { "second" };
        writeln!(text, "sees {}", bits(runner.obs(), names.len() - 1)).unwrap();
        let made = runner.step(Actions::Discrete(&[action])).unwrap();
        let legal: Vec<&str> = legal.iter().map(|&a| names[a as usize].as_str()).collect();
        let (legal, name, score) = (legal.join(" "), &names[action as usize], runner.episode_return());
        let (reward, ending) = (made.reward, made.ending);
        writeln!(text, "{step} {mover}: {name} of [{legal}] -> reward {reward} {ending:?} return {score}")
            .unwrap();
        if made.ending.is_over() {
            runner.draw(None, &mut frame);
            text.push_str(&frame.to_text());
            runner.reset(runner.episode() + 1);
        }
    }
    text
}

#[test]
fn golden_playthroughs() {
    for (file, name, settings) in PLAYED {
        golden::compare(&format!("src/go/world/golden/{file}.txt"), &play(name, settings));
    }
}
