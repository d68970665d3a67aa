//! Trained players, taken from the folders of their runs and seated in other worlds.

use std::path::Path;
use std::sync::Arc;

use freewheel_core::{Cast, Error, Mode, Policy, Result, Spec};

use crate::catalogue::Catalogue;
use crate::job::Job;
use crate::{output, training};

impl Cast for Catalogue {
    fn seat(&self, folder: &Path, spec: &Spec) -> Result<Arc<dyn Policy>> {
        let job = self.run_in(folder)?;
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

impl Catalogue {
    /// What the player of the run in `folder` has learned, as bytes.
    pub(crate) fn learned(&self, folder: &Path) -> Result<Vec<u8>> {
        let job = self.run_in(folder)?;
        match training::newest(folder, &job.config, &output::note)? {
            Some((_, checkpoint)) => Ok(checkpoint.section("learner")?.to_vec()),
            None => Err(untrained(folder)),
        }
    }

    fn run_in(&self, folder: &Path) -> Result<Job> {
        if !folder.join("config.toml").is_file() {
            let message = format!("{}: not the folder of a run (`seed-<n>`)", folder.display());
            return Err(Error::Config(message));
        }
        self.load_job(folder, &mut Default::default())
    }
}

fn untrained(folder: &Path) -> Error {
    Error::Config(format!("{}: this run has no checkpoint yet; train it first", folder.display()))
}
