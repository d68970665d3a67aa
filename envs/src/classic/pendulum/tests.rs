//! Tests of the pendulum.

use freewheel_core::evaluate::{Protocol, evaluate};
use freewheel_core::{
    ActionSpace, Env, Frame, NoPolicyLoader, Purpose, Scene, SolveQuery, Stream, Streams, World, WorldFamily,
};

use super::super::ClassicFamily;
use super::{Limit, Pendulum, PendulumState};

fn pendulum() -> Pendulum {
    Pendulum::new(&Limit::default())
}

fn rng() -> Stream {
    Streams::new(1).stream(Purpose::WatchEnvironment, 0, 0)
}

/// By hand: at a quarter turn, w = 1, u = 1: w' = 1 + (15 + 3) 0.05 = 1.9, a' = pi/2 + 0.095; the reward is
/// -(pi^2/4 + 0.1 + 0.001).
#[test]
fn a_step_is_the_formulas() {
    let world = pendulum();
    let mut state = PendulumState::start(std::f64::consts::FRAC_PI_2, 1.0);
    let step = world.step(&mut state, [1.0], &mut rng());
    assert!((state.angular_velocity - 1.9).abs() < 1e-7 && (state.angle - 1.665_796_327).abs() < 1e-8);
    assert!((f64::from(step.reward) + 2.568_401_1).abs() < 1e-6, "{}", step.reward);
    assert!(!step.ending.is_over());
}

#[test]
fn torque_and_speed_are_clipped() {
    let world = pendulum();
    let after = |torque, speed| {
        let mut state = PendulumState::start(0.0, speed);
        let reward = world.step(&mut state, [torque], &mut rng()).reward;
        (state.angular_velocity, state.torque, reward)
    };
    assert_eq!(after(9.0, 0.0), after(2.0, 0.0));
    assert_eq!(after(-9.0, 0.0), after(-2.0, 0.0));
    assert_eq!((after(2.0, 7.9).0, after(-2.0, -7.9).0), (8.0, -8.0));
}

/// The angle counts as its distance from upright, after any number of turns.
#[test]
fn turns_do_not_count() {
    let world = pendulum();
    let reward = |angle: f64| world.step(&mut PendulumState::start(angle, 0.0), [0.0], &mut rng()).reward;
    let turn = 2.0 * std::f64::consts::PI;
    assert!((reward(0.5) + 0.25).abs() < 1e-6);
    assert!((reward(0.5) - reward(0.5 + 3.0 * turn)).abs() < 1e-6);
    assert!((reward(-0.5) - reward(-0.5 - 2.0 * turn)).abs() < 1e-6);
    assert!((reward(turn - 0.5) - reward(-0.5)).abs() < 1e-6);
}

/// The policy of the solution reaches its value from observations, on other first states than those of the solution.
/// Standard error of the mean of 400 episodes: 4.
#[test]
fn the_reference_policy_reaches_its_value() {
    let world = pendulum().shared();
    let best = world.solve(&SolveQuery::for_spec(world.spec())).unwrap();
    assert!((-137.2..-136.7).contains(&best.value), "{}", best.value);
    let protocol = Protocol { episodes: 400, num_envs: 100, max_steps: u32::MAX, streams: Streams::new(0) };
    let episodes = evaluate(&*world, &*best.policy.unwrap(), &protocol).unwrap();
    let mean = episodes.iter().map(|episode| episode.score).sum::<f64>() / 400.0;
    assert!((mean - best.value).abs() < 12.0, "{mean} {}", best.value);
    let baseline = world.baseline(&SolveQuery::for_spec(world.spec())).unwrap().value;
    assert!((-1250.0..-1200.0).contains(&baseline), "{baseline}");
}

#[test]
fn the_spec_is_gymnasiums() {
    assert_eq!(pendulum().step_seconds(), Some(0.05));
    let world = pendulum();
    let spec = Env::spec(&world);
    let ActionSpace::Continuous { low, high, .. } = &spec.actions else { panic!("continuous") };
    assert_eq!((low[..].to_vec(), high[..].to_vec()), (vec![-2.0], vec![2.0]));
    assert_eq!((spec.time_limit, spec.gamma), (Some(200), 1.0));
}

#[test]
fn wrong_settings_are_errors() {
    let settings = "time_limit = 0".parse().unwrap();
    let error = ClassicFamily.build("pendulum", &settings, &NoPolicyLoader).err().unwrap().to_string();
    assert!(error.contains("classic/pendulum: time_limit = 0 is out of range"), "{error}");
}

/// The rod is drawn on the side to which it leans: left for a positive angle.
#[test]
fn the_rod_is_on_its_side() {
    let lit = |angle| {
        let mut frame = Frame::with_max_size(60, 32);
        pendulum().draw(&Scene::of(&PendulumState::start(angle, 0.0)), &mut frame);
        let red = |x: usize, y: usize| {
            frame.get(x, y).is_some_and(|c| c.glyph != ' ' && c.fg.0 > c.fg.2.saturating_add(40))
        };
        let count = |columns: std::ops::Range<usize>| {
            columns.flat_map(|x| (0..30).map(move |y| (x, y))).filter(|&(x, y)| red(x, y)).count()
        };
        (count(0..30), count(30..60))
    };
    let ((left, right), (mirrored_left, mirrored_right)) = (lit(1.0), lit(-1.0));
    assert!(left > 3 * right && mirrored_right > 3 * mirrored_left, "{left} {right}");
}

/// Without colors the text alone tells apart angles and torques, in every size.
#[test]
fn the_text_shows_every_state() {
    for room in [(38, 20), (76, 36), (150, 55)] {
        let mut texts = Vec::new();
        for angle in [0.0, 0.5, -0.5, 3.0] {
            for torque in [-2.0, 0.0, 2.0] {
                let mut frame = Frame::with_max_size(room.0, room.1);
                let state = PendulumState { torque, ..PendulumState::start(angle, 0.0) };
                pendulum().draw(&Scene::of(&state), &mut frame);
                texts.push(crate::golden::shown(&frame));
            }
        }
        for (i, one) in texts.iter().enumerate() {
            assert!(!texts[..i].contains(one), "{room:?} {i}\n{one}");
        }
    }
}
