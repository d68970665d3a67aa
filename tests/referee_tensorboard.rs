//! Event files and tables of metrics beside their readers: TensorBoard loads every event and shows the settings with
//! the score, pandas and pyarrow read the numbers of `metrics.jsonl`.
//!
//! Requires the Python environment of `tests/peers/setup`, or `FREEWHEEL_PYTHON` naming a Python with tensorboard,
//! pandas and pyarrow. Without it the test is skipped with a note, or fails if `FREEWHEEL_REFEREES=required`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use freewheel_tests::{Program, python};
use serde_json::{Map, Value};

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-program"));

const EXPERIMENT: &str = r#"
name = "events"
seeds = "0..2"
steps = 4000
tensorboard = true
worlds = ["grid/cliff"]
agents = ["q-learning", { id = "ppo", hidden_sizes = [8] }]
[log]
points = 20
[evaluation]
points = 4
episodes = 20
"#;

fn read(python: &Path, results: &Path, tables: &[&Path]) -> Value {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/event_files.py");
    let output = Command::new(python).arg(script).arg(results).args(tables).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Folders of runs below `results`.
fn runs(results: &Path) -> Vec<PathBuf> {
    let folders = |path: &Path| {
        let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.is_dir()).collect::<Vec<_>>()
    };
    let mut all: Vec<PathBuf> = folders(results).iter().flat_map(|folder| folders(folder)).collect();
    all.sort();
    all
}

/// Numbers of `metrics.jsonl`: tag, step and value, in the order of the file.
fn numbers(run: &Path) -> Vec<(String, u64, f64)> {
    let text = std::fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let mut all = Vec::new();
    for line in text.lines() {
        let line: Map<String, Value> = serde_json::from_str(line).unwrap();
        let step = line["step"].as_u64().unwrap();
        for (key, value) in line.iter().filter(|(key, _)| *key != "step") {
            match value {
                Value::Object(inner) => {
                    let inner = inner.iter().filter_map(|(name, value)| Some((name, value.as_f64()?)));
                    all.extend(inner.map(|(name, value)| (format!("{key}/{name}"), step, value)));
                }
                value => all.extend(value.as_f64().map(|value| (key.clone(), step, value))),
            }
        }
    }
    all
}

/// All scalars that TensorBoard loads, as a list, without those of the end of the run.
fn scalars(run: &Value) -> Vec<(String, u64, f64, f64)> {
    let mut all = Vec::new();
    for (tag, points) in
        run["scalars"].as_object().unwrap().iter().filter(|(tag, _)| !tag.starts_with("final/"))
    {
        for point in points.as_array().unwrap() {
            let number = |i: usize| point[i].as_f64().unwrap();
            all.push((tag.clone(), number(0) as u64, number(1), number(2)));
        }
    }
    all
}

