//! Playouts are legal, uniform and complete, and scored as the rules score.

use freewheel_core::{Purpose, Stream, Streams};
use proptest::prelude::*;

use super::rules;
use crate::go::rules::{Game, Ko, Playouts};

fn stream(seed: u64) -> Stream {
    Streams::new(seed).stream(Purpose::Environment, 0, 0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A playout's moves, replayed on a checked game under its rules, are legal, fill no eye, end where no move is
    /// left, and give the same score.
    #[test]
    fn playouts_obey(width in 1u8..=9, height in 1u8..=9, seed: u64) {
        let mut rng = stream(seed);
        let mut game = Game::new(rules(width, height, Ko::Simple, false)).unwrap();
        for _ in 0..rng.below(30) {
            let _ = game.play(rng.below(game.area() as u32) as u16);
        }
        let mut moves = Vec::new();
        let mut playouts = Playouts::new(&game);
        let playout = playouts.run_with(&game, &mut rng, |color, point| moves.push((color, point)));
        for (color, point) in moves {
            if game.to_play() != color {
                let candidates = (0..game.area() as u16).filter(|&p| game.legal(p) && !game.is_eye(p, color.other()));
                prop_assert_eq!(candidates.count(), 0, "passed with moves left");
                game.play(game.pass()).unwrap();
            }
            prop_assert_eq!(game.to_play(), color);
            prop_assert!(!game.is_eye(point, color));
            prop_assert!(game.play(point).is_ok());
        }
        prop_assert_eq!(game.area_score(), playout.area_score);
        if playout.moves < 3 * game.area() as u32 {
            for color in [game.to_play(), game.to_play().other()] {
                prop_assert!((0..game.area() as u16).all(|p| !game.legal(p) || game.is_eye(p, color)));
                game.play(game.pass()).unwrap();
            }
        }
    }
}

/// The first move of a playout is uniform over the points of 3x3: chi-squared with 8 degrees of freedom exceeds 26.1
/// with probability 0.001.
#[test]
fn first_moves_are_uniform() {
    let game = Game::new(rules(3, 3, Ko::Simple, false)).unwrap();
    let mut playouts = Playouts::new(&game);
    let mut rng = stream(1);
    let mut counts = [0u32; 9];
    let n = 9000;
    for _ in 0..n {
        let mut first = None;
        playouts.run_with(&game, &mut rng, |_, point| first = first.or(Some(point)));
        counts[usize::from(first.unwrap())] += 1;
    }
    let expected = f64::from(n) / 9.0;
    let chi: f64 = counts.iter().map(|&c| (f64::from(c) - expected).powi(2) / expected).sum();
    assert!(chi < 26.1, "{counts:?}");
}

/// From the empty 9x9 board random games are about 110 moves long, and Black is ahead by 2 to 3 points (Brügmann 1993
/// measured 2.2 under similar rules).
#[test]
fn random_games_are_as_others_found() {
    let game = Game::new(rules(9, 9, Ko::Simple, false)).unwrap();
    let mut playouts = Playouts::new(&game);
    let mut rng = stream(2);
    let n = 2000;
    let (mut score, mut moves) = (0.0, 0.0);
    for _ in 0..n {
        let playout = playouts.run(&game, &mut rng);
        score += f64::from(playout.area_score) / f64::from(n);
        moves += f64::from(playout.moves) / f64::from(n);
    }
    assert!((1.0..5.0).contains(&score), "{score}");
    assert!((105.0..118.0).contains(&moves), "{moves}");
}
