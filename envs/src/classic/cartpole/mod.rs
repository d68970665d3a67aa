//! `classic/cartpole`: a pole on a cart that is pushed to the left or to the right, as Gymnasium's CartPole-v1.
//!
//! | file | what it holds |
//! |---|---|
//! | `settings` | what an experiment may change |
//! | `rules` | how cart and pole move, and when it ends |
//! | `player` | the player who never fails |
//! | `draw` | the drawing |

mod draw;
mod player;
mod rules;
mod settings;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use freewheel_core::{
    ActionSpace, Baseline, Better, Certainty, Env, Error, Frame, Measure, ObservationSpace, Policy,
    PolicyClass, Purpose, Result, Score, Solution, SolveQuery, Spec, Step, Stream, Streams, World,
};

use self::player::Feedback;
use self::rules::{ACTIONS, LEAN, Rules, TRACK, VERSION};

pub use self::rules::State;
pub use self::settings::{Integrator, Settings};

/// Episodes in which the random player is measured: its mean is then known to 0.04 steps.
const EPISODES: u64 = 100_000;

/// The world.
pub struct Cartpole {
    spec: Spec,
    rules: Rules,
}

impl Cartpole {
    /// Its name.
    pub const ID: &'static str = "classic/cartpole";
    pub(super) const ABOUT: &'static str =
        "A pole on a cart, as Gymnasium's CartPole-v1 (Barto, Sutton & Anderson 1983); exact optimum";

    /// With these settings.
    pub fn new(settings: &Settings) -> Self {
        let (far, wide) = (2.0 * TRACK as f32, 2.0 * LEAN as f32);
        let any = (f32::NEG_INFINITY, f32::INFINITY);
        let seen = ObservationSpace::vector(&[(-far, far), any, (-wide, wide), any]);
        let names = ACTIONS.map(str::to_owned).to_vec();
        let spec = Spec {
            version: VERSION,
            time_limit: Some(settings.time_limit),
            gamma: settings.gamma,
            measures: vec![Measure::new("steps", "", Better::Higher)],
            score: Score::Measure(0),
            scripts: vec!["feedback".into()],
            ..Spec::new(Self::ID, seen, ActionSpace::Discrete { names })
        };
        let Settings { integrator, sutton_barto_reward, .. } = *settings;
        Cartpole { spec, rules: Rules { integrator, sutton_barto_reward } }
    }

    /// Steps until the random player fails, at most `limit`: the mean of many episodes.
    fn random(&self, limit: u32) -> f64 {
        let episode = |index| {
            let mut rng = Streams::new(0).stream(Purpose::EvaluationEnvironment, index, 0);
            let mut state = self.rules.reset(&mut rng);
            while state.steps < limit && !state.failed() {
                self.rules.step(&mut state, rng.below(2));
            }
            u64::from(state.steps)
        };
        (0..EPISODES).map(episode).sum::<u64>() as f64 / EPISODES as f64
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
        out.copy_from_slice(&state.numbers().map(|x| x as f32));
    }

    fn measure(&self, state: &State, out: &mut [f64]) {
        out[0] = f64::from(state.steps);
    }

    fn scripted(&self, script: usize, state: &State, _rng: &mut Stream) -> Option<u32> {
        (script == 0).then(|| player::push(state.numbers()))
    }
}

impl World for Cartpole {
    /// All the steps there are: an upper bound by the rules, and reached from every start, as is proved of the feedback
    /// player.
    fn solve(&self, query: &SolveQuery) -> Result<Solution> {
        let unsupported = |why: &str| Error::Unsupported(format!("{}: {why}", self.spec.id));
        if query.policy_class != PolicyClass::Optimal {
            return Err(unsupported(
                "only the best player is solved; the random one is measured, as the baseline",
            ));
        }
        let Some(horizon) = query.horizon else {
            return Err(unsupported(
                "the best player never fails, so that without a time limit its steps are without number; ask with \
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

    /// The random player, measured.
    fn baseline(&self, query: &SolveQuery) -> Result<Baseline> {
        Ok(Baseline { name: "random".into(), value: self.random(query.horizon.unwrap_or(u32::MAX)) })
    }

    fn draw(&self, state: &State, _policy: Option<&dyn Policy>, frame: &mut Frame) {
        draw::paint(state, frame);
    }
}
