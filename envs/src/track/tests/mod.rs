//! Tests of the environment. Golden playthroughs (stored texts) list every field of states of an episode and change
//! only with the world's version. `FREEWHEEL_BLESS=1 cargo test -p freewheel-envs golden` writes the files again.

mod driving;
mod observation;

use std::fmt::Write;
use std::sync::Arc;

use freewheel_core::{DynWorld, Env, Frame, NoPolicyLoader, Purpose, Scene, Streams, World, WorldFamily};

use super::TrackFamily;
use super::circuit::Circuit;
use super::world::{Settings, TrackEnv};

/// Environment on a built-in circuit with continuous actions; `settings` in TOML.
fn track_env(name: &str, settings: &str) -> TrackEnv<[f32; 2]> {
    let settings = Settings::read(&settings.parse().unwrap(), name).unwrap();
    TrackEnv::new(&format!("track/{name}"), Circuit::named(name, 1).unwrap().unwrap(), &settings).unwrap()
}

/// World with the name `name` and `settings` in TOML.
fn world(name: &str, settings: &str) -> Arc<dyn DynWorld> {
    TrackFamily.build(name, &settings.parse().unwrap(), &NoPolicyLoader).unwrap().unwrap()
}

const PLAYED: &[(&str, &str, &str)] = &[
    ("club", "club", ""),
    ("stadium-rays", "stadium", "observation = \"rays\"\nstart = \"flying\"\nlaps = 2"),
    ("small-st", "small", "model = \"st\"\nhz = 50"),
    ("random-ks", "random", "model = \"ks\"\nstart = \"anywhere\"\nsteering = \"angle\""),
];

/// Steps between recorded states.
const STRIDE: u32 = 40;
const STEPS: u32 = 800;

/// Text of an episode of the center-line driver with random steering noise.
fn play(name: &str, settings: &str) -> String {
    let world = track_env(name, settings);
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
                made.ending, state.laps, state.s, state.n, state.heading_error
            )
            .unwrap();
            writeln!(text, "  car {x:.3} {y:.3} {angle:.5} {speed:.4} {heading:.5} {yaw:.4} {slip:.5}")
                .unwrap();
            writeln!(text, "  obs {obs:.4?}").unwrap();
        }
        if made.ending.is_over() {
            break;
        }
    }
    let mut frame = Frame::default();
    world.draw(&Scene::of(&state), &mut frame);
    text + &frame.to_text()
}

#[test]
fn golden_playthroughs() {
    for (file, name, settings) in PLAYED {
        crate::golden::compare(&format!("src/track/golden/{file}.txt"), &play(name, settings));
    }
}

fn draw(name: &str, steps: usize, room: Option<(usize, usize)>) -> Frame {
    let world = track_env(name, "");
    let mut rng = Streams::new(0).stream(Purpose::WatchEnvironment, 0, 0);
    let mut state = world.reset(&mut rng);
    for _ in 0..steps {
        let action = world.scripted(0, &state, &mut rng).unwrap();
        world.step(&mut state, action, &mut rng);
    }
    let mut frame = room.map_or_else(Frame::default, |(columns, rows)| Frame::with_max_size(columns, rows));
    world.draw(&Scene::of(&state), &mut frame);
    frame
}

#[test]
fn a_drawing_fills_the_room_and_keeps_the_car_in_focus() {
    for (columns, rows) in [(80, 24), (200, 60), (40, 12), (3, 2)] {
        let frame = draw("club", 100, Some((columns, rows)));
        assert_eq!((frame.width(), frame.height()), (columns.max(30), rows.max(8)));
        let (x, y) = frame.focus().unwrap();
        assert!("→↗↑↖←↙↓↘".contains(frame.get(x, y).unwrap().glyph));
        // The map touches two opposite sides of the drawing, and no part of the road is missing.
        let road = |x: usize, y: usize| "▀▄█".contains(frame.get(x, y).unwrap().glyph);
        let rows = frame.height() - 2;
        let across = |x: usize| (0..rows).any(|y| road(x, y));
        let along = |y: usize| (0..frame.width()).any(|x| road(x, y));
        assert!((across(0) || across(1)) || (along(0) && along(rows - 1)), "{}", frame.to_text());
    }
}

#[test]
fn a_stadium_is_drawn_as_one() {
    let text = draw("stadium", 60, Some((40, 12))).to_text();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/track/golden/stadium-40x12.txt");
    if std::env::var_os("FREEWHEEL_BLESS").is_some() {
        std::fs::write(file, &text).unwrap();
    }
    let expected = std::fs::read_to_string(file).unwrap().replace("\r\n", "\n");
    assert_eq!(text, expected, "\n{text}");
}
