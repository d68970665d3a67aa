//! Small random processes against brute force: every deterministic policy, dense elimination, recursion.

use freewheel_core::{ActionBuffer, Certainty, Purpose, Streams};
use proptest::prelude::*;

use super::*;
use crate::mdp::{MdpBuilder, Outcome};

/// Random processes of up to 4 states and 3 actions, with few distinct numbers, so that ties, loops without reward and
/// rewards that cancel are common.
fn small() -> impl Strategy<Value = FiniteMdp> {
    let reward = prop::sample::select(vec![0.0, 0.0, 0.0, -1.0, 1.0, -0.5, 2.0]);
    processes(reward.boxed())
}

/// Small random processes without positive rewards: at gamma 1 the value is never `+inf`.
fn costly() -> impl Strategy<Value = FiniteMdp> {
    processes(prop::sample::select(vec![0.0, 0.0, -1.0, -0.5]).boxed())
}

fn processes(reward: BoxedStrategy<f64>) -> impl Strategy<Value = FiniteMdp> {
    (1usize..=4, 1usize..=3).prop_flat_map(move |(states, actions)| {
        let outcome = (1u32..4, 0..states as u32, reward.clone(), prop::bool::weighted(0.15));
        let row = prop::collection::vec(outcome, 0..4);
        prop::collection::vec(row, states * actions).prop_map(move |rows| {
            let mut builder = MdpBuilder::new(actions);
            for row in rows {
                let total: u32 = row.iter().map(|o| o.0).sum();
                let outcome = |&(p, next, reward, terminal): &(u32, u32, f64, bool)| Outcome {
                    probability: f64::from(p) / f64::from(total),
                    next,
                    reward,
                    terminal,
                };
                builder.push(&row.iter().map(outcome).collect::<Vec<_>>());
            }
            builder.build((0..states as u32).map(|s| (s, 1.0 / states as f64)).collect()).unwrap()
        })
    })
}

/// Transition matrix and rewards of a policy `[S][A]`.
fn dense(mdp: &FiniteMdp, policy: &[Vec<f64>]) -> (Vec<Vec<f64>>, Vec<f64>) {
    let n = mdp.states();
    let (mut matrix, mut rewards) = (vec![vec![0.0; n]; n], vec![0.0; n]);
    for s in 0..n {
        for (a, p) in policy[s].iter().enumerate() {
            for o in mdp.outcomes(s, a) {
                rewards[s] += p * o.probability * o.reward;
                if !o.terminal {
                    matrix[s][o.next as usize] += p * o.probability;
                }
            }
        }
    }
    (matrix, rewards)
}

/// Solution of `a x = b` by Gaussian elimination with partial pivoting.
#[allow(clippy::needless_range_loop)]
fn gauss(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for k in 0..n {
        let pivot = (k..n).max_by(|i, j| a[*i][k].abs().total_cmp(&a[*j][k].abs())).unwrap();
        a.swap(k, pivot);
        b.swap(k, pivot);
        for i in k + 1..n {
            let l = a[i][k] / a[k][k];
            for j in k..n {
                a[i][j] -= l * a[k][j];
            }
            b[i] -= l * b[k];
        }
    }
    for k in (0..n).rev() {
        b[k] = (b[k] - (k + 1..n).map(|j| a[k][j] * b[j]).sum::<f64>()) / a[k][k];
    }
    b
}

fn discounted(mdp: &FiniteMdp, policy: &[Vec<f64>], gamma: f64) -> Vec<f64> {
    let (mut matrix, rewards) = dense(mdp, policy);
    for (s, row) in matrix.iter_mut().enumerate() {
        row.iter_mut().for_each(|p| *p *= -gamma);
        row[s] += 1.0;
    }
    gauss(matrix, rewards)
}

