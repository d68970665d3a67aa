//! Comparison of supervised estimators with scikit-learn's on the same data.
//!
//! Requires the Python environment of `tests/peers/setup`, or `FREEWHEEL_PYTHON` naming a Python with
//! scikit-learn. Without it the test is skipped with a note, or fails if `FREEWHEEL_REFEREES=required`.

use std::path::PathBuf;
use std::process::Command;

use freewheel_agents::Samples;
use freewheel_agents::estimator::metrics::r_squared;
use freewheel_agents::estimator::{AnyEstimator, Task};
use freewheel_agents::supervised;
use freewheel_core::{Purpose, Stream, Streams};
use freewheel_tests::python;
use serde_json::{Value, json};

/// Targets of the samples.
enum Answers {
    Labels(Vec<u32>),
    Numbers(Samples),
}

impl Answers {
    fn task(&self) -> Task {
        match self {
            Answers::Labels(_) => Task::Classification,
            Answers::Numbers(_) => Task::Regression,
        }
    }
}

/// One fit, by both programs.
struct Case {
    name: String,
    estimator: &'static str,
    /// Settings of our estimator, and of scikit-learn's.
    settings: String,
    theirs: Value,
    x: Samples,
    y: Answers,
    test: Samples,
}

fn rows(x: &Samples) -> Vec<&[f64]> {
    x.iter().collect()
}

impl Case {
    fn given(&self) -> Value {
        let y = match &self.y {
            Answers::Labels(labels) => json!(labels),
            Answers::Numbers(y) if y.width() == 1 => json!(y.values()),
            Answers::Numbers(y) => json!(rows(y)),
        };
        let both = self.y.task() == Task::Classification && self.estimator != "softmax";
        let estimator = if both { format!("{} classes", self.estimator) } else { self.estimator.into() };
        json!({
            "estimator": estimator, "settings": self.theirs, "x": rows(&self.x), "y": y, "test": rows(&self.test),
        })
    }

    /// Our predictions for the test rows.
    fn predictions(&self) -> Samples {
        let factories = supervised::all();
        let factory = factories.iter().find(|factory| factory.id() == self.estimator).unwrap();
        let table = self.settings.parse().unwrap();
        match (factory.build_for(self.y.task(), &table, Streams::new(0)).unwrap(), &self.y) {
            (AnyEstimator::Classifier(mut it), Answers::Labels(labels)) => {
                it.fit(&self.x, labels).unwrap();
                it.predict_proba(&self.test).unwrap()
            }
            (AnyEstimator::Regressor(mut it), Answers::Numbers(y)) => {
                it.fit(&self.x, y).unwrap();
                it.predict(&self.test).unwrap()
            }
            _ => panic!("{}", self.name),
        }
    }
}

