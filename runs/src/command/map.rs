//! `map`: pictures of the states that trained runs visit.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use freewheel_core::Error as Core;
use rayon::prelude::*;
use serde_json::json;

use super::stop_flag;
use crate::cli::Map;
use crate::error::{Error, Result};
use crate::experiment::pool;
use crate::job::Job;
use crate::map::MapPlan;
use crate::picture::{self, Picture, Scatter};
use crate::{Registry, output};

pub(super) fn map(registry: &Registry, args: &Map) -> Result<()> {
    if let Some((_, message)) = args.plan.out_of_range() {
        return Err(Error::Usage(message));
    }
    let stop = stop_flag()?;
    let found = registry.find_jobs(&args.run)?;
    let jobs: Vec<(PathBuf, &Job)> = found.iter().map(|(directory, job)| (directory.clone(), job)).collect();
    let Maps { drawn, mut refused } = draw_maps(registry, &args.plan, &jobs, args.threads.count(), &stop)?;
    if stop.load(Ordering::Relaxed) {
        return Err(Error::Signal(2));
    }
    if drawn.is_empty()
        && let Some(why) = refused.pop()
    {
        return Err(why.into());
    }
    refused.iter().for_each(|why| output::note(&format!("no map: {why}")));
    let files: Vec<&PathBuf> = drawn.iter().flat_map(|(_, files)| files).collect();
    if args.output.json {
        return output::json(&json!({ "plan": args.plan, "files": files }));
    }
    if let [(map, _)] = &drawn[..] {
        let (width, depth) = picture::terminal_size();
        output::picture(&format!("{}\n", map.text(width, depth)))?;
    }
    files.iter().try_for_each(|file| output::text(&format!("{}\n", file.display())))
}

/// Results of drawing maps.
pub(super) struct Maps {
    /// Maps with their SVG and PNG files.
    pub drawn: Vec<(Scatter, [PathBuf; 2])>,
    /// Errors of the runs for which no map could be drawn.
    pub refused: Vec<Core>,
}

/// Draws a map of each job into its folder, until `stop` is set.
///
/// # Errors
/// Errors of reading and writing. A world that has no map is not an error here: it is reported in [`Maps::refused`].
pub(super) fn draw_maps(
    registry: &Registry,
    plan: &MapPlan,
    jobs: &[(PathBuf, &Job)],
    threads: usize,
    stop: &AtomicBool,
) -> Result<Maps> {
    let one = |(directory, job): &(PathBuf, &Job)| match stop.load(Ordering::Relaxed) {
        true => Ok(None),
        false => plan.write(registry, job, directory, &output::note),
    };
    let all: Vec<_> = pool(threads)?.install(|| jobs.par_iter().map(one).collect());
    let mut maps = Maps { drawn: Vec::new(), refused: Vec::new() };
    for ((directory, _), made) in jobs.iter().zip(all) {
        match made {
            Ok(Some(drawn)) => maps.drawn.push(drawn),
            Ok(None) => {
                maps.refused
                    .push(Core::Config(format!("{}: the run has no checkpoint yet", directory.display())));
            }
            Err(why @ (Core::Config(_) | Core::Setting { .. })) => maps.refused.push(why),
            Err(e) => return Err(e.into()),
        }
    }
    Ok(maps)
}
