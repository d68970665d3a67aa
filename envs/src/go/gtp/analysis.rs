//! GTP commands that search and write candidate moves, in the formats of Leela Zero and KataGo, for Sabaki, Lizzie and
//! KaTrain. `analyze` and `genmove_analyze` are Sabaki's names for the format of Leela Zero.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use super::commands::{number, play_chosen};
use super::engine::{Engine, InputQueue};
use super::protocol::Command;
use super::queries::{board_rows, random_ownership, vertex_names};
use super::vertex;
use crate::go::rules::{Color, Game};
use crate::go::uct::{Candidate, Search};

/// Number of playouts between two checks of the input and the clock.
const PLAYOUTS_PER_CHECK: u32 = 50;

/// Number of playouts after which an analysis stops searching.
const MAX_PLAYOUTS: u32 = 1_000_000;

/// Number of random games for the ownership in a report.
const OWNERSHIP_GAMES: u32 = 100;

/// Shortest time between two reports.
const MIN_INTERVAL: Duration = Duration::from_millis(10);

/// Format of the reports.
#[derive(Clone, Copy, PartialEq)]
enum Format {
    /// Win rates in hundredths of a percent.
    LeelaZero,
    /// Win rates from 0 to 1, and scores.
    KataGo,
}

/// Arguments of an analysis: `[color] [interval] [KEY VALUE]...`.
struct Options {
    color: Color,
    /// Time between two reports.
    interval: Duration,
    /// Maximum number of moves in a report.
    moves: usize,
    /// Whether reports of the format of KataGo have the ownership of all points.
    ownership: bool,
    /// Whether reports of the format of KataGo have the values of the position.
    root_info: bool,
}

impl Options {
    /// Options from the words of a command. The time between two reports is in hundredths of a second; the default is
    /// one second. Unknown keys are ignored, with one value each.
    fn parse(engine: &Engine, words: &[String]) -> Self {
        let mut words = words.iter().map(String::as_str).peekable();
        let color = words.peek().and_then(|word| vertex::parse_color(word));
        if color.is_some() {
            words.next();
        }
        let mut interval = words.peek().and_then(|word| number::<u32>(word));
        if interval.is_some() {
            words.next();
        }
        let color = color.unwrap_or(engine.game.to_play());
        let mut options =
            Options { color, interval: MIN_INTERVAL, moves: usize::MAX, ownership: false, root_info: false };
        while let Some(key) = words.next() {
            match key.to_ascii_lowercase().as_str() {
                // `avoid COLOR VERTICES UNTIL_DEPTH` is not supported.
                "avoid" | "allow" => drop((words.next(), words.next(), words.next())),
                "interval" => interval = words.next().and_then(number).or(interval),
                "maxmoves" => options.moves = words.next().and_then(number).unwrap_or(usize::MAX),
                "ownership" => options.ownership = words.next() == Some("true"),
                "rootinfo" => options.root_info = words.next() == Some("true"),
                _ => drop(words.next()),
            }
        }
        let interval = interval.map_or(1000, |hundredths| u64::from(hundredths) * 10);
        Options { interval: Duration::from_millis(interval).max(MIN_INTERVAL), ..options }
    }
}

type Output<'a> = &'a mut dyn Write;

/// Commands `lz-analyze` and `analyze`: candidate moves in the format of Leela Zero.
pub(super) fn lz_analyze(
    engine: &mut Engine,
    command: &Command,
    queue: &mut InputQueue,
    output: Output<'_>,
) -> io::Result<()> {
    analyze(engine, command, queue, output, Format::LeelaZero)
}

/// Command `kata-analyze`: candidate moves in the format of KataGo.
pub(super) fn kata_analyze(
    engine: &mut Engine,
    command: &Command,
    queue: &mut InputQueue,
    output: Output<'_>,
) -> io::Result<()> {
    analyze(engine, command, queue, output, Format::KataGo)
}

/// Commands `lz-genmove_analyze` and `genmove_analyze`.
pub(super) fn lz_genmove_analyze(
    engine: &mut Engine,
    command: &Command,
    _: &mut InputQueue,
    output: Output<'_>,
) -> io::Result<()> {
    genmove_analyze(engine, command, output, Format::LeelaZero)
}

/// Command `kata-genmove_analyze`.
pub(super) fn kata_genmove_analyze(
    engine: &mut Engine,
    command: &Command,
    _: &mut InputQueue,
    output: Output<'_>,
) -> io::Result<()> {
    genmove_analyze(engine, command, output, Format::KataGo)
}

