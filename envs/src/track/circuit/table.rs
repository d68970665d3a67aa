//! Lookup table of the center line at equal spacing, read in every simulation step.
//!
//! Between two entries, at a distance h, the line is the cubic Hermite polynomial of their positions and directions.
//! The error is below h^4 / 384 times the fourth derivative: under 1e-6 m with steps of at most 1/40 of the minimum
//! radius. Where the curvature jumps between two entries, as on the circuit `stadium`, the error is h^2 / 192 times the
//! jump: 6e-5 m.

use super::check::{self, GeometryError};
use super::{CenterLine, Pose, Widths, inner_edge};

/// Number of table entries per minimum radius of the line; fewer, but at least `MIN_STEPS_PER_RADIUS`, on a long line
/// with a tight bend.
const STEPS_PER_RADIUS: f64 = 40.0;
const MIN_STEPS_PER_RADIUS: f64 = 10.0;
/// Maximum distance between entries, m.
const MAX_STEP: f64 = 0.5;
/// Maximum number of entries: 32 km at the maximum step.
const MAX_ENTRIES: f64 = 65_536.0;

/// Newton's method ends when a move is less than this fraction of the distance between entries. Convergence is
/// quadratic, so that the remaining error is much smaller.
const NEWTON_TOLERANCE: f64 = 0.1;

/// Lookup table: center line and widths at equal spacing.
#[derive(Clone, Debug)]
pub(in super::super) struct Table {
    length: f64,
    step: f64,
    per_meter: f64,
    entries: Vec<Entry>,
    /// Whether the widths of any entry are less than the given widths.
    cut: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) heading: f64,
    pub(super) cos: f64,
    pub(super) sin: f64,
    pub(super) curvature: f64,
    pub(super) right: f64,
    pub(super) left: f64,
}

/// Point in Frenet coordinates, with heading, curvature and widths at the foot of the perpendicular on the center line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in super::super) struct FrenetPoint {
    /// Arc length of the foot of the perpendicular, `0..length`, m.
    pub(in super::super) s: f64,
    /// Signed distance from the center line, m, positive to the left.
    pub(in super::super) n: f64,
    /// Heading of the center line, rad; continuous over one lap.
    pub(in super::super) heading: f64,
    /// Curvature of the center line, 1/m.
    pub(in super::super) curvature: f64,
    /// Distance from the center line to the right edge, m; `left`: to the left edge.
    pub(in super::super) right: f64,
    pub(in super::super) left: f64,
}

impl Table {
    /// Table of a center line with given widths, which are cut on the inner side of bends. With `bridges` the road may
    /// cross itself.
    pub(super) fn new(line: &CenterLine, widths: &Widths, bridges: bool) -> Result<Self, GeometryError> {
        let length = line.length();
        // A coarse pass along the line finds the minimum radius.
        let looks = (length / MAX_STEP).clamp(1_000.0, MAX_ENTRIES) as usize;
        let at = |i: usize, count: usize| length * i as f64 / count as f64;
        let max_curvature = (0..looks).map(|i| line.at(at(i, looks)).curvature.abs()).fold(0.0, f64::max);
        let step = (1.0 / (STEPS_PER_RADIUS * max_curvature)).min(MAX_STEP);
        let count = (length / step).ceil().max(8.0);
        // With a radius of 0, the count is infinite or NaN.
        let most = MAX_ENTRIES * STEPS_PER_RADIUS / MIN_STEPS_PER_RADIUS;
        if count.is_nan() || count > most || length > MAX_ENTRIES * MAX_STEP {
            return Err(GeometryError::Scale { length, radius: 1.0 / max_curvature });
        }
        let count = count.min(MAX_ENTRIES) as usize;
        let entry = |i: usize| {
            let s = at(i, count);
            let Pose { x, y, heading, curvature } = line.at(s);
            let (sin, cos) = heading.sin_cos();
            let (right, left) = widths.at(s);
            Entry { x, y, heading, cos, sin, curvature, right, left }
        };
        let mut entries: Vec<Entry> = (0..count).map(entry).collect();
        if !bridges {
            check::check_crossings(&entries, length)?;
        }
        let cut = inner_edge::cut(&mut entries, length, bridges)?;
        let step = length / count as f64;
        Ok(Table { length, step, per_meter: 1.0 / step, entries, cut })
    }

    /// Widths `(right, left)` of the entries around the arc length `s` in `0..length`, interpolated, m; `None` if no
    /// width of the circuit is cut.
    pub(super) fn cut_widths(&self, s: f64) -> Option<(f64, f64)> {
        let (a, b, t) = self.between(s);
        self.cut.then_some((a.right + t * (b.right - a.right), a.left + t * (b.left - a.left)))
    }

    pub(in super::super) fn length(&self) -> f64 {
        self.length
    }

    /// Maximum absolute curvature of the center line, 1/m.
    pub(in super::super) fn max_curvature(&self) -> f64 {
        self.entries.iter().map(|entry| entry.curvature.abs()).fold(0.0, f64::max)
    }

