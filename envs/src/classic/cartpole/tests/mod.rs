//! Tests of CartPole, by topic. Golden playthroughs (stored texts) hold every field of every state of an episode; they
//! change only with the world's version. `FREEWHEEL_BLESS=1 cargo test -p freewheel-envs golden` writes the files
//! again.

mod proof;

use std::fmt::Write;

use freewheel_core::evaluate::{Protocol, evaluate};
use freewheel_core::{
    Certainty, Ending, Env, Frame, NoPolicyLoader, ObservationSpace, PolicyClass, Purpose, Scene, Score,
    ScriptedPolicy, SolveQuery, Stream, Streams, World, WorldFamily,
};

use super::super::ClassicFamily;
use super::rules::ANGLE_LIMIT;
use super::{Cartpole, Settings, State};
use crate::golden;

/// CartPole with `settings` in TOML.
fn cartpole(settings: &str) -> Cartpole {
    Cartpole::new(&Settings::read(&settings.parse().unwrap(), Cartpole::ID).unwrap())
}

fn rng() -> Stream {
    Streams::new(1).stream(Purpose::WatchEnvironment, 0, 0)
}

#[test]
fn the_spec_is_gymnasiums() {
    assert_eq!(cartpole("").step_seconds(), Some(0.02));
    let world = cartpole("");
    let spec = Env::spec(&world);
    let ObservationSpace::Box { low, high, .. } = &spec.observation else { panic!("a box") };
    assert_eq!(high[..], [4.8, f32::INFINITY, 0.418_879_03, f32::INFINITY]);
    assert!(low.iter().zip(high).all(|(low, high)| *low == -*high));
    assert_eq!(spec.actions.names(), ["left", "right"]);
    assert_eq!((spec.time_limit, spec.gamma, spec.score), (Some(500), 0.99, Score::Measure(0)));
}

/// The reference value is reached by the policy of the solution, which reads observations, and by the scripted policy,
/// which reads states.
#[test]
fn the_reference_policy_reaches_its_value() {
    for settings in ["", "integrator = \"semi-implicit\"\ntime_limit = 2000", "sutton_barto_reward = true"] {
        let world = cartpole(settings).shared();
        let best = world.solve(&SolveQuery::for_spec(world.spec())).unwrap();
        assert_eq!(best.certainty, Certainty::Exact);
        let protocol =
            Protocol { episodes: 200, num_envs: 200, max_steps: u32::MAX, streams: Streams::new(0) };
        let policy = best.policy.unwrap();
        for policy in [&*policy, &ScriptedPolicy(0)] {
            for episode in evaluate(&*world, policy, &protocol).unwrap() {
                assert_eq!(episode.score, best.value);
            }
        }
    }
}

#[test]
fn solutions_depend_on_the_query() {
    let world = cartpole("");
    let query = |horizon, policy_class| SolveQuery {
        horizon,
        policy_class,
        ..SolveQuery::for_spec(Env::spec(&world))
    };
    assert_eq!(World::solve(&world, &query(Some(10_000), PolicyClass::Optimal)).unwrap().value, 10_000.0);
    let refused = |query| World::solve(&world, &query).err().unwrap().to_string();
    assert!(refused(query(None, PolicyClass::Optimal)).contains("--horizon 500"));
    assert!(refused(query(Some(500), PolicyClass::Random)).contains("the baseline"));
    // Other implementations report 22 to 23 steps for the random policy.
    let value = |horizon| World::baseline(&world, &query(horizon, PolicyClass::Optimal)).unwrap().value;
    assert!((22.0..22.6).contains(&value(Some(500))), "{}", value(Some(500)));
    assert_eq!((value(Some(5)), value(Some(500))), (5.0, value(None)));
}

#[test]
fn unknown_scripts_and_worlds_are_none() {
    let world = cartpole("");
    assert!(world.scripted(1, &world.reset(&mut rng()), &mut rng()).is_none());
    assert!(ClassicFamily.build("pendulum-9", &toml::Table::new(), &NoPolicyLoader).unwrap().is_none());
    assert_eq!(ClassicFamily.list()[0].id, Cartpole::ID);
}

#[test]
fn wrong_settings_are_errors() {
    let cases = [
        (
            "time_limit = 0",
            "classic/cartpole: time_limit = 0 is out of range: it must be at least 1 and at most 1000000",
        ),
        ("gamma = 1.5", "gamma = 1.5 is out of range: it must be at least 0 and at most 1"),
        ("gamma = nan", "gamma = NaN is out of range"),
        ("integrator = \"rk4\"", "unknown variant `rk4`"),
        ("time_limt = 9", "did you mean `time_limit`?"),
    ];
    for (settings, expected) in cases {
        match ClassicFamily.build("cartpole", &settings.parse().unwrap(), &NoPolicyLoader) {
            Ok(_) => panic!("{settings} is fine"),
            Err(error) => assert!(error.to_string().contains(expected), "{error}"),
        }
    }
}

