//! Time-optimal speed profile along a given line: Lipp & Boyd, "Minimum-time speed optimization over a fixed path"
//! (2014).
//!
//! One feasible profile is the fastest at every point. It is the minimum of two profiles: maximum acceleration out of
//! every bend, from the bend's speed limit, and maximum braking into every bend, down to the bend's speed limit. A
//! forward and a backward pass compute these two profiles. On segments of constant curvature both passes and their
//! intersection are exact. A line of varying curvature is divided into short segments, with an error of second order in
//! their length.

use super::Limits;
use super::segment::AccelerationLimit;

/// Piece of a line with constant curvature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    /// Length, m.
    pub length: f64,
    /// Curvature, 1/m, positive to the left.
    pub curvature: f64,
}

/// Choice of the initial condition of a lap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Start {
    /// Periodic lap: initial and final speed are equal.
    Flying,
    /// Given initial speed, m/s, which is reduced if it is too fast for the line; the final speed is free. 0 is a
    /// standing start.
    AtSpeed(f64),
}

/// Speeds and times along a line.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Speed at the beginning of each segment and at the end of the last one, m/s, `[segments + 1]`.
    pub speeds: Vec<f64>,
    /// Time at the beginning of each segment and at the end of the last one, s, `[segments + 1]`; the last entry is the
    /// lap time.
    pub times: Vec<f64>,
}

impl Profile {
    /// Lap time, s.
    pub fn lap_time(&self) -> f64 {
        self.times.last().copied().unwrap_or(0.0)
    }
}

