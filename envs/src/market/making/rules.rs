//! The rules. **Source:** Cartea, Jaimungal & Penalva, *Algorithmic and High-Frequency Trading* (2015), section 10.2, in
//! steps of time.
//!
//! **State:** the inventory q, the steps that are left, the midprice, the books.
//!
//! **Action:** how far below the midprice to bid and how far above it to ask, for one unit each.
//!
//! **What happens in a step of length dt:** with probability `lambda dt` a market order to sell comes, and fills the bid at
//! depth d with probability `exp(-kappa d)`; with as much a market order to buy, and the ask. At
//! the greatest inventory nothing is bid, at the least nothing asked. Then the midprice moves by `volatility sqrt(dt) z`.
//!
//! **Reward:** the depth of the quote that was filled, plus inventory times the move of the midprice, minus
//! `phi q^2 dt`; after the last step also minus `alpha q^2`. The sum is cash plus inventory at the midprice, less the two
//! penalties: the book's objective.
//!
//! **Observation:** q, and the share of the time that is left.
//!
//! **Endings:** terminal after the last step. An episode begins without inventory.
//!
//! **Differs from the book:** at most one order a step, where the book has Poisson processes; the value differs by terms of
//! the order of dt. The inventory penalty is counted at the beginning of a step.
//!
//! **Version** 1.

use freewheel_core::{Step, Stream};
use serde::{Deserialize, Serialize};

use super::super::account::{Account, Trail};

pub(super) const VERSION: u32 = 1;

/// The rules, per step.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) steps: u32,
    /// Probability that an order of one side comes.
    pub(super) arrival: f64,
    pub(super) kappa: f64,
    /// Penalty per square of inventory.
    pub(super) holding: f64,
    pub(super) alpha: f64,
    pub(super) most: i32,
    /// Standard deviation of the midprice.
    pub(super) shake: f64,
}

/// All that changes during an episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) inventory: i32,
    pub(super) left: u32,
    pub(super) depths: [f64; 2],
    pub(super) account: Account,
    pub(super) trail: Trail,
}

impl Rules {
    pub(super) fn reset(&self) -> State {
        State {
            inventory: 0,
            left: self.steps,
            depths: [0.0; 2],
            account: Account::new(),
            trail: Trail::new(100.0),
        }
    }

    /// The inventory, which only damaged bytes can put beyond its bounds.
    #[inline]
    pub(super) fn held(&self, state: &State) -> i32 {
        state.inventory.clamp(-self.most, self.most)
    }

    /// How often a market order fills a quote at this depth.
    #[inline]
    pub(super) fn fill(&self, depth: f64) -> f64 {
        (-self.kappa * depth).exp()
    }

    /// The penalty of holding an inventory for a step.
    #[inline]
    pub(super) fn penalty(&self, inventory: i32) -> f64 {
        self.holding * f64::from(inventory * inventory)
    }

    /// What is paid for an inventory at the end.
    #[inline]
    pub(super) fn liquidation(&self, inventory: i32) -> f64 {
        self.alpha * f64::from(inventory * inventory)
    }

    /// Quotes `[bid, ask]` for a step.
    #[inline]
    pub(super) fn step(&self, state: &mut State, [bid, ask]: [f64; 2], rng: &mut Stream) -> Step {
        state.inventory = self.held(state);
        let penalty = self.penalty(state.inventory);
        let u = rng.uniform();
        let mut gained = 0.0;
        let mut traded = 0.0;
        // One number decides who comes and, given that, whether the quote is filled.
        if u < self.arrival {
            if state.inventory < self.most && u < self.arrival * self.fill(bid) {
                (state.inventory, gained, traded) = (state.inventory + 1, bid, 1.0);
            }
        } else if u < 2.0 * self.arrival
            && state.inventory > -self.most
            && u - self.arrival < self.arrival * self.fill(ask)
        {
            (state.inventory, gained, traded) = (state.inventory - 1, ask, 1.0);
        }
        let moved = if self.shake > 0.0 { self.shake * rng.normal() } else { 0.0 };
        gained += f64::from(state.inventory) * moved;
        state.depths = [bid, ask];
        state.trail.push(state.trail.last() + moved);
        state.left = state.left.saturating_sub(1);
        let left_over = if state.left == 0 { self.liquidation(state.inventory) } else { 0.0 };
        state.account.book(state.account.profit + gained - left_over, left_over, traded);
        let reward = (gained - penalty - left_over) as f32;
        if state.left == 0 { Step::termination(reward) } else { Step::transition(reward) }
    }
}
