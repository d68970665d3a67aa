//! Numbers of about 32 decimal digits, each an unevaluated sum of two f64 (Dekker 1971; Knuth 1969).

use std::ops::{Add, Div, Mul, Neg, Sub};

/// Sum `hi + lo`, with `lo` at most half a unit in the last place of `hi`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Double {
    hi: f64,
    lo: f64,
}

/// Sum of `a` and `b` and its rounding error.
#[inline(always)]
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_part = sum - a;
    (sum, (a - (sum - b_part)) + (b - b_part))
}

/// Both halves of the digits of `a`.
#[inline(always)]
fn split(a: f64) -> (f64, f64) {
    let c = 134_217_729.0 * a;
    let high = c - (c - a);
    (high, a - high)
}

/// Product of `a` and `b` and its rounding error.
#[inline(always)]
fn two_product(a: f64, b: f64) -> (f64, f64) {
    let product = a * b;
    let ((a_high, a_low), (b_high, b_low)) = (split(a), split(b));
    (product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low)
}

#[inline(always)]
fn normalized(hi: f64, lo: f64) -> Double {
    let sum = hi + lo;
    Double { hi: sum, lo: lo - (sum - hi) }
}

impl Double {
    /// Square root of a number of at least 0, by one Newton step.
    pub(crate) fn sqrt(self) -> Self {
        if self.hi <= 0.0 {
            return Double::default();
        }
        let root = Double::from(self.hi.sqrt());
        root + Double::from(((self - root * root).hi) / (2.0 * root.hi))
    }

    /// The number rounded to f64.
    pub(crate) fn value(self) -> f64 {
        self.hi
    }
}

impl From<f64> for Double {
    #[inline(always)]
    fn from(value: f64) -> Self {
        Double { hi: value, lo: 0.0 }
    }
}

impl Neg for Double {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        Double { hi: -self.hi, lo: -self.lo }
    }
}

impl Add for Double {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let (sum, error) = two_sum(self.hi, other.hi);
        let (low, low_error) = two_sum(self.lo, other.lo);
        let Double { hi, lo } = normalized(sum, error + low);
        normalized(hi, lo + low_error)
    }
}

impl Sub for Double {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Double {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let (product, error) = two_product(self.hi, other.hi);
        normalized(product, error + (self.hi * other.lo + self.lo * other.hi))
    }
}

impl Div for Double {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        let first = self.hi / other.hi;
        let rest = self - other * Double::from(first);
        let second = rest.hi / other.hi;
        let rest = rest - other * Double::from(second);
        Double::from(first) + Double::from(second) + Double::from(rest.hi / other.hi)
    }
}

impl std::iter::Sum for Double {
    fn sum<I: Iterator<Item = Self>>(numbers: I) -> Self {
        numbers.fold(Double::default(), Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_beyond_f64_are_kept() {
        let third = Double::from(1.0) / Double::from(3.0);
        let rest = third * Double::from(3.0) - Double::from(1.0);
        assert!(rest.value().abs() < 1e-31, "{rest:?}");
        let root = Double::from(2.0).sqrt();
        assert!((root * root - Double::from(2.0)).value().abs() < 1e-31);
        let tiny = Double::from(1.0) + Double::from(1e-25) - Double::from(1.0);
        assert!((tiny.value() / 1e-25 - 1.0).abs() < 1e-6);
    }
}
