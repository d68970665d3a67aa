//! Serial or parallel, by measured cost.

use std::time::Instant;

use super::{BatchChunk, EpisodeSummary, StreamSource};
use crate::Env;

/// Serial work below which a tick is never split: entering rayon from outside its pool costs 13 to 20 microseconds,
/// waking a sleeping worker about as much again.
const WORTH_SPLITTING_NS: f64 = 80_000.0;
/// Work of one chunk: large enough that its hand-over does not show, small enough that nobody waits long for the last one.
/// A worker that waits longer falls asleep, and waking it costs more than a chunk.
const CHUNK_NS: f64 = 6_000.0;
/// The first ticks run on cold caches and say little; then a few are timed, of which the best counts.
const WARM_UP: std::ops::RangeInclusive<u32> = 4..=8;
/// A serial tick in so many is timed: it is how a world that has become dearer is noticed.
const TIMED_EVERY: u32 = 1024;
/// Where threads have not paid, because they are busy elsewhere, they are tried again: in so many ticks, these. Several
/// in a row, for the first wakes a sleeping worker and says nothing of the others; the first trial follows the warm-up.
const RETRIED_EVERY: u32 = 256;
const TRIAL: std::ops::RangeInclusive<u32> = 9..=16;

/// Knows what a row costs, and so whether threads would pay. It decides when work is split, never what comes out.
#[derive(Default)]
pub(super) struct AdaptiveThreads {
    serial: Cost,
    split: Cost,
    ticks: u32,
}

impl AdaptiveThreads {
    /// Advances every row; `finished` gets the episodes that end.
    #[inline(always)]
    pub(super) fn tick<E: Env>(
        &mut self,
        all: BatchChunk<'_, E>,
        env: &E,
        seat: StreamSource,
        finished: &mut Vec<EpisodeSummary>,
    ) {
        self.ticks = self.ticks.wrapping_add(1);
        let rows = all.len().max(1) as f64;
        let dear = rows * self.serial.0 > WORTH_SPLITTING_NS;
        if dear && self.pays() {
            let chunk = (CHUNK_NS / self.serial.0) as usize;
            let begin = Instant::now();
            all.parallel(env, seat, chunk, finished);
            return self.split.learn(begin.elapsed().as_nanos() as f64 / rows);
        }
        let timed = dear || WARM_UP.contains(&self.ticks) || self.ticks.is_multiple_of(TIMED_EVERY);
        let begin = timed.then(Instant::now);
        all.serial(env, seat, finished);
        if let Some(begin) = begin {
            self.serial.learn(begin.elapsed().as_nanos() as f64 / rows);
        }
    }

    /// Whether threads are there and, as far as is known, pay.
    #[inline(never)]
    fn pays(&self) -> bool {
        rayon::current_num_threads() > 1
            && if self.split.0 <= self.serial.0 {
                !self.ticks.is_multiple_of(TIMED_EVERY)
            } else {
                TRIAL.contains(&(self.ticks % RETRIED_EVERY))
            }
    }
}

/// Nanoseconds a row; 0 until it is known.
#[derive(Default)]
struct Cost(f64);

impl Cost {
    /// A pause of the machine only ever makes a tick look dearer: go down at once, up slowly.
    fn learn(&mut self, ns: f64) {
        self.0 = if self.0 == 0.0 || ns < self.0 { ns } else { 0.75 * self.0 + 0.25 * ns.min(2.0 * self.0) };
    }
}

#[cfg(test)]
mod tests {
    use super::Cost;

    #[test]
    fn a_pause_is_forgotten_and_a_lasting_change_is_learned() {
        let mut cost = Cost::default();
        [10.0, 1e9].iter().for_each(|&ns| cost.learn(ns));
        assert!(cost.0 <= 12.5);
        cost.learn(10.0);
        assert_eq!(cost.0, 10.0);
        (0..30).for_each(|_| cost.learn(100.0));
        assert!(cost.0 > 95.0);
    }
}
