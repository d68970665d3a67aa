//! Values of policies with different information about the hidden regime.
//!
//! * Clairvoyant, knowing the regime: half of the optimal growth in each regime.
//! * Memory of the last k moves: an exact sum over 2^k sequences.
//! * Bayes filter over all moves: no finite sum. The value is convex in the belief (Sondik 1971), so the value lies
//!   below the chords between the points of a grid and above the tangents at these points. Backward induction preserves
//!   both sides and gives two proved bounds.

use freewheel_core::{Error, Result, SolveQuery};

use super::rules::{Belief, Rules};

/// Number of points of the belief grid.
const GRID_POINTS: usize = 2001;
/// Relative size of the remainder at which an infinite sum is cut off.
const TAIL_TOLERANCE: f64 = 1e-12;

/// Discounted sum of a constant growth `per_step` over the steps of a query.
///
/// # Errors
/// [`Error::Unsupported`] if the sum is infinite.
pub(super) fn discounted_sum(query: &SolveQuery, per_step: f64) -> Result<f64> {
    let SolveQuery { gamma, horizon, .. } = *query;
    match horizon {
        None if gamma < 1.0 => Ok(per_step / (1.0 - gamma)),
        None => Err(Error::Unsupported(
            "without a horizon the value is infinite at gamma = 1; set gamma below 1 or give a horizon"
                .into(),
        )),
        Some(steps) => Ok(discounts(gamma).take(steps as usize).map(|discount| discount * per_step).sum()),
    }
}

/// Discount factors of the steps: 1, gamma, gamma^2, ...
fn discounts(gamma: f64) -> impl Iterator<Item = f64> {
    std::iter::successors(Some(1.0), move |discount| Some(discount * gamma))
}

/// Expected log growth of a move if the policy knows the regime.
pub(super) fn clairvoyant_growth(rules: &Rules) -> f64 {
    0.5 * (rules.optimal_growth(Belief(0.0)) + rules.optimal_growth(Belief(1.0)))
}

/// Optimal expected growth of the next move after exactly 0, 1, ..., `memory` observed moves, `[memory + 1]`.
pub(super) fn growth_by_memory(rules: &Rules) -> Vec<f64> {
    let mut law = vec![(1.0, Belief::START)];
    let mut growth = Vec::new();
    for _ in 0..=rules.memory {
        growth.push(law.iter().map(|&(p, belief)| p * rules.optimal_growth(belief)).sum());
        law = law
            .iter()
            .flat_map(|&(p, belief)| {
                let up = rules.up_probability(belief);
                [
                    (p * up, rules.next_belief(belief, true)),
                    (p * (1.0 - up), rules.next_belief(belief, false)),
                ]
            })
            .collect();
    }
    growth
}

/// Exact optimal value with memory of the last moves only. The discounted sum of `query` must be finite.
pub(super) fn memory_value(rules: &Rules, query: &SolveQuery) -> f64 {
    let growth = growth_by_memory(rules);
    let last = growth[growth.len() - 1];
    let steps = query.horizon.map_or(usize::MAX, |steps| steps as usize);
    let first: f64 = growth
        .iter()
        .zip(discounts(query.gamma))
        .take(steps)
        .map(|(growth, discount)| growth * discount)
        .sum();
    let observed = growth.len().min(steps);
    let discount = query.gamma.powi(observed as i32);
    let remaining = SolveQuery { horizon: query.horizon.map(|steps| steps - observed as u32), ..*query };
    first + discounted_sum(&remaining, last).map_or(0.0, |remaining| discount * remaining)
}

