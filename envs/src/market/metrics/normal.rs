//! The standard normal distribution.

use std::f64::consts::{PI, SQRT_2};

/// The share of a standard normal distribution below `x`: `erfc(-x / sqrt 2) / 2`.
pub fn cumulative(x: f64) -> f64 {
    0.5 * libm::erfc(-x / SQRT_2)
}

/// Where a share `p` of a standard normal distribution lies below; the inverse of [`cumulative`]. Infinite at 0 and 1, NaN
/// outside.
///
/// A rational approximation (Abramowitz & Stegun 26.2.23, error below 4.5e-4), then Halley's method, whose error is of the
/// third power: three rounds reach the last digits.
pub fn quantile(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p == 0.0 || p == 1.0 {
        return if p == 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    if p > 0.5 {
        return -quantile(1.0 - p);
    }
    let t = (-2.0 * p.ln()).sqrt();
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    let mut x = above / below - t;
    for _ in 0..3 {
        let error = (cumulative(x) - p) * (2.0 * PI).sqrt() * (0.5 * x * x).exp();
        x -= error / (1.0 + 0.5 * x * error);
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R 4.3: pnorm and qnorm, 15 digits.
    #[test]
    fn values_of_r() {
        let close = |a: f64, b: f64| assert!((a - b).abs() <= 1e-13 * b.abs(), "{a} {b}");
        close(cumulative(1.0), 0.841_344_746_068_543);
        close(cumulative(-3.0), 0.001_349_898_031_630_09);
        close(quantile(0.975), 1.959_963_984_540_05);
        close(quantile(0.99), 2.326_347_874_040_84);
        close(quantile(1e-10), -6.361_340_902_404_06);
        assert!(quantile(0.5).abs() < 1e-16 && cumulative(0.0) == 0.5);
        assert!(quantile(-0.1).is_nan() && quantile(f64::NAN).is_nan());
        assert_eq!((quantile(0.0), quantile(1.0)), (f64::NEG_INFINITY, f64::INFINITY));
    }

    #[test]
    fn one_undoes_the_other() {
        for i in -60..=60 {
            let x = f64::from(i) / 10.0;
            // Above 0 the share is near 1 and has fewer digits to say how near.
            let tolerance = if x > 0.0 { 1e-8 } else { 1e-12 };
            assert!((quantile(cumulative(x)) - x).abs() < tolerance, "{x}");
        }
    }
}
