//! `classic/mountain-car` and `classic/mountain-car-continuous`: a car with a weak engine must swing out of a valley,
//! as Gymnasium's MountainCar-v0 and MountainCarContinuous-v0.
//!
//! | file | content |
//! |---|---|
//! | `rules` | dynamics, rewards, endings |
//! | `draw` | drawing |
//! | `reference` | reference policies |
//! | this file | the worlds |

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

use self::reference::{Fastest, Thrifty};
use self::rules::{ACTIONS, CONTINUOUS_GOAL, GOAL, MAX_POSITION, MAX_SPEED, MIN_POSITION, VERSION};
use super::settings::Limit;

pub use self::rules::State as MountainCarState;

/// Number of episodes in which the random policy is measured.
const BASELINE_EPISODES: u64 = 10_000;
/// Longest horizon of the references and baselines, so that their time is bounded.
const MAX_HORIZON: u32 = 10_000;

/// Car in a valley with three actions, as Gymnasium's MountainCar-v0.
pub struct MountainCar {
    spec: Spec,
}

impl MountainCar {
    /// Name of the world.
    pub const ID: &'static str = "classic/mountain-car";
    pub(super) const ABOUT: &'static str =
        "A weak car swings out of a valley, as Gymnasium's MountainCar-v0 (Moore 1990)";

    /// World with these settings; the time limit is 200 steps by default.
    pub fn new(settings: &Limit) -> Self {
        let names = ACTIONS.map(str::to_owned).to_vec();
        let spec = Spec::new(Self::ID, observation(), ActionSpace::Discrete { names });
        let time_limit = Some(settings.time_limit.unwrap_or(200));
        MountainCar { spec: Spec { version: VERSION, time_limit, ..spec } }
    }
}

fn observation() -> ObservationSpace {
    let (low, high) = (MIN_POSITION as f32, MAX_POSITION as f32);
    ObservationSpace::vector(&[(low, high), (-MAX_SPEED as f32, MAX_SPEED as f32)])
}

fn observe(state: &MountainCarState, out: &mut [f32]) {
    out.copy_from_slice(&[state.position as f32, state.velocity as f32]);
}

impl Env for MountainCar {
    type State = MountainCarState;
    type Action = u32;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    #[inline]
    fn reset(&self, rng: &mut Stream) -> MountainCarState {
        rules::reset(rng)
    }

    #[inline]
    fn step(&self, state: &mut MountainCarState, action: u32, _rng: &mut Stream) -> Step {
        rules::step(state, action)
    }

    #[inline]
    fn observe(&self, state: &MountainCarState, out: &mut [f32]) {
        observe(state, out);
    }
}

impl World for MountainCar {
    /// Best known value: the measured score of the policy of value iteration on a grid over position and velocity.
    fn solve(&self, query: &SolveQuery) -> Result<Solution> {
        let horizon = horizon(&self.spec, query)?;
        let policy = Fastest::solve(query.gamma, horizon);
        Ok(Solution {
            certainty: Certainty::BestKnown,
            value: policy.score(query.gamma, horizon),
            upper: None,
            values: Vec::new(),
            policy: Some(Arc::new(policy)),
        })
    }

    /// Baseline: measured score of the random policy.
    fn baseline(&self, query: &SolveQuery) -> Result<Baseline> {
        Ok(random(query, |state, rng| rules::step(state, rng.below(3))))
    }

    fn observation_names(&self) -> Vec<String> {
        ["position", "speed"].map(str::to_owned).to_vec()
    }

    fn draw(&self, scene: &Scene<'_, MountainCarState>, frame: &mut Frame) {
        let state = scene.state;
        draw::draw(state, GOAL, frame);
    }

    fn event(&self, _: &MountainCarState, _: u32, after: &MountainCarState, _: Step) -> Option<Event> {
        after.is_at(GOAL).then(|| Event::new("goal", "the car is at the flag"))
    }
}

/// Car in a valley with a continuous force, as Gymnasium's MountainCarContinuous-v0.
pub struct MountainCarContinuous {
    spec: Spec,
}

impl MountainCarContinuous {
    /// Name of the world.
    pub const ID: &'static str = "classic/mountain-car-continuous";
    pub(super) const ABOUT: &'static str =
        "The mountain car with a continuous force that costs, as Gymnasium's MountainCarContinuous-v0";

