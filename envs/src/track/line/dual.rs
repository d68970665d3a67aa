//! Second-order dual numbers: forward-mode automatic differentiation of gradient and Hessian in `N` variables.

use std::ops::{Add, Mul, Sub};

/// Scalar type of the formulas of a [`Problem`](super::barrier::Problem): `f64` to compute values, [`Dual2`] to compute
/// derivatives too.
pub(super) trait Real: Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> {
    /// The constant `value` (all derivatives are 0).
    fn constant(value: f64) -> Self;
    /// `self` to the power `exponent`, for positive `self`.
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

/// Second-order dual number: a value with its gradient `[N]` and its full Hessian `[N, N]` in `N` variables.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Dual2<const N: usize> {
    pub(super) value: f64,
    pub(super) gradient: [f64; N],
    pub(super) hessian: [[f64; N]; N],
}

impl<const N: usize> Dual2<N> {
    /// The `N` independent variables, with the given values.
    pub(super) fn variables(values: [f64; N]) -> [Self; N] {
        std::array::from_fn(|j| {
            let mut dual = Dual2::constant(values[j]);
            dual.gradient[j] = 1.0;
            dual
        })
    }

    /// `f(self)` by the chain rule, given the value, the first and the second derivative of `f` at `self`.
    fn chain(self, value: f64, first: f64, second: f64) -> Self {
        let gradient = self.gradient.map(|s| first * s);
        let hessian = std::array::from_fn(|j| {
            std::array::from_fn(|k| first * self.hessian[j][k] + second * self.gradient[j] * self.gradient[k])
        });
        Dual2 { value, gradient, hessian }
    }

    fn join(self, other: Self, op: impl Fn(f64, f64) -> f64) -> Self {
        Dual2 {
            value: op(self.value, other.value),
            gradient: std::array::from_fn(|j| op(self.gradient[j], other.gradient[j])),
            hessian: std::array::from_fn(|j| {
                std::array::from_fn(|k| op(self.hessian[j][k], other.hessian[j][k]))
            }),
        }
    }
}

impl<const N: usize> Real for Dual2<N> {
    fn constant(value: f64) -> Self {
        Dual2 { value, gradient: [0.0; N], hessian: [[0.0; N]; N] }
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
        Dual2 { value: self.value + term, ..self }
    }
}

impl<const N: usize> Add for Dual2<N> {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.join(other, |a, b| a + b)
    }
}

impl<const N: usize> Sub for Dual2<N> {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self.join(other, |a, b| a - b)
    }
}

// Clippy suspects the additions; the product rule needs them.
#[allow(clippy::suspicious_arithmetic_impl)]
impl<const N: usize> Mul for Dual2<N> {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let (a, b) = (&self, &other);
        Dual2 {
            value: a.value * b.value,
            gradient: std::array::from_fn(|j| a.value * b.gradient[j] + b.value * a.gradient[j]),
            hessian: std::array::from_fn(|j| {
                std::array::from_fn(|k| {
                    let cross = a.gradient[j] * b.gradient[k] + a.gradient[k] * b.gradient[j];
                    a.value * b.hessian[j][k] + b.value * a.hessian[j][k] + cross
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
        let dual = formula(Dual2::variables(at));
        assert_eq!(dual.value, formula(at));
        let h = 1e-5;
        let moved = |moves: &[(usize, f64)]| {
            let mut x = at;
            moves.iter().for_each(|&(j, by)| x[j] += by);
            formula(x)
        };
        for j in 0..3 {
            let gradient = (moved(&[(j, h)]) - moved(&[(j, -h)])) / (2.0 * h);
            assert!((dual.gradient[j] - gradient).abs() < 1e-9, "d{j}: {} {gradient}", dual.gradient[j]);
            for k in 0..3 {
                let hessian =
                    (moved(&[(j, h), (k, h)]) - moved(&[(j, h), (k, -h)]) - moved(&[(j, -h), (k, h)])
                        + moved(&[(j, -h), (k, -h)]))
                        / (4.0 * h * h);
                assert!(
                    (dual.hessian[j][k] - hessian).abs() < 1e-5,
                    "d{j}{k}: {} {hessian}",
                    dual.hessian[j][k]
                );
            }
        }
    }
}
