//! The worlds that have names.

use freewheel_core::{Error, Result};

use super::gymnasium::lake_legend;
use super::legend::Legend;
use super::map::Map;
use super::settings::{OF_MAPS, Settings};
use super::world::Gridworld;
use super::{deepsea, random, taxi};

/// A map that comes with the program.
struct Named {
    name: &'static str,
    text: &'static str,
    /// The map after it has changed, where it does.
    changed: Option<&'static str>,
}

macro_rules! map {
    ($name:literal) => {
        map!($name, $name)
    };
    ($name:literal, $file:literal) => {
        Named { name: $name, text: include_str!(concat!("maps/", $file, ".txt")), changed: None }
    };
    ($name:literal, $file:literal, $changed:literal) => {
        Named { changed: Some(include_str!(concat!("maps/", $changed, ".txt"))), ..map!($name, $file) }
    };
}

const MAPS: &[Named] = &[
    map!("example-4.1"),
    map!("example-3.5"),
    map!("example-3.8", "example-3.5"),
    map!("windy"),
    map!("windy-kings"),
    map!("windy-stochastic"),
    map!("cliff"),
    map!("cliff-slippery"),
    map!("dyna-maze"),
    map!("blocking-maze", "blocking-maze", "blocking-maze-changed"),
    map!("shortcut-maze", "shortcut-maze", "shortcut-maze-changed"),
    map!("frozenlake-4x4"),
    map!("frozenlake-8x8"),
    map!("four-rooms"),
    map!("key-door"),
];

/// Worlds that are made rather than read: name and about.
const MADE: &[(&str, &str)] = &[
    ("taxi", "Gymnasium Taxi-v4: fetch a passenger and bring it where it wants to go"),
    ("deepsea-N", "bsuite deep sea: N steps down, and a treasure that only N rights in a row find"),
    ("random-WxH-S", "A random map of W x H cells with walls that can be solved, of the seed S"),
    ("frozenlake-N-S", "A random slippery lake of N x N cells that can be crossed, of the seed S"),
];

/// Names and abouts of all.
pub(super) fn list() -> impl Iterator<Item = (&'static str, String)> {
    let about =
        |named: &Named| Map::parse(named.text).map(|map| map.legend().about.clone()).unwrap_or_default();
    let maps = MAPS.iter().map(move |named| (named.name, about(named)));
    maps.chain(MADE.iter().map(|(name, about)| (*name, (*about).to_owned())))
}

/// Builds the world called `name`, `None` where there is none.
pub(super) fn build(name: &str, table: &toml::Table) -> Result<Option<Gridworld>> {
    let id = format!("grid/{name}");
    if name == "taxi" {
        return taxi::world(&id, &Settings::read(table, &id, &[taxi::SETTINGS])?).map(Some);
    }
    if let Some(side) = name.strip_prefix("deepsea-").and_then(number) {
        return deepsea::world(&id, side, &Settings::read(table, &id, &[deepsea::SETTINGS])?).map(Some);
    }
    match map(name, table)? {
        Some(map) => Gridworld::from_map(&id, &map).map_err(|e| e.in_file(&id)).map(Some),
        None => Ok(None),
    }
}

/// The map of the world called `name`, with the settings applied; `None` where it has none.
pub(super) fn map(name: &str, table: &toml::Table) -> Result<Option<Map>> {
    let id = format!("grid/{name}");
    if let Some(named) = MAPS.iter().find(|named| named.name == name) {
        let own: &[&str] = if named.changed.is_some() { &["changed"] } else { &[] };
        let settings = Settings::read(table, &id, &[OF_MAPS, own])?;
        let text = match (settings.changed, named.changed) {
            (Some(true), Some(changed)) => changed,
            _ => named.text,
        };
        let mut map = Map::parse(text).map_err(|e| e.in_file(&id))?;
        settings.apply(map.legend_mut());
        return Ok(Some(map));
    }
    let random: Option<((u32, u32), u64, bool)> = None
        .or_else(|| name.strip_prefix("random-").and_then(rectangle).map(|(size, seed)| (size, seed, false)))
        .or_else(|| name.strip_prefix("frozenlake-").and_then(square).map(|(size, seed)| (size, seed, true)));
    let Some(((width, height), seed, lake)) = random else { return Ok(None) };
    let settings = Settings::read(table, &id, &[OF_MAPS, &["density"]])?;
    let mut map = match lake {
        true => {
            // 100 steps for a side of 4 and 200 for a side of 8, as Gymnasium has it.
            let legend = lake_legend("A random lake", width.saturating_mul(25));
            random::lake(width, seed, settings.density.unwrap_or(random::HOLES), legend)
        }
        false => {
            let legend = Legend { about: "A random map".to_owned(), ..Legend::default() };
            random::maze(width, height, seed, settings.density.unwrap_or(random::WALLS), legend)
        }
    }
    .map_err(|e| Error::Config(format!("{id}: {e}")))?;
    settings.apply(map.legend_mut());
    Ok(Some(map))
}

/// Digits alone: no sign, no leading zero, so that a world has one name.
fn number<N: std::str::FromStr>(text: &str) -> Option<N> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

/// `WxH-S`.
fn rectangle(text: &str) -> Option<((u32, u32), u64)> {
    let (size, seed) = text.split_once('-')?;
    let (width, height) = size.split_once('x')?;
    Some(((number(width)?, number(height)?), number(seed)?))
}

/// `N-S`.
fn square(text: &str) -> Option<((u32, u32), u64)> {
    let (side, seed) = text.split_once('-')?;
    let side = number(side)?;
    Some(((side, side), number(seed)?))
}
