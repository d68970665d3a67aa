//! The kinematic car with a friction circle: the default.
//!
//! * **State**: as CommonRoad's KS, reference point the middle of the rear axle.
//! * **Tyres**: what they hold in all is `A = friction * g`, in any direction. The steering asks for the lateral acceleration
//!   `v² tan(angle) / l`, of which the tyres follow at most A; engine and brake ask for a longitudinal one within their own
//!   limits. Where the two together ask for more than A both give way in proportion: the car turns less than it is steered,
//!   and brakes less than it is asked to. It understeers and leaves the road by itself; there is no wall.
//! * **Integration**: the midpoint rule, and from there an arc: exact on circles at a steady speed, second order otherwise.
//!   What is held within a substep is within the circle exactly.
//! * **Cost**: one division a substep, and a root and two more where the tyres are at their limit. Accelerations are counted as
//!   what they do to the speed in a substep, which needs no division by its time.

use super::commonroad::limited_acceleration;
use super::sine::sine_and_cosine;
use super::{Command, Parameters};

/// Advances `[x, y, steering angle, speed, heading, ..]` by `h` s.
#[inline]
pub(super) fn advance(p: &Parameters, state: &mut [f64; 7], command: Command, h: f64) {
    let [x, y, angle, v, heading, ..] = *state;
    let swing = p.steering_rate * h;
    let target = command.steering.clamp(-p.steering, p.steering);
    let next_angle = angle + (target - angle).clamp(-swing, swing);
    let steered = curvature(0.5 * (angle + next_angle), p.wheelbase());
    let wanted = (h * limited_acceleration(p, v, command.acceleration)).max(-v);
    let (gained, curvature) = within_circle(h * p.grip(), v, wanted, steered, h);
    let middle = v + 0.5 * gained;
    let turn = middle * curvature * h;
    let (sin, cos) = sine_and_cosine(heading + 0.5 * turn);
    // The chord of the arc: sin(z)/z to fourth order, z being half of the angle turned through.
    let z = 0.25 * turn * turn;
    let chord = middle * h * (1.0 - z * (1.0 / 6.0 - z * (1.0 / 120.0)));
    state[0] = x + chord * cos;
    state[1] = y + chord * sin;
    state[2] = next_angle;
    state[3] = v + gained;
    state[4] = heading + turn;
    state[5] = middle * curvature;
}

/// The curvature at which a car steers, 1/m. The tangent is good to 1e-9 up to 1.2 rad: the seventh convergent of Lambert's
/// continued fraction.
#[inline]
fn curvature(angle: f64, wheelbase: f64) -> f64 {
    let z = angle * angle;
    let below = 135_135.0 - z * (62_370.0 - z * (3_150.0 - 28.0 * z));
    angle * (135_135.0 - z * (17_325.0 - z * (378.0 - z))) / (below * wheelbase)
}

/// What the tyres grant of the speed to be gained and of the curvature to be driven in `h` s at the speed `v`, where they hold
/// `reach` m/s in that time: lateral at most all of it, then both in proportion.
#[inline]
fn within_circle(reach: f64, v: f64, wanted: f64, steered: f64, h: f64) -> (f64, f64) {
    let middle = v + 0.5 * wanted;
    let lateral = middle * middle * steered * h;
    if wanted * wanted + lateral * lateral <= reach * reach {
        return (wanted, steered);
    }
    let lateral = lateral.abs().min(reach);
    let share = reach / (wanted * wanted + lateral * lateral).sqrt();
    let gained = share * wanted;
    // Where the brakes give way the car is faster than was thought, and turns less for it.
    let middle = v + 0.5 * gained;
    let attainable = share * lateral / (middle * middle * h).max(f64::MIN_POSITIVE);
    (gained, steered.clamp(-attainable, attainable))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_tangent_is_one() {
        for i in -120..=120 {
            let x = 0.01 * f64::from(i);
            assert!((super::curvature(x, 2.5) * 2.5 - x.tan()).abs() < 1e-9, "{x}");
        }
    }
}
