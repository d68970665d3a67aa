//! Our rules of Go against GNU Go's: boards, captures and legal moves of random games, and scores.
//!
//! The test runs if `FREEWHEEL_GNUGO` is the path of GNU Go, or if GNU Go is in the path or in /usr/games; otherwise it
//! is skipped, or fails with `FREEWHEEL_REFEREES=required`. `FREEWHEEL_GO_GAMES` is the number of games of each size.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use freewheel_core::{Purpose, Stream, Streams};
use freewheel_envs::go::gtp::{Client, vertex};
use freewheel_envs::go::players::{Player, PlayerAction, Random};
use freewheel_envs::go::rules::{Color, Game, Ko, Point, Rules};
use freewheel_envs::go::sgf::{GameRecord, Outcome};
use freewheel_tests::go_games;

/// GNU Go checks the last 500 moves for repetitions.
const MOVES: usize = 450;

fn gnugo() -> Option<Client> {
    let named = std::env::var("FREEWHEEL_GNUGO").ok();
    let places = named.as_deref().map_or(vec!["gnugo", "/usr/games/gnugo"], |named| vec![named]);
    let found = places.into_iter().find(|place| {
        Command::new(place).arg("--version").output().is_ok_and(|o| o.status.success())
            || Path::new(place).is_file()
    });
    let Some(program) = found else {
        let required = std::env::var("FREEWHEEL_REFEREES").is_ok_and(|v| v == "required");
        assert!(!required, "there is no GNU Go");
        eprintln!("SKIPPED: no GNU Go; install gnugo, or set FREEWHEEL_GNUGO to it");
        return None;
    };
    let flags = "--mode gtp --chinese-rules --positional-superko --forbid-suicide --capture-all-dead \
                 --play-out-aftermath --never-resign";
    Some(Client::start(&format!("'{program}' {flags} --seed 1"), Duration::from_secs(300)).unwrap())
}

fn rules(size: u8) -> Rules {
    Rules { ko: Ko::Positional, suicide: false, move_limit: None, ..Rules::tromp_taylor(size) }
}

fn names(game: &Game, points: impl Iterator<Item = Point>) -> BTreeSet<String> {
    points.map(|point| vertex::name(game.rules(), point)).collect()
}

fn answered(gnugo: &mut Client, command: &str) -> BTreeSet<String> {
    gnugo.send(command).unwrap().split_whitespace().map(str::to_owned).collect()
}

/// Compares stones, captures and legal points of the player to move.
fn compare(game: &Game, gnugo: &mut Client) {
    let at = || game.moves().map(|m| vertex::name(game.rules(), m.point)).collect::<Vec<_>>().join(" ");
    for color in Color::BOTH {
        let name = vertex::color_name(color);
        let stones = names(game, (0..game.pass()).filter(|&point| game.stone(point) == Some(color)));
        assert_eq!(stones, answered(gnugo, &format!("list_stones {name}")), "{name} stones after {}", at());
        let captures = gnugo.send(&format!("captures {name}")).unwrap();
        assert_eq!(game.captures(color).to_string(), captures, "{name} captures after {}", at());
    }
    if !game.is_over() {
        let legal = names(game, (0..game.pass()).filter(|&point| game.legal(point)));
        let name = vertex::color_name(game.to_play());
        assert_eq!(legal, answered(gnugo, &format!("all_legal {name}")), "legal for {name} after {}", at());
    }
}

/// Uniformly random legal move; if `patient`, a pass only if nothing else is legal.
fn random(game: &Game, patient: bool, mask: &mut [bool], rng: &mut Stream) -> Point {
    game.legal_mask(mask);
    let legal: Vec<Point> =
        (0..game.pass() + Point::from(!patient)).filter(|&point| mask[usize::from(point)]).collect();
    if legal.is_empty() { game.pass() } else { legal[rng.below(legal.len() as u32) as usize] }
}

#[test]
fn boards_captures_and_legal_moves_equal_gnugos() {
    let Some(mut gnugo) = gnugo() else { return };
    for size in [5, 7, 9, 13, 19] {
        let began = Instant::now();
        let mut rng = Streams::new(3).stream(Purpose::Generation, u64::from(size), 0);
        let (mut moves, mut states) = (0, 0);
        // About twelve random states of each game are compared, and the last one.
        let limit = MOVES.min(2 * usize::from(size) * usize::from(size));
        for n in 0..go_games() {
            let mut game = Game::new(rules(size)).unwrap();
            let mut mask = vec![false; game.area() + 1];
            gnugo.begin(game.rules()).unwrap();
            while !game.is_over() && (game.move_number() as usize) < limit {
                let (color, point) = (game.to_play(), random(&game, n % 2 == 1, &mut mask, &mut rng));
                game.play(point).unwrap();
                gnugo.play(game.rules(), color, point).unwrap();
                moves += 1;
                if rng.chance(12.0 / limit as f64) {
                    compare(&game, &mut gnugo);
                    states += 1;
                }
            }
            compare(&game, &mut gnugo);
            states += 1;
        }
        let seconds = began.elapsed().as_secs_f64();
        eprintln!(
            "{size}x{size}: {} games, {moves} moves, {states} states compared; {seconds:.1} s, {:.0} moves/s",
            go_games(),
            moves as f64 / seconds
        );
    }
}

/// Complete games without filled eyes: all dead stones are captured, so that both programs score alike.
#[test]
fn scores_equal_gnugos() {
    let Some(mut gnugo) = gnugo() else { return };
    for (size, share) in [(5, 1), (7, 2), (9, 4), (13, 20), (19, 200)] {
        let began = Instant::now();
        let mut rng = Streams::new(4).stream(Purpose::Generation, u64::from(size), 0);
        let games = go_games().div_ceil(share);
        let mut other = Vec::new();
        for _ in 0..games {
            let mut game = Game::new(rules(size)).unwrap();
            gnugo.begin(game.rules()).unwrap();
            // The game is played up to two passes, when all dead stones are captured. Superko makes every game finite.
            while !game.is_over() {
                let color = game.to_play();
                let PlayerAction::Play(point) = Random.choose(&game, &mut rng).unwrap() else {
                    unreachable!()
                };
                game.play(point).unwrap();
                gnugo.play(game.rules(), color, point).unwrap();
            }
            let expected = Outcome::parse(&gnugo.send("final_score").unwrap());
            if Outcome::from_score(game.score()) != expected {
                other.push((game, expected));
            }
        }
        let seconds = began.elapsed().as_secs_f64();
        eprintln!("{size}x{size}: {} of {games} final scores equal; {seconds:.1} s", games - other.len());
        for (game, expected) in &other {
            let record = GameRecord::from_game(game);
            eprintln!("ours {}, GNU Go's {expected}: {record}", Outcome::from_score(game.score()));
        }
        assert!(other.is_empty(), "{size}x{size}: {} of {games} differ", other.len());
    }
}
