//! The commands: their names, and those of the specification's core.

use std::io::{self, Write};
use std::path::Path;

use super::engine::{Engine, Pending};
use super::protocol::{Answer, Command};
use super::{analysis, board, setup, vertex};
use crate::go::players::Turn;
use crate::go::rules::{Color, Game, Point, Rules, Setup};
use crate::go::sgf;

/// How a command is answered.
#[derive(Clone, Copy)]
pub(super) enum Handler {
    /// At once.
    Answer(fn(&mut Engine, &[String]) -> Answer),
    /// Line by line, until the next command.
    Stream(fn(&mut Engine, &Command, &mut Pending, &mut dyn Write) -> io::Result<()>),
}

/// All commands, sorted by name.
const COMMANDS: [(&str, Handler); 35] = [
    ("all_legal", Handler::Answer(board::all_legal)),
    ("boardsize", Handler::Answer(setup::boardsize)),
    ("captures", Handler::Answer(board::captures)),
    ("clear_board", Handler::Answer(setup::clear_board)),
    ("final_score", Handler::Answer(board::final_score)),
    ("final_status_list", Handler::Answer(board::final_status_list)),
    ("fixed_handicap", Handler::Answer(setup::fixed_handicap)),
    ("freewheel-liberties", Handler::Answer(analysis::liberties)),
    ("freewheel-ownership", Handler::Answer(analysis::ownership)),
    ("genmove", Handler::Answer(genmove)),
    ("get_komi", Handler::Answer(setup::get_komi)),
    ("gogui-analyze_commands", Handler::Answer(analysis::gogui)),
    ("is_legal", Handler::Answer(board::is_legal)),
    ("kgs-time_settings", Handler::Answer(setup::kgs_time_settings)),
    ("known_command", Handler::Answer(known_command)),
    ("komi", Handler::Answer(setup::komi)),
    ("list_commands", Handler::Answer(list_commands)),
    ("list_stones", Handler::Answer(board::list_stones)),
    ("loadsgf", Handler::Answer(loadsgf)),
    ("lz-analyze", Handler::Stream(analysis::analyze)),
    ("lz-genmove_analyze", Handler::Stream(analysis::genmove_analyze)),
    ("name", Handler::Answer(|engine, _| Ok(format!("Freewheel {}", engine.player.name())))),
    ("place_free_handicap", Handler::Answer(setup::place_free_handicap)),
    ("play", Handler::Answer(play)),
    ("protocol_version", Handler::Answer(|_, _| Ok("2".into()))),
    ("quit", Handler::Answer(|_, _| Ok(String::new()))),
    ("rectangular_boardsize", Handler::Answer(setup::rectangular_boardsize)),
    ("reg_genmove", Handler::Answer(reg_genmove)),
    ("set_free_handicap", Handler::Answer(setup::set_free_handicap)),
    ("set_random_seed", Handler::Answer(setup::set_random_seed)),
    ("showboard", Handler::Answer(board::showboard)),
    ("time_left", Handler::Answer(setup::time_left)),
    ("time_settings", Handler::Answer(setup::time_settings)),
    ("undo", Handler::Answer(undo)),
    ("version", Handler::Answer(|_, _| Ok(env!("CARGO_PKG_VERSION").into()))),
];

/// The command of this name.
pub(super) fn find(name: &str) -> Option<Handler> {
    COMMANDS.iter().find(|(known, _)| *known == name).map(|(_, handler)| *handler)
}

/// The argument at `index`, read by `read`.
///
/// # Errors
/// `syntax error` where it is missing or is not what it should be.
pub(super) fn argument<T>(
    words: &[String],
    index: usize,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<T, String> {
    words.get(index).and_then(|word| read(word)).ok_or_else(|| "syntax error".into())
}

/// A number, whole or not, as Rust reads it.
pub(super) fn number<T: std::str::FromStr>(word: &str) -> Option<T> {
    word.parse().ok()
}

fn known_command(_: &mut Engine, words: &[String]) -> Answer {
    Ok(words.first().is_some_and(|name| find(name).is_some()).to_string())
}

fn list_commands(_: &mut Engine, _: &[String]) -> Answer {
    Ok(COMMANDS.map(|(name, _)| name).join("\n"))
}

fn play(engine: &mut Engine, words: &[String]) -> Answer {
    let color = argument(words, 0, vertex::parse_color)?;
    let point = argument(words, 1, |word| vertex::parse(engine.game.rules(), word))?;
    let mut game = engine.game_for(color);
    game.play(point).map_err(|_| "illegal move".to_owned())?;
    engine.game = game;
    Ok(String::new())
}

/// What the player would do with `color`, as the protocol writes it, and the game after it.
pub(super) fn choose(engine: &mut Engine, color: Color) -> Result<(String, Game), String> {
    let mut game = engine.game_for(color);
    let name = match engine.player.choose(&game, &mut engine.rng).map_err(|e| e.to_string())? {
        Turn::Resign => "resign".to_owned(),
        Turn::Play(point) => play_own(&mut game, point)?,
    };
    Ok((name, game))
}

/// Plays a move of our own; its name.
pub(super) fn play_own(game: &mut Game, point: Point) -> Result<String, String> {
    let name = vertex::name(game.rules(), point);
    game.play(point).map_err(|why| format!("the player chose {name}, which is illegal: {why}"))?;
    Ok(name)
}

fn genmove(engine: &mut Engine, words: &[String]) -> Answer {
    let color = argument(words, 0, vertex::parse_color)?;
    let (name, game) = choose(engine, color)?;
    engine.game = game;
    Ok(name)
}

fn reg_genmove(engine: &mut Engine, words: &[String]) -> Answer {
    let color = argument(words, 0, vertex::parse_color)?;
    choose(engine, color).map(|(name, _)| name)
}

fn undo(engine: &mut Engine, _: &[String]) -> Answer {
    if engine.game.undo() { Ok(String::new()) } else { Err("cannot undo".into()) }
}

/// The main line of the first game of a file, to its end or to the position before a move.
fn loadsgf(engine: &mut Engine, words: &[String]) -> Answer {
    let before = match words.get(1) {
        Some(_) => argument(words, 1, number::<usize>)?.saturating_sub(1),
        None => usize::MAX,
    };
    let file = words.first().map(Path::new).ok_or("syntax error")?;
    let why = |why: freewheel_core::Error| format!("cannot load file: {why}");
    let records = sgf::read_file(file).map_err(why)?;
    let Some(record) = records.first() else { return Err("cannot load file".into()) };
    let komi = record.komi.unwrap_or(engine.game.rules().komi);
    let rules = Rules { komi, ..*engine.game.rules() };
    engine.game = record.replay_with(rules, before, |_, _| {}).map_err(|e| why(e.in_file(file)))?;
    Ok(String::new())
}

/// The same game under other rules; its moves must be legal there too.
pub(super) fn under(game: &Game, rules: Rules) -> Result<Game, String> {
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
