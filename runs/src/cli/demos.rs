//! Arguments of the commands for demonstrations: `demos`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use freewheel_core::demonstrations::Source;

use super::{Output, Overrides, ProgramsOption};

/// `freewheel demos`
#[derive(Args, Debug)]
pub struct Demos {
    /// Subcommand with its arguments.
    #[command(subcommand)]
    pub command: DemosCommand,
}

/// Subcommands of `freewheel demos`.
#[derive(Subcommand, Debug)]
pub enum DemosCommand {
    /// List the stores in and below a folder.
    #[command(after_help = "Examples:\n  freewheel demos ls\n  freewheel demos ls demos/grid --json")]
    Ls(DemosLs),
    /// Show scores, lengths, endings and actions of a store, by source.
    #[command(after_help = "Examples:\n  freewheel demos stats demos/grid/cliff/random-v0")]
    Stats(DemosStore),
    /// Show the episodes of a store, or the steps of one.
    #[command(after_help = "\
Examples:
  freewheel demos show demos/grid/cliff/random-v0
  freewheel demos show demos/grid/cliff/random-v0 --episode 3")]
    Show(DemosShow),
    /// Record episodes of the random player, a scripted policy, the reference or a trained run.
    #[command(after_help = "\
Examples:
  freewheel demos record grid/cliff --from reference --episodes 20
  freewheel demos record grid/cliff --from reference --noise 0.2 --blunders 0.1 --to demos/grid/cliff/mixed-v0
  freewheel demos record track/club --from reference --delay 2
  freewheel demos record grid/cliff --from results/default/grid-cliff-sarsa-1a2b3c4d/seed-0

Every episode is labelled with its player, delay, noise and blunders. A discrete action is replaced by a random legal
one with the probability of --noise; a blunder is the legal action of the lowest value, or a random one of a player
without values. A continuous action gets normal noise of --noise times half its range; a blunder is its mirror image.")]
    Record(DemosRecord),
    /// Import games of Go (SGF, also gzipped collections), or a log of any world (CSV).
    #[command(after_help = "\
Examples:
  freewheel demos import games/*.sgf --to demos/go/19x19/games-v0
  freewheel demos import log.csv --world grid/cliff --to demos/grid/cliff/log-v0

A log has the columns episode, step and action (or action_0, action_1 and so on, for continuous actions), and perhaps
reward. The actions are replayed in the world, from --seed and the number of the episode. A game or an episode that
the world cannot replay is skipped, and counted with its reason.")]
    Import(DemosImport),
    /// Copy the best share, the episodes with a least return, or those of one source to a new store.
    #[command(after_help = "\
Examples:
  freewheel demos filter demos/grid/cliff/mixed-v0 --top 20% --to demos/grid/cliff/best-v0
  freewheel demos filter demos/grid/cliff/mixed-v0 --min-return -20 --to demos/grid/cliff/good-v0
  freewheel demos filter demos/grid/cliff/mixed-v0 --source human --to demos/grid/cliff/people-v0")]
    Filter(DemosFilter),
    /// Join stores of one world in a new store.
    #[command(after_help = "Examples:\n  freewheel demos merge demos/a demos/b --to demos/both")]
    Merge(DemosMerge),
    /// Split a store by whole episodes into two new stores, for training and for tests.
    #[command(after_help = "\
Examples:
  freewheel demos split demos/grid/cliff/random-v0 --share 0.8 --to demos/train --rest demos/test")]
    Split(DemosSplit),
    /// Write the steps of a store as CSV.
    #[command(after_help = "Examples:\n  freewheel demos export demos/grid/cliff/random-v0 --out steps.csv")]
    Export(DemosExport),
    /// Replay all episodes from their seeds, and compare every observation, mask and reward.
    #[command(
        after_help = "Examples:\n  freewheel demos verify demos/grid/cliff/random-v0\n  freewheel demos verify demos"
    )]
    Verify(DemosVerify),
}

/// `freewheel demos ls`
#[derive(Args, Debug)]
pub struct DemosLs {
    /// Folder.
    #[arg(default_value = "demos")]
    pub folder: PathBuf,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: Output,
}

/// `freewheel demos stats`
#[derive(Args, Debug)]
pub struct DemosStore {
    /// Store: a folder with data/metadata.json, also a data set of Minari.
    pub store: PathBuf,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: Output,
}

/// `freewheel demos show`
#[derive(Args, Debug)]
pub struct DemosShow {
    /// Store: a folder with data/metadata.json, also a data set of Minari.
    pub store: PathBuf,
    /// Number of the episode whose steps are shown, from 0; default: all episodes, without their steps.
    #[arg(long, value_name = "N")]
    pub episode: Option<usize>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: Output,
}

/// `freewheel demos record`
#[derive(Args, Debug)]
pub struct DemosRecord {
    /// World, such as grid/cliff or grid:maps/mine.txt.
    pub world: String,
    /// Player: random, the name of a scripted policy of the world, reference, or the folder of a trained run.
    #[arg(long, value_name = "PLAYER", default_value = "reference")]
    pub from: String,
    /// Number of episodes.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub episodes: u64,
    /// Seed of the world and the player.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Reaction delay, steps: the player acts on what it saw this many steps ago.
    #[arg(long, value_name = "STEPS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=10_000))]
    pub delay: u32,
    /// Noise: probability of a random action, 0 to 1, or standard deviation of continuous actions as a share of half
    /// their range.
    #[arg(long, value_name = "P", default_value_t = 0.0)]
    pub noise: f64,
    /// Probability of a blunder, 0 to 1.
    #[arg(long, value_name = "P", default_value_t = 0.0)]
    pub blunders: f64,
    /// Steps after which an episode is truncated, in a world without a time limit.
    #[arg(long, value_name = "STEPS", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_steps: u32,
    /// Store; default: demos/WORLD/PLAYER-v0.
    #[arg(long, value_name = "STORE")]
    pub to: Option<PathBuf>,
    /// Append to the store if it exists. Use another seed then, or the episodes are there twice.
    #[arg(long)]
    pub append: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub overrides: Overrides,
}

/// `freewheel demos import`
#[derive(Args, Debug)]
pub struct DemosImport {
    /// Files: games of Go (.sgf, .sgf.gz), or logs (.csv, .csv.gz).
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// World of the log, or of the games; default for games: two-player Go on the board of the first game.
    #[arg(long)]
    pub world: Option<String>,
    /// Seed of the world for a log.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Store.
    #[arg(long, value_name = "STORE")]
    pub to: PathBuf,
    /// Store actions only, without observations and masks, which a replay gives: for many games on large boards. Minari
    /// cannot read such a store.
    #[arg(long)]
    pub actions_only: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub overrides: Overrides,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: Output,
}

/// `freewheel demos filter`
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("keep").required(true))]
pub struct DemosFilter {
    /// Store to copy from.
    pub store: PathBuf,
    /// Share of the episodes with the best scores, such as 20%.
    #[arg(long, value_name = "SHARE", group = "keep", value_parser = share)]
    pub top: Option<f64>,
    /// Least return.
    #[arg(long, value_name = "RETURN", group = "keep", allow_negative_numbers = true)]
    pub min_return: Option<f64>,
    /// Source: human, scripted, reference, agent or imported.
    #[arg(long, group = "keep", value_parser = |text: &str| text.parse::<Source>())]
    pub source: Option<Source>,
    /// New store.
    #[arg(long, value_name = "STORE")]
    pub to: PathBuf,
}

/// `freewheel demos merge`
#[derive(Args, Debug)]
pub struct DemosMerge {
    /// Stores of one world, in this order.
    #[arg(required = true, num_args = 2..)]
    pub stores: Vec<PathBuf>,
    /// New store.
    #[arg(long, value_name = "STORE")]
    pub to: PathBuf,
}

/// `freewheel demos split`
#[derive(Args, Debug)]
pub struct DemosSplit {
    /// Store to copy from.
    pub store: PathBuf,
    /// Share of the episodes of the first new store, such as 0.8 or 80%.
    #[arg(long, default_value = "0.8", value_parser = share)]
    pub share: f64,
    /// Seed of the draw.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// First new store.
    #[arg(long, value_name = "STORE")]
    pub to: PathBuf,
    /// Second new store, with the other episodes.
    #[arg(long, value_name = "STORE")]
    pub rest: PathBuf,
}

/// `freewheel demos export`
#[derive(Args, Debug)]
pub struct DemosExport {
    /// Store.
    pub store: PathBuf,
    /// File for the steps; default: standard output.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `freewheel demos verify`
#[derive(Args, Debug)]
pub struct DemosVerify {
    /// Store, or a folder with stores.
    #[arg(default_value = "demos")]
    pub folder: PathBuf,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub programs: ProgramsOption,
}

/// Share above 0 and at most 1: `0.2` or `20%`.
fn share(text: &str) -> Result<f64, String> {
    let share = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().map(|percent| percent / 100.0),
        None => text.parse(),
    };
    share
        .ok()
        .filter(|share| *share > 0.0 && *share <= 1.0)
        .ok_or_else(|| "must be a share above 0 and at most 1, such as 0.2 or 20%".to_owned())
}
