//! Factories of estimators (registry entries of the program), and files of fitted estimators.
//!
//! A file is a checkpoint ([`freewheel_core::checkpoint`]) with three sections:
//!
//! | section | contents |
//! |---|---|
//! | `estimator` | postcard: name, [`FORMAT`], task, seed of the random streams |
//! | `settings` | TOML: settings, defaults filled in |
//! | `model` | postcard: the fitted model |
//! | `report` | BLAKE3 of the report of the fit, if it has one |

use std::path::Path;

use freewheel_core::checkpoint::{Checkpoint, write_atomically};
use freewheel_core::settings::{Field, unknown};
use freewheel_core::{Error, Result, Streams};
use serde::{Deserialize, Serialize};

use super::{
    BaseEstimator, Classifier, Estimator, EstimatorConfig, Regression, RegressionConfig, Regressor,
    Transformer,
};
use crate::settings::{fields_over, read_over};

/// Version of the file format; raised when the bytes of a model change their meaning.
pub const FORMAT: u32 = 4;

/// Factory of an estimator: name, settings and constructor. A crate of your own registers an estimator with
/// [`ConfigFactory`].
pub trait EstimatorFactory: Send + Sync {
    /// Name of the estimator, such as `kmeans`.
    fn id(&self) -> &'static str;
    /// One-line description of the estimator, with its source.
    fn about(&self) -> &'static str;
    /// Task of the estimator, the first of [`EstimatorFactory::tasks`].
    fn task(&self) -> Task;
    /// All tasks of the estimator: a decision tree has classification and regression.
    fn tasks(&self) -> Vec<Task> {
        vec![self.task()]
    }
    /// Settings of the estimator with description, range and default.
    fn fields(&self) -> Vec<Field>;
    /// Builds an estimator that is not fitted yet.
    ///
    /// # Errors
    /// [`Error::Setting`] for an unknown setting, a wrong type or a value out of range.
    fn build(&self, settings: &toml::Table, streams: Streams) -> Result<AnyEstimator>;
    /// Builds an estimator for one of [`EstimatorFactory::tasks`].
    ///
    /// # Errors
    /// As [`EstimatorFactory::build`]; [`Error::Config`] for another task.
    fn build_for(&self, task: Task, settings: &toml::Table, streams: Streams) -> Result<AnyEstimator> {
        match task == self.task() {
            true => self.build(settings, streams),
            false => Err(Error::Config(format!("{} is not for {}", self.id(), task.name()))),
        }
    }
    /// Settings with every default filled in.
    ///
    /// # Errors
    /// [`Error::Setting`] for an unknown setting or a wrong type.
    fn resolve(&self, settings: &toml::Table) -> Result<toml::Table>;
}

/// Task of an estimator: the kind of targets that it is fitted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Task {
    /// One class per sample as target.
    Classification,
    /// Numbers as targets of each sample.
    Regression,
    /// No targets: clustering, dimension reduction.
    Unsupervised,
}

impl Task {
    /// Name of the task.
    pub fn name(self) -> &'static str {
        match self {
            Task::Classification => "classification",
            Task::Regression => "regression",
            Task::Unsupervised => "unsupervised learning",
        }
    }
}

/// Estimator of any task.
pub enum AnyEstimator {
    /// Estimator with the task [`Task::Classification`].
    Classifier(Box<dyn Classifier>),
    /// Estimator with the task [`Task::Regression`].
    Regressor(Box<dyn Regressor>),
    /// Estimator with the task [`Task::Unsupervised`].
    Transformer(Box<dyn Transformer>),
}

impl AnyEstimator {
    /// The estimator as [`BaseEstimator`], the methods that do not depend on the task.
    pub fn base(&self) -> &dyn BaseEstimator {
        match self {
            AnyEstimator::Classifier(it) => &**it,
            AnyEstimator::Regressor(it) => &**it,
            AnyEstimator::Transformer(it) => &**it,
        }
    }

    /// Mutable form of [`AnyEstimator::base`].
    pub fn base_mut(&mut self) -> &mut dyn BaseEstimator {
        match self {
            AnyEstimator::Classifier(it) => &mut **it,
            AnyEstimator::Regressor(it) => &mut **it,
            AnyEstimator::Transformer(it) => &mut **it,
        }
    }
}

