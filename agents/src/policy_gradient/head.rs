//! Distributions over actions, read off a network's output.
//!
//! | actions | numbers a row | distribution |
//! |---|---|---|
//! | counted, A | `logits [A]` | categorical over the legal ones |
//! | continuous, K | `mean [K]`, `log_std [K]` | normal, in units of half the action's range about its middle; perhaps through tanh |
//!
//! What was drawn is kept as `taken [W]`: the index of the choice (W = 1), or the normal numbers before tanh and before they are stretched to
//! the world's range (W = K). Probabilities are those of what is kept; the change of variables depends on the draw alone and leaves
//! ratios and gradients as they are.

use candle_core::{CpuStorage, CustomOp1, Device, Layout, Shape, Tensor};
use freewheel_core::{ActionBuffer, ActionSpace, Error, Result, Spec, Stream};

use crate::nn::activation::tanh;
use crate::nn::model::{candle, cpu_slice};

/// ln(2 pi) / 2.
const HALF_LN_TAU: f32 = 0.918_938_5;

/// The kind of distribution that suits a world's actions.
#[derive(Clone, Debug, PartialEq)]
pub enum Head {
    /// A counted choice of so many.
    Categorical {
        /// A.
        actions: usize,
    },
    /// Real numbers.
    Gaussian {
        /// Middle and half of the range of each, `[K]`.
        ranges: Vec<(f32, f32)>,
        /// Whether draws pass through tanh, so that they end inside the range; else they are cut at it.
        squash: bool,
        /// Whether the deviation is learned; else somebody else sets it.
        learned: bool,
    },
}

impl Head {
    /// For the actions of `spec`.
    ///
    /// # Errors
    /// [`Error::Config`] where an action has no bounds: its range is the unit that draws are made in.
    pub fn of(spec: &Spec, squash: bool, learned: bool) -> Result<Self> {
        let ActionSpace::Continuous { names, low, high } = &spec.actions else {
            return Ok(Head::Categorical { actions: spec.actions.count() });
        };
        let range = |(name, (&low, &high)): (&String, (&f32, &f32))| match (high - low).is_finite() {
            true => Ok((0.5 * (low + high), 0.5 * (high - low))),
            false => Err(Error::Config(format!("{}: `{name}` has no bounds to draw within", spec.id))),
        };
        let ranges = names.iter().zip(low.iter().zip(high)).map(range).collect::<Result<_>>()?;
        Ok(Head::Gaussian { ranges, squash, learned })
    }

    /// Numbers a row of the output takes: A, or 2 K.
    pub fn len(&self) -> usize {
        match self {
            Head::Categorical { actions } => *actions,
            Head::Gaussian { ranges, .. } => 2 * ranges.len(),
        }
    }

    /// Whether there is nothing to choose.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// W, numbers that say what was drawn: 1, or K.
    pub fn taken_len(&self) -> usize {
        match self {
            Head::Categorical { .. } => 1,
            Head::Gaussian { ranges, .. } => ranges.len(),
        }
    }

    /// Draws from the distribution of `numbers [H]`; writes what was drawn to `taken [W]` and gives the logarithm of its probability.
    pub fn sample(&self, numbers: &[f32], legal: &[bool], rng: &mut Stream, taken: &mut [f32]) -> f32 {
        match self {
            Head::Categorical { .. } => {
                let (top, sum) = partition(numbers, legal);
                let mut left = rng.uniform() as f32 * sum;
                let mut choice = 0;
                for (a, &logit) in numbers.iter().enumerate().filter(|(a, _)| legal[*a]) {
                    left -= (logit - top).exp();
                    choice = a;
                    if left < 0.0 {
                        break;
                    }
                }
                taken[0] = choice as f32;
                numbers[choice] - top - sum.ln()
            }
            Head::Gaussian { ranges, .. } => {
                let (mean, log_std) = numbers.split_at(ranges.len());
                let mut log_prob = 0.0;
                for ((taken, mean), log_std) in taken.iter_mut().zip(mean).zip(log_std) {
                    let z = rng.normal() as f32;
                    *taken = mean + z * log_std.exp();
                    log_prob -= 0.5 * z * z + log_std + HALF_LN_TAU;
                }
                log_prob
            }
        }
    }

    /// The most probable action of `numbers [H]`, as `taken [W]`.
    pub fn best(&self, numbers: &[f32], legal: &[bool], taken: &mut [f32]) {
        match self {
            Head::Categorical { .. } => {
                let legal_ones = numbers.iter().enumerate().filter(|(a, _)| legal[*a]);
                // The first of equals.
                let best = legal_ones.reduce(|best, one| if one.1 > best.1 { one } else { best });
                taken[0] = best.map_or(0.0, |(a, _)| a as f32);
            }
            Head::Gaussian { .. } => taken.copy_from_slice(&numbers[..taken.len()]),
        }
    }

