//! World `market/ar1`: AR(1) signal, proportional costs, positions -1, 0 and 1.

use std::sync::Arc;

use freewheel_core::{DynWorld, ObservationSpace, Result, World};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::actions::DiscreteActions;
use super::super::adapter::{EnvInfo, MarketEnv};
use super::super::average::{AverageReward, optimal_average};
use super::super::chain::MarkovChain;
use super::super::family::MarketSettings;
use super::super::settings::{check, in_range};
use super::discrete::{DiscreteMarket, SCRIPTS};
use super::rules::{Rules, VERSION};

/// Settings of `market/ar1`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Ar1 {
    /// Steps of an episode, 1..=10000.
    pub steps: u32,
    /// Discount of the task, 0..=1.
    pub gamma: f64,
    /// Number of values of the signal, 2..=101.
    pub signals: usize,
    /// Autocorrelation of the signal, 0..=0.999.
    pub persistence: f64,
    /// Standard deviation of the signal's shocks, as a fraction of the price, 1e-9..=1.
    pub innovation: f64,
    /// Standard deviation of the return that the signal does not predict, as a fraction of the price, 0..=1.
    pub noise: f64,
    /// Cost of trading one unit, as a fraction of the price (5 basis points are 0.0005), 0..=1.
    pub cost: f64,
}

impl Default for Ar1 {
    fn default() -> Self {
        Ar1 {
            steps: 250,
            gamma: 0.99,
            signals: 51,
            persistence: 0.9,
            innovation: 5e-4,
            noise: 5e-4,
            cost: 5e-4,
        }
    }
}

impl MarketSettings for Ar1 {
    const ID: &'static str = "market/ar1";
    const ABOUT: &'static str =
        "Short, flat or long on an autoregressive signal, at a proportional cost; exact optimum";

    fn build(&self) -> Result<Arc<dyn DynWorld>> {
        let market = self.market()?;
        let info = EnvInfo {
            id: Self::ID,
            version: VERSION,
            observation: ObservationSpace::Discrete { n: market.mdp().states() },
            time_limit: Some(self.steps),
            gamma: self.gamma,
            unit: "of the price",
            scripts: SCRIPTS,
        };
        let names = ["short", "flat", "long"].map(str::to_owned).to_vec();
        let action_map = DiscreteActions { names, orders: POSITIONS.map(|level| [level]).to_vec() };
        Ok(MarketEnv::new(info, market, action_map).shared())
    }
}

impl Ar1 {
    /// Optimal average reward per step of an episode without end.
    ///
    /// # Errors
    /// [`Error::Setting`](freewheel_core::Error::Setting) for settings out of range.
    pub fn optimal_average(&self) -> Result<AverageReward> {
        optimal_average(self.market()?.mdp(), 1e-16)
    }

    pub(super) fn market(&self) -> Result<DiscreteMarket> {
        self.check()?;
        let rules = Rules {
            chain: MarkovChain::rouwenhorst(self.signals, self.persistence, self.innovation),
            noise: self.noise,
            gain_weight: 1.0,
            risk_penalty: 0.0,
            linear_cost: self.cost,
            quadratic_cost: 0.0,
            relative_returns: true,
        };
        DiscreteMarket::new(rules, POSITIONS.to_vec(), self.steps)
    }

    fn check(&self) -> Result<()> {
        check(Self::ID, || {
            in_range("steps", self.steps, 1..=10_000)?;
            in_range("gamma", self.gamma, 0.0..=1.0)?;
            in_range("signals", self.signals, 2..=101)?;
            in_range("persistence", self.persistence, 0.0..=0.999)?;
            in_range("innovation", self.innovation, 1e-9..=1.0)?;
            in_range("noise", self.noise, 0.0..=1.0)?;
            in_range("cost", self.cost, 0.0..=1.0)
        })
    }
}

/// Positions of the actions short, flat and long.
const POSITIONS: [f64; 3] = [-1.0, 0.0, 1.0];
