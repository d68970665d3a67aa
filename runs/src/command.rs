//! Subcommands of the program: one file for each, or for two or three similar ones.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches};
use freewheel_core::Error as Core;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::Registry;
use crate::checksums::CONFIG;
use crate::cli::{Cli, Command, Demos, DemosCommand, Run, Train};
use crate::document::{self, Document};
use crate::error::{Error, Result};
use crate::folders::files_below;
use crate::messages::Language;
use crate::messages::help::{self, with_words};
use crate::output;
use crate::registry::{Programs, texts};
use crate::tui::{self, Depth, home::Tab};

mod bench;
mod check;
mod compare;
mod completions;
mod demos;
mod eval;
mod explore;
mod export;
mod fit;
mod gtp;
mod home;
mod init;
mod list;
mod map;
mod matches;
mod play;
mod plot;
mod predict;
mod record;
mod render;
mod replay;
mod report;
mod run;
mod runs;
mod sgf;
mod solve;
mod sweep;
mod tour;
mod watch;

pub(crate) use init::DEFAULT_EXPERIMENT;
use record::Recording;

impl Registry {
    /// Runs the program: parses the command line, runs the subcommand and returns the exit code that `--help`
    /// documents.
    pub fn main(self) -> ExitCode {
        ExitCode::from(self.main_with(std::env::args_os()))
    }

    /// Same as [`Registry::main`], with the command line `args`, whose first word is the name of the program.
    pub fn main_with(mut self, args: impl IntoIterator<Item = OsString>) -> u8 {
        let (name, args) = (self.name(), Vec::from_iter(args));
        let language = Language::of_arguments(&args);
        let args = subcommand_first(args);
        let matches = command_line(name, language).try_get_matches_from(&args);
        let cli = match matches.and_then(|matches| Cli::from_arg_matches(&matches)) {
            Ok(cli) => cli,
            Err(e) => return command_line_error(&with_tip(e, &args), &args, language),
        };
        if let Some(command) = &cli.command {
            self.set_programs(programs(command));
        }
        if cli.lang.is_some() || has_screens(cli.command.as_ref()) {
            language.choose();
        }
        let recording = match Recording::begin(recorded_in(&cli), name) {
            Ok(recording) => recording,
            Err(e) => {
                output::note(&format!("{name}: {e}"));
                return e.exit_code();
            }
        };
        // Threads in the background of the home screen use the registry until the program ends.
        let registry: &'static Registry = Box::leak(Box::new(self));
        let done = registry.check().map_err(Error::from).and_then(|()| match cli.command {
            Some(command) => registry.dispatch(command),
            None if tui::is_interactive() => home::home(registry, Path::new("results"), Tab::Worlds),
            None => {
                let help = command_line(name, language).render_help().to_string();
                output::text(&with_words(&help, language))
            }
        });
        let done = recording.end(done);
        match done {
            Ok(()) => 0,
            Err(e) => {
                output::note(&format!("{name}: {e}"));
                e.exit_code()
            }
        }
    }

    fn dispatch(&'static self, command: Command) -> Result<()> {
        match command {
            // A folder with several runs is a choice.
            Command::Watch(args)
                if tui::is_interactive()
                    && files_below(Path::new(&args.what), CONFIG).is_ok_and(|all| all.len() > 1) =>
            {
                home::home(self, Path::new(&args.what), Tab::Runs)
            }
            Command::Run(args) => run::run(self, args),
            Command::Train(args) => run::train(self, args),
            Command::Resume(args) => run::resume(self, args),
            Command::Runs(args) => runs::runs(self, args.command),
            Command::Sweep(args) => sweep::sweep(self, &args),
            Command::Eval(args) => eval::eval(self, args),
            Command::Watch(args) => watch::watch(self, args),
            Command::Play(args) => play::play(self, args),
            Command::Tour(args) => tour::tour(self, &args),
            Command::Check(args) => check::check(self, &args),
            Command::Render(args) => render::render(self, &args),
            Command::Plot(args) => plot::plot(self, &args),
            Command::Export(args) => export::export(self, &args),
            Command::Compare(args) => compare::compare(self, &args),
            Command::Report(args) => report::report(self, &args),
            Command::Map(args) => map::map(self, &args),
            Command::Solve(args) => solve::solve(self, args),
            Command::Envs(args) => list::envs(self, args),
            Command::Agents(args) => list::agents(self, args),
            Command::Presets(args) => list::presets(&args),
            Command::Fit(args) => fit::fit(self, args),
            Command::Predict(args) => predict::predict(self, &args),
            Command::Concept(args) => explore::concept(self, &args),
            Command::Interpolate(args) => explore::interpolate(self, &args),
            Command::Estimators(args) => list::estimators(self, args),
            Command::Data(args) => list::data(args),
            Command::Init(args) => init::init(self, &args),
            Command::Replay(args) => replay::replay(self, args),
            Command::Demos(args) => demos::demos(self, args.command),
            Command::Bench(args) => bench::bench(self, &args),
            Command::Gtp(args) => gtp::gtp(self, &args),
            Command::Match(args) => matches::play_match(self, &args),
            Command::Sgf(args) => sgf::sgf(&args),
            Command::Completions { shell } => completions::completions(self, shell),
            Command::Man { dir } => completions::man(self, &dir),
        }
    }
}

