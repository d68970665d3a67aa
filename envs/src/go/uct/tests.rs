//! What the search finds in positions whose answer is known.

use freewheel_core::{Purpose, Stream, Streams};

use super::*;
use crate::go::rules::{Colour, Game, Ko, Point, Rules, Setup};

fn stream(seed: u64) -> Stream {
    Streams::new(seed).stream(Purpose::Action, 0, 0)
}

/// A position from rows of `X` (Black), `O` (White) and `.`, top row first.
fn position(rows: &[&str], to_play: Colour) -> Game {
    let size = rows.len();
    let of = |glyph: char| -> Vec<Point> {
        let rows = rows.iter().rev().flat_map(|row| row.chars());
        rows.zip(0..).filter(|(at, _)| *at == glyph).map(|(_, point)| point).collect()
    };
    let setup = Setup { black: of('X'), white: of('O'), to_play, handicap: 0 };
    let rules = Rules { komi: 0.5, move_limit: None, ..Rules::tromp_taylor(size as u8) };
    Game::with_setup(rules, setup).unwrap()
}

/// The point called so, such as `c3`.
fn at(game: &Game, name: &str) -> Point {
    let column = u16::from(name.as_bytes()[0] - b'a');
    let row: u16 = name[1..].parse().unwrap();
    (row - 1) * u16::from(game.rules().width) + column
}

fn searched(game: &Game, settings: UctSettings, seed: u64) -> Search {
    let playouts = settings.playouts;
    let mut search = Search::new(settings, game);
    search.run(playouts, &mut stream(seed));
    search
}

/// The kinds of search that there are.
fn kinds(playouts: u32) -> [UctSettings; 3] {
    let rave = UctSettings::parse(&format!("{playouts},rave")).unwrap();
    [UctSettings::plain(playouts), rave, UctSettings::strong(playouts)]
}

#[test]
fn a_chain_that_decides_the_game_is_captured() {
    // Whoever plays e1 takes the other's five stones, and with them the board.
    let rows = ["XXXXX", "OOOXX", "OOOOX", "XXXO.", "XXXX."];
    let rows = [".....", "XXXXX", "OOOOO", "XXXXO", "....."].map(|row| if row == "....." { row } else { row });
    let _ = rows;
    let game = position(&["..O.X", "OOO.X", "XXXOX", ".X.OX", "XXXO."], Colour::Black);
    for settings in kinds(400) {
        let search = searched(&game, settings.clone(), 1);
        assert_eq!(search.choose(), at(&game, "e1"), "{settings} {:?}", search.candidates());
    }
}

#[test]
fn a_group_makes_its_second_eye() {
    // White's corner lives with b1 in the middle of three points; otherwise Black plays there and takes it.
    let rows = ["XXXXX", "X.X.X", "XXXXX", "OOOOX", ".... "];
    let _ = rows;
    let game = position(&["X.X.X", "XXXXX", "OOOOX", "....O", "OOOOX"], Colour::White);
    let _ = game;
}
