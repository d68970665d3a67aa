//! Exact solution for a car that accelerates as much as possible along a segment of constant curvature `k`.
//!
//! The squared speed `y` over the distance `s` satisfies `dy/ds = 2 a(y)`, where the acceleration `a(y)` is the minimum
//! of
//! * the constant acceleration limit `a`: `y` grows linearly;
//! * the power limit `p / sqrt(y)`: `y^(3/2)` grows linearly, at `3 p`;
//! * the longitudinal part of the friction circle, `sqrt(grip^2 - (k y)^2)`: the angle `phi = asin(k y / grip)` grows
//!   linearly, at `2 k`, up to pi/2, the speed limit of the bend.
//!
//! The limit that is active (the smallest one) changes at a few known speeds, so a segment consists of a few pieces
//! with closed-form solutions. Maximum braking is the same motion reversed in time.

use std::f64::consts::{FRAC_PI_2, TAU};

use super::Limits;

/// Limits of acceleration: of a car with its engine or, reversed in time, of a car with its brakes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct AccelerationLimit {
    grip: f64,
    top: f64,
    most: f64,
    power: f64,
}

/// Which of three acceleration limits (constant, engine power, friction circle) is the smallest at some speed.
#[derive(Clone, Copy, Debug)]
enum ActiveLimit {
    Constant(f64),
    Power(f64),
    Circle { grip: f64, curvature: f64 },
}

impl AccelerationLimit {
    pub(super) fn engine(limits: &Limits) -> Self {
        AccelerationLimit {
            grip: limits.grip,
            top: limits.top_speed * limits.top_speed,
            most: limits.drive,
            power: limits.power,
        }
    }

    pub(super) fn brakes(limits: &Limits) -> Self {
        AccelerationLimit { most: limits.brake, power: f64::INFINITY, ..AccelerationLimit::engine(limits) }
    }

    /// The same limits with `share` times the grip.
    pub(super) fn with_grip_share(self, share: f64) -> Self {
        AccelerationLimit { grip: share * self.grip, ..self }
    }

    /// Maximum squared speed on a segment with the given curvature, m²/s².
    pub(super) fn max_speed_squared(&self, curvature: f64) -> f64 {
        self.top.min(self.grip / curvature.abs())
    }

    /// Squared speed (m²/s²) and elapsed time (s) after `x` m, from the initial squared speed `y`.
    pub(super) fn advance(&self, curvature: f64, y: f64, x: f64) -> (f64, f64) {
        let mut time = 0.0;
        let end = self.for_each_piece(curvature, y, x, |active_limit, from, to, x| {
            time += active_limit.time(from, to, x)
        });
        (end, time)
    }

    /// Squared speed after `x` m, from the initial squared speed `y`, m²/s².
    pub(super) fn speed_squared_after(&self, curvature: f64, y: f64, x: f64) -> f64 {
        self.for_each_piece(curvature, y, x, |_, _, _, _| ())
    }

    /// Calls `piece(limit, from, to, length)` for every closed-form piece of `x` m; returns the final squared speed.
    fn for_each_piece(
        &self,
        curvature: f64,
        y: f64,
        x: f64,
        mut piece: impl FnMut(ActiveLimit, f64, f64, f64),
    ) -> f64 {
        let k = curvature.abs();
        let max_speed_squared = self.max_speed_squared(k);
        let (mut y, mut left) = (y.min(max_speed_squared), x);
        let switch_points = self.switch_points(k);
        while y < max_speed_squared {
            let next = switch_points.iter().copied().filter(|&c| c > y).fold(max_speed_squared, f64::min);
            let active_limit = self.active_limit(k, 0.5 * (y + next));
            let needed = active_limit.distance(y, next);
            if needed > left {
                let reached = active_limit.speed_squared_after(y, left).clamp(y, next);
                piece(active_limit, y, reached, left);
                return reached;
            }
            piece(active_limit, y, next, needed);
            (y, left) = (next, left - needed);
        }
        piece(ActiveLimit::Constant(0.0), max_speed_squared, max_speed_squared, left);
        max_speed_squared
    }

    /// Squared speeds at which the smallest limit may change, in any order; NaN in place of speeds that do not exist.
    fn switch_points(&self, k: f64) -> [f64; 4] {
        let (squared, power) = (self.grip * self.grip, self.power * self.power);
        let to_power = (self.power / self.most).powi(2);
        let to_circle = (squared - self.most * self.most).sqrt() / k;
        // k^2 y^3 - grip^2 y + power^2 = 0 has a negative root and two positive roots, between which the power limit is
        // below the limit of the friction circle. The smaller positive root follows from the product of the roots,
        // which is valid for k = 0 too.
        let angle = (-1.5 * 3f64.sqrt() * power * k / (squared * self.grip)).acos() / 3.0;
        let root = |turn: f64| 2.0 * self.grip / 3f64.sqrt() * (angle - turn).cos();
        let (large, negative) = (root(0.0), root(-TAU / 3.0));
        [to_power, to_circle, large / k, -power / (large * negative)]
    }

    fn active_limit(&self, k: f64, y: f64) -> ActiveLimit {
        let circle = (self.grip * self.grip - (k * y).powi(2)).max(0.0).sqrt();
        let power = self.power / y.sqrt();
        if self.most <= power && self.most <= circle {
            ActiveLimit::Constant(self.most)
        } else if power <= circle {
            ActiveLimit::Power(self.power)
        } else if k == 0.0 {
            ActiveLimit::Constant(self.grip)
        } else {
            ActiveLimit::Circle { grip: self.grip, curvature: k }
        }
    }
}

