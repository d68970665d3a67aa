//! Settings that every agent has in addition to its own: frame stack and encoder, which transform the observations of a
//! world before the agent gets them.

use std::sync::Arc;

use freewheel_agents::demonstrations::{Chosen, Demonstrated};
use freewheel_agents::estimator::EstimatorFactory;
use freewheel_agents::{AgentFactory, Budget};
use freewheel_core::demonstrations::DemonstrationSet;
use freewheel_core::settings::{Field, fields, read, unknown};
use freewheel_core::{Agent, DynWorld, Error, FrameStack, ObservationEncoder as _, Result, Spec, Streams};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Table;

pub mod encoder;

pub use encoder::EncoderConfig;

/// Transforms of a world's observations, which are settings of every agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ObservationConfig {
    /// Number of the newest observations that the agent gets together, 1 to 1024; above 1 the agent has a memory.
    #[serde(skip_serializing_if = "is_one")]
    #[schemars(extend("default" = 1))]
    pub frame_stack: usize,
    /// Encoder of the observations, fitted before training and without rewards: `kmeans`, `pca`, `vae`, or { estimator,
    /// policy, epsilon, steps, seed, settings }.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoder: Option<EncoderConfig>,
}

impl Default for ObservationConfig {
    fn default() -> Self {
        ObservationConfig { frame_stack: 1, encoder: None }
    }
}

/// The default is omitted, so that hashes of runs without a frame stack stay valid.
fn is_one(frame_stack: &usize) -> bool {
    *frame_stack == 1
}

impl ObservationConfig {
    /// Fields of the settings with meaning, range and default.
    pub fn fields() -> Vec<Field> {
        fields(&schemars::schema_for!(ObservationConfig))
    }

    /// Reads the transforms from an agent's settings; other settings are ignored.
    ///
    /// # Errors
    /// [`Error::Setting`] for a value of the wrong type or range.
    pub fn of(agent_settings: &Table) -> Result<Self> {
        let known = ObservationConfig::fields();
        let mut own = agent_settings.clone();
        own.retain(|key, _| known.iter().any(|field| field.name == key));
        let config: ObservationConfig = read(&own, "")?;
        FrameStack::check_length(config.frame_stack)?;
        Ok(config)
    }

    /// World with the transforms, the frame stack first. The agent is built for this world, and learns and is evaluated
    /// in it. An encoder is fitted in this call, always to the same bytes, with one of the `estimators`.
    ///
    /// # Errors
    /// [`Error::Setting`] if the observations of `world` cannot be transformed in this way.
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

/// An agent of the registry, with the settings of an [`ObservationConfig`] in addition to its own. The agent is built
/// for the transformed world of [`ObservationConfig::apply`].
pub(crate) struct ConfiguredFactory(pub(crate) Box<dyn AgentFactory>);

impl ConfiguredFactory {
    /// Settings of the agent itself, without those of [`ObservationConfig`].
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

    /// Checks that no setting of the agent has the name of a field of [`ObservationConfig`] (else [`Error::Config`]).
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

    fn num_envs(&self) -> usize {
        self.0.num_envs()
    }

    fn warnings(&self, settings: &Table, budget: Budget) -> Vec<String> {
        self.own(settings).map_or_else(|_| Vec::new(), |own| self.0.warnings(&own, budget))
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

    fn demonstrations(&self, settings: &Table) -> Result<Option<Demonstrated>> {
        self.0.demonstrations(&self.own(settings)?)
    }

    fn is_offline(&self) -> bool {
        self.0.is_offline()
    }

    fn build_from(
        &self,
        world: &dyn DynWorld,
        settings: &Table,
        budget: Budget,
        streams: Streams,
        demonstrations: Arc<DemonstrationSet>,
    ) -> Result<Box<dyn Agent>> {
        self.0.build_from(world, &self.own(settings)?, budget, streams, demonstrations)
    }

    fn choose_method(
        &self,
        world: &dyn DynWorld,
        settings: &Table,
        demonstrations: &Arc<DemonstrationSet>,
    ) -> Result<Option<Chosen>> {
        self.0.choose_method(world, &self.own(settings)?, demonstrations)
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
