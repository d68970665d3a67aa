//! `map`: the states that trained runs visit, as pictures.

use std::path::PathBuf;

use rayon::prelude::*;
use serde_json::json;

use super::threads;
use crate::cli::Map;
use crate::error::Result;
use crate::experiment::pool;
use crate::job::Job;
use crate::map::MapPlan;
use crate::picture::{self, Picture, Scatter};
use crate::{Catalogue, output};

pub(super) fn map(catalogue: &Catalogue, args: &Map) -> Result<()> {
    let found = catalogue.find_jobs(&args.run)?;
    let jobs: Vec<(PathBuf, &Job)> = found.iter().map(|(directory, job)| (directory.clone(), job)).collect();
    let maps = maps(catalogue, &args.plan, &jobs, threads(args.threads))?;
    if args.json {
        let files: Vec<_> = maps.iter().map(|(_, files)| files).collect();
        return output::json(&json!({ "plan": args.plan, "files": files }));
    }
    if let [(map, _)] = &maps[..] {
        let (width, depth) = picture::screen();
        output::text(&format!("{}\n", map.text(width, depth)))?;
    }
    maps.iter()
        .flat_map(|(_, files)| files)
        .try_for_each(|file| output::text(&format!("{}\n", file.display())))
}

/// Draws a map of each of `jobs` into its folder; gives it and its files, for those that have learned anything.
pub(super) fn maps(
    catalogue: &Catalogue,
    plan: &MapPlan,
    jobs: &[(PathBuf, &Job)],
    threads: usize,
) -> Result<Vec<(Scatter, [PathBuf; 2])>> {
    let one = |(directory, job): &(PathBuf, &Job)| {
        let written = plan.write(catalogue, job, directory, &output::note)?;
        if written.is_none() {
            output::note(&format!("{}: left out, it has no checkpoint yet", directory.display()));
        }
        Ok(written)
    };
    let all = pool(threads)?.install(|| jobs.par_iter().map(one).collect::<Result<Vec<_>>>())?;
    Ok(all.into_iter().flatten().collect())
}
