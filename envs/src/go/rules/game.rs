//! A game of Go as its rules see it.
//!
//! * **Source**: the Tromp-Taylor rules (tromp.github.io/go.html), and the Chinese rules (2002) where a setting says so.
//! * **State**: the stones, who is to move, the moves so far and what they took (for ko); see [`Game`].
//! * **Moves**: point `row * width + column` counted from the lower left corner, a1 = 0; the pass is `width * height`.
//! * **A move**: a stone on an empty point; then chains of the other color without liberties are taken, then those
//!   of the mover's own (suicide), where the rules allow that. The ko rule forbids repetitions, see [`Ko`](super::Ko). One may always pass.
//! * **Score**: by area: stones, and empty regions that touch one color only. All stones on the board count as alive.
//! * **Endings**: two passes in a row; a move limit cuts the game short.
//! * **Version**: 1.

use std::sync::Arc;

use freewheel_core::{Error, Result};

use super::board::Board;
use super::geometry::{Geometry, Vertex};
use super::history::{self, History};
use super::legal::Illegal;
use super::{Color, Point, Rules, Setup};

/// One move of a game.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Move {
    /// Who made it.
    pub color: Color,
    /// Where; the pass is the number after the last point's.
    pub point: Point,
}

/// What all positions of a game share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) rules: Rules,
    pub(super) geometry: Geometry,
    pub(super) setup: Setup,
}

/// A game in progress: cheap to clone, and nothing is allocated while it is played to its move limit (or, without
/// one, for four moves a point; then its history grows).
///
/// Serialized, it is its rules, its setup and its moves; reading it replays them and refuses what is illegal.
pub struct Game {
    pub(super) shared: Arc<Shared>,
    pub(super) board: Board,
    pub(super) history: History,
    pub(super) hash: u64,
    captures: [u32; 2],
    pub(super) to_play: Color,
    passes: u8,
    resumed: bool,
    /// The point at which the last move may not be answered, if there is one.
    ko: Option<Point>,
    /// Who may not.
    bound: Color,
}

impl std::fmt::Debug for Game {
    /// The board as text, the top row first.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Rules { width, height, .. } = *self.rules();
        writeln!(f, "{:?} to play, move {}, {:?}", self.to_play, self.move_number(), self.rules())?;
        for row in (0..Point::from(height)).rev() {
            let stone = |column| match self.stone(row * Point::from(width) + column) {
                Some(Color::Black) => 'X',
                Some(Color::White) => 'O',
                None => '.',
            };
            writeln!(f, "{}", (0..Point::from(width)).map(stone).collect::<String>())?;
        }
        Ok(())
    }
}

impl Clone for Game {
    fn clone(&self) -> Self {
        Game {
            shared: Arc::clone(&self.shared),
            board: self.board.clone(),
            history: self.history.clone(),
            ..*self
        }
    }

    fn clone_from(&mut self, from: &Self) {
        self.shared.clone_from(&from.shared);
        self.board.clone_from(&from.board);
        self.history.clone_from(&from.history);
        (self.hash, self.captures, self.to_play) = (from.hash, from.captures, from.to_play);
        (self.passes, self.resumed, self.ko, self.bound) = (from.passes, from.resumed, from.ko, from.bound);
    }
}

impl Game {
    /// A game on the empty board, Black to move.
    ///
    /// # Errors
    /// [`Error::Config`] where [`Rules::check`] says so.
    pub fn new(rules: Rules) -> Result<Self> {
        Game::with_setup(rules, Setup::default())
    }

    /// A game that begins with stones on the board.
    ///
    /// # Errors
    /// [`Error::Config`] for rules out of range, points off the board or named twice, and chains without a liberty.
    pub fn with_setup(rules: Rules, setup: Setup) -> Result<Self> {
        rules.check()?;
        Game::on(Geometry::new(rules.width, rules.height), rules, setup)
    }

