//! Settings that every agent takes beside its own: what stands between a world and the agent.

use std::sync::Arc;

use freewheel_agents::estimator::EstimatorFactory;
use freewheel_agents::{AgentFactory, Budget};
use freewheel_core::settings::{Field, fields, read, unknown};
use freewheel_core::{Agent, DynWorld, Error, FrameStack, ObservationEncoder as _, Result, Spec, Streams};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Table;

pub mod encoder;

pub use encoder::EncoderConfig;

/// Transforms of a world's observations that any agent can have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ObservationConfig {
    /// Newest observations that the agent gets at once, 1 to 1024; above 1 it has a memory.
    #[serde(skip_serializing_if = "is_one")]
    pub frame_stack: usize,
    /// Encoder fitted without reward: `kmeans`, `pca`, `vae`, or { estimator, policy, epsilon, steps, seed, settings }.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoder: Option<EncoderConfig>,
}

impl Default for ObservationConfig {
    fn default() -> Self {
        ObservationConfig { frame_stack: 1, encoder: None }
    }
}

/// The default is omitted, so that hashes of runs without it stay valid.
fn is_one(frame_stack: &usize) -> bool {
    *frame_stack == 1
}

impl ObservationConfig {
    /// Fields with meaning, range and default.
    pub fn fields() -> Vec<Field> {
        fields(&schemars::schema_for!(ObservationConfig))
    }

    /// The transforms that an agent's settings ask for; other settings are ignored.
    ///
    /// # Errors
    /// [`Error::Setting`] for a value of the wrong type or range.
    pub fn of(agent_settings: &Table) -> Result<Self> {
        let known = ObservationConfig::fields();
        let mut own = agent_settings.clone();
        own.retain(|key, _| known.iter().any(|field| field.name == key));
        let config: ObservationConfig = read(&own, "")?;
        match config.frame_stack {
            1..=1024 => Ok(config),
            other => Err(Error::setting(
                "frame_stack",
                format!("frame_stack = {other} is out of range: it must be at least 1 and at most 1024"),
            )),
        }
    }

    /// `world` with these transforms, the frame stack first: the world that an agent is built for, learns and is
    /// evaluated in. An encoder is fitted here, always to the same bytes; its estimator is one of `estimators`.
    ///
    /// # Errors
    /// [`Error::Setting`] where the observations of `world` do not allow it.
    pub fn apply(
        &self,
        world: Arc<dyn DynWorld>,
        estimators: &[Box<dyn EstimatorFactory>],
    ) -> Result<Arc<dyn DynWorld>> {
        let about = |key: &str, e: Error| Error::setting(key, format!("{key}: {e}"));
        let world = FrameStack::wrap(world, self.frame_stack).map_err(|e| about("frame_stack", e))?;
        let Some(encoding) = &self.encoder else { return Ok(world) };
        let encoder = encoding.fit(&*world, estimators).map_err(|e| about("encoder", e))?;
        Ok(encoder.wrap(world))
    }
}

/// An agent of the registry that takes an [`ObservationConfig`] beside its own settings. It is built for the
/// transformed world of [`ObservationConfig::apply`].
pub(crate) struct ConfiguredFactory(pub(crate) Box<dyn AgentFactory>);

impl ConfiguredFactory {
    /// The agent's own settings.
    fn own(&self, settings: &Table) -> Result<Table> {
        let (fields, shared) = (self.fields(), ObservationConfig::fields());
        let is_in = |fields: &[Field], key: &str| fields.iter().any(|field| field.name == key);
        if let Some(key) = settings.keys().find(|key| !is_in(&fields, key)) {
            let known: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
            let message = unknown("setting", key, &known, &format!("agent {}", self.id()));
            return Err(Error::setting(key, message));
        }
        let mut own = settings.clone();
        own.retain(|key, _| !is_in(&shared, key));
        Ok(own)
    }

    /// Refuses an agent that has a setting of the same name itself.
    pub(crate) fn check_names(&self) -> Result<()> {
        let shared = ObservationConfig::fields();
        match self.0.fields().iter().find(|field| shared.iter().any(|other| other.name == field.name)) {
            None => Ok(()),
            Some(Field { name, .. }) => Err(Error::Config(format!(
                "agent {}: its setting `{name}` has the name of a setting that every agent has; rename it",
                self.id()
            ))),
        }
    }
}

impl AgentFactory for ConfiguredFactory {
    fn id(&self) -> &str {
        self.0.id()
    }

    fn about(&self) -> &str {
        self.0.about()
    }

    fn fields(&self) -> Vec<Field> {
        let mut fields = self.0.fields();
        fields.extend(ObservationConfig::fields());
        fields
    }

    fn build(
        &self,
        spec: &Spec,
        settings: &Table,
        budget: Budget,
        streams: Streams,
    ) -> Result<Box<dyn Agent>> {
        self.0.build(spec, &self.own(settings)?, budget, streams)
    }

    fn build_in(
        &self,
        world: &dyn DynWorld,
        settings: &Table,
        budget: Budget,
        streams: Streams,
    ) -> Result<Box<dyn Agent>> {
        self.0.build_in(world, &self.own(settings)?, budget, streams)
    }

    fn check(&self, world: &dyn DynWorld, settings: &Table, budget: Budget) -> Result<()> {
        self.0.check(world, &self.own(settings)?, budget)
    }

    fn resolve(&self, settings: &Table) -> Result<Table> {
        let shared = Table::try_from(ObservationConfig::of(settings)?).map_err(|e| {
            Error::Config(format!("agent {}: its settings cannot be written: {e}", self.id()))
        })?;
        let mut all = self.0.resolve(&self.own(settings)?)?;
        all.extend(shared);
        Ok(all)
    }
}
