//! Cars and their parameters.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Gravity as in the published models, m/s².
pub(in super::super) const GRAVITY: f64 = 9.81;

/// Choice of the car.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Car {
    /// Light sports car, designed for this project: 120 W/kg, friction limit 9.81 m/s².
    #[default]
    Club,
    /// CommonRoad's vehicle 1, a Ford Escort.
    Escort,
    /// CommonRoad's vehicle 2, a BMW 320i.
    Bmw,
    /// CommonRoad's vehicle 3, a VW Vanagon.
    Vanagon,
    /// The 1:10 car of the F1TENTH gym.
    Small,
}

/// Parameters of a car. The dynamic model (ST) uses all of them; the kinematic models use sizes, limits and friction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameters {
    /// Length of the body, m.
    pub length: f64,
    /// Width of the body, m.
    pub width: f64,
    /// Mass, kg.
    pub mass: f64,
    /// Moment of inertia about the vertical axis, kg m².
    pub inertia: f64,
    /// Distance from the center of gravity to the front axle, m.
    pub front: f64,
    /// Distance from the center of gravity to the rear axle, m.
    pub rear: f64,
    /// Height of the center of gravity, m.
    pub height: f64,
    /// Friction coefficient of the tires.
    pub friction: f64,
    /// Cornering stiffness coefficient of the front tires, 1/rad.
    pub stiffness_front: f64,
    /// Cornering stiffness coefficient of the rear tires, 1/rad.
    pub stiffness_rear: f64,
    /// Maximum steering angle to either side, rad.
    pub steering: f64,
    /// Maximum steering rate, rad/s.
    pub steering_rate: f64,
    /// Maximum speed, m/s.
    pub top_speed: f64,
    /// Minimum speed, m/s; negative if the car can drive in reverse.
    pub min_speed: f64,
    /// Speed above which engine power, not torque, is the limit, m/s.
    pub switch_speed: f64,
    /// Maximum acceleration, m/s², up to the switch speed; at higher speeds it is proportional to 1 / speed.
    pub engine: f64,
    /// Maximum deceleration, m/s².
    pub brake: f64,
}

impl Parameters {
    /// Distance between the axles, m.
    pub fn wheelbase(&self) -> f64 {
        self.front + self.rear
    }

    /// Radius of the friction circle: maximum combined acceleration, m/s².
    pub fn grip(&self) -> f64 {
        self.friction * GRAVITY
    }
}

impl Car {
    /// Parameters of the car.
    ///
    /// Sources: M. Althoff and G. Würsching, *CommonRoad: Vehicle models* (2020), tables 4 to 6, as in
    /// `commonroad-vehicle-models` 3.0.2, for vehicles 1 to 3; the F1TENTH gym for the 1:10 car.
    pub fn parameters(self) -> Parameters {
        // Tires of vehicles 1 to 3: friction p_dy1, stiffness -p_ky1 / p_dy1.
        let (friction, stiffness) = (1.0489, 21.92 / 1.0489);
        let published = Parameters {
            length: 4.508,
            width: 1.61,
            mass: 1_093.295_233_467_404_6,
            inertia: 1_791.599_530_012_285_6,
            front: 1.156_195_706_4,
            rear: 1.422_717_093_6,
            height: 0.613_730_04,
            friction,
            stiffness_front: stiffness,
            stiffness_rear: stiffness,
            steering: 1.066,
            steering_rate: 0.4,
            top_speed: 50.8,
            min_speed: -13.9,
            switch_speed: 7.319,
            engine: 11.5,
            brake: 11.5,
        };
        match self {
            Car::Club => Parameters {
                length: 4.0,
                width: 1.8,
                mass: 1_000.0,
                inertia: 1_300.0,
                front: 1.2,
                rear: 1.3,
                height: 0.45,
                friction: 1.0,
                steering: 0.6,
                steering_rate: 0.8,
                top_speed: 70.0,
                min_speed: 0.0,
                switch_speed: 20.0,
                engine: 6.0,
                brake: GRAVITY,
                ..published
            },
            Car::Bmw => published,
            Car::Escort => Parameters {
                length: 4.298,
                width: 1.674,
                mass: 1_225.887_846_725_334_4,
                inertia: 1_538.853_371_356_139_4,
                front: 0.883_92,
                rear: 1.508_76,
                height: 0.594_36,
                steering: 0.91,
                top_speed: 45.8,
                switch_speed: 4.755,
                ..published
            },
            Car::Vanagon => Parameters {
                length: 4.569,
                width: 1.844,
                mass: 1_478.897_963_776_799_8,
                inertia: 2_473.117_691_556_444_2,
                front: 1.150_791_602_4,
                rear: 1.321_136_397_6,
                height: 0.804_490_644,
                steering: 1.023,
                top_speed: 41.7,
                min_speed: -11.2,
                switch_speed: 7.824,
                ..published
            },
            Car::Small => Parameters {
                length: 0.58,
                width: 0.31,
                mass: 3.74,
                inertia: 0.04712,
                front: 0.15875,
                rear: 0.17145,
                height: 0.074,
                friction,
                stiffness_front: 4.718,
                stiffness_rear: 5.4562,
                steering: 0.4189,
                steering_rate: 3.2,
                top_speed: 20.0,
                min_speed: -5.0,
                switch_speed: 7.319,
                engine: 9.51,
                brake: 9.51,
            },
        }
    }
}
