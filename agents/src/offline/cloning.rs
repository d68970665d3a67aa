//! Behavior cloning: a classifier of the demonstrated actions, or a regressor of continuous ones, as a policy.
//!
//! ```text
//! pi(a|s) = P(a|s) / sum of P(a'|s) over the legal actions a'
//! ```
//!
//! Pomerleau 1989, "ALVINN: an autonomous land vehicle in a neural network". P is any classifier with probabilities.
//! With `keep = "top 20%"` it is filtered cloning: only the best episodes are imitated. Continuous actions are the
//! predictions of a regressor, limited to their bounds; the exploring policy adds normal noise of the size of the
//! residuals.

use std::collections::BTreeMap;
use std::sync::Arc;

use freewheel_core::demonstrations::DemonstrationSet;
use freewheel_core::settings::unknown;
use freewheel_core::{
    ActionSpace, Actions, Agent, Error, MetricSink, ObservationSpace, Policy, PolicyMode, Result, Spec,
    Streams, VectorEnv, memory,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::features::Features;
use crate::Budget;
use crate::Samples;
use crate::demonstrations::openings::clone_estimator;
use crate::demonstrations::{Demonstrated, not_loaded, steps};
use crate::estimator::{AnyEstimator, Task};
use crate::progress::{StepCounter, decode};
use crate::settings::within;

mod policy;
#[cfg(test)]
mod tests;

use policy::ClonedPolicy;

/// One-line description in the list of agents.
pub const ABOUT: &str =
    "Behavior cloning: imitates demonstrations with any classifier or regressor (Pomerleau 1989)";

/// Version of the checkpoint format.
const FORMAT: u32 = 1;

/// Settings of [`Cloning`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Estimator: softmax, knn, tree, forest, mlp or cnn; for continuous actions ridge, linear, knn, tree, forest, mlp
    /// or cnn.
    pub estimator: String,
    /// Settings of the estimator, such as { n_neighbors = 3 }.
    #[serde(skip_serializing_if = "toml::Table::is_empty")]
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    pub settings: toml::Table,
    /// Demonstrations.
    #[serde(flatten, deserialize_with = "freewheel_core::settings::flattened")]
    pub demonstrated: Demonstrated,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            estimator: "mlp".into(),
            settings: toml::Table::new(),
            demonstrated: Demonstrated::default(),
        }
    }
}

impl Config {
    /// Checks the settings for worlds with the observations and actions of `spec`, without fitting the estimator.
    ///
    /// # Errors
    /// As [`Cloning::new`].
    pub(super) fn check(&self, spec: &Spec) -> Result<()> {
        self.demonstrated.check()?;
        self.build(spec, Streams::new(0)).map(drop)
    }

    /// Estimator that is not fitted yet.
    fn build(&self, spec: &Spec, streams: Streams) -> Result<AnyEstimator> {
        if spec.observation.is_empty() {
            return Err(Error::Config(format!("world {} has no observations", spec.id)));
        }
        let task = match spec.actions {
            ActionSpace::Discrete { .. } => Task::Classification,
            ActionSpace::Continuous { .. } => Task::Regression,
        };
        let mut kinds = crate::supervised::all();
        kinds.retain(|kind| kind.tasks().contains(&task));
        let Some(kind) = kinds.iter().find(|kind| kind.id() == self.estimator) else {
            let known: Vec<&str> = kinds.iter().map(|kind| kind.id()).collect();
            let about = unknown("estimator", &self.estimator, &known, "");
            let message = format!("{about}; the estimators for {}: {}", task.name(), known.join(", "));
            return Err(Error::setting("estimator", message));
        };
        let mut settings = self.settings.clone();
        if let (ObservationSpace::Box { shape, .. }, "cnn") = (&spec.observation, kind.id()) {
            let [planes, ..] = shape[..] else { return Err(Error::Config("cnn needs planes".into())) };
            settings.entry("in_channels").or_insert(toml::Value::Integer(planes as i64));
        }
        kind.build_for(task, &settings, streams)
            .map_err(|e| Error::setting("settings", format!("settings of the estimator: {e}")))
    }
}

/// Fitted estimator of the actions.
struct Fitted {
    estimator: AnyEstimator,
    features: Features,
    /// Standard deviation of the residuals of each continuous action, `[K]`; empty for discrete actions.
    std: Vec<f64>,
}

