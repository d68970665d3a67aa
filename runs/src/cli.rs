//! The command line: what can be said, and the help that teaches it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::fit::group::{Group, Pair};
use crate::map::MapPlan;
use crate::seeds::Seeds;

/// Learning by reward, watched and measured against the best that is possible.
#[derive(Parser, Debug)]
#[command(name = "freewheel", version, about, long_about = None, propagate_version = true, max_term_width = 100)]
#[command(after_help = "\
Begin with `freewheel run`: it needs no file. `freewheel init` writes a commented one.

Exit codes: 0 done; 2 the command line is wrong; 3 a config or input file is wrong; 4 a run diverged;
5 a checkpoint or a recorded episode is damaged; 130 interrupted, everything saved.")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run an experiment: worlds x agents x seeds, trained in parallel, compared in one table.
    #[command(after_help = "\
Examples:
  freewheel run                               the default experiment
  freewheel run mine.toml --seeds 0..20       your own, on twenty seeds
  freewheel run --set agent.learning_rate=0.1 --set evaluation.episodes=500

Running the same thing again finds it done, or goes on where it was stopped.")]
    Run(Run),
    /// Train one agent in one world.
    #[command(after_help = "\
Examples:
  freewheel train grid/cliff sarsa --steps 50000 --seeds 0..20
  freewheel train grid:maps/mine.txt q-learning --steps 100000 --set agent.epsilon=0.05
  freewheel train grid/taxi dyna-q --steps 200000 --out results/taxi --set world.time_limit=100")]
    Train(Train),
    /// Evaluate trained runs on fresh episodes.
    #[command(after_help = "Example:\n  freewheel eval results/default --episodes 1000 --json")]
    Eval(Eval),
    /// Go on with runs that were stopped.
    #[command(after_help = "Example:\n  freewheel resume results/default")]
    Resume(Resume),
    /// Watch an agent act in the terminal, or play yourself.
    #[command(after_help = "\
Examples:
  freewheel watch grid/cliff                            the best that can be done
  freewheel watch grid/taxi --agent q-learning --train 100000
  freewheel watch results/default/grid-cliff-sarsa-*/seed-0
  freewheel watch grid/four-rooms --agent human")]
    Watch(Watch),
    /// Draw the states that a run's policy visits as a map, colored by what followed or by what is alike.
    #[command(after_help = "\
Examples:
  freewheel map results/train/track-club-ppo-1a2b3c4d/seed-0
  freewheel map results/encoders --plane vae --color cluster

The plane is found without labels. The picture is kept in the run's folder as SVG and PNG; of a single run it is shown, too.
An experiment with a table [map] draws one for each of its runs.")]
    Map(Map),
    /// Print the best that can be done in a world, exactly where it can be known.
    #[command(after_help = "\
Examples:
  freewheel solve grid/frozenlake-4x4 --gamma 0.99
  freewheel solve grid/frozenlake-4x4 --horizon 100 --time-observed
  freewheel solve grid/cliff --policy epsilon-soft --epsilon 0.1 --json

In JSON, null stands for a value that is not finite: of a state from which no end is ever reached.")]
    Solve(Solve),
    /// List the worlds, or show one with its settings.
    #[command(after_help = "Examples:\n  freewheel envs\n  freewheel envs grid/cliff")]
    Envs(List),
    /// List the agents, or show one with its settings.
    #[command(after_help = "Examples:\n  freewheel agents\n  freewheel agents q-learning")]
    Agents(List),
    /// Fit a learner without reward to a data set: it is told the answers, or finds what is alike.
    #[command(after_help = "\
Examples:
  freewheel fit softmax                                the digits inside the program
  freewheel fit linear --data women
  freewheel fit forest --data fashion-mnist --set learner.n_estimators=200
  freewheel fit vae --data faces --set learner.latent_dim=16 --set data.faces=20000
  freewheel fit kmeans --data mine.csv --set data.answer=none --set learner.n_clusters=5

The learner, a report, what it cost and pictures are kept in a folder. Ctrl-C stops learning and keeps what was learned.")]
    Fit(Fit),
    /// Use a fitted learner: on held-out rows, on a file.
    #[command(after_help = "\
Examples:
  freewheel predict results/fit/digits-softmax-1a2b3c4d
  freewheel predict results/fit/digits-softmax-1a2b3c4d --rows 0..5 --json
  freewheel predict results/fit/women-linear-1a2b3c4d --data mine.csv --set data.answer=none")]
    Predict(Predict),
    /// Add what separates two groups of samples, or goes with a known factor, to any sample, in steps, and measure what it does.
    #[command(after_help = "\
