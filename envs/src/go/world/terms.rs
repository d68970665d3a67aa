//! What all episodes of a world share: the game they begin with, what is seen, paid and measured.

use std::sync::Arc;

use freewheel_core::{ActionSpace, Better, Measure, ObservationSpace, Result, Score, Spec, Step, Stream};

use super::settings::{Reward, Settings};
use super::{ladder, observation};
use crate::go::gtp::vertex;
use crate::go::players::{self, Player, Turn};
use crate::go::rules::{Color, Game, Point};

/// Raised whenever behavior changes.
const VERSION: u32 = 1;

/// Players that every world ships, and how a screen calls them.
const SCRIPTS: [(&str, &str); 6] = [
    ("random", "random"),
    ("greedy", "greedy"),
    ("uct-100", "uct:100"),
    ("uct-1000", "uct:1000"),
    ("strong-1000", "uct:1000,strong"),
    ("strong-10000", ladder::BEST),
];

/// The script that is the top of the ladder.
pub(super) const BEST: usize = SCRIPTS.len() - 1;

/// What all episodes of a world share.
pub(super) struct Terms {
    pub(super) start: Game,
    pub(super) history: usize,
    reward: Reward,
    /// Moves of both sides after which a game is truncated.
    pub(super) move_limit: u32,
    scripts: Vec<Arc<dyn Player>>,
}

impl Terms {
    /// Those of a board of this size.
    ///
    /// # Errors
    /// [`freewheel_core::Error::Config`] naming the setting that is wrong.
    pub(super) fn new(id: &str, size: u8, settings: &Settings) -> Result<Self> {
        Ok(Terms {
            start: settings.start(size, id)?,
            history: settings.history,
            reward: settings.reward,
            move_limit: settings.moves(size),
            scripts: SCRIPTS.iter().map(|(_, name)| players::parse(name)).collect::<Result<_>>()?,
        })
    }

    /// What a world of these terms looks like from outside. `time_limit` is in steps of the learner.
    pub(super) fn spec(&self, id: &str, players: u8, time_limit: u32) -> Spec {
        let rules = self.start.rules();
        let (width, height) = (usize::from(rules.width), usize::from(rules.height));
        let planes = observation::planes(self.history);
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

    /// The step that ends a game, as `mover` sees it who is `margin` points ahead.
    pub(super) fn paid(&self, margin: f32) -> Step {
        Step::termination(match self.reward {
            Reward::Win => 2.0 * won(margin) as f32 - 1.0,
            Reward::Score => margin / self.start.area() as f32,
        })
    }

    /// What the script of this index does; a pass where it gives up.
    pub(super) fn scripted(&self, script: usize, game: &Game, rng: &mut Stream) -> Option<u32> {
        match self.scripts.get(script)?.choose(game, rng).ok()? {
            Turn::Play(point) => Some(u32::from(point)),
            Turn::Resign => Some(u32::from(game.pass())),
        }
    }
}

/// The player behind the script of this index, if there is one.
pub(super) fn script(index: usize) -> Option<Arc<dyn Player>> {
    players::parse(SCRIPTS.get(index)?.1).ok()
}

/// Writes which actions are legal, `[N² + 1]`. One may pass even when all is over, so that a mask is never empty.
pub(super) fn legal(game: &Game, out: &mut [bool]) {
    game.legal_mask(out);
    if let Some(pass) = out.last_mut() {
        *pass = true;
    }
}

/// How far `color` is ahead, points.
pub(super) fn margin(game: &Game, color: Color) -> f32 {
    game.score() * color.sign() as f32
}

/// 1 a win, 0 a loss, 0.5 a draw.
pub(super) fn won(margin: f32) -> f64 {
    match margin {
        m if m > 0.0 => 1.0,
        m if m < 0.0 => 0.0,
        _ => 0.5,
    }
}

/// Writes measures.
pub(super) fn write(measures: [f64; 3], out: &mut [f64]) {
    for (out, measure) in out.iter_mut().zip(measures) {
        *out = measure;
    }
}

/// The action as a point; what is none is off every board.
pub(super) fn point(action: u32) -> Point {
    Point::try_from(action).unwrap_or(Point::MAX)
}
