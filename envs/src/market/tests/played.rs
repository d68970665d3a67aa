//! What is computed against what is played.

use freewheel_core::evaluate::{Protocol, evaluate};
use freewheel_core::{DynWorld, Policy, PolicyClass, SolveQuery, Streams};

use super::{WORLDS, world};

/// Mean score of a policy, and its standard error.
fn mean(world: &dyn DynWorld, policy: &dyn Policy, episodes: u64) -> (f64, f64) {
    let protocol = Protocol { episodes, num_envs: 64, max_steps: u32::MAX, streams: Streams::new(11) };
    let scores: Vec<f64> = evaluate(world, policy, &protocol).unwrap().iter().map(|e| e.score).collect();
    let n = scores.len() as f64;
    let mean = scores.iter().sum::<f64>() / n;
    let variance = scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

/// The reference policy earns what the solver says, within four standard errors (a fixed seed).
#[test]
fn references_earn_what_they_say() {
    for (name, settings) in WORLDS {
        let world = world(name, settings);
        let best = world.solve(&SolveQuery::for_spec(world.spec())).unwrap();
        let (mean, error) = mean(&*world, &*best.policy.unwrap(), 200);
        let z = (mean - best.value) / error;
        assert!(z.abs() < 4.0, "{name} {settings}: {mean} +- {error}, {} promised", best.value);
    }
}

/// The same where chance has little part in it, to more digits.
#[test]
fn references_earn_what_they_say_to_more_digits() {
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
        assert!(off.abs() < 4.0 * error + 1e-6, "{name}: {mean} +- {error}, {} promised", best.value);
        assert!(error < 0.03 * best.value.abs(), "{name}: {error}");
    }
}

/// On a martingale whoever trades at random loses exactly what trading costs: between two random ones
/// of three positions lie 8/9 on average, from flat 2/3.
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
