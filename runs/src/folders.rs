//! Folders of runs: finding the runs in a folder, loading their jobs, and using their trained policies as players in
//! other worlds.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use freewheel_core::{DynWorld, Error, Policy, PolicyLoader, PolicyMode, Result, Spec};

use crate::checkpoints::{check_is_run, no_checkpoint};
use crate::checksums::CONFIG;
use crate::job::{Job, JobConfig};
use crate::observation::ObservationConfig;
use crate::output;
use crate::registry::Registry;

/// Cache for the jobs of several runs. The runs of an experiment share one world, and so also the solution cached in
/// it.
#[derive(Default)]
pub(crate) struct WorldCache {
    /// Worlds by name and settings.
    worlds: HashMap<String, Arc<dyn DynWorld>>,
    /// Folder names of the configurations that have been checked.
    checked: HashSet<String>,
}

impl Registry {
    /// All runs in `path` and its subfolders, with their folders, sorted by folder name.
    ///
    /// # Errors
    /// [`Error::Config`] if there is no run; errors of [`Registry::load_job`].
    pub(crate) fn find_jobs(&self, path: &Path) -> Result<Vec<(PathBuf, Job)>> {
        let found = files_below(path, CONFIG)?;
        if found.is_empty() {
            return Err(no_run(path));
        }
        let directories = found.iter().filter_map(|file| file.parent());
        let mut worlds = WorldCache::default();
        directories.map(|dir| Ok((dir.to_owned(), self.load_job(dir, &mut worlds)?))).collect()
    }

    /// Run in `folder`.
    ///
    /// # Errors
    /// [`Error::Config`] if `folder` is not the folder of a run; errors of [`Registry::load_job`].
    pub(crate) fn job_in(&self, folder: &Path) -> Result<Job> {
        check_is_run(folder)?;
        self.load_job(folder, &mut WorldCache::default())
    }

    /// Job of the run whose `config.toml` is in `directory`. The run's world is taken from the cache `worlds`, or
    /// built.
    ///
    /// # Errors
    /// Errors of [`JobConfig::read`] and of building the world; [`Error::Config`] if a file or a policy that the world
    /// is built from has changed since the run was started, or if the world has another version.
    pub(crate) fn load_job(&self, directory: &Path, worlds: &mut WorldCache) -> Result<Job> {
        self.job_of(JobConfig::read(directory)?, &directory.join(CONFIG), worlds)
    }

    /// Job with the configuration `config`, read from `file`. The world is taken from the cache `worlds`, or built.
    ///
    /// # Errors
    /// As [`Registry::load_job`].
    pub(crate) fn job_of(&self, config: JobConfig, file: &Path, worlds: &mut WorldCache) -> Result<Job> {
        // The digest is checked before the world is built: a run that is its own opponent, directly or not, cannot have
        // this digest.
        if self.world_digest(&config.world, &config.world_settings)? != config.world_digest {
            let sources = self.world_sources(&config.world, &config.world_settings)?;
            let sources: Vec<_> = sources.iter().map(|source| source.display().to_string()).collect();
            return Err(Error::Config(format!(
                "{}: a source of {} has changed since this run was made: {}",
                file.display(),
                config.world,
                sources.join(", ")
            )));
        }
        let world = match worlds.worlds.entry(format!("{} {}", config.world, config.world_settings)) {
            Entry::Occupied(built) => Arc::clone(built.get()),
            Entry::Vacant(new) => {
                Arc::clone(new.insert(self.build_world_of_file(&config.world, &config.world_settings)?))
            }
        };
        if world.spec().version != config.world_version {
            return Err(Error::Config(format!(
                "{}: this run was made with version {} of {}; this program has version {}",
                file.display(),
                config.world_version,
                config.world,
                world.spec().version
            )));
        }
        let world = ObservationConfig::of(&config.agent_settings)?.apply(world, self.estimators())?;
        let job = Job { config, world, demonstrations: None, tensorboard: false };
        if worlds.checked.insert(job.config.folder()) {
            job.check(self)?;
        }
        Ok(job)
    }
}

/// Separator between the folder of a run and the simulations of a tree search, as in `RUN+search:200`.
const SEARCH: &str = "+search:";

/// Folder of the run `name`, and the simulations of the tree search that is to choose its actions, if it names one.
///
/// # Errors
/// [`Error::Config`] for simulations that are not a number from 1 to 100000.
pub(crate) fn split_search(name: &str) -> Result<(&str, Option<u32>)> {
    let Some((run, simulations)) = name.rsplit_once(SEARCH) else { return Ok((name, None)) };
    match simulations.trim().parse() {
        Ok(simulations @ 1..=100_000) => Ok((run, Some(simulations))),
        _ => Err(Error::Config(format!(
            "{name}: `{simulations}` must be a number of simulations, 1 to 100000, as in {run}{SEARCH}200"
        ))),
    }
}

/// `policy` of the run `name`, with a tree search of these `simulations`, if any.
///
/// # Errors
/// [`Error::Config`] for a policy that cannot search.
pub(crate) fn with_search(
    policy: Box<dyn Policy>,
    simulations: Option<u32>,
    name: &str,
) -> Result<Box<dyn Policy>> {
    let Some(simulations) = simulations else { return Ok(policy) };
    policy.with_search(simulations).ok_or_else(|| {
        let why = "this policy has no values for a tree search; train the agent alphazero";
        Error::Config(format!("{name}: {why}"))
    })
}

