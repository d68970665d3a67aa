//! Measures of what was traded, held and paid.

/// Turnover a year: `periods mean(traded[t] / equity[t])`, where `traded` is the sum of the sizes of a bar's purchases and sales in
/// money and `equity` what there was to trade with. Buying for all that one has and selling it again is a turnover of 2.
/// NaN without bars.
pub fn turnover(traded: &[f64], equity: &[f64], periods: f64) -> f64 {
    periods * mean(traded.iter().zip(equity).map(|(traded, equity)| traded / equity))
}

/// Mean gross exposure: `mean(sum_i |weight_i|)`, a share of equity; 1 is fully invested, long or short. `weights` is
/// `[T, assets]`, row after row. NaN without bars.
pub fn exposure(weights: &[f64], assets: usize) -> f64 {
    mean(weights.chunks_exact(assets.max(1)).map(|bar| bar.iter().map(|w| w.abs()).sum()))
}

/// Costs: `sum(paid) / initial`, the share of the first equity that went into commissions, spread and slippage.
pub fn costs(paid: &[f64], initial: f64) -> f64 {
    paid.iter().sum::<f64>() / initial
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len() as f64;
    values.sum::<f64>() / n
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // Bought 100 of 100, sold half of 120, over two of the year's four bars.
        assert_eq!(turnover(&[100.0, 60.0], &[100.0, 120.0], 4.0), 3.0);
        assert_eq!(exposure(&[1.0, -0.5, 0.25, 0.25], 2), 1.0);
        assert_eq!(costs(&[1.0, 0.5], 100.0), 0.015);
        assert!(turnover(&[], &[], 252.0).is_nan() && exposure(&[], 1).is_nan());
    }
}
