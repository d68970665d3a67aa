//! Exact motion along a segment of constant curvature `k`, at full push.
//!
//! With `y` the speed squared, `y' = 2 a(y)` over arc length, where `a(y)` is the least of
//! * the push `a`: `y` grows linearly;
//! * the power `p / sqrt(y)`: `y^(3/2)` grows linearly, at `3 p`;
//! * what the friction circle leaves beside the lateral acceleration, `sqrt(grip^2 - (k y)^2)`: the angle
//!   `phi = asin(k y / grip)` grows linearly, at `2 k`, and stays at a quarter turn, the speed limit of the bend.
//!
//! Which of them is least changes at a few known speeds, so a segment is crossed in a few closed-form pieces.
//! Braking is the same, seen backwards.

use std::f64::consts::{FRAC_PI_2, TAU};

use super::Limits;

/// What accelerates: the engine forwards, or the brakes backwards.
#[derive(Clone, Copy, Debug)]
pub(super) struct Push {
    grip: f64,
    top: f64,
    most: f64,
    power: f64,
}

#[derive(Clone, Copy, Debug)]
enum Law {
    Constant(f64),
    Power(f64),
    Circle { grip: f64, curvature: f64 },
}

impl Push {
    pub(super) fn engine(limits: &Limits) -> Self {
        Push {
            grip: limits.grip,
            top: limits.top_speed * limits.top_speed,
            most: limits.drive,
            power: limits.power,
        }
    }

    pub(super) fn brakes(limits: &Limits) -> Self {
        Push { most: limits.brake, power: f64::INFINITY, ..Push::engine(limits) }
    }

    /// The highest speed squared at a curvature.
    pub(super) fn ceiling(&self, curvature: f64) -> f64 {
        self.top.min(self.grip / curvature.abs())
    }

    /// Speed squared and time taken after `x` m, from the speed squared `y`.
    pub(super) fn run(&self, curvature: f64, y: f64, x: f64) -> (f64, f64) {
        let mut time = 0.0;
        let end = self.walk(curvature, y, x, |law, from, to, x| time += law.time(from, to, x));
        (end, time)
    }

    /// Speed squared after `x` m.
    pub(super) fn reach(&self, curvature: f64, y: f64, x: f64) -> f64 {
        self.walk(curvature, y, x, |_, _, _, _| ())
    }

    fn walk(&self, curvature: f64, y: f64, x: f64, mut piece: impl FnMut(Law, f64, f64, f64)) -> f64 {
        let k = curvature.abs();
        let ceiling = self.ceiling(k);
        let (mut y, mut left) = (y.min(ceiling), x);
        let changes = self.changes(k);
        while y < ceiling {
            let next = changes.iter().copied().filter(|&c| c > y).fold(ceiling, f64::min);
            let law = self.law(k, 0.5 * (y + next));
            let needed = law.distance(y, next);
            if needed > left {
                let reached = law.after(y, left).clamp(y, next);
                piece(law, y, reached, left);
                return reached;
            }
            piece(law, y, next, needed);
            (y, left) = (next, left - needed);
        }
        piece(Law::Constant(0.0), ceiling, ceiling, left);
        ceiling
    }

    /// Speeds squared at which another law may become the least, in no order; not a number where there is none.
    fn changes(&self, k: f64) -> [f64; 4] {
        let (squared, power) = (self.grip * self.grip, self.power * self.power);
        let to_power = (self.power / self.most).powi(2);
        let to_circle = (squared - self.most * self.most).sqrt() / k;
        // k^2 y^3 - grip^2 y + power^2 = 0 has two positive roots, between which the power is below the circle, and a
        // negative one; the smaller positive one from their product, so that it is right on a straight too.
        let angle = (-1.5 * 3f64.sqrt() * power * k / (squared * self.grip)).acos() / 3.0;
        let root = |turn: f64| 2.0 * self.grip / 3f64.sqrt() * (angle - turn).cos();
        let (large, negative) = (root(0.0), root(-TAU / 3.0));
        [to_power, to_circle, large / k, -power / (large * negative)]
    }

