//! The settings of the family `go`.

use std::path::PathBuf;

use freewheel_core::{Error, Result, settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::go::rules::{Game, Ko, Rules, Setup};

/// The opponent that is a trained run.
pub(super) const CHECKPOINT: &str = "checkpoint";
/// The opponent that is the learner itself.
pub(super) const SELF: &str = "self";
/// The most positions that an observation shows.
const MOST_HISTORY: usize = 8;

/// What an experiment may change about a game of Go. The size of the board is in the world's name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Points that White gets for moving second, -1000..=1000 in halves; by default 7.5 from 7x7 on and 0.5 below.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub komi: Option<f64>,
    /// The rule book: "tromp-taylor" (positional superko, suicide allowed) or "chinese" (positional superko, no
    /// suicide, White gets a point for each handicap stone). Both count area.
    pub ruleset: Ruleset,
    /// Which repetitions are forbidden: "simple", "positional" or "situational"; by default as the rule book has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ko: Option<Ko>,
    /// Whether a chain may take its own last liberty; by default as the rule book has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suicide: Option<bool>,
    /// Handicap stones on their usual points, 0 or 2..=9; even sizes from 8 on and 7x7 have points for 4. White then
    /// moves first.
    pub handicap: u8,
    /// How many positions the observation shows, the present one and those before it, 1..=8.
    pub history: usize,
    /// What is paid at the end: "win" (1 a win, -1 a loss, 0 a draw) or "score" (the margin divided by the number of
    /// points).
    pub reward: Reward,
    /// Who plays the other side: "self" (the world is for two), or a player such as "random", "greedy", "uct:100",
    /// "uct:1000,rave", "gtp:gnugo --mode gtp --level 1", or "checkpoint".
    pub opponent: String,
    /// The folder of the trained run that plays the other side, with the opponent "checkpoint".
    #[schemars(extend("format" = "path"))]
    pub checkpoint: PathBuf,
    /// Against whom is judged what was learned with the opponent "self": a player, or "checkpoint", as above.
    pub judge: String,
    /// The learner's color where there is an opponent: "black", "white" or "alternate" (random in each episode).
    pub color: Seat,
    /// Moves of both sides after which a game is truncated, from 1 on; by default 2 N², but at least 50.
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
            reward: Reward::Win,
            opponent: "random".into(),
            checkpoint: PathBuf::new(),
            judge: "random".into(),
            color: Seat::Alternate,
            move_limit: None,
        }
    }
}

/// A rule book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ruleset {
    /// Those of John Tromp and Bill Taylor.
    TrompTaylor,
    /// Those of the Chinese Weiqi Association, with dead stones played out.
    Chinese,
}

/// What is paid at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reward {
    /// 1 a win, -1 a loss, 0 a draw.
    Win,
    /// The margin divided by the number of points.
    Score,
}

/// Which color the learner has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Seat {
    /// Black, who moves first unless there is a handicap.
    Black,
    /// White.
    White,
    /// Either, with one half each, drawn at the start of each episode.
    Alternate,
}

impl Settings {
    /// Reads `table` for the world `of`.
    ///
    /// # Errors
    /// [`Error::Config`] naming the setting, what is wrong and the mend.
    pub fn read(table: &toml::Table, of: &str) -> Result<Self> {
        let settings: Settings = settings::read(table, of)?;
        let wrong = if !(1..=MOST_HISTORY).contains(&settings.history) {
            format!("history = {}: must be 1 to {MOST_HISTORY} positions", settings.history)
        } else if settings.move_limit == Some(0) {
            "move_limit = 0: must be at least 1 move; leave it out for 2 N²".into()
        } else if settings.checkpoint.as_os_str().is_empty() == settings.seats_a_run() {
            match settings.seats_a_run() {
                true => "`checkpoint` is missing: name the folder of a trained run (`seed-<n>`)".into(),
                false => format!(
                    "checkpoint = {:?} plays nowhere; set opponent = \"{CHECKPOINT}\", or leave it out",
                    settings.checkpoint
                ),
            }
        } else {
            return Ok(settings);
        };
        Err(Error::Config(format!("{of}: {wrong}")))
    }

    /// Whether the player in `checkpoint` is asked for.
    fn seats_a_run(&self) -> bool {
        self.opponent == CHECKPOINT || (self.opponent == SELF && self.judge == CHECKPOINT)
    }

    /// The rules that these settings mean on a board of this size. They know no move limit: that is the world's.
    pub fn rules(&self, size: u8) -> Rules {
        let book = match self.ruleset {
            Ruleset::TrompTaylor => Rules::tromp_taylor(size),
            Ruleset::Chinese => Rules::chinese(size),
        };
        Rules {
            komi: self.komi.unwrap_or(if size >= 7 { 7.5 } else { 0.5 }) as f32,
            ko: self.ko.unwrap_or(book.ko),
            suicide: self.suicide.unwrap_or(book.suicide),
            move_limit: None,
            ..book
        }
    }

    /// The game that every episode begins with.
    ///
    /// # Errors
    /// [`Error::Config`] for a komi or a handicap that the board does not allow.
    pub(super) fn start(&self, size: u8, of: &str) -> Result<Game> {
        let rules = self.rules(size);
        let setup = match self.handicap {
            0 => Ok(Setup::default()),
            stones => Setup::fixed_handicap(&rules, u16::from(stones)),
        };
        setup
            .and_then(|setup| Game::with_setup(rules, setup))
            .map_err(|e| Error::Config(format!("{of}: {e}")))
    }

    /// Moves of both sides after which a game on this board is truncated.
    pub(super) fn moves(&self, size: u8) -> u32 {
        self.move_limit.unwrap_or((2 * u32::from(size) * u32::from(size)).max(50))
    }
}
