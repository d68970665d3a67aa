//! One optimizer step of a range of parameters, and several steps without a gradient at once.

use super::OptimizerConfig;

/// Magnitude below which a first moment becomes 0. Smaller moments change no parameter, and denormal numbers are 100
/// times as slow as others.
const MIN_MOMENT: f32 = 1e-30;

/// Largest ratio of two e_i in one [`Idle`], less 1.
const MAX_SPREAD: f32 = 0.1;

/// Optimizer step: the coefficients that all parameters share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Rule {
    Adam { b1: f32, b2: f32, c1: f32, c2: f32, eps: f32, rate: f32, root: f32, kept: f32 },
    Rmsprop { decay: f32, eps: f32, rate: f32 },
    Sgd { rate: f32 },
    Momentum { momentum: f32, rate: f32 },
}

/// Several steps with gradient 0 in a row: the coefficients that all parameters share.
///
/// With gradient 0 the moments decay geometrically, so that the change of a parameter over k steps is a sum:
///
/// ```text
/// Adam:      p' = kept p - m sum_i w_i / (sqrt v + e_i),   w_i = rate_i b1^i / (root_i b2^(i/2)),
///            m' = b1^k m,  v' = b2^k v                     e_i = eps / (root_i b2^(i/2))
/// momentum:  p' = p - m sum_i rate_i momentum^i,           m' = momentum^k m
/// RMSprop:   p' = p,                                       v' = decay^k v
/// ```
///
/// The sum of Adam is expanded around e, the mean of the e_i with the weights w_i: `sum_i w_i / (sqrt v + e_i) =
/// (W + S (e / (sqrt v + e))^2) / (sqrt v + e)` with `W = sum_i w_i` and `S = sum_i w_i (e_i / e -
/// 1)^2`. The e_i differ by less than [`MAX_SPREAD`], so that the terms of third order that are left out are below 1e-3 of the change where
/// sqrt v is of the order of `eps`, and below rounding elsewhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Idle {
    kept: f32,
    weight: f32,
    spread: f32,
    eps: f32,
    mean: f32,
    square: f32,
    kind: IdleKind,
}

/// Moments that change without a gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
enum IdleKind {
    Adam,
    Square,
    Momentum,
    Nothing,
}

fn flushed(x: f32) -> f32 {
    if x.abs() < MIN_MOMENT { 0.0 } else { x }
}

/// `x`, or 0 for a denormal number.
fn normal(x: f32) -> f32 {
    if x < f32::MIN_POSITIVE { 0.0 } else { x }
}

impl Rule {
    /// Step number `step`, from 1.
    pub(super) fn new(config: OptimizerConfig, step: u64, learning_rate: f64) -> Self {
        let adam = |beta1: f64, beta2: f64, eps: f64, decay: f64| {
            let steps = i32::try_from(step).unwrap_or(i32::MAX);
            let (bias1, bias2) = (1.0 - beta1.powi(steps), 1.0 - beta2.powi(steps));
            Rule::Adam {
                b1: beta1 as f32,
                b2: beta2 as f32,
                c1: (1.0 - beta1) as f32,
                c2: (1.0 - beta2) as f32,
                eps: eps as f32,
                rate: (learning_rate / bias1) as f32,
                root: (1.0 / bias2.sqrt()) as f32,
                kept: (1.0 - learning_rate * decay) as f32,
            }
        };
        let rate = learning_rate as f32;
        match config {
            OptimizerConfig::Adam { beta1, beta2, eps } => adam(beta1, beta2, eps, 0.0),
            OptimizerConfig::AdamW { beta1, beta2, eps, weight_decay } => {
                adam(beta1, beta2, eps, weight_decay)
            }
            OptimizerConfig::Rmsprop { decay, eps } => {
                Rule::Rmsprop { decay: decay as f32, eps: eps as f32, rate }
            }
            OptimizerConfig::Sgd { momentum: 0.0 } => Rule::Sgd { rate },
            OptimizerConfig::Sgd { momentum } => Rule::Momentum { momentum: momentum as f32, rate },
        }
    }

