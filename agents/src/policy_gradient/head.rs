//! Action distributions, computed from the outputs of a network.
//!
//! | actions | outputs | distribution |
//! |---|---|---|
//! | discrete, A | `logits [A]` | categorical over the legal actions |
//! | continuous, K | `mean [K]`, `log_std [K]` | normal, in units of half the range around its middle |
//!
//! A sampled action is stored as `action [W]`: the index of a discrete action (W = 1), or the normal sample before tanh
//! and before scaling to the world's range (W = K). Log-probabilities are those of the stored sample: the change of
//! variables depends on the sample alone and cancels in ratios and gradients.

use candle_core::{CpuStorage, CustomOp1, Device, Layout, Shape, Tensor};
use freewheel_core::graph::{Graph, Kind, Op, Value};
use freewheel_core::{ActionBuffer, ActionSpace, Error, Result, Spec, Stream};

use crate::nn::activation::tanh;
use crate::nn::model::{candle_error, cpu_slice};
use crate::nn::optimizer::all_finite;

/// Constant ln(2 pi) / 2 of the normal log-density.
const HALF_LN_TAU: f32 = 0.918_938_5;

/// Choice of the action distribution for a world.
#[derive(Clone, Debug, PartialEq)]
pub enum Head {
    /// Categorical distribution over discrete actions.
    Categorical {
        /// Number of actions, A.
        num_actions: usize,
    },
    /// Independent normal distributions of continuous actions.
    Gaussian {
        /// Middle and half width of each action's range, `[K]`.
        ranges: Vec<(f32, f32)>,
        /// Map samples into the range by tanh; otherwise they are clipped to it.
        squash: bool,
        /// Learn the standard deviations; otherwise a schedule sets them.
        learn_std: bool,
    },
}

impl Head {
    /// Distribution for the actions of `spec`.
    ///
    /// # Errors
    /// [`Error::Config`] for an action without bounds: samples are scaled to its range.
    pub fn new(spec: &Spec, squash: bool, learn_std: bool) -> Result<Self> {
        let ActionSpace::Continuous { names, low, high } = &spec.actions else {
            return Ok(Head::Categorical { num_actions: spec.actions.count() });
        };
        let range = |(name, (&low, &high)): (&String, (&f32, &f32))| match (high - low).is_finite() {
            true => Ok((0.5 * (low + high), 0.5 * (high - low))),
            false => {
                Err(Error::Config(format!("world {}: action `{name}` must have finite bounds", spec.id)))
            }
        };
        let ranges = names.iter().zip(low.iter().zip(high)).map(range).collect::<Result<_>>()?;
        Ok(Head::Gaussian { ranges, squash, learn_std })
    }

    /// Number of network outputs of the distribution, H: A for A discrete actions, 2 K for K continuous actions.
    pub fn len(&self) -> usize {
        match self {
            Head::Categorical { num_actions } => *num_actions,
            Head::Gaussian { ranges, .. } => 2 * ranges.len(),
        }
    }

    /// Whether the world has no actions.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Length of a stored action, W: 1 for a discrete action, K for K continuous actions.
    pub fn action_len(&self) -> usize {
        match self {
            Head::Categorical { .. } => 1,
            Head::Gaussian { ranges, .. } => ranges.len(),
        }
    }

    /// Whether a stored action `action [W]` is possible: a legal index, or finite numbers.
    pub(super) fn accepts(&self, action: &[f32], legal: &[bool]) -> bool {
        match self {
            Head::Categorical { .. } => {
                action.iter().all(|&a| a == a.trunc() && a >= 0.0 && legal.get(a as usize) == Some(&true))
            }
            Head::Gaussian { .. } => all_finite(action),
        }
    }

    /// Samples an action from the distribution with the parameters `outputs [H]`; writes the action to `action [W]` and
    /// returns its log-probability.
    pub fn sample(&self, outputs: &[f32], legal: &[bool], rng: &mut Stream, action: &mut [f32]) -> f32 {
        match self {
            Head::Categorical { .. } => {
                let (max, sum) = max_and_sum_exp(outputs, legal);
                let mut rest = rng.uniform() as f32 * sum;
                let mut index = 0;
                for (a, &logit) in outputs.iter().enumerate().filter(|(a, _)| legal[*a]) {
                    rest -= (logit - max).exp();
                    index = a;
                    if rest < 0.0 {
                        break;
                    }
                }
                action[0] = index as f32;
                outputs[index] - max - sum.ln()
            }
            Head::Gaussian { ranges, .. } => {
                let (mean, log_std) = outputs.split_at(ranges.len());
                let mut log_prob = 0.0;
                for ((action, mean), log_std) in action.iter_mut().zip(mean).zip(log_std) {
                    let z = rng.normal() as f32;
                    *action = mean + z * log_std.exp();
                    log_prob -= 0.5 * z * z + log_std + HALF_LN_TAU;
                }
                log_prob
            }
        }
    }