    /// The same on a given geometry, which has the rules' size.
    pub(super) fn on(geometry: Geometry, rules: Rules, setup: Setup) -> Result<Self> {
        let mut board = Board::new(&geometry);
        let mut hash = 0;
        for (color, points) in [(Color::Black, &setup.black), (Color::White, &setup.white)] {
            for &point in points {
                if usize::from(point) >= rules.area() || !board.is_empty(geometry.vertex(point)) {
                    let problem = "is off the board, named twice, or left without a liberty";
                    return Err(Error::Config(format!("setup: the stone on point {point} {problem}")));
                }
                let vertex = geometry.vertex(point);
                board.put(vertex, color);
                hash ^= geometry.hash(color, vertex);
            }
        }
        if let Some(point) = board.first_without_liberty(&geometry) {
            return Err(Error::Config(format!("setup: the stone on point {point} has no liberty")));
        }
        let room = 4 * rules.area() + 8;
        let moves = rules.move_limit.map_or(room, |limit| (limit as usize).min(room));
        let to_play = setup.to_play;
        let history =
            History::new(&geometry, history::key(&geometry, rules.ko, hash, to_play), to_play, moves);
        let shared = Arc::new(Shared { rules, geometry, setup });
        Ok(Game {
            shared,
            board,
            history,
            hash,
            captures: [0; 2],
            to_play,
            passes: 0,
            resumed: false,
            ko: None,
            bound: to_play,
        })
    }

    /// The rules it is played by.
    pub fn rules(&self) -> &Rules {
        &self.shared.rules
    }

    /// The position it began with.
    pub fn setup(&self) -> &Setup {
        &self.shared.setup
    }

    /// The shape of its board.
    pub fn geometry(&self) -> &Geometry {
        &self.shared.geometry
    }

    /// The stones as chains.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// The number of points.
    #[inline]
    pub fn area(&self) -> usize {
        self.shared.geometry.vertex.len()
    }

    /// The pass: the number after the last point's.
    #[inline]
    pub fn pass(&self) -> Point {
        self.area() as Point
    }

    /// The stone on a point; none off the board.
    #[inline]
    pub fn stone(&self, point: Point) -> Option<Color> {
        self.vertex(point).and_then(|v| self.board.color(v))
    }

    /// Who is to move.
    #[inline]
    pub fn to_play(&self) -> Color {
        self.to_play
    }

    /// The moves so far, passes counted.
    pub fn moves(&self) -> impl ExactSizeIterator<Item = Move> + DoubleEndedIterator {
        self.history.plies.iter().map(|ply| Move { color: ply.color, point: ply.point })
    }

    /// The number of moves so far, passes counted.
    #[inline]
    pub fn move_number(&self) -> u32 {
        self.history.plies.len() as u32
    }

    /// The last move, if there was one.
    pub fn last_move(&self) -> Option<Move> {
        self.moves().next_back()
    }

    /// How many passes stand at the end of the moves, at most 2.
    #[inline]
    pub fn passes(&self) -> u8 {
        self.passes
    }

    /// The point where a lone stone has just taken a lone stone and could be retaken by the player to move: forbidden by
    /// every ko rule here but in rare cases of [`Ko::Situational`](super::Ko::Situational).
    #[inline]
    pub fn ko(&self) -> Option<Point> {
        self.ko.filter(|_| self.to_play == self.bound)
    }

    /// The Zobrist hash of the stones: equal positions have equal hashes, whoever is to move.
    #[inline]
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// How many stones `color` has taken of the other color; those lost by suicide count for the other.
    #[inline]
    pub fn captures(&self, color: Color) -> u32 {
        self.captures[color as usize]
    }

    /// Whether two passes in a row have ended it.
    #[inline]
    pub fn is_over(&self) -> bool {
        self.passes >= 2
    }

    /// Whether the move limit has cut it short.
    #[inline]
    pub fn is_truncated(&self) -> bool {
        !self.is_over() && self.rules().move_limit.is_some_and(|limit| self.move_number() >= limit)
    }

    /// Goes on after two passes, as players do who disagree about what is dead. Without effect before.
    pub fn resume(&mut self) {
        if self.is_over() {
            (self.passes, self.resumed) = (0, true);
        }
    }

    pub(super) fn is_resumed(&self) -> bool {
        self.resumed
    }

