//! Small games checked by hand: ko, suicide, endings, handicaps, undo.

use super::rules;
use crate::go::rules::{Color, Compensation, Game, IllegalMove, Ko, Rules, Setup};

/// Points from names such as `C3`.
fn points(side: u16, names: &str) -> Vec<u16> {
    let point = |name: &str| {
        let column =
            u16::from(b"ABCDEFGHJKLMNOPQRST".iter().position(|&c| c == name.as_bytes()[0]).unwrap() as u8);
        (name[1..].parse::<u16>().unwrap() - 1) * side + column
    };
    names.split_whitespace().map(point).collect()
}

/// Ko on 4x4 that White has just captured.
fn ko(rule: Ko) -> Game {
    let mut game = Game::new(rules(4, 4, rule, false)).unwrap();
    for p in points(4, "B4 C4 A3 D3 B2 C2 C3 B3") {
        game.play(p).unwrap();
    }
    game
}

#[test]
fn a_ko_is_not_retaken_at_once() {
    let retake = points(4, "C3")[0];
    for (rule, why) in [
        (Ko::Simple, IllegalMove::Ko),
        (Ko::Positional, IllegalMove::Repetition { after_move: 7 }),
        (Ko::Situational, IllegalMove::Repetition { after_move: 7 }),
    ] {
        let mut game = ko(rule);
        assert_eq!(game.ko(), Some(retake));
        assert_eq!(game.captures(Color::White), 1);
        assert_eq!(game.play(retake), Err(why));
        // After a threat and its answer it may be retaken.
        for p in points(4, "A1 D1") {
            game.play(p).unwrap();
        }
        assert_eq!(game.play(retake), Ok(1));
    }
}

#[test]
fn suicide() {
    let names = "B1 C1 A2 D2";
    for (allowed, expected) in [(false, Err(IllegalMove::Suicide)), (true, Ok(1))] {
        let mut game = Game::new(rules(4, 4, Ko::Simple, allowed)).unwrap();
        for p in points(4, names) {
            game.play(p).unwrap();
        }
        game.set_to_play(Color::White);
        assert_eq!(game.play(0), expected, "a stone in Black's corner");
        assert_eq!(game.stone(0), None);
        assert_eq!(game.captures(Color::Black), u32::from(allowed));
    }
    // Under positional superko, suicide of a single stone repeats the position.
    let mut game = Game::new(rules(4, 4, Ko::Positional, true)).unwrap();
    for p in points(4, names) {
        game.play(p).unwrap();
    }
    game.set_to_play(Color::White);
    assert_eq!(game.check(0), Err(IllegalMove::Repetition { after_move: 4 }));
}

#[test]
fn endings() {
    let mut game = Game::new(Rules { move_limit: Some(5), ..rules(3, 3, Ko::Positional, false) }).unwrap();
    let pass = game.pass();
    for p in [4, pass, pass] {
        assert!(!game.is_over());
        game.play(p).unwrap();
    }
    assert!(game.is_over() && !game.is_truncated());
    assert_eq!(game.play(0), Err(IllegalMove::Over));
    assert_eq!(game.area_score(), 9);
    let mut mask = [true; 10];
    game.legal_mask(&mut mask);
    assert_eq!(mask, [false; 10]);
    game.resume();
    game.play(0).unwrap();
    game.play(8).unwrap();
    assert!(game.is_truncated() && !game.is_over());
    assert_eq!(game.check(pass), Err(IllegalMove::Over));
    assert_eq!(game.check(10), Err(IllegalMove::Over));
    let game = Game::new(rules(3, 3, Ko::Positional, false)).unwrap();
    assert_eq!(game.check(10), Err(IllegalMove::Outside));
}

