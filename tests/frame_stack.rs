//! Setting `frame_stack` of every agent, from the experiment file to the replay.

use std::path::{Path, PathBuf};

use freewheel_tests::{Program, assert_same_bytes};

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-test-program"));

fn train(out: &Path, world: &str, agent: &str, more: &[&str]) -> serde_json::Value {
    let words = ["train", world, agent, "--out", out.to_str().unwrap(), "--json"];
    PROGRAM.json(&[&words[..], more].concat())["rows"][0].clone()
}

fn folders(out: &Path) -> Vec<PathBuf> {
    let all = std::fs::read_dir(out).unwrap().map(|entry| entry.unwrap().path());
    all.filter(|path| path.is_dir()).collect()
}

#[test]
fn a_frame_stack_solves_a_task_that_requires_memory() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let experiment = folder.path().join("t-maze.toml");
    let text = r#"
        worlds = ["test/t-maze"]
        agents = ["q-learning", { id = "q-learning", label = "stacked", frame_stack = 2 }]
        seeds = "0..4"
        steps = 4000
    "#;
    std::fs::write(&experiment, text).unwrap();
    let report = PROGRAM.json(&["run", experiment.to_str().unwrap(), "--out", out, "--json"]);
    let [without, with] = [0, 1].map(|row| report["rows"][row]["mean"].as_f64().unwrap());
    // At the junction both signs give the same observation, so the expected return of an agent without memory is 0.
    assert!(without.abs() < 0.2, "{without}");
    assert_eq!(with, 1.0);
    // Records contain the world's observations, and a second evaluation gives the same scores.
    assert!(PROGRAM.text(&["replay", "--verify", out]).contains("24 of 24"));
    let again = PROGRAM.json(&["eval", out, "--json"]);
    let scores = again["runs"].as_array().unwrap().iter().filter(|run| run["agent"] == "stacked");
    assert_eq!(scores.map(|run| run["score"].as_f64().unwrap()).collect::<Vec<_>>(), [1.0; 4]);
}

#[test]
fn a_frame_stack_of_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let [plain, one, two] = ["plain", "one", "two"].map(|name| folder.path().join(name));
    let steps = ["--steps", "2000"];
    train(&plain, "grid/cliff", "q-learning", &steps);
    train(&one, "grid/cliff", "q-learning", &[&steps[..], &["--set", "agent.frame_stack=1"]].concat());
    train(&two, "grid/cliff", "q-learning", &[&steps[..], &["--set", "agent.frame_stack=2"]].concat());
    assert_same_bytes(&plain, &one);
    let run = &folders(&two)[0];
    assert_ne!(run.file_name(), folders(&plain)[0].file_name());
    let config = std::fs::read_to_string(run.join("seed-0/config.toml")).unwrap();
    assert!(config.contains("frame_stack = 2"), "{config}");
}

