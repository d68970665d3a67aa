//! Go against an opponent that is part of the world.
//!
//! A step is the agent's move and the opponent's answer. The opponent uses the episode's random stream. A limit of M
//! moves of both sides is M / 2 steps, rounded up: the game is truncated after M moves, or one or two more if the
//! agent is White or M is odd. If the opponent fails, as another program may, the episode is truncated with reward 0
//! and its measures are NaN: nobody wins.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use freewheel_core::{
    Baseline, Env, Error, Event, Frame, Insight, PolicyLoader, Result, Scene, Solution, SolveQuery, Spec,
    Step, Stream, World,
};
use serde::{Deserialize, Serialize};

use super::config::{self, GoConfig};
use super::draw::{self, BoardScene};
use super::event;
use super::layers;
use super::layout::Layout;
use super::policy_player::PolicyPlayer;
use super::reference;
use super::settings::{AgentColor, CHECKPOINT, Settings};
use crate::go::gtp::{is_interrupted, vertex};
use crate::go::players::{self, Player, PlayerAction};
use crate::go::rules::{Color, Game};

/// Go for one player against an opponent. Measures are those of the agent.
pub struct GoVersusOpponent {
    spec: Spec,
    pub(super) config: GoConfig,
    pub(super) agent_color: AgentColor,
    pub(super) opponent: Arc<dyn Player>,
    failures: Mutex<Failures>,
}

/// Number of games in a row in which the opponent has failed after which a run is ended.
const MAX_FAILURES: u32 = 3;

/// Failures of an opponent.
#[derive(Default)]
struct Failures {
    /// Number of games since the last one without a failure.
    in_a_row: u32,
    /// Description of the last one.
    last: String,
    /// Message about the first one, until it is taken.
    note: Option<String>,
    /// Number of all failures.
    count: u64,
}

/// State: the game, the agent's color, and the status of the opponent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VersusOpponentState {
    /// Game that is played.
    pub game: Game,
    /// Color of the agent.
    pub agent: Color,
    /// Status of the opponent.
    pub opponent: OpponentStatus,
}

/// Status of an opponent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OpponentStatus {
    /// The opponent is playing.
    Playing,
    /// The opponent has resigned, which counts as a loss of the whole board.
    Resigned,
    /// The opponent has failed: no move, or an illegal one.
    Failed,
}

impl GoVersusOpponent {
    /// World `id` on a board of `size` x `size`, 2..=19, against the opponent of the settings; `policies` loads trained
    /// policies.
    ///
    /// # Errors
    /// [`Error::Setting`] for an invalid setting.
    pub fn new(id: &str, size: u8, settings: &Settings, policies: &dyn PolicyLoader) -> Result<Self> {
        let invalid =
            |e: Error| Error::setting("opponent", format!("{id}: the opponent {:?}: {e}", settings.opponent));
        if settings.opponent != CHECKPOINT {
            let opponent = players::parse(&settings.opponent).map_err(invalid)?;
            let world = GoVersusOpponent::with_player(id, size, settings, opponent)?;
            // A program that cannot be started, or does not support the board, would otherwise fail in every episode.
            world.opponent.check_ready(&world.config.start).map_err(invalid)?;
            return Ok(world);
        }
        let without_opponent = GoVersusOpponent::with_player(id, size, settings, Arc::new(players::Random))?;
        let load_error = |e| match e {
            Error::Config(message) => Error::setting("checkpoint", message),
            other => other,
        };
        let policy = policies.load(&settings.checkpoint, &without_opponent.spec).map_err(load_error)?;
        let name = settings.checkpoint.display().to_string();
        let opponent = PolicyPlayer::new(name, policy, size, settings);
        Ok(GoVersusOpponent { opponent: Arc::new(opponent), ..without_opponent })
    }

    /// Same as [`GoVersusOpponent::new`], against `opponent`; the setting `opponent` is ignored.
    ///
    /// # Errors
    /// [`Error::Setting`] for an invalid setting.
    pub fn with_player(id: &str, size: u8, settings: &Settings, opponent: Arc<dyn Player>) -> Result<Self> {
        let config = GoConfig::new(id, size, settings)?;
        let spec = config.spec(id, 1, config.move_limit.div_ceil(2));
        Ok(GoVersusOpponent {
            spec,
            config,
            agent_color: settings.color,
            opponent,
            failures: Mutex::default(),
        })
    }

    /// Plays the opponent's move, if the opponent is to move.
    fn play_opponent(&self, state: &mut VersusOpponentState, rng: &mut Stream) {
        if state.game.is_over() || state.game.to_play() == state.agent {
            return;
        }
        let failure = match self.opponent.choose(&state.game, rng) {
            Ok(PlayerAction::Play(point)) => state.game.play(point).err().map(|why| {
                let name = vertex::name(state.game.rules(), point);
                format!("it played {name}, which is illegal: {why}")
            }),
            Ok(PlayerAction::Resign) => {
                state.opponent = OpponentStatus::Resigned;
                None
            }
            Err(error) => Some(error.to_string()),
        };
        if failure.is_some() {
            state.opponent = OpponentStatus::Failed;
        }
        // A game at its move limit is truncated by the batch.
        if self.opponent.is_slow() && state.game.move_number() + 2 >= self.config.move_limit {
            self.failures().in_a_row = 0;
        }
        if let Some(failure) = failure {
            let mut failures = self.failures();
            failures.in_a_row += 1;
            failures.count += 1;
            if failures.count == 1 && !is_interrupted() {
                failures.note = Some(format!("the opponent failed, the episode does not count: {failure}"));
            }
            failures.last = failure;
        }
    }