/// Their answers for all cases, by name.
fn theirs(python: &PathBuf, cases: &[Case]) -> Value {
    let given: serde_json::Map<String, Value> =
        cases.iter().map(|case| (case.name.clone(), case.given())).collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cases.json");
    std::fs::write(&file, serde_json::to_string(&given).unwrap()).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/scikit_learn.py");
    let output = Command::new(python).arg(script).arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn predictions_of(answer: &Value) -> Samples {
    let rows: Vec<Vec<f64>> = serde_json::from_value(answer["predictions"].clone()).unwrap();
    Samples::new(rows.concat(), rows[0].len()).unwrap()
}

/// Largest difference of two tables of numbers.
fn difference(a: &Samples, b: &Samples) -> f64 {
    assert_eq!((a.rows(), a.width()), (b.rows(), b.width()));
    a.values().iter().zip(b.values()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

fn rng(index: u64) -> Stream {
    Streams::new(7).stream(Purpose::Generation, index, 0)
}

/// Clusters of `classes` classes in `d` columns, `gap` standard deviations apart; column j is `shift + scale^j z`.
fn clusters(n: usize, d: usize, classes: u32, gap: f64, shift: f64, scale: f64) -> (Samples, Vec<u32>) {
    let mut rng = rng(u64::from(classes) + d as u64);
    let centers: Vec<f64> = (0..classes as usize * d).map(|_| gap * rng.normal()).collect();
    let labels: Vec<u32> = (0..n).map(|i| i as u32 % classes).collect();
    let mut values = Vec::new();
    for &label in &labels {
        for j in 0..d {
            let z = centers[label as usize * d + j] + rng.normal();
            values.push(shift + z * scale.powi(j as i32));
        }
    }
    (Samples::new(values, d).unwrap(), labels)
}

/// The convex optimum: class probabilities within 1e-6 of those of scikit-learn in f64.
#[test]
fn softmax_reaches_the_optimum() {
    let Some(python) = python("sklearn", "scikit-learn") else { return };
    // Up to 512 parameters with the default settings; more of them with a smaller tolerance.
    let fine = "tol = 1e-10\nmax_iter = 20000";
    let tables: [(&str, _, f64, &str); 8] = [
        ("three classes that overlap", clusters(300, 4, 3, 0.7, 0.0, 1.0), 1.0, ""),
        ("columns far from 0", clusters(300, 4, 3, 0.7, 1e6, 1.0), 1.0, ""),
        ("columns of unlike size", clusters(300, 5, 3, 0.7, 0.0, 20.0), 1.0, ""),
        ("far from 0 and of unlike size", clusters(300, 4, 2, 0.7, 3000.0, 0.03), 1.0, ""),
        ("classes that can be separated", clusters(200, 3, 4, 9.0, 0.0, 1.0), 1.0, ""),
        ("separable with a small penalty", clusters(120, 2, 2, 6.0, 0.0, 1.0), 1e-3, ""),
        ("twenty classes", clusters(800, 8, 20, 1.5, 0.0, 1.0), 0.1, ""),
        ("650 parameters", clusters(600, 64, 10, 0.3, 0.0, 1.0), 1.0, fine),
    ];
    let cases: Vec<Case> = tables
        .into_iter()
        .map(|(name, (x, labels), alpha, more)| {
            let classes = labels.iter().max().unwrap() + 1;
            let c = if classes == 2 { 2.0 / alpha } else { 1.0 / alpha };
            Case {
                name: name.into(),
                estimator: "softmax",
                settings: format!("alpha = {alpha:?}\n{more}"),
                theirs: json!({ "C": c, "solver": "newton-cholesky", "tol": 1e-13, "max_iter": 10_000 }),
                test: x.clone(),
                x,
                y: Answers::Labels(labels),
            }
        })
        .collect();
    let answers = theirs(&python, &cases);
    for case in &cases {
        let answer = &answers[&case.name];
        let gradient = answer["gradient"].as_f64().unwrap();
        assert!(gradient < 1e-6, "{}: scikit-learn is not at the optimum: gradient {gradient}", case.name);
        let found = difference(&case.predictions(), &predictions_of(answer));
        println!("{}: difference {found:.1e}, gradient of scikit-learn {gradient:.1e}", case.name);
        assert!(found < 1e-6, "{}: {found}", case.name);
    }
}

/// Friedman's first function (1991) of 5 of 10 columns, with noise; and a second target. Numbers that f32 holds.
fn friedman(n: usize, index: u64) -> (Samples, Samples, Samples) {
    let mut rng = rng(1000 + index);
    let (mut x, mut y, mut both) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..n {
        let row: Vec<f64> = (0..10).map(|_| f64::from(rng.below(1 << 20)) / f64::from(1 << 20)).collect();
        let wave = 10.0 * (std::f64::consts::PI * row[0] * row[1]).sin();
        let first = wave + 20.0 * (row[2] - 0.5).powi(2) + 10.0 * row[3] + 5.0 * row[4] + rng.normal();
        y.push(first);
        both.extend([first, 100.0 + 3.0 * row[6] - row[0] + 0.1 * rng.normal()]);
        x.extend(row);
    }
    (Samples::new(x, 10).unwrap(), Samples::new(y, 1).unwrap(), Samples::new(both, 2).unwrap())
}

fn score(predicted: &Samples, y: &Samples) -> f64 {
    r_squared(predicted.values(), y.values())
}

/// Trees and neighbors predict the same numbers; forests and networks are equally good.
#[test]
fn regressors_predict_as_those_of_scikit_learn() {
    let Some(python) = python("sklearn", "scikit-learn") else { return };
    let ((x, y, both), (test, answers, _)) = (friedman(800, 0), friedman(400, 1));
    let (clustered, labels) = clusters(400, 3, 3, 1.0, 0.0, 1.0);
    // Numbers that f32 holds.
    let exact = clustered.values().iter().map(|&x| f64::from(x as f32)).collect();
    let clustered = Samples::new(exact, 3).unwrap();
    let numbers = |estimator, settings: &str, theirs: Value, y: &Samples| Case {
        name: format!("{estimator} {settings} {} targets", y.width()),
        estimator,
        settings: settings.into(),
        theirs,
        x: x.clone(),
        y: Answers::Numbers(y.clone()),
        test: test.clone(),
    };
    let classes = |estimator, settings: &str, theirs: Value| Case {
        name: format!("{estimator} {settings} classes"),
        estimator,
        settings: settings.into(),
        theirs,
        x: clustered.clone(),
        y: Answers::Labels(labels.clone()),
        test: clustered.clone(),
    };
    let mut equal = Vec::new();
    for targets in [&y, &both] {
        for (ours, theirs) in [
            ("max_depth = 4", json!({ "max_depth": 4 })),
            ("min_samples_leaf = 5", json!({ "min_samples_leaf": 5 })),
        ] {
            equal.push(numbers("tree", ours, theirs, targets));
        }
        for (ours, theirs) in [
            ("", json!({})),
            (
                "n_neighbors = 9\nweights = \"distance\"",
                json!({ "n_neighbors": 9, "weights": "distance", "algorithm": "brute" }),
            ),
        ] {
            equal.push(numbers("knn", ours, theirs, targets));
        }
    }
    equal.push(classes("tree", "max_depth = 3", json!({ "max_depth": 3 })));
    equal.push(classes("knn", "n_neighbors = 7", json!({ "n_neighbors": 7 })));
    let similar = [
        ("tree", "", json!({ "random_state": 0 }), 0.05),
        ("forest", "", json!({ "random_state": 0 }), 0.02),
        ("forest", "max_features = 3", json!({ "max_features": 3, "random_state": 0 }), 0.02),
        (
            "mlp",
            "hidden_sizes = [64]\nnum_epochs = 200\nbatch_size = 32\nlearning_rate = 3e-3",
            json!({
                "hidden_layer_sizes": [64], "max_iter": 200, "batch_size": 32, "learning_rate_init": 3e-3,
                "n_iter_no_change": 1000, "random_state": 0,
            }),
            0.05,
        ),
    ];
    let similar =
        similar.map(|(estimator, ours, theirs, least)| (numbers(estimator, ours, theirs, &y), least));
    let found = theirs(&python, &equal);
    for case in &equal {
        let found = difference(&case.predictions(), &predictions_of(&found[&case.name]));
        // Class shares of a tree are in f32.
        let tolerance = if case.y.task() == Task::Classification { 1e-7 } else { 1e-9 };
        assert!(found < tolerance, "{}: {found}", case.name);
    }
    let (cases, tolerances): (Vec<Case>, Vec<f64>) = similar.into_iter().unzip();
    let found = theirs(&python, &cases);
    for (case, tolerance) in cases.iter().zip(tolerances) {
        let (ours, theirs) = (case.predictions(), predictions_of(&found[&case.name]));
        let (ours, theirs) = (score(&ours, &answers), score(&theirs, &answers));
        println!("{}: R² {ours:.4}, scikit-learn {theirs:.4}", case.name);
        assert!(ours > theirs - tolerance && ours > 0.5, "{}: {ours} {theirs}", case.name);
    }
}
