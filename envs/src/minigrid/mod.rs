//! MiniGrid worlds: grid-worlds with a partial view, keys, doors and moving obstacles, as in the package `minigrid`
//! (Chevalier-Boisvert et al. 2023).
//!
//! | file | content |
//! |---|---|
//! | `rules` | cells, actions, view |
//! | `layouts` | random layouts |
//! | `search` | shortest paths in the full state |
//! | `draw` | drawing |
//! | this file | settings, the worlds, their references |

mod draw;
mod layouts;
mod rules;
mod search;
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

use self::layouts::Layout;
use self::rules::{ACTIONS, MOVES, VERSION, VIEW};
use self::search::Obstacles;

pub use self::rules::{Cell, State};

/// Number of episodes in which baseline and reference are measured.
const BASELINE_EPISODES: u64 = 500;
const REFERENCE_EPISODES: u64 = 500;
/// Numbers of objects, colors and states: the planes of a one-hot observation.
const ONE_HOT: [usize; 3] = [11, 6, 3];

/// Names of the worlds and their layouts.
const WORLDS: [(&str, Layout); 19] = [
    ("empty-5x5", Layout::Empty { size: 5, random: false }),
    ("empty-6x6", Layout::Empty { size: 6, random: false }),
    ("empty-8x8", Layout::Empty { size: 8, random: false }),
    ("empty-16x16", Layout::Empty { size: 16, random: false }),
    ("empty-random-5x5", Layout::Empty { size: 5, random: true }),
    ("empty-random-6x6", Layout::Empty { size: 6, random: true }),
    ("doorkey-5x5", Layout::DoorKey { size: 5 }),
    ("doorkey-6x6", Layout::DoorKey { size: 6 }),
    ("doorkey-8x8", Layout::DoorKey { size: 8 }),
    ("doorkey-16x16", Layout::DoorKey { size: 16 }),
    ("multiroom-n2-s4", Layout::MultiRoom { rooms: 2, max_size: 4 }),
    ("multiroom-n4-s5", Layout::MultiRoom { rooms: 4, max_size: 5 }),
    ("multiroom-n6", Layout::MultiRoom { rooms: 6, max_size: 10 }),
    ("dynamic-obstacles-5x5", Layout::Obstacles { size: 5, random: false, count: 2 }),
    ("dynamic-obstacles-6x6", Layout::Obstacles { size: 6, random: false, count: 3 }),
    ("dynamic-obstacles-8x8", Layout::Obstacles { size: 8, random: false, count: 4 }),
    ("dynamic-obstacles-16x16", Layout::Obstacles { size: 16, random: false, count: 8 }),
    ("dynamic-obstacles-random-5x5", Layout::Obstacles { size: 5, random: true, count: 2 }),
    ("dynamic-obstacles-random-6x6", Layout::Obstacles { size: 6, random: true, count: 3 }),
];

/// MiniGrid world.
pub struct MiniGrid {
    spec: Spec,
    layout: Layout,
    time_limit: u32,
    one_hot: bool,
}

impl MiniGrid {
    /// World `name`, such as `doorkey-8x8`; `None` for an unknown name.
    pub fn new(name: &str, settings: &Settings) -> Option<Self> {
        let (_, layout) = WORLDS.into_iter().find(|(known, _)| *known == name)?;
        let one_hot = settings.observation == Observation::OneHot;
        let planes: Vec<f32> = if one_hot { vec![1.0; ONE_HOT.iter().sum()] } else { vec![10.0, 5.0, 2.0] };
        let high: Vec<f32> = planes.iter().flat_map(|high| [*high; VIEW * VIEW]).collect();
        let observation =
            ObservationSpace::Box { shape: vec![planes.len(), VIEW, VIEW], low: vec![0.0; high.len()], high };
        let count = if layout.has_obstacles() { MOVES } else { ACTIONS.len() };
        let names = ACTIONS[..count].iter().map(|&name| name.to_owned()).collect();
        let time_limit = settings.time_limit.unwrap_or(layout.time_limit());
        let spec = Spec {
            version: VERSION,
            time_limit: Some(time_limit),
            scripts: vec!["shortest".into()],
            ..Spec::new(&format!("minigrid/{name}"), observation, ActionSpace::Discrete { names })
        };
        Some(MiniGrid { spec, layout, time_limit, one_hot })
    }

