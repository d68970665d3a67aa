//! The choice between one thread and many for a step of a batch, by measured cost.

use std::time::Instant;

use super::{BatchChunk, EpisodeSummary, StreamSource};
use crate::Env;

/// Nanoseconds of serial work below which a step is never split: entering rayon from outside its pool costs 13 to 20
/// microseconds, waking a sleeping worker about as much again.
const MIN_PARALLEL_NS: f64 = 80_000.0;
/// Nanoseconds of work of one chunk: enough to hide the cost of its hand-over, and little enough that no worker waits
/// long for the last chunk. A worker that waits longer falls asleep, and waking it costs more than a chunk.
const CHUNK_NS: f64 = 6_000.0;
/// Steps that are timed first, after some on cold caches; the fastest counts.
const WARM_UP: std::ops::RangeInclusive<u32> = 4..=8;
/// Interval of timed serial steps, which notice a world that has become slower.
const TIMING_INTERVAL: u32 = 1024;
/// Interval of new trials after threads were slower, because they were busy elsewhere.
const TRIAL_INTERVAL: u32 = 256;
/// Steps of an interval that are trials: several in a row, because the first one only wakes a sleeping worker. The
/// first trial follows the warm-up.
const TRIAL: std::ops::RangeInclusive<u32> = 9..=16;

/// Measured cost of a step on one thread and on many. It decides when work is split, and never changes results.
#[derive(Default)]
pub(super) struct AdaptiveThreads {
    serial: Cost,
    parallel: Cost,
    steps: u32,
}

impl AdaptiveThreads {
    /// Steps all environments; appends the episodes that end to `finished`.
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

    /// Whether there are threads, and they are faster as far as is known.
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

/// Nanoseconds for one environment; 0 before the first measurement.
#[derive(Default)]
struct Cost(f64);

impl Cost {
    /// Takes a measurement: lower ones at once, higher ones slowly, because a pause of the machine only makes a step
    /// slower.
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
