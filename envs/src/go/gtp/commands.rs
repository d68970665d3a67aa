//! GTP commands: the table of all commands, and the commands that change the game.

use std::io::{self, Write};
use std::time::Instant;

use freewheel_core::Stream;

use super::clock::{Clock, Control};
use super::engine::{Engine, InputQueue};
use super::protocol::{Command, Response};
use super::{analysis, queries, records, vertex};
use crate::go::players::PlayerAction;
use crate::go::rules::{Color, Game, Point, Rules, Setup, Vertex};
use crate::go::uct;

/// Function that executes a command.
#[derive(Clone, Copy)]
pub(super) enum Handler {
    /// Function that returns one response.
    Response(fn(&mut Engine, &[String]) -> Response),
    /// Function that returns one response, of the rest of the line as it was sent.
    Line(fn(&mut Engine, &str) -> Response),
    /// Function that writes lines until the next command arrives.
    Stream(fn(&mut Engine, &Command, &mut InputQueue, &mut dyn Write) -> io::Result<()>),
}

/// All GTP commands with their handlers, sorted by name.
const COMMANDS: [(&str, Handler); 45] = [
    ("all_legal", Handler::Response(queries::all_legal)),
    ("analyze", Handler::Stream(analysis::lz_analyze)),
    ("boardsize", Handler::Response(boardsize)),
    ("captures", Handler::Response(queries::captures)),
    ("clear_board", Handler::Response(clear_board)),
    ("final_score", Handler::Response(queries::final_score)),
    ("final_status_list", Handler::Response(queries::final_status_list)),
    ("fixed_handicap", Handler::Response(fixed_handicap)),
    ("freewheel-liberties", Handler::Response(queries::liberties)),
    ("freewheel-ownership", Handler::Response(queries::ownership)),
    ("genmove", Handler::Response(genmove)),
    ("genmove_analyze", Handler::Stream(analysis::lz_genmove_analyze)),
    ("get_komi", Handler::Response(get_komi)),
    ("gogui-analyze_commands", Handler::Response(queries::gogui)),
    ("is_legal", Handler::Response(queries::is_legal)),
    ("kata-analyze", Handler::Stream(analysis::kata_analyze)),
    ("kata-genmove_analyze", Handler::Stream(analysis::kata_genmove_analyze)),
    ("kata-get-rules", Handler::Line(records::kata_get_rules)),
    ("kata-set-rule", Handler::Line(records::kata_set_rule)),
    ("kata-set-rules", Handler::Line(records::kata_set_rules)),
    ("kgs-genmove_cleanup", Handler::Response(genmove_cleanup)),
    ("kgs-rules", Handler::Line(records::kgs_rules)),
    ("kgs-time_settings", Handler::Response(kgs_time_settings)),
    ("known_command", Handler::Response(known_command)),
    ("komi", Handler::Response(komi)),
    ("list_commands", Handler::Response(list_commands)),
    ("list_stones", Handler::Response(queries::list_stones)),
    ("loadsgf", Handler::Line(records::loadsgf)),
    ("lz-analyze", Handler::Stream(analysis::lz_analyze)),
    ("lz-genmove_analyze", Handler::Stream(analysis::lz_genmove_analyze)),
    ("name", Handler::Response(|engine, _| Ok(format!("Freewheel {}", engine.player.name())))),
    ("place_free_handicap", Handler::Response(place_free_handicap)),
    ("play", Handler::Response(play)),
    ("printsgf", Handler::Line(records::printsgf)),
    ("protocol_version", Handler::Response(|_, _| Ok("2".into()))),
    ("quit", Handler::Response(|_, _| Ok(String::new()))),
    ("rectangular_boardsize", Handler::Response(rectangular_boardsize)),
    ("reg_genmove", Handler::Response(reg_genmove)),
    ("set_free_handicap", Handler::Response(set_free_handicap)),
    ("set_random_seed", Handler::Response(set_random_seed)),
    ("showboard", Handler::Response(queries::showboard)),
    ("time_left", Handler::Response(time_left)),
    ("time_settings", Handler::Response(time_settings)),
    ("undo", Handler::Response(undo)),
    ("version", Handler::Response(|_, _| Ok(env!("CARGO_PKG_VERSION").into()))),
];