    /// World with these settings; the time limit is 999 steps by default.
    pub fn new(settings: &Limit) -> Self {
        let actions =
            ActionSpace::Continuous { names: vec!["force".into()], low: vec![-1.0], high: vec![1.0] };
        let time_limit = Some(settings.time_limit.unwrap_or(999));
        let spec = Spec { version: VERSION, time_limit, ..Spec::new(Self::ID, observation(), actions) };
        MountainCarContinuous { spec }
    }
}

impl Env for MountainCarContinuous {
    type State = MountainCarState;
    type Action = [f32; 1];

    fn spec(&self) -> &Spec {
        &self.spec
    }

    #[inline]
    fn reset(&self, rng: &mut Stream) -> MountainCarState {
        rules::reset(rng)
    }

    #[inline]
    fn step(&self, state: &mut MountainCarState, [force]: [f32; 1], _rng: &mut Stream) -> Step {
        rules::continuous_step(state, force)
    }

    #[inline]
    fn observe(&self, state: &MountainCarState, out: &mut [f32]) {
        observe(state, out);
    }
}

impl World for MountainCarContinuous {
    /// Best known value: the measured score of a policy that pushes with the motion, as gently as the time limit
    /// permits. No policy has more than 100.
    fn solve(&self, query: &SolveQuery) -> Result<Solution> {
        let horizon = horizon(&self.spec, query)?;
        let (policy, value) = Thrifty::solve(query.gamma, horizon);
        Ok(Solution {
            certainty: Certainty::BestKnown,
            value,
            upper: Some(100.0),
            values: Vec::new(),
            policy: Some(Arc::new(policy)),
        })
    }

    /// Baseline: measured score of the random policy.
    fn baseline(&self, query: &SolveQuery) -> Result<Baseline> {
        Ok(random(query, |state, rng| rules::continuous_step(state, (2.0 * rng.uniform() - 1.0) as f32)))
    }

    fn observation_names(&self) -> Vec<String> {
        ["position", "speed"].map(str::to_owned).to_vec()
    }

    fn draw(&self, scene: &Scene<'_, MountainCarState>, frame: &mut Frame) {
        let state = scene.state;
        draw::draw(state, CONTINUOUS_GOAL, frame);
    }

    fn event(&self, _: &MountainCarState, _: [f32; 1], after: &MountainCarState, _: Step) -> Option<Event> {
        after.is_at(CONTINUOUS_GOAL).then(|| Event::new("goal", "the car is at the flag"))
    }
}

/// Horizon of a query for the optimal policy.
fn horizon(spec: &Spec, query: &SolveQuery) -> Result<u32> {
    let unsupported = |reason: &str| Error::Unsupported(format!("{}: {reason}", spec.id));
    if query.policy_class != PolicyClass::Optimal {
        return Err(unsupported("only the optimal policy is solved; the random policy is the baseline"));
    }
    match query.horizon {
        Some(horizon @ ..=MAX_HORIZON) => Ok(horizon),
        _ => Err(unsupported(&format!(
            "the reference needs a time limit of at most {MAX_HORIZON} steps, such as --horizon 200"
        ))),
    }
}

/// Discounted return of an episode of at most `horizon` steps.
fn episode(horizon: u32, gamma: f64, mut step: impl FnMut() -> Step) -> f64 {
    let (mut sum, mut discount) = (0.0, 1.0);
    for _ in 0..horizon {
        let step = step();
        sum += discount * f64::from(step.reward);
        discount *= gamma;
        if step.ending.is_over() {
            break;
        }
    }
    sum
}

/// Measured score of the random policy, whose `step` draws its action.
fn random(query: &SolveQuery, step: impl Fn(&mut MountainCarState, &mut Stream) -> Step) -> Baseline {
    let horizon = query.horizon.unwrap_or(MAX_HORIZON).min(MAX_HORIZON);
    let score = |index| {
        let mut rng = Streams::new(0).stream(Purpose::EvaluationEnvironment, index, 0);
        let mut state = rules::reset(&mut rng);
        episode(horizon, query.gamma, || step(&mut state, &mut rng))
    };
    let value = (0..BASELINE_EPISODES).map(score).sum::<f64>() / BASELINE_EPISODES as f64;
    Baseline { name: "random".into(), value }
}
