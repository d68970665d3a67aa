//! Monte-Carlo tree search: select, expand, play out, back up.
//!
//! In a node with N visits the search selects the child i for which
//!
//! ```text
//! (1 - beta_i) Q_i + beta_i A_i + c sqrt(ln N / n_i)        beta = a / (n + a + 4 n a b^2)
//! ```
//!
//! is largest, where Q is the mean result of the n playouts through the child, and A the mean result of the a playouts
//! through the *parent* in which the mover played the child's move first at any later time (all moves as first, AMAF).
//! The constants b and c are the settings `rave` and `exploration`. Without RAVE beta is 0. Sources: L. Kocsis and C.
//! Szepesvári, *Bandit based Monte-Carlo Planning* (2006); S. Gelly and D. Silver, *Monte-Carlo tree search and rapid
//! action value estimation in computer Go*, Artificial Intelligence 175 (2011), equations 9 and 14.

use std::sync::Arc;

use freewheel_core::Stream;

use super::expand::Expander;
use super::playout::PatternPlayouts;
use super::prior::MovePrior;
use super::settings::UctSettings;
use super::tree::{Node, ROOT, Tree};
use crate::go::rules::{Color, Game, Playouts, Point};

/// Largest number of nodes of a search; a node has 28 bytes.
const NODES: usize = 1 << 24;

/// Statistics of one move of the root position.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Point of the move, or the pass.
    pub point: Point,
    /// Number of playouts through the move.
    pub visits: u32,
    /// Share of these playouts won by the player to move, 0..=1; a draw counts one half.
    pub win_rate: f64,
    /// Mean score of these playouts: points of the player to move minus the opponent's.
    pub score_lead: f64,
    /// Standard deviation of the score.
    pub score_deviation: f64,
    /// Principal variation: the best moves of both players in order, beginning with this move.
    pub variation: Vec<Point>,
}

/// Tree search of one position. Results depend only on the position, the settings and the random stream.
pub struct Search {
    settings: UctSettings,
    pub(super) root: Game,
    /// Position of the current leaf.
    game: Game,
    tree: Tree,
    expander: Expander,
    uniform: Playouts,
    with_patterns: PatternPlayouts,
    /// For each point, the color of the first stone played there after the leaf, and during backup also before the
    /// leaf: 1 + color, or 0 for none.
    first: Vec<u8>,
    /// Nodes from the root to the leaf of this playout.
    path: Vec<u32>,
    /// Children of the node that is being expanded.
    children: Vec<Node>,
    /// Number of scores, their sum and that of their squares, Black's points minus White's, for each child of the root.
    scores: Vec<[f64; 3]>,
}

impl Search {
    /// Tree search from the present position of `game`.
    pub fn new(settings: UctSettings, game: &Game) -> Self {
        Search {
            root: game.clone(),
            game: game.clone(),
            tree: Tree::new(NODES),
            expander: Expander::new(&settings, game),
            uniform: Playouts::new(game),
            with_patterns: PatternPlayouts::new(&settings, game),
            first: vec![0; game.area()],
            path: Vec::new(),
            children: Vec::with_capacity(game.area() + 1),
            scores: vec![[0.0; 3]; game.area() + 1],
            settings,
        }
    }

    /// The same search, whose new nodes start with the probabilities of `prior`.
    #[must_use]
    pub fn with_prior(mut self, prior: Arc<dyn MovePrior>) -> Self {
        self.expander.set_prior(prior);
        self
    }

    /// Goes on to the position of `game`, and keeps what was read about it. Whether this is possible: `game` must have
    /// the rules, the setup and the moves of the present root, and moves after it that are all in the tree.
    pub fn advance(&mut self, game: &Game) -> bool {
        let after = self.root.moves().len();
        let same = self.root.rules() == game.rules()
            && self.root.setup() == game.setup()
            && game.moves().len() >= after
            && self.root.moves().eq(game.moves().take(after));
        if !same {
            return false;
        }
        let (mut at, mut mover) = (ROOT, self.root.to_play());
        for played in game.moves().skip(after) {
            let child = self.tree.children(at).find(|&child| self.tree.node(child).point == played.point);
            let Some(child) = child.filter(|_| played.color == mover) else { return false };
            (at, mover) = (child, mover.other());
        }
        if mover != game.to_play() {
            return false;
        }
        if at != ROOT {
            self.tree.promote(at);
            self.scores.fill([0.0; 3]);
        }
        self.root.clone_from(game);
        true
    }

    /// Runs `playouts` more playouts.
    pub fn run(&mut self, playouts: u32, rng: &mut Stream) {
        for _ in 0..playouts {
            self.descend(rng);
            let margin = self.play_out(rng);
            self.count_score(margin);
            self.back_up(margin);
        }
    }

