//! Running normalization: means and variances that go on with what is seen (Welford 1962; merged after Chan, Golub & LeVeque 1983).

use freewheel_core::{ObservationSpace, Spec};
use serde::{Deserialize, Serialize};

/// Passes observations on as they are, or brings them to mean 0 and variance 1 as it sees more of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObservationNormalizer {
    running: Option<RunningMeanStd>,
    /// Means and inverse deviations in force, `[D]`; they change only when [`ObservationNormalizer::adapt`] is called.
    scales: Vec<(f32, f32)>,
}

impl ObservationNormalizer {
    /// For worlds that look like `spec`; what is an index is never normalized.
    pub fn new(spec: &Spec, normalize: bool) -> Self {
        match &spec.observation {
            ObservationSpace::Box { low, .. } if normalize => ObservationNormalizer {
                running: Some(RunningMeanStd::new(low.len())),
                scales: vec![(0.0, 1.0); low.len()],
            },
            _ => ObservationNormalizer { running: None, scales: Vec::new() },
        }
    }

    /// Whether they are of `other`'s kind and size: what saved ones must be.
    pub fn is_like(&self, other: &ObservationNormalizer) -> bool {
        self.scales.len() == other.scales.len()
    }

    /// Takes in rows `obs [B, D]`.
    pub fn update(&mut self, obs: &[f32]) {
        if let Some(running) = &mut self.running {
            running.update(obs);
        }
    }

    /// Puts what was seen so far into force.
    pub fn adapt(&mut self) {
        if let Some(running) = &self.running {
            self.scales = running.scales();
        }
    }

    /// What the network reads of `obs [B, D]`; `scratch` is used where it has to be made.
    #[inline]
    pub fn normalize<'a>(&self, obs: &'a [f32], scratch: &'a mut Vec<f32>) -> &'a [f32] {
        if self.running.is_none() {
            return obs;
        }
        scratch.resize(obs.len(), 0.0);
        normalize(&self.scales, obs, scratch);
        scratch
    }
}

/// A variance this small is none: what never changes is only centered.
const LEAST_VARIANCE: f64 = 1e-8;

/// The mean and the variance of each of D numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunningMeanStd {
    count: f64,
    mean: Vec<f64>,
    /// Sums of squared deviations.
    squares: Vec<f64>,
}

impl RunningMeanStd {
    /// Of `len` numbers, none seen.
    pub fn new(len: usize) -> Self {
        RunningMeanStd { count: 0.0, mean: vec![0.0; len], squares: vec![0.0; len] }
    }

    /// D.
    pub fn len(&self) -> usize {
        self.mean.len()
    }

    /// Whether it is of no numbers at all.
    pub fn is_empty(&self) -> bool {
        self.mean.is_empty()
    }

    /// Takes in rows `x [B, D]`.
    pub fn update(&mut self, x: &[f32]) {
        for row in x.chunks_exact(self.mean.len().max(1)) {
            self.count += 1.0;
            for ((mean, squares), &x) in self.mean.iter_mut().zip(&mut self.squares).zip(row) {
                let before = f64::from(x) - *mean;
                *mean += before / self.count;
                *squares += before * (f64::from(x) - *mean);
            }
        }
    }

    /// The mean of number `i`; 0 before anything was seen.
    pub fn mean(&self, i: usize) -> f64 {
        self.mean[i]
    }

    /// The variance of number `i`; 1 before two rows were seen.
    pub fn variance(&self, i: usize) -> f64 {
        if self.count < 2.0 { 1.0 } else { self.squares[i] / self.count }
    }

    /// The affine map that gives each number mean 0 and variance 1: pairs of mean and 1 / deviation, `[D]`.
    pub fn scales(&self) -> Vec<(f32, f32)> {
        let scale = |i| {
            let variance: f64 = self.variance(i);
            let inverse = if variance < LEAST_VARIANCE { 1.0 } else { 1.0 / variance.sqrt() };
            (self.mean(i) as f32, inverse as f32)
        };
        (0..self.len()).map(scale).collect()
    }
}

/// Normalized numbers beyond this are cut: one outlier must not move a whole network.
const CUT: f32 = 10.0;

