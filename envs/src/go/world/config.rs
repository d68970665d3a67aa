//! Configuration shared by all episodes of a world: start position, observation planes, rewards, measures.

use std::sync::Arc;

use freewheel_core::{
    ActionSpace, Better, Insight, Measure, ObservationSpace, Result, Score, Spec, Step, Stream,
};

use super::reference;
use super::settings::{Reward, Settings};
use super::view::View;
use crate::go::gtp::vertex;
use crate::go::players::{self, Player, PlayerAction};
use crate::go::rules::{Color, Game, Point};

/// Version of the worlds, raised whenever behavior changes.
const VERSION: u32 = 1;

/// Scripted policies of every world: name of the script, and name of the player.
const SCRIPTS: [(&str, &str); 6] = [
    ("random", "random"),
    ("greedy", "greedy"),
    ("uct-100", "uct:100"),
    ("uct-1000", "uct:1000"),
    ("strong-1000", "uct:1000,strong"),
    ("strong-10000", reference::STRONGEST),
];

/// Index of the script that plays as the strongest rated player.
pub(super) const STRONGEST_SCRIPT: usize = SCRIPTS.len() - 1;

/// Configuration shared by all episodes of a world.
pub(super) struct GoConfig {
    pub(super) start: Game,
    pub(super) view: View,
    reward: Reward,
    /// Number of moves, counting both players, after which a game is truncated.
    pub(super) move_limit: u32,
    scripts: Vec<Arc<dyn Player>>,
}

impl GoConfig {
    /// Configuration for a board of `size` x `size`.
    ///
    /// # Errors
    /// [`freewheel_core::Error::Setting`] for an invalid setting.
    pub(super) fn new(id: &str, size: u8, settings: &Settings) -> Result<Self> {
        Ok(GoConfig {
            start: settings.start(size, id)?,
            view: View::of(settings),
            reward: settings.reward,
            move_limit: settings.moves(size),
            scripts: SCRIPTS.iter().map(|(_, name)| players::parse(name)).collect::<Result<_>>()?,
        })
    }

    /// Spec of a world. `time_limit` is in steps of the agent.
    pub(super) fn spec(&self, id: &str, players: u8, time_limit: u32) -> Spec {
        let rules = self.start.rules();
        let (width, height) = (usize::from(rules.width), usize::from(rules.height));
        let planes = self.view.planes();
        let cells = planes * width * height;
        let names = (0..=self.start.pass()).map(|point| vertex::name(rules, point)).collect();
        let observation = ObservationSpace::Box {
            shape: vec![planes, height, width],
            low: vec![0.0; cells],
            high: vec![1.0; cells],
        };
        Spec {
            version: VERSION,
            masked: true,
            players,
            time_limit: Some(time_limit),
            measures: vec![
                Measure::new("win", "", Better::Higher),
                Measure::new("margin", "points", Better::Higher),
                Measure::new("moves", "", Better::Neither),
            ],
            score: Score::Measure(0),
            scripts: SCRIPTS.iter().map(|(name, _)| (*name).to_owned()).collect(),
            ..Spec::new(id, observation, ActionSpace::Discrete { names })
        }
    }

    /// Terminal step with the reward of a player who is `margin` points ahead.
    pub(super) fn final_step(&self, margin: f32) -> Step {
        Step::termination(match self.reward {
            Reward::Win => 2.0 * win_value(margin) as f32 - 1.0,
            Reward::Score => margin / self.start.area() as f32,
        })
    }

    /// Action of the scripted policy with the index `script`: a pass if the player resigns, `None` if it fails.
    pub(super) fn scripted(&self, script: usize, game: &Game, rng: &mut Stream) -> Option<u32> {
        match self.scripts.get(script)?.choose(game, rng).ok()? {
            PlayerAction::Play(point) => Some(u32::from(point)),
            PlayerAction::Resign => Some(u32::from(game.pass())),
        }
    }

    /// Insight of the scripted policy with the index `script`; see [`Player::insight`].
    pub(super) fn script_insight(&self, script: usize, game: &Game, rng: &mut Stream) -> Option<Insight> {
        self.scripts.get(script)?.insight(game, rng)
    }
}

/// Player of the script with the index `index`.
pub(super) fn scripted_player(index: usize) -> Option<Arc<dyn Player>> {
    players::parse(SCRIPTS.get(index)?.1).ok()
}

/// Score of `color` minus the score of the opponent, points.
pub(super) fn margin(game: &Game, color: Color) -> f32 {
    game.score() * color.sign() as f32
}

/// Value of a game with the score margin `margin`: 1 for a win, 0.5 for a draw, 0 for a loss.
pub(super) fn win_value(margin: f32) -> f64 {
    match margin {
        m if m > 0.0 => 1.0,
        m if m < 0.0 => 0.0,
        _ => 0.5,
    }
}

/// Copies the measures of an episode to `out`.
pub(super) fn write_measures(measures: [f64; 3], out: &mut [f64]) {
    for (out, measure) in out.iter_mut().zip(measures) {
        *out = measure;
    }
}

/// Point of an action; invalid actions map to a point off every board.
pub(super) fn action_to_point(action: u32) -> Point {
    Point::try_from(action).unwrap_or(Point::MAX)
}
