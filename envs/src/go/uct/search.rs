//! The search: simulate, expand, play out, back up.
//!
//! In a node with N visits the child i is followed for which
//!
//! ```text
//! (1 - beta_i) Q_i + beta_i A_i + c sqrt(ln N / n_i)        beta = a / (n + a + 4 n a b^2)
//! ```
//!
//! is largest, where Q is the mean result of the n playouts through the child, A the mean result of the a playouts
//! through the *parent* in which the mover played this move first at any time later (all moves as first). Without
//! RAVE beta is 0. Sources: L. Kocsis and C. Szepesvári, *Bandit based Monte-Carlo Planning* (2006); S. Gelly and D.
//! Silver, *Monte-Carlo tree search and rapid action value estimation in computer Go*, Artificial Intelligence 175
//! (2011), equations 9 and 14.

use freewheel_core::Stream;

use super::expand;
use super::playout::PatternPlayouts;
use super::settings::UctSettings;
use super::tree::{Node, ROOT, Tree};
use crate::go::rules::{Color, Game, Playouts, Point};

/// Nodes that a search may hold: 28 bytes each.
const NODES: usize = 1 << 24;

/// One move of the position searched, and what was found of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The point, or the pass.
    pub point: Point,
    /// Playouts through it.
    pub visits: u32,
    /// The share of them that the player to move won, 0..=1; a draw is half a win.
    pub win_rate: f64,
    /// What both sides would do next, this move first.
    pub variation: Vec<Point>,
}

/// A search of one position. It goes on as long as it is told to; what it finds depends on its stream alone.
pub struct Search {
    settings: UctSettings,
    root: Game,
    /// The position that a playout has reached in the tree.
    game: Game,
    tree: Tree,
    uniform: Playouts,
    patterned: PatternPlayouts,
    /// For each point who put the first stone there after the leaf, and on the way back also before it: 1 + color,
    /// or 0.
    first: Vec<u8>,
    /// The nodes from the root to the leaf of this playout.
    path: Vec<u32>,
    /// Children of the node that is being expanded.
    children: Vec<Node>,
}

impl Search {
    /// Of the position that `game` has reached.
    pub fn new(settings: UctSettings, game: &Game) -> Self {
        Search {
            root: game.clone(),
            game: game.clone(),
            tree: Tree::new(NODES),
            uniform: Playouts::new(game),
            patterned: PatternPlayouts::new(game),
            first: vec![0; game.area()],
            path: Vec::new(),
            children: Vec::with_capacity(game.area() + 1),
            settings,
        }
    }

    /// Makes so many playouts more.
    pub fn run(&mut self, playouts: u32, rng: &mut Stream) {
        for _ in 0..playouts {
            self.descend(rng);
            let margin = self.evaluate(rng);
            self.back_up(margin);
        }
    }

    /// Goes down the tree to a leaf, and gives the leaf its children when it has been seen often enough.
    fn descend(&mut self, rng: &mut Stream) {
        self.game.clone_from(&self.root);
        self.path.clear();
        let mut at = ROOT;
        self.path.push(at);
        loop {
            let Node { visits, count, .. } = *self.tree.node(at);
            if count == 0 {
                let ripe = at == ROOT || visits >= self.settings.expand;
                if !ripe || self.game.is_over() {
                    return;
                }
                self.children.clear();
                expand::children(&self.game, self.settings.priors, &mut self.first, &mut self.children);
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
                // Children are legal when they are made, and the path to them is always the same.
                return;
            }
        }
    }

