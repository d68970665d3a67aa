//! Commands that prepare a game: board, komi, handicap, clock, dice.

use super::commands::{argument, number, under};
use super::engine::Engine;
use super::protocol::Answer;
use super::vertex;
use crate::go::rules::{Color, Game, Point, Rules, Setup};

pub(super) fn boardsize(engine: &mut Engine, words: &[String]) -> Answer {
    let side = argument(words, 0, number::<i64>)?;
    resize(engine, side, side)
}

/// Columns, then rows: the extension that Sabaki and KataGo know.
pub(super) fn rectangular_boardsize(engine: &mut Engine, words: &[String]) -> Answer {
    let (width, height) = (argument(words, 0, number)?, argument(words, 1, number)?);
    resize(engine, width, height)
}

fn resize(engine: &mut Engine, width: i64, height: i64) -> Answer {
    let unacceptable = |_| "unacceptable size".to_owned();
    let (width, height) =
        (u8::try_from(width).map_err(unacceptable)?, u8::try_from(height).map_err(unacceptable)?);
    let rules = Rules { width, height, ..*engine.game.rules() };
    engine.begin(rules, Setup::default()).map_err(|_| "unacceptable size".into())
}

pub(super) fn clear_board(engine: &mut Engine, _: &[String]) -> Answer {
    engine.begin(*engine.game.rules(), Setup::default())
}

pub(super) fn komi(engine: &mut Engine, words: &[String]) -> Answer {
    let komi = argument(words, 0, number::<f32>)?;
    let rules = Rules { komi, ..*engine.game.rules() };
    // What is no komi at all, such as `nan`, is no float of the protocol either.
    rules.check().map_err(|e| if komi.is_finite() { e.to_string() } else { "syntax error".into() })?;
    engine.game = under(&engine.game, rules)?;
    Ok(String::new())
}

pub(super) fn get_komi(engine: &mut Engine, _: &[String]) -> Answer {
    Ok(engine.game.rules().komi.to_string())
}

pub(super) fn fixed_handicap(engine: &mut Engine, words: &[String]) -> Answer {
    let stones = argument(words, 0, number::<i64>)?;
    require_empty(&engine.game)?;
    place(engine, stones, stones)
}

/// We want no other points than the fixed ones, and place fewer stones where there are not enough of them.
pub(super) fn place_free_handicap(engine: &mut Engine, words: &[String]) -> Answer {
    let stones = argument(words, 0, number::<i64>)?;
    require_empty(&engine.game)?;
    if stones >= engine.game.area() as i64 {
        return Err("invalid number of stones".into());
    }
    place(engine, stones, 2)
}

/// Puts as many stones on fixed points as there are such points, from `most` down to `least`.
fn place(engine: &mut Engine, most: i64, least: i64) -> Answer {
    let rules = *engine.game.rules();
    let setups = (least..=most.min(9))
        .rev()
        .filter_map(|stones| Setup::fixed_handicap(&rules, u16::try_from(stones).ok()?).ok());
    let Some(setup) = { setups }.next() else { return Err("invalid number of stones".into()) };
    let names: Vec<String> = setup.black.iter().map(|&point| vertex::name(&rules, point)).collect();
    engine.begin(rules, setup)?;
    Ok(names.join(" "))
}

pub(super) fn set_free_handicap(engine: &mut Engine, words: &[String]) -> Answer {
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

pub(super) fn set_random_seed(engine: &mut Engine, words: &[String]) -> Answer {
    // Negative seeds are seeds too.
    let seed =
        argument(words, 0, |word| number::<u64>(word).or_else(|| number::<i64>(word).map(|n| n as u64)))?;
    engine.seed(seed);
    Ok(String::new())
}

/// Main time, byo-yomi time, byo-yomi stones. Our players count playouts, not seconds: a clock does not change them.
pub(super) fn time_settings(_: &mut Engine, words: &[String]) -> Answer {
    (0..3).try_for_each(|index| argument(words, index, number::<u32>).map(|_| ()))?;
    Ok(String::new())
}

pub(super) fn time_left(_: &mut Engine, words: &[String]) -> Answer {
    let _: Color = argument(words, 0, vertex::parse_color)?;
    (1..3).try_for_each(|index| argument(words, index, number::<i64>).map(|_| ()))?;
    Ok(String::new())
}

/// The clocks of KGS: `none`, `absolute T`, `byoyomi T P N`, `canadian T P N`.
pub(super) fn kgs_time_settings(_: &mut Engine, words: &[String]) -> Answer {
    let numbers = match words.first().map(String::as_str) {
        Some("none") => 0,
        Some("absolute") => 1,
        Some("byoyomi" | "canadian") => 3,
        _ => return Err("syntax error".into()),
    };
    (1..=numbers).try_for_each(|index| argument(words, index, number::<u32>).map(|_| ()))?;
    Ok(String::new())
}
