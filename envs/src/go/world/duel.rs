//! The game for two.

use freewheel_core::{
    Baseline, Env, EvaluationWorld, Frame, Player as Side, Policy, Result, Solution, SolveQuery, Spec, Step,
    Stream, World,
};

use super::draw::{self, Scene};
use super::settings::Settings;
use super::terms::{self, Terms};
use super::{observation, reference};
use crate::go::rules::{Color, Game};

/// Go for two players: [`Side::First`] is Black. Measures are Black's.
pub struct Go {
    spec: Spec,
    pub(super) terms: Terms,
    judge: Option<EvaluationWorld>,
}

impl Go {
    /// On a board of `size` x `size`, 2..=19, called `id`.
    ///
    /// # Errors
    /// [`freewheel_core::Error::Config`] naming the setting that is wrong.
    pub fn new(id: &str, size: u8, settings: &Settings) -> Result<Self> {
        let terms = Terms::new(id, size, settings)?;
        Ok(Go { spec: terms.spec(id, 2, terms.move_limit), terms, judge: None })
    }

    /// What is learned here is judged there.
    pub fn judged_by(self, judge: EvaluationWorld) -> Self {
        Go { judge: Some(judge), ..self }
    }
}

impl Env for Go {
    type State = Game;
    type Action = u32;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn reset(&self, _rng: &mut Stream) -> Game {
        self.terms.start.clone()
    }

    /// An action that is not legal changes nothing.
    fn step(&self, game: &mut Game, action: u32, _rng: &mut Stream) -> Step {
        let mover = game.to_play();
        match game.play(terms::point(action)) {
            Ok(_) if game.is_over() => self.terms.paid(terms::margin(game, mover)),
            _ => Step::transition(0.0),
        }
    }

    fn observe(&self, game: &Game, out: &mut [f32]) {
        observation::observe(game, game.to_play(), self.terms.history, out);
    }

    fn legal(&self, game: &Game, out: &mut [bool]) {
        terms::legal(game, out);
    }

    fn to_play(&self, game: &Game) -> Side {
        match game.to_play() {
            Color::Black => Side::First,
            Color::White => Side::Second,
        }
    }

    fn measure(&self, game: &Game, out: &mut [f64]) {
        let margin = terms::margin(game, Color::Black);
        terms::write([terms::won(margin), f64::from(margin), f64::from(game.move_number())], out);
    }

    fn scripted(&self, script: usize, game: &Game, rng: &mut Stream) -> Option<u32> {
        self.terms.scripted(script, game, rng)
    }
}

impl World for Go {
    fn solve(&self, query: &SolveQuery) -> Result<Solution> {
        reference::duel(self, query)
    }

    fn baseline(&self, _question: &SolveQuery) -> Result<Baseline> {
        Ok(reference::random(self, self.terms.move_limit))
    }

    fn evaluation_world(&self) -> Option<&EvaluationWorld> {
        self.judge.as_ref()
    }

    fn draw(&self, game: &Game, policy: Option<&dyn Policy>, frame: &mut Frame) {
        let thoughts = policy.and_then(|policy| draw::thoughts(self, game, policy));
        let status = draw::status(game);
        draw::paint(&Scene { game, thoughts: thoughts.as_deref(), status }, frame);
    }
}