impl PolicyLoader for Registry {
    /// Policy of the run in `folder`, which may name a tree search, as in `RUN+search:200`.
    fn load(&self, folder: &Path, spec: &Spec) -> Result<Arc<dyn Policy>> {
        let name = folder.to_string_lossy();
        let (run, simulations) = split_search(&name)?;
        // The path itself, if there is no search: it may not be text.
        let folder = if simulations.is_some() { Path::new(run) } else { folder };
        let job = self.job_in(folder)?;
        let config = |message: String| Err(Error::Config(format!("{}: {message}", folder.display())));
        let ObservationConfig { frame_stack, encoder } = ObservationConfig::of(&job.config.agent_settings)?;
        if let Some(encoder) = encoder {
            return config(format!(
                "this policy was trained with the encoder {}, which is not available in another world; train \
                 one without",
                encoder.estimator
            ));
        }
        if frame_stack > 1 {
            return config(format!(
                "this policy was trained with frame_stack = {frame_stack}, which is not available in another world; \
                 train one with frame_stack = 1 (in Go, the setting world.history shows past boards)"
            ));
        }
        let own = job.world.spec();
        if (&own.observation, &own.actions) != (&spec.observation, &spec.actions) {
            return config(format!(
                "this policy was trained for {}, whose observations or actions differ from those of {}; use the \
                 same size and observation settings for both",
                own.id, spec.id
            ));
        }
        match job.trained(self, folder, &output::note)? {
            Some((_, agent)) => match agent.policy(PolicyMode::Greedy) {
                policy if policy.memory_len() == 0 => Ok(Arc::from(with_search(policy, simulations, &name)?)),
                _ => config("this policy has a memory, which is not available in another world".into()),
            },
            None => Err(no_checkpoint(folder)),
        }
    }
}

/// Error about a folder without runs.
pub(crate) fn no_run(path: &Path) -> Error {
    Error::Config(format!("{}: there is no run in or below this folder", path.display()))
}

/// Creates the folder `directory` below `root`. Folders between the two must be folders, not links to other places.
///
/// # Errors
/// [`Error::Config`] for a link or a file in the place of a folder; [`Error::Io`].
pub(crate) fn create_folder(root: &Path, directory: &Path) -> Result<()> {
    let below = directory.strip_prefix(root).unwrap_or(Path::new(""));
    let mut folder = root.to_owned();
    for name in below {
        folder.push(name);
        if !is_folder(&folder)? {
            match std::fs::create_dir(&folder) {
                // Another job has created the folder in the meantime.
                Err(e) if e.kind() == ErrorKind::AlreadyExists && is_folder(&folder)? => {}
                made => made.map_err(Error::io(&folder))?,
            }
        }
    }
    Ok(())
}

/// Whether there is a folder at `path`; false if there is nothing.
///
/// # Errors
/// [`Error::Config`] for a link or a file; [`Error::Io`].
pub(crate) fn is_folder(path: &Path) -> Result<bool> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => Ok(true),
        Ok(_) => Err(Error::Config(format!(
            "{}: this is a link or a file in the place of a folder of results, and is not followed; remove it",
            path.display()
        ))),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
        Err(e) => Err(Error::io(path)(e)),
    }
}

/// Opens the file `path` to read and write it, and creates it if it is missing. Its content is left as it is; a link in
/// its place is not followed.
///
/// # Errors
/// [`Error::Config`] for a link or a folder; [`Error::Io`].
pub(crate) fn open_file(path: &Path) -> Result<File> {
    let mut options = File::options();
    match options.read(true).write(true).create_new(true).open(path) {
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {
            if !std::fs::symlink_metadata(path).map_err(Error::io(path))?.is_file() {
                return Err(Error::Config(format!(
                    "{}: this is not a file but a link or a folder, and is not followed; remove it",
                    path.display()
                )));
            }
            options.create_new(false).open(path)
        }
        created => created,
    }
    .map_err(Error::io(path))
}

/// Files called `name` in or below `path`, sorted by path, with seed-2 before seed-10.
///
/// # Errors
/// [`Error::Io`].
pub(crate) fn files_below(path: &Path, name: &str) -> Result<Vec<PathBuf>> {
    files_where(path, |found| found == name)
}

/// Files in or below `path` whose names fulfill `wanted`, sorted as by [`files_below`].
///
/// # Errors
/// [`Error::Io`].
pub(crate) fn files_where(path: &Path, wanted: impl Fn(&str) -> bool) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(Error::io(&folder))? {
            let entry = entry.map_err(Error::io(&folder))?;
            let kind = entry.file_type().map_err(Error::io(entry.path()))?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if entry.file_name().to_str().is_some_and(&wanted) {
                found.push(entry.path());
            }
        }
    }
    found.sort_by_key(|file| (run_order(file.parent().unwrap_or(file)), file.clone()));
    Ok(found)
}

/// Sorting key of the folder of a run: its configuration, then its seed as a number.
pub(crate) fn run_order(folder: &Path) -> (Option<PathBuf>, Option<u64>) {
    let seed = folder.file_name().and_then(|n| n.to_str()?.strip_prefix("seed-")?.parse::<u64>().ok());
    (folder.parent().map(Path::to_owned), seed)
}