Examples:
  freewheel concept results/fit/faces-vae-1a2b3c4d --factor smile
  freewheel concept results/fit/faces-vae-1a2b3c4d --with 'smile>0.5' --without 'smile<-0.5' --rows 10..16
  freewheel concept results/fit/fashion-mnist-vae-1a2b3c4d --with 'class=Ankle boot' --without class=Sandal

Groups are of the rows that were learned from, what is shown and measured of the held-out ones. Pictures are kept beside the learner's.")]
    Concept(Concept),
    /// Go from one sample to another through the factors of a fitted learner.
    #[command(
        after_help = "Example:\n  freewheel interpolate results/fit/digits-vae-1a2b3c4d 3-17 5-9 --steps 11"
    )]
    Interpolate(Interpolate),
    /// List the learners without reward, or show one with its settings.
    #[command(after_help = "Examples:\n  freewheel learners\n  freewheel learners vae")]
    Learners(List),
    /// List the data sets, with how one is opened.
    #[command(after_help = "Examples:\n  freewheel data\n  freewheel data faces")]
    Data(List),
    /// Write a commented experiment file to begin from.
    #[command(after_help = "Example:\n  freewheel init mine.toml && freewheel run mine.toml")]
    Init(Init),
    /// Show recorded episodes, or verify that they replay to the last bit.
    #[command(after_help = "Example:\n  freewheel replay --verify results/default")]
    Replay(Replay),
    /// Measure speed: steps, updates, solutions.
    #[command(after_help = "Example:\n  freewheel bench --json")]
    Bench(Bench),
    /// Let a player of Go answer the Go Text Protocol, for graphical boards and servers.
    #[command(after_help = "\
Examples:
  freewheel gtp                                   19x19 after boardsize says so; uct:1000 plays
  freewheel gtp --player uct:5000,strong --size 9
  echo genmove black | freewheel gtp --player greedy --seed 3")]
    Gtp(Gtp),
    /// Let two players of Go meet in many games, ours or other programs.
    #[command(
        name = "match",
        after_help = "\
Examples:
  freewheel match uct:1000 greedy --size 9 --games 100
  freewheel match uct:3000,rave 'gtp:gnugo --mode gtp --level 1' --sgf games

Every opening is played twice, with both colors. 95 % intervals are Wilson's. A program that dies, breaks the rules
or takes too long loses that game, and is started again."
    )]
    Match(Match),
    /// Write a completion script for a shell.
    #[command(
        after_help = "Example:\n  freewheel completions bash > ~/.local/share/bash-completion/completions/freewheel"
    )]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Options of everything that trains.
