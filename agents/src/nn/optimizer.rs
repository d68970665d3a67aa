//! Optimizers with serializable state.
//!
//! Update of the parameters p with the (clipped) gradient g and the learning rate lr:
//!
//! | optimizer | update | source |
//! |---|---|---|
//! | SGD | `m = momentum m + g; p -= lr m` | |
//! | RMSprop | `v = decay v + (1 - decay) g^2; p -= lr g / (sqrt v + eps)` | Tieleman & Hinton 2012 |
//! | Adam | `m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; p -= lr m' / (sqrt v' + eps)` | arXiv 1412.6980 |
//! | AdamW | Adam, and `p -= lr decay p` | arXiv 1711.05101 |
//!
//! m' and v' are the bias-corrected moments.

use freewheel_core::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::progress::MAX_COUNT;
use crate::settings::within;

mod lazy;
mod rule;

use lazy::Owed;
use rule::Rule;

/// Choice of the optimizer, with its settings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    tag = "kind",
    rename_all = "kebab-case",
    deny_unknown_fields,
    expecting = "{ kind = \"adam\" }, \"adam-w\", \"rmsprop\" or \"sgd\""
)]
pub enum OptimizerConfig {
    /// Adam.
    Adam {
        /// Decay of the first moment, 0 to below 1.
        #[serde(default = "beta1")]
        beta1: f64,
        /// Decay of the second moment, 0 to below 1.
        #[serde(default = "beta2")]
        beta2: f64,
        /// Term added to the denominator, above 0.
        #[serde(default = "eps")]
        eps: f64,
    },
    /// Adam with decoupled weight decay.
    AdamW {
        /// Decay of the first moment, 0 to below 1.
        #[serde(default = "beta1")]
        beta1: f64,
        /// Decay of the second moment, 0 to below 1.
        #[serde(default = "beta2")]
        beta2: f64,
        /// Term added to the denominator, above 0.
        #[serde(default = "eps")]
        eps: f64,
        /// Weight decay per unit of learning rate, at least 0.
        #[serde(default = "weight_decay")]
        weight_decay: f64,
    },
    /// RMSprop.
    Rmsprop {
        /// Decay of the second moment, 0 to below 1.
        #[serde(default = "decay")]
        decay: f64,
        /// Term added to the denominator, above 0.
        #[serde(default = "rms_eps")]
        eps: f64,
    },
    /// Stochastic gradient descent.
    Sgd {
        /// Momentum, 0 (none) to below 1.
        #[serde(default)]
        momentum: f64,
    },
}

fn beta1() -> f64 {
    0.9
}
fn beta2() -> f64 {
    0.999
}
fn eps() -> f64 {
    1e-8
}
fn weight_decay() -> f64 {
    0.01
}
fn decay() -> f64 {
    0.99
}
fn rms_eps() -> f64 {
    1e-5
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        OptimizerConfig::Adam { beta1: beta1(), beta2: beta2(), eps: eps() }
    }
}

impl OptimizerConfig {
    /// Checks the range of every setting.
    ///
    /// # Errors
    /// [`Error::Setting`] with the name, value and range of the setting.
    pub fn validate(&self) -> Result<()> {
        // The computation is in f32: numbers that round to 0 or 1 in f32 are out of range.
        let below_1 = |field, value| within(field, value, 0.0, 1.0 - f64::from(f32::EPSILON));
        let positive = |field, value| within(field, value, f64::from(f32::MIN_POSITIVE), f64::MAX);
        match *self {
            OptimizerConfig::Adam { beta1, beta2, eps } => {
                below_1("optimizer.beta1", beta1)?;
                below_1("optimizer.beta2", beta2)?;
                positive("optimizer.eps", eps)
            }
            OptimizerConfig::AdamW { beta1, beta2, eps, weight_decay } => {
                OptimizerConfig::Adam { beta1, beta2, eps }.validate()?;
                within("optimizer.weight_decay", weight_decay, 0.0, f64::MAX)
            }
            OptimizerConfig::Rmsprop { decay, eps } => {
                below_1("optimizer.decay", decay)?;
                positive("optimizer.eps", eps)
            }
            OptimizerConfig::Sgd { momentum } => below_1("optimizer.momentum", momentum),
        }
    }
}

/// Optimizer: its settings and the moments of the gradient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Optimizer {
    /// Settings; not saved, because [`Optimizer::resume`] keeps the current ones.
    #[serde(skip)]
    config: OptimizerConfig,
    steps: u64,
    mean: Vec<f32>,
    square: Vec<f32>,
    /// Steps that rows of tables are owed; none while the optimizer is saved.
    #[serde(skip)]
    owed: Owed,
}

