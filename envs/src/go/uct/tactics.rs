//! Tactics: liberties, self-atari, escapes from atari, ladders, vital points, and distances between chains.

use crate::go::rules::{Board, Color, Geometry, Point, Vertex};

/// Largest number of moves that one ladder is read; a longer ladder counts as broken.
const LADDER_MOVES: usize = 80;

/// Largest number of positions that are read for one question; beyond it the ladder counts as broken.
const LADDER_POSITIONS: u32 = 200;

/// The first liberties of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::go) enum Liberties {
    /// One liberty.
    One(Vertex),
    /// Two liberties.
    Two([Vertex; 2]),
    /// Three or more.
    Many,
}

/// Liberties of the chain of the stone `stone`.
#[inline]
pub(in crate::go) fn liberties(board: &Board, stone: Vertex) -> Liberties {
    if let Some(only) = board.last_liberty(stone) {
        return Liberties::One(only);
    }
    let (mut found, mut count) = ([stone; 2], 0);
    let mut at = stone;
    loop {
        for n in board.neighbors(at) {
            if board.is_empty(n) && !found[..count].contains(&n) {
                if count == 2 {
                    return Liberties::Many;
                }
                found[count] = n;
                count += 1;
            }
        }
        at = board.next_stone(at);
        if at == stone {
            return Liberties::Two(found);
        }
    }
}

/// Calls `capture` with the last liberty of each opponent's chain in atari next to the chain of `stone`.
#[inline]
fn each_counter_capture(board: &Board, stone: Vertex, mut capture: impl FnMut(Vertex)) {
    let opponent = board.color(stone).map(Color::other);
    let mut at = stone;
    loop {
        for n in board.neighbors(at) {
            if board.color(n) == opponent
                && let Some(liberty) = board.last_liberty(n)
            {
                capture(liberty);
            }
        }
        at = board.next_stone(at);
        if at == stone {
            return;
        }
    }
}

/// Calls `escape` for each move of `color` that saves the chain of the stone `stone` from atari. `liberty` is the last
/// liberty of the chain. The moves are captures of neighbors in atari, and the extension to `liberty` if the chain then
/// has a second liberty and, with `ladders`, is not caught in a ladder.
pub(super) fn each_escape(
    board: &Board,
    stone: Vertex,
    liberty: Vertex,
    color: Color,
    ladders: Option<&mut Ladders>,
    mut escape: impl FnMut(Vertex),
) {
    let mut captures = false;
    each_counter_capture(board, stone, |vertex| {
        captures = true;
        escape(vertex);
    });
    if board.lives(liberty, color) && !is_self_atari(board, liberty, color) {
        // With a capture at hand the ladder does not matter.
        let caught =
            !captures && ladders.is_some_and(|ladders| ladders.catches_extension(board, stone, liberty));
        if !caught {
            escape(liberty);
        }
    }
}

/// Whether a stone put on an empty vertex would be in atari; a move that captures is never a self-atari.
pub(in crate::go) fn is_self_atari(board: &Board, vertex: Vertex, color: Color) -> bool {
    let neighbors = board.neighbors(vertex);
    let mut liberty = None;
    for n in neighbors {
        if board.is_empty(n) {
            if liberty.is_some() {
                return false;
            }
            liberty = Some(n);
        } else if board.color(n) == Some(color.other()) && board.in_atari(n) {
            return false;
        }
    }
    for n in neighbors {
        if board.color(n) != Some(color) || board.in_atari(n) {
            continue;
        }
        // This chain has at least one liberty besides `vertex`.
        let mut at = n;
        loop {
            for near in board.neighbors(at) {
                if near != vertex && board.is_empty(near) && Some(near) != liberty {
                    if liberty.is_some() {
                        return false;
                    }
                    liberty = Some(near);
                }
            }
            at = board.next_stone(at);
            if at == n {
                break;
            }
        }
    }
    true
}

/// Reader of ladders. It keeps boards, so that reading allocates nothing.
///
/// A chain with two liberties is caught if a move of the opponent on one of them puts it in atari, no stone next to the
/// chain can be captured in return, and after the chain's extension it has one liberty, or two and is caught again. Ko
/// is ignored.
#[derive(Debug)]
pub(super) struct Ladders {
    boards: Vec<Board>,
}

impl Ladders {
    /// Reader for boards of the same size as `board`.
    pub(super) fn new(board: &Board) -> Self {
        Ladders { boards: (0..LADDER_MOVES).map(|_| board.clone()).collect() }
    }

