//! Demonstrations in experiments: cloning, offline learning and warm starts, run by the program.

use std::path::Path;
use std::process::Output;

use freewheel_tests::{Program, assert_same_bytes};
use tempfile::{TempDir, tempdir};

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-program"));

const EXPERIMENT: &str = r#"
name = "warm"
worlds = ["grid/cliff"]
presets = false
seeds = "0..2"
steps = 1500
agents = [
    { id = "q-learning", label = "warm", warm_start = { demos = "noisy", keep = "top 20%" } },
    { id = "dqn", warm_start = { demos = "noisy", method = "symmetric-sampling", pretraining = 50 } },
    { id = "ppo", warm_start = { demos = "noisy", pretraining = 50 } },
    { id = "bc", label = "cloning", estimator = "tree", demos = "noisy" },
    { id = "bc", label = "stacked", estimator = "tree", demos = "noisy", frame_stack = 2 },
    { id = "iql", demos = "noisy", gradient_steps = 50 },
    { id = "reference", label = "demonstrator", noise = 0.2 },
]

[demonstrations.noisy]
noise = 0.2
episodes = 30
max_steps = 100

[evaluation]
episodes = 20
max_steps = 100
"#;

/// Folder with the experiment file.
fn home() -> TempDir {
    let home = tempdir().unwrap();
    std::fs::write(home.path().join("warm.toml"), EXPERIMENT).unwrap();
    home
}

fn run(home: &Path, words: &[&str]) -> Output {
    PROGRAM.command(words).current_dir(home).output().unwrap()
}

fn succeeds(home: &Path, words: &[&str]) -> String {
    let output = run(home, words);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}\n{error}");
    String::from_utf8(output.stdout).unwrap()
}

fn fails(home: &Path, words: &[&str]) -> String {
    let output = run(home, words);
    assert!(!output.status.success(), "{words:?} succeeded");
    String::from_utf8(output.stderr).unwrap()
}

/// Folder of the only run below `results` whose name contains `agent`.
fn run_of(results: &Path, agent: &str) -> String {
    let folders = std::fs::read_dir(results).unwrap().map(|entry| entry.unwrap().path());
    let found: Vec<_> =
        folders.filter(|path| path.file_name().unwrap().to_str().unwrap().contains(agent)).collect();
    assert_eq!(found.len(), 1, "{agent}: {found:?}");
    found[0].join("seed-0").to_str().unwrap().to_owned()
}

/// One command records the demonstrations, trains all agents and ends in the table; the bytes are those of another run
/// with another number of threads. A cloned agent is evaluated without its demonstrations.
#[test]
fn one_command_records_trains_and_compares() {
    let home = home();
    let at = |name: &str| home.path().join(name);
    let text = succeeds(home.path(), &["run", "warm.toml", "--plain", "--threads", "2"]);
    for label in ["warm", "dqn", "ppo", "cloning", "stacked", "iql", "demonstrator"] {
        assert!(text.contains(label), "{label}:\n{text}");
    }
    let stores: Vec<_> = std::fs::read_dir(at("demos/grid/cliff")).unwrap().collect();
    assert_eq!(stores.len(), 1);
    succeeds(home.path(), &["demos", "verify", "demos"]);
    succeeds(home.path(), &["run", "warm.toml", "--plain", "--threads", "1", "--out", "again"]);
    assert_same_bytes(&at("results/warm"), &at("again"));

    let config =
        |agent: &str| std::fs::read_to_string(Path::new(&run_of(&at("again"), agent)).join("config.toml"));
    let cloned = config("cloning").unwrap();
    assert!(cloned.contains("demonstrations_digest"), "{cloned}");
    assert!(!config("demonstrator").unwrap().contains("demonstrations_digest"));
    std::fs::rename(at("demos"), at("elsewhere")).unwrap();
    for agent in ["cloning", "warm", "iql"] {
        let evaluated = succeeds(home.path(), &["eval", &run_of(&at("again"), agent), "--episodes", "5"]);
        assert!(evaluated.contains("-13"), "{agent}: {evaluated}");
    }
}

#[test]
fn mistakes_are_named_with_the_right_choices() {
    let home = home();
    let of = |agent: &str, setting: &str| {
        fails(home.path(), &["train", "grid/cliff", agent, "--steps", "100", "--set", setting])
    };
    succeeds(home.path(), &["demos", "record", "grid/cliff", "--episodes", "2", "--to", "store"]);
    let error = of("q-learning", "agent.warm_start={ demos = \"store\", method = \"dqfd\" }");
    assert!(error.contains("unknown method `dqfd`") && error.contains("demonstrated-returns"), "{error}");
    let error = of("ppo", "agent.warm_start={ demos = \"nowhere\" }");
    assert!(error.contains("nowhere") && error.contains("not a store"), "{error}");
    let error = of("dqn", "agent.warm_start={ demos = \"store\", keep = \"best\" }");
    assert!(error.contains("top 20%"), "{error}");
    let error = of("bc", "agent.estimator=\"tree\"");
    assert!(error.contains("`demos` is missing"), "{error}");
    let wrong = ["train", "grid/frozenlake-4x4", "bc", "--set", "agent.demos=\"store\""];
    let error = fails(home.path(), &wrong);
    assert!(error.contains("grid/cliff"), "{error}");
    let error = fails(home.path(), &["run", "warm.toml", "--set", "demonstrations.noisy.from=\"referee\""]);
    assert!(error.contains("reference"), "{error}");
}

/// A run that was interrupted does not go on with other demonstrations.
#[test]
fn another_store_is_another_run() {
    let home = home();
    let record = |seed: &str| {
        let words = ["demos", "record", "grid/cliff", "--noise", "0.3", "--seed", seed, "--to", "store"];
        succeeds(home.path(), &words)
    };
    let train = || {
        let settings = "agent.demos=\"store\"";
        succeeds(
            home.path(),
            &["train", "grid/cliff", "bc", "--plain", "--set", settings, "--set", "agent.estimator=\"tree\""],
        )
    };
    record("0");
    train();
    train();
    let runs = || {
        let folders = std::fs::read_dir(home.path().join("results/train")).unwrap();
        folders.filter(|entry| entry.as_ref().unwrap().path().is_dir()).count()
    };
    assert_eq!(runs(), 1);
    std::fs::remove_dir_all(home.path().join("store")).unwrap();
    record("1");
    train();
    assert_eq!(runs(), 2);
}
