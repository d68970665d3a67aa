//! The center line as a table of equal steps: what a step of the simulator reads.
//!
//! Between two entries the line is the cubic Hermite polynomial of their positions and directions, whose error is below
//! h^4 / 384 times its fourth derivative: with steps of at most a fortieth of the least radius, under 1e-6 m.
//! Where the curvature jumps, as on the stadium, it is h^2 / 192 times the jump within that one step: 6e-5 m.

use super::check::{self, Fault};
use super::{Line, Widths};

/// At most a fortieth of the least radius is one step, m.
const STEPS_A_RADIUS: f64 = 40.0;
/// One step at most, m.
const LONGEST_STEP: f64 = 0.5;
/// Entries at most: a circuit of 32 km at the longest step.
const MOST_ENTRIES: f64 = 65_536.0;

/// Newton's method is done when it moves by less than this share of a step: the last move is made to second order.
const SETTLED: f64 = 0.1;

/// Entries at equal distances.
#[derive(Clone, Debug)]
pub(in super::super) struct Table {
    length: f64,
    step: f64,
    per_meter: f64,
    entries: Vec<Entry>,
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

/// Where a point is, seen from the center line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in super::super) struct Spot {
    /// Arc length of the foot of the perpendicular, from 0 to the length, m.
    pub(in super::super) s: f64,
    /// Distance from the center line, m, positive to the left.
    pub(in super::super) n: f64,
    /// The line's direction there, rad; continuous over one lap.
    pub(in super::super) heading: f64,
    /// The line's curvature there, 1/m.
    pub(in super::super) curvature: f64,
    /// Widths there, m.
    pub(in super::super) right: f64,
    pub(in super::super) left: f64,
}

impl Table {
    pub(super) fn new(line: &Line, widths: &Widths) -> Result<Self, Fault> {
        let length = line.length();
        // A first look finds the least radius.
        let looks = (length / LONGEST_STEP).clamp(1_000.0, MOST_ENTRIES) as usize;
        let at = |i: usize, count: usize| length * i as f64 / count as f64;
        let tightest = (0..looks).map(|i| line.at(at(i, looks)).curvature.abs()).fold(0.0, f64::max);
        let step = (1.0 / (STEPS_A_RADIUS * tightest)).min(LONGEST_STEP);
        let count = (length / step).ceil().max(8.0);
        // A line with a point of no radius at all has no count either.
        if count.is_nan() || count > MOST_ENTRIES {
            return Err(Fault::Scale { length, radius: 1.0 / tightest });
        }
        let count = count as usize;
        let entry = |i: usize| {
            let s = at(i, count);
            let pose = line.at(s);
            let (sin, cos) = pose.heading.sin_cos();
            let (right, left) = check::usable(s, pose.curvature, widths.at(s))?;
            Ok(Entry {
                x: pose.x,
                y: pose.y,
                heading: pose.heading,
                cos,
                sin,
                curvature: pose.curvature,
                right,
                left,
            })
        };
        let entries = (0..count).map(entry).collect::<Result<Vec<_>, Fault>>()?;
        let step = length / count as f64;
        Ok(Table { length, step, per_meter: 1.0 / step, entries })
    }

    pub(in super::super) fn length(&self) -> f64 {
        self.length
    }

    /// The greatest curvature to either side, 1/m.
    pub(in super::super) fn tightest(&self) -> f64 {
        self.entries.iter().map(|entry| entry.curvature.abs()).fold(0.0, f64::max)
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The same place from 0 to the length; `s` is less than a lap away from there.
    #[inline]
    pub(in super::super) fn around(&self, s: f64) -> f64 {
        if s < 0.0 {
            s + self.length
        } else if s >= self.length {
            s - self.length
        } else {
            s
        }
    }

    /// The entry before `s`, which lies from 0 to the length.
    #[inline]
    pub(in super::super) fn index(&self, s: f64) -> usize {
        // There are fewer than 2^32, and the narrower conversion is the quicker one.
        ((s * self.per_meter) as u32 as usize).min(self.entries.len() - 1)
    }

    /// How many entries `distance` m are, rounded.
    pub(in super::super) fn entries_in(&self, distance: f64) -> usize {
        (distance * self.per_meter).round() as usize
    }

    /// The curvatures of all entries, 1/m.
    pub(in super::super) fn curvatures(&self) -> impl Iterator<Item = f64> + Clone + '_ {
        self.entries.iter().map(|entry| entry.curvature)
    }

    /// `[right, left]` at an entry, m.
    #[inline]
    pub(in super::super) fn widths(&self, index: usize) -> [f64; 2] {
        let entry = &self.entries[index];
        [entry.right, entry.left]
    }

    /// The curvature at the entry before `s`, 1/m; `s` from 0 to the length.
    #[inline]
    pub(in super::super) fn curvature_near(&self, s: f64) -> f64 {
        self.entries[self.index(s)].curvature
    }

    /// The two entries around `s`, and how far between them it lies, 0..1.
    #[inline]
    fn between(&self, s: f64) -> (&Entry, &Entry, f64) {
        let (place, index) = (s * self.per_meter, self.index(s));
        let next = if index + 1 == self.entries.len() { 0 } else { index + 1 };
        (&self.entries[index], &self.entries[next], place - index as f64)
    }

    /// The point on the line nearest to `(x, y)`, sought by Newton's method from `s`, which lies at most a few meters
    /// from it. Where there is none near, as beyond a bend's center, the answer is finite and `n` is large.
    #[inline]
    pub(in super::super) fn project(&self, x: f64, y: f64, s: f64) -> Spot {
        let (h, per_meter) = (self.step, self.per_meter);
        let mut s = self.around(s);
        let mut left_to_do = 8;
        loop {
            let (a, b, t) = self.between(s);
            // The Hermite polynomial and its derivatives over arc length.
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
            left_to_do -= 1;
            if move_by.abs() < SETTLED * h || left_to_do == 0 {
                let move_by = move_by.clamp(-h, h);
                let bends = b.curvature - a.curvature;
                let curvature = a.curvature + t * bends;
                // The tangent is a unit vector but for the table's error: one step of Newton's method makes it one.
                let n = (ey * tx - ex * ty) * (1.5 - 0.5 * square);
                let second = 0.5 * n * bends * per_meter * inverse * move_by * move_by;
                let ahead = (move_by + second).clamp(-h, h);
                let t = t + ahead * per_meter;
                return Spot {
                    s: self.around(s + ahead),
                    n: n - 0.5 * curvature * off * move_by,
                    // Exact where the curvature is linear.
                    heading: a.heading + h * t * (a.curvature + 0.5 * t * bends),
                    curvature: a.curvature + t * bends,
                    right: a.right + t * (b.right - a.right),
                    left: a.left + t * (b.left - a.left),
                };
            }
            s = self.around(s + move_by.clamp(-20.0 * h, 20.0 * h));
        }
    }
}
