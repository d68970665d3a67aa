//! Grid-worlds: an [`Env`] over a transition table, with an exact reference (optimal values and policy) and a drawing.

use std::path::Path;
use std::sync::OnceLock;

use freewheel_core::{
    ActionSpace, Baseline, CellState, Env, Event, Frame, ObservationSpace, PolicyClass, Result, Scene,
    Solution, SolveQuery, Spec, Step, Stream, World,
};
use serde::{Deserialize, Serialize};

use super::board::{self, Board, Moment};
use super::error::MapError;
use super::map::Map;
use super::map_board::MapBoard;
use super::rules::{Rules, VERSION};
use super::solvable;
use super::table::TransitionTable;
use crate::mdp::{FiniteMdp, MdpBuilder, Outcome};

/// World with discrete states and actions and a known transition table: maps, taxi, deep sea.
pub struct Gridworld {
    spec: Spec,
    table: TransitionTable,
    /// Observations where episodes begin, all equally likely.
    starts: Vec<u32>,
    board: Box<dyn Board>,
    mdp: OnceLock<FiniteMdp>,
}

/// Maximum number of states times steps for the value of the first action: less than a second.
const MAX_BASELINE_WORK: u64 = 100_000_000;

/// State of an episode. On a map it is the agent's cell and keys, as one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct State {
    /// Observation of the agent, which determines the whole state.
    pub observation: u32,
}

/// Arguments of [`Gridworld::new`]: the parts of a world.
pub(super) struct Parts {
    pub(super) id: String,
    pub(super) version: u32,
    pub(super) actions: Vec<String>,
    pub(super) time_limit: Option<u32>,
    pub(super) gamma: f64,
    pub(super) table: TransitionTable,
    pub(super) starts: Vec<u32>,
    pub(super) board: Box<dyn Board>,
}

impl Gridworld {
    /// World with the rules of `map` and the name `id`.
    ///
    /// # Errors
    /// [`MapError`] if the map is not valid or cannot be solved.
    pub fn from_map(id: impl Into<String>, map: &Map) -> Result<Self, MapError> {
        let rules = Rules::new(map)?;
        let table = rules.table().map_err(|error| map.at_cell(0, error))?;
        solvable::check_solvable(map, &rules, &table)?;
        let legend = map.legend();
        Ok(Gridworld::new(Parts {
            id: id.into(),
            version: VERSION,
            actions: rules.directions().iter().map(|d| d.name().to_owned()).collect(),
            time_limit: (legend.time_limit > 0).then_some(legend.time_limit),
            gamma: legend.gamma,
            starts: rules.starts.iter().map(|&cell| rules.observation(cell, 0)).collect(),
            table,
            board: Box::new(MapBoard::new(map, rules)),
        }))
    }

    /// World from the text of a map file. `file` is the path in error messages.
    ///
    /// # Errors
    /// [`freewheel_core::Error::Input`] with line and column.
    pub fn parse(id: impl Into<String>, text: &str, file: impl AsRef<Path>) -> Result<Self> {
        let map = Map::parse(text).map_err(|e| e.in_file(&file))?;
        Gridworld::from_map(id, &map).map_err(|e| e.in_file(&file))
    }

    pub(super) fn new(parts: Parts) -> Self {
        let Parts { id, version, actions, time_limit, gamma, table, starts, board } = parts;
        let spec = Spec {
            version,
            masked: table.is_masked(),
            time_limit,
            gamma,
            ..Spec::new(
                &id,
                ObservationSpace::Discrete { n: table.states() },
                ActionSpace::Discrete { names: actions },
            )
        };
        Gridworld { spec, table, starts, board, mdp: OnceLock::new() }
    }

    /// Number of states, equal to the number of observations.
    pub fn states(&self) -> usize {
        self.table.states()
    }

    /// Number of actions.
    pub fn actions(&self) -> usize {
        self.table.actions()
    }

