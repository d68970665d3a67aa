//! A run that is killed at any point and resumed gives the same bytes as an uninterrupted one.

use std::path::Path;
use std::time::Duration;

use freewheel_core::checkpoint::Checkpoint;
use freewheel_core::{Purpose, Streams};
use freewheel_tests::{Program, assert_same_bytes};

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-program"));
const ODD: Program = Program(env!("CARGO_BIN_EXE_freewheel-test-program"));

/// Arguments of a run that is long enough to be killed several times.
fn words(out: &Path) -> Vec<String> {
    let set = [
        "checkpoint.points=40",
        "log.points=40",
        "evaluation.points=4",
        "agent.n_step=3",
        "world.time_limit=60",
    ];
    let mut words: Vec<String> =
        ["run", experiment(), "--threads", "2", "--quiet", "--out"].map(String::from).to_vec();
    words.push(out.to_str().unwrap().to_owned());
    words.extend(set.iter().flat_map(|set| ["--set".to_owned(), (*set).to_owned()]));
    words
}

fn experiment() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/resume.toml")
}

fn run(out: &Path) -> std::process::Command {
    let words = words(out);
    PROGRAM.command(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn killed_at_random_points_and_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, killed) = (folder.path().join("whole"), folder.path().join("killed"));
    let begin = std::time::Instant::now();
    assert!(run(&whole).output().unwrap().status.success());
    let took = begin.elapsed();
    let mut rng = Streams::new(1).stream(Purpose::Agent, 0, 0);
    let mut kills = 0;
    for _ in 0..12 {
        let mut child = run(&killed).stdout(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_secs_f64(took.as_secs_f64() * 0.3 * rng.uniform()));
        child.kill().unwrap();
        kills += u32::from(!child.wait().unwrap().success());
    }
    assert!(kills >= 3, "only {kills} of 12 were killed before their end");
    let output = run(&killed).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_same_bytes(&whole, &killed);
}

/// Checkpoints so large that one is being written in the background most of the time.
#[test]
fn killed_while_writing_leaves_only_intact_checkpoints() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, killed) = (folder.path().join("whole"), folder.path().join("killed"));
    let command = |out: &Path| {
        let set = ["agent.factor=1", "agent.padding=4000000", "checkpoint.points=50", "checkpoint.keep=2"];
        let words =
            ["train", "test/t-maze", "diverging", "--steps", "20000", "-q", "--out", out.to_str().unwrap()];
        let set = set.iter().flat_map(|set| ["--set", *set]);
        ODD.command(&words.into_iter().chain(set).collect::<Vec<_>>())
    };
    let begin = std::time::Instant::now();
    assert!(command(&whole).output().unwrap().status.success());
    let took = begin.elapsed();
    let mut rng = Streams::new(2).stream(Purpose::Agent, 0, 0);
    let mut kills = 0;
    for _ in 0..12 {
        let mut child = command(&killed).stdout(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_secs_f64(took.as_secs_f64() * 0.3 * rng.uniform()));
        child.kill().unwrap();
        kills += u32::from(!child.wait().unwrap().success());
        for (name, bytes) in freewheel_tests::files(folder.path()) {
            if name.ends_with(".ckpt") {
                Checkpoint::decode(Path::new(&name), &bytes).unwrap();
            }
        }
    }
    assert!(kills >= 3, "only {kills} of 12 were killed before their end");
    assert!(command(&killed).output().unwrap().status.success());
    assert_same_bytes(&whole, &killed);
}

