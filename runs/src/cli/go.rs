//! Arguments of the commands for Go: `gtp` and `match`.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args};
use freewheel_envs::go::rules::{Ko, RuleSet};

use super::{ProgressOutput, Threads};

/// Rules of Go.
#[derive(Args, Debug, Clone, Copy)]
pub struct GoRules {
    /// Side of the board, 1 to 19; default: the size of a trained player's world, else 9.
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=19))]
    pub size: Option<u8>,
    /// Rule set: the rules for ko, suicide and handicap, and the usual komi. Suicide is legal with tromp-taylor and
    /// new-zealand only. Every rule set scores by area, all stones alive; japanese is no exception.
    #[arg(long, value_name = "NAME", default_value = "chinese",
        value_parser = PossibleValuesParser::new(RuleSet::NAMES).try_map(|name| name.parse::<RuleSet>()))]
    pub rules: RuleSet,
    /// Ko rule, the repetitions that are illegal: simple (recapturing a single stone at once), positional (any earlier
    /// board), situational (any earlier board with the same player to move); default: that of --rules.
    #[arg(long, value_name = "RULE",
        value_parser = PossibleValuesParser::new(Ko::NAMES).try_map(|name| name.parse::<Ko>()))]
    pub ko: Option<Ko>,
    /// Rule for suicide, a move that captures the mover's own stones: allow or forbid; default: that of --rules.
    #[arg(long, value_name = "RULE", action = ArgAction::Set,
        value_parser = PossibleValuesParser::new(["allow", "forbid"]).map(|rule| rule == "allow"))]
    pub suicide: Option<bool>,
    /// Komi, the points added to White's score, a multiple of 0.5; default: the komi of a trained player's world, else
    /// that of --rules.
    #[arg(long, allow_negative_numbers = true)]
    pub komi: Option<f32>,
}

/// Player that `freewheel gtp` serves by default.
pub(crate) const DEFAULT_PLAYER: &str = "uct:5000,strong";

/// `freewheel gtp`
#[derive(Args, Debug)]
pub struct Gtp {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub rules: GoRules,
    /// Player: uct:N,strong (tree search with N playouts and knowledge of the game), uct:N (plain tree search, much
    /// weaker), greedy, random, gtp:COMMAND for another program, the folder of a trained run, RUN+search:N for such a
    /// run with N simulations (agent alphazero), or uct:N,strong,prior=RUN, a tree search that starts with the
    /// probabilities of a trained run.
    #[arg(long, default_value = DEFAULT_PLAYER)]
    pub player: String,
    /// Seed of the player.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
}

/// `freewheel match`
#[derive(Args, Debug)]
pub struct Match {
    /// First player: uct:N,strong (tree search with N playouts and knowledge of the game), uct:N (plain tree search,
    /// much weaker), greedy, random, gtp:COMMAND for another program, the folder of a trained run, RUN+search:N for
    /// such a run with N simulations (agent alphazero), or uct:N,strong,prior=RUN, a tree search that starts with the
    /// probabilities of a trained run.
    pub a: String,
    /// Second player, in the same form.
    pub b: String,
    /// Number of games.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub games: u32,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub rules: GoRules,
    /// Number of random moves at the start of a game, the same for both games of a pair.
    #[arg(long, value_name = "MOVES", default_value_t = 2, value_parser = clap::value_parser!(u32).range(..=1000))]
    pub opening: u32,
    /// Maximum number of moves, passes included; the board is then scored as it stands. Default: three per point of the
    /// board.
    #[arg(long, value_name = "MOVES", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub move_limit: Option<u32>,
    /// Time limit for each response of another program, in seconds, above 0.
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0)]
    pub timeout: f64,
    /// Seed of the openings and of the built-in players.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Folder for the game records (SGF files).
    #[arg(long, value_name = "DIR")]
    pub sgf: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: ProgressOutput,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub threads: Threads,
}
