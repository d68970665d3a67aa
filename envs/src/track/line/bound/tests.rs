//! Bounds of parts of a lap against the motion in it, and bounds of laps against laps.

use freewheel_core::{Purpose, Stream, Streams};

use super::super::profile::{Segment, Start, profile};
use super::super::{LineKind, plan_line};
use super::*;
use crate::track::circuit::Circuit;

/// Asserts that every part of a lap, not only the sum, takes at least the time of its bound; returns the largest ratio
/// of bound to time.
fn holds_everywhere(circuit: &Circuit, kind: LineKind) -> f64 {
    let limits = Limits::point_mass(9.81, 30.0, 1.0);
    let driven = plan_line(circuit, &limits, kind).unwrap();
    let corridor = Corridor::new(circuit, driven.path.points.len(), limits.clearance).unwrap();
    let points = &driven.path.points;
    let parts = Parts::new(&corridor, &limits);
    let time = |section: usize| {
        let s = corridor.sections[section * corridor.len() / parts.count].s;
        let after = points.partition_point(|point| point.s <= s);
        let (a, b) = (points[after - 1], points.get(after));
        let (end, at) = b.map_or((driven.lap_time, circuit.length()), |b| (driven.times[after], b.s));
        driven.times[after - 1] + (s - a.s) / (at - a.s) * (end - driven.times[after - 1])
    };
    let mut tightest = 0f64;
    for from in 0..parts.count {
        for to in from + 1..parts.count.min(from + parts.span()) {
            let (bound, taken) = (parts.time(from, to), time(to) - time(from));
            // Times on a mesh have a discretization error.
            assert!(
                bound <= taken * (1.0 + 5e-3),
                "{} {kind:?} {from} {to}: {bound} {taken}",
                circuit.name()
            );
            tightest = tightest.max(bound / taken);
        }
    }
    tightest
}

#[test]
fn no_part_of_a_lap_is_quicker_than_its_bound() {
    let narrow = Circuit::circle(20.0, 1.05).unwrap();
    let tightest = holds_everywhere(&narrow, LineKind::MinTime);
    assert!(tightest > 0.9, "narrow circle: {tightest}");
    for name in ["l", "hairpins", "chicane"] {
        let circuit = Circuit::named(name, 0).unwrap().unwrap();
        let tightest = [LineKind::Center, LineKind::MinTime].map(|kind| holds_everywhere(&circuit, kind));
        let tightest = tightest.into_iter().fold(0.0, f64::max);
        assert!(tightest > 0.7, "{name}: {tightest}");
    }
}

/// In every bend with a turning point, a lap has such a point, with a speed below the bound. The bounds on the times to
/// and from it hold.
#[test]
fn laps_have_the_turning_points_of_bends() {
    for name in ["hairpins", "l", "club"] {
        let circuit = Circuit::named(name, 0).unwrap().unwrap();
        let limits = Limits { drive: 4.0, power: 60.0, brake: 8.0, ..Limits::point_mass(9.81, 40.0, 1.0) };
        let driven = plan_line(&circuit, &limits, LineKind::MinTime).unwrap();
        let points = &driven.path.points;
        let corridor = Corridor::new(&circuit, 800, limits.clearance).unwrap();
        let parts = Parts::new(&corridor, &limits);
        let turns = Turns::find(&parts, &limits, corridor.step);
        let place = |section: usize| corridor.sections[section * corridor.len() / parts.count].s;
        let mut found = 0;
        for turn in
            (0..parts.count).filter_map(|middle| turns::slowest_turn(&parts, middle, &limits, corridor.step))
        {
            let (first, last) = (place(turn.first), place(turn.last % parts.count));
            if last < first {
                continue;
            }
            let (sin, cos) = (turn.direction as f64 / parts::DIRECTIONS as f64 * TAU).sin_cos();
            let along = |i: &usize| points[*i].x * cos + points[*i].y * sin;
            let inside = (0..points.len()).filter(|i| points[*i].s > first && points[*i].s < last);
            let lowest = inside.min_by(|a, b| along(a).total_cmp(&along(b))).unwrap();
            assert!(along(&lowest) <= turn.apex + 0.1, "{name}: {turn:?}");
            // The speed changes between two points of the line.
            assert!(driven.speeds[lowest] <= turn.speed + 0.5, "{name}: {turn:?} {}", driven.speeds[lowest]);
            let time = |section: usize| {
                let s = place(section);
                let after = points.partition_point(|point| point.s <= s).clamp(1, points.len() - 1);
                let t = (s - points[after - 1].s) / (points[after].s - points[after - 1].s);
                driven.times[after - 1] + t * (driven.times[after] - driven.times[after - 1])
            };
            // The turning point is between the neighbors of the lowest point.
            let [early, late] = [lowest.saturating_sub(1), lowest + 1].map(|i| driven.times[i]);
            for (section, bound) in (turn.last..).zip(turns.times_after(&turn, parts.count - 1)).step_by(5) {
                let taken = time(section) - early;
                assert!(bound <= taken * 1.005, "{name}: {turn:?} {section}: {bound} {taken}");
            }
            for (section, bound) in turns.times_before(&turn, 0).into_iter().enumerate().step_by(5) {
                let taken = late - time(section);
                assert!(bound <= taken * 1.005, "{name}: {turn:?} {section}: {bound} {taken}");
            }
            found += 1;
        }
        assert!(found > 5, "{name}: {found}");
    }
}

