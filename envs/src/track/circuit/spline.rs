//! A smooth closed line through points: the periodic cubic spline over chord length, continuous up to its second
//! derivative, re-parametrized by arc length.
//!
//! Arc length is a Gauss-Legendre quadrature of the speed (sixteen nodes from point to point); the parameter of an arc length is found by
//! Newton's method on it, to 1e-12 m.

use super::Pose;
use super::quadrature::integrate;

/// Points, second derivatives and lengths of a closed line.
#[derive(Clone, Debug)]
pub(super) struct Spline {
    /// Parameter of each point and of the first one again, m along the chords.
    knots: Vec<f64>,
    /// Arc length at each knot, m.
    lengths: Vec<f64>,
    x: Coordinate,
    y: Coordinate,
    /// The heading at each knot, made continuous.
    headings: Vec<f64>,
}

/// Values and second derivatives at the knots, the first again at the end.
#[derive(Clone, Debug)]
struct Coordinate {
    value: Vec<f64>,
    second: Vec<f64>,
}

impl Spline {
    /// Through at least three points, no two neighbors equal.
    pub(super) fn through(points: &[[f64; 2]]) -> Self {
        let count = points.len();
        let mut knots = Vec::with_capacity(count + 1);
        knots.push(0.0);
        for i in 0..count {
            let ([x0, y0], [x1, y1]) = (points[i], points[(i + 1) % count]);
            knots.push(knots[i] + (x1 - x0).hypot(y1 - y0));
        }
        let x = Coordinate::new(&knots, points.iter().map(|p| p[0]).collect());
        let y = Coordinate::new(&knots, points.iter().map(|p| p[1]).collect());
        let mut spline =
            Spline { knots, lengths: vec![0.0; count + 1], x, y, headings: vec![0.0; count + 1] };
        for i in 0..count {
            let (u0, u1) = (spline.knots[i], spline.knots[i + 1]);
            spline.lengths[i + 1] = spline.lengths[i] + integrate(u0, u1, 2, |u| spline.speed(i, u));
        }
        spline.headings[0] = spline.direction(0, 0.0);
        for i in 0..count {
            // From knot to knot a line turns by less than half a circle.
            spline.headings[i + 1] = spline.unwrapped(i, spline.knots[i + 1]);
        }
        spline
    }

    pub(super) fn length(&self) -> f64 {
        self.lengths[self.lengths.len() - 1]
    }

    /// Where the line is at `s`, from 0 to its length.
    pub(super) fn at(&self, s: f64) -> Pose {
        let (i, u) = self.parameter(s);
        let (dx, dy) = (self.x.slope(&self.knots, i, u), self.y.slope(&self.knots, i, u));
        let (ddx, ddy) = (self.x.bend(&self.knots, i, u), self.y.bend(&self.knots, i, u));
        Pose {
            x: self.x.at(&self.knots, i, u),
            y: self.y.at(&self.knots, i, u),
            heading: self.unwrapped(i, u),
            curvature: (dx * ddy - dy * ddx) / (dx * dx + dy * dy).powf(1.5),
        }
    }

    /// Arc length at each point, and the whole length at the end.
    pub(super) fn lengths(&self) -> &[f64] {
        &self.lengths
    }

    /// The interval and the parameter of an arc length.
    fn parameter(&self, s: f64) -> (usize, f64) {
        let last = self.knots.len() - 2;
        let i = self.lengths.partition_point(|&length| length <= s).saturating_sub(1).min(last);
        let (u0, u1) = (self.knots[i], self.knots[i + 1]);
        let (s0, s1) = (self.lengths[i], self.lengths[i + 1]);
        let mut u = u0 + (u1 - u0) * ((s - s0) / (s1 - s0)).clamp(0.0, 1.0);
        for _ in 0..20 {
            let ahead = s - s0 - integrate(u0, u, 2, |u| self.speed(i, u));
            u = (u + ahead / self.speed(i, u).max(1e-6)).clamp(u0, u1);
            if ahead.abs() < 1e-12 {
                break;
            }
        }
        (i, u)
    }

    fn speed(&self, i: usize, u: f64) -> f64 {
        self.x.slope(&self.knots, i, u).hypot(self.y.slope(&self.knots, i, u))
    }