    /// Puts what was drawn in the place of row `row` of what the world is told.
    pub fn put(&self, taken: &[f32], row: usize, choice: &mut ActionBuffer) {
        match (self, choice) {
            (Head::Categorical { .. }, ActionBuffer::Discrete(all)) => all[row] = taken[0] as u32,
            (Head::Gaussian { ranges, squash, .. }, ActionBuffer::Continuous(all)) => {
                let actions = all[row * ranges.len()..].iter_mut();
                for ((action, u), (middle, half)) in actions.zip(taken).zip(ranges) {
                    *action = middle + half * if *squash { tanh(*u) } else { u.clamp(-1.0, 1.0) };
                }
            }
            // The batch refuses actions of the other kind, and says so.
            _ => {}
        }
    }

    /// How probable each choice is, `out [A]`; false where actions are not counted.
    pub fn probabilities(&self, numbers: &[f32], legal: &[bool], out: &mut [f32]) -> bool {
        let Head::Categorical { .. } = self else { return false };
        let (top, sum) = partition(numbers, legal);
        for ((p, logit), legal) in out.iter_mut().zip(numbers).zip(legal) {
            *p = if *legal { (logit - top).exp() / sum } else { 0.0 };
        }
        true
    }

    /// The logarithm of the probability of `taken [W]` under `numbers [H]`, and the entropy (before tanh).
    pub fn judge(&self, numbers: &[f32], legal: &[bool], taken: &[f32]) -> (f32, f32) {
        match self {
            Head::Categorical { .. } => {
                let (top, sum) = partition(numbers, legal);
                let log_sum = top + sum.ln();
                let legal_ones = numbers.iter().zip(legal).filter(|(_, legal)| **legal);
                let plogp = legal_ones.map(|(logit, _)| {
                    let log_p = logit - log_sum;
                    log_p.exp() * log_p
                });
                (numbers[taken[0] as usize] - log_sum, -plogp.sum::<f32>())
            }
            Head::Gaussian { ranges, .. } => {
                let (mean, log_std) = numbers.split_at(ranges.len());
                let each = taken.iter().zip(mean).zip(log_std).map(|((u, mean), log_std)| {
                    let z = (u - mean) * (-log_std).exp();
                    (-0.5 * z * z - log_std - HALF_LN_TAU, log_std + 0.5 + HALF_LN_TAU)
                });
                each.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
            }
        }
    }

    /// Adds to `of_numbers [H]` the gradient of `of_log_prob` times the logarithm of the probability of `taken` plus `of_entropy` times the entropy.
    fn differentiate(
        &self,
        numbers: &[f32],
        legal: &[bool],
        taken: &[f32],
        of_log_prob: f32,
        of_entropy: f32,
        of_numbers: &mut [f32],
    ) {
        match self {
            Head::Categorical { .. } => {
                let (top, sum) = partition(numbers, legal);
                let log_sum = top + sum.ln();
                let entropy = self.judge(numbers, legal, taken).1;
                for (a, of) in of_numbers.iter_mut().enumerate().filter(|(a, _)| legal[*a]) {
                    let log_p = numbers[a] - log_sum;
                    let p = log_p.exp();
                    let here = if a == taken[0] as usize { 1.0 } else { 0.0 };
                    // d log p(taken) / d logit = [a is taken] - p;  d H / d logit = -p (log p + H).
                    *of += of_log_prob * (here - p) - of_entropy * p * (log_p + entropy);
                }
            }
            Head::Gaussian { ranges, learned, .. } => {
                let (mean, log_std) = numbers.split_at(ranges.len());
                let (of_mean, of_log_std) = of_numbers.split_at_mut(ranges.len());
                for k in 0..ranges.len() {
                    let inverse = (-log_std[k]).exp();
                    let z = (taken[k] - mean[k]) * inverse;
                    of_mean[k] += of_log_prob * z * inverse;
                    if *learned {
                        of_log_std[k] += of_log_prob * (z * z - 1.0) + of_entropy;
                    }
                }
            }
        }
    }
}

/// The greatest legal logit, and the sum of exp(logit - it) over the legal ones.
fn partition(logits: &[f32], legal: &[bool]) -> (f32, f32) {
    let legal_ones = || logits.iter().zip(legal).filter(|(_, legal)| **legal).map(|(logit, _)| *logit);
    let top = legal_ones().fold(f32::NEG_INFINITY, f32::max);
    (top, legal_ones().map(|logit| (logit - top).exp()).sum())
}

/// From a network's output `[B, H + 1]` (policy, then value) to `[3, B]`: logarithm of the probability of what was taken, entropy, value. One
/// operation in candle's graph with its own derivative; masked by `legal [B, A]`.
pub fn judge(head: &Head, out: &Tensor, taken: Vec<f32>, legal: Vec<bool>) -> Result<Tensor> {
    out.apply_op1(Judge { head: head.clone(), taken, legal }).map_err(candle)
}