    /// Writes the most probable action under `outputs [H]` to `action [W]`; the first one if several are equally
    /// probable.
    pub fn most_probable(&self, outputs: &[f32], legal: &[bool], action: &mut [f32]) {
        match self {
            Head::Categorical { .. } => {
                let logits = outputs.iter().enumerate().filter(|(a, _)| legal[*a]);
                let best = logits.reduce(|best, other| if other.1 > best.1 { other } else { best });
                action[0] = best.map_or(0.0, |(a, _)| a as f32);
            }
            Head::Gaussian { .. } => action.copy_from_slice(&outputs[..action.len()]),
        }
    }

    /// Writes the stored action `action [W]`, scaled to the world's range, to `buffer` as the action of environment
    /// `i`.
    pub fn write_action(&self, action: &[f32], i: usize, buffer: &mut ActionBuffer) {
        match (self, buffer) {
            (Head::Categorical { .. }, ActionBuffer::Discrete(all)) => all[i] = action[0] as u32,
            (Head::Gaussian { ranges, squash, .. }, ActionBuffer::Continuous(all)) => {
                let scaled = all[i * ranges.len()..].iter_mut();
                for ((scaled, u), (middle, half)) in scaled.zip(action).zip(ranges) {
                    *scaled = middle + half * if *squash { tanh(*u) } else { u.clamp(-1.0, 1.0) };
                }
            }
            // The vector environment refuses actions of the wrong kind.
            _ => {}
        }
    }

    /// Writes the probability of each discrete action to `probabilities [A]`; returns false for continuous actions.
    pub fn probabilities(&self, outputs: &[f32], legal: &[bool], probabilities: &mut [f32]) -> bool {
        let Head::Categorical { .. } = self else { return false };
        let (max, sum) = max_and_sum_exp(outputs, legal);
        for ((p, logit), legal) in probabilities.iter_mut().zip(outputs).zip(legal) {
            *p = if *legal { (logit - max).exp() / sum } else { 0.0 };
        }
        true
    }

    /// Adds the most probable action to `graph`: from the logits `[N, A]`, or the means `[N, K]`.
    pub(crate) fn add_to(&self, graph: &mut Graph, spec: &Spec, outputs: Value) {
        match self {
            Head::Categorical { num_actions } => {
                graph.choose(spec, outputs, Kind::F32);
                let meaning = "logits of the actions, before the mask";
                graph.output("logits", outputs, Kind::F32, &[*num_actions], meaning);
            }
            Head::Gaussian { ranges, squash, .. } => {
                let u = match squash {
                    true => graph.apply(Op::Tanh, &[outputs]),
                    false => graph.clip(outputs, -1.0, 1.0),
                };
                graph.scale_action(spec, u, ranges);
            }
        }
    }

    /// Log-probability of `action [W]` under `outputs [H]`, and the entropy of the distribution (before tanh).
    pub fn log_prob_entropy(&self, outputs: &[f32], legal: &[bool], action: &[f32]) -> (f32, f32) {
        match self {
            Head::Categorical { .. } => {
                let (max, sum) = max_and_sum_exp(outputs, legal);
                let log_sum = max + sum.ln();
                let logits = outputs.iter().zip(legal).filter(|(_, legal)| **legal);
                let plogp = logits.map(|(logit, _)| {
                    let log_p = logit - log_sum;
                    log_p.exp() * log_p
                });
                (outputs[action[0] as usize] - log_sum, -plogp.sum::<f32>())
            }
            Head::Gaussian { ranges, .. } => {
                let (mean, log_std) = outputs.split_at(ranges.len());
                let terms = action.iter().zip(mean).zip(log_std).map(|((u, mean), log_std)| {
                    let z = (u - mean) * (-log_std).exp();
                    (-0.5 * z * z - log_std - HALF_LN_TAU, log_std + 0.5 + HALF_LN_TAU)
                });
                terms.fold((0.0, 0.0), |sum, term| (sum.0 + term.0, sum.1 + term.1))
            }
        }
    }

