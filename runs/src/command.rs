//! Subcommands of the program: one file for each, or for two or three similar ones.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::{CommandFactory, FromArgMatches};
use freewheel_core::Error as Core;

use crate::Registry;
use crate::cli::{Cli, Command};
use crate::document::Document;
use crate::error::{Error, Result};
use crate::format::columns;

mod bench;
mod completions;
mod eval;
mod explore;
mod fit;
mod gtp;
mod init;
mod list;
mod map;
mod matches;
mod predict;
mod replay;
mod run;
mod solve;
mod watch;

pub(crate) use init::DEFAULT_EXPERIMENT;

impl Registry {
    /// Runs the program: parses the command line, runs the subcommand and returns the exit code that `--help`
    /// documents.
    pub fn main(self) -> ExitCode {
        let name = self.name();
        let matches = command_line(name).get_matches();
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
            Command::Estimators(args) => list::estimators(self, args),
            Command::Data(args) => list::data(args),
            Command::Init(args) => init::init(self, &args),
            Command::Replay(args) => replay::replay(self, args),
            Command::Bench(args) => bench::bench(self, &args),
            Command::Gtp(args) => gtp::gtp(self, &args),
            Command::Match(args) => matches::play_match(self, &args),
            Command::Completions { shell } => completions::completions(self, shell),
            Command::Man { dir } => completions::man(self, &dir),
        }
    }
}

/// Command line whose help texts call the program `name`.
fn command_line(name: &'static str) -> clap::Command {
    let renamed = |command: clap::Command| match command.get_after_help().map(ToString::to_string) {
        Some(text) => command.after_help(text.replace("freewheel ", &format!("{name} "))),
        None => command,
    };
    let command = renamed(Cli::command().name(name));
    let subcommands: Vec<String> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
    subcommands.into_iter().fold(command, |command, subcommand| command.mut_subcommand(subcommand, renamed))
}

/// Applies the values of `--set` to the document `doc`.
fn overlay(doc: &mut Document, set: &[String]) -> Result<()> {
    set.iter().try_for_each(|assignment| doc.set(assignment)).map_err(|e| Error::Usage(e.to_string()))
}

/// Stop flag that is set by Ctrl-C or a termination signal. A second signal ends the program at once.
fn stop_flag() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        let io = || Core::io("signal handler");
        signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&stop)).map_err(io())?;
        signal_hook::flag::register(signal, Arc::clone(&stop)).map_err(io())?;
    }
    Ok(stop)
}
