//! Proof by interval bounds that the feedback policy of CartPole never fails.
//!
//! Let h = gains · state be the weighted sum whose sign selects the action, and T a lower triangular matrix. The set of
//! states
//!
//! ```text
//! (h, position, velocity, angular velocity) = T y,   |y| <= 1
//! ```
//!
//! is an ellipsoid. It contains every first state and no failed state. If the step from each state of the ellipsoid
//! ends in the ellipsoid again, the policy never fails. By symmetry it suffices to prove this for a push to the right,
//! that is h >= 0, or y0 >= 0.
//!
//! A step is linear in the state, except for even, positive functions of the angle a that decrease with |a|, and for
//! the square of the angular velocity w. With force F, gravity g, half length l and mass m of the pole, total mass M
//! and D = l (4/3 - m cos^2 a / M), the accelerations of pole and cart are
//!
//! ```text
//! w' = A a - B F - C w^2 sign a     A = g (sin a / a) / D     B = cos a / (M D)     C = (m l / M) sin |a| cos a / D
//! v' = F / M + (m l / M) (w^2 sin a - w' cos a)
//! ```
//!
//! On a box of y, where |a| is in an interval, a step is therefore an affine map G y + o plus an error; a bound of the
//! error follows from the ends of the interval. With Lagrange multipliers lambda, mu >= 0,
//!
//! ```text
//! |G y + o|^2 <= |G y + o|^2 + lambda (1 - |y|^2) + mu y0     where |y| <= 1 and y0 >= 0
//! ```
//!
//! and the right side is bounded by its expansion around the center of the box. Boxes for which this bound is not
//! sufficient are halved.

use freewheel_core::Env;

use super::super::rules::{
    ANGLE_LIMIT, FORCE, GRAVITY, HALF_LENGTH, POLE_MASS, POLE_MOMENT, POSITION_LIMIT, START_RANGE, State,
    TIME_STEP, TOTAL_MASS,
};
use super::super::{GAINS, Integrator, feedback_action};
use super::{cartpole, rng};

type Vector = [f64; 4];
type Matrix = [Vector; 4];

/// Matrix T of the proof for each integrator, found by a numerical search; any T for which the proof succeeds is as
/// good.
const EULER: Matrix = [
    [0.1707, 0.0, 0.0, 0.0],
    [0.0001, 0.4594, 0.0, 0.0],
    [-0.9934, -0.7498, 0.8278, 0.0],
    [1.4364, 0.3461, -0.7976, 0.6914],
];
const SEMI_IMPLICIT: Matrix = [
    [0.1897, 0.0, 0.0, 0.0],
    [-0.0151, 0.4152, 0.0, 0.0],
    [-0.9752, -0.7568, 0.782, 0.0],
    [1.4144, 0.4558, -0.6658, 0.6744],
];

/// Margin for rounding errors in the world and in this proof, which are about 1e-15.
const MARGIN: f64 = 1e-6;
/// Upper bound on the change of h by the rounding of observations to `f32`; the true change is about 1e-7.
const SLACK: f64 = 1e-6;

struct Proof {
    integrator: Integrator,
    /// Force of a push, N.
    force: f64,
    shape: Matrix,
}

fn dot(a: Vector, b: Vector) -> f64 {
    (0..4).map(|i| a[i] * b[i]).sum()
}

fn norm(a: Vector) -> f64 {
    dot(a, a).sqrt()
}

fn column(m: &Matrix, j: usize) -> Vector {
    m.map(|row| row[j])
}

/// Middle of the range of a monotone function between two arguments, and half the width of the range.
fn range_of_monotone(f: impl Fn(f64) -> f64, low: f64, high: f64) -> (f64, f64) {
    let (a, b) = (f(low), f(high));
    (0.5 * (a + b), 0.5 * (a - b).abs())
}

impl Proof {
    /// State with the coordinates `y`: T y, in the order of the world's state.
    fn state(&self, y: Vector) -> Vector {
        let [h, x, v, w] = self.shape.map(|row| dot(row, y));
        [x, v, (h - GAINS[0] * x - GAINS[1] * v - GAINS[3] * w) / GAINS[2], w]
    }

