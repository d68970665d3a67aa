//! Commands that look at a game: the board, what is legal, the score.

use std::fmt::Write;

use super::commands::argument;
use super::engine::Engine;
use super::protocol::Answer;
use super::vertex;
use crate::go::rules::{Color, Game, Point};
use crate::go::sgf::Outcome;

/// The names of points, parted by spaces.
pub(super) fn names(game: &Game, points: impl Iterator<Item = Point>) -> String {
    points.map(|point| vertex::name(game.rules(), point)).collect::<Vec<_>>().join(" ")
}

/// The rows of the board from the top, each a text for every point.
pub(super) fn rows(game: &Game, cell: impl Fn(Point) -> String) -> String {
    let (width, height) = (Point::from(game.rules().width), Point::from(game.rules().height));
    let row = |row: Point| (row * width..(row + 1) * width).map(&cell).collect::<Vec<_>>().join(" ");
    (0..height).rev().map(row).collect::<Vec<_>>().join("\n")
}

pub(super) fn list_stones(engine: &mut Engine, words: &[String]) -> Answer {
    let color = argument(words, 0, vertex::parse_color)?;
    let game = &engine.game;
    Ok(names(game, (0..game.pass()).filter(|&point| game.stone(point) == Some(color))))
}

/// How many stones a color has taken.
pub(super) fn captures(engine: &mut Engine, words: &[String]) -> Answer {
    let color = argument(words, 0, vertex::parse_color)?;
    Ok(engine.game.captures(color).to_string())
}

pub(super) fn is_legal(engine: &mut Engine, words: &[String]) -> Answer {
    let color = argument(words, 0, vertex::parse_color)?;
    let point = argument(words, 1, |word| vertex::parse(engine.game.rules(), word))?;
    Ok(u8::from(engine.game_for(color).legal(point)).to_string())
}

/// All points where a color may play; the pass, which is always legal, is not listed.
pub(super) fn all_legal(engine: &mut Engine, words: &[String]) -> Answer {
    let color = argument(words, 0, vertex::parse_color)?;
    let game = engine.game_for(color);
    Ok(names(&game, (0..game.pass()).filter(|&point| game.legal(point))))
}

/// The score of the board as it stands, every stone alive.
pub(super) fn final_score(engine: &mut Engine, _: &[String]) -> Answer {
    Ok(Outcome::of_score(engine.game.score()).to_string())
}

/// Every stone on the board counts as alive, so none is dead, and none is asked to live in seki.
pub(super) fn final_status_list(engine: &mut Engine, words: &[String]) -> Answer {
    let game = &engine.game;
    match words.first().map(String::as_str) {
        Some("alive") => {
            let heads = (0..game.pass()).filter_map(|point| {
                let mut stones: Vec<Point> = game.chain(point)?.stones().collect();
                stones.sort_unstable();
                (stones.first() == Some(&point)).then_some(stones)
            });
            Ok(heads.map(|stones| names(game, stones.into_iter())).collect::<Vec<_>>().join("\n"))
        }
        Some("dead" | "seki") => Ok(String::new()),
        _ => Err("syntax error".into()),
    }
}

/// The board as a drawing, `X` for Black and `O` for White, the last move in brackets.
pub(super) fn showboard(engine: &mut Engine, _: &[String]) -> Answer {
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
