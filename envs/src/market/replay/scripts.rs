//! The players that a replay ships.

use super::foresight::Foresight;
use super::market::Market;
use super::target::Target;

/// A player and what it is called.
pub(super) struct Script<A> {
    pub(super) name: String,
    pub(super) player: Player<A>,
}

/// How a player plays.
#[derive(Clone, Copy)]
pub(super) enum Player<A> {
    /// The same targets at every bar.
    Always(A),
    /// Long where the short moving average is above the long one; else short, or flat where shorts are not allowed.
    Momentum,
    /// As the prices to come make best.
    Clairvoyant,
}

/// The players of a market. The first one is the baseline: whoever buys at the start and waits.
pub(super) fn of<A: Target>(market: &Market) -> Vec<Script<A>> {
    let always = |targets: &[f64]| Player::Always(A::nearest(market, targets));
    let (name, long) = long(market);
    let mut scripts = vec![Script { name, player: always(&long) }];
    let flat = vec![0.0; market.width()];
    if market.row(market.nearest(&flat)) == flat {
        scripts.push(Script { name: "flat".into(), player: always(&flat) });
    }
    scripts.push(Script { name: "momentum".into(), player: Player::Momentum });
    if A::from_row(0).is_some() && Foresight::is_affordable(market) {
        scripts.push(Script { name: "clairvoyant".into(), player: Player::Clairvoyant });
    }
    scripts
}

/// The targets that come nearest to having all equity in all assets equally, and what to call that.
fn long(market: &Market) -> (String, Vec<f64>) {
    let n = market.width();
    let even = vec![1f64.min(market.leverage) / n as f64; n];
    let targets = match market.continuous {
        true => even,
        false => market.row(market.nearest(&even)).to_vec(),
    };
    let same = targets.iter().all(|&target| target == targets[0] && target > 0.0);
    let name = match (n, same) {
        (1, true) if targets[0] == 1.0 => "buy-and-hold",
        (2.., true) => "equal-weight",
        _ => "hold",
    };
    (name.to_owned(), targets)
}

/// What the momentum player does at the close of `bar`.
pub(super) fn momentum<A: Target>(market: &Market, bar: usize) -> A {
    let n = market.width();
    let (_, long) = long(market);
    let least = if market.short { -1.0 } else { 0.0 };
    let trend = &market.trend[bar * n..(bar + 1) * n];
    let targets: Vec<f64> = trend.iter().zip(&long).map(|(trend, long)| trend.max(least) * long).collect();
    A::nearest(market, &targets)
}
