//! Arguments of the commands for folders of runs: `runs` and `sweep`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{Output, Overrides, ProgramsOption, ProgressOutput, Threads, WideOption};
use crate::sweep::TaskId;

/// `freewheel runs`
#[derive(Args, Debug)]
pub struct Runs {
    /// Subcommand with its arguments.
    #[command(subcommand)]
    pub command: RunsCommand,
}

/// Subcommands of `freewheel runs`.
#[derive(Subcommand, Debug)]
pub enum RunsCommand {
    /// List the runs in and below a folder, with their states and sizes.
    #[command(after_help = "Examples:\n  freewheel runs ls\n  freewheel runs ls results/default --json")]
    Ls(RunsLs),
    /// Show one run: state, scores, settings and files.
    #[command(
        after_help = "Examples:\n  freewheel runs show results/default/grid-cliff-sarsa-1a2b3c4d/seed-0"
    )]
    Show(RunsShow),
    /// Compare all files of the runs in and below a folder with their checksums.
    #[command(after_help = "\
Examples:
  freewheel runs verify results
  freewheel runs verify results/default --json

Every damaged file is named. The exit code is 5 if there is one.")]
    Verify(RunsFolder),
    /// List the files that can be removed, and remove those of the kinds that --delete names.
    #[command(after_help = "\
Examples:
  freewheel runs gc                                            nothing is removed
  freewheel runs gc results/default --delete leftovers
  freewheel runs gc results --delete leftovers,checkpoints,unnamed

Kinds:
  leftovers     temporary files of a killed process, and checkpoints that later ones replace
  checkpoints   all checkpoints of finished runs but the newest, which eval, watch and longer runs need
  unnamed       runs that no plan in the folder of their experiment names

A folder in which another process trains is left alone.")]
    Gc(RunsGc),
}

/// `freewheel runs ls`
#[derive(Args, Debug)]
pub struct RunsLs {
    /// Folder.
    #[arg(default_value = "results")]
    pub folder: PathBuf,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: Output,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub wide: WideOption,
}

/// `freewheel runs show`
#[derive(Args, Debug)]
pub struct RunsShow {
    /// Folder of the run (`seed-<n>`).
    pub run: PathBuf,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: Output,
}

/// `freewheel runs verify`
#[derive(Args, Debug)]
pub struct RunsFolder {
    /// Folder of a run, or a folder that contains runs.
    #[arg(default_value = "results")]
    pub folder: PathBuf,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: Output,
}

/// `freewheel runs gc`
#[derive(Args, Debug)]
pub struct RunsGc {
    /// Folder that contains runs.
    #[arg(default_value = "results")]
    pub folder: PathBuf,
    /// Kinds of files to remove, separated by commas; without it, nothing is removed.
    #[arg(long, value_name = "KINDS", value_enum, value_delimiter = ',')]
    pub delete: Vec<GarbageKind>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: Output,
}

/// Kinds of files that `freewheel runs gc` removes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GarbageKind {
    /// Temporary files, and checkpoints that later ones replace.
    Leftovers,
    /// Checkpoints of finished runs but the newest.
    Checkpoints,
    /// Runs that no plan names.
    Unnamed,
}

/// `freewheel sweep`
#[derive(Args, Debug)]
pub struct Sweep {
    /// Sweep file, TOML: an experiment of one agent in one world with the tables `sweep` and `space`.
    pub file: PathBuf,
    /// Number of this process and of all processes of the sweep, such as 2/8, from 1/8 to 8/8. All use the same folder.
    #[arg(long, value_name = "I/N", default_value = "1/1")]
    pub task_id: TaskId,
    /// Folder for the results; default: `results/<name>`.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub overrides: Overrides,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: ProgressOutput,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub threads: Threads,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub programs: ProgramsOption,
}
