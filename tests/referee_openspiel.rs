//! Our rules of Go against OpenSpiel's: every board, every legal move and every score of random games.
//!
//! The test runs if `FREEWHEEL_PYTHON` is a Python with `open_spiel`; otherwise it is skipped, or fails with
//! `FREEWHEEL_REFEREES=required`. `FREEWHEEL_GO_GAMES` is the number of games of each size.
//!
//! OpenSpiel uses simple ko without suicide. In OpenSpiel, a move that recreates an earlier position ends the game as a
//! draw; our positional superko must forbid that move. OpenSpiel's games also end after 2 n² moves on a board of side
//! n.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Instant;

use freewheel_core::{Purpose, Stream, Streams};
use freewheel_envs::go::rules::{Color, Game, Ko, Point, Rules};
use freewheel_tests::{go_games, python};

/// Reason for the end of a game.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Passes,
    Repetition,
    Limit,
}

/// Game of random moves.
struct Random {
    size: u8,
    moves: Vec<Point>,
    end: End,
    area_score: i32,
}

fn rules(size: u8, ko: Ko) -> Rules {
    Rules { ko, suicide: false, move_limit: None, ..Rules::tromp_taylor(size) }
}

/// Game of uniformly random moves; if `patient`, passes only if nothing else is legal, which makes repetitions more
/// likely.
fn random(size: u8, patient: bool, rng: &mut Stream) -> Random {
    let mut game = Game::new(rules(size, Ko::Simple)).unwrap();
    let mut strict = Game::new(rules(size, Ko::Positional)).unwrap();
    let limit = 2 * usize::from(size) * usize::from(size);
    let mut mask = vec![false; game.area() + 1];
    let mut moves = Vec::new();
    let end = loop {
        if game.is_over() {
            break End::Passes;
        }
        if moves.len() == limit {
            break End::Limit;
        }
        game.legal_mask(&mut mask);
        let passes = game.pass() + Point::from(!patient);
        let mut legal: Vec<Point> = (0..passes).filter(|&point| mask[usize::from(point)]).collect();
        if legal.is_empty() {
            legal.push(game.pass());
        }
        let point = legal[rng.below(legal.len() as u32) as usize];
        moves.push(point);
        game.play(point).unwrap();
        if strict.play(point).is_err() {
            break End::Repetition;
        }
    };
    Random { size, moves, end, area_score: game.area_score() }
}

/// Text of a state, in the format that the Python script prints.
fn state(game: &Game, over: bool, mask: &mut [bool]) -> String {
    let side = Point::from(game.rules().width);
    let mut text = String::with_capacity(2 * game.area() + 2);
    for point in (0..side).rev().flat_map(|row| row * side..(row + 1) * side) {
        text.push(match game.stone(point) {
            Some(Color::Black) => 'X',
            Some(Color::White) => 'O',
            None => '+',
        });
    }
    text.push(' ');
    game.legal_mask(mask);
    text.extend(mask.iter().map(|&legal| if legal && !over { '1' } else { '0' }));
    text
}

/// Compares a game state by state with the output of the Python script; returns the number of states.
fn compare(random: &Random, lines: &mut impl Iterator<Item = String>) -> usize {
    let Random { size, moves, end, area_score } = random;
    let mut game = Game::new(rules(*size, Ko::Simple)).unwrap();
    let mut mask = vec![false; game.area() + 1];
    for n in 0..=moves.len() {
        let (found, expected) = (state(&game, n == moves.len(), &mut mask), lines.next().unwrap());
        assert_eq!(found, expected, "{size}x{size} after {n} of {moves:?}");
        if let Some(&point) = moves.get(n) {
            game.play(point).unwrap();
        }
    }
    assert_eq!(*area_score, game.area_score());
    // The script scores with komi half a point below and above our score: only our score gives both a win and a loss.
    let results = if *end == End::Repetition { "0.0 0.0" } else { "1.0 -1.0" };
    let wanted = format!("end {} {results}", moves.len());
    assert_eq!(lines.next().unwrap(), wanted, "{size}x{size} {end:?} {moves:?}");
    moves.len() + 1
}

#[test]
fn states_and_scores_equal_openspiels() {
    let Some(python) = python("pyspiel", "open_spiel") else { return };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/openspiel_go.py");
    for size in [5, 7, 9, 13, 19] {
        let began = Instant::now();
        let mut rng = Streams::new(2).stream(Purpose::Generation, u64::from(size), 0);
        let games: Vec<Random> = (0..go_games()).map(|n| random(size, n % 2 == 1, &mut rng)).collect();
        let mut child = Command::new(&python);
        let mut child = child.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (mut input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (mut states, mut ends) = (0, [0; 3]);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for Random { size, moves, area_score, .. } in &games {
                    let moves: Vec<String> = moves.iter().map(Point::to_string).collect();
                    let komi = f64::from(*area_score);
                    writeln!(input, "{size} {} {} {}", komi - 0.5, komi + 0.5, moves.join(" ")).unwrap();
                }
                drop(input);
            });
            let mut lines = BufReader::new(output).lines().map(Result::unwrap);
            for game in &games {
                states += compare(game, &mut lines);
                ends[game.end as usize] += 1;
            }
            assert_eq!(lines.next(), None);
        });
        assert!(child.wait().unwrap().success());
        let [passes, repetition, limit] = ends;
        eprintln!(
            "{size}x{size}: {} games, {states} states and all final results equal; ended by passes {passes}, \
             repetition {repetition}, limit {limit}; {:.1} s",
            games.len(),
            began.elapsed().as_secs_f64()
        );
    }
}
