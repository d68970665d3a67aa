//! The settings of the family `go`.

use freewheel_core::{Error, Result, settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::go::rules::{Ko, Rules};

/// What an experiment may change about a game of Go. The size of the board is in the world's name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Points that White gets for moving second, -400..=400 in halves; by default 7.5 from 7x7 on and 0.5 below.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub komi: Option<f64>,
    /// The rule book: "tromp-taylor" (positional superko, suicide allowed) or "chinese" (positional superko, no suicide, White
    /// gets a point for each handicap stone). Both count area.
    pub ruleset: Ruleset,
    /// Which repetitions are forbidden: "simple", "positional" or "situational"; by default as the rule book has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ko: Option<KoRule>,
    /// Whether a chain may take its own last liberty; by default as the rule book has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suicide: Option<bool>,
    /// Handicap stones on their usual points, 0 or 2..=9; needs an odd size from 7 on (7x7: up to 4). White then moves first.
    pub handicap: u8,
    /// How many positions the observation shows, the present one and those before it, 1..=8.
    pub history: usize,
    /// What is paid at the end: "win" (1 a win, -1 a loss, 0 a draw) or "score" (the margin divided by the number of points).
    pub reward: Reward,
    /// Who plays the other side: "self" (the world is for two), or a player such as "random", "greedy", "uct:100", "uct:1000,rave",
    /// "gtp:gnugo --mode gtp --level 1".
    pub opponent: String,
    /// The learner's colour where there is an opponent: "black", "white" or "alternate" (random in each episode).
    pub colour: Colour,
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
            colour: Colour::Alternate,
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

/// Which repetitions are forbidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KoRule {
    /// Taking back a single stone at once.
    Simple,
    /// Any earlier position of the board.
    Positional,
    /// Any earlier position with the same player to move.
    Situational,
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

/// Which colour the learner has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Colour {
    /// Black, who moves first unless there is a handicap.
    Black,
    /// White.
    White,
    /// Either, with one half each, drawn at the start of each episode.
    Alternate,
}
