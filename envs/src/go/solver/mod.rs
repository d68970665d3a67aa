//! Exact results of small boards.
//!
//! | file | what it holds |
//! |---|---|
//! | `shape` | boards as sets of points |
//! | `graph` | every position of a board and what can be forced from it, with simple ko: retrograde analysis |
//! | `superko` | exact values under superko: alpha-beta over games |
//!
//! All values are areas, points: Black's minus White's, without komi. Move limits are not seen.

mod graph;
mod shape;
mod superko;
#[cfg(test)]
mod tests;

use freewheel_core::{Error, Result};

use self::graph::{Graph, Play};
use self::shape::{MAX_AREA, Shape, Stones};
use self::superko::{Search, Seen};
use super::rules::{Color, Game, Ko, Point, Rules};

/// What perfect play from a position leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Solved {
    /// Black's area minus White's that Black can force at least, points.
    pub low: i8,
    /// And the most that White has to allow; equal to `low` where the value is exact.
    pub high: i8,
    /// The moves of the player to move that keep what it can force, the pass among them, sorted. They are those of equal bounds,
    /// where the value is not exact.
    pub best: Vec<Point>,
    /// Positions looked at.
    pub nodes: u64,
}

impl Solved {
    /// Black's area minus White's, points, where it is known exactly.
    pub fn exact(&self) -> Option<i8> {
        (self.low == self.high).then_some(self.low)
    }
}

/// Perfect play under one set of rules.
pub struct Solver {
    rules: Rules,
    /// Values with simple ko. Under superko they only say which moves to look at first.
    values: Graph,
    /// Bounds that hold under superko, where that is the rule.
    bounds: Option<Graph>,
}

impl Solver {
    /// Works out all positions of a board; none if they are more than `budget`. 3x3 has some hundreds, 4x4 some millions.
    ///
    /// # Errors
    /// [`Error::Config`] for rules out of range, [`Error::Unsupported`] for a board of more than 16 points.
    pub fn new(rules: &Rules, budget: u64) -> Result<Option<Self>> {
        rules.check()?;
        if rules.area() > MAX_AREA {
            let (width, height) = (rules.width, rules.height);
            return Err(Error::Unsupported(format!(
                "perfect play on {width}x{height} is not known here: boards have at most {MAX_AREA} points"
            )));
        }
        let shape = |suicide| Shape::new(rules.width.into(), rules.height.into(), suicide);
        // As a guide it is better without suicide: by single stones that would make every position a cycle.
        let suicide = rules.suicide && rules.ko == Ko::Simple;
        let Some(values) = Graph::new(shape(suicide), Play::SimpleKo, budget) else { return Ok(None) };
        let bounds = match rules.ko {
            Ko::Simple => None,
            _ => match Graph::new(shape(rules.suicide), Play::Growing, budget) {
                None => return Ok(None),
                some => some,
            },
        };
        Ok(Some(Solver { rules: *rules, values, bounds }))
    }

    /// The number of positions, those alike by symmetry and exchange of colors counted once.
    pub fn positions(&self) -> u64 {
        self.values.nodes()
    }

    /// What perfect play from this position leads to. With simple ko it is looked up; under superko the games that can
    /// follow are searched, looking at `budget` positions at most; if that is too few, `low` and `high` differ or
    /// moves are missing from `best`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where the game is over, or is not played by the solver's rules.
    pub fn solve(&self, game: &Game, budget: u64) -> Result<Solved> {
        let rules = game.rules();
        let same = |of: &Rules| (of.width, of.height, of.ko, of.suicide);
        if same(rules) != same(&self.rules) || game.is_over() {
            return Err(Error::Unsupported("only running games by the solver's own rules are solved".into()));
        }
        let (low, high, mut nodes) = self.bounds(game, budget / 2);
        // The rest is shared out evenly, so that no bad move uses up what a good one needs.
        let share = budget / 2 / (game.area() as u64 + 1);
        let mut best = Vec::new();
        let mut next = game.clone();
        for point in (0..=game.pass()).filter(|&p| game.legal(p)) {
            next.clone_from(game);
            next.play_unchecked(point);
            let (after, more) = self.forced(&next, low, game.to_play(), share);
            nodes += more;
            // With cycles left open, a best move keeps both bounds.
            if after.0 >= low && (self.rules.ko != Ko::Simple || after.1 >= high) {
                best.push(point);
            }
        }
        let (low, high) = if game.to_play() == Color::Black { (low, high) } else { (-high, -low) };
        Ok(Solved { low, high, best, nodes })
    }

