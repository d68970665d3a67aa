//! Golden playthroughs: every field of every state of an episode, replayed and compared. They change only with the world's
//! version. `FREEWHEEL_BLESS=1 cargo test -p freewheel-envs golden` writes them anew.

use std::fmt::Write;

use freewheel_core::{Env, Frame, Purpose, Streams, World};

use crate::golden;

use super::driving;

const PLAYED: &[(&str, &str, &str)] = &[
    ("club", "club", ""),
    ("stadium-rays", "stadium", "observation = \"rays\"\nstart = \"flying\"\nlaps = 2"),
    ("small-st", "small", "model = \"st\"\nhz = 50"),
    ("random-ks", "random", "model = \"ks\"\nstart = \"anywhere\"\nsteering = \"angle\""),
];

/// Steps between those that are written down.
const STRIDE: u32 = 40;
const STEPS: u32 = 800;

/// Follows the center line with a trembling hand, and writes down what is seen and done.
fn play(name: &str, settings: &str) -> String {
    let world = driving(name, settings);
    let spec = world.spec();
    let mut text =
        format!("{} version {} limit {:?} gamma {}\n", spec.id, spec.version, spec.time_limit, spec.gamma);
    let mut rng = Streams::new(1).stream(Purpose::WatchEnvironment, 0, 0);
    let mut state = world.reset(&mut rng);
    let mut obs = vec![0.0; spec.observation.len()];
    let mut paid = 0.0;
    for step in 0..=STEPS {
        let Some([steering, pedals]) = world.scripted(0, &state, &mut rng) else { panic!("a script") };
        let action = [steering + 0.1 * (rng.uniform() as f32 - 0.5), pedals];
        let made = world.step(&mut state, action, &mut rng);
        paid += f64::from(made.reward);
        if step % STRIDE == 0 || made.ending.is_over() {
            world.observe(&state, &mut obs);
            let [x, y, angle, speed, heading, yaw, slip] = state.car;
            let best = state.best_lap.unwrap_or(f64::NAN);
            writeln!(
                text,
                "{step}: {:?} return {paid:.3} laps {} best {best:.4} s {:.3} n {:.4} xi {:.5}",
                made.ending, state.laps, state.s, state.n, state.xi
            )
            .unwrap();
            writeln!(text, "  car {x:.3} {y:.3} {angle:.5} {speed:.4} {heading:.5} {yaw:.4} {slip:.5}")
                .unwrap();
            writeln!(text, "  sees {obs:.4?}").unwrap();
        }
        if made.ending.is_over() {
            break;
        }
    }
    let mut frame = Frame::default();
    world.draw(&state, None, &mut frame);
    text + &frame.to_text()
}

#[test]
fn golden_playthroughs() {
    for (file, name, settings) in PLAYED {
        golden::compare(&format!("src/track/golden/{file}.txt"), &play(name, settings));
    }
}
