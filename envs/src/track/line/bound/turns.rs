//! Turning points of bends, and the bounds on lap times that follow from engine and brakes.

use std::collections::BTreeMap;

use super::super::Limits;
use super::super::profile::{Segment, crossing_time};
use super::super::segment::AccelerationLimit;
use super::add_parts;
use super::parts::{DIRECTIONS, Parts};

/// Maximum number of cross-sections from the middle of a bend to either end.
const MAX_REACH: usize = 24;

/// Bend with a turning point between the cross-sections `first` and `last`: there, a car moves across the direction
/// with the index `direction`, with at most `speed` m/s, at a place whose projection on the direction is at most `apex`
/// m.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Turn {
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) direction: usize,
    pub(super) apex: f64,
    pub(super) speed: f64,
}

/// Bound on the motion from a turning point to a cross-section, or from a cross-section to a turning point.
#[derive(Clone, Copy, Debug, Default)]
struct Reach {
    /// Length that a car on a straight with the speed of the turning point drives at least in the same time, m.
    length: f64,
    /// The part of the length where the car still turns, m.
    turning: f64,
}

/// Bends in the order of the lap, from the start line to the start line; they have no cross-section in common, except
/// for their ends.
pub(super) struct Turns<'a> {
    parts: &'a Parts,
    grip: f64,
    engine: AccelerationLimit,
    brakes: AccelerationLimit,
    turns: Vec<Turn>,
}

impl<'a> Turns<'a> {
    /// Bends chosen such that the bound on flying laps is as great as possible. `spacing`: distance between the sampled
    /// cross-sections, m.
    pub(super) fn find(parts: &'a Parts, limits: &Limits, spacing: f64) -> Self {
        let (engine, brakes) = (AccelerationLimit::engine(limits), AccelerationLimit::brakes(limits));
        let mut found = Turns { parts, grip: limits.grip, engine, brakes, turns: Vec::new() };
        let mut candidates: Vec<Turn> =
            (0..parts.count).filter_map(|middle| slowest_turn(parts, middle, limits, spacing)).collect();
        candidates.sort_by(|a, b| a.speed.total_cmp(&b.speed));
        let (mut best, mut known) = (0.0, BTreeMap::new());
        for &candidate in candidates.iter().chain(&candidates) {
            let apart = |turn: &Turn| turn.last <= candidate.first || candidate.last <= turn.first;
            let mut turns: Vec<Turn> = found.turns.iter().copied().filter(apart).collect();
            turns.insert(turns.partition_point(|turn| turn.first < candidate.first), candidate);
            let before = std::mem::replace(&mut found.turns, turns);
            let bound = found.pairs().map(|(a, b)| {
                let key = [a, b].map(|turn| (turn.first, turn.last, turn.direction, turn.apex.to_bits()));
                *known.entry(key).or_insert_with(|| found.time_between(&a, &b))
            });
            let bound: f64 = bound.sum();
            if bound > best {
                best = bound;
            } else {
                found.turns = before;
            }
        }
        found
    }

    /// Pairs of successive bends of a flying lap.
    fn pairs(&self) -> impl Iterator<Item = (Turn, Turn)> {
        let next_lap = self.turns.first().map(|turn| Turn {
            first: turn.first + self.parts.count,
            last: turn.last + self.parts.count,
            ..*turn
        });
        self.turns.iter().copied().zip(self.turns.iter().copied().skip(1).chain(next_lap))
    }

    /// Lower bound on flying laps, s; 0 without bends.
    pub(super) fn flying_lap(&self) -> f64 {
        self.pairs().map(|(from, to)| self.time_between(&from, &to)).sum()
    }

    /// Lower bound on laps from the start line to the start line, s, given lower bounds `times` on the time until each
    /// cross-section.
    pub(super) fn open_lap(&self, times: Vec<f64>) -> f64 {
        let count = self.parts.count;
        let without = times[count];
        let (Some(first), Some(last)) = (self.turns.first(), self.turns.last()) else { return without };
        let begin = times.iter().zip(self.times_before(first, 0)).map(|(a, b)| a + b).fold(0.0, f64::max);
        let middle: f64 = self.turns.windows(2).map(|pair| self.time_between(&pair[0], &pair[1])).sum();
        let end = self.times_after(last, count).last().copied().unwrap_or(0.0);
        without.max(begin + middle + end)
    }