#[derive(Args, Debug, Clone)]
pub struct Training {
    /// Lay a setting over the file: a dotted key and a TOML value, such as agent.alpha=0.1. Repeatable.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Seeds: 0..9 (9 not included), 0..=9, 7, or 1,5,9.
    #[arg(long, value_name = "A..B")]
    pub seeds: Option<Seeds>,
    /// Folder of the results.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: Output,
    /// Threads; all cores where not said. Results do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

/// Options of everything that prints.
#[derive(Args, Debug, Clone, Copy)]
pub struct Output {
    /// Print one JSON document on standard output, and nothing else.
    #[arg(long)]
    pub json: bool,
    /// No progress. What you should know is still told, on standard error.
    #[arg(long, short)]
    pub quiet: bool,
}

/// `freewheel run`
#[derive(Args, Debug)]
pub struct Run {
    /// The experiment file, TOML; the built-in default where none is named.
    pub file: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub training: Training,
}

/// `freewheel train`
#[derive(Args, Debug)]
pub struct Train {
    /// The world: family/name, or family:file.
    pub world: String,
    /// The agent.
    pub agent: String,
    /// Environment steps of each run.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub steps: u64,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub training: Training,
}

/// `freewheel eval`
#[derive(Args, Debug)]
pub struct Eval {
    /// A run's folder, or any folder above.
    pub run: PathBuf,
    /// Episodes of each run.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    pub episodes: u64,
    /// Print one JSON document on standard output, and nothing else.
    #[arg(long)]
    pub json: bool,
    /// Threads; all cores where not said. Results do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

/// `freewheel resume`
#[derive(Args, Debug)]
pub struct Resume {
    /// A run's folder, or any folder above.
    pub dir: PathBuf,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: Output,
    /// Threads; all cores where not said. Results do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

/// `freewheel watch`
#[derive(Args, Debug)]
pub struct Watch {
    /// A world (family/name, family:file), or a run's folder.
    pub what: String,
    /// Who acts in a world: an agent, or `human`. The best that can be done where not said.
    #[arg(long)]
    pub agent: Option<String>,
    /// Let the agent learn for so many steps first; moments on the way are kept to be looked at.
    #[arg(long, value_name = "STEPS", default_value_t = 50_000)]
    pub train: u64,
    /// Seed of what is watched.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Steps a second to begin with.
    #[arg(long, default_value_t = 8.0)]
    pub speed: f64,
    /// Lay a setting over the defaults, such as world.slippery=false. Repeatable.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

/// `freewheel map`
#[derive(Args, Debug)]
pub struct Map {
    /// A run's folder, or any folder above.
    pub run: PathBuf,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub plan: MapPlan,
    /// Print one JSON document on standard output, and nothing else.
    #[arg(long)]
    pub json: bool,
    /// Threads; all cores where not said. Results do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

/// `freewheel solve`
#[derive(Args, Debug)]
pub struct Solve {
    /// The world: family/name, or family:file.
    pub world: String,
    /// The discount, 0..=1; the world's own where not said.
    #[arg(long)]
    pub gamma: Option<f64>,
    /// Everything ends after so many steps; never, where not said.
    #[arg(long, value_name = "N")]
    pub horizon: Option<u32>,
    /// The player sees how many steps are left.
    #[arg(long, requires = "horizon")]
    pub time_observed: bool,
    /// Whose value; the best that can be done where not said.
    #[arg(long, value_enum)]
    pub policy: Option<Whose>,
    /// Probability of a random action, 0..=1.
    #[arg(long, default_value_t = 0.1)]
    pub epsilon: f64,
    /// Lay a setting over the world's own, such as world.slippery=false. Repeatable.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Print one JSON document on standard output, and nothing else.
    #[arg(long)]
    pub json: bool,
}

/// Whose value `solve` prints.
#[derive(ValueEnum, Clone, Copy, Debug)]
pub enum Whose {
    /// Takes every legal action equally often.
    Random,
    /// Greedy for the best values, random with probability epsilon.
    EpsilonGreedy,
    /// The best of all that are random with probability epsilon.
    EpsilonSoft,
}

/// `freewheel fit`
#[derive(Args, Debug)]
pub struct Fit {
    /// The learner.
    pub learner: String,
    /// The data set: its name, or the path of a table, an IDX file or a folder.
    #[arg(long, value_name = "NAME | PATH", default_value = "digits")]
    pub data: String,
    /// Lay a setting over the defaults: learner.KEY=VALUE or data.KEY=VALUE. Repeatable.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Seed of everything random.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Show this picture, by the name of its file, or `all`; in a terminal the first one where not said. Repeatable.
    #[arg(long, value_name = "PICTURE")]
    pub show: Vec<String>,
    /// Folder of the learner and its report; by default one below results/fit whose name says what it is.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: Output,
    /// Threads; all cores where not said. Results do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

/// `freewheel predict`
#[derive(Args, Debug)]
pub struct Predict {
    /// The fitted learner's folder.
    pub fit: PathBuf,
    /// The data set: its name, or the path of a table, an IDX file or a folder; what it was fitted to where not said.
    #[arg(long, value_name = "NAME | PATH")]
    pub data: Option<String>,
    /// Lay a setting over the defaults: data.KEY=VALUE. Repeatable.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Rows of the held-out part, of all where none are held out: 0..10 (10 not included), 7, or 1,5,9. The first ten where not said.
    #[arg(long, value_name = "A..B")]
    pub rows: Option<Seeds>,
    /// Print one JSON document on standard output, and nothing else.
    #[arg(long)]
    pub json: bool,
    /// Threads; all cores where not said. Results do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

/// `freewheel concept`
#[derive(Args, Debug)]
pub struct Concept {
    /// The fitted learner's folder: a vae or pca.
    pub fit: PathBuf,
    /// What the samples were drawn from: how codes change with this factor.
    #[arg(long, conflicts_with_all = ["with", "without"])]
    pub factor: Option<String>,
    /// Samples that have it: 0..50, class=NAME, or FACTOR>NUMBER.
    #[arg(long, value_name = "GROUP", requires = "without")]
    pub with: Option<Group>,
    /// Samples that have it not.
    #[arg(long, value_name = "GROUP", requires = "with")]
    pub without: Option<Group>,
    /// Held-out rows that are shown: 0..10 (10 not included), 7, or 1,5,9. The first six where not said.
    #[arg(long, value_name = "A..B")]
    pub rows: Option<Seeds>,
    /// How many steps.
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(2..=33))]
    pub steps: u32,
    /// How far to go both ways: shares of the factor's range, or of the way from one group to the other.
    #[arg(long, default_value_t = 0.5, value_parser = above_zero)]
    pub reach: f32,
    /// Print one JSON document on standard output, and nothing else.
    #[arg(long)]
    pub json: bool,
    /// Threads; all cores where not said. Results do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

fn above_zero(text: &str) -> Result<f32, String> {
    let number = text.parse().ok().filter(|number: &f32| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| format!("`{text}` is no number above 0"))
}

/// `freewheel interpolate`
#[derive(Args, Debug)]
pub struct Interpolate {
    /// The fitted learner's folder: a vae or pca.
    pub fit: PathBuf,
    /// Held-out rows to go from and to, such as 3-17.
    #[arg(required = true, num_args = 1..=32)]
    pub pairs: Vec<Pair>,
    /// How many steps from one to the other.
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(2..=33))]
    pub steps: u32,
    /// Print one JSON document on standard output, and nothing else.
    #[arg(long)]
    pub json: bool,
    /// Threads; all cores where not said. Results do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

/// `freewheel envs`, `freewheel agents`, `freewheel learners`, `freewheel data`
#[derive(Args, Debug)]
pub struct List {
    /// Show this one, with its settings.
    pub id: Option<String>,
    /// Print one JSON document on standard output, and nothing else.
    #[arg(long)]
    pub json: bool,
}

/// `freewheel init`
#[derive(Args, Debug)]
pub struct Init {
    /// The file to write.
    #[arg(default_value = "freewheel.toml")]
    pub file: PathBuf,
    /// Write over a file that is there.
    #[arg(long)]
    pub force: bool,
}

/// `freewheel replay`
#[derive(Args, Debug)]
pub struct Replay {
    /// A file of recorded episodes, a run's folder, or any folder above.
    pub path: PathBuf,
    /// Play every episode again and compare everything with what was recorded.
    #[arg(long)]
    pub verify: bool,
    /// Print one JSON document on standard output, and nothing else.
    #[arg(long)]
    pub json: bool,
}

/// `freewheel bench`
#[derive(Args, Debug)]
pub struct Bench {
    /// Only what has this in its id.
    pub only: Option<String>,
    /// Print one JSON document on standard output, and nothing else.
    #[arg(long)]
    pub json: bool,
}

/// The rules of Go that a command plays by.
#[derive(Args, Debug, Clone, Copy)]
pub struct GoRules {
    /// Side of the board, 1..=19; by default that of a trained player's world, else 9.
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=19))]
    pub size: Option<u8>,
    /// Which repetitions are forbidden.
    #[arg(long, value_enum, default_value_t = KoRule::Positional)]
    pub ko: KoRule,
    /// Whether a move may take the mover's own stones.
    #[arg(long, value_enum, default_value_t = Suicide::Allow)]
    pub suicide: Suicide,
    /// Points White is given for moving second, a multiple of 0.5; by default those of a trained player's world, else 7.5.
    #[arg(long, allow_negative_numbers = true)]
    pub komi: Option<f32>,
}

/// Which repetitions are forbidden.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum KoRule {
    /// A lone stone that has just taken a lone stone may not be retaken at once.
    Simple,
    /// No whole-board position may stand again.
    Positional,
    /// No whole-board position may stand again with the same player to move.
    Situational,
}

/// Whether suicide is allowed.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suicide {
    /// It is, as by Tromp-Taylor rules.
    Allow,
    /// It is not, as by Chinese rules.
    Forbid,
}