/// Whether a command shows screens, whose language follows the locale. Files and printed tables have another language
/// only with `--lang`: the same command gives the same bytes everywhere.
fn has_screens(command: Option<&Command>) -> bool {
    let Some(command) = command else { return true };
    match command {
        Command::Run(_) | Command::Train(_) | Command::Resume(_) => tui::is_interactive(),
        Command::Watch(_) | Command::Play(_) | Command::Tour(_) | Command::Check(_) => true,
        _ => false,
    }
}

/// Command line with a leading `--lang` behind the name of the subcommand, where all other options are.
fn subcommand_first(mut args: Vec<OsString>) -> Vec<OsString> {
    let words = match args.get(1).map(|arg| arg.to_string_lossy().into_owned()) {
        Some(word) if word == "--lang" => 2,
        Some(word) if word.starts_with("--lang=") => 1,
        _ => return args,
    };
    if args.get(words + 1).is_some_and(|arg| !arg.to_string_lossy().starts_with('-')) {
        args[1..=words + 1].rotate_right(1);
    }
    args
}

/// Prints an error of the command line, a help text or the version, and returns the exit code.
fn command_line_error(error: &clap::Error, args: &[OsString], language: Language) -> u8 {
    if language != Language::En && error.exit_code() == 0 {
        let is_colored = std::io::IsTerminal::is_terminal(&std::io::stdout())
            && Depth::detect(|name| std::env::var(name).ok()) != Depth::None;
        let text = match is_colored {
            true => error.render().ansi().to_string(),
            false => error.render().to_string(),
        };
        return if output::picture(&with_words(&text, language)).is_ok() { 0 } else { 2 };
    }
    let shown = match args.iter().any(|arg| arg.to_string_lossy().contains(char::is_control)) {
        // An argument may be the name of a file, expanded by the shell.
        true => {
            output::note(error.render().to_string().trim_end());
            Ok(())
        }
        false => error.print(),
    };
    match (shown, error.exit_code()) {
        (Ok(()), 0) => 0,
        _ => 2,
    }
}

/// File of `--record`.
fn recorded_in(cli: &Cli) -> Option<&Path> {
    let option = match &cli.command {
        None => &cli.record,
        Some(Command::Run(Run { training, .. }) | Command::Train(Train { training, .. })) => {
            &training.output.record
        }
        Some(Command::Resume(args)) => &args.output.record,
        Some(Command::Watch(args)) => &args.record,
        Some(Command::Play(args)) => &args.record,
        Some(Command::Tour(args)) => &args.record,
        Some(_) => return None,
    };
    option.record.as_deref()
}

/// Programs that settings of files may start: all with `--allow-programs`, else those that `--set` names.
fn programs(command: &Command) -> Programs {
    let played;
    let (allowed, set): (bool, &[String]) = match command {
        Command::Run(Run { training, .. }) | Command::Train(Train { training, .. }) => {
            (training.programs.allow_programs, &training.overrides.set)
        }
        Command::Watch(args) => (args.programs.allow_programs, &args.overrides.set),
        Command::Sweep(args) => (args.programs.allow_programs, &args.overrides.set),
        Command::Play(args) => {
            played = args.assignments();
            (args.programs.allow_programs, &played)
        }
        Command::Render(args) => (args.programs.allow_programs, &args.overrides.set),
        Command::Solve(args) => (args.programs.allow_programs, &args.overrides.set),
        Command::Resume(args) => (args.programs.allow_programs, &[]),
        Command::Eval(args) => (args.programs.allow_programs, &[]),
        Command::Export(args) => (args.programs.allow_programs, &[]),
        Command::Compare(args) => (args.programs.allow_programs, &[]),
        Command::Report(args) => (args.programs.allow_programs, &[]),
        Command::Map(args) => (args.programs.allow_programs, &[]),
        Command::Replay(args) => (args.programs.allow_programs, &[]),
        Command::Demos(Demos { command: DemosCommand::Verify(args) }) => (args.programs.allow_programs, &[]),
        Command::Demos(Demos { command: DemosCommand::Record(args) }) => (false, &args.overrides.set),
        Command::Demos(Demos { command: DemosCommand::Import(args) }) => (false, &args.overrides.set),
        _ => (false, &[]),
    };
    if allowed {
        return Programs::All;
    }
    let values = set.iter().filter_map(|assignment| Some(document::value_of(assignment.split_once('=')?.1)));
    Programs::Named(values.flat_map(|value| texts(&value).map(str::to_owned).collect::<Vec<_>>()).collect())
}

