//! Extension of runs: a run with fewer steps is continued in its folder, up to the steps of a new plan.
//!
//! The *schedule* of a run is the length that these parts refer to: ramps, the distances of log lines, evaluations and
//! checkpoints, and the hash in the name of its folder. An extended run keeps its schedule, so that it has the same
//! bytes as a run of the new length with this schedule from the start. See [`JobConfig::schedule_steps`].

use std::io::ErrorKind;
use std::path::Path;

use freewheel_core::checkpoint::write_atomically;
use freewheel_core::input::read_raw;
use freewheel_core::{Error, Result};
use toml::{Table, Value};

use crate::checkpoints::newest;
use crate::checksums::{self, CONFIG, RESULTS};
use crate::job::{Job, JobConfig};
use crate::registry::Registry;

/// Error about a run in `folder` with more steps than are asked for.
pub(crate) fn too_long(folder: &Path, found: u64, asked: u64) -> Error {
    Error::Config(format!(
        "{}: this run has been extended to {found} steps, and {asked} are asked for; ask for {found} or more, or choose \
         another folder with --out",
        folder.display()
    ))
}

/// Prepares the folder of a run that is to be continued to the steps of `config`, whose text is `bytes`: the results of
/// the shorter run are removed. After a kill at any point, the folder is that of the shorter run or of the longer one,
/// with its checkpoints and without results.
///
/// # Errors
/// [`Error::Damaged`] if there are checkpoints and none is intact; [`Error::Config`] if the run has more steps than
/// `config`; [`Error::Io`].
pub(crate) fn reopen(directory: &Path, config: &JobConfig, bytes: &[u8]) -> Result<()> {
    let file = directory.join(CONFIG);
    match read_raw(&file) {
        Ok(found) if found != bytes => {}
        Err(Error::Io { source, .. }) if source.kind() != ErrorKind::NotFound => {
            return Err(Error::io(&file)(source));
        }
        _ => return Ok(()),
    }
    // Another damage is repaired by the caller, which writes the configuration anew.
    let Ok(found) = JobConfig::read(directory) else { return Ok(()) };
    if found.with_steps(config.steps) != *config || found.steps == config.steps {
        return Ok(());
    }
    if found.steps > config.steps {
        return Err(too_long(directory, found.steps, config.steps));
    }
    // The results of the shorter run stay if it cannot be continued.
    newest(directory, &found, &|_| {})?;
    // Without checksums, a configuration is compared with the hash in the name of its folder, which both have.
    for name in [RESULTS, checksums::FILE] {
        match std::fs::remove_file(directory.join(name)) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(Error::io(directory.join(name))(e)),
            _ => {}
        }
    }
    write_atomically(file, bytes)
}

/// Makes the runs of `jobs` extensions of runs below `root` with fewer steps and otherwise the same configuration; of
/// those with the same schedule alone, if it `is_given`. Returns a message for each configuration with runs to be
/// extended.
///
/// # Errors
/// [`Error::Config`] if a run has been extended beyond the steps of its job; [`Error::Io`].
pub(crate) fn extend(
    registry: &Registry,
    jobs: &mut [Job],
    root: &Path,
    is_given: bool,
) -> Result<Vec<String>> {
    let mut messages = Vec::new();
    for group in jobs.chunk_by_mut(|a, b| a.config.without_seed() == b.config.without_seed()) {
        let config = &group[0].config;
        if registry.find_agent(&config.agent)?.is_offline() {
            continue;
        }
        let own = !runs_in(&root.join(config.folder()))?.is_empty();
        if !own
            && !is_given
            && let Some(schedule) = schedule_to_extend(root, config)?
        {
            for job in &mut *group {
                let steps = job.config.steps;
                job.config = JobConfig { steps: schedule, ..job.config.clone() }.with_steps(steps);
            }
        }
        let mut extended: Vec<u64> = Vec::new();
        for job in &*group {
            let directory = job.directory(root);
            match JobConfig::read(&directory) {
                Ok(found) if found.steps > job.config.steps => {
                    return Err(too_long(&directory, found.steps, job.config.steps));
                }
                Ok(found) if found.steps < job.config.steps => extended.push(found.steps),
                // A damaged configuration is an error of its run alone.
                _ => {}
            }
        }
        if let Some(&from) = extended.iter().min() {
            messages.push(message(&group[0].config, from, extended.len()));
        }
    }
    Ok(messages)
}

