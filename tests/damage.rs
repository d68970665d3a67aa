//! Damaged files: a checkpoint with a single wrong bit is never used.

use std::path::{Path, PathBuf};

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
    std::fs::write(&file, changed).unwrap();
    let (code, said) = PROGRAM.fails(&["replay", "--verify", file.to_str().unwrap()]);
    assert_eq!(code, 5);
    assert!(said.contains("evaluation.jsonl:1"), "{said}");
    std::fs::write(&file, "{ not json").unwrap();
    let (code, said) = PROGRAM.fails(&["replay", file.to_str().unwrap()]);
    assert_eq!(code, 5);
    assert!(said.contains("evaluation.jsonl:1:"), "{said}");
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
