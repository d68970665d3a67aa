//! The settings of the family `track`.

use freewheel_core::{Error, Result, settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::track::vehicle::{Car, Model};

/// What an experiment may change about driving.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// `table`, 15 named choices, or `continuous`, two numbers from -1 to 1: steering and pedals.
    pub actions: Actions,
    /// `share`: steering is a share of what the tyres hold at this speed; `angle`: a share of the steering's own limit.
    pub steering: Steering,
    /// `frenet`, the car seen from the center line and the bends ahead, or `rays`, distances to the edges.
    pub observation: Observation,
    /// `frenet`: how far ahead the curvature is seen, m, 0 to 1000 each; by default six distances that suit the car.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub look_ahead: Option<Vec<f64>>,
    /// `rays`: how many, 1 to 181.
    pub rays: u32,
    /// `rays`: the angle from the first to the last, degrees, 0 to 360.
    pub field_of_view: f64,
    /// `rays`: how far they reach, m, above 0 to 1000; by default 100, and 10 for the small car.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ray_range: Option<f64>,
    /// `club`, `escort`, `bmw`, `vanagon` or `small`; by default club, and small on the small circuit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub car: Option<Car>,
    /// `grip`: tyres with a friction circle; `ks`: tyres that never slide; `st`: slip angles, linear tyres.
    pub model: Model,
    /// Control steps a second, 5 to 200.
    pub hz: u32,
    /// Integration steps a control step, 1 to 50.
    pub substeps: u32,
    /// Laps to be driven, 1 to 1000.
    pub laps: u32,
    /// `standing` or `flying`, on the start line; or `anywhere`, flying from a random place, for learning.
    pub start: Start,
    /// How far the car's reference point must keep from the edges, m, 0 or more; half the car's width keeps all of it on the road.
    pub clearance: f64,
    /// Seconds after which an episode is truncated; by default twice what the center-line driver plans, and 10 s, rounded up to 5 s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_s: Option<f64>,
    /// Discount a control step, 0 to 1.
    pub gamma: f64,
    /// `track/random`: which circuit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Circuits from files: whether the road may cross itself, on a bridge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bridges: Option<bool>,
}

/// What an action is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Actions {
    /// 15 named choices.
    #[default]
    Table,
    /// Steering and pedals, -1 to 1 each.
    Continuous,
}

/// What full steering is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Steering {
    /// The angle at which the tyres are at their limit at this speed.
    #[default]
    Share,
    /// The greatest angle there is.
    Angle,
}

/// What the driver sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Observation {
    /// The car seen from the center line, and the bends ahead.
    #[default]
    Frenet,
    /// Distances to the edges.
    Rays,
}

/// How an episode begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// At rest on the start line.
    #[default]
    Standing,
    /// Over the start line at the speed that the center line's fastest lap has there.
    Flying,
    /// At a random place, at any speed up to that which the center line's fastest lap has there; a lap ends where it began.
    Anywhere,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            actions: Actions::default(),
            steering: Steering::default(),
            observation: Observation::default(),
            look_ahead: None,
            rays: 9,
            field_of_view: 180.0,
            ray_range: None,
            car: None,
            model: Model::default(),
            hz: 20,
            substeps: 2,
            laps: 1,
            start: Start::default(),
            clearance: 0.0,
            limit_s: None,
            gamma: 0.99,
            seed: None,
            bridges: None,
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
        read.check().map_err(|wrong| Error::Config(format!("{of}: {wrong}")))?;
        Ok(read)
    }

    fn check(&self) -> Result<(), String> {
        // What is not a number is in no range.
        let within = |name: &str, value: f64, low: f64, high: f64| {
            if (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(format!("{name} is {value}; choose a number from {low} to {high}"))
            }
        };
        let ahead = self.look_ahead.as_deref().unwrap_or_default();
        if self.look_ahead.is_some() && self.observation != Observation::Frenet {
            return Err("look_ahead belongs to observation = \"frenet\"; leave one of them out".into());
        }
        if ahead.len() > 64 {
            return Err(format!("look_ahead has {} distances; choose at most 64", ahead.len()));
        }
        for &distance in ahead {
            within("look_ahead", distance, 0.0, 1e3)?;
        }
        within("rays", f64::from(self.rays), 1.0, 181.0)?;
        within("field_of_view", self.field_of_view, 0.0, 360.0)?;
        within("ray_range", self.ray_range.unwrap_or(1.0), 1e-3, 1e3)?;
        within("hz", f64::from(self.hz), 5.0, 200.0)?;
        within("substeps", f64::from(self.substeps), 1.0, 50.0)?;
        within("laps", f64::from(self.laps), 1.0, 1e3)?;
        within("clearance", self.clearance, 0.0, 1e3)?;
        within("limit_s", self.limit_s.unwrap_or(1.0), 0.1, 1e6)?;
        within("gamma", self.gamma, 0.0, 1.0)
    }
}
