//! Running mean and standard deviation (Welford 1962), for the normalization of observations and rewards.

use freewheel_core::{ObservationSpace, Spec};
use serde::{Deserialize, Serialize};

use crate::progress::MAX_COUNT;

/// Normalizes observations to mean 0 and variance 1 by running statistics, or leaves them unchanged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObservationNormalizer {
    running: Option<RunningMeanStd>,
    /// Means and inverse standard deviations in use, `[D]`; changed by [`ObservationNormalizer::refresh`] only.
    scales: Vec<(f32, f32)>,
}

impl ObservationNormalizer {
    /// Normalizer for the observations of `spec`; discrete observations and planes `[C, H, W]` are never normalized.
    pub fn new(spec: &Spec, normalize: bool) -> Self {
        match &spec.observation {
            ObservationSpace::Box { shape, low, .. } if normalize && shape.len() != 3 => {
                ObservationNormalizer {
                    running: Some(RunningMeanStd::new(low.len())),
                    scales: vec![(0.0, 1.0); low.len()],
                }
            }
            _ => ObservationNormalizer { running: None, scales: Vec::new() },
        }
    }

    /// Whether this normalizer, read from a checkpoint, has the shape of `other` and statistics that are possible.
    pub fn can_replace(&self, other: &ObservationNormalizer) -> bool {
        let running = match (&self.running, &other.running) {
            (None, None) => true,
            (Some(own), Some(other)) => own.can_replace(other),
            _ => false,
        };
        running
            && self.scales.len() == other.scales.len()
            && self.scales.iter().all(|(mean, inverse)| mean.is_finite() && inverse.is_finite())
    }

    /// Adds the observations `obs [B, D]` to the running statistics.
    pub fn update(&mut self, obs: &[f32]) {
        if let Some(running) = &mut self.running {
            running.update(obs);
        }
    }

    /// Makes [`ObservationNormalizer::normalize`] use the current statistics.
    pub fn refresh(&mut self) {
        if let Some(running) = &self.running {
            self.scales = running.scales();
        }
    }

    /// Means and inverse standard deviations in use, `[D]` each; `None` if observations are not normalized.
    pub(super) fn constants(&self) -> Option<(Vec<f32>, Vec<f32>)> {
        self.running.is_some().then(|| self.scales.iter().copied().unzip())
    }

    /// Observations `obs [B, D]`, normalized and clipped to -10..10 in the buffer `scratch`; or `obs` itself if
    /// observations are not normalized.
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

/// Variance below which a value is considered constant: such values are centered but not scaled.
const MIN_VARIANCE: f64 = 1e-8;

/// Running mean and variance of each of D numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunningMeanStd {
    count: f64,
    mean: Vec<f64>,
    /// Sum of squared differences from the mean, `[D]`.
    squares: Vec<f64>,
}

impl RunningMeanStd {
    /// Statistics of `len` numbers, without data.
    pub fn new(len: usize) -> Self {
        RunningMeanStd { count: 0.0, mean: vec![0.0; len], squares: vec![0.0; len] }
    }

    /// Number of values, D.
    pub fn len(&self) -> usize {
        self.mean.len()
    }

    /// Whether the number of values is 0.
    pub fn is_empty(&self) -> bool {
        self.mean.is_empty()
    }

    /// Adds B samples, `x [B, D]`, to the statistics.
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

    /// Whether these statistics, read from a checkpoint, have as many numbers as `other` and are possible.
    fn can_replace(&self, other: &RunningMeanStd) -> bool {
        [self.mean.len(), self.squares.len()] == [other.mean.len(); 2]
            && (0.0..=MAX_COUNT as f64).contains(&self.count)
            && self.mean.iter().all(|mean| mean.is_finite())
            && self.squares.iter().all(|squares| (0.0..=f64::MAX).contains(squares))
    }

    /// Mean of value `i`; 0 without data.
    pub fn mean(&self, i: usize) -> f64 {
        self.mean[i]
    }

    /// Population variance of value `i`; 1 with fewer than two samples.
    pub fn variance(&self, i: usize) -> f64 {
        if self.count < 2.0 { 1.0 } else { self.squares[i] / self.count }
    }