    /// Updates the parameters `p [n]` with the gradient `scale g`, and their moments `m [n]` and `v [n]`; moments that
    /// the optimizer does not have are empty.
    pub(super) fn apply(self, p: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32], scale: f32) {
        match self {
            Rule::Adam { b1, b2, c1, c2, eps, rate, root, kept } => {
                for ((p, g), (m, v)) in p.iter_mut().zip(g).zip(m.iter_mut().zip(v)) {
                    let g = g * scale;
                    *m = flushed(b1 * *m + c1 * g);
                    *v = normal(b2 * *v + c2 * g * g);
                    *p = *p * kept - rate * *m / (v.sqrt() * root + eps);
                }
            }
            Rule::Rmsprop { decay, eps, rate } => {
                for ((p, g), v) in p.iter_mut().zip(g).zip(v) {
                    let g = g * scale;
                    *v = normal(decay * *v + (1.0 - decay) * g * g);
                    *p -= rate * g / (v.sqrt() + eps);
                }
            }
            Rule::Sgd { rate } => {
                let rate = rate * scale;
                p.iter_mut().zip(g).for_each(|(p, g)| *p -= rate * g);
            }
            Rule::Momentum { momentum, rate } => {
                for ((p, g), m) in p.iter_mut().zip(g).zip(m) {
                    *m = flushed(momentum * *m + g * scale);
                    *p -= rate * *m;
                }
            }
        }
    }
}

impl Idle {
    /// The steps `rules`, all with gradient 0, to be applied one after another.
    pub(super) fn split(rules: &[Rule]) -> Vec<Self> {
        let (mut all, mut from, mut first, mut square) = (Vec::new(), 0, 0.0, 1.0f32);
        for (at, rule) in rules.iter().enumerate() {
            if let Rule::Adam { b2, root, .. } = rule {
                square *= b2;
                // Proportional to e_i.
                let size = 1.0 / (root * square.sqrt());
                if at == from {
                    first = size;
                } else if (size / first).max(first / size) > 1.0 + MAX_SPREAD {
                    all.push(Idle::new(&rules[from..at]));
                    (from, square) = (at, *b2);
                    first = 1.0 / (root * square.sqrt());
                }
            }
        }
        all.push(Idle::new(&rules[from..]));
        all
    }

    fn new(rules: &[Rule]) -> Self {
        let (mut kept, mut weight, mut weighted_eps, mut weighted_square) = (1.0, 0.0, 0.0, 0.0);
        let (mut mean, mut square, mut kind) = (1.0, 1.0, IdleKind::Nothing);
        for rule in rules {
            match *rule {
                Rule::Adam { b1, b2, eps, rate, root, kept: now, .. } => {
                    kind = IdleKind::Adam;
                    mean *= f64::from(b1);
                    square *= f64::from(b2);
                    let scale = f64::from(root) * f64::sqrt(square);
                    let own = f64::from(rate) * mean / scale;
                    let now = f64::from(now);
                    kept *= now;
                    weight = weight * now + own;
                    let eps = f64::from(eps) / scale;
                    weighted_eps = weighted_eps * now + own * eps;
                    weighted_square = weighted_square * now + own * eps * eps;
                }
                Rule::Rmsprop { decay, .. } => {
                    kind = IdleKind::Square;
                    square *= f64::from(decay);
                }
                Rule::Sgd { .. } => {}
                Rule::Momentum { momentum, rate } => {
                    kind = IdleKind::Momentum;
                    mean *= f64::from(momentum);
                    weight += f64::from(rate) * mean;
                }
            }
        }
        let eps = if weight > 0.0 { weighted_eps / weight } else { 1.0 };
        let spread = (weighted_square / (eps * eps) - weight).max(0.0);
        Idle {
            kept: kept as f32,
            weight: weight as f32,
            spread: if spread.is_finite() { spread as f32 } else { 0.0 },
            eps: eps as f32,
            mean: mean as f32,
            square: square as f32,
            kind,
        }
    }

    /// Updates the parameters `p [n]` and their moments `m [n]` and `v [n]`, as [`Rule::apply`].
    pub(super) fn apply(&self, p: &mut [f32], m: &mut [f32], v: &mut [f32]) {
        let Idle { kept, weight, spread, eps, mean, square, kind } = *self;
        match kind {
            IdleKind::Nothing => {}
            // Rows that were never read, or long ago, do not move.
            IdleKind::Adam if kept == 1.0 && m.iter().all(|&m| m == 0.0) => {
                v.iter_mut().for_each(|v| *v = normal(*v * square));
            }
            IdleKind::Adam => {
                for (p, (m, v)) in p.iter_mut().zip(m.iter_mut().zip(v)) {
                    let root = v.sqrt() + eps;
                    let share = eps / root;
                    *p = *p * kept - (weight + spread * (share * share)) * *m / root;
                    *m = flushed(*m * mean);
                    *v = normal(*v * square);
                }
            }
            IdleKind::Square => v.iter_mut().for_each(|v| *v = normal(*v * square)),
            IdleKind::Momentum => {
                for (p, m) in p.iter_mut().zip(m) {
                    *p -= weight * *m;
                    *m = flushed(*m * mean);
                }
            }
        }
    }
}
