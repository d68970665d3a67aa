//! Home screen of a bare `freewheel`, and of `freewheel watch` with a folder of several runs. The command that the user
//! chooses there runs in the terminal, and then the home screen returns.

use std::io::{self, BufRead, Write};
use std::path::Path;

use clap::FromArgMatches;

use super::{command_line, forget_stop_flag};
use crate::cli::{Cli, Command};
use crate::error::{Error, Result};
use crate::format::quoted;
use crate::messages::Language;
use crate::messages::screens::tr;
use crate::tui::Exit;
use crate::tui::home::{Home, Tab, show};
use crate::{Registry, output};

/// Shows the home screen with `tab` and the runs below `folder` until the user quits.
pub(super) fn home(registry: &'static Registry, folder: &Path, tab: Tab) -> Result<()> {
    let mut home = Home::new(registry, folder, tab);
    loop {
        if let Exit::Signal(number) = show(registry, folder, &mut home)? {
            return Err(Error::Signal(number));
        }
        let Some(words) = home.take_chosen() else { return Ok(()) };
        run(registry, &words, &mut home)?;
        forget_stop_flag();
    }
}

/// Runs the command line `words`. An error is shown, and does not end the home screen.
fn run(registry: &'static Registry, words: &[String], home: &mut Home) -> Result<()> {
    let name = registry.name();
    let line = std::iter::once(name).chain(words.iter().map(String::as_str));
    let command = command_line(name, Language::En);
    let parsed = command.try_get_matches_from(line).and_then(|matches| Cli::from_arg_matches(&matches));
    let command = match parsed.map(|cli| cli.command) {
        Ok(Some(command)) => command,
        Ok(None) => return Ok(()),
        Err(e) => {
            home.say(e.to_string().lines().next().unwrap_or_default());
            return Ok(());
        }
    };
    // An episode ends with its own screen; a training prints its results.
    let prints = !matches!(command, Command::Watch(_));
    if prints {
        let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        output::text(&format!("$ {name} {}\n", words.join(" ")))?;
    }
    match registry.dispatch(command) {
        Err(Error::Signal(number)) => return Err(Error::Signal(number)),
        Err(e) if prints => output::note(&format!("{name}: {e}")),
        Err(e) => home.say(&e.to_string()),
        Ok(()) => {}
    }
    if prints {
        output::text(&format!("\n{} ", tr!("enter returns to the home screen")))?;
        let _ = io::stdout().flush();
        let _ = io::stdin().lock().read_line(&mut String::new());
    }
    Ok(())
}
