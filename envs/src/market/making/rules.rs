//! Rules of `market/making`. **Source:** Cartea, Jaimungal & Penalva, *Algorithmic and High-Frequency Trading*
//! (2015), section 10.2, in discrete time.
//!
//! **State:** inventory q, steps left, midprice, account.
//!
//! **Action:** two depths, for one unit each: the distance of the bid below the midprice, and of the ask above the
//! midprice.
//!
//! **Step** of length dt: with probability `lambda dt` a market sell order arrives and fills the bid at depth d with
//! probability `exp(-kappa d)`; with the same probability a market buy order arrives, for the ask. There is no bid at
//! the largest inventory and no ask at the smallest. Then the midprice changes by `volatility sqrt(dt) z`, with z
//! standard normal.
//!
//! **Reward:** depth of the filled quote, plus inventory times the change of the midprice, minus `phi q^2 dt`; after
//! the last step also minus `alpha q^2`. The sum is cash plus inventory at the midprice, less the two penalties: the
//! objective of the book.
//!
//! **Observation:** q, and the fraction of the time that is left.
//!
//! **Endings:** terminal after the last step. An episode starts without inventory.
//!
//! **Differences from the book:** at most one order arrives in a step instead of Poisson processes, which changes the
//! value by terms of order dt. The inventory penalty is that of the inventory at the start of a step.
//!
//! **Version** 1.

use freewheel_core::{Step, Stream};
use serde::{Deserialize, Serialize};

use super::super::account::{Account, PriceHistory};

pub(super) const VERSION: u32 = 1;

/// Parameters of the rules of `market/making`, per step.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) steps: u32,
    /// Probability that a market order of one side arrives.
    pub(super) arrival_probability: f64,
    pub(super) kappa: f64,
    /// Penalty per squared inventory in a step.
    pub(super) inventory_penalty: f64,
    pub(super) alpha: f64,
    pub(super) max_inventory: i32,
    /// Standard deviation of the midprice change in a step.
    pub(super) midprice_std: f64,
}

/// State of an episode of `market/making`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) inventory: i32,
    pub(super) steps_left: u32,
    pub(super) depths: [f64; 2],
    pub(super) account: Account,
    pub(super) price_history: PriceHistory,
}

impl Rules {
    pub(super) fn reset(&self) -> State {
        State {
            inventory: 0,
            steps_left: self.steps,
            depths: [0.0; 2],
            account: Account::new(),
            price_history: PriceHistory::new(100.0),
        }
    }

    /// Inventory, limited to its bounds, which only a damaged checkpoint can exceed.
    #[inline]
    pub(super) fn inventory(&self, state: &State) -> i32 {
        state.inventory.clamp(-self.max_inventory, self.max_inventory)
    }

    /// Probability that a market order fills a quote at the depth `depth`.
    #[inline]
    pub(super) fn fill_probability(&self, depth: f64) -> f64 {
        (-self.kappa * depth).exp()
    }

    /// Penalty of holding the inventory for a step.
    #[inline]
    pub(super) fn penalty(&self, inventory: i32) -> f64 {
        self.inventory_penalty * f64::from(inventory * inventory)
    }

    /// Cost of an inventory left at the end.
    #[inline]
    pub(super) fn liquidation(&self, inventory: i32) -> f64 {
        self.alpha * f64::from(inventory * inventory)
    }

    /// Runs one step with quotes at the depths `[bid, ask]`.
    #[inline]
    pub(super) fn step(&self, state: &mut State, [bid, ask]: [f64; 2], rng: &mut Stream) -> Step {
        state.inventory = self.inventory(state);
        let penalty = self.penalty(state.inventory);
        let u = rng.uniform();
        let mut gained = 0.0;
        let mut traded = 0.0;
        // One random number decides the side of the order and, given that, the fill.
        if u < self.arrival_probability {
            if state.inventory < self.max_inventory
                && u < self.arrival_probability * self.fill_probability(bid)
            {
                (state.inventory, gained, traded) = (state.inventory + 1, bid, 1.0);
            }
        } else if u < 2.0 * self.arrival_probability
            && state.inventory > -self.max_inventory
            && u - self.arrival_probability < self.arrival_probability * self.fill_probability(ask)
        {
            (state.inventory, gained, traded) = (state.inventory - 1, ask, 1.0);
        }
        let price_change = if self.midprice_std > 0.0 { self.midprice_std * rng.normal() } else { 0.0 };
        gained += f64::from(state.inventory) * price_change;
        state.depths = [bid, ask];
        state.price_history.push(state.price_history.last() + price_change);
        state.steps_left = state.steps_left.saturating_sub(1);
        let final_cost = if state.steps_left == 0 { self.liquidation(state.inventory) } else { 0.0 };
        state.account.record(state.account.profit + gained - final_cost, final_cost, traded);
        let reward = (gained - penalty - final_cost) as f32;
        if state.steps_left == 0 { Step::termination(reward) } else { Step::transition(reward) }
    }
}
