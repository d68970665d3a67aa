//! Scripted policies, measures, drawing, and the expected loss of random trading.

use freewheel_core::{ActionBuffer, Env, Frame, Scene, SolveQuery, World};

use super::super::{Replay, TargetAction};
use super::*;
use crate::market::metrics;

/// States of an episode of a scripted policy.
fn play<A: TargetAction>(world: &Replay<A>, script: &str, seed: u64) -> Vec<super::super::State> {
    let script = world.spec().scripts.iter().position(|name| name == script).unwrap();
    let mut rng = test_rng(seed);
    let mut states = vec![world.reset(&mut rng)];
    loop {
        let mut state = states[states.len() - 1].clone();
        let action = world.scripted(script, &state, &mut rng).unwrap();
        let over = world.step(&mut state, action, &mut rng).ending.is_over();
        states.push(state);
        if over {
            return states;
        }
    }
}

#[test]
fn scripts_are_those_that_the_table_allows() {
    let scripts = |text: &str, assets| replay(several(120, 0..assets), &short(text)).spec().scripts.clone();
    assert_eq!(scripts("", 1), ["buy-and-hold", "flat", "momentum", "clairvoyant"]);
    assert_eq!(scripts("levels = [0.5, 1]", 1), ["buy-and-hold", "momentum", "clairvoyant"]);
    assert_eq!(scripts("levels = [0, 0.5]", 1), ["hold", "flat", "momentum", "clairvoyant"]);
    assert_eq!(scripts("levels = [0, 0.5]", 2), ["equal-weight", "flat", "momentum", "clairvoyant"]);
    let text = short("actions = \"continuous\"");
    let world: Replay<[f32; 1]> = Replay::new("m", several(120, 0..1), &text).unwrap();
    assert_eq!(world.spec().scripts, ["buy-and-hold", "flat", "momentum"]);
    let mut rng = test_rng(0);
    assert!(world.scripted(9, &world.reset(&mut rng), &mut rng).is_none());
}

/// The measures of the state equal the free functions applied to the series of equities.
#[test]
fn measures_are_the_metrics_of_the_episode() {
    let world = replay(several(400, 9..10), &short("split = \"test\"\ncommission = 0.002\nperiods = 52"));
    for script in ["buy-and-hold", "flat", "momentum", "clairvoyant"] {
        let states = play(&world, script, 1);
        let returns: Vec<f64> = states.windows(2).map(|pair| pair[1].equity / pair[0].equity - 1.0).collect();
        let mut found = [0.0; 10];
        world.measure(&states[states.len() - 1], &mut found);
        let differences = |of: &dyn Fn(&super::super::State) -> f64| -> Vec<f64> {
            states.windows(2).map(|pair| of(&pair[1]) - of(&pair[0])).collect()
        };
        let ones = vec![1.0; returns.len()];
        let expected = [
            metrics::total_return(&returns),
            metrics::cagr(&returns, 52.0),
            metrics::volatility(&returns, 52.0),
            metrics::sharpe(&returns, 52.0),
            metrics::sortino(&returns, 52.0),
            metrics::max_drawdown(&returns),
            metrics::calmar(&returns, 52.0),
            metrics::turnover(&differences(&|state| state.turnover_sum), &ones, 52.0),
            metrics::exposure(&differences(&|state| state.exposure_sum), 1),
            metrics::costs(&differences(&|state| state.costs_paid), 10_000.0),
        ];
        for (measure, (found, expected)) in world.spec().measures.iter().zip(found.iter().zip(expected)) {
            let same = (found.is_nan() && expected.is_nan())
                || (found - expected).abs() < 1e-9 * (1.0 + expected.abs());
            assert!(same, "{script}: {}: {found} {expected}", measure.name);
        }
        assert!(script != "flat" || found[0] == 0.0 && found[9] == 0.0 && found[3].is_nan());
    }
}

/// The momentum policy against its definition.
#[test]
fn momentum_follows_the_crossing() {
    let world = replay(several(1200, 4..5), &settings("length = 12\nsplit = \"test\"\naverage = [50]"));
    let close = &world.market.prices.close;
    let mut sides = [0; 2];
    for pair in play(&world, "momentum", 1).windows(2) {
        let bar = pair[0].bar as usize;
        let mean = |w: usize| close[bar + 1 - w..=bar].iter().sum::<f64>() / w as f64;
        let row = if mean(10) > mean(50) { 2 } else { 0 };
        assert_eq!(pair[1].row, Some(row));
        sides[row as usize / 2] += 1;
    }
    assert!(sides[0] > 0 && sides[1] > 0, "{sides:?}");
}

