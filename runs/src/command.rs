//! One file a subcommand, or a pair of them; each reads its options, does one thing and prints it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::{CommandFactory, FromArgMatches};
use comfy_table::{ContentArrangement, Table, presets};
use freewheel_core::{DynWorld, Error as Core};

use crate::Registry;
use crate::cli::{Cli, Command};
use crate::document::Document;
use crate::error::{Error, Result};
use crate::job::{Job, JobConfig};
use crate::observation::ObservationConfig;

mod bench;
mod contest;
mod eval;
mod explore;
mod fit;
mod gtp;
mod init;
mod list;
mod map;
mod predict;
mod replay;
mod run;
mod solve;
mod watch;

pub(crate) use init::DEFAULT_EXPERIMENT;

impl Registry {
    /// The whole program: reads the command line, does what it says, and returns the documented exit code.
    pub fn main(self) -> ExitCode {
        let name = self.name();
        let matches = Cli::command().name(name).get_matches();
        let done = match Cli::from_arg_matches(&matches) {
            Ok(cli) => self.check().map_err(Error::from).and_then(|()| self.dispatch(cli.command)),
            Err(e) => e.exit(),
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(e) => {
                let _ = writeln!(std::io::stderr(), "{name}: {e}");
                ExitCode::from(e.exit_code())
            }
        }
    }

    fn dispatch(&self, command: Command) -> Result<()> {
        match command {
            Command::Run(args) => run::run(self, args),
            Command::Train(args) => run::train(self, args),
            Command::Resume(args) => run::resume(self, args),
            Command::Eval(args) => eval::eval(self, args),
            Command::Watch(args) => watch::watch(self, args),
            Command::Map(args) => map::map(self, &args),
            Command::Solve(args) => solve::solve(self, args),
            Command::Envs(args) => list::envs(self, args),
            Command::Agents(args) => list::agents(self, args),
            Command::Fit(args) => fit::fit(self, args),
            Command::Predict(args) => predict::predict(self, &args),
            Command::Concept(args) => explore::concept(self, &args),
            Command::Interpolate(args) => explore::interpolate(self, &args),
            Command::Learners(args) => list::learners(self, args),
            Command::Data(args) => list::data(args),
            Command::Init(args) => init::init(&args),
            Command::Replay(args) => replay::replay(self, args),
            Command::Bench(args) => bench::bench(self, &args),
            Command::Gtp(args) => gtp::gtp(self, &args),
            Command::Match(args) => contest::contest(self, &args),
            Command::Completions { shell } => {
                let mut script = Vec::new();
                clap_complete::generate(shell, &mut Cli::command(), self.name(), &mut script);
                crate::output::text(&String::from_utf8_lossy(&script))
            }
        }
    }

    /// The job whose `config.toml` stands in `directory`.
    pub(crate) fn load_job(&self, directory: &Path, worlds: &mut Built) -> Result<Job, Core> {
        let config = JobConfig::read(directory)?;
        let file = directory.join("config.toml");
        // Before the world is built: a run that plays itself, through whomever, can have no such digest, and is found out.
        if self.world_digest(&config.world, &config.world_settings)? != config.world_digest {
            let sources = self.world_sources(&config.world, &config.world_settings)?;
            let sources: Vec<_> = sources.iter().map(|source| source.display().to_string()).collect();
            return Err(Core::Config(format!(
                "{}: what {} is made of has changed since this run began: {}",
                file.display(),
                config.world,
                sources.join(", ")
            )));
        }
        let world = match worlds.entry(format!("{} {}", config.world, config.world_settings)) {
            Entry::Occupied(built) => Arc::clone(built.get()),
            Entry::Vacant(new) => {
                Arc::clone(new.insert(self.build_world(&config.world, &config.world_settings)?))
            }
        };
        if world.spec().version != config.world_version {
            return Err(Core::Config(format!(
                "{}: this run was made in version {} of {}; this program has version {}",
                file.display(),
                config.world_version,
                config.world,
                world.spec().version
            )));
        }
        let world = ObservationConfig::of(&config.agent_settings)?.see(world, self.learners())?;
        Ok(Job { config, world })
    }

    /// All runs in or below `path`, each with its folder, in the order of their names.
    fn find_jobs(&self, path: &Path) -> Result<Vec<(PathBuf, Job)>> {
        let found = files_below(path, "config.toml")?;
        if found.is_empty() {
            return Err(Error::Core(Core::Config(format!(
                "{}: there is no run in or below this folder",
                path.display()
            ))));
        }
        let directories = found.iter().filter_map(|file| file.parent());
        let mut worlds = Built::new();
        directories.map(|dir| Ok((dir.to_owned(), self.load_job(dir, &mut worlds)?))).collect()
    }
}

/// Lays the assignments of `--set` over a document.
fn overlay(doc: &mut Document, set: &[String]) -> Result<()> {
    set.iter().try_for_each(|assignment| doc.set(assignment)).map_err(|e| Error::Usage(e.to_string()))
}

/// Worlds by name and settings: the runs of an experiment share them, and what has been solved in them.
type Built = HashMap<String, Arc<dyn DynWorld>>;

/// Files called `name` in or below `path`, sorted so that seed-2 comes before seed-10.
fn files_below(path: &Path, name: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(Core::io(&folder))? {
            let entry = entry.map_err(Core::io(&folder))?;
            let kind = entry.file_type().map_err(Core::io(entry.path()))?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if entry.file_name() == name {
                found.push(entry.path());
            }
        }
    }
    found.sort_by_key(|file| {
        let folder = file.parent().unwrap_or(file);
        let seed = folder.file_name().and_then(|n| n.to_str()?.strip_prefix("seed-")?.parse::<u64>().ok());
        (folder.parent().map(Path::to_owned), seed, file.clone())
    });
    Ok(found)
}

/// Set by Ctrl-C or a termination signal; a second one ends the program on the spot.
fn stop_flag() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        let io = || Core::io("signal handler");
        signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&stop)).map_err(io())?;
        signal_hook::flag::register(signal, Arc::clone(&stop)).map_err(io())?;
    }
    Ok(stop)
}

/// How many threads to use: as said, else one a core.
fn threads(said: Option<u16>) -> usize {
    said.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from)
}

/// Rows side by side, without lines.
fn columns<const N: usize>(rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    for row in rows {
        table.add_row(row);
    }
    let text = table.to_string();
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}
