//! Standard normal distribution: distribution function, quantiles, and expectations by quadrature.

use std::f64::consts::{PI, SQRT_2};

/// Distribution function of the standard normal distribution, `erfc(-x / sqrt 2) / 2`.
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / SQRT_2)
}

/// Quantile function of the standard normal distribution, the inverse of [`normal_cdf`]: infinite at 0 and 1, NaN
/// outside.
///
/// A rational approximation (Abramowitz & Stegun 26.2.23, error below 4.5e-4) and three iterations of Halley's
/// method, whose convergence is cubic: exact to the last digits.
pub fn normal_quantile(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p == 0.0 || p == 1.0 {
        return if p == 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    if p > 0.5 {
        return -normal_quantile(1.0 - p);
    }
    let t = (-2.0 * p.ln()).sqrt();
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    let mut x = above / below - t;
    for _ in 0..3 {
        let error = (normal_cdf(x) - p) * (2.0 * PI).sqrt() * (0.5 * x * x).exp();
        x -= error / (1.0 + 0.5 * x * error);
    }
    x
}

/// Number of quadrature points on each side of 0.
const HALF: i32 = 40;
/// Distance of neighboring points; the sum is exact to rounding for functions that are smooth over a few points.
const STEP: f64 = 0.25;
/// Density of the standard normal distribution at 0, `1 / sqrt(2 pi)`.
const DENSITY_AT_0: f64 = 0.398_942_280_401_432_7;

/// Points and weights of the trapezoidal rule for a standard normal variable. The rule converges faster than any power
/// of its step for analytic functions with Gaussian decay (Trefethen & Weideman 2014).
pub(super) fn quadrature_points() -> impl Iterator<Item = (f64, f64)> {
    (-HALF..=HALF).map(|i| {
        let z = f64::from(i) * STEP;
        (z, DENSITY_AT_0 * STEP * (-0.5 * z * z).exp())
    })
}

/// Expectation of `f(Z)` for a standard normal Z.
pub(super) fn expectation(f: impl Fn(f64) -> f64) -> f64 {
    quadrature_points().map(|(z, weight)| weight * f(z)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reference: `pnorm` and `qnorm` of R 4.3, 15 digits.
    #[test]
    fn values_of_r() {
        let close = |a: f64, b: f64| assert!((a - b).abs() <= 1e-13 * b.abs(), "{a} {b}");
        close(normal_cdf(1.0), 0.841_344_746_068_543);
        close(normal_cdf(-3.0), 0.001_349_898_031_630_09);
        close(normal_quantile(0.975), 1.959_963_984_540_05);
        close(normal_quantile(0.99), 2.326_347_874_040_84);
        close(normal_quantile(1e-10), -6.361_340_902_404_06);
        assert!(normal_quantile(0.5).abs() < 1e-16 && normal_cdf(0.0) == 0.5);
        assert!(normal_quantile(-0.1).is_nan() && normal_quantile(f64::NAN).is_nan());
        assert_eq!((normal_quantile(0.0), normal_quantile(1.0)), (f64::NEG_INFINITY, f64::INFINITY));
    }

    #[test]
    fn quantile_inverts_cdf() {
        for i in -60..=60 {
            let x = f64::from(i) / 10.0;
            // Above 0 the probability is near 1 and loses digits.
            let tolerance = if x > 0.0 { 1e-8 } else { 1e-12 };
            assert!((normal_quantile(normal_cdf(x)) - x).abs() < tolerance, "{x}");
        }
    }

    #[test]
    fn moments_and_exponentials_are_exact() {
        for (power, moment) in [(0, 1.0), (1, 0.0), (2, 1.0), (4, 3.0), (6, 15.0), (8, 105.0)] {
            assert!((expectation(|z| z.powi(power)) - moment).abs() < 1e-12 * moment.max(1.0), "{power}");
        }
        for s in [0.1, 0.5, 1.0] {
            assert!((expectation(|z| (s * z).exp()) - (0.5 * s * s).exp()).abs() < 1e-13);
        }
    }
}
