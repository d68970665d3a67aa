//! Indicators and standardized features of the prices, computed once for every bar.
//!
//! An indicator maps the series of one asset, `[T]` for T bars, and a window to values, `[T]`. Value t depends on bars
//! up to t only, and is NaN if there are too few earlier bars.

use std::ops::Range;

use freewheel_core::{Error, Result};

use super::prices::Prices;
use super::settings::Settings;

/// Indicator of one series `[T]` with a window; the result is `[T]`.
type Indicator = fn(&[f64], usize) -> Vec<f64>;

/// Dispersion, in proportion to values above 1, at or below which values are constant up to rounding.
const ROUNDING: f64 = 1e-12;

/// Standardized features: F numbers for each of T bars.
pub(super) struct Features {
    width: usize,
    /// Features `[T, F]`; the rows before the longest window are not used.
    rows: Vec<f32>,
}

/// Number of earlier bars that the longest feature depends on.
pub(super) fn lookback(settings: &Settings) -> usize {
    let from_returns = [&settings.returns, &settings.volatility, &settings.momentum, &settings.rsi];
    let returns = from_returns.into_iter().flatten().copied().max().unwrap_or(0);
    // A mean of w bars depends on w - 1 earlier ones.
    let means = settings.average.iter().chain(&settings.volume).map(|w| w - 1).max().unwrap_or(0);
    returns.max(means) as usize
}

impl Features {
    /// Features of all assets, asset after asset, in the order returns, volatility, momentum, average, rsi, volume.
    /// Each feature is standardized by its mean and standard deviation over the bars `train` and clipped to `clip`.
    pub(super) fn new(prices: &Prices, train: Range<usize>, settings: &Settings) -> Result<Features> {
        if prices.volume.is_empty() && !settings.volume.is_empty() {
            let message = format!(
                "volume: not every file of {} has a column `volume`; remove the setting or add the column",
                prices.assets.join(", ")
            );
            return Err(Error::setting("volume", message));
        }
        let mut columns = Vec::new();
        for asset in 0..prices.width() {
            let column =
                |all: &[f64]| all.iter().copied().skip(asset).step_by(prices.width()).collect::<Vec<f64>>();
            let (closes, volumes) = (column(&prices.close), column(&prices.volume));
            let indicators: [(&[u32], &[f64], Indicator); 6] = [
                (&settings.returns, &closes, log_return),
                (&settings.volatility, &closes, volatility),
                (&settings.momentum, &closes, momentum),
                (&settings.average, &closes, distance_from_mean),
                (&settings.rsi, &closes, rsi),
                (&settings.volume, &volumes, volume),
            ];
            for (windows, series, indicator) in indicators {
                columns.extend(windows.iter().map(|&w| indicator(series, w as usize)));
            }
        }
        let columns: Vec<Vec<f32>> =
            columns.iter().map(|column| standardize(column, train.clone(), settings.clip)).collect();
        let rows = (0..prices.bars()).flat_map(|bar| columns.iter().map(move |column| column[bar])).collect();
        Ok(Features { width: columns.len(), rows })
    }

    /// Number of features F.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// The F features at the close of `bar`, `[F]`.
    #[inline]
    pub(super) fn row(&self, bar: usize) -> &[f32] {
        &self.rows[bar * self.width..(bar + 1) * self.width]
    }
}

/// Standardizes a feature by its mean and standard deviation over the bars `train` and clips the result; 0 if the
/// feature is constant over these bars up to rounding.
fn standardize(column: &[f64], train: Range<usize>, clip: f32) -> Vec<f32> {
    let train = &column[train];
    let n = train.len() as f64;
    let mean = train.iter().sum::<f64>() / n;
    let std = (train.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n).sqrt();
    let scale = if std > ROUNDING * mean.abs().max(1.0) { 1.0 / std } else { 0.0 };
    column.iter().map(|x| (((x - mean) * scale) as f32).clamp(-clip, clip)).collect()
}

/// Log return over `w` bars, `ln(close[t] / close[t-w])`.
fn log_return(close: &[f64], w: usize) -> Vec<f64> {
    rolling(close.len(), w, |t| (close[t] / close[t - w]).ln())
}

