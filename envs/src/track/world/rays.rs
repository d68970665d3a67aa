//! A range finder: how far it is to the edges of the road.
//!
//! The road is cut into cross-sections, at most a meter and a fifteenth of the tightest bend's radius apart. A ray walks from
//! section to section, as through a funnel, until one end of a section lies on the wrong side of it: there it has met an
//! edge. So it finds the edges of the car's own road even where another passes under a bridge. The edges are polygons: to either
//! side by less than 1 cm of the curves.

use crate::track::circuit::Circuit;

/// Sections in the tightest bend's radius.
const SECTIONS_A_RADIUS: f64 = 15.0;

/// The ends of the cross-sections, left and right.
pub(super) struct Sections {
    ends: Vec<[[f64; 2]; 2]>,
    per_meter: f64,
}

impl Sections {
    pub(super) fn new(circuit: &Circuit) -> Self {
        let step = (1.0 / (SECTIONS_A_RADIUS * circuit.table().tightest())).min(1.0);
        let count = ((circuit.length() / step).ceil() as usize).max(8);
        let ends = circuit
            .samples(count)
            .iter()
            .map(|at| {
                let (sin, cos) = at.heading.sin_cos();
                [[at.x - at.left * sin, at.y + at.left * cos], [at.x + at.right * sin, at.y - at.right * cos]]
            })
            .collect();
        Sections { ends, per_meter: count as f64 / circuit.length() }
    }

    /// From `(x, y)`, whose foot on the center line is at `s`, along the unit vector `ray` to the nearest edge, m, `range` at
    /// most. `forward` says whether the ray leads forwards along the road; 0 beyond the edges.
    #[inline]
    pub(super) fn distance(&self, [x, y]: [f64; 2], s: f64, ray: [f64; 2], forward: bool, range: f64) -> f64 {
        let count = self.ends.len();
        let cell = ((s * self.per_meter) as usize).min(count - 1);
        let onward = |i: usize| if i + 1 == count { 0 } else { i + 1 };
        let back = |i: usize| if i == 0 { count - 1 } else { i - 1 };
        // Seen along the ray, what is on its left hand is the left edge going forwards, and the right edge going back.
        let (mut index, left) = if forward { (cell, 0) } else { (onward(cell), 1) };
        // How far to the left of the ray a point is, and how far along it.
        let aside = |p: [f64; 2]| ray[0] * (p[1] - y) - ray[1] * (p[0] - x);
        let along = |p: [f64; 2]| ray[0] * (p[0] - x) + ray[1] * (p[1] - y);
        for _ in 0..count {
            let next = if forward { onward(index) } else { back(index) };
            let (from, to) = (&self.ends[index], &self.ends[next]);
            let met = if aside(to[left]) < 0.0 {
                Some(left)
            } else if aside(to[1 - left]) > 0.0 {
                Some(1 - left)
            } else {
                None
            };
            if let Some(side) = met {
                let (a, b) = (aside(from[side]), aside(to[side]));
                let share = if a == b { 0.0 } else { (a / (a - b)).clamp(0.0, 1.0) };
                let (a, b) = (along(from[side]), along(to[side]));
                return (a + share * (b - a)).clamp(0.0, range);
            }
            if along(to[0]).min(along(to[1])) > range {
                return range;
            }
            index = next;
        }
        range
    }
}
