//! Tests of the grid-worlds, by topic.

mod behavior;
mod drawing;
mod files;
mod golden;
mod literature;
mod parsing;
mod tables;

use super::{Gridworld, GridworldFamily, Map, MapError};

/// World with the name `name` and `settings` in TOML.
fn world(name: &str, settings: &str) -> Gridworld {
    let settings = settings.parse().expect("settings of a test");
    GridworldFamily.world(name, &settings).expect("a world").expect("a name")
}

/// World from the text of a map file.
fn of(text: &str) -> Gridworld {
    Gridworld::from_map("grid/test", &Map::parse(text).expect("a map")).expect("a world")
}

/// Error for the text of a map file, as `line:column: message`.
fn error_of(text: &str) -> String {
    match Map::parse(text).and_then(|map| Gridworld::from_map("grid/test", &map)) {
        Ok(_) => panic!("this map is fine:\n{text}"),
        Err(error) => MapError::to_string(&error),
    }
}
