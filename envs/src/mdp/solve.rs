//! Which answer a question gets.

use std::sync::Arc;

use freewheel_core::{Certainty, Error, Policy, PolicyClass, Result, Solution, SolveQuery};

use super::FiniteMdp;
use super::best::{Optimum, best};
use super::blind::{self, Plan, Play};
use super::chain::Chain;
use super::horizon::timed;
use super::kernel::Kernel;
use super::policy::{Manner, StatePolicy};

impl FiniteMdp {
    /// Answers a question exactly, except for the best play within a horizon that is not observed: that is a
    /// bracket wherever seeing the clock is worth something. See the [module](super) for the definitions.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where the value from the start is not a finite number; [`Error::Config`] where
    /// gamma or an epsilon is not in
    /// [0, 1].
    pub fn solve(&self, query: &SolveQuery) -> Result<Solution> {
        let SolveQuery { gamma, horizon, time_observed, policy_class } = *query;
        check("gamma", gamma)?;
        let kernel = Kernel::new(self, gamma);
        match policy_class {
            PolicyClass::Optimal => self.best(&kernel, &kernel, horizon, time_observed, 0.0),
            PolicyClass::EpsilonSoft(epsilon) => {
                check("epsilon", epsilon)?;
                self.best(&kernel.soft(epsilon), &kernel, horizon, time_observed, epsilon)
            }
            PolicyClass::Random => {
                let policy = kernel.evenly(&kernel.legal);
                self.evaluate(&Chain::of_mixture(&kernel, &policy), &kernel, horizon, Manner::Random)
            }
            PolicyClass::EpsilonGreedy(epsilon) => {
                check("epsilon", epsilon)?;
                let optimum = best(&kernel);
                if self.finite(&optimum.values, gamma).is_err() && horizon.is_some() {
                    return Err(Error::Unsupported(
                        "at gamma 1 there are no finite best values to be greedy for; give a gamma below 1"
                            .into(),
                    ));
                }
                self.finite(&optimum.values, gamma)?;
                let policy = kernel.softened(kernel.evenly(&optimum.ties), epsilon);
                let chain = Chain::of_mixture(&kernel, &policy);
                self.evaluate(&chain, &kernel, horizon, Manner::Mixed(policy))
            }
        }
    }

    /// The best in `kernel`, whose actions are those of `plain` made random with probability `epsilon`.
    fn best(
        &self,
        kernel: &Kernel,
        plain: &Kernel,
        horizon: Option<u32>,
        time_observed: bool,
        epsilon: f64,
    ) -> Result<Solution> {
        let Some(horizon) = horizon else {
            let Optimum { values, choice, .. } = best(kernel);
            let value = self.finite(&values, kernel.gamma)?;
            let policy =
                StatePolicy::new(self.actions(), manner(choice, epsilon), &action_values(plain, &values));
            return Ok(exact(value, values, Some(Arc::new(policy))));
        };
        let search = blind::Search::new(kernel, &self.start, horizon);
        if time_observed {
            let timed = timed(kernel, horizon, &[]);
            // Where a policy that sees no clock does as well, it is the answer's policy.
            let candidate = search.stationary_optimum();
            let same = search.is_upper(candidate.value, self.mean(&timed.values));
            let policy = same.then(|| self.played(plain, &search, candidate, epsilon).1);
            let value = self.mean(&timed.values);
            return Ok(exact(value, timed.values, policy));
        }
        let (play, upper) = search.best();
        let value = play.value;
        let certainty = if search.is_upper(value, upper) { Certainty::Exact } else { Certainty::Bracket };
        let upper = if certainty == Certainty::Exact { value } else { upper };
        let (values, policy) = self.played(plain, &search, play, epsilon);
        Ok(Solution { certainty, value, upper: Some(upper), values, policy: Some(policy) })
    }

    /// The values of a stationary policy within the horizon, and the policy itself.
    fn played(
        &self,
        plain: &Kernel,
        search: &blind::Search<'_>,
        play: Play,
        epsilon: f64,
    ) -> (Vec<f64>, Arc<dyn Policy>) {
        let (values, next) = search.values(&play.plan);
        let manner = match play.plan {
            Plan::ActionBuffer(choice) => manner(choice, epsilon),
            Plan::Mixture(weights) => Manner::Mixed(plain.softened(weights, epsilon)),
        };
        (values, Arc::new(StatePolicy::new(self.actions(), manner, &action_values(plain, &next))))
    }

    /// The value of the policy that makes `chain` of `kernel`.
    fn evaluate(
        &self,
        chain: &Chain<'_>,
        kernel: &Kernel,
        horizon: Option<u32>,
        manner: Manner,
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
        let policy = StatePolicy::new(self.actions(), manner, &action_values(kernel, &next));
        Ok(exact(value, values, Some(Arc::new(policy))))
    }

    /// The mean over the starts.
    fn mean(&self, values: &[f64]) -> f64 {
        let starts = self.start.iter().filter(|(_, p)| *p > 0.0);
        starts.map(|&(s, p)| p * values[s as usize]).sum()
    }

    /// The same, where that is a number.
    fn finite(&self, values: &[f64], gamma: f64) -> Result<f64> {
        let value = self.mean(values);
        if value.is_finite() {
            return Ok(value);
        }
        let why = if value == f64::INFINITY {
            "infinite: going round for ever earns more than it costs"
        } else if value == f64::NEG_INFINITY {
            "minus infinity: from the start, the end is not sure to be reached"
        } else {
            "undefined: what is paid for ever neither adds up nor stops"
        };
        Err(Error::Unsupported(format!(
            "at gamma {gamma} without a horizon the value is {why}; give a gamma below 1, or a horizon"
        )))
    }
}

fn check(name: &str, value: f64) -> Result<()> {
    if (0.0..=1.0).contains(&value) {
        Ok(())
    } else {
        Err(Error::Config(format!("{name} is {value}, but must be in 0..=1")))
    }
}

fn manner(choice: Vec<u32>, epsilon: f64) -> Manner {
    if epsilon == 0.0 { Manner::Greedy(choice) } else { Manner::Epsilon(choice, epsilon) }
}

fn exact(value: f64, values: Vec<f64>, policy: Option<Arc<dyn Policy>>) -> Solution {
    Solution { certainty: Certainty::Exact, value, upper: Some(value), values, policy }
}

/// Q of every row, `[S * A]`, from the values of the step after; negative infinity where not legal.
fn action_values(kernel: &Kernel, next: &[f64]) -> Vec<f64> {
    let q = |row: usize| if kernel.legal[row] { kernel.q(row, next) } else { f64::NEG_INFINITY };
    (0..kernel.states * kernel.actions).map(q).collect()
}
