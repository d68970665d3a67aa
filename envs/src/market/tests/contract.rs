//! Bounds, drawings, settings, and references that answer what the program asks.

use freewheel_core::{
    ActionBuffer, ActionSpace, Actions, Certainty, EpisodeRunner, Frame, NoPolicyLoader, ObservationSpace,
    PolicyClass, Purpose, SolveQuery, Streams, WorldFamily,
};

use super::{Markets, WORLDS, world};

/// A random action of a world, written as it takes them.
fn random(runner: &dyn EpisodeRunner, rng: &mut freewheel_core::Stream) -> ActionBuffer {
    match &runner.spec().actions {
        ActionSpace::Discrete { names } => ActionBuffer::Discrete(vec![rng.below(names.len() as u32)]),
        ActionSpace::Continuous { low, high, .. } => ActionBuffer::Continuous(
            // Half of them out of bounds: a world clips them.
            low.iter().zip(high).map(|(l, h)| l + (h - l) * (2.0 * rng.uniform() - 0.5) as f32).collect(),
        ),
    }
}

/// Every observation lies within finite bounds, every reward is finite, and the drawing fits.
#[test]
fn observations_are_within_their_bounds() {
    for (name, settings) in WORLDS {
        let world = world(name, settings);
        let mut runner = world.episode_runner(Streams::new(3), Purpose::Environment, 0);
        let mut rng = Streams::new(3).stream(Purpose::Action, 0, 0);
        let mut frame = Frame::with_room(80, 24);
        for _ in 0..2000 {
            match &world.spec().observation {
                ObservationSpace::Discrete { n } => assert!((runner.obs()[0] as usize) < *n, "{name}"),
                ObservationSpace::Box { low, high, .. } => {
                    for (x, (l, h)) in runner.obs().iter().zip(low.iter().zip(high)) {
                        assert!(
                            l.is_finite() && h.is_finite() && (l..=h).contains(&x),
                            "{name}: {x} {l} {h}"
                        );
                    }
                }
            }
            let choice = random(&*runner, &mut rng);
            assert!(runner.step(choice.actions()).unwrap().reward.is_finite());
            if runner.ending().is_over() {
                runner.begin(runner.episode() + 1);
            }
        }
        runner.draw(None, &mut frame);
        assert_eq!((frame.width(), frame.height()), (80, 24));
        assert!(frame.to_text().contains("position"));
    }
}

/// The reference, as it is played, is above the baseline, and the bounds are in order.
#[test]
fn references_are_above_baselines() {
    for (name, settings) in WORLDS {
        let world = world(name, settings);
        let query = SolveQuery::for_spec(world.spec());
        let best = world.solve(&query).unwrap();
        let baseline = world.baseline(&query).unwrap();
        assert!(best.value > baseline.value, "{name}: {} {baseline:?}", best.value);
        assert!(best.policy.is_some(), "{name}");
        match best.certainty {
            Certainty::Exact => assert_eq!(best.upper, Some(best.value)),
            Certainty::Bracket => assert!(best.upper.unwrap() >= best.value, "{name}"),
            Certainty::BestKnown => assert_eq!(best.upper, None),
        }
        if let Ok(random) = world.solve(&SolveQuery { policy_class: PolicyClass::Random, ..query }) {
            assert!(random.value < best.value, "{name}");
        }
    }
}

/// The longer the more is earned, and in no time nothing.
#[test]
fn answers_depend_on_the_horizon_asked_for() {
    for (name, settings) in WORLDS.iter().filter(|(name, _)| ["regime", "gbm", "heston"].contains(name)) {
        let world = world(name, settings);
        let within = |horizon| {
            let query = SolveQuery { horizon: Some(horizon), ..SolveQuery::for_spec(world.spec()) };
            world.solve(&query).unwrap().value
        };
        assert_eq!(within(0), 0.0, "{name}");
        assert!(within(1) < within(20) && within(20) < within(40), "{name}");
    }
}

/// Bad settings are refused with the world, the setting and what it may be.
#[test]
fn bad_settings_are_told() {
    let told = [
        ("ar1", "steps = 0", "market/ar1: steps = 0: must lie between 1 and 10000"),
        ("ar1", "cost = nan", "market/ar1: cost = NaN: must lie between 0 and 1"),
        ("ar1", "costs = 1", "market/ar1: unknown setting `costs`; did you mean `cost`?"),
        (
            "garleanu-pedersen",
            "levels = 4",
            "market/garleanu-pedersen: levels = 4: must be odd, so that one of them is flat",
        ),
        (
            "garleanu-pedersen",
            "levels = 101\nsignals = 101",
            "market/garleanu-pedersen: signals = 101: 101 levels of each make a table of more than 10000000 outcomes; \
             lower one of them, or set actions = \"continuous\"",
        ),
        (
            "garleanu-pedersen",
            "actions = 'continuous'\nlimit = 3",
            "market/garleanu-pedersen: limit = 3: the best positions go up to 18.137; raise the limit",
        ),
        ("regime", "memory = 20", "market/regime: memory = 20: must lie between 1 and 16"),
        (
            "making",
            "steps = 100",
            "market/making: steps = 100: too few for at most one order a step; at least 280",
        ),
        ("making", "depths = []", "market/making: the number of depths = 0: must lie between 1 and 32"),
        ("gbm", "volatility = 0", "market/gbm: volatility = 0: must lie between 0.000001 and 2"),
        ("heston", "correlation = 2", "market/heston: correlation = 2: must lie between -1 and 1"),
        (
            "execution",
            "permanent = 1",
            "market/execution: temporary = 0.0000025: selling faster must cost more; take more steps or a smaller permanent impact",
        ),
    ];
    for (name, settings, message) in told {
        let error =
            Markets.build(name, &settings.parse().unwrap(), &NoPolicyLoader).err().map(|e| e.to_string());
        assert_eq!(error.as_deref(), Some(message));
    }
    assert!(Markets.build("nothing", &toml::Table::new(), &NoPolicyLoader).unwrap().is_none());
}

/// Every world of the list can be built, and the family's settings are those of its worlds.
#[test]
fn the_list_is_what_there_is() {
    for info in Markets.list() {
        let name = info.id.strip_prefix("market/").unwrap();
        let fields = freewheel_core::settings::fields(&Markets.settings(name));
        assert!(fields.iter().all(|field| !field.about.is_empty()), "{fields:?}");
        if name == "replay" {
            // Without a file there is none.
            continue;
        }
        assert!(fields.iter().all(|field| !field.default.is_null()), "{fields:?}");
        let world = world(name, "");
        assert_eq!(world.spec().id, info.id);
        let mut runner = world.episode_runner(Streams::new(0), Purpose::Environment, 0);
        assert!(runner.step(Actions::Discrete(&[0])).is_ok());
    }
}
