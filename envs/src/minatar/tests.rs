//! Tests of Breakout.

use freewheel_core::{
    Ending, Env, Frame, NoPolicyLoader, Purpose, Scene, SolveQuery, Step, Stream, Streams, World, WorldFamily,
};

use super::{Breakout, MinAtarFamily, Settings, State};

fn rng() -> Stream {
    Streams::new(1).stream(Purpose::WatchEnvironment, 0, 0)
}

fn breakout(settings: &str) -> Breakout {
    Breakout::new(&Settings::read(&settings.parse().unwrap(), Breakout::ID).unwrap())
}

/// Episodes that the package MinAtar played: every ball, paddle, brick, reward and ending is equal.
#[test]
fn episodes_equal_minatars() {
    let (mut state, mut refills, mut most) = (State::start(false), 0, 0);
    let text = include_str!("testdata/breakout.txt");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(start) = line.strip_prefix("start ") {
            state = State::start(start == "1");
            continue;
        }
        let numbers: Vec<u32> = line.split(' ').map(|number| number.parse().unwrap()).collect();
        let [action, column, row, paddle, reward, over, bricks] = numbers[..] else { panic!("{line}") };
        let before = state.bricks;
        let step = state.step(action, 0.0, &mut rng());
        let ending = if over == 1 { Ending::Terminal } else { Ending::Running };
        assert_eq!(step, Step { reward: reward as f32, ending }, "{line}");
        assert_eq!((state.ball, state.paddle), ([column as i32, row as i32], paddle as i32), "{line}");
        assert_eq!(state.bricks, bricks, "{line}");
        refills += u32::from(before == 0 && bricks != 0);
        most = most.max(state.score);
    }
    assert!(refills >= 1 && most > 40, "{refills} {most}");
}

/// A sticky action is the last one, with its probability.
#[test]
fn actions_are_sticky() {
    let moved = |sticky: f64| {
        let mut rng = rng();
        let mut count = 0;
        for _ in 0..2000 {
            let mut state = State { last_action: 1, ..State::start(false) };
            state.step(2, sticky, &mut rng);
            count += u32::from(state.paddle == 3);
        }
        f64::from(count) / 2000.0
    };
    assert_eq!((moved(0.0), moved(1.0)), (0.0, 1.0));
    assert!((moved(0.1) - 0.1).abs() < 0.03);
}

#[test]
fn planes_show_the_field() {
    let world = breakout("");
    let mut obs = vec![9.0; 400];
    let state = State { trail: [1, 2], ..State::start(true) };
    world.observe(&state, &mut obs);
    let lit: Vec<usize> = (0..300).filter(|&i| obs[i] == 1.0).collect();
    assert_eq!(lit, [94, 100 + 39, 200 + 21]);
    assert!((310..340).all(|i| obs[i] == 1.0) && obs[300..].iter().sum::<f32>() == 30.0);
}

#[test]
fn reference_and_baseline() {
    let world = breakout("");
    let query = SolveQuery::for_spec(Env::spec(&world));
    let (best, random) =
        (World::solve(&world, &query).unwrap().value, World::baseline(&world, &query).unwrap().value);
    assert!((0.2..1.0).contains(&random) && best > 80.0, "{random} {best}");
    // Without sticky actions the ball is never lost.
    let world = breakout("sticky_action_prob = 0.0");
    for right in [false, true] {
        let mut state = State::start(right);
        for _ in 0..5000 {
            let action = world.scripted(0, &state, &mut rng()).unwrap();
            assert!(!world.step(&mut state, action, &mut rng()).ending.is_over());
        }
        assert!(state.score > 300, "{}", state.score);
    }
}

#[test]
fn names_settings_and_picture() {
    let build = |name, settings: &str| MinAtarFamily.build(name, &settings.parse().unwrap(), &NoPolicyLoader);
    assert!(build("seaquest", "").unwrap().is_none());
    let error = build("breakout", "sticky_action_prob = 2.0").err().unwrap().to_string();
    assert!(error.contains("minatar/breakout: sticky_action_prob = 2 is out of range"), "{error}");
    let mut frame = Frame::default();
    breakout("").draw(&Scene::of(&State { is_lost: true, ..State::start(false) }), &mut frame);
    let text = frame.to_text();
    assert!(text.contains("ball lost") && text.matches('●').count() == 1 && text.matches('▄').count() == 58);
}

/// The drawing fills the window, and its text alone tells states apart.
#[test]
fn the_text_shows_every_state() {
    for (room, size) in [((38, 20), (44, 11)), ((76, 36), (60, 31)), ((150, 55), (100, 51))] {
        let mut texts = Vec::new();
        let start = State::start(false);
        let moved = State { ball: [3, 6], ..start };
        for state in [start, moved, State { paddle: 7, ..start }, State { is_lost: true, ..start }] {
            let mut frame = Frame::with_max_size(room.0, room.1);
            breakout("").draw(&Scene::of(&state), &mut frame);
            assert_eq!((frame.width(), frame.height()), size);
            texts.push(crate::golden::shown(&frame));
        }
        for (i, one) in texts.iter().enumerate() {
            assert!(!texts[..i].contains(one), "{room:?} {i}\n{one}");
        }
    }
}