    /// Coordinates y of a state.
    fn y_of(&self, state: Vector) -> Vector {
        let components = [dot(GAINS, state), state[0], state[1], state[3]];
        let mut y = [0.0; 4];
        for i in 0..4 {
            y[i] = (components[i] - dot(self.shape[i], y)) / self.shape[i][i];
        }
        y
    }

    /// Linear map from y to the state: row i gives component i of `state`.
    fn state_map(&self) -> Matrix {
        let columns: Matrix =
            std::array::from_fn(|j| self.state(std::array::from_fn(|i| f64::from(u8::from(i == j)))));
        std::array::from_fn(|i| column(&columns, i))
    }

    /// State after a step with these accelerations of cart and pole.
    fn step(&self, [x, v, a, w]: Vector, cart: f64, pole: f64) -> Vector {
        let (v2, w2) = (v + TIME_STEP * cart, w + TIME_STEP * pole);
        match self.integrator {
            Integrator::Euler => [x + TIME_STEP * v, v2, a + TIME_STEP * w, w2],
            Integrator::SemiImplicit => [x + TIME_STEP * v2, v2, a + TIME_STEP * w2, w2],
        }
    }

    /// Whether a step from every state of the ellipsoid with y in the box and h at least -`SLACK` ends in the
    /// ellipsoid.
    fn stays_inside(&self, center: Vector, radius: Vector, depth: u32) -> bool {
        let nearest: Vector = std::array::from_fn(|i| (center[i].abs() - radius[i]).max(0.0));
        if norm(nearest) > 1.0 || self.step_bound(center, radius) <= 1.0 - MARGIN {
            return true;
        }
        if depth == 0 {
            return false;
        }
        let widest = (1..4).fold(0, |i, j| if radius[j] > radius[i] { j } else { i });
        let mut half = radius;
        half[widest] *= 0.5;
        [-half[widest], half[widest]].into_iter().all(|side| {
            let mut part = center;
            part[widest] += side;
            self.stays_inside(part, half, depth - 1)
        })
    }

    /// Upper bound on |y| after a push to the right, over the part of a box that is in the ellipsoid.
    fn step_bound(&self, center: Vector, radius: Vector) -> f64 {
        let state_map = self.state_map();
        let range = |i: usize| {
            let (middle, far) = (dot(state_map[i], center).abs(), dot(state_map[i].map(f64::abs), radius));
            ((middle - far).max(0.0), (middle + far).min(norm(state_map[i])))
        };
        let ((low, high), (_, spin)) = (range(2), range(3));
        let d = |a: f64| HALF_LENGTH * (4.0 / 3.0 - POLE_MASS * a.cos() * a.cos() / TOTAL_MASS);
        let fa = |a: f64| GRAVITY * if a == 0.0 { 1.0 } else { a.sin() / a } / d(a);
        let fb = |a: f64| self.force * a.cos() / (TOTAL_MASS * d(a));
        let ((a, da), (b, db)) = (range_of_monotone(fa, low, high), range_of_monotone(fb, low, high));
        let (ac, dac) = range_of_monotone(|x| fa(x) * x.cos(), low, high);
        let (bc, dbc) = range_of_monotone(|x| fb(x) * x.cos(), low, high);
        let share = POLE_MOMENT / TOTAL_MASS;
        let c = share * high.sin() * low.cos() / d(low);
        let error_pole = da * high + db + c * spin * spin;
        let error_cart = share * (dac * high + dbc + (high.sin() + c) * spin * spin);

        let linear = |s: Vector| self.y_of(self.step(s, -share * ac * s[2], a * s[2]));
        let map: Matrix = std::array::from_fn(|j| linear(column(&state_map, j)));
        let offset = self.y_of(self.step([0.0; 4], self.force / TOTAL_MASS + share * bc, -b));
        let error = norm(self.y_of(self.step([0.0; 4], error_cart, 0.0)))
            + norm(self.y_of(self.step([0.0; 4], 0.0, error_pole)));
        bound(&map, offset, center, radius, SLACK / self.shape[0][0]).max(0.0).sqrt() + error
    }

