//! Progress of an episode: length, return and time limit. No other code counts them.

use serde::{Deserialize, Serialize};

use crate::{Ending, Player, Spec, Step};

/// Progress of an episode.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct EpisodeClock {
    /// Number of the episode, from 0.
    pub(crate) episode: u64,
    /// Steps so far.
    pub(crate) length: u32,
    /// Return of the first player so far, with the world's discount.
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

    /// Truncates after `steps` steps where that is earlier.
    pub(crate) fn shorten(&mut self, steps: u32) {
        self.time_limit = self.time_limit.min(steps);
    }
}

impl EpisodeClock {
    pub(crate) fn start(episode: u64) -> Self {
        EpisodeClock { episode, length: 0, episode_return: 0.0, discount: 1.0 }
    }

    /// Counts a step made by `mover`; returns the state of the episode after it.
    #[inline(always)]
    pub(crate) fn advance(&mut self, step: Step, mover: Player, limits: EpisodeLimits) -> Ending {
        // The return is the first player's; the reward is the mover's.
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
