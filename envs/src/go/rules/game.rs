//! A game of Go: state, legal moves, endings.
//!
//! * **Source**: the Tromp-Taylor rules (tromp.github.io/go.html), or the Chinese rules (2002) if set.
//! * **State**: stones, player to move, all moves with the stones that each move captured (for ko); see [`Game`].
//! * **Moves**: point `row * width + column` counted from the lower left corner, a1 = 0; the pass is `width *
//!   height`.
//! * **A move**: a stone on an empty point; then the opponent's chains without liberties are captured, then the mover's
//!   own (suicide), if the rules allow suicide. The ko rule forbids repetitions, see [`Ko`](super::Ko). A pass is
//!   always legal.
//! * **Score**: area: stones, and empty regions that touch one color only. All stones on the board count as alive.
//! * **Endings**: two passes in a row; a move limit truncates the game.
//! * **Version**: 1.

use std::sync::Arc;

use freewheel_core::{Error, Result};

use super::board::Board;
use super::geometry::{Geometry, Vertex};
use super::history::{self, History};
use super::legal::IllegalMove;
use super::{Color, Point, Rules, Setup};

/// Move of a game.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Move {
    /// Color of the player who makes the move.
    pub color: Color,
    /// Point of the move; the pass is the number after the last point.
    pub point: Point,
}

/// Data that all positions of a game share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) rules: Rules,
    pub(super) geometry: Geometry,
    pub(super) setup: Setup,
}

/// Game in progress, cheap to clone. Playing allocates nothing up to the move limit. Without a move limit, playing
/// allocates nothing for the first four moves per point of the board; then the history grows.
///
/// Serialized as rules, setup and moves; deserializing replays the moves and fails on an illegal move.
pub struct Game {
    pub(super) shared: Arc<Shared>,
    pub(super) board: Board,
    pub(super) history: History,
    pub(super) hash: u64,
    captures: [u32; 2],
    pub(super) to_play: Color,
    passes: u8,
    resumed: bool,
    /// Point that the ko rule forbids after the last move, which captured a single stone on this point.
    ko: Option<Point>,
    /// Color that may not play on the point `ko`.
    ko_color: Color,
}

impl std::fmt::Debug for Game {
    /// Writes the board as text, the top row first.
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
        (self.passes, self.resumed, self.ko, self.ko_color) =
            (from.passes, from.resumed, from.ko, from.ko_color);
    }
}

impl Game {
    /// Game on the empty board, Black to move.
    ///
    /// # Errors
    /// [`Error::Config`] for rules that [`Rules::check`] rejects.
    pub fn new(rules: Rules) -> Result<Self> {
        Game::with_setup(rules, Setup::default())
    }

    /// Game that begins with the stones of `setup` on the board.
    ///
    /// # Errors
    /// [`Error::Config`] for rules out of range, points that are off the board or given twice, and chains without a
    /// liberty.
    pub fn with_setup(rules: Rules, setup: Setup) -> Result<Self> {
        rules.check()?;
        Game::on(Geometry::new(rules.width, rules.height), rules, setup)
    }

