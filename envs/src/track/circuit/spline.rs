//! Center lines as periodic cubic splines over chord length, parametrized by arc length; Gauss-Legendre quadrature.
//!
//! Arc length is the integral of the norm of the derivative, computed with sixteen nodes per interval. Newton's method
//! finds the parameter for an arc length to within 1e-12 m.

use super::Pose;

/// Closed cubic spline through `n` points.
#[derive(Clone, Debug)]
pub(super) struct Spline {
    /// Parameter (accumulated chord length) of each point and, at the end of the lap, of the first point again, m,
    /// `[n + 1]`.
    knots: Vec<f64>,
    /// Arc length at each knot, m, `[n + 1]`.
    lengths: Vec<f64>,
    x: Coordinate,
    y: Coordinate,
    /// Heading at each knot, without jumps of 2 pi, rad, `[n + 1]`.
    headings: Vec<f64>,
}

/// One coordinate, x or y, of the spline: values and second derivatives at the knots, each `[n + 1]`.
#[derive(Clone, Debug)]
struct Coordinate {
    value: Vec<f64>,
    second: Vec<f64>,
}

impl Spline {
    /// Spline through `points`: at least three, no two neighbors equal.
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
            // Between neighboring knots the heading turns by less than pi.
            spline.headings[i + 1] = spline.unwrapped(i, spline.knots[i + 1]);
        }
        spline
    }

    pub(super) fn length(&self) -> f64 {
        self.lengths[self.lengths.len() - 1]
    }

    /// Pose at the arc length `s` in `0..=length`, m.
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

    /// Arc length at each point and at the end of the lap, m, `[n + 1]`.
    pub(super) fn lengths(&self) -> &[f64] {
        &self.lengths
    }

    /// Index of the spline interval, and parameter, at the arc length `s`.
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

    /// Heading at the parameter `u` in interval `i`, without a jump of 2 pi from the first knot of the interval, rad.
    fn unwrapped(&self, i: usize, u: f64) -> f64 {
        let from = self.headings[i];
        from + wrap_angle(self.direction(i, u) - from)
    }
}

/// Equivalent angle in -pi..=pi.
pub(in super::super) fn wrap_angle(angle: f64) -> f64 {
    angle - std::f64::consts::TAU * (angle / std::f64::consts::TAU).round()
}

impl Coordinate {
    fn new(knots: &[f64], mut value: Vec<f64>) -> Self {
        let second = periodic_second_derivatives(knots, &value);
        value.push(value[0]);
        Coordinate { value, second }
    }

    /// Width of interval `i`, and the weights of its two knots in linear interpolation at the parameter `u`.
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

/// Second derivatives of the periodic cubic spline, `[n + 1]`: a cyclic tridiagonal system, solved with the Thomas
/// algorithm and the Sherman-Morrison formula (Press et al., *Numerical Recipes*, 3rd ed., 2.7.2).
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

/// Solution of a symmetric tridiagonal system with the right-hand side `right`; `off[i]` is the entry that couples rows
/// i and i + 1.
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

/// Positive nodes and their weights of the eight-point Gauss-Legendre rule on [-1, 1] (Abramowitz & Stegun, table
/// 25.4).
const NODES: [(f64, f64); 4] = [
    (0.183_434_642_495_649_8, 0.362_683_783_378_362),
    (0.525_532_409_916_329, 0.313_706_645_877_887_3),
    (0.796_666_477_413_626_7, 0.222_381_034_453_374_48),
    (0.960_289_856_497_536_3, 0.101_228_536_290_376_26),
];

/// Integral of `f` from `a` to `b` by Gauss-Legendre quadrature, with eight nodes in each of `steps` equal parts.
pub(super) fn integrate(a: f64, b: f64, steps: usize, f: impl Fn(f64) -> f64) -> f64 {
    let half = 0.5 * (b - a) / steps as f64;
    let part = |i: usize| {
        let middle = a + (2 * i + 1) as f64 * half;
        NODES
            .iter()
            .map(|(node, weight)| weight * (f(middle - half * node) + f(middle + half * node)))
            .sum::<f64>()
    };
    half * (0..steps).map(part).sum::<f64>()
}
