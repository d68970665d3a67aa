//! Tests of the worlds of Go.

mod behavior;
mod drawing;
mod golden;
mod opponents;
mod planes;
mod references;

use freewheel_core::NoPolicyLoader;

use super::{Go, GoVersusOpponent, Settings};

/// Settings from TOML.
fn settings(text: &str) -> Settings {
    Settings::read(&text.parse().unwrap(), "go/test").unwrap()
}

/// Two-player world.
fn two_player(size: u8, text: &str) -> Go {
    Go::new("go/test", size, &settings(text)).unwrap()
}

/// World with an opponent.
fn versus_opponent(size: u8, text: &str) -> GoVersusOpponent {
    GoVersusOpponent::new("go/test", size, &settings(text), &NoPolicyLoader).unwrap()
}
