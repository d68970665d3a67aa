//! Tests of the environment. Golden playthroughs (stored texts) list every field of states of an episode and change
//! only with the world's version. `FREEWHEEL_BLESS=1 cargo test -p freewheel-envs golden` writes the files again.

mod driving;
mod observation;

use std::fmt::Write;
use std::sync::Arc;

use freewheel_core::{
    ActionBuffer, Actions, DynWorld, Env, EpisodeRunner, Frame, NoPolicyLoader, Purpose, Scene, Streams,
    World, WorldFamily,
};

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

/// Runner of a world with continuous actions after `steps` steps of a scripted driver, with its history.
fn drive(name: &str, settings: &str, script: usize, steps: usize) -> Box<dyn EpisodeRunner> {
    let world = world(name, &format!("actions = \"continuous\"\n{settings}"));
    let mut runner = world.episode_runner(Streams::new(0), Purpose::WatchEnvironment, 0);
    runner.keep_history();
    let mut rng = Streams::new(0).stream(Purpose::WatchAction, 0, 0);
    let mut actions = ActionBuffer::for_spec(world.spec(), 1);
    for _ in 0..steps {
        if runner.ending().is_over() {
            break;
        }
        runner.scripted(script, &mut rng, &mut actions).unwrap();
        runner.step(actions.as_actions()).unwrap();
    }
    runner
}

fn draw(runner: &dyn EpisodeRunner, size: (usize, usize), zoom: i8, layer: Option<&'static str>) -> Frame {
    let mut frame = Frame::with_max_size(size.0, size.1);
    frame.set_zoom(zoom);
    frame.set_layer(layer);
    runner.draw(None, &mut frame);
    frame
}

#[test]
fn a_drawing_fills_the_room_and_keeps_the_car_in_focus() {
    let runner = drive("club", "", 0, 100);
    for (columns, rows) in [(80, 24), (200, 60), (40, 12), (3, 2)] {
        let frame = draw(&*runner, (columns, rows), 0, None);
        assert_eq!((frame.width(), frame.height()), (columns.max(30), rows.max(8)));
        let (x, y) = frame.focus().unwrap();
        assert!("→↗↑↖←↙↓↘".contains(frame.get(x, y).unwrap().glyph));
        // The map touches two opposite sides of the drawing, and no part of the road is missing.
        let road = |x: usize, y: usize| frame.get(x, y).unwrap().glyph != ' ';
        let rows = frame.to_text().lines().position(|line| line.starts_with("club")).unwrap();
        let across = |x: usize| (0..rows).any(|y| road(x, y));
        let along = |y: usize| (0..frame.width()).any(|x| road(x, y));
        assert!((across(0) || across(1)) || (along(0) && along(rows - 1)), "{}", frame.to_text());
    }
}

/// The chase view shows the car at any zoom, the last one included, and every layer.
#[test]
fn the_chase_view_keeps_the_car_in_focus() {
    for (name, settings, steps) in [("club", "", 200), ("small", "model = \"st\"", 60), ("circle", "", 0)] {
        let runner = drive(name, settings, 0, steps);
        for zoom in [1, 2, 4, i8::MAX] {
            for layer in [None, Some("line"), Some("pedals")] {
                let frame = draw(&*runner, (100, 40), zoom, layer);
                let (x, y) = frame.focus().unwrap();
                assert!((5..95).contains(&x) && (2..34).contains(&y), "{name} {zoom} {x} {y}");
                assert!("█▌▐▀▄▘▝▖▗▙▛▜▟▚▞ ".contains(frame.get(x, y).unwrap().glyph), "{}", frame.to_text());
            }
        }
    }
}

/// A driver off the road ends the episode with an event; a lap is an event with its time.
#[test]
fn laps_and_the_end_of_the_road_are_events() {
    let runner = drive("circle", "start = \"flying\"\nlaps = 2", 0, 10_000);
    let texts: Vec<&str> = runner.events().iter().map(|(_, event)| event.text.as_str()).collect();
    let best = runner.measures()[0];
    assert_eq!(texts.len(), 2);
    assert!(texts[0].starts_with("lap 1 of 2 in "), "{texts:?}");
    assert!(texts.iter().any(|text| text.ends_with(&format!("in {best:.3} s"))), "{texts:?} {best}");
    assert!(runner.events().iter().all(|(_, event)| event.kind == "lap"));

    let world = world("circle", "actions = \"continuous\"");
    assert_eq!(world.step_seconds(), Some(0.05));
    let mut runner = world.episode_runner(Streams::new(0), Purpose::WatchEnvironment, 0);
    runner.keep_history();
    while !runner.ending().is_over() {
        runner.step(Actions::Continuous(&[0.0, 1.0])).unwrap();
    }
    let [(step, event)] = runner.events() else { panic!("{:?}", runner.events()) };
    assert_eq!((*step, event.kind), (runner.length() - 1, "off"));
    assert!(event.text.starts_with("left the road "), "{}", event.text);
    let text = draw(&*runner, (100, 30), 0, None).to_text();
    assert!(text.contains("× off the road"), "{text}");
}

/// The center-line driver uses 80 % of the grip and falls behind the ghost; the drawing says by how much.
#[test]
fn the_drawing_shows_the_distance_to_the_ghost() {
    let runner = drive("stadium", "", 0, 400);
    let text = draw(&*runner, (120, 30), 0, None).to_text();
    assert!(text.contains(" behind the ghost"), "{text}");
    let start = drive("stadium", "", 0, 0);
    let text = draw(&*start, (120, 30), 1, None).to_text();
    assert!(text.contains("0.00 s, 0 m ahead of the ghost"), "{text}");
    assert!(text.contains("speed (m/s)") && text.contains("throttle up"), "{text}");
}

#[test]
fn a_stadium_is_drawn_as_one() {
    let text = draw(&*drive("stadium", "", 0, 60), (40, 12), 0, None).to_text();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/track/golden/stadium-40x12.txt");
    if std::env::var_os("FREEWHEEL_BLESS").is_some() {
        std::fs::write(file, &text).unwrap();
    }
    let expected = std::fs::read_to_string(file).unwrap().replace("\r\n", "\n");
    assert_eq!(text, expected, "\n{text}");
}
