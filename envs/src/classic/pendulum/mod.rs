//! `classic/pendulum`: a rod is swung up by a weak motor and held upright, as Gymnasium's Pendulum-v1.
//!
//! | file | content |
//! |---|---|
//! | `rules` | dynamics, rewards |
//! | `draw` | drawing |
//! | this file | the world, its reference policy |

mod draw;
mod rules;
#[cfg(test)]
mod tests;

use std::f64::consts::PI;
use std::sync::Arc;

use freewheel_core::{
    ActionBuffer, ActionSpace, Baseline, Certainty, Env, Error, Frame, ObservationSpace, Policy, PolicyClass,
    Purpose, Result, Scene, Solution, SolveQuery, Spec, Step, Stream, Streams, World,
};

use self::rules::{MAX_SPEED, MAX_TORQUE, START_SPEED, VERSION};
use super::settings::Limit;
use super::value_iteration::{Axis, Outcome, Values};

pub use self::rules::State as PendulumState;

/// Number of episodes in which the random policy is measured.
const BASELINE_EPISODES: u64 = 10_000;
/// Longest horizon of the reference, so that its time is bounded.
const MAX_HORIZON: u32 = 10_000;
/// First states in which the reference policy is measured: angles times angular velocities, midpoints of equal cells.
const STARTS: (usize, usize) = (60, 10);
/// Torques of the value iteration and of the reference policy, at equal distances.
const SOLVED_TORQUES: usize = 5;
const POLICY_TORQUES: usize = 65;

/// Pendulum that is swung up and balanced, as Gymnasium's Pendulum-v1.
pub struct Pendulum {
    spec: Spec,
}

impl Pendulum {
    /// Name of the world.
    pub const ID: &'static str = "classic/pendulum";
    pub(super) const ABOUT: &'static str =
        "A rod swung up and balanced by a weak motor, as Gymnasium's Pendulum-v1; continuous torque";

    /// World with these settings; the time limit is 200 steps by default.
    pub fn new(settings: &Limit) -> Self {
        let observation =
            ObservationSpace::vector(&[(-1.0, 1.0), (-1.0, 1.0), (-MAX_SPEED as f32, MAX_SPEED as f32)]);
        let actions = ActionSpace::Continuous {
            names: vec!["torque".into()],
            low: vec![-MAX_TORQUE],
            high: vec![MAX_TORQUE],
        };
        let time_limit = Some(settings.time_limit.unwrap_or(200));
        Pendulum { spec: Spec { version: VERSION, time_limit, ..Spec::new(Self::ID, observation, actions) } }
    }
}

impl Env for Pendulum {
    type State = PendulumState;
    type Action = [f32; 1];

    fn spec(&self) -> &Spec {
        &self.spec
    }

    #[inline]
    fn reset(&self, rng: &mut Stream) -> PendulumState {
        rules::reset(rng)
    }

    #[inline]
    fn step(&self, state: &mut PendulumState, [torque]: [f32; 1], _rng: &mut Stream) -> Step {
        rules::step(state, torque)
    }

    #[inline]
    fn observe(&self, state: &PendulumState, out: &mut [f32]) {
        out.copy_from_slice(&state.to_array().map(|x| x as f32));
    }
}

impl World for Pendulum {
    /// Best known value: the measured score of the policy of value iteration on a grid over angle and angular velocity.
    fn solve(&self, query: &SolveQuery) -> Result<Solution> {
        let unsupported = |reason: &str| Error::Unsupported(format!("{}: {reason}", self.spec.id));
        if query.policy_class != PolicyClass::Optimal {
            return Err(unsupported("only the optimal policy is solved; the random policy is the baseline"));
        }
        let Some(horizon @ ..=MAX_HORIZON) = query.horizon else {
            return Err(unsupported(&format!(
                "the reference needs a time limit of at most {MAX_HORIZON} steps, such as --horizon 200"
            )));
        };
        let policy = SwingUp::solve(query.gamma, horizon);
        Ok(Solution {
            certainty: Certainty::BestKnown,
            value: policy.score(query.gamma, horizon),
            upper: Some(0.0),
            values: Vec::new(),
            policy: Some(Arc::new(policy)),
        })
    }

