//! MinAtar worlds: small Atari games on planes of 10 x 10 cells. [`Breakout`] is the only one.
//!
//! | file | content |
//! |---|---|
//! | `rules` | rules of Breakout |
//! | `draw` | drawing |
//! | this file | settings, the world, its reference |

mod draw;
mod rules;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use freewheel_core::{
    ActionSpace, Baseline, Certainty, DynWorld, Env, Error, Event, Frame, ObservationSpace, PolicyClass,
    PolicyLoader, Purpose, Result, Scene, Solution, SolveQuery, Spec, Step, Stream, Streams, World,
    WorldFamily, WorldInfo, settings,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::rules::{ACTIONS, LEFT, RIGHT, SIZE, VERSION};

pub use self::rules::State;

/// Number of episodes in which the baseline and the reference are measured.
const BASELINE_EPISODES: u64 = 2000;
const REFERENCE_EPISODES: u64 = 50;

/// Breakout, as MinAtar's.
pub struct Breakout {
    spec: Spec,
    sticky: f64,
}

impl Breakout {
    /// Name of the world.
    pub const ID: &'static str = "minatar/breakout";
    const ABOUT: &'static str =
        "A paddle, a ball and bricks on planes of 10 x 10 cells, as MinAtar's Breakout (Young & Tian 2019)";

    /// World with these settings.
    pub fn new(settings: &Settings) -> Self {
        let count = 4 * SIZE * SIZE;
        let observation = ObservationSpace::Box {
            shape: vec![4, SIZE, SIZE],
            low: vec![0.0; count],
            high: vec![1.0; count],
        };
        let names = ACTIONS.map(str::to_owned).to_vec();
        let spec = Spec {
            version: VERSION,
            time_limit: Some(settings.time_limit),
            scripts: vec!["aim".into()],
            ..Spec::new(Self::ID, observation, ActionSpace::Discrete { names })
        };
        Breakout { spec, sticky: settings.sticky_action_prob }
    }

    /// Mean discounted return of `episodes` episodes of a policy.
    fn mean(&self, query: &SolveQuery, episodes: u64, policy: impl Fn(&State, &mut Stream) -> u32) -> f64 {
        let limit = self.spec.time_limit.unwrap_or(u32::MAX);
        let episode = |index| {
            let mut rng = Streams::new(0).stream(Purpose::EvaluationEnvironment, index, 0);
            let mut state = Env::reset(self, &mut rng);
            let (mut sum, mut discount) = (0.0, 1.0);
            while state.steps < query.horizon.unwrap_or(limit).min(limit) && !state.is_lost {
                let action = policy(&state, &mut rng);
                sum += discount * f64::from(state.step(action, self.sticky, &mut rng).reward);
                discount *= query.gamma;
            }
            sum
        };
        (0..episodes).map(episode).sum::<f64>() / episodes as f64
    }
}

/// Number of further bounces for which the script `aim` plans.
const BOUNCES: u32 = 6;
/// Values of a ball that the paddle cannot reach, and of one that it reaches only without a sticky action, in bricks.
const OUT_OF_REACH: f64 = -100.0;
const RISKY: f64 = -0.5;
/// Value of a step, in bricks.
const PER_STEP: f64 = -0.002;

/// Best column to meet the ball in, and its value: bricks broken until `bounces` more bounces. The paddle meets the
/// ball in its column, which reflects it up, or in its next column, which sends it back to where it came from.
fn aim(state: &State, bounces: u32) -> (i32, f64) {
    let Some((before, steps)) = state.landing() else { return (state.paddle, f64::from(state.score)) };
    let columns = [before.ball[0], before.met_at(i32::MIN).ball[0]];
    let value = |column: i32| {
        let met = before.met_at(column);
        let later = if bounces == 0 { f64::from(met.score) } else { aim(&met, bounces - 1).1 };
        let spare = i64::from(steps) - i64::from(column.abs_diff(state.paddle));
        let risk = match spare {
            ..0 => OUT_OF_REACH,
            0 => RISKY,
            _ => 0.0,
        };
        later + risk + PER_STEP * f64::from(steps)
    };
    let [up, back] = columns.map(value);
    if up >= back { (columns[0], up) } else { (columns[1], back) }
}

/// Action of the script `aim`.
fn aimed(state: &State) -> u32 {
    match aim(state, BOUNCES).0.cmp(&state.paddle) {
        std::cmp::Ordering::Less => LEFT,
        std::cmp::Ordering::Equal => 0,
        std::cmp::Ordering::Greater => RIGHT,
    }
}

impl Env for Breakout {
    type State = State;
    type Action = u32;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn reset(&self, rng: &mut Stream) -> State {
        State::start(rng.below(2) == 1)
    }

