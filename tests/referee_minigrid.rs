//! Comparison of MiniGrid worlds with the package `minigrid`, step by step: views, moves, objects, rewards, endings.
//!
//! Requires the Python environment of `tests/peers/minigrid_setup`; without it the test is skipped with a note.

use std::path::PathBuf;
use std::process::Command;

use freewheel_core::{Ending, Env, Purpose, Streams};
use freewheel_envs::minigrid::{Cell, MiniGrid, Settings, State};
use serde::Deserialize;

/// Episode played in MiniGrid.
#[derive(Deserialize)]
struct Episode {
    world: String,
    width: u32,
    max_steps: u32,
    steps: Vec<Snapshot>,
}

/// State before an action; the last one of an episode has no action.
#[derive(Deserialize)]
struct Snapshot {
    grid: Vec<[u8; 3]>,
    position: [i32; 2],
    direction: u8,
    carrying: Option<[u8; 3]>,
    image: Vec<Vec<[u8; 3]>>,
    #[serde(default)]
    action: u32,
    #[serde(default)]
    reward: f64,
    #[serde(default)]
    terminated: bool,
}

fn cell([object, color, state]: [u8; 3]) -> Cell {
    Cell { object, color, state }
}

fn state(snapshot: &Snapshot, width: u32, steps: u32) -> State {
    State {
        width,
        cells: snapshot.grid.iter().copied().map(cell).collect(),
        position: snapshot.position,
        direction: snapshot.direction,
        carrying: snapshot.carrying.map(cell),
        steps,
        success: None,
    }
}

#[test]
fn steps_equal_minigrids() {
    let python = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/peers-minigrid/bin/python"));
    let python = std::env::var_os("FREEWHEEL_MINIGRID_PYTHON").map_or(python, PathBuf::from);
    if !Command::new(&python).args(["-c", "import minigrid"]).output().is_ok_and(|o| o.status.success()) {
        eprintln!("SKIPPED: no Python with minigrid; make one with tests/peers/minigrid_setup");
        return;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/minigrid_episodes.py");
    let output = Command::new(python).arg(script).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let episodes: Vec<Episode> = serde_json::from_slice(&output.stdout).unwrap();
    let mut rng = Streams::new(0).stream(Purpose::Environment, 0, 0);
    let (mut compared, mut goals, mut opened, mut carried) = (0, 0, 0, 0);
    for episode in &episodes {
        let world = MiniGrid::new(&episode.world, &Settings::default()).unwrap();
        assert_eq!(Env::spec(&world).time_limit, Some(episode.max_steps), "{}", episode.world);
        let mut obs = vec![0.0; Env::spec(&world).observation.len()];
        for (i, snapshot) in episode.steps.iter().enumerate() {
            let at = format!("{} step {i}", episode.world);
            let mut ours = state(snapshot, episode.width, i as u32);
            world.observe(&ours, &mut obs);
            for (column, cells) in snapshot.image.iter().enumerate() {
                for (row, values) in cells.iter().enumerate() {
                    let seen = [0, 1, 2].map(|plane| obs[plane * 49 + row * 7 + column] as u8);
                    assert_eq!(seen, *values, "{at}: column {column} row {row}");
                }
            }
            compared += 1;
            let Some(next) = episode.steps.get(i + 1) else { continue };
            // Obstacles move at random; the other worlds are deterministic.
            if episode.world.starts_with("dynamic") {
                continue;
            }
            let step = world.step(&mut ours, snapshot.action, &mut rng);
            let ending = if snapshot.terminated { Ending::Terminal } else { Ending::Running };
            assert_eq!((step.reward, step.ending), (snapshot.reward as f32, ending), "{at}");
            let theirs = state(next, episode.width, i as u32 + 1);
            assert_eq!(State { success: None, ..ours }, theirs, "{at}");
            goals += u32::from(snapshot.terminated);
            carried += u32::from(theirs.carrying.is_some());
            opened += u32::from(theirs.cells.iter().any(|cell| cell.object == 4 && cell.state == 0));
        }
    }
    println!(
        "{} episodes, {compared} views, {goals} goals, {carried} carrying, {opened} with an open door",
        episodes.len()
    );
    assert!(compared > 5000 && goals > 10 && carried > 100 && opened > 100);
}