/// Command line whose help texts are in `language` and call the program `name`.
fn command_line(name: &'static str, language: Language) -> clap::Command {
    renamed(help::translated(Cli::command(), language).name(name), name)
}

/// `command` with the program's name in its help texts and in those of its subcommands.
fn renamed(command: clap::Command, name: &str) -> clap::Command {
    let command = match command.get_after_help().map(ToString::to_string) {
        Some(text) => command.after_help(text.replace("freewheel ", &format!("{name} "))),
        None => command,
    };
    command.mut_subcommands(|subcommand| renamed(subcommand, name))
}

/// The error with a tip for options such as `--gamma` and `--lr`, which are settings here.
fn with_tip(mut error: clap::Error, args: &[OsString]) -> clap::Error {
    let sections = match args.get(1).and_then(|arg| arg.to_str()) {
        Some("solve") => ["world.time_limit=200", "world.slippery=false"],
        Some("run" | "train" | "sweep" | "watch" | "play" | "render") => {
            ["agent.gamma=0.9", "world.time_limit=200"]
        }
        Some("fit") => ["estimator.alpha=0.1", "data.test_size=0.3"],
        _ => return error,
    };
    if error.kind() == ErrorKind::UnknownArgument {
        let tip = format!("settings are written as in --set {} or --set {}", sections[0], sections[1]);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    error
}

/// Applies the values of `--set` to the document `doc`.
fn overlay(doc: &mut Document, set: &[String]) -> Result<()> {
    set.iter().try_for_each(|assignment| doc.set(assignment)).map_err(|e| Error::Usage(e.to_string()))
}

/// Time after the first signal in which work in progress may end by itself; then players of Go are interrupted.
const GRACE: Duration = Duration::from_millis(400);

/// Exit code after a second signal: not everything is saved.
const UNSAVED: i32 = 131;

/// Work that signals stop.
struct Work {
    stop: Arc<AtomicBool>,
    /// Whether a signal has been received.
    received: AtomicBool,
    /// Whether a screen is shown, so that the terminal must be restored before the program ends.
    active: Arc<AtomicBool>,
}

/// Work in progress; `None` while a signal stops nothing.
static WORK: Mutex<Option<Work>> = Mutex::new(None);

/// Stop flag that is set by Ctrl-C, a termination signal, or the end of the terminal (SIGHUP). A little later, players
/// of Go that are still choosing a move are interrupted. A second Ctrl-C or termination signal ends the program at
/// once, with the exit code [`UNSAVED`].
fn stop_flag() -> Result<Arc<AtomicBool>> {
    stop_flag_with_screen(&Arc::default())
}

/// Same as [`stop_flag`]; while a screen is shown (`active`), the terminal is restored before the program ends.
fn stop_flag_with_screen(active: &Arc<AtomicBool>) -> Result<Arc<AtomicBool>> {
    static LISTENER: OnceLock<()> = OnceLock::new();
    let stop = Arc::new(AtomicBool::new(false));
    let work = Work { stop: Arc::clone(&stop), received: AtomicBool::new(false), active: Arc::clone(active) };
    *WORK.lock().unwrap_or_else(PoisonError::into_inner) = Some(work);
    if LISTENER.set(()).is_ok() {
        let handler = || Core::io("signal handler");
        let hangup = (!ignores_hangup()).then_some(SIGHUP);
        let signals = [SIGINT, SIGTERM].into_iter().chain(hangup);
        let mut signals = signal_hook::iterator::Signals::new(signals).map_err(handler())?;
        let listen = move || signals.forever().for_each(stop_work);
        std::thread::Builder::new().name("signals".into()).spawn(listen).map_err(handler())?;
    }
    Ok(stop)
}

/// Ends the work that [`stop_flag`] has begun: a signal no longer stops it.
fn forget_stop_flag() {
    *WORK.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

/// Stops the work in progress at its first signal, and ends the program at the second one.
fn stop_work(signal: i32) {
    let work = WORK.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(work) = &*work else { return };
    if !work.received.swap(true, Ordering::Relaxed) {
        work.stop.store(true, Ordering::Relaxed);
        std::thread::spawn(|| {
            std::thread::sleep(GRACE);
            freewheel_envs::go::gtp::interrupt();
        });
    // The end of a terminal may come with several signals.
    } else if signal != SIGHUP {
        freewheel_envs::go::gtp::interrupt();
        tui::restore(&work.active);
        signal_hook::low_level::exit(UNSAVED);
    }
}

/// Whether the program was started with SIGHUP ignored, as by `nohup`: it then outlives its terminal.
fn ignores_hangup() -> bool {
    // Linux lists the ignored signals as a mask in hexadecimal; bit 0 is signal 1, SIGHUP.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    match status.lines().find_map(|line| line.strip_prefix("SigIgn:")) {
        Some(mask) => u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask & 1 == 1),
        // Other systems: `nohup` detaches the input from the terminal.
        None => !std::io::IsTerminal::is_terminal(&std::io::stdin()),
    }
}