fn sorted<T: PartialOrd>(mut all: Vec<T>) -> Vec<T> {
    all.sort_by(|a, b| a.partial_cmp(b).unwrap());
    all
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

#[test]
fn other_programs_read_the_metrics() {
    let Some(python) = python("tensorboard, pandas, pyarrow", "tensorboard, pandas and pyarrow") else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let (file, results) = (home.path().join("events.toml"), home.path().join("results"));
    std::fs::write(&file, EXPERIMENT).unwrap();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let begin = now();
    PROGRAM.text(&["run", &text(&file), "--out", &text(&results), "--quiet"]);
    let end = now();
    let tables = ["metrics.csv", "metrics.parquet"].map(|name| home.path().join(name));
    for table in &tables {
        PROGRAM.text(&["export", &text(&results), "--to", &text(table)]);
    }
    let found = read(&python, &results, &[&tables[0], &tables[1]]);
    let folders = runs(&results);
    assert_eq!(folders.len(), 4);
    for folder in &folders {
        let run = &found["runs"][text(folder.strip_prefix(&results).unwrap())];
        let theirs = scalars(run);
        // TensorBoard's numbers have 32 bits.
        let ours: Vec<_> =
            numbers(folder).into_iter().map(|(tag, step, x)| (tag, step, f64::from(x as f32))).collect();
        assert!(ours.len() > 50, "{}", ours.len());
        let without_time = theirs.iter().map(|(tag, step, x, _)| (tag.clone(), *step, *x)).collect();
        assert_eq!(sorted(ours), sorted(without_time));
        assert!(theirs.iter().all(|(.., time)| (begin - 1.0..=end + 1.0).contains(time)));
        let result: Value =
            serde_json::from_str(&std::fs::read_to_string(folder.join("eval.json")).unwrap()).unwrap();
        let score = result["evaluation"]["mean"].as_f64().unwrap() as f32;
        assert_eq!(run["scalars"]["final/score"][0][1].as_f64().unwrap() as f32, score);
        let histograms = run["histograms"].as_object().unwrap();
        let (_, first) = histograms.iter().next().unwrap();
        assert!(first[0].as_array().unwrap().len() > 5, "{first}");
        let names: Vec<&String> = histograms.keys().collect();
        let expected = if text(folder).contains("ppo") { "weights/policy.0.weight" } else { "weights/q" };
        assert!(names.iter().any(|name| *name == expected), "{names:?}");
        assert_eq!(run["images"].as_object().unwrap().len(), 3);
        assert!(run["images"]["episode/0"][1].as_u64().unwrap() > 50);
    }

    // One group for the two seeds of an agent, with the mean score.
    let groups = found["hparams"].as_array().unwrap();
    assert_eq!(groups.len(), 2, "{groups:?}");
    for group in groups {
        assert_eq!(group["sessions"].as_array().unwrap().len(), 2, "{group}");
        assert!(group["sessions"].as_array().unwrap().iter().all(|one| one["status"] == "STATUS_SUCCESS"));
        let settings = group["hparams"].as_object().unwrap();
        let agent = settings["agent"].as_str().unwrap();
        assert!(["q-learning", "ppo"].contains(&agent) && settings["world"] == "grid/cliff");
        assert_eq!(settings["steps"].as_f64(), Some(4000.0));
        assert!(settings.keys().any(|key| key.starts_with("agent.")), "{settings:?}");
        let metrics = group["metricValues"].as_array().unwrap();
        assert!(metrics.iter().any(|metric| metric["name"]["tag"] == "final/score"), "{group}");
    }

    // Tables: the same numbers to the last bit.
    let mut rows = Vec::new();
    for folder in &folders {
        let all = numbers(folder);
        let name = text(folder);
        rows.extend(all.into_iter().map(|(tag, step, x)| (name.clone(), tag.replace('/', "_"), step, x)));
    }
    let rows = sorted(rows);
    for kind in ["csv", "parquet"] {
        let table = found[kind].as_object().unwrap();
        let cells = |name: &str| table[name].as_array().unwrap();
        let mut read = Vec::new();
        for (tag, column) in table {
            if ["run", "world", "agent", "seed", "step"].contains(&tag.as_str()) {
                continue;
            }
            for (row, cell) in column.as_array().unwrap().iter().enumerate() {
                if let Some(x) = cell.as_f64() {
                    let run = cells("run")[row].as_str().unwrap().to_owned();
                    read.push((run, tag.clone(), cells("step")[row].as_u64().unwrap(), x));
                }
            }
        }
        assert_eq!(sorted(read), rows, "{kind}");
        assert!(cells("agent").iter().any(|agent| agent == "ppo") && cells("seed").contains(&1.into()));
    }

    // A second export keeps the times; without a file, they are those of the run's files.
    PROGRAM.text(&["export", &text(&results), "--to", "tensorboard"]);
    let again = read(&python, &results, &[]);
    assert_eq!(again["runs"], found["runs"]);
    let event_file = folders[0].join("events.out.tfevents.0.freewheel");
    std::fs::remove_file(&event_file).unwrap();
    PROGRAM.text(&["export", &text(&folders[0]), "--to", "tensorboard"]);
    let key = text(folders[0].strip_prefix(&results).unwrap());
    let (before, after) = (&again["runs"][&key], &read(&python, &results, &[])["runs"][&key]);
    let times = scalars(after).into_iter().map(|(.., time)| time).collect::<Vec<f64>>();
    assert!(times.iter().all(|time| (begin - 1.0..=end + 1.0).contains(time)), "{times:?}");
    let plain = |run: &Value| {
        sorted(scalars(run).into_iter().map(|(tag, step, x, _)| (tag, step, x)).collect::<Vec<_>>())
    };
    assert_eq!(plain(before), plain(after));
}

/// The importer copies every number into MLflow, and says what it copies without any package.
#[test]
fn mlflow_reads_the_metrics() {
    let Some(python) = python("mlflow", "mlflow") else { return };
    let home = tempfile::tempdir().unwrap();
    let (file, results) = (home.path().join("events.toml"), home.path().join("results"));
    std::fs::write(&file, EXPERIMENT.replace("tensorboard = true\n", "")).unwrap();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    PROGRAM.text(&["run", &text(&file), "--out", &text(&results), "--quiet"]);
    let run_script = |script: &str, words: &[&str]| -> Value {
        let script = format!("{}/{script}", env!("CARGO_MANIFEST_DIR"));
        let output = Command::new(&python).arg(script).arg(&results).args(words).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {error}", output.status);
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let copied = run_script("peers/import_metrics.py", &[&text(&home.path().join("store"))]);
    let shown = run_script("../runs/examples/python/import_metrics.py", &["--to", "json"]);
    let metrics = |run: &Value| {
        let all = run["metrics"].as_array().unwrap().iter();
        sorted(
            all.map(|one| {
                (one[1].as_str().unwrap().to_owned(), one[0].as_u64().unwrap(), one[2].as_f64().unwrap())
            })
            .collect::<Vec<_>>(),
        )
    };
    let (copied, shown) = (copied.as_array().unwrap(), shown.as_array().unwrap());
    assert_eq!((copied.len(), shown.len()), (4, 4));
    for run in shown {
        let folder = Path::new(run["folder"].as_str().unwrap());
        let own = metrics(run);
        let without_end = own.iter().filter(|(name, ..)| !name.starts_with("final/")).cloned().collect();
        assert_eq!(sorted(without_end), sorted(numbers(folder)));
        assert!(own.iter().any(|(name, step, _)| name == "final/score" && *step == 4000), "{own:?}");
        let theirs = copied.iter().find(|other| other["name"] == run["name"]).unwrap();
        assert_eq!(metrics(theirs), own);
        assert_eq!(theirs["params"]["world_label"], "grid/cliff");
    }
}