    /// Backward pass: adds the gradient of `grad_log_prob * log_prob + grad_entropy * entropy` to `grad_outputs [H]`.
    pub(crate) fn backward(
        &self,
        outputs: &[f32],
        legal: &[bool],
        action: &[f32],
        grad_log_prob: f32,
        grad_entropy: f32,
        grad_outputs: &mut [f32],
    ) {
        match self {
            Head::Categorical { .. } => {
                let (max, sum) = max_and_sum_exp(outputs, legal);
                let log_sum = max + sum.ln();
                let entropy = self.log_prob_entropy(outputs, legal, action).1;
                for (a, grad) in grad_outputs.iter_mut().enumerate().filter(|(a, _)| legal[*a]) {
                    let log_p = outputs[a] - log_sum;
                    let p = log_p.exp();
                    let indicator = if a == action[0] as usize { 1.0 } else { 0.0 };
                    // d log p(action) / d logit = [a is the action] - p;  d H / d logit = -p (log p + H).
                    *grad += grad_log_prob * (indicator - p) - grad_entropy * p * (log_p + entropy);
                }
            }
            Head::Gaussian { ranges, learn_std, .. } => {
                let (mean, log_std) = outputs.split_at(ranges.len());
                let (grad_mean, grad_log_std) = grad_outputs.split_at_mut(ranges.len());
                for k in 0..ranges.len() {
                    let inverse_std = (-log_std[k]).exp();
                    let z = (action[k] - mean[k]) * inverse_std;
                    grad_mean[k] += grad_log_prob * z * inverse_std;
                    if *learn_std {
                        grad_log_std[k] += grad_log_prob * (z * z - 1.0) + grad_entropy;
                    }
                }
            }
        }
    }
}

/// Maximum m of the legal logits, and the sum of exp(logit - m) over the legal logits.
fn max_and_sum_exp(logits: &[f32], legal: &[bool]) -> (f32, f32) {
    let legal_logits = || logits.iter().zip(legal).filter(|(_, legal)| **legal).map(|(logit, _)| *logit);
    let max = legal_logits().fold(f32::NEG_INFINITY, f32::max);
    (max, legal_logits().map(|logit| (logit - max).exp()).sum())
}

/// Log-probabilities of B `actions [B, W]`, entropies and values, `[3, B]`, from the network outputs `[B, H + 1]`
/// (parameters of the distribution, then the value) and the masks of legal actions `legal [B, A]`. One operation of
/// candle's graph with a derivative of its own.
pub fn log_prob_entropy_value(
    head: &Head,
    outputs: &Tensor,
    actions: Vec<f32>,
    legal: Vec<bool>,
) -> Result<Tensor> {
    outputs.apply_op1(LogProbEntropyValue { head: head.clone(), actions, legal }).map_err(candle_error)
}

struct LogProbEntropyValue {
    head: Head,
    actions: Vec<f32>,
    legal: Vec<bool>,
}

impl LogProbEntropyValue {
    /// Outputs, action and mask of each of the B samples.
    fn samples<'a>(&'a self, outputs: &'a [f32]) -> impl Iterator<Item = (&'a [f32], &'a [f32], &'a [bool])> {
        let w = self.head.action_len();
        let a = self.legal.len() * w / self.actions.len().max(1);
        let samples = outputs.chunks_exact(self.head.len() + 1).enumerate();
        samples.map(move |(i, outputs)| {
            (outputs, &self.actions[i * w..(i + 1) * w], &self.legal[i * a..(i + 1) * a])
        })
    }
}

