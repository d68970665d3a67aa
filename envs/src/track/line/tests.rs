//! Racing lines: known optima, feasibility, bounds.

use std::f64::consts::TAU;

use freewheel_core::{Error, Purpose, Streams};

use super::corridor::Corridor;
use super::*;

fn drawn(name: &str) -> Circuit {
    Circuit::named(name, 1).unwrap().unwrap()
}

fn road_car(clearance: f64) -> Limits {
    Limits {
        drive: 4.0,
        power: 60.0,
        brake: 8.0,
        curvature: 0.2,
        ..Limits::point_mass(9.81, 40.0, clearance)
    }
}

/// Maximum acceleration of a car that drives `line`, from second differences of its positions in time, m/s².
fn greatest_acceleration(line: &Line) -> f64 {
    let points = &line.path.points;
    let count = points.len();
    let after = |i: usize| if i + 1 < count { line.times[i + 1] } else { line.lap_time };
    let velocity = |i: usize| {
        let (a, b) = (points[i], points[(i + 1) % count]);
        let taken = after(i) - line.times[i];
        ((b.x - a.x) / taken, (b.y - a.y) / taken, taken)
    };
    let acceleration = |i: usize| {
        let (a, b) = (velocity((i + count - 1) % count), velocity(i));
        (b.0 - a.0).hypot(b.1 - a.1) / (0.5 * (a.2 + b.2))
    };
    (0..count).map(acceleration).fold(0.0, f64::max)
}

fn stays_inside(line: &Line, circuit: &Circuit, limits: &Limits) {
    for point in &line.path.points {
        let at = circuit.at(point.s);
        assert!(point.n < at.left - limits.clearance && point.n > limits.clearance - at.right, "{point:?}");
        let [x, y] = circuit.point(point.s, point.n);
        assert!((x - point.x).hypot(y - point.y) < 1e-9);
    }
}

#[test]
fn on_a_circle_the_inner_edge_is_best_and_the_bound_is_reached() {
    let circuit = Circuit::circle(15.0, 4.0).unwrap();
    let limits = Limits::point_mass(9.81, 70.0, 1.0);
    let center = plan_line(&circuit, &limits, LineKind::Center).unwrap().lap_time;
    assert!((center - 7.769463).abs() < 1e-6, "{center}");
    let best = TAU * (12.0 / 9.81f64).sqrt();
    let Reference { line, bound } = reference(&circuit, &limits).unwrap();
    assert!((line.lap_time / best - 1.0).abs() < 1e-4, "{} {best}", line.lap_time);
    assert!(line.path.points.iter().all(|point| (point.n - 3.0).abs() < 0.01));
    assert!((bound.flying / best - 1.0).abs() < 1e-4, "{bound:?} {best}");
    assert!(bound.any_start <= bound.flying);
}

#[test]
fn each_line_is_faster_than_the_last_feasible_and_above_the_bound() {
    for name in ["stadium", "l", "hairpins", "chicane"] {
        let circuit = drawn(name);
        for limits in [Limits::point_mass(9.81, 70.0, 1.0), road_car(1.0)] {
            let lines = [LineKind::Center, LineKind::MinCurvature, LineKind::MinTime]
                .map(|kind| plan_line(&circuit, &limits, kind).unwrap());
            let bound = lower_bound(&circuit, &limits).unwrap();
            let laps = lines.each_ref().map(|line| line.lap_time);
            assert!(laps[0] > laps[1] && laps[1] > laps[2], "{name}: {laps:?}");
            assert!(laps[2] > bound.flying && bound.any_start > 0.6 * laps[2], "{name}: {laps:?} {bound:?}");
            for line in &lines[1..] {
                stays_inside(line, &circuit, &limits);
                let most = greatest_acceleration(line);
                // The curvature is constant around each point, so differences have an error where it changes fast.
                assert!(most < 1.04 * limits.grip, "{name}: {most}");
            }
            let standing = lines[2].lap_from(Start::AtSpeed(0.0), &limits);
            let from_rest = lower_bound_from(&circuit, &limits, 0.0).unwrap();
            assert!(
                standing > laps[2] && standing > from_rest && from_rest > bound.any_start,
                "{name}: {from_rest}"
            );
        }
    }
}

/// A straight road of almost no width around a large circle: from rest, the bound is the time of a launch.
#[test]
fn a_launch_is_bounded_by_the_engine() {
    let circuit = Circuit::circle(2000.0, 1.01).unwrap();
    let limits = Limits { drive: 5.0, power: 100.0, ..Limits::point_mass(9.81, 70.0, 1.0) };
    // 5 m/s² up to 20 m/s in 4 s and 40 m; 100 W/kg up to 70 m/s in 22.5 s; then 70 m/s.
    let powered = (70f64.powi(3) - 20f64.powi(3)) / 300.0;
    let exact = 4.0 + 22.5 + (circuit.length() - 40.0 - powered) / 70.0;
    let found = lower_bound_from(&circuit, &limits, 0.0).unwrap();
    assert!(found <= exact && found > 0.99 * exact, "{found} {exact}");
    let flying = lower_bound_from(&circuit, &limits, 70.0).unwrap();
    assert!(flying <= circuit.length() / 70.0 && flying > 0.98 * circuit.length() / 70.0, "{flying}");
}

