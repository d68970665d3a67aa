//! Tests of driving, by what they are about.

mod drawing;
mod driving;
mod golden;
mod seeing;

use std::sync::Arc;

use freewheel_core::{DynWorld, NoPolicyLoader, WorldFamily};

use super::Tracks;
use super::circuit::Circuit;
use super::world::{Driving, Settings};

/// The rules of a built-in circuit, with settings written as TOML; actions are numbers.
fn driving(name: &str, settings: &str) -> Driving<[f32; 2]> {
    let settings = Settings::read(&settings.parse().unwrap(), name).unwrap();
    Driving::new(&format!("track/{name}"), Circuit::named(name, 1).unwrap().unwrap(), &settings).unwrap()
}

/// The named world with settings written as TOML.
fn world(name: &str, settings: &str) -> Arc<dyn DynWorld> {
    Tracks.build(name, &settings.parse().unwrap(), &NoPolicyLoader).unwrap().unwrap()
}
