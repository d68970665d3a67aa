//! Speed profile of a flying lap whose grip varies along the line, with fast changes of a few segments.

use super::Limits;
use super::profile::Segment;
use super::segment::AccelerationLimit;

/// Speed profile of a flying lap, with the results of its two passes (see `profile`).
///
/// The speed at the tightest bend is its limit, from which both passes follow. So each value is a function of its
/// neighbor and of the segment between, and after a change only the values until the first equal one are computed
/// again.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FlyingProfile {
    engine: AccelerationLimit,
    brakes: AccelerationLimit,
    /// Segments of the line and the share of the grip on each.
    segments: Vec<(Segment, f64)>,
    /// Squared speeds at the beginning of each segment, m²/s²: limit of the bends, after the first pass, after both.
    limits: Vec<f64>,
    accelerated: Vec<f64>,
    squared: Vec<f64>,
}

impl FlyingProfile {
    /// Profile along `segments`, each with its share of the grip.
    pub(super) fn new(segments: Vec<(Segment, f64)>, limits: &Limits) -> Self {
        let (engine, brakes) = (AccelerationLimit::engine(limits), AccelerationLimit::brakes(limits));
        let none = vec![f64::NAN; segments.len()];
        let mut profile = FlyingProfile {
            engine,
            brakes,
            limits: none.clone(),
            accelerated: none.clone(),
            squared: none,
            segments,
        };
        let count = profile.segments.len();
        (0..count).for_each(|i| profile.limits[i] = profile.limit(i));
        let first =
            (0..count).fold(0, |best, i| if profile.limits[i] < profile.limits[best] { i } else { best });
        // The passes begin at the tightest bend.
        profile.accelerated[first] = profile.limits[first];
        profile.squared[first] = profile.limits[first];
        for i in first + 1..first + count {
            profile.accelerated[i % count] = profile.accelerate(i % count);
        }
        for i in (first + 1..first + count).rev() {
            profile.squared[i % count] = profile.brake(i % count);
        }
        profile
    }

    /// Replaces the segments from `first` on; indices continue behind the last segment. Returns the first index (at
    /// most two laps before `first`) and the number of speeds that may have changed.
    pub(super) fn replace(&mut self, first: usize, segments: &[(Segment, f64)]) -> (usize, usize) {
        let count = self.segments.len();
        for (i, segment) in segments.iter().enumerate() {
            self.segments[(first + i) % count] = *segment;
        }
        for i in first..=first + segments.len() {
            self.limits[i % count] = self.limit(i % count);
        }
        let mut end = first;
        while end < first + 2 * count {
            let value = self.accelerate(end % count);
            let is_same = value == self.accelerated[end % count];
            self.accelerated[end % count] = value;
            if is_same && end > first + segments.len() {
                break;
            }
            end += 1;
        }
        let (mut begin, last) = (end, first.saturating_sub(2 * count));
        while begin > last {
            let value = self.brake(begin % count);
            let is_same = value == self.squared[begin % count];
            self.squared[begin % count] = value;
            if is_same && begin < first {
                break;
            }
            begin -= 1;
        }
        (begin, end - begin + 1)
    }

    /// Speed at the beginning of the segment with the index `i`, m/s.
    pub(super) fn speed(&self, i: usize) -> f64 {
        self.squared[i].sqrt()
    }

    /// Index of the segment before the segment with the index `i`.
    fn previous(&self, i: usize) -> usize {
        i.checked_sub(1).unwrap_or(self.segments.len() - 1)
    }

    /// Limit of the bends before and after the beginning of segment `i`.
    fn limit(&self, i: usize) -> f64 {
        let bend = |i: usize| {
            let (segment, share) = self.segments[i];
            self.engine.with_grip_share(share).max_speed_squared(segment.curvature)
        };
        bend(self.previous(i)).min(bend(i))
    }

    /// Value of the first pass at the beginning of segment `i`.
    fn accelerate(&self, i: usize) -> f64 {
        let previous = self.previous(i);
        let ((segment, share), from) = (self.segments[previous], self.accelerated[previous]);
        let engine = self.engine.with_grip_share(share);
        self.limits[i].min(engine.speed_squared_after(segment.curvature, from, segment.length))
    }

    /// Value of the second pass at the beginning of segment `i`.
    fn brake(&self, i: usize) -> f64 {
        let ((segment, share), to) = (self.segments[i], self.squared[(i + 1) % self.segments.len()]);
        let brakes = self.brakes.with_grip_share(share);
        self.accelerated[i].min(brakes.speed_squared_after(segment.curvature, to, segment.length))
    }
}