    /// The child to follow.
    #[inline]
    fn select(&self, at: u32) -> u32 {
        let log = f64::from(self.tree.node(at).visits.max(1)).ln();
        let UctSettings { exploration, rave, first_play, .. } = self.settings;
        let mut best = (f64::NEG_INFINITY, 0);
        for (i, child) in self.tree.siblings(at).iter().enumerate() {
            let value = value(child, rave, first_play)
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

    /// Black's margin at the end of a playout from the leaf.
    fn evaluate(&mut self, rng: &mut Stream) -> f32 {
        let Search { game, first, .. } = self;
        first.fill(0);
        if game.is_over() {
            return game.score();
        }
        let seen = |color, point: Point| {
            let first = &mut first[usize::from(point)];
            if *first == 0 {
                *first = 1 + color as u8;
            }
        };
        let area = match self.settings.patterns {
            true => self.patterned.run(game, rng, seen),
            false => self.uniform.run_with(game, rng, seen).area_score,
        };
        let rules = game.rules();
        area as f32 - rules.komi - rules.compensation_for(game.setup().handicap)
    }

    /// Counts a playout in every node of its path, and in the children of these that it played later.
    fn back_up(&mut self, margin: f32) {
        let black = match margin {
            m if m > 0.0 => 2,
            m if m < 0.0 => 0,
            _ => 1,
        };
        let wins = |color| if color == Color::Black { black } else { 2 - black };
        // The root's children are the moves of whoever is to play there, and so on in turn.
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
                    // The pass has no place in `first`.
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

    /// Playouts made so far.
    pub fn playouts(&self) -> u32 {
        self.tree.node(ROOT).visits
    }

    /// The share of all playouts that the player to move won, 0..=1.
    pub fn win_rate(&self) -> f64 {
        1.0 - self.tree.node(ROOT).win_rate()
    }

    /// Every move that was tried, most visits first.
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
        Candidate { point: node.point, visits: node.visits, win_rate: node.win_rate(), variation }
    }

    /// The move to make: the one with most visits. A pass ends what is won: it is chosen at once where the other has
    /// passed and the board as it stands is a win, and it is not chosen where the board as it stands is lost and
    /// there is anything else to try.
    pub fn choose(&self) -> Point {
        let pass = self.root.pass();
        let ahead = self.root.score() * self.root.to_play().sign() as f32;
        if ahead > 0.0 && self.root.passes() == 1 {
            return pass;
        }
        let candidates = self.candidates();
        let best = candidates.first().map_or(pass, |candidate| candidate.point);
        if best == pass && ahead < 0.0 {
            return candidates.get(1).map_or(pass, |candidate| candidate.point);
        }
        best
    }
}

/// What a child is worth to its player, before exploration.
#[inline]
fn value(child: &Node, rave: Option<f64>, first_play: f64) -> f64 {
    let visits = f64::from(child.visits + u32::from(child.prior_visits));
    let wins = f64::from(child.wins + u32::from(child.prior_wins)) * 0.5;
    let Some(bias) = rave else {
        return if visits == 0.0 { first_play } else { wins / visits };
    };
    let later = f64::from(child.amaf_visits);
    if later == 0.0 {
        return if visits == 0.0 { first_play } else { wins / visits };
    }
    let amaf = f64::from(child.amaf_wins) * 0.5 / later;
    if visits == 0.0 {
        return amaf;
    }
    let beta = later / (visits + later + 4.0 * visits * later * bias * bias);
    (1.0 - beta) * wins / visits + beta * amaf
}

/// Fisher-Yates: among moves of which nothing is known, none comes first by its place on the board.
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

    /// By hand: n = 10 with 6 wins, a = 30 with 21 wins, b = 0.1: beta = 30 / (10 + 30 + 4 * 300 * 0.01) = 30 / 52.
    #[test]
    fn values_are_weighed_as_in_the_paper() {
        let child = node(10, 12, 30, 42);
        assert_eq!(value(&child, None, 1.1), 0.6);
        let beta: f64 = 30.0 / 52.0;
        assert!((value(&child, Some(0.1), 1.1) - (beta * 0.7 + (1.0 - beta) * 0.6)).abs() < 1e-12);
    }

    #[test]
    fn what_is_not_known_is_urgent_or_as_others_say() {
        assert_eq!(value(&node(0, 0, 0, 0), None, 1.1), 1.1);
        assert_eq!(value(&node(0, 0, 0, 0), Some(0.1), 0.9), 0.9);
        assert_eq!(value(&node(0, 0, 4, 2), Some(0.1), 0.9), 0.25);
        let believed = Node { prior_visits: 10, prior_wins: 10, ..node(10, 20, 0, 0) };
        assert_eq!(value(&believed, None, 1.1), 0.75);
    }
}
