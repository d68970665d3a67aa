//! Rules of the track worlds against exactly known values.

use std::f64::consts::PI;

use freewheel_core::evaluate::{Protocol, evaluate};
use freewheel_core::{
    Ending, Env, Error, NoPolicyLoader, Purpose, Score, SolveQuery, Stream, Streams, WorldFamily,
};

use super::super::TrackFamily;
use super::super::circuit::Circuit;
use super::super::line::{Limits, LineKind, plan_line};
use super::super::vehicle::Car;
use super::super::world::State;
use super::{track_env, world};

fn new_rng() -> Stream {
    Streams::new(1).stream(Purpose::WatchEnvironment, 0, 0)
}

/// A lap of a circle of radius r at the friction limit A takes 2 pi sqrt(r/A) seconds.
#[test]
fn a_lap_of_the_circle_takes_the_exact_time() {
    let world = track_env("circle", "start = \"flying\"\nsteering = \"angle\"\nhz = 10\nsubsteps = 1");
    let mut state = world.reset(&mut new_rng());
    let steering = state.car[2] / world.rules().vehicle.parameters.steering;
    assert!((state.car[3] - (15.0f64 * 9.81).sqrt()).abs() < 1e-3);
    state.car[3] = (15.0f64 * 9.81).sqrt();
    let mut length = 0.0;
    loop {
        let step = world.rules().drive(&mut state, steering, 0.0);
        length += f64::from(step.reward);
        assert!(state.n.abs() < 1e-5, "{state:?}");
        if step.ending.is_over() {
            break;
        }
    }
    assert!((state.best_lap.unwrap() - 2.0 * PI * (15.0f64 / 9.81).sqrt()).abs() < 1e-6, "{state:?}");
    assert!((length - state.progress).abs() < 1e-4);
}

/// From a standstill, with constant acceleration a, the car completes a lap of length L after sqrt(2 L / a) seconds,
/// for any step size.
#[test]
fn the_finish_is_interpolated() {
    let exact = (2.0 * 30.0 * PI / 0.6f64).sqrt();
    for hz in [5, 7, 20, 50] {
        let world = track_env("circle", &format!("steering = \"angle\"\nhz = {hz}\nsubsteps = 1"));
        let mut state = world.reset(&mut new_rng());
        let p = world.rules().vehicle.parameters;
        state.car[2] = (p.wheelbase() / 15.0).atan();
        let steering = state.car[2] / p.steering;
        while !world.rules().drive(&mut state, steering, 0.1).ending.is_over() {}
        let lap = state.best_lap.unwrap();
        assert!((lap - exact).abs() < 1e-4, "{hz}: {lap} {exact}");
        assert_eq!(state.laps, 1);
        let mut measures = [0.0; 5];
        world.measure(&state, &mut measures);
        assert_eq!(measures[..3], [lap, 1.0, 1.0]);
        assert!((measures[3] / lap - measures[4]).abs() < 1e-12 && (measures[3] - 30.0 * PI).abs() < 3.0);
    }
}

/// The episode ends in the step in which the car leaves the road, and the reward of that step is the progress made in
/// it.
#[test]
fn leaving_the_road_ends_the_episode_on_that_very_step() {
    for clearance in [0.0, 0.9] {
        let world = track_env("l", &format!("clearance = {clearance}"));
        let mut state = world.reset(&mut new_rng());
        let room = |state: &State| {
            let at = world.rules().circuit.at(state.s);
            (at.left - state.n).min(at.right + state.n) - clearance
        };
        loop {
            let before = state;
            assert!(room(&before) >= 0.0);
            let step = world.rules().drive(&mut state, 0.0, 1.0);
            assert!((f64::from(step.reward) - (state.progress - before.progress)).abs() < 1e-6);
            assert_eq!(step.ending.is_over(), room(&state) < 0.0);
            if step.ending.is_over() {
                assert_eq!((step.ending, state.off_road), (Ending::Terminal, true));
                break;
            }
        }
        let mut measures = [0.0; 5];
        world.measure(&state, &mut measures);
        let limit = f64::from(world.spec().time_limit.unwrap()) / 20.0;
        assert_eq!((measures[0], measures[1], measures[2]), (limit, 0.0, 0.0));
    }
}

