//! A run that is not better than its baseline after half of its steps is marked as stalled, with its scores.

use std::path::Path;

use freewheel_tests::{Program, assert_same_bytes, run_files};
use serde_json::Value;

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-test-program"));

/// In the T-maze, no agent without memory is better than the random policy, whose score is 0.
const T_MAZE: &str = r#"
    worlds = ["test/t-maze"]
    agents = ["random", "q-learning", { id = "q-learning", label = "stacked", frame_stack = 2 }]
    agent = { learning_rate = 0.1, epsilon = 0.1, gamma = 1.0 }
    seeds = "0..3"
    steps = 4000
"#;

fn run(folder: &Path, text: &str, name: &str, more: &[&str]) -> std::process::Output {
    let (experiment, out) = (folder.join("t-maze.toml"), folder.join(name));
    std::fs::write(&experiment, text).unwrap();
    let words = ["run", experiment.to_str().unwrap(), "--out", out.to_str().unwrap()];
    PROGRAM.output(&[&words[..], more].concat())
}

fn rows(output: &std::process::Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice::<Value>(&output.stdout).unwrap()["rows"].as_array().unwrap().clone()
}

fn lines(folder: &Path, agent: &str) -> Vec<Value> {
    let files = run_files(folder);
    let is_it = |name: &str| name.contains(agent) && name.ends_with("seed-0/metrics.jsonl");
    let (_, bytes) = files.iter().find(|(name, _)| is_it(name)).unwrap();
    String::from_utf8_lossy(bytes).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn only_the_run_without_memory_is_stalled() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), T_MAZE, "out", &["--json"]);
    let rows = rows(&output);
    assert_eq!(rows[0]["stalled"], serde_json::json!([]), "the random agent cannot stall");
    assert_eq!(rows[2]["stalled"], serde_json::json!([]));
    let stalled = rows[1]["stalled"].as_array().unwrap();
    assert_eq!(stalled.len(), 3, "{stalled:?}");
    for (seed, run) in stalled.iter().enumerate() {
        assert_eq!((&run["seed"], &run["steps"]), (&seed.into(), &4000.into()));
        assert!(run["since"].as_u64().unwrap() >= 2000);
        assert!(run["interval"]["low"].as_f64().unwrap() <= 0.0, "{run}");
        assert_eq!(run["baseline"], serde_json::json!({ "name": "random", "value": 0.0 }));
    }
    // The mark is in the log, once for every seed, and below the table.
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.matches("test/t-maze q-learning seed").count() >= 3, "{said}");
    assert!(said.contains("seed 0: stalled: ") && said.contains("baseline (random) 0.000"), "{said}");
    let table = std::fs::read_to_string(folder.path().join("out/results.md")).unwrap();
    assert!(table.contains("(3 stalled)"), "{table}");
    assert_eq!(table.matches("\n- test/t-maze q-learning seed ").count(), 3, "{table}");
    // The mark is in the metrics of the run, from half of its steps on.
    let mut marked = 0;
    for line in lines(&folder.path().join("out"), "q-learning") {
        match line.get("stalled") {
            Some(stalled) => {
                marked += 1;
                assert!(
                    line["step"].as_u64() >= stalled["since"].as_u64() && line["step"].as_u64() >= Some(2000)
                );
            }
            None => assert!(line.get("evaluation").is_none() || line["step"].as_u64() < Some(4000), "{line}"),
        }
    }
    assert!(marked >= 1);
    assert!(lines(&folder.path().join("out"), "stacked").iter().all(|line| line.get("stalled").is_none()));
    // The results are the same bytes for any number of threads.
    assert!(run(folder.path(), T_MAZE, "again", &["--json", "--threads", "7"]).status.success());
    assert_same_bytes(&folder.path().join("out"), &folder.path().join("again"));
}