    /// For each move, whether the game was resumed by it.
    pub(super) fn resumptions(&self) -> impl Iterator<Item = bool> {
        self.history.plies.iter().map(|ply| ply.resumed)
    }

    /// Gives the turn to `color`. A player who moves twice in a row may retake a ko.
    pub fn set_to_play(&mut self, color: Color) {
        self.to_play = color;
    }

    /// Plays on `point`, or passes; returns the number of stones taken.
    ///
    /// # Errors
    /// Why that is illegal; the game is as it was.
    pub fn play(&mut self, point: Point) -> Result<u32, Illegal> {
        self.check(point)?;
        Ok(self.play_unchecked(point))
    }

    /// The same for a move known to be legal. One that is not gives a game that no rule made, or a panic of an index.
    #[inline]
    pub fn play_unchecked(&mut self, point: Point) -> u32 {
        let Game { shared, board, history, hash, captures, to_play, .. } = self;
        let (geometry, mover) = (&shared.geometry, *to_play);
        let mut count = 0;
        let mut ko = None;
        if usize::from(point) < geometry.vertex.len() {
            let vertex = geometry.vertex(point);
            *hash ^= geometry.hash(mover, vertex);
            let mut last = vertex;
            count = u32::from(board.play(vertex, mover, |v, lost| {
                *hash ^= geometry.hash(lost, v);
                history.take(v, lost);
                captures[lost.other() as usize] += 1;
                last = v;
            }));
            if count == 1 && board.is_lone_in_atari(vertex) {
                ko = Some(geometry.point(last));
            }
            self.passes = 0;
        } else {
            self.passes = (self.passes + 1).min(2);
        }
        let key = history::key(geometry, shared.rules.ko, *hash, mover.other());
        history.push(key, point, mover, self.resumed);
        (*to_play, self.ko, self.bound, self.resumed) = (mover.other(), ko, mover.other(), false);
        count
    }

    /// Takes the last move back, by replaying the others. False where there is none.
    pub fn undo(&mut self) -> bool {
        let plies = self.history.plies.len();
        if plies == 0 {
            return false;
        }
        // What was played once is legal again: the geometry and the setup are known to be good.
        let Ok(mut game) =
            Game::on(self.shared.geometry.clone(), self.shared.rules, self.shared.setup.clone())
        else {
            return false;
        };
        for ply in &self.history.plies[..plies - 1] {
            if ply.resumed {
                game.resume();
            }
            game.set_to_play(ply.color);
            game.play_unchecked(ply.point);
        }
        game.set_to_play(self.history.plies[plies - 1].color);
        *self = game;
        true
    }

    /// Writes the stones as they stood `back` moves ago, `[area]`, row after row from the bottom; at the beginning
    /// where there were fewer moves. Returns who was to move then.
    pub fn look_back(&self, back: usize, out: &mut [Option<Color>]) -> Color {
        let geometry = &self.shared.geometry;
        let mut stones = history::stones(&self.board, geometry);
        let plies = self.history.plies.len();
        let back = back.min(plies);
        for n in (plies - back..plies).rev() {
            self.history.undo(geometry, n, &mut stones);
        }
        for (out, &v) in out.iter_mut().zip(&geometry.vertex) {
            *out = match stones[usize::from(v)] {
                0 => Some(Color::Black),
                1 => Some(Color::White),
                _ => None,
            };
        }
        if back == 0 { self.to_play } else { self.history.plies[plies - back].color }
    }

    /// The chain of the stone on a point, if there is one.
    pub fn chain(&self, point: Point) -> Option<super::Chain<'_>> {
        let vertex = self.vertex(point).filter(|&v| self.board.color(v).is_some())?;
        Some(super::Chain::of(&self.board, &self.shared.geometry, vertex))
    }

    /// Whether an empty point is an eye of `color` that playouts do not fill, see [`Board::is_eye`].
    pub fn is_eye(&self, point: Point, color: Color) -> bool {
        self.vertex(point).is_some_and(|v| self.board.is_empty(v) && self.board.is_eye(v, color))
    }

    #[inline]
    pub(super) fn vertex(&self, point: Point) -> Option<Vertex> {
        self.shared.geometry.vertex.get(usize::from(point)).copied()
    }
}
