//! Golden playthroughs: every field of every state of an episode, replayed and compared. They change only with the world's
//! version. `FREEWHEEL_BLESS=1 cargo test -p freewheel-envs golden` writes them anew.

use std::fmt::Write;

use freewheel_core::{Env, Frame, World};

use crate::golden;

use super::{cartpole, dice};

const PLAYED: &[(&str, &str, bool)] = &[
    ("random", "", false),
    ("random-semi-implicit", "integrator = \"semi-implicit\"\nsutton_barto_reward = true", false),
    ("feedback", "", true),
];

/// Steps of an episode that are written down at most.
const STEPS: usize = 60;

/// Plays an episode, at random or by the script, and writes down everything.
fn play(settings: &str, scripted: bool) -> String {
    let world = cartpole(settings);
    let spec = Env::spec(&world);
    let mut text =
        format!("{} version {} limit {:?} gamma {}\n", spec.id, spec.version, spec.time_limit, spec.gamma);
    let mut rng = dice();
    let mut state = world.reset(&mut rng);
    let mut obs = [0.0; 4];
    for _ in 0..STEPS {
        let script = if scripted { world.scripted(0, &state, &mut rng) } else { None };
        let action = script.unwrap_or_else(|| rng.below(2));
        let step = world.step(&mut state, action, &mut rng);
        world.observe(&state, &mut obs);
        let [x, v, a, w] = state.numbers();
        writeln!(text, "{}: {action} pays {} {:?}", state.steps, step.reward, step.ending).unwrap();
        writeln!(text, "  state {x:e} {v:e} {a:e} {w:e}\n  sees {obs:?}").unwrap();
        if step.ending.is_over() {
            break;
        }
    }
    let mut frame = Frame::with_room(60, 16);
    world.draw(&state, None, &mut frame);
    text + &frame.to_text()
}

#[test]
fn golden_playthroughs() {
    for (file, settings, scripted) in PLAYED {
        golden::compare(&format!("src/classic/cartpole/golden/{file}.txt"), &play(settings, *scripted));
    }
}
