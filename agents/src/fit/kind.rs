//! What the program needs to list, configure and build a learner without reward, as a value: a user's own crate adds one in a line.

use freewheel_core::settings::Field;
use freewheel_core::{Error, Result, Streams};
use serde::Serialize;

use super::{Estimate, Fit, Settings};
use crate::settings::{fields_over, read_over};
use crate::supervised::{Classifier, Regressor};
use crate::unsupervised::Encoder;

/// What a learner is given beside its samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// A class for every sample.
    Classification,
    /// Numbers for every sample.
    Regression,
    /// Nothing.
    Encoding,
}

/// A learner behind the contract it keeps.
pub enum Estimator {
    /// Learns classes.
    Classifier(Box<dyn Classifier>),
    /// Learns numbers.
    Regressor(Box<dyn Regressor>),
    /// Learns what samples have in common.
    Encoder(Box<dyn Encoder>),
}

impl Estimator {
    /// What all learners have.
    pub fn estimate(&self) -> &dyn Estimate {
        match self {
            Estimator::Classifier(it) => &**it,
            Estimator::Regressor(it) => &**it,
            Estimator::Encoder(it) => &**it,
        }
    }

    /// The same, to be changed.
    pub fn estimate_mut(&mut self) -> &mut dyn Estimate {
        match self {
            Estimator::Classifier(it) => &mut **it,
            Estimator::Regressor(it) => &mut **it,
            Estimator::Encoder(it) => &mut **it,
        }
    }
}

/// A kind of learner: a line of the catalog.
pub trait EstimatorFactory: Send + Sync {
    /// Its name, such as `kmeans`.
    fn id(&self) -> &'static str;
    /// One line: what it is and where it is from.
    fn about(&self) -> &'static str;
    /// What it is given beside its samples.
    fn task(&self) -> Task;
    /// Its settings with their meaning, range and default.
    fn fields(&self) -> Vec<Field>;
    /// Builds one that has learned nothing yet.
    ///
    /// # Errors
    /// [`Error::Config`] for a setting that cannot be.
    fn build(&self, settings: &toml::Table, streams: Streams) -> Result<Estimator>;
    /// The settings with every default filled in.
    ///
    /// # Errors
    /// [`Error::Config`] for an unknown key or a value of the wrong type.
    fn resolve(&self, settings: &toml::Table) -> Result<toml::Table>;
}

/// An [`EstimatorFactory`] from a settings struct.
pub struct Kind<C: Settings> {
    task: Task,
    wrap: fn(Fit<C>) -> Estimator,
}

impl<C: Settings> Kind<C>
where
    Fit<C>: Classifier,
{
    /// Of a classifier.
    pub fn classifier() -> Self {
        Kind { task: Task::Classification, wrap: |fit| Estimator::Classifier(Box::new(fit)) }
    }
}

impl<C: Settings> Kind<C>
where
    Fit<C>: Regressor,
{
    /// Of a regressor.
    pub fn regressor() -> Self {
        Kind { task: Task::Regression, wrap: |fit| Estimator::Regressor(Box::new(fit)) }
    }
}

impl<C: Settings> Kind<C>
where
    Fit<C>: Encoder,
{
    /// Of an encoder.
    pub fn encoder() -> Self {
        Kind { task: Task::Encoding, wrap: |fit| Estimator::Encoder(Box::new(fit)) }
    }
}

impl<C: Settings> Kind<C> {
    fn read(&self, table: &toml::Table) -> Result<C> {
        // Flattened settings have defaults of their own; these are the learner's.
        read_over(&written(&C::default())?, table, &format!("learner {}", C::ID))
    }
}

/// Settings as they are written down.
pub(super) fn written(settings: &impl Serialize) -> Result<toml::Table> {
    toml::Table::try_from(settings).map_err(|e| Error::Config(format!("settings cannot be written: {e}")))
}

/// Settings within a model, as TOML text: postcard does not know flattened and tagged ones.
pub(crate) mod as_text {
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

impl<C: Settings> EstimatorFactory for Kind<C> {
    fn id(&self) -> &'static str {
        C::ID
    }

    fn about(&self) -> &'static str {
        C::ABOUT
    }

    fn task(&self) -> Task {
        self.task
    }

    fn fields(&self) -> Vec<Field> {
        let defaults = written(&C::default()).unwrap_or_default();
        fields_over::<C>(&defaults)
    }

    fn build(&self, settings: &toml::Table, streams: Streams) -> Result<Estimator> {
        let fit = Fit::new(self.read(settings)?, streams).map_err(|error| match error {
            Error::Config(message) => Error::Config(format!("learner {}: {message}", C::ID)),
            other => other,
        });
        Ok((self.wrap)(fit?))
    }

    fn resolve(&self, settings: &toml::Table) -> Result<toml::Table> {
        written(&self.read(settings)?)
    }
}
