//! Center lines of straights, circular arcs and clothoids.
//!
//! The curvature of each piece is linear in arc length, so its heading is exact. Positions are exact on straights and
//! arcs, and accurate to about 1e-13 m on clothoids (Gauss-Legendre quadrature). Where two pieces meet without a
//! clothoid, the curvature jumps; at the joint itself, the curvature is that of the piece ahead.

use std::f64::consts::{PI, TAU};

use super::Pose;
use super::spline::integrate;

/// Length below which a straight is omitted, m: it is only a rounding error.
const ROUNDING: f64 = 1e-9;

/// Corner of the polygon along which a road is built.
#[derive(Clone, Copy, Debug)]
pub(super) struct Corner {
    /// Position of the corner, m.
    pub(super) at: [f64; 2],
    /// Radius of the arc, m.
    pub(super) radius: f64,
    /// Length of the clothoid on either side of the arc, m; 0 for none.
    pub(super) transition: f64,
}

/// Center line: a closed sequence of straights, arcs and clothoids.
#[derive(Clone, Debug)]
pub(super) struct Road {
    pieces: Vec<Piece>,
    length: f64,
}

/// Straight, arc or clothoid: the curvature is `begin.curvature + rate * t` at `t` m from the beginning of the piece.
#[derive(Clone, Copy, Debug)]
struct Piece {
    s: f64,
    begin: Pose,
    length: f64,
    rate: f64,
}

impl Piece {
    fn at(&self, t: f64) -> Pose {
        let Pose { x, y, heading, curvature } = self.begin;
        let turned = |t: f64| heading + t * (curvature + 0.5 * self.rate * t);
        let (dx, dy) = if self.rate != 0.0 {
            let steps = 1 + (t * (curvature.abs() + (self.rate * t).abs())) as usize;
            (integrate(0.0, t, steps, |t| turned(t).cos()), integrate(0.0, t, steps, |t| turned(t).sin()))
        } else {
            // Chord of the arc; a straight if the turn is almost 0.
            let half = 0.5 * curvature * t;
            let chord = if half.abs() < 1e-8 { t } else { t * half.sin() / half };
            (chord * (heading + half).cos(), chord * (heading + half).sin())
        };
        Pose { x: x + dx, y: y + dy, heading: turned(t), curvature: curvature + self.rate * t }
    }
}

impl Road {
    /// Circle of `radius` m, driven counterclockwise from its easternmost point.
    pub(super) fn circle(radius: f64) -> Self {
        let begin = Pose { x: radius, y: 0.0, heading: 0.5 * PI, curvature: 1.0 / radius };
        Road::of(begin, &[(TAU * radius, 1.0 / radius, 0.0)])
    }

    /// Road around a polygon. The road begins in the middle of the side that leads to the first corner. `None` if the
    /// bends do not fit on the sides of the polygon, or if a clothoid turns by more than its corner.
    pub(super) fn around_polygon(corners: &[Corner]) -> Option<Self> {
        let count = corners.len();
        let side = |i: usize| {
            let ([x0, y0], [x1, y1]) = (corners[(i + count - 1) % count].at, corners[i % count].at);
            (x1 - x0, y1 - y0)
        };
        let mut bends = Vec::with_capacity(count);
        for (i, corner) in corners.iter().enumerate() {
            let ((ax, ay), (bx, by)) = (side(i), side(i + 1));
            let turn = (ax * by - ay * bx).atan2(ax * bx + ay * by);
            bends.push(Bend::new(turn, corner)?);
        }
        let straight = |i: usize| {
            let (x, y) = side(i);
            let free = x.hypot(y) - bends[(i + count - 1) % count].tangent - bends[i % count].tangent;
            // Two bends may meet exactly, up to rounding.
            if free > ROUNDING { Some(free) } else { (free > -ROUNDING).then_some(0.0) }
        };
        let (x, y) = side(0);
        let half = 0.5 * straight(0)?;
        let [cx, cy] = corners.first()?.at;
        let back = (bends[0].tangent + half) / x.hypot(y);
        let begin = Pose { x: cx - back * x, y: cy - back * y, heading: y.atan2(x), curvature: 0.0 };
        let mut shape = vec![(half, 0.0, 0.0)];
        for (i, bend) in bends.iter().enumerate() {
            shape.extend(bend.pieces());
            shape.push((if i + 1 == count { half } else { straight(i + 1)? }, 0.0, 0.0));
        }
        shape.retain(|piece| piece.0 > 0.0);
        Some(Road::of(begin, &shape))
    }