#[test]
fn a_killed_and_resumed_run_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let [whole, killed] = ["whole", "killed"].map(|name| folder.path().join(name));
    let words = |out: &Path, threads: &str| {
        let set = ["agent.frame_stack=3", "num_envs=3", "checkpoint.points=40", "evaluation.points=4"];
        let words = ["train", "grid/frozenlake-4x4", "sarsa", "--steps", "60000", "--seeds", "0..2", "-q"];
        let mut words: Vec<String> = words.map(String::from).to_vec();
        words.extend(["--out", out.to_str().unwrap(), "--threads", threads].map(String::from));
        words.extend(set.iter().flat_map(|set| ["--set".to_owned(), (*set).to_owned()]));
        words
    };
    let command = |words: Vec<String>| PROGRAM.command(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let begin = std::time::Instant::now();
    assert!(command(words(&whole, "1")).output().unwrap().status.success());
    let took = begin.elapsed();
    let mut kills = 0;
    // Two threads are about twice as fast as one thread, and finished work is not repeated.
    for part in [0.1, 0.2, 0.1, 0.15, 0.2, 0.1] {
        let mut child = command(words(&killed, "2")).stdout(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(took.mul_f64(part));
        child.kill().unwrap();
        kills += u32::from(!child.wait().unwrap().success());
    }
    assert!(kills >= 1, "none was killed before its end");
    assert!(command(words(&killed, "8")).output().unwrap().status.success());
    assert_same_bytes(&whole, &killed);
}

#[test]
fn every_agent_has_the_setting() {
    for agent in ["q-learning", "dyna-q", "random", "reference", "diverging"] {
        assert!(PROGRAM.text(&["agents", agent]).contains("agent.frame_stack"), "{agent}");
    }
    let folder = tempfile::tempdir().unwrap();
    let out = |name: &str| folder.path().join(name);
    for (world, agent) in
        [("grid/cliff", "reference"), ("market/ar1", "random"), ("track/circle", "scripted")]
    {
        let more = ["--steps", "50", "--set", "evaluation.episodes=6"];
        let plain = train(&out(&format!("{agent}-1")), world, agent, &more);
        let seen = out(&format!("{agent}-3"));
        let more = [&more[..], &["--set", "agent.frame_stack=3"]].concat();
        assert_eq!(train(&seen, world, agent, &more)["scores"], plain["scores"], "{agent}");
        assert!(PROGRAM.text(&["replay", "--verify", seen.to_str().unwrap()]).contains("3 of 3"));
    }
}

#[test]
fn in_self_play_each_player_has_its_own_stack() {
    let folder = tempfile::tempdir().unwrap();
    let more = ["--steps", "3000", "--set", "world.opponent=self", "--set", "agent.frame_stack=2"];
    let row = train(folder.path(), "go/2x2", "q-learning", &[&more[..], &["--set", "agent.bins=2"]].concat());
    assert_eq!(row["seeds"], 1);
    assert!(PROGRAM.text(&["replay", "--verify", folder.path().to_str().unwrap()]).contains("3 of 3"));
    // A policy that is an opponent in a world gets single observations.
    let run = folders(folder.path())[0].join("seed-0");
    let checkpoint = format!("world.checkpoint={}", run.display());
    let out = folder.path().join("seated");
    let words = ["train", "go/2x2", "random", "--set", "world.opponent=checkpoint", "--set", &checkpoint];
    let (code, said) = PROGRAM.fails(&[&words[..], &["--out", out.to_str().unwrap()]].concat());
    assert_eq!(code, 3);
    assert!(
        said.contains("trained with frame_stack = 2") && said.contains("not available in another world"),
        "{said}"
    );
}

#[test]
fn an_invalid_frame_stack_is_an_error_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let (file, out) = (folder.path().join("wrong.toml"), folder.path().join("out"));
    let words = ["run", file.to_str().unwrap(), "--out", out.to_str().unwrap()];
    for (length, why) in [
        ("0", "at least 1 and at most 1024"),
        ("1025", "at least 1 and at most 1024"),
        ("-1", "frame_stack"),
        ("\"two\"", "frame_stack"),
    ] {
        let text = format!(
            "worlds = [\"grid/taxi\"]\nagents = [\"random\", \"sarsa\"]\n\n[agent.sarsa]\nframe_stack = {length}\n"
        );
        std::fs::write(&file, text).unwrap();
        let (code, said) = PROGRAM.fails(&words);
        assert_eq!(code, 3, "{said}");
        assert!(said.contains("wrong.toml:5:1: ") && said.contains(why), "{length}: {said}");
    }
    std::fs::write(&file, "worlds = [\"grid/cliff\"]\nagents = [{ id = \"sarsa\", frame_stak = 2 }]\n")
        .unwrap();
    let (_, said) = PROGRAM.fails(&words);
    assert!(!out.exists(), "an invalid experiment creates no folder");
    assert!(said.contains("did you mean `frame_stack`?"), "{said}");
}
