//! `market/execution`: selling a large order in slices.

mod optimum;
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

use self::optimum::{Plan, Shares};
use self::rules::{Rules, State, VERSION};
use super::account::{Account, SEEN};
use super::desk::{Desk, Market, Outside, Reference};
use super::draw::Chart;
use super::menu::{Menu, Range, Table};
use super::refuse::{check, checked};
use super::settings::{ActionKind, Reward};

/// Settings of `market/execution`. Money is dollars, time is days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Execution {
    /// Slices of the order: steps of an episode, 1..=10000.
    pub steps: u32,
    /// Whether shares of what is left are counted levels ("grid") or any number from 0 to 1 ("continuous").
    pub actions: ActionKind,
    /// Counted shares from 0 to 1, 2..=101.
    pub levels: usize,
    /// Shares of stock to be sold, above 0.
    pub order: f64,
    /// Days in which to sell them, above 0.
    pub days: f64,
    /// Standard deviation of the price a day, in dollars; 0 or more.
    pub volatility: f64,
    /// Fixed cost of a share sold: half the spread and fees, in dollars; 0 or more.
    pub spread: f64,
    /// Permanent impact, dollars per share sold; 0 or more.
    pub permanent: f64,
    /// Temporary impact, dollars per share sold a day; above half the permanent impact of a slice.
    pub temporary: f64,
    /// Aversion to risk: what a square dollar of variance costs, in dollars; 0 or more.
    pub risk_aversion: f64,
    /// Whether rewards hold the price moves as they come ("realized") or their mean, which is 0 ("expected").
    pub reward: Reward,
}

impl Default for Execution {
    fn default() -> Self {
        Execution {
            steps: 5,
            actions: ActionKind::Grid,
            levels: 21,
            order: 1e6,
            days: 5.0,
            volatility: 0.95,
            spread: 0.0625,
            permanent: 2.5e-7,
            temporary: 2.5e-6,
            risk_aversion: 1e-6,
            reward: Reward::Realized,
        }
    }
}

impl Execution {
    pub(super) const NAME: &'static str = "execution";
    pub(super) const ABOUT: &'static str =
        "Selling a large order in slices, after Almgren & Chriss; exact optimum";

    pub(super) fn build(&self) -> Result<Arc<dyn DynWorld>> {
        self.check()?;
        Ok(match self.actions {
            ActionKind::Grid => {
                let levels: Vec<f64> =
                    (0..self.levels).map(|i| i as f64 / (self.levels - 1) as f64).collect();
                let names = levels.iter().map(|level| format!("{level:.3}")).collect();
                let orders = levels.iter().map(|&level| [level]).collect();
                self.desk(Shares::Levels(levels), Table { names, orders }).shared()
            }
            ActionKind::Continuous => {
                let menu = Range { names: ["share of what is left"], low: [0.0], high: [1.0] };
                self.desk(Shares::Any, menu).shared()
            }
        })
    }

    fn desk<A: Menu<1> + Clone>(&self, shares: Shares, menu: A) -> Desk<Seller, A, 1> {
        let outside = Outside {
            id: "market/execution",
            version: VERSION,
            observation: ObservationSpace::vector(&[(0.0, 1.0), (0.0, 1.0)]),
            time_limit: None,
            gamma: 1.0,
            unit: "dollars a share",
            scripts: &["even", "at-once"],
        };
        Desk::new(outside, Seller { rules: self.rules(), shares }, menu)
    }

    fn rules(&self) -> Rules {
        let step = self.days / f64::from(self.steps);
        Rules {
            steps: self.steps,
            shake: self.volatility * step.sqrt(),
            spread: self.spread,
            permanent: self.permanent * self.order,
            temporary: self.temporary * self.order / step,
            risk: self.risk_aversion * self.order * self.volatility * self.volatility * step,
            realized: self.reward == Reward::Realized,
        }
    }

    /// The best trades, in shares of stock, when any share of what is left may be sold; Almgren & Chriss's trajectory.
    ///
    /// # Errors
    /// [`Error::Config`] for settings out of range.
    pub fn best_trades(&self) -> Result<Vec<f64>> {
        self.check()?;
        let plan = Plan::best(&self.rules(), &Shares::Any);
        let mut left = self.order;
        let trade = |share: &f64| {
            let sold = left * share;
            left -= sold;
            sold
        };
        Ok(plan.shares.iter().rev().map(trade).collect())
    }

