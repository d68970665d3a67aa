//! World `market/regime`: portfolio choice while the regime of the price is hidden.

mod bounds;
mod rules;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use freewheel_core::{
    Baseline, Certainty, DynWorld, Error, Event, ObservationSpace, PolicyClass, Result, Solution, SolveQuery,
    Step, Stream,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::rules::{Belief, Rules, START_PRICE, State, VERSION, beliefs_by_moves};
use super::account::Account;
use super::actions::{Fractions, OrderRule};
use super::adapter::{EnvInfo, Market, Reference, exact, fraction_env, fraction_trade};
use super::draw::{BLUE, Chart, Panel, Series, Story, Style, YELLOW, hold};
use super::family::MarketSettings;
use super::settings::{ActionKind, check, in_range};

/// Settings of `market/regime`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Regime {
    /// Steps of an episode, 1..=10000.
    pub steps: u32,
    /// Discount of the task, 0..=1.
    pub gamma: f64,
    /// Actions: discrete fractions of the wealth ("grid"), or any fraction from 0 to 1 ("continuous").
    pub actions: ActionKind,
    /// Number of discrete fractions from 0 to 1, 2..=101; for actions "grid".
    pub levels: usize,
    /// Observation: the last moves ("moves"), or the probability of the good regime given all moves ("belief").
    pub observe: Observe,
    /// Number of observed moves, 1..=16; for observations "moves".
    pub memory: u32,
    /// Size of a price move, up or down, as a fraction, 1e-6..=0.99.
    pub size: f64,
    /// Probability of an up move in the good regime, 0.5..=0.999.
    pub up_good: f64,
    /// Probability of an up move in the bad regime, 0.001..=0.5.
    pub up_bad: f64,
    /// Probability that the regime stays the same in a step, 0.5..=0.999.
    pub stay: f64,
}

/// Choice of the observation of `market/regime`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Observe {
    /// The last moves, as one index.
    #[default]
    Moves,
    /// Probability of the good regime given all moves.
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

impl MarketSettings for Regime {
    const ID: &'static str = "market/regime";
    const ABOUT: &'static str =
        "Fraction to hold while the regime is hidden, log utility; bracketed by the Bayes filter";

    fn build(&self) -> Result<Arc<dyn DynWorld>> {
        let market = self.market()?;
        let observation = match self.observe {
            Observe::Moves => ObservationSpace::Discrete { n: 2 << self.memory },
            Observe::Belief => ObservationSpace::vector(&[(0.0, 1.0)]),
        };
        let info = EnvInfo {
            id: Self::ID,
            version: VERSION,
            observation,
            time_limit: Some(self.steps),
            gamma: self.gamma,
            unit: "of initial wealth",
            scripts: &["filter", "clairvoyant", "buy-and-hold", "flat"],
        };
        let fractions = market.rules.fractions.clone();
        Ok(fraction_env(info, market, &fractions, "fraction", 2))
    }
}

impl Regime {
    fn market(&self) -> Result<RegimeMarket> {
        self.check()?;
        let Regime { size, up_good, up_bad, stay, .. } = *self;
        let fractions = Fractions::new(self.actions, self.levels);
        let rules = Rules { size, up: [up_bad, up_good], stay, memory: self.memory, fractions };
        Ok(RegimeMarket { rules, observe: self.observe, steps: self.steps })
    }

    fn check(&self) -> Result<()> {
        check(Self::ID, || {
            in_range("steps", self.steps, 1..=10_000)?;
            in_range("gamma", self.gamma, 0.0..=1.0)?;
            in_range("levels", self.levels, 2..=101)?;
            in_range("memory", self.memory, 1..=16)?;
            in_range("size", self.size, 1e-6..=0.99)?;
            in_range("up_good", self.up_good, 0.5..=0.999)?;
            in_range("up_bad", self.up_bad, 0.001..=0.5)?;
            in_range("stay", self.stay, 0.5..=0.999)
        })
    }
}

/// Rules of `market/regime`, with the kind of observation.
struct RegimeMarket {
    rules: Rules,
    observe: Observe,
    /// Steps of an episode.
    steps: u32,
}

