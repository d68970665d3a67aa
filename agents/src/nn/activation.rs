//! Activation functions, in place; their derivatives are functions of their outputs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Choice of the activation function of a layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// Identity: x.
    Identity,
    /// ReLU: max(x, 0).
    #[default]
    Relu,
    /// Hyperbolic tangent: tanh(x).
    Tanh,
    /// Logistic sigmoid: 1 / (1 + exp(-x)).
    Sigmoid,
}

impl Activation {
    /// Applies the activation to every element of `x`.
    pub fn apply(self, x: &mut [f32]) {
        match self {
            Activation::Identity => {}
            Activation::Relu => x.iter_mut().for_each(|x| *x = if *x > 0.0 { *x } else { *x * 0.0 }),
            Activation::Tanh => x.iter_mut().for_each(|x| *x = tanh(*x)),
            Activation::Sigmoid => x.iter_mut().for_each(|x| *x = 0.5 + 0.5 * tanh(0.5 * *x)),
        }
    }

    /// Backward pass: multiplies `gradient` by the derivative of the activation, computed from its outputs `y`. The
    /// derivative of ReLU at 0 is 0, as in PyTorch.
    pub fn backward(self, y: &[f32], gradient: &mut [f32]) {
        let pairs = gradient.iter_mut().zip(y);
        match self {
            Activation::Identity => {}
            Activation::Relu => pairs.for_each(|(g, &y)| *g = if y > 0.0 { *g } else { 0.0 }),
            Activation::Tanh => pairs.for_each(|(g, &y)| *g *= 1.0 - y * y),
            Activation::Sigmoid => pairs.for_each(|(g, &y)| *g *= y * (1.0 - y)),
        }
    }
}

/// Hyperbolic tangent as a quotient of polynomials, with an error of at most 6 units in the last place. The result is
/// the same on every machine, and a loop that calls this function vectorizes. Coefficients: Eigen and XLA.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    const ODD: [f32; 7] = [
        4.893_524_6e-3,
        6.372_619_3e-4,
        1.485_722_4e-5,
        5.122_297_1e-8,
        -8.604_672e-11,
        2.000_188e-13,
        -2.760_768_5e-16,
    ];
    const EVEN: [f32; 4] = [4.893_525e-3, 2.268_434_6e-3, 1.185_347e-4, 1.198_258_4e-6];
    // For larger inputs the f32 nearest to tanh is 1. NaN stays NaN.
    let x = if x > 7.905_311 { 7.905_311 } else { x };
    let x = if x < -7.905_311 { -7.905_311 } else { x };
    let s = x * x;
    let p = ODD.iter().rev().fold(0.0, |sum, c| sum * s + c);
    let q = EVEN.iter().rev().fold(0.0, |sum, c| sum * s + c);
    x * p / q
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tanh_agrees_with_the_library() {
        for i in -100_000..=100_000 {
            let x = i as f32 * 1e-4;
            let (ours, exact) = (f64::from(tanh(x)), f64::from(x).tanh());
            assert!(
                (ours - exact).abs() <= 6.0 * f64::from(f32::EPSILON) * exact.abs().max(1e-30),
                "{x}: {ours} {exact}"
            );
        }
        assert_eq!((tanh(1e30), tanh(-1e30), tanh(0.0)), (tanh(8.0), -tanh(8.0), 0.0));
        assert!(tanh(f32::NAN).is_nan());
    }

    #[test]
    fn derivatives_agree_with_finite_differences() {
        for activation in [Activation::Identity, Activation::Relu, Activation::Tanh, Activation::Sigmoid] {
            for x in [-3.0f32, -0.7, -0.01, 0.02, 0.9, 2.5] {
                let at = |x: f32| {
                    let mut y = [x];
                    activation.apply(&mut y);
                    y[0]
                };
                let mut gradient = [2.0];
                activation.backward(&[at(x)], &mut gradient);
                let difference = (at(x + 1e-3) - at(x - 1e-3)) / 2e-3;
                assert!((gradient[0] - 2.0 * difference).abs() < 1e-3, "{activation:?} {x}");
            }
        }
    }

    #[test]
    fn nan_stays_nan() {
        for activation in [Activation::Identity, Activation::Relu, Activation::Tanh, Activation::Sigmoid] {
            let mut y = [f32::NAN];
            activation.apply(&mut y);
            assert!(y[0].is_nan(), "{activation:?}");
        }
    }
}