/// Constructor of an estimator with the settings `C`.
type Wrap<C> = fn(C, Streams) -> Result<AnyEstimator>;

/// [`EstimatorFactory`] of the settings type `C`.
pub struct ConfigFactory<C: EstimatorConfig> {
    wrap: Wrap<C>,
    regression: Option<Wrap<C>>,
}

impl<C: EstimatorConfig> ConfigFactory<C>
where
    Estimator<C>: Classifier,
{
    /// Factory of a classifier.
    pub fn classifier() -> Self {
        let wrap = |settings, streams| {
            Estimator::new(settings, streams).map(|it: Estimator<C>| AnyEstimator::Classifier(Box::new(it)))
        };
        ConfigFactory { wrap, regression: None }
    }

    /// Factory of a classifier and, for targets that are numbers, a regressor.
    pub fn classifier_and_regressor() -> Self
    where
        C: RegressionConfig,
    {
        let regression: Wrap<C> = |settings, streams| {
            Ok(AnyEstimator::Regressor(Box::new(Estimator::new(Regression(settings), streams)?)))
        };
        ConfigFactory { regression: Some(regression), ..ConfigFactory::classifier() }
    }
}

impl<C: EstimatorConfig> ConfigFactory<C>
where
    Estimator<C>: Regressor,
{
    /// Factory of a regressor.
    pub fn regressor() -> Self {
        let wrap = |settings, streams| {
            Estimator::new(settings, streams).map(|it: Estimator<C>| AnyEstimator::Regressor(Box::new(it)))
        };
        ConfigFactory { wrap, regression: None }
    }
}

impl<C: EstimatorConfig> ConfigFactory<C>
where
    Estimator<C>: Transformer,
{
    /// Factory of a transformer.
    pub fn transformer() -> Self {
        let wrap = |settings, streams| {
            Estimator::new(settings, streams).map(|it: Estimator<C>| AnyEstimator::Transformer(Box::new(it)))
        };
        ConfigFactory { wrap, regression: None }
    }
}

impl<C: EstimatorConfig> ConfigFactory<C> {
    fn read(&self, table: &toml::Table) -> Result<C> {
        // A flattened struct has defaults of its own; those of `C` take precedence.
        read_over(&to_table(&C::default())?, table, &format!("estimator {}", C::ID))
    }
}

impl<C: EstimatorConfig> EstimatorFactory for ConfigFactory<C> {
    fn id(&self) -> &'static str {
        C::ID
    }

    fn about(&self) -> &'static str {
        C::ABOUT
    }

    fn task(&self) -> Task {
        C::TASK
    }

    fn tasks(&self) -> Vec<Task> {
        [C::TASK].into_iter().chain(self.regression.map(|_| Task::Regression)).collect()
    }

    fn fields(&self) -> Vec<Field> {
        let defaults = to_table(&C::default()).unwrap_or_default();
        fields_over::<C>(&defaults)
    }

    fn build(&self, settings: &toml::Table, streams: Streams) -> Result<AnyEstimator> {
        self.build_for(C::TASK, settings, streams)
    }

    fn build_for(&self, task: Task, settings: &toml::Table, streams: Streams) -> Result<AnyEstimator> {
        let wrap = match (task, self.regression) {
            (task, _) if task == C::TASK => self.wrap,
            (Task::Regression, Some(regression)) => regression,
            _ => return Err(Error::Config(format!("{} is not for {}", C::ID, task.name()))),
        };
        wrap(self.read(settings)?, streams).map_err(|error| error.of(&format!("estimator {}", C::ID)))
    }

    fn resolve(&self, settings: &toml::Table) -> Result<toml::Table> {
        to_table(&self.read(settings)?)
    }
}

/// Settings as a TOML table.
pub(super) fn to_table(settings: &impl Serialize) -> Result<toml::Table> {
    toml::Table::try_from(settings).map_err(|e| Error::Config(format!("settings cannot be written: {e}")))
}

/// Writes a fitted estimator to the file `path`.
///
/// # Errors
/// [`Error::Config`] before `fit`; [`Error::Io`].
pub fn save(path: impl AsRef<Path>, estimator: &dyn BaseEstimator) -> Result<()> {
    write_atomically(path, &encode(estimator, None)?)
}