    fn failures(&self) -> MutexGuard<'_, Failures> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl VersusOpponentState {
    /// Agent's score minus the opponent's, points; NaN if the opponent has failed.
    fn margin(&self) -> f32 {
        match self.opponent {
            OpponentStatus::Playing => config::margin(&self.game, self.agent),
            OpponentStatus::Resigned => self.game.area() as f32,
            OpponentStatus::Failed => f32::NAN,
        }
    }
}

impl Env for GoVersusOpponent {
    type State = VersusOpponentState;
    type Action = u32;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn reset(&self, rng: &mut Stream) -> VersusOpponentState {
        let agent = match self.agent_color {
            AgentColor::Black => Color::Black,
            AgentColor::White => Color::White,
            AgentColor::Alternate => Color::BOTH[rng.below(2) as usize],
        };
        let mut state =
            VersusOpponentState { game: self.config.start.clone(), agent, opponent: OpponentStatus::Playing };
        self.play_opponent(&mut state, rng);
        state
    }

    /// Plays the agent's move and the opponent's answer; an illegal action changes nothing.
    fn step(&self, state: &mut VersusOpponentState, action: u32, rng: &mut Stream) -> Step {
        if state.opponent == OpponentStatus::Playing
            && state.game.play(config::action_to_point(action)).is_ok()
        {
            self.play_opponent(state, rng);
        }
        match state.opponent {
            OpponentStatus::Failed => Step::truncation(0.0),
            OpponentStatus::Playing if !state.game.is_over() => Step::transition(0.0),
            _ if self.opponent.is_slow() => {
                self.failures().in_a_row = 0;
                self.config.final_step(state.margin())
            }
            _ => self.config.final_step(state.margin()),
        }
    }

    fn observe(&self, state: &VersusOpponentState, out: &mut [f32]) {
        self.config.view.observe(&state.game, state.agent, out);
    }

    fn legal(&self, state: &VersusOpponentState, out: &mut [bool]) {
        self.config.view.legal(&state.game, out);
    }

    fn measure(&self, state: &VersusOpponentState, out: &mut [f64]) {
        let margin = state.margin();
        let win_value = if margin.is_nan() { f64::NAN } else { config::win_value(margin) };
        config::write_measures([win_value, f64::from(margin), f64::from(state.game.move_number())], out);
    }

    /// Error of an opponent that has failed several times in a row, or was interrupted.
    fn check(&self) -> Result<()> {
        if !self.opponent.is_slow() {
            return Ok(());
        }
        let failures = self.failures();
        if failures.in_a_row < MAX_FAILURES && !(is_interrupted() && failures.in_a_row > 0) {
            return Ok(());
        }
        let (number, last) = (failures.in_a_row, &failures.last);
        Err(Error::Unsupported(format!(
            "{}: the opponent failed {number} times in a row, the last time: {last}",
            self.spec.id
        )))
    }

    fn scripted(&self, script: usize, state: &VersusOpponentState, rng: &mut Stream) -> Option<u32> {
        self.config.scripted(script, &state.game, rng)
    }
}

impl World for GoVersusOpponent {
    fn solve(&self, query: &SolveQuery) -> Result<Solution> {
        reference::solve_versus_opponent(self, query)
    }

    fn baseline(&self, _query: &SolveQuery) -> Result<Baseline> {
        let name = self.opponent.name();
        if name != "random" && name != "greedy" {
            return Err(Error::Unsupported(format!(
                "{} against {name}: no random baseline, it would take too long to play out",
                self.spec.id
            )));
        }
        Ok(reference::random_baseline(self, self.config.move_limit.div_ceil(2)))
    }

    fn is_slow(&self) -> bool {
        self.opponent.is_slow()
    }

    fn take_note(&self) -> Option<String> {
        self.failures().note.take()
    }

    fn script_insight(
        &self,
        script: usize,
        state: &VersusOpponentState,
        rng: &mut Stream,
    ) -> Option<Insight> {
        self.config.script_insight(script, &state.game, rng)
    }

    fn draw(&self, scene: &Scene<'_, VersusOpponentState>, frame: &mut Frame) {
        let state = scene.state;
        let policy = scene.policy;
        let action_values = policy.and_then(|policy| draw::action_values(self, state, policy));
        let status = match state.opponent {
            OpponentStatus::Playing => draw::status(&state.game),
            OpponentStatus::Resigned => format!("{} resigned", self.opponent.name()),
            OpponentStatus::Failed => format!("{} failed", self.opponent.name()),
        };
        let game = &state.game;
        let status = format!("{status}, you are {}", draw::stone(state.agent));
        draw::draw_board(&BoardScene { game, action_values: action_values.as_deref(), status }, frame);
    }

    fn layers(&self) -> &[&'static str] {
        &layers::LAYERS
    }

    fn event(
        &self,
        before: &VersusOpponentState,
        _action: u32,
        after: &VersusOpponentState,
        _step: Step,
    ) -> Option<Event> {
        let name = self.opponent.name();
        match after.opponent {
            OpponentStatus::Playing => event::between(&before.game, &after.game, after.agent),
            OpponentStatus::Resigned => Some(Event::new("resign", format!("{name} resigns"))),
            OpponentStatus::Failed => Some(Event::new("end", format!("{name} failed"))),
        }
    }

    fn action_at(
        &self,
        state: &VersusOpponentState,
        frame: &Frame,
        column: usize,
        row: usize,
    ) -> Option<u32> {
        Layout::of(&state.game, frame).action_at(&state.game, column, row)
    }

    fn action_cell(&self, state: &VersusOpponentState, frame: &Frame, action: u32) -> Option<(usize, usize)> {
        Layout::of(&state.game, frame).action_cell(&state.game, action)
    }
}
