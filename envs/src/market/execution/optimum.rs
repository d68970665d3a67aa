//! The optimum by backward induction. Whatever is left, y of the order, costs `spread y + c_k y^2` in the k steps to come:
//! with s the share sold now,
//!
//! ```text
//! c_1 = temporary      c_k = min over s of  temporary s^2 + permanent s (1 - s) + (risk + c_{k-1}) (1 - s)^2
//! ```
//!
//! so that the best share depends on nothing but k.

use super::rules::Rules;

/// Which shares of what is left may be sold.
#[derive(Clone, Debug)]
pub(super) enum Shares {
    /// Any from 0 to 1.
    Any,
    /// One of these.
    Levels(Vec<f64>),
}

/// A way of selling, and what it costs beside the spread.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// The share to sell with 1, 2, ... steps left.
    pub(super) shares: Vec<f64>,
    /// Dollars a share of the whole order.
    pub(super) cost: f64,
}

/// The cost of selling the share s: `sold s^2 + mixed s (1 - s) + kept (1 - s)^2`.
#[derive(Clone, Copy)]
struct Slice {
    sold: f64,
    mixed: f64,
    kept: f64,
}

impl Slice {
    fn cost(self, share: f64) -> f64 {
        let rest = 1.0 - share;
        self.sold * share * share + self.mixed * share * rest + self.kept * rest * rest
    }
}

impl Plan {
    /// The cheapest.
    pub(super) fn best(rules: &Rules, shares: &Shares) -> Self {
        Plan::backwards(rules, |slice, _| {
            let share = match shares {
                Shares::Any => {
                    let Slice { sold, mixed, kept } = slice;
                    ((2.0 * kept - mixed) / (2.0 * (sold - mixed + kept))).clamp(0.0, 1.0)
                }
                Shares::Levels(levels) => cheapest(levels, |share| slice.cost(share)),
            };
            (share, slice.cost(share))
        })
    }

    /// Equal slices, as nearly as can be.
    pub(super) fn even(rules: &Rules, shares: &Shares) -> Self {
        Plan::backwards(rules, |slice, left| {
            let wanted = 1.0 / left as f64;
            let share = match shares {
                Shares::Any => wanted,
                Shares::Levels(levels) => cheapest(levels, |share| (share - wanted).abs()),
            };
            (share, slice.cost(share))
        })
    }

    /// Uniformly random shares.
    pub(super) fn random(rules: &Rules, shares: &Shares) -> Self {
        Plan::backwards(rules, |slice, _| match shares {
            Shares::Any => (0.5, (slice.sold + slice.kept) / 3.0 + slice.mixed / 6.0),
            Shares::Levels(levels) => {
                (0.5, levels.iter().map(|&share| slice.cost(share)).sum::<f64>() / levels.len() as f64)
            }
        })
    }

    /// `pick` gives the share to sell, and its cost, with so many steps left.
    fn backwards(rules: &Rules, pick: impl Fn(Slice, u32) -> (f64, f64)) -> Self {
        let mut plan = Plan { shares: vec![1.0], cost: rules.temporary };
        for left in 2..=rules.steps {
            let slice = Slice { sold: rules.temporary, mixed: rules.permanent, kept: rules.risk + plan.cost };
            let (share, cost) = pick(slice, left);
            plan.shares.push(share);
            plan.cost = cost;
        }
        plan
    }
}

/// The level of least cost, the first of several.
fn cheapest(levels: &[f64], cost: impl Fn(f64) -> f64) -> f64 {
    let better = |best: f64, level: f64| if cost(level) < cost(best) { level } else { best };
    levels.iter().copied().reduce(better).unwrap_or(1.0)
}