    fn check(&self) -> Result<()> {
        check("market/execution", || {
            checked("steps", self.steps, 1..=10_000)?;
            checked("levels", self.levels, 2..=101)?;
            checked("order", self.order, 1e-6..=1e12)?;
            checked("days", self.days, 1e-6..=1e4)?;
            checked("volatility", self.volatility, 0.0..=1e6)?;
            checked("spread", self.spread, 0.0..=1e6)?;
            checked("permanent", self.permanent, 0.0..=1e6)?;
            checked("temporary", self.temporary, 1e-15..=1e6)?;
            checked("risk_aversion", self.risk_aversion, 0.0..=1e6)?;
            let rules = self.rules();
            if rules.temporary <= 0.5 * rules.permanent {
                return Err(format!(
                    "temporary = {}: selling faster must cost more; take more steps or a smaller permanent impact",
                    self.temporary
                ));
            }
            Ok(())
        })
    }
}

/// The market and the shares that may be sold.
struct Seller {
    rules: Rules,
    shares: Shares,
}

/// The value of a plan, where the question is one that it answers.
fn answer(rules: &Rules, plan: &Plan, query: &SolveQuery) -> Result<f64> {
    if query.gamma != 1.0 || query.horizon.is_some_and(|horizon| horizon < rules.steps) {
        return Err(Error::Unsupported(
            "selling in slices is solved to its end and undiscounted; leave gamma and horizon as they are"
                .into(),
        ));
    }
    Ok(-plan.cost - rules.spread)
}

impl Market<1> for Seller {
    type State = State;

    fn reset(&self, _rng: &mut Stream) -> State {
        self.rules.reset()
    }

    #[inline]
    fn step(&self, state: &mut State, [share]: [f64; 1], rng: &mut Stream) -> Step {
        self.rules.step(state, share, rng)
    }

    #[inline]
    fn observe(&self, state: &State, out: &mut [f32]) {
        out[0] = state.held as f32;
        out[1] = state.left as f32 / self.rules.steps as f32;
    }

    fn account<'a>(&self, state: &'a State) -> &'a Account {
        &state.account
    }

    fn solve(&self, query: &SolveQuery) -> Result<Reference<1>> {
        let plan = match query.policy_class {
            PolicyClass::Optimal => Plan::best(&self.rules, &self.shares),
            PolicyClass::Random => Plan::random(&self.rules, &self.shares),
            _ => {
                return Err(Error::Unsupported("only the best and the random player are solved here".into()));
            }
        };
        let value = answer(&self.rules, &plan, query)?;
        let steps = f64::from(self.rules.steps);
        let rule = (query.policy_class == PolicyClass::Optimal).then(|| {
            Arc::new(move |obs: &[f32]| {
                let left = (f64::from(obs[1]) * steps).round() as usize;
                [left.checked_sub(1).and_then(|at| plan.shares.get(at)).copied().unwrap_or(1.0)]
            }) as _
        });
        let solution = Solution {
            certainty: Certainty::Exact,
            value,
            upper: Some(value),
            values: Vec::new(),
            policy: None,
        };
        Ok(Reference { solution, rule })
    }

    fn baseline(&self, query: &SolveQuery) -> Result<Baseline> {
        let plan = Plan::even(&self.rules, &self.shares);
        Ok(Baseline { name: "even".into(), value: answer(&self.rules, &plan, query)? })
    }

    fn chart(&self, state: &State) -> Chart<'_> {
        Chart {
            title: "price",
            prices: state.trail.prices().collect(),
            window: SEEN.min(self.rules.steps as usize + 1),
            position: state.held,
            limits: (0.0, 1.0),
            notes: vec![("steps left", state.left.to_string())],
        }
    }

    fn scripted(&self, script: usize, state: &State) -> Option<[f64; 1]> {
        [[1.0 / f64::from(state.left.max(1))], [1.0]].get(script).copied()
    }
}