fn state_of([position, velocity, angle, angular_velocity]: [f64; 4]) -> State {
    State { position, velocity, angle, angular_velocity, ..State::default() }
}

/// A push at rest, upright, gives the accelerations of the formulas: t = 10/1.1, w' = -t / (0.5 (4/3 - 0.1/1.1)) for
/// the pole, v' = t - 0.05 w'/1.1 for the cart.
#[test]
fn a_push_from_rest_is_the_formulas() {
    let (t, after) = (10.0 / 1.1, 0.02);
    let angular = -t / (0.5 * (4.0 / 3.0 - 0.1 / 1.1));
    let linear = t - 0.05 * angular / 1.1;
    for (integrator, moved) in [("euler", 0.0), ("semi-implicit", after)] {
        let world = cartpole(&format!("integrator = \"{integrator}\""));
        for (action, sign) in [(0, -1.0), (1, 1.0)] {
            let mut after_step = State::default();
            world.step(&mut after_step, action, &mut rng());
            let expected = [moved * after * linear, after * linear, moved * after * angular, after * angular];
            for (x, y) in after_step.to_array().iter().zip(expected) {
                assert!((x - sign * y).abs() < 1e-15, "{after_step:?} {expected:?}");
            }
            assert_eq!((after_step.steps, after_step.last_action), (1, Some(action)));
        }
    }
}

/// Every first state lies in the box, and the whole box is used.
#[test]
fn first_states_fill_their_box() {
    let world = cartpole("");
    let mut rng = rng();
    let (mut low, mut high) = ([0.0f64; 4], [0.0f64; 4]);
    for _ in 0..10_000 {
        for (i, x) in world.reset(&mut rng).to_array().into_iter().enumerate() {
            (low[i], high[i]) = (low[i].min(x), high[i].max(x));
        }
    }
    assert!(low.iter().all(|x| (-0.05..-0.0499).contains(x)), "{low:?}");
    assert!(high.iter().all(|x| (0.0499..0.05).contains(x)), "{high:?}");
}

/// A state exactly on a limit has not failed. In the step in which a limit is exceeded the episode ends, with the
/// reward of that step.
#[test]
fn the_limits_end_an_episode() {
    let cases = [
        ([2.4, 0.0, 0.0, 0.0], false),
        ([2.39, 0.51, 0.0, 0.0], true),
        ([-2.39, -0.51, 0.0, 0.0], true),
        ([0.0, 0.0, ANGLE_LIMIT, 0.0], false),
        ([0.0, 0.0, 0.2, 0.5], true),
        ([0.0, 0.0, -0.2, -0.5], true),
    ];
    for (from, fails) in cases {
        for (settings, lasting, failing) in [("", 1.0, 1.0), ("sutton_barto_reward = true", 0.0, -1.0)] {
            let mut after_step = state_of(from);
            let step = cartpole(settings).step(&mut after_step, 1, &mut rng());
            let expected = if fails { (failing, Ending::Terminal) } else { (lasting, Ending::Running) };
            assert_eq!((step.reward, step.ending), expected, "{from:?}");
        }
    }
}

/// Mirrored states and actions give mirrored steps: only the signs differ.
#[test]
fn the_mirror_image_moves_as_the_mirror_image() {
    let world = cartpole("");
    let mut rng = rng();
    for _ in 0..100 {
        let mut after_step = world.reset(&mut rng);
        let mut mirrored = state_of(after_step.to_array().map(|x| -x));
        for _ in 0..50 {
            let action = rng.below(2);
            world.step(&mut after_step, action, &mut rng);
            world.step(&mut mirrored, 1 - action, &mut rng);
            assert_eq!(after_step.to_array(), mirrored.to_array().map(|x| -x));
        }
    }
}

#[test]
fn a_state_is_plain_data() {
    let world = cartpole("");
    let mut after_step = world.reset(&mut rng());
    world.step(&mut after_step, 1, &mut rng());
    let read: State = serde_json::from_str(&serde_json::to_string(&after_step).unwrap()).unwrap();
    assert_eq!(read, after_step);
}

fn draw(position: f64, angle: f64, room: (usize, usize)) -> Frame {
    let mut frame = Frame::with_max_size(room.0, room.1);
    let state = State { position, angle, last_action: Some(1), ..State::default() };
    cartpole("").draw(&Scene::of(&state), &mut frame);
    frame
}

