//! Children of a node and their priors: counts of playouts and wins that a node starts with.
//!
//! Children are all legal moves (superko included) that fill no own eye, and the pass. Priors are virtual playouts
//! (Gelly & Silver 2011, section 7), with the numbers of P. Baudiš's program Michi:
//!
//! | move | prior playouts | of them won |
//! |---|---|---|
//! | any | 10 | 5 |
//! | captures one stone; more | 15; 30 | all |
//! | saves an own chain from atari, or catches a chain in a ladder: of one stone; more | 15; 30 | all |
//! | makes a 3x3 pattern | 10 | all |
//! | is 1, 2 or 3 steps from the last move, over chains (common fate graph) | 24, 22, 8 | all |
//! | is on the first line with nothing near; on the third | 10 | none; all |
//! | puts itself in atari | 10 | none |
//! | pass | 10 | none |
//! | has probability p by a trained policy | 100 sqrt(p) | all |

use std::sync::Arc;

use super::pattern;
use super::prior::{self, MovePrior};
use super::settings::UctSettings;
use super::tactics::{self, Ladders, Liberties, is_self_atari};
use super::tree::Node;
use crate::go::rules::{Board, Color, Game, Point, Vertex};

/// Prior playouts for a capture or an escape, of one stone or of more.
const ATARI_PRIOR: [u16; 2] = [15, 30];
/// Prior playouts for a move 1, 2 or 3 steps from the last move.
const DISTANCE_PRIOR: [u16; 3] = [24, 22, 8];
/// Prior playouts for every other reason.
const DEFAULT_PRIOR: u16 = 10;

/// Children of nodes with their priors; scratch buffers are kept.
pub(super) struct Expander {
    settings: UctSettings,
    ladders: Ladders,
    /// For each point, the size class of the chains that a move saves or catches: 1 for one stone, 2 for more, or 0.
    saves: Vec<u8>,
    /// Distance of each point from the last move, or 0.
    distances: Vec<u8>,
    queue: Vec<Vertex>,
    /// Probabilities of moves, and a buffer for them.
    prior: Option<Arc<dyn MovePrior>>,
    probabilities: Vec<f32>,
}

impl Expander {
    /// Expander for the board size of `game`.
    pub(super) fn new(settings: &UctSettings, game: &Game) -> Self {
        Expander {
            settings: settings.clone(),
            ladders: Ladders::new(game.board()),
            saves: vec![0; game.area()],
            distances: vec![0; game.area()],
            queue: Vec::with_capacity(game.area()),
            prior: None,
            probabilities: Vec::new(),
        }
    }

    /// Sets the probabilities of moves that new nodes start with.
    pub(super) fn set_prior(&mut self, prior: Arc<dyn MovePrior>) {
        self.prior = Some(prior);
    }

    /// Adds the moves of `game` to `children` as nodes, with prior counts if the settings say so.
    pub(super) fn children(&mut self, game: &Game, children: &mut Vec<Node>) {
        let (board, geometry, color) = (game.board(), game.geometry(), game.to_play());
        let priors = self.settings.priors;
        if priors {
            self.mark_saves(game);
            self.measure_distances(game);
        }
        for &vertex in board.empties() {
            let point = geometry.point(vertex);
            if board.is_eye(vertex, color) || !game.legal(point) {
                continue;
            }
            let mut node = Node { point, ..Node::default() };
            if priors {
                self.add_priors(game, point, &mut node);
            }
            children.push(node);
        }
        let prior_visits = if priors { DEFAULT_PRIOR } else { 0 };
        children.push(Node { point: game.pass(), prior_visits, ..Node::default() });
        if let Some(prior) = &self.prior {
            prior::add(&**prior, game, &mut self.probabilities, children);
        }
    }

