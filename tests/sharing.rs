//! `render` and `plot`: files of episodes and of learning curves, made without a terminal.

use std::path::{Path, PathBuf};

use freewheel_tests::{Program, files};
use serde_json::Value;

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-test-program"));

/// Folder with two short runs of one configuration; the runs.
fn runs(folder: &Path) -> Vec<PathBuf> {
    let out = folder.join("results");
    let words =
        ["train", "grid/cliff", "q-learning", "--steps", "3000", "--seeds", "0..2", "--quiet", "--out"];
    PROGRAM.text(&[&words[..], &[out.to_str().unwrap()]].concat());
    let configs = files(&out).into_keys().filter(|name| name.ends_with("config.toml"));
    configs.map(|name| out.join(name).parent().unwrap().to_owned()).collect()
}

/// Bytes of the file `name` that the command `words` writes; twice, to compare them.
fn written(folder: &Path, name: &str, words: &[&str]) -> Vec<u8> {
    let file = folder.join(name);
    let mut made = [0, 1].map(|_| {
        let shown = PROGRAM.text(&[words, &["--to", file.to_str().unwrap()]].concat());
        assert_eq!(shown.trim_end(), file.to_str().unwrap());
        std::fs::read(&file).unwrap()
    });
    assert!(made[0] == made[1], "{words:?}: the same command gives other bytes");
    std::mem::take(&mut made[0])
}

#[test]
fn every_source_and_format_is_rendered() {
    let folder = tempfile::tempdir().unwrap();
    let runs = runs(folder.path());
    let run = runs[0].to_str().unwrap();
    let episodes = runs[0].join("episodes/evaluation.jsonl");
    let episodes = episodes.to_str().unwrap();
    let store = folder.path().join("store");
    let store = store.to_str().unwrap();
    PROGRAM.text(&["demos", "record", "grid/cliff", "--from", "random", "--episodes", "3", "--to", store]);
    let game = folder.path().join("game.sgf");
    std::fs::write(&game, "(;SZ[5]PB[Ann]PW[Bo];B[cc];W[bb];B[];W[])").unwrap();

    let gif = written(folder.path(), "a.gif", &["render", run]);
    assert!(gif.starts_with(b"GIF89a"));
    let cast = written(folder.path(), "a.cast", &["render", episodes, "--episode", "1", "--size", "80x24"]);
    let lines: Vec<Value> =
        String::from_utf8(cast).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["version"], &lines[0]["term"]["cols"]), (&Value::from(3), &Value::from(80)));
    assert!(lines.len() > 5);
    let png = written(folder.path(), "a.png", &["render", store, "--episode", "2", "--step", "3"]);
    // Width and height in the header.
    assert_eq!((&png[16..20], &png[20..24]), (&2000u32.to_be_bytes()[..], &1200u32.to_be_bytes()[..]));
    let svg = written(folder.path(), "a.svg", &["render", game.to_str().unwrap()]);
    assert!(String::from_utf8(svg).unwrap().contains("<title>Ann - Bo</title>"));
    let words = ["render", "grid/cliff", "--agent", "sarsa", "--train", "2000", "--picture"];
    let text = String::from_utf8(written(folder.path(), "a.txt", &words)).unwrap();
    // Cells with their borders and the action of the table, without the panel.
    assert!(text.contains('▕') && text.contains('→') && !text.contains("return"), "{text}");
}

#[test]
fn a_terminal_recording_becomes_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let cast = folder.path().join("a.cast");
    let cast = cast.to_str().unwrap();
    PROGRAM.text(&["render", "grid/cliff", "--to", cast, "--size", "80x24"]);
    let end = String::from_utf8(written(folder.path(), "end.txt", &["render", cast])).unwrap();
    assert!(end.contains("● terminal") && end.lines().count() == 24, "{end}");
    let start = written(folder.path(), "start.txt", &["render", cast, "--at", "0.1"]);
    assert_ne!(String::from_utf8(start).unwrap(), end);
    assert!(written(folder.path(), "b.gif", &["render", cast, "--speed", "4x"]).starts_with(b"GIF89a"));
    let png = written(folder.path(), "b.png", &["render", cast, "--at", "1"]);
    assert_eq!((&png[16..20], &png[20..24]), (&1600u32.to_be_bytes()[..], &960u32.to_be_bytes()[..]));

    let file = folder.path().join("b.svg");
    let file = file.to_str().unwrap();
    for (more, part) in [(["--at", "1000"], "seconds"), (["--step", "3"], "--at"), (["--speed", "20"], "2x")]
    {
        let (code, error) = PROGRAM.fails(&["render", cast, "--to", file, more[0], more[1]]);
        assert!(code == 2 && error.contains(part), "{code} {error}");
    }
    std::fs::write(cast, "{\"version\":3}\n").unwrap();
    let (code, error) = PROGRAM.fails(&["render", cast, "--to", file]);
    assert!(
        code == 3 && error.contains("a.cast:1:1: ") && error.contains("columns and rows"),
        "{code} {error}"
    );
}

