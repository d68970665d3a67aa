//! Circuits against known values and against brute force.

use std::f64::consts::{PI, TAU};
use std::path::Path;
use std::sync::LazyLock;

use freewheel_core::{Purpose, Streams};
use proptest::prelude::*;

use super::spline::wrap_angle;
use super::*;

mod files;
mod inner_edge;

fn builtin(name: &str) -> Circuit {
    Circuit::named(name, 1).unwrap().unwrap()
}

/// All built-in circuits, built once.
fn all() -> &'static [Circuit] {
    static ALL: LazyLock<Vec<Circuit>> =
        LazyLock::new(|| CIRCUITS.iter().map(|(name, _)| builtin(name)).collect());
    &ALL
}

#[test]
fn the_stadium_is_two_straights_and_two_half_circles() {
    let circuit = builtin("stadium");
    assert!((circuit.length() - (200.0 + 40.0 * PI)).abs() < 1e-9);
    assert_eq!(circuit.curvature(49.9), 0.0);
    assert_eq!(circuit.curvature(50.1), 0.05);
    let [x, y] = circuit.position(50.0 + 10.0 * PI);
    let [left, _] = circuit.position(150.0 + 30.0 * PI);
    assert!((x - left - 140.0).abs() < 1e-9 && (y - 20.0).abs() < 1e-9, "{x} {y} {left}");
}

/// The center line ends where it begins, and the heading turns by 2 pi in a lap.
#[test]
fn every_circuit_closes_and_keeps_its_arc_length() {
    for circuit in all() {
        let (begin, end) = (circuit.line.at(0.0), circuit.line.at(circuit.length()));
        let name = circuit.name();
        assert!((end.x - begin.x).hypot(end.y - begin.y) < 1e-9, "{name}");
        assert!(((end.heading - begin.heading).abs() - TAU).abs() < 1e-9, "{name}");
        // Position and heading are the integrals of heading and curvature, by brute force.
        let count = (circuit.length() * 200.0) as usize;
        let step = circuit.length() / count as f64;
        let (mut x, mut y, mut heading) = (begin.x, begin.y, begin.heading);
        for i in 0..count {
            let middle = circuit.at((i as f64 + 0.5) * step);
            x += step * middle.heading.cos();
            y += step * middle.heading.sin();
            heading += step * middle.curvature;
            if i % 1_000 == 999 {
                let at = circuit.at((i + 1) as f64 * step);
                assert!((x - at.x).hypot(y - at.y) < 1e-4, "{name} {}", at.s);
                assert!((heading - at.heading).abs() < 1e-3, "{name} {}", at.s);
            }
        }
    }
}

#[test]
fn a_clothoid_is_a_fresnel_integral() {
    // x(1) and y(1) of a clothoid whose heading is pi/2 t²: C(1) and S(1), Abramowitz & Stegun table 7.7.
    let at = road::clothoid_end(1.0, PI);
    assert!((at[0] - 0.779_893_400_376_823).abs() < 1e-12, "{at:?}");
    assert!((at[1] - 0.438_259_147_390_355).abs() < 1e-12, "{at:?}");
}