    /// Baseline: measured score of the random policy.
    fn baseline(&self, query: &SolveQuery) -> Result<Baseline> {
        let horizon = query.horizon.unwrap_or(MAX_HORIZON);
        let episode = |index| {
            let mut rng = Streams::new(0).stream(Purpose::EvaluationEnvironment, index, 0);
            let mut state = rules::reset(&mut rng);
            total(horizon, query.gamma, || {
                rules::step(&mut state, MAX_TORQUE * (2.0 * rng.uniform() - 1.0) as f32)
            })
        };
        let value = (0..BASELINE_EPISODES).map(episode).sum::<f64>() / BASELINE_EPISODES as f64;
        Ok(Baseline { name: "random".into(), value })
    }

    fn observation_names(&self) -> Vec<String> {
        ["cos angle", "sin angle", "turn (rad/s)"].map(str::to_owned).to_vec()
    }

    fn draw(&self, scene: &Scene<'_, PendulumState>, frame: &mut Frame) {
        let state = scene.state;
        draw::draw(state, frame);
    }

    fn step_seconds(&self) -> Option<f64> {
        Some(rules::TIME_STEP)
    }
}

/// Discounted sum of the rewards of `horizon` steps.
fn total(horizon: u32, gamma: f64, mut step: impl FnMut() -> Step) -> f64 {
    let (mut sum, mut discount) = (0.0, 1.0);
    for _ in 0..horizon {
        sum += discount * f64::from(step().reward);
        discount *= gamma;
    }
    sum
}

/// Torque number `index` of `count` torques at equal distances.
fn torque(index: usize, count: usize) -> f32 {
    MAX_TORQUE * (2.0 * index as f32 / (count - 1) as f32 - 1.0)
}

/// Reference policy: the torque of the best step by the values of value iteration.
struct SwingUp {
    values: Values,
    gamma: f64,
}

impl SwingUp {
    fn solve(gamma: f64, horizon: u32) -> Self {
        let axes = [
            Axis { range: (-PI, PI), points: 400, periodic: true },
            Axis { range: (-MAX_SPEED, MAX_SPEED), points: 321, periodic: false },
        ];
        let model = |[angle, angular_velocity]: [f64; 2], action| {
            let mut state = PendulumState::start(angle, angular_velocity);
            let step = rules::step(&mut state, torque(action, SOLVED_TORQUES));
            Outcome {
                next: [state.angle, state.angular_velocity],
                reward: f64::from(step.reward),
                terminal: false,
            }
        };
        SwingUp { values: Values::solve(axes, SOLVED_TORQUES, gamma, horizon, model), gamma }
    }

    fn torque(&self, angle: f64, angular_velocity: f64) -> f32 {
        let mut best = (f64::NEG_INFINITY, 0.0);
        for action in (0..POLICY_TORQUES).map(|index| torque(index, POLICY_TORQUES)) {
            let mut state = PendulumState::start(angle, angular_velocity);
            let reward = f64::from(rules::step(&mut state, action).reward);
            let value = reward + self.gamma * self.values.at([state.angle, state.angular_velocity]);
            if value > best.0 {
                best = (value, action);
            }
        }
        best.1
    }

    /// Mean score over first states that fill the range of the rules evenly.
    fn score(&self, gamma: f64, horizon: u32) -> f64 {
        let midpoint = |i: usize, cells: usize| 2.0 * (i as f64 + 0.5) / cells as f64 - 1.0;
        let (angles, speeds) = STARTS;
        let episode = |start: usize| {
            let (angle, speed) = (PI * midpoint(start / speeds, angles), midpoint(start % speeds, speeds));
            let mut state = PendulumState::start(angle, START_SPEED * speed);
            total(horizon, gamma, || {
                let torque = self.torque(state.angle, state.angular_velocity);
                rules::step(&mut state, torque)
            })
        };
        (0..angles * speeds).map(episode).sum::<f64>() / (angles * speeds) as f64
    }
}

impl Policy for SwingUp {
    fn act(&self, obs: &[f32], _legal: &[bool], _rngs: &mut [Stream], actions: &mut ActionBuffer) {
        if let ActionBuffer::Continuous(actions) = actions {
            let (rows, _) = obs.as_chunks::<3>();
            actions.clear();
            actions.extend(rows.iter().map(|row| {
                let [cos, sin, angular_velocity] = row.map(f64::from);
                self.torque(libm::atan2(sin, cos), angular_velocity)
            }));
        }
    }
}