/// Undiscounted total reward of a policy: infinite where a gain or a loss never ends, NaN where rewards cancel for
/// ever.
pub(super) fn total(mdp: &FiniteMdp, policy: &[Vec<f64>]) -> Vec<f64> {
    let (matrix, rewards) = dense(mdp, policy);
    let n = rewards.len();
    let mut reach: Vec<Vec<bool>> =
        (0..n).map(|s| (0..n).map(|t| s == t || matrix[s][t] > 0.0).collect()).collect();
    for k in 0..n {
        for i in 0..n {
            for j in 0..n {
                reach[i][j] |= reach[i][k] && reach[k][j];
            }
        }
    }
    let can_end = |s: usize| matrix[s].iter().sum::<f64>() < 1.0 - 1e-9;
    let never_ends = |s: usize| (0..n).all(|t| !reach[s][t] || (reach[t][s] && !can_end(t)));
    // Gain of each recurrent class: rewards weighted by the stationary distribution, whose last equation is "sums to
    // one".
    let gain = |s: usize| {
        let class: Vec<usize> = (0..n).filter(|t| reach[s][*t]).collect();
        if class.iter().all(|t| rewards[*t].abs() < 1e-12) {
            return 0.0;
        }
        let balance = |i: usize, j: usize| match i {
            0 => 1.0,
            _ => matrix[class[j]][class[i]] - if i == j { 1.0 } else { 0.0 },
        };
        let m = class.len();
        let a = (0..m).map(|i| (0..m).map(|j| balance(i, j)).collect()).collect();
        let share = gauss(a, (0..m).map(|i| f64::from(i == 0)).collect());
        let gain: f64 = class.iter().zip(share).map(|(t, p)| p * rewards[*t]).sum();
        if gain.abs() < 1e-9 { f64::NAN } else { gain * f64::INFINITY }
    };
    let gains: Vec<f64> = (0..n).map(|s| if never_ends(s) { gain(s) } else { 0.0 }).collect();
    let infinite = |s: usize| (0..n).filter(|t| reach[s][*t]).map(|t| gains[t]).sum::<f64>();
    // States that reach no infinite total and are not in a class that never ends: their values solve a linear system.
    let solvable: Vec<usize> = (0..n).filter(|&s| infinite(s) == 0.0 && !never_ends(s)).collect();
    let entry = |i: usize, j: usize| f64::from(i == j) - matrix[solvable[i]][solvable[j]];
    let m = solvable.len();
    let a = (0..m).map(|i| (0..m).map(|j| entry(i, j)).collect()).collect();
    let values = gauss(a, solvable.iter().map(|s| rewards[*s]).collect());
    let mut out: Vec<f64> = (0..n).map(infinite).collect();
    solvable.iter().zip(values).for_each(|(s, v)| out[*s] = v);
    out
}

/// Total discounted reward of a policy within a number of steps.
fn within_steps(mdp: &FiniteMdp, policy: &[Vec<f64>], gamma: f64, steps: u32) -> Vec<f64> {
    let (matrix, rewards) = dense(mdp, policy);
    let mut values = vec![0.0; rewards.len()];
    for _ in 0..steps {
        let product = |row: &Vec<f64>| row.iter().zip(&values).map(|(p, v)| p * v).sum::<f64>();
        values = matrix.iter().zip(&rewards).map(|(row, r)| r + gamma * product(row)).collect();
    }
    values
}

pub(super) fn uniform(mdp: &FiniteMdp) -> Vec<Vec<f64>> {
    let row = |s: usize| {
        let legal: Vec<bool> = (0..mdp.actions()).map(|a| mdp.is_legal(s, a)).collect();
        let count = legal.iter().filter(|l| **l).count() as f64;
        legal.iter().map(|l| if *l { 1.0 / count } else { 0.0 }).collect()
    };
    (0..mdp.states()).map(row).collect()
}

/// Every deterministic policy, with a random action in place of its own with probability `epsilon`.
#[allow(clippy::needless_range_loop)]
fn policies(mdp: &FiniteMdp, epsilon: f64) -> Vec<Vec<Vec<f64>>> {
    let random = uniform(mdp);
    let mut all = vec![Vec::new()];
    for s in 0..mdp.states() {
        let legal: Vec<usize> = (0..mdp.actions()).filter(|&a| mdp.is_legal(s, a)).collect();
        let mix = |chosen: Option<usize>| -> Vec<f64> {
            let p = |a: usize| f64::from(chosen == Some(a)) * (1.0 - epsilon) + epsilon * random[s][a];
            (0..mdp.actions()).map(p).collect()
        };
        let rows: Vec<Vec<f64>> = match legal.as_slice() {
            [] => vec![vec![0.0; mdp.actions()]],
            legal => legal.iter().map(|a| mix(Some(*a))).collect(),
        };
        let extend = |policy: Vec<Vec<f64>>| {
            rows.iter()
                .map(move |row| policy.iter().cloned().chain([row.clone()]).collect::<Vec<_>>())
                .collect::<Vec<_>>()
        };
        all = all.into_iter().flat_map(extend).collect();
    }
    all
}

/// Maximum over several value functions in each state; NaN is ignored.
fn greatest(all: impl Iterator<Item = Vec<f64>>, states: usize) -> Vec<f64> {
    all.fold(vec![f64::NEG_INFINITY; states], |best, values| {
        best.into_iter().zip(values).map(|(b, v)| b.max(v)).collect()
    })
}

fn same(found: &[f64], expected: &[f64], tolerance: f64) -> Result<(), TestCaseError> {
    for (f, e) in found.iter().zip(expected) {
        let equal = f == e || (f.is_nan() && e.is_nan()) || (f - e).abs() <= tolerance * e.abs().max(1.0);
        prop_assert!(equal, "{found:?} is not {expected:?}");
    }
    Ok(())
}

