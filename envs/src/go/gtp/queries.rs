//! GTP commands that do not change the game: board, legal moves, score, and analysis for GoGui.

use std::fmt::Write as _;

use freewheel_core::Stream;

use super::commands::{argument, number};
use super::engine::Engine;
use super::protocol::Response;
use super::vertex;
use crate::go::rules::{Color, Game, Playouts, Point};
use crate::go::sgf::Outcome;

/// Names of points, separated by spaces.
pub(super) fn vertex_names(game: &Game, points: impl Iterator<Item = Point>) -> String {
    points.map(|point| vertex::name(game.rules(), point)).collect::<Vec<_>>().join(" ")
}

/// Text of a board: one cell for each point, the top row first.
pub(super) fn board_rows(game: &Game, cell: impl Fn(Point) -> String) -> String {
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
    let Engine { game, rng, .. } = engine;
    let owned = random_ownership(game, count, rng);
    Ok(board_rows(game, |point| format!("{:.2}", owned[usize::from(point)])))
}

/// Mean ownership of each point at the end of `count` random games, from 1 (Black) to -1 (White).
pub(super) fn random_ownership(game: &Game, count: u32, rng: &mut Stream) -> Vec<f64> {
    let mut playouts = Playouts::new(game);
    let mut owned = vec![0i32; game.area()];
    for _ in 0..count {
        playouts.run(game, rng);
        let board = playouts.board();
        for (point, owned) in (0..).zip(&mut owned) {
            let vertex = game.geometry().vertex(point);
            let owner = board
                .color(vertex)
                .or_else(|| Color::BOTH.into_iter().find(|&c| board.is_surrounded(vertex, c)));
            *owned += owner.map_or(0, Color::sign);
        }
    }
    owned.into_iter().map(|owned| f64::from(owned) / f64::from(count)).collect()
}
