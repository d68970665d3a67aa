//! Data that are constant during a replay: prices, features, fold, constraints and costs.

use std::ops::Range;

use freewheel_core::{Error, Result};

use super::features::{self, Features};
use super::prices::Prices;
use super::rules::Costs;
use super::settings::{Actions, Settings, Split};
use super::split::Fold;

/// Maximum number of rows of the table of positions.
const MAX_ROWS: usize = 4096;

/// Windows of the two moving averages of the momentum policy, in bars.
const MOMENTUM_WINDOWS: [usize; 2] = [10, 50];

/// Data of one fold, for n assets and T bars.
pub struct MarketData {
    pub(super) prices: Prices,
    pub(super) features: Features,
    pub(super) fold: Fold,
    /// Bars at whose close an episode may start.
    pub(super) starts: Range<usize>,
    /// Number of steps of an episode.
    pub(super) steps: usize,
    /// Number of steps of a training episode.
    pub(super) training_steps: usize,
    pub(super) costs: Costs,
    /// Equity at the start, in money.
    pub(super) initial_equity: f64,
    /// Equity at or below which an episode ends, in money.
    pub(super) ruin_equity: f64,
    pub(super) periods: f64,
    pub(super) leverage: f64,
    pub(super) short: bool,
    pub(super) clip: f32,
    /// Whether actions are target positions instead of rows of the table.
    pub(super) continuous: bool,
    /// Target positions `[A, n]`: the rows of the table; for continuous actions, the vertices of the allowed set.
    pub(super) table: Vec<f64>,
    /// Sign of the short moving average minus the long one, `[T, n]`: 1, -1 or 0; 0 also before both averages are
    /// known.
    pub(super) trend: Vec<f64>,
}

impl MarketData {
    /// Data of the fold that `settings` selects.
    pub(super) fn new(prices: Prices, settings: &Settings) -> Result<MarketData> {
        let fold = Fold::new(prices.bars(), settings)?;
        if u32::try_from(prices.bars()).is_err() {
            return Err(Error::setting("file", "file: it has more than 2^32 bars; split it"));
        }
        let features = Features::new(&prices, fold.train.clone(), settings)?;
        let (starts, steps) = fold.episodes(settings);
        let training_steps = fold.episodes(&Settings { split: Split::Train, ..settings.clone() }).1;
        let n = prices.width();
        let table = match settings.actions {
            Actions::Table => position_table(&settings.levels(), n, settings.leverage)?,
            Actions::Continuous => vertices(n, settings),
        };
        let mut trend = vec![0.0; prices.close.len()];
        for asset in 0..n {
            let close: Vec<f64> = prices.close.iter().copied().skip(asset).step_by(n).collect();
            let [short, long] = MOMENTUM_WINDOWS.map(|w| features::mean(&close, w));
            for (bar, (short, long)) in short.iter().zip(&long).enumerate() {
                trend[bar * n + asset] = f64::from(i8::from(short > long) - i8::from(short < long));
            }
        }
        Ok(MarketData {
            periods: settings.periods.unwrap_or_else(|| prices.periods()),
            costs: Costs { share: settings.cost(), fee: settings.fee },
            initial_equity: settings.equity,
            ruin_equity: settings.ruin * settings.equity,
            leverage: settings.leverage,
            short: settings.short,
            clip: settings.clip,
            continuous: settings.actions == Actions::Continuous,
            prices,
            features,
            fold,
            starts,
            steps,
            training_steps,
            table,
            trend,
        })
    }

    /// Prices of all assets.
    pub fn prices(&self) -> &Prices {
        &self.prices
    }

    /// Fold: training and test bars.
    pub fn fold(&self) -> &Fold {
        &self.fold
    }

    /// Number of assets n.
    #[inline]
    pub(super) fn width(&self) -> usize {
        self.prices.width()
    }

    /// Bar of a state, limited to the last bar of the file: a checkpoint may refer to a longer file.
    #[inline]
    pub(super) fn bar(&self, bar: u32) -> usize {
        (bar as usize).min(self.prices.dates.len() - 1)
    }

    /// Opening prices of the n assets at a bar, `[n]`.
    #[inline]
    pub(super) fn open(&self, bar: usize) -> &[f64] {
        &self.prices.open[bar * self.width()..(bar + 1) * self.width()]
    }

    /// Closing prices of the n assets at a bar, `[n]`.
    #[inline]
    pub(super) fn close(&self, bar: usize) -> &[f64] {
        &self.prices.close[bar * self.width()..(bar + 1) * self.width()]
    }

    /// Target positions in the n assets of a row of the table, `[n]`.
    #[inline]
    pub(super) fn row(&self, row: usize) -> &[f64] {
        &self.table[row * self.width()..(row + 1) * self.width()]
    }

    /// Number of rows A of the table of positions.
    pub(super) fn rows(&self) -> usize {
        self.table.len() / self.width()
    }

    /// Row of the table whose target positions are nearest to `targets`, `[n]`.
    pub(super) fn nearest(&self, targets: &[f64]) -> usize {
        let distance =
            |row: usize| -> f64 { self.row(row).iter().zip(targets).map(|(a, b)| (a - b) * (a - b)).sum() };
        (0..self.rows()).min_by(|&a, &b| distance(a).total_cmp(&distance(b))).unwrap_or(0)
    }
}

/// Table of all combinations of the levels of n assets whose sizes sum to at most the leverage, `[A, n]`; the position
/// in the last asset changes from row to row.
fn position_table(levels: &[f64], n: usize, leverage: f64) -> Result<Vec<f64>> {
    let mut rows: Vec<Vec<f64>> = vec![Vec::new()];
    for _ in 0..n {
        rows = rows
            .iter()
            .flat_map(|row| levels.iter().map(|&level| [row.as_slice(), &[level]].concat()))
            .filter(|row| row.iter().map(|w| w.abs()).sum::<f64>() <= leverage * (1.0 + 1e-12))
            .collect();
        if rows.len() > MAX_ROWS {
            return Err(Error::setting(
                "levels",
                format!(
                    "levels: {} levels of {n} assets make more than {MAX_ROWS} combinations; use fewer levels, \
                 or actions = \"continuous\"",
                    levels.len()
                ),
            ));
        }
    }
    if rows.is_empty() {
        return Err(Error::setting(
            "levels",
            format!(
                "levels: no combination for {n} assets stays within leverage = {leverage}; add 0 or raise leverage"
            ),
        ));
    }
    Ok(rows.concat())
}

/// Vertices of the set of allowed positions, `[A, n]`: no position, and the whole leverage in one asset.
fn vertices(n: usize, settings: &Settings) -> Vec<f64> {
    let mut vertices = vec![0.0; n];
    for asset in 0..n {
        for side in if settings.short { &[-1.0, 1.0][..] } else { &[1.0] } {
            vertices.extend((0..n).map(|i| if i == asset { side * settings.leverage } else { 0.0 }));
        }
    }
    vertices
}