    fn direction(&self, i: usize, u: f64) -> f64 {
        self.y.slope(&self.knots, i, u).atan2(self.x.slope(&self.knots, i, u))
    }

    /// The heading nearest to that of the interval's first knot.
    fn unwrapped(&self, i: usize, u: f64) -> f64 {
        let from = self.headings[i];
        from + wrap(self.direction(i, u) - from)
    }
}

/// The same angle between -pi and pi.
pub(in super::super) fn wrap(angle: f64) -> f64 {
    angle - std::f64::consts::TAU * (angle / std::f64::consts::TAU).round()
}

impl Coordinate {
    fn new(knots: &[f64], mut value: Vec<f64>) -> Self {
        let second = periodic_second_derivatives(knots, &value);
        value.push(value[0]);
        Coordinate { value, second }
    }

    /// Interval width and both weights of a parameter.
    fn weights(knots: &[f64], i: usize, u: f64) -> (f64, f64, f64) {
        let h = knots[i + 1] - knots[i];
        let b = (u - knots[i]) / h;
        (h, 1.0 - b, b)
    }

    fn at(&self, knots: &[f64], i: usize, u: f64) -> f64 {
        let (h, a, b) = Self::weights(knots, i, u);
        let bend = (a * a * a - a) * self.second[i] + (b * b * b - b) * self.second[i + 1];
        a * self.value[i] + b * self.value[i + 1] + bend * h * h / 6.0
    }

    fn slope(&self, knots: &[f64], i: usize, u: f64) -> f64 {
        let (h, a, b) = Self::weights(knots, i, u);
        let bend = (3.0 * b * b - 1.0) * self.second[i + 1] - (3.0 * a * a - 1.0) * self.second[i];
        (self.value[i + 1] - self.value[i]) / h + bend * h / 6.0
    }

    fn bend(&self, knots: &[f64], i: usize, u: f64) -> f64 {
        let (_, a, b) = Self::weights(knots, i, u);
        a * self.second[i] + b * self.second[i + 1]
    }
}

/// Second derivatives of the periodic cubic spline, `[n + 1]`: a cyclic tridiagonal system, solved by Thomas' algorithm and
/// the Sherman-Morrison formula (Press et al., *Numerical Recipes*, 3rd ed., 2.7.2).
fn periodic_second_derivatives(knots: &[f64], value: &[f64]) -> Vec<f64> {
    let n = value.len();
    let h: Vec<f64> = knots.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let before = |i: usize| (i + n - 1) % n;
    let slope = |i: usize| (value[(i + 1) % n] - value[i]) / h[i];
    let right: Vec<f64> = (0..n).map(|i| 6.0 * (slope(i) - slope(before(i)))).collect();
    let mut diagonal: Vec<f64> = (0..n).map(|i| 2.0 * (h[before(i)] + h[i])).collect();
    let corner = h[n - 1];
    let gamma = -diagonal[0];
    diagonal[0] -= gamma;
    diagonal[n - 1] -= corner * corner / gamma;
    let mut rank_one = vec![0.0; n];
    rank_one[0] = gamma;
    rank_one[n - 1] = corner;
    let x = tridiagonal(&h, &diagonal, right);
    let z = tridiagonal(&h, &diagonal, rank_one);
    let share = (x[0] + corner * x[n - 1] / gamma) / (1.0 + z[0] + corner * z[n - 1] / gamma);
    let mut second: Vec<f64> = x.iter().zip(&z).map(|(x, z)| x - share * z).collect();
    second.push(second[0]);
    second
}

/// Solves a symmetric tridiagonal system with `off[i]` between rows i and i + 1.
fn tridiagonal(off: &[f64], diagonal: &[f64], mut right: Vec<f64>) -> Vec<f64> {
    let n = diagonal.len();
    let mut pivot = diagonal.to_vec();
    for i in 1..n {
        let factor = off[i - 1] / pivot[i - 1];
        pivot[i] -= factor * off[i - 1];
        right[i] -= factor * right[i - 1];
    }
    right[n - 1] /= pivot[n - 1];
    for i in (0..n - 1).rev() {
        right[i] = (right[i] - off[i] * right[i + 1]) / pivot[i];
    }
    right
}
