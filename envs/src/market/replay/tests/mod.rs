//! What a replay must be, seen on prices made here.

mod accounting;
mod files;
mod foresight;
mod golden;
mod lookahead;
mod players;

use std::path::Path;

use freewheel_core::{Purpose, Stream, Streams};

use super::{Bars, Prices, Replay, Settings};

/// The dice of a test.
fn dice(seed: u64) -> Stream {
    Streams::new(seed).stream(Purpose::Generation, 0, 0)
}

/// A file of `days` daily bars of a random walk without drift: `night` and `day` are standard deviations of log returns.
fn walk(days: usize, seed: u64, [night, day]: [f64; 2]) -> String {
    let mut rng = dice(seed);
    // A martingale's log return has the mean -variance / 2.
    let mut factor = |deviation: f64| (deviation * rng.normal() - deviation * deviation / 2.0).exp();
    let (mut text, mut close) = ("Date,Open,High,Low,Close,Volume\n".to_owned(), 100.0);
    for index in 0..days {
        let open = close * factor(night);
        close = open * factor(day);
        let (high, low) = (f64::max(open, close), f64::min(open, close));
        let date = date(index);
        text.push_str(&format!("{date},{open},{high},{low},{close},{}\n", 1000 + index % 7));
    }
    text
}

/// The index-th day, months having 28.
fn date(index: usize) -> String {
    format!("{}-{:02}-{:02}", 2000 + index / 336, index / 28 % 12 + 1, index % 28 + 1)
}

fn bars(text: &str, settings: &Settings) -> Bars {
    Bars::parse(Path::new("made.csv"), text.as_bytes(), settings).unwrap()
}

fn prices(text: &str) -> Prices {
    Prices::align(&[bars(text, &Settings::default())], 10.0).unwrap()
}

/// Prices of several walks.
fn several(days: usize, seeds: std::ops::Range<u64>) -> Prices {
    let all: Vec<Bars> =
        seeds.map(|seed| bars(&walk(days, seed, [0.005, 0.02]), &Settings::default())).collect();
    Prices::align(&all, 10.0).unwrap()
}

fn replay(prices: Prices, settings: &Settings) -> Replay<u32> {
    Replay::new("market/replay", prices, settings).unwrap()
}

/// Settings of a test: read from a table as an experiment would say it.
fn settings(text: &str) -> Settings {
    let mut table: toml::Table = text.parse().unwrap();
    table.entry("file").or_insert("made.csv".into());
    Settings::read(&table, "market/replay").unwrap()
}

/// Short features, so that few bars do.
const SHORT: &str =
    "returns = [1, 2]\nvolatility = [3]\nmomentum = []\naverage = [4]\nrsi = []\nlength = 12\n";

fn short(text: &str) -> Settings {
    settings(&format!("{SHORT}{text}"))
}
