//! A made series, for what wants prices and has no file of them.

use std::fmt::Write;
use std::path::Path;

use freewheel_core::{Purpose, Result, Streams};

use super::bars::Bars;
use super::prices::Prices;
use super::settings::Settings;

/// Daily bars of a random walk, 28 to a month from 2000 on: a gap of 0.2 % a night and 1 % a day. Always the same ones.
///
/// # Errors
/// None but those of [`Bars::parse`], for settings that refuse such bars.
pub fn random_walk(days: usize, settings: &Settings) -> Result<Prices> {
    let mut rng = Streams::new(1).stream(Purpose::Generation, 0, 0);
    let (mut text, mut close) = ("date,open,high,low,close\n".to_owned(), 100.0);
    for day in 0..days {
        let date = format!("{}-{:02}-{:02}", 2000 + day / 336, day / 28 % 12 + 1, day % 28 + 1);
        let open = close * (0.002 * rng.normal()).exp();
        close = open * (0.01 * rng.normal()).exp();
        let (high, low) = (f64::max(open, close), f64::min(open, close));
        // Writing to a string does not fail.
        let _ = writeln!(text, "{date},{open},{high},{low},{close}");
    }
    let bars = Bars::parse(Path::new("random-walk.csv"), text.as_bytes(), settings)?;
    Prices::align(&[bars], settings.largest_gap)
}
