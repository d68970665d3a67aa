//! Stores of demonstrations beside Minari 0.5.4: Minari loads those of Freewheel, Freewheel those of Minari, and all
//! sums agree.
//!
//! Requires the Python environment of `tests/peers/minari_setup`; without it the test is skipped with a note.

use std::path::{Path, PathBuf};
use std::process::Command;

use freewheel::demonstrations;
use freewheel_core::Ending;
use freewheel_core::demonstrations::DemonstrationSet;
use freewheel_core::record::RecordedActions;
use freewheel_tests::Program;
use serde_json::Value;

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-program"));

/// Standard output of `tests/peers/minari_demos.py`; `None` without Minari.
fn minari(words: &[&str]) -> Option<Value> {
    let python = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/peers-minari/bin/python"));
    let python = std::env::var_os("FREEWHEEL_MINARI_PYTHON").map_or(python, PathBuf::from);
    if !Command::new(&python).args(["-c", "import minari"]).output().is_ok_and(|o| o.status.success()) {
        eprintln!("SKIPPED: no Python with minari; make one with tests/peers/minari_setup");
        return None;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/minari_demos.py");
    let output = Command::new(python).arg(script).args(words).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// Compares `set` with the sums of Minari; rewards are stored as `f64` and read as `f32`.
fn assert_same(set: &DemonstrationSet, theirs: &Value) {
    let name = &theirs["id"];
    let close = |what: &str, ours: f64| {
        let theirs = theirs[what].as_f64().unwrap();
        assert!((ours - theirs).abs() <= 1e-6 * (1.0 + theirs.abs()), "{name} {what}: {ours} and {theirs}");
    };
    let episodes = &set.episodes;
    assert_eq!(theirs["episodes"], episodes.len());
    assert_eq!(theirs["steps"], set.steps());
    let lengths: Vec<usize> = episodes.iter().map(|episode| episode.len()).collect();
    assert_eq!(theirs["lengths"], serde_json::to_value(lengths).unwrap());
    close("observations", episodes.iter().flat_map(|e| &e.observations).map(|&x| f64::from(x)).sum());
    close("rewards", episodes.iter().flat_map(|e| &e.rewards).map(|&x| f64::from(x)).sum());
    let actions = episodes.iter().map(|episode| match &episode.actions {
        RecordedActions::Discrete(all) => all.iter().map(|&a| f64::from(a)).sum::<f64>(),
        RecordedActions::Continuous(all) => all.iter().flatten().map(|&a| f64::from(a)).sum(),
    });
    close("actions", actions.sum());
    let endings = |ending: Ending| episodes.iter().filter(|episode| episode.ending == ending).count();
    assert_eq!(theirs["terminated"], endings(Ending::Terminal));
    assert_eq!(theirs["truncated"], endings(Ending::Truncated));
    let legal: usize = episodes.iter().map(|e| e.legal.iter().filter(|&&legal| legal).count()).sum();
    assert_eq!(theirs["legal"], legal);
}

#[test]
fn minari_loads_stores_of_freewheel() {
    let home = tempfile::tempdir().unwrap();
    let worlds: [(&str, &[&str]); 6] = [
        ("grid/cliff", &[]),
        ("grid/taxi", &["--set", "world.mask=true"]),
        ("classic/pendulum", &["--from", "random"]),
        ("go/5x5", &["--from", "random", "--set", "world.opponent=self"]),
        ("market/gbm", &["--from", "random"]),
        ("track/club", &["--from", "random", "--max-steps", "50"]),
    ];
    for (i, (world, more)) in worlds.into_iter().enumerate() {
        let store = home.path().join(format!("store-{i}"));
        let path = store.to_str().unwrap();
        PROGRAM.text(
            &[&["demos", "record", world, "--episodes", "4", "--noise", "0.3", "--to", path], more].concat(),
        );
        let Some(theirs) = minari(&["read", path]) else { return };
        let set = demonstrations::read(&store).unwrap();
        assert_same(&set, &theirs);
        if set.header.masked {
            let rows = set.episodes[0].len() + 1;
            assert_eq!(theirs["mask_shape"], serde_json::json!([rows, set.header.actions.count()]));
        }
    }
}

#[test]
fn data_sets_of_minari_are_read() {
    let home = tempfile::tempdir().unwrap();
    let Some(written) = minari(&["write", home.path().to_str().unwrap()]) else { return };
    for theirs in written.as_array().unwrap() {
        let store = home.path().join(Path::new(theirs["id"].as_str().unwrap()));
        let set = demonstrations::read(&store).unwrap();
        assert_same(&set, theirs);
        // Copied by Freewheel, it is still a data set of Minari.
        let copy = home.path().join("copy").join(store.strip_prefix(home.path()).unwrap());
        std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
        demonstrations::write(&copy, &set).unwrap();
        assert_same(&set, &minari(&["read", copy.to_str().unwrap()]).unwrap());
    }
}
