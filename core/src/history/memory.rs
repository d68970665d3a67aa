//! What the players of N episodes remember.

use serde::{Deserialize, Serialize};

use super::{Look, Stack};
use crate::Player;

/// The histories of N rows, H numbers each; in a game for two, each player has its own.
#[derive(Serialize, Deserialize)]
pub(super) struct Memory {
    stack: Stack,
    /// H.
    width: usize,
    /// `[N, H]`: of the players to move.
    obs: Vec<f32>,
    /// `[N, H]`: of those who wait; empty in a world for one.
    waiting: Vec<f32>,
    /// `[N]`: whether the one who waits has seen anything of this episode.
    met: Vec<bool>,
    /// `[N]`: who is to move.
    to_play: Vec<Player>,
}

impl Memory {
    pub(super) fn new(look: &Look, rows: usize) -> Self {
        let width = look.spec.observation.len();
        let two = if look.spec.players == 2 { rows } else { 0 };
        Memory {
            stack: look.stack,
            width,
            obs: vec![0.0; rows * width],
            waiting: vec![0.0; two * width],
            met: vec![false; two],
            to_play: vec![Player::First; two],
        }
    }

    /// What the players to move see, `[N, H]`.
    pub(super) fn obs(&self) -> &[f32] {
        &self.obs
    }

    /// What the player to move sees in row `row`, `[H]`.
    pub(super) fn row(&self, row: usize) -> &[f32] {
        &self.obs[row * self.width..(row + 1) * self.width]
    }

    fn row_mut(&mut self, row: usize) -> &mut [f32] {
        &mut self.obs[row * self.width..(row + 1) * self.width]
    }

    /// Row `row` begins an episode, of which `player` sees `seen` first.
    #[inline]
    pub(super) fn begin(&mut self, row: usize, seen: &[f32], player: Player) {
        if let (Some(to_play), Some(met)) = (self.to_play.get_mut(row), self.met.get_mut(row)) {
            (*to_play, *met) = (player, false);
        }
        self.stack.begin(self.row_mut(row), seen);
    }

    /// In row `row`, `player` is to move and sees `seen`.
    #[inline]
    pub(super) fn see(&mut self, row: usize, seen: &[f32], player: Player) {
        if self.to_play.get(row).is_some_and(|&before| before != player) {
            let row_of = row * self.width..(row + 1) * self.width;
            self.obs[row_of.clone()].swap_with_slice(&mut self.waiting[row_of]);
            self.to_play[row] = player;
            if !std::mem::replace(&mut self.met[row], true) {
                return self.stack.begin(self.row_mut(row), seen);
            }
        }
        self.stack.push(self.row_mut(row), seen);
    }

    /// Whether both are of as many rows of the same look.
    pub(super) fn fits(&self, other: &Memory) -> bool {
        let sizes = |m: &Memory| [m.width, m.obs.len(), m.waiting.len(), m.met.len(), m.to_play.len()];
        self.stack == other.stack && sizes(self) == sizes(other)
    }
}