    /// Selects a leaf, and expands the leaf if it has enough visits.
    fn descend(&mut self, rng: &mut Stream) {
        self.game.clone_from(&self.root);
        self.path.clear();
        let mut at = ROOT;
        self.path.push(at);
        loop {
            let Node { visits, count, .. } = *self.tree.node(at);
            if count == 0 {
                let expandable = at == ROOT || visits >= self.settings.expand;
                if !expandable || self.game.is_over() {
                    return;
                }
                self.children.clear();
                self.expander.children(&self.game, &mut self.children);
                shuffle(&mut self.children, rng);
                self.tree.expand(at, &self.children);
                if self.tree.node(at).count == 0 {
                    return;
                }
            }
            at = self.select(at);
            self.path.push(at);
            let point = self.tree.node(at).point;
            if self.game.play(point).is_err() {
                // Not reached: children are legal when they are created, and the path to a node never changes.
                return;
            }
        }
    }

    /// Child of the node `at` with the largest value of the selection formula.
    #[inline]
    fn select(&self, at: u32) -> u32 {
        let log = f64::from(self.tree.node(at).visits.max(1)).ln();
        let UctSettings { exploration, rave, first_play_urgency, .. } = self.settings;
        let mut best = (f64::NEG_INFINITY, 0);
        for (i, child) in self.tree.siblings(at).iter().enumerate() {
            let value = value(child, rave, first_play_urgency)
                + match exploration {
                    0.0 => 0.0,
                    c => c * (log / f64::from(child.visits.max(1))).sqrt(),
                };
            if value > best.0 {
                best = (value, i);
            }
        }
        self.tree.node(at).first + best.1 as u32
    }

    /// Result of a playout from the leaf: Black's score minus White's, points.
    fn play_out(&mut self, rng: &mut Stream) -> f32 {
        let Search { game, first, .. } = self;
        first.fill(0);
        if game.is_over() {
            return game.score();
        }
        let on_move = |color, point: Point| {
            let first = &mut first[usize::from(point)];
            if *first == 0 {
                *first = 1 + color as u8;
            }
        };
        let area = match self.settings.patterns {
            true => self.with_patterns.run(game, rng, on_move),
            false => self.uniform.run_with(game, rng, on_move).area_score,
        };
        let rules = game.rules();
        area as f32 - rules.komi - rules.compensation_for(game.setup().handicap)
    }

    /// Adds the score of a playout to that of its first move.
    fn count_score(&mut self, margin: f32) {
        let first = self.tree.node(ROOT).first;
        let move_index = self.path.get(1).map(|&child| (child - first) as usize);
        if let Some([count, sum, squares]) = move_index.and_then(|index| self.scores.get_mut(index)) {
            *count += 1.0;
            *sum += f64::from(margin);
            *squares += f64::from(margin) * f64::from(margin);
        }
    }

    /// Adds the result to all nodes of the path, and to the AMAF counts of the children of these nodes that were played
    /// later.
    fn back_up(&mut self, margin: f32) {
        let black = match margin {
            m if m > 0.0 => 2,
            m if m < 0.0 => 0,
            _ => 1,
        };
        let wins = |color| if color == Color::Black { black } else { 2 - black };
        // The root's children are moves of the player to move at the root; colors alternate below.
        let mut mover = self.root.to_play();
        if self.path.len() % 2 == 1 {
            mover = mover.other();
        }
        // `mover` made the move of the last node of the path.
        for &at in self.path.iter().rev() {
            let gained = wins(mover);
            self.tree.node_mut(at).count(gained);
            let next = mover.other();
            if self.settings.rave.is_some() {
                let (mark, gained) = (1 + next as u8, wins(next));
                for child in self.tree.siblings_mut(at) {
                    // The pass has no entry in `first`.
                    if self.first.get(usize::from(child.point)) == Some(&mark) {
                        child.count_amaf(gained);
                    }
                }
                let point = self.tree.node(at).point;
                if at != ROOT
                    && let Some(first) = self.first.get_mut(usize::from(point))
                {
                    *first = 1 + mover as u8;
                }
            }
            mover = next;
        }
    }

    /// Number of playouts so far.
    pub fn playouts(&self) -> u32 {
        self.tree.node(ROOT).visits
    }

    /// Share of all playouts won by the player to move, 0..=1.
    pub fn win_rate(&self) -> f64 {
        1.0 - self.tree.node(ROOT).win_rate()
    }

    /// All moves that were tried, most visits first.
    pub fn candidates(&self) -> Vec<Candidate> {
        let mut tried: Vec<u32> =
            self.tree.children(ROOT).filter(|&child| self.tree.node(child).visits > 0).collect();
        tried.sort_by_key(|&child| {
            let node = self.tree.node(child);
            (std::cmp::Reverse((node.visits, node.wins)), child)
        });
        tried.into_iter().map(|child| self.candidate(child)).collect()
    }