/// The baseline and the lower bound equal simulated scores.
#[test]
fn the_baseline_equals_the_holding_score() {
    let world = replay(several(400, 9..10), &short("split = \"test\""));
    let query = SolveQuery::for_spec(world.spec());
    let hold_score = play(&world, "buy-and-hold", 1).last().unwrap().reward_sum;
    let baseline = world.baseline(&query).unwrap();
    assert_eq!((baseline.name.as_str(), baseline.value), ("buy-and-hold", hold_score));
    let solution = world.solve(&query).unwrap();
    assert_eq!(solution.value, hold_score.max(0.0));
    let mut actions = ActionBuffer::for_spec(world.spec(), 3);
    solution.policy.unwrap().act(&[], &[], &mut [test_rng(0), test_rng(1), test_rng(2)], &mut actions);
    assert_eq!(actions, ActionBuffer::Discrete(vec![if hold_score > 0.0 { 2 } else { 1 }; 3]));
}

/// The drawing shows positions and equity, and no later bar.
#[test]
fn the_drawing_shows_equity_and_no_future() {
    let prices = several(300, 3..5);
    let world = replay(prices.clone(), &short("levels = [0, 0.5]"));
    let state = &play(&world, "equal-weight", 1)[5];
    let bar = state.bar as usize;
    let drawn = |world: &Replay<u32>, buffer: (usize, usize)| {
        let mut frame = Frame::with_max_size(buffer.0, buffer.1);
        world.draw(&Scene::of(state), &mut frame);
        frame.to_text()
    };
    let text = drawn(&world, (160, 30));
    for word in [
        "made",
        &prices.dates[bar].to_string()[..10],
        &format!("equity {:.2}", state.equity),
        "costs",
        "others made +0.",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let mut other = prices;
    other.close[(bar + 1) * 2..].iter_mut().for_each(|price| *price *= 3.0);
    assert_eq!(drawn(&replay(other, &short("levels = [0, 0.5]")), (160, 30)), text);
    assert!(!drawn(&world, (1, 1)).is_empty());
}

/// A state of a longer price file, as in an old checkpoint, does not panic.
#[test]
fn a_state_of_other_prices_does_not_panic() {
    let world = replay(several(300, 3..4), &short(""));
    let mut rng = test_rng(1);
    let foreign = super::super::State { bar: 5000, end: 6000, row: Some(9), ..world.reset(&mut rng) };
    let mut obs = vec![0.0; world.spec().observation.len()];
    world.observe(&foreign, &mut obs);
    world.draw(&Scene::of(&foreign), &mut Frame::default());
    for script in 0..4 {
        let _ = world.scripted(script, &foreign, &mut rng);
    }
    assert!(world.step(&mut foreign.clone(), 0, &mut rng).ending.is_over());
}

/// On a martingale the expected loss of a random policy is its costs: equity plus costs paid is a martingale too, so
/// its mean is the initial equity.
#[test]
fn on_a_martingale_a_random_player_loses_its_costs() {
    let (mut sum, mut squares, mut costs) = (0.0, 0.0, 0.0);
    let n = 2000;
    for seed in 0..n {
        let world =
            replay(prices(&walk(45, seed, [0.005, 0.02])), &short("folds = 1\nfold = 1\ncommission = 0.003"));
        let mut rng = test_rng(seed + 1_000_000);
        let mut state = world.reset(&mut rng);
        while state.bar < state.end {
            let action = rng.below(3);
            world.step(&mut state, action, &mut rng);
        }
        let gained = (state.equity + state.costs_paid) / 10_000.0 - 1.0;
        (sum, squares, costs) =
            (sum + gained, squares + gained * gained, costs + state.costs_paid / 10_000.0);
    }
    let (mean, n) = (sum / n as f64, n as f64);
    let error = (squares / n - mean * mean).sqrt() / n.sqrt();
    // Four standard errors; the costs are many times larger, so an error in them would show.
    assert!(mean.abs() < 4.0 * error, "{mean} {error}");
    assert!(costs / n > 10.0 * error, "{costs} {error}");
}