    fn is_proved(&self) -> bool {
        let state_map = self.state_map();
        let within = norm(state_map[0]) < POSITION_LIMIT && norm(state_map[2]) < ANGLE_LIMIT;
        let first = (0..16).all(|corner| {
            let state =
                std::array::from_fn(|i| if corner >> i & 1 == 0 { START_RANGE } else { -START_RANGE });
            norm(self.y_of(state)) < 1.0
        });
        let slack = SLACK / self.shape[0][0];
        let (center, radius) = (0.5 * (1.0 - slack), 0.5 * (1.0 + slack));
        within && first && self.stays_inside([center, 0.0, 0.0, 0.0], [radius, 1.0, 1.0, 1.0], 40)
    }
}

/// Upper bound on |G y + o|^2 over all y of a box with |y| <= 1 and y0 >= -`slack`, where `map` holds the columns of G
/// and `offset` is o.
fn bound(map: &Matrix, offset: Vector, center: Vector, radius: Vector, slack: f64) -> f64 {
    let there: Vector = std::array::from_fn(|i| offset[i] + dot(column(map, i), center));
    let slope = map.map(|column| dot(column, there));
    let beside = |a: Vector| a[1] * center[1] + a[2] * center[2] + a[3] * center[3];
    // Candidates of the two multipliers: 0, or the value that makes the slope smallest.
    let sphere = (beside(slope) / beside(center).max(1e-9)).clamp(0.0, 2.0);
    let mut least = f64::INFINITY;
    for (lambda, stop) in [(0.0, false), (0.0, true), (sphere, false), (sphere, true)] {
        let mut slope: Vector = std::array::from_fn(|i| 2.0 * (slope[i] - lambda * center[i]));
        let mu = if stop { (-slope[0]).max(0.0) } else { 0.0 };
        slope[0] += mu;
        let mut most = dot(there, there) + lambda * (1.0 - dot(center, center)) + mu * (center[0] + slack);
        for i in 0..4 {
            most += slope[i].abs() * radius[i];
            for j in 0..4 {
                let bend = dot(map[i], map[j]);
                let bend = if i == j { (bend - lambda).max(0.0) } else { bend.abs() };
                most += bend * radius[i] * radius[j];
            }
        }
        least = least.min(most);
    }
    least
}

fn proof(integrator: Integrator, force: f64) -> Proof {
    let shape = match integrator {
        Integrator::Euler => EULER,
        Integrator::SemiImplicit => SEMI_IMPLICIT,
    };
    Proof { integrator, force, shape }
}

#[test]
fn the_feedback_policy_never_fails() {
    assert!(proof(Integrator::Euler, FORCE).is_proved());
    assert!(proof(Integrator::SemiImplicit, FORCE).is_proved());
}

/// The proof can fail: with a push that is a tenth stronger or weaker it fails.
#[test]
fn another_force_is_not_proved() {
    for force in [0.9 * FORCE, 1.1 * FORCE] {
        assert!(
            !proof(Integrator::Euler, force).is_proved()
                && !proof(Integrator::SemiImplicit, force).is_proved()
        );
    }
}

/// The proof is about the real steps of the world: no step leaves the ellipsoid, and none exceeds the proved bound.
#[test]
fn the_proof_is_of_these_rules() {
    for (integrator, settings) in
        [(Integrator::Euler, ""), (Integrator::SemiImplicit, "integrator = \"semi-implicit\"")]
    {
        let (world, proof, mut rng) = (cartpole(settings), proof(integrator, FORCE), rng());
        for _ in 0..20_000 {
            let any: Vector = std::array::from_fn(|_| rng.normal());
            let y = any.map(|x| x / norm(any));
            let [position, velocity, angle, angular_velocity] = proof.state(y);
            let mut state = State { position, velocity, angle, angular_velocity, ..State::default() };
            let action = feedback_action(state.to_array());
            world.step(&mut state, action, &mut rng);
            let reached = norm(proof.y_of(state.to_array()));
            let y = if action == 1 { y } else { y.map(|x| -x) };
            assert!(reached <= 1.0 && reached <= proof.step_bound(y, [0.0; 4]) + 1e-12, "{y:?} {reached}");
        }
    }
}
