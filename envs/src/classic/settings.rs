//! Settings that most worlds of classic control share.

use freewheel_core::{Result, settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of a world whose only setting is its time limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limit {
    /// Steps after which an episode is truncated, 1 to 1000000; unset for Gymnasium's limit.
    pub time_limit: Option<u32>,
}

impl Limit {
    /// Settings of the world `world_id` from the TOML table `table`.
    ///
    /// # Errors
    /// [`freewheel_core::Error::Setting`] with the name of the setting, the wrong value and the valid range.
    pub fn read(table: &toml::Table, world_id: &str) -> Result<Self> {
        let read: Limit = settings::read(table, world_id)?;
        if let Some(limit) = read.time_limit {
            settings::in_range("time_limit", limit, 1..=1_000_000).map_err(|e| e.of(world_id))?;
        }
        Ok(read)
    }
}
