//! `freewheel export`: files, messages and exit codes; event files of interrupted runs.

use std::path::{Path, PathBuf};

use freewheel_tests::Program;
use serde_json::Value;

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-program"));
const EVENTS: &str = "events.out.tfevents.0.freewheel";

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Folder of a run of `agent` in the cliff world, below `out`.
fn trained(out: &Path, agent: &str, more: &[&str]) -> PathBuf {
    let words = ["train", "grid/cliff", agent, "--steps", "2000", "--quiet", "--out", text(out)];
    PROGRAM.text(&[&words[..], more].concat());
    let name = format!("grid-cliff-{agent}-");
    let mut folders = std::fs::read_dir(out).unwrap().map(|entry| entry.unwrap().path());
    folders.find(|path| text(path).contains(&name)).unwrap().join("seed-0")
}

#[test]
fn policies_are_written_with_their_figures() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("results");
    let run = trained(&out, "q-learning", &[]);
    let table = PROGRAM.text(&["export", text(&out), "--to", "onnx"]);
    assert!(table.contains("parameters") && table.contains("policy.onnx"), "{table}");
    let file = run.join("policy.onnx");
    let bytes = std::fs::read(&file).unwrap();
    let named = home.path().join("named.onnx");
    let found = PROGRAM.json(&["export", text(&run), "--to", text(&named), "--json"]);
    let one = &found["policies"][0];
    // 48 states and 4 actions.
    assert_eq!(
        (&one["parameters"], &one["step"], &one["bytes"]),
        (&192.into(), &2000.into(), &bytes.len().into())
    );
    assert!(one["microseconds"].as_f64().unwrap() > 0.0);
    assert_eq!(std::fs::read(&named).unwrap(), bytes, "the same policy has the same bytes");
    assert!(bytes.windows(9).any(|part| part == b"freewheel"));
    PROGRAM.text(&["export", text(&run), "--to", "safetensors"]);
    let file = std::fs::read(run.join("policy.safetensors")).unwrap();
    let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&file[8..8 + length]).unwrap();
    assert_eq!(header["q"]["shape"], serde_json::json!([48, 4]));
    let metadata = &header["__metadata__"];
    assert_eq!((&metadata["world"], &metadata["agent"]), (&"grid/cliff".into(), &"q-learning".into()));
    assert_eq!(metadata["actions"], r#"["up","right","down","left"]"#);
    // Exported files do not disturb the run.
    PROGRAM.text(&["replay", "--verify", text(&run)]);
    PROGRAM.text(&["resume", text(&out), "--quiet"]);
}

#[test]
fn what_cannot_be_exported_is_said() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("results");
    let random = trained(&out, "random", &[]);
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let (code, error) = PROGRAM.fails(&["export", text(&random), "--to", "onnx"]);
    assert!(
        code == 3 && error.contains("neither a network nor a table") && error.contains("seed-0"),
        "{error}"
    );
    trained(&out, "q-learning", &[]);
    let (code, error) = PROGRAM.fails(&["export", text(&out), "--to", &at("both.onnx")]);
    assert!(code == 2 && error.contains("2 runs") && error.contains("--to onnx"), "{error}");
    // Of several runs, those without a policy to export are left out: no network, or no checkpoint.
    let sarsa = trained(&out, "sarsa", &[]);
    std::fs::remove_dir_all(sarsa.join("checkpoints")).unwrap();
    let output = PROGRAM.output(&["export", text(&out), "--to", "onnx"]);
    let notes = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && notes.contains("no checkpoint") && notes.contains("random"),
        "{notes}"
    );
    assert_eq!(String::from_utf8_lossy(&output.stdout).matches(".onnx").count(), 1);
    std::fs::remove_dir_all(sarsa.parent().unwrap()).unwrap();
    let (code, error) = PROGRAM.fails(&["export", text(&out), "--to", "metrics.xlsx"]);
    assert!(code == 2 && error.contains(".parquet"), "{error}");
    let (code, error) =
        PROGRAM.fails(&["export", home.path().join("none").to_str().unwrap(), "--to", "onnx"]);
    assert!(code == 3 && error.contains("none"), "{error}");
    let words = ["--set", "agent.encoder='kmeans'"];
    let encoded = ["train", "classic/cartpole", "q-learning", "--steps", "500", "--quiet", "--out"];
    let other = home.path().join("encoded");
    PROGRAM.text(&[&encoded[..], &[text(&other)], &words].concat());
    let (code, error) = PROGRAM.fails(&["export", text(&other), "--to", "onnx"]);
    assert!(code == 3 && error.contains("encoder kmeans"), "{error}");
    // A damaged file of metrics.
    let file = random.join("metrics.jsonl");
    let damaged = std::fs::read_to_string(&file).unwrap().replace("step", "stop");
    std::fs::write(&file, damaged).unwrap();
    let (code, error) = PROGRAM.fails(&["export", text(&random), "--to", &at("m.csv")]);
    assert!(code == 5 && error.contains("metrics.jsonl") && !home.path().join("m.csv").exists(), "{error}");
}

#[test]
fn tables_have_a_row_for_each_line() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("results");
    let run = trained(&out, "sarsa", &["--seeds", "0..2"]);
    let file = home.path().join("metrics.csv");
    assert_eq!(PROGRAM.text(&["export", text(&out), "--to", text(&file)]).trim(), text(&file));
    let table = std::fs::read_to_string(&file).unwrap();
    let lines = |run: &Path| std::fs::read_to_string(run.join("metrics.jsonl")).unwrap().lines().count();
    let all = lines(&run) + lines(&run.with_file_name("seed-1"));
    assert_eq!(table.lines().count(), all + 1);
    let header = table.lines().next().unwrap();
    assert!(header.starts_with("run,world,agent,seed,step,episodes,"), "{header}");
    assert!(header.contains(",evaluation_score,"), "{header}");
    let parquet = home.path().join("metrics.parquet");
    PROGRAM.text(&["export", text(&out), "--to", text(&parquet)]);
    let bytes = std::fs::read(parquet).unwrap();
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
}

/// An event file does not change the run, and a resumed run continues it.
#[test]
fn event_files_are_beside_the_run() {
    let home = tempfile::tempdir().unwrap();
    let (with, without) = (home.path().join("with"), home.path().join("without"));
    let run = trained(&with, "q-learning", &["--tensorboard"]);
    let plain = trained(&without, "q-learning", &[]);
    assert_eq!(run.parent().unwrap().file_name(), plain.parent().unwrap().file_name());
    assert!(run.join(EVENTS).is_file() && !plain.join(EVENTS).exists());
    for file in ["config.toml", "metrics.jsonl", "eval.json", "checksums.b3"] {
        assert_eq!(
            std::fs::read(run.join(file)).unwrap(),
            std::fs::read(plain.join(file)).unwrap(),
            "{file}"
        );
    }
    // The run is finished already: the option writes the file that is missing.
    std::fs::remove_file(run.join(EVENTS)).unwrap();
    trained(&with, "q-learning", &["--tensorboard"]);
    assert!(run.join(EVENTS).is_file());
    assert_eq!(PROGRAM.text(&["export", text(&run), "--to", "tensorboard"]).trim(), text(&run.join(EVENTS)));
}
