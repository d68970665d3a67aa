//! Tests that every market passes: contract, golden playthroughs, robustness, and solved against simulated values.

use std::fmt::Write;
use std::sync::Arc;

use freewheel_core::evaluate::{Protocol, evaluate};
use freewheel_core::{
    ActionBuffer, ActionSpace, Actions, Certainty, DynWorld, EpisodeRunner, Frame, NoPolicyLoader,
    ObservationSpace, Policy, PolicyClass, Purpose, SolveQuery, Stream, Streams, WorldFamily,
};

use super::MarketFamily;
use crate::golden;

/// Worlds and settings of the tests; smaller than the defaults where the solver is slow.
const WORLDS: &[(&str, &str)] = &[
    ("ar1", "signals = 9"),
    ("garleanu-pedersen", "signals = 5\nlevels = 7"),
    ("garleanu-pedersen", "actions = 'continuous'"),
    ("regime", ""),
    ("regime", "actions = 'continuous'\nobserve = 'belief'"),
    ("making", ""),
    ("making", "actions = 'continuous'\nsteps = 300"),
    ("gbm", ""),
    ("gbm", "actions = 'continuous'"),
    ("heston", ""),
    ("heston", "actions = 'continuous'"),
    ("execution", ""),
    ("execution", "actions = 'continuous'"),
];

fn world(name: &str, settings: &str) -> Arc<dyn DynWorld> {
    MarketFamily.build(name, &settings.parse().unwrap(), &NoPolicyLoader).unwrap().unwrap()
}

/// Random action for the action space of a world.
fn random(runner: &dyn EpisodeRunner, rng: &mut Stream) -> ActionBuffer {
    match &runner.spec().actions {
        ActionSpace::Discrete { names } => ActionBuffer::Discrete(vec![rng.below(names.len() as u32)]),
        ActionSpace::Continuous { low, high, .. } => ActionBuffer::Continuous(
            // Half of the actions are out of bounds, to test clipping.
            low.iter().zip(high).map(|(l, h)| l + (h - l) * (2.0 * rng.uniform() - 0.5) as f32).collect(),
        ),
    }
}

/// Observations lie within finite bounds, rewards are finite, and the drawing fits its frame.
#[test]
fn observations_are_within_their_bounds() {
    for (name, settings) in WORLDS {
        let world = world(name, settings);
        let mut runner = world.episode_runner(Streams::new(3), Purpose::Environment, 0);
        let mut rng = Streams::new(3).stream(Purpose::Action, 0, 0);
        let mut frame = Frame::with_max_size(80, 24);
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
            let actions = random(&*runner, &mut rng);
            assert!(runner.step(actions.as_actions()).unwrap().reward.is_finite());
            if runner.ending().is_over() {
                runner.reset(runner.episode() + 1);
            }
        }
        runner.draw(None, &mut frame);
        assert_eq!((frame.width(), frame.height()), (80, 24));
        assert!(frame.to_text().contains("profit"));
    }
}

/// The reference value exceeds the baseline, and the bounds are ordered.
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