#[test]
fn wrong_arguments_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (code, error) = PROGRAM.fails(&["render", "grid/cliff", "--to", &file("a.mp4")]);
    assert!(code == 2 && error.contains(".gif, .cast, .svg, .png or .txt"), "{code} {error}");
    let (code, error) = PROGRAM.fails(&["render", "grid/cliff", "--to", &file("a.gif"), "--step", "3"]);
    assert!(code == 2 && error.contains("--step"), "{code} {error}");
    let (code, error) = PROGRAM.fails(&["render", "grid/cliff", "--to", &file("a.png"), "--step", "14"]);
    assert!(code == 2 && error.contains("13 steps"), "{code} {error}");
    let (code, _) = PROGRAM.fails(&["render", "grid/cliff", "--to", &file("a.png"), "--size", "9x9"]);
    assert_eq!(code, 2);
    assert!(files(folder.path()).is_empty());
    let runs = runs(folder.path());
    let run = runs[0].to_str().unwrap();
    let (code, error) = PROGRAM.fails(&["plot", run, "--metric", "scores"]);
    assert!(code == 3 && error.contains("`scores`") && error.contains("epsilon"), "{code} {error}");
    let (code, error) = PROGRAM.fails(&["plot", run, "--to", &file("a.pdf")]);
    assert!(code == 2 && error.contains(".svg, .png or .csv"), "{code} {error}");
}

#[test]
fn learning_curves_are_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let runs = runs(folder.path());
    let all = folder.path().join("results");
    let all = all.to_str().unwrap();
    let shown = PROGRAM.text(&["plot", all]);
    for part in ["score  grid/cliff", "q-learning (2 seeds)", "reference -13", "steps"] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    assert!(!shown.contains('\u{1b}') || !shown.contains("38;2"), "no colors without a terminal");
    let narrow = PROGRAM.command(&["plot", all]).env("COLUMNS", "60").output().unwrap();
    let narrow = String::from_utf8(narrow.stdout).unwrap();
    assert!(narrow.lines().count() < shown.lines().count());

    let svg = String::from_utf8(written(folder.path(), "curves.svg", &["plot", all])).unwrap();
    assert!(svg.contains("q-learning (2 seeds)") && svg.contains("reference") && svg.contains("<polygon"));
    assert!(written(folder.path(), "curves.png", &["plot", all]).starts_with(b"\x89PNG"));

    // The numbers of one run are those of its metrics.
    let run = runs[1].to_str().unwrap();
    let csv =
        String::from_utf8(written(folder.path(), "one.csv", &["plot", run, "--metric", "epsilon"])).unwrap();
    let metrics = std::fs::read_to_string(runs[1].join("metrics.jsonl")).unwrap();
    let lines = metrics.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let expected: Vec<(u64, f64)> =
        lines.filter_map(|line| Some((line["step"].as_u64()?, line["epsilon"].as_f64()?))).collect();
    let points: Vec<(u64, f64)> = csv
        .lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            assert_eq!((fields[0], fields[4], fields[6]), ("grid/cliff", "1", ""));
            (fields[3].parse().unwrap(), fields[5].parse().unwrap())
        })
        .collect();
    assert_eq!(points, expected);
    let csv = written(folder.path(), "two.csv", &["plot", all, run, "--x", "episodes"]);
    let csv = String::from_utf8(csv).unwrap();
    assert!(csv.starts_with("world,agent,metric,episodes,seeds,mean,low,high\n"));
    // A run that is named twice counts once.
    let seeds: Vec<&str> = csv.lines().skip(1).filter_map(|line| line.split(',').nth(4)).collect();
    assert!(seeds.contains(&"2") && seeds.iter().all(|n| ["1", "2"].contains(n)), "{csv}");
}
