//! Evidence lower bound (ELBO) of a variational autoencoder and its gradients, over slices.

use crate::nn::activation::tanh;

/// Both terms of -ELBO, the negative evidence lower bound, as means over samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Elbo {
    /// Reconstruction loss -ln p(x | z) of samples x given their latent variables z, in nats per sample.
    pub reconstruction: f64,
    /// KL divergence of the latent variables from N(0, 1) in nats per sample, without beta.
    pub kl_divergence: f64,
}

impl Elbo {
    /// Sum of both terms, -ELBO, in nats per sample.
    pub fn negative(&self) -> f64 {
        self.reconstruction + self.kl_divergence
    }
}

/// Samples K latent variables `z = mean + exp(ln var / 2) eps`, `[B, K]`, from means and log variances `codes [B, 2 K]`
/// and standard normal numbers `eps [B, K]`.
pub(super) fn sample_latents(codes: &[f32], eps: &[f32], k: usize, z: &mut Vec<f32>) {
    z.clear();
    for (code, eps) in codes.chunks_exact(2 * k).zip(eps.chunks_exact(k)) {
        let (mean, log_var) = code.split_at(k);
        z.extend(mean.iter().zip(log_var).zip(eps).map(|((m, v), e)| m + (0.5 * v).exp() * e));
    }
}

/// KL divergence of the latent variables from N(0, 1) in nats, summed over all means and log variances
/// `codes [B, 2 K]`.
pub(super) fn kl_divergence(codes: &[f32], k: usize) -> f64 {
    let one = |(m, v): (&f32, &f32)| {
        let (m, v) = (f64::from(*m), f64::from(*v));
        (m * m + v.exp_m1() - v) / 2.0
    };
    let each = codes.chunks_exact(2 * k).map(|code| code[..k].iter().zip(&code[k..]).map(one).sum::<f64>());
    each.sum()
}

/// Gradient of `codes [B, 2 K]` from that of the latent variables, `grad_z [B, K]`, and from the KL divergence with
/// weight `weight`.
pub(super) fn posterior_gradient(
    codes: &[f32],
    eps: &[f32],
    grad_z: &[f32],
    k: usize,
    weight: f32,
    grad_codes: &mut [f32],
) {
    let rows = codes.chunks_exact(2 * k).zip(grad_codes.chunks_exact_mut(2 * k));
    for ((code, grad_code), (eps, grad_z)) in rows.zip(eps.chunks_exact(k).zip(grad_z.chunks_exact(k))) {
        let (mean, log_var) = code.split_at(k);
        let (grad_mean, grad_ln_var) = grad_code.split_at_mut(k);
        for ((of, mean), grad_z) in grad_mean.iter_mut().zip(mean).zip(grad_z) {
            *of = grad_z + weight * mean;
        }
        for ((of, log_var), (eps, grad_z)) in grad_ln_var.iter_mut().zip(log_var).zip(eps.iter().zip(grad_z))
        {
            *of = 0.5 * (grad_z * eps * (0.5 * log_var).exp() + weight * log_var.exp_m1());
        }
    }
}

/// Bernoulli loss `-sum [x ln p + (1 - x) ln(1 - p)]` with `p = sigmoid(logit)`, computed without rounding p to 0 or
/// 1: `max(l, 0) - l x - ln sigmoid(|l|)` for a logit l. Writes `scale` times the gradient.
pub(super) fn bernoulli(logits: &[f32], x: &[f32], scale: f32, grad_logits: &mut [f32]) -> f64 {
    let mut sum = 0.0;
    let parts = logits.chunks(32).zip(x.chunks(32)).zip(grad_logits.chunks_mut(32));
    for ((logits, x), grad_logits) in parts {
        // Each factor is at least 1/2, so a product of 32 stays above 2^-32 and needs only one logarithm.
        let (mut plain, mut product) = (0.0, 1.0);
        for ((&l, &x), grad_l) in logits.iter().zip(x).zip(grad_logits) {
            let p = sigmoid(l);
            *grad_l = scale * (p - x);
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