impl CustomOp1 for LogProbEntropyValue {
    fn name(&self) -> &'static str {
        "log_prob_entropy_value"
    }

    fn cpu_fwd(&self, outputs: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let outputs = cpu_slice(outputs, layout)?;
        let (h, n) = (self.head.len(), outputs.len() / (self.head.len() + 1));
        let mut results = vec![0.0; 3 * n];
        for (i, (outputs, action, legal)) in self.samples(outputs).enumerate() {
            let (log_prob, entropy) = self.head.log_prob_entropy(&outputs[..h], legal, action);
            (results[i], results[n + i], results[2 * n + i]) = (log_prob, entropy, outputs[h]);
        }
        Ok((CpuStorage::F32(results), Shape::from((3, n))))
    }

    fn bwd(&self, outputs: &Tensor, _results: &Tensor, grad: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let grad = grad.flatten_all()?.to_vec1::<f32>()?;
        let (h, n) = (self.head.len(), grad.len() / 3);
        let mut grad_outputs = vec![0.0; n * (h + 1)];
        {
            let (storage, layout) = outputs.storage_and_layout();
            let candle_core::Storage::Cpu(cpu) = &*storage else {
                candle_core::bail!("the network must be on the CPU");
            };
            let samples = self.samples(cpu_slice(cpu, layout)?).zip(grad_outputs.chunks_exact_mut(h + 1));
            for (i, ((outputs, action, legal), grad_outputs)) in samples.enumerate() {
                let (grad_log_prob, grad_entropy) = (grad[i], grad[n + i]);
                let (grad_head, grad_value) = grad_outputs.split_at_mut(h);
                self.head.backward(&outputs[..h], legal, action, grad_log_prob, grad_entropy, grad_head);
                grad_value[0] = grad[2 * n + i];
            }
        }
        Tensor::from_vec(grad_outputs, (n, h + 1), &Device::Cpu).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::model::tensor;
    use candle_core::{D, Var};
    use freewheel_core::{Purpose, Streams};

    fn gaussian(squash: bool) -> Head {
        Head::Gaussian { ranges: vec![(0.0, 1.0), (1.0, 2.0)], squash, learn_std: true }
    }

    fn rng() -> Stream {
        Streams::new(2).stream(Purpose::Action, 0, 0)
    }

    #[test]
    fn categorical_by_hand() {
        // exp(ln 3) : exp(0) = 3 : 1 between the legal two.
        let (head, logits, legal) =
            (Head::Categorical { num_actions: 3 }, [3f32.ln(), 50.0, 0.0], [true, false, true]);
        let (log_prob, entropy) = head.log_prob_entropy(&logits, &legal, &[2.0]);
        assert!((log_prob - 0.25f32.ln()).abs() < 1e-6);
        assert!((entropy - (0.75 * (4.0 / 3.0f32).ln() + 0.25 * 4f32.ln())).abs() < 1e-6);
        let (mut rng, mut action, mut counts) = (rng(), [0.0], [0; 3]);
        for _ in 0..40_000 {
            let log_prob = head.sample(&logits, &legal, &mut rng, &mut action);
            counts[action[0] as usize] += 1;
            assert!((log_prob - head.log_prob_entropy(&logits, &legal, &action).0).abs() < 1e-6);
        }
        // Five standard errors of a share of 3/4 in 40,000.
        assert!((f64::from(counts[0]) / 40_000.0 - 0.75).abs() < 0.0109 && counts[1] == 0, "{counts:?}");
        head.most_probable(&logits, &legal, &mut action);
        assert_eq!(action, [0.0]);
        let mut p = [9.0; 3];
        assert!(head.probabilities(&logits, &legal, &mut p));
        assert!((p[0] - 0.75).abs() < 1e-6 && p[1] == 0.0);
    }

    #[test]
    fn extreme_logits_stay_finite() {
        let head = Head::Categorical { num_actions: 2 };
        let (log_prob, entropy) = head.log_prob_entropy(&[1e30, -1e30], &[true; 2], &[0.0]);
        assert_eq!((log_prob, entropy), (0.0, 0.0));
        // A single legal action is certain for any logit.
        assert_eq!(head.log_prob_entropy(&[-1e9, 7.0], &[true, false], &[0.0]), (0.0, 0.0));
    }

    #[test]
    fn gaussian_by_hand() {
        let head = gaussian(false);
        // z = 1 and -2 with standard deviations 1 and e: -(1/2 + 2) - 1 - ln(2 pi).
        let numbers = [0.5, 0.0, 0.0, 1.0];
        let action = [1.5, -2.0 * std::f32::consts::E];
        let (log_prob, entropy) = head.log_prob_entropy(&numbers, &[], &action);
        assert!((log_prob - (-3.5 - std::f32::consts::TAU.ln())).abs() < 1e-5);
        // ln(2 pi e) / 2 each, and log_std = 1 of the second.
        assert!((entropy - ((std::f32::consts::TAU * std::f32::consts::E).ln() + 1.0)).abs() < 1e-5);
        let (mut rng, mut drawn) = (rng(), [0.0; 2]);
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..20_000 {
            let log_prob = head.sample(&numbers, &[], &mut rng, &mut drawn);
            assert!((log_prob - head.log_prob_entropy(&numbers, &[], &drawn).0).abs() < 1e-4);
            sum += f64::from(drawn[0]);
            squares += f64::from(drawn[0] - 0.5).powi(2);
        }
        assert!((sum / 20_000.0 - 0.5).abs() < 0.036 && (squares / 20_000.0 - 1.0).abs() < 0.05);
    }

    #[test]
    fn samples_are_scaled_to_the_range() {
        let mut buffer = ActionBuffer::Continuous(vec![0.0; 4]);
        gaussian(false).write_action(&[0.5, -9.0], 1, &mut buffer);
        assert_eq!(buffer, ActionBuffer::Continuous(vec![0.0, 0.0, 0.5, -1.0]));
        gaussian(true).write_action(&[0.5, 20.0], 0, &mut buffer);
        let ActionBuffer::Continuous(all) = buffer else { panic!() };
        assert!((all[0] - 0.5f32.tanh()).abs() < 1e-6 && (all[1] - 3.0).abs() < 1e-6);
    }

    /// The fused operation agrees with the same formula in candle's operations.
    #[test]
    fn log_prob_entropy_value_agrees_with_candle() {
        let numbers: Vec<f32> = (0..20).map(|i| ((i * 7) % 11) as f32 / 3.0 - 1.5).collect();
        let weights = tensor((0..12).map(|i| i as f32 - 4.5).collect(), (3, 4)).unwrap();
        let gradient = |out: &Var, results: &Tensor| {
            let loss = (results * &weights).unwrap().sum_all().unwrap();
            let gradients = loss.backward().unwrap();
            (
                results.flatten_all().unwrap().to_vec1::<f32>().unwrap(),
                gradients.get(out).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap(),
            )
        };
        let close = |a: (Vec<f32>, Vec<f32>), b: (Vec<f32>, Vec<f32>)| {
            for (a, b) in a.0.iter().zip(&b.0).chain(a.1.iter().zip(&b.1)) {
                assert!((a - b).abs() < 2e-5 * (1.0 + b.abs()), "{a} {b}");
            }
        };
        let stack = |log_prob: Tensor, entropy: Tensor, value: Tensor| {
            Tensor::stack(&[log_prob, entropy, value], 0).unwrap()
        };
        let out = Var::from_vec(numbers.clone(), (4, 5), &Device::Cpu).unwrap();
        let value = out.narrow(1, 4, 1).unwrap().squeeze(1).unwrap();

        let head = Head::Categorical { num_actions: 4 };
        let action = [1u32, 0, 3, 2];
        let mut legal = vec![true; 16];
        (legal[0], legal[6], legal[8]) = (false, false, false);
        let ours =
            log_prob_entropy_value(&head, &out, action.map(|a| a as f32).to_vec(), legal.clone()).unwrap();
        let bias = legal.iter().map(|&legal| if legal { 0.0 } else { -1e9 }).collect();
        let logits = (out.narrow(1, 0, 4).unwrap() + tensor(bias, (4, 4)).unwrap()).unwrap();
        let log_p = candle_nn::ops::log_softmax(&logits, D::Minus1).unwrap();
        let index = Tensor::new(&action, &Device::Cpu).unwrap().unsqueeze(1).unwrap();
        let log_prob = log_p.gather(&index, 1).unwrap().squeeze(1).unwrap();
        let entropy = (log_p.exp().unwrap() * &log_p).unwrap().sum(1).unwrap().neg().unwrap();
        close(gradient(&out, &ours), gradient(&out, &stack(log_prob, entropy, value.clone())));

        let drawn = vec![0.3, -0.2, 1.0, 0.4, -1.2, 0.0, 0.9, 2.0];
        let ours = log_prob_entropy_value(&gaussian(true), &out, drawn.clone(), Vec::new()).unwrap();
        let (mean, log_std) = (out.narrow(1, 0, 2).unwrap(), out.narrow(1, 2, 2).unwrap());
        let z = ((tensor(drawn, (4, 2)).unwrap() - mean).unwrap() / log_std.exp().unwrap()).unwrap();
        let each = ((z.sqr().unwrap() * -0.5).unwrap() - &log_std).unwrap();
        let log_prob = (each - f64::from(HALF_LN_TAU)).unwrap().sum(1).unwrap();
        let entropy = (log_std + f64::from(HALF_LN_TAU + 0.5)).unwrap().sum(1).unwrap();
        close(gradient(&out, &ours), gradient(&out, &stack(log_prob, entropy, value)));
    }
}
