//! Settings of the family `go`.

use std::path::PathBuf;

use freewheel_core::{Error, Result, settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::go::players::program;
use crate::go::rules::{Game, Ko, Rules, Setup};

/// Value of the setting `opponent` for a trained run.
pub(super) const CHECKPOINT: &str = "checkpoint";
/// Value of the setting `opponent` for the two-player game.
pub(super) const SELF: &str = "self";
/// Largest number of positions that an observation may show.
const MAX_HISTORY: usize = 8;

/// Settings of a game of Go. The board size is in the name of the world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Komi: points added to White's score, -1000..=1000 in steps of 0.5; default 7.5 from 7x7 on and 0.5 below.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub komi: Option<f64>,
    /// Rules: "tromp-taylor" (positional superko, suicide legal) or "chinese" (positional superko, no suicide, one
    /// point for White for each handicap stone). Both use area scoring.
    pub ruleset: Ruleset,
    /// Ko rule: "simple", "positional" or "situational" superko; default: that of `ruleset`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ko: Option<Ko>,
    /// Whether suicide, taking one's own last liberty, is legal; default: that of `ruleset`, but false against another
    /// program, which forbids it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suicide: Option<bool>,
    /// Number of handicap stones on fixed points, 0 or 2..=9; at most 4 on even sizes from 8 on and on 7x7. White
    /// then moves first.
    pub handicap: u8,
    /// Number of positions in the observation, the present one and those before it, 1..=8.
    pub history: usize,
    /// Whether the observation has 15 more planes: liberties, last moves, captures, escapes, self-atari, sensible
    /// moves.
    #[serde(skip_serializing_if = "is_false")]
    pub tactics: bool,
    /// Whether moves into own eyes are legal. Without them a policy also answers a pass by a pass in matches, if it
    /// wins.
    #[serde(skip_serializing_if = "is_true")]
    pub eyes: bool,
    /// Reward at the end: "win" (1 a win, -1 a loss, 0 a draw) or "score" (the margin divided by the number of
    /// points).
    pub reward: Reward,
    /// Opponent: "self" (the world has two players), a player such as "random", "greedy", "uct:100", "uct:1000,rave",
    /// "gtp:gnugo --mode gtp --level 1", or "checkpoint".
    pub opponent: String,
    /// Folder of the trained run that plays as opponent "checkpoint".
    #[schemars(extend("format" = "path"))]
    pub checkpoint: PathBuf,
    /// Opponent in evaluations of an agent trained with opponent "self": a player, or "checkpoint".
    pub evaluation_opponent: String,
    /// Color of the agent against an opponent: "black", "white" or "alternate" (random in each episode).
    pub color: AgentColor,
    /// Number of moves of both sides after which a game is truncated, at least 1; default twice the number of points,
    /// but at least 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub move_limit: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            komi: None,
            ruleset: Ruleset::TrompTaylor,
            ko: None,
            suicide: None,
            handicap: 0,
            history: 1,
            tactics: false,
            eyes: true,
            reward: Reward::Win,
            opponent: "random".into(),
            checkpoint: PathBuf::new(),
            evaluation_opponent: "random".into(),
            color: AgentColor::Alternate,
            move_limit: None,
        }
    }
}

fn is_false(on: &bool) -> bool {
    !on
}

fn is_true(on: &bool) -> bool {
    *on
}

/// Choice of the rules of Go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ruleset {
    /// Rules of John Tromp and Bill Taylor.
    TrompTaylor,
    /// Rules of the Chinese Weiqi Association, with dead stones played out.
    Chinese,
}

/// Choice of the reward at the end of a game.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reward {
    /// Win or loss: 1 for a win, -1 for a loss, 0 for a draw.
    Win,
    /// Score: the margin divided by the number of points.
    Score,
}

/// Choice of the color of the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AgentColor {
    /// Black, who moves first unless there is a handicap.
    Black,
    /// White, who moves second unless there is a handicap.
    White,
    /// Black or White, each with probability 1/2, drawn at the start of each episode.
    Alternate,
}

impl Settings {
    /// Reads the settings in `table`. `of` is the id of the world, for error messages.
    ///
    /// # Errors
    /// [`Error::Setting`] for an unknown or invalid setting.
    pub fn read(table: &toml::Table, of: &str) -> Result<Self> {
        let settings: Settings = settings::read(table, of)?;
        let unset = settings.checkpoint.as_os_str().is_empty();
        let (key, message) = if !(1..=MAX_HISTORY).contains(&settings.history) {
            ("history", format!("history = {}: must be 1 to {MAX_HISTORY}", settings.history))
        } else if settings.move_limit == Some(0) {
            ("move_limit", "move_limit = 0: must be at least 1; leave it out for the default".into())
        } else if unset && settings.needs_checkpoint() {
            let key = if settings.opponent == CHECKPOINT { "opponent" } else { "evaluation_opponent" };
            (key, "`checkpoint` is missing: name the folder of a trained run (`seed-<n>`)".into())
        } else if !unset && !settings.needs_checkpoint() {
            let path = &settings.checkpoint;
            let fix = format!("set opponent = \"{CHECKPOINT}\", or leave it out");
            ("checkpoint", format!("checkpoint = {path:?} is not used; {fix}"))
        } else {
            return Ok(settings);
        };
        Err(Error::setting(key, format!("{of}: {message}")))
    }

    /// Whether the settings use the trained run in `checkpoint`.
    fn needs_checkpoint(&self) -> bool {
        self.opponent == CHECKPOINT || (self.opponent == SELF && self.evaluation_opponent == CHECKPOINT)
    }

    /// Whether another program plays, in training or in evaluations.
    fn meets_a_program(&self) -> bool {
        [&self.opponent, &self.evaluation_opponent].into_iter().any(|name| program(name).is_some())
    }

    /// Rules on a board of `size` x `size`. The move limit is not set, because the world applies it.
    pub fn rules(&self, size: u8) -> Rules {
        let book = match self.ruleset {
            Ruleset::TrompTaylor => Rules::tromp_taylor(size),
            Ruleset::Chinese => Rules::chinese(size),
        };
        Rules {
            komi: self.komi.unwrap_or(if size >= 7 { 7.5 } else { 0.5 }) as f32,
            ko: self.ko.unwrap_or(book.ko),
            suicide: self.suicide.unwrap_or(book.suicide && !self.meets_a_program()),
            move_limit: None,
            ..book
        }
    }

    /// Start position of every episode.
    ///
    /// # Errors
    /// [`Error::Setting`] for an invalid komi or handicap.
    pub(super) fn start(&self, size: u8, of: &str) -> Result<Game> {
        let rules = self.rules(size);
        let error = |key| move |e: Error| Error::setting(key, format!("{of}: {e}"));
        let setup = match self.handicap {
            0 => Setup::default(),
            stones => Setup::fixed_handicap(&rules, u16::from(stones)).map_err(error("handicap"))?,
        };
        Game::with_setup(rules, setup).map_err(error("komi"))
    }

    /// Number of moves of both sides after which a game on a board of `size` x `size` is truncated.
    pub(super) fn moves(&self, size: u8) -> u32 {
        self.move_limit.unwrap_or((2 * u32::from(size) * u32::from(size)).max(50))
    }
}
