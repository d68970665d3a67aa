//! Children of a node and their priors: counts of playouts and wins that a node starts with.
//!
//! Children are all legal moves (superko included) that fill no own eye, and the pass. Priors are virtual playouts
//! (Gelly & Silver 2011, section 7), with the numbers of P. Baudiš's program Michi:
//!
//! | move | prior playouts | of them won |
//! |---|---|---|
//! | any | 10 | 5 |
//! | captures one stone; more | 15; 30 | all |
//! | saves an own chain from atari: of one stone; more | 15; 30 | all |
//! | makes a 3x3 pattern | 10 | all |
//! | is 1, 2 or 3 steps from the last move | 24, 22, 8 | all |
//! | is on the first line with nothing near; on the third | 10 | none; all |
//! | puts itself in atari | 10 | none |
//! | pass | 10 | none |

use super::pattern::{self, PointState};
use super::playout;
use super::tree::Node;
use crate::go::rules::{Board, Color, Game, Point};

/// Prior playouts for a capture or an escape, of one stone or of more.
const ATARI_PRIOR: [u16; 2] = [15, 30];
/// Prior playouts for a move 1, 2 or 3 steps from the last move.
const DISTANCE_PRIOR: [u16; 3] = [24, 22, 8];
/// Prior playouts for every other reason.
const DEFAULT_PRIOR: u16 = 10;

/// Adds the moves of `game` to `children` as nodes, with prior counts if `priors` is set; `marks`, `[area]`, is a
/// scratch buffer.
pub(super) fn children(game: &Game, priors: bool, marks: &mut [u8], children: &mut Vec<Node>) {
    let (board, geometry, color) = (game.board(), game.geometry(), game.to_play());
    if priors {
        mark_escapes(game, marks);
    }
    for &vertex in board.empties() {
        let point = geometry.point(vertex);
        if board.is_eye(vertex, color) || !game.legal(point) {
            continue;
        }
        let mut node = Node { point, ..Node::default() };
        if priors {
            add_priors(game, point, marks[usize::from(point)], &mut node);
        }
        children.push(node);
    }
    let prior_visits = if priors { DEFAULT_PRIOR } else { 0 };
    children.push(Node { point: game.pass(), prior_visits, ..Node::default() });
}

/// Marks the points that save a chain of the player to move from atari: 1 for a chain of one stone, 2 for more stones.
fn mark_escapes(game: &Game, marks: &mut [u8]) {
    let (board, geometry, color) = (game.board(), game.geometry(), game.to_play());
    marks.fill(0);
    for point in 0..game.pass() {
        let stone = geometry.vertex(point);
        // Once for each chain: only at the chain's representative stone.
        if board.color(stone) == Some(color)
            && board.chain(stone) == stone
            && let Some(liberty) = board.last_liberty(stone)
        {
            let size = if board.chain_stones(stone) > 1 { 2 } else { 1 };
            playout::each_escape(board, stone, liberty, color, |vertex| {
                let mark = &mut marks[usize::from(geometry.point(vertex))];
                *mark = size.max(*mark);
            });
        }
    }
}

/// Adds the prior counts of a move.
fn add_priors(game: &Game, point: Point, escape: u8, node: &mut Node) {
    let (board, geometry, color) = (game.board(), game.geometry(), game.to_play());
    let vertex = geometry.vertex(point);
    let neighborhood = playout::neighborhood(board, geometry, vertex);
    let captured = captured(board, board.neighbors(vertex), color.other());
    let mut add = |visits: u16, wins: u16| {
        node.prior_visits += visits;
        node.prior_wins += 2 * wins;
    };
    add(DEFAULT_PRIOR, DEFAULT_PRIOR / 2);
    for size in [captured, u16::from(escape)].into_iter().filter(|&size| size > 0) {
        let worth = ATARI_PRIOR[usize::from(size > 1)];
        add(worth, worth);
    }
    if pattern::matches(neighborhood) {
        add(DEFAULT_PRIOR, DEFAULT_PRIOR);
    }
    if let Some(&worth) =
        steps_from_last(game, point).and_then(|steps| DISTANCE_PRIOR.get(steps.checked_sub(1)?))
    {
        add(worth, worth);
    }
    let alone = neighborhood.iter().all(|near| matches!(near, PointState::Empty | PointState::Edge));
    match line(game, point) {
        0 if alone => add(DEFAULT_PRIOR, 0),
        2 if alone => add(DEFAULT_PRIOR, DEFAULT_PRIOR),
        _ => {}
    }
    if playout::is_self_atari(board, vertex, color) {
        add(DEFAULT_PRIOR, 0);
    }
}

/// Number of stones of `color` in atari in the chains on these vertices; a chain met twice counts twice.
fn captured(board: &Board, vertices: [u16; 4], color: Color) -> u16 {
    let in_atari = |n: &u16| board.color(*n) == Some(color) && board.in_atari(*n);
    vertices.into_iter().filter(in_atari).map(|n| board.chain_stones(n)).sum()
}

/// Manhattan distance of a point from the last stone; `None` after a pass.
fn steps_from_last(game: &Game, point: Point) -> Option<usize> {
    let width = u16::from(game.rules().width);
    let last = game.last_move().map(|last| last.point).filter(|&last| last != game.pass())?;
    let steps = (point % width).abs_diff(last % width) + (point / width).abs_diff(last / width);
    Some(usize::from(steps))
}

/// Line of a point: distance from the nearest edge, 0 at the edge.
fn line(game: &Game, point: Point) -> u16 {
    let (width, height) = (u16::from(game.rules().width), u16::from(game.rules().height));
    let (x, y) = (point % width, point / width);
    x.min(width - 1 - x).min(y).min(height - 1 - y)
}
