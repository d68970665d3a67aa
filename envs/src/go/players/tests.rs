//! Moves of each player in constructed positions.

use freewheel_core::{Purpose, Stream, Streams};

use super::*;
use crate::go::rules::{Rules, Setup};

fn stream(seed: u64) -> Stream {
    Streams::new(seed).stream(Purpose::Action, 0, 0)
}

/// Position on 5x5 from rows of `X` (Black), `O` (White) and `.`, top row first; Black to move.
fn position(rows: [&str; 5]) -> Game {
    let of = |glyph: char| -> Vec<Point> {
        let points = rows.iter().rev().flat_map(|row| row.chars()).zip(0..);
        points.filter(|(at, _)| *at == glyph).map(|(_, point)| point).collect()
    };
    let setup = Setup { black: of('X'), white: of('O'), ..Setup::default() };
    Game::with_setup(Rules::tromp_taylor(5), setup).unwrap()
}

/// Moves of `player` from 40 seeds, sorted, without duplicates.
fn plays(player: &dyn Player, game: &Game) -> Vec<Point> {
    let mut all: Vec<Point> = (0..40)
        .map(|seed| match player.choose(game, &mut stream(seed)).unwrap() {
            PlayerAction::Play(point) => point,
            PlayerAction::Resign => panic!("it resigned"),
        })
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[test]
fn the_random_player_keeps_its_eyes_and_then_passes() {
    // All empty points below the first row are eyes of Black.
    let game = position([".....", "XXXXX", "X.X.X", "XXXXX", "X.X.X"]);
    assert_eq!(plays(&Random, &game), [20, 21, 22, 23, 24]);
    let game = position(["XXXXX", "X.X.X", "XXXXX", "XXXXX", "X.X.X"]);
    assert_eq!(plays(&Random, &game), [game.pass()]);
}

#[test]
fn the_random_player_is_uniform() {
    let game = position(["XX..X", "XXXXX", "X.X.X", "XXXXX", "XXXX."]);
    // c5 and d5 are no eyes; twenty thousand draws, five standard deviations.
    let mut rng = stream(1);
    let count = (0..20_000)
        .filter(|_| Random.choose(&game, &mut rng).unwrap() == PlayerAction::Play(22))
        .count() as f64;
    assert!((count - 10_000.0).abs() < 5.0 * 5000f64.sqrt(), "{count}");
}

#[test]
fn the_greedy_player_takes_the_most_stones() {
    // c1 takes b1; e4 takes e5, but not d4, which has another liberty.
    let game = position(["..XXO", "..XO.", "....X", "XX...", "XO..."]);
    assert_eq!(plays(&Greedy, &game), [2, 19]);
    // e3 takes two stones.
    let game = position(["..XXO", "...XO", ".....", "XX...", "XO..."]);
    assert_eq!(plays(&Greedy, &game), [14]);
}

#[test]
fn the_greedy_player_saves_its_chain() {
    // Black's a5 is in atari and nothing can be taken: b5 gives it two liberties more.
    let game = position(["X....", "O....", ".....", ".....", "....."]);
    assert_eq!(plays(&Greedy, &game), [21]);
    // Here b5 saves nothing: the chain would be in atari again. Any move may be chosen.
    let game = position(["X....", "OO...", ".....", ".....", "....."]);
    assert!(plays(&Greedy, &game).len() > 1);
}

#[test]
fn names_are_read() {
    for name in ["random", "greedy", "uct:1000", "uct:500,rave", "uct:2000,rave,patterns,priors"] {
        assert_eq!(parse(name).unwrap().name(), name);
    }
    let error = |name: &str| parse(name).map(|player| player.name()).unwrap_err().to_string();
    assert!(error("greddy").contains("did you mean `greedy`"));
    assert!(error("alphago").contains("random, greedy, uct:N, gtp:COMMAND"));
    assert!(error("uct:many").contains("number of playouts"));
}

/// A process gets each move once, and the whole game if another one began. This program logs its input, and passes.
#[cfg(unix)]
#[test]
fn a_program_follows_the_game() {
    let log = std::env::temp_dir().join(format!("freewheel-go-players-{}", std::process::id()));
    let script = r#"while read id command; do
        echo "$command" >> LOG
        case "$command" in
            known_command*) echo "=$id true";;
            genmove*) echo "=$id pass";;
            quit) exit;;
            *) echo "=$id";;
        esac
        echo
    done"#;
    let program =
        parse(&format!("gtp:sh -c '{}'", script.replace("LOG", &log.display().to_string()))).unwrap();
    let heard = || {
        let text = std::fs::read_to_string(&log).unwrap();
        std::fs::remove_file(&log).unwrap();
        let told = text.lines().filter(|line| !line.starts_with("set_random_seed"));
        told.map(str::to_owned).collect::<Vec<_>>()
    };
    let begun = ["boardsize 5", "clear_board", "komi 0"];
    let rules = Rules { komi: 0.0, ..Rules::tromp_taylor(5) };
    let mut game = Game::new(rules).unwrap();
    game.play(12).unwrap();
    assert_eq!(program.choose(&game, &mut stream(0)).unwrap(), PlayerAction::Play(game.pass()));
    let known = ["known_command set_random_seed"];
    assert_eq!(heard(), [&known[..], &begun, &["play black C3", "genmove white"]].concat());
    game.play(game.pass()).unwrap();
    game.play(13).unwrap();
    program.choose(&game, &mut stream(0)).unwrap();
    assert_eq!(heard(), ["play black D3", "genmove white"]);
    let setup = Setup { white: vec![0], ..Setup::default() };
    let other = Game::with_setup(rules, setup).unwrap();
    program.choose(&other, &mut stream(0)).unwrap();
    assert_eq!(heard(), [&begun[..], &["play white A1", "genmove black"]].concat());
}

#[test]
fn a_program_that_cannot_be_started_is_named() {
    let program = parse("gtp:/no/such/program --mode gtp").unwrap();
    let game = position([".....", ".....", ".....", ".....", "....."]);
    let error = program.choose(&game, &mut stream(0)).unwrap_err().to_string();
    assert!(error.contains("/no/such/program"), "{error}");
}

#[test]
fn the_insight_of_a_search_is_that_of_its_move() {
    // One white stone in atari: the capture at c1 is the move with most visits.
    let game = position([".....", ".....", ".....", "XX...", "XO..."]);
    let player = parse("uct:200").unwrap();
    let insight = player.insight(&game, &mut stream(3)).unwrap();
    let PlayerAction::Play(point) = player.choose(&game, &mut stream(3)).unwrap() else { panic!() };
    let legal = vec![true; game.area() + 1];
    assert_eq!(insight.best(&legal), Some(usize::from(point)));
    // The root itself is counted once before its first child.
    let visits: f32 = insight.per_action.iter().sum();
    assert!((199.0..=200.0).contains(&visits), "{visits}");
    let row = |name: &str| insight.rows.iter().find(|(n, _)| n == name).unwrap().1.clone();
    assert!(row("win rate").ends_with(" %") && row("variation").contains(' '), "{insight:?}");
    assert_eq!(row("playouts"), "200");
    assert_eq!(Random.insight(&game, &mut stream(3)), None);
}