/// Values grow with the horizon and are 0 at horizon 0.
#[test]
fn values_grow_with_the_horizon() {
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

/// Errors for bad settings name the world, the setting and the allowed values.
#[test]
fn bad_settings_are_refused() {
    let refused = [
        (
            "ar1",
            "steps = 0",
            "market/ar1: steps = 0 is out of range: it must be at least 1 and at most 10000",
        ),
        ("ar1", "cost = nan", "market/ar1: cost = NaN is out of range: it must be at least 0 and at most 1"),
        ("ar1", "costs = 1", "market/ar1: unknown setting `costs`; did you mean `cost`?"),
        (
            "garleanu-pedersen",
            "levels = 4",
            "market/garleanu-pedersen: levels = 4: must be odd, so that one level is the flat position",
        ),
        (
            "garleanu-pedersen",
            "levels = 101\nsignals = 101",
            "market/garleanu-pedersen: signals = 101: with levels = 101 the decision process has more than 10000000 \
             outcomes; lower one of them, or set actions = \"continuous\"",
        ),
        (
            "garleanu-pedersen",
            "actions = 'continuous'\nlimit = 3",
            "market/garleanu-pedersen: limit = 3: the optimal positions go up to 18.137; raise the limit",
        ),
        (
            "regime",
            "memory = 20",
            "market/regime: memory = 20 is out of range: it must be at least 1 and at most 16",
        ),
        (
            "making",
            "steps = 100",
            "market/making: steps = 100: at most one order arrives in a step, so steps must be at least 280",
        ),
        ("making", "depths = []", "market/making: depths must be a list of 1 to 32 depths"),
        (
            "gbm",
            "volatility = 0",
            "market/gbm: volatility = 0 is out of range: it must be at least 0.000001 and at most 2",
        ),
        (
            "heston",
            "correlation = 2",
            "market/heston: correlation = 2 is out of range: it must be at least -1 and at most 1",
        ),
        (
            "execution",
            "permanent = 1",
            "market/execution: temporary = 0.0000025: must exceed permanent * days / (2 * steps); \
             raise temporary or steps, or lower permanent",
        ),
    ];
    for (name, settings, message) in refused {
        let error = MarketFamily
            .build(name, &settings.parse().unwrap(), &NoPolicyLoader)
            .err()
            .map(|e| e.to_string());
        assert_eq!(error.as_deref(), Some(message));
    }
    assert!(MarketFamily.build("nothing", &toml::Table::new(), &NoPolicyLoader).unwrap().is_none());
}

/// Every listed world can be built with its defaults, and every setting has a description.
#[test]
fn every_listed_world_is_built() {
    for info in MarketFamily.list() {
        let name = info.id.strip_prefix("market/").unwrap();
        let fields = freewheel_core::settings::fields(&MarketFamily.settings(name));
        assert!(fields.iter().all(|field| !field.about.is_empty()), "{fields:?}");
        if name == "replay" {
            // A replay needs a file.
            continue;
        }
        assert!(fields.iter().all(|field| !field.default.is_null()), "{fields:?}");
        let world = world(name, "");
        assert_eq!(world.spec().id, info.id);
        let mut runner = world.episode_runner(Streams::new(0), Purpose::Environment, 0);
        assert!(runner.step(Actions::Discrete(&[0])).is_ok());
    }
}

/// A saved state is restored exactly; damaged bytes are refused or run without a panic.
#[test]
fn damaged_states_do_not_panic() {
    for (name, settings) in WORLDS {
        let world = world(name, settings);
        let mut batch = world.vector_env(1, Streams::new(5), Purpose::Environment, 0);
        let actions = match &world.spec().actions {
            ActionSpace::Discrete { .. } => ActionBuffer::Discrete(vec![1]),
            ActionSpace::Continuous { high, .. } => ActionBuffer::Continuous(high.clone()),
        };
        batch.step(actions.as_actions()).unwrap();
        let saved = batch.save().unwrap();
        batch.load(&saved).unwrap();
        assert_eq!(batch.save().unwrap(), saved, "{name}");
        let mut rng = Streams::new(5).stream(Purpose::Generation, 0, 0);
        for _ in 0..400 {
            let mut damaged = saved.clone();
            for _ in 0..1 + rng.below(2) {
                damaged[rng.below(saved.len() as u32) as usize] = rng.bits() as u8;
            }
            if batch.load(&damaged).is_ok() {
                for script in 0..world.spec().scripts.len() {
                    let mut scripted = actions.clone();
                    let _ = batch.scripted(script, 0, &mut rng, &mut scripted);
                }
                for _ in 0..3 {
                    let _ = batch.step(actions.as_actions());
                }
                batch.take_finished();
            }
        }
    }
}

/// Rewards are finite at the limits of the settings.
#[test]
fn extreme_settings_give_finite_rewards() {
    let extreme = [
        ("gbm", "steps_per_year = 1\nvolatility = 2\nrisk_aversion = 50\ninterest = -1\nsteps = 10000"),
        ("gbm", "steps_per_year = 1\nvolatility = 2\nrisk_aversion = 0.001\ndrift = 1\nsteps = 10000"),
        ("gbm", "risk_aversion = 0.999999999"),
        ("heston", "steps_per_year = 12\nvariance_level = 1\nvariance_shock = 2\nsteps = 10000"),
        ("regime", "size = 0.99\nsteps = 10000"),
        ("ar1", "signals = 2\npersistence = 0.999\ninnovation = 1\nnoise = 1\ncost = 1"),
    ];
    for (name, settings) in extreme {
        let world = world(name, settings);
        let mut runner = world.episode_runner(Streams::new(3), Purpose::Environment, 0);
        let last = world.spec().actions.count() as u32 - 1;
        for step in 0..5000 {
            let step_result = runner.step(ActionBuffer::Discrete(vec![last]).as_actions()).unwrap();
            assert!(
                step_result.reward.is_finite(),
                "{name} {settings}: {} in step {step}",
                step_result.reward
            );
            if step_result.ending.is_over() {
                runner.reset(runner.episode() + 1);
            }
        }
        runner.draw(None, &mut Frame::with_max_size(80, 24));
    }
}

/// Mean score of a policy and its standard error.
fn mean(world: &dyn DynWorld, policy: &dyn Policy, episodes: u64) -> (f64, f64) {
    let protocol = Protocol { episodes, num_envs: 64, max_steps: u32::MAX, streams: Streams::new(11) };
    let scores: Vec<f64> = evaluate(world, policy, &protocol).unwrap().iter().map(|e| e.score).collect();
    let n = scores.len() as f64;
    let mean = scores.iter().sum::<f64>() / n;
    let variance = scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

/// The reference policy attains the solved value within four standard errors (fixed seed).
#[test]
fn references_attain_their_values() {
    for (name, settings) in WORLDS {
        let world = world(name, settings);
        let best = world.solve(&SolveQuery::for_spec(world.spec())).unwrap();
        let (mean, error) = mean(&*world, &*best.policy.unwrap(), 200);
        let z = (mean - best.value) / error;
        assert!(z.abs() < 4.0, "{name} {settings}: {mean} +- {error}, {} solved", best.value);
    }
}

/// The reference policy attains the solved value with little noise, to more digits.
#[test]
fn quiet_references_attain_their_values() {
    let quiet = [
        ("ar1", "noise = 0\nsignals = 9"),
        ("garleanu-pedersen", "reward = 'expected'\nactions = 'continuous'"),
        ("execution", "reward = 'expected'"),
        ("making", "volatility = 0\nsteps = 300"),
    ];
    for (name, settings) in quiet {
        let world = world(name, settings);
        let best = world.solve(&SolveQuery::for_spec(world.spec())).unwrap();
        let (mean, error) = mean(&*world, &*best.policy.unwrap(), 600);
        let off = mean - best.value;
        assert!(off.abs() < 4.0 * error + 1e-6, "{name}: {mean} +- {error}, {} solved", best.value);
        assert!(error < 0.03 * best.value.abs(), "{name}: {error}");
    }
}

/// On a martingale, random trading loses exactly the trading costs: the mean trade between two of three random
/// positions is 8/9, and from the flat position 2/3.
#[test]
fn random_trading_on_a_martingale_loses_its_costs() {
    let world =
        world("ar1", "signals = 3\ninnovation = 1e-9\nnoise = 0.01\ngamma = 1.0\nsteps = 100\ncost = 0.001");
    let query = SolveQuery { policy_class: PolicyClass::Random, ..SolveQuery::for_spec(world.spec()) };
    let random = world.solve(&query).unwrap();
    let expected = -0.001 * (2.0 / 3.0 + 99.0 * 8.0 / 9.0);
    assert!((random.value - expected).abs() < 1e-9, "{} {expected}", random.value);
    let (mean, error) = mean(&*world, &*random.policy.unwrap(), 1000);
    assert!((mean - expected).abs() < 4.0 * error, "{mean} +- {error}");
}

const STEPS: u32 = 12;

/// Text of an episode of random actions: spec, observations, actions, rewards and the final drawing.
fn playthrough(name: &str, settings: &str) -> String {
    let world = world(name, settings);
    let spec = world.spec();
    let mut text = format!(
        "{} version {} limit {:?} gamma {}\nobservation {:?}\nactions {:?}\nscripts {}\n",
        spec.id,
        spec.version,
        spec.time_limit,
        spec.gamma,
        spec.observation,
        spec.actions,
        spec.scripts.join(", "),
    );
    let mut runner = world.episode_runner(Streams::new(1), Purpose::WatchEnvironment, 0);
    let mut rng = Streams::new(1).stream(Purpose::WatchAction, 0, 0);
    for step in 0..STEPS {
        let before = runner.obs().to_vec();
        let (action, step_result) = match &spec.actions {
            ActionSpace::Discrete { names } => {
                let action = rng.below(names.len() as u32);
                (names[action as usize].clone(), runner.step(Actions::Discrete(&[action])).unwrap())
            }
            ActionSpace::Continuous { low, high, .. } => {
                let between = |(l, h): (&f32, &f32)| l + (h - l) * rng.uniform() as f32;
                let action: Vec<f32> = low.iter().zip(high).map(between).collect();
                (format!("{action:?}"), runner.step(Actions::Continuous(&action)).unwrap())
            }
        };
        let after = runner.obs();
        writeln!(
            text,
            "{step} at {before:?}: {action} -> {after:?} reward {} {:?}",
            step_result.reward, step_result.ending
        )
        .unwrap();
        if step_result.ending.is_over() {
            break;
        }
    }
    let mut frame = Frame::default();
    runner.draw(None, &mut frame);
    text.push_str(&frame.to_text());
    text
}

#[test]
fn golden_playthroughs() {
    for (name, settings) in WORLDS {
        let kind = if settings.contains("continuous") { "-continuous" } else { "" };
        golden::compare(&format!("src/market/golden/{name}{kind}.txt"), &playthrough(name, settings));
    }
}
