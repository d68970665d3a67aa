//! Expectations over a standard normal number.

/// Half the number of points.
const HALF: i32 = 40;
/// Their distance: the sum is exact to rounding for what is smooth over a few of them.
const STEP: f64 = 0.25;
/// `1 / sqrt(2 pi)`.
const DENSITY_AT_0: f64 = 0.398_942_280_401_432_7;

/// The points and their weights. The trapezium rule converges faster than any power of its step for analytic functions
/// of Gaussian decay (Trefethen & Weideman 2014).
pub(super) fn points() -> impl Iterator<Item = (f64, f64)> {
    (-HALF..=HALF).map(|i| {
        let z = f64::from(i) * STEP;
        (z, DENSITY_AT_0 * STEP * (-0.5 * z * z).exp())
    })
}

/// E f(Z).
pub(super) fn expectation(f: impl Fn(f64) -> f64) -> f64 {
    points().map(|(z, weight)| weight * f(z)).sum()
}

#[cfg(test)]
mod tests {
    use super::expectation;

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
