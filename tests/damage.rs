//! Damaged files: a checkpoint with a single wrong bit is never used. Forged files: a checkpoint with a right checksum
//! and any content is refused or used, without a panic. Settings that need more memory than there is.

use std::path::{Path, PathBuf};

use freewheel_core::checkpoint::Checkpoint;
use freewheel_tests::Program;

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-program"));

fn trained(out: &Path) -> PathBuf {
    let words = [
        "train",
        "grid/frozenlake-4x4",
        "q-learning",
        "--steps",
        "4000",
        "--out",
        out.to_str().unwrap(),
        "-q",
    ];
    PROGRAM.text(&words);
    let run = std::fs::read_dir(out).unwrap().map(|e| e.unwrap().path()).find(|path| path.is_dir()).unwrap();
    run.join("seed-0")
}

fn checkpoints(run: &Path) -> Vec<PathBuf> {
    let all = std::fs::read_dir(run.join("checkpoints")).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<_> = all.filter(|path| path.extension().is_some_and(|e| e == "ckpt")).collect();
    all.sort();
    all
}

fn flip(file: &Path, bit: usize) {
    let mut bytes = std::fs::read(file).unwrap();
    let byte = bit / 8 % bytes.len();
    bytes[byte] ^= 1 << (bit % 8);
    std::fs::write(file, bytes).unwrap();
}

#[test]
fn a_flipped_bit_is_detected() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(folder.path());
    let all = checkpoints(&run);
    assert_eq!(all.len(), 3);
    let whole = PROGRAM.json(&["eval", run.to_str().unwrap(), "--episodes", "10", "--json"]);
    assert_eq!(whole["runs"][0]["step"], 4000);
    let newest = all.last().unwrap();
    let good = std::fs::read(newest).unwrap();
    for place in 0..40 {
        // Positions of the wrong bit, spread over the whole file, the first and the last bit included.
        let bit = place * (good.len() * 8 - 1) / 39;
        flip(newest, bit);
        let fallen = PROGRAM.output(&["eval", run.to_str().unwrap(), "--episodes", "10", "--json"]);
        assert!(fallen.status.success());
        let json: serde_json::Value = serde_json::from_slice(&fallen.stdout).unwrap();
        assert_eq!(json["runs"][0]["step"], 3200, "bit {bit} was not detected");
        let said = String::from_utf8_lossy(&fallen.stderr).into_owned();
        assert!(said.contains("damaged") && said.contains("step-000000004000.ckpt"), "bit {bit}: {said}");
        std::fs::write(newest, &good).unwrap();
    }
    for file in &all {
        flip(file, 777);
    }
    let (code, said) = PROGRAM.fails(&["eval", run.to_str().unwrap(), "--episodes", "10"]);
    assert_eq!(code, 5, "{said}");
    assert!(said.contains("damaged"), "{said}");
}

#[test]
fn a_run_with_a_damaged_checkpoint_resumes_from_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(folder.path());
    let before = freewheel_tests::files(&run);
    flip(checkpoints(&run).last().unwrap(), 12345);
    std::fs::remove_file(run.join("eval.json")).unwrap();
    // The message is printed even with --quiet.
    let output = PROGRAM.output(&["resume", folder.path().to_str().unwrap(), "--quiet", "--json"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("damaged") && said.contains("the checkpoint of step 3200"), "{said}");
    assert!(before == freewheel_tests::files(&run));
}

