//! `market/ar1`: an autoregressive signal, proportional costs, positions -1, 0 and 1.

use std::sync::Arc;

use freewheel_core::{DynWorld, ObservationSpace, Result, World};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::average::{Average, best_average};
use super::super::chain::Chain;
use super::super::desk::{Desk, Outside};
use super::super::menu::Table;
use super::super::refuse::{check, checked};
use super::finite::{Finite, SCRIPTS};
use super::rules::{Rules, VERSION};

/// Settings of `market/ar1`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Ar1 {
    /// Steps of an episode, 1..=10000.
    pub steps: u32,
    /// Discount of the task, 0..=1.
    pub gamma: f64,
    /// States of the signal's chain, 2..=101.
    pub signals: usize,
    /// Autocorrelation of the signal, 0..1.
    pub persistence: f64,
    /// Standard deviation of the signal's shocks, as a fraction of the price; above 0.
    pub innovation: f64,
    /// Standard deviation of what the signal does not tell of a return; 0 or more.
    pub noise: f64,
    /// Cost of trading one unit, as a fraction of the price (5 bp are 0.0005); 0 or more.
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

impl Ar1 {
    pub(in crate::market) const NAME: &'static str = "ar1";
    pub(in crate::market) const ABOUT: &'static str =
        "Short, flat or long on an autoregressive signal, at a proportional cost; exact optimum";

    pub(in crate::market) fn build(&self) -> Result<Arc<dyn DynWorld>> {
        Ok(self.world()?.shared())
    }

    pub(super) fn world(&self) -> Result<Desk<Finite, Table<1>, 1>> {
        let finite = self.finite()?;
        let outside = Outside {
            id: "market/ar1",
            version: VERSION,
            observation: ObservationSpace::Discrete { n: finite.mdp().states() },
            time_limit: Some(self.steps),
            gamma: self.gamma,
            unit: "of the price",
            scripts: SCRIPTS,
        };
        let names = ["short", "flat", "long"].map(str::to_owned).to_vec();
        let menu = Table { names, orders: POSITIONS.map(|level| [level]).to_vec() };
        Ok(Desk::new(outside, finite, menu))
    }

    /// The best average reward per step, in a market that never ends.
    ///
    /// # Errors
    /// [`Error::Config`](freewheel_core::Error::Config) for settings out of range.
    pub fn best_average(&self) -> Result<Average> {
        best_average(self.finite()?.mdp(), 1e-16)
    }

    pub(super) fn finite(&self) -> Result<Finite> {
        self.check()?;
        let rules = Rules {
            chain: Chain::rouwenhorst(self.signals, self.persistence, self.innovation),
            noise: self.noise,
            weight: 1.0,
            risk: 0.0,
            linear: self.cost,
            quadratic: 0.0,
            fractional: true,
        };
        Finite::new(rules, POSITIONS.to_vec())
    }

    fn check(&self) -> Result<()> {
        check("market/ar1", || {
            checked("steps", self.steps, 1..=10_000)?;
            checked("gamma", self.gamma, 0.0..=1.0)?;
            checked("signals", self.signals, 2..=101)?;
            checked("persistence", self.persistence, 0.0..=0.999)?;
            checked("innovation", self.innovation, 1e-9..=1.0)?;
            checked("noise", self.noise, 0.0..=1.0)?;
            checked("cost", self.cost, 0.0..=1.0)
        })
    }
}

/// Short, flat, long.
const POSITIONS: [f64; 3] = [-1.0, 0.0, 1.0];
