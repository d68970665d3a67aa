//! `market/regime`: betting on a price whose regime is hidden.

mod belief;
mod bounds;
mod rules;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use freewheel_core::{
    Baseline, Certainty, DynWorld, Error, ObservationSpace, PolicyClass, Result, Solution, SolveQuery, Step,
    Stream, World,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::belief::{Belief, Fractions};
use self::rules::{Rules, State, VERSION};
use super::account::{Account, SEEN};
use super::desk::{Desk, Market, Outside, Reference};
use super::draw::Chart;
use super::menu::{Menu, Range, Rule, Table};
use super::refuse::{check, checked};
use super::settings::ActionKind;

/// Settings of `market/regime`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Regime {
    /// Steps of an episode, 1..=10000.
    pub steps: u32,
    /// Discount of the task, 0..=1.
    pub gamma: f64,
    /// Whether fractions are counted levels ("grid") or any number from 0 to 1 ("continuous").
    pub actions: ActionKind,
    /// Counted fractions from 0 to 1, 2..=101.
    pub levels: usize,
    /// What is seen: the last moves ("moves"), or the probability of the good regime given all of them ("belief").
    pub observe: Observe,
    /// How many moves are seen, 1..=16.
    pub memory: u32,
    /// A price move, up or down, as a fraction; above 0 and below 1.
    pub size: f64,
    /// Probability of a move up in the good regime, .5..=1.
    pub up_good: f64,
    /// Probability of a move up in the bad regime, 0..=.5.
    pub up_bad: f64,
    /// Probability of staying in a regime, .5..1.
    pub stay: f64,
}

/// What a trader sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Observe {
    /// The last moves, as one index.
    #[default]
    Moves,
    /// The probability of the good regime, given all moves.
    Belief,
}

impl Default for Regime {
    fn default() -> Self {
        Regime {
            steps: 250,
            gamma: 0.99,
            actions: ActionKind::Grid,
            levels: 3,
            observe: Observe::Moves,
            memory: 8,
            size: 0.01,
            up_good: 0.6,
            up_bad: 0.4,
            stay: 0.95,
        }
    }
}

impl Regime {
    pub(super) const NAME: &'static str = "regime";
    pub(super) const ABOUT: &'static str =
        "What fraction to hold while the regime is hidden, log utility; bracketed by the Bayes filter";

    pub(super) fn build(&self) -> Result<Arc<dyn DynWorld>> {
        let hidden = self.hidden()?;
        Ok(match self.actions {
            ActionKind::Grid => {
                let orders: Vec<[f64; 1]> = self.levels().iter().map(|&fraction| [fraction]).collect();
                let names = orders.iter().map(|[fraction]| format!("{fraction:.2}")).collect();
                self.desk(hidden, Table { names, orders })
            }
            ActionKind::Continuous => {
                self.desk(hidden, Range { names: ["fraction"], low: [0.0], high: [1.0] })
            }
        })
    }

    fn desk<A: Menu<1> + Clone>(&self, hidden: Hidden, menu: A) -> Arc<dyn DynWorld> {
        let observation = match self.observe {
            Observe::Moves => ObservationSpace::Discrete { n: 2 << self.memory },
            Observe::Belief => ObservationSpace::vector(&[(0.0, 1.0)]),
        };
        let outside = Outside {
            id: "market/regime",
            version: VERSION,
            observation,
            time_limit: Some(self.steps),
            gamma: self.gamma,
            unit: "of the wealth begun with",
            scripts: &["filter", "clairvoyant", "buy-and-hold", "flat"],
        };
        Desk::new(outside, hidden, menu).shared()
    }

    fn levels(&self) -> Vec<f64> {
        (0..self.levels).map(|i| i as f64 / (self.levels - 1) as f64).collect()
    }

    fn hidden(&self) -> Result<Hidden> {
        self.check()?;
        let Regime { size, up_good, up_bad, stay, .. } = *self;
        let fractions = match self.actions {
            ActionKind::Grid => Fractions::Levels(self.levels()),
            ActionKind::Continuous => Fractions::Any,
        };
        let rules = Rules { size, up: [up_bad, up_good], stay, memory: self.memory, fractions };
        Ok(Hidden { rules, observe: self.observe })
    }