    /// Lower bounds on the time from the turning point of `turn` to each cross-section from its last one to `to`, s.
    pub(super) fn times_after(&self, turn: &Turn, to: usize) -> Vec<f64> {
        let leaving = self.leaving(turn, to).into_iter();
        let mut times: Vec<f64> =
            leaving.map(|reach| straight_time(&self.engine, turn, reach.length)).collect();
        add_parts(self.parts, turn.last, &mut times);
        times
    }

    /// Lower bounds on the time from each cross-section from `from` to the first one of `turn`, to its turning point,
    /// s.
    pub(super) fn times_before(&self, turn: &Turn, from: usize) -> Vec<f64> {
        let arriving = self.arriving(turn, from).into_iter();
        arriving.map(|reach| straight_time(&self.brakes, turn, reach.length)).collect()
    }

    /// Lower bound on the time between the turning points of two successive bends, s.
    fn time_between(&self, from: &Turn, to: &Turn) -> f64 {
        let times = self.times_after(from, to.first).into_iter().zip(self.times_before(to, from.last));
        let reaches = self.leaving(from, to.first).into_iter().zip(self.arriving(to, from.last));
        let mut best = times.map(|(a, b)| a + b).fold(0.0, f64::max);
        for (a, b) in reaches {
            // A straight of the whole length; the speed is limited by the engine alone in the first turn and by the
            // brakes alone in the second one.
            let length = a.length + b.length;
            let after = |limit: &AccelerationLimit, turn: &Turn, length: f64| {
                limit.speed_squared_after(0.0, turn.speed * turn.speed, length)
            };
            if after(&self.engine, from, a.turning) <= after(&self.brakes, to, length - a.turning)
                && after(&self.brakes, to, b.turning) <= after(&self.engine, from, length - b.turning)
            {
                let straight = Segment { length, curvature: 0.0 };
                let (from, to) = (from.speed * from.speed, to.speed * to.speed);
                best = best.max(crossing_time(&straight, &self.engine, &self.brakes, from, to));
            }
        }
        best
    }

    /// Bounds from the turning point of `turn` to each cross-section from its last one to `to`.
    fn leaving(&self, turn: &Turn, to: usize) -> Vec<Reach> {
        let straight = Straight::new(turn.speed, self.grip, &self.engine);
        let mut reaches: Vec<Reach> = Vec::with_capacity(to - turn.last + 1);
        for section in turn.last..=to {
            let direct = straight.reach(self.parts.section(section).least[turn.direction] - turn.apex);
            let through = |(i, reach): (usize, &Reach)| Reach {
                length: reach.length + self.parts.distance(turn.last + i, section),
                ..*reach
            };
            let reach = reaches.iter().enumerate().map(through).fold(direct, longer);
            reaches.push(reach);
        }
        reaches
    }

    /// Bounds from each cross-section from `from` to the first one of `turn`, to its turning point.
    fn arriving(&self, turn: &Turn, from: usize) -> Vec<Reach> {
        let straight = Straight::new(turn.speed, self.grip, &self.brakes);
        // In reverse order.
        let mut reaches: Vec<Reach> = Vec::with_capacity(turn.first - from + 1);
        for section in (from..=turn.first).rev() {
            let direct = straight.reach(self.parts.section(section).least[turn.direction] - turn.apex);
            let through = |(i, reach): (usize, &Reach)| Reach {
                length: reach.length + self.parts.distance(section, turn.first - i),
                ..*reach
            };
            let reach = reaches.iter().enumerate().map(through).fold(direct, longer);
            reaches.push(reach);
        }
        reaches.reverse();
        reaches
    }
}

