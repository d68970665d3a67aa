//! The fastest lines around circuits, as a table in Markdown:
//! `cargo run --release -p freewheel-envs --example lines -- [NAME | FILE.csv] ...`
//!
//! The car is a point mass with a friction circle of 9.81 m/s2, at most 70 m/s, 2 m wide. The table compares the lap
//! time of the line with a flying lap in the simulator, driven by the circuit's default car (with its engine limits, at
//! the same distance to the edges), and shows the difference.

#![allow(clippy::print_stdout)]

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use freewheel_core::{DynWorld, Error, NoPolicyLoader, Result, SolveQuery, WorldFamily};
use freewheel_envs::track::TrackFamily;
use freewheel_envs::track::circuit::Circuit;
use freewheel_envs::track::line::{Limits, LineKind, lower_bound, plan_line};
use toml::Table;

fn main() -> Result<()> {
    println!(
        "| circuit | length, m | center line | least curvature | least time | found in | driven | slower by \
         | bound | found in |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let limits = Limits::point_mass(9.81, 70.0, 1.0);
    for name in std::env::args().skip(1) {
        let (circuit, world) = read(&name)?;
        let lap = |kind| plan_line(&circuit, &limits, kind).map(|line| line.lap_time);
        let (center, curvature) = (lap(LineKind::Center)?, lap(LineKind::MinCurvature)?);
        let started = Instant::now();
        let time = lap(LineKind::MinTime)?;
        let line_took = started.elapsed().as_secs_f64();
        let driven = world.solve(&SolveQuery::for_spec(world.spec()))?.value;
        let gap = 100.0 * (driven / time - 1.0);
        let started = Instant::now();
        let bound = lower_bound(&circuit, &limits)?.flying;
        let bound_took = started.elapsed().as_secs_f64();
        println!(
            "| {} | {:.0} | {center:.3} | {curvature:.3} | {time:.3} | {line_took:.2} s | {driven:.3} | {gap:.1} % \
             | {bound:.3} | {bound_took:.2} s |",
            circuit.name(),
            circuit.length(),
        );
    }
    Ok(())
}

/// Reads a circuit, and builds a world in which the default car of the circuit drives a flying lap.
fn read(name: &str) -> Result<(Circuit, Arc<dyn DynWorld>)> {
    let text = |text: &str| toml::Value::from(text);
    let mut settings = Table::new();
    settings.insert("actions".into(), text("continuous"));
    settings.insert("start".into(), text("flying"));
    // The second lap begins at the speed at which the first one ended.
    settings.insert("laps".into(), 2.into());
    settings.insert("clearance".into(), 1.0.into());
    let file = Path::new(name);
    if file.is_file() {
        settings.insert("bridges".into(), true.into());
        return Ok((Circuit::read(file, true)?, TrackFamily.open(file, &settings)?));
    }
    let unknown = || Error::Config(format!("there is no circuit and no file called {name}"));
    let circuit = Circuit::named(name, 1)?.ok_or_else(unknown)?;
    Ok((circuit, TrackFamily.build(name, &settings, &NoPolicyLoader)?.ok_or_else(unknown)?))
}