/// Behavior cloning.
///
/// ```
/// # use std::sync::Arc;
/// # use freewheel_agents::{Budget, demonstrations::Demonstrated, example::Corridor, offline::cloning::*};
/// # use freewheel_core::demonstrations::*;
/// # use freewheel_core::{ActionBuffer, Agent, Ending, PolicyMode, Streams, VectorEnv, record::RecordedActions};
/// let mut envs = Corridor::batch(1, 0);
/// let episode = Demonstration {
///     label: Label::of(Source::Human, "to the right"),
///     origin: None,
///     opening: RecordedActions::Discrete(Vec::new()),
///     observations: vec![0.0, 1.0, 2.0, 3.0, 4.0, 4.0],
///     legal: Vec::new(),
///     to_play: Vec::new(),
///     actions: RecordedActions::Discrete(vec![1; 5]),
///     rewards: vec![0.0, 0.0, 0.0, 0.0, 1.0],
///     ending: Ending::Terminal,
///     episode_return: 0.6561,
///     score: 0.6561,
/// };
/// let header = WorldHeader::of(envs.spec(), "example/corridor", serde_json::Value::Null);
/// let demonstrated = Demonstrated::of(Arc::new(DemonstrationSet { header, episodes: vec![episode] }));
/// let config = Config { estimator: "tree".into(), demonstrated, ..Config::default() };
/// let mut agent = Cloning::new(envs.spec(), config, Budget { steps: 5, num_envs: 1 }, Streams::new(0))?;
/// agent.learn(&mut envs, 5)?;
/// let mut p = [0.0; 2];
/// agent.policy(PolicyMode::Greedy).action_values(&[2.0], &[true; 2], &mut p);
/// assert_eq!(p, [0.0, 1.0]);
/// # Ok::<(), freewheel_core::Error>(())
/// ```
pub struct Cloning {
    config: Config,
    spec: Spec,
    streams: Streams,
    num_envs: usize,
    fitted: Option<Arc<Fitted>>,
    counter: StepCounter,
    /// Share of the demonstrated actions that the fitted classifier predicts, or R² of the regressor.
    agreement: f64,
}

impl Agent for Cloning {
    fn learn(&mut self, _: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        if self.fitted.is_none() {
            self.fit()?;
        }
        for _ in 0..self.counter.request(steps, self.num_envs) {
            self.counter.advance(self.num_envs);
        }
        Ok(())
    }

    fn policy(&self, mode: PolicyMode) -> Box<dyn Policy> {
        Box::new(ClonedPolicy {
            fitted: self.fitted.clone(),
            bounds: bounds(&self.spec.actions),
            stochastic: mode == PolicyMode::Exploring,
        })
    }

    fn report(&mut self, metrics: &mut dyn MetricSink) {
        if self.fitted.is_some() {
            metrics.scalar("agreement", self.agreement);
        }
    }

    fn save(&self) -> Result<Vec<u8>> {
        let fitted = match &self.fitted {
            Some(fitted) => Some((fitted.estimator.base().save()?, &fitted.std)),
            None => None,
        };
        postcard::to_stdvec(&("bc", FORMAT, fitted, self.counter, self.agreement))
            .map_err(|e| Error::Unsupported(format!("agent bc cannot be saved: {e}")))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        type Saved = (String, u32, Option<(Vec<u8>, Vec<f64>)>, StepCounter, f64);
        let refuse = |why: &str| Error::Config(format!("this is not a saved bc: {why}"));
        let (id, format, fitted, counter, agreement): Saved = decode(bytes).map_err(|e| refuse(&e))?;
        if (&*id, format) != ("bc", FORMAT) {
            return Err(refuse(&format!("it is {id:?} of format {format}")));
        }
        if !counter.is_valid(self.num_envs) || !agreement.is_finite() {
            return Err(refuse("a number in it is out of range"));
        }
        let fitted = match fitted {
            None => None,
            Some((model, std)) => {
                let mut estimator = self.config.build(&self.spec, self.streams)?;
                estimator.base_mut().load(&model)?;
                let features = self.features();
                let outputs = match &estimator {
                    AnyEstimator::Classifier(it) => it.n_classes()? as usize == self.spec.actions.count(),
                    _ => std.len() == self.spec.actions.dimensions(),
                };
                let is_std = |s: &f64| (0.0..=f64::MAX).contains(s);
                if estimator.base().n_features_in()? != features.width()
                    || !outputs
                    || !std.iter().all(is_std)
                {
                    return Err(refuse("its observations or actions are other ones"));
                }
                Some(Arc::new(Fitted { estimator, features, std }))
            }
        };
        (self.fitted, self.counter, self.agreement) = (fitted, counter, agreement);
        Ok(())
    }
}

