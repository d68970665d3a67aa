//! Steps at which the log lines, evaluations and checkpoints of a run are due.
//!
//! They depend on the steps of the schedule, not on those of the run: a run and its extension have the same ones.

/// Distances of the events of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cadence {
    /// Steps in which an event occurs as often as its number of points says, a multiple of `num_envs`.
    pub(crate) schedule: u64,
    /// Number of environments that are stepped at once: events are due at multiples of it.
    pub(crate) num_envs: u64,
}

impl Cadence {
    /// First step after `now` at which an event is due that occurs `points` times in the schedule, evenly spaced;
    /// `u64::MAX` for 0 points.
    pub(crate) fn next(self, now: u64, points: u64) -> u64 {
        let points = points.min(self.schedule);
        if points == 0 {
            return u64::MAX;
        }
        let (points, schedule) = (u128::from(points), u128::from(self.schedule));
        let at = |k: u128| ((k * schedule).div_ceil(points) as u64).next_multiple_of(self.num_envs);
        let mut k = u128::from(now) * points / schedule;
        while at(k) <= now {
            k += 1;
        }
        at(k)
    }

    /// Whether an event with `points` points is due at `step`.
    pub(crate) fn is_due(self, step: u64, points: u64) -> bool {
        step > 0 && step == self.next(step - 1, points)
    }

    /// Steps of the log-spaced checkpoints of a run of `total` steps, ascending: the steps of the schedule divided by
    /// 2, 4 and so on, `count` of them and fewer in a short schedule, rounded up to a multiple of `num_envs`; and
    /// multiplied by 1, 2, 4 and so on in a run that is longer than its schedule.
    pub(crate) fn log_spaced(self, count: u64, total: u64) -> Vec<u64> {
        let count = count.min(63);
        let halves = (1..=count).rev().map(|k| (self.schedule >> k).next_multiple_of(self.num_envs));
        let doubles = std::iter::successors(Some(self.schedule), |step| step.checked_mul(2));
        let doubles = doubles.take_while(|&step| count > 0 && step < total);
        let mut steps: Vec<u64> = halves.chain(doubles).filter(|&step| step > 0 && step < total).collect();
        steps.dedup();
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(points: u64, schedule: u64, num_envs: u64, total: u64) -> Vec<u64> {
        let cadence = Cadence { schedule, num_envs };
        (1..=total).filter(|&step| cadence.is_due(step, points)).collect()
    }

    #[test]
    fn events_are_evenly_spaced_and_the_last_is_at_the_end() {
        assert_eq!(all(4, 100, 1, 100), [25, 50, 75, 100]);
        assert_eq!(all(3, 10, 1, 10), [4, 7, 10]);
        assert_eq!(all(0, 10, 1, 10), [0u64; 0]);
        assert_eq!(all(100, 5, 1, 5), [1, 2, 3, 4, 5]);
        assert_eq!(all(3, 64, 16, 64), [32, 48, 64]);
    }

    #[test]
    fn a_longer_run_begins_with_the_events_of_the_schedule() {
        assert_eq!(all(3, 10, 1, 20), [4, 7, 10, 14, 17, 20]);
        assert_eq!(all(4, 100, 1, 60), [25, 50]);
        assert_eq!(Cadence { schedule: 10, num_envs: 1 }.next(9, 0), u64::MAX);
    }

    #[test]
    fn log_spaced_steps_halve_and_double() {
        let of = |count, schedule, num_envs, total| Cadence { schedule, num_envs }.log_spaced(count, total);
        assert_eq!(of(4, 1000, 1, 1000), [62, 125, 250, 500]);
        assert_eq!(of(4, 1000, 16, 1000), [64, 128, 256, 512]);
        assert_eq!(of(12, 10, 1, 10), [1, 2, 5]);
        assert_eq!(of(12, 1, 8, 1), [0u64; 0]);
        assert_eq!(of(0, 1000, 1, 4000), [0u64; 0]);
        assert_eq!(of(12, 1_000_000, 8, 1_000_000).len(), 12);
        assert_eq!(of(2, 1000, 1, 4000), [250, 500, 1000, 2000]);
        assert_eq!(of(2, 1000, 1, 300), [250]);
    }
}
