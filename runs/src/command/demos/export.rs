//! `demos export`: the steps of a store as CSV.

use std::fmt::Write;

use freewheel_core::demonstrations::{Demonstration, DemonstrationSet};
use freewheel_core::{ActionSpace, Actions, Ending, Error as Core};

use crate::cli::DemosExport;
use crate::error::Result;
use crate::{demonstrations, output};

pub(super) fn export(args: &DemosExport) -> Result<()> {
    let text = to_csv(&demonstrations::read(&args.store)?);
    match &args.out {
        // A device or a pipe is written to, not replaced.
        Some(file) if file.exists() && !file.is_file() => {
            Ok(std::fs::write(file, text).map_err(Core::io(file))?)
        }
        Some(file) => Ok(freewheel_core::checkpoint::write_atomically(file, text.as_bytes())?),
        None => output::text(&text),
    }
}

/// One line a step: episode, step, action (a discrete one with its name), reward, ending, source, observation.
fn to_csv(set: &DemonstrationSet) -> String {
    let (header, mut text) = (&set.header, String::from("episode,step"));
    match &header.actions {
        ActionSpace::Discrete { .. } => text.push_str(",action,name"),
        ActionSpace::Continuous { names, .. } => {
            (0..names.len()).for_each(|i| _ = write!(text, ",action_{i}"));
        }
    }
    text.push_str(",reward,ending,source");
    let numbers = if header.actions_only { 0 } else { header.observation.len() };
    (0..numbers).for_each(|i| _ = write!(text, ",obs_{i}"));
    text.push('\n');
    for (number, episode) in set.episodes.iter().enumerate() {
        for step in 0..episode.len() {
            _ = write!(text, "{number},{step}");
            write_step(&mut text, episode, step, &header.actions);
        }
    }
    text
}

fn write_step(text: &mut String, episode: &Demonstration, step: usize, space: &ActionSpace) {
    match episode.actions.get(step) {
        Some(Actions::Discrete(&[action])) => {
            let name = space.names().get(action as usize).map_or("", String::as_str);
            _ = write!(text, ",{action},\"{}\"", name.replace('"', "\"\""));
        }
        Some(Actions::Continuous(values)) => values.iter().for_each(|x| _ = write!(text, ",{x}")),
        _ => {}
    }
    let ending = match episode.ending {
        Ending::Terminal if step + 1 == episode.len() => "terminated",
        Ending::Truncated if step + 1 == episode.len() => "truncated",
        _ => "",
    };
    let reward = episode.rewards.get(step).copied().unwrap_or(f32::NAN);
    _ = write!(text, ",{reward},{ending},{}", episode.label.source.name());
    episode.observation(step).iter().for_each(|x| _ = write!(text, ",{x}"));
    text.push('\n');
}