/// Results of an optimizer step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OptimizerStep {
    /// Loss before the step.
    pub loss: f64,
    /// Global norm of the gradient before clipping.
    pub norm: f64,
    /// Whether every parameter is finite after the step.
    pub finite: bool,
}

impl OptimizerStep {
    /// This step, made at environment step or gradient step `step`, if it is finite.
    ///
    /// # Errors
    /// [`Error::Diverged`] if the norm of the gradient or a parameter is not finite.
    pub(crate) fn finite(self, step: u64) -> Result<Self> {
        let diverged =
            |quantity: &str, value| Err(Error::Diverged { quantity: quantity.into(), value, step });
        match (self.norm.is_finite(), self.finite) {
            (false, _) => diverged("gradient norm", self.norm),
            (_, false) => diverged("a parameter", f64::NAN),
            _ => Ok(self),
        }
    }
}

impl Optimizer {
    /// Optimizer for `size` parameters, with moments 0.
    pub fn new(config: OptimizerConfig, size: usize) -> Self {
        let (mean, square) = match config {
            OptimizerConfig::Adam { .. } | OptimizerConfig::AdamW { .. } => (size, size),
            OptimizerConfig::Rmsprop { .. } => (0, size),
            OptimizerConfig::Sgd { momentum } => (if momentum > 0.0 { size } else { 0 }, 0),
        };
        Optimizer {
            config,
            steps: 0,
            mean: vec![0.0; mean],
            square: vec![0.0; square],
            owed: Owed::default(),
        }
    }

    /// Takes over the moments of `saved`; returns false, without a change, if the numbers of parameters differ, a
    /// moment is not finite, or a second moment is negative.
    pub fn resume(&mut self, saved: Optimizer) -> bool {
        let valid = (saved.mean.len(), saved.square.len()) == (self.mean.len(), self.square.len())
            && saved.steps <= MAX_COUNT
            && all_finite(&saved.mean)
            && all_finite(&saved.square)
            && saved.square.iter().all(|&v| v >= 0.0);
        if valid {
            *self = Optimizer { config: self.config, ..saved };
        }
        valid
    }

    /// Updates `parameters [P]` by `gradient [P]`, whose global norm is clipped to `max_norm`. If the norm is not
    /// finite, the parameters and moments do not change.
    pub fn step(
        &mut self,
        parameters: &mut [f32],
        gradient: &[f32],
        learning_rate: f64,
        max_norm: Option<f64>,
    ) -> OptimizerStep {
        let norm = global_norm(gradient);
        if !norm.is_finite() {
            return OptimizerStep { loss: 0.0, norm, finite: true };
        }
        let (rule, scale) = self.next_step(learning_rate, norm, max_norm);
        rule.apply(parameters, gradient, &mut self.mean, &mut self.square, scale);
        OptimizerStep { loss: 0.0, norm, finite: all_finite(parameters) }
    }

    /// Rule of the next step, and the factor that clips a gradient of the norm `norm` to `max_norm`.
    fn next_step(&mut self, learning_rate: f64, norm: f64, max_norm: Option<f64>) -> (Rule, f32) {
        self.steps += 1;
        let scale = max_norm.map_or(1.0, |max| (max / (norm + 1e-6)).min(1.0)) as f32;
        (Rule::new(self.config, self.steps, learning_rate), scale)
    }
}

/// Euclidean norm of `gradient`; sums of blocks are in f32 and are added in f64.
pub fn global_norm(gradient: &[f32]) -> f64 {
    squared_norm(gradient).sqrt()
}

fn squared_norm(gradient: &[f32]) -> f64 {
    let block = |block: &[f32]| {
        let (eights, rest) = block.as_chunks::<8>();
        let mut lanes = [0f32; 8];
        eights.iter().for_each(|eight| lanes.iter_mut().zip(eight).for_each(|(sum, g)| *sum += g * g));
        f64::from(lanes.iter().chain(&rest.iter().map(|g| g * g).collect::<Vec<_>>()[..]).sum::<f32>())
    };
    gradient.chunks(1024).map(block).sum::<f64>()
}

/// Whether all `numbers` are finite (0 times a finite number is 0, 0 times another one is NaN).
pub(crate) fn all_finite(numbers: &[f32]) -> bool {
    let (eights, rest) = numbers.as_chunks::<8>();
    let mut lanes = [0f32; 8];
    eights.iter().for_each(|eight| lanes.iter_mut().zip(eight).for_each(|(sum, x)| *sum += x * 0.0));
    lanes.iter().sum::<f32>() == 0.0 && rest.iter().all(|x| x.is_finite())
}

