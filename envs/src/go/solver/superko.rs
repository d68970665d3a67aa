//! Exact values under superko, where what is legal depends on the whole game: alpha-beta over games, not over positions.
//!
//! No position's value is ever reused for another game's (the graph-history interaction). What cuts the search are bounds that hold
//! whatever the history forbids: see [`Play::Growing`](super::graph::Play).

use super::graph::Graph;
use super::shape::Stones;

/// A search of one game.
pub(super) struct Search<'a> {
    bounds: &'a Graph,
    /// Values with simple ko: which moves are probably good.
    guide: &'a Graph,
    /// Whether a repetition needs the same player to move.
    situational: bool,
    /// All positions of the game, as Black's and White's stones and who is to move.
    history: Vec<Seen>,
    pub(super) nodes: u64,
    budget: u64,
}

/// A position of the game.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// From Black's view.
    pub(super) stones: Stones,
    pub(super) black_to_play: bool,
}

impl<'a> Search<'a> {
    /// A search of the game with this history, its present position last.
    pub(super) fn new(
        bounds: &'a Graph,
        guide: &'a Graph,
        situational: bool,
        history: Vec<Seen>,
        budget: u64,
    ) -> Self {
        Search { bounds, guide, situational, history, nodes: 0, budget }
    }

    /// The value for the mover, if it lies within `alpha..beta`, else a bound on it (at most `alpha`, or at least `beta`);
    /// none when the budget is spent.
    pub(super) fn value(&mut self, passed: bool, mut alpha: i8, beta: i8) -> Option<i8> {
        self.nodes += 1;
        let &Seen { stones, black_to_play } = self.history.last()?;
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
        // Moves that would leave the other least with simple ko come first, the pass last.
        let mut moves = [(0i8, None); 17];
        let mut count = 0;
        let mut empty = shape.empty(stones);
        while empty != 0 {
            let point = empty.trailing_zeros() as usize;
            empty &= empty - 1;
            let Some(placed) = shape.place(stones, point) else { continue };
            let after = if black_to_play { placed.stones } else { placed.stones.swap() };
            let seen = Seen { stones: after, black_to_play: !black_to_play };
            if self.repeats(seen) {
                continue;
            }
            let next = self.guide.value(placed.stones.swap(), placed.ko, false);
            let (low, high) = next.unwrap_or((0, 0));
            moves[count] = (low + high, Some(seen));
            count += 1;
        }
        if !passed {
            let seen = *self.history.last()?;
            moves[count] = (127, Some(Seen { black_to_play: !black_to_play, ..seen }));
            count += 1;
        }
        moves[..count].sort_by_key(|&(order, _)| order);
        for (order, seen) in moves.into_iter().take(count) {
            let Some(seen) = seen else { continue };
            self.history.push(seen);
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

    /// What the mover can force at least, and at most, as far as can be said without searching.
    pub(super) fn static_bounds(&self, passed: bool) -> (i8, i8) {
        let Some(&Seen { stones, black_to_play }) = self.history.last() else { return (0, 0) };
        self.bounds(if black_to_play { stones } else { stones.swap() }, black_to_play, passed)
    }

    /// What holds for the mover whatever is forbidden.
    fn bounds(&self, stones: Stones, black_to_play: bool, passed: bool) -> (i8, i8) {
        let most = self.bounds.shape().area as i8;
        let Some((low, high)) = self.bounds.value(stones, 0, passed) else { return (-most, most) };
        // A player whose stones only grow repeats nothing, unless it had all these stones and more before.
        let had_more = |own: u32, is_black: bool| {
            self.history.iter().any(|seen| {
                let then = if is_black { seen.stones.own } else { seen.stones.other };
                then & own == own && then != own
            })
        };
        let low = if had_more(stones.own, black_to_play) { -most } else { low };
        let high = if had_more(stones.other, !black_to_play) { most } else { high };
        (low, high)
    }

    fn repeats(&self, seen: Seen) -> bool {
        let same = |before: &Seen| {
            before.stones == seen.stones && (!self.situational || before.black_to_play == seen.black_to_play)
        };
        self.history.iter().rev().any(same)
    }
}
