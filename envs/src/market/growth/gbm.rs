//! World `market/gbm`: geometric Brownian motion, power utility.

use std::sync::Arc;

use freewheel_core::{
    Baseline, DynWorld, Error, Event, ObservationSpace, PolicyClass, Result, SolveQuery, Step, Stream,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::account::Account;
use super::super::actions::Fractions;
use super::super::adapter::{EnvInfo, Market, Reference, exact, fraction_env, fraction_trade};
use super::super::draw::{Chart, Story};
use super::super::family::MarketSettings;
use super::super::settings::{ActionKind, check, in_range};
use super::rules::{Rules, State, VERSION, power};

/// Settings of `market/gbm`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Gbm {
    /// Steps of an episode, 1..=10000.
    pub steps: u32,
    /// Discount of the task, 0..=1.
    pub gamma: f64,
    /// Actions: discrete fractions of the wealth ("grid"), or any fraction from 0 to 1 ("continuous").
    pub actions: ActionKind,
    /// Number of discrete fractions from 0 to 1, 2..=101; for actions "grid".
    pub levels: usize,
    /// Steps per year, 1..=1000000.
    pub steps_per_year: f64,
    /// Expected growth rate of the price per year, -1..=1.
    pub drift: f64,
    /// Interest rate per year, -1..=1.
    pub interest: f64,
    /// Standard deviation of the log return of a year, 1e-6..=2.
    pub volatility: f64,
    /// Relative risk aversion, 0.001..=50; 1 is logarithmic utility.
    pub risk_aversion: f64,
}

impl Default for Gbm {
    fn default() -> Self {
        Gbm {
            steps: 250,
            gamma: 0.99,
            actions: ActionKind::Grid,
            levels: 11,
            steps_per_year: 252.0,
            drift: 0.08,
            interest: 0.02,
            volatility: 0.2,
            risk_aversion: 3.0,
        }
    }
}

impl MarketSettings for Gbm {
    const ID: &'static str = "market/gbm";
    const ABOUT: &'static str =
        "Fraction to hold of geometric Brownian motion; exact optimum, Merton's fraction in the limit";

    fn build(&self) -> Result<Arc<dyn DynWorld>> {
        self.check()?;
        let rules = self.rules(Fractions::new(self.actions, self.levels));
        let return_bound = rules.return_bound(rules.long_run_variance);
        let info = EnvInfo {
            id: Self::ID,
            version: VERSION,
            observation: ObservationSpace::vector(&[(-return_bound, return_bound)]),
            time_limit: Some(self.steps),
            gamma: self.gamma,
            unit: "of initial wealth",
            scripts: &["buy-and-hold", "flat"],
        };
        let fractions = rules.fractions.clone();
        Ok(fraction_env(
            info,
            GbmMarket { rules, return_bound, steps: self.steps },
            &fractions,
            "fraction",
            2,
        ))
    }
}

impl Gbm {
    pub(super) fn rules(&self, fractions: Fractions) -> Rules {
        Rules {
            dt: 1.0 / self.steps_per_year,
            drift: self.drift,
            cash_growth: (self.interest / self.steps_per_year).exp(),
            long_run_variance: self.volatility * self.volatility,
            reversion: 0.0,
            vol_of_vol: 0.0,
            correlation: 0.0,
            independent: 1.0,
            power: power(self.risk_aversion),
            fractions,
        }
    }

    /// Merton's fraction, optimal in continuous time: `(drift - interest) / (risk_aversion volatility^2)`.
    pub fn merton(&self) -> f64 {
        (self.drift - self.interest) / (self.risk_aversion * self.volatility * self.volatility)
    }

    fn check(&self) -> Result<()> {
        check(Self::ID, || {
            in_range("steps", self.steps, 1..=10_000)?;
            in_range("gamma", self.gamma, 0.0..=1.0)?;
            in_range("levels", self.levels, 2..=101)?;
            in_range("steps_per_year", self.steps_per_year, 1.0..=1e6)?;
            in_range("drift", self.drift, -1.0..=1.0)?;
            in_range("interest", self.interest, -1.0..=1.0)?;
            in_range("volatility", self.volatility, 1e-6..=2.0)?;
            in_range("risk_aversion", self.risk_aversion, 1e-3..=50.0)
        })
    }
}

/// Rules of `market/gbm`, with the bound of the observed return.
pub(super) struct GbmMarket {
    rules: Rules,
    return_bound: f32,
    /// Steps of an episode.
    steps: u32,
}

/// Value of a stationary policy; `gain` is the expected change of utility in the first step, from wealth 1.
///
/// The gain of step t is `gain m^t` with `m = E factor^(1 - a) = 1 + (1 - a) gain` for risk aversion a; m is 1 for
/// logarithmic utility.
fn total_value(rules: &Rules, query: &SolveQuery, gain: f64) -> Result<f64> {
    let ratio = query.gamma * (1.0 + rules.power * gain);
    match query.horizon {
        Some(steps) => Ok((0..steps).fold((0.0, gain), |(sum, now), _| (sum + now, now * ratio)).0),
        None if ratio < 1.0 => Ok(gain / (1.0 - ratio)),
        None => Err(Error::Unsupported(
            "without a horizon the value is infinite at this gamma; lower gamma or give a horizon".into(),
        )),
    }
}

impl Market<1> for GbmMarket {
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
    }

    fn account<'a>(&self, state: &'a State) -> &'a Account {
        &state.account
    }

    /// The discounted sum of utility changes weights every later utility positively, and one fraction maximizes each of
    /// these utilities: this fraction is optimal among all policies.
    fn solve(&self, query: &SolveQuery) -> Result<Reference<1>> {
        let rules = &self.rules;
        let fraction = rules.optimal_fraction(rules.long_run_variance);
        let gain = match query.policy_class {
            PolicyClass::Optimal => Some(rules.gain(fraction, rules.long_run_variance)),
            PolicyClass::Random => rules.random_gain(rules.long_run_variance),
            PolicyClass::EpsilonGreedy(_) | PolicyClass::EpsilonSoft(_) => None,
        };
        let Some(gain) = gain else {
            return Err(Error::Unsupported(
                "only the optimal and, with discrete actions, the random policy are solved".into(),
            ));
        };
        let value = total_value(rules, query, gain)?;
        let solution = exact(value);
        let rule =
            (query.policy_class == PolicyClass::Optimal).then(|| Arc::new(move |_: &[f32]| [fraction]) as _);
        Ok(Reference { solution, rule })
    }

    fn baseline(&self, query: &SolveQuery) -> Result<Baseline> {
        let gain = self.rules.gain(1.0, self.rules.long_run_variance);
        Ok(Baseline { name: "buy-and-hold".into(), value: total_value(&self.rules, query, gain)? })
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
