//! Comparison of transition tables with those of Gymnasium, entry by entry.
//!
//! Requires the Python environment of `tests/peers/setup`, or `FREEWHEEL_PYTHON` naming a Python with Gymnasium.
//! Without it the test is skipped with a note, or fails if `FREEWHEEL_REFEREES=required`.

use std::process::Command;

use freewheel_core::{NoPolicyLoader, Purpose, Streams, WorldFamily};
use freewheel_envs::gridworld::{Gridworld, GridworldFamily};
use freewheel_tests::python;
use serde_json::Value;

/// Random frozen lakes, with or without a path to the goal.
fn lakes() -> Vec<String> {
    let mut rng = Streams::new(5).stream(Purpose::Generation, 0, 0);
    let mut lake = |width: u32, height: u32| {
        let mut cells: Vec<Vec<char>> = (0..height)
            .map(|_| (0..width).map(|_| if rng.chance(0.2) { 'H' } else { 'F' }).collect())
            .collect();
        // One edge of the lake is frozen, so that the goal can be reached.
        for row in &mut cells {
            row[0] = 'F';
        }
        cells[height as usize - 1].fill('F');
        cells[0][0] = 'S';
        cells[height as usize - 1][width as usize - 1] = 'G';
        cells.into_iter().map(String::from_iter).collect::<Vec<_>>().join(",")
    };
    [(2, 2), (3, 5), (7, 4), (6, 6), (10, 3)].map(|(w, h)| lake(w, h)).to_vec()
}

/// Sorted outcomes; those with the same successor, reward and ending are merged.
fn canonical(outcomes: impl Iterator<Item = (f64, u64, f64, bool)>) -> Vec<(u64, f64, bool, f64)> {
    let mut merged: Vec<(u64, f64, bool, f64)> = Vec::new();
    for (probability, next, reward, terminal) in outcomes.filter(|outcome| outcome.0 > 0.0) {
        match merged.iter_mut().find(|m| (m.0, m.1, m.2) == (next, reward, terminal)) {
            Some(same) => same.3 += probability,
            None => merged.push((next, reward, terminal, probability)),
        }
    }
    merged.sort_by(|a, b| a.partial_cmp(b).unwrap());
    merged
}

fn compare(name: &str, ours: &Gridworld, theirs: &Value, limit: Option<u64>) {
    let rows = theirs["P"].as_array().unwrap();
    assert_eq!(ours.states(), rows.len(), "{name}: number of states");
    let mut terminal = vec![false; rows.len()];
    let mut entries = 0;
    for (state, row) in rows.iter().enumerate() {
        let row = row.as_array().unwrap();
        assert_eq!(ours.actions(), row.len(), "{name}: number of actions");
        for (action, outcomes) in row.iter().enumerate() {
            let read = |o: &Value| {
                (
                    o[0].as_f64().unwrap(),
                    o[1].as_u64().unwrap(),
                    o[2].as_f64().unwrap(),
                    o[3].as_bool().unwrap(),
                )
            };
            let theirs = canonical(outcomes.as_array().unwrap().iter().map(read));
            theirs.iter().filter(|outcome| outcome.2).for_each(|outcome| terminal[outcome.0 as usize] = true);
            let found = ours.outcomes(state, action);
            let found = canonical(found.map(|o| (o.probability, u64::from(o.next), o.reward, o.terminal)));
            // No action is taken after the end of an episode, so these entries may differ.
            if terminal[state] {
                continue;
            }
            assert_eq!(
                found.len(),
                theirs.len(),
                "{name}: state {state}, action {action}: {found:?} {theirs:?}"
            );
            for (a, b) in found.iter().zip(&theirs) {
                let same = (a.0, a.1, a.2) == (b.0, b.1, b.2) && (a.3 - b.3).abs() < 1e-12;
                assert!(same, "{name}: state {state}, action {action}: {found:?} {theirs:?}");
                entries += 1;
            }
        }
    }
    assert!(entries >= rows.len(), "{name}: only {entries} entries were compared");
    let mut starts = vec![0.0; rows.len()];
    ours.starts().for_each(|(state, probability)| starts[state as usize] += probability);
    for (state, theirs) in theirs["starts"].as_array().unwrap().iter().enumerate() {
        assert!((starts[state] - theirs.as_f64().unwrap()).abs() < 1e-12, "{name}: start {state}");
    }
    assert_eq!(theirs["time_limit"].as_u64(), limit, "{name}: time limit");
}

#[test]
fn transition_tables_equal_gymnasiums() {
    let Some(python) = python("gymnasium", "Gymnasium") else { return };
    let lakes = lakes();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/gymnasium_tables.py");
    let output = Command::new(python).arg(script).args(&lakes).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tables: Value = serde_json::from_slice(&output.stdout).unwrap();
    let settings = |text: &str| text.parse::<toml::Table>().unwrap();
    let named = |name: &str, text: &str| GridworldFamily.world(name, &settings(text)).unwrap().unwrap();
    let named_worlds = [
        ("CliffWalking-v1", "cliff", ""),
        ("CliffWalkingSlippery-v1", "cliff-slippery", ""),
        ("Taxi-v4", "taxi", ""),
        ("FrozenLake-v1 slippery", "frozenlake-4x4", ""),
        ("FrozenLake8x8-v1 slippery", "frozenlake-8x8", ""),
        ("FrozenLake-v1 dry", "frozenlake-4x4", "slippery = false"),
        ("FrozenLake8x8-v1 dry", "frozenlake-8x8", "slippery = false"),
    ];
    let mut compared = 0;
    for (theirs, ours, text) in named_worlds {
        let world = named(ours, text);
        let limit =
            GridworldFamily.build(ours, &settings(text), &NoPolicyLoader).unwrap().unwrap().spec().time_limit;
        compare(theirs, &world, &tables[theirs], limit.map(u64::from));
        compared += 1;
    }
    let folder = tempfile::tempdir().unwrap();
    for lake in &lakes {
        let file = folder.path().join("desc.json");
        std::fs::write(&file, serde_json::to_string(&lake.split(',').collect::<Vec<_>>()).unwrap()).unwrap();
        for (suffix, text) in [("slippery", "slippery = true"), ("dry", "slippery = false")] {
            let world = GridworldFamily.read(&file, &settings(text)).unwrap();
            let name = format!("{lake} {suffix}");
            compare(&name, &world, &tables[&name], Some(100));
            compared += 1;
        }
    }
    assert_eq!(compared, tables.as_object().unwrap().len());
}
