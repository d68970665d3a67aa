//! The fastest way to drive a given line: Lipp & Boyd, "Minimum-time speed optimisation over a fixed path" (2014).
//!
//! Among all speed profiles that the limits allow there is one that is fastest at every point. It is the lower one of
//! two: accelerating as hard as possible from every bend's speed limit on, and braking as hard as possible towards every
//! bend's speed limit. One forward and one backward pass find it. On segments of constant curvature both passes, and
//! the place within a segment where one takes over from the other, are exact; a line whose curvature varies is cut into
//! short ones, which costs an error of second order in their length.

use super::Limits;
use super::segment::Push;

/// A piece of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    /// Its length, m.
    pub length: f64,
    /// Its curvature, 1/m, positive to the left.
    pub curvature: f64,
}

/// How a lap begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Start {
    /// One lap of many: it ends as fast as it began.
    Flying,
    /// With this speed, m/s, lowered where the line does not allow it; the end is free. Zero is a standing start.
    From(f64),
}

/// Speeds and times along a line.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Speed at the beginning of each segment and at the end of the last, m/s, `[segments + 1]`.
    pub speeds: Vec<f64>,
    /// Time at the same places, s, `[segments + 1]`; the last one is the lap time.
    pub times: Vec<f64>,
}

impl Profile {
    /// The lap time, s.
    pub fn lap_time(&self) -> f64 {
        self.times.last().copied().unwrap_or(0.0)
    }
}

/// The fastest profile along a closed line that begins at the first segment.
pub fn profile(line: &[Segment], limits: &Limits, start: Start) -> Profile {
    let (engine, brakes) = (Push::engine(limits), Push::brakes(limits));
    let count = line.len();
    if count == 0 {
        return Profile { speeds: vec![0.0], times: vec![0.0] };
    }
    // Speeds squared at the beginning of each segment, and at the end of the last.
    let mut squared: Vec<f64> = (0..=count)
        .map(|i| {
            let (behind, ahead) = (line[(i + count - 1) % count], line[i % count]);
            engine.ceiling(behind.curvature).min(engine.ceiling(ahead.curvature))
        })
        .collect();
    // Constant speed at the tightest bend's limit is feasible, so the fastest profile touches that limit: the passes of
    // a flying lap begin there.
    let first = match start {
        Start::Flying => (0..count).fold(0, |best, i| if squared[i] < squared[best] { i } else { best }),
        Start::From(speed) => {
            squared[0] = squared[0].min(engine.ceiling(line[0].curvature)).min(speed.max(0.0).powi(2));
            squared[count] = engine.ceiling(line[count - 1].curvature);
            0
        }
    };
    let close = |squared: &mut Vec<f64>| {
        if start == Start::Flying {
            let both = squared[0].min(squared[count]);
            (squared[0], squared[count]) = (both, both);
        }
    };
    for i in (0..count).map(|i| (first + i) % count) {
        let reached = engine.reach(line[i].curvature, squared[i], line[i].length);
        squared[i + 1] = squared[i + 1].min(reached);
        close(&mut squared);
    }
    for i in (0..count).rev().map(|i| (first + i) % count) {
        let reached = brakes.reach(line[i].curvature, squared[i + 1], line[i].length);
        squared[i] = squared[i].min(reached);
        close(&mut squared);
    }
    let mut times = Vec::with_capacity(count + 1);
    times.push(0.0);
    for (i, segment) in line.iter().enumerate() {
        times.push(times[i] + crossing_time(segment, &engine, &brakes, squared[i], squared[i + 1]));
    }
    Profile { speeds: squared.into_iter().map(f64::sqrt).collect(), times }
}

/// Seconds to cross a segment between two speeds squared: as fast as possible, then braking as late as possible.
fn crossing_time(segment: &Segment, engine: &Push, brakes: &Push, from: f64, to: f64) -> f64 {
    let Segment { length, curvature } = *segment;
    let (fastest, time) = engine.run(curvature, from, length);
    if fastest <= to * (1.0 + 1e-12) {
        return time;
    }
    let (fastest, time) = brakes.run(curvature, to, length);
    if fastest <= from * (1.0 + 1e-12) {
        return time;
    }
    // Where the two meet; what is gained before falls, what must be lost after rises.
    let (mut low, mut high) = (0.0, length);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        let ahead = brakes.reach(curvature, to, length - middle);
        if engine.reach(curvature, from, middle) < ahead {
            low = middle;
        } else {
            high = middle;
        }
    }
    engine.run(curvature, from, low).1 + brakes.run(curvature, to, length - low).1
}