/// Of several laps the best lap time counts, and the best lap is a flying one.
#[test]
fn the_best_lap_of_several_counts() {
    let world = track_env("hairpins", "laps = 3");
    let mut state = world.reset(&mut new_rng());
    let mut ends = Vec::new();
    for _ in 0..world.spec().time_limit.unwrap() {
        let action = world.scripted(0, &state, &mut new_rng()).unwrap();
        let laps = state.laps;
        let step = world.step(&mut state, action, &mut new_rng());
        if state.laps > laps {
            ends.push(state.lap_start);
        }
        if step.ending.is_over() {
            break;
        }
    }
    assert_eq!((ends.len(), state.laps), (3, 3));
    let laps = [ends[0], ends[1] - ends[0], ends[2] - ends[1]];
    assert!(laps[1] < laps[0] - 1.0 && (laps[2] - laps[1]).abs() < 0.05, "{laps:?}");
    assert_eq!(state.best_lap, laps[1..].iter().copied().reduce(f64::min));
    assert!(world.scripted(2, &state, &mut new_rng()).is_none());
}

/// Both scripted drivers finish with discrete and continuous actions, and the racing line is faster.
#[test]
fn scripted_drivers_stay_on_the_road() {
    for actions in ["table", "continuous"] {
        for name in ["circle", "hairpins", "small"] {
            let world = world(name, &format!("actions = \"{actions}\""));
            let query = SolveQuery::for_spec(world.spec());
            let (center, racing) = (world.baseline(&query).unwrap(), world.solve(&query).unwrap());
            let limit = f64::from(world.spec().time_limit.unwrap()) / 20.0;
            assert!(center.value < 0.7 * limit, "{name} {actions}: {} of {limit}", center.value);
            assert!(
                racing.value < 0.95 * center.value,
                "{name} {actions}: {} {}",
                racing.value,
                center.value
            );
            assert!(racing.upper.unwrap() <= racing.value, "{name} {actions}");
            // The reference is a lap time that the policy of the solution reaches.
            let policy = racing.policy.unwrap();
            let protocol =
                Protocol { episodes: 1, num_envs: 1, max_steps: u32::MAX, streams: Streams::new(0) };
            let driven = evaluate(&*world, &*policy, &protocol).unwrap();
            assert_eq!(driven[0].score, racing.value, "{name} {actions}");
        }
    }
}

/// On random circuits, no lap of a scripted driver is below the bound.
#[test]
fn no_simulated_lap_beats_the_bound_on_random_circuits() {
    for (seed, settings) in [(2, ""), (3, "start = \"flying\""), (4, "start = \"flying\"\nlaps = 2")] {
        let world = world("random", &format!("seed = {seed}\n{settings}"));
        let query = SolveQuery::for_spec(world.spec());
        let (center, racing) = (world.baseline(&query).unwrap(), world.solve(&query).unwrap());
        let bound = racing.upper.unwrap();
        assert!(
            bound < racing.value && bound < center.value,
            "{seed}: {bound} {} {}",
            racing.value,
            center.value
        );
    }
}

/// The racing-line driver reaches its line after a flying start, and for no setting of `start` is the reference worse
/// than the baseline.
#[test]
fn the_racing_line_is_joined() {
    for actions in ["table", "continuous"] {
        for start in ["flying", "anywhere"] {
            let world = world("l", &format!("actions = \"{actions}\"\nstart = \"{start}\""));
            let query = SolveQuery::for_spec(world.spec());
            let (center, best) = (world.baseline(&query).unwrap().value, world.solve(&query).unwrap().value);
            let share = if start == "flying" { 0.8 } else { 1.0 };
            assert!(best <= share * center, "{actions} {start}: {best} {center}");
        }
    }
}

