//! More steps extend a run: the longer run has the bytes of one of this length from the start. A failed run takes no
//! other one down.

use std::path::{Path, PathBuf};
use std::time::Duration;

use freewheel_core::checkpoint::Checkpoint;
use freewheel_core::{Purpose, Streams};
use freewheel_tests::{Program, assert_same_bytes, files, run_files};

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-program"));

/// Agents with constant settings, with ramps, with networks, and with a replay buffer.
const EXPERIMENT: &str = r#"
name = "extension"
worlds = ["grid/frozenlake-4x4"]
agents = [
    "q-learning",
    { id = "q-learning", label = "ramp", epsilon = { from = 1.0, to = 0.1, over = 0.8 } },
    "dqn",
    "ppo",
]
seeds = "0..2"
num_envs = 2
presets = false

[evaluation]
episodes = 20
interim_episodes = 5
[log]
points = 7
[agent]
learning_rate = 0.01
epsilon = 0.1
[agent.dqn]
prioritized_beta = 0.5
hidden_sizes = [8]
learning_starts = 100
train_freq = 16
[agent.ppo]
ent_coef = 0.01
hidden_sizes = [8]
num_steps = 64
"#;

struct Place {
    folder: tempfile::TempDir,
    file: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("extension.toml");
        std::fs::write(&file, EXPERIMENT).unwrap();
        Place { folder, file }
    }

    fn words(&self, out: &str, set: &[&str]) -> Vec<String> {
        let out = self.folder.path().join(out);
        let words = ["run", self.file.to_str().unwrap(), "--quiet", "--out", out.to_str().unwrap()];
        let set = set.iter().flat_map(|set| ["--set", *set]);
        words.into_iter().chain(set).map(str::to_owned).collect()
    }

    fn run(&self, out: &str, set: &[&str]) -> String {
        let words = self.words(out, set);
        let output = PROGRAM.output(&words.iter().map(String::as_str).collect::<Vec<_>>());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        said
    }

    fn path(&self, out: &str) -> PathBuf {
        self.folder.path().join(out)
    }
}