#[test]
fn a_changed_episode_does_not_verify() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(folder.path());
    let good = PROGRAM.text(&["replay", "--verify", folder.path().to_str().unwrap()]);
    assert!(good.contains("3 of 3 episodes replay"), "{good}");
    let file = run.join("episodes/evaluation.jsonl");
    let text = std::fs::read_to_string(&file).unwrap();
    let changed = text.replacen("\"seed\":0", "\"seed\":1", 1);
    assert_ne!(text, changed);
    // A file of its own, and the file of the run.
    let copy = folder.path().join("evaluation.jsonl");
    for file in [&copy, &file] {
        for text in [changed.as_str(), "{ not json"] {
            std::fs::write(file, text).unwrap();
            let (code, said) = PROGRAM.fails(&["replay", "--verify", file.to_str().unwrap()]);
            assert_eq!(code, 5, "{said}");
            let place = if file == &copy { "evaluation.jsonl:1:" } else { "evaluation.jsonl: damaged" };
            assert!(said.contains(place), "{said}");
        }
    }
    // An episode of an earlier version has no checksum, and its actions are replayed.
    let line = changed.lines().next().unwrap().split_once(",\"checksum\"").unwrap().0;
    std::fs::write(&copy, format!("{line}}}\n")).unwrap();
    let (code, said) = PROGRAM.fails(&["replay", "--verify", copy.to_str().unwrap()]);
    assert!(code == 5 && said.contains("evaluation.jsonl:1: episode"), "{said}");
}

#[test]
fn a_checkpoint_of_another_run_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    PROGRAM.text(&[
        "train",
        "grid/frozenlake-4x4",
        "q-learning",
        "--steps",
        "4000",
        "--seeds",
        "0..2",
        "--out",
        out,
        "-q",
    ]);
    let run = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|e| e.unwrap().path())
        .find(|path| path.is_dir())
        .unwrap();
    for (from, to) in checkpoints(&run.join("seed-0")).iter().zip(checkpoints(&run.join("seed-1"))) {
        std::fs::copy(from, to).unwrap();
    }
    let (code, said) = PROGRAM.fails(&["eval", run.join("seed-1").to_str().unwrap()]);
    assert_eq!(code, 5, "{said}");
    assert!(said.contains("belongs to another run"), "{said}");
}

/// Every bit of each file that a result is read from: flipped bits are refused with exit code 5.
#[test]
fn a_flipped_bit_in_any_file_of_a_finished_run_is_detected() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(folder.path());
    freewheel::checksums::verify_run(&run).unwrap();
    let mut covered = 0;
    for (name, good) in freewheel_tests::files(&run) {
        covered += 1;
        let file = run.join(&name);
        for place in 0..60 {
            let bit = place * (good.len() * 8 - 1) / 59;
            flip(&file, bit);
            let verified = freewheel::checksums::verify(folder.path());
            let e = verified.err().map(freewheel::Error::from).unwrap_or_else(|| panic!("{name}: bit {bit}"));
            // A flipped bit of `checksums.b3` may change the name of a file.
            assert!(e.exit_code() == 5, "{name}: bit {bit}: {e}");
            std::fs::write(&file, &good).unwrap();
        }
        // The command that reads the results.
        if ["config.toml", "eval.json", "checksums.b3"].contains(&name.as_str()) {
            // The first line of `checksums.b3` is that of the configuration.
            flip(&file, if name == "checksums.b3" { 3 } else { good.len() * 4 + 3 });
            let (code, said) = PROGRAM.fails(&["resume", folder.path().to_str().unwrap(), "--quiet"]);
            assert_eq!(code, 5, "{name}: {said}");
            assert!(said.contains(&name), "{said}");
            std::fs::write(&file, &good).unwrap();
        }
        if name.ends_with("evaluation.jsonl") {
            for at in [good.len() / 3, good.len() / 2] {
                flip(&file, at * 8);
                let (code, said) = PROGRAM.fails(&["replay", folder.path().to_str().unwrap()]);
                assert_eq!(code, 5, "{name}: {said}");
                std::fs::write(&file, &good).unwrap();
            }
        }
    }
    // Configuration, checksums, metrics, episodes, results, three checkpoints, and eleven of the history.
    assert_eq!(covered, 19);
    let plan = freewheel_tests::files(folder.path()).into_iter().find(|(name, _)| name.starts_with("plan-"));
    let (name, good) = plan.unwrap();
    for place in 0..60 {
        flip(&folder.path().join(&name), place * (good.len() * 8 - 1) / 59);
        let e = freewheel::checksums::verify(folder.path()).unwrap_err();
        assert!(matches!(e, freewheel_core::Error::Damaged { .. }), "{e}");
        std::fs::write(folder.path().join(&name), &good).unwrap();
    }
}

