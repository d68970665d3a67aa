//! A primal-dual interior-point method for smooth problems around a ring: minimize a sum of costs over nodes, each of
//! which sees only its neighbors, subject to inequalities `slack >= 0` that do too.
//!
//! For a falling `mu`, the barrier function `phi(x) = sum cost - mu sum ln slack` is minimized by Newton's method with
//! exact second derivatives (jets), the multipliers `z` of the inequalities being variables of their own, and a line
//! search on `phi` (Nocedal & Wright, chapter 19; Wächter & Biegler 2006). There are no equations among the
//! constraints: every iterate satisfies all of them, and a start that does must be given. Around a ring the Newton
//! system is a band of width 9, so that an iteration takes time linear in the nodes.

use freewheel_core::{Error, Result};

use super::band::{Band, flattened};
use super::jet::{Jet, Real};

/// A smooth problem on a ring: node `i` sees `N` of the unknowns, all of them of the nodes `i - 1`, `i`, `i + 1`.
pub(super) trait Problem<const N: usize> {
    /// Unknowns a node; the unknowns of node `i` stand at `i * PER_NODE`.
    const PER_NODE: usize;

    /// How many nodes.
    fn nodes(&self) -> usize;

    /// Where the unknowns that `node` sees stand.
    fn places(&self, node: usize) -> [usize; N];

    /// Writes the node's cost and its slacks, as many of them and in the same order for every node.
    fn terms<R: Real>(&self, node: usize, x: [R; N], terms: &mut Terms<R>);
}

/// What a node contributes.
pub(super) struct Terms<R> {
    /// Its share of what is minimized.
    pub(super) cost: R,
    /// What must stay positive, scaled to about 1 where nothing is close to its limit.
    pub(super) slacks: Vec<R>,
}

impl<R: Real> Terms<R> {
    fn new() -> Self {
        Terms { cost: R::constant(0.0), slacks: Vec::new() }
    }
}

/// `mu` falls to this share of itself each time.
const FALL: f64 = 0.2;
/// Newton iterations for one `mu`.
const PATIENCE: usize = 60;
/// Factorizations for one step.
const TRIALS: usize = 6;
/// A step goes at most this share of the way to the edge.
const EDGE: f64 = 0.995;

/// Minimizes from `x`, which satisfies every inequality strictly, until the barrier holds the cost at most about the
/// share `accuracy` above a local minimum.
///
/// # Errors
/// [`Error::Unsupported`] where `x` is not strictly inside.
pub(super) fn minimize<const N: usize, P: Problem<N>>(
    problem: &P,
    x: &mut Vec<f64>,
    accuracy: f64,
) -> Result<()> {
    let Some((mut cost, _)) = merit(problem, x, 0.0) else {
        return Err(Error::Unsupported("the search for a line has no start inside the track".into()));
    };
    let mut newton = Newton::new(problem, x);
    let slacks = newton.multipliers.len() as f64;
    let mut mu = cost / slacks;
    newton.multipliers = newton.measured(x).iter().map(|slack| mu / slack).collect();
    loop {
        for _ in 0..PATIENCE {
            if newton.step(x, mu) <= 0.01 * mu * slacks {
                break;
            }
        }
        cost = merit(problem, x, 0.0).map_or(cost, |(cost, _)| cost);
        if mu * slacks <= accuracy * cost {
            return Ok(());
        }
        mu *= FALL;
    }
}

/// Whether `x` satisfies every inequality strictly.
pub(super) fn is_inside<const N: usize, P: Problem<N>>(problem: &P, x: &[f64]) -> bool {
    merit(problem, x, 0.0).is_some()
}

/// The cost and `phi`, or `None` where an inequality does not hold.
fn merit<const N: usize, P: Problem<N>>(problem: &P, x: &[f64], mu: f64) -> Option<(f64, f64)> {
    let (mut cost, mut logs, mut terms) = (0.0, 0.0, Terms::new());
    for node in 0..problem.nodes() {
        terms.slacks.clear();
        problem.terms(node, problem.places(node).map(|place| x[place]), &mut terms);
        cost += terms.cost;
        for &slack in &terms.slacks {
            if slack.is_nan() || slack <= 0.0 {
                return None;
            }
            logs += slack.ln();
        }
    }
    cost.is_finite().then_some((cost, cost - mu * logs))
}

struct Newton<'a, const N: usize, P> {
    problem: &'a P,
    /// `z`, `[nodes * slacks a node]`.
    multipliers: Vec<f64>,
    /// Value and gradient of each slack, in the same order.
    slacks: Vec<(f64, [f64; N])>,
    hessian: Band,
    factor: Band,
    slope: Vec<f64>,
    direction: Vec<f64>,
    /// What share of its diagonal the last factorization added to the Hessian.
    shift: f64,
    /// What share the next one begins with.
    raised: f64,
}

impl<'a, const N: usize, P: Problem<N>> Newton<'a, N, P> {
    fn new(problem: &'a P, x: &[f64]) -> Self {
        let size = x.len();
        let width = 5 * P::PER_NODE - 1;
        let mut newton = Newton {
            problem,
            multipliers: Vec::new(),
            slacks: Vec::new(),
            hessian: Band::new(size, width),
            factor: Band::new(size, width),
            slope: vec![0.0; size],
            direction: vec![0.0; size],
            shift: 0.0,
            raised: 0.0,
        };
        newton.multipliers = newton.measured(x);
        newton
    }

