//! `classic/cartpole`: a pole on a cart that is pushed to the left or to the right, as Gymnasium's CartPole-v1.
//!
//! | file | content |
//! |---|---|
//! | `rules` | equations of motion, rewards, endings |
//! | `draw` | drawing |
//! | this file | settings, the world, its reference policy |

mod draw;
mod rules;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use freewheel_core::{
    ActionBuffer, ActionSpace, Baseline, Better, Certainty, Env, Error, Event, Frame, Measure,
    ObservationSpace, Policy, PolicyClass, Purpose, Result, Scene, Score, Solution, SolveQuery, Spec, Step,
    Stream, Streams, World, settings,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::rules::{ACTIONS, ANGLE_LIMIT, POSITION_LIMIT, Rules, VERSION};

pub use self::rules::State;

/// Number of episodes in which the random policy is measured: the standard error of the mean is then 0.04 steps.
const BASELINE_EPISODES: u64 = 100_000;

/// Pole on a cart, as Gymnasium's CartPole-v1.
pub struct Cartpole {
    spec: Spec,
    rules: Rules,
}

impl Cartpole {
    /// Name of the world.
    pub const ID: &'static str = "classic/cartpole";
    pub(super) const ABOUT: &'static str =
        "A pole on a cart, as Gymnasium's CartPole-v1 (Barto, Sutton & Anderson 1983); exact optimum";

    /// World with these settings.
    pub fn new(settings: &Settings) -> Self {
        let (position, angle) = (2.0 * POSITION_LIMIT as f32, 2.0 * ANGLE_LIMIT as f32);
        let unbounded = (f32::NEG_INFINITY, f32::INFINITY);
        let observation =
            ObservationSpace::vector(&[(-position, position), unbounded, (-angle, angle), unbounded]);
        let names = ACTIONS.map(str::to_owned).to_vec();
        let spec = Spec {
            version: VERSION,
            time_limit: Some(settings.time_limit),
            gamma: settings.gamma,
            measures: vec![Measure::new("steps", "", Better::Higher)],
            score: Score::Measure(0),
            scripts: vec!["feedback".into()],
            ..Spec::new(Self::ID, observation, ActionSpace::Discrete { names })
        };
        let Settings { integrator, sutton_barto_reward, .. } = *settings;
        Cartpole { spec, rules: Rules { integrator, sutton_barto_reward } }
    }

    /// Mean number of steps, at most `limit`, until the random policy fails.
    fn random_score(&self, limit: u32) -> f64 {
        let episode = |index| {
            let mut rng = Streams::new(0).stream(Purpose::EvaluationEnvironment, index, 0);
            let mut state = self.rules.reset(&mut rng);
            while state.steps < limit && !state.failed() {
                self.rules.step(&mut state, rng.below(2));
            }
            u64::from(state.steps)
        };
        (0..BASELINE_EPISODES).map(episode).sum::<u64>() as f64 / BASELINE_EPISODES as f64
    }
}

impl Env for Cartpole {
    type State = State;
    type Action = u32;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    #[inline]
    fn reset(&self, rng: &mut Stream) -> State {
        self.rules.reset(rng)
    }

    #[inline]
    fn step(&self, state: &mut State, action: u32, _rng: &mut Stream) -> Step {
        self.rules.step(state, action)
    }

    #[inline]
    fn observe(&self, state: &State, out: &mut [f32]) {
        out.copy_from_slice(&state.to_array().map(|x| x as f32));
    }

    fn measure(&self, state: &State, out: &mut [f64]) {
        out[0] = f64::from(state.steps);
    }

    fn scripted(&self, script: usize, state: &State, _rng: &mut Stream) -> Option<u32> {
        (script == 0).then(|| feedback_action(state.to_array()))
    }
}

impl World for Cartpole {
    /// Exact optimum: the number of steps of the horizon. No policy can get more, and the feedback policy is proved to
    /// reach this number from every start.
    fn solve(&self, query: &SolveQuery) -> Result<Solution> {
        let unsupported = |reason: &str| Error::Unsupported(format!("{}: {reason}", self.spec.id));
        if query.policy_class != PolicyClass::Optimal {
            return Err(unsupported(
                "only the optimal policy is solved; the score of the random policy is measured, as the baseline",
            ));
        }
        let Some(horizon) = query.horizon else {
            return Err(unsupported(
                "the optimal policy never fails, so that its number of steps without a time limit is infinite; set \
                 one, such as --horizon 500",
            ));
        };
        let value = f64::from(horizon);
        Ok(Solution {
            certainty: Certainty::Exact,
            value,
            upper: Some(value),
            values: Vec::new(),
            policy: Some(Arc::new(Feedback)),
        })
    }

