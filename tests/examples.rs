//! The default experiment: the three kinds of learning in four worlds, with a report.

use std::path::Path;
use std::process::Command;

use freewheel_tests::Program;

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-program"));

/// Agents of the default experiment that learn, with the worlds in which each one learns.
const LEARNERS: [(&str, usize); 5] =
    [("q-learning", 3), ("q-lambda", 1), ("clusters", 2), ("ppo", 4), ("cloning", 4)];

/// The scripts of the page run in headless Chromium without errors: each player has sized its canvas and its slider.
fn played_in_chromium(page: &Path) {
    let programs = ["chromium", "chromium-browser", "google-chrome"];
    let arguments =
        ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=2000", "--dump-dom"];
    let open = |program| {
        Command::new(program).args(arguments).arg(format!("file://{}", page.display())).output().ok()
    };
    let Some(output) = programs.into_iter().find_map(open) else {
        eprintln!("SKIPPED: no Chromium; install it with tests/peers/setup");
        return;
    };
    let dom = String::from_utf8_lossy(&output.stdout);
    let canvases: Vec<&str> = dom.split("<canvas").skip(1).collect();
    assert_eq!(canvases.len(), 4, "{}", String::from_utf8_lossy(&output.stderr));
    for canvas in canvases {
        let figure = canvas.split("</figure>").next().unwrap();
        assert!(
            figure.contains("width=\"") && figure.contains("max=\""),
            "{}",
            &figure[..figure.len().min(500)]
        );
    }
}

/// One seed of the default experiment: all agents that learn are above the baseline, the table fits 100 columns, and
/// the report has an episode of each world.
#[test]
fn the_default_experiment_compares_three_kinds_of_learning() {
    let folder = tempfile::tempdir().unwrap();
    let run = |more: &[&str]| {
        let output = Command::new(PROGRAM.0)
            .args([&["run", "--seeds", "0..1", "--quiet"], more].concat())
            .current_dir(folder.path())
            .env("COLUMNS", "100")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let report: serde_json::Value = serde_json::from_str(&run(&["--json"])).unwrap();
    let rows = report["rows"].as_array().unwrap();
    let mut worlds: Vec<&str> = rows.iter().map(|row| row["world"].as_str().unwrap()).collect();
    worlds.dedup();
    assert_eq!(worlds.len(), 4, "{worlds:?}");
    for (agent, worlds) in LEARNERS {
        let of_agent = rows.iter().filter(|row| row["agent"] == agent);
        let scores: Vec<f64> = of_agent.map(|row| row["normalized"].as_f64().unwrap()).collect();
        assert_eq!(scores.len(), worlds, "{agent}");
        assert!(scores.iter().all(|score| *score > 0.0), "{agent}: {scores:?}");
    }
    // The runs are finished: the second time only the table is printed.
    let table = run(&[]);
    let rows = table.lines().filter(|line| line.starts_with('│'));
    let widest = rows.map(|line| line.chars().count()).max().unwrap();
    assert!(widest <= 100, "{widest}:\n{table}");
    let page = std::fs::read_to_string(folder.path().join("results/default/report.html")).unwrap();
    assert_eq!(page.matches("<canvas").count(), 4);
    played_in_chromium(&folder.path().join("results/default/report.html"));
    // A run that does not learn has the steps of its entry.
    let runs: serde_json::Value = serde_json::from_str(&PROGRAM.text(&[
        "runs",
        "ls",
        folder.path().join("results/default").to_str().unwrap(),
        "--json",
    ]))
    .unwrap();
    let runs = runs["runs"].as_array().unwrap();
    let random = runs.iter().find(|run| run["agent"] == "random").unwrap();
    assert_eq!(random["steps"], 1000, "{random}");
}
