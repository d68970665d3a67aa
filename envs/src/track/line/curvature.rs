//! The line of least curvature: the integral of the squared curvature over arc length, minimized within the edges.
//!
//! Heilmeier et al., "Minimum curvature trajectory planning and control for an autonomous race car" (2019), approximate
//! this by a sequence of quadratic programs; here the curvature itself, that of the circle through three neighboring
//! points, is minimized by Newton's method.

use freewheel_core::Result;

use super::barrier::{Problem, Terms, minimize};
use super::corridor::{Corridor, dot, squared_curvature};
use super::jet::Real;

struct LeastCurvature<'a>(&'a Corridor);

impl Problem<3> for LeastCurvature<'_> {
    const PER_NODE: usize = 1;

    fn nodes(&self) -> usize {
        self.0.len()
    }

    fn places(&self, node: usize) -> [usize; 3] {
        self.0.around(node)
    }

    fn terms<R: Real>(&self, node: usize, offsets: [R; 3], terms: &mut Terms<R>) {
        let [a, b] = self.0.chords(node, offsets);
        let length = (dot(a, a).power(0.5) + dot(b, b).power(0.5)).times(0.5);
        terms.cost = squared_curvature([a, b]) * length;
        terms.slacks.extend(self.0.room(node, offsets[1]));
    }
}

/// Offsets of the line of least curvature, m, `[places]`.
pub(super) fn least_curvature(corridor: &Corridor) -> Result<Vec<f64>> {
    let mut offsets = corridor.center_line();
    minimize(&LeastCurvature(corridor), &mut offsets, 1e-4)?;
    Ok(offsets)
}