/// Searches and writes reports until a line of input arrives, even an empty one, or the input ends.
fn analyze(
    engine: &mut Engine,
    command: &Command,
    queue: &mut InputQueue,
    output: Output<'_>,
    format: Format,
) -> io::Result<()> {
    let options = Options::parse(engine, &command.arguments);
    let game = engine.game_for(options.color);
    begin(command, output)?;
    let mut search = Search::new(engine.analysis.clone(), &game);
    loop {
        let until = Instant::now() + options.interval;
        loop {
            search.run(PLAYOUTS_PER_CHECK, &mut engine.rng);
            if queue.should_stop() || Instant::now() >= until || search.playouts() >= MAX_PLAYOUTS {
                break;
            }
        }
        report(engine, &game, &search, &options, format, output)?;
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

/// Chooses a move by search, writes reports, and plays the move. Input does not end the search.
fn genmove_analyze(
    engine: &mut Engine,
    command: &Command,
    output: Output<'_>,
    format: Format,
) -> io::Result<()> {
    let options = Options::parse(engine, &command.arguments);
    let mut game = engine.game_for(options.color);
    let mut search = Search::new(engine.analysis.clone(), &game);
    begin(command, output)?;
    let mut last = Instant::now();
    while search.playouts() < engine.analysis.playouts {
        search.run(PLAYOUTS_PER_CHECK.min(engine.analysis.playouts - search.playouts()), &mut engine.rng);
        if last.elapsed() >= options.interval {
            report(engine, &game, &search, &options, format, output)?;
            last = Instant::now();
        }
    }
    report(engine, &game, &search, &options, format, output)?;
    let name = play_chosen(&mut game, search.choose());
    if name.is_ok() {
        engine.game = game;
    }
    writeln!(output, "play {}\n", name.unwrap_or_else(|why| why))?;
    output.flush()
}

/// Writes the success sign `=` of the response on its own line; reports follow.
fn begin(command: &Command, output: Output<'_>) -> io::Result<()> {
    let id = command.id.map(|id| id.to_string()).unwrap_or_default();
    writeln!(output, "={id}")?;
    output.flush()
}

/// Writes one line with all candidate moves, best first.
fn report(
    engine: &mut Engine,
    game: &Game,
    search: &Search,
    options: &Options,
    format: Format,
    output: Output<'_>,
) -> io::Result<()> {
    let candidates = search.candidates();
    let shown = candidates.iter().take(options.moves).enumerate();
    let infos: Vec<String> = shown.map(|(order, candidate)| info(game, order, candidate, format)).collect();
    let mut line = infos.join(" ");
    if format == Format::KataGo && options.root_info {
        let lead: f64 = candidates.iter().map(|one| one.score_lead * f64::from(one.visits)).sum();
        let visits: u32 = candidates.iter().map(|one| one.visits).sum();
        let (win_rate, lead) = (search.win_rate(), lead / f64::from(visits.max(1)));
        let _ = write!(
            line,
            " rootInfo visits {} utility {:.6} winrate {win_rate:.6} scoreLead {lead:.6}",
            search.playouts(),
            2.0 * win_rate - 1.0,
        );
    }
    if format == Format::KataGo && options.ownership {
        let owned = random_ownership(game, OWNERSHIP_GAMES, &mut engine.rng);
        let sign = f64::from(game.to_play().sign());
        // Adding 0 turns -0 into 0.
        let rows = board_rows(game, |point| format!("{:.4}", sign * owned[usize::from(point)] + 0.0));
        let _ = write!(line, " ownership {}", rows.replace('\n', " "));
    }
    writeln!(output, "{}", line.trim_start())?;
    output.flush()
}

fn info(game: &Game, order: usize, candidate: &Candidate, format: Format) -> String {
    let Candidate { point, visits, win_rate, score_lead, score_deviation, variation } = candidate;
    // Half width of the 95 % confidence interval by the normal approximation.
    let error = 1.96 * (win_rate * (1.0 - win_rate) / f64::from((*visits).max(1))).sqrt();
    let lcb = (win_rate - error).max(0.0);
    let values = match format {
        Format::LeelaZero => {
            let rate = |x: f64| (x.clamp(0.0, 1.0) * 10_000.0).round();
            format!("winrate {} prior 0 lcb {}", rate(*win_rate), rate(lcb))
        }
        Format::KataGo => format!(
            "utility {:.6} winrate {win_rate:.6} scoreMean {score_lead:.6} scoreStdev {score_deviation:.6} \
             scoreLead {score_lead:.6} scoreSelfplay {score_lead:.6} prior 0 lcb {lcb:.6} utilityLcb {:.6}",
            2.0 * win_rate - 1.0,
            2.0 * lcb - 1.0,
        ),
    };
    let name = vertex::name(game.rules(), *point);
    let variation = vertex_names(game, variation.iter().copied());
    format!("info move {name} visits {visits} {values} order {order} pv {variation}")
}
