//! Settings of the world family `track`.

use freewheel_core::{Error, Result, settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::track::circuit::FileOptions;
use crate::track::vehicle::{Car, Model};

/// Settings of the track worlds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Action space: `table`, 15 discrete actions, or `continuous`, steering and pedals in -1..1.
    pub actions: Actions,
    /// Meaning of full steering: `share`, the steering angle at the friction limit at the current speed; `angle`, the
    /// maximum steering angle.
    pub steering: Steering,
    /// Observation: `frenet`, position and heading relative to the center line and curvatures ahead, or `rays`,
    /// distances to the edges of the road.
    pub observation: Observation,
    /// `frenet`: distances ahead at which the curvature is observed, m: up to 64 numbers of 0 to 1000; default: 6
    /// numbers that depend on the car.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub look_ahead: Option<Vec<f64>>,
    /// `rays`: number of rays, 1 to 181.
    pub rays: u32,
    /// `rays`: angle from the first to the last ray, degrees, 0 to 360.
    pub field_of_view: f64,
    /// `rays`: maximum distance that a ray measures, m, 0.001 to 1000; default: 100, for the small car 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ray_range: Option<f64>,
    /// Car: `club`, `escort`, `bmw`, `vanagon` or `small`; default: `club`, or `small` on roads that are narrower than
    /// 4.5 m or bend more sharply than `club` can steer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub car: Option<Car>,
    /// Vehicle model: `grip`, kinematic with a friction circle; `ks`, kinematic without slip; `st`, dynamic
    /// single-track.
    pub model: Model,
    /// Control steps per second, 5 to 200.
    pub hz: u32,
    /// Integration steps per control step, 1 to 50.
    pub substeps: u32,
    /// Laps per episode, 1 to 1000.
    pub laps: u32,
    /// Start: `standing` or `flying` at the start line, or `anywhere`, at a random position and speed, for learning.
    pub start: Start,
    /// Minimum distance of the car's reference point from the edges, m, 0 to 1000; half the car's width keeps the whole
    /// car on the road.
    pub clearance: f64,
    /// Time limit of an episode, s, 0.1 to 1e6; default: twice the planned time of the center-line driver plus 10 s,
    /// rounded up to a multiple of 5 s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_s: Option<f64>,
    /// Discount per control step, 0 to 1.
    pub gamma: f64,
    /// `track/random`: seed of the circuit; default: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Circuits from files: allows the road to cross itself on a bridge; default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bridges: Option<bool>,
    /// Circuits from files without widths: width of the road, m, 0.01 to 60; default: 10, or 2.2 if the line has a bend
    /// of a radius below 5 m.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<f64>,
}

/// Choice of the action space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Actions {
    /// 15 discrete actions: five steering values times three pedal values.
    #[default]
    Table,
    /// Steering and pedals, -1..1 each.
    Continuous,
}

/// Choice of the meaning of full steering.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Steering {
    /// Steering angle at the friction limit at the current speed.
    #[default]
    Share,
    /// Maximum steering angle.
    Angle,
}

/// Choice of the observation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Observation {
    /// Position and heading of the car relative to the center line, and curvatures ahead.
    #[default]
    Frenet,
    /// Distances to the edges of the road along rays.
    Rays,
}

/// Choice of the initial state of an episode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// At rest on the start line.
    #[default]
    Standing,
    /// At the start line, with the speed of the fastest lap along the center line.
    Flying,
    /// At a random position, with a random speed up to that of the fastest lap along the center line; a lap ends at the
    /// position where it began.
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
            width: None,
        }
    }
}

impl Settings {
    /// Settings of the world `of` from the TOML table `table`.
    ///
    /// # Errors
    /// [`Error::Setting`] with the name of the invalid setting and the valid range.
    pub fn read(table: &toml::Table, of: &str) -> Result<Self> {
        let read: Settings = settings::read(table, of)?;
        read.check().map_err(|e| e.of(of))?;
        Ok(read)
    }

    /// Options of reading a circuit from a file.
    pub fn file_options(&self) -> FileOptions {
        FileOptions { bridges: self.bridges.unwrap_or(false), width: self.width }
    }

    fn check(&self) -> Result<()> {
        let ahead = self.look_ahead.as_deref().unwrap_or_default();
        if self.look_ahead.is_some() && self.observation != Observation::Frenet {
            let message = "`look_ahead` belongs to observation = \"frenet\"; remove one of them";
            return Err(Error::setting("look_ahead", message));
        }
        if ahead.len() > 64 {
            let message = format!("`look_ahead` has {} distances; give at most 64", ahead.len());
            return Err(Error::setting("look_ahead", message));
        }
        for &distance in ahead {
            settings::in_range("look_ahead", distance, 0.0..=1e3)?;
        }
        settings::in_range("rays", f64::from(self.rays), 1.0..=181.0)?;
        settings::in_range("field_of_view", self.field_of_view, 0.0..=360.0)?;
        settings::in_range("ray_range", self.ray_range.unwrap_or(1.0), 1e-3..=1e3)?;
        settings::in_range("hz", f64::from(self.hz), 5.0..=200.0)?;
        settings::in_range("substeps", f64::from(self.substeps), 1.0..=50.0)?;
        settings::in_range("laps", f64::from(self.laps), 1.0..=1e3)?;
        settings::in_range("clearance", self.clearance, 0.0..=1e3)?;
        settings::in_range("limit_s", self.limit_s.unwrap_or(1.0), 0.1..=1e6)?;
        settings::in_range("width", self.width.unwrap_or(1.0), 0.01..=60.0)?;
        settings::in_range("gamma", self.gamma, 0.0..=1.0)
    }
}
