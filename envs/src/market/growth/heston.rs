//! World `market/heston`: stochastic volatility, logarithmic utility.
//!
//! With logarithmic utility, no costs and no price impact, the optimal policy is myopic: it holds the fraction that is
//! optimal for the next step. The value of the policy, a sum of expectations over the distribution of the variance, has
//! no closed form in discrete time and is computed by quadrature (see `variance`). Twice as many nodes change the value
//! by less than 2e-5 of it, and by less than 3e-4 at the extremes of the settings (see the tests). This is no proof, so
//! the solution is `BestKnown` and has no upper bound.

use std::sync::Arc;

use freewheel_core::{
    Baseline, Certainty, DynWorld, Error, Event, ObservationSpace, PolicyClass, Result, Solution, SolveQuery,
    Step, Stream,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::account::Account;
use super::super::actions::{Fractions, OrderRule};
use super::super::adapter::{EnvInfo, Market, Reference, fraction_env, fraction_trade};
use super::super::draw::{Chart, Story};
use super::super::family::MarketSettings;
use super::super::settings::{ActionKind, check, in_range};
use super::rules::{Rules, State, VERSION};
use super::variance::{RESOLUTION, total_value, variance_above};

/// Settings of `market/heston`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Heston {
    /// Steps of an episode, 1..=10000.
    pub steps: u32,
    /// Discount of the task, 0..=1.
    pub gamma: f64,
    /// Actions: discrete fractions of the wealth ("grid"), or any fraction from 0 to 1 ("continuous").
    pub actions: ActionKind,
    /// Number of discrete fractions from 0 to 1, 2..=101; for actions "grid".
    pub levels: usize,
    /// Steps per year, 12..=1000000.
    pub steps_per_year: f64,
    /// Expected growth rate of the price per year, -1..=1.
    pub drift: f64,
    /// Interest rate per year, -1..=1.
    pub interest: f64,
    /// Long-run variance of the log return per year, also the variance at the start of an episode, 1e-6..=1.
    pub variance_level: f64,
    /// Mean reversion rate of the variance per year, 0.001..=steps_per_year.
    pub variance_reversion: f64,
    /// Volatility of the variance, 1e-6..=2.
    pub variance_shock: f64,
    /// Correlation of the shocks of price and variance, -1..=1.
    pub correlation: f64,
}

impl Default for Heston {
    fn default() -> Self {
        Heston {
            steps: 250,
            gamma: 0.99,
            actions: ActionKind::Grid,
            levels: 11,
            steps_per_year: 252.0,
            drift: 0.05,
            interest: 0.02,
            variance_level: 0.04,
            variance_reversion: 5.0,
            variance_shock: 0.5,
            correlation: -0.7,
        }
    }
}

impl MarketSettings for Heston {
    const ID: &'static str = "market/heston";
    const ABOUT: &'static str =
        "Fraction to hold under Heston's stochastic volatility, log utility; best-known value by quadrature";

    fn build(&self) -> Result<Arc<dyn DynWorld>> {
        self.check()?;
        let rules = self.rules(Fractions::new(self.actions, self.levels));
        // Variances above this bound are very rare; observations are clipped.
        let variance_bound = variance_above(&rules, 8.0);
        let return_bound = rules.return_bound(variance_bound);
        let info = EnvInfo {
            id: Self::ID,
            version: VERSION,
            observation: ObservationSpace::vector(&[
                (-return_bound, return_bound),
                (0.0, variance_bound as f32),
            ]),
            time_limit: Some(self.steps),
            gamma: self.gamma,
            unit: "of initial wealth",
            scripts: &["buy-and-hold", "flat"],
        };
        let fractions = rules.fractions.clone();
        Ok(fraction_env(
            info,
            HestonMarket { rules, return_bound, variance_bound: variance_bound as f32, steps: self.steps },
            &fractions,
            "fraction",
            2,
        ))
    }
}

impl Heston {
    pub(super) fn rules(&self, fractions: Fractions) -> Rules {
        Rules {
            dt: 1.0 / self.steps_per_year,
            drift: self.drift,
            cash_growth: (self.interest / self.steps_per_year).exp(),
            long_run_variance: self.variance_level,
            reversion: self.variance_reversion,
            vol_of_vol: self.variance_shock,
            correlation: self.correlation,
            independent: (1.0 - self.correlation * self.correlation).sqrt(),
            power: 0.0,
            fractions,
        }
    }

