//! GTP commands that do not change the game: board, legal moves, score, and analysis for GoGui and, in Leela Zero's
//! format, for Sabaki, Lizzie and KaTrain.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use super::commands::{argument, number, play_chosen};
use super::engine::{CommandQueue, Engine};
use super::protocol::{Command, Response};
use super::vertex;
use crate::go::rules::{Color, Game, Playouts, Point};
use crate::go::sgf::Outcome;
use crate::go::uct::{Candidate, Search};

/// Names of points, separated by spaces.
fn vertex_names(game: &Game, points: impl Iterator<Item = Point>) -> String {
    points.map(|point| vertex::name(game.rules(), point)).collect::<Vec<_>>().join(" ")
}

/// Text of a board: one cell for each point, the top row first.
fn board_rows(game: &Game, cell: impl Fn(Point) -> String) -> String {
    let (width, height) = (Point::from(game.rules().width), Point::from(game.rules().height));
    let row = |row: Point| (row * width..(row + 1) * width).map(&cell).collect::<Vec<_>>().join(" ");
    (0..height).rev().map(row).collect::<Vec<_>>().join("\n")
}

pub(super) fn list_stones(engine: &mut Engine, words: &[String]) -> Response {
    let color = argument(words, 0, vertex::parse_color)?;
    let game = &engine.game;
    Ok(vertex_names(game, (0..game.pass()).filter(|&point| game.stone(point) == Some(color))))
}

/// Command `captures COLOR`: number of stones that the color has captured.
pub(super) fn captures(engine: &mut Engine, words: &[String]) -> Response {
    let color = argument(words, 0, vertex::parse_color)?;
    Ok(engine.game.captures(color).to_string())
}

pub(super) fn is_legal(engine: &mut Engine, words: &[String]) -> Response {
    let color = argument(words, 0, vertex::parse_color)?;
    let point = argument(words, 1, |word| vertex::parse(engine.game.rules(), word))?;
    Ok(u8::from(engine.game_for(color).legal(point)).to_string())
}

/// Command `all_legal COLOR`: all points where the color may play. The pass is always legal and not listed.
pub(super) fn all_legal(engine: &mut Engine, words: &[String]) -> Response {
    let color = argument(words, 0, vertex::parse_color)?;
    let game = engine.game_for(color);
    Ok(vertex_names(&game, (0..game.pass()).filter(|&point| game.legal(point))))
}

/// Command `final_score`: area score of the present position; all stones count as alive.
pub(super) fn final_score(engine: &mut Engine, _: &[String]) -> Response {
    Ok(Outcome::from_score(engine.game.score()).to_string())
}

/// Command `final_status_list`: all stones count as alive, none as dead or in seki.
pub(super) fn final_status_list(engine: &mut Engine, words: &[String]) -> Response {
    let game = &engine.game;
    match words.first().map(String::as_str) {
        Some("alive") => {
            let heads = (0..game.pass()).filter_map(|point| {
                let mut stones: Vec<Point> = game.chain(point)?.stones().collect();
                stones.sort_unstable();
                (stones.first() == Some(&point)).then_some(stones)
            });
            Ok(heads.map(|stones| vertex_names(game, stones.into_iter())).collect::<Vec<_>>().join("\n"))
        }
        Some("dead" | "seki") => Ok(String::new()),
        _ => Err("syntax error".into()),
    }
}

/// Command `showboard`: text of the board, `X` for Black and `O` for White, the last move in parentheses.
pub(super) fn showboard(engine: &mut Engine, _: &[String]) -> Response {
    let game = &engine.game;
    let rules = game.rules();
    let (width, height) = (Point::from(rules.width), Point::from(rules.height));
    let columns: String = (0..width).map(|column| vertex::name(rules, column).replace('1', " ")).collect();
    let mut out = format!("\n   {}\n", columns.trim_end());
    let last = game.last_move().map(|last| last.point);
    for row in (0..height).rev() {
        let _ = write!(out, "{:2}", row + 1);
        for point in row * width..(row + 1) * width {
            let stone = match game.stone(point) {
                Some(Color::Black) => 'X',
                Some(Color::White) => 'O',
                None => '.',
            };
            let before = match last {
                Some(last) if last == point => '(',
                Some(last) if last + 1 == point && point % width != 0 => ')',
                _ => ' ',
            };
            let _ = write!(out, "{before}{stone}");
        }
        let end = if last == Some((row + 1) * width - 1) { ')' } else { ' ' };
        let _ = writeln!(out, "{end}{}", row + 1);
    }
    let [black, white] = Color::BOTH.map(|color| game.captures(color));
    let (next, komi) = (vertex::color_name(game.to_play()), rules.komi);
    let _ = write!(
        out,
        "   {}\n{next} to move, captures black {black} white {white}, komi {komi}",
        columns.trim_end()
    );
    Ok(out)
}

