//! Advantages of a rollout `[T, N]`: T batch steps of N environments, batch step after batch step.
//!
//! Rewards and values are those of the player that moves. In a two-player game the value of the next state counts with
//! the opposite sign if the other player moves there ([`Step::next_sign`]).

use serde::{Deserialize, Serialize};

/// Data of one step from which its advantage is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Reward of the player that moves.
    pub reward: f32,
    /// Estimated value of the state in which the step was made, for the player that moves.
    pub value: f32,
    /// Sign of the next value: 1 same player, -1 opponent, 0 episode over.
    pub next_sign: f32,
    /// Value of the final observation of a truncated episode, for the player that moves; otherwise 0.
    pub bootstrap: f32,
}

/// Generalized advantage estimation (Schulman et al. 2016, arXiv 1506.02438):
///
/// ```text
/// delta_t = r_t + gamma V(s_{t+1}) - V(s_t)
/// A_t     = delta_t + gamma lambda A_{t+1}
/// ```
///
/// Reads `steps [T, N]` (T batch steps of N environments) and `last [N]`, the values of the observations after the last
/// step, each for the player that moves next; writes `advantages [T, N]`. With `lambda` 1 an advantage is the return
/// less the value, with `lambda` 0 the one-step TD error.
///
/// ```
/// # use freewheel_agents::policy_gradient::advantage::{Step, gae};
/// let steps = [Step { reward: 1.0, value: 2.0, next_sign: 1.0, bootstrap: 0.0 }];
/// let mut advantages = [0.0];
/// gae(&steps, &[4.0], 0.5, 0.95, &mut advantages);
/// assert_eq!(advantages, [1.0 + 0.5 * 4.0 - 2.0]);
/// ```
pub fn gae(steps: &[Step], last: &[f32], gamma: f32, lambda: f32, advantages: &mut [f32]) {
    let num_envs = last.len();
    let mut next: Vec<(f32, f32)> = last.iter().map(|&value| (value, 0.0)).collect();
    let batch_steps = steps.chunks_exact(num_envs).zip(advantages.chunks_exact_mut(num_envs));
    for (steps, advantages) in batch_steps.rev() {
        for ((step, advantage), next) in steps.iter().zip(advantages).zip(&mut next) {
            let (next_value, next_advantage) = *next;
            let next_value = step.next_sign * next_value + step.bootstrap;
            let delta = step.reward + gamma * next_value - step.value;
            *advantage = delta + gamma * lambda * step.next_sign * next_advantage;
            *next = (step.value, *advantage);
        }
    }
}

