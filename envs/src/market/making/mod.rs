//! World `market/making`: market making.

mod optimum;
mod rules;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::sync::Arc;

use freewheel_core::{
    Baseline, DynWorld, Error, Event, ObservationSpace, PolicyClass, Result, SolveQuery, Step, Stream, World,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::optimum::continuous_values;
use self::optimum::{Depths, Values};
use self::rules::{Rules, State, VERSION};
use super::account::Account;
use super::actions::{ActionMap, ContinuousActions, DiscreteActions, OrderRule};
use super::adapter::{EnvInfo, Market, MarketEnv, Reference, exact};
use super::draw::{Chart, GREEN, Panel, RED, Series, Story};
use super::family::MarketSettings;
use super::settings::{ActionKind, check, in_range};

/// Settings of `market/making`. Time runs from 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MarketMaking {
    /// Steps of an episode, 1..=20000 and at least 2 lambda: at most one order arrives in a step.
    pub steps: u32,
    /// Actions: pairs of depths from a table ("grid"), or any two depths from 0 to 10 / kappa ("continuous").
    pub actions: ActionKind,
    /// Depths of the table, in price units: 1 to 32 numbers from 0 to 10 / kappa. An action is one depth for each side.
    pub depths: Vec<f64>,
    /// Expected number of market orders of each side from time 0 to 1, 1e-6..=10000.
    pub lambda: f64,
    /// Decay of fills with depth, per price unit: an order fills a quote at depth d with probability exp(-kappa d),
    /// 0.001..=1000.
    pub kappa: f64,
    /// Running penalty per squared inventory and unit of time, 0..=1000.
    pub phi: f64,
    /// Cost per squared inventory left at the end, 0..=1000.
    pub alpha: f64,
    /// Largest inventory, long or short, 1..=100.
    pub inventory: i32,
    /// Standard deviation of the midprice change from time 0 to 1, in price units, 0..=1000.
    pub volatility: f64,
}

impl Default for MarketMaking {
    fn default() -> Self {
        MarketMaking {
            steps: 1000,
            actions: ActionKind::Grid,
            depths: vec![0.4, 0.55, 0.7, 0.85, 1.0],
            lambda: 140.0,
            kappa: 1.5,
            phi: 0.01,
            alpha: 0.001,
            inventory: 10,
            volatility: 0.01,
        }
    }
}

impl MarketSettings for MarketMaking {
    const ID: &'static str = "market/making";
    const ABOUT: &'static str = "Market making after Cartea, Jaimungal & Penalva, chapter 10; exact optimum";

    fn build(&self) -> Result<Arc<dyn DynWorld>> {
        self.check()?;
        Ok(match self.actions {
            ActionKind::Grid => {
                let pair = |&bid: &f64| self.depths.iter().map(move |&ask| [bid, ask]);
                let orders: Vec<[f64; 2]> = self.depths.iter().flat_map(pair).collect();
                let names = orders.iter().map(|[bid, ask]| format!("-{bid} +{ask}")).collect();
                self.env(Depths::Levels(self.depths.clone()), DiscreteActions { names, orders })
            }
            ActionKind::Continuous => {
                let high = [MAX_DEPTH / self.kappa; 2];
                let action_map = ContinuousActions { names: ["bid depth", "ask depth"], low: [0.0; 2], high };
                self.env(Depths::UpTo(high[0]), action_map)
            }
        })
    }
}

impl MarketMaking {
    fn env<A: ActionMap<2> + Clone>(&self, depths: Depths, action_map: A) -> Arc<dyn DynWorld> {
        let max_inventory = self.inventory as f32;
        let info = EnvInfo {
            id: Self::ID,
            version: VERSION,
            observation: ObservationSpace::vector(&[(-max_inventory, max_inventory), (0.0, 1.0)]),
            time_limit: None,
            gamma: 1.0,
            unit: "",
            scripts: &["fixed-depth"],
        };
        MarketEnv::new(info, MakingMarket { rules: self.rules(), depths }, action_map).shared()
    }

    fn rules(&self) -> Rules {
        let step = 1.0 / f64::from(self.steps);
        Rules {
            steps: self.steps,
            arrival_probability: self.lambda * step,
            kappa: self.kappa,
            inventory_penalty: self.phi * step,
            alpha: self.alpha,
            max_inventory: self.inventory,
            midprice_std: self.volatility * step.sqrt(),
        }
    }

    fn check(&self) -> Result<()> {
        check(Self::ID, || {
            in_range("steps", self.steps, 1..=20_000)?;
            in_range("lambda", self.lambda, 1e-6..=1e4)?;
            if 2.0 * self.lambda > f64::from(self.steps) {
                let min_steps = (2.0 * self.lambda).ceil();
                let message = format!(
                    "steps = {}: at most one order arrives in a step, so steps must be at least {min_steps}",
                    self.steps
                );
                return Err(Error::setting("steps", message));
            }
            in_range("kappa", self.kappa, 1e-3..=1e3)?;
            in_range("phi", self.phi, 0.0..=1e3)?;
            in_range("alpha", self.alpha, 0.0..=1e3)?;
            in_range("inventory", self.inventory, 1..=100)?;
            in_range("volatility", self.volatility, 0.0..=1e3)?;
            if !(1..=32).contains(&self.depths.len()) {
                return Err(Error::setting("depths", "depths must be a list of 1 to 32 depths"));
            }
            let max_depth = MAX_DEPTH / self.kappa;
            self.depths.iter().try_for_each(|&depth| in_range("depths", depth, 0.0..=max_depth))
        })
    }
}

