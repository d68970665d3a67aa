//! Tests of the mountain car.

use freewheel_core::evaluate::{Protocol, evaluate};
use freewheel_core::{Ending, Env, Frame, Purpose, Scene, SolveQuery, Step, Stream, Streams, World};

use super::{Limit, MountainCar, MountainCarContinuous, MountainCarState};

fn rng() -> Stream {
    Streams::new(1).stream(Purpose::WatchEnvironment, 0, 0)
}

fn car() -> MountainCar {
    MountainCar::new(&Limit::default())
}

fn continuous() -> MountainCarContinuous {
    MountainCarContinuous::new(&Limit::default())
}

fn at(position: f64, velocity: f64) -> MountainCarState {
    MountainCarState { position, velocity, steps: 1, ..MountainCarState::default() }
}

/// By hand: at -pi/6, the bottom, the slope is 0; at 0 gravity takes 0.0025 of the velocity.
#[test]
fn a_step_is_the_formulas() {
    let bottom = -std::f64::consts::PI / 6.0;
    for (from, action, velocity) in
        [(bottom, 2, 0.001), (bottom, 0, -0.001), (0.0, 1, -0.0025), (0.0, 2, -0.0015)]
    {
        let mut state = at(from, 0.0);
        assert_eq!(car().step(&mut state, action, &mut rng()), Step::transition(-1.0));
        assert!(
            (state.velocity - velocity).abs() < 1e-15 && (state.position - from - velocity).abs() < 1e-15
        );
    }
    for (from, force, velocity) in [(bottom, 1.0, 0.0015), (bottom, -0.5, -0.00075), (0.0, 0.0, -0.0025)] {
        let mut state = at(from, 0.0);
        let step = continuous().step(&mut state, [force], &mut rng());
        assert!((state.velocity - velocity).abs() < 1e-7 && (state.position - from - velocity).abs() < 1e-7);
        assert_eq!(step, Step::transition(-0.1 * force * force));
    }
}

#[test]
fn the_ends_of_the_road() {
    // The wall stops the car; the speed is bounded.
    let mut state = at(-1.19, -0.06);
    car().step(&mut state, 0, &mut rng());
    assert_eq!((state.position, state.velocity), (-1.2, 0.0));
    let mut state = at(-0.6, 0.07);
    car().step(&mut state, 2, &mut rng());
    assert_eq!(state.velocity, 0.07);
    let mut state = at(-1.19, -0.06);
    continuous().step(&mut state, [-1.0], &mut rng());
    assert_eq!((state.position as f32, state.velocity), (-1.2, 0.0));
    // The goal.
    let mut state = at(0.49, 0.03);
    assert_eq!(car().step(&mut state, 1, &mut rng()), Step::termination(-1.0));
    let mut state = at(0.44, 0.03);
    let step = continuous().step(&mut state, [0.5], &mut rng());
    assert_eq!((step.reward, step.ending), (99.975, Ending::Terminal));
    let mut state = at(0.44, 0.005);
    assert_eq!(continuous().step(&mut state, [0.0], &mut rng()).ending, Ending::Running);
}

#[test]
fn forces_are_clipped() {
    let after = |force| {
        let mut state = at(-0.5, 0.0);
        (continuous().step(&mut state, [force], &mut rng()), state)
    };
    assert_eq!((after(3.0), after(-3.0)), (after(1.0), after(-1.0)));
}

/// The policies of the solutions reach their values from observations, on other first states.
#[test]
fn the_reference_policies_reach_their_values() {
    let cases = [(car().shared(), -98.1..-97.6, 1.0), (continuous().shared(), 99.1..99.6, 0.05)];
    for (world, expected, apart) in cases {
        let best = world.solve(&SolveQuery::for_spec(world.spec())).unwrap();
        assert!(expected.contains(&best.value), "{}", best.value);
        let protocol =
            Protocol { episodes: 1000, num_envs: 100, max_steps: u32::MAX, streams: Streams::new(0) };
        let episodes = evaluate(&*world, &*best.policy.unwrap(), &protocol).unwrap();
        let mean = episodes.iter().map(|episode| episode.score).sum::<f64>() / 1000.0;
        assert!((mean - best.value).abs() < apart, "{mean} {}", best.value);
    }
}

/// The random policy does not reach the goal in 200 steps; its forces cost a third of 0.1 a step.
#[test]
fn the_random_policy_is_the_baseline() {
    let value = |world: &dyn freewheel_core::DynWorld| {
        world.baseline(&SolveQuery::for_spec(world.spec())).unwrap().value
    };
    assert!((-200.0..-199.9).contains(&value(&*car().shared())));
    assert!((-33.4..-32.0).contains(&value(&*continuous().shared())), "{}", value(&*continuous().shared()));
}

#[test]
fn the_spec_is_gymnasiums() {
    let (car, continuous) = (car(), continuous());
    assert_eq!(Env::spec(&car).actions.names(), ["left", "coast", "right"]);
    assert_eq!((Env::spec(&car).time_limit, Env::spec(&continuous).time_limit), (Some(200), Some(999)));
    assert_eq!(Env::spec(&car).observation, Env::spec(&continuous).observation);
}

#[test]
fn the_picture_follows_the_car() {
    for (x, position) in [(-1.2, "-1.200"), (0.55, "+0.550")] {
        let mut frame = Frame::with_max_size(80, 24);
        car().draw(&Scene::of(&at(x, 0.0)), &mut frame);
        let text = frame.to_text();
        assert!(text.contains(position) && text.contains("at the goal") == (x > 0.5), "{text}");
        let (column, row) = frame.focus().unwrap();
        let blue = frame.get(column, row).unwrap();
        assert!(blue.fg.2 > 120 || blue.bg.2 > 120, "{blue:?}");
    }
}

/// Without colors the text alone tells apart positions and pushes, in every size.
#[test]
fn the_text_shows_every_state() {
    for room in [(38, 20), (76, 36), (150, 55)] {
        let mut texts = Vec::new();
        for position in [-1.2, -0.5, 0.1, 0.5] {
            for push in [-1.0, 0.0, 1.0] {
                let mut frame = Frame::with_max_size(room.0, room.1);
                let state = MountainCarState { push, ..at(position, 0.0) };
                car().draw(&Scene::of(&state), &mut frame);
                texts.push(crate::golden::shown(&frame));
            }
        }
        for (i, one) in texts.iter().enumerate() {
            assert!(!texts[..i].contains(one), "{room:?} {i}\n{one}");
        }
    }
}