/// Sample standard deviation (divisor n - 1) of the last `w` one-bar log returns.
fn volatility(close: &[f64], w: usize) -> Vec<f64> {
    let returns = log_return(close, 1);
    rolling(close.len(), w, |t| std(&returns[t + 1 - w..=t]))
}

/// Log return over `w` bars divided by its volatility `sd sqrt(w)`; 0 for returns that are constant up to rounding.
fn momentum(close: &[f64], w: usize) -> Vec<f64> {
    let returns = log_return(close, 1);
    rolling(close.len(), w, |t| {
        let unit = std(&returns[t + 1 - w..=t]) * (w as f64).sqrt();
        if unit > ROUNDING { (close[t] / close[t - w]).ln() / unit } else { 0.0 }
    })
}

/// Moving average: mean of the last `w` values, the present one included.
pub(super) fn mean(values: &[f64], w: usize) -> Vec<f64> {
    rolling(values.len(), w - 1, |t| values[t + 1 - w..=t].iter().sum::<f64>() / w as f64)
}

/// Log distance of the close from the mean close of `w` bars.
fn distance_from_mean(close: &[f64], w: usize) -> Vec<f64> {
    close.iter().zip(mean(close, w)).map(|(close, mean)| (close / mean).ln()).collect()
}

/// Relative strength index, 0 to 100: the share of the rises in all changes of the last `w` bars. J. W. Wilder, *New
/// Concepts in Technical Trading Systems* (1978), with simple means instead of smoothed ones (Cutler); 50 for
/// constant prices.
fn rsi(close: &[f64], w: usize) -> Vec<f64> {
    rolling(close.len(), w, |t| {
        let moves = close[t - w..=t].windows(2).map(|pair| pair[1] - pair[0]);
        let (up, all) = moves.fold((0.0, 0.0), |(up, all), step| (up + step.max(0.0), all + step.abs()));
        if all > 0.0 { 100.0 * up / all } else { 50.0 }
    })
}

/// Log of the ratio of the volume to the mean volume of `w` bars, with 1 added to both because volumes may be 0.
fn volume(volume: &[f64], w: usize) -> Vec<f64> {
    volume.iter().zip(mean(volume, w)).map(|(volume, mean)| ((volume + 1.0) / (mean + 1.0)).ln()).collect()
}

/// Series with `value(t)` from bar `first` on, NaN before.
fn rolling(bars: usize, first: usize, value: impl Fn(usize) -> f64) -> Vec<f64> {
    (0..bars).map(|t| if t < first { f64::NAN } else { value(t) }).collect()
}

fn std(x: &[f64]) -> f64 {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    (x.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-14, "{a} {b}");
    }

    #[test]
    fn by_hand() {
        let prices = [1.0, 2.0, 1.0, 4.0];
        let ln2 = 2f64.ln();
        close(log_return(&prices, 2)[3], ln2);
        assert!(log_return(&prices, 2)[1].is_nan() && log_return(&prices, 2)[2] == 0.0);
        // The last two one-bar returns are -ln 2 and 2 ln 2: mean ln 2 / 2, deviations 3/2 ln 2, variance 9/2 (ln
        // 2)^2.
        let sd = ln2 * 4.5f64.sqrt();
        close(volatility(&prices, 2)[3], sd);
        close(momentum(&prices, 2)[3], ln2 / (sd * 2f64.sqrt()));
        close(distance_from_mean(&prices, 3)[3], (12.0f64 / 7.0).ln());
        assert!(distance_from_mean(&prices, 3)[1].is_nan());
        close(rsi(&prices, 3)[3], 80.0);
        close(volume(&[3.0, 0.0], 2)[1], (1.0f64 / 2.5).ln());
        assert_eq!((momentum(&[1.0; 4], 2)[3], rsi(&[1.0; 4], 2)[3]), (0.0, 50.0));
        // Constant growth: the dispersion is rounding.
        let growth: Vec<f64> = (0..100).map(|t| 1.001f64.powi(t)).collect();
        assert_eq!(momentum(&growth, 20)[99], 0.0);
        assert!(standardize(&log_return(&growth, 1), 1..100, 5.0)[1..].iter().all(|x| x.abs() < 1e-12));
    }
}