    /// Baseline: measured score of the random policy.
    fn baseline(&self, query: &SolveQuery) -> Result<Baseline> {
        Ok(Baseline { name: "random".into(), value: self.random_score(query.horizon.unwrap_or(u32::MAX)) })
    }

    fn observation_names(&self) -> Vec<String> {
        ["position (m)", "speed (m/s)", "angle (rad)", "turn (rad/s)"].map(str::to_owned).to_vec()
    }

    fn draw(&self, scene: &Scene<'_, State>, frame: &mut Frame) {
        let state = scene.state;
        draw::draw(state, frame);
    }

    fn event(&self, _before: &State, _action: u32, after: &State, _step: Step) -> Option<Event> {
        let text = if after.angle.abs() > ANGLE_LIMIT { "the pole has fallen" } else { "off the track" };
        after.failed().then(|| Event::new("end", text))
    }

    fn step_seconds(&self) -> Option<f64> {
        Some(rules::TIME_STEP)
    }
}

/// Weights of the feedback policy for position (1/m), velocity (s/m), angle (1/rad) and angular velocity (s/rad).
const GAINS: [f64; 4] = [0.26, 0.27, 1.0, 0.3];

/// Action of the feedback policy in a state.
#[inline]
fn feedback_action(state: [f64; 4]) -> u32 {
    let [a, b, c, d] = std::array::from_fn(|i| GAINS[i] * state[i]);
    u32::from(a + b + c + d >= 0.0)
}

/// Feedback policy that never fails: it pushes to the right if a weighted sum of the state is at least 0, else to the
/// left.
///
/// The proof in `tests/proof` uses a matrix P for each integrator. No state s with `s' P s <= 1` has failed, and every
/// first state satisfies this inequality. The test proves by interval bounds that a step of this policy from any such
/// state ends in another such state, for any rounding of observations. Therefore the policy reaches the time limit from
/// every start, and the reference is exact.
struct Feedback;

impl Policy for Feedback {
    fn act(&self, obs: &[f32], _legal: &[bool], _rngs: &mut [Stream], actions: &mut ActionBuffer) {
        if let ActionBuffer::Discrete(actions) = actions {
            let (rows, _) = obs.as_chunks::<4>();
            actions.clear();
            actions.extend(rows.iter().map(|row| feedback_action(row.map(f64::from))));
        }
    }
}

/// Settings of `classic/cartpole`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Steps after which an episode is truncated, 1 to 1000000.
    pub time_limit: u32,
    /// Integration method. `euler`: positions change by the speeds before the push; `semi-implicit`: by the speeds
    /// after the push.
    pub integrator: Integrator,
    /// Rewards: false, 1 for every step; true, 0 for every step and -1 for the failing one, as in Barto, Sutton &
    /// Anderson.
    pub sutton_barto_reward: bool,
    /// Discount per step, 0 to 1.
    pub gamma: f64,
}

/// Choice of the integration method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Integrator {
    /// Explicit Euler method: positions change by the speeds before the push.
    #[default]
    Euler,
    /// Semi-implicit (symplectic) Euler method: positions change by the speeds after the push.
    SemiImplicit,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            time_limit: 500,
            integrator: Integrator::default(),
            sutton_barto_reward: false,
            gamma: 0.99,
        }
    }
}

impl Settings {
    /// Settings of the world `world_id` from the TOML table `table`.
    ///
    /// # Errors
    /// [`Error::Setting`] with the name of the setting, the wrong value and the valid range.
    pub fn read(table: &toml::Table, world_id: &str) -> Result<Self> {
        let read: Settings = settings::read(table, world_id)?;
        settings::in_range("time_limit", read.time_limit, 1..=1_000_000)
            .and_then(|()| settings::in_range("gamma", read.gamma, 0.0..=1.0))
            .map_err(|e| e.of(world_id))?;
        Ok(read)
    }
}
