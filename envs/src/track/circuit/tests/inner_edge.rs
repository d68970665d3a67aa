//! Inner edges against brute force over all pairs of points.

use super::*;

/// Closed curve through random points, `[points]`, m, with bends that are tighter than the road is wide.
fn random_curve(rng: &mut freewheel_core::Stream) -> Vec<[f64; 2]> {
    let count = 9 + rng.below(9);
    let point = |i: u32, distance: f64| {
        let (sin, cos) = (TAU * f64::from(i) / f64::from(count)).sin_cos();
        [distance * cos, distance * sin]
    };
    (0..count).map(|i| point(i, 25.0 + 75.0 * rng.uniform())).collect()
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// Checks, for the left and the right edge at `count` points each: the edge at the offset `n` is at least `n` m from
/// the whole center line, and an edge that is less wide than `given`, and than the
/// bend's radius, could not be wider. Returns the number of points
/// where the edge is cut.
fn check_edges(circuit: &Circuit, given: f64, count: usize) -> usize {
    let line: Vec<[f64; 2]> = circuit.samples(8_000).iter().map(|at| [at.x, at.y]).collect();
    let nearest = |p: [f64; 2]| line.iter().map(|&q| distance(p, q)).fold(f64::INFINITY, f64::min);
    let mut cut = 0;
    for at in circuit.samples(count) {
        for (n, sign) in [(at.left, 1.0), (at.right, -1.0)] {
            assert!(n > 0.0 && n <= given + 1e-9, "{at:?}");
            let least = nearest(circuit.point(at.s, sign * n));
            assert!(least > n - 0.005 * given, "{least} {sign} {at:?}");
            cut += usize::from(n < 0.9 * given);
            // A circle of curvature is exceeded by 5 % only.
            if n < 0.9 * given && n * sign * at.curvature < 0.94 {
                let beyond = 1.06 * n + 0.01 * given;
                assert!(nearest(circuit.point(at.s, sign * beyond)) < beyond - 1e-4 * given, "{sign} {at:?}");
            }
        }
    }
    cut
}

#[test]
fn every_edge_is_as_far_from_the_whole_line_as_it_is_wide() {
    let (mut read, mut cut) = (0, 0);
    for seed in 0..40 {
        let mut rng = Streams::new(seed).stream(Purpose::Generation, 0, 0);
        let spline = CenterLine::Spline(Spline::through(&random_curve(&mut rng)));
        let given = 4.0 + 10.0 * rng.uniform();
        let Ok(circuit) = Circuit::new("curve", spline, Widths::constant(given, given), false) else {
            continue;
        };
        read += 1;
        cut += check_edges(&circuit, given, 300);
    }
    assert!(read > 20 && cut > 1_000, "{read} {cut}");
}

/// Hairpin of the radius `radius` between straights that are 2 `radius` apart: for `radius` < `width`, the edges of the
/// straights meet in the middle between them.
#[test]
fn the_straights_of_a_tight_hairpin_share_an_edge() {
    let (radius, width) = (4.0, 6.0);
    let mut points = Vec::new();
    let steps = |count: i32| (0..count).map(move |i| f64::from(i) / f64::from(count));
    points.extend(steps(40).map(|t| [100.0 * t, 0.0]));
    points.extend(steps(10).map(|t| [100.0 + radius * (PI * t).sin(), radius - radius * (PI * t).cos()]));
    points.extend(steps(20).map(|t| [100.0 - 50.0 * t, 2.0 * radius]));
    points.extend(steps(20).map(|t| [50.0 - 20.0 * (PI * t).sin(), 28.0 - 20.0 * (PI * t).cos()]));
    points.extend(steps(20).map(|t| [50.0 + 50.0 * t, 48.0]));
    points.extend(steps(20).map(|t| [100.0 + 40.0 * (PI * t).sin(), 88.0 - 40.0 * (PI * t).cos()]));
    points.extend(steps(40).map(|t| [100.0 - 100.0 * t, 128.0]));
    points.extend(steps(50).map(|t| [-64.0 * (PI * t).sin(), 64.0 + 64.0 * (PI * t).cos()]));
    let spline = CenterLine::Spline(Spline::through(&points));
    let circuit = Circuit::new("hairpin", spline, Widths::constant(width, width), false).unwrap();
    assert!((circuit.width_left(80.0) - radius).abs() < 0.05, "{}", circuit.width_left(80.0));
    assert_eq!(circuit.width_right(80.0), width);
    assert!((circuit.width_left(30.0) - width).abs() < 0.01, "{}", circuit.width_left(30.0));
    check_edges(&circuit, width, 2_000);
}

/// Where another part of the road is near but narrow, an edge is not cut.
#[test]
fn roads_that_do_not_overlap_are_not_cut() {
    let circuit = builtin("hairpins");
    assert!(circuit.samples(500).iter().all(|at| at.left == 4.5 && at.right == 4.5));
}
