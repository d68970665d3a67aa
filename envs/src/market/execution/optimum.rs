//! Optimal execution by backward induction. With k steps left, selling the remaining fraction y of the order costs
//! `spread y + c_k y^2`. If the fraction s of the rest is sold now,
//!
//! ```text
//! c_1 = temporary
//! c_k = min over s of  temporary s^2 + permanent s (1 - s) + (risk + c_{k-1}) (1 - s)^2
//! ```
//!
//! so the optimal fraction depends on k only.

use super::super::actions::Fractions;
use super::rules::Rules;

/// Selling schedule and its cost besides the spread.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Fraction of the remaining order to sell with 1, 2, ... steps left, `[steps]`.
    pub(super) shares: Vec<f64>,
    /// Cost in dollars per share of the whole order, without the spread.
    pub(super) cost: f64,
}

/// Cost of selling the fraction s of the remaining order: `sold s^2 + mixed s (1 - s) + kept (1 - s)^2`.
#[derive(Clone, Copy)]
struct SliceCost {
    sold: f64,
    mixed: f64,
    kept: f64,
}

impl SliceCost {
    fn cost(self, share: f64) -> f64 {
        let rest = 1.0 - share;
        self.sold * share * share + self.mixed * share * rest + self.kept * rest * rest
    }
}

impl Plan {
    /// Plan of lowest cost: the optimal policy.
    pub(super) fn optimal(rules: &Rules, fractions: &Fractions) -> Self {
        Plan::backward_induction(rules, |slice, _| {
            let share = match fractions {
                Fractions::Any => {
                    let SliceCost { sold, mixed, kept } = slice;
                    ((2.0 * kept - mixed) / (2.0 * (sold - mixed + kept))).clamp(0.0, 1.0)
                }
                Fractions::Levels(levels) => cheapest(levels, |share| slice.cost(share)),
            };
            (share, slice.cost(share))
        })
    }

    /// Plan that sells equal slices or, with discrete levels, the fractions nearest to these.
    pub(super) fn even(rules: &Rules, fractions: &Fractions) -> Self {
        Plan::backward_induction(rules, |slice, left| {
            let wanted = 1.0 / left as f64;
            let share = match fractions {
                Fractions::Any => wanted,
                Fractions::Levels(levels) => cheapest(levels, |share| (share - wanted).abs()),
            };
            (share, slice.cost(share))
        })
    }

    /// Plan that sells uniformly random fractions.
    pub(super) fn random(rules: &Rules, fractions: &Fractions) -> Self {
        Plan::backward_induction(rules, |slice, _| match fractions {
            Fractions::Any => (0.5, (slice.sold + slice.kept) / 3.0 + slice.mixed / 6.0),
            Fractions::Levels(levels) => {
                (0.5, levels.iter().map(|&share| slice.cost(share)).sum::<f64>() / levels.len() as f64)
            }
        })
    }

    /// Backward induction; `pick` returns the fraction to sell and its cost for a number of steps left.
    fn backward_induction(rules: &Rules, pick: impl Fn(SliceCost, u32) -> (f64, f64)) -> Self {
        let mut plan = Plan { shares: vec![1.0], cost: rules.temporary };
        for left in 2..=rules.steps {
            let slice =
                SliceCost { sold: rules.temporary, mixed: rules.permanent, kept: rules.risk + plan.cost };
            let (share, cost) = pick(slice, left);
            plan.shares.push(share);
            plan.cost = cost;
        }
        plan
    }
}

/// Level of lowest cost; the first one if several levels have it.
fn cheapest(levels: &[f64], cost: impl Fn(f64) -> f64) -> f64 {
    let better = |best: f64, level: f64| if cost(level) < cost(best) { level } else { best };
    levels.iter().copied().reduce(better).unwrap_or(1.0)
}