    /// Start distribution: pairs `(observation, probability)`.
    pub fn starts(&self) -> impl Iterator<Item = (u32, f64)> + '_ {
        let each = 1.0 / self.starts.len() as f64;
        self.starts.iter().map(move |&start| (start, each))
    }

    /// Whether `action` is legal in `state`.
    pub fn is_legal(&self, state: usize, action: usize) -> bool {
        self.table.is_legal(state as u32, action)
    }

    /// Possible outcomes of `action` in `state`, as in Gymnasium's `env.unwrapped.P`: the same successor may be listed
    /// more than once. `state` and `action` must be in range. A terminal state leads to itself with reward 0.
    pub fn outcomes(&self, state: usize, action: usize) -> impl Iterator<Item = Outcome> + '_ {
        self.table.outcomes(state as u32, action).map(|(probability, landing)| Outcome {
            probability,
            next: landing.next,
            reward: landing.reward,
            terminal: landing.terminal,
        })
    }

    /// Every transition as JSON: `{"id", "actions": [names], "starts": [[state, probability]], "P": P, "legal": L}`
    /// with `P[state][action] = [[probability, next, reward, terminal], ...]` and `L[state][action]` true or false.
    pub fn transitions_json(&self) -> serde_json::Value {
        let actions = |state: usize| (0..self.actions()).map(move |action| (state, action));
        let of = |(state, action)| -> Vec<(f64, u32, f64, bool)> {
            self.outcomes(state, action).map(|o| (o.probability, o.next, o.reward, o.terminal)).collect()
        };
        let table: Vec<Vec<_>> = (0..self.states()).map(|s| actions(s).map(of).collect()).collect();
        let legal: Vec<Vec<bool>> =
            (0..self.states()).map(|s| actions(s).map(|(s, a)| self.is_legal(s, a)).collect()).collect();
        let starts: Vec<_> = self.starts().collect();
        serde_json::json!({
            "id": self.spec.id,
            "actions": self.spec.actions.names(),
            "starts": starts,
            "P": table,
            "legal": legal,
        })
    }

    /// Value of the policy that takes the first legal action in every step, within the horizon of `query`; `None`
    /// without a horizon, or if the computation would take long.
    fn value_of_first_action(&self, query: &SolveQuery) -> Option<f64> {
        let horizon = query.horizon.filter(|&n| self.states() as u64 * u64::from(n) <= MAX_BASELINE_WORK)?;
        let mut here = vec![0.0; self.states()];
        for (start, probability) in self.starts() {
            here[start as usize] += probability;
        }
        let (mut total, mut weight) = (0.0, 1.0);
        for _ in 0..horizon {
            let mut next = vec![0.0; self.states()];
            for (state, &mass) in here.iter().enumerate().filter(|(_, mass)| **mass > 0.0) {
                let action = (0..self.actions()).find(|&action| self.is_legal(state, action)).unwrap_or(0);
                for outcome in self.outcomes(state, action) {
                    let reached = mass * outcome.probability;
                    total += weight * reached * outcome.reward;
                    if !outcome.terminal {
                        next[outcome.next as usize] += reached;
                    }
                }
            }
            (here, weight) = (next, weight * query.gamma);
        }
        Some(total)
    }

    /// This world as a finite Markov decision process, built on first use.
    ///
    /// # Errors
    /// As [`MdpBuilder::build`].
    pub fn mdp(&self) -> Result<&FiniteMdp> {
        if let Some(mdp) = self.mdp.get() {
            return Ok(mdp);
        }
        let mut builder = MdpBuilder::new(self.actions());
        let mut outcomes = Vec::new();
        for state in 0..self.states() {
            for action in 0..self.actions() {
                outcomes.clear();
                if self.is_legal(state, action) {
                    outcomes.extend(self.outcomes(state, action));
                }
                builder.push(&outcomes);
            }
        }
        let mdp = builder.build(self.starts().collect())?;
        Ok(self.mdp.get_or_init(|| mdp))
    }
}

impl Env for Gridworld {
    type State = State;
    type Action = u32;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    #[inline]
    fn reset(&self, rng: &mut Stream) -> State {
        let observation = match self.starts[..] {
            [only] => only,
            _ => self.starts[rng.below(self.starts.len() as u32) as usize],
        };
        State { observation }
    }

    #[inline(always)]
    fn step(&self, state: &mut State, action: u32, rng: &mut Stream) -> Step {
        self.table.step(&mut state.observation, action, rng)
    }

    #[inline]
    fn observe(&self, state: &State, out: &mut [f32]) {
        out[0] = state.observation as f32;
    }

    #[inline]
    fn legal(&self, state: &State, out: &mut [bool]) {
        self.table.legal(state.observation, out);
    }

    fn is_valid(&self, state: &State) -> bool {
        matches!(self.spec.observation, ObservationSpace::Discrete { n } if (state.observation as usize) < n)
    }
}

impl World for Gridworld {
    fn solve(&self, query: &SolveQuery) -> Result<Solution> {
        self.mdp()?.solve(query)
    }

    /// The better of two policies that have learned nothing: the uniformly random one, and the one that takes the first
    /// legal action in every step. The random policy may be worse than standing still, where it falls from a cliff.
    fn baseline(&self, query: &SolveQuery) -> Result<Baseline> {
        let random = self.solve(&SolveQuery { policy_class: PolicyClass::Random, ..*query })?.value;
        match self.value_of_first_action(query) {
            Some(value) if value > random => {
                let first = self.spec.actions.names().first().map_or("0", String::as_str);
                Ok(Baseline { name: format!("always {first}"), value })
            }
            _ => Ok(Baseline { name: "random".into(), value: random }),
        }
    }

    fn describe(&self, state: &State) -> Option<String> {
        let (columns, _) = self.board.size();
        let cell = self.board.agent(state.observation)?;
        let status = self.board.status(state.observation);
        let comma = if status.is_empty() { "" } else { ", " };
        Some(format!("row {}, column {}{comma}{status}", cell / columns, cell % columns))
    }

    fn draw(&self, scene: &Scene<'_, State>, frame: &mut Frame) {
        let moment = Moment { observation: scene.state.observation, past: scene.past, policy: scene.policy };
        board::draw(&*self.board, &self.table, &moment, frame);
    }

    fn layers(&self) -> &[&'static str] {
        &board::LAYERS
    }

    fn event(&self, before: &State, action: u32, after: &State, step: Step) -> Option<Event> {
        self.board.event(before.observation, action as usize, after.observation, step)
    }

    fn action_at(&self, state: &State, frame: &Frame, column: usize, row: usize) -> Option<u32> {
        board::action_at(&*self.board, state.observation, self.actions(), frame, (column, row))
    }

    fn action_cell(&self, state: &State, frame: &Frame, action: u32) -> Option<(usize, usize)> {
        board::action_cell(&*self.board, state.observation, action, frame)
    }

    fn cell_at(&self, state: &State, frame: &Frame, column: usize, row: usize) -> Option<CellState> {
        let (cell, area) = board::cell_at(&*self.board, state.observation, frame, (column, row))?;
        let has_policy = !self.board.cell_style(cell, state.observation).no_policy;
        let there = self.board.observation_at(cell, state.observation).filter(|_| has_policy)?;
        let (columns, _) = self.board.size();
        let mut legal = vec![true; self.actions()];
        self.table.legal(there, &mut legal);
        let name = format!("row {}, column {}", cell / columns, cell % columns);
        Some(CellState { name, area, obs: vec![there as f32], legal })
    }
}
