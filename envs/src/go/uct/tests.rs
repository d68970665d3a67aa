//! Search results in positions with known best moves.

use freewheel_core::{Purpose, Stream, Streams};
use proptest::prelude::*;

use super::playout::PatternPlayouts;
use super::*;
use crate::go::rules::{Color, Game, Ko, Point, Rules, Setup};

fn stream(seed: u64) -> Stream {
    Streams::new(seed).stream(Purpose::Action, 0, 0)
}

/// Position from rows of `X` (Black), `O` (White) and `.`, top row first.
fn position(rows: &[&str], to_play: Color, komi: f32) -> Game {
    let of = |glyph: char| -> Vec<Point> {
        let points = rows.iter().rev().flat_map(|row| row.chars()).zip(0..);
        points.filter(|(at, _)| *at == glyph).map(|(_, point)| point).collect()
    };
    let setup = Setup { black: of('X'), white: of('O'), to_play, handicap: 0 };
    let rules = Rules { komi, move_limit: None, ..Rules::tromp_taylor(rows.len() as u8) };
    Game::with_setup(rules, setup).unwrap()
}

/// Point of this name, such as `c3`.
fn at(game: &Game, name: &str) -> Point {
    let column = u16::from(name.as_bytes()[0] - b'a');
    let row: u16 = name[1..].parse().unwrap();
    (row - 1) * u16::from(game.rules().width) + column
}

fn searched(game: &Game, settings: &UctSettings, seed: u64) -> Search {
    let mut search = Search::new(settings.clone(), game);
    search.run(settings.playouts, &mut stream(seed));
    search
}

/// All kinds of search.
fn kinds(playouts: u32) -> [UctSettings; 3] {
    let rave = UctSettings::parse(&format!("{playouts},rave")).unwrap();
    [UctSettings::plain(playouts), rave, UctSettings::strong(playouts)]
}

/// Asserts that every kind of search, from several seeds, plays `name`.
fn all_find(game: &Game, name: &str, playouts: u32) {
    for settings in kinds(playouts) {
        for seed in 0..3 {
            let search = searched(game, &settings, seed);
            assert_eq!(search.choose(), at(game, name), "uct:{settings} {:?}", search.candidates());
        }
    }
}

/// Random game of `moves` moves.
fn random_game(size: u8, ko: Ko, suicide: bool, moves: u32, rng: &mut Stream) -> Game {
    let rules = Rules { ko, suicide, move_limit: None, ..Rules::tromp_taylor(size) };
    let mut game = Game::new(rules).unwrap();
    for _ in 0..moves {
        let legal: Vec<Point> = (0..game.pass()).filter(|&point| game.legal(point)).collect();
        let pick = rng.below(legal.len() as u32) as usize;
        game.play(legal.get(pick).copied().unwrap_or(game.pass())).unwrap();
        if game.is_over() {
            break;
        }
    }
    game
}

/// Black has two eyes. White lives, and is then ahead by half a point, only with the middle of its three points;
/// Black kills there.
#[test]
fn the_vital_point_of_three_in_a_row_is_found() {
    let rows = ["XXXXX", "X.X.X", "XXXXX", "OOOOO", "...OO"];
    for color in Color::BOTH {
        all_find(&position(&rows, color, 5.5), "b1", 1000);
    }
}

/// Both chains have one liberty left, the same: the player to move captures the other.
#[test]
fn a_capturing_race_is_won_by_the_player_to_move() {
    for color in Color::BOTH {
        all_find(&position(&["XXXXX", "XXXXX", "XXXXX", "OOOOX", "OOOO."], color, 0.5), "e1", 100);
    }
}

