//! Circuits against what is known of them, and against brute force.

use std::f64::consts::{PI, TAU};
use std::path::Path;

use super::*;

#[test]
fn the_stadium_is_two_straights_and_two_half_circles() {
    let circuit = named("stadium").unwrap().unwrap();
    assert!((circuit.length() - (200.0 + 40.0 * PI)).abs() < 1e-12);
    let end = circuit.line.at(circuit.length());
    let begin = circuit.line.at(0.0);
    assert!((end.x - begin.x).abs() < 1e-12 && (end.y - begin.y).abs() < 1e-12);
    assert!((end.heading - begin.heading - TAU).abs() < 1e-12);
    assert_eq!(circuit.curvature(49.9), 0.0);
    assert_eq!(circuit.curvature(50.1), 0.05);
    let expected = [0.0, 50.0, 50.0 + 10.0 * PI, 50.0 + 20.0 * PI, 150.0 + 20.0 * PI];
    for (joint, expected) in circuit.joints().iter().zip(expected) {
        assert!((joint - expected).abs() < 1e-12);
    }
}

#[test]
fn a_spline_through_a_circle_is_a_circle() {
    let lines: String = (0..200)
        .map(|i| {
            let (sin, cos) = (TAU * i as f64 / 200.0).sin_cos();
            format!("{},{},4,4\n", 50.0 * cos, 50.0 * sin)
        })
        .collect();
    let circuit = Circuit::parse(&lines, Path::new("circle.csv"), false).unwrap();
    assert!((circuit.length() - 100.0 * PI).abs() < 1e-6, "{}", circuit.length());
    for sample in circuit.samples(777) {
        assert!((sample.x.hypot(sample.y) - 50.0).abs() < 1e-6);
        assert!((sample.curvature - 0.02).abs() < 1e-5);
        let expected = 0.5 * PI + sample.s / 50.0;
        assert!((sample.heading - expected).abs() < 1e-6, "{} {expected}", sample.heading);
    }
}
