//! How far an episode has come: its length, its score, its time limit. The one place where they are counted.

use serde::{Deserialize, Serialize};

use crate::{Ending, Player, Spec, Step};

/// How far an episode has come.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct EpisodeClock {
    pub(crate) episode: u64,
    /// Steps made.
    pub(crate) length: u32,
    /// The first player's return so far, counted with the world's discount.
    pub(crate) score: f64,
    /// The discount of the next reward.
    weight: f64,
}

/// What a clock counts by.
#[derive(Clone, Copy)]
pub(crate) struct EpisodeLimits {
    gamma: f64,
    /// Steps after which an episode is truncated.
    time_limit: u32,
}

impl EpisodeLimits {
    /// The world's own.
    pub(crate) fn of(spec: &Spec) -> Self {
        EpisodeLimits { gamma: spec.gamma, time_limit: spec.time_limit.unwrap_or(u32::MAX) }
    }

    /// Truncates after `steps` steps where that is earlier.
    pub(crate) fn limit(&mut self, steps: u32) {
        self.time_limit = self.time_limit.min(steps);
    }
}

impl EpisodeClock {
    pub(crate) fn start(episode: u64) -> Self {
        EpisodeClock { episode, length: 0, score: 0.0, weight: 1.0 }
    }

    /// Counts a step made by `mover` and says how it leaves the episode.
    #[inline(always)]
    pub(crate) fn count(&mut self, step: Step, mover: Player, terms: EpisodeLimits) -> Ending {
        // The score is the first player's; the reward is the mover's.
        let gained = if mover == Player::Second { -step.reward } else { step.reward };
        self.score += self.weight * f64::from(gained);
        self.weight *= terms.gamma;
        self.length += 1;
        match step.ending {
            Ending::Running if self.length >= terms.time_limit => Ending::Truncated,
            ending => ending,
        }
    }
}
