//! Results of perfect play in Go on small empty boards, as a table in Markdown:
//! `cargo run --release -p freewheel-envs --example solved -- [WIDTHxHEIGHT:KO] ...`
//!
//! KO, the ko rule, is `simple`, `positional` or `situational`, such as `3x3:positional`. Suicide is forbidden;
//! `WxH:KO:suicide` allows it. Values are Black's area minus White's, without komi; where the value is not proved, the
//! table shows two bounds.

#![allow(clippy::print_stdout)]

use std::time::Instant;

use freewheel_core::{Error, Result};
use freewheel_envs::go::rules::{Compensation, Game, Ko, Point, Rules};
use freewheel_envs::go::solver::Solver;

/// Maximum number of positions that a search visits.
const BUDGET: u64 = 100_000_000;

fn rules(word: &str) -> Result<Rules> {
    let unknown = || Error::Config(format!("`{word}` is no board; give for instance 3x3:positional"));
    let parts: Vec<&str> = word.split(':').collect();
    let (board, ko, suicide) = match parts[..] {
        [board, ko] => (board, ko, false),
        [board, ko, "suicide"] => (board, ko, true),
        _ => return Err(unknown()),
    };
    let ko = match ko {
        "simple" => Ko::Simple,
        "positional" => Ko::Positional,
        "situational" => Ko::Situational,
        _ => return Err(unknown()),
    };
    let (width, height) = board.split_once('x').ok_or_else(unknown)?;
    let side = |text: &str| text.parse().map_err(|_| unknown());
    let (width, height) = (side(width)?, side(height)?);
    Ok(Rules { width, height, komi: 0.0, ko, suicide, compensation: Compensation::None, move_limit: None })
}

/// A point as column and row from the lower left corner, or the pass.
fn vertex(rules: &Rules, point: Point) -> String {
    let width = Point::from(rules.width);
    if usize::from(point) == rules.area() {
        return "pass".into();
    }
    format!("{}{}", char::from(b'A' + (point % width) as u8), point / width + 1)
}

fn main() -> Result<()> {
    println!("| board | ko | suicide | value | best first moves | positions | searched | found in |");
    println!("|---|---|---|---|---|---|---|---|");
    for word in std::env::args().skip(1) {
        let rules = rules(&word)?;
        let started = Instant::now();
        let over = || Error::Unsupported(format!("{word} takes more than {BUDGET} positions"));
        let solver = Solver::new(&rules, BUDGET)?.ok_or_else(over)?;
        let solved = solver.solve(&Game::new(rules)?, BUDGET)?;
        let took = started.elapsed().as_secs_f64();
        let value = match solved.exact() {
            Some(value) => format!("{value:+}"),
            None => format!("{:+} to {:+}", solved.low, solved.high),
        };
        let best: Vec<String> = solved.best.iter().map(|&point| vertex(&rules, point)).collect();
        println!(
            "| {}x{} | {:?} | {} | {value} | {} | {} | {} | {took:.2} s |",
            rules.width,
            rules.height,
            rules.ko,
            if rules.suicide { "yes" } else { "no" },
            best.join(" "),
            solver.positions(),
            solved.nodes,
        );
    }
    Ok(())
}
