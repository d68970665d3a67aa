//! Published learning results: the cliff of Sutton & Barto (Example 6.6), Gymnasium's frozen lake, and a market with a
//! known optimum.

use freewheel_tests::Program;
use serde_json::Value;

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-program"));

fn rows(world: &str, agents: &str, settings: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("experiment.toml");
    let text = format!("worlds = [\"{world}\"]\nagents = [{agents}]\nseeds = \"0..4\"\n{settings}");
    std::fs::write(&file, text).unwrap();
    let out = folder.path().join("out");
    let report = PROGRAM.json(&["run", file.to_str().unwrap(), "--out", out.to_str().unwrap(), "--json"]);
    report["rows"].as_array().unwrap().clone()
}

#[test]
fn the_cliff() {
    let settings = "
        steps = 300_000
        evaluation = { episodes = 5, points = 0 }
        agent = { learning_rate = { from = 0.5, to = 0.02, over = 1.0 }, epsilon = 0.1 }
    ";
    let rows = rows("grid/cliff", r#""q-learning", "sarsa", "expected-sarsa""#, settings);
    let online = |i: usize| rows[i]["online"].as_f64().unwrap();
    // Q-learning is off-policy: it learns the shortest path along the edge, although exploration is costly there.
    assert!(rows[0]["scores"].as_array().unwrap().iter().all(|score| score == -13.0), "{}", rows[0]);
    assert!((online(0) - -50.800).abs() < 2.0, "Q-learning earns {}, -50.800 expected", online(0));
    // SARSA is on-policy: it learns the cost of its exploration and avoids the edge; Expected SARSA has less variance.
    assert!((online(1) - -20.708).abs() < 3.0, "SARSA earns {}, about -20.708 expected", online(1));
    assert!((online(2) - -20.708).abs() < 1.0, "Expected SARSA earns {}, -20.708 expected", online(2));
    for row in &rows[1..] {
        assert!(
            row["scores"].as_array().unwrap().iter().all(|score| score.as_f64().unwrap() <= -15.0),
            "{row}"
        );
    }
}

#[test]
fn the_frozen_lake() {
    let settings = "
        steps = 600_000
        evaluation = { episodes = 4000, points = 0 }
        [agent]
        learning_rate = { from = 0.1, to = 0.002, over = 1.0 }
        epsilon = { from = 1.0, to = 0.02, over = 0.9 }
        gamma = 0.99
    ";
    for row in rows("grid/frozenlake-4x4", r#""q-learning", "sarsa", "reference""#, settings) {
        let reference = row["reference"]["value"].as_f64().unwrap();
        assert!((reference - 0.740_165).abs() < 1e-5, "{row}");
        let mean = row["mean"].as_f64().unwrap();
        // The standard error of the mean of 16,000 episodes is .0035.
        assert!(mean > reference - 0.03 && mean < reference + 0.015, "{row}");
    }
}

/// The AR(1) market: the optimum of 0.075 per episode is exact; the score without trades is 0.
#[test]
fn the_signal() {
    let settings = "
        steps = 1_000_000
        evaluation = { episodes = 4000, points = 0 }
        [agent]
        learning_rate = { from = 0.2, to = 0.002, over = 1.0 }
        epsilon = { from = 1.0, to = 0.05, over = 0.8 }
    ";
    for row in rows("market/ar1", r#""q-learning", "reference""#, settings) {
        let share = row["normalized"].as_f64().unwrap();
        assert!(share > 0.95 && share < 1.02, "{share} of the optimum: {row}");
    }
}