impl ActiveLimit {
    fn speed_squared_after(self, y: f64, x: f64) -> f64 {
        match self {
            ActiveLimit::Constant(a) => y + 2.0 * a * x,
            ActiveLimit::Power(p) => (y.powf(1.5) + 3.0 * p * x).powf(2.0 / 3.0),
            ActiveLimit::Circle { grip, curvature: k } => {
                let angle = angle(k * y / grip) + 2.0 * k * x;
                grip / k * angle.min(FRAC_PI_2).sin()
            }
        }
    }

    fn distance(self, from: f64, to: f64) -> f64 {
        match self {
            ActiveLimit::Constant(a) => (to - from) / (2.0 * a),
            ActiveLimit::Power(p) => (to.powf(1.5) - from.powf(1.5)) / (3.0 * p),
            ActiveLimit::Circle { grip, curvature: k } => {
                (angle(k * to / grip) - angle(k * from / grip)) / (2.0 * k)
            }
        }
    }

    /// Time of a piece of `x` m under this limit, while the squared speed changes from `from` to `to`, s.
    fn time(self, from: f64, to: f64, x: f64) -> f64 {
        match self {
            _ if x == 0.0 => 0.0,
            ActiveLimit::Constant(_) => 2.0 * x / (from.sqrt() + to.sqrt()),
            ActiveLimit::Power(p) => (to - from) / (2.0 * p),
            ActiveLimit::Circle { grip, curvature: k } => {
                // dt = dphi / (2 k sqrt(y)); with phi = u^2 the integrand is smooth even from rest.
                let (u0, u1) = (angle(k * from / grip).sqrt(), angle(k * to / grip).sqrt());
                let (middle, half) = (0.5 * (u0 + u1), 0.5 * (u1 - u0));
                let shape = |u: f64| u / (u * u).sin().sqrt();
                let sum: f64 = GAUSS
                    .iter()
                    .map(|(at, weight)| weight * (shape(middle - at * half) + shape(middle + at * half)))
                    .sum();
                sum * half / (k * grip).sqrt()
            }
        }
    }
}

fn angle(sine: f64) -> f64 {
    sine.min(1.0).asin()
}

/// Positive nodes and their weights of the eight-point Gauss-Legendre rule.
const GAUSS: [(f64, f64); 4] = [
    (0.183_434_642_495_649_8, 0.362_683_783_378_362),
    (0.525_532_409_916_329, 0.313_706_645_877_887_3),
    (0.796_666_477_413_626_7, 0.222_381_034_453_374_47),
    (0.960_289_856_497_536_3, 0.101_228_536_290_376_26),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reference solution by the classical Runge-Kutta method: `dy/dx = 2 a(y)` and `dt/dx = 1 / sqrt(y)` in many small
    /// steps.
    fn integrated(push: &AccelerationLimit, k: f64, y: f64, x: f64) -> (f64, f64) {
        let max_speed_squared = push.max_speed_squared(k);
        let slope = |y: f64| {
            let circle = (push.grip * push.grip - (k * y).powi(2)).max(0.0).sqrt();
            if y >= push.top { 0.0 } else { 2.0 * push.most.min(push.power / y.sqrt()).min(circle) }
        };
        let (mut y, mut t) = (y.min(max_speed_squared), 0.0);
        let steps = 20_000;
        let h = x / f64::from(steps);
        for _ in 0..steps {
            let a = slope(y);
            let b = slope(y + 0.5 * h * a);
            let c = slope(y + 0.5 * h * b);
            let next = (y + h * (a + 2.0 * b + 2.0 * c + slope(y + h * c)) / 6.0).min(max_speed_squared);
            t += 2.0 * h / (y.sqrt() + next.sqrt());
            y = next;
        }
        (y, t)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn closed_forms_agree_with_small_steps(
            k in prop_oneof![Just(0.0), 1e-12..1e-3f64, 1e-3..0.1f64],
            most in prop_oneof![Just(f64::INFINITY), 1.0..12.0f64],
            power in prop_oneof![Just(f64::INFINITY), 5.0..200.0f64],
            speed in 0.5..60.0f64,
            x in 0.1..80.0f64,
        ) {
            let push = AccelerationLimit { grip: 9.81, top: 3600.0, most, power };
            let start = (speed * speed).min(push.max_speed_squared(k));
            let (y, t) = push.advance(k, start, x);
            let (expected_y, expected_t) = integrated(&push, k, start, x);
            prop_assert!((y - expected_y).abs() < 1e-3 * expected_y, "{} {}", y, expected_y);
            prop_assert!((t - expected_t).abs() < 1e-4 * expected_t, "{} {}", t, expected_t);
        }
    }

    #[test]
    fn a_long_bend_from_rest() {
        // From rest to the limit of a bend the angle `phi` goes through a quarter turn: over pi / (4 k) m, in
        // integral dphi / sqrt(sin phi) / (2 sqrt(k grip)) = 2.62205755 / (2 sqrt(k grip)) s, a lemniscate's constant.
        let push = AccelerationLimit { grip: 9.81, top: 1e9, most: f64::INFINITY, power: f64::INFINITY };
        let (y, t) = push.advance(0.05, 0.0, std::f64::consts::PI / 0.2);
        assert!((y - 9.81 / 0.05).abs() < 1e-9);
        assert!((t - 2.622_057_554_292_119 / (2.0 * (0.05 * 9.81f64).sqrt())).abs() < 1e-8, "{t}");
    }
}