/// Handler of the command `name`, in lower or upper case; `None` for an unknown command.
pub(super) fn find(name: &str) -> Option<Handler> {
    COMMANDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, handler)| *handler)
}

/// Argument at `index`, parsed by the function `read`.
///
/// # Errors
/// Message `syntax error` if the argument is missing or invalid.
pub(super) fn argument<T>(
    words: &[String],
    index: usize,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<T, String> {
    words.get(index).and_then(|word| read(word)).ok_or_else(|| "syntax error".into())
}

pub(super) fn number<T: std::str::FromStr>(word: &str) -> Option<T> {
    word.parse().ok()
}

fn known_command(_: &mut Engine, words: &[String]) -> Response {
    Ok(words.first().is_some_and(|name| find(name).is_some()).to_string())
}

fn list_commands(_: &mut Engine, _: &[String]) -> Response {
    Ok(COMMANDS.map(|(name, _)| name).join("\n"))
}

fn play(engine: &mut Engine, words: &[String]) -> Response {
    let color = argument(words, 0, vertex::parse_color)?;
    let point = argument(words, 1, |word| vertex::parse(engine.game.rules(), word))?;
    let mut game = engine.game_for(color);
    game.play(point).map_err(|_| "illegal move".to_owned())?;
    engine.game = game;
    Ok(String::new())
}

/// Move that the engine's player chooses for `color`, as a GTP vertex, and the game after the move.
pub(super) fn choose(engine: &mut Engine, color: Color) -> Result<(String, Game), String> {
    let mut game = engine.game_for(color);
    let start = Instant::now();
    let time = engine.clock.time(&game, color);
    let action = engine.player.choose_in_game(&game, &mut engine.memory, time, &mut engine.rng);
    engine.clock.count(color, start.elapsed());
    let name = match action.map_err(|e| e.to_string())? {
        PlayerAction::Resign => "resign".to_owned(),
        PlayerAction::Play(point) => play_chosen(&mut game, point)?,
    };
    Ok((name, game))
}

/// Plays a move that the engine has chosen, and returns the move as a GTP vertex.
pub(super) fn play_chosen(game: &mut Game, point: Point) -> Result<String, String> {
    let name = vertex::name(game.rules(), point);
    game.play(point).map_err(|why| format!("the player chose {name}, which is illegal: {why}"))?;
    Ok(name)
}

fn genmove(engine: &mut Engine, words: &[String]) -> Response {
    let color = argument(words, 0, vertex::parse_color)?;
    let (name, game) = choose(engine, color)?;
    engine.game = game;
    Ok(name)
}

fn reg_genmove(engine: &mut Engine, words: &[String]) -> Response {
    let color = argument(words, 0, vertex::parse_color)?;
    choose(engine, color).map(|(name, _)| name)
}

fn undo(engine: &mut Engine, _: &[String]) -> Response {
    if engine.game.undo() { Ok(String::new()) } else { Err("cannot undo".into()) }
}

/// Command `kgs-genmove_cleanup COLOR`: as `genmove`, but passes only if the opponent has no dead stones.
fn genmove_cleanup(engine: &mut Engine, words: &[String]) -> Response {
    let color = argument(words, 0, vertex::parse_color)?;
    let (mut name, mut game) = choose(engine, color)?;
    if name == "pass" {
        game = engine.game_for(color);
        let point = removing_move(&game, &mut engine.rng).unwrap_or(game.pass());
        name = play_chosen(&mut game, point)?;
    }
    engine.game = game;
    Ok(name)
}

/// Number of random games in which dead stones are found.
const CLEANUP_GAMES: u32 = 200;

/// Mean ownership from which a point belongs to a player: 13 of 20 random games.
const MIN_OWNED: f64 = 0.3;

/// Move next to a dead stone of the opponent, preferably one that captures; `None` if there is none. Stones are dead if
/// their points belong to the player to move at the end of most random games.
fn removing_move(game: &Game, rng: &mut Stream) -> Option<Point> {
    let (board, geometry, color) = (game.board(), game.geometry(), game.to_play());
    let owned = queries::random_ownership(game, CLEANUP_GAMES, rng);
    let is_dead = |vertex: Vertex| {
        board.color(vertex) == Some(color.other())
            && owned[usize::from(geometry.point(vertex))] * f64::from(color.sign()) > MIN_OWNED
    };
    let value = |&vertex: &Vertex| {
        let mut dead = board.neighbors(vertex).into_iter().filter(|&n| is_dead(n)).peekable();
        dead.peek()?;
        let captures = dead.any(|n| board.in_atari(n));
        let is_bad = board.is_eye(vertex, color) || uct::is_self_atari(board, vertex, color);
        (game.legal(geometry.point(vertex)) && (captures || !is_bad)).then_some(captures)
    };
    let moves = board.empties().iter().filter_map(|vertex| Some((value(vertex)?, geometry.point(*vertex))));
    moves.max().map(|(_, point)| point)
}

/// Replays `game` under `rules`; an error if a move of the game is illegal under these rules.
pub(super) fn with_rules(game: &Game, rules: Rules) -> Result<Game, String> {
    let setup: Setup = game.setup().clone();
    let mut other = Game::with_setup(rules, setup).map_err(|e| e.to_string())?;
    for played in game.moves() {
        other.resume();
        other.set_to_play(played.color);
        other.play(played.point).map_err(|e| e.to_string())?;
    }
    other.set_to_play(game.to_play());
    Ok(other)
}

fn boardsize(engine: &mut Engine, words: &[String]) -> Response {
    let side = argument(words, 0, number::<i64>)?;
    resize(engine, side, side)
}

/// Command `rectangular_boardsize COLUMNS ROWS`: an extension of GTP by Sabaki and KataGo.
fn rectangular_boardsize(engine: &mut Engine, words: &[String]) -> Response {
    let (width, height) = (argument(words, 0, number)?, argument(words, 1, number)?);
    resize(engine, width, height)
}

fn resize(engine: &mut Engine, width: i64, height: i64) -> Response {
    let unacceptable = |_| "unacceptable size".to_owned();
    let (width, height) =
        (u8::try_from(width).map_err(unacceptable)?, u8::try_from(height).map_err(unacceptable)?);
    let rules = Rules { width, height, ..*engine.game.rules() };
    engine.begin(rules, Setup::default()).map_err(|_| "unacceptable size".into())
}

fn clear_board(engine: &mut Engine, _: &[String]) -> Response {
    engine.begin(*engine.game.rules(), Setup::default())
}

fn komi(engine: &mut Engine, words: &[String]) -> Response {
    let komi = argument(words, 0, number::<f32>)?;
    let rules = Rules { komi, ..*engine.game.rules() };
    // `nan` and infinities are not numbers of GTP.
    rules.check().map_err(|e| if komi.is_finite() { e.to_string() } else { "syntax error".into() })?;
    engine.game = with_rules(&engine.game, rules)?;
    Ok(String::new())
}

fn get_komi(engine: &mut Engine, _: &[String]) -> Response {
    Ok(engine.game.rules().komi.to_string())
}

fn fixed_handicap(engine: &mut Engine, words: &[String]) -> Response {
    let stones = argument(words, 0, number::<i64>)?;
    require_empty(&engine.game)?;
    place(engine, stones, stones)
}

/// Command `place_free_handicap N`: places N handicap stones on the fixed points, or fewer if the board has fewer fixed
/// points.
fn place_free_handicap(engine: &mut Engine, words: &[String]) -> Response {
    let stones = argument(words, 0, number::<i64>)?;
    require_empty(&engine.game)?;
    if stones >= engine.game.area() as i64 {
        return Err("invalid number of stones".into());
    }
    place(engine, stones, 2)
}

/// Places the largest number of fixed handicap stones that the board allows, from `most` down to `least`.
fn place(engine: &mut Engine, most: i64, least: i64) -> Response {
    let rules = *engine.game.rules();
    let setups = (least..=most.min(9))
        .rev()
        .filter_map(|stones| Setup::fixed_handicap(&rules, u16::try_from(stones).ok()?).ok());
    let Some(setup) = { setups }.next() else { return Err("invalid number of stones".into()) };
    let vertex_names: Vec<String> = setup.black.iter().map(|&point| vertex::name(&rules, point)).collect();
    engine.begin(rules, setup)?;
    Ok(vertex_names.join(" "))
}

fn set_free_handicap(engine: &mut Engine, words: &[String]) -> Response {
    require_empty(&engine.game)?;
    let rules = *engine.game.rules();
    let bad = || "bad vertex list".to_owned();
    let mut points: Vec<Point> = Vec::new();
    for word in words {
        let point = vertex::parse(&rules, word).filter(|&point| point != rules.pass()).ok_or_else(bad)?;
        if points.contains(&point) {
            return Err(bad());
        }
        points.push(point);
    }
    if points.len() < 2 {
        return Err(bad());
    }
    engine.begin(rules, Setup::free_handicap(points)).map_err(|_| bad())
}

fn require_empty(game: &Game) -> Result<(), String> {
    let empty = (0..game.pass()).all(|point| game.stone(point).is_none());
    if empty { Ok(()) } else { Err("board not empty".into()) }
}

fn set_random_seed(engine: &mut Engine, words: &[String]) -> Response {
    // Negative seeds are valid, too.
    let seed =
        argument(words, 0, |word| number::<u64>(word).or_else(|| number::<i64>(word).map(|n| n as u64)))?;
    engine.seed(seed);
    Ok(String::new())
}

/// Command `time_settings MAIN_TIME BYO_YOMI_TIME BYO_YOMI_STONES`, seconds. A byo-yomi time without stones means that
/// there is no limit.
fn time_settings(engine: &mut Engine, words: &[String]) -> Response {
    let of = |index| argument(words, index, number::<u32>);
    let (main, period, moves) = (of(0)?, of(1)?, of(2)?);
    let limited = period == 0 || moves > 0;
    let control = Control { main: f64::from(main), period: f64::from(period), moves };
    engine.clock = Clock::new(limited.then_some(control));
    Ok(String::new())
}

/// Command `time_left COLOR TIME STONES`: seconds left, and the moves to play in them; 0 stones in main time.
fn time_left(engine: &mut Engine, words: &[String]) -> Response {
    let color = argument(words, 0, vertex::parse_color)?;
    let (seconds, stones) = (argument(words, 1, number::<i64>)?, argument(words, 2, number::<i64>)?);
    let stones = u32::try_from(stones).map_err(|_| "syntax error".to_owned())?;
    engine.clock.set_left(color, seconds as f64, stones);
    Ok(String::new())
}

/// Command `kgs-time_settings`, the clock of the server KGS: `none`, `absolute T`, `byoyomi T P N` (N periods of P
/// seconds for one move each) or `canadian T P N` (periods of P seconds for N moves).
fn kgs_time_settings(engine: &mut Engine, words: &[String]) -> Response {
    let of = |index| argument(words, index, number::<u32>);
    let control = match words.first().map(String::as_str) {
        Some("none") => None,
        Some("absolute") => Some(Control { main: f64::from(of(1)?), period: 0.0, moves: 0 }),
        Some("byoyomi") => {
            of(3)?;
            Some(Control { main: f64::from(of(1)?), period: f64::from(of(2)?), moves: 1 })
        }
        Some("canadian") => {
            Some(Control { main: f64::from(of(1)?), period: f64::from(of(2)?), moves: of(3)? })
        }
        _ => return Err("syntax error".into()),
    };
    engine.clock = Clock::new(control);
    Ok(String::new())
}
