//! The settings of `classic/cartpole`.

use freewheel_core::{Error, Result, settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an experiment may change about the pole.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Steps after which an episode is truncated, 1 to 1000000.
    pub time_limit: u32,
    /// `euler`: positions move by the speeds before the push; `semi-implicit`: by those after it.
    pub integrator: Integrator,
    /// Whether a step pays 0, and the one that fails -1, as in Barto, Sutton & Anderson, instead of 1 each.
    pub sutton_barto_reward: bool,
    /// Discount a step, 0 to 1.
    pub gamma: f64,
}

/// How positions follow speeds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Integrator {
    /// Explicit Euler.
    #[default]
    Euler,
    /// Semi-implicit (symplectic) Euler.
    SemiImplicit,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            time_limit: 500,
            integrator: Integrator::default(),
            sutton_barto_reward: false,
            gamma: 0.99,
        }
    }
}

impl Settings {
    /// Reads `table` for the world `of`.
    ///
    /// # Errors
    /// [`Error::Config`] naming the setting, what is wrong and the mend.
    pub fn read(table: &toml::Table, of: &str) -> Result<Self> {
        let read: Settings = settings::read(table, of)?;
        let wrong = if !(1..=1_000_000).contains(&read.time_limit) {
            format!("time_limit is {}; choose a number from 1 to 1000000", read.time_limit)
        } else if !(0.0..=1.0).contains(&read.gamma) {
            format!("gamma is {}; choose a number from 0 to 1", read.gamma)
        } else {
            return Ok(read);
        };
        Err(Error::Config(format!("{of}: {wrong}")))
    }
}