/// Largest depth, in units of `1 / kappa`.
const MAX_DEPTH: f64 = 10.0;

/// Rules of `market/making`, with the allowed depths.
struct MakingMarket {
    rules: Rules,
    depths: Depths,
}

impl MakingMarket {
    fn optimal(&self, query: &SolveQuery) -> Reference<2> {
        let values = Values::optimal(&self.rules, &self.depths, query);
        let (value, steps, max_inventory) =
            (values.start_value(), self.rules.steps, self.rules.max_inventory);
        let quotes = values.quotes;
        let rule: Arc<OrderRule<2>> = Arc::new(move |obs: &[f32]| {
            // The observation is the fraction of the time left; times `steps` it is a whole number.
            let steps_left = (f64::from(obs[1]) * f64::from(steps)).round() as usize;
            let inventory = (obs[0] as i32 + max_inventory) as usize;
            let row = steps_left.saturating_sub(1) * (2 * max_inventory as usize + 1) + inventory;
            quotes.get(row).copied().unwrap_or([0.0; 2])
        });
        // A horizon shorter than the episode is not part of the observation, so no rule exists for it.
        let rule = query.horizon.is_none_or(|horizon| horizon >= steps).then_some(rule);
        Reference { solution: exact(value), rule }
    }
}

impl Market<2> for MakingMarket {
    type State = State;

    fn reset(&self, _rng: &mut Stream) -> State {
        self.rules.reset()
    }

    #[inline]
    fn step(&self, state: &mut State, depths: [f64; 2], rng: &mut Stream) -> Step {
        self.rules.step(state, depths, rng)
    }

    #[inline]
    fn observe(&self, state: &State, out: &mut [f32]) {
        out[0] = self.rules.inventory(state) as f32;
        out[1] = state.steps_left as f32 / self.rules.steps as f32;
    }

    fn account<'a>(&self, state: &'a State) -> &'a Account {
        &state.account
    }

    fn solve(&self, query: &SolveQuery) -> Result<Reference<2>> {
        match query.policy_class {
            PolicyClass::Optimal => Ok(self.optimal(query)),
            PolicyClass::Random => {
                Ok(exact(Values::random(&self.rules, &self.depths, query).start_value()).into())
            }
            _ => Err(Error::Unsupported("only the optimal and the random policy are solved".into())),
        }
    }

    fn baseline(&self, query: &SolveQuery) -> Result<Baseline> {
        let depth = self.depths.nearest(1.0 / self.rules.kappa);
        let value = Values::optimal(&self.rules, &Depths::Levels(vec![depth]), query).start_value();
        Ok(Baseline { name: "fixed-depth".into(), value })
    }

    fn chart<'a>(&'a self, story: &Story<'a, State>) -> Chart<'a> {
        let largest = f64::from(self.rules.max_inventory);
        let limits = (-largest, largest);
        let inventory = |s: &State| f64::from(s.inventory);
        let end = Some(self.rules.steps as usize);
        let mut chart = story.chart("midprice", end, |s| &s.price_history, inventory, limits);
        let now = chart.now();
        chart.add_area("inventory", story.series(now, "units", inventory), None, Some(limits));
        let quote = |name, color, depth: &dyn Fn(&State) -> f64| {
            // There are no quotes before the first step.
            let depth = |s: &State| if s.steps_left < self.rules.steps { depth(s) } else { f64::NAN };
            Series { color, ..story.series(now, name, depth) }
        };
        let quotes = vec![quote("bid", GREEN, &|s| -s.depths[0]), quote("ask", RED, &|s| s.depths[1])];
        let title = "quotes below and above the midprice";
        chart.panels.push(Panel { title, series: quotes, range: None });
        let profit = story.series(now, "profit", |s| s.account.profit);
        chart.add_equity("profit: cash and inventory at the midprice", &profit, Vec::new());
        chart.add_drawdown(&profit, false);
        let [bid, ask] = story.state.depths;
        chart.notes.insert(0, ("quotes", format!("-{bid:.3} +{ask:.3}")));
        chart.notes.insert(0, ("inventory", format!("{:+}", story.state.inventory)));
        chart
    }

    fn trade(&self, before: &State, after: &State) -> Option<Event> {
        let (price, [bid, ask]) = (before.price_history.last(), after.depths);
        let (side, price) = match after.inventory.cmp(&before.inventory) {
            Ordering::Greater => ("bought 1 at the bid", price - bid),
            Ordering::Less => ("sold 1 at the ask", price + ask),
            Ordering::Equal => return None,
        };
        Some(Event::new("fill", format!("{side} {price:.3}, inventory {:+}", after.inventory)))
    }

    fn scripted(&self, script: usize, _state: &State) -> Option<[f64; 2]> {
        (script == 0).then(|| [self.depths.nearest(1.0 / self.rules.kappa); 2])
    }
}
