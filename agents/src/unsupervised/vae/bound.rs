//! The bound and its gradients, over slices.

use crate::nn::activation::tanh;

/// The two parts of -ELBO, means over samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Elbo {
    /// -ln p(x | z), nats a sample.
    pub reconstruction: f64,
    /// The divergence of the factors from N(0, 1), nats a sample, unweighted.
    pub divergence: f64,
}

impl Elbo {
    /// -ELBO, nats a sample.
    pub fn negative(&self) -> f64 {
        self.reconstruction + self.divergence
    }
}

/// `z = mean + exp(ln var / 2) eps`, `[B, K]`, from `codes [B, 2 K]`.
pub(super) fn draw(codes: &[f32], eps: &[f32], k: usize, z: &mut Vec<f32>) {
    z.clear();
    for (code, eps) in codes.chunks_exact(2 * k).zip(eps.chunks_exact(k)) {
        let (mean, ln_var) = code.split_at(k);
        z.extend(mean.iter().zip(ln_var).zip(eps).map(|((m, v), e)| m + (0.5 * v).exp() * e));
    }
}

/// The sum of the divergences from N(0, 1) of the factors in `codes [B, 2 K]`, in nats.
pub(super) fn divergence(codes: &[f32], k: usize) -> f64 {
    let one = |(m, v): (&f32, &f32)| {
        let (m, v) = (f64::from(*m), f64::from(*v));
        (m * m + v.exp_m1() - v) / 2.0
    };
    let each = codes.chunks_exact(2 * k).map(|code| code[..k].iter().zip(&code[k..]).map(one).sum::<f64>());
    each.sum()
}

/// The gradient of `codes [B, 2 K]` from that of the draws, `of_z [B, K]`, and of the divergence, weighed by `weight`.
pub(super) fn of_factors(
    codes: &[f32],
    eps: &[f32],
    of_z: &[f32],
    k: usize,
    weight: f32,
    of_codes: &mut [f32],
) {
    let rows = codes.chunks_exact(2 * k).zip(of_codes.chunks_exact_mut(2 * k));
    for ((code, of_code), (eps, of_z)) in rows.zip(eps.chunks_exact(k).zip(of_z.chunks_exact(k))) {
        let (mean, ln_var) = code.split_at(k);
        let (of_mean, of_ln_var) = of_code.split_at_mut(k);
        for ((of, mean), of_z) in of_mean.iter_mut().zip(mean).zip(of_z) {
            *of = of_z + weight * mean;
        }
        for ((of, ln_var), (eps, of_z)) in of_ln_var.iter_mut().zip(ln_var).zip(eps.iter().zip(of_z)) {
            *of = 0.5 * (of_z * eps * (0.5 * ln_var).exp() + weight * ln_var.exp_m1());
        }
    }
}

/// `-sum [x ln p + (1 - x) ln(1 - p)]` for `p = sigmoid(logit)`, without a p that is rounded to 0 or 1: with l a logit,
/// `max(l, 0) - l x - ln sigmoid(|l|)`. Writes the gradient, times `scale`.
pub(super) fn bernoulli(logits: &[f32], x: &[f32], scale: f32, of_logits: &mut [f32]) -> f64 {
    let mut sum = 0.0;
    let parts = logits.chunks(32).zip(x.chunks(32)).zip(of_logits.chunks_mut(32));
    for ((logits, x), of_logits) in parts {
        // Factors of at least a half: 32 of them multiply to no less than 2^-32, and one logarithm does for all.
        let (mut plain, mut product) = (0.0, 1.0);
        for ((&l, &x), of_l) in logits.iter().zip(x).zip(of_logits) {
            let p = sigmoid(l);
            *of_l = scale * (p - x);
            plain += l.max(0.0) - l * x;
            product *= p.max(1.0 - p);
        }
        sum += f64::from(plain) - f64::from(product).ln();
    }
    sum
}

#[inline(always)]
pub(super) fn sigmoid(l: f32) -> f32 {
    0.5 + 0.5 * tanh(0.5 * l)
}