    fn candidate(&self, child: u32) -> Candidate {
        let node = self.tree.node(child);
        let mut variation = vec![node.point];
        let mut at = child;
        while let Some(next) = self.tree.most_visited(at) {
            variation.push(self.tree.node(next).point);
            at = next;
        }
        let [count, sum, squares] =
            self.scores.get((child - self.tree.node(ROOT).first) as usize).copied().unwrap_or_default();
        let mean = sum / count.max(1.0);
        Candidate {
            point: node.point,
            visits: node.visits,
            win_rate: node.win_rate(),
            score_lead: mean * f64::from(self.root.to_play().sign()),
            score_deviation: (squares / count.max(1.0) - mean * mean).max(0.0).sqrt(),
            variation,
        }
    }

    /// Move that [`choose`] takes from the candidates of this search.
    pub fn choose(&self) -> Point {
        choose(&self.root, &self.candidates())
    }
}

/// Move with most visits of `candidates`, most visits first, with two exceptions for the pass. The pass is chosen at
/// once if the opponent has passed and the present board counts as a win. It is not chosen if the present board counts
/// as a loss and another move was tried.
pub fn choose(game: &Game, candidates: &[Candidate]) -> Point {
    let pass = game.pass();
    let ahead = game.score() * game.to_play().sign() as f32;
    if ahead > 0.0 && game.passes() == 1 {
        return pass;
    }
    let best = candidates.first().map_or(pass, |candidate| candidate.point);
    if best == pass && ahead < 0.0 {
        return candidates.get(1).map_or(pass, |candidate| candidate.point);
    }
    best
}

/// Candidates of searches of the same position, added up by move, most visits first.
pub fn merge(searches: &[Search]) -> Vec<Candidate> {
    let mut merged: Vec<Candidate> = Vec::new();
    for candidate in searches.iter().flat_map(Search::candidates) {
        match merged.iter_mut().find(|known| known.point == candidate.point) {
            None => merged.push(candidate),
            Some(known) => {
                let (a, b) = (f64::from(known.visits), f64::from(candidate.visits));
                let mean = |x: f64, y: f64| (a * x + b * y) / (a + b);
                known.win_rate = mean(known.win_rate, candidate.win_rate);
                known.score_lead = mean(known.score_lead, candidate.score_lead);
                known.score_deviation = mean(known.score_deviation, candidate.score_deviation);
                if candidate.visits > known.visits {
                    known.variation = candidate.variation;
                }
                known.visits += candidate.visits;
            }
        }
    }
    merged.sort_by(|a, b| b.visits.cmp(&a.visits).then(b.win_rate.total_cmp(&a.win_rate)));
    merged
}

/// Value of a child for the player who makes the child's move, without the exploration term.
#[inline]
fn value(child: &Node, rave: Option<f64>, first_play_urgency: f64) -> f64 {
    let visits = f64::from(child.visits + u32::from(child.prior_visits));
    let wins = f64::from(child.wins + u32::from(child.prior_wins)) * 0.5;
    let Some(bias) = rave else {
        return if visits == 0.0 { first_play_urgency } else { wins / visits };
    };
    let later = f64::from(child.amaf_visits);
    if later == 0.0 {
        return if visits == 0.0 { first_play_urgency } else { wins / visits };
    }
    let amaf = f64::from(child.amaf_wins) * 0.5 / later;
    if visits == 0.0 {
        return amaf;
    }
    let beta = later / (visits + later + 4.0 * visits * later * bias * bias);
    (1.0 - beta) * wins / visits + beta * amaf
}

/// Fisher-Yates shuffle, so that ties are not broken by the place of the move on the board.
fn shuffle(children: &mut [Node], rng: &mut Stream) {
    for i in (1..children.len()).rev() {
        children.swap(i, rng.below(i as u32 + 1) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(visits: u32, wins: u32, amaf_visits: u32, amaf_wins: u32) -> Node {
        Node { visits, wins, amaf_visits, amaf_wins, ..Node::default() }
    }

    /// By hand: n = 10 playouts with 6 wins, a = 30 with 21 wins, b = 0.1: beta = 30 / (10 + 30 + 4 * 300 * 0.01) = 30
    /// / 52.
    #[test]
    fn values_are_weighed_as_in_the_paper() {
        let child = node(10, 12, 30, 42);
        assert_eq!(value(&child, None, 1.1), 0.6);
        let beta: f64 = 30.0 / 52.0;
        assert!((value(&child, Some(0.1), 1.1) - (beta * 0.7 + (1.0 - beta) * 0.6)).abs() < 1e-12);
    }

    #[test]
    fn untried_moves_have_the_urgency_or_the_amaf_value() {
        assert_eq!(value(&node(0, 0, 0, 0), None, 1.1), 1.1);
        assert_eq!(value(&node(0, 0, 0, 0), Some(0.1), 0.9), 0.9);
        assert_eq!(value(&node(0, 0, 4, 2), Some(0.1), 0.9), 0.25);
        let believed = Node { prior_visits: 10, prior_wins: 10, ..node(10, 20, 0, 0) };
        assert_eq!(value(&believed, None, 1.1), 0.75);
    }
}