    /// Same as [`Game::with_setup`], with a given geometry of the board size of `rules`.
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
            ko_color: to_play,
        })
    }

    /// Rules of the game.
    pub fn rules(&self) -> &Rules {
        &self.shared.rules
    }

    /// Start position.
    pub fn setup(&self) -> &Setup {
        &self.shared.setup
    }

    /// Geometry of the board.
    pub fn geometry(&self) -> &Geometry {
        &self.shared.geometry
    }

    /// Board with the present stones, chains and liberties.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// Number of points of the board.
    #[inline]
    pub fn area(&self) -> usize {
        self.shared.geometry.vertex.len()
    }

    /// Number of the pass as a move: the number after the last point.
    #[inline]
    pub fn pass(&self) -> Point {
        self.area() as Point
    }

    /// Color of the stone on a point; `None` if empty or off the board.
    #[inline]
    pub fn stone(&self, point: Point) -> Option<Color> {
        self.vertex(point).and_then(|v| self.board.color(v))
    }

    /// Player to move.
    #[inline]
    pub fn to_play(&self) -> Color {
        self.to_play
    }

    /// Moves so far, passes included.
    pub fn moves(&self) -> impl ExactSizeIterator<Item = Move> + DoubleEndedIterator {
        self.history.plies.iter().map(|ply| Move { color: ply.color, point: ply.point })
    }

    /// Number of moves so far, passes included.
    #[inline]
    pub fn move_number(&self) -> u32 {
        self.history.plies.len() as u32
    }

    /// Last move, if any.
    pub fn last_move(&self) -> Option<Move> {
        self.moves().next_back()
    }

    /// Points of the last move and of the one before, if there are any; passes included.
    #[inline]
    pub fn last_moves(&self) -> [Option<Point>; 2] {
        let mut moves = self.history.plies.iter().rev().map(|ply| ply.point);
        [moves.next(), moves.next()]
    }

    /// Number of passes in a row at the end of the moves so far, 0..=2.
    #[inline]
    pub fn passes(&self) -> u8 {
        self.passes
    }

    /// Point where a single stone has just captured a single stone and the player to move could retake it. All ko rules
    /// of this module forbid to retake it, except [`Ko::Situational`](super::Ko::Situational) in rare cases.
    #[inline]
    pub fn ko(&self) -> Option<Point> {
        self.ko.filter(|_| self.to_play == self.ko_color)
    }

    /// Zobrist hash of the stones, the same for both players to move.
    #[inline]
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// Number of the opponent's stones that `color` has captured; a suicide counts for the opponent.
    #[inline]
    pub fn captures(&self, color: Color) -> u32 {
        self.captures[color as usize]
    }

    /// Whether two passes in a row have ended the game.
    #[inline]
    pub fn is_over(&self) -> bool {
        self.passes >= 2
    }

    /// Whether the game has reached its move limit.
    #[inline]
    pub fn is_truncated(&self) -> bool {
        !self.is_over() && self.rules().move_limit.is_some_and(|limit| self.move_number() >= limit)
    }

    /// Resumes a game that two passes have ended, as players do who disagree about dead stones. No effect on other
    /// games.
    pub fn resume(&mut self) {
        if self.is_over() {
            (self.passes, self.resumed) = (0, true);
        }
    }

    pub(super) fn is_resumed(&self) -> bool {
        self.resumed
    }

    /// For each move, whether the move resumed the game after two passes.
    pub(super) fn resumptions(&self) -> impl Iterator<Item = bool> {
        self.history.plies.iter().map(|ply| ply.resumed)
    }

    /// Sets the player to move. A player who moves twice in a row may retake a ko.
    pub fn set_to_play(&mut self, color: Color) {
        self.to_play = color;
    }

    /// Plays on `point`, or passes; returns the number of captured stones.
    ///
    /// # Errors
    /// [`IllegalMove`]; the game is unchanged.
    pub fn play(&mut self, point: Point) -> Result<u32, IllegalMove> {
        self.check(point)?;
        Ok(self.play_unchecked(point))
    }

    /// Same as [`Game::play`], for a move known to be legal. An illegal move gives an invalid game or an indexing
    /// panic.
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
                history.record_capture(v, lost);
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
        (*to_play, self.ko, self.ko_color, self.resumed) = (mover.other(), ko, mover.other(), false);
        count
    }

    /// Takes back the last move by replaying the other moves; returns whether there was a move.
    pub fn undo(&mut self) -> bool {
        let plies = self.history.plies.len();
        if plies == 0 {
            return false;
        }
        // The moves were legal before, and geometry and setup are valid.
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

    /// Writes the stones of the position `back` moves ago to `out`, `[area]`, row by row from the bottom. If there were
    /// fewer moves, the position is the start position. Returns the player to move in that position.
    pub fn stones_before(&self, back: usize, out: &mut [Option<Color>]) -> Color {
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

    /// Chain of the stone on a point, if there is one.
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
