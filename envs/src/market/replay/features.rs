//! What an agent sees of the prices, worked out once: a row of numbers for every bar.

use std::ops::Range;

use freewheel_core::{Error, Result};

use super::indicators;
use super::prices::Prices;
use super::settings::Settings;

/// A function of one series, `[T]`, and a window, that gives `[T]` values.
type Indicator = fn(&[f64], usize) -> Vec<f64>;

/// Standardized features of T bars, F each.
pub(super) struct Features {
    width: usize,
    /// `[T, F]`; the rows before the longest window are not used.
    rows: Vec<f32>,
}

/// How many bars the longest feature looks back.
pub(super) fn lookback(settings: &Settings) -> usize {
    let from_returns = [&settings.returns, &settings.volatility, &settings.momentum, &settings.rsi];
    let returns = from_returns.into_iter().flatten().copied().max().unwrap_or(0);
    // A mean of w bars knows w - 1 before the present one.
    let means = settings.average.iter().chain(&settings.volume).map(|w| w - 1).max().unwrap_or(0);
    returns.max(means) as usize
}

impl Features {
    /// Of all assets, asset after asset, in the order returns, volatility, momentum, average, rsi, volume: less their
    /// mean, over their standard deviation, both of the bars `train` alone, cut off at `clip`.
    pub(super) fn new(prices: &Prices, train: Range<usize>, settings: &Settings) -> Result<Features> {
        if prices.volume.is_empty() && !settings.volume.is_empty() {
            return Err(Error::Config(format!(
                "volume: not every file of {} has a column volume; leave the setting out",
                prices.assets.join(", ")
            )));
        }
        let mut columns = Vec::new();
        for asset in 0..prices.width() {
            let of =
                |all: &[f64]| all.iter().copied().skip(asset).step_by(prices.width()).collect::<Vec<f64>>();
            let (close, volume) = (of(&prices.close), of(&prices.volume));
            let kinds: [(&[u32], &[f64], Indicator); 6] = [
                (&settings.returns, &close, indicators::log_return),
                (&settings.volatility, &close, indicators::volatility),
                (&settings.momentum, &close, indicators::momentum),
                (&settings.average, &close, indicators::from_average),
                (&settings.rsi, &close, indicators::rsi),
                (&settings.volume, &volume, indicators::volume),
            ];
            for (windows, series, indicator) in kinds {
                columns.extend(windows.iter().map(|&w| indicator(series, w as usize)));
            }
        }
        let columns: Vec<Vec<f32>> =
            columns.iter().map(|column| standardize(column, train.clone(), settings.clip)).collect();
        let rows = (0..prices.bars()).flat_map(|bar| columns.iter().map(move |column| column[bar])).collect();
        Ok(Features { width: columns.len(), rows })
    }

    /// F.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// The features at the close of `bar`, `[F]`.
    #[inline]
    pub(super) fn row(&self, bar: usize) -> &[f32] {
        &self.rows[bar * self.width..(bar + 1) * self.width]
    }
}

/// Less the mean, over the standard deviation of the bars `train`, cut off at `clip`; 0 where those do not vary.
fn standardize(column: &[f64], train: Range<usize>, clip: f32) -> Vec<f32> {
    let known = &column[train];
    let n = known.len() as f64;
    let mean = known.iter().sum::<f64>() / n;
    let deviation = (known.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n).sqrt();
    let scale = if deviation > 0.0 { 1.0 / deviation } else { 0.0 };
    column.iter().map(|x| (((x - mean) * scale) as f32).clamp(-clip, clip)).collect()
}
