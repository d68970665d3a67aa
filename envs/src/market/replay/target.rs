//! How an action says which positions are wanted: a row of the table, or the numbers themselves.

use freewheel_core::{Action, ActionSpace};

use super::market::Market;
use super::rules::MAX_ASSETS;

/// An action of a replay: `u32` or `[f32; n]`.
pub trait Target: Action {
    /// The actions of a market.
    fn space(market: &Market) -> ActionSpace;
    /// Target positions, `[n]`, as shares of equity, within what is allowed.
    fn targets<'a>(self, market: &'a Market, room: &'a mut [f64; MAX_ASSETS]) -> &'a [f64];
    /// The row of the table, where there is a table.
    fn row(self) -> Option<u32>;
    /// The action whose targets are these, `[n]`, or the nearest there is.
    fn nearest(market: &Market, targets: &[f64]) -> Self;
    /// The action that is this row of the table; `None` where there is no table.
    fn from_row(row: u32) -> Option<Self>;
}

impl Target for u32 {
    fn space(market: &Market) -> ActionSpace {
        let name = |row| market.row(row).iter().map(|&w| position(w)).collect::<Vec<_>>().join(", ");
        ActionSpace::Discrete { names: (0..market.rows()).map(name).collect() }
    }

    #[inline]
    fn targets<'a>(self, market: &'a Market, _room: &'a mut [f64; MAX_ASSETS]) -> &'a [f64] {
        market.row(self as usize)
    }

    #[inline]
    fn row(self) -> Option<u32> {
        Some(self)
    }

    fn nearest(market: &Market, targets: &[f64]) -> Self {
        market.nearest(targets) as u32
    }

    fn from_row(row: u32) -> Option<Self> {
        Some(row)
    }
}

impl<const K: usize> Target for [f32; K] {
    fn space(market: &Market) -> ActionSpace {
        let most = market.leverage as f32;
        ActionSpace::Continuous {
            names: market.prices.assets.clone(),
            low: vec![if market.short { -most } else { 0.0 }; K],
            high: vec![most; K],
        }
    }

    #[inline]
    fn targets<'a>(self, market: &'a Market, room: &'a mut [f64; MAX_ASSETS]) -> &'a [f64] {
        let most = market.leverage;
        let least = if market.short { -most } else { 0.0 };
        let mut gross = 0.0;
        for (target, wanted) in room.iter_mut().zip(self) {
            *target = f64::from(wanted).clamp(least, most);
            gross += target.abs();
        }
        if gross > most {
            room[..K.min(MAX_ASSETS)].iter_mut().for_each(|target| *target *= most / gross);
        }
        &room[..K.min(MAX_ASSETS)]
    }

    #[inline]
    fn row(self) -> Option<u32> {
        None
    }

    fn nearest(_market: &Market, targets: &[f64]) -> Self {
        std::array::from_fn(|i| targets.get(i).copied().unwrap_or(0.0) as f32)
    }

    fn from_row(_row: u32) -> Option<Self> {
        None
    }
}

/// A position in words: `long`, `short 50 %`, `flat`.
fn position(w: f64) -> String {
    let side = if w > 0.0 { "long" } else { "short" };
    match w.abs() {
        0.0 => "flat".to_owned(),
        1.0 => side.to_owned(),
        size => format!("{side} {} %", (size * 1e4).round() / 100.0),
    }
}
