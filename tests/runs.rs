//! `freewheel runs`: list, show, verify, and removal of what is not needed.

use std::path::{Path, PathBuf};

use freewheel_tests::{Program, files};
use serde_json::Value;

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-program"));

/// Folder with finished runs of two experiments.
fn results() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, agents, seeds) in
        [("a", ["q-learning", "sarsa"], "0..2"), ("b", ["double-q", "random"], "0..1")]
    {
        let file = folder.path().join(format!("{name}.toml"));
        let text = format!(
            "name = {name:?}\nworlds = [\"grid/cliff\"]\nagents = {agents:?}\nseeds = {seeds:?}\nsteps = 2000\n"
        );
        std::fs::write(&file, text).unwrap();
        let out = folder.path().join("results").join(name);
        PROGRAM.text(&["run", file.to_str().unwrap(), "--quiet", "--out", out.to_str().unwrap()]);
    }
    folder
}

fn path(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("results")
}

/// First run of an agent.
fn run_of(root: &Path, agent: &str) -> PathBuf {
    let name = files(root)
        .into_keys()
        .find(|n| n.contains(&format!("cliff-{agent}-")) && n.ends_with("config.toml"));
    root.join(name.unwrap()).parent().unwrap().to_owned()
}

#[test]
fn runs_are_listed_and_shown() {
    let folder = results();
    let root = path(&folder);
    let out = root.to_str().unwrap();
    let run = run_of(&root, "sarsa");
    std::fs::remove_file(run.join("eval.json")).unwrap();
    std::fs::write(run_of(&root, "double-q").join("eval.json"), "{}").unwrap();
    let json = PROGRAM.json(&["runs", "ls", out, "--json"]);
    let runs = json["runs"].as_array().unwrap();
    let states = |state: &str| runs.iter().filter(|run| run["state"] == state).count();
    assert_eq!((runs.len(), states("done"), states("interrupted"), states("damaged")), (6, 4, 1, 1));
    let sizes: u64 = runs.iter().map(|run| run["bytes"].as_u64().unwrap()).sum();
    assert_eq!(json["bytes"], sizes);
    let on_disk: usize =
        files(&root).iter().filter(|(name, _)| name.contains("/seed-")).map(|(_, b)| b.len()).sum();
    assert_eq!(sizes, on_disk as u64);
    let list = |columns: &str| {
        let output = PROGRAM.command(&["runs", "ls", out]).env("COLUMNS", columns).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    for columns in ["100", "70"] {
        let text = list(columns);
        let widest =
            text.lines().filter(|line| !line.contains("damaged:")).map(|line| line.chars().count()).max();
        assert!(widest <= columns.parse().ok(), "{text}");
        assert!(text.contains("1 damaged, 4 done, 1 interrupted") && text.contains("eval.json"), "{text}");
    }
    let text = PROGRAM.text(&["runs", "show", run_of(&root, "q-learning").to_str().unwrap()]);
    for part in
        ["q-learning in grid/cliff, seed 0", "2000 of 2000", "learning_rate = ", "checkpoints", "in all"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let json = PROGRAM.json(&["runs", "show", run_of(&root, "random").to_str().unwrap(), "--json"]);
    assert_eq!(
        (&json["config"]["agent"], &json["result"]["steps"]),
        (&Value::from("random"), &Value::from(2000))
    );
    assert_eq!(PROGRAM.fails(&["runs", "show", out]).0, 3);
    assert_eq!(PROGRAM.fails(&["runs", "ls", folder.path().join("none").to_str().unwrap()]).0, 3);
}

/// A bit of any file is flipped: every damaged file is named, and the exit code is 5.
#[test]
fn every_damaged_file_is_named() {
    let folder = results();
    let root = path(&folder);
    let out = root.to_str().unwrap();
    let text = PROGRAM.text(&["runs", "verify", out]);
    assert!(text.starts_with("6 runs, "), "{text}");
    let covered =
        |name: &str| (name.contains("/seed-") && !name.ends_with("checksums.b3")) || name.contains("/plan-");
    let names: Vec<String> = files(&root).into_keys().filter(|name| covered(name)).collect();
    assert!(names.len() > 60, "{}", names.len());
    for name in &names {
        let file = root.join(name);
        let good = std::fs::read(&file).unwrap();
        let mut bytes = good.clone();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 4;
        std::fs::write(&file, bytes).unwrap();
        let (code, said) = PROGRAM.fails(&["runs", "verify", out]);
        let short = Path::new(name).file_name().unwrap().to_str().unwrap();
        assert!(code == 5 && said.contains("1 damaged:") && said.contains(short), "{name}: {code}: {said}");
        std::fs::write(&file, good).unwrap();
    }
    // Several at once, one of them missing.
    let (q, s) = (run_of(&root, "q-learning"), run_of(&root, "sarsa"));
    std::fs::write(q.join("metrics.jsonl"), "").unwrap();
    std::fs::write(q.join("eval.json"), "{}").unwrap();
    std::fs::remove_file(s.join("episodes/evaluation.jsonl")).unwrap();
    let output = PROGRAM.output(&["runs", "verify", out, "--json"]);
    assert_eq!(output.status.code(), Some(5));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["damaged"].as_array().unwrap().len(), 3, "{json}");
}

#[test]
fn what_is_not_needed_is_listed_and_removed_only_on_demand() {
    let folder = results();
    let root = path(&folder);
    let out = root.to_str().unwrap();
    let before = files(&root);
    let leftover = run_of(&root, "sarsa").join("checkpoints/.step-000000002000.ckpt.tmp");
    std::fs::write(&leftover, "cut").unwrap();
    let moved = root.join("a").join("grid-cliff-sarsa-00000000/seed-0");
    std::fs::create_dir_all(&moved).unwrap();
    std::fs::write(moved.join("config.toml"), "format = 2").unwrap();
    let text = PROGRAM.text(&["runs", "gc", out]);
    assert!(text.contains("leftovers: 1 entry, 3 B") && text.contains("unnamed: 1 entry, 10 B"), "{text}");
    assert!(text.contains("Nothing was removed") && leftover.exists(), "{text}");
    PROGRAM.text(&["runs", "gc", out, "--delete", "leftovers,unnamed"]);
    assert!(files(&root) == before, "nothing else was removed");
    // Of each finished run, the newest checkpoint stays.
    let json = PROGRAM.json(&["runs", "gc", out, "--delete", "checkpoints", "--json"]);
    assert!(!json["removed"].as_array().unwrap().is_empty());
    let after = files(&root);
    assert!(after.iter().all(|(name, bytes)| before[name] == *bytes));
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    assert!(gone.clone().all(|name| name.ends_with(".ckpt")), "{:?}", gone.collect::<Vec<_>>());
    assert_eq!(after.keys().filter(|name| name.ends_with("checkpoints/step-000000002000.ckpt")).count(), 6);
    assert_eq!(after.keys().filter(|name| name.ends_with(".ckpt")).count(), 6);
    PROGRAM.text(&["runs", "verify", out]);
    // Such runs are evaluated and extended.
    PROGRAM.text(&["eval", root.join("a").to_str().unwrap(), "--episodes", "5"]);
    let file = folder.path().join("a.toml");
    let words = [
        "run",
        file.to_str().unwrap(),
        "--out",
        root.join("a").to_str().unwrap(),
        "--set",
        "steps=3000",
        "-q",
    ]
    .map(str::to_owned);
    let output = PROGRAM.output(&words.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(String::from_utf8_lossy(&output.stderr).contains("extended from 2000 to 3000"));
    assert!(output.status.success());
}

#[test]
fn a_folder_in_use_is_left_alone() {
    let folder = results();
    let root = path(&folder);
    let lock = std::fs::File::open(root.join("a/.lock")).unwrap();
    lock.lock().unwrap();
    let output = PROGRAM.output(&["runs", "gc", root.to_str().unwrap(), "--delete", "checkpoints"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.contains("another freewheel process uses this folder"), "{said}");
    let left = |name: &str| files(&root.join(name)).keys().filter(|name| name.ends_with(".ckpt")).count();
    assert!(left("a") > 4 && left("b") == 2, "{} and {}", left("a"), left("b"));
}
