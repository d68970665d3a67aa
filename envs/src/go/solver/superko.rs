//! Exact values under superko, where the legal moves depend on the whole game: alpha-beta over games, not over
//! positions.
//!
//! Values are never reused between games (the graph-history interaction problem). The search is cut by bounds that
//! hold for any history: see [`RepetitionRule::SuperkoBounds`](super::graph::RepetitionRule).

use super::graph::Graph;
use super::shape::Stones;

/// Alpha-beta search of the continuations of one game.
pub(super) struct Search<'a> {
    bounds: &'a Graph,
    /// Values with simple ko, used to order the moves.
    guide: &'a Graph,
    /// Whether only a repetition with the same player to move is illegal (situational superko).
    situational: bool,
    /// All positions of the game so far.
    history: Vec<PastPosition>,
    pub(super) nodes: u64,
    budget: u64,
}

/// Position in the history of a game.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PastPosition {
    /// Stones of the position, with Black as the mover.
    pub(super) stones: Stones,
    pub(super) black_to_play: bool,
}

impl<'a> Search<'a> {
    /// Search of the game with the history `history`, whose last entry is the present position.
    pub(super) fn new(
        bounds: &'a Graph,
        guide: &'a Graph,
        situational: bool,
        history: Vec<PastPosition>,
        budget: u64,
    ) -> Self {
        Search { bounds, guide, situational, history, nodes: 0, budget }
    }

    /// Value for the mover, points, if the value lies within `alpha..beta`; else a bound of the value (at most `alpha`,
    /// or at least `beta`). `None` if the budget is spent.
    pub(super) fn value(&mut self, passed: bool, mut alpha: i8, beta: i8) -> Option<i8> {
        self.nodes += 1;
        let &PastPosition { stones, black_to_play } = self.history.last()?;
        let stones = if black_to_play { stones } else { stones.swap() };
        let shape = self.bounds.shape();
        let (low, high) = self.bounds(stones, black_to_play, passed);
        if low >= beta || low == high {
            return Some(low);
        }
        if high <= alpha {
            return Some(high);
        }
        if self.nodes > self.budget {
            return None;
        }
        let mut best = low;
        alpha = alpha.max(low);
        if passed {
            best = best.max(shape.score(stones));
            alpha = alpha.max(best);
            if best >= beta {
                return Some(best);
            }
        }
        // Order of the moves: the lower the opponent's value after the move with simple ko, the earlier. The pass is
        // last.
        let mut moves = [(0i8, None); 17];
        let mut count = 0;
        let mut empty = shape.empty(stones);
        while empty != 0 {
            let point = empty.trailing_zeros() as usize;
            empty &= empty - 1;
            let Some(placed) = shape.place(stones, point) else { continue };
            let after = if black_to_play { placed.stones } else { placed.stones.swap() };
            let position = PastPosition { stones: after, black_to_play: !black_to_play };
            if self.repeats(position) {
                continue;
            }
            let next = self.guide.value(placed.stones.swap(), placed.ko, false);
            let (low, high) = next.unwrap_or((0, 0));
            moves[count] = (low + high, Some(position));
            count += 1;
        }
        if !passed {
            let position = *self.history.last()?;
            moves[count] = (127, Some(PastPosition { black_to_play: !black_to_play, ..position }));
            count += 1;
        }
        moves[..count].sort_by_key(|&(order, _)| order);
        for (order, position) in moves.into_iter().take(count) {
            let Some(position) = position else { continue };
            self.history.push(position);
            let value = self.value(order == 127, -beta, -alpha);
            self.history.pop();
            best = best.max(-value?);
            alpha = alpha.max(best);
            if best >= beta || best >= high {
                break;
            }
        }
        Some(best)
    }

    /// Bounds of the mover's result that need no search, points.
    pub(super) fn static_bounds(&self, passed: bool) -> (i8, i8) {
        let Some(&PastPosition { stones, black_to_play }) = self.history.last() else { return (0, 0) };
        self.bounds(if black_to_play { stones } else { stones.swap() }, black_to_play, passed)
    }

    /// Bounds of the mover's result that hold for any history, points.
    fn bounds(&self, stones: Stones, black_to_play: bool, passed: bool) -> (i8, i8) {
        let most = self.bounds.shape().area as i8;
        let Some((low, high)) = self.bounds.value(stones, 0, passed) else { return (-most, most) };
        // A player whose stones only grow in number repeats no position, unless an earlier position had all these
        // stones and more.
        let had_more = |own: u32, is_black: bool| {
            self.history.iter().any(|position| {
                let then = if is_black { position.stones.own } else { position.stones.other };
                then & own == own && then != own
            })
        };
        let low = if had_more(stones.own, black_to_play) { -most } else { low };
        let high = if had_more(stones.other, !black_to_play) { most } else { high };
        (low, high)
    }

    fn repeats(&self, position: PastPosition) -> bool {
        let same = |before: &PastPosition| {
            before.stones == position.stones
                && (!self.situational || before.black_to_play == position.black_to_play)
        };
        self.history.iter().rev().any(same)
    }
}
