//! 3x3 patterns of MoGo: shapes in which a move in the middle is good.
//!
//! Source: S. Gelly, Y. Wang, R. Munos, O. Teytaud, *Modification of UCT with Patterns in Monte-Carlo Go* (INRIA
//! RR-6062, 2006), figures 3 to 6: hane, cut, and moves at the edge; as written out in P. Baudiš's program Michi. The
//! patterns hold for both colors, rotated and mirrored.

use std::sync::LazyLock;

/// Content of one of the eight points around a move, with the codes of
/// [`Board::surroundings`](crate::go::rules::Board::surroundings).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum PointState {
    /// Point with a black stone.
    Black = 0,
    /// Point with a white stone.
    White = 1,
    /// Point without a stone.
    Empty = 2,
    /// Point off the board.
    Edge = 3,
}

/// Patterns of three rows each. `X` and `O` are stones of different colors, `x` anything but X, `o` anything but O,
/// `.` empty, a space off the board, `?` anything.
const PATTERNS: [[&str; 3]; 13] = [
    // Hane: enclosing, not cutting, magari, and katatsuke.
    ["XOX", "...", "???"],
    ["XO.", "...", "?.?"],
    ["XO?", "X..", "x.?"],
    [".O.", "X..", "..."],
    // Cuts: unprotected, peeped, de, and keima.
    ["XO?", "O.o", "?o?"],
    ["XO?", "O.X", "???"],
    ["?X?", "O.O", "ooo"],
    ["OX?", "o.O", "???"],
    // At the edge: chase, block a cut, block a connection, sagari, cut.
    ["X.?", "O.?", "   "],
    ["OX?", "X.O", "   "],
    ["?X?", "x.O", "   "],
    ["?XO", "x.x", "   "],
    ["?OX", "X.O", "   "],
];

/// Indices of the eight outer points in a pattern of nine, in reading order.
const RING: [usize; 8] = [0, 1, 2, 3, 5, 6, 7, 8];

/// Table of the contents of the eight points that match a pattern: one bit for each content. The number of a content
/// has two bits for each point, the first point lowest.
static MATCHES: LazyLock<Box<[u64; 1024]>> = LazyLock::new(|| {
    let mut bits = Box::new([0; 1024]);
    for pattern in PATTERNS {
        let mut square: [u8; 9] = [b'?'; 9];
        for (to, from) in square.iter_mut().zip(pattern.iter().flat_map(|row| row.bytes())) {
            *to = from;
        }
        for mirrored in [square, mirror(square)] {
            let mut rotated = mirrored;
            for _ in 0..4 {
                rotated = rotate(rotated);
                set_bits(&rotated, 0, 0, &mut bits);
                set_bits(&swap_colors(rotated), 0, 0, &mut bits);
            }
        }
    }
    bits
});

/// Whether a move in the middle of these eight points matches a pattern.
#[inline]
pub(super) fn matches(surroundings: u16) -> bool {
    MATCHES[usize::from(surroundings >> 6)] >> (surroundings & 63) & 1 == 1
}

/// Whether there is no stone on these eight points.
#[inline]
pub(super) fn is_alone(surroundings: u16) -> bool {
    // The upper bit of an empty point, and of one off the board, is 1.
    surroundings & 0xaaaa == 0xaaaa
}

/// Sets the bits of all contents that the pattern `square` stands for, with wildcards expanded from index `place` of
/// [`RING`] on.
fn set_bits(square: &[u8; 9], place: usize, code: usize, bits: &mut [u64; 1024]) {
    let Some(&at) = RING.get(place) else {
        bits[code >> 6] |= 1 << (code & 63);
        return;
    };
    let ways: &[PointState] = match square[at] {
        b'X' => &[PointState::Black],
        b'O' => &[PointState::White],
        b'.' => &[PointState::Empty],
        b' ' => &[PointState::Edge],
        b'x' => &[PointState::Empty, PointState::White, PointState::Edge],
        b'o' => &[PointState::Empty, PointState::Black, PointState::Edge],
        _ => &[PointState::Empty, PointState::Black, PointState::White, PointState::Edge],
    };
    for &way in ways {
        set_bits(square, place + 1, code | (way as usize) << (2 * place), bits);
    }
}

/// Pattern rotated by a quarter turn.
fn rotate(square: [u8; 9]) -> [u8; 9] {
    std::array::from_fn(|i| square[(2 - i % 3) * 3 + i / 3])
}

/// Pattern with left and right exchanged.
fn mirror(square: [u8; 9]) -> [u8; 9] {
    std::array::from_fn(|i| square[i / 3 * 3 + 2 - i % 3])
}

/// Pattern with the colors exchanged.
fn swap_colors(square: [u8; 9]) -> [u8; 9] {
    square.map(|glyph| match glyph {
        b'X' => b'O',
        b'O' => b'X',
        b'x' => b'o',
        b'o' => b'x',
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(square: [u8; 9]) -> u16 {
        let states = RING.map(|at| match square[at] {
            b'X' => PointState::Black,
            b'O' => PointState::White,
            b' ' => PointState::Edge,
            _ => PointState::Empty,
        });
        states.into_iter().rev().fold(0, |code, state| code << 2 | state as u16)
    }

    fn read(rows: [&str; 3]) -> u16 {
        let all: Vec<u8> = rows.iter().flat_map(|row| row.bytes()).collect();
        code(all.try_into().unwrap())
    }

    #[test]
    fn a_hane_is_a_pattern_however_it_lies() {
        for rows in
            [["XOX", "...", "..."], ["OXO", "...", "..."], ["..X", "..O", "..X"], ["...", "...", "XOX"]]
        {
            assert!(matches(read(rows)), "{rows:?}");
        }
    }

    #[test]
    fn only_points_without_stones_are_alone() {
        assert!(is_alone(read(["...", "...", "   "])));
        assert!(!is_alone(read(["...", "...", "..O"])) && !is_alone(read(["X..", "...", "   "])));
    }

    #[test]
    fn open_space_and_solid_shape_are_none() {
        for rows in
            [["...", "...", "..."], ["XXX", "X.X", "XXX"], ["...", "...", "   "], ["X..", "...", "..."]]
        {
            assert!(!matches(read(rows)), "{rows:?}");
        }
    }

    /// Matches are invariant under rotation, mirroring and exchange of colors.
    #[test]
    fn patterns_are_symmetric() {
        let glyphs = [b'.', b'X', b'O', b' '];
        let mut matched = 0;
        for code in 0..1usize << 16 {
            let mut square = [b'.'; 9];
            for (place, at) in RING.into_iter().enumerate() {
                square[at] = glyphs[code >> (2 * place) & 3];
            }
            let of = |square: [u8; 9]| matches(self::code(square));
            let found = of(square);
            matched += usize::from(found);
            assert!(
                [rotate(square), mirror(square), swap_colors(square)]
                    .into_iter()
                    .all(|other| of(other) == found)
            );
        }
        assert!(matched > 0);
    }
}