    /// Every slack at `x`.
    fn measured(&self, x: &[f64]) -> Vec<f64> {
        let mut terms = Terms::new();
        for node in 0..self.problem.nodes() {
            self.problem.terms(node, self.problem.places(node).map(|place| x[place]), &mut terms);
        }
        terms.slacks
    }

    /// Where the unknown `place` stands in the linear system.
    fn row(&self, place: usize) -> usize {
        flattened(place / P::PER_NODE, self.problem.nodes()) * P::PER_NODE + place % P::PER_NODE
    }

    /// The gradient of `phi` at `x`, and the Hessian of the primal-dual system.
    fn assemble(&mut self, x: &[f64], mu: f64) {
        self.hessian.clear();
        self.slope.fill(0.0);
        self.slacks.clear();
        let mut terms = Terms::new();
        for node in 0..self.problem.nodes() {
            let places = self.problem.places(node);
            terms.slacks.clear();
            self.problem.terms(node, Jet::variables(places.map(|place| x[place])), &mut terms);
            let Jet { mut slope, mut bend, .. } = terms.cost;
            for slack in &terms.slacks {
                let z = self.multipliers[self.slacks.len()];
                self.slacks.push((slack.value, slack.slope));
                for j in 0..N {
                    slope[j] -= mu / slack.value * slack.slope[j];
                    for (k, bend) in bend[j].iter_mut().enumerate() {
                        *bend += z * (slack.slope[j] * slack.slope[k] / slack.value - slack.bend[j][k]);
                    }
                }
            }
            let rows = places.map(|place| self.row(place));
            for j in 0..N {
                self.slope[rows[j]] += slope[j];
                for k in 0..=j {
                    self.hessian.add(rows[j].max(rows[k]), rows[j].min(rows[k]), bend[j][k]);
                }
            }
        }
    }

    /// Fills `direction`, raising the diagonal by `shift` of itself, and by as much more as it takes; `false` where
    /// nothing helps.
    fn solve(&mut self, mut shift: f64) -> bool {
        loop {
            self.factor.clone_from(&self.hessian);
            for row in 0..self.slope.len() {
                self.factor.add(row, row, shift * self.hessian.diagonal(row).abs());
            }
            if self.factor.factor() {
                break;
            }
            shift = if shift == 0.0 { (self.shift / 3.0).max(1e-6) } else { 8.0 * shift };
            if shift > 1e12 {
                return false;
            }
        }
        self.shift = shift;
        self.direction.clone_from(&self.slope);
        self.factor.solve(&mut self.direction);
        self.direction.iter_mut().for_each(|d| *d = -*d);
        true
    }

    /// One step; returns how much `phi` was expected to fall, 0 where no step lowers it.
    ///
    /// Where only a short step along the direction helps, the model is bad that far out: the diagonal is raised, which
    /// makes directions shorter and safer, and it is lowered again when steps succeed.
    fn step(&mut self, x: &mut Vec<f64>, mu: f64) -> f64 {
        self.assemble(x, mu);
        let Some((_, before)) = merit(self.problem, x, mu) else { return 0.0 };
        let mut raised = self.raised;
        for trial in 0..TRIALS {
            if !self.solve(raised) {
                return 0.0;
            }
            let fall: f64 = -self.slope.iter().zip(&self.direction).map(|(g, d)| g * d).sum::<f64>();
            let shortest = if trial + 1 < TRIALS { 0.2 } else { 1e-6 };
            let mut length = 1.0;
            while length > shortest {
                let tried: Vec<f64> =
                    (0..x.len()).map(|place| x[place] + length * self.direction[self.row(place)]).collect();
                let after = merit(self.problem, &tried, mu);
                let noise = 1e-12 * before.abs();
                if after.is_some_and(|(_, after)| after <= before - 1e-4 * length * fall + noise) {
                    self.follow(length, mu);
                    *x = tried;
                    self.raised = if raised > 1e-7 { 0.1 * raised } else { 0.0 };
                    return fall;
                }
                length *= 0.5;
            }
            raised = (10.0 * raised).max(1e-5);
        }
        0.0
    }

    /// Moves the multipliers along with a step of `length`, keeping them positive and near `mu / slack`.
    fn follow(&mut self, length: f64, mu: f64) {
        let slacks_a_node = self.slacks.len() / self.problem.nodes();
        for (at, (slack, slope)) in self.slacks.iter().enumerate() {
            let places = self.problem.places(at / slacks_a_node);
            let change: f64 = (0..N).map(|j| slope[j] * self.direction[self.row(places[j])]).sum();
            let z = self.multipliers[at];
            let wanted = z + length * ((mu - z * change) / slack - z);
            let after = (slack + length * change).max((1.0 - EDGE) * slack);
            self.multipliers[at] = wanted.max((1.0 - EDGE) * z).clamp(1e-4 * mu / after, 1e4 * mu / after);
        }
    }
}
