//! [`AdaptiveThreads`]: choice between one thread and many for each step of a batch, by measured times.

use std::time::Instant;

use super::{BatchChunk, EpisodeSummary, StreamSource};
use crate::Env;

/// Time of a step on one thread, in nanoseconds, below which a step is never split: entering rayon from outside its
/// pool costs 13 to 20 microseconds, and waking a sleeping worker thread about as much again.
const MIN_PARALLEL_NS: f64 = 80_000.0;
/// Time of one chunk, in nanoseconds: long compared with the cost of its transfer to a worker thread, and short enough
/// that no worker waits long for the last chunk. A worker that waits longer falls asleep, and waking it takes longer
/// than a chunk.
const CHUNK_NS: f64 = 6_000.0;
/// Numbers of the first steps that are timed; earlier steps run on cold caches. The fastest one counts.
const WARM_UP: std::ops::RangeInclusive<u32> = 4..=8;
/// Number of steps after which a step on one thread is timed again, because a world may have become slower.
const TIMING_INTERVAL: u32 = 1024;
/// Number of steps after which many threads are tried again, if they were slower: they may have been busy with other
/// work.
const TRIAL_INTERVAL: u32 = 256;
/// Numbers of the steps of each interval in which many threads are tried: several in a row, because the first one only
/// wakes sleeping workers. The first trial follows the warm-up.
const TRIAL: std::ops::RangeInclusive<u32> = 9..=16;

/// Measured times of a step on one thread and on many, which decide whether a step is split. Results do not depend on
/// the decision.
#[derive(Default)]
pub(super) struct AdaptiveThreads {
    serial: Cost,
    parallel: Cost,
    steps: u32,
}

impl AdaptiveThreads {
    /// Steps all environments; appends summaries of ended episodes to `finished`.
    #[inline(always)]
    pub(super) fn step<E: Env>(
        &mut self,
        all: BatchChunk<'_, E>,
        env: &E,
        source: StreamSource,
        finished: &mut Vec<EpisodeSummary>,
    ) {
        self.steps = self.steps.wrapping_add(1);
        let n = all.len().max(1) as f64;
        let expensive = n * self.serial.0 > MIN_PARALLEL_NS;
        if expensive && self.is_parallel_faster() {
            let chunk = (CHUNK_NS / self.serial.0) as usize;
            let start = Instant::now();
            all.parallel(env, source, chunk, finished);
            return self.parallel.update(start.elapsed().as_nanos() as f64 / n);
        }
        let timed = expensive || WARM_UP.contains(&self.steps) || self.steps.is_multiple_of(TIMING_INTERVAL);
        let start = timed.then(Instant::now);
        all.serial(env, source, finished);
        if let Some(start) = start {
            self.serial.update(start.elapsed().as_nanos() as f64 / n);
        }
    }

    /// Whether to split the next step: there are several threads, and they were faster or are due for a trial.
    #[inline(never)]
    fn is_parallel_faster(&self) -> bool {
        rayon::current_num_threads() > 1
            && if self.parallel.0 <= self.serial.0 {
                !self.steps.is_multiple_of(TIMING_INTERVAL)
            } else {
                TRIAL.contains(&(self.steps % TRIAL_INTERVAL))
            }
    }
}

/// Measured time of a step per environment, in nanoseconds; 0 before the first measurement.
#[derive(Default)]
struct Cost(f64);

impl Cost {
    /// Includes a new measurement. A lower time replaces the old one; a higher time has a weight of 1/4, because a
    /// pause of the machine makes single steps slower.
    fn update(&mut self, ns: f64) {
        self.0 = if self.0 == 0.0 || ns < self.0 { ns } else { 0.75 * self.0 + 0.25 * ns.min(2.0 * self.0) };
    }
}

#[cfg(test)]
mod tests {
    use super::Cost;

    #[test]
    fn a_pause_is_forgotten_and_a_lasting_change_is_learned() {
        let mut cost = Cost::default();
        [10.0, 1e9].iter().for_each(|&ns| cost.update(ns));
        assert!(cost.0 <= 12.5);
        cost.update(10.0);
        assert_eq!(cost.0, 10.0);
        (0..30).for_each(|_| cost.update(100.0));
        assert!(cost.0 > 95.0);
    }
}
