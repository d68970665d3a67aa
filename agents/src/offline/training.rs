//! Gradient steps on demonstrations, spread evenly over the steps of a run, and their state in a checkpoint.

use freewheel_core::demonstrations::DemonstrationSet;
use freewheel_core::{Error, MetricSink, Purpose, Result, Stream, Streams};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Budget;
use crate::demonstrations::{returns, steps};
use crate::nn::ObservationNormalizer;
use crate::progress::{MAX_COUNT, RunningMeans, StepCounter, decode};

/// Random numbers, counters and metrics of an agent that makes gradient steps on demonstrations.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Training {
    pub(super) rng: Stream,
    pub(super) counter: StepCounter,
    /// Gradient steps made.
    pub(super) updates: u64,
    pub(super) means: RunningMeans,
}

impl Training {
    /// State before the first gradient step.
    pub(super) fn new(streams: Streams) -> Self {
        Training {
            rng: streams.stream(Purpose::Agent, 0, 0),
            counter: StepCounter::default(),
            updates: 0,
            means: RunningMeans::default(),
        }
    }

    /// Whether a loaded state is possible between two calls of `learn` with `num_envs` environments.
    pub(super) fn is_valid(&self, num_envs: usize) -> bool {
        self.counter.is_valid(num_envs) && self.updates <= MAX_COUNT && self.means.is_valid()
    }

    /// Reports the number of gradient steps, and the means since the last report.
    pub(super) fn report(&mut self, metrics: &mut dyn MetricSink) {
        metrics.scalar("updates", self.updates as f64);
        self.means.report(metrics);
    }
}

/// Agent that makes gradient steps on demonstrations.
pub(super) trait GradientSteps {
    /// Size of the run, and the number of gradient steps in it.
    fn plan(&self) -> (Budget, u32);
    /// Random numbers, counters and metrics.
    fn training(&mut self) -> &mut Training;
    /// Makes one gradient step.
    ///
    /// # Errors
    /// [`Error::Diverged`]; errors of candle.
    fn update(&mut self) -> Result<()>;
}

/// Counts `steps` more steps of the run of `agent`, and makes the gradient steps that are due.
///
/// # Errors
/// Errors of a gradient step.
pub(super) fn learn(agent: &mut impl GradientSteps, steps: u64) -> Result<()> {
    let (Budget { num_envs, steps: total }, gradient_steps) = agent.plan();
    let (total, all) = (u128::from(total.max(1)), u128::from(gradient_steps));
    for _ in 0..agent.training().counter.request(steps, num_envs) {
        let counter = &mut agent.training().counter;
        counter.advance(num_envs);
        let due = (u128::from(counter.step) * all / total).min(all) as u64;
        while agent.training().updates < due {
            agent.training().updates += 1;
            agent.update()?;
        }
    }
    Ok(())
}

/// Checkpoint of the agent `id`: the name and version of its format, then `state`.
///
/// # Errors
/// [`Error::Unsupported`] for a state that cannot be written.
pub(super) fn save(id: &str, (name, version): (&str, u32), state: &impl Serialize) -> Result<Vec<u8>> {
    postcard::to_stdvec(&(name, version, state))
        .map_err(|e| Error::Unsupported(format!("agent {id} cannot be saved: {e}")))
}

/// State in a checkpoint that [`save`] wrote.
///
/// # Errors
/// [`Error::Config`] for the bytes of another agent or version, or damaged ones.
pub(super) fn load<T: DeserializeOwned>(id: &str, format: (&str, u32), bytes: &[u8]) -> Result<T> {
    let refuse = |why: &str| refused(id, why);
    let ((name, version), rest): ((String, u32), _) =
        postcard::take_from_bytes(bytes).map_err(|e| refuse(&e.to_string()))?;
    if (&*name, version) != format {
        return Err(refuse(&format!("it is {name:?} of format {version}")));
    }
    decode(rest).map_err(|e| refuse(&e))
}

/// Error about a checkpoint that is not one of the agent `id`.
pub(super) fn refused(id: &str, why: &str) -> Error {
    Error::Config(format!("this is not a saved {id}: {why}"))
}

/// Shows all observations of `set` to `normalizer`; returns the factor of its rewards that gives the returns with
/// discount `gamma` the standard deviation 1.
pub(super) fn prepare(set: &DemonstrationSet, normalizer: &mut ObservationNormalizer, gamma: f64) -> f32 {
    normalize(set, normalizer);
    reward_factor(set.episodes.iter().flat_map(|episode| returns(episode, gamma)))
}

/// Shows all observations of `set` to `normalizer`.
pub(super) fn normalize(set: &DemonstrationSet, normalizer: &mut ObservationNormalizer) {
    steps(set).for_each(|step| normalizer.update(step.obs));
    normalizer.refresh();
}

/// Factor of rewards that gives the returns `all` the standard deviation 1; 1 if they are all equal.
pub(super) fn reward_factor(all: impl Iterator<Item = f64>) -> f32 {
    let (mut n, mut mean, mut squares) = (0.0, 0.0, 0.0);
    for x in all {
        n += 1.0;
        let before = x - mean;
        mean += before / n;
        squares += before * (x - mean);
    }
    let std = if n > 0.0 { f64::sqrt(squares / n) } else { 0.0 };
    let factor = (1.0 / std) as f32;
    if (1e-30..=1e30).contains(&factor) { factor } else { 1.0 }
}