    fn check(&self) -> Result<()> {
        check(Self::ID, || {
            in_range("steps", self.steps, 1..=10_000)?;
            in_range("gamma", self.gamma, 0.0..=1.0)?;
            in_range("levels", self.levels, 2..=101)?;
            in_range("steps_per_year", self.steps_per_year, 12.0..=1e6)?;
            in_range("drift", self.drift, -1.0..=1.0)?;
            in_range("interest", self.interest, -1.0..=1.0)?;
            in_range("variance_level", self.variance_level, 1e-6..=1.0)?;
            in_range("variance_reversion", self.variance_reversion, 1e-3..=self.steps_per_year)?;
            in_range("variance_shock", self.variance_shock, 1e-6..=2.0)?;
            in_range("correlation", self.correlation, -1.0..=1.0)
        })
    }
}

/// Rules of the market, with the bounds of the observed return and variance.
struct HestonMarket {
    rules: Rules,
    return_bound: f32,
    variance_bound: f32,
    /// Steps of an episode.
    steps: u32,
}

impl HestonMarket {
    /// Optimal fraction as a function of the observed variance, tabulated.
    fn rule(&self) -> Arc<OrderRule<1>> {
        let variance_bound = f64::from(self.variance_bound);
        let fraction = |i: usize| self.rules.optimal_fraction(variance_bound * i as f64 / TABLE_LEN as f64);
        let table: Vec<f64> = (0..=TABLE_LEN).map(fraction).collect();
        Arc::new(move |obs: &[f32]| {
            let row = (f64::from(obs[1]) / variance_bound * TABLE_LEN as f64).round() as usize;
            [table[row.min(TABLE_LEN)]]
        })
    }
}

/// Number of intervals of the table of optimal fractions.
const TABLE_LEN: usize = 1000;

impl Market<1> for HestonMarket {
    type State = State;

    fn reset(&self, _rng: &mut Stream) -> State {
        self.rules.reset()
    }

    #[inline]
    fn step(&self, state: &mut State, [fraction]: [f64; 1], rng: &mut Stream) -> Step {
        self.rules.step(state, fraction, rng)
    }

    #[inline]
    fn observe(&self, state: &State, out: &mut [f32]) {
        out[0] = (state.last_return as f32).clamp(-self.return_bound, self.return_bound);
        out[1] = (state.variance as f32).clamp(0.0, self.variance_bound);
    }

    fn account<'a>(&self, state: &'a State) -> &'a Account {
        &state.account
    }

    fn solve(&self, query: &SolveQuery) -> Result<Reference<1>> {
        let rules = &self.rules;
        let value = match (query.policy_class, &rules.fractions) {
            (PolicyClass::Optimal, _) => {
                total_value(rules, query, RESOLUTION, |v| rules.gain(rules.optimal_fraction(v), v))?
            }
            (PolicyClass::Random, Fractions::Levels(_)) => {
                total_value(rules, query, RESOLUTION, |v| rules.random_gain(v).unwrap_or(f64::NAN))?
            }
            _ => {
                return Err(Error::Unsupported(
                    "only the optimal and, with discrete actions, the random policy are solved".into(),
                ));
            }
        };
        let solution = Solution {
            certainty: Certainty::BestKnown,
            value,
            upper: None,
            values: Vec::new(),
            policy: None,
        };
        let rule = (query.policy_class == PolicyClass::Optimal).then(|| self.rule());
        Ok(Reference { solution, rule })
    }

    fn baseline(&self, query: &SolveQuery) -> Result<Baseline> {
        let value = total_value(&self.rules, query, RESOLUTION, |v| self.rules.gain(1.0, v))?;
        Ok(Baseline { name: "buy-and-hold".into(), value })
    }

    fn chart<'a>(&'a self, story: &Story<'a, State>) -> Chart<'a> {
        self.rules.chart(story, self.steps)
    }

    fn follow(&self, own: &State, [fraction]: [f64; 1], _before: &State, after: &State) -> Option<State> {
        Some(self.rules.follow(own, fraction, after))
    }

    fn trade(&self, before: &State, after: &State) -> Option<Event> {
        fraction_trade(before.fraction, after.fraction, before.price_history.last())
    }

    fn scripted(&self, script: usize, _state: &State) -> Option<[f64; 1]> {
        [[1.0], [0.0]].get(script).copied()
    }
}
