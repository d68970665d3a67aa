//! Tests of the grid-worlds, by what they are about.

mod behavior;
mod drawing;
mod files;
mod golden;
mod known;
mod parsing;
mod tables;

use super::{Grids, Gridworld, Map, MapError};

/// The named world with settings written as TOML.
fn world(name: &str, settings: &str) -> Gridworld {
    let settings = settings.parse().expect("settings of a test");
    Grids.world(name, &settings).expect("a world").expect("a name")
}

/// A world from a map's text.
fn of(text: &str) -> Gridworld {
    Gridworld::from_map("grid/test", &Map::parse(text).expect("a map")).expect("a world")
}

/// What is wrong with a map's text, as `line:column: message`.
fn fault(text: &str) -> String {
    match Map::parse(text).and_then(|map| Gridworld::from_map("grid/test", &map)) {
        Ok(_) => panic!("this map is fine:\n{text}"),
        Err(error) => MapError::to_string(&error),
    }
}