    fn law(&self, k: f64, y: f64) -> Law {
        let circle = (self.grip * self.grip - (k * y).powi(2)).max(0.0).sqrt();
        let power = self.power / y.sqrt();
        if self.most <= power && self.most <= circle {
            Law::Constant(self.most)
        } else if power <= circle {
            Law::Power(self.power)
        } else if k == 0.0 {
            Law::Constant(self.grip)
        } else {
            Law::Circle { grip: self.grip, curvature: k }
        }
    }
}

impl Law {
    fn after(self, y: f64, x: f64) -> f64 {
        match self {
            Law::Constant(a) => y + 2.0 * a * x,
            Law::Power(p) => (y.powf(1.5) + 3.0 * p * x).powf(2.0 / 3.0),
            Law::Circle { grip, curvature: k } => {
                let angle = angle(k * y / grip) + 2.0 * k * x;
                grip / k * angle.min(FRAC_PI_2).sin()
            }
        }
    }

    fn distance(self, from: f64, to: f64) -> f64 {
        match self {
            Law::Constant(a) => (to - from) / (2.0 * a),
            Law::Power(p) => (to.powf(1.5) - from.powf(1.5)) / (3.0 * p),
            Law::Circle { grip, curvature: k } => (angle(k * to / grip) - angle(k * from / grip)) / (2.0 * k),
        }
    }

    /// Seconds for `x` m, during which the speed squared goes from `from` to `to`.
    fn time(self, from: f64, to: f64, x: f64) -> f64 {
        match self {
            _ if x == 0.0 => 0.0,
            Law::Constant(_) => 2.0 * x / (from.sqrt() + to.sqrt()),
            Law::Power(p) => (to - from) / (2.0 * p),
            Law::Circle { grip, curvature: k } => {
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

/// Nodes and weights of the eight-point Gauss-Legendre rule, half of them.
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

    /// Classical Runge-Kutta of `dy/dx = 2 a(y)` and `dt/dx = 1 / sqrt(y)` in many small steps.
    fn integrated(push: &Push, k: f64, y: f64, x: f64) -> (f64, f64) {
        let ceiling = push.ceiling(k);
        let slope = |y: f64| {
            let circle = (push.grip * push.grip - (k * y).powi(2)).max(0.0).sqrt();
            if y >= push.top { 0.0 } else { 2.0 * push.most.min(push.power / y.sqrt()).min(circle) }
        };
        let (mut y, mut t) = (y.min(ceiling), 0.0);
        let steps = 20_000;
        let h = x / f64::from(steps);
        for _ in 0..steps {
            let a = slope(y);
            let b = slope(y + 0.5 * h * a);
            let c = slope(y + 0.5 * h * b);
            let next = (y + h * (a + 2.0 * b + 2.0 * c + slope(y + h * c)) / 6.0).min(ceiling);
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
            let push = Push { grip: 9.81, top: 3600.0, most, power };
            let start = (speed * speed).min(push.ceiling(k));
            let (y, t) = push.run(k, start, x);
            let (expected_y, expected_t) = integrated(&push, k, start, x);
            prop_assert!((y - expected_y).abs() < 1e-3 * expected_y, "{} {}", y, expected_y);
            prop_assert!((t - expected_t).abs() < 1e-4 * expected_t, "{} {}", t, expected_t);
        }
    }

    #[test]
    fn a_long_bend_from_rest() {
        // From rest to the limit of a bend the angle `phi` goes through a quarter turn: over pi / (4 k) m, in
        // integral dphi / sqrt(sin phi) / (2 sqrt(k grip)) = 2.62205755 / (2 sqrt(k grip)) s, a lemniscate's constant.
        let push = Push { grip: 9.81, top: 1e9, most: f64::INFINITY, power: f64::INFINITY };
        let (y, t) = push.run(0.05, 0.0, std::f64::consts::PI / 0.2);
        assert!((y - 9.81 / 0.05).abs() < 1e-9);
        assert!((t - 2.622_057_554_292_119 / (2.0 * (0.05 * 9.81f64).sqrt())).abs() < 1e-8, "{t}");
    }
}