/// Black is ahead and White has passed: Black passes. Behind, it plays on.
#[test]
fn a_won_game_is_passed_and_a_lost_one_is_not() {
    let rows = [".X.O.", "XXXOO", "X.XOO", "XXXOO", ".XXO."];
    for (komi, passes) in [(0.5, true), (9.5, false)] {
        let mut game = position(&rows, Color::White, komi);
        game.play(game.pass()).unwrap();
        for settings in kinds(200) {
            let search = searched(&game, &settings, 1);
            assert_eq!(search.choose() == game.pass(), passes, "komi {komi} uct:{settings}");
        }
    }
}

/// Black may not retake at once, and the search has no such candidate.
#[test]
fn superko_moves_are_no_candidates() {
    let mut game = position(&[".....", ".XO..", "XO.O.", ".XO..", "....."], Color::Black, 0.5);
    game.play(at(&game, "c3")).unwrap();
    assert_eq!(game.captures(Color::Black), 1);
    let search = searched(&game, &UctSettings::plain(500), 1);
    let ko = at(&game, "b3");
    assert!(search.candidates().iter().all(|candidate| candidate.point != ko));
}

#[test]
fn a_search_depends_on_its_seed_only_and_can_be_continued() {
    let game = random_game(9, Ko::Positional, true, 20, &mut stream(3));
    for settings in kinds(120) {
        let whole = searched(&game, &settings, 5).candidates();
        let mut parts = Search::new(settings.clone(), &game);
        let mut rng = stream(5);
        (0..4).for_each(|_| parts.run(30, &mut rng));
        assert_eq!(whole, parts.candidates());
        assert_ne!(whole, searched(&game, &settings, 6).candidates());
    }
}

