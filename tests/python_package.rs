//! The Python package, in a clean environment: a wheel of the package is installed from a local index, and pytest runs
//! `runs/python/tests` there, beside a million steps that are recorded here without Python.
//!
//! Requires the Python environment of `tests/peers/setup` and the packages that it has downloaded; without them the
//! test is skipped with a note, or fails if `FREEWHEEL_REFEREES=required`. The wheel has the module that cargo built
//! with this test; `FREEWHEEL_WHEEL` names another one, such as that of `maturin build --release`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use freewheel::Registry;
use freewheel_core::{ActionBuffer, ActionSpace, Purpose, Streams};
use freewheel_tests::python;
use serde_json::json;

const PROGRAM: &str = env!("CARGO_BIN_EXE_freewheel-program");
/// World, settings, number of environments and steps of each record: a million steps.
const RECORDS: [(&str, &str, usize, usize); 7] = [
    ("grid/cliff", "", 16, 18_000),
    ("grid/taxi", "mask = true", 16, 15_000),
    ("grid/frozenlake-8x8", "", 16, 12_000),
    ("classic/cartpole", "", 32, 10_000),
    ("classic/pendulum", "", 4, 2_000),
    ("market/gbm", "", 4, 500),
    ("go/5x5", "opponent = \"self\"", 8, 1_000),
];

/// Runs a command, which must succeed.
fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success(), "{command:?}\n{}\n{}", text[0], text[1]);
}

/// Records steps with random legal actions in the folder `folder`.
fn record(folder: &Path, (id, settings, num_envs, steps): (&str, &str, usize, usize)) {
    fs::create_dir_all(folder).unwrap();
    let table: toml::Table = settings.parse().unwrap();
    let world = Registry::standard().build_world(id, &table).unwrap();
    let (streams, spec) = (Streams::new(9), world.spec());
    let mut envs = world.vector_env(num_envs, streams, Purpose::Environment, 0);
    let mut rng = streams.stream(Purpose::Action, 0, 0);
    let (mut actions, mut reward, mut ending) = (Vec::new(), Vec::new(), Vec::new());
    let (mut obs, mut last_obs) = (Vec::new(), Vec::new());
    let floats = |out: &mut Vec<u8>, all: &[f32]| out.extend(all.iter().flat_map(|x| x.to_le_bytes()));
    floats(&mut obs, envs.view().obs);
    for _ in 0..steps {
        let chosen = match &spec.actions {
            ActionSpace::Discrete { .. } => {
                let one = |i: usize| {
                    let legal: Vec<u32> =
                        (0..).zip(envs.view().legal_row(i)).filter(|(_, l)| **l).map(|(a, _)| a).collect();
                    legal[rng.below(legal.len() as u32) as usize]
                };
                ActionBuffer::Discrete((0..num_envs).map(one).collect())
            }
            ActionSpace::Continuous { low, high, .. } => {
                let bounds = low.iter().zip(high).cycle().take(num_envs * low.len());
                ActionBuffer::Continuous(bounds.map(|(l, h)| l + (h - l) * rng.uniform() as f32).collect())
            }
        };
        match &chosen {
            ActionBuffer::Discrete(all) => actions.extend(all.iter().flat_map(|a| a.to_le_bytes())),
            ActionBuffer::Continuous(all) => floats(&mut actions, all),
        }
        envs.step(chosen.as_actions()).unwrap();
        let view = envs.view();
        floats(&mut reward, view.reward);
        floats(&mut obs, view.obs);
        for (i, &over) in view.ending.iter().enumerate() {
            ending.push(over as u8);
            if over.is_over() {
                floats(&mut last_obs, view.successor(i).0);
            }
        }
        envs.take_finished();
    }
    let head = json!({
        "world": id, "settings": table, "seed": 9, "num_envs": num_envs, "steps": steps,
        "width": spec.observation.len(), "dimensions": spec.actions.dimensions(),
    });
    fs::write(folder.join("head.json"), head.to_string()).unwrap();
    let files =
        [("actions", actions), ("reward", reward), ("ending", ending), ("obs", obs), ("last_obs", last_obs)];
    for (name, bytes) in files {
        fs::write(folder.join(name), bytes).unwrap();
    }
}

#[test]
fn the_package_passes_its_tests_in_a_clean_environment() {
    let Some(python) = python("gymnasium", "Gymnasium") else { return };
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let downloaded = root.join("target/peers-wheels");
    if !downloaded.is_dir() {
        let required = std::env::var("FREEWHEEL_REFEREES").is_ok_and(|value| value == "required");
        assert!(!required, "{} is missing; make it with tests/peers/setup", downloaded.display());
        eprintln!("SKIPPED: no packages in target/peers-wheels; download them with tests/peers/setup");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (index, clean) = (folder.path().join("index"), folder.path().join("clean"));
    fs::create_dir(&index).unwrap();
    match std::env::var_os("FREEWHEEL_WHEEL").map(PathBuf::from) {
        Some(wheel) => {
            fs::copy(&wheel, index.join(wheel.file_name().unwrap())).unwrap();
        }
        None => {
            // Cargo builds the module beside the tests, which depend on its crate.
            let module =
                format!("{}_freewheel{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
            let module = std::env::current_exe().unwrap().with_file_name(module);
            let pack = root.join("tests/peers/python_wheel.py");
            run(Command::new(&python).arg(pack).arg(root.join("runs/python")).arg(module).arg(&index));
        }
    }
    run(Command::new(&python).args(["-m", "venv"]).arg(&clean));
    let python = clean.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    run(Command::new(&python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-index",
            "--find-links",
        ])
        .arg(&index)
        .arg("--find-links")
        .arg(&downloaded)
        .args(["freewheel[all]", "pytest"]));
    let native = folder.path().join("native");
    for one in RECORDS {
        record(&native.join(one.0.replace('/', "-")), one);
    }
    let steps: usize = RECORDS.iter().map(|(_, _, num_envs, steps)| num_envs * steps).sum();
    assert!(steps >= 1_000_000);
    // Outside of the checkout, so that the installed package is imported.
    run(Command::new(&python)
        .args(["-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--rootdir"])
        .arg(folder.path())
        .arg(root.join("runs/python/tests"))
        .current_dir(folder.path())
        .env("FREEWHEEL_NATIVE", &native)
        .env("FREEWHEEL_PROGRAM", PROGRAM)
        .env_remove("PYTHONPATH"));
}
