//! Action types of a replay: a row of the table of target positions, or the positions themselves.

use freewheel_core::{Action, ActionSpace};

use super::market::MarketData;
use super::rules::MAX_ASSETS;

/// Action of a replay: `u32` (row of a table) or `[f32; n]` (positions in n assets).
pub trait TargetAction: Action {
    /// Action space of a market.
    fn space(market: &MarketData) -> ActionSpace;
    /// Allowed target positions of this action, `[n]`, as fractions of equity; `buffer` is memory for the result.
    fn targets<'a>(self, market: &'a MarketData, buffer: &'a mut [f64; MAX_ASSETS]) -> &'a [f64];
    /// Row of the table that this action selects; `None` for continuous actions.
    fn row(self) -> Option<u32>;
    /// Action whose target positions are nearest to `targets`, `[n]`.
    fn nearest(market: &MarketData, targets: &[f64]) -> Self;
    /// Action that selects the row `row` of the table; `None` for continuous actions.
    fn from_row(row: u32) -> Option<Self>;
}

impl TargetAction for u32 {
    fn space(market: &MarketData) -> ActionSpace {
        let name = |row| market.row(row).iter().map(|&w| position(w)).collect::<Vec<_>>().join(", ");
        ActionSpace::Discrete { names: (0..market.rows()).map(name).collect() }
    }

    #[inline]
    fn targets<'a>(self, market: &'a MarketData, _room: &'a mut [f64; MAX_ASSETS]) -> &'a [f64] {
        market.row(self as usize)
    }

    #[inline]
    fn row(self) -> Option<u32> {
        Some(self)
    }

    fn nearest(market: &MarketData, targets: &[f64]) -> Self {
        market.nearest(targets) as u32
    }

    fn from_row(row: u32) -> Option<Self> {
        Some(row)
    }
}

impl<const K: usize> TargetAction for [f32; K] {
    fn space(market: &MarketData) -> ActionSpace {
        let max = market.leverage as f32;
        ActionSpace::Continuous {
            names: market.prices.assets.clone(),
            low: vec![if market.short { -max } else { 0.0 }; K],
            high: vec![max; K],
        }
    }

    #[inline]
    fn targets<'a>(self, market: &'a MarketData, buffer: &'a mut [f64; MAX_ASSETS]) -> &'a [f64] {
        let max = market.leverage;
        let min = if market.short { -max } else { 0.0 };
        let mut gross = 0.0;
        for (target, value) in buffer.iter_mut().zip(self) {
            *target = f64::from(value).clamp(min, max);
            gross += target.abs();
        }
        if gross > max {
            buffer[..K.min(MAX_ASSETS)].iter_mut().for_each(|target| *target *= max / gross);
        }
        &buffer[..K.min(MAX_ASSETS)]
    }

    #[inline]
    fn row(self) -> Option<u32> {
        None
    }

    fn nearest(_market: &MarketData, targets: &[f64]) -> Self {
        std::array::from_fn(|i| targets.get(i).copied().unwrap_or(0.0) as f32)
    }

    fn from_row(_row: u32) -> Option<Self> {
        None
    }
}

/// Name of a position of size `w`: `long`, `short 50 %`, `flat`.
fn position(w: f64) -> String {
    let side = if w > 0.0 { "long" } else { "short" };
    match w.abs() {
        0.0 => "flat".to_owned(),
        1.0 => side.to_owned(),
        size => format!("{side} {} %", (size * 1e4).round() / 100.0),
    }
}