impl RegimeMarket {
    /// Lower and upper bound of the optimal value with the Bayes filter. With observed moves, the lower value is that
    /// of the optimal policy with memory of these moves.
    fn optimal(&self, query: &SolveQuery) -> Result<Reference<1>> {
        let rules = &self.rules;
        let (lower, upper) = bounds::filter_bounds(rules, query)?;
        let (value, values, rule): (f64, Vec<f64>, Arc<OrderRule<1>>) = match self.observe {
            Observe::Belief => {
                let rules = rules.clone();
                let rule = move |obs: &[f32]| [rules.optimal_fraction(Belief(f64::from(obs[0])))];
                (lower, Vec::new(), Arc::new(rule))
            }
            Observe::Moves => {
                let beliefs = beliefs_by_moves(rules);
                let plan: Vec<f64> = beliefs.iter().map(|&belief| rules.optimal_fraction(belief)).collect();
                let rule = move |obs: &[f32]| [plan.get(obs[0] as usize).copied().unwrap_or(0.0)];
                let growth = beliefs.iter().map(|&belief| rules.optimal_growth(belief)).collect();
                (bounds::memory_value(rules, query), growth, Arc::new(rule))
            }
        };
        let solution =
            Solution { certainty: Certainty::Bracket, value, upper: Some(upper), values, policy: None };
        Ok(Reference { solution, rule: Some(rule) })
    }
}

impl Market<1> for RegimeMarket {
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
            PolicyClass::Optimal => self.optimal(query),
            PolicyClass::Random => {
                let value = bounds::discounted_sum(query, self.rules.random_growth())?;
                Ok(exact(value).into())
            }
            _ => Err(Error::Unsupported("only the optimal and the random policy are solved".into())),
        }
    }

    fn baseline(&self, query: &SolveQuery) -> Result<Baseline> {
        let per_step = 0.5 * (self.rules.expected_growth(1.0, 0.0) + self.rules.expected_growth(1.0, 1.0));
        Ok(Baseline { name: "buy-and-hold".into(), value: bounds::discounted_sum(query, per_step)? })
    }

    fn chart<'a>(&'a self, story: &Story<'a, State>) -> Chart<'a> {
        let end = Some(self.steps as usize);
        let mut chart = story.chart("price", end, |s| &s.price_history, |s| s.fraction, (0.0, 1.0));
        let now = chart.now();
        let fraction = story.series(now, "in the asset", |s| s.fraction);
        let reference = story.reference(now, Style::Dotted, |s| s.fraction);
        chart.add_area("fraction of the wealth", fraction, Some(reference), Some((0.0, 1.0)));
        let mut belief = vec![Series { color: YELLOW, ..story.series(now, "belief", |s| s.belief) }];
        if story.hidden {
            let regime = story.series(now, "regime", |s| f64::from(u8::from(s.good)));
            belief.insert(0, Series { style: Style::Dotted, color: BLUE, ..regime });
        }
        let title = "probability of the good regime";
        chart.panels.push(Panel { title, series: belief, range: Some((0.0, 1.0)) });
        let wealth = story.series(now, "wealth", |s| s.wealth);
        let held = hold(story.series(now, "", |s| s.price_history.last() / START_PRICE));
        let reference = story.reference(now, Style::Line, |s| s.wealth);
        chart.add_equity("wealth", &wealth, vec![held, reference]);
        chart.add_drawdown(&wealth, true);
        chart.notes.insert(0, ("belief", format!("{:.3}", story.state.belief)));
        chart.notes.insert(0, ("wealth", format!("{:.4}", story.state.wealth)));
        if story.hidden {
            chart.notes.push(("regime", if story.state.good { "good" } else { "bad" }.into()));
        }
        chart
    }

    fn layers(&self) -> &[&'static str] {
        &["hidden"]
    }

    fn follow(&self, own: &State, [fraction]: [f64; 1], _before: &State, after: &State) -> Option<State> {
        Some(self.rules.follow(own, fraction, after))
    }

    fn trade(&self, before: &State, after: &State) -> Option<Event> {
        fraction_trade(before.fraction, after.fraction, before.price_history.last())
    }

    fn scripted(&self, script: usize, state: &State) -> Option<[f64; 1]> {
        let bet = |belief| [self.rules.optimal_fraction(Belief(belief))];
        match script {
            0 => Some(bet(state.belief)),
            1 => Some(bet(if state.good { 1.0 } else { 0.0 })),
            2 => Some([1.0]),
            3 => Some([0.0]),
            _ => None,
        }
    }
}
