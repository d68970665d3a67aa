//! Primal-dual interior-point method for smooth problems on a ring of nodes: minimize a sum of node costs subject to
//! `slack >= 0`, where costs and slacks of a node depend on its neighbors only.
//!
//! For each of a decreasing sequence of barrier parameters `mu`, Newton's method minimizes the barrier function
//! `phi(x) = sum cost - mu sum ln slack`, with exact second derivatives, Lagrange multipliers `z` as separate variables
//! and a line search (Nocedal & Wright, chapter 19; Wächter & Biegler 2006). There are no equality constraints. The
//! initial point must be strictly feasible (all slacks are positive), and then all iterates are. The Newton system is
//! banded, so the time of an iteration is linear in the number of nodes.

use freewheel_core::{Error, Result};

use super::banded::{BandedMatrix, ring_order};
use super::dual::{Dual2, Real};

/// A smooth problem on a ring. Node `i` depends on `N` variables of the nodes `i - 1`, `i`, `i + 1`.
pub(super) trait Problem<const N: usize> {
    /// Number of variables per node; the variables of node `i` begin at index `i * VARIABLES_PER_NODE`.
    const VARIABLES_PER_NODE: usize;

    /// Number of nodes.
    fn nodes(&self) -> usize;

    /// Indices of the `N` variables on which cost and slacks of `node` depend.
    fn variables(&self, node: usize) -> [usize; N];

    /// Writes the cost of `node` and appends its slacks, in the same number and order for every node.
    fn evaluate<R: Real>(&self, node: usize, x: [R; N], out: &mut Evaluation<R>);
}

/// Cost and slacks of a node.
pub(super) struct Evaluation<R> {
    /// Cost of the node.
    pub(super) cost: R,
    /// Slacks, which must stay positive; scaled to be about 1 far from the limits.
    pub(super) slacks: Vec<R>,
}

impl<R: Real> Evaluation<R> {
    fn new() -> Self {
        Evaluation { cost: R::constant(0.0), slacks: Vec::new() }
    }
}

/// Factor by which the barrier parameter `mu` decreases in each outer iteration.
const MU_FACTOR: f64 = 0.2;
/// Maximum number of Newton steps per value of `mu`.
const MAX_NEWTON_STEPS: usize = 25;
/// Maximum number of matrix factorizations per Newton step.
const MAX_FACTORIZATIONS: usize = 6;
/// Maximum fraction of the distance to the boundary (slack 0) that one step may cover.
const FRACTION_TO_BOUNDARY: f64 = 0.995;

/// Finds a local minimum of the total cost with a relative accuracy of about `accuracy`. `x` is the strictly feasible
/// initial point, and is replaced by the result.
///
/// # Errors
/// [`Error::Unsupported`] if `x` is not strictly feasible.
pub(super) fn minimize<const N: usize, P: Problem<N>>(
    problem: &P,
    x: &mut Vec<f64>,
    accuracy: f64,
) -> Result<()> {
    let Some((mut cost, _)) = merit(problem, x, 0.0) else {
        return Err(Error::Unsupported(
            "the initial line is not strictly within the limits of the track and the car".into(),
        ));
    };
    let mut newton = Newton::new(problem, x);
    let slacks = newton.multipliers.len() as f64;
    let mut mu = cost / slacks;
    newton.multipliers = newton.slack_values(x).iter().map(|slack| mu / slack).collect();
    loop {
        for _ in 0..MAX_NEWTON_STEPS {
            if newton.step(x, mu) <= 0.01 * mu * slacks {
                break;
            }
        }
        cost = merit(problem, x, 0.0).map_or(cost, |(cost, _)| cost);
        if mu * slacks <= accuracy * cost {
            return Ok(());
        }
        mu *= MU_FACTOR;
    }
}

/// Whether `x` is strictly feasible: all slacks are positive.
pub(super) fn is_strictly_feasible<const N: usize, P: Problem<N>>(problem: &P, x: &[f64]) -> bool {
    merit(problem, x, 0.0).is_some()
}

/// Total cost and barrier function `phi` at `x`; `None` if `x` is infeasible.
fn merit<const N: usize, P: Problem<N>>(problem: &P, x: &[f64], mu: f64) -> Option<(f64, f64)> {
    let (mut cost, mut logs, mut out) = (0.0, 0.0, Evaluation::new());
    for node in 0..problem.nodes() {
        out.slacks.clear();
        problem.evaluate(node, problem.variables(node).map(|variable| x[variable]), &mut out);
        cost += out.cost;
        for &slack in &out.slacks {
            if slack.is_nan() || slack <= 0.0 {
                return None;
            }
            logs += slack.ln();
        }
    }
    cost.is_finite().then_some((cost, cost - mu * logs))
}

