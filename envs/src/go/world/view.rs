//! View of a game by a player: observation planes and the mask of legal moves.

use super::settings::Settings;
use super::tactics;
use crate::go::rules::{Color, Game, IllegalMove, MAX_SIDE, Point};

/// Number of observation planes besides the planes of stones and of tactics.
const EXTRA_PLANES: usize = 4;

/// Number of points of the largest board.
const MAX_AREA: usize = MAX_SIDE as usize * MAX_SIDE as usize;

/// Settings of the observation and of the mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct View {
    /// Number of positions in the observation, K.
    history: usize,
    /// Whether the observation has the planes of tactics.
    tactics: bool,
    /// Whether moves into own eyes are legal.
    pub(super) eyes: bool,
}

impl View {
    /// View of these settings.
    pub(super) fn of(settings: &Settings) -> Self {
        View { history: settings.history, tactics: settings.tactics, eyes: settings.eyes }
    }

    /// Number of observation planes.
    pub(super) fn planes(self) -> usize {
        2 * self.history + EXTRA_PLANES + if self.tactics { tactics::PLANES } else { 0 }
    }

    /// Writes the mask of legal actions of the player to move, `[N² + 1]`. The pass is legal even in a finished game,
    /// so that a mask is never empty.
    pub(super) fn legal(self, game: &Game, out: &mut [bool]) {
        game.legal_mask(out);
        if !self.eyes {
            let (board, geometry, color) = (game.board(), game.geometry(), game.to_play());
            for &vertex in board.empties() {
                let out = out.get_mut(usize::from(geometry.point(vertex)));
                if let Some(out) = out.filter(|_| board.is_eye(vertex, color)) {
                    *out = false;
                }
            }
        }
        if let Some(pass) = out.last_mut() {
            *pass = true;
        }
    }

    /// Writes the observation of `game` for the player `viewer` to `out`, `[planes, N, N]` with N the side of the
    /// board. Allocates nothing.
    pub(super) fn observe(self, game: &Game, viewer: Color, out: &mut [f32]) {
        out.fill(0.0);
        let area = game.area();
        let mut planes = out.chunks_exact_mut(area);
        let mut stones = [None; MAX_AREA];
        for back in 0..self.history {
            let (Some(own), Some(other)) = (planes.next(), planes.next()) else { return };
            if back > game.move_number() as usize {
                continue;
            }
            game.stones_before(back, &mut stones);
            for ((stone, own), other) in stones.iter().zip(own).zip(other) {
                match stone {
                    Some(color) if *color == viewer => *own = 1.0,
                    Some(_) => *other = 1.0,
                    None => {}
                }
            }
        }
        if let Some(forbidden) = planes.next() {
            for &vertex in game.board().empties() {
                let point = game.geometry().point(vertex);
                if is_repetition(game, point)
                    && let Some(out) = forbidden.get_mut(usize::from(point))
                {
                    *out = 1.0;
                }
            }
        }
        for shown in [viewer == Color::Black, game.passes() > 0, true] {
            if let Some(plane) = planes.next() {
                plane.fill(f32::from(u8::from(shown)));
            }
        }
        if self.tactics {
            tactics::write(game, viewer, planes);
        }
    }
}

fn is_repetition(game: &Game, point: Point) -> bool {
    matches!(game.check(point), Err(IllegalMove::Ko | IllegalMove::Repetition { .. }))
}
