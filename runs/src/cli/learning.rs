//! Arguments of the commands for worlds, agents and runs.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Output, Overrides, ProgramsOption, ProgressOutput, RecordOption, Threads, Training, WideOption};
use crate::count;
use crate::map::MapPlan;

/// `freewheel run`
#[derive(Args, Debug)]
pub struct Run {
    /// Experiment file, TOML; default: the built-in experiment.
    pub file: Option<PathBuf>,
    /// Run the presets instead, those whose world and agent contain TEXT (default: all), each with its steps.
    #[arg(long, value_name = "TEXT", num_args = 0..=1, default_missing_value = "", conflicts_with = "file")]
    pub presets: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub training: Training,
}

/// `freewheel train`
#[derive(Args, Debug)]
pub struct Train {
    /// World: family/name, or family:file.
    pub world: String,
    /// Agent; `freewheel agents` lists all.
    pub agent: String,
    /// Environment steps of each run; default: those of the preset, or 100000.
    #[arg(long, value_parser = count::parse)]
    pub steps: Option<u64>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub training: Training,
}

/// `freewheel eval`
#[derive(Args, Debug)]
pub struct Eval {
    /// Folder of a run, or a folder that contains runs; FOLDER+search:N for a tree search of N simulations by the
    /// network of a run (agent alphazero).
    pub run: PathBuf,
    /// Episodes of each run.
    #[arg(long, default_value_t = 1000, value_parser = count::parse)]
    pub episodes: u64,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: Output,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub wide: WideOption,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub threads: Threads,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub programs: ProgramsOption,
}

/// `freewheel resume`
#[derive(Args, Debug)]
pub struct Resume {
    /// Folder of a run, or a folder that contains runs.
    pub dir: PathBuf,
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

/// `freewheel watch`
#[derive(Args, Debug)]
pub struct Watch {
    /// World (family/name or family:file), the folder of a run (RUN+search:N with a tree search), a store of
    /// demonstrations, or a file of recorded episodes (.jsonl) or of games of Go (.sgf).
    pub what: String,
    /// Folder of a second run, to show both side by side on the same episodes.
    pub other: Option<String>,
    /// Agent or scripted policy that acts in a world, or `human`; default: the optimal policy, if the world has a
    /// solver.
    #[arg(long)]
    pub agent: Option<String>,
    /// Second agent, to show both side by side on the same episodes.
    #[arg(long, value_name = "AGENT")]
    pub against: Option<String>,
    /// Environment steps of training in the background; the policies after 0 %, 1 %, 10 % and 100 % of the steps are
    /// shown.
    #[arg(long, value_name = "STEPS", default_value_t = 50_000, value_parser = count::parse)]
    pub train: u64,
    /// Seed of the world and of the agent.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Initial speed: a factor of the world's own clock such as 2x, or a number of steps a second.
    #[arg(long, default_value = "1x")]
    pub speed: crate::tui::Speed,
    /// Colors; default: that of the variable FREEWHEEL_THEME, or dark.
    #[arg(long, value_enum)]
    pub theme: Option<crate::tui::Theme>,
    /// Draw with ASCII characters only, as in a locale without UTF-8.
    #[arg(long)]
    pub ascii: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub record: RecordOption,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub overrides: Overrides,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub programs: ProgramsOption,
}

/// `freewheel play`
#[derive(Args, Debug)]
pub struct Play {
    /// World: family/name, or family:file.
    pub world: String,
    /// Opponent of a world with two players, such as `uct:1000`, `random` or the folder of a run.
    #[arg(long, value_name = "PLAYER")]
    pub against: Option<String>,
    /// Store for the played episodes; default: demos/WORLD/human-v0.
    #[arg(long, value_name = "STORE")]
    pub to: Option<PathBuf>,
    /// Number of the first episode; default: the number of episodes in the store, so that each session has new ones.
    #[arg(long, value_name = "NUMBER")]
    pub episode: Option<u64>,
    /// Seed of the world.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Initial speed: a factor of the world's own clock such as 0.5x, or a number of steps a second.
    #[arg(long, default_value = "1x")]
    pub speed: crate::tui::Speed,
    /// Colors; default: that of the variable FREEWHEEL_THEME, or dark.
    #[arg(long, value_enum)]
    pub theme: Option<crate::tui::Theme>,
    /// Draw with ASCII characters only, as in a locale without UTF-8.
    #[arg(long)]
    pub ascii: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub record: RecordOption,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub overrides: Overrides,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub programs: ProgramsOption,
}

impl Play {
    /// Assignments of `--set`, and the opponent of `--against` as one.
    pub fn assignments(&self) -> Vec<String> {
        let opponent = |name: &String| format!("world.opponent={}", toml::Value::from(name.as_str()));
        self.overrides.set.iter().cloned().chain(self.against.as_ref().map(opponent)).collect()
    }
}

/// `freewheel map`
#[derive(Args, Debug)]
pub struct Map {
    /// Folder of a run, or a folder that contains runs.
    pub run: PathBuf,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub plan: MapPlan,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: Output,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub threads: Threads,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub programs: ProgramsOption,
}

/// `freewheel solve`
#[derive(Args, Debug)]
pub struct Solve {
    /// World: family/name, or family:file.
    pub world: String,
    /// Discount factor, 0 to 1; default: the discount of the world.
    #[arg(long)]
    pub gamma: Option<f64>,
    /// Number of steps after which an episode ends; default: no limit.
    #[arg(long, value_name = "N")]
    pub horizon: Option<u32>,
    /// Make the number of remaining steps part of the observation.
    #[arg(long, requires = "horizon")]
    pub time_observed: bool,
    /// Policy to evaluate; default: the optimal policy.
    #[arg(long, value_enum)]
    pub policy: Option<SolvePolicy>,
    /// Probability of a random action under the epsilon policies, 0 to 1.
    #[arg(long, default_value_t = 0.1)]
    pub epsilon: f64,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub overrides: Overrides,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: Output,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub wide: WideOption,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub programs: ProgramsOption,
}

/// Policy that `solve` evaluates.
#[derive(ValueEnum, Clone, Copy, Debug)]
pub enum SolvePolicy {
    /// Uniform over the legal actions.
    Random,
    /// Greedy for the optimal action values, random with probability epsilon.
    EpsilonGreedy,
    /// Optimal among all policies that are random with probability epsilon.
    EpsilonSoft,
}

/// `freewheel envs`, `freewheel agents`, `freewheel estimators`, `freewheel data`
#[derive(Args, Debug)]
pub struct List {
    /// Name of one item to show with its settings; default: list all.
    pub id: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: Output,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub wide: WideOption,
}

/// `freewheel init`
#[derive(Args, Debug)]
pub struct Init {
    /// File to write.
    #[arg(default_value = "freewheel.toml")]
    pub file: PathBuf,
    /// Overwrite an existing file.
    #[arg(long)]
    pub force: bool,
}

/// `freewheel replay`
#[derive(Args, Debug)]
pub struct Replay {
    /// File of recorded episodes, folder of a run, or a folder that contains runs.
    pub path: PathBuf,
    /// Replay each episode and compare observations, action masks and rewards with the record.
    #[arg(long)]
    pub verify: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: Output,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub wide: WideOption,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub programs: ProgramsOption,
}

/// `freewheel bench`
#[derive(Args, Debug)]
pub struct Bench {
    /// Text that the id of a benchmark must contain; default: all benchmarks.
    pub only: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: Output,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub wide: WideOption,
}
