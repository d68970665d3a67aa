//! A sweep ends in the same table, byte for byte, however often it is killed, on any number of threads and processes.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use freewheel_core::{Purpose, Streams};
use freewheel_tests::{Program, files};
use serde_json::Value;

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-program"));
const ODD: Program = Program(env!("CARGO_BIN_EXE_freewheel-test-program"));

/// 12 trials in two generations of TPE with two rungs.
const SWEEP: &str = r#"
name = "small"
worlds = ["grid/cliff"]
agents = ["q-learning"]
steps = 6000
seeds = "0..2"
presets = false

[sweep]
sampler = "tpe"
trials = 24
generation = 12
rungs = 2
factor = 3
confirm = "10..16"

[space]
learning_rate = { log = [0.005, 1.0] }
epsilon = { uniform = [0.0, 0.5] }

[agent]
learning_rate = 0.01

[evaluation]
episodes = 20
points = 2
[log]
points = 10
"#;

struct Place {
    folder: tempfile::TempDir,
    file: PathBuf,
}

impl Place {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sweep.toml");
        std::fs::write(&file, text).unwrap();
        Place { folder, file }
    }

    fn path(&self, out: &str) -> PathBuf {
        self.folder.path().join(out)
    }

    fn command(&self, out: &str, more: &[&str]) -> Command {
        let out = self.path(out);
        let words = ["sweep", self.file.to_str().unwrap(), "--quiet", "--out", out.to_str().unwrap()];
        PROGRAM.command(&[&words[..], more].concat())
    }

    fn text(&self, out: &str, more: &[&str]) -> String {
        let output = self.command(out, more).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Number of files and folders below `folder`; those that vanish meanwhile are left out.
fn entries(folder: &Path) -> usize {
    let Ok(all) = std::fs::read_dir(folder) else { return 0 };
    let below = |entry: std::fs::DirEntry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => 1 + entries(&entry.path()),
        _ => 1,
    };
    all.flatten().map(below).sum()
}

