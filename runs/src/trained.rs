//! Trained players, taken from the folders of their runs and seated in other worlds.

use std::path::Path;
use std::sync::Arc;

use freewheel_core::{Error, Mode, Policy, PolicyLoader, Result, Spec};

use crate::job::{Job, JobConfig};
use crate::observation::ObservationConfig;
use crate::registry::Registry;
use crate::{output, training};

impl PolicyLoader for Registry {
    fn load(&self, folder: &Path, spec: &Spec) -> Result<Arc<dyn Policy>> {
        let job = self.run_in(folder)?;
        let ObservationConfig { frame_stack, encoder } = ObservationConfig::of(&job.config.agent_settings)?;
        if let Some(encoder) = encoder {
            return Err(Error::Config(format!(
                "{}: its player was trained behind an encoder ({}), and who is seated in a world sees the world itself; train \
                 one without",
                folder.display(),
                encoder.estimator
            )));
        }
        if frame_stack > 1 {
            return Err(Error::Config(format!(
                "{}: its player was trained with frame_stack = {frame_stack}, and who is seated in a world remembers nothing; \
                 train one with frame_stack = 1 (in Go, world.history shows past boards)",
                folder.display()
            )));
        }
        let own = job.world.spec();
        if (&own.observation, &own.actions) != (&spec.observation, &spec.actions) {
            return Err(Error::Config(format!(
                "{}: its player was trained for {}, which does not look like {}; give both the same size and observation",
                folder.display(),
                own.id,
                spec.id
            )));
        }
        match job.trained(self, folder, &output::note)? {
            Some((_, learner)) => Ok(Arc::from(learner.policy(Mode::Greedy))),
            None => Err(untrained(folder)),
        }
    }
}

impl Registry {
    pub(crate) fn run_in(&self, folder: &Path) -> Result<Job> {
        is_run(folder)?;
        self.load_job(folder, &mut Default::default())
    }
}

/// Which run the one in `folder` is, and what its player has learned, as bytes.
pub(crate) fn learned(folder: &Path) -> Result<[Vec<u8>; 2]> {
    is_run(folder)?;
    let config = JobConfig::read(folder)?;
    match training::newest(folder, &config, &output::note)? {
        Some((_, checkpoint)) => Ok([config.identity(), checkpoint.section("learner")?.to_vec()]),
        None => Err(untrained(folder)),
    }
}

fn is_run(folder: &Path) -> Result<()> {
    match folder.join("config.toml").is_file() {
        true => Ok(()),
        false => Err(Error::Config(format!("{}: not the folder of a run (`seed-<n>`)", folder.display()))),
    }
}

fn untrained(folder: &Path) -> Error {
    Error::Config(format!("{}: this run has no checkpoint yet; train it first", folder.display()))
}