    #[inline]
    fn step(&self, state: &mut State, action: u32, rng: &mut Stream) -> Step {
        state.step(action, self.sticky, rng)
    }

    fn observe(&self, state: &State, out: &mut [f32]) {
        out.fill(0.0);
        let mut mark = |plane: usize, [column, row]: [i32; 2]| {
            let inside = |i: i32| (0..SIZE as i32).contains(&i);
            if inside(column) && inside(row) {
                out[(plane * SIZE + row as usize) * SIZE + column as usize] = 1.0;
            }
        };
        mark(0, [state.paddle, SIZE as i32 - 1]);
        mark(1, state.ball);
        mark(2, state.trail);
        for cell in (1..4).flat_map(|row| (0..SIZE as i32).map(move |column| [column, row])) {
            if state.has_brick(cell) {
                mark(3, cell);
            }
        }
    }

    fn scripted(&self, script: usize, state: &State, _rng: &mut Stream) -> Option<u32> {
        (script == 0).then(|| aimed(state))
    }
}

impl World for Breakout {
    /// Best known value: the measured score of the script `aim`, which plans for some bounces.
    fn solve(&self, query: &SolveQuery) -> Result<Solution> {
        if query.policy_class != PolicyClass::Optimal {
            return Err(Error::Unsupported(format!(
                "{}: only the best known policy is measured; the random policy is the baseline",
                self.spec.id
            )));
        }
        Ok(Solution {
            certainty: Certainty::BestKnown,
            value: self.mean(query, REFERENCE_EPISODES, |state, _| aimed(state)),
            upper: None,
            values: Vec::new(),
            policy: None,
        })
    }

    /// Baseline: measured score of the random policy.
    fn baseline(&self, query: &SolveQuery) -> Result<Baseline> {
        let value = self.mean(query, BASELINE_EPISODES, |_, rng| rng.below(ACTIONS.len() as u32));
        Ok(Baseline { name: "random".into(), value })
    }

    fn draw(&self, scene: &Scene<'_, State>, frame: &mut Frame) {
        draw::draw(scene.state, frame);
    }

    fn event(&self, before: &State, _action: u32, after: &State, step: Step) -> Option<Event> {
        match after.is_lost {
            true => Some(Event::new("end", "ball lost")),
            false if after.score > before.score => {
                Some(Event::new("reward", format!("broke a brick, reward {:+}", step.reward)))
            }
            false => None,
        }
    }
}

/// Settings of `minatar/breakout`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Steps after which an episode is truncated, 1 to 1000000.
    pub time_limit: u32,
    /// Probability that the last action is repeated instead of the chosen one, 0 to 1.
    pub sticky_action_prob: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { time_limit: 1000, sticky_action_prob: 0.1 }
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
            .and_then(|()| settings::in_range("sticky_action_prob", read.sticky_action_prob, 0.0..=1.0))
            .map_err(|e| e.of(world_id))?;
        Ok(read)
    }
}

/// World family `minatar`: builds worlds by name.
#[derive(Clone, Copy, Debug, Default)]
pub struct MinAtarFamily;

impl WorldFamily for MinAtarFamily {
    fn name(&self) -> &str {
        "minatar"
    }

    fn list(&self) -> Vec<WorldInfo> {
        vec![WorldInfo { id: Breakout::ID.into(), about: Breakout::ABOUT.into() }]
    }

    fn build(
        &self,
        name: &str,
        settings: &toml::Table,
        _loader: &dyn PolicyLoader,
    ) -> Result<Option<Arc<dyn DynWorld>>> {
        if name != "breakout" {
            return Ok(None);
        }
        Ok(Some(Breakout::new(&Settings::read(settings, Breakout::ID)?).shared()))
    }

    fn settings(&self, _name: &str) -> schemars::Schema {
        schemars::schema_for!(Settings)
    }
}
