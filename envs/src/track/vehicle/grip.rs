//! Kinematic single-track model with a friction circle: the default model.
//!
//! * **State**: as in CommonRoad's kinematic single-track model (KS); the reference point is the center of the rear
//!   axle.
//! * **Tires**: the combined acceleration is at most `A = friction * g`. With speed v and wheelbase l, steering
//!   requests the lateral acceleration `v² tan(angle) / l`, of which the tires provide at most A; engine and brakes
//!   request a longitudinal acceleration within their limits. If the combined request exceeds A, both accelerations are
//!   scaled by the same factor. The car then turns and brakes less than requested: it understeers and may leave the
//!   road.
//! * **Integration**: midpoint rule, where the path of a substep is an arc: exact on circles at constant speed, of
//!   second order otherwise. The acceleration of a substep is never outside of the friction circle.
//! * **Cost**: one division per substep; one square root and two divisions more at the friction limit. Accelerations
//!   are stored as speed changes per substep, which avoids divisions by the duration of a substep.

use super::commonroad::limited_acceleration;
use super::{Command, Parameters};

/// Advances the state `[x, y, steering angle, speed, heading, yaw rate, slip angle]` by `h` seconds.
#[inline]
pub(super) fn advance(p: &Parameters, state: &mut [f64; 7], command: Command, h: f64) {
    let [x, y, angle, v, heading, ..] = *state;
    let swing = p.steering_rate * h;
    let target = command.steering.clamp(-p.steering, p.steering);
    let next_angle = angle + (target - angle).clamp(-swing, swing);
    let steered = curvature(0.5 * (angle + next_angle), p.wheelbase());
    let wanted = (h * limited_acceleration(p, v, command.acceleration)).max(-v);
    let (gained, curvature) = limit_to_friction_circle(h * p.grip(), v, wanted, steered, h);
    let middle = v + 0.5 * gained;
    let turn = middle * curvature * h;
    let (sin, cos) = sin_cos(heading + 0.5 * turn);
    // Chord of the arc: sin(z) / z to fourth order, where z is half of the turned angle.
    let z = 0.25 * turn * turn;
    let chord = middle * h * (1.0 - z * (1.0 / 6.0 - z * (1.0 / 120.0)));
    state[0] = x + chord * cos;
    state[1] = y + chord * sin;
    state[2] = next_angle;
    state[3] = v + gained;
    state[4] = heading + turn;
    state[5] = middle * curvature;
}

/// Curvature of the path at a steering angle, tan(angle) / wheelbase, 1/m. The tangent is the seventh convergent of
/// Lambert's continued fraction, accurate to 1e-9 up to 1.2 rad.
#[inline]
fn curvature(angle: f64, wheelbase: f64) -> f64 {
    let z = angle * angle;
    let below = 135_135.0 - z * (62_370.0 - z * (3_150.0 - 28.0 * z));
    angle * (135_135.0 - z * (17_325.0 - z * (378.0 - z))) / (below * wheelbase)
}

/// Speed change (m/s) and curvature (1/m) of a substep: the requested speed change `wanted` and curvature `steered`,
/// limited to the friction circle.
///
/// `reach` is the speed change that the full grip gives in `h` s, m/s. The lateral request is limited to `reach` first,
/// then both requests are scaled.
#[inline]
fn limit_to_friction_circle(reach: f64, v: f64, wanted: f64, steered: f64, h: f64) -> (f64, f64) {
    let middle = v + 0.5 * wanted;
    let lateral = middle * middle * steered * h;
    if wanted * wanted + lateral * lateral <= reach * reach {
        return (wanted, steered);
    }
    let lateral = lateral.abs().min(reach);
    let share = reach / (wanted * wanted + lateral * lateral).sqrt();
    let gained = share * wanted;
    // If the brakes act less than requested, the car is faster, so that the same lateral acceleration gives less
    // curvature.
    let middle = v + 0.5 * gained;
    let attainable = share * lateral / (middle * middle * h).max(f64::MIN_POSITIVE);
    (gained, steered.clamp(-attainable, attainable))
}

/// Constant 1.5 * 2^52. A number is rounded to an integer by adding and then subtracting this constant; the low bits of
/// the sum are those of the integer.
const ROUNDER: f64 = 6_755_399_441_055_744.0;
/// pi/2 in two parts; the first has 33 bits, so that integer multiples of it are exact.
const QUARTER: [f64; 2] = [1.570_796_326_734_125_6, 6.077_100_506_506_192e-11];

/// `(sin x, cos x)`, accurate to 1e-15 for angles within 100,000 turns, and identical on every machine.
///
/// Argument reduction to -pi/4..pi/4 (Cody & Waite 1980), then the polynomials of fdlibm (Sun Microsystems 1993).
#[inline]
fn sin_cos(x: f64) -> (f64, f64) {
    let rounded = x * std::f64::consts::FRAC_2_PI + ROUNDER;
    let (quarters, whole) = (rounded.to_bits(), rounded - ROUNDER);
    let r = (x - whole * QUARTER[0]) - whole * QUARTER[1];
    let z = r * r;
    let sine = r + r
        * z
        * (-0.166_666_666_666_666_32
            + z * (8.333_333_333_322_49e-3
                + z * (-1.984_126_982_985_795e-4
                    + z * (2.755_731_370_707_006_8e-6
                        + z * (-2.505_076_025_340_686_3e-8 + z * 1.589_690_995_211_55e-10)))));
    let cosine = 1.0 - 0.5 * z
        + z * z
            * (4.166_666_666_666_66e-2
                + z * (-1.388_888_888_887_411e-3
                    + z * (2.480_158_728_947_673e-5
                        + z * (-2.755_731_435_139_066_3e-7
                            + z * (2.087_572_321_298_175e-9 - z * 1.135_964_755_778_819_5e-11)))));
    let (sine, cosine) = (sine.to_bits(), cosine.to_bits());
    // The selection is between integers, because it then compiles without a branch.
    let (first, second) = if quarters & 1 == 0 { (sine, cosine) } else { (cosine, sine) };
    let sign = |quarters: u64| (quarters & 2) << 62;
    (f64::from_bits(first ^ sign(quarters)), f64::from_bits(second ^ sign(quarters.wrapping_add(1))))
}

#[cfg(test)]
mod tests {
    use super::sin_cos;

    #[test]
    fn curvature_uses_the_exact_tangent() {
        for i in -120..=120 {
            let x = 0.01 * f64::from(i);
            assert!((super::curvature(x, 2.5) * 2.5 - x.tan()).abs() < 1e-9, "{x}");
        }
    }

    #[test]
    fn sine_and_cosine_equal_those_of_std() {
        for i in -200_000..=200_000 {
            for x in [1e-3 * f64::from(i), 0.731 * f64::from(i)] {
                let ((sin, cos), (sine, cosine)) = (x.sin_cos(), sin_cos(x));
                assert!((sin - sine).abs() < 1e-15 && (cos - cosine).abs() < 1e-15, "{x}");
            }
        }
        assert_eq!(sin_cos(0.0), (0.0, 1.0));
    }
}
