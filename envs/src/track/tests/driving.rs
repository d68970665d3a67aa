//! The rules, against what is known exactly.

use std::f64::consts::PI;

use freewheel_core::evaluate::{Protocol, evaluate};
use freewheel_core::{Ending, Env, NoPolicyLoader, Purpose, Score, SolveQuery, Stream, Streams, WorldFamily};

use super::super::Tracks;
use super::super::world::State;
use super::{driving, world};

fn dice() -> Stream {
    Streams::new(1).stream(Purpose::WatchEnvironment, 0, 0)
}

/// At the friction limit a circle of radius r takes 2 pi sqrt(r/A): the car drives it, and its clock says so.
#[test]
fn a_steady_lap_of_the_circle_takes_what_it_must() {
    let world = driving("circle", "start = \"flying\"\nsteering = \"angle\"\nhz = 10\nsubsteps = 1");
    let mut state = world.reset(&mut dice());
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

/// From a standstill with a constant acceleration the line is crossed at sqrt(2 L / a), between two steps, however coarse.
#[test]
fn the_finish_is_interpolated() {
    let exact = (2.0 * 30.0 * PI / 0.6f64).sqrt();
    for hz in [5, 7, 20, 50] {
        let world = driving("circle", &format!("steering = \"angle\"\nhz = {hz}\nsubsteps = 1"));
        let mut state = world.reset(&mut dice());
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

/// Straight on where the road bends: the episode ends in the very step in which the car leaves the road, and that step pays
/// the progress that it made.
#[test]
fn leaving_the_road_ends_the_episode_on_that_very_step() {
    for clearance in [0.0, 0.9] {
        let world = driving("l", &format!("clearance = {clearance}"));
        let mut state = world.reset(&mut dice());
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
                assert_eq!((step.ending, state.off), (Ending::Terminal, true));
                break;
            }
        }
        let mut measures = [0.0; 5];
        world.measure(&state, &mut measures);
        let limit = f64::from(world.spec().time_limit.unwrap()) / 20.0;
        assert_eq!((measures[0], measures[1], measures[2]), (limit, 0.0, 0.0));
    }
}

/// Several laps: the best one counts, and it is a flying one.
#[test]
fn the_best_lap_of_several_counts() {
    let world = driving("hairpins", "laps = 3");
    let mut state = world.reset(&mut dice());
    let mut ends = Vec::new();
    for _ in 0..world.spec().time_limit.unwrap() {
        let action = world.scripted(0, &state, &mut dice()).unwrap();
        let laps = state.laps;
        let step = world.step(&mut state, action, &mut dice());
        if state.laps > laps {
            ends.push(state.lap_began);
        }
        if step.ending.is_over() {
            break;
        }
    }
    assert_eq!((ends.len(), state.laps), (3, 3));
    let laps = [ends[0], ends[1] - ends[0], ends[2] - ends[1]];
    assert!(laps[1] < laps[0] - 1.0 && (laps[2] - laps[1]).abs() < 0.05, "{laps:?}");
    assert_eq!(state.best_lap, laps[1..].iter().copied().reduce(f64::min));
    assert!(world.scripted(2, &state, &mut dice()).is_none());
}

/// Both scripted drivers finish, in the table as with numbers, and the racing line is the faster.
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
            // The reference is a lap that its own player drives.
            let policy = racing.policy.unwrap();
            let protocol =
                Protocol { episodes: 1, num_envs: 1, max_steps: u32::MAX, streams: Streams::new(0) };
            let driven = evaluate(&*world, &*policy, &protocol).unwrap();
            assert_eq!(driven[0].score, racing.value, "{name} {actions}");
        }
    }
}

/// A flying start leads to the racing line too, where it needs another speed there; and no start makes the best known worse than
/// the baseline.
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

/// Where a lap ends is not to be seen by who began anywhere: there, and only there, the road goes on.
#[test]
fn a_lap_begun_anywhere_is_cut_short() {
    for (start, ending) in [("standing", Ending::Terminal), ("anywhere", Ending::Truncated)] {
        let world = driving("club", &format!("start = \"{start}\""));
        let mut state = world.reset(&mut dice());
        let last = loop {
            let action = world.scripted(0, &state, &mut dice()).unwrap();
            let step = world.step(&mut state, action, &mut dice());
            if step.ending.is_over() {
                break step.ending;
            }
        };
        assert_eq!((last, state.off), (ending, false), "{start}");
    }
}

#[test]
fn a_state_is_plain_data() {
    let world = driving("club", "");
    let mut state = world.reset(&mut dice());
    for _ in 0..50 {
        let action = world.scripted(0, &state, &mut dice()).unwrap();
        world.step(&mut state, action, &mut dice());
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
fn bad_settings_are_refused_with_their_mend() {
    let fault =
        |name: &str, settings: &str| match Tracks.build(name, &settings.parse().unwrap(), &NoPolicyLoader) {
            Ok(_) => panic!("{settings} is fine"),
            Err(error) => error.to_string(),
        };
    let cases = [
        ("club", "hz = 1000", "track/club: hz is 1000; choose a number from 5 to 200"),
        ("club", "laps = 0", "laps is 0; choose a number from 1 to 1000"),
        ("club", "look_ahead = [-1.0]", "look_ahead is -1; choose a number from 0 to 1000"),
        ("club", "look_ahead = [5.0]\nobservation = \"rays\"", "belongs to observation = \"frenet\""),
        ("club", "rays = 0", "rays is 0"),
        ("club", "gamma = nan", "gamma is NaN"),
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
    assert!(Tracks.build("nowhere", &toml::Table::new(), &NoPolicyLoader).unwrap().is_none());
}

#[test]
fn what_is_learned_anywhere_is_judged_from_a_standing_start() {
    let settings = "start = \"anywhere\"\nhz = 25".parse().unwrap();
    let world =
        super::super::Tracks.build("circle", &settings, &freewheel_core::NoPolicyLoader).unwrap().unwrap();
    let judge = world.evaluation_world().unwrap();
    assert_eq!((&judge.world.spec().id, judge.world.spec().gamma), (&world.spec().id, world.spec().gamma));
    assert_eq!(judge.settings, "start = \"standing\"\nhz = 25".parse().unwrap());
    let runner = judge.world.episode_runner(Streams::new(0), Purpose::WatchEnvironment, 0);
    assert_eq!(runner.obs()[0], 0.0);
    assert!(judge.world.evaluation_world().is_none());
}