/// State of Newton's method in the interior-point solver.
struct Newton<'a, const N: usize, P> {
    problem: &'a P,
    /// Lagrange multipliers `z`, `[nodes * slacks per node]`.
    multipliers: Vec<f64>,
    /// Value and gradient of each slack, in the order of `multipliers`.
    slacks: Vec<(f64, [f64; N])>,
    /// Hessian of the node's part of the primal-dual system, `[nodes]`.
    blocks: Vec<[[f64; N]; N]>,
    /// Whether the negative eigenvalues of the blocks have been removed.
    is_convex: bool,
    hessian: BandedMatrix,
    factor: BandedMatrix,
    gradient: Vec<f64>,
    direction: Vec<f64>,
}

impl<'a, const N: usize, P: Problem<N>> Newton<'a, N, P> {
    fn new(problem: &'a P, x: &[f64]) -> Self {
        let size = x.len();
        let width = 5 * P::VARIABLES_PER_NODE - 1;
        let mut newton = Newton {
            problem,
            multipliers: Vec::new(),
            slacks: Vec::new(),
            blocks: Vec::new(),
            is_convex: false,
            hessian: BandedMatrix::new(size, width),
            factor: BandedMatrix::new(size, width),
            gradient: vec![0.0; size],
            direction: vec![0.0; size],
        };
        newton.multipliers = newton.slack_values(x);
        newton
    }

    /// All slacks at `x`, `[nodes * slacks per node]`.
    fn slack_values(&self, x: &[f64]) -> Vec<f64> {
        let mut out = Evaluation::new();
        for node in 0..self.problem.nodes() {
            self.problem.evaluate(node, self.problem.variables(node).map(|variable| x[variable]), &mut out);
        }
        out.slacks
    }

    /// Row of the variable with the index `variable` in the linear system.
    fn row(&self, variable: usize) -> usize {
        ring_order(variable / P::VARIABLES_PER_NODE, self.problem.nodes()) * P::VARIABLES_PER_NODE
            + variable % P::VARIABLES_PER_NODE
    }

    /// Computes the gradient of the barrier function at `x` and the Hessian of the primal-dual system.
    fn assemble(&mut self, x: &[f64], mu: f64) {
        self.gradient.fill(0.0);
        self.slacks.clear();
        self.blocks.clear();
        self.is_convex = false;
        let mut out = Evaluation::new();
        for node in 0..self.problem.nodes() {
            let variables = self.problem.variables(node);
            out.slacks.clear();
            self.problem.evaluate(node, Dual2::variables(variables.map(|variable| x[variable])), &mut out);
            let Dual2 { mut gradient, mut hessian, .. } = out.cost;
            for slack in &out.slacks {
                let z = self.multipliers[self.slacks.len()];
                self.slacks.push((slack.value, slack.gradient));
                for j in 0..N {
                    gradient[j] -= mu / slack.value * slack.gradient[j];
                    for (k, hessian) in hessian[j].iter_mut().enumerate() {
                        *hessian +=
                            z * (slack.gradient[j] * slack.gradient[k] / slack.value - slack.hessian[j][k]);
                    }
                }
            }
            for (variable, slope) in variables.into_iter().zip(gradient) {
                let row = self.row(variable);
                self.gradient[row] += slope;
            }
            self.blocks.push(hessian);
        }
        self.sum_blocks();
    }

    /// Computes the Hessian from the blocks of the nodes.
    fn sum_blocks(&mut self) {
        self.hessian.clear();
        for node in 0..self.blocks.len() {
            let rows = self.problem.variables(node).map(|variable| self.row(variable));
            for j in 0..N {
                for k in 0..=j {
                    self.hessian.add(rows[j].max(rows[k]), rows[j].min(rows[k]), self.blocks[node][j][k]);
                }
            }
        }
    }

    /// Removes the negative eigenvalues of the blocks.
    fn make_convex(&mut self) {
        self.blocks.iter_mut().for_each(|block| *block = positive_part(block));
        self.sum_blocks();
        self.is_convex = true;
    }

    /// Computes the Newton direction. The relative diagonal shift is at least `shift`. If the matrix is not positive
    /// definite, the blocks are made convex, then the shift is increased. Returns `false` if no shift is sufficient.
    ///
    /// A shift is the last resort, because it slows down smooth changes of the line: their eigenvalues are smaller than
    /// the diagonal by the fourth power of their wavelength in nodes.
    fn solve(&mut self, mut shift: f64) -> bool {
        loop {
            self.factor.clone_from(&self.hessian);
            for row in 0..self.gradient.len() {
                self.factor.add(row, row, shift * self.hessian.diagonal(row).abs());
            }
            if self.factor.factorize() {
                break;
            }
            if self.is_convex {
                shift = if shift == 0.0 { 1e-13 } else { 8.0 * shift };
            } else {
                self.make_convex();
            }
            if shift > 1e12 {
                return false;
            }
        }
        self.direction.clone_from(&self.gradient);
        self.factor.solve(&mut self.direction);
        self.direction.iter_mut().for_each(|d| *d = -*d);
        true
    }

