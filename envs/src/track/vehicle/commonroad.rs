//! CommonRoad's kinematic (KS) and dynamic (ST) single-track models.
//!
//! Source: M. Althoff and G. Würsching, *CommonRoad: Vehicle models* (version 2020a), chapters 5 and 7, as implemented
//! in the Python package `commonroad-vehicle-models` 3.0.2. The tires of ST are linear: the tire force grows with the
//! slip angle without a limit.

use super::Parameters;
use super::parameters::GRAVITY;

/// Speed below which the model ST uses kinematic equations, m/s.
pub(super) const KINEMATIC_BELOW: f64 = 0.1;

/// Steering rate, rad/s: the requested rate `wanted`, clipped to the limits of the car at the steering angle `angle`
/// (rad).
#[inline]
pub fn limited_steering(p: &Parameters, angle: f64, wanted: f64) -> f64 {
    if (angle <= -p.steering && wanted <= 0.0) || (angle >= p.steering && wanted >= 0.0) {
        0.0
    } else {
        wanted.clamp(-p.steering_rate, p.steering_rate)
    }
}

/// Acceleration, m/s²: the requested acceleration `wanted`, clipped to the limits of engine, brakes and speed at speed
/// `v` (m/s).
#[inline]
pub fn limited_acceleration(p: &Parameters, v: f64, wanted: f64) -> f64 {
    if (v <= p.min_speed && wanted <= 0.0) || (v >= p.top_speed && wanted >= 0.0) {
        return 0.0;
    }
    let most = if v > p.switch_speed { p.engine * p.switch_speed / v } else { p.engine };
    wanted.clamp(-p.brake, most)
}

/// Time derivative of the KS state `[x, y, steering angle, speed, heading]`, whose reference point is the center of
/// the rear axle. Input: `[steering rate, acceleration]`, rad/s and m/s².
pub fn kinematic(p: &Parameters, state: &[f64; 5], input: [f64; 2]) -> [f64; 5] {
    let [_, _, angle, v, heading] = *state;
    let rate = limited_steering(p, angle, input[0]);
    let acceleration = limited_acceleration(p, v, input[1]);
    let (sin, cos) = heading.sin_cos();
    [v * cos, v * sin, rate, acceleration, v / p.wheelbase() * angle.tan()]
}

/// Time derivative of the ST state `[x, y, steering angle, speed, heading, yaw rate, slip angle]`, whose reference
/// point is the center of gravity. Input as for [`kinematic`].
pub fn single_track(p: &Parameters, state: &[f64; 7], input: [f64; 2]) -> [f64; 7] {
    let [_, _, angle, v, heading, yaw, slip] = *state;
    let rate = limited_steering(p, angle, input[0]);
    let acceleration = limited_acceleration(p, v, input[1]);
    if v.abs() < KINEMATIC_BELOW {
        return single_track_kinematic(p, state, rate, acceleration);
    }
    let (lf, lr, l) = (p.front, p.rear, p.wheelbase());
    // Axle load over mass, times wheelbase, times stiffness.
    let front = p.stiffness_front * (GRAVITY * lr - acceleration * p.height);
    let rear = p.stiffness_rear * (GRAVITY * lf + acceleration * p.height);
    let turn = p.friction * p.mass / (p.inertia * l);
    let side = p.friction / (v * l);
    let (sin, cos) = (heading + slip).sin_cos();
    [
        v * cos,
        v * sin,
        rate,
        acceleration,
        yaw,
        turn * (-(lf * lf * front + lr * lr * rear) / v * yaw
            + (lr * rear - lf * front) * slip
            + lf * front * angle),
        (side / v * (rear * lr - front * lf) - 1.0) * yaw - side * (rear + front) * slip
            + side * front * angle,
    ]
}

/// Time derivative of the ST state at speeds below [`KINEMATIC_BELOW`], for inputs that are already clipped. As in the
/// package `commonroad-vehicle-models`, all of `tan² b / l` is squared.
fn single_track_kinematic(p: &Parameters, state: &[f64; 7], rate: f64, acceleration: f64) -> [f64; 7] {
    let [_, _, angle, v, heading, _, slip] = *state;
    let (l, share) = (p.wheelbase(), p.rear / p.wheelbase());
    let (tan, cos) = (angle.tan(), angle.cos());
    let beta = (tan * share).atan();
    let square = tan * tan * share;
    let slip_rate = p.rear * rate / (l * cos * cos * (1.0 + square * square));
    let yaw_rate = (acceleration * slip.cos() * tan - v * slip.sin() * slip_rate * tan
        + v * slip.cos() * rate / (cos * cos))
        / l;
    let (sin, ahead) = (beta + heading).sin_cos();
    [v * ahead, v * sin, rate, acceleration, v * beta.cos() * tan / l, yaw_rate, slip_rate]
}
