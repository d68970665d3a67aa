//! What a car can do, as far as its reference line asks.

use freewheel_core::{Error, Result};

/// A point mass: what bounds its speed and its acceleration, and how far it keeps from the edges.
///
/// Infinity is no limit, except for grip and top speed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Radius of the friction circle, m/s2: longitudinal and lateral acceleration together stay within it.
    pub grip: f64,
    /// Top speed, m/s.
    pub top_speed: f64,
    /// The most that the engine accelerates, m/s2.
    pub drive: f64,
    /// The engine's power over the car's mass, W/kg: acceleration times speed stays below it.
    pub power: f64,
    /// The most that the brakes decelerate, m/s2.
    pub brake: f64,
    /// The sharpest curvature that can be steered, 1/m.
    pub curvature: f64,
    /// Distance kept between the car's center and either edge, m: half the car's width and any margin.
    pub clearance: f64,
}

impl Limits {
    /// A car bounded by its tyres and its top speed alone.
    pub fn point_mass(grip: f64, top_speed: f64, clearance: f64) -> Self {
        let none = f64::INFINITY;
        Limits { grip, top_speed, drive: none, power: none, brake: none, curvature: none, clearance }
    }

    /// # Errors
    /// [`Error::Config`] naming the limit that cannot be.
    pub fn check(&self) -> Result<()> {
        let positive = [
            ("grip", self.grip),
            ("top speed", self.top_speed),
            ("drive", self.drive),
            ("power", self.power),
            ("brake", self.brake),
            ("curvature", self.curvature),
        ];
        for (name, value) in positive {
            if value.is_nan() || value <= 0.0 {
                return Err(Error::Config(format!("the car's {name} is {value}; it must be above 0")));
            }
        }
        for (name, value) in [("grip", self.grip), ("top speed", self.top_speed)] {
            if value.is_infinite() {
                return Err(Error::Config(format!("the car's {name} is infinite; give a finite one")));
            }
        }
        if self.clearance < 0.0 || !self.clearance.is_finite() {
            let clearance = self.clearance;
            return Err(Error::Config(format!("the car's clearance is {clearance}; it must be 0 or more")));
        }
        Ok(())
    }
}
