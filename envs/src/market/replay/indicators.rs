//! What can be read from past prices: free functions of one asset's closes `[T]`, each giving `[T]` values of which the t-th
//! knows bars up to t only. Where there are too few bars before, it is NaN.

/// Log return over `w` bars: `ln(close[t] / close[t-w])`.
pub(super) fn log_return(close: &[f64], w: usize) -> Vec<f64> {
    each(close.len(), w, |t| (close[t] / close[t - w]).ln())
}

/// Standard deviation (n - 1) of the last `w` one-bar log returns.
pub(super) fn volatility(close: &[f64], w: usize) -> Vec<f64> {
    let returns = log_return(close, 1);
    each(close.len(), w, |t| deviation(&returns[t + 1 - w..=t]))
}

/// Log return over `w` bars in units of its own volatility: over `sd sqrt(w)`; 0 where prices did not move.
pub(super) fn momentum(close: &[f64], w: usize) -> Vec<f64> {
    let returns = log_return(close, 1);
    each(close.len(), w, |t| {
        let unit = deviation(&returns[t + 1 - w..=t]) * (w as f64).sqrt();
        if unit > 0.0 { (close[t] / close[t - w]).ln() / unit } else { 0.0 }
    })
}

/// Mean of the last `w` values, the present one included.
pub(super) fn mean(values: &[f64], w: usize) -> Vec<f64> {
    each(values.len(), w - 1, |t| values[t + 1 - w..=t].iter().sum::<f64>() / w as f64)
}

/// Log distance of the close from its mean over `w` bars.
pub(super) fn from_average(close: &[f64], w: usize) -> Vec<f64> {
    close.iter().zip(mean(close, w)).map(|(close, mean)| (close / mean).ln()).collect()
}

/// Relative strength index, 0 to 100: the share of the rises in all moves of the last `w` bars. J. W. Wilder, *New Concepts in
/// Technical Trading Systems* (1978), with simple means where he smooths (Cutler); 50 where prices did not move.
pub(super) fn rsi(close: &[f64], w: usize) -> Vec<f64> {
    each(close.len(), w, |t| {
        let moves = close[t - w..=t].windows(2).map(|pair| pair[1] - pair[0]);
        let (up, all) = moves.fold((0.0, 0.0), |(up, all), step| (up + step.max(0.0), all + step.abs()));
        if all > 0.0 { 100.0 * up / all } else { 50.0 }
    })
}

/// Log of the volume over its mean of `w` bars, 1 added to both, for volumes may be 0.
pub(super) fn volume(volume: &[f64], w: usize) -> Vec<f64> {
    volume.iter().zip(mean(volume, w)).map(|(volume, mean)| ((volume + 1.0) / (mean + 1.0)).ln()).collect()
}

/// `value(t)` from bar `first` on, NaN before.
fn each(bars: usize, first: usize, value: impl Fn(usize) -> f64) -> Vec<f64> {
    (0..bars).map(|t| if t < first { f64::NAN } else { value(t) }).collect()
}

fn deviation(x: &[f64]) -> f64 {
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
        // The last two one-bar returns are -ln 2 and 2 ln 2: mean ln 2 / 2, distances 3/2 ln 2, variance 9/2 (ln 2)^2.
        let sd = ln2 * 4.5f64.sqrt();
        close(volatility(&prices, 2)[3], sd);
        close(momentum(&prices, 2)[3], ln2 / (sd * 2f64.sqrt()));
        close(from_average(&prices, 3)[3], (12.0f64 / 7.0).ln());
        assert!(from_average(&prices, 3)[1].is_nan());
        close(rsi(&prices, 3)[3], 80.0);
        close(volume(&[3.0, 0.0], 2)[1], (1.0f64 / 2.5).ln());
        assert_eq!((momentum(&[1.0; 4], 2)[3], rsi(&[1.0; 4], 2)[3]), (0.0, 50.0));
    }
}
