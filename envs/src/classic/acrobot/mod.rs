//! `classic/acrobot`: two links swing up by a torque at the joint between them, as Gymnasium's Acrobot-v1.
//!
//! | file | content |
//! |---|---|
//! | `rules` | dynamics, rewards, endings |
//! | `draw` | drawing |
//! | `reference` | scripted policies |
//! | this file | the world |

mod draw;
mod reference;
mod rules;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use freewheel_core::{
    ActionSpace, Baseline, Certainty, Env, Error, Event, Frame, ObservationSpace, PolicyClass, Purpose,
    Result, Scene, Solution, SolveQuery, Spec, Step, Stream, Streams, World,
};

use self::reference::Plan;
use self::rules::{ACTIONS, MAX_SPEED, VERSION};
use super::settings::Limit;

pub use self::rules::State as AcrobotState;

/// Number of episodes in which the random policy is measured, and their longest horizon.
const BASELINE_EPISODES: u64 = 1000;
const MAX_HORIZON: u32 = 10_000;
/// Score of the policy `plan`: mean of 2,000 episodes, standard error 0.03. No episode takes more than
/// `PLAN_STEPS` steps.
const PLAN_SCORE: f64 = -62.62;
const PLAN_STEPS: u32 = 100;

/// Two links that swing up, as Gymnasium's Acrobot-v1.
pub struct Acrobot {
    spec: Spec,
}

impl Acrobot {
    /// Name of the world.
    pub const ID: &'static str = "classic/acrobot";
    pub(super) const ABOUT: &'static str =
        "Two links swing up by a torque at their joint, as Gymnasium's Acrobot-v1 (Sutton 1996)";

    /// World with these settings; the time limit is 500 steps by default.
    pub fn new(settings: &Limit) -> Self {
        let [first, second] = MAX_SPEED.map(|speed| (-speed as f32, speed as f32));
        let unit = (-1.0, 1.0);
        let observation = ObservationSpace::vector(&[unit, unit, unit, unit, first, second]);
        let names = ACTIONS.map(str::to_owned).to_vec();
        let spec = Spec::new(Self::ID, observation, ActionSpace::Discrete { names });
        let time_limit = Some(settings.time_limit.unwrap_or(500));
        Acrobot {
            spec: Spec { version: VERSION, time_limit, scripts: vec!["plan".into(), "swing".into()], ..spec },
        }
    }
}

impl Env for Acrobot {
    type State = AcrobotState;
    type Action = u32;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    #[inline]
    fn reset(&self, rng: &mut Stream) -> AcrobotState {
        rules::reset(rng)
    }

    #[inline]
    fn step(&self, state: &mut AcrobotState, action: u32, _rng: &mut Stream) -> Step {
        rules::step(state, action)
    }

    #[inline]
    fn observe(&self, state: &AcrobotState, out: &mut [f32]) {
        out.copy_from_slice(&state.to_array().map(|x| x as f32));
    }

    fn scripted(&self, script: usize, state: &AcrobotState, _rng: &mut Stream) -> Option<u32> {
        match script {
            0 => Some(reference::plan(state)),
            1 => Some(reference::swing(state)),
            _ => None,
        }
    }
}

impl World for Acrobot {
    /// Best known value: the score of the scripted policy `plan`, measured once and stored, because it plans for tens
    /// of milliseconds an episode.
    fn solve(&self, query: &SolveQuery) -> Result<Solution> {
        let supported = query.policy_class == PolicyClass::Optimal
            && query.gamma == 1.0
            && query.horizon.is_none_or(|horizon| horizon >= PLAN_STEPS);
        if !supported {
            return Err(Error::Unsupported(format!(
                "{}: the reference is known for gamma = 1 and a horizon of at least {PLAN_STEPS} steps; the random \
                 policy is the baseline",
                self.spec.id
            )));
        }
        Ok(Solution {
            certainty: Certainty::BestKnown,
            value: PLAN_SCORE,
            upper: None,
            values: Vec::new(),
            policy: Some(Arc::new(Plan)),
        })
    }

    /// Baseline: measured score of the random policy.
    fn baseline(&self, query: &SolveQuery) -> Result<Baseline> {
        let horizon = query.horizon.unwrap_or(MAX_HORIZON).min(MAX_HORIZON);
        let episode = |index| {
            let mut rng = Streams::new(0).stream(Purpose::EvaluationEnvironment, index, 0);
            let mut state = rules::reset(&mut rng);
            let (mut sum, mut discount) = (0.0, 1.0);
            while state.steps < horizon && !state.is_up() {
                sum += discount * f64::from(rules::step(&mut state, rng.below(3)).reward);
                discount *= query.gamma;
            }
            sum
        };
        let value = (0..BASELINE_EPISODES).map(episode).sum::<f64>() / BASELINE_EPISODES as f64;
        Ok(Baseline { name: "random".into(), value })
    }

    fn observation_names(&self) -> Vec<String> {
        ["cos angle 1", "sin angle 1", "cos angle 2", "sin angle 2", "turn 1 (rad/s)", "turn 2 (rad/s)"]
            .map(str::to_owned)
            .to_vec()
    }

    fn draw(&self, scene: &Scene<'_, AcrobotState>, frame: &mut Frame) {
        let state = scene.state;
        draw::draw(state, frame);
    }

    fn event(&self, _: &AcrobotState, _action: u32, after: &AcrobotState, _step: Step) -> Option<Event> {
        after.is_up().then(|| Event::new("goal", "the free end is above the line"))
    }

    fn step_seconds(&self) -> Option<f64> {
        Some(rules::TIME_STEP)
    }
}