    /// Mean score of `count` first states.
    fn mean(count: u64, score: impl Fn(&mut Stream) -> f64) -> f64 {
        let of = |index| score(&mut Streams::new(0).stream(Purpose::EvaluationEnvironment, index, 0));
        (0..count).map(of).sum::<f64>() / count as f64
    }

    /// Discounted return of an episode of a policy.
    fn play(&self, query: &SolveQuery, rng: &mut Stream, policy: impl Fn(&State, &mut Stream) -> u32) -> f64 {
        let mut state = Env::reset(self, rng);
        for step in 0..query.horizon.unwrap_or(self.time_limit).min(self.time_limit) {
            let action = policy(&state, rng);
            let result = Env::step(self, &mut state, action, rng);
            if result.ending.is_over() {
                return query.gamma.powi(step as i32) * f64::from(result.reward);
            }
        }
        0.0
    }
}

impl Env for MiniGrid {
    type State = State;
    type Action = u32;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn reset(&self, rng: &mut Stream) -> State {
        self.layout.draw(rng)
    }

    fn step(&self, state: &mut State, action: u32, rng: &mut Stream) -> Step {
        if self.layout.has_obstacles() {
            state.step_among_obstacles(action, self.time_limit, rng)
        } else {
            state.step(action, self.time_limit)
        }
    }

    fn is_valid(&self, state: &State) -> bool {
        state.is_rectangle()
    }

    fn observe(&self, state: &State, out: &mut [f32]) {
        let view = state.view(self.layout.through_walls());
        let area = VIEW * VIEW;
        if self.one_hot {
            out.fill(0.0);
        }
        for (at, cell) in view.as_flattened().iter().enumerate() {
            let values = [cell.object, cell.color, cell.state].map(usize::from);
            let mut first = 0;
            for (plane, (value, count)) in values.into_iter().zip(ONE_HOT).enumerate() {
                let (index, number) =
                    if self.one_hot { (first + value.min(count - 1), 1.0) } else { (plane, value as f32) };
                if let Some(slot) = out.get_mut(index * area + at) {
                    *slot = number;
                }
                first += count;
            }
        }
    }

    fn scripted(&self, script: usize, state: &State, _rng: &mut Stream) -> Option<u32> {
        (script == 0).then(|| search::action(state))
    }
}

impl World for MiniGrid {
    /// Score of the script `shortest`, which knows the whole grid: the mean over 500 first states, or the exact value
    /// if all episodes start alike. Without obstacles no policy has more; with obstacles the bound is the shortest path
    /// in the grid without them.
    fn solve(&self, query: &SolveQuery) -> Result<Solution> {
        if query.policy_class != PolicyClass::Optimal {
            return Err(Error::Unsupported(format!(
                "{}: only the optimal policy is solved; the random policy is the baseline",
                self.spec.id
            )));
        }
        let count = if self.layout.is_fixed() { 1 } else { REFERENCE_EPISODES };
        let horizon = query.horizon.unwrap_or(self.time_limit).min(self.time_limit);
        let bound =
            MiniGrid::mean(count, |rng| match search::shortest(&Env::reset(self, rng), Obstacles::Ignored) {
                Some((steps, _)) if steps <= horizon => {
                    query.gamma.powi(steps as i32 - 1) * f64::from(rules::reward(steps, self.time_limit))
                }
                _ => 0.0,
            });
        let value = match self.layout.has_obstacles() {
            true => MiniGrid::mean(count, |rng| self.play(query, rng, |state, _| search::action(state))),
            false => bound,
        };
        let certainty = if self.layout.is_fixed() { Certainty::Exact } else { Certainty::BestKnown };
        Ok(Solution { certainty, value, upper: Some(bound), values: Vec::new(), policy: None })
    }

    /// Baseline: measured score of the random policy.
    fn baseline(&self, query: &SolveQuery) -> Result<Baseline> {
        let actions = self.spec.actions.count() as u32;
        let episode = |rng: &mut Stream| self.play(query, rng, |_, rng| rng.below(actions));
        Ok(Baseline { name: "random".into(), value: MiniGrid::mean(BASELINE_EPISODES, episode) })
    }

    fn upper_bound_player(&self) -> Option<&str> {
        (!self.layout.has_obstacles()).then_some("shortest path in the full grid")
    }

