//! Tabular policy over numbered states.

use freewheel_core::{ActionBuffer, Insight, Policy, Stream};

use super::chain::STOP;

/// Tabular policy. The observation is discrete: the state's number, in `obs[0]`.
#[derive(Clone, Debug, PartialEq)]
pub struct StatePolicy {
    actions: usize,
    rule: ActionRule,
    /// Q(s, a), `[S * A]`; negative infinity where illegal.
    action_values: Vec<f32>,
}

/// Rule for selecting actions.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ActionRule {
    /// Action of each state, `[S]`.
    Greedy(Vec<u32>),
    /// Action of each state, `[S]`, replaced by a random legal one with the given probability.
    EpsilonGreedy(Vec<u32>, f64),
    /// Random legal action, all equally likely.
    Uniform,
    /// Probability of each action, `[S * A]`.
    Stochastic(Vec<f64>),
}

impl StatePolicy {
    /// Policy that selects actions by `rule`; `action_values` `[S * A]` are for display.
    pub(super) fn new(actions: usize, rule: ActionRule, action_values: &[f64]) -> Self {
        StatePolicy { actions, rule, action_values: action_values.iter().map(|q| *q as f32).collect() }
    }

    /// Probability of each action in state `s`, `[A]`, given the mask of legal actions `legal` `[A]`.
    pub fn probabilities(&self, s: usize, legal: &[bool]) -> Vec<f64> {
        let count = legal.iter().filter(|l| **l).count().max(1) as f64;
        let greedy = |table: &[u32], epsilon: f64| {
            let best = greedy_action(table, s, legal);
            let share = |a: usize| if a as u32 == best { 1.0 - epsilon } else { 0.0 };
            (0..legal.len()).map(|a| share(a) + if legal[a] { epsilon / count } else { 0.0 }).collect()
        };
        match &self.rule {
            ActionRule::Greedy(table) => greedy(table, 0.0),
            ActionRule::EpsilonGreedy(table, epsilon) => greedy(table, *epsilon),
            ActionRule::Stochastic(table) if mass(table, s, legal) > 0.0 => {
                let mass = mass(table, s, legal);
                let p = |a: usize| if legal[a] { row(table, s, legal.len())[a] / mass } else { 0.0 };
                (0..legal.len()).map(p).collect()
            }
            ActionRule::Uniform | ActionRule::Stochastic(_) => {
                legal.iter().map(|l| if *l { 1.0 / count } else { 0.0 }).collect()
            }
        }
    }
}

fn row(table: &[f64], s: usize, actions: usize) -> &[f64] {
    table.get(s * actions..(s + 1) * actions).unwrap_or(&[])
}

/// Total probability of the legal actions in row `s` of a table; 1 if all actions of the table are legal.
fn mass(table: &[f64], s: usize, legal: &[bool]) -> f64 {
    row(table, s, legal.len()).iter().zip(legal).filter(|(_, l)| **l).map(|(p, _)| p).sum()
}

/// Action of the table in state `s`, or the first legal action if that of the table is illegal.
fn greedy_action(table: &[u32], s: usize, legal: &[bool]) -> u32 {
    let a = table.get(s).copied().unwrap_or(STOP);
    let is_legal = legal.get(a as usize).copied().unwrap_or(false);
    if is_legal { a } else { legal.iter().position(|l| *l).unwrap_or(0) as u32 }
}

fn random(legal: &[bool], rng: &mut Stream) -> u32 {
    let pick = rng.below(legal.iter().filter(|l| **l).count() as u32) as usize;
    legal.iter().enumerate().filter(|(_, l)| **l).nth(pick).map_or(0, |(a, _)| a as u32)
}

fn sample(table: &[f64], s: usize, legal: &[bool], rng: &mut Stream) -> u32 {
    let mass = mass(table, s, legal);
    if mass <= 0.0 {
        return random(legal, rng);
    }
    let mut left = rng.uniform() * mass;
    let mut pick = 0;
    for (a, p) in row(table, s, legal.len()).iter().enumerate() {
        if legal[a] && *p > 0.0 {
            pick = a as u32;
            left -= p;
            if left < 0.0 {
                break;
            }
        }
    }
    pick
}

impl Policy for StatePolicy {
    fn act(&self, obs: &[f32], legal: &[bool], rngs: &mut [Stream], actions: &mut ActionBuffer) {
        let ActionBuffer::Discrete(out) = actions else { return };
        let rows = obs.iter().zip(legal.chunks_exact(self.actions)).zip(rngs);
        for (((obs, legal), rng), out) in rows.zip(out) {
            let s = *obs as usize;
            *out = match &self.rule {
                ActionRule::Greedy(table) => greedy_action(table, s, legal),
                ActionRule::EpsilonGreedy(_, epsilon) if rng.chance(*epsilon) => random(legal, rng),
                ActionRule::EpsilonGreedy(table, _) => greedy_action(table, s, legal),
                ActionRule::Uniform => random(legal, rng),
                ActionRule::Stochastic(table) => sample(table, s, legal, rng),
            };
        }
    }

    fn action_values(&self, obs: &[f32], _legal: &[bool], out: &mut [f32]) -> bool {
        let begin = obs.first().map_or(usize::MAX, |o| *o as usize).saturating_mul(self.actions);
        let row = self.action_values.get(begin..begin.saturating_add(self.actions));
        match row {
            Some(row) if out.len() == row.len() => {
                out.copy_from_slice(row);
                true
            }
            _ => false,
        }
    }

    fn insight(&self, obs: &[f32], legal: &[bool], _memory: &[f32]) -> Option<Insight> {
        if self.rule == ActionRule::Uniform {
            let p = self.probabilities(0, legal);
            return Some(Insight::probabilities(p.into_iter().map(|p| p as f32).collect()));
        }
        let mut q = vec![0.0; legal.len()];
        self.action_values(obs, legal, &mut q).then(|| Insight::action_values(q, legal))
    }
}

#[cfg(test)]
mod tests {
    use freewheel_core::{Purpose, Streams};

    use super::*;

    #[test]
    fn frequencies_are_probabilities() {
        const N: usize = 40_000;
        for rule in [
            ActionRule::Greedy(vec![2]),
            ActionRule::EpsilonGreedy(vec![2], 0.3),
            ActionRule::Uniform,
            ActionRule::Stochastic(vec![0.0, 0.2, 0.3, 0.5]),
            ActionRule::Stochastic(vec![0.0; 4]),
        ] {
            let policy = StatePolicy::new(4, rule, &[0.0; 4]);
            for legal in [[true; 4], [true, true, true, false], [true, false, false, false]] {
                let mut rngs: Vec<Stream> =
                    (0..N as u64).map(|i| Streams::new(3).stream(Purpose::Action, i, 0)).collect();
                let mut actions = ActionBuffer::Discrete(vec![0; N]);
                policy.act(&[0.0; N], &legal.repeat(N), &mut rngs, &mut actions);
                let ActionBuffer::Discrete(actions) = actions else { panic!() };
                let expected = policy.probabilities(0, &legal);
                for (a, p) in expected.iter().enumerate() {
                    let found = actions.iter().filter(|x| **x == a as u32).count() as f64 / N as f64;
                    // Maximum difference: five standard errors.
                    let error = 5.0 * (p * (1.0 - p) / N as f64).sqrt();
                    assert!((found - p).abs() <= error, "{policy:?} {legal:?} {a}: {found} is not {p}");
                }
            }
        }
    }
}
