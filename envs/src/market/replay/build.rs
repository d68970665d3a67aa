//! Replays by settings and by file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use freewheel_core::{DynWorld, Error, Result, World};

use super::prices::Prices;
use super::settings::{Actions, Settings};
use super::target::Target;
use super::world::Replay;

/// The world `market/replay`: its settings name the file.
///
/// # Errors
/// [`Error::Config`] for settings, [`Error::Input`] and [`Error::Io`] for files.
pub fn build(table: &toml::Table) -> Result<Arc<dyn DynWorld>> {
    replay("market/replay", &Settings::read(table, "market/replay")?)
}

/// The world of a file of prices, called as the program calls it: `market:GOOGL.csv`.
///
/// # Errors
/// As [`build`].
pub fn open(file: &Path, table: &toml::Table) -> Result<Arc<dyn DynWorld>> {
    let settings = of_file(file, table)?;
    replay(&format!("market:{}", file.display()), &settings)
}

/// Every file that [`open`] reads for `file`.
///
/// # Errors
/// [`Error::Config`] for settings.
pub fn sources(file: &Path, table: &toml::Table) -> Result<Vec<PathBuf>> {
    let settings = of_file(file, table)?;
    Ok(std::iter::once(file.to_owned()).chain(settings.others.iter().map(PathBuf::from)).collect())
}

fn of_file(file: &Path, table: &toml::Table) -> Result<Settings> {
    let of = file.display().to_string();
    if table.contains_key("file") {
        return Err(Error::Config(format!("{of}: the file is named already; leave the setting file out")));
    }
    let mut table = table.clone();
    table.insert("file".to_owned(), toml::Value::String(of.clone()));
    Settings::read(&table, &of)
}

/// The world of these settings, with as many real actions as there are assets where they are continuous.
fn replay(id: &str, settings: &Settings) -> Result<Arc<dyn DynWorld>> {
    fn of<A: Target>(id: &str, prices: Prices, settings: &Settings) -> Result<Arc<dyn DynWorld>> {
        Replay::<A>::new(id, prices, settings).map(World::shared)
    }
    let prices = Prices::read(settings)?;
    match (settings.actions, prices.width()) {
        (Actions::Table, _) => of::<u32>(id, prices, settings),
        (Actions::Continuous, 1) => of::<[f32; 1]>(id, prices, settings),
        (Actions::Continuous, 2) => of::<[f32; 2]>(id, prices, settings),
        (Actions::Continuous, 3) => of::<[f32; 3]>(id, prices, settings),
        (Actions::Continuous, 4) => of::<[f32; 4]>(id, prices, settings),
        (Actions::Continuous, 5) => of::<[f32; 5]>(id, prices, settings),
        (Actions::Continuous, 6) => of::<[f32; 6]>(id, prices, settings),
        (Actions::Continuous, 7) => of::<[f32; 7]>(id, prices, settings),
        (Actions::Continuous, _) => of::<[f32; 8]>(id, prices, settings),
    }
}
