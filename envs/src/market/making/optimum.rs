//! Optimal quotes. In discrete time: backward induction over time and inventory. Let h_k(q) be the value of the
//! inventory q with k steps left, and p the probability that a market order of one side arrives:
//!
//! ```text
//! h_k(q)  = gamma h_{k-1}(q) - phi q^2 dt + p side(gamma (h_{k-1}(q+1) - h_{k-1}(q)))
//!                                         + p side(gamma (h_{k-1}(q-1) - h_{k-1}(q)))
//! side(g) = max over depths d of  exp(-kappa d) (d + g)
//! ```
//!
//! without the first `side` term (buying) at the largest inventory and without the second (selling) at the smallest.
//! The optimal continuous depth is `1 / kappa - g`, or 0 if that is negative. Midprice changes have mean 0 and do not
//! matter.

use freewheel_core::SolveQuery;

use super::rules::Rules;

/// Choice of the allowed depths of a quote.
#[derive(Clone, Debug)]
pub(super) enum Depths {
    /// Any depth from 0 to this depth.
    UpTo(f64),
    /// One of these depths.
    Levels(Vec<f64>),
}

impl Depths {
    /// Allowed depth nearest to `target`.
    pub(super) fn nearest(&self, target: f64) -> f64 {
        match self {
            Depths::UpTo(max_depth) => target.clamp(0.0, *max_depth),
            Depths::Levels(levels) => levels.iter().copied().fold(levels[0], |best, level| {
                if (level - target).abs() < (best - target).abs() { level } else { best }
            }),
        }
    }

    /// Optimal depth if a fill changes the value of the inventory by `gain`, and the expected value of a quote at this
    /// depth when an order arrives.
    fn best(&self, rules: &Rules, gain: f64) -> (f64, f64) {
        let value = |depth: f64| rules.fill_probability(depth) * (depth + gain);
        let depth = match self {
            Depths::UpTo(max_depth) => (1.0 / rules.kappa - gain).clamp(0.0, *max_depth),
            Depths::Levels(levels) => levels
                .iter()
                .copied()
                .fold(levels[0], |best, level| if value(level) > value(best) { level } else { best }),
        };
        (depth, value(depth))
    }

    /// Expected value of a quote at a uniformly random depth when an order arrives, if a fill changes the value of the
    /// inventory by `gain`.
    fn random(&self, rules: &Rules, gain: f64) -> f64 {
        match self {
            Depths::Levels(levels) => {
                let value = |&depth: &f64| rules.fill_probability(depth) * (depth + gain);
                levels.iter().map(value).sum::<f64>() / levels.len() as f64
            }
            Depths::UpTo(max_depth) => {
                let (kappa, fill_at_max) = (rules.kappa, rules.fill_probability(*max_depth));
                ((gain + 1.0 / kappa) * (1.0 - fill_at_max) - max_depth * fill_at_max) / (kappa * max_depth)
            }
        }
    }
}

/// Values of all inventories and quotes of the policy.
pub(super) struct Values {
    /// Values of the inventories with all steps left, `[2 max_inventory + 1]`.
    values: Vec<f64>,
    /// Quotes `[bid, ask]` with 1, 2, ... steps left, each `[2 max_inventory + 1]`.
    pub(super) quotes: Vec<[f64; 2]>,
}

impl Values {
    /// Optimal values and quotes.
    pub(super) fn optimal(rules: &Rules, depths: &Depths, query: &SolveQuery) -> Self {
        Values::backward_induction(rules, query, |gain| depths.best(rules, gain))
    }

    /// Values if all depths are uniformly random; the quotes are 0.
    pub(super) fn random(rules: &Rules, depths: &Depths, query: &SolveQuery) -> Self {
        Values::backward_induction(rules, query, |gain| (0.0, depths.random(rules, gain)))
    }

    /// Value of the start of an episode, with inventory 0.
    pub(super) fn start_value(&self) -> f64 {
        self.values[self.values.len() / 2]
    }