#[test]
fn stalled_after_is_the_time_of_the_test() {
    let folder = tempfile::tempdir().unwrap();
    let stalled = |name: &str, set: &[&str]| {
        let set: Vec<&str> = set.iter().flat_map(|set| ["--set", *set]).collect();
        let output = run(folder.path(), T_MAZE, name, &[&["--json", "--quiet"], &set[..]].concat());
        let since = |run: &Value| run["since"].as_u64().unwrap();
        rows(&output)[1]["stalled"].as_array().unwrap().iter().map(since).collect::<Vec<_>>()
    };
    assert_eq!(stalled("never", &["evaluation.stalled_after=0"]), [0u64; 0]);
    assert_eq!(stalled("last", &["evaluation.stalled_after=1", "evaluation.points=0"]), [4000; 3]);
    assert!(stalled("soon", &["evaluation.stalled_after=0.1"]).iter().any(|&since| since < 2000));
    for (share, line) in [("2", "out of range"), ("-0.1", "out of range"), ("\"half\"", "stalled_after")] {
        let text = format!("{T_MAZE}\n[evaluation]\nstalled_after = {share}\n");
        let output = run(folder.path(), &text, "wrong", &[]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains("t-maze.toml:9:1: ") && said.contains(line), "{said}");
    }
}

#[test]
fn a_lap_time_is_better_when_lower() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"
        worlds = ["track/circle"]
        agents = ["q-learning", "scripted"]
        seeds = "0"
        steps = 500
        evaluation = { episodes = 3, interim_episodes = 2 }
    "#;
    let rows = rows(&run(folder.path(), text, "out", &["--json"]));
    let stalled = &rows[0]["stalled"][0];
    assert!(stalled["score"].as_f64() > stalled["baseline"]["value"].as_f64(), "{stalled}");
    assert_eq!(rows[1]["stalled"], serde_json::json!([]));
}

#[test]
fn a_world_without_a_baseline_has_no_stalled_runs() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"
        worlds = [{ id = "go/2x2", opponent = "uct:5" }]
        agents = ["q-learning"]
        seeds = "0"
        steps = 200
        evaluation = { episodes = 10, interim_episodes = 5 }
    "#;
    let rows = rows(&run(folder.path(), text, "out", &["--json"]));
    assert_eq!((&rows[0]["baseline"], &rows[0]["stalled"]), (&Value::Null, &serde_json::json!([])));
}

/// The random player of the taxi scores -770, and standing still scores -200. A run at -200 has learned nothing.
#[test]
fn a_run_that_is_not_better_than_standing_still_is_stalled() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"
        worlds = ["grid/taxi", "grid/cliff"]
        agents = [{ id = "q-learning", learning_rate = 1e-6 }]
        seeds = "0"
        steps = 4000
    "#;
    let rows = rows(&run(folder.path(), text, "out", &["--json"]));
    for row in &rows {
        let baseline = &row["baseline"];
        assert_ne!(baseline["name"], "random", "{row}");
        assert_eq!(row["stalled"].as_array().unwrap().len(), 1, "{row}");
        assert!(row["normalized"].as_f64().unwrap() < 0.1, "{row}");
        // The distance to the optimum, in the unit of the score.
        let gap = row["reference"]["value"].as_f64().unwrap() - row["mean"].as_f64().unwrap();
        assert!((row["gap"]["value"].as_f64().unwrap() - gap).abs() < 1e-9, "{row}");
    }
    assert!((rows[0]["baseline"]["value"].as_f64().unwrap() + 200.0).abs() < 1e-9);
    assert!((rows[0]["reference"]["value"].as_f64().unwrap() - 7.93).abs() < 0.01);
}

/// The best possible is reached where there is nothing to gain.
#[test]
fn a_run_at_the_best_possible_is_not_stalled() {
    let folder = tempfile::tempdir().unwrap();
    let map = folder.path().join("corridor.txt");
    std::fs::write(&map, "S.....G\n").unwrap();
    let text = format!(
        "worlds = [\"grid:{}\"]\nagents = [\"q-learning\"]\nseeds = \"0\"\nsteps = 5000\n",
        map.display()
    );
    let rows = rows(&run(folder.path(), &text, "out", &["--json"]));
    assert_eq!(rows[0]["normalized"], 1.0);
    assert_eq!(rows[0]["stalled"], serde_json::json!([]));
    assert_eq!(rows[0]["gap"]["value"], 0.0);
}