#[test]
fn an_extended_run_has_the_bytes_of_one_from_the_start() {
    let place = Place::new();
    place.run("a", &["steps=2000"]);
    let short = run_files(&place.path("a"));
    let said = place.run("a", &["steps=5000"]);
    let told = "2 runs are extended from 2000 to 5000 steps; log lines, evaluations and checkpoints keep the distances \
                of a run of 2000 steps";
    assert_eq!(said.matches(told).count(), 4, "{said}");
    assert_eq!(
        said.matches("ramps over the first 2000 steps keep their last value from then on: epsilon").count(),
        1
    );
    place.run("b", &["steps=5000", "schedule_steps=2000"]);
    assert_same_bytes(&place.path("a"), &place.path("b"));
    // The folders are those of the shorter runs.
    let folders = |files: &std::collections::BTreeMap<String, Vec<u8>>| {
        files.keys().filter_map(|name| Some(name.strip_suffix("/eval.json")?.to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(folders(&short), folders(&run_files(&place.path("a"))));
    // Again, in two steps of an odd length, and in another folder at once.
    place.run("a", &["steps=5210"]);
    place.run("a", &["steps=7000"]);
    place.run("b", &["steps=7000"]);
    assert_same_bytes(&place.path("a"), &place.path("b"));
    freewheel::checksums::verify(&place.path("a")).unwrap();
    // `resume` finds nothing to do, and the table has each run once.
    let text = PROGRAM.text(&["resume", place.path("a").to_str().unwrap(), "--quiet"]);
    assert!(text.contains("8 runs"), "{text}");
}

/// A run with a longer schedule is a part of the whole run.
#[test]
fn a_run_in_parts_has_the_bytes_of_the_whole() {
    let place = Place::new();
    place.run("whole", &["steps=3000"]);
    for steps in ["1000", "1234", "3000"] {
        place.run("parts", &[&format!("steps={steps}"), "schedule_steps=3000"]);
    }
    assert_same_bytes(&place.path("whole"), &place.path("parts"));
}

/// With constant settings, the agent and its evaluation are those of a plain run of the new length.
#[test]
fn an_extended_agent_is_that_of_a_plain_run() {
    let place = Place::new();
    place.run("a", &["steps=2000"]);
    place.run("a", &["steps=4000"]);
    place.run("plain", &["steps=4000"]);
    for agent in ["q-learning", "dqn", "ppo"] {
        let of = |out: &str| {
            let files = run_files(&place.path(out));
            let of_agent = |name: &&String| name.contains(&format!("-{agent}-")) && name.contains("seed-1");
            let last = files.keys().filter(of_agent).rfind(|name| name.ends_with("step-000000004000.ckpt"));
            let checkpoint = Checkpoint::decode(Path::new("last"), &files[last.unwrap()]).unwrap();
            let eval = files.keys().filter(of_agent).find(|name| name.ends_with("eval.json")).unwrap();
            let eval: serde_json::Value = serde_json::from_slice(&files[eval]).unwrap();
            (checkpoint.section("agent").unwrap().to_vec(), eval["evaluation"].clone())
        };
        assert!(of("a") == of("plain"), "{agent}");
    }
}

#[test]
fn an_extension_that_is_killed_is_continued() {
    let place = Place::new();
    place.run("whole", &["steps=2000"]);
    let begin = std::time::Instant::now();
    place.run("whole", &["steps=30000"]);
    let took = begin.elapsed();
    place.run("killed", &["steps=2000"]);
    let mut rng = Streams::new(3).stream(Purpose::Agent, 0, 0);
    let mut kills = 0;
    for number in 0..12 {
        let words = place.words("killed", &["steps=30000"]);
        let killed = place.path("killed");
        // `resume` continues it, too, after the first kill.
        let words: Vec<&str> = match number % 3 {
            1 => vec!["resume", killed.to_str().unwrap(), "--quiet"],
            _ => words.iter().map(String::as_str).collect(),
        };
        let mut child = PROGRAM.command(&words).stdout(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_secs_f64(took.as_secs_f64() * 0.25 * rng.uniform()));
        child.kill().unwrap();
        kills += u32::from(!child.wait().unwrap().success());
        // No run is damaged at any moment.
        PROGRAM.text(&["runs", "verify", killed.to_str().unwrap()]);
    }
    assert!(kills >= 3, "only {kills} of 12 were killed before their end");
    place.run("killed", &["steps=30000"]);
    assert_same_bytes(&place.path("whole"), &place.path("killed"));
}

#[test]
fn fewer_steps_and_other_settings_are_no_extension() {
    let place = Place::new();
    place.run("a", &["steps=2000"]);
    place.run("a", &["steps=3000"]);
    let before = run_files(&place.path("a"));
    let words = place.words("a", &["steps=2000"]);
    let (code, said) = PROGRAM.fails(&words.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(
        code == 3 && said.contains("has been extended to 3000 steps, and 2000 are asked for"),
        "{code}: {said}"
    );
    assert_eq!(before, run_files(&place.path("a")));
    // Another evaluation is another configuration, and its own schedule starts anew.
    for set in [["steps=4000", "evaluation.episodes=21"], ["steps=4000", "schedule_steps=4000"]] {
        let said = place.run("a", &set);
        assert!(!said.contains("extended"), "{said}");
    }
    // New seeds have the schedule of the others.
    let words = place.words("a", &["steps=3000"]);
    let words = [&words.iter().map(String::as_str).collect::<Vec<_>>()[..], &["--seeds", "0..4"]].concat();
    PROGRAM.text(&words);
    let schedules = run_files(&place.path("a"))
        .into_iter()
        .filter(|(name, _)| name.ends_with("seed-3/config.toml"))
        .filter(|(_, text)| String::from_utf8_lossy(text).contains("schedule_steps = 2000"));
    assert_eq!(schedules.count(), 4);
}

/// Runs that cannot be continued are named in the end; the others are made.
#[test]
fn a_failed_run_takes_no_other_one_down() {
    let place = Place::new();
    place.run("a", &["steps=1000"]);
    let broken: Vec<String> = files(&place.path("a"))
        .into_keys()
        .filter(|name| name.contains("seed-0/checkpoints/step-"))
        .filter(|name| name.contains("-dqn-") || name.contains("-ramp-"))
        .collect();
    assert_eq!(broken.len(), 6);
    for name in &broken {
        std::fs::write(place.path("a").join(name), "no checkpoint").unwrap();
    }
    let words = place.words("a", &["steps=2000"]);
    let output = PROGRAM.output(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(5), "{said}");
    let end = said.split("2 of 8 runs failed:").nth(1).unwrap_or_else(|| panic!("{said}"));
    assert!(end.contains("grid/frozenlake-4x4 dqn seed 0: ") && end.contains("ramp seed 0: "), "{end}");
    let finished = |steps: &str| {
        let text = format!("\"steps\": {steps},");
        let all = run_files(&place.path("a")).into_iter().filter(|(name, _)| name.ends_with("eval.json"));
        all.filter(|(_, json)| String::from_utf8_lossy(json).contains(&text)).count()
    };
    assert_eq!(finished("2000"), 6);
    assert!(place.path("a").join("results.md").exists());
    // `resume` names them, too, and a run that cannot be read.
    let config = files(&place.path("a"))
        .into_keys()
        .find(|n| n.contains("-ppo-") && n.ends_with("seed-1/config.toml"));
    std::fs::write(place.path("a").join(config.unwrap()), "steps = 1").unwrap();
    let (code, said) = PROGRAM.fails(&["resume", place.path("a").to_str().unwrap(), "--quiet"]);
    assert!(
        code == 5 && said.contains("3 of 7 runs failed") && said.contains("config.toml"),
        "{code}: {said}"
    );
}