    /// Makes one Newton step; returns the predicted decrease of the barrier function, or 0 if no step decreases the
    /// function.
    ///
    /// If only a very short step succeeds, the blocks are made convex, then the diagonal shift is increased, which
    /// shortens the direction.
    fn step(&mut self, x: &mut Vec<f64>, mu: f64) -> f64 {
        self.assemble(x, mu);
        let Some((_, before)) = merit(self.problem, x, mu) else { return 0.0 };
        let mut shift = 0.0;
        for trial in 0..MAX_FACTORIZATIONS {
            if !self.solve(shift) {
                return 0.0;
            }
            let fall: f64 = -self.gradient.iter().zip(&self.direction).map(|(g, d)| g * d).sum::<f64>();
            let shortest = if trial + 1 < MAX_FACTORIZATIONS { 0.02 } else { 1e-6 };
            let mut length = 1.0;
            while length > shortest {
                let tried: Vec<f64> = (0..x.len())
                    .map(|variable| x[variable] + length * self.direction[self.row(variable)])
                    .collect();
                let after = merit(self.problem, &tried, mu);
                let noise = 1e-12 * before.abs();
                if after.is_some_and(|(_, after)| after <= before - 1e-4 * length * fall + noise) {
                    self.update_multipliers(length, mu);
                    *x = tried;
                    return fall;
                }
                length *= 0.5;
            }
            if self.is_convex {
                shift = (100.0 * shift).max(1e-11);
            } else {
                self.make_convex();
            }
        }
        0.0
    }

    /// Updates the Lagrange multipliers for a step of `length` times the direction, and keeps them positive and near
    /// `mu / slack`.
    fn update_multipliers(&mut self, length: f64, mu: f64) {
        let slacks_a_node = self.slacks.len() / self.problem.nodes();
        for (at, (slack, gradient)) in self.slacks.iter().enumerate() {
            let variables = self.problem.variables(at / slacks_a_node);
            let change: f64 = (0..N).map(|j| gradient[j] * self.direction[self.row(variables[j])]).sum();
            let z = self.multipliers[at];
            let wanted = z + length * ((mu - z * change) / slack - z);
            let after = (slack + length * change).max((1.0 - FRACTION_TO_BOUNDARY) * slack);
            self.multipliers[at] =
                wanted.max((1.0 - FRACTION_TO_BOUNDARY) * z).clamp(1e-4 * mu / after, 1e4 * mu / after);
        }
    }
}

/// Symmetric matrix with the negative eigenvalues of `matrix` replaced by 0, by Jacobi's method.
fn positive_part<const N: usize>(matrix: &[[f64; N]; N]) -> [[f64; N]; N] {
    let mut a = *matrix;
    let mut vectors = [[0.0; N]; N];
    (0..N).for_each(|i| vectors[i][i] = 1.0);
    let scale: f64 = a.iter().flatten().map(|x| x * x).sum();
    for _ in 0..12 {
        let off: f64 = (0..N).flat_map(|j| (0..j).map(move |k| (j, k))).map(|(j, k)| a[j][k] * a[j][k]).sum();
        if off <= 1e-26 * scale {
            break;
        }
        for (j, k) in (0..N).flat_map(|j| (0..j).map(move |k| (j, k))) {
            if a[j][k] == 0.0 {
                continue;
            }
            // Rotation in the plane of k and j that makes the entry 0 (Golub & Van Loan, section 8.5).
            let tau = (a[j][j] - a[k][k]) / (2.0 * a[j][k]);
            let tangent = tau.signum() / (tau.abs() + (1.0 + tau * tau).sqrt());
            let cos = 1.0 / (1.0 + tangent * tangent).sqrt();
            let sin = tangent * cos;
            for row in a.iter_mut() {
                let (x, y) = (row[k], row[j]);
                (row[k], row[j]) = (cos * x - sin * y, sin * x + cos * y);
            }
            for i in 0..N {
                let (x, y) = (a[k][i], a[j][i]);
                (a[k][i], a[j][i]) = (cos * x - sin * y, sin * x + cos * y);
                let (x, y) = (vectors[i][k], vectors[i][j]);
                (vectors[i][k], vectors[i][j]) = (cos * x - sin * y, sin * x + cos * y);
            }
        }
    }
    std::array::from_fn(|j| {
        std::array::from_fn(|k| (0..N).map(|i| a[i][i].max(0.0) * vectors[j][i] * vectors[k][i]).sum())
    })
}

#[cfg(test)]
mod tests {
    use super::positive_part;

    #[test]
    fn negative_eigenvalues_are_removed() {
        // Eigenvalues 3 and -1 with the eigenvectors (1, 1) and (1, -1).
        let found = positive_part(&[[1.0, 2.0], [2.0, 1.0]]);
        assert!(found.iter().flatten().all(|x: &f64| (x - 1.5).abs() < 1e-14), "{found:?}");
        let positive = [[4.0, 1.0, 0.5], [1.0, 3.0, -0.25], [0.5, -0.25, 2.0]];
        let found = positive_part(&positive);
        let differences = found.iter().flatten().zip(positive.iter().flatten());
        assert!(differences.into_iter().all(|(x, y): (&f64, &f64)| (x - y).abs() < 1e-13), "{found:?}");
    }
}
