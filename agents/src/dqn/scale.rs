//! Running scale of the discounted returns, by which rewards are divided.

use freewheel_core::Ending;
use serde::{Deserialize, Serialize};

/// Weight of a step in the running mean of the squared returns; older steps are forgotten.
const RATE: f64 = 1e-4;
/// Maximum of the scaled rewards: rare rewards do not make the scale as small as the returns are most of the time.
const MAX_SCALED: f64 = 10.0;

/// Running root mean square of the discounted sums of the rewards of N environments.
///
/// As the reward scaling of Engstrom et al. 2020 (arXiv 2005.12729, section 3), but around 0, because action values are
/// not centered, and with forgetting, because the returns of a policy that has learned can be much smaller than those
/// of a random one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ReturnScale {
    gamma: f64,
    /// Discounted sum of past rewards of each environment, `[N]`.
    sums: Vec<f64>,
    /// Weighted sum of the squares of `sums`, and the sum of the weights.
    square: f64,
    weight: f64,
    /// Maximum size of a reward.
    max_reward: f64,
    /// Inverse of the scale in use; changed by [`ReturnScale::refresh`] only.
    factor: f32,
}

impl ReturnScale {
    /// Scale for `num_envs` environments with discount `gamma`, without data: 1.
    pub(super) fn new(gamma: f64, num_envs: usize) -> Self {
        ReturnScale {
            gamma,
            sums: vec![0.0; num_envs],
            square: 0.0,
            weight: 0.0,
            max_reward: 0.0,
            factor: 1.0,
        }
    }

    /// Whether this scale, read from a checkpoint, has the discount and number of environments of `other`, and
    /// possible statistics.
    pub(super) fn can_replace(&self, other: &ReturnScale) -> bool {
        let possible = |x: f64| (0.0..=f64::MAX).contains(&x);
        self.gamma.to_bits() == other.gamma.to_bits()
            && self.sums.len() == other.sums.len()
            && self.sums.iter().all(|sum| sum.is_finite())
            && [self.square, self.weight, self.max_reward].into_iter().all(possible)
            && (f32::MIN_POSITIVE..=f32::MAX).contains(&self.factor)
    }

    /// Adds the `reward` of a step of environment `env`, which ended the episode or not, and after which the opponent
    /// moves or not.
    pub(super) fn update(&mut self, env: usize, reward: f32, ending: Ending, player_changed: bool) {
        let sum = self.gamma * self.sums[env] + f64::from(reward);
        self.square += RATE * (sum * sum - self.square);
        self.weight += RATE * (1.0 - self.weight);
        self.max_reward = self.max_reward.max(f64::from(reward.abs()));
        self.sums[env] = match (ending.is_over(), player_changed) {
            (true, _) => 0.0,
            (false, true) => -sum,
            (false, false) => sum,
        };
    }

    /// Factor by which rewards are multiplied, the inverse of the scale.
    pub(super) fn factor(&self) -> f32 {
        self.factor
    }

    /// Makes [`ReturnScale::factor`] use the current statistics; returns the ratio of the new to the old factor.
    pub(super) fn refresh(&mut self) -> f32 {
        let mean_square = if self.weight > 0.0 { self.square / self.weight } else { 0.0 };
        let scale = mean_square.sqrt().max(self.max_reward / MAX_SCALED);
        // Without rewards, or with rewards beyond the range of f32, the factor stays the same.
        let factor = if scale > 0.0 { (1.0 / scale) as f32 } else { self.factor };
        let old = self.factor;
        if (1e-30..=1e30).contains(&factor) {
            self.factor = factor;
        }
        self.factor / old
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scale_by_hand() {
        let mut scale = ReturnScale::new(0.5, 2);
        assert_eq!((scale.refresh(), scale.factor()), (1.0, 1.0));
        // Sums 2; .5 * 2 + 2 = 3, episode over; 1: the mean square is 14/3, but for weights that differ by 1e-4.
        for (reward, ending) in [(2.0, Ending::Running), (2.0, Ending::Terminal), (1.0, Ending::Running)] {
            scale.update(0, reward, ending, false);
        }
        let ratio = scale.refresh();
        assert!((ratio - (3f32 / 14.0).sqrt()).abs() < 1e-4, "{ratio}");
        assert_eq!(scale.factor(), ratio);
        // The opponent moves next: .5 * -4 + 1 = -1 follows 4.
        let mut scale = ReturnScale::new(0.5, 1);
        scale.update(0, 4.0, Ending::Running, true);
        scale.update(0, 1.0, Ending::Running, true);
        scale.refresh();
        assert!((scale.factor() - (2f32 / 17.0).sqrt()).abs() < 1e-4);
    }

    #[test]
    fn rare_rewards_are_at_most_ten() {
        let mut scale = ReturnScale::new(0.9, 1);
        (0..5000).for_each(|_| scale.update(0, 0.0, Ending::Terminal, false));
        scale.update(0, -3.0, Ending::Terminal, false);
        scale.refresh();
        assert!((scale.factor() * 3.0 - 10.0).abs() < 1e-5);
    }
}
