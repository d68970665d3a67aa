//! Exact values of small boards.
//!
//! | file | contents |
//! |---|---|
//! | `shape` | boards as bit sets |
//! | `graph` | all positions of a board and their values with simple ko: retrograde analysis |
//! | `superko` | exact values under superko: alpha-beta over games |
//!
//! All values are areas in points: Black's minus White's, without komi. Move limits are ignored.

mod graph;
mod shape;
mod superko;
#[cfg(test)]
mod tests;

use freewheel_core::{Error, Result};

use self::graph::{Graph, RepetitionRule};
use self::shape::{MAX_AREA, Shape, Stones};
use self::superko::{PastPosition, Search};
use super::rules::{Color, Game, Ko, Point, Rules};

/// Result of perfect play from a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Solved {
    /// Lower bound of Black's area minus White's, points: the result that Black can force.
    pub low: i8,
    /// Upper bound, points: the result to which White can limit Black; equal to `low` if the value is exact.
    pub high: i8,
    /// Optimal moves of the player to move, the pass included, sorted; moves that keep the bounds if the value is not
    /// exact.
    pub best: Vec<Point>,
    /// Number of positions searched.
    pub nodes: u64,
}

impl Solved {
    /// Black's area minus White's, points, if known exactly.
    pub fn exact(&self) -> Option<i8> {
        (self.low == self.high).then_some(self.low)
    }
}

/// Solver of small boards for one set of rules.
pub struct Solver {
    rules: Rules,
    /// Values with simple ko. Under superko these values are only used to order the moves.
    values: Graph,
    /// Bounds under superko; `None` with simple ko.
    bounds: Option<Graph>,
}

impl Solver {
    /// Builds the tables of all positions of a board; `None` if there are more than `budget` positions. 3x3 has some
    /// hundreds of positions, 4x4 some millions.
    ///
    /// # Errors
    /// [`Error::Config`] for rules out of range, [`Error::Unsupported`] for a board of more than 16 points.
    pub fn new(rules: &Rules, budget: u64) -> Result<Option<Self>> {
        rules.check()?;
        if rules.area() > MAX_AREA {
            let (width, height) = (rules.width, rules.height);
            return Err(Error::Unsupported(format!(
                "a board of {width}x{height} is too large for the solver: at most {MAX_AREA} points"
            )));
        }
        let shape = |suicide| Shape::new(rules.width.into(), rules.height.into(), suicide);
        // Move ordering is better without suicide: suicide of single stones would make every position a cycle.
        let suicide = rules.suicide && rules.ko == Ko::Simple;
        let Some(values) = Graph::new(shape(suicide), RepetitionRule::SimpleKo, budget) else {
            return Ok(None);
        };
        let bounds = match rules.ko {
            Ko::Simple => None,
            _ => match Graph::new(shape(rules.suicide), RepetitionRule::SuperkoBounds, budget) {
                None => return Ok(None),
                some => some,
            },
        };
        Ok(Some(Solver { rules: *rules, values, bounds }))
    }

    /// Number of positions; positions equal by symmetry and exchange of colors count once.
    pub fn positions(&self) -> u64 {
        self.values.nodes()
    }

    /// Result of perfect play from the present position of `game`. With simple ko the result is looked up. Under
    /// superko the continuations of the game are searched, at most `budget` positions; if that is too few, `low` and
    /// `high` differ or moves are missing from `best`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the game is over, or its rules differ from those of the solver.
    pub fn solve(&self, game: &Game, budget: u64) -> Result<Solved> {
        let rules = game.rules();
        let same = |of: &Rules| (of.width, of.height, of.ko, of.suicide);
        if same(rules) != same(&self.rules) || game.is_over() {
            return Err(Error::Unsupported(
                "the solver needs a game that is not over and has the solver's rules".into(),
            ));
        }
        let (low, high, mut nodes) = self.bounds(game, budget / 2);
        // The rest of the budget is split evenly, so that no bad move uses up the share of a good one.
        let share = budget / 2 / (game.area() as u64 + 1);
        let mut best = Vec::new();
        let mut next = game.clone();
        for point in (0..=game.pass()).filter(|&p| game.legal(p)) {
            next.clone_from(game);
            next.play_unchecked(point);
            let (after, more) = self.forced(&next, low, game.to_play(), share);
            nodes += more;
            // With unresolved cycles, an optimal move keeps both bounds.
            if after.0 >= low && (self.rules.ko != Ko::Simple || after.1 >= high) {
                best.push(point);
            }
        }
        let (low, high) = if game.to_play() == Color::Black { (low, high) } else { (-high, -low) };
        Ok(Solved { low, high, best, nodes })
    }

    /// Lower and upper bound of the result of the player to move, and the number of positions searched.
    fn bounds(&self, game: &Game, budget: u64) -> (i8, i8, u64) {
        let passed = game.passes() == 1;
        let Some(mut search) = self.search(game, budget) else {
            let ko = game.ko().map_or(0, |ko| 1 << ko);
            let most = game.area() as i8;
            let (low, high) = self.values.value(mover_stones(game), ko, passed).unwrap_or((-most, most));
            return (low, high, 1);
        };
        let (mut low, mut high) = search.static_bounds(passed);
        // Bisection: each search halves the interval.
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

    /// Bounds of the result of `mover`, whose move led to the position `game`, exact enough to decide whether the
    /// result is at least `wanted`; and the number of positions searched.
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
        // Decides whether the opponent can hold the mover below `wanted`.
        let range = match search.value(game.passes() == 1, -wanted, -wanted + 1) {
            Some(value) if value <= -wanted => (-value, most),
            Some(value) => (-most, -value),
            None => (-most, most),
        };
        (range, search.nodes)
    }

    /// Search from the present position of `game` under superko; `None` with simple ko.
    fn search(&self, game: &Game, budget: u64) -> Option<Search<'_>> {
        let bounds = self.bounds.as_ref()?;
        Some(Search::new(
            bounds,
            &self.values,
            self.rules.ko == Ko::Situational,
            past_positions(game),
            budget,
        ))
    }
}

/// Solves the empty board; `None` if the tables of the solver have more than `budget` positions.
///
/// # Errors
/// Same errors as [`Solver::new`].
pub fn solve(rules: &Rules, budget: u64) -> Result<Option<Solved>> {
    let game = Game::new(*rules)?;
    match Solver::new(rules, budget)? {
        Some(solver) => solver.solve(&game, budget).map(Some),
        None => Ok(None),
    }
}

/// Stones of the present position: those of the player to move and those of the opponent.
fn mover_stones(game: &Game) -> Stones {
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
fn past_positions(game: &Game) -> Vec<PastPosition> {
    let mut stones = vec![None; game.area()];
    let first = game.setup().to_play;
    let turns = std::iter::once(first).chain(game.moves().map(|m| m.color.other()));
    turns
        .enumerate()
        .map(|(n, to_play)| {
            game.stones_before(game.move_number() as usize - n, &mut stones);
            PastPosition { stones: from_black(&stones, true), black_to_play: to_play == Color::Black }
        })
        .collect()
}

/// Published values: width, height, and Black's area minus White's, points. From 3x3 on the optimal first move is in
/// the center, or next to it. J. Tromp, tromp.github.io/go.html; E. van der Werf and M. Winands, "Solving Go for
/// rectangular boards", ICGA Journal 32 (2009). The values of the larger boards are quoted, not solved here.
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
