//! Commands that show what is thought of a position: for GoGui, and as Leela Zero does it for Sabaki, Lizzie and KaTrain.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use super::board::rows;
use super::commands::{argument, number, play_own};
use super::engine::{Engine, Pending};
use super::protocol::{Answer, Command};
use super::vertex;
use crate::go::rules::{Color, Game, Playouts};
use crate::go::uct::{Candidate, Search};

/// What GoGui shall offer, as `type/label/command`.
pub(super) fn gogui(_: &mut Engine, _: &[String]) -> Answer {
    Ok("plist/Legal moves/all_legal %c\n\
        sboard/Liberties/freewheel-liberties\n\
        dboard/Ownership in random playouts/freewheel-ownership\n\
        string/Score of the board as it stands/final_score"
        .into())
}

/// The number of liberties of the chain on every point.
pub(super) fn liberties(engine: &mut Engine, _: &[String]) -> Answer {
    let game = &engine.game;
    Ok(rows(game, |point| game.chain(point).map_or("\"\"".into(), |chain| chain.liberties().to_string())))
}

/// Whose every point is at the end of random games, between 1 (Black's) and -1; the argument is their number, 200 where not said.
pub(super) fn ownership(engine: &mut Engine, words: &[String]) -> Answer {
    let count = if words.is_empty() { 200 } else { argument(words, 0, number::<u32>)? };
    if !(1..=1_000_000).contains(&count) {
        return Err("syntax error".into());
    }
    let game = &engine.game;
    let mut playouts = Playouts::new(game);
    let mut owned = vec![0i32; game.area()];
    for _ in 0..count {
        playouts.run(game, &mut engine.rng);
        let board = playouts.board();
        for (point, owned) in (0..).zip(&mut owned) {
            let vertex = game.geometry().vertex(point);
            let owner = board
                .color(vertex)
                .or_else(|| Color::BOTH.into_iter().find(|&c| board.is_surrounded(vertex, c)));
            *owned += owner.map_or(0, Color::sign);
        }
    }
    Ok(rows(game, |point| format!("{:.2}", f64::from(owned[usize::from(point)]) / f64::from(count))))
}

/// Playouts between two looks at the input and the clock.
const SLICE: u32 = 50;

/// Playouts after which an analysis has nothing more to say.
const MOST: u32 = 1_000_000;

/// What `lz-analyze` and `lz-genmove_analyze` are asked: `[color] [interval] [N]`, N in hundredths of a second. Other words,
/// such as `minmoves 1`, wish for something we do not do, and are passed over.
fn wishes(engine: &Engine, words: &[String]) -> (Color, Duration) {
    let color = words.first().and_then(|word| vertex::parse_color(word)).unwrap_or(engine.game.to_play());
    let mut words = words.iter();
    let interval = loop {
        match words.next().map(String::as_str) {
            Some("interval") => break words.next().and_then(|word| number(word)),
            Some("minmoves" | "maxmoves") => drop(words.next()),
            Some(word) if number::<u32>(word).is_some() => break number(word),
            Some(_) => {}
            None => break None,
        }
    };
    (color, Duration::from_millis(interval.map_or(1000, |n: u32| u64::from(n) * 10)))
}

/// Searches and tells, until something else is asked.
pub(super) fn analyze(
    engine: &mut Engine,
    command: &Command,
    pending: &mut Pending,
    output: &mut dyn Write,
) -> io::Result<()> {
    let (color, interval) = wishes(engine, &command.arguments);
    let game = engine.game_for(color);
    begin(command, output)?;
    let mut search = Search::new(engine.analysis.clone(), &game);
    loop {
        let until = Instant::now() + interval;
        loop {
            search.run(SLICE, &mut engine.rng);
            if pending.interrupts() || Instant::now() >= until || search.playouts() >= MOST {
                break;
            }
        }
        tell(&game, &search, output)?;
        if search.playouts() >= MOST {
            pending.wait();
        }
        if pending.interrupts() {
            break;
        }
    }
    writeln!(output)?;
    output.flush()
}

/// Chooses a move as `genmove` does, where the player is the search itself, and tells what was thought of it.
pub(super) fn genmove_analyze(
    engine: &mut Engine,
    command: &Command,
    _: &mut Pending,
    output: &mut dyn Write,
) -> io::Result<()> {
    let (color, interval) = wishes(engine, &command.arguments);
    let mut game = engine.game_for(color);
    let mut search = Search::new(engine.analysis.clone(), &game);
    begin(command, output)?;
    let mut last = Instant::now();
    while search.playouts() < engine.analysis.playouts {
        search.run(SLICE.min(engine.analysis.playouts - search.playouts()), &mut engine.rng);
        if last.elapsed() >= interval {
            tell(&game, &search, output)?;
            last = Instant::now();
        }
    }
    tell(&game, &search, output)?;
    let name = play_own(&mut game, search.choose());
    if name.is_ok() {
        engine.game = game;
    }
    writeln!(output, "play {}\n", name.unwrap_or_else(|why| why))?;
    output.flush()
}

/// The sign of a good answer, on a line of its own: what follows are lines of information.
fn begin(command: &Command, output: &mut dyn Write) -> io::Result<()> {
    let id = command.id.map(|id| id.to_string()).unwrap_or_default();
    writeln!(output, "={id}")
}

/// One line of all candidates, best first, as Leela Zero writes it: rates in hundredths of a percent.
fn tell(game: &Game, search: &Search, output: &mut dyn Write) -> io::Result<()> {
    let infos =
        search.candidates().into_iter().enumerate().map(|(order, candidate)| info(game, order, &candidate));
    writeln!(output, "{}", infos.collect::<Vec<_>>().join(" "))?;
    output.flush()
}

fn info(game: &Game, order: usize, candidate: &Candidate) -> String {
    let Candidate { point, visits, win_rate, variation } = candidate;
    // The lower end of the normal 95 % interval.
    let error = 1.96 * (win_rate * (1.0 - win_rate) / f64::from((*visits).max(1))).sqrt();
    let rate = |x: f64| (x.clamp(0.0, 1.0) * 10_000.0).round();
    let variation = super::board::names(game, variation.iter().copied());
    format!(
        "info move {} visits {visits} winrate {} prior 0 lcb {} order {order} pv {variation}",
        vertex::name(game.rules(), *point),
        rate(*win_rate),
        rate(win_rate - error)
    )
}