/// Scales `advantages` to mean 0 and standard deviation 1 in place.
pub fn standardize(advantages: &mut [f32]) {
    let n = advantages.len() as f64;
    let mean = advantages.iter().map(|&a| f64::from(a)).sum::<f64>() / n;
    let variance =
        advantages.iter().map(|&a| (f64::from(a) - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    let scale = 1.0 / (variance.sqrt() + 1e-8);
    advantages.iter_mut().for_each(|a| *a = ((f64::from(*a) - mean) * scale) as f32);
}

/// Explained variance: share of the variance of `returns` that the predictions `values` explain, at most 1; `None` if
/// all returns are equal.
pub fn explained_variance(values: impl Iterator<Item = f32>, returns: &[f32]) -> Option<f64> {
    let squares = |all: &[f64]| {
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        all.iter().map(|x| (x - mean).powi(2)).sum::<f64>()
    };
    let total = squares(&returns.iter().map(|&r| f64::from(r)).collect::<Vec<_>>());
    let residual =
        squares(&values.zip(returns).map(|(v, &r)| f64::from(r) - f64::from(v)).collect::<Vec<_>>());
    // Equal returns differ by rounding errors only.
    (total > 1e-12 * returns.len() as f64).then(|| 1.0 - residual / total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(reward: f32, value: f32, next_sign: f32, bootstrap: f32) -> Step {
        Step { reward, value, next_sign, bootstrap }
    }

    fn advantages(steps: &[Step], last: &[f32], gamma: f32, lambda: f32) -> Vec<f32> {
        let mut out = vec![0.0; steps.len()];
        gae(steps, last, gamma, lambda, &mut out);
        out
    }

    #[test]
    fn by_hand() {
        // Three steps of one environment, gamma .5, lambda .5, last value 8.
        let steps = [step(1.0, 2.0, 1.0, 0.0), step(0.0, 4.0, 1.0, 0.0), step(2.0, 1.0, 1.0, 0.0)];
        // delta: 1 + 2 - 2 = 1; 0 + .5 - 4 = -3.5; 2 + 4 - 1 = 5. A: 5; -3.5 + .25 * 5 = -2.25; 1 - .5625 = .4375.
        assert_eq!(advantages(&steps, &[8.0], 0.5, 0.5), [0.4375, -2.25, 5.0]);
        // lambda 0: the deltas. lambda 1: 1 + 0 + .25 * 2 + .125 * 8 - 2 = .5 and so on.
        assert_eq!(advantages(&steps, &[8.0], 0.5, 0.0), [1.0, -3.5, 5.0]);
        assert_eq!(advantages(&steps, &[8.0], 0.5, 1.0), [0.5, -1.0, 5.0]);
    }

    #[test]
    fn endings_cut_the_trace_and_truncation_bootstraps() {
        // Termination after the first step: the second step has no influence. Truncation: the bootstrap value counts,
        // the trace is cut.
        let terminal = [step(1.0, 2.0, 0.0, 0.0), step(100.0, 0.0, 1.0, 0.0)];
        assert_eq!(advantages(&terminal, &[0.0], 0.5, 1.0)[0], -1.0);
        let truncated = [step(1.0, 2.0, 0.0, 6.0), step(100.0, 0.0, 1.0, 0.0)];
        assert_eq!(advantages(&truncated, &[0.0], 0.5, 1.0)[0], 2.0);
    }

    #[test]
    fn values_of_the_opponent_count_with_the_opposite_sign() {
        // The first player moves, the opponent moves and wins 1: the first return is -gamma.
        let steps = [step(0.0, 0.0, -1.0, 0.0), step(1.0, 0.0, 0.0, 0.0)];
        assert_eq!(advantages(&steps, &[0.0], 0.5, 1.0), [-0.5, 1.0]);
        // The last value belongs to the opponent.
        assert_eq!(advantages(&steps[..1], &[4.0], 0.5, 1.0), [-2.0]);
    }

    #[test]
    fn environments_are_independent() {
        let one = [step(1.0, 0.5, 1.0, 0.0), step(2.0, 0.25, 0.0, 0.0)];
        let other = [step(-1.0, 3.0, 0.0, 1.0), step(5.0, 1.0, 1.0, 0.0)];
        let both = [one[0], other[0], one[1], other[1]];
        let (a, b) = (advantages(&one, &[9.0], 0.9, 0.8), advantages(&other, &[7.0], 0.9, 0.8));
        assert_eq!(advantages(&both, &[9.0, 7.0], 0.9, 0.8), [a[0], b[0], a[1], b[1]]);
    }

    #[test]
    fn standard_scores_and_explained_variance() {
        let mut a = [1.0, 2.0, 3.0];
        standardize(&mut a);
        assert!((a[0] + 1.0).abs() < 1e-6 && a[1].abs() < 1e-6);
        let mut one = [5.0];
        standardize(&mut one);
        assert_eq!(one, [0.0]);
        let returns = [1.0, 2.0, 3.0];
        assert_eq!(explained_variance([1.0, 2.0, 3.0].into_iter(), &returns), Some(1.0));
        assert_eq!(explained_variance([7.0; 3].into_iter(), &returns).map(|x| x.abs() < 1e-9), Some(true));
        assert_eq!(explained_variance([7.0; 2].into_iter(), &[1.0, 1.0]), None);
    }
}