/// The score of a finished run, changed by hand.
#[test]
fn a_changed_result_is_detected() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(folder.path());
    let file = run.join("eval.json");
    let good = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, good.replacen("\"mean\": 0", "\"mean\": 9", 1)).unwrap();
    let table = std::fs::read(folder.path().join("results.md")).unwrap();
    let (code, said) = PROGRAM.fails(&["resume", folder.path().to_str().unwrap()]);
    assert_eq!(code, 5, "{said}");
    assert!(said.contains("eval.json: damaged"), "{said}");
    assert_eq!(table, std::fs::read(folder.path().join("results.md")).unwrap());
}

/// The log of an unfinished run, changed before the latest checkpoint.
#[test]
fn a_changed_log_is_detected_on_resume() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(folder.path());
    std::fs::remove_file(run.join("eval.json")).unwrap();
    let log = run.join("metrics.jsonl");
    let good = std::fs::read(&log).unwrap();
    flip(&log, 1000);
    let (code, said) = PROGRAM.fails(&["resume", folder.path().to_str().unwrap()]);
    assert_eq!(code, 5, "{said}");
    assert!(said.contains("metrics.jsonl"), "{said}");
    std::fs::write(&log, &good).unwrap();
    PROGRAM.text(&["resume", folder.path().to_str().unwrap()]);
    freewheel::checksums::verify_run(&run).unwrap();
}

/// A run in the folder of another seed would count twice.
#[test]
fn a_run_in_the_folder_of_another_seed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(folder.path());
    std::fs::rename(&run, run.with_file_name("seed-1")).unwrap();
    let (code, said) = PROGRAM.fails(&["eval", folder.path().to_str().unwrap()]);
    assert_eq!(code, 5, "{said}");
    assert!(said.contains("seed 0") && said.contains("folder of seed 1"), "{said}");
}

/// A run of an earlier version has no checksums and no plan. It is read; its configuration is compared with the hash in
/// the name of its folder.
#[test]
fn a_run_without_checksums_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(folder.path());
    let out = folder.path().to_str().unwrap();
    std::fs::remove_file(run.join("checksums.b3")).unwrap();
    for (name, _) in freewheel_tests::files(folder.path()) {
        if name.starts_with("plan-") {
            std::fs::remove_file(folder.path().join(name)).unwrap();
        }
    }
    PROGRAM.text(&["resume", out]);
    assert!(!freewheel::checksums::verify_run(&run).unwrap().has_checksums);
    PROGRAM.text(&["eval", out, "--episodes", "3"]);
    let file = run.join("config.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, config.replace("steps = 4000", "steps = 5000")).unwrap();
    let (code, said) = PROGRAM.fails(&["eval", out, "--episodes", "3"]);
    assert_eq!(code, 5, "{said}");
    // A value out of range, in a folder with another name.
    for (from, to) in [
        ("num_envs = 1", "num_envs = 9223372036854775807"),
        ("keep = 3", "keep = 0"),
        ("max_steps = 1000", "max_steps = 0"),
    ] {
        let other = folder.path().join("other");
        std::fs::create_dir_all(&other).unwrap();
        let forged = config.replace(from, to);
        assert_ne!(forged, config);
        std::fs::write(other.join("config.toml"), forged).unwrap();
        let (code, said) = PROGRAM.fails(&["eval", other.to_str().unwrap(), "--episodes", "3"]);
        assert!(code == 5 && said.contains("at least 1"), "{to}: {code} {said}");
    }
}

