//! How far learning has come.

use serde::{Deserialize, Serialize};

/// Environment steps, made and asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StepCounter {
    /// Steps made.
    pub(crate) step: u64,
    /// Steps that were asked for: whole ticks may have made a few more, which the next call takes into account.
    asked: u64,
}

impl StepCounter {
    /// How many ticks of `rows` rows make `steps` more steps.
    pub(crate) fn plan(&mut self, steps: u64, rows: usize) -> u64 {
        self.asked = self.asked.saturating_add(steps);
        self.asked.saturating_sub(self.step).div_ceil(rows as u64)
    }

    /// A tick of `rows` rows was made.
    #[inline(always)]
    pub(crate) fn tick(&mut self, rows: usize) {
        self.step += rows as u64;
    }
}
