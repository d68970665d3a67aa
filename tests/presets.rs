//! Presets: what they change, what is printed about them, and a short form of the table of their scores.

use freewheel_tests::Program;

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-program"));

/// Result of training with `args` and one seed: what was printed on standard error, and the row of the table.
fn trained(args: &[&str]) -> (String, serde_json::Value) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let args = [args, &["--out", out, "--json", "--set", "evaluation.interim_episodes=0"]].concat();
    let output = PROGRAM.output(&args);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{error}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    (error, report["rows"][0].clone())
}

#[test]
fn a_preset_is_used_and_named_where_nothing_is_set() {
    let (told, row) = trained(&["train", "grid/deepsea-10", "q-learning"]);
    assert!(told.contains("presets: grid/deepsea-10 q-learning"), "{told}");
    assert!((row["mean"].as_f64().unwrap() - 0.99).abs() < 1e-6, "{row}");

    // Without it, epsilon-greedy exploration seldom finds the treasure.
    let (told, row) = trained(&["train", "grid/deepsea-20", "q-learning", "--no-preset", "--steps", "1e5"]);
    assert!(!told.contains("preset"), "{told}");
    assert!(row["mean"].as_f64().unwrap() < 0.01, "{row}");

    // The user's own settings lie over the preset.
    let greedy = ["--set", "agent.exploration=greedy", "--set", "agent.initial_value=-1.0"];
    let args = [&["train", "grid/deepsea-10", "q-learning"], &greedy[..]].concat();
    assert!(trained(&args).1["mean"].as_f64().unwrap() < 0.01);
}

/// Short representative form of the table of scores: presets of agents that learn in seconds.
#[test]
fn presets_reach_nine_tenths_of_the_reference() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    for text in ["cliff q-learning", "windy-stochastic q", "lake-4x4 q-learning", "deepsea-10 q", "taxi q-l"]
    {
        let args = ["run", "--presets", text, "--seeds", "100..102", "--out", out, "--json"];
        let report = PROGRAM.json(&[&args[..], &["--set", "evaluation.interim_episodes=0"]].concat());
        for row in report["rows"].as_array().unwrap() {
            assert!(row["normalized"].as_f64().unwrap() >= 0.9, "{row}");
        }
    }
}

#[test]
fn a_run_that_cannot_learn_says_so() {
    for (agent, steps, part) in [
        ("ppo", "100", "its first update is after"),
        ("a2c", "4", "its first update is after"),
        ("dqn", "500", "learning_starts"),
        ("dqn", "1100", "epsilon ends"),
    ] {
        let set = ["--set", "agent.hidden_sizes=[4]", "--set", "evaluation.episodes=10"];
        let args = ["train", "classic/cartpole", agent, "--no-preset", "--steps", steps];
        let (told, _) = trained(&[&args, &set[..]].concat());
        assert!(told.contains("warning: classic/cartpole") && told.contains(part), "{agent} {steps}: {told}");
    }
    assert!(!trained(&["train", "grid/cliff", "q-learning", "--steps", "1000"]).0.contains("warning"));
}