impl Cloning {
    /// Agent that is not fitted yet: the first call of [`Agent::learn`] fits the estimator.
    ///
    /// # Errors
    /// [`Error::Setting`] for a setting out of range, or an estimator that is not for the actions of the world;
    /// [`Error::Config`] for demonstrations of another world.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        within("num_envs", budget.num_envs as f64, 1.0, f64::MAX)?;
        config.check(spec)?;
        config.demonstrated.episodes(spec)?;
        Ok(Cloning {
            config,
            spec: spec.clone(),
            streams,
            num_envs: budget.num_envs,
            fitted: None,
            counter: StepCounter::default(),
            agreement: 0.0,
        })
    }

    fn features(&self) -> Features {
        Features::new(&self.spec.observation, &self.config.estimator)
    }

    /// Fits the estimator to all steps of the demonstrations.
    fn fit(&mut self) -> Result<()> {
        let demonstrated = &self.config.demonstrated;
        let set = demonstrated.episodes(&self.spec)?.ok_or_else(|| not_loaded(&demonstrated.demos))?;
        let features = self.features();
        let what = format!("{} demonstrated steps of {} features", set.steps(), features.width());
        memory::require(&what, 8 * set.steps() as u128 * features.width() as u128)?;
        let (mut obs, mut labels, mut targets) = (Vec::new(), Vec::new(), Vec::new());
        for step in steps(&set) {
            obs.extend_from_slice(step.obs);
            match step.action {
                Actions::Discrete(action) => labels.extend_from_slice(action),
                Actions::Continuous(action) => targets.extend(action.iter().map(|&x| f64::from(x))),
            }
        }
        let x = features.of(&obs)?;
        let mut estimator = self.config.build(&self.spec, self.streams)?;
        let mut std = Vec::new();
        self.agreement = match &mut estimator {
            AnyEstimator::Classifier(it) => {
                let n_classes = self.spec.actions.count() as u32;
                it.fit_with(&x, &labels, n_classes, &mut crate::estimator::no_callback)?;
                it.score(&x, &labels)?
            }
            AnyEstimator::Regressor(it) => {
                let y = Samples::new(targets, self.spec.actions.dimensions())?;
                it.fit(&x, &y)?;
                std = deviations(&it.predict(&x)?, &y);
                let score = it.score(&x, &y)?;
                if score.is_finite() { score } else { 0.0 }
            }
            AnyEstimator::Transformer(_) => {
                return Err(Error::Config(format!("{} predicts no actions", self.config.estimator)));
            }
        };
        self.fitted = Some(Arc::new(Fitted { estimator, features, std }));
        Ok(())
    }
}

/// Greedy policy of a clone of `set`, with the estimator that suits the observations of `spec`.
///
/// # Errors
/// [`Error::Config`] for demonstrations of another world; errors of the fit.
pub(crate) fn greedy(spec: &Spec, set: &Arc<DemonstrationSet>, streams: Streams) -> Result<Box<dyn Policy>> {
    let config = Config {
        estimator: clone_estimator(spec).into(),
        demonstrated: Demonstrated::of(Arc::clone(set)),
        ..Config::default()
    };
    let mut clone = Cloning::new(spec, config, Budget { steps: 1, num_envs: 1 }, streams)?;
    clone.fit()?;
    Ok(clone.policy(PolicyMode::Greedy))
}

/// Root mean square of the residuals of each of the T targets `y [N, T]`, `[T]`.
fn deviations(predicted: &Samples, y: &Samples) -> Vec<f64> {
    let mut sums = vec![0.0; y.width()];
    for (predicted, y) in predicted.iter().zip(y.iter()) {
        for (sum, (a, b)) in sums.iter_mut().zip(predicted.iter().zip(y)) {
            *sum += (a - b).powi(2);
        }
    }
    sums.iter().map(|sum| (sum / y.rows().max(1) as f64).sqrt()).collect()
}

/// Bounds of continuous actions, `[K]`; empty for discrete ones.
fn bounds(space: &ActionSpace) -> Vec<(f32, f32)> {
    match space {
        ActionSpace::Discrete { .. } => Vec::new(),
        ActionSpace::Continuous { low, high, .. } => low.iter().copied().zip(high.iter().copied()).collect(),
    }
}
