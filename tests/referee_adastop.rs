//! Comparison of the group-sequential test with the package AdaStop on the same scores.
//!
//! Requires `FREEWHEEL_PYTHON` naming a Python with adastop 0.1.3. Without it the test is skipped with a note, or fails
//! if `FREEWHEEL_REFEREES=required`.

use std::process::Command;

use freewheel_core::stats::sequential::{Decision, Design, compare};
use freewheel_core::{Purpose, Streams};
use freewheel_tests::python;
use serde_json::json;

/// Permutations are enumerated by both, so that every decision is the same.
const DESIGN: Design = Design { group: 4, looks: 2, alpha: 0.1, permutations: 10_000 };

/// Scores of agents with the mean scores `means`: multiples of 1/64, whose means over 4 and 8 runs are exact. The
/// package computes a statistic in two ways, and rounding would decide where it is equal to the boundary.
fn scores(index: u64, means: &[f64]) -> Vec<Vec<f64>> {
    let mut rng = Streams::new(5).stream(Purpose::Generation, index, 0);
    let mut runs =
        |mean: f64| (0..DESIGN.most()).map(|_| ((mean + rng.normal()) * 64.0).round() / 64.0).collect();
    means.iter().map(|&mean| runs(mean)).collect()
}

#[test]
fn decisions_are_those_of_adastop() {
    let Some(python) = python("adastop", "adastop") else { return };
    let two: [&[f64]; 5] = [&[0.0, 0.0], &[0.0, 1.0], &[0.0, 3.0], &[1.5, 0.0], &[3.0, 0.0]];
    let three: &[f64] = &[0.0, 1.0, 2.5];
    let mut seen = Vec::new();
    for (index, means) in two.into_iter().flat_map(|means| [means; 3]).chain([three]).enumerate() {
        let scores = scores(index as u64, means);
        let agents = means.len();
        let pairs: Vec<(usize, usize)> =
            (0..agents).flat_map(|a| (a + 1..agents).map(move |b| (a, b))).collect();
        let tasks: Vec<Vec<Vec<f64>>> = scores.iter().map(|runs| vec![runs.clone()]).collect();
        let ours = compare(&tasks, &pairs, &DESIGN, Streams::new(0));

        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("scores.json");
        let given = json!({
            "scores": scores, "group": DESIGN.group, "looks": DESIGN.looks, "alpha": DESIGN.alpha,
            "permutations": DESIGN.permutations,
        });
        std::fs::write(&file, given.to_string()).unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/adastop_decisions.py");
        let output = Command::new(&python).arg(script).arg(&file).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let theirs: Vec<(usize, usize, String, usize)> = serde_json::from_slice(&output.stdout).unwrap();
        let ours: Vec<(usize, usize, String, usize)> = pairs
            .iter()
            .zip(&ours)
            .map(|(&(a, b), verdict)| {
                let decision = match verdict.decision {
                    Decision::Higher => "larger",
                    Decision::Lower => "smaller",
                    Decision::NotShown => "equal",
                    Decision::Open => "continue",
                };
                (a, b, decision.to_owned(), verdict.runs / DESIGN.group)
            })
            .collect();
        assert_eq!(ours, theirs, "case {index}, mean scores {means:?}");
        seen.extend(ours.into_iter().map(|(_, _, decision, look)| (decision, look)));
    }
    for kind in [("larger", 1), ("larger", 2), ("smaller", 1), ("smaller", 2), ("equal", 2)] {
        assert!(seen.iter().any(|(d, l)| (d.as_str(), *l) == kind), "no case ends in {kind:?}: {seen:?}");
    }
}