/// Message about `count` runs that are extended from `from` steps.
fn message(config: &JobConfig, from: u64, count: usize) -> String {
    let JobConfig { world_label, agent_label, steps, .. } = config;
    let runs = if count == 1 { "1 run is".to_owned() } else { format!("{count} runs are") };
    let mut text = format!("{world_label} {agent_label}: {runs} extended from {from} to {steps} steps");
    if config.schedule() == *steps {
        return text;
    }
    let schedule = config.schedule();
    text.push_str(&format!(
        "; log lines, evaluations and checkpoints keep the distances of a run of {schedule} steps"
    ));
    let ramps = ramps(&config.agent_settings, "");
    if !ramps.is_empty() {
        text.push_str(&format!(
            "; ramps over the first {schedule} steps keep their last value from then on: {}",
            ramps.join(", ")
        ));
    }
    text.push_str(&format!("; to train from the start instead: --set schedule_steps={steps}"));
    text
}

/// Dotted names of the settings that depend on the share of the steps made: ramps and warm starts.
fn ramps(settings: &Table, prefix: &str) -> Vec<String> {
    let of = |(key, value): (&String, &Value)| match value {
        Value::Table(table) if table.contains_key("from") && table.contains_key("to") => {
            vec![format!("{prefix}{key}")]
        }
        Value::Table(table) if key == "warm_start" && !table.is_empty() => vec![format!("{prefix}{key}")],
        Value::Table(table) => ramps(table, &format!("{prefix}{key}.")),
        _ => Vec::new(),
    };
    settings.iter().flat_map(of).collect()
}

/// Schedule of the longest runs below `root` that have the configuration `config`, but another schedule and at most its
/// steps: shorter ones, and those that have been extended to its steps. `None` if there are none.
fn schedule_to_extend(root: &Path, config: &JobConfig) -> Result<Option<u64>> {
    let folder = config.folder();
    let Some((names, _)) = folder.rsplit_once('-') else { return Ok(None) };
    let mut longest: Option<(u64, u64)> = None;
    for name in names_in(root)? {
        if name.rsplit_once('-').is_none_or(|(other, hash)| other != names || hash.len() != 8) {
            continue;
        }
        let runs = runs_in(&root.join(&name))?;
        let found: Vec<JobConfig> =
            runs.iter().filter_map(|run| JobConfig::read(&root.join(&name).join(run)).ok()).collect();
        let same = |one: &JobConfig| {
            one.without_seed().with_steps(config.steps)
                == JobConfig { steps: one.schedule(), ..config.without_seed() }.with_steps(config.steps)
        };
        if !found.iter().all(|one| one.steps <= config.steps && same(one)) {
            continue;
        }
        let found = found.iter().map(|one| (one.steps, one.schedule())).max();
        longest = longest.max(found);
    }
    Ok(longest.map(|(_, schedule)| schedule))
}

/// Names of the runs `seed-<n>` in the folder of a configuration.
fn runs_in(folder: &Path) -> Result<Vec<String>> {
    let is_run = |name: &String| name.starts_with("seed-") && folder.join(name).join(CONFIG).is_file();
    Ok(names_in(folder)?.into_iter().filter(is_run).collect())
}

/// Names in `folder`, sorted; empty if there is no such folder.
fn names_in(folder: &Path) -> Result<Vec<String>> {
    let entries = match std::fs::read_dir(folder) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(Error::io(folder))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry.map_err(Error::io(folder))?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}
