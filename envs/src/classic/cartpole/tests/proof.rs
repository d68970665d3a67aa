//! A proof that the feedback player never fails.
//!
//! Let h be what it weighs, h = gains · state, and T a lower triangular matrix. The set of states
//!
//! ```text
//! (h, position, velocity, angular velocity) = T y,   |y| <= 1
//! ```
//!
//! is an ellipsoid. It holds every first state and none that has failed. If a step leads from each of its states to another,
//! the player stands for ever. By symmetry a push to the right is enough, that is h >= 0, or y0 >= 0.
//!
//! A step is linear but for even, positive functions of the angle a that fall with |a|, and for the square of the angular
//! velocity w. With D = l (4/3 - m cos^2 a / M):
//!
//! ```text
//! w' = A a - B F - C w^2 sign a     A = g (sin a / a) / D     B = cos a / (M D)     C = (m l / M) sin |a| cos a / D
//! v' = F / M + (m l / M) (w^2 sin a - w' cos a)
//! ```
//!
//! So on a box of y, where |a| lies in an interval, a step is a linear map G y + o, and an error whose bound follows from the ends
//! of the interval. With Lagrange's multipliers lambda, mu >= 0,
//!
//! ```text
//! |G y + o|^2 <= |G y + o|^2 + lambda (1 - |y|^2) + mu y0     where |y| <= 1 and y0 >= 0
//! ```
//!
//! and the right side is bounded by its expansion around the box's center. Boxes that this does not prove are halved.

use freewheel_core::Env;

use super::super::Integrator;
use super::super::player::{GAINS, push};
use super::super::rules::{
    GRAVITY, HALF_LENGTH, LEAN, MASS, POLE, POLE_MOMENT, PUSH, START, State, TICK, TRACK,
};
use super::{cartpole, dice};

type Vector = [f64; 4];
type Matrix = [Vector; 4];

/// T for each integrator, found by a numerical search; any T that passes is as good.
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

/// What is left for the rounding of the world and of this proof, which is some 1e-15.
const MARGIN: f64 = 1e-6;
/// What an observation's rounding to `f32` may change h by is less, some 1e-7.
const SLACK: f64 = 1e-6;

struct Proof {
    integrator: Integrator,
    /// N.
    push: f64,
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

/// The middle of the values of a monotone function between two arguments, and how far the others are from it at most.
fn between(f: impl Fn(f64) -> f64, low: f64, high: f64) -> (f64, f64) {
    let (a, b) = (f(low), f(high));
    (0.5 * (a + b), 0.5 * (a - b).abs())
}

impl Proof {
    /// The state of `y`.
    fn state(&self, y: Vector) -> Vector {
        let [h, x, v, w] = self.shape.map(|row| dot(row, y));
        [x, v, (h - GAINS[0] * x - GAINS[1] * v - GAINS[3] * w) / GAINS[2], w]
    }

    /// The y of a state.
    fn inside(&self, state: Vector) -> Vector {
        let numbers = [dot(GAINS, state), state[0], state[1], state[3]];
        let mut y = [0.0; 4];
        for i in 0..4 {
            y[i] = (numbers[i] - dot(self.shape[i], y)) / self.shape[i][i];
        }
        y
    }

    /// The states' map, the columns of `state`.
    fn states(&self) -> Matrix {
        let columns: Matrix =
            std::array::from_fn(|j| self.state(std::array::from_fn(|i| f64::from(u8::from(i == j)))));
        std::array::from_fn(|i| column(&columns, i))
    }

    /// Where these accelerations of cart and pole lead in a step.
    fn step(&self, [x, v, a, w]: Vector, cart: f64, pole: f64) -> Vector {
        let (v2, w2) = (v + TICK * cart, w + TICK * pole);
        match self.integrator {
            Integrator::Euler => [x + TICK * v, v2, a + TICK * w, w2],
            Integrator::SemiImplicit => [x + TICK * v2, v2, a + TICK * w2, w2],
        }
    }

    /// Whether a step leads from every state of the set with y in the box, and h not below -`SLACK`, into the set.
    fn holds(&self, center: Vector, radius: Vector, depth: u32) -> bool {
        let nearest: Vector = std::array::from_fn(|i| (center[i].abs() - radius[i]).max(0.0));
        if norm(nearest) > 1.0 || self.reach(center, radius) <= 1.0 - MARGIN {
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
            self.holds(part, half, depth - 1)
        })
    }