/// Soft update of a target network (Polyak averaging): `target = (1 - tau) target + tau source`; a copy of `source` for
/// `tau` 1.
pub fn polyak_update(target: &mut [f32], source: &[f32], tau: f64) {
    let tau = tau as f32;
    if tau == 1.0 {
        return target.copy_from_slice(source);
    }
    target.iter_mut().zip(source).for_each(|(target, source)| *target += tau * (source - *target));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Result of two steps on (p - 3)^2 / 2 from 1.
    fn two_steps(config: OptimizerConfig) -> f32 {
        let (mut p, mut optimizer) = ([1.0f32], Optimizer::new(config, 1));
        for _ in 0..2 {
            let gradient = [p[0] - 3.0];
            optimizer.step(&mut p, &gradient, 0.1, None);
        }
        p[0]
    }

    #[test]
    fn steps_by_hand() {
        // 1 + .1 * 2 = 1.2, + .1 * 1.8 = 1.38.
        assert!((two_steps(OptimizerConfig::Sgd { momentum: 0.0 }) - 1.38).abs() < 1e-6);
        // Velocity -2, then .5 * -2 - 1.8 = -2.8: 1.2 + .28.
        assert!((two_steps(OptimizerConfig::Sgd { momentum: 0.5 }) - 1.48).abs() < 1e-6);
        // v = .1 * 4 = .4; 1 + .1 * 2 / (.632456 + 1e-5) = 1.316223; v = .36 + .1 * 2.835105 = .643510;
        // + .1 * 1.683777 / .802201.
        assert!((two_steps(OptimizerConfig::Rmsprop { decay: 0.9, eps: 1e-5 }) - 1.526_117).abs() < 1e-5);
        // Adam: the first step is the learning rate. Then m' = (.9 * -.2 - .19)/.19 = -1.947368;
        // v' = (.999 * .004 + .001 * 3.61)/.001999 = 3.804902; 1.1 + .1 * 1.947368 / 1.950616.
        assert!((two_steps(OptimizerConfig::default()) - 1.199_833_5).abs() < 1e-5);
        // AdamW: p shrinks by 1 - .1 * .5 first: .95 + .1 = 1.05; then gradient -1.95.
        let decayed =
            two_steps(OptimizerConfig::AdamW { beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.5 });
        assert!(
            (decayed
                - (1.05 * 0.95
                    + 0.1 * (0.9 * 0.2 + 0.195)
                        / 0.19
                        / (((0.999 * 0.004 + 0.001 * 1.95f32.powi(2)) / 0.001999).sqrt())))
            .abs()
                < 1e-5
        );
    }

    #[test]
    fn the_norm_is_clipped() {
        let (mut p, mut optimizer) =
            (vec![0.0f32; 2], Optimizer::new(OptimizerConfig::Sgd { momentum: 0.0 }, 2));
        let step = optimizer.step(&mut p, &[3.0, 4.0], 1.0, Some(1.0));
        assert!((step.norm - 5.0).abs() < 1e-6);
        assert!((p[0] + 0.6).abs() < 1e-5 && (p[1] + 0.8).abs() < 1e-5);
        let big: Vec<f32> = (0..3001).map(|i| (i % 7) as f32).collect();
        let exact = big.iter().map(|x| f64::from(x * x)).sum::<f64>().sqrt();
        assert!((global_norm(&big) - exact).abs() < 1e-9);
    }

    #[test]
    fn non_finite_gradients_change_nothing() {
        let mut optimizer = Optimizer::new(OptimizerConfig::default(), 9);
        let (mut p, mut gradient) = (vec![1.0f32; 9], vec![1.0f32; 9]);
        gradient[8] = f32::NAN;
        assert!(optimizer.step(&mut p, &gradient, 0.1, None).norm.is_nan());
        assert_eq!(p, [1.0; 9]);
        p[3] = f32::INFINITY;
        assert!(!optimizer.step(&mut p, &[1.0; 9], 0.1, None).finite);
    }

    #[test]
    fn polyak_averages_and_copies() {
        let mut target = [0.0, 4.0];
        polyak_update(&mut target, &[1.0, 0.0], 0.25);
        assert_eq!(target, [0.25, 3.0]);
        polyak_update(&mut target, &[1.0, 0.0], 1.0);
        assert_eq!(target, [1.0, 0.0]);
    }
}
