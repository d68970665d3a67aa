//! Tests of the replay on generated prices.

mod accounting;
mod calendars;
mod files;
mod foresight;
mod lookahead;
mod players;

use std::fmt::Write;
use std::path::Path;

use freewheel_core::{Env, Purpose, Stream, Streams};

use super::{Bars, Prices, Replay, Settings};
use crate::golden;

/// Random stream of a test.
fn test_rng(seed: u64) -> Stream {
    Streams::new(seed).stream(Purpose::Generation, 0, 0)
}

/// CSV of `days` daily bars of a random walk without drift; `night` and `day` are standard deviations of log returns.
fn walk(days: usize, seed: u64, [night, day]: [f64; 2]) -> String {
    let mut rng = test_rng(seed);
    // The log return of a martingale has mean -variance / 2.
    let mut factor = |std: f64| (std * rng.normal() - std * std / 2.0).exp();
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

/// Date number `index`; months have 28 days.
fn date(index: usize) -> String {
    format!("{}-{:02}-{:02}", 2000 + index / 336, index / 28 % 12 + 1, index % 28 + 1)
}

fn bars(text: &str, settings: &Settings) -> Bars {
    Bars::parse(Path::new("made.csv"), text.as_bytes(), settings).unwrap()
}

/// Settings with a feature of the volume, so that it is read.
fn with_volume() -> Settings {
    Settings { volume: vec![2], ..Settings::default() }
}

fn prices(text: &str) -> Prices {
    Prices::align(&[bars(text, &with_volume())], 10.0).unwrap()
}

/// Prices of several random walks.
fn several(days: usize, seeds: std::ops::Range<u64>) -> Prices {
    let all: Vec<Bars> = seeds.map(|seed| bars(&walk(days, seed, [0.005, 0.02]), &with_volume())).collect();
    Prices::align(&all, 10.0).unwrap()
}

fn replay(prices: Prices, settings: &Settings) -> Replay<u32> {
    Replay::new("market/replay", prices, settings).unwrap()
}

/// Settings from TOML text.
fn settings(text: &str) -> Settings {
    let mut table: toml::Table = text.parse().unwrap();
    table.entry("file").or_insert("made.csv".into());
    Settings::read(&table, "market/replay").unwrap()
}

/// Settings with short features, which need few bars.
const SHORT: &str =
    "returns = [1, 2]\nvolatility = [3]\nmomentum = []\naverage = [4]\nrsi = []\nlength = 12\n";

fn short(text: &str) -> Settings {
    settings(&format!("{SHORT}{text}"))
}

/// Prices without logarithms or random numbers, so that they are the same on every machine.
fn zigzag() -> String {
    let mut text = "date,open,high,low,close\n".to_owned();
    for index in 0..90 {
        let open = 100 + (index * 37) % 23;
        let close = 100 + (index * 53) % 29;
        let (high, low) = (open.max(close) + 2, open.min(close) - 3);
        writeln!(text, "{},{open},{high},{low},{close}", date(index)).unwrap();
    }
    text
}

fn play(more: &str) -> String {
    let world = replay(prices(&zigzag()), &short(&format!("periods = 252\n{more}")));
    let spec = world.spec();
    let mut text = format!(
        "{} version {} limit {:?} actions {} scripts {}\n",
        spec.id,
        spec.version,
        spec.time_limit,
        spec.actions.names().join(", "),
        spec.scripts.join(", "),
    );
    let (mut rng, mut choices) = (test_rng(1), test_rng(2));
    let mut state = world.reset(&mut rng);
    let mut obs = vec![0.0; spec.observation.len()];
    loop {
        world.observe(&state, &mut obs);
        let seen: Vec<String> = obs.iter().map(|x| format!("{x:.4}")).collect();
        let action = choices.below(spec.actions.count() as u32);
        let result = world.step(&mut state, action, &mut rng);
        writeln!(
            text,
            "[{}] {} -> bar {} reward {:.6} {:?} cash {:.4} units {:.6} equity {:.4} quiet {} paid {:.4}",
            seen.join(" "),
            spec.actions.names()[action as usize],
            state.bar,
            result.reward,
            result.ending,
            state.account.cash,
            state.account.units[0],
            state.equity,
            state.bars_since_change,
            state.costs_paid,
        )
        .unwrap();
        if result.ending.is_over() {
            break;
        }
    }
    let mut measures = vec![0.0; spec.measures.len()];
    world.measure(&state, &mut measures);
    for (measure, value) in spec.measures.iter().zip(measures) {
        writeln!(text, "{} {value:.6}", measure.name).unwrap();
    }
    text
}

#[test]
fn golden_playthrough() {
    let tradable_bars =
        ["", "split = \"test\"\nlevels = [-1.5, 0, 0.5, 2]\nleverage = 2\nfee = 3"].map(play).concat();
    golden::compare("src/market/replay/golden/zigzag.txt", &tradable_bars);
}
