//! Serialized games: they round-trip, and invalid data is not accepted as a game.

use freewheel_core::{Purpose, Streams};
use proptest::prelude::*;
use serde_json::Value;

use super::rules;
use crate::go::rules::{Game, Ko};

fn random(seed: u64, moves: u32) -> Game {
    let mut rng = Streams::new(seed).stream(Purpose::Environment, 0, 0);
    let mut game = Game::new(rules(4, 3, Ko::Positional, true)).unwrap();
    for _ in 0..moves {
        if game.is_over() {
            game.resume();
        }
        if rng.chance(0.1) {
            game.set_to_play(game.to_play().other());
        }
        let _ = game.play(rng.below(u32::from(game.pass()) + 1) as u16);
    }
    game
}

fn everything(game: &Game) -> (Vec<bool>, u64, u8, u32, Option<u16>, bool) {
    let mut mask = vec![false; game.area() + 1];
    game.legal_mask(&mut mask);
    (mask, game.hash(), game.passes(), game.move_number(), game.ko(), game.is_over())
}

proptest! {
    #[test]
    fn games_come_back(seed: u64, moves in 0u32..80) {
        let game = random(seed, moves);
        let text = serde_json::to_string(&game).unwrap();
        let back: Game = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(everything(&back), everything(&game));
        prop_assert_eq!(serde_json::to_string(&back).unwrap(), text);
    }

    /// With one number of the text changed, the game is rejected or can be played on.
    #[test]
    fn damaged_games_do_no_harm(seed: u64, which: prop::sample::Index, to in prop_oneof![0u32..20, any::<u32>()]) {
        let game = random(seed, 30);
        let mut value = serde_json::to_value(&game).unwrap();
        let count = numbers(&mut value, usize::MAX, 0).0;
        numbers(&mut value, which.index(count), to);
        if let Ok(mut game) = serde_json::from_value::<Game>(value) {
            for point in 0..=game.pass() {
                let _ = game.play(point);
            }
            let _ = game.undo();
            prop_assert!(game.score().is_finite());
        }
    }
}

/// Counts the numbers in `value`, and sets the one with this index to `to`.
fn numbers(value: &mut Value, index: usize, to: u32) -> (usize, usize) {
    match value {
        Value::Number(_) => {
            if index == 0 {
                *value = to.into();
            }
            (1, index.wrapping_sub(1))
        }
        Value::Array(items) => items.iter_mut().fold((0, index), |(n, index), item| {
            let (more, index) = numbers(item, index, to);
            (n + more, index)
        }),
        Value::Object(items) => items.values_mut().fold((0, index), |(n, index), item| {
            let (more, index) = numbers(item, index, to);
            (n + more, index)
        }),
        _ => (0, index),
    }
}

/// Sizes too large for memory are rejected before anything is allocated.
#[test]
fn absurd_games_are_refused() {
    let game = Game::new(rules(3, 3, Ko::Simple, false)).unwrap();
    let good = serde_json::to_string(&game).unwrap();
    for (from, to) in [("\"width\":3", "\"width\":255"), ("\"komi\":0.0", "\"komi\":1e30"), ("[]", "[9]")] {
        assert!(good.contains(from));
        assert!(serde_json::from_str::<Game>(&good.replacen(from, to, 1)).is_err(), "{to}");
    }
    let endless = good.replace("\"move_limit\":null", "\"move_limit\":4294967295");
    assert!(serde_json::from_str::<Game>(&endless).is_ok());
}