    /// Equivalent arc length in `0..length`, for an `s` at most one lap outside of this range.
    #[inline]
    pub(in super::super) fn wrap_s(&self, s: f64) -> f64 {
        if s < 0.0 {
            s + self.length
        } else if s >= self.length {
            s - self.length
        } else {
            s
        }
    }

    /// Index of the entry at or before the arc length `s` in `0..=length`.
    #[inline]
    pub(in super::super) fn index(&self, s: f64) -> usize {
        // A conversion to u32 is faster than to usize, and indices fit.
        ((s * self.per_meter) as u32 as usize).min(self.entries.len() - 1)
    }

    /// Number of table steps in `distance` m, rounded.
    pub(in super::super) fn entries_in(&self, distance: f64) -> usize {
        (distance * self.per_meter).round() as usize
    }

    /// Curvatures of all entries, 1/m.
    pub(in super::super) fn curvatures(&self) -> impl Iterator<Item = f64> + Clone + '_ {
        self.entries.iter().map(|entry| entry.curvature)
    }

    /// Widths `[right, left]` at the entry `index`, m.
    #[inline]
    pub(in super::super) fn widths(&self, index: usize) -> [f64; 2] {
        let entry = &self.entries[index];
        [entry.right, entry.left]
    }

    /// Curvature at the entry at or before the arc length `s` in `0..=length`, 1/m.
    #[inline]
    pub(in super::super) fn curvature_near(&self, s: f64) -> f64 {
        self.entries[self.index(s)].curvature
    }

    /// The two entries around `s` and the position of `s` between them, 0..1.
    #[inline]
    fn between(&self, s: f64) -> (&Entry, &Entry, f64) {
        let (place, index) = (s * self.per_meter, self.index(s));
        let next = if index + 1 == self.entries.len() { 0 } else { index + 1 };
        (&self.entries[index], &self.entries[next], place - index as f64)
    }

    /// Frenet coordinates of the point `(x, y)` by Newton's method from the arc length `s`, which must be within a few
    /// meters of the result. If no foot of a perpendicular is near, as for points beyond the center of a bend, the
    /// result is finite and `n` is large.
    #[inline]
    pub(in super::super) fn project(&self, x: f64, y: f64, s: f64) -> FrenetPoint {
        let (h, per_meter) = (self.step, self.per_meter);
        let mut s = self.wrap_s(s);
        let mut iterations_left = 8;
        loop {
            let (a, b, t) = self.between(s);
            // Cubic Hermite polynomial, and its derivatives with respect to arc length.
            let (dx, dy) = ((b.x - a.x) * per_meter, (b.y - a.y) * per_meter);
            let (t2, k) = (t * t, per_meter);
            let (u, w) = (3.0 * t2 - 2.0 * t, 3.0 * t2 - 4.0 * t + 1.0);
            let bump = 6.0 * (t - t2);
            let tx = bump * dx + w * a.cos + u * b.cos;
            let ty = bump * dy + w * a.sin + u * b.sin;
            let (cu, cw, cbump) = ((6.0 * t - 2.0) * k, (6.0 * t - 4.0) * k, (6.0 - 12.0 * t) * k);
            let bx = cbump * dx + cw * a.cos + cu * b.cos;
            let by = cbump * dy + cw * a.sin + cu * b.sin;
            let (p1, p2, p3) = (t2 * (3.0 - 2.0 * t), t * (t - 1.0) * (t - 1.0), t2 * (t - 1.0));
            let px = a.x + h * (p1 * dx + p2 * a.cos + p3 * b.cos);
            let py = a.y + h * (p1 * dy + p2 * a.sin + p3 * b.sin);
            let (ex, ey) = (x - px, y - py);
            let (off, square) = (ex * tx + ey * ty, tx * tx + ty * ty);
            let inverse = 1.0 / (square - ex * bx - ey * by).max(0.05);
            let move_by = off * inverse;
            iterations_left -= 1;
            if move_by.abs() < NEWTON_TOLERANCE * h || iterations_left == 0 {
                let move_by = move_by.clamp(-h, h);
                let bends = b.curvature - a.curvature;
                let curvature = a.curvature + t * bends;
                // The norm of the tangent is 1 up to the error of the table; one Newton step normalizes the tangent.
                let n = (ey * tx - ex * ty) * (1.5 - 0.5 * square);
                let second = 0.5 * n * bends * per_meter * inverse * move_by * move_by;
                let ahead = (move_by + second).clamp(-h, h);
                let t = t + ahead * per_meter;
                return FrenetPoint {
                    s: self.wrap_s(s + ahead),
                    n: n - 0.5 * curvature * off * move_by,
                    // Exact where curvature is linear in arc length.
                    heading: a.heading + h * t * (a.curvature + 0.5 * t * bends),
                    curvature: a.curvature + t * bends,
                    right: a.right + t * (b.right - a.right),
                    left: a.left + t * (b.left - a.left),
                };
            }
            s = self.wrap_s(s + move_by.clamp(-20.0 * h, 20.0 * h));
        }
    }
}
