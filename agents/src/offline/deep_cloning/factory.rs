//! Factory of [`DeepCloning`], which replays a store of actions only in the world of the agent.

use std::sync::Arc;

use freewheel_core::demonstrations::DemonstrationSet;
use freewheel_core::settings::Field;
use freewheel_core::{Agent, DynWorld, Result, Spec, Streams};

use super::examples::Packed;
use super::{ABOUT, Config, DeepCloning, Replay};
use crate::demonstrations::Demonstrated;
use crate::settings::read_over;
use crate::{AgentFactory, Budget, FnFactory};

/// Factory of [`DeepCloning`].
pub(in super::super) struct DeepCloningFactory(FnFactory<Config>);

impl DeepCloningFactory {
    pub(in super::super) fn new() -> Self {
        let build = |spec: &Spec, config, budget, streams| {
            Ok(Box::new(DeepCloning::new(spec, config, budget, streams)?) as Box<dyn Agent>)
        };
        let factory = FnFactory::new("deep-bc", ABOUT, build)
            .with_defaults(Config::default())
            .with_check(|spec, config: &Config, _| config.check(spec).map(drop))
            .with_demonstrations(|config| Some(&mut config.demonstrated))
            .offline();
        DeepCloningFactory(factory)
    }
}

impl AgentFactory for DeepCloningFactory {
    fn id(&self) -> &str {
        self.0.id()
    }

    fn about(&self) -> &str {
        self.0.about()
    }

    fn fields(&self) -> Vec<Field> {
        self.0.fields()
    }

    fn build(
        &self,
        spec: &Spec,
        settings: &toml::Table,
        budget: Budget,
        streams: Streams,
    ) -> Result<Box<dyn Agent>> {
        self.0.build(spec, settings, budget, streams)
    }

    fn demonstrations(&self, settings: &toml::Table) -> Result<Option<Demonstrated>> {
        Ok(self.0.demonstrations(settings)?.map(|source| Demonstrated { replays: true, ..source }))
    }

    fn is_offline(&self) -> bool {
        true
    }

    fn build_from(
        &self,
        world: &dyn DynWorld,
        settings: &toml::Table,
        budget: Budget,
        streams: Streams,
        demonstrations: Arc<DemonstrationSet>,
    ) -> Result<Box<dyn Agent>> {
        if !demonstrations.header.actions_only {
            return self.0.build_from(world, settings, budget, streams, demonstrations);
        }
        let defaults = self.0.resolve(&toml::Table::new())?;
        let mut config: Config = read_over(&defaults, settings, "agent deep-bc")?;
        let build = || {
            config.check(world.spec())?;
            config.replay = Replay(Some(Arc::new(Packed::replay(world, &demonstrations)?)));
            config.demonstrated.load(demonstrations);
            DeepCloning::new(world.spec(), config, budget, streams)
        };
        let agent = build().map_err(|error: freewheel_core::Error| error.of("agent deep-bc"))?;
        Ok(Box::new(agent))
    }

    fn check(&self, world: &dyn DynWorld, settings: &toml::Table, budget: Budget) -> Result<()> {
        self.0.check(world, settings, budget)
    }

    fn resolve(&self, settings: &toml::Table) -> Result<toml::Table> {
        self.0.resolve(settings)
    }
}