struct Judge {
    head: Head,
    taken: Vec<f32>,
    legal: Vec<bool>,
}

impl Judge {
    /// Each row of `out`, with what was taken and the mask.
    fn rows<'a>(&'a self, out: &'a [f32]) -> impl Iterator<Item = (&'a [f32], &'a [f32], &'a [bool])> {
        let rows = out.chunks_exact(self.head.len() + 1).enumerate();
        rows.map(|(row, out)| {
            let (w, a) =
                (self.head.taken_len(), self.legal.len() * self.head.taken_len() / self.taken.len().max(1));
            (out, &self.taken[row * w..(row + 1) * w], &self.legal[row * a..(row + 1) * a])
        })
    }
}

impl CustomOp1 for Judge {
    fn name(&self) -> &'static str {
        "judge"
    }

    fn cpu_fwd(&self, out: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let out = cpu_slice(out, layout)?;
        let (h, rows) = (self.head.len(), out.len() / (self.head.len() + 1));
        let mut judged = vec![0.0; 3 * rows];
        for (row, (numbers, taken, legal)) in self.rows(out).enumerate() {
            let (log_prob, entropy) = self.head.judge(&numbers[..h], legal, taken);
            (judged[row], judged[rows + row], judged[2 * rows + row]) = (log_prob, entropy, numbers[h]);
        }
        Ok((CpuStorage::F32(judged), Shape::from((3, rows))))
    }

    fn bwd(&self, out: &Tensor, _judged: &Tensor, of_judged: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let of_judged = of_judged.flatten_all()?.to_vec1::<f32>()?;
        let (h, rows) = (self.head.len(), of_judged.len() / 3);
        let mut of_out = vec![0.0; rows * (h + 1)];
        {
            let (storage, layout) = out.storage_and_layout();
            let candle_core::Storage::Cpu(cpu) = &*storage else {
                candle_core::bail!("networks learn on the CPU");
            };
            let each = self.rows(cpu_slice(cpu, layout)?).zip(of_out.chunks_exact_mut(h + 1)).enumerate();
            for (row, ((numbers, taken, legal), of_out)) in each {
                let (of_log_prob, of_entropy) = (of_judged[row], of_judged[rows + row]);
                let of_numbers = &mut of_out[..h];
                self.head.differentiate(&numbers[..h], legal, taken, of_log_prob, of_entropy, of_numbers);
                of_out[h] = of_judged[2 * rows + row];
            }
        }
        Tensor::from_vec(of_out, (rows, h + 1), &Device::Cpu).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::model::tensor;
    use candle_core::{D, Var};
    use freewheel_core::{Purpose, Streams};

    fn gaussian(squash: bool) -> Head {
        Head::Gaussian { ranges: vec![(0.0, 1.0), (1.0, 2.0)], squash, learned: true }
    }

    fn rng() -> Stream {
        Streams::new(2).stream(Purpose::Action, 0, 0)
    }

    #[test]
    fn categorical_by_hand() {
        // exp(ln 3) : exp(0) = 3 : 1 between the legal two.
        let (head, logits, legal) =
            (Head::Categorical { actions: 3 }, [3f32.ln(), 50.0, 0.0], [true, false, true]);
        let (log_prob, entropy) = head.judge(&logits, &legal, &[2.0]);
        assert!((log_prob - 0.25f32.ln()).abs() < 1e-6);
        assert!((entropy - (0.75 * (4.0 / 3.0f32).ln() + 0.25 * 4f32.ln())).abs() < 1e-6);
        let (mut rng, mut taken, mut counts) = (rng(), [0.0], [0; 3]);
        for _ in 0..40_000 {
            let log_prob = head.sample(&logits, &legal, &mut rng, &mut taken);
            counts[taken[0] as usize] += 1;
            assert!((log_prob - head.judge(&logits, &legal, &taken).0).abs() < 1e-6);
        }
        // Five standard errors of a share of 3/4 in 40,000.
        assert!((f64::from(counts[0]) / 40_000.0 - 0.75).abs() < 0.0109 && counts[1] == 0, "{counts:?}");
        head.best(&logits, &legal, &mut taken);
        assert_eq!(taken, [0.0]);
        let mut p = [9.0; 3];
        assert!(head.probabilities(&logits, &legal, &mut p));
        assert!((p[0] - 0.75).abs() < 1e-6 && p[1] == 0.0);
    }

    #[test]
    fn extreme_logits_stay_finite() {
        let head = Head::Categorical { actions: 2 };
        let (log_prob, entropy) = head.judge(&[1e30, -1e30], &[true; 2], &[0.0]);
        assert_eq!((log_prob, entropy), (0.0, 0.0));
        // One legal action: certain, whatever its logit.
        assert_eq!(head.judge(&[-1e9, 7.0], &[true, false], &[0.0]), (0.0, 0.0));
    }

    #[test]
    fn gaussian_by_hand() {
        let head = gaussian(false);
        // z = 1 and -2 with standard deviations 1 and e: -(1/2 + 2) - 1 - ln(2 pi).
        let numbers = [0.5, 0.0, 0.0, 1.0];
        let taken = [1.5, -2.0 * std::f32::consts::E];
        let (log_prob, entropy) = head.judge(&numbers, &[], &taken);
        assert!((log_prob - (-3.5 - std::f32::consts::TAU.ln())).abs() < 1e-5);
        // ln(2 pi e) / 2 each, and 1 for the second's logarithm.
        assert!((entropy - ((std::f32::consts::TAU * std::f32::consts::E).ln() + 1.0)).abs() < 1e-5);
        let (mut rng, mut drawn) = (rng(), [0.0; 2]);
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..20_000 {
            let log_prob = head.sample(&numbers, &[], &mut rng, &mut drawn);
            assert!((log_prob - head.judge(&numbers, &[], &drawn).0).abs() < 1e-4);
            sum += f64::from(drawn[0]);
            squares += f64::from(drawn[0] - 0.5).powi(2);
        }
        assert!((sum / 20_000.0 - 0.5).abs() < 0.036 && (squares / 20_000.0 - 1.0).abs() < 0.05);
    }

    #[test]
    fn draws_are_stretched_to_the_range() {
        let mut choice = ActionBuffer::Continuous(vec![0.0; 4]);
        gaussian(false).put(&[0.5, -9.0], 1, &mut choice);
        assert_eq!(choice, ActionBuffer::Continuous(vec![0.0, 0.0, 0.5, -1.0]));
        gaussian(true).put(&[0.5, 20.0], 0, &mut choice);
        let ActionBuffer::Continuous(all) = choice else { panic!() };
        assert!((all[0] - 0.5f32.tanh()).abs() < 1e-6 && (all[1] - 3.0).abs() < 1e-6);
    }

    /// The fused operation against the same written in candle's own.
    #[test]
    fn judging_is_candles() {
        let numbers: Vec<f32> = (0..20).map(|i| ((i * 7) % 11) as f32 / 3.0 - 1.5).collect();
        let weights = tensor((0..12).map(|i| i as f32 - 4.5).collect(), (3, 4)).unwrap();
        let gradient = |out: &Var, judged: &Tensor| {
            let loss = (judged * &weights).unwrap().sum_all().unwrap();
            let gradients = loss.backward().unwrap();
            (
                judged.flatten_all().unwrap().to_vec1::<f32>().unwrap(),
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

        let head = Head::Categorical { actions: 4 };
        let taken = [1u32, 0, 3, 2];
        let mut legal = vec![true; 16];
        (legal[0], legal[6], legal[8]) = (false, false, false);
        let ours = judge(&head, &out, taken.map(|a| a as f32).to_vec(), legal.clone()).unwrap();
        let bias = legal.iter().map(|&legal| if legal { 0.0 } else { -1e9 }).collect();
        let logits = (out.narrow(1, 0, 4).unwrap() + tensor(bias, (4, 4)).unwrap()).unwrap();
        let log_p = candle_nn::ops::log_softmax(&logits, D::Minus1).unwrap();
        let index = Tensor::new(&taken, &Device::Cpu).unwrap().unsqueeze(1).unwrap();
        let log_prob = log_p.gather(&index, 1).unwrap().squeeze(1).unwrap();
        let entropy = (log_p.exp().unwrap() * &log_p).unwrap().sum(1).unwrap().neg().unwrap();
        close(gradient(&out, &ours), gradient(&out, &stack(log_prob, entropy, value.clone())));

        let drawn = vec![0.3, -0.2, 1.0, 0.4, -1.2, 0.0, 0.9, 2.0];
        let ours = judge(&gaussian(true), &out, drawn.clone(), Vec::new()).unwrap();
        let (mean, log_std) = (out.narrow(1, 0, 2).unwrap(), out.narrow(1, 2, 2).unwrap());
        let z = ((tensor(drawn, (4, 2)).unwrap() - mean).unwrap() / log_std.exp().unwrap()).unwrap();
        let each = ((z.sqr().unwrap() * -0.5).unwrap() - &log_std).unwrap();
        let log_prob = (each - f64::from(HALF_LN_TAU)).unwrap().sum(1).unwrap();
        let entropy = (log_std + f64::from(HALF_LN_TAU + 0.5)).unwrap().sum(1).unwrap();
        close(gradient(&out, &ours), gradient(&out, &stack(log_prob, entropy, value)));
    }
}
