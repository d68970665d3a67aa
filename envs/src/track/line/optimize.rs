//! Optimization of minimum-curvature and minimum-time lines.
//!
//! **Minimum curvature**: the integral of the squared curvature over arc length. Heilmeier et al., "Minimum curvature
//! trajectory planning and control for an autonomous race car" (2019), approximate this problem by a sequence of
//! quadratic programs; here Newton's method minimizes the integral directly, where the curvature at a point is that of
//! the circle through the point and its two neighbors.
//!
//! **Minimum time**, for a point mass within its [`Limits`]: with positions `p(s)` over the center line's arc length
//! and `w = (ds/dt)^2`, the acceleration is `p'' w + p' w' / 2` and the lap time is the integral of `w^(-1/2)`.
//! Positions are given at the cross-sections of a [`Corridor`], `w` between the cross-sections (a staggered grid), and
//! derivatives are central differences. For a fixed line this is the convex problem of Verscheure et al. (2009). If the
//! line is optimized too, the problem is not convex; the result is a local optimum.

use freewheel_core::{Error, Result};

use super::Limits;
use super::barrier::{Evaluation, Problem, is_strictly_feasible, minimize};
use super::corridor::{Corridor, dot, squared_curvature};
use super::dual::Real;

struct MinCurvature<'a>(&'a Corridor);

impl Problem<3> for MinCurvature<'_> {
    const VARIABLES_PER_NODE: usize = 1;

    fn nodes(&self) -> usize {
        self.0.len()
    }

    fn variables(&self, node: usize) -> [usize; 3] {
        self.0.neighbors(node)
    }

    fn evaluate<R: Real>(&self, node: usize, offsets: [R; 3], out: &mut Evaluation<R>) {
        let [a, b] = self.0.chords(node, offsets);
        let length = (dot(a, a).power(0.5) + dot(b, b).power(0.5)).times(0.5);
        out.cost = squared_curvature([a, b]) * length;
        out.slacks.extend(self.0.edge_slacks(node, offsets[1]));
    }
}

/// Offsets of the minimum-curvature line from the center line, m, `[sections]`.
pub(super) fn min_curvature(corridor: &Corridor) -> Result<Vec<f64>> {
    let mut offsets = corridor.center_line();
    minimize(&MinCurvature(corridor), &mut offsets, 1e-4)?;
    Ok(offsets)
}

struct MinTime<'a> {
    corridor: &'a Corridor,
    limits: Limits,
}

impl Problem<5> for MinTime<'_> {
    const VARIABLES_PER_NODE: usize = 2;

    fn nodes(&self) -> usize {
        self.corridor.len()
    }

    /// Offsets at the previous node, the node and the next node; `w` before and after the node.
    fn variables(&self, node: usize) -> [usize; 5] {
        let [a, b, c] = self.corridor.neighbors(node);
        [2 * a, 2 * b, 2 * c, 2 * a + 1, 2 * b + 1]
    }

    fn evaluate<R: Real>(&self, node: usize, [a, b, c, behind, ahead]: [R; 5], out: &mut Evaluation<R>) {
        let Limits { grip, top_speed, drive, power, brake, curvature, .. } = self.limits;
        let step = self.corridor.step;
        let chords = self.corridor.chords(node, [a, b, c]);
        let [from, to] = chords.map(|chord| chord.map(|d| d.times(1.0 / step)));
        out.cost = ahead.power(-0.5).times(step);
        out.slacks.extend(self.corridor.edge_slacks(node, b));

        let (mean, change) = ((behind + ahead).times(0.5), (ahead - behind).times(0.25));
        let part = |j: usize| (to[j] - from[j]) * mean + (to[j] + from[j]) * change;
        let acceleration = [part(0), part(1)];
        let below = |quantity: R, limit: f64| quantity.times(-1.0 / limit).plus(1.0);
        out.slacks.push(below(dot(acceleration, acceleration), (grip * step).powi(2)));
        let (slower, faster) = (dot(from, from) * behind, dot(to, to) * ahead);
        out.slacks.push(below(faster, top_speed * top_speed));
        if curvature.is_finite() {
            out.slacks.push(below(squared_curvature(chords), curvature * curvature));
        }
        if drive.is_finite() || power.is_finite() || brake.is_finite() {
            let length = (dot(from, from).power(0.5) + dot(to, to).power(0.5)).times(step);
            let along = (faster - slower) * length.power(-1.0);
            if drive.is_finite() {
                out.slacks.push(below(along, drive));
            }
            if brake.is_finite() {
                out.slacks.push(below(along, -brake));
            }
            if power.is_finite() {
                out.slacks.push(below(along * (slower + faster).times(0.5).power(0.5), power));
            }
        }
    }
}

/// Offsets of a locally optimal minimum-time line, m, `[sections]`, with the relative accuracy `accuracy` of the lap
/// time; `offsets` is the strictly feasible initial line.
///
/// # Errors
/// [`Error::Unsupported`] if the initial line has a greater curvature than the car can steer.
pub(super) fn min_time(
    corridor: &Corridor,
    limits: &Limits,
    offsets: &[f64],
    accuracy: f64,
) -> Result<Vec<f64>> {
    let problem = MinTime { corridor, limits: *limits };
    let mut x = initial_guess(corridor, limits, offsets)?;
    // Lower the initial speed further if it is not feasible: unequal spacing along an inner edge makes the differences
    // inaccurate.
    for _ in 0..20 {
        if is_strictly_feasible(&problem, &x) {
            break;
        }
        x.iter_mut().skip(1).step_by(2).for_each(|w| *w *= 0.5);
    }
    minimize(&problem, &mut x, accuracy)?;
    Ok(x.into_iter().step_by(2).collect())
}

/// Initial variables of the optimization: offset and `w` of each node in turn. The speed is constant and feasible at
/// the maximum curvature.
fn initial_guess(corridor: &Corridor, limits: &Limits, offsets: &[f64]) -> Result<Vec<f64>> {
    let mut sharpest = 0f64;
    for node in 0..corridor.len() {
        let chords = corridor.chords(node, corridor.neighbors(node).map(|neighbor| offsets[neighbor]));
        sharpest = sharpest.max(squared_curvature(chords).sqrt());
    }
    if sharpest >= limits.curvature {
        return Err(Error::Unsupported(format!(
            "the track has a curvature of {sharpest:.4} 1/m and turns more sharply than the car can steer ({:.4} 1/m)",
            limits.curvature
        )));
    }
    let speed = 0.7 * limits.top_speed.min((limits.grip / sharpest).sqrt());
    let squared_rate = |node: usize| {
        let [_, next] = corridor.chords(node, corridor.neighbors(node).map(|neighbor| offsets[neighbor]));
        (speed * corridor.step).powi(2) / dot(next, next)
    };
    Ok((0..corridor.len()).flat_map(|node| [offsets[node], squared_rate(node)]).collect())
}
