//! The family `classic`: worlds by name.

use std::sync::Arc;

use freewheel_core::{DynWorld, PolicyLoader, Result, World, WorldFamily, WorldInfo};

use super::cartpole::{Cartpole, Settings};

/// The family `classic`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Classics;

impl WorldFamily for Classics {
    fn name(&self) -> &str {
        "classic"
    }

    fn list(&self) -> Vec<WorldInfo> {
        vec![WorldInfo { id: Cartpole::ID.into(), about: Cartpole::ABOUT.into() }]
    }

    fn build(
        &self,
        name: &str,
        settings: &toml::Table,
        _cast: &dyn PolicyLoader,
    ) -> Result<Option<Arc<dyn DynWorld>>> {
        if name != "cartpole" {
            return Ok(None);
        }
        Ok(Some(Cartpole::new(&Settings::read(settings, Cartpole::ID)?).shared()))
    }

    fn settings(&self, _name: &str) -> schemars::Schema {
        schemars::schema_for!(Settings)
    }
}