/// An error in writing a checkpoint stops the run, and no result is written.
#[test]
fn a_checkpoint_that_cannot_be_written_stops_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let words = ["train", "test/t-maze", "random", "--steps", "20000", "--out", out, "-q"];
    ODD.text(&words);
    let run =
        std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().path()).find(|p| p.is_dir()).unwrap();
    let run = run.join("seed-0");
    std::fs::remove_file(run.join("eval.json")).unwrap();
    std::fs::remove_dir_all(run.join("checkpoints")).unwrap();
    // A folder has the name of the first temporary file, so that only the writer fails.
    std::fs::create_dir_all(run.join("checkpoints/.step-000000004000.ckpt.tmp/full")).unwrap();
    let (code, said) = ODD.fails(&words);
    assert!(code == 3 && said.contains("checkpoints"), "{code}: {said}");
    assert!(!run.join("eval.json").exists());
}

#[test]
fn interrupted_saved_and_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, stopped) = (folder.path().join("whole"), folder.path().join("stopped"));
    let begin = std::time::Instant::now();
    assert!(run(&whole).output().unwrap().status.success());
    let took = begin.elapsed();
    let mut codes = Vec::new();
    for part in [0.2, 0.5, 0.3] {
        let child = run(&stopped).stderr(std::process::Stdio::piped()).spawn().unwrap();
        std::thread::sleep(took.mul_f64(part));
        // `-INT` is the signal of Ctrl-C.
        let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        let output = child.wait_with_output().unwrap();
        codes.push(output.status.code());
        if output.status.code() == Some(130) {
            assert!(kill.unwrap().success());
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(said.contains("interrupted and saved; continue with: freewheel resume"), "{said}");
        }
    }
    assert!(codes.contains(&Some(130)), "never interrupted: {codes:?}");
    // `resume` also starts the runs that had not started.
    PROGRAM.text(&["resume", stopped.to_str().unwrap()]);
    assert_same_bytes(&whole, &stopped);
}

#[test]
fn an_evaluation_is_interrupted_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let words = ["train", "grid/frozenlake-8x8", "q-learning", "--steps", "1000", "--out", out, "--quiet"];
    let words = [&words[..], &["--set", "evaluation.episodes=20000000"]].concat();
    let child = PROGRAM.command(&words).stderr(std::process::Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    let begin = std::time::Instant::now();
    assert!(
        std::process::Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(begin.elapsed() < Duration::from_secs(60), "it took {:?}", begin.elapsed());
}

#[test]
fn resume_finds_runs_below_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let words =
        ["train", "grid/cliff", "sarsa", "--steps", "2000", "--seeds", "0..2", "--out", out, "--json"];
    let first = PROGRAM.json(&words);
    let evals = freewheel_tests::run_files(folder.path());
    let again = PROGRAM.json(&["resume", out, "--json"]);
    assert_eq!(first["rows"][0]["scores"], again["rows"][0]["scores"]);
    assert_eq!(evals, freewheel_tests::run_files(folder.path()));
}

/// An experiment that is killed in its first moments is continued with all its runs.
#[test]
fn an_experiment_that_was_killed_early_is_resumed_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let set = ["evaluation.episodes=1", "evaluation.points=0", "log.points=1", "checkpoint.points=1"];
    let words =
        ["train", "grid/cliff", "q-learning", "--steps", "20", "--seeds", "0..200", "--quiet", "--out"];
    let command = |out: &Path| {
        let words = words.into_iter().chain([out.to_str().unwrap()]);
        PROGRAM.command(&words.chain(set.iter().flat_map(|set| ["--set", *set])).collect::<Vec<_>>())
    };
    let begin = std::time::Instant::now();
    assert!(command(&folder.path().join("whole")).output().unwrap().status.success());
    let took = begin.elapsed();
    let mut partial = 0;
    for (number, part) in [0.02, 0.05, 0.1, 0.2, 0.4, 0.6].into_iter().enumerate() {
        let out = folder.path().join(format!("killed-{number}"));
        let mut child = command(&out).stdout(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(took.mul_f64(part));
        child.kill().unwrap();
        child.wait().unwrap();
        let planned = out.is_dir()
            && std::fs::read_dir(&out).unwrap().any(|e| {
                let name = e.unwrap().file_name().into_string().unwrap();
                name.starts_with("plan-")
            });
        let started = if out.is_dir() { freewheel_tests::files(&out) } else { Default::default() };
        let started = started.keys().filter(|name| name.ends_with("config.toml")).count();
        assert!(planned || started == 0, "{started} runs without a plan");
        if planned {
            partial += u32::from(started < 200);
            let json = PROGRAM.json(&["resume", out.to_str().unwrap(), "--json", "--quiet"]);
            assert_eq!(json["rows"][0]["seeds"], 200);
            assert_same_bytes(&folder.path().join("whole"), &out);
            assert!(freewheel_tests::files(&out).keys().all(|name| !name.ends_with(".tmp")));
        }
    }
    assert!(partial >= 1, "no kill left a part of the runs");
}

