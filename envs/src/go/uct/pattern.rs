//! The 3x3 patterns of MoGo: shapes in whose middle a move is worth trying.
//!
//! Source: S. Gelly, Y. Wang, R. Munos, O. Teytaud, *Modification of UCT with Patterns in Monte-Carlo Go* (INRIA
//! RR-6062, 2006), figures 3 to 6: hane, cut, and moves at the edge; as spelt out in P. Baudiš's Michi. They hold for
//! both colors, turned and mirrored.

use std::sync::LazyLock;

/// What stands on one of the eight points around a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Around {
    /// Nothing.
    Empty = 0,
    /// A stone of Black.
    Black = 1,
    /// A stone of White.
    White = 2,
    /// The board ends before it.
    Edge = 3,
}

/// Each pattern is three rows. `X` and `O` are stones of different colors, `x` anything but X, `o` anything but O,
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

/// The points around the middle in reading order, as places in a pattern of nine.
const RING: [usize; 8] = [0, 1, 2, 3, 5, 6, 7, 8];

/// One bit for each way in which the eight points can look, two bits a point, first point lowest.
static MATCHES: LazyLock<Box<[u64; 1024]>> = LazyLock::new(|| {
    let mut bits = Box::new([0; 1024]);
    for pattern in PATTERNS {
        let mut square: [u8; 9] = [b'?'; 9];
        for (to, from) in square.iter_mut().zip(pattern.iter().flat_map(|row| row.bytes())) {
            *to = from;
        }
        for mirrored in [square, mirror(square)] {
            let mut turned = mirrored;
            for _ in 0..4 {
                turned = turn(turned);
                spell(&turned, 0, 0, &mut bits);
                spell(&swap(turned), 0, 0, &mut bits);
            }
        }
    }
    bits
});

/// Whether a move between these eight neighbors, in reading order, is in a pattern.
#[inline]
pub(super) fn matches(around: [Around; 8]) -> bool {
    let mut code = 0usize;
    for (place, &point) in around.iter().enumerate() {
        code |= (point as usize) << (2 * place);
    }
    MATCHES[code >> 6] >> (code & 63) & 1 == 1
}

/// Sets the bit of every way to read the wildcards of `square` from its place `place` of the ring on.
fn spell(square: &[u8; 9], place: usize, code: usize, bits: &mut [u64; 1024]) {
    let Some(&at) = RING.get(place) else {
        bits[code >> 6] |= 1 << (code & 63);
        return;
    };
    let ways: &[Around] = match square[at] {
        b'X' => &[Around::Black],
        b'O' => &[Around::White],
        b'.' => &[Around::Empty],
        b' ' => &[Around::Edge],
        b'x' => &[Around::Empty, Around::White, Around::Edge],
        b'o' => &[Around::Empty, Around::Black, Around::Edge],
        _ => &[Around::Empty, Around::Black, Around::White, Around::Edge],
    };
    for &way in ways {
        spell(square, place + 1, code | (way as usize) << (2 * place), bits);
    }
}

/// A quarter turn.
fn turn(square: [u8; 9]) -> [u8; 9] {
    std::array::from_fn(|i| square[(2 - i % 3) * 3 + i / 3])
}

/// Left and right exchanged.
fn mirror(square: [u8; 9]) -> [u8; 9] {
    std::array::from_fn(|i| square[i / 3 * 3 + 2 - i % 3])
}

/// The colors exchanged.
fn swap(square: [u8; 9]) -> [u8; 9] {
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

    fn read(rows: [&str; 3]) -> [Around; 8] {
        let all: Vec<u8> = rows.iter().flat_map(|row| row.bytes()).collect();
        RING.map(|at| match all[at] {
            b'X' => Around::Black,
            b'O' => Around::White,
            b' ' => Around::Edge,
            _ => Around::Empty,
        })
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
    fn open_space_and_solid_shape_are_none() {
        for rows in
            [["...", "...", "..."], ["XXX", "X.X", "XXX"], ["...", "...", "   "], ["X..", "...", "..."]]
        {
            assert!(!matches(read(rows)), "{rows:?}");
        }
    }

    /// Whoever turns the board or exchanges the colors finds the same.
    #[test]
    fn patterns_are_symmetric() {
        let glyphs = [b'.', b'X', b'O', b' '];
        let mut matched = 0;
        for code in 0..1usize << 16 {
            let mut square = [b'.'; 9];
            for (place, at) in RING.into_iter().enumerate() {
                square[at] = glyphs[code >> (2 * place) & 3];
            }
            let of = |square: [u8; 9]| {
                matches(RING.map(|at| match square[at] {
                    b'X' => Around::Black,
                    b'O' => Around::White,
                    b' ' => Around::Edge,
                    _ => Around::Empty,
                }))
            };
            let found = of(square);
            matched += usize::from(found);
            assert!([turn(square), mirror(square), swap(square)].into_iter().all(|other| of(other) == found));
        }
        assert!(matched > 0);
    }
}
