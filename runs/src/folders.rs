//! Folders of runs: finding the runs in a folder, loading their jobs, and using their trained policies as players in
//! other worlds.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use freewheel_core::{DynWorld, Error, Policy, PolicyLoader, PolicyMode, Result, Spec};

use crate::checkpoints::{check_is_run, no_checkpoint};
use crate::job::{Job, JobConfig};
use crate::observation::ObservationConfig;
use crate::output;
use crate::registry::Registry;

/// Cache of worlds by name and settings. The runs of an experiment share one world, and so also the solution cached in
/// it.
pub(crate) type WorldCache = HashMap<String, Arc<dyn DynWorld>>;

impl Registry {
    /// All runs in `path` and its subfolders, with their folders, sorted by folder name.
    ///
    /// # Errors
    /// [`Error::Config`] if there is no run; errors of [`Registry::load_job`].
    pub(crate) fn find_jobs(&self, path: &Path) -> Result<Vec<(PathBuf, Job)>> {
        let found = files_below(path, "config.toml")?;
        if found.is_empty() {
            let message = format!("{}: there is no run in or below this folder", path.display());
            return Err(Error::Config(message));
        }
        let directories = found.iter().filter_map(|file| file.parent());
        let mut worlds = WorldCache::new();
        directories.map(|dir| Ok((dir.to_owned(), self.load_job(dir, &mut worlds)?))).collect()
    }

    /// Run in `folder`.
    ///
    /// # Errors
    /// [`Error::Config`] if `folder` is not the folder of a run; errors of [`Registry::load_job`].
    pub(crate) fn job_in(&self, folder: &Path) -> Result<Job> {
        check_is_run(folder)?;
        self.load_job(folder, &mut WorldCache::new())
    }

    /// Job of the run whose `config.toml` is in `directory`. The run's world is taken from the cache `worlds`, or
    /// built.
    ///
    /// # Errors
    /// Errors of [`JobConfig::read`] and of building the world; [`Error::Config`] if a file or a policy that the world
    /// is built from has changed since the run was started, or if the world has another version.
    pub(crate) fn load_job(&self, directory: &Path, worlds: &mut WorldCache) -> Result<Job> {
        let config = JobConfig::read(directory)?;
        let file = directory.join("config.toml");
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
        let world = match worlds.entry(format!("{} {}", config.world, config.world_settings)) {
            Entry::Occupied(built) => Arc::clone(built.get()),
            Entry::Vacant(new) => {
                Arc::clone(new.insert(self.build_world(&config.world, &config.world_settings)?))
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
        Ok(Job { config, world })
    }
}

impl PolicyLoader for Registry {
    fn load(&self, folder: &Path, spec: &Spec) -> Result<Arc<dyn Policy>> {
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
            Some((_, agent)) => Ok(Arc::from(agent.policy(PolicyMode::Greedy))),
            None => Err(no_checkpoint(folder)),
        }
    }
}

/// Files called `name` in or below `path`, sorted by path, with seed-2 before seed-10.
///
/// # Errors
/// [`Error::Io`].
pub(crate) fn files_below(path: &Path, name: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(Error::io(&folder))? {
            let entry = entry.map_err(Error::io(&folder))?;
            let kind = entry.file_type().map_err(Error::io(entry.path()))?;
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
