//! Numbers that carry their first and second derivatives with respect to `N` variables (forward mode, exact).

use std::ops::{Add, Mul, Sub};

/// What the formulas of a [`Problem`](super::barrier::Problem) are written in: plain numbers where only the value
/// is wanted, [`Jet`]s where the derivatives are too.
pub(super) trait Real: Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> {
    /// A constant.
    fn constant(value: f64) -> Self;
    /// `self` to the power of `exponent`, for positive `self`.
    fn power(self, exponent: f64) -> Self;

    /// `factor * self`.
    fn times(self, factor: f64) -> Self {
        self * Self::constant(factor)
    }

    /// `self + term`.
    fn plus(self, term: f64) -> Self {
        self + Self::constant(term)
    }

    /// `self * self`.
    fn square(self) -> Self {
        self * self
    }
}

impl Real for f64 {
    fn constant(value: f64) -> Self {
        value
    }

    fn power(self, exponent: f64) -> Self {
        if exponent == 0.5 { self.sqrt() } else { self.powf(exponent) }
    }
}

/// A value, its gradient and its Hessian (both halves of it).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Jet<const N: usize> {
    pub(super) value: f64,
    pub(super) slope: [f64; N],
    pub(super) bend: [[f64; N]; N],
}

impl<const N: usize> Jet<N> {
    /// The variables themselves, at `values`.
    pub(super) fn variables(values: [f64; N]) -> [Self; N] {
        std::array::from_fn(|j| {
            let mut jet = Jet::constant(values[j]);
            jet.slope[j] = 1.0;
            jet
        })
    }

    /// `f(self)`, given the value and the two derivatives of `f`.
    fn chain(self, value: f64, first: f64, second: f64) -> Self {
        let slope = self.slope.map(|s| first * s);
        let bend = std::array::from_fn(|j| {
            std::array::from_fn(|k| first * self.bend[j][k] + second * self.slope[j] * self.slope[k])
        });
        Jet { value, slope, bend }
    }

    fn join(self, other: Self, op: impl Fn(f64, f64) -> f64) -> Self {
        Jet {
            value: op(self.value, other.value),
            slope: std::array::from_fn(|j| op(self.slope[j], other.slope[j])),
            bend: std::array::from_fn(|j| std::array::from_fn(|k| op(self.bend[j][k], other.bend[j][k]))),
        }
    }
}

impl<const N: usize> Real for Jet<N> {
    fn constant(value: f64) -> Self {
        Jet { value, slope: [0.0; N], bend: [[0.0; N]; N] }
    }

    fn power(self, exponent: f64) -> Self {
        let value = self.value.power(exponent);
        let first = exponent * value / self.value;
        self.chain(value, first, (exponent - 1.0) * first / self.value)
    }

    fn times(self, factor: f64) -> Self {
        self.chain(factor * self.value, factor, 0.0)
    }

    fn plus(self, term: f64) -> Self {
        Jet { value: self.value + term, ..self }
    }
}

impl<const N: usize> Add for Jet<N> {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.join(other, |a, b| a + b)
    }
}

impl<const N: usize> Sub for Jet<N> {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self.join(other, |a, b| a - b)
    }
}

// The product rule adds.
#[allow(clippy::suspicious_arithmetic_impl)]
impl<const N: usize> Mul for Jet<N> {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let (a, b) = (&self, &other);
        Jet {
            value: a.value * b.value,
            slope: std::array::from_fn(|j| a.value * b.slope[j] + b.value * a.slope[j]),
            bend: std::array::from_fn(|j| {
                std::array::from_fn(|k| {
                    let cross = a.slope[j] * b.slope[k] + a.slope[k] * b.slope[j];
                    a.value * b.bend[j][k] + b.value * a.bend[j][k] + cross
                })
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formula<R: Real>(x: [R; 3]) -> R {
        let [a, b, c] = x;
        (a * b.plus(2.0) - c.times(0.5)).square().plus(1.0).power(-0.5) * (b.square() + c.square()).power(0.5)
    }

    #[test]
    fn derivatives_are_those_of_finite_differences() {
        let at = [0.7, -0.4, 1.3];
        let jet = formula(Jet::variables(at));
        assert_eq!(jet.value, formula(at));
        let h = 1e-5;
        let moved = |moves: &[(usize, f64)]| {
            let mut x = at;
            moves.iter().for_each(|&(j, by)| x[j] += by);
            formula(x)
        };
        for j in 0..3 {
            let slope = (moved(&[(j, h)]) - moved(&[(j, -h)])) / (2.0 * h);
            assert!((jet.slope[j] - slope).abs() < 1e-9, "d{j}: {} {slope}", jet.slope[j]);
            for k in 0..3 {
                let bend = (moved(&[(j, h), (k, h)]) - moved(&[(j, h), (k, -h)]) - moved(&[(j, -h), (k, h)])
                    + moved(&[(j, -h), (k, -h)]))
                    / (4.0 * h * h);
                assert!((jet.bend[j][k] - bend).abs() < 1e-5, "d{j}{k}: {} {bend}", jet.bend[j][k]);
            }
        }
    }
}