/// Proved lower and upper bound of the optimal value with the Bayes filter.
///
/// # Errors
/// [`Error::Unsupported`] if the value is infinite.
pub(super) fn filter_bounds(rules: &Rules, query: &SolveQuery) -> Result<(f64, f64)> {
    let max_total = discounted_sum(query, clairvoyant_growth(rules))?;
    let gamma = query.gamma;
    let infinite = query.horizon.is_none();
    let steps = match query.horizon {
        Some(steps) => steps,
        // The steps after the cut-off count as 0 in the lower bound and as clairvoyant growth in the upper bound.
        None if gamma == 0.0 => 1,
        None => (TAIL_TOLERANCE.ln() / gamma.ln()).ceil() as u32,
    };
    let tail = if infinite { gamma.powi(steps as i32) * max_total } else { 0.0 };
    let grid = Grid::new(rules);
    let (mut chords, mut tangents) = (vec![0.0; GRID_POINTS], vec![[0.0; 2]; GRID_POINTS]);
    for _ in 0..steps {
        chords = grid.chords(gamma, &chords);
        tangents = grid.tangents(gamma, &tangents);
    }
    let start = Belief::START;
    Ok((tangent_value(&tangents, start).1, chord_value(&chords, start) + tail))
}

/// Belief grid, with the growth and the next beliefs of each point.
struct Grid {
    /// Points, `[GRID_POINTS]`.
    points: Vec<GridPoint>,
    /// Parameters `stay` and `up` of the hidden Markov model, as in [`Rules`].
    stay: f64,
    up: [f64; 2],
}

struct GridPoint {
    growth: f64,
    /// Growth of the fraction that is optimal at the point, in the bad and in the good regime.
    growth_in: [f64; 2],
    /// Probability of an up move at the point.
    up: f64,
    /// Beliefs after a down move and after an up move.
    after: [Belief; 2],
}

impl Grid {
    fn new(rules: &Rules) -> Self {
        let point = |i: usize| {
            let belief = Belief(i as f64 / (GRID_POINTS - 1) as f64);
            let fraction = rules.optimal_fraction(belief);
            GridPoint {
                growth: rules.optimal_growth(belief),
                growth_in: [rules.expected_growth(fraction, 0.0), rules.expected_growth(fraction, 1.0)],
                up: rules.up_probability(belief),
                after: [rules.next_belief(belief, false), rules.next_belief(belief, true)],
            }
        };
        Grid { points: (0..GRID_POINTS).map(point).collect(), stay: rules.stay, up: rules.up }
    }

    /// Backward induction step that interpolates `next_values` by chords: an upper bound, `[GRID_POINTS]`.
    fn chords(&self, gamma: f64, next_values: &[f64]) -> Vec<f64> {
        let value = |p: &GridPoint| {
            let [down, up] = p.after.map(|belief| chord_value(next_values, belief));
            p.growth + gamma * (p.up * up + (1.0 - p.up) * down)
        };
        self.points.iter().map(value).collect()
    }

    /// Backward induction step with tangents: a lower bound. A tangent is given by the values of a plan in the bad and
    /// in the good regime; there is one for each point, `[GRID_POINTS]`.
    fn tangents(&self, gamma: f64, next_values: &[[f64; 2]]) -> Vec<[f64; 2]> {
        let plan = |p: &GridPoint| {
            let [down, up] = p.after.map(|belief| tangent_value(next_values, belief).0);
            let of = |z: usize| {
                let next = |plan: [f64; 2]| self.stay * plan[z] + (1.0 - self.stay) * plan[1 - z];
                p.growth_in[z] + gamma * (self.up[z] * next(up) + (1.0 - self.up[z]) * next(down))
            };
            [of(0), of(1)]
        };
        self.points.iter().map(plan).collect()
    }
}

/// Index of the grid point to the left of a belief, and the distance from it in grid steps.
fn locate(Belief(good): Belief) -> (usize, f64) {
    let at = good * (GRID_POINTS - 1) as f64;
    let left = (at as usize).min(GRID_POINTS - 2);
    (left, at - left as f64)
}

/// Value at a belief of the chord between the two grid points around the belief.
fn chord_value(values: &[f64], belief: Belief) -> f64 {
    let (left, share) = locate(belief);
    values[left] + share * (values[left + 1] - values[left])
}

/// Better of the two tangents of the grid points around a belief, and its value at the belief.
fn tangent_value(plans: &[[f64; 2]], belief: Belief) -> ([f64; 2], f64) {
    let (left, _) = locate(belief);
    let value = |plan: [f64; 2]| plan[0] + belief.0 * (plan[1] - plan[0]);
    let [a, b] = [plans[left], plans[left + 1]];
    if value(a) >= value(b) { (a, value(a)) } else { (b, value(b)) }
}
