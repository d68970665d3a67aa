//! What each way of knowing is worth.
//!
//! * *Clairvoyant*, who sees the regime: half of the best growth in each.
//! * *Remembering* the last k moves: a sum over 2^k sequences, exact.
//! * *Filtering* all moves: no finite sum, but the value is a convex function of the belief (Sondik 1971), so that it lies
//!   under the chords between the points of a grid and above the tangents there. Backward induction on either keeps it
//!   on its side: two proved bounds.

use freewheel_core::{Error, Result, SolveQuery};

use super::belief::Belief;
use super::rules::Rules;

/// Points of the grid of beliefs.
const POINTS: usize = 2001;
/// A sum to the end of time stops where the rest is below this share of it.
const REST: f64 = 1e-12;

/// The sum of `each` over the steps of a question.
///
/// # Errors
/// [`Error::Unsupported`] where it is infinite.
pub(super) fn total(query: &SolveQuery, each: f64) -> Result<f64> {
    let SolveQuery { gamma, horizon, .. } = *query;
    match horizon {
        None if gamma < 1.0 => Ok(each / (1.0 - gamma)),
        None => {
            Err(Error::Unsupported("growth for ever has no sum; give a gamma below 1, or a horizon".into()))
        }
        Some(steps) => Ok(fades(gamma).take(steps as usize).map(|fade| fade * each).sum()),
    }
}

/// 1, gamma, gamma^2, ...
fn fades(gamma: f64) -> impl Iterator<Item = f64> {
    std::iter::successors(Some(1.0), move |fade| Some(fade * gamma))
}

/// Expected growth of a move for whoever sees the regime.
pub(super) fn clairvoyant(rules: &Rules) -> f64 {
    0.5 * (rules.growth(Belief(0.0)) + rules.growth(Belief(1.0)))
}

/// Expected growth of the next move for whoever has seen exactly 0, 1, ..., `memory` moves.
pub(super) fn by_moves_seen(rules: &Rules) -> Vec<f64> {
    let mut law = vec![(1.0, Belief::START)];
    let mut growth = Vec::new();
    for _ in 0..=rules.memory {
        growth.push(law.iter().map(|&(p, belief)| p * rules.growth(belief)).sum());
        law = law
            .iter()
            .flat_map(|&(p, belief)| {
                let up = rules.up_given(belief);
                [(p * up, rules.after(belief, true)), (p * (1.0 - up), rules.after(belief, false))]
            })
            .collect();
    }
    growth
}

/// The best with the last moves alone, exactly. The question has a finite sum.
pub(super) fn remembering(rules: &Rules, query: &SolveQuery) -> f64 {
    let growth = by_moves_seen(rules);
    let last = growth[growth.len() - 1];
    let steps = query.horizon.map_or(usize::MAX, |steps| steps as usize);
    let first: f64 = growth.iter().zip(fades(query.gamma)).take(steps).map(|(each, fade)| each * fade).sum();
    let seen = growth.len().min(steps);
    let fade = query.gamma.powi(seen as i32);
    let rest = SolveQuery { horizon: query.horizon.map(|steps| steps - seen as u32), ..*query };
    first + total(&rest, last).map_or(0.0, |rest| fade * rest)
}

/// The best with the filter: proved bounds, lower and upper.
///
/// # Errors
/// [`Error::Unsupported`] where it is infinite.
pub(super) fn filter(rules: &Rules, query: &SolveQuery) -> Result<(f64, f64)> {
    let most = total(query, clairvoyant(rules))?;
    let gamma = query.gamma;
    let forever = query.horizon.is_none();
    let steps = match query.horizon {
        Some(steps) => steps,
        // Enough for what is left out to be nothing; it is still counted, as 0 below and as clairvoyance above.
        None if gamma == 0.0 => 1,
        None => (REST.ln() / gamma.ln()).ceil() as u32,
    };
    let tail = if forever { gamma.powi(steps as i32) * most } else { 0.0 };
    let grid = Grid::new(rules);
    let (mut chords, mut tangents) = (vec![0.0; POINTS], vec![[0.0; 2]; POINTS]);
    for _ in 0..steps {
        chords = grid.chords(gamma, &chords);
        tangents = grid.tangents(gamma, &tangents);
    }
    let start = Belief::START;
    Ok((above(&tangents, start).1, below(&chords, start) + tail))
}

/// The beliefs of the grid, and what comes of each.
struct Grid {
    /// `[POINTS]`.
    points: Vec<Point>,
    /// What is seen in the bad and in the good regime, and whether it stays: `chance[o][z]`, `stay`.
    stay: f64,
    up: [f64; 2],
}

struct Point {
    growth: f64,
    /// The growth of the point's best fraction in either regime.
    growth_in: [f64; 2],
    /// Probability of a move up.
    up: f64,
    /// The beliefs after a move down and up.
    after: [Belief; 2],
}

impl Grid {
    fn new(rules: &Rules) -> Self {
        let point = |i: usize| {
            let belief = Belief(i as f64 / (POINTS - 1) as f64);
            let fraction = rules.fraction(belief);
            Point {
                growth: rules.growth(belief),
                growth_in: [rules.growth_of(fraction, 0.0), rules.growth_of(fraction, 1.0)],
                up: rules.up_given(belief),
                after: [rules.after(belief, false), rules.after(belief, true)],
            }
        };
        Grid { points: (0..POINTS).map(point).collect(), stay: rules.stay, up: rules.up }
    }

    /// One step of backward induction with chords between the points: from above.
    fn chords(&self, gamma: f64, later: &[f64]) -> Vec<f64> {
        let value = |p: &Point| {
            let [down, up] = p.after.map(|belief| below(later, belief));
            p.growth + gamma * (p.up * up + (1.0 - p.up) * down)
        };
        self.points.iter().map(value).collect()
    }

    /// One step with tangents, each the value of a plan in the bad and in the good regime: from below.
    fn tangents(&self, gamma: f64, later: &[[f64; 2]]) -> Vec<[f64; 2]> {
        let plan = |p: &Point| {
            let [down, up] = p.after.map(|belief| above(later, belief).0);
            let of = |z: usize| {
                let next = |plan: [f64; 2]| self.stay * plan[z] + (1.0 - self.stay) * plan[1 - z];
                p.growth_in[z] + gamma * (self.up[z] * next(up) + (1.0 - self.up[z]) * next(down))
            };
            [of(0), of(1)]
        };
        self.points.iter().map(plan).collect()
    }
}

/// The points to the left and right of a belief, and how far it is from the left one, in grid steps.
fn between(Belief(good): Belief) -> (usize, f64) {
    let at = good * (POINTS - 1) as f64;
    let left = (at as usize).min(POINTS - 2);
    (left, at - left as f64)
}

/// The chord over a belief.
fn below(values: &[f64], belief: Belief) -> f64 {
    let (left, share) = between(belief);
    values[left] + share * (values[left + 1] - values[left])
}

/// The better of the two tangents next to a belief, and its value there.
fn above(plans: &[[f64; 2]], belief: Belief) -> ([f64; 2], f64) {
    let (left, _) = between(belief);
    let value = |plan: [f64; 2]| plan[0] + belief.0 * (plan[1] - plan[0]);
    let [a, b] = [plans[left], plans[left + 1]];
    if value(a) >= value(b) { (a, value(a)) } else { (b, value(b)) }
}
