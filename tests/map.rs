//! `map`: pictures of the states that a run visits, after an experiment and for earlier runs.

use std::path::Path;

use freewheel_tests::{Program, assert_same_bytes, files};

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-test-program"));

/// Runs a short experiment with the text `map` at its end into `out`.
fn run(folder: &Path, out: &str, map: &str, more: &[&str]) -> std::path::PathBuf {
    let experiment = folder.join("maps.toml");
    let text = format!(
        r#"
        worlds = [{{ id = "track/circle", start = "anywhere" }}, "classic/cartpole"]
        agents = ["random", {{ id = "q-learning", encoder = {{ estimator = "kmeans", steps = 500 }}, frame_stack = 2 }}]
        seeds = "0..2"
        steps = 1000
        [evaluation]
        episodes = 2
        points = 1
        {map}
        "#
    );
    std::fs::write(&experiment, text).unwrap();
    let out = folder.join(out);
    let words = ["run", experiment.to_str().unwrap(), "--out", out.to_str().unwrap(), "--json"];
    PROGRAM.json(&[&words[..], more].concat());
    out
}

fn maps(root: &Path) -> Vec<String> {
    files(root).into_keys().filter(|name| name.contains("map-")).collect()
}

#[test]
fn the_runs_of_an_experiment_are_mapped() {
    let folder = tempfile::tempdir().unwrap();
    let map = "[map]\nnum_states = 300";
    let one = run(folder.path(), "one", map, &["--threads", "1"]);
    let two = run(folder.path(), "two", map, &["--threads", "2"]);
    assert_eq!(maps(&one).len(), 16, "two files for each of eight runs");
    assert_same_bytes(&one, &two);
    // `map` on earlier runs draws the same pictures, without running them again.
    let bare = run(folder.path(), "bare", "", &[]);
    assert_eq!(maps(&bare).len(), 0);
    let report = PROGRAM.json(&["map", bare.to_str().unwrap(), "--num-states", "300", "--json"]);
    assert_eq!(report["files"].as_array().unwrap().len(), 16);
    assert_same_bytes(&one, &bare);
}

#[test]
fn every_projection_and_color_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let out = run(folder.path(), "runs", "", &[]);
    let run = files(&out)
        .into_keys()
        .find(|name| name.contains("cartpole-q-learning") && name.ends_with("seed-0/config.toml"));
    let run = out.join(run.unwrap()).parent().unwrap().to_owned();
    for projection in ["pca", "vae"] {
        for color in ["value", "cluster"] {
            let words = [
                "map",
                run.to_str().unwrap(),
                "--projection",
                projection,
                "--color",
                color,
                "--num-states",
                "200",
                "--n-clusters",
                "3",
            ];
            let shown = PROGRAM.text(&words);
            assert!(shown.contains("seed 0, 1,000 steps\n200 visited states"), "{shown}");
            let svg = std::fs::read_to_string(run.join(format!("map-{projection}-{color}.svg"))).unwrap();
            assert_eq!(svg.matches("<circle").count(), 200, "{projection} {color}");
        }
    }
}

/// A world without a map does not affect the others, and `resume` draws maps, too.
#[test]
fn worlds_without_a_map_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let (experiment, out) = (folder.path().join("two.toml"), folder.path().join("out"));
    let text = "worlds = [\"grid/cliff\", \"classic/cartpole\"]\nagents = [\"random\"]\nseeds = \"0..2\"\n\
                steps = 500\n[map]\nnum_states = 100\n";
    std::fs::write(&experiment, text).unwrap();
    let ran = PROGRAM.output(&["run", experiment.to_str().unwrap(), "--out", out.to_str().unwrap()]);
    assert!(ran.status.success() && String::from_utf8_lossy(&ran.stdout).contains("cartpole"));
    assert!(String::from_utf8_lossy(&ran.stderr).matches("no map").count() == 1);
    let mapped = maps(&out);
    assert_eq!(mapped.len(), 4);
    mapped.iter().for_each(|map| std::fs::remove_file(out.join(map)).unwrap());
    PROGRAM.text(&["resume", out.to_str().unwrap(), "--quiet"]);
    assert_eq!(maps(&out), mapped);
    assert_eq!(PROGRAM.json(&["map", out.to_str().unwrap(), "--json"])["files"].as_array().unwrap().len(), 4);
}

#[test]
fn invalid_maps_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    PROGRAM.text(&["train", "grid/cliff", "q-learning", "--steps", "100", "--out", out, "--quiet"]);
    let (code, said) = PROGRAM.fails(&["map", out]);
    assert!(code == 3 && said.contains("48 states are discrete") && said.contains("watch"), "{code} {said}");
    let experiment = folder.path().join("maps.toml");
    let refused = |map: &str| {
        std::fs::write(
            &experiment,
            format!("worlds = [\"grid/cliff\"]\nagents = [\"random\"]\n[map]\n{map}\n"),
        )
        .unwrap();
        let (code, said) = PROGRAM.fails(&["run", experiment.to_str().unwrap()]);
        assert_eq!(code, 3, "{said}");
        said
    };
    let said = refused("n_clusters = 11");
    assert!(said.contains("maps.toml:4") && said.contains("at most 10"), "{said}");
    assert!(refused("colour = 'value'").contains("did you mean `color`"));
    assert!(refused("projection = 'tsne'").contains("maps.toml:4"));
}