/// `(x - mean) / deviation` of rows `x [B, D]`, cut at 10 either way, written to `out [B, D]`.
pub fn normalize(scales: &[(f32, f32)], x: &[f32], out: &mut [f32]) {
    let d = scales.len().max(1);
    for (x, out) in x.chunks_exact(d).zip(out.chunks_exact_mut(d)) {
        for ((x, out), (mean, inverse)) in x.iter().zip(out).zip(scales) {
            *out = ((x - mean) * inverse).clamp(-CUT, CUT);
        }
    }
}

/// The deviation of discounted returns, by which rewards are divided so that values keep to one scale, whatever a world's unit is
/// (Engstrom et al. 2020, arXiv 2005.12729, section 3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RewardScaler {
    gamma: f64,
    /// The discounted sum of past rewards of each row.
    sums: Vec<f64>,
    seen: RunningMeanStd,
}

impl RewardScaler {
    /// Of `rows` rows.
    pub fn new(gamma: f64, rows: usize) -> Self {
        RewardScaler { gamma, sums: vec![0.0; rows], seen: RunningMeanStd::new(1) }
    }

    /// Takes in a tick: each row's reward, and whose what follows is: 1, -1 where the turn has passed, 0 where the episode ended.
    pub fn update(&mut self, rewards: &[f32], carries: impl Iterator<Item = f32>) {
        for ((sum, &reward), carry) in self.sums.iter_mut().zip(rewards).zip(carries) {
            *sum = self.gamma * *sum + f64::from(reward);
            self.seen.update(&[*sum as f32]);
            *sum *= f64::from(carry);
        }
    }

    /// What a reward is multiplied by; 1 as long as returns do not vary.
    pub fn factor(&self) -> f32 {
        let variance = self.seen.variance(0);
        if variance < LEAST_VARIANCE { 1.0 } else { (1.0 / variance.sqrt()) as f32 }
    }

    /// `reward`, scaled, and cut at 10 either way.
    pub fn scale(&self, reward: f32) -> f32 {
        (reward * self.factor()).clamp(-CUT, CUT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_variance_are_those_of_all() {
        let x: Vec<f32> = (0..200).map(|i| ((i * 31) % 47) as f32 + 1000.0).collect();
        let mut running = RunningMeanStd::new(2);
        x.chunks(20).for_each(|x| running.update(x));
        for i in 0..2 {
            let own: Vec<f64> = x.iter().skip(i).step_by(2).map(|&x| f64::from(x)).collect();
            let mean = own.iter().sum::<f64>() / 100.0;
            let variance = own.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 100.0;
            assert!((running.mean(i) - mean).abs() < 1e-9 && (running.variance(i) - variance).abs() < 1e-9);
        }
        let mut out = vec![0.0; 200];
        normalize(&running.scales(), &x, &mut out);
        let again = out.iter().step_by(2).sum::<f32>() / 100.0;
        assert!(again.abs() < 1e-4, "{again}");
    }

    #[test]
    fn what_never_changes_is_only_centered_and_outliers_are_cut() {
        let mut running = RunningMeanStd::new(1);
        running.update(&[5.0, 5.0, 5.0]);
        let mut out = [0.0; 2];
        normalize(&running.scales(), &[5.0, 500.0], &mut out);
        assert_eq!(out, [0.0, 10.0]);
    }

    #[test]
    fn returns_by_hand() {
        let mut scale = RewardScaler::new(0.5, 1);
        // 2; .5 * 2 + 2 = 3, the end; 1: variance of (2, 3, 1) is 2/3.
        for (reward, carry) in [(2.0, 1.0), (2.0, 0.0), (1.0, 1.0)] {
            scale.update(&[reward], [carry].into_iter());
        }
        assert!((scale.factor() - (1.5f32).sqrt()).abs() < 1e-6);
        assert_eq!(scale.scale(100.0), 10.0);
        // Equal first rewards do not vary; and where the turn passes, 1 - .5 * 1 = .5 follows 1.
        let mut equal = RewardScaler::new(0.5, 2);
        equal.update(&[1.0, 1.0], [-1.0, -1.0].into_iter());
        assert_eq!(equal.factor(), 1.0);
        equal.update(&[1.0, 1.0], [-1.0, -1.0].into_iter());
        assert!((equal.factor() - 4.0).abs() < 1e-5);
    }
}