    /// A bound of |y| after a push to the right, over the part of a box that lies in the set.
    fn reach(&self, center: Vector, radius: Vector) -> f64 {
        let states = self.states();
        let range = |i: usize| {
            let (middle, far) = (dot(states[i], center).abs(), dot(states[i].map(f64::abs), radius));
            ((middle - far).max(0.0), (middle + far).min(norm(states[i])))
        };
        let ((low, high), (_, spin)) = (range(2), range(3));
        let d = |a: f64| HALF_LENGTH * (4.0 / 3.0 - POLE * a.cos() * a.cos() / MASS);
        let fa = |a: f64| GRAVITY * if a == 0.0 { 1.0 } else { a.sin() / a } / d(a);
        let fb = |a: f64| self.push * a.cos() / (MASS * d(a));
        let ((a, da), (b, db)) = (between(fa, low, high), between(fb, low, high));
        let (ac, dac) = between(|x| fa(x) * x.cos(), low, high);
        let (bc, dbc) = between(|x| fb(x) * x.cos(), low, high);
        let share = POLE_MOMENT / MASS;
        let c = share * high.sin() * low.cos() / d(low);
        let error_pole = da * high + db + c * spin * spin;
        let error_cart = share * (dac * high + dbc + (high.sin() + c) * spin * spin);

        let linear = |s: Vector| self.inside(self.step(s, -share * ac * s[2], a * s[2]));
        let map: Matrix = std::array::from_fn(|j| linear(column(&states, j)));
        let offset = self.inside(self.step([0.0; 4], self.push / MASS + share * bc, -b));
        let error = norm(self.inside(self.step([0.0; 4], error_cart, 0.0)))
            + norm(self.inside(self.step([0.0; 4], 0.0, error_pole)));
        bound(&map, offset, center, radius, SLACK / self.shape[0][0]).max(0.0).sqrt() + error
    }

    fn proved(&self) -> bool {
        let states = self.states();
        let within = norm(states[0]) < TRACK && norm(states[2]) < LEAN;
        let first = (0..16).all(|corner| {
            let state = std::array::from_fn(|i| if corner >> i & 1 == 0 { START } else { -START });
            norm(self.inside(state)) < 1.0
        });
        let slack = SLACK / self.shape[0][0];
        let (center, radius) = (0.5 * (1.0 - slack), 0.5 * (1.0 + slack));
        within && first && self.holds([center, 0.0, 0.0, 0.0], [radius, 1.0, 1.0, 1.0], 40)
    }
}

/// A bound of |G y + o|^2 over the y of a box with |y| <= 1 and y0 >= -`slack`; G by its columns.
fn bound(map: &Matrix, offset: Vector, center: Vector, radius: Vector, slack: f64) -> f64 {
    let there: Vector = std::array::from_fn(|i| offset[i] + dot(column(map, i), center));
    let slope = map.map(|column| dot(column, there));
    let beside = |a: Vector| a[1] * center[1] + a[2] * center[2] + a[3] * center[3];
    // The multipliers that make the slope least, or none.
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

fn proof(integrator: Integrator, push: f64) -> Proof {
    let shape = match integrator {
        Integrator::Euler => EULER,
        Integrator::SemiImplicit => SEMI_IMPLICIT,
    };
    Proof { integrator, push, shape }
}

#[test]
fn the_feedback_player_never_fails() {
    assert!(proof(Integrator::Euler, PUSH).proved());
    assert!(proof(Integrator::SemiImplicit, PUSH).proved());
}

/// The proof can fail: with a push a tenth stronger or weaker it does.
#[test]
fn another_push_is_not_proved() {
    for push in [0.9 * PUSH, 1.1 * PUSH] {
        assert!(!proof(Integrator::Euler, push).proved() && !proof(Integrator::SemiImplicit, push).proved());
    }
}

/// What is proved is of the world's own steps: none leaves the set, and none passes its bound.
#[test]
fn the_proof_is_of_these_rules() {
    for (integrator, settings) in
        [(Integrator::Euler, ""), (Integrator::SemiImplicit, "integrator = \"semi-implicit\"")]
    {
        let (world, proof, mut rng) = (cartpole(settings), proof(integrator, PUSH), dice());
        for _ in 0..20_000 {
            let any: Vector = std::array::from_fn(|_| rng.normal());
            let y = any.map(|x| x / norm(any));
            let [position, velocity, angle, angular_velocity] = proof.state(y);
            let mut state = State { position, velocity, angle, angular_velocity, ..State::default() };
            let action = push(state.numbers());
            world.step(&mut state, action, &mut rng);
            let reached = norm(proof.inside(state.numbers()));
            let y = if action == 1 { y } else { y.map(|x| -x) };
            assert!(reached <= 1.0 && reached <= proof.reach(y, [0.0; 4]) + 1e-12, "{y:?} {reached}");
        }
    }
}