#[test]
fn a_spline_through_a_circle_is_a_circle() {
    let lines: String = (0..200)
        .map(|i| {
            let (sin, cos) = (TAU * i as f64 / 200.0).sin_cos();
            format!("{},{},4,4\n", 50.0 * cos, 50.0 * sin)
        })
        .collect();
    let circuit = Circuit::parse(&lines, Path::new("circle.csv"), FileOptions::default()).unwrap();
    assert!((circuit.length() - 100.0 * PI).abs() < 1e-6, "{}", circuit.length());
    for sample in circuit.samples(777) {
        assert!((sample.x.hypot(sample.y) - 50.0).abs() < 1e-6);
        assert!((sample.curvature - 0.02).abs() < 1e-5);
        let expected = 0.5 * PI + sample.s / 50.0;
        assert!((sample.heading - expected).abs() < 1e-6, "{} {expected}", sample.heading);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Projection finds the Frenet coordinates of a point from an initial value some meters away, and brute force finds
    /// no nearer point of the center line.
    #[test]
    fn projection_finds_the_nearest_point(
        which in 0..CIRCUITS.len(), share in 0.0..1.0, side in -0.99..0.99f64, off in -1.0..1.0f64,
    ) {
        let circuit = &all()[which];
        let at = circuit.at(share * circuit.length());
        let n = if side > 0.0 { side * at.left } else { side * at.right };
        let [x, y] = circuit.point(at.s, n);
        let table = circuit.table();
        let frenet = table.project(x, y, table.wrap_s(at.s + off * 0.25 * (at.left + at.right)));
        let apart = (frenet.s - at.s).abs();
        // Near a jump of the curvature or of its derivative, the lookup table is less exact within one step.
        let corner = circuit.joints().iter().any(|joint| (joint - at.s).abs() < 1.0);
        let exact = if circuit.name() == "stadium" { 2e-2 } else if corner { 2e-4 } else { 2e-5 };
        prop_assert!(apart.min(circuit.length() - apart) < exact, "{} {frenet:?} {at:?}", circuit.name());
        let exact = if circuit.name() == "stadium" { 3e-4 } else if corner { 1e-5 } else { 2e-6 };
        prop_assert!((frenet.n - n).abs() < exact, "{} {frenet:?} {n}", circuit.name());
        // The error of the heading is at most a quarter of the turn within one step of the lookup table.
        let straight = if circuit.name() == "stadium" { 1e-2 } else { 1e-3 };
        prop_assert!(wrap_angle(frenet.heading - at.heading).abs() < straight);
        let near = (-200..=200).map(|i| circuit.position(at.s + 0.02 * f64::from(i)));
        let least = near.map(|[px, py]| (px - x).hypot(py - y)).fold(f64::INFINITY, f64::min);
        prop_assert!(frenet.n.abs() < least + exact + 1e-5);
    }

    /// The projection of any point is finite and on the circuit.
    #[test]
    fn projection_never_fails(which in 0..CIRCUITS.len(), share in 0.0..1.0, x in -1e4..1e4, y in -1e4..1e4) {
        let circuit = &all()[which];
        let frenet = circuit.table().project(x, y, share * circuit.length() * 0.999);
        prop_assert!(frenet.n.is_finite() && (0.0..circuit.length()).contains(&frenet.s), "{frenet:?}");
    }
}

/// Random circuits are valid: checked by brute force over all pairs of points, independently of the check in the
/// generator.
#[test]
fn random_circuits_neither_fold_nor_run_into_themselves() {
    for seed in 0..12 {
        let circuit = named::random(seed).unwrap();
        assert_eq!(circuit.samples(50), named::random(seed).unwrap().samples(50));
        let samples = circuit.samples(600);
        let step = circuit.length() / 600.0;
        for (i, a) in samples.iter().enumerate() {
            assert!(a.curvature.abs() < 1.0 / 10.9, "{seed} {a:?}");
            for b in &samples[i + 1..] {
                let along = (b.s - a.s).min(circuit.length() - b.s + a.s);
                let apart = (a.x - b.x).hypot(a.y - b.y);
                // Two parts of one bend are at least half a circle of minimum radius apart.
                assert!(along < 40.0 || apart > a.left + b.left - step, "{seed}: {a:?} {b:?}");
            }
        }
    }
    assert_ne!(named::random(1).unwrap().length(), named::random(2).unwrap().length());
}

/// Error text for the file of a circle of 32 points and radius 40 m, in which `change(number, line)` replaces each
/// line; empty if the file is valid.
fn error_text(change: impl Fn(usize, String) -> String) -> String {
    let mut text = "# x_m,y_m,w_tr_right_m,w_tr_left_m\n".to_owned();
    for line in 2..34 {
        let (sin, cos) = (TAU * (line - 2) as f64 / 32.0).sin_cos();
        text += &change(line, format!("{},{},2,3", 40.0 * cos, 40.0 * sin));
        text += "\n";
    }
    Circuit::parse(&text, Path::new("mine.csv"), FileOptions::default())
        .map_or_else(|e| e.to_string(), |_| String::new())
}

#[test]
fn errors_name_the_file_the_line_and_the_correction() {
    let at = |wanted: usize, with: &'static str| {
        error_text(move |line, text| if line == wanted { with.to_owned() } else { text })
    };
    assert_eq!(error_text(|_, text| text), "");
    let eight = |line: usize, _: String| {
        let angle = TAU * (line - 2) as f64 / 32.0;
        format!("{},{},2,2", 60.0 * angle.sin(), 30.0 * (2.0 * angle).sin())
    };
    let expected = [
        (at(5, "15,zero,2,2"), "mine.csv:5:4: `zero` is not a number of meters"),
        (at(5, "15,0,2,nan"), "mine.csv:5:8: `nan` is not a number"),
        (at(5, "15,0,2"), "mine.csv:5:1: a point is four numbers"),
        (at(5, "15,0,0,2"), "mine.csv:5:1: the widths 0 and 2 m must both be above 0"),
        (at(5, "15,0,2,-1"), "mine.csv:5:1: the widths 2 and -1 m must both be above 0"),
        (at(3, "40,0.001,2,2"), "mine.csv:3:1: this point repeats that of line 2"),
        (at(3, "40,0,2,2"), ""),
        (at(33, "40,0,2,2"), ""),
        (at(20, "900,0,2,2"), "mine.csv:20:1: this point is 9"),
        (
            error_text(|line, text| if line > 4 { "#".into() } else { text }),
            "mine.csv:4:1: a circuit has at least 8 points",
        ),
        (
            error_text(|line, text| if line > 15 { "".into() } else { text }),
            "mine.csv:15:1: the line does not close",
        ),
        (
            error_text(|line, text| if line == 10 { text.replace(",2,3", ",200,3") } else { text }),
            "mine.csv:10:1: the road is 203.0 m wide here, and its median width is 5.0 m",
        ),
        (error_text(|_, text| text.replace(",2,3", ",2,55")), "m from the start the bend's radius is 39.8"),
        (error_text(eight), "the road crosses itself"),
    ];
    for (found, expected) in expected {
        assert!(found.contains(expected), "{found}\n  instead of\n{expected}");
    }
}

