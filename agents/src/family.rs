//! What the program needs to list, configure and build an agent, as a value: a user's own crate adds one in a line.

use freewheel_core::settings::{self, Field};
use freewheel_core::{DynWorld, Error, Learner, Result, Spec, Streams};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How much a learner will see. Schedules are shares of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Environment steps of the whole run, over all rows.
    pub steps: u64,
    /// Rows of the batch it learns from, at least 1.
    pub rows: usize,
}

/// A kind of agent: a line of the catalogue.
pub trait AgentKind: Send + Sync {
    /// Its name, such as `q-learning`.
    fn id(&self) -> &str;
    /// One line: what it is and where it is from.
    fn about(&self) -> &str;
    /// Its settings with their meaning, range and default.
    fn fields(&self) -> Vec<Field>;
    /// Builds one for worlds that look like `spec`.
    ///
    /// # Errors
    /// [`Error::Config`] for a setting that cannot be, or a world that it cannot learn.
    fn build(
        &self,
        spec: &Spec,
        settings: &toml::Table,
        budget: Budget,
        streams: Streams,
    ) -> Result<Box<dyn Learner>>;
    /// Builds one for this very world. Agents that learn from experience alone look at nothing but its spec; planners, and
    /// the one that plays the reference, use more.
    ///
    /// # Errors
    /// As [`AgentKind::build`].
    fn build_in(
        &self,
        world: &dyn DynWorld,
        settings: &toml::Table,
        budget: Budget,
        streams: Streams,
    ) -> Result<Box<dyn Learner>> {
        self.build(world.spec(), settings, budget, streams)
    }
    /// The settings with every default filled in, as a run's `config.toml` keeps them. What is left out even here
    /// is the world's to say.
    ///
    /// # Errors
    /// [`Error::Config`] for an unknown key or a value of the wrong type.
    fn resolve(&self, settings: &toml::Table) -> Result<toml::Table>;
}

type Build<C> = Box<dyn Fn(&Spec, C, Budget, Streams) -> Result<Box<dyn Learner>> + Send + Sync>;

/// An [`AgentKind`] from a settings struct `C` and a function.
///
/// ```
/// # use freewheel_agents::{AgentKind, Kind, tabular::q_learning};
/// let mine = Kind::new("mine", "Q-learning under another name", |spec, config: q_learning::Config, budget, streams| {
///     Ok(Box::new(q_learning::QLearning::new(spec, config, budget, streams)?))
/// });
/// assert!(mine.fields().iter().any(|field| field.name == "epsilon"));
/// ```
pub struct Kind<C> {
    id: String,
    about: String,
    build: Build<C>,
}

impl<C> Kind<C> {
    /// The agent called `id`, built by `build` from its settings.
    pub fn new(
        id: &str,
        about: &str,
        build: impl Fn(&Spec, C, Budget, Streams) -> Result<Box<dyn Learner>> + Send + Sync + 'static,
    ) -> Self {
        Kind { id: id.to_owned(), about: about.to_owned(), build: Box::new(build) }
    }
}

impl<C: DeserializeOwned + JsonSchema> Kind<C> {
    /// Reads the settings; an error names the setting it is about.
    fn read(&self, table: &toml::Table) -> Result<C> {
        let of = format!("agent {}", self.id);
        settings::read(table, &of).map_err(|error| {
            // serde says what is wrong with a value but not always where: the culprit fails alone, too.
            let alone = |(key, value): (&String, &toml::Value)| {
                let table = toml::Table::from_iter([(key.clone(), value.clone())]);
                settings::read::<C>(&table, &format!("{of}: {key} = {value}")).err()
            };
            match error {
                Error::Config(message) if !message.contains('`') => {
                    table.iter().find_map(alone).unwrap_or(Error::Config(message))
                }
                other => other,
            }
        })
    }
}

impl<C: Serialize + DeserializeOwned + JsonSchema> AgentKind for Kind<C> {
    fn id(&self) -> &str {
        &self.id
    }

    fn about(&self) -> &str {
        &self.about
    }

    fn fields(&self) -> Vec<Field> {
        settings::fields(&schemars::schema_for!(C))
    }

    fn build(
        &self,
        spec: &Spec,
        settings: &toml::Table,
        budget: Budget,
        streams: Streams,
    ) -> Result<Box<dyn Learner>> {
        (self.build)(spec, self.read(settings)?, budget, streams).map_err(|error| match error {
            Error::Config(message) => Error::Config(format!("agent {}: {message}", self.id)),
            other => other,
        })
    }

    fn resolve(&self, settings: &toml::Table) -> Result<toml::Table> {
        toml::Table::try_from(self.read(settings)?)
            .map_err(|e| Error::Config(format!("agent {}: its settings cannot be written: {e}", self.id)))
    }
}
