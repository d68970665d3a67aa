//! The widths of a road, linear in arc length between the places where they are given.

/// Widths at some places of a closed line, sorted by arc length.
#[derive(Clone, Debug)]
pub(super) struct Widths {
    length: f64,
    /// `(s, right, left)`; never empty.
    marks: Vec<(f64, f64, f64)>,
}

impl Widths {
    /// The same everywhere.
    pub(super) fn constant(right: f64, left: f64) -> Self {
        Widths { length: 1.0, marks: vec![(0.0, right, left)] }
    }

    /// Given at `(s, right, left)`, at least one and in order, on a line of `length` m.
    pub(super) fn between(marks: Vec<(f64, f64, f64)>, length: f64) -> Self {
        Widths { length, marks }
    }

    /// `(right, left)` at `s`, from 0 to the line's length.
    pub(super) fn at(&self, s: f64) -> (f64, f64) {
        let ahead = self.marks.partition_point(|mark| mark.0 <= s);
        let count = self.marks.len();
        let (s0, right0, left0) = self.marks[(ahead + count - 1) % count];
        let (s1, right1, left1) = self.marks[ahead % count];
        // Around the start line one of the two is a lap away.
        let span = (s1 - s0).rem_euclid(self.length);
        let t = if span > 0.0 { ((s - s0).rem_euclid(self.length) / span).min(1.0) } else { 0.0 };
        (right0 + t * (right1 - right0), left0 + t * (left1 - left0))
    }
}