/// Files with three random bytes changed are parsed or rejected, without a panic.
#[test]
fn damaged_files_are_refused_or_read() {
    let good: String = builtin("l").samples(80).iter().map(|s| format!("{},{},3,3\n", s.x, s.y)).collect();
    let mut rng = Streams::new(3).stream(Purpose::Generation, 0, 0);
    let mut refused = 0;
    for _ in 0..60 {
        let mut bytes = good.clone().into_bytes();
        for _ in 0..3 {
            let place = rng.below(bytes.len() as u32) as usize;
            bytes[place] = b"0123456789.,-e#\n x"[rng.below(18) as usize];
        }
        let text = String::from_utf8(bytes).unwrap();
        refused += usize::from(Circuit::parse(&text, Path::new("bad.csv"), FileOptions::default()).is_err());
    }
    assert!(refused > 20, "{refused}");
}

/// Files of real circuits in the folder `FREEWHEEL_TRACKS` are read without an error. Suzuka has a bridge.
#[test]
#[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
fn real_circuits_are_read() {
    let Some(folder) = std::env::var_os("FREEWHEEL_TRACKS") else {
        eprintln!("SKIPPED: FREEWHEEL_TRACKS names no folder of circuits");
        return;
    };
    let mut read = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_none_or(|extension| extension != "csv") {
            continue;
        }
        let bridged = file.ends_with("Suzuka.csv");
        assert_eq!(
            Circuit::read(&file, false).is_err(),
            bridged,
            "{}: {:?}",
            file.display(),
            Circuit::read(&file, false).err()
        );
        let circuit = Circuit::read(&file, true).unwrap();
        // The points of the file lie on the center line.
        let text = std::fs::read_to_string(&file).unwrap();
        for line in text.lines().filter(|line| !line.starts_with('#')).step_by(100) {
            let numbers: Vec<f64> = line.split(',').map(|x| x.trim().parse().unwrap()).collect();
            let to = |at: &Sample| (at.x - numbers[0]).hypot(at.y - numbers[1]);
            let nearest = circuit.samples(400).into_iter().min_by(|a, b| to(a).total_cmp(&to(b))).unwrap();
            let frenet = circuit.table().project(numbers[0], numbers[1], nearest.s);
            assert!(frenet.n.abs() < 1e-5, "{} {frenet:?}", file.display());
        }
        read += 1;
    }
    assert!(read > 0);
}
