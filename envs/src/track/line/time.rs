//! The line of least lap time, with the speeds along it, for a point mass within its [`Limits`].
//!
//! With positions `p(s)` over the center line's arc length and `w = (ds/dt)^2`, the acceleration is
//! `p'' w + p' w' / 2` and the lap time is the integral of `w^(-1/2)`; the path actually driven is what is measured, so
//! nothing is approximated but the derivatives. Positions stand at the places of a [`Corridor`], `w` between them (a
//! staggered grid: it has no checkerboard modes), differences are central and of second order. For a given line this
//! is the convex problem of Verscheure et al. (2009); for a free one it is not, and what is found is a local optimum.

use freewheel_core::{Error, Result};

use super::Limits;
use super::barrier::{Problem, Terms, is_inside, minimize};
use super::corridor::{Corridor, dot, squared_curvature};
use super::jet::Real;

struct LeastTime<'a> {
    corridor: &'a Corridor,
    limits: Limits,
}

impl Problem<5> for LeastTime<'_> {
    const PER_NODE: usize = 2;

    fn nodes(&self) -> usize {
        self.corridor.len()
    }

    /// Three offsets, and `w` behind and ahead.
    fn places(&self, node: usize) -> [usize; 5] {
        let [a, b, c] = self.corridor.around(node);
        [2 * a, 2 * b, 2 * c, 2 * a + 1, 2 * b + 1]
    }

    fn terms<R: Real>(&self, node: usize, [a, b, c, behind, ahead]: [R; 5], terms: &mut Terms<R>) {
        let Limits { grip, top_speed, drive, power, brake, curvature, .. } = self.limits;
        let step = self.corridor.step;
        let chords = self.corridor.chords(node, [a, b, c]);
        let [from, to] = chords.map(|chord| chord.map(|d| d.times(1.0 / step)));
        terms.cost = ahead.power(-0.5).times(step);
        terms.slacks.extend(self.corridor.room(node, b));

        let (mean, change) = ((behind + ahead).times(0.5), (ahead - behind).times(0.25));
        let part = |j: usize| (to[j] - from[j]) * mean + (to[j] + from[j]) * change;
        let acceleration = [part(0), part(1)];
        let below = |quantity: R, limit: f64| quantity.times(-1.0 / limit).plus(1.0);
        terms.slacks.push(below(dot(acceleration, acceleration), (grip * step).powi(2)));
        let (slower, faster) = (dot(from, from) * behind, dot(to, to) * ahead);
        terms.slacks.push(below(faster, top_speed * top_speed));
        if curvature.is_finite() {
            terms.slacks.push(below(squared_curvature(chords), curvature * curvature));
        }
        if drive.is_finite() || power.is_finite() || brake.is_finite() {
            let length = (dot(from, from).power(0.5) + dot(to, to).power(0.5)).times(step);
            let along = (faster - slower) * length.power(-1.0);
            if drive.is_finite() {
                terms.slacks.push(below(along, drive));
            }
            if brake.is_finite() {
                terms.slacks.push(below(along, -brake));
            }
            if power.is_finite() {
                terms.slacks.push(below(along * (slower + faster).times(0.5).power(0.5), power));
            }
        }
    }
}

/// Offsets of a line of locally least lap time, m, `[places]`, improved from `offsets`, which lie strictly inside.
///
/// # Errors
/// [`Error::Unsupported`] where the start bends more sharply than the car can steer.
pub(super) fn least_time(corridor: &Corridor, limits: &Limits, offsets: &[f64]) -> Result<Vec<f64>> {
    let problem = LeastTime { corridor, limits: *limits };
    let mut x = slow_start(corridor, limits, offsets)?;
    // Slower still where the places along an inner edge are so unequal that differences are rough.
    for _ in 0..20 {
        if is_inside(&problem, &x) {
            break;
        }
        x.iter_mut().skip(1).step_by(2).for_each(|w| *w *= 0.5);
    }
    minimize(&problem, &mut x, ACCURACY)?;
    Ok(x.into_iter().step_by(2).collect())
}

/// The barrier keeps the lap time at most about this share above the optimum.
const ACCURACY: f64 = 3e-5;

/// Offsets and `w` in turns, driven at a constant speed that the sharpest place allows.
fn slow_start(corridor: &Corridor, limits: &Limits, offsets: &[f64]) -> Result<Vec<f64>> {
    let mut sharpest = 0f64;
    for node in 0..corridor.len() {
        let chords = corridor.chords(node, corridor.around(node).map(|place| offsets[place]));
        sharpest = sharpest.max(squared_curvature(chords).sqrt());
    }
    if sharpest >= limits.curvature {
        return Err(Error::Unsupported(format!(
            "the track bends by {sharpest:.4} 1/m, more sharply than the car can steer ({:.4} 1/m)",
            limits.curvature
        )));
    }
    let speed = 0.7 * limits.top_speed.min((limits.grip / sharpest).sqrt());
    let squared_rate = |node: usize| {
        let [_, next] = corridor.chords(node, corridor.around(node).map(|place| offsets[place]));
        (speed * corridor.step).powi(2) / dot(next, next)
    };
    Ok((0..corridor.len()).flat_map(|node| [offsets[node], squared_rate(node)]).collect())
}