/// `freewheel gtp`
#[derive(Args, Debug)]
pub struct Gtp {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub rules: GoRules,
    /// Who plays: random, greedy, uct:N, gtp:COMMAND, or the folder of a trained run.
    #[arg(long, default_value = "uct:1000")]
    pub player: String,
    /// Seed of the player's choices.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
}

/// `freewheel match`
#[derive(Args, Debug)]
pub struct Match {
    /// One player: random, greedy, uct:N, gtp:COMMAND for another program, or the folder of a trained run.
    pub a: String,
    /// The other.
    pub b: String,
    /// Games.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub games: u32,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub rules: GoRules,
    /// Random moves that every opening begins with, the same for both games of a pair.
    #[arg(long, value_name = "MOVES", default_value_t = 2, value_parser = clap::value_parser!(u32).range(..=1000))]
    pub opening: u32,
    /// Moves, passes counted, after which a game is scored as it stands; three a point where not said.
    #[arg(long, value_name = "MOVES", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub move_limit: Option<u32>,
    /// Seconds that another program may take for an answer.
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0)]
    pub timeout: f64,
    /// Seed of openings and of our players' choices.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Keep the games in this folder.
    #[arg(long, value_name = "DIR")]
    pub sgf: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: Output,
    /// Games at once; one a core where not said. Results of our own players do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}