    /// Backward induction. `side` maps the change of value by a fill to the depth of a quote and the expected value of
    /// this quote when an order arrives.
    fn backward_induction(rules: &Rules, query: &SolveQuery, side: impl Fn(f64) -> (f64, f64)) -> Self {
        let inventories = -rules.max_inventory..=rules.max_inventory;
        let horizon = query.horizon.unwrap_or(u32::MAX);
        // The cost of the final inventory counts only if the horizon reaches the end of the episode.
        let final_value = |q| if horizon >= rules.steps { -rules.liquidation(q) } else { 0.0 };
        let mut values: Vec<f64> = inventories.clone().map(final_value).collect();
        let mut quotes = Vec::new();
        for left in 1..=horizon.min(rules.steps) {
            // The final cost is part of the last step's reward and is not discounted.
            let gamma = if left == 1 { 1.0 } else { query.gamma };
            let before = values.clone();
            for (i, q) in inventories.clone().enumerate() {
                let fill = |to: Option<usize>| {
                    let gain = to.and_then(|to| before.get(to)).map(|value| gamma * (value - before[i]));
                    gain.map_or((1.0 / rules.kappa, 0.0), &side)
                };
                let [(bid, bought), (ask, sold)] = [fill(Some(i + 1)), fill(i.checked_sub(1))];
                values[i] =
                    gamma * before[i] - rules.penalty(q) + rules.arrival_probability * (bought + sold);
                quotes.push([bid, ask]);
            }
        }
        Values { values, quotes }
    }
}

/// Optimal values in continuous time at time 0, `[2 max_inventory + 1]`, of the inventories from `-max_inventory` to
/// `max_inventory`.
///
/// With `w = exp(kappa h)` the equation for the value h is linear (Cartea, Jaimungal & Penalva, section 10.2.3):
///
/// ```text
/// dw/dt + A w = 0,  w(T, q) = exp(-alpha kappa q^2),  A(q, q) = -phi kappa q^2,  A(q, q +- 1) = lambda / e
/// ```
///
/// so `w(0) = exp(A T) w(T)`; the exponential is a Taylor series on short intervals of time.
pub fn continuous_values(lambda: f64, kappa: f64, phi: f64, alpha: f64, max_inventory: i32) -> Vec<f64> {
    let squares: Vec<f64> = (-max_inventory..=max_inventory).map(|q| f64::from(q * q)).collect();
    let to_neighbor = lambda / std::f64::consts::E;
    let apply = |w: &[f64]| -> Vec<f64> {
        let near = |i: Option<usize>| i.and_then(|i| w.get(i)).copied().unwrap_or(0.0);
        let row = |i: usize| {
            -phi * kappa * squares[i] * w[i] + to_neighbor * (near(i.checked_sub(1)) + near(Some(i + 1)))
        };
        (0..w.len()).map(row).collect()
    };
    // Intervals on which the matrix has a norm of at most 1.
    let norm = 2.0 * to_neighbor + phi * kappa * f64::from(max_inventory * max_inventory);
    let pieces = norm.ceil().max(1.0);
    let mut w: Vec<f64> = squares.iter().map(|square| (-alpha * kappa * square).exp()).collect();
    let mut log_scale = 0.0;
    for _ in 0..pieces as u32 {
        let (mut term, mut sum) = (w.clone(), w.clone());
        for k in 1..=TERMS {
            term = apply(&term).iter().map(|x| x / (pieces * f64::from(k))).collect();
            sum.iter_mut().zip(&term).for_each(|(sum, term)| *sum += term);
        }
        // w grows like exp(2 lambda / e) and would overflow, so the logarithm of its scale is kept apart.
        let scale = sum.iter().copied().fold(0.0, f64::max);
        log_scale += scale.ln();
        w = sum.iter().map(|x| x / scale).collect();
    }
    w.iter().map(|x| (x.ln() + log_scale) / kappa).collect()
}

/// Number of terms of the Taylor series, whose k-th term is at most 1 / k!.
const TERMS: u32 = 24;
