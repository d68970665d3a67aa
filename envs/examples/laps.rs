//! The scripted drivers' lap times, on every built-in circuit and on those of the files given:
//! `cargo run --release -p freewheel-envs --example laps -- [SETTINGS] FILE.csv ...`

#![allow(missing_docs, clippy::print_stdout)]

use std::path::Path;
use std::sync::Arc;

use freewheel_core::{DynWorld, Question, Result, WorldFamily};
use freewheel_envs::track::Tracks;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (settings, files): (Vec<_>, Vec<_>) = arguments.into_iter().partition(|text| text.contains('='));
    let settings: toml::Table = settings.join("\n").parse().unwrap_or_default();
    println!("{:<44} {:>12} {:>12} {:>8} {:>9}", "circuit", "centre line", "racing line", "bound", "limit s");
    for info in Tracks.list() {
        let name = info.id.trim_start_matches("track/");
        if let Some(world) = Tracks.build(name, &settings)? {
            show(&info.id, &world);
        }
    }
    for file in files {
        let mut settings = settings.clone();
        settings.insert("bridges".into(), true.into());
        show(&file, &Tracks.open(Path::new(&file), &settings)?);
    }
    Ok(())
}

fn show(id: &str, world: &Arc<dyn DynWorld>) {
    let question = Question::as_played(world.spec());
    let seconds = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"));
    let centre = world.baseline(&question).ok().map(|baseline| baseline.value);
    let best = world.solve(&question);
    let (racing, bound) = best.map_or((None, None), |best| (Some(best.value), best.upper));
    let limit = world.spec().time_limit.unwrap_or(0);
    println!("{id:<44} {:>12} {:>12} {:>8} {limit:>9}", seconds(centre), seconds(racing), seconds(bound));
}
