//! Lap times of the scripted policies in the simulator, as a table in Markdown:
//! `cargo run --release -p freewheel-envs --example laps -- ['SETTING = VALUE'] ... [FILE.csv] ...`
//!
//! The table has the built-in circuits first, then circuits from files. Settings are those of the world family `track`,
//! such as `actions = "continuous"`.

#![allow(clippy::print_stdout)]

use std::path::Path;

use freewheel_core::{Error, NoPolicyLoader, Result, SolveQuery, WorldFamily};
use freewheel_envs::track::TrackFamily;
use toml::Table;

fn main() -> Result<()> {
    let (files, settings): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|word| Path::new(word).is_file());
    let read = |text: String| text.parse::<Table>().map_err(|e| Error::Config(format!("{text}: {e}")));
    let named = read(settings.join("\n"))?;
    // The circuit of Suzuka crosses itself on a bridge.
    let opened = Table::from_iter(named.clone().into_iter().chain([("bridges".to_owned(), true.into())]));
    let circuits = TrackFamily.list().into_iter().map(|info| info.id).chain(files);
    println!("| circuit | center line | racing line | bound |");
    println!("|---|---|---|---|");
    for circuit in circuits {
        let world = match circuit.strip_prefix("track/") {
            Some(name) => TrackFamily.build(name, &named, &NoPolicyLoader)?,
            None => Some(TrackFamily.open(Path::new(&circuit), &opened)?),
        };
        let Some(world) = world else { continue };
        let query = SolveQuery::for_spec(world.spec());
        let (center, racing) = (world.baseline(&query)?.value, world.solve(&query)?);
        let bound = racing.upper.map_or("–".into(), |bound| format!("{bound:.2}"));
        println!("| `{}` | {center:.2} | {:.2} | {bound} |", world.spec().id, racing.value);
    }
    Ok(())
}
