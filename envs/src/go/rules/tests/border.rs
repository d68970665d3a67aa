//! Number of legal positions, counted without a board: J. Tromp and G. Farnebäck, *Combinatorics of Go* (2007),
//! section 2.
//!
//! Points are filled row by row. The rest of the board touches only the last `side` of them, the border: its stones,
//! and which of its chains without a liberty so far are connected. Positions with the same border are counted
//! together.

use std::collections::BTreeMap;

/// Codes of the points of a border: off the board, empty, and from 2 on stones, whose color is the parity of the code.
/// `FREE` and `FREE + 1` are stones of chains with a liberty. From `BOUND` on, each chain without a liberty has a pair
/// of codes.
const EDGE: u8 = 0;
const EMPTY: u8 = 1;
const FREE: u8 = 2;
const BOUND: u8 = 4;

/// Border after a stone of color 0 or 1, or none, at column `x`; `None` if a chain is completed without a liberty.
fn fill(border: &[u8], x: usize, stone: Option<u8>) -> Option<Vec<u8>> {
    let (up, left) = (border[x], if x > 0 { border[x - 1] } else { EDGE });
    let mut next = border.to_vec();
    let join = |next: &mut Vec<u8>, chain: u8, to: u8| {
        next.iter_mut().filter(|point| **point == chain).for_each(|point| *point = to);
    };
    let near = [up, left];
    let Some(color) = stone else {
        next[x] = EMPTY;
        for chain in near.into_iter().filter(|&point| point >= BOUND) {
            join(&mut next, chain, FREE + chain % 2);
        }
        return Some(named_in_order(next));
    };
    let is_free = near.iter().any(|&point| point == EMPTY || point == FREE + color);
    let unused = BOUND + 2 * border.len() as u8;
    let own = if is_free { FREE } else { unused } + color;
    next[x] = own;
    for chain in near.into_iter().filter(|&point| point >= BOUND && point % 2 == color) {
        join(&mut next, chain, own);
    }
    let left_behind = up >= BOUND && up % 2 != color && !next.contains(&up);
    (!left_behind).then(|| named_in_order(next))
}

/// Border with its chains numbered in order of appearance.
fn named_in_order(mut border: Vec<u8>) -> Vec<u8> {
    let mut met: Vec<u8> = Vec::new();
    for point in border.iter_mut().filter(|point| **point >= BOUND) {
        let chain = met.iter().position(|chain| chain == point).unwrap_or_else(|| {
            met.push(*point);
            met.len() - 1
        });
        *point = BOUND + 2 * chain as u8 + *point % 2;
    }
    border
}

/// Number of positions of a square board in which every chain has a liberty.
pub(super) fn legal_positions(side: usize) -> u128 {
    let mut borders = BTreeMap::from([(vec![EDGE; side], 1u128)]);
    for point in 0..side * side {
        let mut next: BTreeMap<Vec<u8>, u128> = BTreeMap::new();
        for (border, &count) in &borders {
            let stones = [None, Some(0), Some(1)];
            for filled in stones.into_iter().filter_map(|stone| fill(border, point % side, stone)) {
                *next.entry(filled).or_default() += count;
            }
        }
        borders = next;
    }
    let is_legal = |border: &[u8]| border.iter().all(|&point| point < BOUND);
    borders.iter().filter(|(border, _)| is_legal(border)).map(|(_, count)| count).sum()
}