/// Newest time at which the results of a run below `folder` were written.
fn newest(folder: &Path) -> SystemTime {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let times = paths
        .filter(|path| path.is_dir() || path.ends_with("eval.json"))
        .map(|path| if path.is_dir() { newest(&path) } else { path.metadata().unwrap().modified().unwrap() });
    times.max().unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Asserts that two sweeps have the same tables, and the same files in the folders of their runs.
fn assert_same_sweep(a: &Path, b: &Path) {
    for name in ["results.json", "results.md", "preset.toml", "sweep.toml"] {
        let of = |root: &Path| std::fs::read(root.join(name)).unwrap();
        assert!(of(a) == of(b), "{name} differs");
    }
    let runs = |root: &Path| {
        let mut all = files(root);
        all.retain(|name, _| name.contains("/seed-"));
        all
    };
    let (a, b) = (runs(a), runs(b));
    assert!(a.len() > 100 && a.keys().eq(b.keys()));
    a.iter().for_each(|(name, bytes)| assert!(bytes == &b[name], "{name} differs"));
}

#[test]
fn the_table_does_not_depend_on_threads_kills_or_processes() {
    let place = Place::new(SWEEP);
    let whole = place.text("whole", &["--threads", "1"]);
    assert!(whole.contains("on fresh seeds") && whole.contains("# Preset of trial"), "{whole}");

    // 20 kills, each after a random number of new files and a random time up to 20 ms.
    let mut rng = Streams::new(7).stream(Purpose::Agent, 0, 0);
    let mut kills = 0;
    for _ in 0..20 {
        let more = entries(&place.path("killed")) + rng.below(40) as usize;
        let mut child = place.command("killed", &["--threads", "2"]).stdout(Stdio::null()).spawn().unwrap();
        while entries(&place.path("killed")) < more && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_secs_f64(0.02 * rng.uniform()));
        child.kill().unwrap();
        kills += u32::from(!child.wait().unwrap().success());
    }
    assert!(kills >= 10, "only {kills} of 20 were killed before their end");
    assert_eq!(place.text("killed", &["--threads", "2"]), whole);
    assert_same_sweep(&place.path("whole"), &place.path("killed"));

    // Processes of a job array, of which two run at once; the table of each is the whole one.
    let script =
        "seq 3 | xargs -P 2 -I{} \"$0\" sweep \"$1\" --quiet --threads 1 --out \"$2\" --task-id {}/3";
    let out = place.path("array");
    let output = Command::new("sh")
        .args(["-c", script, PROGRAM.0, place.file.to_str().unwrap(), out.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_same_sweep(&place.path("whole"), &out);
    let journals = files(&out.join("journal"));
    assert_eq!(journals.len(), 3);
    assert!(journals.values().filter(|lines| !lines.is_empty()).count() >= 2, "one process made all runs");

    // A finished sweep is read: no run is written again.
    let written = || newest(&place.path("whole"));
    let before = written();
    assert!(before > SystemTime::UNIX_EPOCH);
    assert_eq!(place.text("whole", &["--threads", "2"]), whole);
    assert_eq!(written(), before, "the runs were made again");
    let text = PROGRAM.text(&["runs", "verify", out.to_str().unwrap()]);
    assert!(text.contains("match their checksums"), "{text}");
}

/// A process that was killed amid its work leaves its runs to the others.
#[test]
fn other_processes_take_over() {
    let place = Place::new(&SWEEP.replace("steps = 6000", "steps = 60000"));
    let mut first =
        place.command("a", &["--threads", "2", "--task-id", "1/2"]).stdout(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(700));
    // A second process with the same number is refused.
    let (code, said) = {
        let output = place.command("a", &["--task-id", "1/2"]).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(code == Some(3) && said.contains("another process is task 1/2"), "{code:?}: {said}");
    let text = place.text("a", &["--threads", "2", "--task-id", "2/2"]);
    assert_eq!(text, place.text("b", &["--threads", "2"]));
    assert_same_sweep(&place.path("a"), &place.path("b"));
}

/// The figures of the table, looked at: halving, ranks, and the winner against defaults that learn too slowly.
#[test]
fn the_winner_is_confirmed_on_fresh_seeds() {
    let place = Place::new(SWEEP);
    let json: Value = serde_json::from_str(&place.text("a", &["--json"])).unwrap();
    let trials = json["trials"].as_array().unwrap();
    let steps = |steps: u64| trials.iter().filter(|trial| trial["steps"] == steps).count();
    assert_eq!((trials.len(), steps(2000), steps(6000)), (24, 16, 8));
    let confirmed = &json["confirmed"];
    assert_eq!(confirmed["trial"], trials[0]["trial"]);
    assert_eq!(confirmed["best"]["scores"].as_array().unwrap().len(), 6);
    // A learning rate of 0.01 does not learn the cliff in 6000 steps.
    assert_eq!(confirmed["verdict"], "better", "{confirmed}");
    let mean = |arm: &str| confirmed[arm]["mean"].as_f64().unwrap();
    assert!(mean("best") > mean("defaults") + 1.0, "{confirmed}");
    assert!(confirmed["p"].as_f64().unwrap() <= 0.05);
    // The preset is that of the best trial, in the form of the presets.
    let preset: toml::Table = confirmed["preset"].as_str().unwrap().parse().unwrap();
    let of = &preset["grid/cliff"]["q-learning"];
    assert_eq!(of["steps"].as_integer(), Some(6000));
    assert_eq!(of["learning_rate"].as_float(), trials[0]["settings"]["learning_rate"].as_f64());
    assert_eq!(
        std::fs::read_to_string(place.path("a/preset.toml")).unwrap(),
        confirmed["preset"].as_str().unwrap()
    );
    // The scores are those of runs on disk.
    let scores: Vec<f64> = files(&place.path("a"))
        .into_iter()
        .filter(|(name, _)| name.ends_with("seed-12/eval.json"))
        .map(|(_, json)| {
            serde_json::from_slice::<Value>(&json).unwrap()["evaluation"]["mean"].as_f64().unwrap()
        })
        .collect();
    let shown = ["best", "defaults"].map(|arm| confirmed[arm]["scores"][2].as_f64().unwrap());
    assert_eq!(scores.len(), 2);
    assert!(shown.iter().all(|score| scores.contains(score)), "{shown:?} {scores:?}");
    // Another definition does not mix with it.
    let output = place.command("a", &["--set", "sweep.seed=1"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(3) && said.contains("a sweep with other settings"), "{said}");
    let output = PROGRAM.output(&["runs", "gc", place.path("a").to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("unnamed: 0 entries"));
}

/// The system refuses to write more than a few kilobytes into a file: the error names the file, what was written before
/// is intact, and the sweep goes on later.
#[test]
fn a_full_disk_is_an_error_and_leaves_everything_before_intact() {
    let place = Place::new(SWEEP);
    let whole = place.text("whole", &["--threads", "2"]);
    let mut failures = 0;
    // Blocks of 512 bytes: at first, not even a configuration fits.
    for blocks in [1, 2, 3, 4, 6, 8, 12] {
        let script = format!(
            "trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" sweep \"$1\" --quiet --threads 2 --out \"$2\""
        );
        let out = place.path("full");
        let output = Command::new("sh")
            .args(["-c", &script, PROGRAM.0, place.file.to_str().unwrap(), out.to_str().unwrap()])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            failures += 1;
            assert_eq!(output.status.code(), Some(3), "{blocks}: {said}");
            assert!(said.contains("File too large") && said.contains("full"), "{blocks}: {said}");
        }
        if out.is_dir() && files(&out).keys().any(|name| name.ends_with("config.toml")) {
            PROGRAM.text(&["runs", "verify", out.to_str().unwrap()]);
        }
    }
    assert!(failures >= 3, "{failures}");
    assert_eq!(place.text("full", &["--threads", "2"]), whole);
    assert_same_sweep(&place.path("whole"), &place.path("full"));
}

/// Trials that diverge are last, and a sweep in which all diverge says so.
#[test]
fn diverging_trials_are_last() {
    let text = r#"
        name = "odd"
        worlds = ["test/t-maze"]
        agents = ["diverging"]
        steps = 2000
        seeds = "0..2"
        [sweep]
        sampler = "random"
        trials = 6
        [space]
        factor = [1.0, 2.0]
    "#;
    let place = Place::new(text);
    let out = place.path("odd");
    let words = ["sweep", place.file.to_str().unwrap(), "--json", "--out", out.to_str().unwrap()];
    let json = ODD.json(&words);
    let trials = json["trials"].as_array().unwrap();
    let scores: Vec<bool> = trials.iter().map(|trial| trial["score"].is_null()).collect();
    let factors: Vec<f64> =
        trials.iter().map(|trial| trial["settings"]["factor"].as_f64().unwrap()).collect();
    assert!(scores.is_sorted() && factors.is_sorted() && factors[0] == 1.0 && factors[5] == 2.0, "{json}");
    // The defaults, with factor 2, diverge on every seed.
    assert_eq!(json["confirmed"]["defaults"]["scores"], Value::Null);
    std::fs::write(&place.file, text.replace("[1.0, 2.0]", "[2.0, 3.0]")).unwrap();
    let other = place.path("other");
    let words = ["sweep", place.file.to_str().unwrap(), "--out", other.to_str().unwrap()];
    let (code, said) = ODD.fails(&words);
    assert!(code == 4 && said.contains("6 of 6 runs diverged"), "{code}: {said}");
}

/// Links in a shared folder with the names of the files and folders that a sweep writes.
#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    use std::os::unix::fs::symlink;
    let text =
        SWEEP.replace("trials = 24\ngeneration = 12", "trials = 2").replace("confirm = \"10..16\"", "");
    let place = Place::new(&text.replace("steps = 6000", "steps = 60"));
    let sweep = |out: &Path| {
        let words = ["sweep", place.file.to_str().unwrap(), "--out", out.to_str().unwrap(), "--quiet"];
        PROGRAM.output(&words)
    };
    let first = place.path("first");
    assert!(sweep(&first).status.success());
    let mut names: Vec<String> =
        files(&first).into_keys().filter(|name| name.matches('/').count() < 2).collect();
    names.extend(["journal", "claims"].map(String::from));
    assert!(names.iter().any(|name| name.starts_with("journal/task-1")), "{names:?}");
    let (victim, other) = (place.path("victim"), place.path("other"));
    std::fs::write(&victim, "kept").unwrap();
    std::fs::create_dir(&other).unwrap();
    for name in names {
        let out = place.path("planted");
        let is_folder = first.join(&name).is_dir();
        std::fs::create_dir_all(out.join(&name).parent().unwrap()).unwrap();
        symlink(if is_folder { &other } else { &victim }, out.join(&name)).unwrap();
        let output = sweep(&out);
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "kept", "{name}");
        assert_eq!(std::fs::read_dir(&other).unwrap().count(), 0, "{name}");
        assert!(matches!(output.status.code(), Some(0 | 3 | 5)), "{name}: {output:?}");
        std::fs::remove_dir_all(out).unwrap();
    }
}