/// Command `gogui-analyze_commands`: analysis commands for GoGui, one a line, as `type/label/command`.
pub(super) fn gogui(_: &mut Engine, _: &[String]) -> Response {
    Ok("plist/Legal moves/all_legal %c\n\
        sboard/Liberties/freewheel-liberties\n\
        dboard/Ownership in random playouts/freewheel-ownership\n\
        string/Score of the board as it stands/final_score"
        .into())
}

/// Command `freewheel-liberties`: number of liberties of the chain on each point.
pub(super) fn liberties(engine: &mut Engine, _: &[String]) -> Response {
    let game = &engine.game;
    Ok(board_rows(game, |point| {
        game.chain(point).map_or("\"\"".into(), |chain| chain.liberties().to_string())
    }))
}

/// Command `freewheel-ownership [GAMES]`: mean ownership of each point at the end of random games, from 1 (Black) to -1
/// (White); 200 games by default.
pub(super) fn ownership(engine: &mut Engine, words: &[String]) -> Response {
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
    Ok(board_rows(game, |point| format!("{:.2}", f64::from(owned[usize::from(point)]) / f64::from(count))))
}

/// Number of playouts between two checks of the input and the clock.
const PLAYOUTS_PER_CHECK: u32 = 50;

/// Number of playouts after which an analysis stops searching.
const MAX_PLAYOUTS: u32 = 1_000_000;

/// Arguments of `lz-analyze` and `lz-genmove_analyze`: `[color] [interval] [N]`, where N is the time between two
/// reports in hundredths of a second. Other arguments, such as `minmoves 1`, are ignored.
fn parse_options(engine: &Engine, words: &[String]) -> (Color, Duration) {
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

/// Command `lz-analyze`: searches and writes candidate moves until the next command arrives.
pub(super) fn analyze(
    engine: &mut Engine,
    command: &Command,
    queue: &mut CommandQueue,
    output: &mut dyn Write,
) -> io::Result<()> {
    let (color, interval) = parse_options(engine, &command.arguments);
    let game = engine.game_for(color);
    begin(command, output)?;
    let mut search = Search::new(engine.analysis.clone(), &game);
    loop {
        let until = Instant::now() + interval;
        loop {
            search.run(PLAYOUTS_PER_CHECK, &mut engine.rng);
            if queue.should_stop() || Instant::now() >= until || search.playouts() >= MAX_PLAYOUTS {
                break;
            }
        }
        write_info(&game, &search, output)?;
        if search.playouts() >= MAX_PLAYOUTS {
            queue.wait();
        }
        if queue.should_stop() {
            break;
        }
    }
    writeln!(output)?;
    output.flush()
}

/// Command `lz-genmove_analyze`: chooses a move by search, writes the candidate moves, and plays the move.
pub(super) fn genmove_analyze(
    engine: &mut Engine,
    command: &Command,
    _: &mut CommandQueue,
    output: &mut dyn Write,
) -> io::Result<()> {
    let (color, interval) = parse_options(engine, &command.arguments);
    let mut game = engine.game_for(color);
    let mut search = Search::new(engine.analysis.clone(), &game);
    begin(command, output)?;
    let mut last = Instant::now();
    while search.playouts() < engine.analysis.playouts {
        search.run(PLAYOUTS_PER_CHECK.min(engine.analysis.playouts - search.playouts()), &mut engine.rng);
        if last.elapsed() >= interval {
            write_info(&game, &search, output)?;
            last = Instant::now();
        }
    }
    write_info(&game, &search, output)?;
    let name = play_chosen(&mut game, search.choose());
    if name.is_ok() {
        engine.game = game;
    }
    writeln!(output, "play {}\n", name.unwrap_or_else(|why| why))?;
    output.flush()
}

/// Writes the success sign `=` of the response on its own line; lines of information follow.
fn begin(command: &Command, output: &mut dyn Write) -> io::Result<()> {
    let id = command.id.map(|id| id.to_string()).unwrap_or_default();
    writeln!(output, "={id}")
}

/// Writes one line with all candidate moves, best first, in the format of Leela Zero: win rates in hundredths of a
/// percent.
fn write_info(game: &Game, search: &Search, output: &mut dyn Write) -> io::Result<()> {
    let infos =
        search.candidates().into_iter().enumerate().map(|(order, candidate)| info(game, order, &candidate));
    writeln!(output, "{}", infos.collect::<Vec<_>>().join(" "))?;
    output.flush()
}

fn info(game: &Game, order: usize, candidate: &Candidate) -> String {
    let Candidate { point, visits, win_rate, variation } = candidate;
    // Half width of the 95 % confidence interval by the normal approximation.
    let error = 1.96 * (win_rate * (1.0 - win_rate) / f64::from((*visits).max(1))).sqrt();
    let rate = |x: f64| (x.clamp(0.0, 1.0) * 10_000.0).round();
    let variation = vertex_names(game, variation.iter().copied());
    format!(
        "info move {} visits {visits} winrate {} prior 0 lcb {} order {order} pv {variation}",
        vertex::name(game.rules(), *point),
        rate(*win_rate),
        rate(win_rate - error)
    )
}