    /// Pairs of mean and inverse standard deviation, `[D]`, for [`normalize`].
    pub fn scales(&self) -> Vec<(f32, f32)> {
        let scale = |i| {
            let variance: f64 = self.variance(i);
            let inverse = if variance < MIN_VARIANCE { 1.0 } else { 1.0 / variance.sqrt() };
            (self.mean(i) as f32, inverse as f32)
        };
        (0..self.len()).map(scale).collect()
    }
}

/// Bound of normalized values, against outliers.
pub(super) const CLIP: f32 = 10.0;

/// Writes `(x - mean) / std` of the samples `x [B, D]`, clipped to -10..10, to `out [B, D]`.
pub fn normalize(scales: &[(f32, f32)], x: &[f32], out: &mut [f32]) {
    let d = scales.len().max(1);
    for (x, out) in x.chunks_exact(d).zip(out.chunks_exact_mut(d)) {
        for ((x, out), (mean, inverse)) in x.iter().zip(out).zip(scales) {
            *out = ((x - mean) * inverse).clamp(-CLIP, CLIP);
        }
    }
}

/// Reward scaling by the running standard deviation of the discounted returns (Engstrom et al. 2020, arXiv 2005.12729,
/// section 3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RewardScaler {
    gamma: f64,
    /// Discounted sum of past rewards of each environment, `[N]`.
    sums: Vec<f64>,
    returns: RunningMeanStd,
}

impl RewardScaler {
    /// Scaler for `num_envs` environments with discount `gamma`.
    pub fn new(gamma: f64, num_envs: usize) -> Self {
        RewardScaler { gamma, sums: vec![0.0; num_envs], returns: RunningMeanStd::new(1) }
    }

    /// Whether this scaler, read from a checkpoint, has the discount and number of environments of `other` and
    /// statistics that are possible.
    pub fn can_replace(&self, other: &RewardScaler) -> bool {
        self.gamma.to_bits() == other.gamma.to_bits()
            && self.sums.len() == other.sums.len()
            && self.sums.iter().all(|sum| sum.is_finite())
            && self.returns.can_replace(&other.returns)
    }

    /// Adds the results of one batch step: `rewards [N]`, and the signs of the next values: 1 same player, -1 opponent,
    /// 0 episode over.
    pub fn update(&mut self, rewards: &[f32], next_signs: impl Iterator<Item = f32>) {
        for ((sum, &reward), next_sign) in self.sums.iter_mut().zip(rewards).zip(next_signs) {
            *sum = self.gamma * *sum + f64::from(reward);
            self.returns.update(&[*sum as f32]);
            *sum *= f64::from(next_sign);
        }
    }

    /// Factor by which rewards are multiplied; 1 while all returns are equal.
    pub fn factor(&self) -> f32 {
        let variance = self.returns.variance(0);
        if variance < MIN_VARIANCE { 1.0 } else { (1.0 / variance.sqrt()) as f32 }
    }

    /// Scaled `reward`, clipped to -10..10.
    pub fn scale(&self, reward: f32) -> f32 {
        (reward * self.factor()).clamp(-CLIP, CLIP)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_variance_agree_with_two_passes() {
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
    fn constants_are_centered_and_outliers_are_clipped() {
        let mut running = RunningMeanStd::new(1);
        running.update(&[5.0, 5.0, 5.0]);
        let mut out = [0.0; 2];
        normalize(&running.scales(), &[5.0, 500.0], &mut out);
        assert_eq!(out, [0.0, 10.0]);
    }

    #[test]
    fn returns_by_hand() {
        let mut scale = RewardScaler::new(0.5, 1);
        // Returns 2; .5 * 2 + 2 = 3, episode over; 1. The variance of (2, 3, 1) is 2/3.
        for (reward, next_sign) in [(2.0, 1.0), (2.0, 0.0), (1.0, 1.0)] {
            scale.update(&[reward], [next_sign].into_iter());
        }
        assert!((scale.factor() - (1.5f32).sqrt()).abs() < 1e-6);
        assert_eq!(scale.scale(100.0), 10.0);
        // Equal returns have variance 0; after a change of player, 1 - .5 * 1 = .5 follows 1.
        let mut equal = RewardScaler::new(0.5, 2);
        equal.update(&[1.0, 1.0], [-1.0, -1.0].into_iter());
        assert_eq!(equal.factor(), 1.0);
        equal.update(&[1.0, 1.0], [-1.0, -1.0].into_iter());
        assert!((equal.factor() - 4.0).abs() < 1e-5);
    }
}
