//! Trading on historical prices: decide at a close, trade at the next open, with costs.
//!
//! | file | content |
//! |---|---|
//! | `file` | price files of all formats: columns, dates, numbers |
//! | `bars`, `stock_split` | bars of one asset; stock splits |
//! | `prices` | prices of several assets at common times |
//! | `calendar` | trading days, gaps, bars in a year |
//! | `features` | indicators and standardized features of the past |
//! | `split` | walk-forward folds with an embargo |
//! | `rules` | account: trades, costs, equity |
//! | `market`, `target`, `world` | data of a fold, action types, the environment [`Replay`] |
//! | `scripts`, `foresight`, `reference` | scripted policies, perfect foresight, reference solution |
//! | `draw` | drawing and trades in words |
//! | `settings` | settings; this file: worlds by settings and by file |

mod bars;
mod calendar;
mod draw;
mod features;
mod file;
mod foresight;
mod market;
mod prices;
mod reference;
mod rules;
mod scripts;
mod settings;
mod split;
mod stock_split;
mod target;
#[cfg(test)]
mod tests;
mod world;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use freewheel_core::{DynWorld, Error, EvaluationWorld, Result, World};

pub use bars::Bars;
pub use file::{Key, Times};
pub use market::MarketData;
pub use prices::{Prices, random_walk};
pub use rules::Account;
pub use settings::{Actions, Settings, Split, Splits};
pub use split::Fold;
pub use target::TargetAction;
pub use world::{Replay, State};

/// World `market/replay` with the settings in `table`, which contain the price file.
///
/// # Errors
/// [`Error::Config`] for invalid settings; [`Error::Input`] and [`Error::Io`] for files that are invalid or cannot be
/// read.
pub fn build(table: &toml::Table) -> Result<Arc<dyn DynWorld>> {
    replay("market/replay", &Settings::read(table, "market/replay")?, table)
}

/// World of the price file `file`. The id of the world is the name used on the command line, such as
/// `market:GOOGL.csv`.
///
/// # Errors
/// Same errors as [`build`].
pub fn open(file: &Path, table: &toml::Table) -> Result<Arc<dyn DynWorld>> {
    let settings = settings_of_file(file, table)?;
    replay(&format!("market:{}", file.display()), &settings, table)
}

/// All files that [`open`] reads: `file` and the files of further assets in the settings.
///
/// # Errors
/// [`Error::Config`] for invalid settings.
pub fn sources(file: &Path, table: &toml::Table) -> Result<Vec<PathBuf>> {
    let settings = settings_of_file(file, table)?;
    Ok(std::iter::once(file.to_owned()).chain(settings.others.iter().map(PathBuf::from)).collect())
}

fn settings_of_file(file: &Path, table: &toml::Table) -> Result<Settings> {
    let of = file.display().to_string();
    if table.contains_key("file") {
        let message = "the setting `file` must not be set, as the world names the file";
        return Err(Error::setting("file", message).of(&of));
    }
    let mut table = table.clone();
    table.insert("file".to_owned(), toml::Value::String(of.clone()));
    Settings::read(&table, &of)
}

/// World with the id `id` and the settings `settings`, which are those of `table`. Where policies are evaluated on
/// other bars than those of the episodes, it has an evaluation world.
fn replay(id: &str, settings: &Settings, table: &toml::Table) -> Result<Arc<dyn DynWorld>> {
    let prices = Prices::read(settings)?;
    if settings.split == settings.evaluation_split {
        return world_on(id, prices, settings, None);
    }
    let evaluated = Settings { split: settings.evaluation_split, ..settings.clone() };
    let mut table = table.clone();
    let split = toml::Value::try_from(settings.evaluation_split).map_err(|e| Error::Config(e.to_string()))?;
    table.insert("split".to_owned(), split);
    let world = world_on(id, prices.clone(), &evaluated, None)?;
    world_on(id, prices, settings, Some(EvaluationWorld { world, settings: table }))
}

/// World on `prices`; continuous actions have as many numbers as there are assets.
fn world_on(
    id: &str,
    prices: Prices,
    settings: &Settings,
    evaluation: Option<EvaluationWorld>,
) -> Result<Arc<dyn DynWorld>> {
    fn of<A: TargetAction>(
        id: &str,
        prices: Prices,
        settings: &Settings,
        evaluation_world: Option<EvaluationWorld>,
    ) -> Result<Arc<dyn DynWorld>> {
        Ok(Replay::<A>::new(id, prices, settings)?.with_evaluation_world(evaluation_world).shared())
    }
    match (settings.actions, prices.width()) {
        (Actions::Table, _) => of::<u32>(id, prices, settings, evaluation),
        (Actions::Continuous, 1) => of::<[f32; 1]>(id, prices, settings, evaluation),
        (Actions::Continuous, 2) => of::<[f32; 2]>(id, prices, settings, evaluation),
        (Actions::Continuous, 3) => of::<[f32; 3]>(id, prices, settings, evaluation),
        (Actions::Continuous, 4) => of::<[f32; 4]>(id, prices, settings, evaluation),
        (Actions::Continuous, 5) => of::<[f32; 5]>(id, prices, settings, evaluation),
        (Actions::Continuous, 6) => of::<[f32; 6]>(id, prices, settings, evaluation),
        (Actions::Continuous, 7) => of::<[f32; 7]>(id, prices, settings, evaluation),
        (Actions::Continuous, _) => of::<[f32; 8]>(id, prices, settings, evaluation),
    }
}
