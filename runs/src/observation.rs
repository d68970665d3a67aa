//! What an agent sees of a world: settings that every agent takes beside its own. What stands between a world and any
//! agent has its place here.

use std::sync::Arc;

use freewheel_agents::fit::EstimatorFactory;
use freewheel_agents::{AgentFactory, Budget};
use freewheel_core::settings::{Field, fields, read, unknown};
use freewheel_core::{Agent, DynWorld, Error, FrameStack, ObservationEncoder as _, Result, Spec, Streams};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Table;

pub mod encoder;

pub use encoder::Encoding;

/// What an agent sees of a world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ObservationConfig {
    /// Observations that the agent sees at once, its newest, 1 to 1024: beyond 1 it remembers.
    #[serde(skip_serializing_if = "is_present_alone")]
    pub frame_stack: usize,
    /// What stands between the world and the agent: `kmeans`, `pca` or `vae`, fitted to what a policy sees, or { learner, policy, random,
    /// steps, seed, settings }.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoder: Option<Encoding>,
}

impl Default for ObservationConfig {
    fn default() -> Self {
        ObservationConfig { frame_stack: 1, encoder: None }
    }
}

/// What is as it always was is not written down: such a run keeps its name.
fn is_present_alone(frame_stack: &usize) -> bool {
    *frame_stack == 1
}

impl ObservationConfig {
    /// The settings, with their meaning, range and default.
    pub fn fields() -> Vec<Field> {
        fields(&schemars::schema_for!(ObservationConfig))
    }

    /// The sight that an agent's settings ask for.
    ///
    /// # Errors
    /// [`Error::Config`] naming the setting that is wrong.
    pub fn of(agent_settings: &Table) -> Result<Self> {
        let known = ObservationConfig::fields();
        let mut own = agent_settings.clone();
        own.retain(|key, _| known.iter().any(|field| field.name == key));
        let observation: ObservationConfig = read(&own, "what an agent sees")?;
        match observation.frame_stack {
            1..=1024 => Ok(observation),
            other => Err(Error::Config(format!(
                "frame_stack = {other} is out of range: it must be at least 1 and at most 1024"
            ))),
        }
    }

    /// `world` as it is seen so: what an agent is built for, learns in, and is judged in. An encoder, one of `learners`, sees what is
    /// remembered too. It is fitted here, and always to the same.
    ///
    /// # Errors
    /// [`Error::Config`] where the world cannot be seen so.
    pub fn see(
        &self,
        world: Arc<dyn DynWorld>,
        learners: &[Box<dyn EstimatorFactory>],
    ) -> Result<Arc<dyn DynWorld>> {
        let world = FrameStack::wrap(world, self.frame_stack)
            .map_err(|e| Error::Config(format!("frame_stack = {}: {e}", self.frame_stack)))?;
        let Some(encoding) = &self.encoder else { return Ok(world) };
        let lens = encoding.lens(&*world, learners).map_err(|e| Error::Config(format!("encoder: {e}")))?;
        Ok(lens.wrap(world))
    }
}

/// An agent of the catalog with the settings of its sight. It is built for a world as it sees it: [`ObservationConfig::see`].
pub(crate) struct ConfiguredFactory(pub(crate) Box<dyn AgentFactory>);

impl ConfiguredFactory {
    /// The agent's own settings.
    fn own(&self, settings: &Table) -> Result<Table> {
        let (fields, observation) = (self.fields(), ObservationConfig::fields());
        let is_in = |fields: &[Field], key: &str| fields.iter().any(|field| field.name == key);
        if let Some(key) = settings.keys().find(|key| !is_in(&fields, key)) {
            let known: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
            return Err(Error::Config(unknown("setting", key, &known, &format!("agent {}", self.id()))));
        }
        let mut own = settings.clone();
        own.retain(|key, _| !is_in(&observation, key));
        Ok(own)
    }

    /// A setting that the agent has itself would never reach it.
    pub(crate) fn check(&self) -> Result<()> {
        let observation = ObservationConfig::fields();
        match self.0.fields().iter().find(|field| observation.iter().any(|other| other.name == field.name)) {
            None => Ok(()),
            Some(Field { name, .. }) => Err(Error::Config(format!(
                "the agent `{}` has a setting `{name}` of its own, which every agent has; rename it",
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

    fn resolve(&self, settings: &Table) -> Result<Table> {
        let observation = Table::try_from(ObservationConfig::of(settings)?)
            .map_err(|e| Error::Config(format!("agent {}: its sight cannot be written: {e}", self.id())))?;
        let mut all = self.0.resolve(&self.own(settings)?)?;
        all.extend(observation);
        Ok(all)
    }
}
