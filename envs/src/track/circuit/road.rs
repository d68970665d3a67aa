//! A road as engineers draw one: straights, arcs, and the clothoids between them.
//!
//! Every piece has a curvature that is linear in arc length, so its heading is exact; its position is exact for a straight
//! and an arc, and a Gauss-Legendre quadrature to about 1e-13 m for a clothoid. Where two pieces meet without a clothoid the
//! curvature jumps, as on a running track; the curvature *at* the joint is that of the piece ahead.

use std::f64::consts::{PI, TAU};

use super::Pose;
use super::quadrature::integrate;

/// A straight shorter than this is none, m.
const ROUNDING: f64 = 1e-9;

/// A corner of the polygon that a road follows: the road leaves one straight before it and reaches the next after it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Corner {
    /// The polygon's corner, m.
    pub(super) at: [f64; 2],
    /// The least radius, m.
    pub(super) radius: f64,
    /// The length of the clothoid on either side of the arc, m; 0 for none.
    pub(super) transition: f64,
}

/// Straights, arcs and clothoids that close.
#[derive(Clone, Debug)]
pub(super) struct Road {
    pieces: Vec<Piece>,
    length: f64,
}

/// Curvature `curvature + rate * t` at `t` m from where it begins.
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
            // A chord of the angle turned through; it is straight ahead where that is zero.
            let half = 0.5 * curvature * t;
            let chord = if half.abs() < 1e-8 { t } else { t * half.sin() / half };
            (chord * (heading + half).cos(), chord * (heading + half).sin())
        };
        Pose { x: x + dx, y: y + dy, heading: turned(t), curvature: curvature + self.rate * t }
    }
}

impl Road {
    /// A circle of `radius` m, driven anticlockwise from its eastmost point.
    pub(super) fn circle(radius: f64) -> Self {
        let begin = Pose { x: radius, y: 0.0, heading: 0.5 * PI, curvature: 1.0 / radius };
        Road::of(begin, &[(TAU * radius, 1.0 / radius, 0.0)])
    }

    /// The road around a polygon, beginning halfway along the side that leads to its first corner. `None` where the corners
    /// do not fit on the sides between them, or a clothoid turns further than its corner does.
    pub(super) fn around(corners: &[Corner]) -> Option<Self> {
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
            // Two corners may just meet, to within rounding.
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

    /// Lays `(length, curvature, rate)` one after the other.
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

    /// Where the road is at `s`, from 0 to its length.
    pub(super) fn at(&self, s: f64) -> Pose {
        let index = self.pieces.partition_point(|piece| piece.s <= s).saturating_sub(1);
        let piece = &self.pieces[index];
        piece.at((s - piece.s).clamp(0.0, piece.length))
    }

    /// Where pieces meet, in order.
    pub(super) fn joints(&self) -> impl Iterator<Item = f64> + '_ {
        self.pieces.iter().map(|piece| piece.s)
    }
}

/// How a road turns a corner: a clothoid, an arc, a clothoid.
struct Bend {
    curvature: f64,
    transition: f64,
    arc: f64,
    /// From where the bend begins to the polygon's corner, m.
    tangent: f64,
}

impl Bend {
    /// Turning by `turn` rad, to the left where that is positive.
    fn new(turn: f64, corner: &Corner) -> Option<Self> {
        let Corner { radius, transition, .. } = *corner;
        // Each clothoid turns by half its length over the radius.
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
        // The arc's center stands `shift` further from the side than it would without clothoids.
        let shift = end.y - radius * (1.0 - end.heading.cos());
        let tangent = (radius + shift) * (0.5 * turn.abs()).tan() + end.x - radius * end.heading.sin();
        Some(Bend { curvature: turn.signum() / radius, transition, arc, tangent })
    }

    /// Its pieces as `(length, curvature, rate)`.
    fn pieces(&self) -> [(f64, f64, f64); 3] {
        let Bend { curvature, transition, arc, .. } = *self;
        let rate = rate(curvature, transition);
        [(transition, 0.0, rate), (arc, curvature, 0.0), (transition, curvature, -rate)]
    }
}

fn rate(curvature: f64, transition: f64) -> f64 {
    if transition > 0.0 { curvature / transition } else { 0.0 }
}

/// Where a clothoid of `length` m ends whose curvature grows from 0 by `rate` a meter.
#[cfg(test)]
pub(super) fn clothoid_end(length: f64, rate: f64) -> [f64; 2] {
    let end = Piece { s: 0.0, begin: Pose::default(), length, rate }.at(length);
    [end.x, end.y]
}
