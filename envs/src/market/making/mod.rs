//! `market/making`: quoting both sides of a market.

mod continuous;
mod dynamic;
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

pub use self::continuous::values as continuous_values;
use self::dynamic::{Depths, Values};
use self::rules::{Rules, State, VERSION};
use super::account::{Account, SEEN};
use super::desk::{Desk, Market, Outside, Reference};
use super::draw::Chart;
use super::menu::{Menu, Range, Rule, Table};
use super::refuse::{check, checked};
use super::settings::ActionKind;

/// Settings of `market/making`. Time runs from 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Making {
    /// Steps of an episode, 1..=20000; in a step at most one order comes, so that 2 lambda / steps must not exceed 1.
    pub steps: u32,
    /// Whether depths are pairs of a table ("grid") or any two numbers from 0 to 10 / kappa ("continuous").
    pub actions: ActionKind,
    /// The depths of the table, in price units, 1 to 32 of them; an action is one for each side.
    pub depths: Vec<f64>,
    /// Market orders of each side that come from time 0 to 1; above 0.
    pub lambda: f64,
    /// How fast fills become rare with depth: an order fills a quote at depth d with probability exp(-kappa d); above 0.
    pub kappa: f64,
    /// Penalty of inventory, per square and time; 0 or more.
    pub phi: f64,
    /// Cost of the inventory left at the end, per square; 0 or more.
    pub alpha: f64,
    /// The greatest inventory, long or short, 1..=100.
    pub inventory: i32,
    /// Standard deviation of the midprice from time 0 to 1, in price units; 0 or more.
    pub volatility: f64,
}

impl Default for Making {
    fn default() -> Self {
        Making {
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

impl Making {
    pub(super) const NAME: &'static str = "making";
    pub(super) const ABOUT: &'static str =
        "Market making after Cartea, Jaimungal & Penalva, chapter 10; exact optimum";

    pub(super) fn build(&self) -> Result<Arc<dyn DynWorld>> {
        self.check()?;
        Ok(match self.actions {
            ActionKind::Grid => {
                let pairs =
                    self.depths.iter().flat_map(|&bid| self.depths.iter().map(move |&ask| [bid, ask]));
                let orders: Vec<[f64; 2]> = pairs.collect();
                let names = orders.iter().map(|[bid, ask]| format!("-{bid} +{ask}")).collect();
                self.desk(Depths::Levels(self.depths.clone()), Table { names, orders }).shared()
            }
            ActionKind::Continuous => {
                let most = MOST / self.kappa;
                let menu = Range { names: ["bid depth", "ask depth"], low: [0.0; 2], high: [most; 2] };
                self.desk(Depths::UpTo(most), menu).shared()
            }
        })
    }

    fn desk<A: Menu<2> + Clone>(&self, depths: Depths, menu: A) -> Desk<Maker, A, 2> {
        let most = self.inventory as f32;
        let outside = Outside {
            id: "market/making",
            version: VERSION,
            observation: ObservationSpace::vector(&[(-most, most), (0.0, 1.0)]),
            time_limit: None,
            gamma: 1.0,
            unit: "",
            scripts: &["fixed-depth"],
        };
        Desk::new(outside, Maker { rules: self.rules(), depths }, menu)
    }

    fn rules(&self) -> Rules {
        let step = 1.0 / f64::from(self.steps);
        Rules {
            steps: self.steps,
            arrival: self.lambda * step,
            kappa: self.kappa,
            holding: self.phi * step,
            alpha: self.alpha,
            most: self.inventory,
            shake: self.volatility * step.sqrt(),
        }
    }

    fn check(&self) -> Result<()> {
        check("market/making", || {
            checked("steps", self.steps, 1..=20_000)?;
            checked("lambda", self.lambda, 1e-6..=1e4)?;
            if 2.0 * self.lambda > f64::from(self.steps) {
                let least = (2.0 * self.lambda).ceil();
                return Err(format!(
                    "steps = {}: too few for at most one order a step; at least {least}",
                    self.steps
                ));
            }
            checked("kappa", self.kappa, 1e-3..=1e3)?;
            checked("phi", self.phi, 0.0..=1e3)?;
            checked("alpha", self.alpha, 0.0..=1e3)?;
            checked("inventory", self.inventory, 1..=100)?;
            checked("volatility", self.volatility, 0.0..=1e3)?;
            checked("the number of depths", self.depths.len(), 1..=32)?;
            let (least, most) = (0.0, MOST / self.kappa);
            self.depths.iter().try_for_each(|&depth| checked("depths", depth, least..=most))
        })
    }
}

/// The greatest depth, in units of `1 / kappa`.
const MOST: f64 = 10.0;

/// The market and the depths that may be quoted.
struct Maker {
    rules: Rules,
    depths: Depths,
}

impl Maker {
    fn best(&self, query: &SolveQuery) -> Reference<2> {
        let values = Values::best(&self.rules, &self.depths, query);
        let (value, steps, most) = (values.start(), self.rules.steps, self.rules.most);
        let quotes = values.quotes;
        let rule: Arc<Rule<2>> = Arc::new(move |obs: &[f32]| {
            // The time that is left is a whole number of steps.
            let left = (f64::from(obs[1]) * f64::from(steps)).round() as usize;
            let held = (obs[0] as i32 + most) as usize;
            let row = left.saturating_sub(1) * (2 * most as usize + 1) + held;
            quotes.get(row).copied().unwrap_or([0.0; 2])
        });
        // A horizon of the question is another clock than the world's own, which is seen.
        let rule = query.horizon.is_none_or(|horizon| horizon >= steps).then_some(rule);
        Reference { solution: exactly(value), rule }
    }
}

impl Market<2> for Maker {
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
        out[0] = self.rules.held(state) as f32;
        out[1] = state.left as f32 / self.rules.steps as f32;
    }

    fn account<'a>(&self, state: &'a State) -> &'a Account {
        &state.account
    }

    fn solve(&self, query: &SolveQuery) -> Result<Reference<2>> {
        match query.policy_class {
            PolicyClass::Optimal => Ok(self.best(query)),
            PolicyClass::Random => {
                Ok(exactly(Values::random(&self.rules, &self.depths, query).start()).into())
            }
            _ => Err(Error::Unsupported("only the best and the random player are solved here".into())),
        }
    }

    fn baseline(&self, query: &SolveQuery) -> Result<Baseline> {
        let depth = self.depths.nearest(1.0 / self.rules.kappa);
        let value = Values::best(&self.rules, &Depths::Levels(vec![depth]), query).start();
        Ok(Baseline { name: "fixed-depth".into(), value })
    }

    fn chart(&self, state: &State) -> Chart<'_> {
        let most = f64::from(self.rules.most);
        let [bid, ask] = state.depths;
        Chart {
            title: "midprice",
            prices: state.trail.prices().collect(),
            window: SEEN,
            position: f64::from(state.inventory),
            limits: (-most, most),
            notes: vec![("quotes", format!("-{bid:.3} +{ask:.3}")), ("steps left", state.left.to_string())],
        }
    }

    fn scripted(&self, script: usize, _state: &State) -> Option<[f64; 2]> {
        (script == 0).then(|| [self.depths.nearest(1.0 / self.rules.kappa); 2])
    }
}

fn exactly(value: f64) -> Solution {
    Solution { certainty: Certainty::Exact, value, upper: Some(value), values: Vec::new(), policy: None }
}
