//! The fastest lines around circuits, as a table in Markdown:
//! `cargo run --release -p freewheel-envs --example lines -- [NAME | FILE.csv] ...`
//!
//! The car is a point mass with a friction circle of 9.81 m/s2 and at most 70 m/s, 2 m wide.

#![allow(clippy::print_stdout)]

use std::path::Path;
use std::time::Instant;

use freewheel_core::{Error, Result};
use freewheel_envs::track::circuit::Circuit;
use freewheel_envs::track::line::{Kind, Limits, line, lower_bound};

fn main() -> Result<()> {
    println!(
        "| circuit | length, m | centre line | least curvature | least time | found in | bound | found in |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let limits = Limits::point_mass(9.81, 70.0, 1.0);
    for name in std::env::args().skip(1) {
        let circuit = if Path::new(&name).is_file() {
            Circuit::read(Path::new(&name), true)?
        } else {
            let unknown = || Error::Config(format!("there is no circuit and no file called {name}"));
            Circuit::named(&name, 1)?.ok_or_else(unknown)?
        };
        let lap = |kind| line(&circuit, &limits, kind).map(|line| line.lap_time);
        let (centre, curvature) = (lap(Kind::Centre)?, lap(Kind::LeastCurvature)?);
        let started = Instant::now();
        let time = lap(Kind::LeastTime)?;
        let line_took = started.elapsed().as_secs_f64();
        let started = Instant::now();
        let bound = lower_bound(&circuit, &limits)?.flying;
        let bound_took = started.elapsed().as_secs_f64();
        println!(
            "| {} | {:.0} | {centre:.3} | {curvature:.3} | {time:.3} | {line_took:.2} s | {bound:.3} | {bound_took:.2} s |",
            circuit.name(),
            circuit.length(),
        );
    }
    Ok(())
}
