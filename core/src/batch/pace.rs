//! Serial or parallel, by measured cost.

use std::time::Instant;

use super::{Rows, Seat};
use crate::Env;

/// Serial work below which a tick is never split: entering rayon from outside its pool costs 13 to 20 microseconds,
/// waking a sleeping worker about as much again.
const WORTH_SPLITTING_NS: f64 = 80_000.0;
/// Work of one chunk: small enough to balance, large enough that its hand-over does not show.
const CHUNK_NS: f64 = 20_000.0;
/// A tick in so many is timed.
const TIMED_EVERY: u32 = 1024;
/// The first ticks run on cold caches and say little.
const WARM_UP: u32 = 8;

/// Knows what a row costs, and so whether threads would pay. It decides when work is split, never what comes out.
#[derive(Default)]
pub(super) struct Pace {
    ns_per_row: f64,
    ticks: u32,
}

impl Pace {
    #[inline]
    pub(super) fn tick<E: Env>(&mut self, rows: usize, all: Rows<'_, E>, env: &E, seat: Seat) {
        self.ticks = self.ticks.wrapping_add(1);
        if self.ticks == WARM_UP || self.ticks.is_multiple_of(TIMED_EVERY) {
            let begin = Instant::now();
            all.serial(env, seat);
            self.learn(begin.elapsed().as_nanos() as f64 / rows.max(1) as f64);
        } else if rows as f64 * self.ns_per_row > WORTH_SPLITTING_NS && rayon::current_num_threads() > 1 {
            all.parallel(env, seat, (CHUNK_NS / self.ns_per_row) as usize);
        } else {
            all.serial(env, seat);
        }
    }

    /// A pause of the machine only ever makes a tick look dearer: go down at once, up slowly.
    fn learn(&mut self, ns: f64) {
        self.ns_per_row = if self.ns_per_row == 0.0 || ns < self.ns_per_row {
            ns
        } else {
            0.75 * self.ns_per_row + 0.25 * ns.min(2.0 * self.ns_per_row)
        };
    }
}