    /// What the player to move can force at least and at most, and the positions looked at.
    fn bounds(&self, game: &Game, budget: u64) -> (i8, i8, u64) {
        let passed = game.passes() == 1;
        let Some(mut search) = self.search(game, budget) else {
            let ko = game.ko().map_or(0, |ko| 1 << ko);
            let most = game.area() as i8;
            let (low, high) = self.values.value(now(game), ko, passed).unwrap_or((-most, most));
            return (low, high, 1);
        };
        let (mut low, mut high) = search.static_bounds(passed);
        // Is it more than the middle? Each answer halves what is left.
        while low < high {
            let middle = (i16::from(low) + i16::from(high)).div_euclid(2) as i8;
            match search.value(passed, middle, middle + 1) {
                Some(value) if value > middle => low = value.min(high),
                Some(value) => high = value.max(low),
                None => break,
            }
        }
        (low, high, search.nodes)
    }

    /// What `mover` keeps after its move that led to `game`, at least and at most, exact enough to say whether it is `wanted` or more;
    /// and the positions looked at.
    fn forced(&self, game: &Game, wanted: i8, mover: Color, budget: u64) -> ((i8, i8), u64) {
        if game.is_over() {
            let score = (game.area_score() * mover.sign()) as i8;
            return ((score, score), 0);
        }
        let Some(mut search) = self.search(game, budget) else {
            let (low, high, nodes) = self.bounds(game, budget);
            return ((-high, -low), nodes);
        };
        let most = game.area() as i8;
        // The other player holds the mover below `wanted`, or does not.
        let range = match search.value(game.passes() == 1, -wanted, -wanted + 1) {
            Some(value) if value <= -wanted => (-value, most),
            Some(value) => (-most, -value),
            None => (-most, most),
        };
        (range, search.nodes)
    }

    /// A search of what can follow, under superko.
    fn search(&self, game: &Game, budget: u64) -> Option<Search<'_>> {
        let bounds = self.bounds.as_ref()?;
        Some(Search::new(bounds, &self.values, self.rules.ko == Ko::Situational, seen(game), budget))
    }
}

/// Solves the empty board; none if that takes more than `budget` positions to begin with.
///
/// # Errors
/// As [`Solver::new`].
pub fn solve(rules: &Rules, budget: u64) -> Result<Option<Solved>> {
    let game = Game::new(*rules)?;
    match Solver::new(rules, budget)? {
        Some(solver) => solver.solve(&game, budget).map(Some),
        None => Ok(None),
    }
}

/// The stones from the mover's view.
fn now(game: &Game) -> Stones {
    let stones: Vec<_> = (0..game.pass()).map(|p| game.stone(p)).collect();
    from_black(&stones, game.to_play() == Color::Black)
}

fn from_black(stones: &[Option<Color>], black_to_play: bool) -> Stones {
    let set = |color| {
        let points = stones.iter().enumerate().filter(|&(_, &stone)| stone == Some(color));
        points.fold(0, |set, (p, _)| set | 1 << p)
    };
    let stones = Stones { own: set(Color::Black), other: set(Color::White) };
    if black_to_play { stones } else { stones.swap() }
}

/// All positions of a game, the present one last.
fn seen(game: &Game) -> Vec<Seen> {
    let mut stones = vec![None; game.area()];
    let first = game.setup().to_play;
    let turns = std::iter::once(first).chain(game.moves().map(|m| m.color.other()));
    turns
        .enumerate()
        .map(|(n, to_play)| {
            game.look_back(game.move_number() as usize - n, &mut stones);
            Seen { stones: from_black(&stones, true), black_to_play: to_play == Color::Black }
        })
        .collect()
}

/// Results others have proved: width, height, and the points Black wins by (area scoring). The first move
/// of the boards from 3x3 on is in the center, or as near to it as can be. J. Tromp, tromp.github.io/go.html; E. van der Werf and M. Winands,
/// "Solving Go for rectangular boards", ICGA Journal 32 (2009). The larger ones are quoted, not solved here.
pub const PUBLISHED: &[(u8, u8, i8)] = &[
    (1, 1, 0),
    (2, 1, 0),
    (3, 1, 3),
    (4, 1, 4),
    (5, 1, 0),
    (2, 2, 1),
    (3, 3, 9),
    (4, 4, 2),
    (5, 5, 25),
    (6, 5, 4),
];
