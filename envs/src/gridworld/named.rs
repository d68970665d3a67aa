//! Named worlds of the family `grid`.

use freewheel_core::{Env, Error, Result};

use super::gymnasium::frozen_lake_legend;
use super::legend::Legend;
use super::map::Map;
use super::settings::{MAP_SETTINGS, Settings};
use super::world::Gridworld;
use super::{deepsea, random, taxi};

/// Built-in map with its name.
struct NamedMap {
    name: &'static str,
    text: &'static str,
    /// Map after the change (blocking and shortcut maze); `None` for maps that do not change.
    changed: Option<&'static str>,
}

macro_rules! map {
    ($name:literal) => {
        map!($name, $name)
    };
    ($name:literal, $file:literal) => {
        NamedMap { name: $name, text: include_str!(concat!("maps/", $file, ".txt")), changed: None }
    };
    ($name:literal, $file:literal, $changed:literal) => {
        NamedMap { changed: Some(include_str!(concat!("maps/", $changed, ".txt"))), ..map!($name, $file) }
    };
}

const MAPS: &[NamedMap] = &[
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

/// Worlds that are generated from parameters in the name: pattern of the name, and description.
const GENERATED: &[(&str, &str)] = &[
    ("taxi", "Gymnasium Taxi-v4: fetch a passenger and bring it to its destination"),
    ("deepsea-N", "bsuite deep sea: N steps down, and a treasure that only N right moves in a row reach"),
    ("random-WxH-S", "A random map of W x H cells with walls and a path to the goal, from seed S"),
    ("frozenlake-N-S", "A random slippery lake of N x N cells with a path to the goal, from seed S"),
];

/// Names and descriptions of all named worlds.
pub(super) fn list() -> impl Iterator<Item = (&'static str, String)> {
    let about =
        |named: &NamedMap| Map::parse(named.text).map(|map| map.legend().about.clone()).unwrap_or_default();
    let maps = MAPS.iter().map(move |named| (named.name, about(named)));
    maps.chain(GENERATED.iter().map(|(name, about)| (*name, (*about).to_owned())))
}

/// Builds the world `name`; `None` if no world has this name.
pub(super) fn build(name: &str, table: &toml::Table) -> Result<Option<Gridworld>> {
    let id = format!("grid/{name}");
    if name == "taxi" {
        return taxi::world(&id, &Settings::read(table, &id, &[taxi::SETTINGS])?).map(Some);
    }
    if let Some(side) = name.strip_prefix("deepsea-").and_then(parse_number) {
        return deepsea::world(&id, side, &Settings::read(table, &id, &[deepsea::SETTINGS])?).map(Some);
    }
    match map(name, table)? {
        Some(map) => Gridworld::from_map(&id, &map).map_err(|e| e.in_file(&id)).map(Some),
        None => Ok(None),
    }
}

/// Settings of the world `name`, with their defaults (null: no default). An empty `name` stands for any map file.
pub(super) fn defaults(name: &str) -> Vec<(&'static str, serde_json::Value)> {
    use serde_json::{Value, json};
    let spec = || build(name, &toml::Table::new()).ok().flatten().map(|world| world.spec().clone());
    let gamma = || json!(spec().map(|spec| spec.gamma));
    let time_limit = || json!(spec().and_then(|spec| spec.time_limit).unwrap_or(0));
    if name == "taxi" {
        return vec![("gamma", gamma()), ("time_limit", time_limit()), ("mask", json!(false))];
    }
    if name.starts_with("deepsea-") {
        return vec![("gamma", gamma()), ("time_limit", time_limit()), ("action_seed", Value::Null)];
    }
    let map = map(name, &toml::Table::new()).ok().flatten();
    let legend = map.as_ref().map(Map::legend);
    let of = |value: fn(&Legend) -> Value| legend.map_or(Value::Null, value);
    let mut all = vec![
        ("slippery", Value::Null),
        ("slip", of(|legend| json!(legend.slip))),
        ("step_reward", of(|legend| json!(legend.step))),
        ("bump_reward", of(|legend| json!(legend.bump.unwrap_or(legend.step)))),
        ("gamma", of(|legend| json!(legend.gamma))),
        ("time_limit", of(|legend| json!(legend.time_limit))),
        ("mask", of(|legend| json!(legend.mask))),
    ];
    match MAPS.iter().find(|named| named.name == name) {
        Some(named) if named.changed.is_some() => all.push(("changed", json!(false))),
        Some(_) => {}
        None if name.is_empty() => all.push(("problem", json!(1))),
        None if name.starts_with("frozenlake-") => all.push(("density", json!(random::DEFAULT_HOLE_SHARE))),
        None => all.push(("density", json!(random::DEFAULT_WALL_SHARE))),
    }
    all
}

/// Map of the world `name`, with the settings applied; `None` if the world is not a map.
pub(super) fn map(name: &str, table: &toml::Table) -> Result<Option<Map>> {
    let id = format!("grid/{name}");
    if let Some(named) = MAPS.iter().find(|named| named.name == name) {
        let own: &[&str] = if named.changed.is_some() { &["changed"] } else { &[] };
        let settings = Settings::read(table, &id, &[MAP_SETTINGS, own])?;
        let text = match (settings.changed, named.changed) {
            (Some(true), Some(changed)) => changed,
            _ => named.text,
        };
        let mut map = Map::parse(text).map_err(|e| e.in_file(&id))?;
        settings.apply(map.legend_mut());
        return Ok(Some(map));
    }
    let random: Option<((u32, u32), u64, bool)> = None
        .or_else(|| {
            name.strip_prefix("random-").and_then(parse_rectangle).map(|(size, seed)| (size, seed, false))
        })
        .or_else(|| {
            name.strip_prefix("frozenlake-").and_then(parse_square).map(|(size, seed)| (size, seed, true))
        });
    let Some(((width, height), seed, is_lake)) = random else { return Ok(None) };
    let settings = Settings::read(table, &id, &[MAP_SETTINGS, &["density"]])?;
    let mut map = match is_lake {
        true => {
            // 100 steps for side 4 and 200 for side 8, as in Gymnasium.
            let legend = frozen_lake_legend("A random lake", width.saturating_mul(25));
            random::frozen_lake(width, seed, settings.density.unwrap_or(random::DEFAULT_HOLE_SHARE), legend)
        }
        false => {
            let legend = Legend { about: "A random map".to_owned(), ..Legend::default() };
            random::maze(width, height, seed, settings.density.unwrap_or(random::DEFAULT_WALL_SHARE), legend)
        }
    }
    .map_err(|e| Error::Config(format!("{id}: {e}")))?;
    settings.apply(map.legend_mut());
    Ok(Some(map))
}

/// Parses a number that consists of digits only, without sign or leading zero, so that each world has exactly one name.
fn parse_number<N: std::str::FromStr>(text: &str) -> Option<N> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

/// Parses the part `WIDTHxHEIGHT-SEED` of a name: size and seed.
fn parse_rectangle(text: &str) -> Option<((u32, u32), u64)> {
    let (size, seed) = text.split_once('-')?;
    let (width, height) = size.split_once('x')?;
    Some(((parse_number(width)?, parse_number(height)?), parse_number(seed)?))
}

/// Parses the part `SIDE-SEED` of a name: size and seed.
fn parse_square(text: &str) -> Option<((u32, u32), u64)> {
    let (side, seed) = text.split_once('-')?;
    let side = parse_number(side)?;
    Some(((side, side), parse_number(seed)?))
}