    /// Marks the points that save a chain of the player to move from atari, or that catch a chain in a ladder, or save
    /// it from one.
    fn mark_saves(&mut self, game: &Game) {
        let (board, geometry, color) = (game.board(), game.geometry(), game.to_play());
        let Expander { settings, ladders, saves, .. } = self;
        saves.fill(0);
        for point in 0..game.pass() {
            let stone = geometry.vertex(point);
            // Once for each chain: only at the chain's representative stone.
            if board.color(stone).is_none() || board.chain(stone) != stone {
                continue;
            }
            let size = if board.chain_stones(stone) > 1 { 2 } else { 1 };
            let mut mark = |vertex: Vertex| {
                let mark = &mut saves[usize::from(geometry.point(vertex))];
                *mark = size.max(*mark);
            };
            match tactics::liberties(board, stone) {
                Liberties::One(liberty) if board.color(stone) == Some(color) => {
                    let ladders = settings.ladders.then_some(&mut *ladders);
                    tactics::each_escape(board, stone, liberty, color, ladders, mark);
                }
                Liberties::Two(two) if settings.ladders && size > 1 => {
                    if let Some(vertex) = ladders.attack(board, stone, two) {
                        mark(vertex);
                    }
                }
                _ => {}
            }
        }
    }

    /// Measures the distance of each point from the last move, up to the number of priors.
    fn measure_distances(&mut self, game: &Game) {
        let (board, geometry) = (game.board(), game.geometry());
        self.distances.fill(0);
        let [Some(last), _] = game.last_moves() else { return };
        if last == game.pass() {
            return;
        }
        let limit = DISTANCE_PRIOR.len() as u8;
        if self.settings.fate {
            let Expander { queue, distances, .. } = self;
            return tactics::fate_distances(board, geometry, geometry.vertex(last), limit, queue, distances);
        }
        let width = u16::from(game.rules().width);
        for (point, distance) in (0..).zip(&mut self.distances) {
            let steps = (point % width).abs_diff(last % width) + (point / width).abs_diff(last / width);
            *distance = if steps <= u16::from(limit) { steps as u8 } else { 0 };
        }
    }

    /// Adds the prior counts of a move.
    fn add_priors(&self, game: &Game, point: Point, node: &mut Node) {
        let (board, geometry, color) = (game.board(), game.geometry(), game.to_play());
        let vertex = geometry.vertex(point);
        let surroundings = board.surroundings(vertex);
        let captured = captured(board, board.neighbors(vertex), color.other());
        let at = usize::from(point);
        let mut add = |visits: u16, wins: u16| {
            node.prior_visits += visits;
            node.prior_wins += 2 * wins;
        };
        add(DEFAULT_PRIOR, DEFAULT_PRIOR / 2);
        for size in [captured, u16::from(self.saves[at])].into_iter().filter(|&size| size > 0) {
            let worth = ATARI_PRIOR[usize::from(size > 1)];
            add(worth, worth);
        }
        if pattern::matches(surroundings) {
            add(DEFAULT_PRIOR, DEFAULT_PRIOR);
        }
        if let Some(&worth) =
            usize::from(self.distances[at]).checked_sub(1).and_then(|steps| DISTANCE_PRIOR.get(steps))
        {
            add(worth, worth);
        }
        let alone = pattern::is_alone(surroundings);
        match line(game, point) {
            0 if alone => add(DEFAULT_PRIOR, 0),
            2 if alone => add(DEFAULT_PRIOR, DEFAULT_PRIOR),
            _ => {}
        }
        if is_self_atari(board, vertex, color) {
            add(DEFAULT_PRIOR, 0);
        }
    }
}

/// Number of stones of `color` in atari in the chains on these vertices; a chain met twice counts twice.
fn captured(board: &Board, vertices: [u16; 4], color: Color) -> u16 {
    let in_atari = |n: &u16| board.color(*n) == Some(color) && board.in_atari(*n);
    vertices.into_iter().filter(in_atari).map(|n| board.chain_stones(n)).sum()
}

/// Line of a point: distance from the nearest edge, 0 at the edge.
fn line(game: &Game, point: Point) -> u16 {
    let (width, height) = (u16::from(game.rules().width), u16::from(game.rules().height));
    let (x, y) = (point % width, point / width);
    x.min(width - 1 - x).min(y).min(height - 1 - y)
}
