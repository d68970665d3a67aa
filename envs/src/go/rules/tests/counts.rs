//! Published counts of move trees and legal positions.

use super::{border, rules};
use crate::go::rules::board::{Board, EMPTY};
use crate::go::rules::geometry::Geometry;
use crate::go::rules::{Color, Game, Ko};

/// Number of leaves of the move tree at the depth `depth`.
fn leaves(game: &Game, depth: u32, mask: &mut [bool]) -> u64 {
    game.legal_mask(mask);
    if depth == 1 {
        return mask.iter().filter(|&&legal| legal).count() as u64;
    }
    let moves: Vec<u16> = (0..=game.pass()).filter(|&p| mask[usize::from(p)]).collect();
    let mut next = game.clone();
    let mut count = 0;
    for point in moves {
        next.clone_from(game);
        next.play_unchecked(point);
        count += leaves(&next, depth - 1, mask);
    }
    count
}

fn tree(side: u8, ko: Ko, expected: &[u64]) {
    let game = Game::new(rules(side, side, ko, false)).unwrap();
    for (depth, &expected) in (1..).zip(expected) {
        assert_eq!(
            leaves(&game, depth, &mut vec![false; game.area() + 1]),
            expected,
            "{ko:?} {side} {depth}"
        );
    }
}

/// Two passes end a game, passes count as moves, no suicide. The two rules first differ at depth 7 on 3x3.
#[test]
fn leaves_of_the_move_tree() {
    tree(3, Ko::Simple, &[10, 91, 738, 5281, 33384, 179_712, 842_728]);
    tree(3, Ko::Positional, &[10, 91, 738, 5281, 33384, 179_712, 842_696]);
    tree(4, Ko::Positional, &[17, 273, 4112, 57984]);
    tree(5, Ko::Positional, &[26, 651, 15650]);
}

/// `cargo test --release -p freewheel-envs --lib more_leaves -- --ignored`
#[test]
#[ignore = "a million leaves each"]
fn more_leaves_of_the_move_tree() {
    for ko in [Ko::Simple, Ko::Positional] {
        tree(4, ko, &[17, 273, 4112, 57984, 764_016]);
        tree(5, ko, &[26, 651, 15650, 361_041]);
    }
}

/// Number of positions in which every chain has a liberty.
fn legal_positions(side: u8) -> u64 {
    let geometry = Geometry::new(side, side);
    let area = geometry.vertex.len() as u32;
    let empty = Board::new(&geometry);
    let mut board = empty.clone();
    let mut count = 0;
    for position in 0..3u64.pow(area) {
        board.clone_from(&empty);
        let mut rest = position;
        for &v in &geometry.vertex {
            match (rest % 3) as u8 {
                EMPTY => {}
                0 => board.put(v, Color::Black),
                _ => board.put(v, Color::White),
            }
            rest /= 3;
        }
        count += u64::from(board.first_without_liberty(&geometry).is_none());
    }
    count
}

/// Tromp and Farnebäck 2007; OEIS A094777.
#[test]
fn numbers_of_legal_positions() {
    let published =
        [1, 57, 12_675, 24_318_165, 414_295_148_741, 62_567_386_502_084_877, 83_677_847_847_984_287_628_595];
    for (side, published) in (1..).zip(published) {
        assert_eq!(border::legal_positions(side), published, "{side}x{side}");
    }
    for side in 1..=3 {
        assert_eq!(u128::from(legal_positions(side)), border::legal_positions(side.into()), "{side}x{side}");
    }
}

/// `cargo test --release -p freewheel-envs --lib legal_positions_of_4x4 -- --ignored`
#[test]
#[ignore = "43 million boards"]
fn number_of_legal_positions_of_4x4() {
    assert_eq!(legal_positions(4), 24_318_165);
}