#[test]
fn candidates_add_up() {
    let game = random_game(9, Ko::Positional, true, 30, &mut stream(9));
    for settings in kinds(300) {
        let search = searched(&game, &settings, 2);
        let candidates = search.candidates();
        assert_eq!(candidates.iter().map(|candidate| candidate.visits).sum::<u32>(), 300);
        assert_eq!(search.playouts(), 300);
        let mean: f64 = candidates.iter().map(|c| c.win_rate * f64::from(c.visits)).sum::<f64>() / 300.0;
        assert!((mean - search.win_rate()).abs() < 1e-9);
        for candidate in &candidates {
            let mut after = game.clone();
            assert_eq!(candidate.variation[0], candidate.point);
            for &point in &candidate.variation {
                after.play(point).unwrap();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// The chosen move is legal under all rules and in all positions.
    #[test]
    fn chosen_moves_are_legal(
        seed: u64, size in 2u8..8, moves in 0u32..80, kind in 0usize..3, ko in 0usize..3, suicide: bool,
    ) {
        let mut rng = stream(seed);
        let ko = [Ko::Simple, Ko::Positional, Ko::Situational][ko];
        let game = random_game(size, ko, suicide, moves, &mut rng);
        prop_assume!(!game.is_over());
        let search = searched(&game, &kinds(40)[kind], seed);
        prop_assert!(game.legal(search.choose()));
    }

    /// A self-atari leaves the stone's chain in atari without a capture.
    #[test]
    fn self_atari_leaves_one_liberty(seed: u64, size in 2u8..8, moves in 0u32..60) {
        let game = random_game(size, Ko::Simple, false, moves, &mut stream(seed));
        let (board, geometry) = (game.board(), game.geometry());
        for color in Color::BOTH {
            for &vertex in board.empties().iter().filter(|&&vertex| board.lives(vertex, color)) {
                let mut after = board.clone();
                let taken = after.play(vertex, color, |_, _| {});
                let expected = taken == 0 && after.in_atari(vertex);
                prop_assert_eq!(is_self_atari(board, vertex, color), expected, "point {}", geometry.point(vertex));
            }
        }
    }

    /// A playout makes legal moves and returns the score of its final board.
    #[test]
    fn pattern_playouts_end(seed: u64, size in 2u8..10, moves in 0u32..60) {
        let game = random_game(size, Ko::Simple, false, moves, &mut stream(seed));
        prop_assume!(!game.is_over());
        let mut again = game.clone();
        let mut played = Vec::new();
        let score = PatternPlayouts::new(&UctSettings::strong(1), &game)
            .run(&game, &mut stream(seed), |color, point| played.push((color, point)));
        for (color, point) in played {
            // Passes are not reported: a player that did not move has passed.
            if again.to_play() != color {
                again.play(again.pass()).unwrap();
            }
            prop_assert!(again.play(point).is_ok());
        }
        let board = again.board();
        let settled = |vertex: &u16| Color::BOTH.iter().any(|&color| board.is_surrounded(*vertex, color));
        if board.empties().iter().all(settled) {
            prop_assert_eq!(score, again.area_score());
        }
    }
}

/// Liberties of the chain of the stone on `name`.
fn liberties(game: &Game, name: &str) -> tactics::Liberties {
    tactics::liberties(game.board(), game.geometry().vertex(at(game, name)))
}

/// The white stone on c3 is in atari. If it extends to d3, Black drives it to the lower edge: it is caught. With a
/// white stone on e3 it escapes.
#[test]
fn ladders_are_read() {
    let caught = [".......", ".......", ".......", "..XX...", ".XO....", "..X....", "......."];
    let broken = [".......", ".......", ".......", "..XX...", ".XO.O..", "..X....", "......."];
    for (rows, caught) in [(caught, true), (broken, false)] {
        let game = position(&rows, Color::Black, 0.5);
        let stone = game.geometry().vertex(at(&game, "c3"));
        assert_eq!(liberties(&game, "c3"), tactics::Liberties::One(game.geometry().vertex(at(&game, "d3"))));
        let mut ladders = tactics::Ladders::new(game.board());
        let mut escapes = Vec::new();
        let liberty = game.geometry().vertex(at(&game, "d3"));
        tactics::each_escape(game.board(), stone, liberty, Color::White, Some(&mut ladders), |vertex| {
            escapes.push(vertex);
        });
        assert_eq!(escapes.is_empty(), caught, "{rows:?}");
    }
}

/// Vital points of eye spaces: the middle of three in a row, the crossing of a T of four and of a cross of five; none
/// of four in a row or of a space with stones of both colors around it.
#[test]
fn vital_points_are_found() {
    let vital = |rows: &[&str], from: &str| {
        let game = position(rows, Color::Black, 0.5);
        let vertex = game.geometry().vertex(at(&game, from));
        tactics::vital_point(game.board(), game.geometry(), vertex)
            .map(|vertex| game.geometry().point(vertex))
            .map(|point| point == at(&game, "c1"))
    };
    assert_eq!(vital(&[".....", ".....", ".....", ".OOO.", "O...O"], "b1"), Some(true));
    assert_eq!(vital(&[".....", ".....", "..O..", ".O.O.", "O...O"], "b1"), Some(true));
    assert_eq!(vital(&[".....", ".....", "..O..", ".O.O.", "O...O"], "b1"), Some(true));
    assert_eq!(vital(&[".....", ".....", ".....", "OOOOO", "....O"], "b1"), None);
    assert_eq!(vital(&[".....", ".....", ".....", ".OXO.", "O...O"], "b1"), None);
}

/// A chain is one node: all points next to b2, c2 and d2 are one step away, and the chain itself is at distance 0.
#[test]
fn distances_are_measured_over_chains() {
    let game = position(&[".....", ".....", ".....", ".XXX.", "....."], Color::White, 0.5);
    let (board, geometry) = (game.board(), game.geometry());
    let mut distances = vec![0; game.area()];
    let from = geometry.vertex(at(&game, "b2"));
    tactics::fate_distances(board, geometry, from, 2, &mut Vec::new(), &mut distances);
    let distance = |name: &str| distances[usize::from(at(&game, name))];
    assert_eq!(
        ["b2", "d2", "e2", "d3", "c1", "e1", "a1", "e3", "c5"].map(distance),
        [0, 0, 1, 1, 1, 2, 2, 2, 0]
    );
}
