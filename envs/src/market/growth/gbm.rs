//! `market/gbm`: geometric Brownian motion and Merton's fraction.

use std::sync::Arc;

use freewheel_core::{
    Baseline, Certainty, DynWorld, Error, ObservationSpace, PolicyClass, Result, Solution, SolveQuery, Step,
    Stream, World,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::account::Account;
use super::super::desk::{Desk, Market, Outside, Reference};
use super::super::draw::Chart;
use super::super::menu::{Menu, Range, Table};
use super::super::refuse::{check, checked};
use super::super::settings::ActionKind;
use super::rules::{Fractions, Rules, State, VERSION, levels, power};

/// Settings of `market/gbm`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Gbm {
    /// Steps of an episode, 1..=10000.
    pub steps: u32,
    /// Discount of the task, 0..=1.
    pub gamma: f64,
    /// Whether fractions are counted levels ("grid") or any number from 0 to 1 ("continuous").
    pub actions: ActionKind,
    /// Counted fractions from 0 to 1, 2..=101.
    pub levels: usize,
    /// Steps of a year, 1..=1000000.
    pub steps_per_year: f64,
    /// Expected growth of the price a year, -1..=1.
    pub drift: f64,
    /// Interest a year, -1..=1.
    pub interest: f64,
    /// Standard deviation of a year's log return, above 0 and at most 2.
    pub volatility: f64,
    /// Relative aversion to risk, above 0 and at most 50; 1 is logarithmic utility.
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

impl Gbm {
    pub(in crate::market) const NAME: &'static str = "gbm";
    pub(in crate::market) const ABOUT: &'static str =
        "What fraction to hold of geometric Brownian motion; exact, Merton's fraction in the limit";

    pub(in crate::market) fn build(&self) -> Result<Arc<dyn DynWorld>> {
        self.check()?;
        Ok(match self.actions {
            ActionKind::Grid => {
                let orders: Vec<[f64; 1]> = levels(self.levels).into_iter().map(|level| [level]).collect();
                let names = orders.iter().map(|[level]| format!("{level:.2}")).collect();
                self.desk(Fractions::Levels(levels(self.levels)), Table { names, orders })
            }
            ActionKind::Continuous => {
                self.desk(Fractions::Any, Range { names: ["fraction"], low: [0.0], high: [1.0] })
            }
        })
    }

    fn desk<A: Menu<1> + Clone>(&self, fractions: Fractions, menu: A) -> Arc<dyn DynWorld> {
        let rules = self.rules(fractions);
        let widest = rules.widest(rules.level);
        let outside = Outside {
            id: "market/gbm",
            version: VERSION,
            observation: ObservationSpace::vector(&[(-widest, widest)]),
            time_limit: Some(self.steps),
            gamma: self.gamma,
            unit: "of the wealth begun with",
            scripts: &["buy-and-hold", "flat"],
        };
        Desk::new(outside, Brownian { rules, widest }, menu).shared()
    }

    pub(super) fn rules(&self, fractions: Fractions) -> Rules {
        Rules {
            step: 1.0 / self.steps_per_year,
            drift: self.drift,
            safe: (self.interest / self.steps_per_year).exp(),
            level: self.volatility * self.volatility,
            reversion: 0.0,
            shock: 0.0,
            correlation: 0.0,
            own: 1.0,
            power: power(self.risk_aversion),
            fractions,
        }
    }

    /// Merton's fraction, the best in continuous time: `(drift - interest) / (risk_aversion volatility^2)`.
    pub fn merton(&self) -> f64 {
        (self.drift - self.interest) / (self.risk_aversion * self.volatility * self.volatility)
    }

    fn check(&self) -> Result<()> {
        check("market/gbm", || {
            checked("steps", self.steps, 1..=10_000)?;
            checked("gamma", self.gamma, 0.0..=1.0)?;
            checked("levels", self.levels, 2..=101)?;
            checked("steps_per_year", self.steps_per_year, 1.0..=1e6)?;
            checked("drift", self.drift, -1.0..=1.0)?;
            checked("interest", self.interest, -1.0..=1.0)?;
            checked("volatility", self.volatility, 1e-6..=2.0)?;
            checked("risk_aversion", self.risk_aversion, 1e-3..=50.0)
        })
    }
}

/// The market.
pub(super) struct Brownian {
    rules: Rules,
    widest: f32,
}

/// The value of a strategy whose steps are alike: `gain` is the expected change of the utility of wealth 1.
///
/// With a power utility the gain grows with the wealth: step t is expected to give `gain m^t` with
/// `m = E factor^(1 - a) = 1 + (1 - a) gain`, and 1 for the logarithm.
fn total(rules: &Rules, query: &SolveQuery, gain: f64) -> Result<f64> {
    let ratio = query.gamma * (1.0 + rules.power * gain);
    match query.horizon {
        Some(steps) => Ok((0..steps).fold((0.0, gain), |(sum, now), _| (sum + now, now * ratio)).0),
        None if ratio < 1.0 => Ok(gain / (1.0 - ratio)),
        None => {
            Err(Error::Unsupported("utility for ever has no sum; give a lower gamma, or a horizon".into()))
        }
    }
}

impl Market<1> for Brownian {
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
        out[0] = (state.last as f32).clamp(-self.widest, self.widest);
    }

    fn account<'a>(&self, state: &'a State) -> &'a Account {
        &state.account
    }

    /// The weights of the utilities of the later wealths in a discounted sum of their changes are none of them
    /// negative, and one fraction is the best for each: it is the best of all strategies.
    fn solve(&self, query: &SolveQuery) -> Result<Reference<1>> {
        let rules = &self.rules;
        let fraction = rules.best_fraction(rules.level);
        let gain = match query.policy_class {
            PolicyClass::Optimal => Some(rules.gain(fraction, rules.level)),
            PolicyClass::Random => rules.random_gain(rules.level),
            PolicyClass::EpsilonGreedy(_) | PolicyClass::EpsilonSoft(_) => None,
        };
        let Some(gain) = gain else {
            return Err(Error::Unsupported(
                "only the best player and, of counted fractions, the random one are solved here".into(),
            ));
        };
        let value = total(rules, query, gain)?;
        let solution = Solution {
            certainty: Certainty::Exact,
            value,
            upper: Some(value),
            values: Vec::new(),
            policy: None,
        };
        let rule =
            (query.policy_class == PolicyClass::Optimal).then(|| Arc::new(move |_: &[f32]| [fraction]) as _);
        Ok(Reference { solution, rule })
    }

    fn baseline(&self, query: &SolveQuery) -> Result<Baseline> {
        let gain = self.rules.gain(1.0, self.rules.level);
        Ok(Baseline { name: "buy-and-hold".into(), value: total(&self.rules, query, gain)? })
    }

    fn chart(&self, state: &State) -> Chart<'_> {
        self.rules.chart(state)
    }

    fn scripted(&self, script: usize, _state: &State) -> Option<[f64; 1]> {
        [[1.0], [0.0]].get(script).copied()
    }
}