/// A flying lap of the racing-line driver takes at most 0.5 % longer than that of a point mass with the same limits on
/// the whole road.
#[test]
fn a_lap_is_close_to_that_of_the_point_mass() {
    let p = Car::Club.parameters();
    let limits = Limits {
        drive: p.engine,
        power: p.engine * p.switch_speed,
        brake: p.brake,
        curvature: p.steering.tan() / p.wheelbase(),
        ..Limits::point_mass(p.grip(), p.top_speed, 0.0)
    };
    let circuit = Circuit::named("club", 1).unwrap().unwrap();
    let ideal = plan_line(&circuit, &limits, LineKind::MinTime).unwrap().lap_time;
    let world = world("club", "actions = \"continuous\"\nstart = \"flying\"\nlaps = 2");
    let driven = world.solve(&SolveQuery::for_spec(world.spec())).unwrap().value;
    assert!(driven < 1.005 * ideal, "{driven} {ideal}");
}

/// On real circuits, a flying lap of the default car takes at most 0.5 % longer than that of an optimal-control
/// solution for a point mass with its engine and brakes (`tests/peers/mlts.py --engine`). The bound is above one that
/// knows neither. The folder `FREEWHEEL_TRACKS` may have more circuits or fewer.
#[test]
#[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
fn real_laps_are_those_of_optimal_control() {
    let Some(folder) = std::env::var_os("FREEWHEEL_TRACKS").map(std::path::PathBuf::from) else {
        eprintln!("SKIPPED: FREEWHEEL_TRACKS names no folder of circuits");
        return;
    };
    for (file, optimal, loose) in [("Norisring.csv", 60.50, 51.8), ("BrandsHatch.csv", 102.15, 93.8)] {
        let file = folder.join(file);
        if !file.exists() {
            eprintln!("SKIPPED: {} is not there", file.display());
            continue;
        }
        let settings = "actions = \"continuous\"\nstart = \"flying\"\nlaps = 2".parse().unwrap();
        let world = TrackFamily.open(&file, &settings).unwrap();
        let solution = world.solve(&SolveQuery::for_spec(world.spec())).unwrap();
        let (lap, bound) = (solution.value, solution.upper.unwrap());
        assert!((lap / optimal - 1.0).abs() < 5e-3, "{}: {lap} {optimal}", file.display());
        assert!(loose < bound && bound < lap.min(optimal), "{}: {bound} {lap}", file.display());
    }
}

/// The reference of the model ST is a finished lap, faster than the baseline; on `club` with a car of full size.
#[test]
fn cars_with_slip_finish() {
    for (name, settings) in [
        ("small", ""),
        ("small", "actions = \"continuous\""),
        ("club", ""),
        ("club", "actions = \"continuous\""),
    ] {
        let world = world(name, &format!("model = \"st\"\n{settings}"));
        let query = SolveQuery::for_spec(world.spec());
        let (center, best) = (world.baseline(&query).unwrap().value, world.solve(&query).unwrap().value);
        let limit = f64::from(world.spec().time_limit.unwrap()) / 20.0;
        assert!(best < center && center < limit, "{name} {settings}: {best} {center} {limit}");
    }
}

/// Without a finished lap there is no reference.
#[test]
fn a_lap_that_no_driver_finishes_has_no_reference() {
    for model in ["grip", "st"] {
        let world = world("circle", &format!("model = \"{model}\"\nlimit_s = 3.0"));
        let query = SolveQuery::for_spec(world.spec());
        let error = world.solve(&query).map(|solution| solution.value).unwrap_err();
        assert!(matches!(&error, Error::Unsupported(text) if text.contains("has no reference")), "{error}");
        assert_eq!(world.baseline(&query).unwrap().value, 3.0);
    }
}

