//! Drawing of a replay, and its trades in words.

use freewheel_core::{Event, Frame, Scene};

use super::market::MarketData;
use super::world::State;
use crate::market::draw::{Axis, Chart, Series, Story, hold};

/// Smallest change of a position that counts as a trade, as a fraction of equity: smaller ones restore a fraction.
const MIN_TRADE: f64 = 0.01;

/// Draws the market as known at the close of the state's bar. Steps on the axis are bars.
pub(super) fn draw(market: &MarketData, scene: &Scene<'_, State>, frame: &mut Frame) {
    let Scene { state, past, .. } = *scene;
    let bar = market.bar(state.bar);
    let begin = market.bar(state.end).saturating_sub(market.steps).min(bar);
    let story = Story { past, state, reference: &[], hidden: false };
    let share = |state: &State, asset: usize| {
        state.account.units[asset] * market.close(market.bar(state.bar))[asset] / state.equity
    };
    let assets = &market.prices.assets;
    let mut notes = vec![
        ("equity", format!("{:.2}", state.equity)),
        ("cash", format!("{:.2}", state.account.cash)),
        ("units", format!("{:+.4}", state.account.units[0])),
        ("profit", format!("{:+.2}", state.equity - market.initial_equity)),
        ("costs", format!("{:.2}", state.costs_paid)),
    ];
    let others: Vec<String> =
        (1..market.width()).map(|asset| format!("{} {:+.2}", assets[asset], share(state, asset))).collect();
    if !others.is_empty() {
        notes.push(("others", others.join(" ")));
    }
    // Beyond twice the width of a wide screen, earlier bars are never visible.
    let first = bar.saturating_sub(MAX_BARS);
    let closes = (first..=bar).map(|bar| market.close(bar)[0]).collect();
    let label = |bar: usize| {
        let date = market.prices.date_text(market.bar(bar as u32));
        date.strip_suffix("T00:00:00").map_or_else(|| date.clone(), str::to_owned)
    };
    let exposure = story.series(bar, "", |state| share(state, 0) / market.leverage);
    let position = story.series(bar, "of equity", |state| share(state, 0));
    let mut chart = Chart {
        title: &assets[0],
        axis: Axis::dates(begin, bar, market.bar(state.end), &label),
        price: Series { first, ..Series::line("", closes) },
        exposure,
        trades: trades(market, past, state),
        panels: Vec::new(),
        notes,
    };
    let lowest = if market.short { -market.leverage } else { 0.0 };
    chart.add_area("position", position, None, Some((lowest, market.leverage)));
    let equity = story.series(bar, "equity", |state| state.equity);
    let held = hold(story.series(bar, "", |state| held(market, begin, state)));
    chart.add_equity("equity", &equity, vec![held]);
    chart.add_drawdown(&equity, true);
    chart.draw(frame);
}

/// Maximum number of bars in the drawing.
const MAX_BARS: usize = 1000;

/// Equity of a trader who bought the first asset at the first open of the episode, before costs.
fn held(market: &MarketData, begin: usize, state: &State) -> f64 {
    let bar = market.bar(state.bar);
    if bar <= begin {
        return market.initial_equity;
    }
    market.initial_equity * market.close(bar)[0] / market.open(begin + 1)[0]
}

/// Trades in the first asset: bar of the open at which they were made, and size as a fraction of equity.
fn trades(market: &MarketData, past: &[State], state: &State) -> Vec<(usize, f64)> {
    let next = past.iter().skip(1).chain(std::iter::once(state));
    let trade = |(before, after): (&State, &State)| {
        let bar = market.bar(after.bar);
        let size = (after.account.units[0] - before.account.units[0]) * market.open(bar)[0] / before.equity;
        (size.abs() >= MIN_TRADE).then_some((bar, size))
    };
    past.iter().zip(next).filter_map(trade).collect()
}

/// Trades between two states in words; `None` without a trade.
pub(super) fn trade(market: &MarketData, before: &State, after: &State) -> Option<Event> {
    let open = market.open(market.bar(after.bar));
    let trades: Vec<String> = (0..market.width())
        .filter_map(|asset| {
            let units = after.account.units[asset] - before.account.units[asset];
            let side = if units > 0.0 { "bought" } else { "sold" };
            let (name, price) = (&market.prices.assets[asset], open[asset]);
            (units.abs() * price >= MIN_TRADE * before.equity)
                .then(|| format!("{side} {:.4} {name} at {price:.2}", units.abs()))
        })
        .collect();
    (!trades.is_empty()).then(|| Event::new("trade", trades.join(", ")))
}