    /// Road from the pose `begin`, with pieces given as `(length, initial curvature, change of curvature per m)`.
    fn of(begin: Pose, shape: &[(f64, f64, f64)]) -> Self {
        let (mut s, mut pose) = (0.0, begin);
        let mut pieces = Vec::with_capacity(shape.len());
        for &(length, curvature, rate) in shape {
            let piece = Piece { s, begin: Pose { curvature, ..pose }, length, rate };
            pose = piece.at(length);
            s += length;
            pieces.push(piece);
        }
        Road { pieces, length: s }
    }

    pub(super) fn length(&self) -> f64 {
        self.length
    }

    /// Pose at the arc length `s` in `0..=length`, m.
    pub(super) fn at(&self, s: f64) -> Pose {
        let index = self.pieces.partition_point(|piece| piece.s <= s).saturating_sub(1);
        let piece = &self.pieces[index];
        piece.at((s - piece.s).clamp(0.0, piece.length))
    }

    /// Arc lengths at which pieces begin, ascending, m.
    pub(super) fn joints(&self) -> impl Iterator<Item = f64> + '_ {
        self.pieces.iter().map(|piece| piece.s)
    }
}

/// The pieces at one corner: a clothoid, an arc, a clothoid.
struct Bend {
    curvature: f64,
    transition: f64,
    arc: f64,
    /// Distance from the beginning of the bend to the polygon's corner, m.
    tangent: f64,
}

impl Bend {
    /// Bend at `corner` that turns by `turn` rad, positive to the left; `None` if the clothoids would turn by more than
    /// `turn`.
    fn new(turn: f64, corner: &Corner) -> Option<Self> {
        let Corner { radius, transition, .. } = *corner;
        // A clothoid turns by its length over twice the radius.
        let arc = radius * turn.abs() - transition;
        if arc < 0.0 || turn == 0.0 || turn.abs() > 0.999 * PI {
            return None;
        }
        let clothoid = Piece {
            s: 0.0,
            begin: Pose::default(),
            length: transition,
            rate: rate(1.0 / radius, transition),
        };
        let end = clothoid.at(transition);
        // The clothoids move the center of the arc away from the side of the polygon by `shift`.
        let shift = end.y - radius * (1.0 - end.heading.cos());
        let tangent = (radius + shift) * (0.5 * turn.abs()).tan() + end.x - radius * end.heading.sin();
        Some(Bend { curvature: turn.signum() / radius, transition, arc, tangent })
    }

    /// Pieces of the bend as `(length, initial curvature, change of curvature per m)`.
    fn pieces(&self) -> [(f64, f64, f64); 3] {
        let Bend { curvature, transition, arc, .. } = *self;
        let rate = rate(curvature, transition);
        [(transition, 0.0, rate), (arc, curvature, 0.0), (transition, curvature, -rate)]
    }
}

fn rate(curvature: f64, transition: f64) -> f64 {
    if transition > 0.0 { curvature / transition } else { 0.0 }
}

/// End point of a clothoid of `length` m from the origin along the x axis; the curvature grows from 0 by `rate` per
/// meter.
#[cfg(test)]
pub(super) fn clothoid_end(length: f64, rate: f64) -> [f64; 2] {
    let end = Piece { s: 0.0, begin: Pose::default(), length, rate }.at(length);
    [end.x, end.y]
}