#[test]
fn komi_and_compensation_count_for_white() {
    let rules = Rules { komi: 6.5, compensation: Compensation::Stones, ..Rules::chinese(9) };
    let mut game = Game::with_setup(rules, Setup::fixed_handicap(&rules, 3).unwrap()).unwrap();
    assert_eq!(game.to_play(), Color::White);
    assert_eq!(game.score(), 81.0 - 6.5 - 3.0);
    game.play(40).unwrap();
    assert_eq!(game.score(), 3.0 - 1.0 - 6.5 - 3.0);
    let less = Rules { compensation: Compensation::StonesLessOne, ..rules };
    assert_eq!([0, 1, 2, 9].map(|n| less.compensation_for(n)), [0.0, 0.0, 1.0, 8.0]);
}

/// Points as GNU Go 3.8 places them (`fixed_handicap`).
#[test]
fn fixed_handicaps() {
    let sorted = |side, names| {
        let mut points = points(side, names);
        points.sort_unstable();
        points
    };
    let of = |side, stones| Setup::fixed_handicap(&Rules::chinese(side), stones).map(|setup| setup.black);
    assert_eq!(of(19, 2).unwrap(), sorted(19, "Q16 D4"));
    assert_eq!(of(19, 3).unwrap(), sorted(19, "D16 Q16 D4"));
    assert_eq!(of(19, 5).unwrap(), sorted(19, "D16 Q16 K10 D4 Q4"));
    assert_eq!(of(19, 6).unwrap(), sorted(19, "D16 Q16 D10 Q10 D4 Q4"));
    assert_eq!(of(19, 7).unwrap(), sorted(19, "D16 Q16 D10 K10 Q10 D4 Q4"));
    assert_eq!(of(19, 8).unwrap(), sorted(19, "D16 K16 Q16 D10 Q10 D4 K4 Q4"));
    assert_eq!(of(19, 9).unwrap(), sorted(19, "D16 K16 Q16 D10 K10 Q10 D4 K4 Q4"));
    assert_eq!(of(13, 5).unwrap(), sorted(13, "D10 K10 G7 D4 K4"));
    assert_eq!(of(9, 5).unwrap(), sorted(9, "C7 G7 E5 C3 G3"));
    assert_eq!(of(7, 4).unwrap(), sorted(7, "C5 E5 C3 E3"));
    for (side, stones) in [(7, 5), (8, 5), (5, 2), (19, 1), (19, 10)] {
        assert!(of(side, stones).is_err());
    }
}

#[test]
fn setups_are_checked() {
    let rules = rules(3, 3, Ko::Positional, false);
    for (black, white) in [(vec![9], vec![]), (vec![1, 1], vec![]), (vec![1], vec![1]), (vec![0], vec![1, 3])]
    {
        let setup = Setup { black, white, ..Setup::default() };
        assert!(matches!(Game::with_setup(rules, setup), Err(freewheel_core::Error::Config(_))));
    }
    let setup = Setup { black: vec![1], white: vec![4], to_play: Color::White, handicap: 0 };
    let game = Game::with_setup(rules, setup).unwrap();
    assert_eq!((game.stone(1), game.stone(4)), (Some(Color::Black), Some(Color::White)));
}

#[test]
fn rules_are_checked() {
    let good = Rules::tromp_taylor(19);
    good.check().unwrap();
    for bad in [
        Rules { width: 0, ..good },
        Rules { height: 20, ..good },
        Rules { komi: f32::NAN, ..good },
        Rules { komi: 0.3, ..good },
        Rules { komi: 1e9, ..good },
        Rules { move_limit: Some(0), ..good },
    ] {
        assert!(matches!(bad.check(), Err(freewheel_core::Error::Config(_))), "{bad:?}");
    }
}

#[test]
fn undo_gives_the_game_before() {
    let mut games = vec![Game::new(rules(4, 4, Ko::Positional, false)).unwrap()];
    let played = ko(Ko::Positional);
    for m in played.moves() {
        let mut next = games[games.len() - 1].clone();
        next.play(m.point).unwrap();
        games.push(next);
    }
    let mut game = games.pop().unwrap();
    while let Some(before) = games.pop() {
        assert!(game.undo());
        assert_eq!(game.ko(), before.ko());
        assert_eq!(serde_json::to_string(&game).unwrap(), serde_json::to_string(&before).unwrap());
    }
    assert!(!game.undo());
}
