//! Classic control: small benchmark tasks. [`Cartpole`] is the task of Gymnasium's CartPole-v1: balance a pole on a
//! cart.

mod cartpole;

use std::sync::Arc;

use freewheel_core::{DynWorld, PolicyLoader, Result, World, WorldFamily, WorldInfo};

pub use cartpole::{Cartpole, Integrator, Settings, State};

/// World family `classic`: builds worlds by name.
///
/// ```
/// use freewheel_core::{NoPolicyLoader, SolveQuery, WorldFamily};
/// use freewheel_envs::classic::ClassicFamily;
///
/// let world = ClassicFamily.build("cartpole", &toml::Table::new(), &NoPolicyLoader)?.unwrap();
/// let optimum = world.solve(&SolveQuery::for_spec(world.spec()))?;
/// assert_eq!(optimum.value, 500.0);
/// # Ok::<(), freewheel_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct ClassicFamily;

impl WorldFamily for ClassicFamily {
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
        _loader: &dyn PolicyLoader,
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