#[test]
fn no_line_at_random_beats_the_bound() {
    let mut rng = Streams::new(7).stream(Purpose::Generation, 0, 0);
    for name in ["stadium", "l", "chicane"] {
        let circuit = drawn(name);
        let limits = Limits::point_mass(9.81, 70.0, 1.0);
        let corridor = Corridor::new(&circuit, 400, limits.clearance).unwrap();
        let bound = bound::lower_bound(&corridor, &limits);
        let best = plan_line(&circuit, &limits, LineKind::MinTime).unwrap().lap_time;
        let from_speeds =
            [0.0, 20.0].map(|speed| (speed, bound::lower_bound_from(&corridor, &limits, speed)));
        for _ in 0..20 {
            let waves: Vec<(f64, f64)> =
                (0..6).map(|wave| (rng.normal() / (1.0 + f64::from(wave)), TAU * rng.uniform())).collect();
            let offset = |i: usize| {
                let turn = TAU * i as f64 / 400.0;
                let sum: f64 =
                    waves.iter().enumerate().map(|(k, (a, phase))| a * (turn * k as f64 + phase).cos()).sum();
                let section = &corridor.sections[i];
                0.5 * (section.n_min + section.n_max) + 0.5 * (section.n_max - section.n_min) * sum.tanh()
            };
            let (_, segments) = corridor::path_through(&corridor, &(0..400).map(offset).collect::<Vec<_>>());
            let lap = profile(&segments, &limits, Start::Flying).lap_time();
            assert!(lap > bound.flying, "{name}: {lap} {bound:?}");
            assert!(lap > 0.999 * best, "{name}: {lap} is faster than {best}");
            for (speed, bound) in from_speeds {
                let lap = profile(&segments, &limits, Start::AtSpeed(speed)).lap_time();
                assert!(lap > bound, "{name} {speed}: {lap} {bound}");
            }
            let fastest_start = profile(&segments, &limits, Start::AtSpeed(70.0)).lap_time();
            assert!(fastest_start > bound.any_start, "{name}: {fastest_start} {bound:?}");
        }
    }
}

/// Lap times on real circuits in the folder `FREEWHEEL_TRACKS` are within 0.5 % of those of `mlts-point-mass` 0.1.0,
/// and not below the bound.
#[test]
#[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
fn real_laps_are_those_of_the_referee() {
    let Some(folder) = std::env::var_os("FREEWHEEL_TRACKS").map(std::path::PathBuf::from) else {
        eprintln!("SKIPPED: FREEWHEEL_TRACKS names no folder of circuits");
        return;
    };
    let limits = Limits::point_mass(9.81, 70.0, 1.0);
    for (file, lap, center) in [("BrandsHatch.csv", 96.46, 111.05), ("Spielberg.csv", 97.51, 110.35)] {
        let circuit = Circuit::read(&folder.join(file), false).unwrap();
        let Reference { line: best, bound } = reference(&circuit, &limits).unwrap();
        assert!((best.lap_time / lap - 1.0).abs() < 5e-3, "{file}: {} {lap}", best.lap_time);
        assert!(bound.flying < best.lap_time.min(lap), "{file}: {bound:?}");
        let ours = plan_line(&circuit, &limits, LineKind::Center).unwrap().lap_time;
        assert!((ours / center - 1.0).abs() < 5e-3, "{file}: {ours} {center}");
    }
}

/// An adjusted line does not depend on earlier adjustments, and an adjustment changes points only where it says.
#[test]
fn an_adjustment_depends_on_its_values_only() {
    let plan = Plan::min_time(&drawn("hairpins"), &road_car(1.0)).unwrap();
    let base = plan.adjusted();
    let count = base.len();
    let bump = |center: usize, height: f64| {
        move |i: usize| height * (1.0 - i.abs_diff(center) as f64 / 20.0).max(0.0)
    };
    let mut line = base.clone();
    for first in [0, 3, count / 2, count - 10] {
        let (shift, share) = (bump(20, 0.2), bump(15, -0.1));
        let values = |scale: f64| (0..40).map(move |i| (scale * shift(i), 1.0 + scale * share(i)));
        let (begin, changed) = plan.adjust(&mut line, first, values(1.0));
        for node in (changed..count).map(|i| (begin + i) % count) {
            assert_eq!(line.point(node), base.point(node), "{first} {node}");
        }
        let whole: Vec<(f64, f64)> = (0..count)
            .map(|node| (node + count - first) % count)
            .map(|i| if i < 40 { (shift(i), 1.0 + share(i)) } else { (0.0, 1.0) })
            .collect();
        let mut again = base.clone();
        plan.adjust(&mut again, 0, whole.into_iter());
        assert_eq!(again, line, "{first}");
        plan.adjust(&mut line, first, values(0.5));
        plan.adjust(&mut line, first, values(0.0));
        assert_eq!(line, base, "{first}");
    }
}

#[test]
fn the_same_line_every_time() {
    let (circuit, limits) = (drawn("l"), road_car(1.2));
    assert_eq!(reference(&circuit, &limits).unwrap(), reference(&circuit, &limits).unwrap());
}

#[test]
fn invalid_limits_are_errors() {
    let circuit = Circuit::circle(15.0, 2.0).unwrap();
    let error = |limits: Limits| plan_line(&circuit, &limits, LineKind::MinTime).unwrap_err();
    let mass = Limits::point_mass(9.81, 70.0, 1.0);
    let wide = error(Limits { clearance: 2.0, ..mass });
    assert!(matches!(&wide, Error::Unsupported(text) if text.contains("4.000 m wide")), "{wide}");
    let stiff = error(Limits { curvature: 0.05, ..mass });
    assert!(matches!(&stiff, Error::Unsupported(text) if text.contains("more sharply")), "{stiff}");
    for bad in [
        Limits { grip: f64::NAN, ..mass },
        Limits { grip: f64::INFINITY, ..mass },
        Limits { brake: 0.0, ..mass },
        Limits { clearance: -1.0, ..mass },
    ] {
        assert!(matches!(error(bad), Error::Config(_)), "{bad:?}");
    }
}
