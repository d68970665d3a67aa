//! The kinematic car with a friction circle: the default.
//!
//! * **State**: as CommonRoad's KS, reference point the middle of the rear axle.
//! * **Tyres**: what they hold in all is `A = friction * g`, in any direction. The steering asks for the lateral acceleration
//!   `v² tan(angle) / l`, of which the tyres follow at most A; engine and brake ask for a longitudinal one within their own
//!   limits. Where the two together ask for more than A both give way in proportion: the car turns less than it is steered,
//!   and brakes less than it is asked to. It understeers and leaves the road by itself; there is no wall.
//! * **Integration**: the midpoint rule, and from there an arc: exact on circles at a steady speed, second order otherwise,
//!   with one sine, one cosine and one tangent a substep. What is held within a substep is within the circle exactly.

use super::Parameters;
use super::commonroad::{limited_acceleration, limited_steering};

/// Advances `[x, y, steering angle, speed, heading, ..]` by `h` s; the input is `[steering speed, acceleration]`.
#[inline]
pub(super) fn advance(p: &Parameters, state: &mut [f64; 7], input: [f64; 2], h: f64) {
    let [x, y, angle, v, heading, ..] = *state;
    let rate = limited_steering(p, angle, input[0]);
    let wanted = limited_acceleration(p, v, input[1]);
    let middle = v + 0.5 * h * wanted;
    let steered = tangent(angle + 0.5 * h * rate) / p.wheelbase();
    let (longitudinal, lateral) = within_circle(p.grip(), wanted, middle * middle * steered);
    // Where the brakes give way the car is faster than was thought, and turns less for it.
    let middle = v + 0.5 * h * longitudinal;
    let attainable = lateral.abs() / (middle * middle).max(f64::MIN_POSITIVE);
    let curvature = steered.clamp(-attainable, attainable);
    let turn = middle * curvature * h;
    let (sin, cos) = (heading + 0.5 * turn).sin_cos();
    // The chord of the arc: sin(z)/z to fourth order, z being half of the angle turned through.
    let z = 0.25 * turn * turn;
    let chord = middle * h * (1.0 - z / 6.0 * (1.0 - z / 20.0));
    state[0] = x + chord * cos;
    state[1] = y + chord * sin;
    state[2] = (angle + h * rate).clamp(-p.steering, p.steering);
    state[3] = v + h * longitudinal;
    state[4] = heading + turn;
    state[5] = middle * curvature;
}

/// The tangent of a steering angle, to 1e-9 up to 1.2 rad: the seventh convergent of Lambert's continued fraction.
#[inline]
fn tangent(x: f64) -> f64 {
    let z = x * x;
    x * (135_135.0 - z * (17_325.0 - z * (378.0 - z)))
        / (135_135.0 - z * (62_370.0 - z * (3_150.0 - 28.0 * z)))
}

/// What the tyres grant of what is asked for: lateral at most `grip`, then both in proportion.
#[inline]
fn within_circle(grip: f64, longitudinal: f64, lateral: f64) -> (f64, f64) {
    let lateral = lateral.clamp(-grip, grip);
    let asked = longitudinal * longitudinal + lateral * lateral;
    if asked <= grip * grip {
        return (longitudinal, lateral);
    }
    let share = grip / asked.sqrt();
    (longitudinal * share, lateral * share)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_tangent_is_one() {
        for i in -120..=120 {
            let x = 0.01 * f64::from(i);
            assert!((super::tangent(x) - x.tan()).abs() < 1e-9, "{x}");
        }
    }
}
