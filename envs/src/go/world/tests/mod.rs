//! Tests of the worlds of Go, by what they are about.

mod behavior;
mod drawing;
mod golden;
mod opponents;
mod planes;
mod references;

use freewheel_core::NoPolicyLoader;

use super::{Go, GoAgainst, Settings};

/// Settings written as TOML.
fn settings(text: &str) -> Settings {
    Settings::read(&text.parse().unwrap(), "go/test").unwrap()
}

/// The game for two.
fn duel(size: u8, text: &str) -> Go {
    Go::new("go/test", size, &settings(text)).unwrap()
}

/// The game against an opponent.
fn against(size: u8, text: &str) -> GoAgainst {
    GoAgainst::new("go/test", size, &settings(text), &NoPolicyLoader).unwrap()
}