    fn draw(&self, scene: &Scene<'_, State>, frame: &mut Frame) {
        let state = scene.state;
        draw::draw(state, self.layout.through_walls(), frame);
    }

    fn event(&self, before: &State, _action: u32, after: &State, step: Step) -> Option<Event> {
        let doors = before.cells.iter().zip(&after.cells);
        let opened = |(old, new): (&Cell, &Cell)| old.is_door() && old.state != 0 && new.state == 0;
        match (after.success, before.carrying, after.carrying) {
            (Some(true), ..) => {
                Some(Event::new("goal", format!("reached the goal, reward {:+}", step.reward)))
            }
            (Some(false), ..) => {
                Some(Event::new("collision", format!("collision, reward {:+}", step.reward)))
            }
            (_, None, Some(_)) => Some(Event::new("pickup", "picked an object up")),
            (_, Some(_), None) => Some(Event::new("drop", "put an object down")),
            _ if doors.into_iter().any(opened) => Some(Event::new("door", "opened a door")),
            _ => None,
        }
    }
}

/// Settings of the MiniGrid worlds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Steps after which an episode is truncated, 1 to 1000000; unset for MiniGrid's limit. The reward at the goal
    /// depends on it.
    pub time_limit: Option<u32>,
    /// Planes of the observation. `encoded`: object, color and state as numbers, 3 planes; `one-hot`: a plane for each
    /// value, 20 planes.
    pub observation: Observation,
}

/// Choice of the planes of an observation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Observation {
    /// Three planes of numbers: object 0 to 10, color 0 to 5, state 0 to 2.
    #[default]
    Encoded,
    /// Planes of zeros and ones: 11 objects, 6 colors, 3 states.
    OneHot,
}

impl Settings {
    /// Settings of the world `world_id` from the TOML table `table`.
    ///
    /// # Errors
    /// [`Error::Setting`] with the name of the setting, the wrong value and the valid range.
    pub fn read(table: &toml::Table, world_id: &str) -> Result<Self> {
        let read: Settings = settings::read(table, world_id)?;
        if let Some(limit) = read.time_limit {
            settings::in_range("time_limit", limit, 1..=1_000_000).map_err(|e| e.of(world_id))?;
        }
        Ok(read)
    }
}

/// World family `minigrid`: builds worlds by name.
///
/// ```
/// use freewheel_core::{NoPolicyLoader, SolveQuery, WorldFamily};
/// use freewheel_envs::minigrid::MiniGridFamily;
///
/// let world = MiniGridFamily.build("empty-8x8", &toml::Table::new(), &NoPolicyLoader)?.unwrap();
/// let optimum = world.solve(&SolveQuery::for_spec(world.spec()))?;
/// assert!((optimum.value - (1.0 - 0.9 * 11.0 / 256.0)).abs() < 1e-6);
/// # Ok::<(), freewheel_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct MiniGridFamily;

impl WorldFamily for MiniGridFamily {
    fn name(&self) -> &str {
        "minigrid"
    }

    fn list(&self) -> Vec<WorldInfo> {
        let about = |layout| match layout {
            Layout::Empty { .. } => "A room with a goal, as MiniGrid's Empty; partial view",
            Layout::DoorKey { .. } => "A key, a locked door and a goal, as MiniGrid's DoorKey; partial view",
            Layout::MultiRoom { .. } => "A chain of rooms with doors, as MiniGrid's MultiRoom; partial view",
            Layout::Obstacles { .. } => "A room with moving obstacles, as MiniGrid's Dynamic-Obstacles",
        };
        let info = |(name, layout)| WorldInfo { id: format!("minigrid/{name}"), about: about(layout).into() };
        WORLDS.into_iter().map(info).collect()
    }

    fn build(
        &self,
        name: &str,
        settings: &toml::Table,
        _loader: &dyn PolicyLoader,
    ) -> Result<Option<Arc<dyn DynWorld>>> {
        if !WORLDS.iter().any(|(known, _)| *known == name) {
            return Ok(None);
        }
        let settings = Settings::read(settings, &format!("minigrid/{name}"))?;
        Ok(MiniGrid::new(name, &settings).map(World::shared))
    }

    fn settings(&self, _name: &str) -> schemars::Schema {
        schemars::schema_for!(Settings)
    }
}
