//! The game against an opponent who is part of the world.
//!
//! A step is the learner's move and the opponent's answer. The opponent's dice are the episode's. Its move limit, in
//! moves of both sides, is M / 2 steps of the learner, rounded up: the game is cut after M moves, or after one or two
//! more where White learns or M is odd. An opponent that fails, as another program may, leaves the episode truncated
//! with reward 0 and measures that are NaN: it is nobody's win.

use std::sync::Arc;

use freewheel_core::{
    Baseline, Env, Error, Frame, Policy, PolicyLoader, Result, Solution, SolveQuery, Spec, Step, Stream,
    World,
};
use serde::{Deserialize, Serialize};

use super::draw::{self, Scene};
use super::settings::{CHECKPOINT, Seat, Settings};
use super::terms::{self, Terms};
use super::trained::Trained;
use super::{observation, reference};
use crate::go::players::{self, Player, Turn};
use crate::go::rules::{Color, Game};

/// Go for one, against an opponent. Measures are the learner's.
pub struct GoAgainst {
    spec: Spec,
    pub(super) terms: Terms,
    pub(super) seat: Seat,
    pub(super) opponent: Arc<dyn Player>,
}

/// A game with one of the two sides taken.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Seated {
    /// The game.
    pub game: Game,
    /// The learner's color.
    pub learner: Color,
    /// What became of the opponent.
    pub opponent: Presence,
}

/// Whether an opponent is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Presence {
    /// It plays.
    Playing,
    /// It has given the game up, which counts as the whole board.
    Resigned,
    /// It has failed: no answer, or one that is not legal.
    Failed,
}

impl GoAgainst {
    /// On a board of `size` x `size`, 2..=19, called `id`, against the player that the settings name; `policies` has the trained
    /// ones.
    ///
    /// # Errors
    /// [`Error::Config`] naming the setting that is wrong.
    pub fn new(id: &str, size: u8, settings: &Settings, policies: &dyn PolicyLoader) -> Result<Self> {
        let wrong = |e: Error| Error::Config(format!("{id}: the opponent {:?}: {e}", settings.opponent));
        if settings.opponent != CHECKPOINT {
            let opponent = players::parse(&settings.opponent).map_err(wrong)?;
            let world = GoAgainst::with_player(id, size, settings, opponent)?;
            // A program that is not there, or takes no such board, would else fail in every episode.
            world.opponent.ready(&world.terms.start).map_err(wrong)?;
            return Ok(world);
        }
        let empty_seat = GoAgainst::with_player(id, size, settings, Arc::new(players::Random))?;
        let policy = policies.load(&settings.checkpoint, &empty_seat.spec)?;
        let name = settings.checkpoint.display().to_string();
        let opponent = Trained::new(name, policy, size, settings.history);
        Ok(GoAgainst { opponent: Arc::new(opponent), ..empty_seat })
    }

    /// The same against `opponent`, whatever the settings say.
    ///
    /// # Errors
    /// [`Error::Config`] naming the setting that is wrong.
    pub fn with_player(id: &str, size: u8, settings: &Settings, opponent: Arc<dyn Player>) -> Result<Self> {
        let terms = Terms::new(id, size, settings)?;
        let spec = terms.spec(id, 1, terms.move_limit.div_ceil(2));
        Ok(GoAgainst { spec, terms, seat: settings.color, opponent })
    }

    /// Lets the opponent move, if it is its turn.
    fn answer(&self, state: &mut Seated, rng: &mut Stream) {
        if state.game.is_over() || state.game.to_play() == state.learner {
            return;
        }
        state.opponent = match self.opponent.choose(&state.game, rng) {
            Ok(Turn::Play(point)) if state.game.play(point).is_ok() => Presence::Playing,
            Ok(Turn::Resign) => Presence::Resigned,
            _ => Presence::Failed,
        };
    }
}

impl Seated {
    /// How far the learner is ahead, points; NaN where the opponent has failed.
    fn margin(&self) -> f32 {
        match self.opponent {
            Presence::Playing => terms::margin(&self.game, self.learner),
            Presence::Resigned => self.game.area() as f32,
            Presence::Failed => f32::NAN,
        }
    }
}

impl Env for GoAgainst {
    type State = Seated;
    type Action = u32;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn reset(&self, rng: &mut Stream) -> Seated {
        let learner = match self.seat {
            Seat::Black => Color::Black,
            Seat::White => Color::White,
            Seat::Alternate => Color::BOTH[rng.below(2) as usize],
        };
        let mut state = Seated { game: self.terms.start.clone(), learner, opponent: Presence::Playing };
        self.answer(&mut state, rng);
        state
    }

    /// An action that is not legal changes nothing.
    fn step(&self, state: &mut Seated, action: u32, rng: &mut Stream) -> Step {
        if state.opponent == Presence::Playing && state.game.play(terms::point(action)).is_ok() {
            self.answer(state, rng);
        }
        match state.opponent {
            Presence::Failed => Step::truncation(0.0),
            Presence::Playing if !state.game.is_over() => Step::transition(0.0),
            _ => self.terms.paid(state.margin()),
        }
    }

    fn observe(&self, state: &Seated, out: &mut [f32]) {
        observation::observe(&state.game, state.learner, self.terms.history, out);
    }

    fn legal(&self, state: &Seated, out: &mut [bool]) {
        terms::legal(&state.game, out);
    }

    fn measure(&self, state: &Seated, out: &mut [f64]) {
        let margin = state.margin();
        let won = if margin.is_nan() { f64::NAN } else { terms::won(margin) };
        terms::write([won, f64::from(margin), f64::from(state.game.move_number())], out);
    }

    fn scripted(&self, script: usize, state: &Seated, rng: &mut Stream) -> Option<u32> {
        self.terms.scripted(script, &state.game, rng)
    }
}

impl World for GoAgainst {
    fn solve(&self, query: &SolveQuery) -> Result<Solution> {
        reference::against(self, query)
    }

    fn baseline(&self, _question: &SolveQuery) -> Result<Baseline> {
        let name = self.opponent.name();
        if name != "random" && name != "greedy" {
            return Err(Error::Unsupported(format!(
                "{} against {name}: what a random player gets would take too long to play out",
                self.spec.id
            )));
        }
        Ok(reference::random(self, self.terms.move_limit.div_ceil(2)))
    }

    fn draw(&self, state: &Seated, policy: Option<&dyn Policy>, frame: &mut Frame) {
        let thoughts = policy.and_then(|policy| draw::thoughts(self, state, policy));
        let status = match state.opponent {
            Presence::Playing => draw::status(&state.game),
            Presence::Resigned => format!("{} resigned", self.opponent.name()),
            Presence::Failed => format!("{} failed", self.opponent.name()),
        };
        let game = &state.game;
        let status = format!("{status}, you are {}", draw::stone(state.learner));
        draw::paint(&Scene { game, thoughts: thoughts.as_deref(), status }, frame);
    }
}
