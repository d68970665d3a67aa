//! [`EpisodeClock`]: length and return of an episode, and its truncation at the time limit. All environments use it.

use serde::{Deserialize, Serialize};

use crate::{Ending, Player, Spec, Step};

/// Progress of an episode: its number, length and return so far.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct EpisodeClock {
    /// Number of the episode, from 0.
    pub(crate) episode: u64,
    /// Number of steps so far.
    pub(crate) length: u32,
    /// Return of the first player so far, with the discount of the world.
    pub(crate) episode_return: f64,
    /// Discount of the next reward, gamma^length.
    discount: f64,
}

/// Discount and time limit of an episode.
#[derive(Clone, Copy)]
pub(crate) struct EpisodeLimits {
    gamma: f64,
    /// Steps after which an episode is truncated.
    time_limit: u32,
}

impl EpisodeLimits {
    /// Discount and time limit of a world.
    pub(crate) fn of(spec: &Spec) -> Self {
        EpisodeLimits { gamma: spec.gamma, time_limit: spec.time_limit.unwrap_or(u32::MAX) }
    }

    /// Steps after which an episode is truncated.
    pub(crate) fn time_limit(self) -> u32 {
        self.time_limit
    }

    /// Lowers the time limit to `steps`; a limit that is already lower is unchanged.
    pub(crate) fn shorten(&mut self, steps: u32) {
        self.time_limit = self.time_limit.min(steps);
    }
}

impl EpisodeClock {
    pub(crate) fn start(episode: u64) -> Self {
        EpisodeClock { episode, length: 0, episode_return: 0.0, discount: 1.0 }
    }

    /// Counts a step made by the player `mover`; returns whether the episode is running, terminated or truncated after
    /// the step.
    #[inline(always)]
    pub(crate) fn advance(&mut self, step: Step, mover: Player, limits: EpisodeLimits) -> Ending {
        // The reward is that of `mover`, the return that of the first player; the game is zero-sum.
        let reward = if mover == Player::Second { -step.reward } else { step.reward };
        self.episode_return += self.discount * f64::from(reward);
        self.discount *= limits.gamma;
        self.length += 1;
        match step.ending {
            Ending::Running if self.length >= limits.time_limit => Ending::Truncated,
            ending => ending,
        }
    }
}
