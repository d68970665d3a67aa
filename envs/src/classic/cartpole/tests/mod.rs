//! Tests of the pole, by what they are about.

mod contract;
mod drawing;
mod golden;
mod physics;
mod proof;

use freewheel_core::{Purpose, Stream, Streams};

use super::{Cartpole, Settings};

/// The world with settings written as TOML.
fn cartpole(settings: &str) -> Cartpole {
    Cartpole::new(&Settings::read(&settings.parse().unwrap(), Cartpole::ID).unwrap())
}

fn dice() -> Stream {
    Streams::new(1).stream(Purpose::WatchEnvironment, 0, 0)
}
