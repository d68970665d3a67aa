//! Reference policies of the mountain car.

use freewheel_core::{ActionBuffer, Policy, Stream};

use super::super::value_iteration::{Axis, Outcome, Values};
use super::episode;
use super::rules::{self, MAX_POSITION, MAX_SPEED, MIN_POSITION, START, State};

/// Number of first positions in which a policy is measured, and in which policies are compared: the midpoints of equal
/// cells.
const STARTS: usize = 1000;
const FEW_STARTS: usize = 50;

/// Mean discounted return of `step` over `starts` first positions that fill their range evenly.
fn score(starts: usize, gamma: f64, horizon: u32, step: impl Fn(&mut State) -> freewheel_core::Step) -> f64 {
    let from = |start: usize| {
        let fraction = (start as f64 + 0.5) / starts as f64;
        let mut state = State::start(START.0 + (START.1 - START.0) * fraction);
        episode(horizon, gamma, || step(&mut state))
    };
    (0..starts).map(from).sum::<f64>() / starts as f64
}

/// Policy with three actions: the best step by the values of value iteration on a grid of 361 x 281 points.
pub(super) struct Fastest {
    values: Values,
    gamma: f64,
}

impl Fastest {
    pub(super) fn solve(gamma: f64, horizon: u32) -> Self {
        let axis = |range, points| Axis { range, points, periodic: false };
        let axes = [axis((MIN_POSITION, MAX_POSITION), 361), axis((-MAX_SPEED, MAX_SPEED), 281)];
        let model = |[position, velocity]: [f64; 2], action| {
            let mut state = State { position, velocity, ..State::default() };
            let step = rules::step(&mut state, action as u32);
            Outcome {
                next: [state.position, state.velocity],
                reward: f64::from(step.reward),
                terminal: step.ending.is_over(),
            }
        };
        Fastest { values: Values::solve(axes, 3, gamma, horizon, model), gamma }
    }

    fn action(&self, position: f64, velocity: f64) -> u32 {
        let value = |action| {
            let mut state = State { position, velocity, ..State::default() };
            let step = rules::step(&mut state, action);
            let after =
                if step.ending.is_over() { 0.0 } else { self.values.at([state.position, state.velocity]) };
            f64::from(step.reward) + self.gamma * after
        };
        // The last action of equal values: towards the goal.
        (1..3).fold(0, |best, action| if value(action) >= value(best) { action } else { best })
    }

    pub(super) fn score(&self, gamma: f64, horizon: u32) -> f64 {
        score(STARTS, gamma, horizon, |state| {
            let action = self.action(state.position, state.velocity);
            rules::step(state, action)
        })
    }
}

impl Policy for Fastest {
    fn act(&self, obs: &[f32], _legal: &[bool], _rngs: &mut [Stream], actions: &mut ActionBuffer) {
        if let ActionBuffer::Discrete(actions) = actions {
            let (rows, _) = obs.as_chunks::<2>();
            actions.clear();
            actions.extend(rows.iter().map(|row| self.action(f64::from(row[0]), f64::from(row[1]))));
        }
    }
}

/// Policy with a continuous force: it pushes with the motion, by `gain` times the velocity and at least `least`.
pub(super) struct Thrifty {
    gain: f64,
    least: f64,
}

/// Gains and least forces of which [`Thrifty::solve`] takes the best pair.
const GAINS: [f64; 8] = [0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 10.0, 20.0];
const LEAST: [f64; 10] = [0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.12, 0.2, 0.4, 1.0];

impl Thrifty {
    pub(super) fn solve(gamma: f64, horizon: u32) -> (Self, f64) {
        let mut best = (Thrifty { gain: 0.0, least: 1.0 }, f64::NEG_INFINITY);
        for (gain, least) in GAINS.into_iter().flat_map(|gain| LEAST.map(|least| (gain, least))) {
            let policy = Thrifty { gain, least };
            let value = policy.score(FEW_STARTS, gamma, horizon);
            if value > best.1 {
                best = (policy, value);
            }
        }
        let value = best.0.score(STARTS, gamma, horizon);
        (best.0, value)
    }

    fn force(&self, velocity: f64) -> f32 {
        let force = (self.gain * velocity.abs() + self.least).min(1.0);
        (if velocity < 0.0 { -force } else { force }) as f32
    }

    fn score(&self, starts: usize, gamma: f64, horizon: u32) -> f64 {
        score(starts, gamma, horizon, |state| {
            let force = self.force(state.velocity);
            rules::continuous_step(state, force)
        })
    }
}

impl Policy for Thrifty {
    fn act(&self, obs: &[f32], _legal: &[bool], _rngs: &mut [Stream], actions: &mut ActionBuffer) {
        if let ActionBuffer::Continuous(actions) = actions {
            let (rows, _) = obs.as_chunks::<2>();
            actions.clear();
            actions.extend(rows.iter().map(|row| self.force(f64::from(row[1]))));
        }
    }
}
