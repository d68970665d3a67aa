//! Comparison of the statistics of scores with the package rliable on the same scores.
//!
//! Requires `FREEWHEEL_PYTHON` naming a Python with rliable 1.2.0 and pandas below 3. Without it the test is skipped
//! with a note, or fails if `FREEWHEEL_REFEREES=required`.

use std::process::Command;

use freewheel_core::stats::{
    aggregate_iqm, aggregate_mean, aggregate_median, flatten, optimality_gap, performance_profile,
    probability_of_improvement,
};
use freewheel_core::{Purpose, Streams};
use freewheel_tests::python;
use serde_json::{Value, json};

/// Scores of `runs` runs in each of `tasks` tasks; with `ties`, only multiples of a tenth.
fn scores(index: u64, tasks: usize, runs: usize, ties: bool) -> Vec<Vec<f64>> {
    let mut rng = Streams::new(3).stream(Purpose::Generation, index, 0);
    let mut one = || match ties {
        true => f64::from(rng.below(12)) / 10.0,
        false => 0.7 + 0.4 * rng.normal(),
    };
    (0..tasks).map(|_| (0..runs).map(|_| one()).collect()).collect()
}

#[test]
fn point_estimates_are_those_of_rliable() {
    let Some(python) = python("rliable", "rliable") else { return };
    let taus: Vec<f64> = (0..25).map(|i| f64::from(i) / 20.0).collect();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/rliable_scores.py");
    for (index, (tasks, n, m)) in [(1, 5, 5), (4, 10, 7), (3, 30, 11), (6, 3, 9)].into_iter().enumerate() {
        for ties in [false, true] {
            let at = 4 * index as u64 + 2 * u64::from(ties);
            let (x, y) = (scores(at, tasks, n, ties), scores(at + 1, tasks, m, ties));
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("scores.json");
            std::fs::write(&file, json!({ "x": x, "y": y, "taus": taus }).to_string()).unwrap();
            let output = Command::new(&python).arg(script).arg(&file).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let theirs: Value = serde_json::from_slice(&output.stdout).unwrap();
            let close = |name: &str, ours: f64, theirs: &Value| {
                let theirs = theirs.as_f64().unwrap();
                assert!((ours - theirs).abs() <= 1e-12, "{name} of case {at}: {ours}, rliable {theirs}");
            };
            close("mean", aggregate_mean(&x), &theirs["mean"]);
            close("median", aggregate_median(&x), &theirs["median"]);
            close("iqm", aggregate_iqm(&x), &theirs["iqm"]);
            close("gap", optimality_gap(&flatten(&x), 1.0), &theirs["gap"]);
            close("improvement", probability_of_improvement(&x, &y), &theirs["improvement"]);
            let profile = performance_profile(&flatten(&x), &taus);
            for (ours, theirs) in profile.iter().zip(theirs["profile"].as_array().unwrap()) {
                close("profile", *ours, theirs);
            }
        }
    }
}
