//! What never changes while a replay is played: prices, features, the bars of the fold, what is allowed and what it costs.

use std::ops::Range;
use std::sync::OnceLock;

use freewheel_core::{Error, Result};

use super::features::Features;
use super::foresight::Foresight;
use super::indicators;
use super::prices::Prices;
use super::rules::Costs;
use super::settings::{Actions, Settings};
use super::split::Fold;

/// Rows of a table of positions at most.
const MAX_ROWS: usize = 4096;

/// Bars of the two moving averages of the momentum player.
const CROSSING: [usize; 2] = [10, 50];

/// The market of one fold.
pub struct Market {
    pub(super) prices: Prices,
    pub(super) features: Features,
    pub(super) fold: Fold,
    /// Bars at whose close an episode may begin.
    pub(super) starts: Range<usize>,
    /// Its steps.
    pub(super) steps: usize,
    pub(super) costs: Costs,
    /// Equity at the start.
    pub(super) initial: f64,
    /// Equity at which all is over.
    pub(super) floor: f64,
    pub(super) periods: f64,
    pub(super) leverage: f64,
    pub(super) short: bool,
    pub(super) clip: f32,
    /// Whether actions are the positions themselves.
    pub(super) continuous: bool,
    /// Targets, `[A, n]`: the rows of the table; where actions are continuous, the corners of what is allowed.
    pub(super) table: Vec<f64>,
    /// Whether the short moving average is above (1) or below (-1) the long one, `[T, n]`; 0 where they are not known.
    pub(super) trend: Vec<f64>,
    pub(super) foresight: OnceLock<Option<Foresight>>,
}

impl Market {
    /// The market of the fold that the settings choose.
    pub(super) fn new(prices: Prices, settings: &Settings) -> Result<Market> {
        let fold = Fold::new(prices.bars(), settings)?;
        if u32::try_from(prices.bars()).is_err() {
            return Err(Error::Config("file: more than 2^32 bars; cut it".to_owned()));
        }
        let features = Features::new(&prices, fold.train.clone(), settings)?;
        let (starts, steps) = fold.episodes(settings);
        let n = prices.width();
        let table = match settings.actions {
            Actions::Table => table(&settings.levels(), n, settings.leverage)?,
            Actions::Continuous => corners(n, settings),
        };
        let mut trend = vec![0.0; prices.close.len()];
        for asset in 0..n {
            let close: Vec<f64> = prices.close.iter().copied().skip(asset).step_by(n).collect();
            let [short, long] = CROSSING.map(|w| indicators::mean(&close, w));
            for (bar, (short, long)) in short.iter().zip(&long).enumerate() {
                trend[bar * n + asset] = f64::from(i8::from(short > long) - i8::from(short < long));
            }
        }
        Ok(Market {
            periods: settings.periods.unwrap_or_else(|| prices.periods()),
            costs: Costs { share: settings.cost(), fee: settings.fee },
            initial: settings.equity,
            floor: settings.ruin * settings.equity,
            leverage: settings.leverage,
            short: settings.short,
            clip: settings.clip,
            continuous: settings.actions == Actions::Continuous,
            foresight: OnceLock::new(),
            prices,
            features,
            fold,
            starts,
            steps,
            table,
            trend,
        })
    }

    /// The prices.
    pub fn prices(&self) -> &Prices {
        &self.prices
    }

    /// The bars to learn from and those to be judged by.
    pub fn fold(&self) -> &Fold {
        &self.fold
    }

    /// n.
    #[inline]
    pub(super) fn width(&self) -> usize {
        self.prices.width()
    }

    /// A state's bar, or the last one where the state is of longer prices: a checkpoint may be older than a file.
    #[inline]
    pub(super) fn bar(&self, bar: u32) -> usize {
        (bar as usize).min(self.prices.dates.len() - 1)
    }

    /// First prices of a bar, `[n]`.
    #[inline]
    pub(super) fn open(&self, bar: usize) -> &[f64] {
        &self.prices.open[bar * self.width()..(bar + 1) * self.width()]
    }

    /// Last prices of a bar, `[n]`.
    #[inline]
    pub(super) fn close(&self, bar: usize) -> &[f64] {
        &self.prices.close[bar * self.width()..(bar + 1) * self.width()]
    }

    /// Targets of a row of the table, `[n]`.
    #[inline]
    pub(super) fn row(&self, row: usize) -> &[f64] {
        &self.table[row * self.width()..(row + 1) * self.width()]
    }

    /// A.
    pub(super) fn rows(&self) -> usize {
        self.table.len() / self.width()
    }

    /// The row of the table that is nearest to these targets.
    pub(super) fn nearest(&self, targets: &[f64]) -> usize {
        let distance =
            |row: usize| -> f64 { self.row(row).iter().zip(targets).map(|(a, b)| (a - b) * (a - b)).sum() };
        (0..self.rows()).min_by(|&a, &b| distance(a).total_cmp(&distance(b))).unwrap_or(0)
    }

    /// What foresight would make of the table, where that is not too much to work out.
    pub(super) fn foresight(&self) -> Option<&Foresight> {
        self.foresight.get_or_init(|| Foresight::new(self)).as_ref()
    }
}

/// All combinations of the levels of n assets whose sizes sum to at most the leverage, the last asset changing first.
fn table(levels: &[f64], n: usize, leverage: f64) -> Result<Vec<f64>> {
    let mut rows: Vec<Vec<f64>> = vec![Vec::new()];
    for _ in 0..n {
        rows = rows
            .iter()
            .flat_map(|row| levels.iter().map(|&level| [row.as_slice(), &[level]].concat()))
            .filter(|row| row.iter().map(|w| w.abs()).sum::<f64>() <= leverage * (1.0 + 1e-12))
            .collect();
        if rows.len() > MAX_ROWS {
            return Err(Error::Config(format!(
                "levels: {} levels of {n} assets make more than {MAX_ROWS} combinations; take fewer, or actions = \
                 \"continuous\"",
                levels.len()
            )));
        }
    }
    if rows.is_empty() {
        return Err(Error::Config(format!(
            "levels: no combination for {n} assets stays within leverage = {leverage}; add 0 or raise leverage"
        )));
    }
    Ok(rows.concat())
}

/// The corners of all positions that are allowed: nothing, and all that leverage allows in one asset.
fn corners(n: usize, settings: &Settings) -> Vec<f64> {
    let mut corners = vec![0.0; n];
    for asset in 0..n {
        for side in if settings.short { &[-1.0, 1.0][..] } else { &[1.0] } {
            corners.extend((0..n).map(|i| if i == asset { side * settings.leverage } else { 0.0 }));
        }
    }
    corners
}