/// With `start = "anywhere"`, and only then, the end of a lap is a truncation, since the observation does not show
/// where the lap ends.
#[test]
fn a_lap_begun_anywhere_is_cut_short() {
    for (start, ending) in [("standing", Ending::Terminal), ("anywhere", Ending::Truncated)] {
        let world = track_env("club", &format!("start = \"{start}\""));
        let mut state = world.reset(&mut new_rng());
        let last = loop {
            let action = world.scripted(0, &state, &mut new_rng()).unwrap();
            let step = world.step(&mut state, action, &mut new_rng());
            if step.ending.is_over() {
                break step.ending;
            }
        };
        assert_eq!((last, state.off_road), (ending, false), "{start}");
    }
}

#[test]
fn a_state_is_plain_data() {
    let world = track_env("club", "");
    let mut state = world.reset(&mut new_rng());
    for _ in 0..50 {
        let action = world.scripted(0, &state, &mut new_rng()).unwrap();
        world.step(&mut state, action, &mut new_rng());
    }
    let read: State = serde_json::from_str(&serde_json::to_string(&state).unwrap()).unwrap();
    assert_eq!(read, state);
}

#[test]
fn a_lap_time_is_the_score() {
    let world = world("club", "");
    let spec = world.spec();
    assert_eq!((spec.score, spec.lower_is_better()), (Score::Measure(0), true));
    assert_eq!(spec.actions.count(), 15);
    assert_eq!(spec.actions.names()[7], "straight, coast");
}

#[test]
fn invalid_settings_are_rejected_with_a_correction() {
    let fault = |name: &str, settings: &str| match TrackFamily.build(
        name,
        &settings.parse().unwrap(),
        &NoPolicyLoader,
    ) {
        Ok(_) => panic!("{settings} is fine"),
        Err(error) => error.to_string(),
    };
    let cases = [
        ("club", "hz = 1000", "track/club: hz = 1000 is out of range: it must be at least 5 and at most 200"),
        ("club", "laps = 0", "laps = 0 is out of range: it must be at least 1 and at most 1000"),
        (
            "club",
            "look_ahead = [-1.0]",
            "look_ahead = -1 is out of range: it must be at least 0 and at most 1000",
        ),
        ("club", "look_ahead = [5.0]\nobservation = \"rays\"", "belongs to observation = \"frenet\""),
        ("club", "rays = 0", "rays = 0"),
        ("club", "gamma = nan", "gamma = NaN"),
        ("club", "clearance = 7.0", "track/club: "),
        ("club", "seed = 2", "the setting `seed` belongs to track/random"),
        ("club", "bridges = true", "the setting `bridges` belongs to circuits from files"),
        ("club", "car = \"tank\"", "unknown variant `tank`"),
        ("club", "speed = 1", "unknown setting `speed`"),
    ];
    for (name, settings, expected) in cases {
        let found = fault(name, settings);
        assert!(found.contains(expected), "{settings}: {found}");
    }
    assert!(TrackFamily.build("nowhere", &toml::Table::new(), &NoPolicyLoader).unwrap().is_none());
}

#[test]
fn policies_learned_anywhere_are_evaluated_from_a_standing_start() {
    let settings = "start = \"anywhere\"\nhz = 25".parse().unwrap();
    let world = super::super::TrackFamily
        .build("circle", &settings, &freewheel_core::NoPolicyLoader)
        .unwrap()
        .unwrap();
    let evaluation = world.evaluation_world().unwrap();
    assert_eq!(
        (&evaluation.world.spec().id, evaluation.world.spec().gamma),
        (&world.spec().id, world.spec().gamma)
    );
    assert_eq!(evaluation.settings, "start = \"standing\"\nhz = 25".parse().unwrap());
    let runner = evaluation.world.episode_runner(Streams::new(0), Purpose::WatchEnvironment, 0);
    assert_eq!(runner.obs()[0], 0.0);
    assert!(evaluation.world.evaluation_world().is_none());
}