    fn check(&self) -> Result<()> {
        check("market/regime", || {
            checked("steps", self.steps, 1..=10_000)?;
            checked("gamma", self.gamma, 0.0..=1.0)?;
            checked("levels", self.levels, 2..=101)?;
            checked("memory", self.memory, 1..=16)?;
            checked("size", self.size, 1e-6..=0.99)?;
            checked("up_good", self.up_good, 0.5..=0.999)?;
            checked("up_bad", self.up_bad, 0.001..=0.5)?;
            checked("stay", self.stay, 0.5..=0.999)
        })
    }
}

/// The market with what its trader sees of it.
struct Hidden {
    rules: Rules,
    observe: Observe,
}

impl Hidden {
    /// The filter's optimum, between two bounds; the best with the last moves alone, where those are seen.
    fn best(&self, query: &SolveQuery) -> Result<Reference<1>> {
        let rules = &self.rules;
        let (low, high) = bounds::filter(rules, query)?;
        let (value, values, rule): (f64, Vec<f64>, Arc<Rule<1>>) = match self.observe {
            Observe::Belief => {
                let rules = rules.clone();
                let rule = move |obs: &[f32]| [rules.fraction(Belief(f64::from(obs[0])))];
                (low, Vec::new(), Arc::new(rule))
            }
            Observe::Moves => {
                let beliefs = belief::of_moves(rules);
                let plan: Vec<f64> = beliefs.iter().map(|&belief| rules.fraction(belief)).collect();
                let rule = move |obs: &[f32]| [plan.get(obs[0] as usize).copied().unwrap_or(0.0)];
                let growth = beliefs.iter().map(|&belief| rules.growth(belief)).collect();
                (bounds::remembering(rules, query), growth, Arc::new(rule))
            }
        };
        let solution =
            Solution { certainty: Certainty::Bracket, value, upper: Some(high), values, policy: None };
        Ok(Reference { solution, rule: Some(rule) })
    }
}

impl Market<1> for Hidden {
    type State = State;

    fn reset(&self, rng: &mut Stream) -> State {
        self.rules.reset(rng)
    }

    #[inline]
    fn step(&self, state: &mut State, [fraction]: [f64; 1], rng: &mut Stream) -> Step {
        self.rules.step(state, fraction, rng)
    }

    #[inline]
    fn observe(&self, state: &State, out: &mut [f32]) {
        out[0] = match self.observe {
            Observe::Moves => state.moves.min((2 << self.rules.memory) - 1) as f32,
            Observe::Belief => state.belief as f32,
        };
    }

    fn account<'a>(&self, state: &'a State) -> &'a Account {
        &state.account
    }

    fn solve(&self, query: &SolveQuery) -> Result<Reference<1>> {
        match query.policy_class {
            PolicyClass::Optimal => self.best(query),
            PolicyClass::Random => {
                let value = bounds::total(query, self.rules.random())?;
                let solution = Solution {
                    certainty: Certainty::Exact,
                    value,
                    upper: Some(value),
                    values: Vec::new(),
                    policy: None,
                };
                Ok(solution.into())
            }
            _ => Err(Error::Unsupported("only the best and the random player are solved here".into())),
        }
    }

    fn baseline(&self, query: &SolveQuery) -> Result<Baseline> {
        let each = 0.5 * (self.rules.growth_of(1.0, 0.0) + self.rules.growth_of(1.0, 1.0));
        Ok(Baseline { name: "buy-and-hold".into(), value: bounds::total(query, each)? })
    }

    fn chart(&self, state: &State) -> Chart<'_> {
        Chart {
            title: "price",
            prices: state.trail.prices().collect(),
            window: SEEN,
            position: state.fraction,
            limits: (0.0, 1.0),
            notes: vec![
                ("belief", format!("{:.3}", state.belief)),
                ("regime", if state.good { "good" } else { "bad" }.into()),
            ],
        }
    }

    fn scripted(&self, script: usize, state: &State) -> Option<[f64; 1]> {
        let seen = |belief| [self.rules.fraction(Belief(belief))];
        match script {
            0 => Some(seen(state.belief)),
            1 => Some(seen(if state.good { 1.0 } else { 0.0 })),
            2 => Some([1.0]),
            3 => Some([0.0]),
            _ => None,
        }
    }
}
