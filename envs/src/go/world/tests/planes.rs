//! Observation planes.

use freewheel_core::{Env, Purpose, Streams};
use proptest::prelude::*;

use super::two_player;
use crate::go::rules::{Color, Game};

fn observation(world: &crate::go::Go, game: &Game) -> Vec<Vec<f32>> {
    let mut obs = vec![f32::NAN; world.spec().observation.len()];
    world.observe(game, &mut obs);
    obs.chunks(game.area()).map(<[f32]>::to_vec).collect()
}

/// By hand, on 2x2 with two positions: Black a1, White b2, Black to move.
#[test]
fn planes_are_as_documented() {
    let world = two_player(2, "opponent = 'self'\nhistory = 2");
    let mut game = world.reset(&mut Streams::new(0).stream(Purpose::Environment, 0, 0));
    let (zeros, ones) = (vec![0.0; 4], vec![1.0; 4]);
    // The first position: no earlier one, Black to play.
    let first = [&zeros, &zeros, &zeros, &zeros, &zeros, &ones, &zeros, &ones].map(Vec::clone);
    assert_eq!(observation(&world, &game), first);
    game.play(0).unwrap();
    game.play(3).unwrap();
    let a1 = vec![1.0, 0.0, 0.0, 0.0];
    let b2 = vec![0.0, 0.0, 0.0, 1.0];
    let then = [&a1, &b2, &a1, &zeros, &zeros, &ones, &zeros, &ones].map(Vec::clone);
    assert_eq!(observation(&world, &game), then);
    game.play(game.pass()).unwrap();
    // White's stones come first, and Black has passed.
    let white = [&b2, &a1, &b2, &a1, &zeros, &zeros, &ones, &ones].map(Vec::clone);
    assert_eq!(observation(&world, &game), white);
}

/// Black a1, White b1, Black b2 captures; White may not retake at b1 if that repeats the position.
#[test]
fn superko_moves_are_in_their_plane() {
    let world = two_player(2, "opponent = 'self'");
    let mut game = world.reset(&mut Streams::new(0).stream(Purpose::Environment, 0, 0));
    for point in [0, 1, 3] {
        game.play(point).unwrap();
    }
    assert_eq!((game.captures(Color::Black), game.to_play()), (1, Color::White));
    let planes = observation(&world, &game);
    let forbidden: Vec<f32> =
        (0..4).map(|point| f32::from(u8::from(game.stone(point).is_none() && !game.legal(point)))).collect();
    assert_eq!(planes[2], forbidden);
}

/// By hand, on 5x5: Black b1, White a1, whose last liberty is a2.
#[test]
fn planes_of_tactics_are_as_documented() {
    let world = two_player(5, "opponent = 'self'\ntactics = true");
    let mut game = world.reset(&mut Streams::new(0).stream(Purpose::Environment, 0, 0));
    game.play(1).unwrap();
    game.play(0).unwrap();
    let points = |game: &Game| -> Vec<Vec<usize>> {
        let planes = observation(&world, game);
        assert_eq!(planes.len(), 6 + 15);
        planes[6..].iter().map(|plane| (0..25).filter(|&i| plane[i] == 1.0).collect()).collect()
    };
    let sensible: Vec<usize> = (2..25).collect();
    let none = Vec::new;
    let black: [Vec<usize>; 15] = [
        none(),
        vec![1],
        none(),
        vec![0],
        none(),
        none(),
        vec![0],
        vec![1],
        none(),
        none(),
        vec![5],
        none(),
        none(),
        none(),
        sensible.clone(),
    ];
    assert_eq!(points(&game), black);
    game.play(game.pass()).unwrap();
    let white: [Vec<usize>; 15] = [
        vec![0],
        none(),
        none(),
        none(),
        vec![1],
        none(),
        none(),
        vec![0],
        vec![1],
        none(),
        none(),
        none(),
        vec![5],
        none(),
        sensible,
    ];
    assert_eq!(points(&game), white);
}

/// Black b1, a2 and b2 surround the eye a1.
#[test]
fn own_eyes_are_legal_or_not() {
    for (settings, legal_eye) in [("", true), ("\neyes = false", false)] {
        let world = two_player(5, &format!("opponent = 'self'{settings}"));
        let mut game = world.reset(&mut Streams::new(0).stream(Purpose::Environment, 0, 0));
        for point in [1, 24, 5, 23, 6, 25] {
            game.play(point).unwrap();
        }
        let mut legal = [false; 26];
        world.legal(&game, &mut legal);
        assert_eq!((legal[0], legal[2], legal[25]), (legal_eye, true, true));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    /// All numbers are 0 or 1; no point has two stones; forbidden points are not legal.
    #[test]
    fn planes_agree_with_the_board(seed: u64, size in 2u8..8, history in 1usize..5, moves in 0u32..60) {
        let world = two_player(size, &format!("opponent = 'self'\nhistory = {history}"));
        let mut rng = Streams::new(seed).stream(Purpose::Environment, 0, 0);
        let mut game = world.reset(&mut rng);
        let mut earlier = vec![game.clone()];
        let mut legal = vec![false; game.area() + 1];
        for _ in 0..moves {
            world.legal(&game, &mut legal);
            let count = legal.iter().filter(|&&legal| legal).count() as u32;
            let pick = rng.below(count) as usize;
            let action = (0u32..).zip(&legal).filter(|(_, legal)| **legal).nth(pick).unwrap().0;
            world.step(&mut game, action, &mut rng);
            if game.is_over() {
                break;
            }
            earlier.push(game.clone());
        }
        prop_assume!(!game.is_over());
        let planes = observation(&world, &game);
        prop_assert_eq!(planes.len(), 2 * history + 4);
        prop_assert!(planes.iter().flatten().all(|&x| x == 0.0 || x == 1.0));
        for (back, then) in earlier.iter().rev().take(history).enumerate() {
            for point in 0..game.pass() {
                let at = usize::from(point);
                let stone = then.stone(point);
                prop_assert_eq!(planes[2 * back][at] == 1.0, stone == Some(game.to_play()));
                prop_assert_eq!(planes[2 * back + 1][at] == 1.0, stone == Some(game.to_play().other()));
            }
        }
        for plane in &planes[(2 * earlier.len()).min(2 * history)..2 * history] {
            prop_assert!(plane.iter().all(|&x| x == 0.0));
        }
        world.legal(&game, &mut legal);
        for point in 0..game.pass() {
            let forbidden = planes[2 * history][usize::from(point)] == 1.0;
            prop_assert!(!(forbidden && legal[usize::from(point)]));
        }
    }
}
