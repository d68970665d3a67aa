//! How a replay looks: the prices of its first asset up to now, and the books.

use freewheel_core::Frame;

use super::market::Market;
use super::world::State;
use crate::market::Chart;

/// Bars that are drawn at most.
const SEEN: usize = 120;

/// Paints the market as it is known at the close of the state's bar.
pub(super) fn paint(market: &Market, state: &State, frame: &mut Frame) {
    let bar = market.bar(state.bar);
    let seen = bar.saturating_sub(SEEN - 1)..=bar;
    let share = |asset: usize| state.account.units[asset] * market.close(bar)[asset] / state.equity;
    let assets = &market.prices.assets;
    let mut notes = vec![
        ("date", market.prices.dates[bar].to_string()),
        ("equity", format!("{:.2}", state.equity)),
        ("costs", format!("{:.2}", state.paid)),
    ];
    let others: Vec<String> =
        (1..market.width()).map(|asset| format!("{} {:+.2}", assets[asset], share(asset))).collect();
    if !others.is_empty() {
        notes.push(("beside", others.join(" ")));
    }
    let least = if market.short { -market.leverage } else { 0.0 };
    let chart = Chart {
        title: &assets[0],
        prices: seen.map(|bar| market.close(bar)[0] as f32).collect(),
        window: SEEN,
        position: share(0),
        limits: (least, market.leverage),
        notes,
    };
    chart.paint(frame);
}