/// Temporary files of a killed process are removed, and folders are left as they are.
#[test]
fn temporary_files_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let words = ["train", "grid/cliff", "sarsa", "--steps", "500", "--out", out, "--quiet"];
    PROGRAM.text(&words);
    let before = freewheel_tests::files(folder.path());
    let run = before.keys().find_map(|name| name.strip_suffix("/config.toml")).unwrap().to_owned();
    std::fs::remove_file(folder.path().join(&run).join("eval.json")).unwrap();
    for name in [".plan-0.toml.tmp", ".results.md.tmp"] {
        std::fs::write(folder.path().join(name), "half").unwrap();
    }
    for name in [
        ".eval.json.tmp",
        ".config.toml.tmp",
        "checkpoints/.step-1.ckpt.tmp",
        "episodes/.evaluation.jsonl.tmp",
    ] {
        std::fs::write(folder.path().join(&run).join(name), "half").unwrap();
    }
    PROGRAM.text(&["resume", out, "--quiet"]);
    let after = freewheel_tests::files(folder.path());
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
}

/// A run whose folder is deleted while it is trained fails.
#[test]
fn a_folder_that_is_deleted_during_the_run_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let words = ["train", "grid/frozenlake-8x8", "q-learning", "--steps", "100000000", "--quiet", "--out"];
    let words = [&words[..], &[out.to_str().unwrap(), "--set", "checkpoint.points=1000"]].concat();
    let mut child = PROGRAM.command(&words).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let begin = std::time::Instant::now();
    let started =
        || out.is_dir() && freewheel_tests::files(&out).keys().any(|name| name.ends_with("metrics.jsonl"));
    while !started() && begin.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
    }
    // The program may create a file at the same time.
    while out.exists() {
        let _ = std::fs::remove_dir_all(&out);
    }
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(3));
}

/// The speed of a resumed run counts the steps of this call alone.
#[test]
fn the_speed_of_a_resumed_run_counts_new_steps() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let words = ["train", "grid/cliff", "q-learning", "--steps", "2000000", "--out", out, "--json"];
    let whole = PROGRAM.json(&words);
    let run =
        std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().path()).find(|p| p.is_dir()).unwrap();
    // Only the final evaluation is repeated: no step is new.
    std::fs::remove_file(run.join("seed-0/eval.json")).unwrap();
    let again = PROGRAM.json(&["resume", out, "--json"]);
    assert!(whole["rows"][0]["steps_per_second"].as_f64().unwrap() > 0.0);
    assert_eq!(again["rows"][0]["steps_per_second"], serde_json::Value::Null);
}

#[test]
fn two_processes_in_one_folder_are_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = run(folder.path()).stdout(std::process::Stdio::null()).spawn().unwrap();
    let begin = std::time::Instant::now();
    while !folder.path().join(".lock").exists() && begin.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(50));
    let second = run(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    let still = first.try_wait().unwrap().is_none();
    assert!(first.wait().unwrap().success());
    assert!(still, "the first process finished before the second started, so nothing was tested");
    assert_eq!(second.status.code(), Some(3), "{said}");
    assert!(said.contains("another freewheel process uses this folder"), "{said}");
}
