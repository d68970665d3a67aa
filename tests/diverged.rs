//! A diverging run stops with a message that contains the quantity, and keeps its checkpoints.

use freewheel_tests::{Program, run_files};

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-test-program"));

#[test]
fn a_diverging_run_stops_and_keeps_its_last_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let words = ["train", "test/t-maze", "diverging", "--steps", "4000", "--out", out];
    let words = [&words[..], &["--set", "checkpoint.points=40", "--set", "log.points=400"]].concat();
    let (code, said) = PROGRAM.fails(&words);
    // 2^1024 is not a finite f64.
    let why = "weight became inf at step 1024; checkpoints made before that are kept";
    assert!(
        code == 4 && said.contains(why) && said.contains("test/t-maze diverging seed 0"),
        "{code}: {said}"
    );
    let files = run_files(folder.path());
    let newest = files.keys().rfind(|name| name.ends_with(".ckpt")).unwrap();
    assert!(newest.ends_with("step-000000001000.ckpt"), "{newest}");
    assert!(!files.keys().any(|name| name.ends_with("eval.json")));
    let reason = files.iter().find(|(name, _)| name.ends_with("diverged.txt")).unwrap().1;
    assert!(String::from_utf8_lossy(reason).contains(why));
    let metrics = files.iter().find(|(name, _)| name.ends_with("metrics.jsonl")).unwrap().1;
    let metrics = String::from_utf8_lossy(metrics);
    let step = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["step"].as_u64();
    assert_eq!(metrics.lines().map(step).max(), Some(Some(1020)), "a line after the last complete slice");
    let runs = PROGRAM.json(&["eval", out, "--episodes", "10", "--json"]);
    assert_eq!(runs["runs"][0]["step"], 1000);
    // A resumed run ends in the same way.
    let (code, said) = PROGRAM.fails(&["resume", out]);
    assert!(code == 4 && said.contains(why), "{code}: {said}");
    assert_eq!(run_files(folder.path()), files);
}

#[test]
fn other_runs_continue() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let experiment = folder.path().join("both.toml");
    let text = r#"
        worlds = ["test/t-maze", "grid/cliff"]
        agents = ["diverging", "q-learning", { id = "diverging", label = "diverging slowly", factor = 1.01 }]
        seeds = "0..3"
        steps = 4000
        num_envs = 2
    "#;
    std::fs::write(&experiment, text).unwrap();
    let words = ["run", experiment.to_str().unwrap(), "--out", out.to_str().unwrap(), "--json"];
    let output = PROGRAM.output(&words);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("6 of 18 runs diverged"), "{said}");
    assert_eq!(said.matches("weight became inf at step 2048").count(), 6, "{said}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let figures = |row: &serde_json::Value| (row["seeds"].as_u64(), row["diverged"].as_u64());
    let rows: Vec<_> = report["rows"].as_array().unwrap().iter().map(figures).collect();
    let (diverged, complete) = ((Some(0), Some(3)), (Some(3), Some(0)));
    assert_eq!(rows, [diverged, complete, complete, diverged, complete, complete]);
    assert!(std::fs::read_to_string(out.join("results.md")).unwrap().contains("- (3 diverged)"));
}
