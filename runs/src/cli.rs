//! Command line: subcommands, options that several subcommands share, and help texts.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::messages::Language;
use crate::seeds::Seeds;
use crate::table::Layout;

mod comparison;
mod demos;
mod estimators;
mod go;
mod learning;
mod runs;
mod sgf;
mod sharing;
mod tour;

pub use comparison::{Compare, ReportArgs};
pub use demos::{
    Demos, DemosCommand, DemosExport, DemosFilter, DemosImport, DemosLs, DemosMerge, DemosRecord, DemosShow,
    DemosSplit, DemosStore, DemosVerify,
};
pub use estimators::{Concept, Fit, Interpolate, Predict};
pub use go::{GoRules, Gtp, Match};
pub use learning::{
    Bench, Eval, Init, List, Map, Play, Replay, Resume, Run, Solve, SolvePolicy, Train, Watch,
};
pub use runs::{GarbageKind, Runs, RunsCommand, RunsFolder, RunsGc, RunsLs, RunsShow, Sweep};
pub use sgf::{Sgf, SgfCheck, SgfCommand, SgfConvert, SgfExtract, SgfShow};
pub use sharing::{Export, Plot, PlotX, Render, ScreenSize};
pub use tour::{Check, Tour};

/// Version of the program, with the git commit of the build if known.
pub(crate) const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), env!("FREEWHEEL_COMMIT"));

/// Reinforcement learning: worlds, agents, evaluation against exact references, and a viewer in the terminal.
#[derive(Parser, Debug)]
#[command(name = "freewheel", version = VERSION, about, long_about = None)]
#[command(propagate_version = true, max_term_width = 100, args_conflicts_with_subcommands = true)]
#[command(after_help = "\
Start with `freewheel` alone: in a terminal it opens the home screen. `freewheel run` needs no file. `freewheel init` writes a commented experiment file.

