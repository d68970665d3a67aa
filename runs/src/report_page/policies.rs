//! Trained policies of a report: their size, the time of an action, and the picture of an episode.

use std::sync::Arc;

use freewheel_core::{Policy, PolicyMode, Result, Streams};

use crate::Registry;
use crate::comparison::Entry;
use crate::export::policy::{graph_of, microseconds};
use crate::job::{Job, JobConfig};
use crate::render::{self, Format, Timing};
use crate::tui::{Offscreen, Watch};

/// Columns and rows of the picture of an episode.
const SCREEN: (u16, u16) = (120, 36);
/// Maximum number of steps of the episode in a picture without a time limit.
const MAX_STEPS: u32 = 10_000;

/// Policy of the first finished run of an entry.
pub(super) struct Trained {
    job: Job,
    pub(super) policy: Arc<dyn Policy>,
    name: String,
    /// Number of its parameters; `None` for a policy that cannot be exported.
    pub(super) parameters: Option<usize>,
    /// Median time of one action on this machine, in microseconds; `None` for a script, whose actions the world
    /// chooses.
    pub(super) microseconds: Option<f64>,
}

/// Policies of the `entries`, in their order; `None` for a run without a checkpoint.
///
/// # Errors
/// Errors of reading the runs and of the worlds' steps.
pub(super) fn of(registry: &Registry, entries: &[Entry]) -> Result<Vec<Option<Trained>>> {
    let one = |entry: &Entry| {
        let Some(folder) = entry.folders.first() else { return Ok(None) };
        // The world and its encoder are those of all seeds; the first finished run may have another seed.
        let job = Job { config: JobConfig::read(folder)?, ..entry.job.clone() };
        let Some((_, agent)) = job.trained(registry, folder, &crate::output::note)? else { return Ok(None) };
        let policy: Arc<dyn Policy> = Arc::from(agent.policy(PolicyMode::Greedy));
        let parameters = graph_of(&job, &*policy).ok().map(|graph| graph.parameters());
        let measure = || microseconds(&job, &*policy);
        let microseconds = policy.script().is_none().then(measure).transpose()?;
        let name = format!("{}, seed {}", entry.agent, job.config.seed);
        Ok(Some(Trained { job, policy, name, parameters, microseconds }))
    };
    entries.iter().map(one).collect()
}

impl Trained {
    /// Last screen of an episode of the evaluation world, as SVG.
    ///
    /// # Errors
    /// Errors of the world's steps.
    pub(super) fn picture(&self) -> Result<String> {
        let world = self.job.world.evaluation_world().map_or(&self.job.world, |evaluation| &evaluation.world);
        let most = self.job.max_steps();
        let watch = Watch {
            title: self.job.config.world_label.clone(),
            policies: vec![(self.name.clone(), Arc::clone(&self.policy))],
            streams: Streams::new(self.job.config.seed),
            max_steps: if most == 0 { MAX_STEPS } else { most.min(MAX_STEPS) },
            ..Watch::new(Arc::clone(world))
        };
        let mut viewer = Offscreen::new(watch, 0, SCREEN, false, &|_| {})?;
        let step = viewer.steps();
        let timing = Timing { fps: 1.0, max_seconds: 1.0 };
        let svg = render::render(&mut viewer, Format::Svg, step, timing, &|_, _| {})?;
        Ok(String::from_utf8_lossy(&svg).into_owned())
    }
}
