//! World `market/execution`: optimal execution of a large sell order.

mod optimum;
mod rules;
#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};

use freewheel_core::{
    Baseline, DynWorld, Error, Event, ObservationSpace, PolicyClass, Result, SolveQuery, Step, Stream,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::optimum::Plan;
use self::rules::{Rules, State, VERSION};
use super::account::Account;
use super::actions::Fractions;
use super::adapter::{EnvInfo, Market, Reference, exact, fraction_env};
use super::draw::{BLUE, Chart, Panel, Series, Story, Style, muted};
use super::family::MarketSettings;
use super::settings::{ActionKind, Reward, check, in_range};

/// Settings of `market/execution`. Money is in dollars, time in days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Execution {
    /// Steps of an episode, in each of which a slice of the order is sold, 1..=10000.
    pub steps: u32,
    /// Actions: discrete fractions of the remaining order ("grid"), or any fraction from 0 to 1 ("continuous").
    pub actions: ActionKind,
    /// Number of discrete fractions from 0 to 1, 2..=101; for actions "grid".
    pub levels: usize,
    /// Size of the order in shares of stock, 1e-6..=1e12.
    pub order: f64,
    /// Days in which to sell the order, 1e-6..=10000.
    pub days: f64,
    /// Standard deviation of the price change of a day, in dollars, 0..=1e6.
    pub volatility: f64,
    /// Fixed cost per share sold, half the bid-ask spread plus fees, in dollars, 0..=1e6.
    pub spread: f64,
    /// Permanent impact, in dollars per share sold, 0..=1e6.
    pub permanent: f64,
    /// Temporary impact, in dollars per share sold a day, 1e-15..=1e6; it must exceed permanent * days / (2 * steps).
    pub temporary: f64,
    /// Risk aversion, in dollars per squared dollar of variance, 0..=1e6.
    pub risk_aversion: f64,
    /// Price changes in the reward: the realized ones ("realized") or their mean, which is 0 ("expected").
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

impl MarketSettings for Execution {
    const ID: &'static str = "market/execution";
    const ABOUT: &'static str = "Selling a large order in slices, after Almgren & Chriss; exact optimum";

    fn build(&self) -> Result<Arc<dyn DynWorld>> {
        self.check()?;
        let info = EnvInfo {
            id: Self::ID,
            version: VERSION,
            observation: ObservationSpace::vector(&[(0.0, 1.0), (0.0, 1.0)]),
            time_limit: None,
            gamma: 1.0,
            unit: "dollars a share",
            scripts: &["even", "at-once"],
        };
        let fractions = Fractions::new(self.actions, self.levels);
        let market =
            ExecutionMarket { rules: self.rules(), fractions: fractions.clone(), schedule: OnceLock::new() };
        Ok(fraction_env(info, market, &fractions, "share of what is left", 3))
    }
}

impl Execution {
    fn rules(&self) -> Rules {
        let step = self.days / f64::from(self.steps);
        Rules {
            steps: self.steps,
            price_std: self.volatility * step.sqrt(),
            spread: self.spread,
            permanent: self.permanent * self.order,
            temporary: self.temporary * self.order / step,
            risk: self.risk_aversion * self.order * self.volatility * self.volatility * step,
            realized: self.reward == Reward::Realized,
        }
    }

    /// Optimal trades in shares of stock, `[steps]`, for continuous actions: the trajectory of Almgren & Chriss.
    ///
    /// # Errors
    /// [`Error::Setting`] for settings out of range.
    pub fn optimal_trades(&self) -> Result<Vec<f64>> {
        self.check()?;
        let plan = Plan::optimal(&self.rules(), &Fractions::Any);
        let mut left = self.order;
        let trade = |share: &f64| {
            let sold = left * share;
            left -= sold;
            sold
        };
        Ok(plan.shares.iter().rev().map(trade).collect())
    }

    fn check(&self) -> Result<()> {
        check(Self::ID, || {
            in_range("steps", self.steps, 1..=10_000)?;
            in_range("levels", self.levels, 2..=101)?;
            in_range("order", self.order, 1e-6..=1e12)?;
            in_range("days", self.days, 1e-6..=1e4)?;
            in_range("volatility", self.volatility, 0.0..=1e6)?;
            in_range("spread", self.spread, 0.0..=1e6)?;
            in_range("permanent", self.permanent, 0.0..=1e6)?;
            in_range("temporary", self.temporary, 1e-15..=1e6)?;
            in_range("risk_aversion", self.risk_aversion, 0.0..=1e6)?;
            let rules = self.rules();
            if rules.temporary <= 0.5 * rules.permanent {
                let message = format!(
                    "temporary = {}: must exceed permanent * days / (2 * steps); \
                     raise temporary or steps, or lower permanent",
                    self.temporary
                );
                return Err(Error::setting("temporary", message));
            }
            Ok(())
        })
    }
}

/// Rules of the market, with the fractions that may be sold.
struct ExecutionMarket {
    rules: Rules,
    fractions: Fractions,
    /// Remaining part of the order before each step of the optimal plan and after the last, computed when it is drawn.
    schedule: OnceLock<Vec<f64>>,
}

impl ExecutionMarket {
    fn schedule(&self) -> &[f64] {
        self.schedule.get_or_init(|| {
            let plan = Plan::optimal(&self.rules, &self.fractions);
            let mut left = 1.0;
            let after = plan.shares.iter().rev().map(|share| {
                left *= 1.0 - share;
                left
            });
            std::iter::once(1.0).chain(after).collect()
        })
    }
}

/// Value of the selling plan `plan` for `query`.
///
/// # Errors
/// [`Error::Unsupported`] for a discount, and for a horizon shorter than an episode.
fn plan_value(rules: &Rules, plan: &Plan, query: &SolveQuery) -> Result<f64> {
    if query.gamma != 1.0 || query.horizon.is_some_and(|horizon| horizon < rules.steps) {
        return Err(Error::Unsupported(
            "only whole episodes with gamma = 1 are solved; leave gamma and horizon at their defaults".into(),
        ));
    }
    Ok(-plan.cost - rules.spread)
}

impl Market<1> for ExecutionMarket {
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
        out[0] = state.remaining as f32;
        out[1] = state.steps_left as f32 / self.rules.steps as f32;
    }

    fn account<'a>(&self, state: &'a State) -> &'a Account {
        &state.account
    }

    fn solve(&self, query: &SolveQuery) -> Result<Reference<1>> {
        let plan = match query.policy_class {
            PolicyClass::Optimal => Plan::optimal(&self.rules, &self.fractions),
            PolicyClass::Random => Plan::random(&self.rules, &self.fractions),
            _ => return Err(Error::Unsupported("only the optimal and the random policy are solved".into())),
        };
        let value = plan_value(&self.rules, &plan, query)?;
        let steps = f64::from(self.rules.steps);
        let rule = (query.policy_class == PolicyClass::Optimal).then(|| {
            Arc::new(move |obs: &[f32]| {
                let left = (f64::from(obs[1]) * steps).round() as usize;
                [left.checked_sub(1).and_then(|at| plan.shares.get(at)).copied().unwrap_or(1.0)]
            }) as _
        });
        Ok(Reference { solution: exact(value), rule })
    }

    fn baseline(&self, query: &SolveQuery) -> Result<Baseline> {
        let plan = Plan::even(&self.rules, &self.fractions);
        Ok(Baseline { name: "even".into(), value: plan_value(&self.rules, &plan, query)? })
    }

    fn chart<'a>(&'a self, story: &Story<'a, State>) -> Chart<'a> {
        let steps = self.rules.steps as usize;
        let mut chart = story.chart("price", Some(steps), |s| &s.price_history, |s| s.remaining, (0.0, 1.0));
        let now = chart.now();
        let schedule = Series { color: BLUE, ..Series::line("reference", self.schedule().to_vec()) };
        let even = (0..=steps).map(|step| 1.0 - step as f64 / steps as f64).collect();
        let even = Series { style: Style::Dotted, ..muted(Series::line("even", even)) };
        let own = story.series(now, "own", |s| s.remaining);
        let series = vec![even, schedule, own];
        chart.panels.push(Panel { title: "part of the order left", series, range: Some((0.0, 1.0)) });
        let profit = story.series(now, "profit", |s| s.account.profit);
        chart.add_equity("minus the shortfall", &profit, Vec::new());
        chart.notes.push(("left", format!("{:.1} %", 100.0 * story.state.remaining)));
        chart.notes.push(("steps left", story.state.steps_left.to_string()));
        chart
    }

    fn trade(&self, before: &State, after: &State) -> Option<Event> {
        let sold = before.remaining - after.remaining;
        let (price, left) = (before.price_history.last(), 100.0 * after.remaining);
        let price = price - self.rules.spread - self.rules.temporary * sold;
        let text = format!("sold {:.1} % of the order at {price:.3}, {left:.1} % left", 100.0 * sold);
        (sold > 0.0).then(|| Event::new("trade", text))
    }

    fn scripted(&self, script: usize, state: &State) -> Option<[f64; 1]> {
        [[1.0 / f64::from(state.steps_left.max(1))], [1.0]].get(script).copied()
    }
}
