//! Scripted policies of a replay.

use super::foresight::Foresight;
use super::market::MarketData;
use super::target::TargetAction;

/// Scripted policy and its name.
pub(super) struct Script<A> {
    pub(super) name: String,
    pub(super) policy: PolicyKind<A>,
}

/// Choice of the kind of scripted policy.
#[derive(Clone, Copy)]
pub(super) enum PolicyKind<A> {
    /// The same target positions at every bar.
    FixedTarget(A),
    /// Long if the short moving average exceeds the long one; else short, or flat if short positions are not allowed.
    Momentum,
    /// Choice with perfect foresight of the prices: the optimal policy.
    Clairvoyant,
}

/// Scripted policies of a market. The first policy holds long positions and is the baseline.
pub(super) fn scripts<A: TargetAction>(market: &MarketData) -> Vec<Script<A>> {
    let fixed = |targets: &[f64]| PolicyKind::FixedTarget(A::nearest(market, targets));
    let (name, long) = long_targets(market);
    let mut scripts = vec![Script { name, policy: fixed(&long) }];
    let flat = vec![0.0; market.width()];
    if market.row(market.nearest(&flat)) == flat {
        scripts.push(Script { name: "flat".into(), policy: fixed(&flat) });
    }
    scripts.push(Script { name: "momentum".into(), policy: PolicyKind::Momentum });
    if A::from_row(0).is_some() && Foresight::is_small_enough(market) {
        scripts.push(Script { name: "clairvoyant".into(), policy: PolicyKind::Clairvoyant });
    }
    scripts
}

/// Name and target positions of the long policy: nearest to all equity divided equally among the assets.
fn long_targets(market: &MarketData) -> (String, Vec<f64>) {
    let n = market.width();
    let equal = vec![1f64.min(market.leverage) / n as f64; n];
    let targets = match market.continuous {
        true => equal,
        false => market.row(market.nearest(&equal)).to_vec(),
    };
    let same = targets.iter().all(|&target| target == targets[0] && target > 0.0);
    let name = match (n, same) {
        (1, true) if targets[0] == 1.0 => "buy-and-hold",
        (2.., true) => "equal-weight",
        _ => "hold",
    };
    (name.to_owned(), targets)
}

/// Action of the momentum policy at the close of `bar`.
pub(super) fn momentum<A: TargetAction>(market: &MarketData, bar: usize) -> A {
    let n = market.width();
    let (_, long) = long_targets(market);
    let min_trend = if market.short { -1.0 } else { 0.0 };
    let trend = &market.trend[bar * n..(bar + 1) * n];
    let targets: Vec<f64> =
        trend.iter().zip(&long).map(|(trend, long)| trend.max(min_trend) * long).collect();
    A::nearest(market, &targets)
}
