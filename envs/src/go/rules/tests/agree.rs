//! The fast board and the naive one agree in random games of every size and under every rule.

use freewheel_core::{Purpose, Stream, Streams};
use proptest::prelude::*;

use super::oracle::Oracle;
use super::rules;
use crate::go::rules::geometry::Geometry;
use crate::go::rules::{Color, Game, IllegalMove, Ko, Rules, Setup};

const KOS: [Ko; 3] = [Ko::Simple, Ko::Positional, Ko::Situational];

/// Compares all queries of the two boards. Returns the number of moves that are illegal as repetitions.
fn compare(game: &Game, oracle: &Oracle) -> u32 {
    let area = game.area();
    let mut mask = vec![false; area + 1];
    game.legal_mask(&mut mask);
    let mut owners = vec![0; area];
    game.ownership(&mut owners);
    let mut repetitions = 0;
    let mut hash = 0;
    for p in 0..=area {
        let legal = game.check(p as u16);
        assert_eq!(legal.is_ok(), oracle.legal(p), "point {p}: {legal:?} of {game:?}");
        assert_eq!(legal.is_ok(), mask[p]);
        repetitions += u32::from(matches!(legal, Err(IllegalMove::Repetition { .. })));
        if let Err(IllegalMove::Repetition { after_move: of }) = legal {
            let mut stones = vec![None; area];
            let mut after = game.clone();
            after.stones_before((game.move_number() - of) as usize, &mut stones);
            assert_eq!(stones, oracle.boards[of as usize].0);
            after.play_unchecked(p as u16);
            assert!((0..area).all(|q| after.stone(q as u16) == stones[q]), "that is what would stand again");
        }
        if p == area {
            continue;
        }
        assert_eq!(game.stone(p as u16), oracle.stones[p]);
        assert_eq!(owners[p], oracle.owner(p));
        let Some(chain) = game.chain(p as u16) else { continue };
        hash ^= game.geometry().hash(chain.color(), game.geometry().vertex(p as u16));
        let mut stones: Vec<usize> = chain.stones().map(usize::from).collect();
        stones.sort_unstable();
        let mut expected = oracle.flood(&oracle.stones, p).0;
        expected.sort_unstable();
        assert_eq!(stones, expected);
        assert_eq!(chain.size(), expected.len());
        let liberties: Vec<usize> = chain.liberty_points().map(usize::from).collect();
        assert_eq!(liberties, oracle.liberties(&oracle.stones, p));
        assert_eq!(chain.in_atari(), liberties.len() == 1);
    }
    assert_eq!(game.hash(), hash);
    assert_eq!(game.area_score(), owners.iter().map(|&o| i32::from(o)).sum::<i32>());
    assert_eq!(Color::BOTH.map(|color| game.captures(color)), oracle.captures);
    assert_eq!(game.to_play(), oracle.to_play);
    repetitions
}

/// Plays a random game of `moves` moves and compares the two boards after each move.
fn follow(rules: Rules, mask: u64, moves: usize, out_of_turn: bool, rng: &mut Stream) -> u32 {
    let geometry = Geometry::with_hash_mask(rules.width, rules.height, mask);
    let mut game = Game::on(geometry, rules, Setup::default()).unwrap();
    let mut oracle = Oracle::new(rules);
    let mut repetitions = compare(&game, &oracle);
    let mut legal = vec![false; rules.area() + 1];
    for _ in 0..moves {
        if out_of_turn && rng.chance(0.05) {
            game.set_to_play(game.to_play().other());
            oracle.to_play = oracle.to_play.other();
        }
        game.legal_mask(&mut legal);
        let points: Vec<usize> = (0..rules.area()).filter(|&p| legal[p]).collect();
        let point = match points.len() {
            0 => rules.area(),
            _ if rng.chance(0.02) => rules.area(),
            n => points[rng.below(n as u32) as usize],
        };
        game.play(point as u16).unwrap();
        oracle.play(point);
        game.resume();
        repetitions += compare(&game, &oracle);
    }
    repetitions
}

fn stream(seed: u64) -> Stream {
    Streams::new(seed).stream(Purpose::Environment, 0, 0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_size(width in 1u8..=9, height in 1u8..=9, ko in 0usize..3, suicide: bool, turns: bool, seed: u64) {
        follow(rules(width, height, KOS[ko], suicide), u64::MAX, 60, turns, &mut stream(seed));
    }

    /// Small boards with many repetitions, with hashes of so few bits that most collide.
    #[test]
    fn hashes_that_collide(
        width in 1u8..=3, height in 1u8..=3, ko in 0usize..3, suicide: bool, bits in 0u32..6, seed: u64,
    ) {
        let mask = (1u64 << bits) - 1;
        follow(rules(width, height, KOS[ko], suicide), mask, 60, true, &mut stream(seed));
    }
}

/// Both superko rules forbid moves in such games, so that the tests above check them; simple ko never repeats a game.
#[test]
fn repetitions_happen() {
    for (ko, some) in [(Ko::Simple, false), (Ko::Positional, true), (Ko::Situational, true)] {
        for (width, height) in [(2, 2), (2, 3), (3, 3), (5, 1)] {
            let forbidden = follow(rules(width, height, ko, false), u64::MAX, 100, false, &mut stream(3));
            assert_eq!(forbidden > 0, some, "{ko:?} on {width}x{height}");
        }
    }
}

/// One long game on the largest board under each rule.
#[test]
fn nineteen() {
    for ko in KOS {
        let mut game = Game::new(rules(19, 19, ko, true)).unwrap();
        let mut oracle = Oracle::new(*game.rules());
        let mut rng = stream(5);
        let mut legal = [false; 362];
        for n in 0..700 {
            game.legal_mask(&mut legal[..]);
            let points: Vec<u16> = (0..361).filter(|&p| legal[usize::from(p)]).collect();
            let point = points[rng.below(points.len() as u32) as usize];
            game.play(point).unwrap();
            oracle.play(usize::from(point));
            if n % 100 == 99 {
                compare(&game, &oracle);
            }
        }
        assert!(Color::BOTH.iter().map(|&color| game.captures(color)).sum::<u32>() > 300);
    }
}
