//! Solutions of queries (policy class, discount, horizon) for a decision process.

use std::sync::Arc;

use freewheel_core::{Certainty, Error, Policy, PolicyClass, Result, Solution, SolveQuery};

use super::FiniteMdp;
use super::chain::Chain;
use super::kernel::Kernel;
use super::optimal::{Optimum, backward_induction, optimum};
use super::policy::{ActionRule, StatePolicy};
use super::stationary::{self, EvaluatedPolicy, StationaryPolicy};

impl FiniteMdp {
    /// Solves a query exactly, with one exception: for the optimal policy within a horizon without observed time, the
    /// solution is a bracket of two bounds if a policy that observes the time has a greater value. Definitions are in
    /// the [module documentation](super).
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the value from the start is not finite; [`Error::Config`] if gamma or epsilon is not
    /// in [0, 1].
    pub fn solve(&self, query: &SolveQuery) -> Result<Solution> {
        let SolveQuery { gamma, horizon, time_observed, policy_class } = *query;
        check("gamma", gamma)?;
        let kernel = Kernel::new(self, gamma);
        match policy_class {
            PolicyClass::Optimal => self.optimal(&kernel, &kernel, horizon, time_observed, 0.0),
            PolicyClass::EpsilonSoft(epsilon) => {
                check("epsilon", epsilon)?;
                self.optimal(&kernel.epsilon_soft(epsilon), &kernel, horizon, time_observed, epsilon)
            }
            PolicyClass::Random => {
                let policy = kernel.uniform_over(&kernel.legal);
                self.evaluate(&Chain::of_stochastic(&kernel, &policy), &kernel, horizon, ActionRule::Uniform)
            }
            PolicyClass::EpsilonGreedy(epsilon) => {
                check("epsilon", epsilon)?;
                let optimum = optimum(&kernel);
                if self.finite(&optimum.values, gamma).is_err() && horizon.is_some() {
                    return Err(Error::Unsupported(
                        "at gamma 1 the optimal values are not finite, so that no policy is greedy for them; give a \
                         gamma below 1"
                            .into(),
                    ));
                }
                self.finite(&optimum.values, gamma)?;
                let policy = kernel.mix_uniform(kernel.uniform_over(&optimum.ties), epsilon);
                let chain = Chain::of_stochastic(&kernel, &policy);
                self.evaluate(&chain, &kernel, horizon, ActionRule::Stochastic(policy))
            }
        }
    }

    /// Optimal solution of `kernel`, which is the process `original` with epsilon-random actions.
    fn optimal(
        &self,
        kernel: &Kernel,
        original: &Kernel,
        horizon: Option<u32>,
        time_observed: bool,
        epsilon: f64,
    ) -> Result<Solution> {
        let Some(horizon) = horizon else {
            let Optimum { values, policy, .. } = optimum(kernel);
            let value = self.finite(&values, kernel.gamma)?;
            let policy = StatePolicy::new(
                self.actions(),
                action_rule(policy, epsilon),
                &action_values(original, &values),
            );
            return Ok(exact(value, values, Some(Arc::new(policy))));
        };
        let search = stationary::Search::new(kernel, &self.start, horizon);
        if time_observed {
            let timed = backward_induction(kernel, horizon, &[]);
            // If a policy that does not observe the time has the same value, the solution has this policy.
            let candidate = search.stationary_optimum();
            let same = search.reaches(candidate.value, self.mean(&timed.values));
            let policy = same.then(|| self.stationary_solution(original, &search, candidate, epsilon).1);
            let value = self.mean(&timed.values);
            return Ok(exact(value, timed.values, policy));
        }
        let (evaluated, upper) = search.best();
        let value = evaluated.value;
        let certainty = if search.reaches(value, upper) { Certainty::Exact } else { Certainty::Bracket };
        let upper = if certainty == Certainty::Exact { value } else { upper };
        let (values, policy) = self.stationary_solution(original, &search, evaluated, epsilon);
        Ok(Solution { certainty, value, upper: Some(upper), values, policy: Some(policy) })
    }

    /// Values of a stationary policy within the horizon, and the policy itself.
    fn stationary_solution(
        &self,
        original: &Kernel,
        search: &stationary::Search<'_>,
        evaluated: EvaluatedPolicy,
        epsilon: f64,
    ) -> (Vec<f64>, Arc<dyn Policy>) {
        let (values, next) = search.values(&evaluated.policy);
        let rule = match evaluated.policy {
            StationaryPolicy::Deterministic(actions) => action_rule(actions, epsilon),
            StationaryPolicy::Stochastic(weights) => {
                ActionRule::Stochastic(original.mix_uniform(weights, epsilon))
            }
        };
        (values, Arc::new(StatePolicy::new(self.actions(), rule, &action_values(original, &next))))
    }

    /// Solution of the policy whose chain in `kernel` is `chain`.
    fn evaluate(
        &self,
        chain: &Chain<'_>,
        kernel: &Kernel,
        horizon: Option<u32>,
        rule: ActionRule,
    ) -> Result<Solution> {
        let (values, next) = match horizon {
            None => {
                let values = chain.total().values;
                (values.clone(), values)
            }
            Some(0) => (vec![0.0; self.states()], vec![0.0; self.states()]),
            Some(h) => {
                let next = chain.total_within(h - 1);
                ((0..self.states()).map(|s| chain.step(s, &next)).collect(), next)
            }
        };
        let value = self.finite(&values, kernel.gamma)?;
        let policy = StatePolicy::new(self.actions(), rule, &action_values(kernel, &next));
        Ok(exact(value, values, Some(Arc::new(policy))))
    }

    /// Mean of `values` over the start distribution.
    fn mean(&self, values: &[f64]) -> f64 {
        let starts = self.start.iter().filter(|(_, p)| *p > 0.0);
        starts.map(|&(s, p)| p * values[s as usize]).sum()
    }

    /// Mean of `values` over the start distribution; an error if the mean is not finite.
    fn finite(&self, values: &[f64], gamma: f64) -> Result<f64> {
        let value = self.mean(values);
        if value.is_finite() {
            return Ok(value);
        }
        let reason = if value == f64::INFINITY {
            "infinite: a cycle has a positive total reward"
        } else if value == f64::NEG_INFINITY {
            "minus infinity: no policy from the start is sure to end"
        } else {
            "undefined: the rewards of an endless cycle cancel"
        };
        Err(Error::Unsupported(format!(
            "at gamma {gamma} without a horizon the value is {reason}; give a gamma below 1, or a horizon"
        )))
    }
}

fn check(name: &str, value: f64) -> Result<()> {
    if (0.0..=1.0).contains(&value) {
        Ok(())
    } else {
        Err(Error::Config(format!("`{name}` must be a number from 0 to 1, not {value}")))
    }
}

fn action_rule(actions: Vec<u32>, epsilon: f64) -> ActionRule {
    if epsilon == 0.0 { ActionRule::Greedy(actions) } else { ActionRule::EpsilonGreedy(actions, epsilon) }
}

fn exact(value: f64, values: Vec<f64>, policy: Option<Arc<dyn Policy>>) -> Solution {
    Solution { certainty: Certainty::Exact, value, upper: Some(value), values, policy }
}

/// Action value Q of every pair of state and action, `[S * A]`, from the state values `next` of the next step; negative
/// infinity for illegal actions.
fn action_values(kernel: &Kernel, next: &[f64]) -> Vec<f64> {
    let q = |row: usize| if kernel.legal[row] { kernel.q(row, next) } else { f64::NEG_INFINITY };
    (0..kernel.states * kernel.actions).map(q).collect()
}