/// For every maximum size the drawing is as wide or as high as allowed, and the cart is in focus at every position.
#[test]
fn a_drawing_fits_its_size() {
    for (columns, rows) in [(80, 24), (200, 60), (48, 12), (200, 10), (3, 2)] {
        for position in [-9.0, -2.4, 0.0, 1.0, 2.4, 9.0] {
            let frame = draw(position, 0.1, (columns, rows));
            assert!(frame.width() == columns.max(44) && frame.height() <= rows.max(8));
            let (x, y) = frame.focus().unwrap();
            assert!(x < frame.width() && y < frame.height() - 2);
            if position.abs() < 3.0 {
                assert_ne!(frame.get(x, y).unwrap().glyph, ' ', "{}", frame.to_text());
            }
        }
    }
}

#[test]
fn the_pole_leans_to_its_side() {
    // Above the cart only the pole has more red than blue.
    let top = |angle| {
        let frame = draw(0.0, angle, (80, 24));
        let lit = |x: &usize| frame.get(*x, 2).is_some_and(|cell| cell.fg.0 > cell.fg.2.saturating_add(40));
        let columns: Vec<f64> = (0..80).filter(lit).map(|x| x as f64 - 39.5).collect();
        columns.iter().sum::<f64>() / columns.len() as f64
    };
    assert!(top(0.0).abs() < 1.0, "{}", top(0.0));
    assert!(top(0.2) > 1.5 && top(-0.2) < -1.5, "{} {}", top(0.2), top(-0.2));
}

#[test]
fn an_ending_is_shown() {
    assert!(draw(0.0, 0.3, (80, 24)).to_text().contains("fallen"));
    assert!(draw(2.5, 0.0, (80, 24)).to_text().contains("off the track"));
    assert!(draw(0.5, 0.0, (80, 24)).to_text().contains("cart +0.50 m"));
}

/// Without colors the text alone tells apart positions, angles and actions, in every size.
#[test]
fn the_text_shows_every_state() {
    for room in [(38, 20), (76, 36), (150, 55)] {
        let mut texts = Vec::new();
        for (position, angle) in [(0.0, 0.0), (0.4, 0.0), (2.4, 0.0), (0.0, 0.1), (0.0, -0.1), (0.0, 0.3)] {
            for last_action in [None, Some(0), Some(1)] {
                let mut frame = Frame::with_max_size(room.0, room.1);
                let state = State { position, angle, last_action, ..State::default() };
                cartpole("").draw(&Scene::of(&state), &mut frame);
                texts.push(crate::golden::shown(&frame));
            }
        }
        for (i, one) in texts.iter().enumerate() {
            assert!(!texts[..i].contains(one), "{room:?} {i}\n{one}");
        }
    }
}

/// The picture is as high as the window, and at the limit of the track the post is visible.
#[test]
fn a_picture_fills_the_window() {
    for (columns, rows) in [(46, 22), (76, 36), (120, 40), (150, 55)] {
        let frame = draw(0.0, 0.05, (columns, rows));
        assert!(frame.height() + 8 > rows, "{columns} {rows}: {}", frame.height());
        let text = draw(0.2, 0.05, (columns, rows)).to_text();
        assert!(text.contains("━►") && text.contains("10 N") && text.contains('┊') && text.contains("12°"));
        assert!(draw(2.3, 0.0, (columns, rows)).to_text().contains('┃') && !text.contains('┃'));
    }
}

const PLAYED: &[(&str, &str, bool)] = &[
    ("random", "", false),
    ("random-semi-implicit", "integrator = \"semi-implicit\"\nsutton_barto_reward = true", false),
    ("feedback", "", true),
];

/// Maximum number of recorded steps of an episode.
const STEPS: usize = 60;

/// Text of an episode of random or scripted actions.
fn play(settings: &str, scripted: bool) -> String {
    let world = cartpole(settings);
    let spec = Env::spec(&world);
    let mut text =
        format!("{} version {} limit {:?} gamma {}\n", spec.id, spec.version, spec.time_limit, spec.gamma);
    let mut rng = rng();
    let mut state = world.reset(&mut rng);
    let mut obs = [0.0; 4];
    for _ in 0..STEPS {
        let script = if scripted { world.scripted(0, &state, &mut rng) } else { None };
        let action = script.unwrap_or_else(|| rng.below(2));
        let step = world.step(&mut state, action, &mut rng);
        world.observe(&state, &mut obs);
        let [x, v, a, w] = state.to_array();
        writeln!(text, "{}: {action} pays {} {:?}", state.steps, step.reward, step.ending).unwrap();
        writeln!(text, "  state {x:e} {v:e} {a:e} {w:e}\n  sees {obs:?}").unwrap();
        if step.ending.is_over() {
            break;
        }
    }
    let mut frame = Frame::with_max_size(60, 16);
    world.draw(&Scene::of(&state), &mut frame);
    text + &frame.to_text()
}

#[test]
fn golden_playthroughs() {
    for (file, settings, scripted) in PLAYED {
        golden::compare(&format!("src/classic/cartpole/golden/{file}.txt"), &play(settings, *scripted));
    }
}