Exit codes: 0 success; 2 wrong command line; 3 wrong configuration or input file; 4 a run diverged;
5 damaged file of a run, or an episode that replays otherwise; 130 interrupted, everything saved; 131 ended at once by
a second signal, not everything saved.")]
pub struct Cli {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub record: RecordOption,
    /// Language of the screens and of the help; default: that of the locale (LC_ALL, LC_MESSAGES or LANG), or English.
    #[arg(long, value_enum, global = true)]
    pub lang: Option<Language>,
    /// Subcommand with its arguments; without one, a terminal shows the home screen.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Subcommands of the program.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run an experiment: worlds x agents x seeds, trained in parallel, compared in one table.
    #[command(after_help = "\
Examples:
  freewheel run                               the default experiment
  freewheel run mine.toml --seeds 0..20       an experiment file, with 20 seeds
  freewheel run --set agent.learning_rate=0.1 --set evaluation.episodes=500

Repeating the command skips finished runs and continues interrupted ones.")]
    Run(Run),
    /// Train one agent in one world.
    #[command(after_help = "\
Examples:
  freewheel train grid/cliff sarsa --steps 50000 --seeds 0..20
  freewheel train grid:maps/mine.txt q-learning --steps 100000 --set agent.epsilon=0.05
  freewheel train grid/taxi dyna-q --steps 200000 --out results/taxi --set world.time_limit=100")]
    Train(Train),
    /// Evaluate trained runs on new episodes.
    #[command(after_help = "\
Examples:
  freewheel eval results/default --episodes 1000
  freewheel eval results/default --json")]
    Eval(Eval),
    /// Continue interrupted runs.
    #[command(after_help = "\
Examples:
  freewheel resume results/default
  freewheel resume results/default --threads 4 --quiet")]
    Resume(Resume),
    /// List, show and verify runs on disk, and remove files that are no longer needed.
    #[command(after_help = "\
Examples:
  freewheel runs ls
  freewheel runs verify results
  freewheel runs gc results

`freewheel runs SUBCOMMAND --help` has examples of each subcommand.")]
    Runs(Runs),
    /// Search the settings of an agent: random, Sobol or TPE, with successive halving; resumable, on many processes.
    #[command(after_help = "\
Examples:
  freewheel sweep sweep.toml
  freewheel sweep sweep.toml --set sweep.trials=100 --threads 4
  seq 4 | xargs -P 4 -I{} freewheel sweep sweep.toml --task-id {}/4

Repeating the command continues an interrupted sweep. The table is the same for any number of threads and processes.")]
    Sweep(Sweep),
    /// Show a policy acting in the terminal, or play yourself.
    #[command(after_help = "\
Examples:
  freewheel watch grid/cliff                            the optimal policy
  freewheel watch grid/taxi --agent q-learning --train 100000
  freewheel watch results/default/grid-cliff-sarsa-*/seed-0
  freewheel play grid/four-rooms")]
    Watch(Watch),
    /// Eight scenes about the three kinds of learning, live, with something to do in each; in English or Korean.
    #[command(after_help = "\
Examples:
  freewheel tour
  freewheel tour --scene 4 --lang ko
  freewheel tour --record tour.cast

Without a terminal it prints the scenes and the commands that show each in earnest.")]
    Tour(Tour),
    /// Check the answer to an exercise of the lesson plan, docs/teaching.md.
    #[command(after_help = "\
Examples:
  freewheel check                                       the exercises
  freewheel check exercise-3
  freewheel check exercise-3 0.25")]
    Check(Check),
    /// Write an episode to a file: an animation (.gif), a terminal recording (.cast) or one screen (.png, .svg, .txt).
    #[command(after_help = "\
Examples:
  freewheel render grid/cliff --to cliff.gif
  freewheel render track/club --to lap.cast --size 120x40 --speed 2x
  freewheel render results/default/grid-cliff-sarsa-1a2b3c4d/seed-0 --to cliff.png --step 5
  freewheel render game.sgf --to game.svg --picture
  freewheel render session.cast --to session.gif        a recording of --record, or of asciinema

The screens are those of `freewheel watch`; no terminal is needed. The same command gives the same bytes.")]
    Render(Render),
    /// Draw the learning curves of runs in the terminal or into a file (.svg, .png, .csv).
    #[command(after_help = "\
Examples:
  freewheel plot results/default
  freewheel plot results/default --metric evaluation --to curves.svg
  freewheel plot results/default --x episodes --to curves.csv

The runs of one configuration are a curve: the mean over the seeds and its 95 % interval.")]
    Plot(Plot),
    /// Export runs to other programs: policies (ONNX, safetensors), TensorBoard, metrics (CSV, Parquet).
    #[command(after_help = "\
Examples:
  freewheel export results/default/grid-cliff-sarsa-1a2b3c4d/seed-0 --to cliff.onnx
  freewheel export results/default --to onnx            policy.onnx in the folder of each run
  freewheel export results/default --to tensorboard     then: tensorboard --logdir results
  freewheel export results/default --to metrics.csv     or metrics.parquet

The policy is the greedy one of the newest checkpoint. The time of an action is that of Freewheel on this machine.")]
    Export(Export),
    /// Compare finished runs: scores with intervals, differences, and what they show.
    #[command(after_help = "\
Examples:
  freewheel compare results/default
  freewheel compare results/one results/other --json

The last lines say what may be said, and where more seeds are needed.")]
    Compare(Compare),
    /// Write a report about finished runs: one HTML file that needs no network, or Markdown.
    #[command(after_help = "\
Examples:
  freewheel report results/default --to report.html
  freewheel report results/default --to report.md --question 'Does double DQN help?'

The HTML file holds tables, learning curves, performance profiles, costs and an episode of each world to play.")]
    Report(ReportArgs),
    /// Play a world yourself; finished episodes are kept as demonstrations.
    #[command(after_help = "\
Examples:
  freewheel play grid/four-rooms
  freewheel play track/club                             held arrow keys, in real time
  freewheel play go/9x9 --against uct:1000              cursor, mouse or coordinates
  freewheel play market/ar1 --to demos/mine")]
    Play(Play),
    /// Draw the states that a run's policy visits as a map, colored by value or by cluster.
    #[command(after_help = "\
Examples:
  freewheel map results/train/track-club-ppo-1a2b3c4d/seed-0
  freewheel map results/encoders --projection vae --color cluster

PCA or a VAE finds the plane, without labels. The map is saved in the run's folder as SVG and PNG; the map of a
single run is printed, too. An experiment file with a table [map] draws one for each of its runs.")]
    Map(Map),
    /// Print the optimal value of a world, or the value of another policy: exact, or as bounds.
    #[command(after_help = "\
Examples:
  freewheel solve grid/frozenlake-4x4 --gamma 0.99
  freewheel solve grid/frozenlake-4x4 --horizon 100 --time-observed
  freewheel solve grid/cliff --policy epsilon-soft --epsilon 0.1 --json

In JSON, null stands for an infinite value: that of a state from which the episode never ends.")]
    Solve(Solve),
    /// List the worlds, or show one with its settings.
    #[command(after_help = "Examples:\n  freewheel envs\n  freewheel envs grid/cliff")]
    Envs(List),
    /// List the agents, or show one with its settings.
    #[command(after_help = "Examples:\n  freewheel agents\n  freewheel agents q-learning")]
    Agents(List),
    /// List the presets: settings with which an agent learns a world, used where nothing else is set.
    #[command(after_help = "\
Examples:
  freewheel presets
  freewheel presets grid/taxi
  freewheel run --presets grid/taxi --seeds 10..20")]
    Presets(List),
    /// Fit an estimator to a data set: classification, regression, clustering or dimension reduction.
    #[command(after_help = "\
Examples:
  freewheel fit softmax                                the built-in digits
  freewheel fit linear --data women
  freewheel fit forest --data fashion-mnist --set estimator.n_estimators=200
  freewheel fit vae --data faces --set estimator.latent_dim=16 --set data.faces=20000
  freewheel fit kmeans --data mine.csv --set data.target=none --set estimator.n_clusters=5

The fitted estimator, a report, times and pictures are saved in a folder. Ctrl-C stops the fit and saves the estimator
as it is.")]
    Fit(Fit),
    /// Apply a fitted estimator to rows of the test set or to a file.
    #[command(after_help = "\
Examples:
  freewheel predict results/fit/digits-softmax-1a2b3c4d
  freewheel predict results/fit/digits-softmax-1a2b3c4d --rows 0..5 --json
  freewheel predict results/fit/women-linear-1a2b3c4d --data mine.csv --set data.target=none")]
    Predict(Predict),
    /// Add a concept to samples in latent space, in steps, and measure its effect.
    #[command(after_help = "\
A concept is a direction of latent space: from one group of samples to another, or along a known factor.

Examples:
  freewheel concept results/fit/faces-vae-1a2b3c4d --factor smile
  freewheel concept results/fit/faces-vae-1a2b3c4d --with 'smile>0.5' --without 'smile<-0.5' --rows 10..16
  freewheel concept results/fit/fashion-mnist-vae-1a2b3c4d --with 'class=Ankle boot' --without class=Sandal

Groups are made of training rows; pictures and measurements use held-out rows. Pictures are saved in the estimator's
folder.")]
    Concept(Concept),
    /// Interpolate between two samples in the latent space of a fitted estimator.
    #[command(after_help = "\
Examples:
  freewheel interpolate results/fit/digits-vae-1a2b3c4d 3-17
  freewheel interpolate results/fit/digits-vae-1a2b3c4d 3-17 5-9 --steps 11")]
    Interpolate(Interpolate),
    /// List the estimators, or show one with its settings.
    #[command(after_help = "Examples:\n  freewheel estimators\n  freewheel estimators vae")]
    Estimators(List),
    /// List the data sets, or show one with the settings that open it.
    #[command(after_help = "Examples:\n  freewheel data\n  freewheel data faces")]
    Data(List),
    /// Write a commented experiment file.
    #[command(after_help = "\
Examples:
  freewheel init mine.toml && freewheel run mine.toml
  freewheel init mine.toml --force")]
    Init(Init),
    /// List recorded episodes, or verify that they replay exactly.
    #[command(after_help = "\
Examples:
  freewheel replay results/default
  freewheel replay --verify results/default")]
    Replay(Replay),
    /// Record, import, list, filter and verify demonstrations: episodes to learn from, in the layout of Minari.
    #[command(after_help = "\
Examples:
  freewheel demos record grid/cliff --from reference --noise 0.2 --episodes 20
  freewheel demos ls
  freewheel demos stats demos/grid/cliff/reference-v0
  freewheel demos verify demos

A store is a folder; `freewheel demos SUBCOMMAND --help` has examples of each subcommand.")]
    Demos(Demos),
    /// Measure the time of environment steps, learning steps and solvers.
    #[command(after_help = "Examples:\n  freewheel bench --json\n  freewheel bench grid/cliff")]
    Bench(Bench),
    /// Serve a Go player over the Go Text Protocol, for graphical boards and servers.
    #[command(after_help = "\
Examples:
  freewheel gtp                          uct:5000,strong; `boardsize 19` sets the size
  freewheel gtp --player uct:20000,strong --rules japanese
  echo genmove black | freewheel gtp --player greedy --seed 3

Rules: Chinese by default, without suicide. A program that --player starts is killed with all its children at the end.")]
    Gtp(Gtp),
    /// Play a match of many games between two Go players, built-in or other programs.
    #[command(
        name = "match",
        after_help = "\
Examples:
  freewheel match uct:1000,strong greedy --size 9 --games 100
  freewheel match uct:3000,strong 'gtp:gnugo --mode gtp --level 1' --sgf games

Each opening is played twice, with colors swapped. Intervals are 95 % Wilson intervals. A game has no result if a
program exits, plays an illegal move, refuses a legal one, or exceeds the time limit or the size limit of a response.
The error is told and the program is restarted. After 3 such games in a row, or more than 5 % of the games and at
least 4, the match ends with exit code 3."
    )]
    Match(Match),
    /// Show, check, convert and extract game records of Go (SGF files).
    #[command(after_help = "\
