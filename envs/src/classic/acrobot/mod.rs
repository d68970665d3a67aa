//! `classic/acrobot`: two links swing up by a torque at the joint between them, as Gymnasium's Acrobot-v1.
//!
//! | file | content |
//! |---|---|
//! | `rules` | dynamics, rewards, endings |
//! | `draw` | drawing |
//! | this file | the world, its reference policy |

mod draw;
mod rules;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use freewheel_core::{
    ActionBuffer, ActionSpace, Baseline, Certainty, Env, Error, Frame, ObservationSpace, Policy, PolicyClass,
    Purpose, Result, Solution, SolveQuery, Spec, Step, Stream, Streams, World,
};

use self::rules::{ACTIONS, MAX_SPEED, VERSION};
use super::settings::Limit;

pub use self::rules::State as AcrobotState;

/// Number of episodes in which the random policy and the reference policy are measured.
const BASELINE_EPISODES: u64 = 1000;
const REFERENCE_EPISODES: u64 = 2000;
/// Longest horizon of baseline and reference, so that their time is bounded.
const MAX_HORIZON: u32 = 10_000;

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
        Acrobot { spec: Spec { version: VERSION, time_limit, scripts: vec!["swing".into()], ..spec } }
    }

    /// Mean discounted return of `episodes` episodes of a policy.
    fn score(query: &SolveQuery, episodes: u64, policy: impl Fn(&AcrobotState, &mut Stream) -> u32) -> f64 {
        let horizon = query.horizon.unwrap_or(MAX_HORIZON).min(MAX_HORIZON);
        let episode = |index| {
            let mut rng = Streams::new(0).stream(Purpose::EvaluationEnvironment, index, 0);
            let mut state = rules::reset(&mut rng);
            let (mut sum, mut discount) = (0.0, 1.0);
            while state.steps < horizon && !state.is_up() {
                let action = policy(&state, &mut rng);
                sum += discount * f64::from(rules::step(&mut state, action).reward);
                discount *= query.gamma;
            }
            sum
        };
        (0..episodes).map(episode).sum::<f64>() / episodes as f64
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
        (script == 0).then(|| swing(state.velocities))
    }
}

impl World for Acrobot {
    /// Best known value: the measured score of the scripted policy `swing`.
    fn solve(&self, query: &SolveQuery) -> Result<Solution> {
        if query.policy_class != PolicyClass::Optimal {
            return Err(Error::Unsupported(format!(
                "{}: only the optimal policy is solved; the random policy is the baseline",
                self.spec.id
            )));
        }
        Ok(Solution {
            certainty: Certainty::BestKnown,
            value: Acrobot::score(query, REFERENCE_EPISODES, |state, _| swing(state.velocities)),
            upper: None,
            values: Vec::new(),
            policy: Some(Arc::new(Swing)),
        })
    }

    /// Baseline: measured score of the random policy.
    fn baseline(&self, query: &SolveQuery) -> Result<Baseline> {
        let value = Acrobot::score(query, BASELINE_EPISODES, |_, rng| rng.below(3));
        Ok(Baseline { name: "random".into(), value })
    }

    fn draw(&self, state: &AcrobotState, _policy: Option<&dyn Policy>, frame: &mut Frame) {
        draw::draw(state, frame);
    }
}

/// Action of the policy `swing`: a torque in the direction in which the second link turns.
#[inline]
fn swing([_, second]: [f64; 2]) -> u32 {
    if second < 0.0 { 0 } else { 2 }
}

/// Policy `swing` from observations.
struct Swing;

impl Policy for Swing {
    fn act(&self, obs: &[f32], _legal: &[bool], _rngs: &mut [Stream], actions: &mut ActionBuffer) {
        if let ActionBuffer::Discrete(actions) = actions {
            let (rows, _) = obs.as_chunks::<6>();
            actions.clear();
            actions.extend(rows.iter().map(|row| swing([f64::from(row[4]), f64::from(row[5])])));
        }
    }
}
