//! Classic control: small benchmark tasks, equal to Gymnasium's.
//!
//! | world | task |
//! |---|---|
//! | [`Cartpole`] | balance a pole on a cart: CartPole-v1 |
//! | [`Acrobot`] | swing two links up: Acrobot-v1 |
//! | [`MountainCar`] | swing a weak car out of a valley: MountainCar-v0 |
//! | [`MountainCarContinuous`] | the same with a continuous force that costs: MountainCarContinuous-v0 |
//! | [`Pendulum`] | swing a rod up and balance it, continuous torque: Pendulum-v1 |

mod acrobot;
mod canvas;
mod cartpole;
mod mountain_car;
mod pendulum;
mod settings;
mod value_iteration;

use std::sync::Arc;

use freewheel_core::{DynWorld, PolicyLoader, Result, World, WorldFamily, WorldInfo};

pub use acrobot::{Acrobot, AcrobotState};
pub use cartpole::{Cartpole, Integrator, Settings, State};
pub use mountain_car::{MountainCar, MountainCarContinuous, MountainCarState};
pub use pendulum::{Pendulum, PendulumState};
pub use settings::Limit;

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
        [
            (Cartpole::ID, Cartpole::ABOUT),
            (Acrobot::ID, Acrobot::ABOUT),
            (MountainCar::ID, MountainCar::ABOUT),
            (MountainCarContinuous::ID, MountainCarContinuous::ABOUT),
            (Pendulum::ID, Pendulum::ABOUT),
        ]
        .map(|(id, about)| WorldInfo { id: id.into(), about: about.into() })
        .into()
    }

    fn build(
        &self,
        name: &str,
        settings: &toml::Table,
        _loader: &dyn PolicyLoader,
    ) -> Result<Option<Arc<dyn DynWorld>>> {
        Ok(Some(match name {
            "cartpole" => Cartpole::new(&Settings::read(settings, Cartpole::ID)?).shared(),
            "acrobot" => Acrobot::new(&Limit::read(settings, Acrobot::ID)?).shared(),
            "mountain-car" => MountainCar::new(&Limit::read(settings, MountainCar::ID)?).shared(),
            "mountain-car-continuous" => {
                MountainCarContinuous::new(&Limit::read(settings, MountainCarContinuous::ID)?).shared()
            }
            "pendulum" => Pendulum::new(&Limit::read(settings, Pendulum::ID)?).shared(),
            _ => return Ok(None),
        }))
    }

    fn settings(&self, name: &str) -> schemars::Schema {
        match name {
            "cartpole" => schemars::schema_for!(Settings),
            _ => schemars::schema_for!(Limit),
        }
    }
}