/// Bytes of the file of a fitted estimator; `report` is the digest of the report that belongs to it.
///
/// # Errors
/// [`Error::Config`] before `fit`.
pub fn encode(estimator: &dyn BaseEstimator, report: Option<[u8; 32]>) -> Result<Vec<u8>> {
    let header = postcard::to_stdvec(&(estimator.id(), FORMAT, estimator.task(), estimator.streams().seed))
        .map_err(|e| Error::Unsupported(format!("this estimator cannot be saved: {e}")))?;
    let mut file = Checkpoint::new();
    file.insert("estimator", header);
    file.insert("settings", estimator.settings()?.to_string().into_bytes());
    file.insert("model", estimator.save()?);
    if let Some(report) = report {
        file.insert("report", report.to_vec());
    }
    let mut bytes = Vec::new();
    file.write(&mut bytes).map_err(|e| Error::Unsupported(format!("this estimator cannot be saved: {e}")))?;
    Ok(bytes)
}

/// Reads a fitted estimator of one of `factories` from the file `path`.
///
/// # Errors
/// [`Error::Damaged`] if the bytes changed since they were written; [`Error::Config`] if the file holds no estimator,
/// an estimator of another version or one that is not among `factories`; [`Error::Io`].
pub fn load(path: impl AsRef<Path>, factories: &[Box<dyn EstimatorFactory>]) -> Result<AnyEstimator> {
    load_with_digest(path, factories).map(|(estimator, _)| estimator)
}

/// Reads a fitted estimator as [`load`], and the digest of its report, which is empty if it has none.
///
/// # Errors
/// As [`load`].
pub fn load_with_digest(
    path: impl AsRef<Path>,
    factories: &[Box<dyn EstimatorFactory>],
) -> Result<(AnyEstimator, Vec<u8>)> {
    let file = Checkpoint::read(path.as_ref())?;
    let estimator =
        unpack(&file, factories).map_err(|error| error.of(&path.as_ref().display().to_string()))?;
    Ok((estimator, file.get("report").unwrap_or_default().to_vec()))
}

fn unpack(file: &Checkpoint, factories: &[Box<dyn EstimatorFactory>]) -> Result<AnyEstimator> {
    let refused = |e: &dyn std::fmt::Display| {
        Error::Config(format!(
            "this file holds no fitted estimator of this version ({e}); fit it again with `freewheel fit`"
        ))
    };
    let header = file.section("estimator").map_err(|e| refused(&e))?;
    let ((id, format), rest): ((String, u32), _) =
        postcard::take_from_bytes(header).map_err(|e| refused(&e))?;
    if format != FORMAT {
        return Err(Error::Config(format!(
            "this {id} has file format {format}, and this program reads format {FORMAT}; fit it again"
        )));
    }
    let (task, seed): (Task, u64) = postcard::from_bytes(rest).map_err(|e| refused(&e))?;
    let Some(factory) = factories.iter().find(|factory| factory.id() == id) else {
        let known: Vec<&str> = factories.iter().map(|factory| factory.id()).collect();
        return Err(Error::Config(unknown("estimator", &id, &known, "")));
    };
    let settings = str::from_utf8(file.section("settings")?).map_err(|e| refused(&e))?;
    let settings: toml::Table = settings.parse().map_err(|e| refused(&e))?;
    let mut estimator = factory.build_for(task, &settings, Streams::new(seed))?;
    estimator.base_mut().load(file.section("model")?)?;
    Ok(estimator)
}

/// Serialization of settings inside a model as TOML text, because postcard supports neither flattened nor tagged types.
pub(crate) mod toml_text {
    use serde::de::{DeserializeOwned, Error};
    use serde::{Deserialize, Deserializer, Serialize, Serializer, ser};

    pub(crate) fn serialize<T: Serialize, S: Serializer>(it: &T, to: S) -> Result<S::Ok, S::Error> {
        toml::to_string(it).map_err(ser::Error::custom)?.serialize(to)
    }

    pub(crate) fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(
        from: D,
    ) -> Result<T, D::Error> {
        toml::from_str(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}
