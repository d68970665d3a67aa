//! Go as a two-player game.

use freewheel_core::{
    Baseline, Env, EvaluationWorld, Event, Frame, Insight, Player as Side, Result, Scene, Solution,
    SolveQuery, Spec, Step, Stream, World,
};

use super::config::{self, GoConfig};
use super::draw::{self, BoardScene};
use super::event;
use super::layers;
use super::layout::Layout;
use super::reference;
use super::settings::Settings;
use crate::go::rules::{Color, Game};

/// Go for two players: [`Side::First`] is Black. Measures are those of Black.
pub struct Go {
    spec: Spec,
    pub(super) config: GoConfig,
    evaluation_world: Option<EvaluationWorld>,
}

impl Go {
    /// World `id` on a board of `size` x `size`, 2..=19.
    ///
    /// # Errors
    /// [`freewheel_core::Error::Setting`] for an invalid setting.
    pub fn new(id: &str, size: u8, settings: &Settings) -> Result<Self> {
        let config = GoConfig::new(id, size, settings)?;
        Ok(Go { spec: config.spec(id, 2, config.move_limit), config, evaluation_world: None })
    }

    /// Sets the world in which trained agents are evaluated.
    pub fn with_evaluation_world(self, evaluation_world: EvaluationWorld) -> Self {
        Go { evaluation_world: Some(evaluation_world), ..self }
    }
}

impl Env for Go {
    type State = Game;
    type Action = u32;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn reset(&self, _rng: &mut Stream) -> Game {
        self.config.start.clone()
    }

    /// Plays a move; an illegal action changes nothing.
    fn step(&self, game: &mut Game, action: u32, _rng: &mut Stream) -> Step {
        let mover = game.to_play();
        match game.play(config::action_to_point(action)) {
            Ok(_) if game.is_over() => self.config.final_step(config::margin(game, mover)),
            _ => Step::transition(0.0),
        }
    }

    fn observe(&self, game: &Game, out: &mut [f32]) {
        self.config.view.observe(game, game.to_play(), out);
    }

    fn legal(&self, game: &Game, out: &mut [bool]) {
        self.config.view.legal(game, out);
    }

    fn to_play(&self, game: &Game) -> Side {
        match game.to_play() {
            Color::Black => Side::First,
            Color::White => Side::Second,
        }
    }

    fn measure(&self, game: &Game, out: &mut [f64]) {
        let margin = config::margin(game, Color::Black);
        config::write_measures(
            [config::win_value(margin), f64::from(margin), f64::from(game.move_number())],
            out,
        );
    }

    fn scripted(&self, script: usize, game: &Game, rng: &mut Stream) -> Option<u32> {
        self.config.scripted(script, game, rng)
    }
}

impl World for Go {
    fn solve(&self, query: &SolveQuery) -> Result<Solution> {
        reference::solve_two_player(self, query)
    }

    fn baseline(&self, _query: &SolveQuery) -> Result<Baseline> {
        Ok(reference::random_baseline(self, self.config.move_limit))
    }

    fn evaluation_world(&self) -> Option<&EvaluationWorld> {
        self.evaluation_world.as_ref()
    }

    fn script_insight(&self, script: usize, game: &Game, rng: &mut Stream) -> Option<Insight> {
        self.config.script_insight(script, game, rng)
    }

    fn draw(&self, scene: &Scene<'_, Game>, frame: &mut Frame) {
        let game = scene.state;
        let policy = scene.policy;
        let action_values = policy.and_then(|policy| draw::action_values(self, game, policy));
        let status = draw::status(game);
        draw::draw_board(&BoardScene { game, action_values: action_values.as_deref(), status }, frame);
    }

    fn layers(&self) -> &[&'static str] {
        &layers::LAYERS
    }

    fn event(&self, before: &Game, _action: u32, after: &Game, _step: Step) -> Option<Event> {
        event::between(before, after, before.to_play())
    }

    fn action_at(&self, game: &Game, frame: &Frame, column: usize, row: usize) -> Option<u32> {
        Layout::of(game, frame).action_at(game, column, row)
    }

    fn action_cell(&self, game: &Game, frame: &Frame, action: u32) -> Option<(usize, usize)> {
        Layout::of(game, frame).action_cell(game, action)
    }
}