    /// Move of the opponent that catches the chain of `stone`, which has the liberties `two`, in a ladder.
    pub(super) fn attack(&mut self, board: &Board, stone: Vertex, two: [Vertex; 2]) -> Option<Vertex> {
        let mut positions = LADDER_POSITIONS;
        attack(&mut self.boards, &mut positions, board, stone, two)
    }

    /// Whether the chain of `stone`, in atari with the last liberty `liberty`, is still caught in a ladder after it
    /// has extended to that liberty.
    fn catches_extension(&mut self, board: &Board, stone: Vertex, liberty: Vertex) -> bool {
        let Some(color) = board.color(stone) else { return false };
        let Some((extended, rest)) = self.boards.split_first_mut() else { return false };
        extended.clone_from(board);
        extended.play(liberty, color, |_, _| {});
        let mut positions = LADDER_POSITIONS;
        match liberties(extended, stone) {
            Liberties::One(_) => true,
            Liberties::Two(two) => attack(rest, &mut positions, extended, stone, two).is_some(),
            Liberties::Many => false,
        }
    }
}

fn attack(
    boards: &mut [Board],
    positions: &mut u32,
    board: &Board,
    stone: Vertex,
    [a, b]: [Vertex; 2],
) -> Option<Vertex> {
    let color = board.color(stone)?;
    let (after, rest) = boards.split_first_mut()?;
    [(a, b), (b, a)].into_iter().find_map(|(from, escape)| {
        *positions = positions.checked_sub(1)?;
        if !board.lives(from, color.other()) {
            return None;
        }
        after.clone_from(board);
        after.play(from, color.other(), |_, _| {});
        let mut countered = false;
        each_counter_capture(after, stone, |_| countered = true);
        if countered {
            return None;
        }
        if !after.lives(escape, color) {
            return Some(from);
        }
        after.play(escape, color, |_, _| {});
        let caught = match liberties(after, stone) {
            Liberties::One(_) => true,
            Liberties::Two(two) => attack(rest, positions, after, stone, two).is_some(),
            Liberties::Many => false,
        };
        caught.then_some(from)
    })
}

/// Largest eye space with a vital point.
const NAKADE_POINTS: usize = 6;

/// Vital point of the eye space around the empty vertex `empty`: an empty region of 3 to 6 points that only stones of
/// one color surround, in a shape that becomes one eye if the opponent plays there, and two if the owner does. The
/// vital point is the one with the most neighbors in the region.
pub(super) fn vital_point(board: &Board, geometry: &Geometry, empty: Vertex) -> Option<Vertex> {
    let (mut region, mut count, mut read) = ([empty; NAKADE_POINTS], 1, 0);
    let mut owner = None;
    while read < count {
        for n in board.neighbors(region[read]) {
            match board.color(n) {
                None if geometry.point(n) == Point::MAX || region[..count].contains(&n) => {}
                None => {
                    *region.get_mut(count)? = n;
                    count += 1;
                }
                color if owner.is_none() || owner == color => owner = color,
                Some(_) => return None,
            }
        }
        read += 1;
    }
    let region = &region[..count];
    let degree = |&vertex: &Vertex| board.neighbors(vertex).iter().filter(|n| region.contains(n)).count();
    let least = match count {
        3 => 2,
        4 | 5 => 3,
        6 => 4,
        _ => return None,
    };
    region.iter().copied().find(|vertex| degree(vertex) >= least)
}

/// Distance of points from a vertex in the common fate graph, in which each chain is one node (T. Graepel et al. 2001):
/// writes 1 to `limit` to `distances`, `[area]`, and 0 for the vertex itself, its chain, and points beyond the limit.
pub(super) fn fate_distances(
    board: &Board,
    geometry: &Geometry,
    from: Vertex,
    limit: u8,
    queue: &mut Vec<Vertex>,
    distances: &mut [u8],
) {
    /// Adds a vertex and its chain to the queue.
    fn visit(board: &Board, geometry: &Geometry, vertex: Vertex, queue: &mut Vec<Vertex>) {
        let mut at = vertex;
        loop {
            if geometry.point(at) != Point::MAX && !queue.contains(&at) {
                queue.push(at);
            }
            at = board.next_stone(at);
            if at == vertex {
                return;
            }
        }
    }
    distances.fill(0);
    queue.clear();
    visit(board, geometry, from, queue);
    let mut level = 0..queue.len();
    for distance in 1..=limit {
        for index in level.clone() {
            for n in board.neighbors(queue[index]) {
                if geometry.point(n) != Point::MAX && !queue.contains(&n) {
                    visit(board, geometry, n, queue);
                }
            }
        }
        level = level.end..queue.len();
        for &vertex in &queue[level.clone()] {
            distances[usize::from(geometry.point(vertex))] = distance;
        }
    }
}
