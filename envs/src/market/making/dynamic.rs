//! The optimum in steps of time, by backward induction over time and inventory. With h the value of the inventory,
//!
//! ```text
//! h_k(q)   = gamma h_{k-1}(q) - phi q^2 dt + p side(gamma (h_{k-1}(q+1) - h_{k-1}(q))) + p side(gamma (h_{k-1}(q-1) - h_{k-1}(q)))
//! side(g)  = max over depths d of  exp(-kappa d) (d + g)
//! ```
//!
//! without the first side at the greatest inventory and the second at the least. Where any depth may be quoted the best is
//! `1 / kappa - g`, or 0 where that is negative. The moves of the midprice have mean 0 and no part in it.

use freewheel_core::SolveQuery;

use super::rules::Rules;

/// Which depths may be quoted.
#[derive(Clone, Debug)]
pub(super) enum Depths {
    /// Any from 0 to this.
    UpTo(f64),
    /// One of these.
    Levels(Vec<f64>),
}

impl Depths {
    /// The depth nearest to `wanted`.
    pub(super) fn nearest(&self, wanted: f64) -> f64 {
        match self {
            Depths::UpTo(most) => wanted.clamp(0.0, *most),
            Depths::Levels(levels) => levels.iter().copied().fold(levels[0], |best, level| {
                if (level - wanted).abs() < (best - wanted).abs() { level } else { best }
            }),
        }
    }

    /// The best depth where a fill changes the value by `gain`, and what quoting it is worth when an order comes.
    fn best(&self, rules: &Rules, gain: f64) -> (f64, f64) {
        let worth = |depth: f64| rules.fill(depth) * (depth + gain);
        let depth = match self {
            Depths::UpTo(most) => (1.0 / rules.kappa - gain).clamp(0.0, *most),
            Depths::Levels(levels) => levels
                .iter()
                .copied()
                .fold(levels[0], |best, level| if worth(level) > worth(best) { level } else { best }),
        };
        (depth, worth(depth))
    }

    /// What a uniformly random depth is worth when an order comes and a fill changes the value by `gain`.
    fn random(&self, rules: &Rules, gain: f64) -> f64 {
        match self {
            Depths::Levels(levels) => {
                let worth = |&depth: &f64| rules.fill(depth) * (depth + gain);
                levels.iter().map(worth).sum::<f64>() / levels.len() as f64
            }
            Depths::UpTo(most) => {
                let (kappa, rest) = (rules.kappa, rules.fill(*most));
                ((gain + 1.0 / kappa) * (1.0 - rest) - most * rest) / (kappa * most)
            }
        }
    }
}

/// Values of the inventory, and the quotes that reach them.
pub(super) struct Values {
    /// With all steps left, `[2 most + 1]`.
    values: Vec<f64>,
    /// `[bid, ask]` with 1, 2, ... steps left, each `[2 most + 1]`.
    pub(super) quotes: Vec<[f64; 2]>,
}

impl Values {
    /// The best.
    pub(super) fn best(rules: &Rules, depths: &Depths, query: &SolveQuery) -> Self {
        Values::backwards(rules, query, |gain| depths.best(rules, gain))
    }

    /// Of uniformly random depths.
    pub(super) fn random(rules: &Rules, depths: &Depths, query: &SolveQuery) -> Self {
        Values::backwards(rules, query, |gain| (0.0, depths.random(rules, gain)))
    }

    /// The value of an episode's start.
    pub(super) fn start(&self) -> f64 {
        self.values[self.values.len() / 2]
    }

    /// `side` gives the depth that is quoted and what it is worth when an order comes, from what a fill changes.
    fn backwards(rules: &Rules, query: &SolveQuery, side: impl Fn(f64) -> (f64, f64)) -> Self {
        let inventories = -rules.most..=rules.most;
        let horizon = query.horizon.unwrap_or(u32::MAX);
        // Only whoever is there at the end pays for what is left.
        let left_over = |q| if horizon >= rules.steps { -rules.liquidation(q) } else { 0.0 };
        let mut values: Vec<f64> = inventories.clone().map(left_over).collect();
        let mut quotes = Vec::new();
        for left in 1..=horizon.min(rules.steps) {
            // That is paid within the last step, not after it.
            let gamma = if left == 1 { 1.0 } else { query.gamma };
            let before = values.clone();
            for (i, q) in inventories.clone().enumerate() {
                let fill = |to: Option<usize>| {
                    let gain = to.and_then(|to| before.get(to)).map(|value| gamma * (value - before[i]));
                    gain.map_or((1.0 / rules.kappa, 0.0), &side)
                };
                let [(bid, bought), (ask, sold)] = [fill(Some(i + 1)), fill(i.checked_sub(1))];
                values[i] = gamma * before[i] - rules.penalty(q) + rules.arrival * (bought + sold);
                quotes.push([bid, ask]);
            }
        }
        Values { values, quotes }
    }
}
