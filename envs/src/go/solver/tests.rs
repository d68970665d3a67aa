//! The solver against published values, the rules, and plain minimax.

use freewheel_core::{Purpose, Streams};
use proptest::prelude::*;

use super::shape::{Shape, Stones};
use super::{PUBLISHED, Solver, from_black, solve};
use crate::go::rules::{Color, Compensation, Game, Ko, Rules};

fn rules(width: u8, height: u8, ko: Ko) -> Rules {
    let compensation = Compensation::None;
    Rules { width, height, komi: 0.0, ko, suicide: false, compensation, move_limit: None }
}

fn random_game(rules: Rules, moves: u32, seed: u64) -> Game {
    let mut rng = Streams::new(seed).stream(Purpose::Environment, 0, 0);
    let mut game = Game::new(rules).unwrap();
    for _ in 0..moves {
        let _ = game.play(rng.below(game.area() as u32) as u16);
    }
    game
}

/// Values of Tromp, and of van der Werf and Winands.
#[test]
fn published_results() {
    for &(width, height, score) in PUBLISHED.iter().filter(|&&(w, h, _)| w * h <= 5) {
        let solved = solve(&rules(width, height, Ko::Positional), 100_000).unwrap().unwrap();
        assert_eq!(solved.exact(), Some(score), "{width}x{height}: {solved:?}");
    }
    for ko in [Ko::Simple, Ko::Positional, Ko::Situational] {
        let solved = solve(&rules(3, 3, ko), 1_000_000).unwrap().unwrap();
        assert_eq!((solved.exact(), &solved.best[..]), (Some(9), &[4][..]), "the center wins everything");
    }
}

/// Without enough budget there is no result.
#[test]
fn budgets_are_kept() {
    assert_eq!(solve(&rules(3, 3, Ko::Simple), 100).unwrap(), None);
    assert!(solve(&rules(5, 5, Ko::Simple), 100).is_err());
    let solver = Solver::new(&rules(3, 3, Ko::Positional), 10_000).unwrap().unwrap();
    let solved = solver.solve(&Game::new(rules(3, 3, Ko::Positional)).unwrap(), 1000).unwrap();
    assert!(solved.low <= 9 && solved.high >= 9 && solved.nodes < 1100, "{solved:?}");
}

/// Plain negamax over games played by [`Game`].
fn minimax(game: &Game, mut alpha: i32, beta: i32) -> i32 {
    if game.is_over() {
        return game.area_score() * game.to_play().sign();
    }
    let mut best = i32::MIN;
    for point in (0..=game.pass()).rev().filter(|&p| game.legal(p)) {
        let mut next = game.clone();
        next.play_unchecked(point);
        best = best.max(-minimax(&next, -beta, -alpha));
        alpha = alpha.max(best);
        if alpha >= beta {
            break;
        }
    }
    best
}

/// Under superko, from positions with a history, the search and plain minimax agree on the value and on all optimal
/// moves.
#[test]
fn superko_agrees_with_plain_minimax() {
    for (ko, width, height) in
        [(Ko::Positional, 3, 1), (Ko::Situational, 3, 1), (Ko::Positional, 4, 1), (Ko::Positional, 2, 2)]
    {
        let solver = Solver::new(&rules(width, height, ko), 1000).unwrap().unwrap();
        for seed in 0..8 {
            let game = random_game(rules(width, height, ko), 6, seed);
            let solved = solver.solve(&game, 10_000_000).unwrap();
            let value = minimax(&game, -99, 99);
            assert_eq!(solved.exact().map(i32::from), Some(value * game.to_play().sign()), "{game:?}");
            for point in (0..=game.pass()).filter(|&p| game.legal(p)) {
                let mut next = game.clone();
                next.play_unchecked(point);
                let keeps = -minimax(&next, -99, 99) >= value;
                assert_eq!(solved.best.contains(&point), keeps, "{point} in {game:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The solver's board gives the same positions as [`Game`].
    #[test]
    fn shapes_play_by_the_rules(width in 1u8..=4, height in 1u8..=4, suicide: bool, seed: u64) {
        let rules = Rules { suicide, ..rules(width, height, Ko::Simple) };
        let shape = Shape::new(width.into(), height.into(), suicide);
        let mut game = Game::new(rules).unwrap();
        let mut stones = Stones { own: 0, other: 0 };
        let mut ko = 0;
        let mut rng = Streams::new(seed).stream(Purpose::Environment, 0, 0);
        for _ in 0..40 {
            let point = rng.below(game.area() as u32) as u16;
            let free = shape.empty(stones) & !ko & (1 << point) != 0;
            let placed = if free { shape.place(stones, usize::from(point)) } else { None };
            prop_assert_eq!(placed.is_some(), game.play(point).is_ok());
            let Some(placed) = placed else { continue };
            stones = placed.stones.swap();
            ko = placed.ko;
            let mover_stones: Vec<_> = (0..game.pass()).map(|p| game.stone(p)).collect();
            prop_assert_eq!(stones, from_black(&mover_stones, game.to_play() == Color::Black));
            prop_assert_eq!(i32::from(shape.score(stones)), game.area_score() * game.to_play().sign());
            prop_assert_eq!(game.ko().map_or(0, |p| 1 << p), ko);
        }
    }
}

/// On 3x3 with simple ko, both bounds of every position are the best among those after its moves.
#[test]
fn values_fit_their_successors() {
    let solver = Solver::new(&rules(3, 3, Ko::Simple), 10_000).unwrap().unwrap();
    for seed in 0..200 {
        let game = random_game(rules(3, 3, Ko::Simple), seed as u32 % 30, seed);
        let solved = solver.solve(&game, 1).unwrap();
        let sign = game.to_play().sign() as i8;
        let after = (0..=game.pass()).filter(|&p| game.legal(p)).map(|p| {
            let mut next = game.clone();
            next.play_unchecked(p);
            if next.is_over() {
                let score = next.area_score() as i8 * sign;
                return (score, score);
            }
            let next = solver.solve(&next, 1).unwrap();
            if sign > 0 { (next.low, next.high) } else { (-next.high, -next.low) }
        });
        let best = after.fold((-9, -9), |best, next| (best.0.max(next.0), best.1.max(next.1)));
        let expected = if sign > 0 { best } else { (-best.1, -best.0) };
        assert_eq!((solved.low, solved.high), expected, "{game:?}");
    }
}
