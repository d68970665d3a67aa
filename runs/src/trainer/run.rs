//! Trainers from the folders of runs, and back: checkpoints of the program.

use std::path::{Path, PathBuf};

use freewheel_core::checkpoint::Checkpoint;
use freewheel_core::{Error, Result};

use super::{Config, Counts, Trainer, built};
use crate::checkpoints::{METRICS_DIGEST, newest, no_checkpoint, stores};
use crate::checksums::METRICS;
use crate::job::{self, Job, JobConfig};
use crate::output;
use crate::registry::Registry;
use crate::training::Progress;

impl Trainer {
    /// Trainer at the newest intact checkpoint of the run in `folder` (`seed-<n>`), which the program or
    /// [`Trainer::save_run`] wrote. Learning goes on as in the run.
    ///
    /// # Errors
    /// [`Error::Config`] if `folder` is not a run or has no checkpoint; [`Error::Damaged`]; errors of building the
    /// world.
    pub fn of_run(folder: impl AsRef<Path>) -> Result<Self> {
        let (folder, registry) = (folder.as_ref(), Registry::standard());
        let job = registry.job_in(folder)?;
        let Some((step, checkpoint)) = newest(folder, &job.config, &output::note)? else {
            return Err(no_checkpoint(folder));
        };
        let progress: Progress = postcard::from_bytes(checkpoint.section("progress")?)
            .map_err(|e| Error::Damaged { file: folder.to_owned(), reason: e.to_string() })?;
        let run = job.config;
        let config = Config {
            world: Some(run.world.clone()),
            world_name: job.world.spec().id.clone(),
            world_version: run.world_version,
            world_digest: run.world_digest,
            demonstrations_digest: run.demonstrations_digest,
            agent: run.agent.clone(),
            num_envs: run.num_envs,
            seed: run.seed,
            total_steps: Some(run.steps),
            world_settings: run.world_settings.clone(),
            settings: run.agent_settings,
        };
        let world = registry.build_world_of_file(&run.world, &run.world_settings)?;
        let factory = std::sync::Arc::clone(registry.shared_agent(&run.agent)?);
        let mut trainer = Trainer::new(config, &registry, world, factory)?;
        trainer.envs.load(checkpoint.section("episodes")?)?;
        trainer.counts = Counts::of_run(step, progress.episodes);
        let Trainer { agent, factory, world, config, .. } = &mut trainer;
        built(agent, &**factory, &**world, config)?.load(checkpoint.section("agent")?)?;
        Ok(trainer)
    }

    /// Writes a run with a checkpoint below the folder `root`; returns its folder. The program shows it (`watch`),
    /// evaluates it (`eval`), and finishes it (`resume`).
    ///
    /// # Errors
    /// [`Error::Config`] for a world value of the user's own, or if the folder has a run already; [`Error::Io`].
    pub fn save_run(&self, root: impl AsRef<Path>) -> Result<PathBuf> {
        let Config { world: Some(world), agent, num_envs, .. } = &self.config else {
            let name = &self.config.world_name;
            return Err(Error::Config(format!(
                "{name} is in no registry, so that the program cannot read its runs"
            )));
        };
        let step = self.counts.step;
        let total = self.config.total_steps.unwrap_or(step).max(step).next_multiple_of(*num_envs as u64);
        let config = JobConfig {
            format: JobConfig::FORMAT,
            world: world.clone(),
            world_label: world.clone(),
            world_version: self.config.world_version,
            world_digest: self.config.world_digest.clone(),
            demonstrations_digest: self.config.demonstrations_digest.clone(),
            agent: agent.clone(),
            agent_label: agent.clone(),
            seed: self.config.seed,
            steps: total.max(*num_envs as u64),
            schedule_steps: None,
            num_envs: *num_envs,
            evaluation: job::Evaluation::default(),
            log: job::LogPlan::default(),
            checkpoint: job::CheckpointPlan::default(),
            world_settings: self.config.world_settings.clone(),
            agent_settings: self.config.settings.clone(),
        };
        let job = Job { config, world: self.world.clone(), demonstrations: None, tensorboard: false };
        let folder = job.directory(root.as_ref());
        if folder.symlink_metadata().is_ok() {
            return Err(Error::Config(format!(
                "{}: there is a run already; choose another folder",
                folder.display()
            )));
        }
        std::fs::create_dir_all(root.as_ref()).map_err(Error::io(root.as_ref()))?;
        job.prepare(root.as_ref())?;
        let unsupported = |e: postcard::Error| Error::Unsupported(format!("cannot be saved: {e}"));
        let progress = Progress::at(step, self.counts.episodes);
        let mut checkpoint = Checkpoint::new();
        checkpoint.insert("run", job.config.identity());
        checkpoint.insert("progress", postcard::to_stdvec(&progress).map_err(unsupported)?);
        checkpoint.insert(METRICS_DIGEST, blake3::hash(b"").as_bytes().to_vec());
        let mut agent = None;
        let agent = match &self.agent {
            Some(agent) => agent.save()?,
            None => built(&mut agent, &*self.factory, &*self.world, &self.config)?.save()?,
        };
        checkpoint.insert("agent", agent);
        checkpoint.insert("episodes", self.envs.save()?);
        let [scheduled, _] = stores(&folder, job.config.checkpoint.keep);
        scheduled.save(step, &checkpoint)?;
        freewheel_core::checkpoint::write_atomically(folder.join(METRICS), b"")?;
        Ok(folder)
    }
}