/// Actions of a deterministic policy, `[S][A]`.
fn played(mdp: &FiniteMdp, solution: &Solution) -> Vec<Vec<f64>> {
    let policy = solution.policy.as_ref().unwrap();
    let row = |s: usize| {
        let legal: Vec<bool> = (0..mdp.actions()).map(|a| mdp.is_legal(s, a)).collect();
        let mut actions = ActionBuffer::Discrete(vec![0]);
        let mut rngs = [Streams::new(s as u64).stream(Purpose::Action, 0, 0)];
        policy.act(&[s as f32], &legal, &mut rngs, &mut actions);
        (0..mdp.actions())
            .map(|a| f64::from(legal[a] && actions == ActionBuffer::Discrete(vec![a as u32])))
            .collect()
    };
    (0..mdp.states()).map(row).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn discounted_optima(mdp in small(), gamma in prop::sample::select(vec![0.0, 0.5, 0.9, 0.999])) {
        for epsilon in [0.0, 0.25] {
            let policy_class = if epsilon == 0.0 { PolicyClass::Optimal } else { PolicyClass::EpsilonSoft(epsilon) };
            let all = policies(&mdp, epsilon);
            let expected = greatest(all.iter().map(|p| discounted(&mdp, p, gamma)), mdp.states());
            same(&solve(&mdp, endless(policy_class, gamma)).values, &expected, 1e-9)?;
        }
        let best = solve(&mdp, endless(PolicyClass::Optimal, gamma));
        same(&best.values, &discounted(&mdp, &played(&mdp, &best), gamma), 1e-9)?;
        let random = solve(&mdp, endless(PolicyClass::Random, gamma));
        same(&random.values, &discounted(&mdp, &uniform(&mdp), gamma), 1e-9)?;
        let greedy = solve(&mdp, endless(PolicyClass::EpsilonGreedy(0.0), gamma));
        same(&greedy.values, &best.values, 1e-9)?;
    }

    #[test]
    fn undiscounted_optima(mdp in prop_oneof![small().boxed(), costly().boxed()]) {
        for epsilon in [0.0, 0.25] {
            let policy_class = if epsilon == 0.0 { PolicyClass::Optimal } else { PolicyClass::EpsilonSoft(epsilon) };
            let all: Vec<Vec<f64>> = policies(&mdp, epsilon).iter().map(|p| total(&mdp, p)).collect();
            let expected = greatest(all.into_iter(), mdp.states());
            match mdp.solve(&endless(policy_class, 1.0)) {
                Ok(solution) => same(&solution.values, &expected, 1e-9)?,
                Err(_) => prop_assert!(!mean(&expected).is_finite(), "{expected:?}"),
            }
        }
        let expected = total(&mdp, &uniform(&mdp));
        match mdp.solve(&endless(PolicyClass::Random, 1.0)) {
            Ok(random) => same(&random.values, &expected, 1e-9)?,
            Err(_) => prop_assert!(!mean(&expected).is_finite(), "{expected:?}"),
        }
        if let Ok(best) = mdp.solve(&endless(PolicyClass::Optimal, 1.0)) {
            same(&solve(&mdp, endless(PolicyClass::EpsilonGreedy(0.0), 1.0)).values, &best.values, 1e-9)?;
            // Policies are compared only where the value is finite.
            let mut values = total(&mdp, &played(&mdp, &best));
            values.iter_mut().zip(&best.values).filter(|(_, b)| !b.is_finite()).for_each(|(v, b)| *v = *b);
            same(&values, &best.values, 1e-9)?;
        }
    }

    #[test]
    fn horizons(mdp in small(), gamma in prop::sample::select(vec![0.5, 0.95, 1.0]), steps in 0u32..9) {
        let mut timed = vec![0.0; mdp.states()];
        for _ in 0..steps {
            let q = |s: usize, a: usize| -> f64 {
                mdp.outcomes(s, a)
                    .map(|o| o.probability * (o.reward + if o.terminal { 0.0 } else { gamma * timed[o.next as usize] }))
                    .sum()
            };
            let best = |s: usize| {
                let legal = (0..mdp.actions()).filter(|&a| mdp.is_legal(s, a));
                legal.map(|a| q(s, a)).max_by(f64::total_cmp).unwrap_or(0.0)
            };
            timed = (0..mdp.states()).map(best).collect();
        }
        let observed = solve(&mdp, within(PolicyClass::Optimal, gamma, steps, true));
        same(&observed.values, &timed, 1e-12)?;

        let hidden = solve(&mdp, within(PolicyClass::Optimal, gamma, steps, false));
        let all = policies(&mdp, 0.0);
        let stationary = all.iter().map(|p| mean(&within_steps(&mdp, p, gamma, steps)));
        let stationary = stationary.max_by(f64::total_cmp).unwrap();
        prop_assert!(hidden.value >= stationary - 1e-11, "{} is less than {stationary}", hidden.value);
        prop_assert!(hidden.value <= observed.value + 1e-11);
        close(mean(&hidden.values), hidden.value, 1e-12);
        if hidden.certainty == Certainty::Exact {
            close(hidden.value, observed.value, 1e-11);
        } else {
            prop_assert_eq!(hidden.upper, Some(observed.value));
        }
        let random = solve(&mdp, within(PolicyClass::Random, gamma, steps, false));
        same(&random.values, &within_steps(&mdp, &uniform(&mdp), gamma, steps), 1e-12)?;
    }
}
