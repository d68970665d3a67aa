//! Rules of Breakout.
//!
//! * **Source**: Young & Tian, *MinAtar: An Atari-Inspired Testbed for Thorough and Reproducible Reinforcement Learning
//!   Experiments* (2019), arXiv:1903.03176, and its package `minatar`.
//! * **State**: a field of 10 x 10 cells with a ball, a paddle of one cell in the last row, and bricks in the rows 1 to
//!   3.
//! * **Actions**: 0 `stay`, 1 `left`, 2 `right`. With probability 0.1 the last action is repeated instead.
//! * **Step**: the paddle moves by a cell, then the ball along a diagonal. Walls reflect it; so does a brick, which
//!   breaks, unless the ball has broken one in the step before. The paddle reflects it up, and back to the side from
//!   which it came if only its next column is that of the paddle. When no brick is left and the ball comes down, there
//!   are 30 new ones.
//! * **Reward**: 1 for each brick.
//! * **Observation**: planes of zeros and ones `[4, 10, 10]`: paddle, ball, the last place of the ball, bricks.
//! * **First state**: the ball in row 3 at the left or right edge moves down to the middle; the paddle is in column 4.
//! * **Endings**: terminal when the ball reaches the last row; truncated at the time limit.
//! * **Version**: 1.

use freewheel_core::{Step, Stream};
use serde::{Deserialize, Serialize};

pub(super) const VERSION: u32 = 1;

/// Rows and columns of the field.
pub(super) const SIZE: usize = 10;
const LAST: i32 = SIZE as i32 - 1;
/// Names of the actions, in the order of their numbers.
pub(super) const ACTIONS: [&str; 3] = ["stay", "left", "right"];
pub(super) const LEFT: u32 = 1;
pub(super) const RIGHT: u32 = 2;
/// All bricks: three rows of ten.
const WALL: u32 = (1 << 30) - 1;

/// State of an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Column and row of the ball, from 0 at the upper left, and in the step before.
    pub ball: [i32; 2],
    /// Place of the ball before the last step.
    pub trail: [i32; 2],
    /// Motion of the ball a step: columns and rows, each -1 or 1.
    pub motion: [i32; 2],
    /// Column of the paddle.
    pub paddle: i32,
    /// Bricks: bit 10 (row - 1) + column.
    pub bricks: u32,
    /// Whether the ball has broken a brick or passed one in the last step.
    pub strike: bool,
    /// Last action.
    pub last_action: u32,
    /// Bricks broken since the start of the episode.
    pub score: u32,
    /// Steps since the start of the episode.
    pub steps: u32,
    /// Whether the ball is lost.
    pub is_lost: bool,
}

impl State {
    /// First state; the ball is at the right edge or at the left one.
    pub(super) fn start(right: bool) -> Self {
        let (column, motion) = if right { (LAST, [-1, 1]) } else { (0, [1, 1]) };
        State {
            ball: [column, 3],
            trail: [column, 3],
            motion,
            paddle: 4,
            bricks: WALL,
            strike: false,
            last_action: 0,
            score: 0,
            steps: 0,
            is_lost: false,
        }
    }

    /// Whether a brick is at a column and row.
    pub(super) fn has_brick(&self, [column, row]: [i32; 2]) -> bool {
        bit(column, row).is_some_and(|bit| self.bricks & bit != 0)
    }

    /// Step with an action, or with the last one again with probability `sticky`.
    pub(super) fn step(&mut self, action: u32, sticky: f64, rng: &mut Stream) -> Step {
        let action = if rng.chance(sticky) { self.last_action } else { action };
        self.last_action = action;
        self.steps += 1;
        match action {
            LEFT => self.paddle = (self.paddle - 1).max(0),
            RIGHT => self.paddle = (self.paddle + 1).min(LAST),
            _ => {}
        }
        let before = self.score;
        self.move_ball();
        let reward = (self.score - before) as f32;
        if self.is_lost { Step::termination(reward) } else { Step::transition(reward) }
    }

    fn move_ball(&mut self) {
        self.trail = self.ball;
        let [x, y] = self.ball;
        let mut next = [x.saturating_add(self.motion[0]), y.saturating_add(self.motion[1])];
        let mut strike = false;
        if !(0..=LAST).contains(&next[0]) {
            next[0] = next[0].clamp(0, LAST);
            self.motion[0] = -self.motion[0];
        }
        if next[1] < 0 {
            next[1] = 0;
            self.motion[1] = -self.motion[1];
        } else if let Some(brick) = bit(next[0], next[1]).filter(|brick| self.bricks & brick != 0) {
            strike = true;
            if !self.strike {
                self.bricks &= !brick;
                self.score += 1;
                next[1] = y;
                self.motion[1] = -self.motion[1];
            }
        } else if next[1] == LAST {
            if self.bricks == 0 {
                self.bricks = WALL;
            }
            if x == self.paddle {
                self.motion[1] = -self.motion[1];
                next[1] = y;
            } else if next[0] == self.paddle {
                self.motion = self.motion.map(|along| -along);
                next[1] = y;
            } else {
                self.is_lost = true;
            }
        }
        self.strike = strike;
        self.ball = next;
    }

    /// State before the step in which the ball next comes down to the paddle, and the number of steps until after that
    /// step; `None` for a ball that does not come down.
    pub(super) fn landing(&self) -> Option<(State, u32)> {
        // A paddle outside the field lets the ball pass.
        let mut ball = State { paddle: i32::MIN, is_lost: false, ..*self };
        for steps in 1..200 {
            let before = ball;
            ball.move_ball();
            if ball.is_lost {
                return Some((before, steps));
            }
        }
        None
    }

    /// Same state after a step in which the paddle is in `column`.
    pub(super) fn met_at(&self, column: i32) -> State {
        let mut next = State { paddle: column, ..*self };
        next.move_ball();
        next
    }
}

fn bit(column: i32, row: i32) -> Option<u32> {
    let inside = (1..4).contains(&row) && (0..=LAST).contains(&column);
    inside.then(|| 1 << (10 * (row - 1) + column))
}