Examples:
  freewheel sgf show game.sgf
  freewheel sgf check games/*.sgf
  freewheel sgf convert old.sgf --out new.sgf
  freewheel sgf extract collection.sgf --game 12 --move 50")]
    Sgf(Sgf),
    /// Write a completion script for a shell.
    #[command(after_help = "\
Examples:
  freewheel completions bash > ~/.local/share/bash-completion/completions/freewheel
  freewheel completions fish > ~/.config/fish/completions/freewheel.fish")]
    Completions {
        /// Shell that the script is for.
        shell: clap_complete::Shell,
    },
    /// Write man pages, one for the program and one for each subcommand.
    #[command(after_help = "\
Examples:
  freewheel man ~/.local/share/man/man1
  man freewheel-train")]
    Man {
        /// Folder for the man pages.
        dir: PathBuf,
    },
}

/// Options of the commands that train.
#[derive(Args, Debug, Clone)]
pub struct Training {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub overrides: Overrides,
    /// Leave out the presets: start from the defaults of the agents.
    #[arg(long)]
    pub no_preset: bool,
    /// Write an event file for TensorBoard into the folder of each run, while it is trained.
    #[arg(long)]
    pub tensorboard: bool,
    /// Write a report, report.html, into the folder of the results when all runs have finished.
    #[arg(long)]
    pub report: bool,
    /// Seeds: 0..9 (9 not included), 0..=9, 7, or 1,5,9.
    #[arg(long, value_name = "A..B")]
    pub seeds: Option<Seeds>,
    /// Folder for the results.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
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

/// Settings given on the command line.
#[derive(Args, Debug, Clone)]
pub struct Overrides {
    /// Setting that overrides a default or a value of the file: a dotted key and a TOML value, such as
    /// world.time_limit=50. Repeatable.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

/// Permission to start programs that files name.
#[derive(Args, Debug, Clone, Copy)]
pub struct ProgramsOption {
    /// Start the programs that files name as opponents (gtp:COMMAND). By default only a program that --set names is
    /// started: files may come from other people.
    #[arg(long)]
    pub allow_programs: bool,
}

/// Recording of the screens of the program.
#[derive(Args, Debug, Clone, Default)]
pub struct RecordOption {
    /// Record all screens that the program shows, with their times, and write them at its end: a terminal recording
    /// (.cast), an animation (.gif), or the last screen (.png, .svg, .txt).
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
}

/// Output format.
#[derive(Args, Debug, Clone, Copy)]
pub struct Output {
    /// Print one JSON document on standard output, and nothing else.
    #[arg(long)]
    pub json: bool,
}

/// Width of tables.
#[derive(Args, Debug, Clone, Copy)]
pub struct WideOption {
    /// Print tables with all columns, also where they are wider than the terminal. Default: as wide as the terminal or
    /// the environment variable COLUMNS; a last line names the hidden columns.
    #[arg(long)]
    pub wide: bool,
}

impl WideOption {
    /// Layout of the tables on standard output.
    pub(crate) fn layout(self) -> Layout {
        Layout::of_stdout(self.wide)
    }
}

/// Output format and progress display.
#[derive(Args, Debug, Clone)]
pub struct ProgressOutput {
    /// Print one JSON document on standard output, and nothing else.
    #[arg(long)]
    pub json: bool,
    /// Hide the progress display. Warnings still go to standard error.
    #[arg(long, short)]
    pub quiet: bool,
    /// Print plain progress instead of the dashboard, which a terminal shows.
    #[arg(long)]
    pub plain: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub record: RecordOption,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub wide: WideOption,
}

/// Number of threads.
#[derive(Args, Debug, Clone, Copy)]
pub struct Threads {
    /// Number of threads; default: one per CPU core. Results do not depend on the number.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

impl Threads {
    /// Number of threads to use: `--threads`, or one per CPU core.
    pub fn count(self) -> usize {
        self.threads.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from)
    }
}