/// Time-optimal speed profile along a closed line; the lap begins with the first segment.
pub fn profile(line: &[Segment], limits: &Limits, start: Start) -> Profile {
    let (engine, brakes) = (AccelerationLimit::engine(limits), AccelerationLimit::brakes(limits));
    let count = line.len();
    if count == 0 {
        return Profile { speeds: vec![0.0], times: vec![0.0] };
    }
    // Squared speeds at the beginning of each segment and at the end of the last one.
    let mut squared: Vec<f64> = (0..=count)
        .map(|i| {
            let (behind, ahead) = (line[(i + count - 1) % count], line[i % count]);
            engine.max_speed_squared(behind.curvature).min(engine.max_speed_squared(ahead.curvature))
        })
        .collect();
    // A lap at a constant speed, the speed limit of the tightest bend, is feasible; so the optimal profile reaches this
    // limit in that bend: the passes of a flying lap begin there.
    let first = match start {
        Start::Flying => (0..count).fold(0, |best, i| if squared[i] < squared[best] { i } else { best }),
        Start::AtSpeed(speed) => {
            squared[0] =
                squared[0].min(engine.max_speed_squared(line[0].curvature)).min(speed.max(0.0).powi(2));
            squared[count] = engine.max_speed_squared(line[count - 1].curvature);
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
        let reached = engine.speed_squared_after(line[i].curvature, squared[i], line[i].length);
        squared[i + 1] = squared[i + 1].min(reached);
        close(&mut squared);
    }
    for i in (0..count).rev().map(|i| (first + i) % count) {
        let reached = brakes.speed_squared_after(line[i].curvature, squared[i + 1], line[i].length);
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

/// Time for a segment, s, from the squared speed `from` to the squared speed `to`: maximum acceleration, then maximum
/// braking.
pub(super) fn crossing_time(
    segment: &Segment,
    engine: &AccelerationLimit,
    brakes: &AccelerationLimit,
    from: f64,
    to: f64,
) -> f64 {
    let Segment { length, curvature } = *segment;
    let (fastest, time) = engine.advance(curvature, from, length);
    if fastest <= to * (1.0 + 1e-12) {
        return time;
    }
    let (fastest, time) = brakes.advance(curvature, to, length);
    if fastest <= from * (1.0 + 1e-12) {
        return time;
    }
    // Bisection for the point where acceleration ends and braking begins.
    let (mut low, mut high) = (0.0, length);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        let ahead = brakes.speed_squared_after(curvature, to, length - middle);
        if engine.speed_squared_after(curvature, from, middle) < ahead {
            low = middle;
        } else {
            high = middle;
        }
    }
    engine.advance(curvature, from, low).1 + brakes.advance(curvature, to, length - low).1
}

#[cfg(test)]
mod tests {
    use std::f64::consts::{PI, TAU};

    use freewheel_core::{Purpose, Streams};

    use super::*;

    fn stadium() -> [Segment; 4] {
        let straight = Segment { length: 100.0, curvature: 0.0 };
        let bend = Segment { length: 20.0 * PI, curvature: 0.05 };
        [straight, bend, straight, bend]
    }

    #[test]
    fn laps_that_are_known() {
        let limits = Limits::point_mass(9.81, 70.0, 0.0);
        let circle = [Segment { length: TAU * 15.0, curvature: 1.0 / 15.0 }];
        assert!((profile(&circle, &limits, Start::Flying).lap_time() - 7.769463).abs() < 1e-6);
        assert!((profile(&stadium(), &limits, Start::Flying).lap_time() - 17.249979).abs() < 1e-6);
    }

    #[test]
    fn cutting_segments_up_changes_nothing() {
        let limits = Limits { drive: 3.0, power: 60.0, brake: 7.0, ..Limits::point_mass(9.81, 23.0, 0.0) };
        let cut: Vec<Segment> =
            stadium().into_iter().flat_map(|s| vec![Segment { length: s.length / 7.0, ..s }; 7]).collect();
        for start in [Start::Flying, Start::AtSpeed(0.0), Start::AtSpeed(18.0)] {
            let whole = profile(&stadium(), &limits, start);
            let parts = profile(&cut, &limits, start);
            assert!((whole.lap_time() - parts.lap_time()).abs() < 1e-9, "{start:?}");
            assert!((whole.speeds[2] - parts.speeds[14]).abs() < 1e-9, "{start:?}");
        }
    }

    #[test]
    fn a_standing_start_on_a_straight() {
        let limits = Limits::point_mass(9.81, 200.0, 0.0);
        let straight = [Segment { length: 50.0, curvature: 0.0 }];
        let found = profile(&straight, &limits, Start::AtSpeed(0.0));
        assert!((found.lap_time() - (2.0f64 * 50.0 / 9.81).sqrt()).abs() < 1e-12);
        let limits = Limits { drive: 2.0, ..limits };
        let found = profile(&straight, &limits, Start::AtSpeed(10.0));
        assert!((found.speeds[1] - 300f64.sqrt()).abs() < 1e-12);
    }

    /// Independent solution of the time-optimal profile by dynamic programming over a grid of speeds.
    fn searched(line: &[Segment], limits: &Limits, grid: usize, from: f64) -> f64 {
        let squared: Vec<f64> =
            (0..=grid).map(|j| (limits.top_speed * j as f64 / grid as f64).powi(2)).collect();
        let mut left = vec![0.0; grid + 1];
        for segment in line.iter().rev() {
            let allowed = |y: f64, z: f64| {
                let (along, across) = ((z - y) / (2.0 * segment.length), segment.curvature * 0.5 * (y + z));
                along.hypot(across) <= limits.grip && along <= limits.drive && along >= -limits.brake
            };
            left = squared
                .iter()
                .map(|&y| {
                    let ways = squared.iter().zip(&left).filter(|&(&z, _)| y + z > 0.0 && allowed(y, z));
                    let time =
                        |(&z, &rest): (&f64, &f64)| rest + 2.0 * segment.length / (y.sqrt() + z.sqrt());
                    ways.map(time).fold(f64::INFINITY, f64::min)
                })
                .collect();
        }
        let start = squared.iter().position(|&y| y >= from * from - 1e-9).unwrap();
        left[start]
    }

    #[test]
    fn no_search_over_speeds_finds_a_faster_one() {
        let mut rng = Streams::new(11).stream(Purpose::Generation, 0, 0);
        for case in 0..3 {
            let limits = match case {
                0 => Limits::point_mass(9.81, 25.0, 0.0),
                _ => Limits { drive: 4.0, brake: 6.0, ..Limits::point_mass(9.81, 25.0, 0.0) },
            };
            let (mut line, mut curvature) = (Vec::new(), 0.0f64);
            for _ in 0..60 {
                curvature = 0.9 * curvature + 0.02 * rng.normal();
                line.push(Segment { length: 2.0, curvature });
            }
            let ours = profile(&line, &limits, Start::AtSpeed(5.0)).lap_time();
            let theirs = searched(&line, &limits, 500, 5.0);
            assert!(theirs > 0.995 * ours && theirs < 1.02 * ours, "{case}: {ours} {theirs}");
        }
    }
}
