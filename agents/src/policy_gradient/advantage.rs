//! Advantages and returns of a rollout, `[T, N]`, tick after tick.
//!
//! Everything is the mover's. Where the turn passes to the other player, what follows counts with the opposite sign: [`Step::carry`]
//! is 1 where the episode goes on with the same player, -1 where it goes on with the other, and 0 where it ended.

use serde::{Deserialize, Serialize};

/// What of a step its advantage depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The mover's reward.
    pub reward: f32,
    /// The value of where the step was made, for the mover.
    pub value: f32,
    /// Whose what follows is: 1, -1, or 0 after an ending.
    pub carry: f32,
    /// The mover's value of what lay beyond an ending: 0 where the rules ended it, the last observation's value where it was cut short.
    pub beyond: f32,
}

/// Generalized advantages (Schulman et al. 2016, arXiv 1506.02438), `out [T, N]`:
///
/// ```text
/// delta_t = r_t + gamma V(s_{t+1}) - V(s_t)
/// A_t     = delta_t + gamma lambda A_{t+1}
/// ```
///
/// of `steps [T, N]`; `last [N]` is the value of what each row sees after the last tick, for who moves there. lambda 1 gives the return less
/// the value, lambda 0 the one-step error.
pub fn generalized(steps: &[Step], last: &[f32], gamma: f32, lambda: f32, out: &mut [f32]) {
    let rows = last.len();
    let mut next: Vec<(f32, f32)> = last.iter().map(|&value| (value, 0.0)).collect();
    let ticks = steps.chunks_exact(rows).zip(out.chunks_exact_mut(rows));
    for (steps, out) in ticks.rev() {
        for ((step, out), next) in steps.iter().zip(out).zip(&mut next) {
            let (next_value, next_advantage) = *next;
            let follows = step.carry * next_value + step.beyond;
            let delta = step.reward + gamma * follows - step.value;
            *out = delta + gamma * lambda * step.carry * next_advantage;
            *next = (step.value, *out);
        }
    }
}

/// Moves and stretches `advantages` to mean 0 and deviation 1.
pub fn standardize(advantages: &mut [f32]) {
    let n = advantages.len() as f64;
    let mean = advantages.iter().map(|&a| f64::from(a)).sum::<f64>() / n;
    let variance =
        advantages.iter().map(|&a| (f64::from(a) - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    let scale = 1.0 / (variance.sqrt() + 1e-8);
    advantages.iter_mut().for_each(|a| *a = ((f64::from(*a) - mean) * scale) as f32);
}

/// The share of the variance of `returns` that `values` explain: 1 is all of it, 0 none; `None` where returns do not vary.
pub fn explained_variance(values: impl Iterator<Item = f32>, returns: &[f32]) -> Option<f64> {
    let variance = |all: &[f64]| {
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        all.iter().map(|x| (x - mean).powi(2)).sum::<f64>()
    };
    let all = variance(&returns.iter().map(|&r| f64::from(r)).collect::<Vec<_>>());
    let left = variance(&values.zip(returns).map(|(v, &r)| f64::from(r) - f64::from(v)).collect::<Vec<_>>());
    // What is left of equal numbers is rounding.
    (all > 1e-12 * returns.len() as f64).then(|| 1.0 - left / all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(reward: f32, value: f32, carry: f32, beyond: f32) -> Step {
        Step { reward, value, carry, beyond }
    }

    fn advantages(steps: &[Step], last: &[f32], gamma: f32, lambda: f32) -> Vec<f32> {
        let mut out = vec![0.0; steps.len()];
        generalized(steps, last, gamma, lambda, &mut out);
        out
    }

    #[test]
    fn by_hand() {
        // Three steps of one row, gamma .5, lambda .5, the last value 8.
        let steps = [step(1.0, 2.0, 1.0, 0.0), step(0.0, 4.0, 1.0, 0.0), step(2.0, 1.0, 1.0, 0.0)];
        // delta: 1 + 2 - 2 = 1; 0 + .5 - 4 = -3.5; 2 + 4 - 1 = 5. A: 5; -3.5 + .25 * 5 = -2.25; 1 - .5625 = .4375.
        assert_eq!(advantages(&steps, &[8.0], 0.5, 0.5), [0.4375, -2.25, 5.0]);
        // lambda 0: the deltas. lambda 1: 1 + 0 + .25 * 2 + .125 * 8 - 2 = .5 and so on.
        assert_eq!(advantages(&steps, &[8.0], 0.5, 0.0), [1.0, -3.5, 5.0]);
        assert_eq!(advantages(&steps, &[8.0], 0.5, 1.0), [0.5, -1.0, 5.0]);
    }

    #[test]
    fn endings_cut_and_truncation_has_a_future() {
        // Terminal after the first step: nothing of the second leaks back. Truncated: the value beyond counts, the trace does not.
        let terminal = [step(1.0, 2.0, 0.0, 0.0), step(100.0, 0.0, 1.0, 0.0)];
        assert_eq!(advantages(&terminal, &[0.0], 0.5, 1.0)[0], -1.0);
        let truncated = [step(1.0, 2.0, 0.0, 6.0), step(100.0, 0.0, 1.0, 0.0)];
        assert_eq!(advantages(&truncated, &[0.0], 0.5, 1.0)[0], 2.0);
    }

    #[test]
    fn the_other_players_gain_is_a_loss() {
        // I move, the other moves and wins 1: my return is -gamma.
        let steps = [step(0.0, 0.0, -1.0, 0.0), step(1.0, 0.0, 0.0, 0.0)];
        assert_eq!(advantages(&steps, &[0.0], 0.5, 1.0), [-0.5, 1.0]);
        // A value seen by the other counts against me.
        assert_eq!(advantages(&steps[..1], &[4.0], 0.5, 1.0), [-2.0]);
    }

    #[test]
    fn rows_do_not_mix() {
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
