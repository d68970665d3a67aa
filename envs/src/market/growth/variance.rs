//! Expectations over the variance process of Heston's model, by quadrature on a grid of variances.
//!
//! The nodes are equally spaced in the square root of the variance, in which the standard deviation of a step is the
//! same everywhere: `shock = vol_of_vol sqrt(dt) / 2`. Negative variances, which the full-truncation scheme visits, are
//! mirrored. Values between nodes are interpolated by cubic polynomials of the variance; the shock of a step is
//! integrated by the trapezoidal rule.

use freewheel_core::{Error, Result, SolveQuery};

use super::super::normal;
use super::rules::Rules;

/// Nodes of the grid per standard deviation of a step.
pub(super) const RESOLUTION: f64 = 8.0;

/// Maximum number of nodes.
const MAX_NODES: f64 = 1600.0;

/// Relative difference of the expected gains of two variances below which all later gains are taken as equal.
const MIXED: f64 = 1e-10;

/// Variance that lies `stds` standard deviations of the stationary distribution above the long-run variance.
pub(super) fn variance_above(rules: &Rules, stds: f64) -> f64 {
    rules.long_run_variance + stds * stationary_std(rules)
}

fn stationary_std(rules: &Rules) -> f64 {
    rules.vol_of_vol * (rules.long_run_variance / (2.0 * rules.reversion)).sqrt()
}

/// Discounted sum of `gain(variance)` over the steps of a query, starting from the long-run variance, with `resolution`
/// nodes per standard deviation of a step.
///
/// # Errors
/// [`Error::Unsupported`] for an infinite sum.
pub(super) fn total_value(
    rules: &Rules,
    query: &SolveQuery,
    resolution: f64,
    gain: impl Fn(f64) -> f64,
) -> Result<f64> {
    let SolveQuery { gamma, horizon, .. } = *query;
    let steps = match horizon {
        Some(steps) => f64::from(steps),
        None if gamma == 0.0 => 1.0,
        None if gamma < 1.0 => (1e-12f64.ln() / gamma.ln()).ceil(),
        None => {
            return Err(Error::Unsupported(
                "without a horizon the value is infinite at gamma = 1; set gamma below 1 or give a horizon"
                    .into(),
            ));
        }
    };
    let grid = Grid::new(rules, steps, resolution);
    // Expected discounted gain of a step from now, by the present variance.
    let mut gains: Vec<f64> = grid.variances().map(gain).collect();
    let mut start = vec![0.0; grid.nodes];
    grid.add_weights(rules.long_run_variance, 1.0, 0, &mut start);
    let (mut total, mut step) = (0.0, 0.0);
    while step < steps {
        let gain = dot(&start, &gains);
        let (low, high) = gains
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &gain| (low.min(gain), high.max(gain)));
        if high - low <= MIXED * low.abs().max(high.abs()) {
            let left = steps - step;
            let sum = if gamma < 1.0 { (1.0 - gamma.powf(left)) / (1.0 - gamma) } else { left };
            return Ok(total + gain * sum);
        }
        total += gain;
        gains = grid.rows.iter().map(|row| gamma * dot(&row.weights, &gains[row.first..])).collect();
        step += 1.0;
    }
    Ok(total)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Variances and the transitions between them.
struct Grid {
    /// Distance of two nodes, in square roots of variances.
    width: f64,
    /// Lowest node, in multiples of `width`.
    low: f64,
    nodes: usize,
    /// Interpolation weights of the next variances, a row for each node.
    rows: Vec<Row>,
}

/// Weights of neighboring nodes, from node `first` on.
struct Row {
    first: usize,
    weights: Vec<f64>,
}

impl Grid {
    /// Grid of the variances that are reached within `steps` steps, up to events of negligible probability.
    fn new(rules: &Rules, steps: f64, resolution: f64) -> Grid {
        let level = rules.long_run_variance;
        let shock = rules.vol_of_vol * rules.dt.sqrt() / 2.0;
        let std = stationary_std(rules);
        // The tail of the stationary gamma distribution is exp(-2 reversion variance / vol_of_vol^2).
        let tail = rules.vol_of_vol * rules.vol_of_vol / (2.0 * rules.reversion);
        let reach = shock * (9.0 * steps.sqrt() + 4.0);
        let drift = level * (rules.reversion * rules.dt * steps).min(1.0);
        let high = root(level + f64::max(20.0 * std, 25.0 * tail)).min(root(level + drift) + reach);
        let low = f64::max(-6.0 * shock, f64::min(root(level) - reach, root(level - 20.0 * std)));
        let width = f64::max(shock / resolution, (high - low) / MAX_NODES);
        let low = (low / width).floor();
        let nodes = ((high / width).ceil() - low) as usize + 4;
        let mut grid = Grid { width, low, nodes, rows: Vec::new() };
        grid.rows = grid.variances().map(|variance| grid.transitions(rules, variance)).collect();
        grid
    }

    fn transitions(&self, rules: &Rules, variance: f64) -> Row {
        let next =
            || normal::quadrature_points().map(|(w, weight)| (rules.next_variance(variance, w), weight));
        let firsts = next().map(|(variance, _)| self.first(variance));
        let (first, last) =
            firsts.fold((usize::MAX, 0), |(low, high), first| (low.min(first), high.max(first)));
        let mut weights = vec![0.0; last + 4 - first];
        for (variance, weight) in next() {
            self.add_weights(variance, weight, first, &mut weights);
        }
        Row { first, weights }
    }

    /// Variance of the node number `index`.
    fn node(&self, index: usize) -> f64 {
        let root = self.width * (self.low + index as f64);
        root * root.abs()
    }

    fn variances(&self) -> impl Iterator<Item = f64> {
        (0..self.nodes).map(|index| self.node(index))
    }

    /// First of the four nodes around `variance`.
    fn first(&self, variance: f64) -> usize {
        let at = (root(variance) / self.width - self.low).max(0.0) as usize;
        at.saturating_sub(1).min(self.nodes - 4)
    }

    /// Adds the weights of cubic Lagrange interpolation at `variance`, times `weight`, to a row that begins with the
    /// node number `offset`.
    fn add_weights(&self, variance: f64, weight: f64, offset: usize, row: &mut [f64]) {
        let variance = variance.clamp(self.node(0), self.node(self.nodes - 1));
        let first = self.first(variance);
        let nodes: [f64; 4] = std::array::from_fn(|i| self.node(first + i));
        for (i, slot) in row[first - offset..first - offset + 4].iter_mut().enumerate() {
            let factors = (0..4).filter(|&j| j != i).map(|j| (variance - nodes[j]) / (nodes[i] - nodes[j]));
            *slot += weight * factors.product::<f64>();
        }
    }
}

/// Square root that keeps the sign.
fn root(x: f64) -> f64 {
    x.abs().sqrt().copysign(x)
}
