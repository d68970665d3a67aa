//! Flying laps of the club car as a point mass, and their lower bounds, as a table in Markdown:
//! `cargo run --release -p freewheel-envs --example bounds -- [NAME | FILE.csv] ...`
//!
//! The limits are those of the car: friction circle, engine, brakes, top speed and steering angle. The center of the
//! car may touch the edges.

#![allow(clippy::print_stdout)]

use std::path::Path;
use std::time::Instant;

use freewheel_core::{Error, Result};
use freewheel_envs::track::circuit::Circuit;
use freewheel_envs::track::line::{Limits, LineKind, lower_bound, lower_bound_from, plan_line};
use freewheel_envs::track::vehicle::Car;

fn main() -> Result<()> {
    println!("| circuit | minimum time | bound, flying | bound, any start | bound, standing | found in |");
    println!("|---|---|---|---|---|---|");
    let car = Car::Club.parameters();
    let limits = Limits {
        drive: car.engine,
        power: car.engine * car.switch_speed,
        brake: car.brake,
        curvature: car.steering.tan() / car.wheelbase(),
        ..Limits::point_mass(car.grip(), car.top_speed, 0.0)
    };
    for name in std::env::args().skip(1) {
        let file = Path::new(&name);
        let circuit =
            if file.is_file() { Some(Circuit::read(file, true)?) } else { Circuit::named(&name, 1)? };
        let circuit =
            circuit.ok_or_else(|| Error::Config(format!("there is no circuit and no file called {name}")))?;
        let lap = plan_line(&circuit, &limits, LineKind::MinTime)?.lap_time;
        let started = Instant::now();
        let bound = lower_bound(&circuit, &limits)?;
        let took = started.elapsed().as_secs_f64();
        let standing = lower_bound_from(&circuit, &limits, 0.0)?;
        println!(
            "| {} | {lap:.3} | {:.3} | {:.3} | {standing:.3} | {took:.2} s |",
            circuit.name(),
            bound.flying,
            bound.any_start
        );
    }
    Ok(())
}