/// The state of the agent, changed at some places, in a file with the right checksum.
#[test]
fn a_forged_checkpoint_is_refused_or_used() {
    for agent in ["q-learning", "double-q", "dyna-q", "dqn", "ppo", "reinforce"] {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().to_str().unwrap();
        PROGRAM.text(&["train", "grid/frozenlake-4x4", agent, "--steps", "600", "--out", out, "-q"]);
        let mut runs = std::fs::read_dir(out).unwrap().map(|e| e.unwrap().path());
        let run = runs.find(|path| path.is_dir()).unwrap().join("seed-0");
        // The checksums of the run would show the change.
        std::fs::remove_file(run.join("checksums.b3")).unwrap();
        let all = checkpoints(&run);
        let good: Vec<Checkpoint> = all.iter().map(|file| Checkpoint::read(file).unwrap()).collect();
        for case in 0..8usize {
            for (file, good) in all.iter().zip(&good) {
                let mut forged = good.clone();
                let mut state = forged.section("agent").unwrap().to_vec();
                let len = state.len();
                match case {
                    0 => state.truncate(len / 2),
                    1 => state.extend([0; 9]),
                    2 => state.fill(0xff),
                    3 => state.clear(),
                    // NaN, infinity and large numbers all over the state, behind its header.
                    _ => {
                        let wrong = [f32::NAN, f32::INFINITY, 1e30, -1.0][case % 4].to_le_bytes();
                        for at in (20 + case..len.saturating_sub(4)).step_by(len / 7 + 1) {
                            state[at..at + 4].copy_from_slice(&wrong);
                        }
                    }
                }
                forged.insert("agent", state);
                let mut bytes = Vec::new();
                forged.write(&mut bytes).unwrap();
                std::fs::write(file, bytes).unwrap();
            }
            let output = PROGRAM.output(&["eval", run.to_str().unwrap(), "--episodes", "5"]);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let code = output.status.code();
            assert!(matches!(code, Some(0 | 3..=5)), "{agent}, case {case}: {code:?} {said}");
            assert!(case > 3 || code != Some(0), "{agent}, case {case} was not refused");
            assert!(!said.contains("panicked"), "{agent}, case {case}: {said}");
        }
    }
}

/// Memory of the environments grows with their number and with the frame stack: each alone is accepted.
#[test]
fn many_environments_with_a_frame_stack_are_refused_with_the_number() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let train = |num_envs: u32, frame_stack: u32| {
        let set = [format!("num_envs={num_envs}"), format!("agent.frame_stack={frame_stack}")];
        let set = [
            set[0].as_str(),
            &set[1],
            "agent.num_steps=1",
            "agent.hidden_sizes=[1]",
            "evaluation.episodes=1",
        ];
        let words = ["train", "classic/cartpole", "a2c", "--no-preset", "--steps", "10", "--out", out, "-q"];
        let words: Vec<&str> = words.into_iter().chain(set.iter().flat_map(|set| ["--set", *set])).collect();
        let output = PROGRAM.command(&words).env("FREEWHEEL_MAX_MEMORY", "256MiB").output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = train(20_000, 1000);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("num_envs = 20000") && said.contains("and 256 MiB are there"), "{said}");
    for (num_envs, frame_stack) in [(20_000, 1), (1, 1000)] {
        let (code, said) = train(num_envs, frame_stack);
        assert_eq!(code, Some(0), "{num_envs} {frame_stack}: {said}");
    }
}

#[test]
fn settings_that_need_too_much_memory_are_refused_with_the_number() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    for (agent, settings) in [
        ("dqn", &["agent.buffer_size=4294967295"][..]),
        ("dqn", &["agent.batch_size=1000000", "agent.hidden_sizes=[65536]"]),
        ("q-learning", &["num_envs=1048576", "world.time_limit=9"]),
        ("n-step-sarsa", &["agent.n_step=10000", "num_envs=100000"]),
        ("ppo", &["agent.num_steps=1000000", "num_envs=1000"]),
        ("a2c", &["agent.num_steps=1000000", "agent.hidden_sizes=[4096, 4096]"]),
        ("reinforce", &["agent.num_episodes=1000000", "agent.hidden_sizes=[4096]"]),
    ] {
        let mut words = vec!["train", "grid/frozenlake-4x4", agent, "--steps", "1000", "--out", out, "-q"];
        settings.iter().for_each(|setting| words.extend(["--set", setting]));
        let output = PROGRAM.command(&words).env("FREEWHEEL_MAX_MEMORY", "256MiB").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{words:?}: {said}");
        assert!(said.contains("of memory and 256 MiB are there"), "{words:?}: {said}");
        let last = settings[0].split(['=', '.']).next_back().unwrap();
        assert!(said.contains(last), "{words:?}: {said}");
    }
}
