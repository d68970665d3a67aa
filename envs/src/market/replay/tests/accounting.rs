//! Accounting identities at every step, and trading costs.

use freewheel_core::{Ending, Env};
use proptest::prelude::*;

use super::super::rules::{Account, Costs, after_costs};
use super::super::{Prices, Replay, Splits, TargetAction};
use super::*;

/// Constant prices.
fn constant(days: usize) -> Prices {
    let row = |index| format!("{},50,50,50,50\n", date(index));
    prices(&format!("date,open,high,low,close\n{}", (0..days).map(row).collect::<String>()))
}

/// Plays an episode, checks the accounting identities at every step, and returns the sum of rewards.
fn audit<A: TargetAction>(world: &Replay<A>, mut choose: impl FnMut(&mut Stream) -> A, seed: u64) -> f64 {
    let mut rng = test_rng(seed);
    let mut state = world.reset(&mut rng);
    let (initial, market) = (state.equity, world.market());
    let n = market.prices().assets.len();
    let (mut rewards, mut steps) = (0.0, 0);
    loop {
        let action = choose(&mut rng);
        let before = state.clone();
        let result = world.step(&mut state, action, &mut rng);
        (rewards, steps) = (rewards + f64::from(result.reward), steps + 1);
        let bar = state.bar as usize;
        assert_eq!(bar, before.bar as usize + 1);
        let price = |asset: usize| market.prices().close[bar * n + asset];
        let worth: f64 = (0..n).map(|asset| state.account.units[asset] * price(asset)).sum();
        assert!((state.account.cash + worth - state.equity).abs() <= 1e-9 * initial, "{state:?}");
        // Rewards sum to the log growth, within the rounding of the last reward and of the sum.
        let growth = (state.equity / initial).ln();
        let rounding = f64::from(result.reward).abs() * f64::from(f32::EPSILON) + 1e-9 * growth.abs() + 1e-12;
        assert!((rewards - growth).abs() <= rounding, "{rewards} {growth}");
        assert_eq!(state.reward_sum, rewards);
        // The difference between earnings and growth of equity is the costs.
        if result.ending != Ending::Terminal {
            let moved = |account: &Account, from: &[f64], to: &[f64]| -> f64 {
                (0..n).map(|i| account.units[i] * (to[i] - from[i])).sum()
            };
            let row = |all: &[f64], bar: usize| all[bar * n..(bar + 1) * n].to_vec();
            let (open, close) = (row(&market.prices().open, bar), row(&market.prices().close, bar));
            let earned = moved(&before.account, &row(&market.prices().close, bar - 1), &open)
                + moved(&state.account, &open, &close);
            let costs_paid = state.costs_paid - before.costs_paid;
            assert!(costs_paid >= 0.0);
            assert!((before.equity + earned - costs_paid - state.equity).abs() <= 1e-9 * initial);
        }
        match result.ending {
            Ending::Running => assert!(state.bar < state.end),
            Ending::Truncated => {
                assert_eq!((state.bar, Some(steps)), (state.end, world.spec().time_limit));
                return rewards;
            }
            Ending::Terminal => {
                assert_eq!((state.account.units, state.equity), ([0.0; 8], world.market.ruin_equity));
                return rewards;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_account_balances_with_a_table(
        seed in 0u64..1000, assets in 1u64..4, commission in 0.0..0.02f64, fee in 0.0..3.0f64, spread in 0.0..50.0f64,
        leverage in 1.0..3.0f64,
    ) {
        let text = format!(
            "commission = {commission}\nfee = {fee}\nspread = {spread}\nleverage = {leverage}\n\
             levels = [-1, -0.5, 0, 0.3, 1]"
        );
        let world = replay(several(120, seed..seed + assets), &short(&text));
        let actions = world.spec().actions.count() as u32;
        audit(&world, |rng| rng.below(actions), seed);
    }

    #[test]
    fn the_account_balances_with_any_target(seed in 0u64..1000, commission in 0.0..0.02f64, leverage in 0.5..20.0f64) {
        let text = format!("actions = \"continuous\"\ncommission = {commission}\nleverage = {leverage}\nlevels = [0]");
        let world: Replay<[f32; 2]> =
            Replay::new("market/replay", several(120, seed..seed + 2), &short(&text)).unwrap();
        audit(&world, |rng| [0; 2].map(|_| 40.0 * rng.uniform() as f32 - 20.0), seed);
    }

    /// The equity after costs equals the root found by bisection.
    #[test]
    fn equity_after_costs_solves_its_equation(
        targets in prop::collection::vec(-1.0..1.0f64, 1..8), held in prop::collection::vec(-2.0..2.0f64, 8),
        share in 0.0..0.12f64,
    ) {
        let held = &held[..targets.len()];
        let off = |x: f64| {
            let costs: f64 = targets.iter().zip(held).map(|(target, held)| share * (target * x - held).abs()).sum();
            x + costs - 1.0
        };
        let (mut low, mut high) = (-1e3, 1e3);
        for _ in 0..200 {
            let middle = (low + high) / 2.0;
            if off(middle) > 0.0 { high = middle } else { low = middle }
        }
        prop_assert!((after_costs(1.0, &targets, held, share) - low).abs() < 1e-9);
    }
}

/// Round trip at a constant price by hand: 1 / (1 + k), then times (1 - k); the same for short positions.
#[test]
fn a_round_trip_costs_what_it_should() {
    let mut last = f64::INFINITY;
    for commission in [0.0, 0.001, 0.01, 0.1] {
        let world =
            replay(constant(120), &short(&format!("commission = {commission}\nspread = 10\nslippage = 2")));
        let k = commission + 7e-4;
        for way in [0, 2] {
            let mut rng = test_rng(1);
            let mut state = world.reset(&mut rng);
            world.step(&mut state, way, &mut rng);
            world.step(&mut state, 1, &mut rng);
            let left = (1.0 - k) / (1.0 + k);
            assert!((state.equity / 10_000.0 - left).abs() < 1e-12, "{}", state.equity);
            assert!((state.costs_paid - 10_000.0 * (1.0 - left)).abs() < 1e-8);
            assert_eq!(state.account.units, [0.0; 8]);
            assert!(state.equity < last || way == 2);
            last = state.equity;
        }
    }
}

#[test]
fn a_fee_is_paid_once_a_trade_and_holding_is_free() {
    let world = replay(constant(120), &short("commission = 0\nspread = 0\nslippage = 0\nfee = 7"));
    let mut rng = test_rng(1);
    let mut state = world.reset(&mut rng);
    for (action, equity) in
        [(1, 10_000.0), (2, 9_993.0), (2, 9_993.0), (0, 9_986.0), (1, 9_979.0), (1, 9_979.0)]
    {
        world.step(&mut state, action, &mut rng);
        assert!((state.equity - equity).abs() < 1e-9, "{} {equity}", state.equity);
    }
    assert!((state.costs_paid - 21.0).abs() < 1e-9);
    // A fee above the equity leaves the account unchanged.
    let mut account = Account { cash: 5.0, ..Account::default() };
    let traded = account.rebalance(&[1.0], &[50.0], Costs { share: 0.0, fee: 7.0 });
    assert!(traded.after <= 0.0 && account.cash == 5.0);
}

/// Buy and hold earns the price growth from the first open on, less one commission.
#[test]
fn holding_earns_the_price_growth() {
    let prices = several(120, 3..4);
    let world =
        replay(prices.clone(), &short("split = \"test\"\ncommission = 0.01\nspread = 0\nslippage = 0"));
    let test = world.market().fold().test.clone();
    let growth = prices.close[test.end - 1] / prices.open[test.start + 1] / 1.01;
    let rewards = audit(&world, |_| 2, 1);
    assert!((rewards - growth.ln()).abs() < 1e-8, "{rewards} {}", growth.ln());
}

/// Three times short while the price doubles: the loss exceeds the equity, and the episode ends with the ruin equity.
#[test]
fn ruin_ends_the_episode_with_the_floor() {
    let doubled =
        |index: usize| if index < 100 { (10, 10) } else { (10 + 10 * (index - 99), 20 + 10 * (index - 99)) };
    let mut text = "date,open,high,low,close\n".to_owned();
    for index in 0..120 {
        let (open, close) = doubled(index);
        text.push_str(&format!("{},{open},{close},{open},{close}\n", date(index)));
    }
    let kept = bars(&text, &Settings { splits: Splits::Keep, ..Settings::default() });
    let world = replay(
        Prices::align(&[kept], 10.0).unwrap(),
        &short("split = \"test\"\nleverage = 3\nlevels = [-3, 0]\nruin = 0.05"),
    );
    let rewards = audit(&world, |_| 0, 1);
    assert!((rewards - 0.05f64.ln()).abs() < 1e-7, "{rewards}");
}

#[test]
fn continuous_targets_are_clipped_and_scaled() {
    let text = "actions = \"continuous\"\nleverage = 2\nlevels = [0]";
    let world: Replay<[f32; 2]> = Replay::new("m", several(120, 1..3), &short(text)).unwrap();
    let mut buffer = [0.0; 8];
    assert_eq!([5.0, -1.0].targets(world.market(), &mut buffer), [2.0 * 2.0 / 3.0, -2.0 / 3.0]);
    assert_eq!([0.5, -1.0].targets(world.market(), &mut buffer), [0.5, -1.0]);
    let text = format!("{text}\nshort = false");
    let world: Replay<[f32; 2]> = Replay::new("m", several(120, 1..3), &short(&text)).unwrap();
    assert_eq!([0.5, -1.0].targets(world.market(), &mut buffer), [0.5, 0.0]);
}
