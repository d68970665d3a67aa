//! No look-ahead: later prices do not change earlier steps, and test prices do not change training.

use freewheel_core::Env;
use proptest::prelude::*;

use super::super::{Prices, State};
use super::*;

/// Observations, rewards and states of an episode, up to the close of bar `until`.
fn history(world: &Replay<u32>, seed: u64, until: usize) -> Vec<(Vec<f32>, f32, State)> {
    let (mut rng, mut choices) = (test_rng(seed), test_rng(seed + 1));
    let mut state = world.reset(&mut rng);
    let mut steps = Vec::new();
    let mut reward = 0.0;
    while state.bar as usize <= until && state.bar < state.end {
        let mut obs = vec![0.0; world.spec().observation.len()];
        world.observe(&state, &mut obs);
        steps.push((obs, reward, state.clone()));
        reward = world.step(&mut state, choices.below(3), &mut rng).reward;
    }
    steps
}

/// Prices with random changes after bar `from`.
fn another_future(prices: &Prices, from: usize, seed: u64) -> Prices {
    let mut rng = test_rng(seed);
    let mut changed = prices.clone();
    let n = prices.assets.len();
    for price in changed.open[(from + 1) * n..].iter_mut().chain(&mut changed.close[(from + 1) * n..]) {
        *price *= (0.1 * rng.normal()).exp();
    }
    changed
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Changed prices after a test bar leave all observations, fills and costs up to its close the same to the last
    /// bit.
    #[test]
    fn the_future_changes_nothing_before_it(seed in 0u64..1000, into in 0usize..40) {
        let prices = several(300, seed..seed + 2);
        let settings = short("split = \"test\"");
        let world = replay(prices.clone(), &settings);
        let at = world.market().fold().test.start + into;
        let other = replay(another_future(&prices, at, seed), &settings);
        let (a, b) = (history(&world, seed, at), history(&other, seed, at));
        prop_assert_eq!(a.len(), into + 1);
        prop_assert_eq!(a, b);
        // The test can fail: one bar later the histories differ.
        prop_assert_ne!(history(&world, seed, at + 1), history(&other, seed, at + 1));
    }

    /// Changed prices after the training bars leave training the same, standardization included.
    #[test]
    fn test_prices_do_not_change_training(seed in 0u64..1000) {
        let prices = several(300, seed..seed + 1);
        let settings = short("folds = 2\nfold = 1");
        let world = replay(prices.clone(), &settings);
        let last = world.market().fold().train.end - 1;
        let other = replay(another_future(&prices, last, seed), &settings);
        prop_assert_eq!(history(&world, seed, usize::MAX), history(&other, seed, usize::MAX));
    }

    /// With the default embargo no test feature depends on a training price. Doubled prices at every bar until the
    /// end of training change no training feature, and so no statistic, to the last bit.
    #[test]
    fn test_features_use_no_training_price(seed in 0u64..1000) {
        let prices = several(300, seed..seed + 2);
        for (embargo, same) in [("", true), ("embargo = 2", false)] {
            let settings = short(&format!("split = \"test\"\n{embargo}"));
            let world = replay(prices.clone(), &settings);
            let (train, test) = (world.market().fold().train.clone(), world.market().fold().test.clone());
            let mut doubled = prices.clone();
            doubled.close[..train.end * 2].iter_mut().for_each(|price| *price *= 2.0);
            let other = replay(doubled, &settings);
            let rows = |world: &Replay<u32>, bars: std::ops::Range<usize>| -> Vec<f32> {
                bars.flat_map(|bar| world.market.features.row(bar).to_vec()).collect()
            };
            prop_assert_eq!(rows(&world, train.clone()), rows(&other, train));
            prop_assert_eq!(rows(&world, test.clone()) == rows(&other, test), same);
        }
    }
}

/// Features have mean 0 and standard deviation 1 over the training bars, and stay within the bounds of the spec.
#[test]
fn features_are_standardized_by_the_training_bars() {
    let world = replay(several(600, 5..6), &settings("length = 20\nclip = 3\nvolume = [5]"));
    let market = world.market();
    let width = world.market.features.width();
    assert_eq!(width, 9);
    let train = market.fold().train.clone();
    for feature in 0..width {
        let all: Vec<f64> =
            train.clone().map(|bar| f64::from(world.market.features.row(bar)[feature])).collect();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        let variance = all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / all.len() as f64;
        // Clipping at 3 reduces the variance a little.
        assert!(mean.abs() < 0.05 && (variance - 1.0).abs() < 0.1, "{feature}: {mean} {variance}");
    }
    let freewheel_core::ObservationSpace::Box { low, high, .. } = &world.spec().observation else { panic!() };
    assert!(low.iter().chain(high).all(|bound| bound.is_finite()));
    for (obs, _, _) in history(&world, 3, usize::MAX) {
        assert!(
            obs.iter().zip(low.iter().zip(high)).all(|(x, (low, high))| low <= x && x <= high),
            "{obs:?}"
        );
    }
}