/// Time of a car on a straight of `length` m from or to the speed of `turn`, s.
fn straight_time(limit: &AccelerationLimit, turn: &Turn, length: f64) -> f64 {
    limit.advance(0.0, turn.speed * turn.speed, length).1
}

fn longer(a: Reach, b: Reach) -> Reach {
    if b.length > a.length { b } else { a }
}

/// Motion away from a turning point: the speed in the direction is at most the grip times the time, and at most that of
/// a car on a straight with the speed of the turning point.
struct Straight<'a> {
    speed: f64,
    grip: f64,
    limit: &'a AccelerationLimit,
    /// Time (s) and length (m) on the straight after which the speed on the straight is the lower one.
    turned: (f64, f64),
}

impl<'a> Straight<'a> {
    fn new(speed: f64, grip: f64, limit: &'a AccelerationLimit) -> Self {
        let mut straight = Straight { speed, grip, limit, turned: (0.0, 0.0) };
        // Bisection from below.
        let (mut low, mut high) = (0.0, 1e4);
        for _ in 0..50 {
            let middle = 0.5 * (low + high);
            let (squared, time) = limit.advance(0.0, speed * speed, middle);
            if (grip * time).powi(2) < squared { low = middle } else { high = middle }
        }
        straight.turned = (straight.time(low), low);
        straight
    }

    fn time(&self, length: f64) -> f64 {
        self.limit.advance(0.0, self.speed * self.speed, length).1
    }

    /// Lower bound on the length that the car on the straight drives while this one moves by `distance` m.
    fn reach(&self, distance: f64) -> Reach {
        let (turned, length) = self.turned;
        let turning = 0.5 * self.grip * turned * turned;
        if distance >= turning {
            return Reach { length: length + distance - turning, turning: length + distance - turning };
        }
        let time = (2.0 * distance.max(0.0) / self.grip).sqrt();
        let (mut low, mut high) = (0.0, length);
        for _ in 0..40 {
            let middle = 0.5 * (low + high);
            if self.time(middle) < time { low = middle } else { high = middle }
        }
        Reach { length: low, turning: low }
    }
}

/// The turn with the lowest speed at its turning point whose apex is on the cross-section `middle`; `None` if no
/// direction has one.
pub(super) fn slowest_turn(parts: &Parts, middle: usize, limits: &Limits, spacing: f64) -> Option<Turn> {
    let mut best: Option<Turn> = None;
    for direction in 0..DIRECTIONS {
        let across = (direction + DIRECTIONS / 4) % DIRECTIONS;
        let apex = parts.section(middle).greatest[direction];
        let extend = |range: (f64, f64), section: usize| {
            let road = parts.road(section);
            (range.0.min(road.least[across]), range.1.max(road.greatest[across]))
        };
        let empty = (f64::INFINITY, f64::NEG_INFINITY);
        let mut behind = empty;
        for first in (middle.saturating_sub(MAX_REACH)..middle).rev() {
            behind = extend(behind, first);
            let before = parts.section(first).least[direction] - apex;
            if before <= 0.0 {
                continue;
            }
            let mut road = behind;
            for last in middle + 1..=parts.count.min(middle + MAX_REACH) {
                road = extend(road, last - 1);
                let distance = before.min(parts.section(last).least[direction] - apex);
                if distance <= 0.0 {
                    continue;
                }
                // The edges between the sampled cross-sections are not exactly straight.
                let speed = greatest_speed(limits.grip, distance, road.1 - road.0 + spacing);
                if speed < best.map_or(limits.top_speed, |turn| turn.speed) {
                    best = Some(Turn { first, last, direction, apex, speed });
                }
            }
        }
    }
    best
}

/// Upper bound on the speed at a turning point from which the ends of the road are at least `distance` m away in the
/// direction, m/s; `width`: extent of the road across the direction, m.
fn greatest_speed(grip: f64, distance: f64, width: f64) -> f64 {
    if 2.0 * distance >= width {
        (grip * width).sqrt()
    } else {
        (0.5 * width + distance) * (0.5 * grip / distance).sqrt()
    }
}
