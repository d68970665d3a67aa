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

/// A search that goes on from move to move keeps the visits below the moves played, and starts anew in another game.
#[test]
fn a_tree_is_kept_in_the_game_only() {
    let player = Uct::new(UctSettings::parse("200,strong").unwrap());
    let mut game = Game::new(Rules { suicide: false, ..Rules::tromp_taylor(5) }).unwrap();
    let (mut memory, mut rng) = (Memory::default(), stream(1));
    for _ in 0..2 {
        let PlayerAction::Play(point) = player.choose_in_game(&game, &mut memory, None, &mut rng).unwrap()
        else {
            panic!("it resigned");
        };
        game.play(point).unwrap();
    }
    let kept = memory.searches.first_mut().unwrap();
    let below = kept.candidates().first().unwrap().visits;
    assert!(kept.advance(&game));
    assert_eq!(kept.playouts(), below, "the root has the visits of the move played");
    assert!(below > 1);
    let other = position([".....", ".X.X.", ".....", ".O.O.", "....."]);
    assert!(!kept.advance(&other));
    player.choose_in_game(&other, &mut memory, None, &mut rng).unwrap();
    assert_eq!(memory.searches.first().unwrap().playouts(), 200);
}

/// Several trees choose the same move for the same seed, and share the playouts.
#[test]
fn trees_on_threads_choose_the_same_move() {
    let player = Uct::new(UctSettings::parse("300,strong,trees=3").unwrap());
    let game = position(["..O..", ".XO..", ".XOX.", "..X..", "....."]);
    let chosen = |seed| {
        let mut memory = Memory::default();
        let action = player.choose_in_game(&game, &mut memory, None, &mut stream(seed)).unwrap();
        let playouts: Vec<u32> = memory.searches.iter().map(Search::playouts).collect();
        assert_eq!(playouts, [100; 3]);
        (action, crate::go::uct::merge(&memory.searches))
    };
    let (action, candidates) = chosen(4);
    assert_eq!((action, &candidates), (chosen(4).0, &chosen(4).1));
    assert_eq!(candidates.iter().map(|candidate| candidate.visits).sum::<u32>(), 300);
}

/// Black has two eyes in its corner and no more; White has the rest of the board.
#[test]
fn a_lost_game_is_resigned_and_a_won_one_is_not() {
    let rows = [".X.XO", "XXXXO", "OOOOO", "O.OO.", "OOO.."];
    let lost = position(rows);
    let mut game = lost.clone();
    for _ in 0..4 {
        game.play(game.pass()).unwrap();
        game.resume();
    }
    for (resign, resigned) in [(0.1, true), (0.0, false)] {
        let player = Uct::new(UctSettings { resign, ..UctSettings::strong(100) });
        let action = |game: &Game| player.choose(game, &mut stream(2)).unwrap();
        let mut late = game.clone();
        while (late.move_number() as usize) < late.area() / 4 {
            late.play(late.pass()).unwrap();
            late.resume();
        }
        late.set_to_play(Color::Black);
        assert_eq!(action(&late) == PlayerAction::Resign, resigned);
        assert_ne!(action(&lost), PlayerAction::Resign, "too early");
        late.set_to_play(Color::White);
        assert_ne!(action(&late), PlayerAction::Resign, "White wins");
    }
}

#[test]
fn time_ends_a_search() {
    let player = Uct::new(UctSettings::parse("4000000000,strong").unwrap());
    let game = Game::new(Rules::tromp_taylor(9)).unwrap();
    let mut memory = Memory::default();
    player.choose_in_game(&game, &mut memory, Some(Duration::from_millis(20)), &mut stream(1)).unwrap();
    let playouts = memory.searches.first().unwrap().playouts();
    assert!((1..4_000_000_000).contains(&playouts));
}