/// Line through the corridor whose offsets are a sum of a few waves.
fn random_line(corridor: &Corridor, rng: &mut Stream) -> Vec<Segment> {
    let waves: Vec<(f64, f64)> =
        (0..6).map(|wave| (rng.normal() / (1.0 + f64::from(wave)), TAU * rng.uniform())).collect();
    let offset = |i: usize| {
        let turn = TAU * i as f64 / corridor.len() as f64;
        let sum: f64 =
            waves.iter().enumerate().map(|(k, (a, phase))| a * (turn * k as f64 + phase).cos()).sum();
        let section = &corridor.sections[i];
        0.5 * (section.n_min + section.n_max) + 0.5 * (section.n_max - section.n_min) * sum.tanh()
    };
    super::super::corridor::path_through(corridor, &(0..corridor.len()).map(offset).collect::<Vec<_>>()).1
}

/// On random circuits with random limits, no lap along the best line or a random line beats a bound, and no bound is
/// below that of the partition alone.
#[test]
fn no_lap_beats_the_bound_on_random_circuits() {
    let mut rng = Streams::new(29).stream(Purpose::Generation, 0, 0);
    for seed in 1..=6 {
        let circuit = Circuit::named("random", seed).unwrap().unwrap();
        let limits = Limits {
            drive: 2.0 + 6.0 * rng.uniform(),
            power: 30.0 + 150.0 * rng.uniform(),
            brake: 4.0 + 8.0 * rng.uniform(),
            ..Limits::point_mass(6.0 + 6.0 * rng.uniform(), 30.0 + 50.0 * rng.uniform(), 2.0 * rng.uniform())
        };
        let corridor = Corridor::new(&circuit, 400, limits.clearance).unwrap();
        let bound = lower_bound(&corridor, &limits);
        let speed = 40.0 * rng.uniform();
        let from_speed = lower_bound_from(&corridor, &limits, speed);
        let parts = Parts::new(&corridor, &limits);
        let partition = best_partition(&parts, |_| 0.0)[parts.count];
        assert!(bound.any_start >= partition && bound.flying >= bound.any_start && from_speed >= partition);
        let mut lines: Vec<Vec<Segment>> = (0..10).map(|_| random_line(&corridor, &mut rng)).collect();
        lines.push(plan_line(&circuit, &limits, LineKind::MinTime).unwrap().segments);
        for line in lines {
            let lap = |start: Start| profile(&line, &limits, start).lap_time();
            assert!(lap(Start::Flying) > bound.flying, "{seed}: {bound:?} {limits:?}");
            assert!(lap(Start::AtSpeed(speed)) > from_speed, "{seed}: {from_speed} {limits:?}");
            assert!(lap(Start::AtSpeed(limits.top_speed)) > bound.any_start, "{seed}: {bound:?} {limits:?}");
        }
    }
}

/// Three points, 0.2 rad apart, on a circle of radius 20 m: the minimum time is that of the parabola through the
/// points.
#[test]
fn three_sections_around_an_arc() {
    let point = |i: usize| {
        let angle = 0.2 * i as f64;
        CrossSection {
            s: 4.0 * i as f64,
            center: [20.0 * angle.cos(), 20.0 * angle.sin()],
            left: [0.0; 2],
            n_min: 0.0,
            n_max: 0.0,
        }
    };
    let parts = Parts::new(
        &Corridor { step: 0.0, sections: (0..3).map(point).collect() },
        &Limits::point_mass(9.81, 70.0, 0.0),
    );
    let exact = (8.0 * 20.0 * (1.0 - 0.2f64.cos()) / 9.81).sqrt();
    let found = parts.time(0, 2);
    assert!(found <= exact && found > 0.99 * exact, "{found} {exact}");
}
