//! Setting `encoder`: a fitted encoder in front of an agent, from the experiment file to the replay.

use std::path::Path;

use freewheel_tests::{Program, assert_same_bytes};

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-test-program"));

/// Runs an experiment into the folder `out`; returns the results table.
fn run(folder: &Path, text: &str, out: &str, more: &[&str]) -> serde_json::Value {
    let experiment = folder.join("encoders.toml");
    std::fs::write(&experiment, text).unwrap();
    let out = folder.join(out);
    let words = ["run", experiment.to_str().unwrap(), "--out", out.to_str().unwrap(), "--json"];
    PROGRAM.json(&[&words[..], more].concat())
}

#[test]
fn every_encoder_works_with_an_agent() {
    let text = "
        worlds = [{ id = 'track/circle', start = 'anywhere' }]
        agents = [
            { id = 'q-learning', label = 'clusters', encoder = { estimator = 'kmeans', policy = 'center-line', \
              epsilon = 0.3, steps = 500, settings = { n_clusters = 16, n_init = 1 } } },
            { id = 'sarsa', label = 'components', encoder = { estimator = 'pca', steps = 500 }, \
              bins = 5, frame_stack = 2 },
            { id = 'dqn', label = 'factors', \
              encoder = { estimator = 'vae', steps = 200, \
              settings = { num_epochs = 1, hidden_sizes = [8], latent_dim = 2 } }, \
              hidden_sizes = [8], learning_starts = 100 },
        ]
        seeds = '0..2'
        steps = 1000
        num_envs = 4

        [evaluation]
        episodes = 4
        points = 2
    ";
    let folder = tempfile::tempdir().unwrap();
    let report = run(folder.path(), text, "one", &["--threads", "1"]);
    let agents: Vec<_> =
        (0..3).map(|row| report["rows"][row]["agent"].as_str().unwrap().to_owned()).collect();
    assert_eq!(agents, ["clusters", "components", "factors"]);
    run(folder.path(), text, "two", &["--threads", "2"]);
    let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
    assert_same_bytes(&one, &two);
    // Records contain the world's observations, and a second evaluation gives the same scores.
    assert!(PROGRAM.text(&["replay", "--verify", one.to_str().unwrap()]).contains("18 of 18"));
    let again = PROGRAM.json(&["eval", one.to_str().unwrap(), "--episodes", "4", "--json"]);
    for run in again["runs"].as_array().unwrap() {
        let row = report["rows"].as_array().unwrap().iter().find(|row| row["agent"] == run["agent"]).unwrap();
        assert_eq!(row["scores"][run["seed"].as_u64().unwrap() as usize], run["score"], "{run}");
    }
}

/// Clusters as states of a tabular agent, and principal components as observations of a policy gradient agent.
#[test]
fn encoders_work_in_a_market() {
    let folder = tempfile::tempdir().unwrap();
    let text = "
        worlds = ['market/making']
        agents = [
            { id = 'q-learning', encoder = { estimator = 'kmeans', steps = 500, \
              settings = { n_clusters = 16, n_init = 1 } } },
            { id = 'ppo', encoder = { estimator = 'pca', steps = 500, settings = { n_components = 2 } }, \
              hidden_sizes = [8], num_steps = 16, minibatch_size = 32 },
        ]
        seeds = '0..2'
        steps = 1000
        num_envs = 4

        [evaluation]
        episodes = 4
        points = 1
    ";
    let out = |threads: &str| {
        let report = run(folder.path(), text, threads, &["--threads", threads]);
        assert!((0..2).all(|row| report["rows"][row]["mean"].is_number()), "{report}");
        folder.path().join(threads)
    };
    assert_same_bytes(&out("1"), &out("2"));
}

#[test]
fn invalid_encoders_are_errors() {
    let fails = |world: &str, encoder: &str| {
        let set = format!("agent.encoder={encoder}");
        let (code, said) = PROGRAM.fails(&["train", world, "q-learning", "--steps", "10", "--set", &set]);
        assert_eq!(code, 3, "{said}");
        said
    };
    assert!(
        fails("grid/cliff", "kmeans").contains("the observation is an index below 48 and needs no encoder")
    );
    assert!(fails("track/circle", "kmens").contains("did you mean `kmeans`"));
    assert!(fails("track/circle", "softmax").contains("needs targets and is no encoder"));
    assert!(
        fails("track/circle", "{ estimator = \"pca\", policy = \"centreline\" }")
            .contains("did you mean `center-line`")
    );
    assert!(fails("track/circle", "{ estimator = \"pca\", epsilon = 2.0 }").contains("epsilon = 2"));
    assert!(
        fails("track/circle", "{ estimator = \"kmeans\", settings = { k = 3 } }")
            .contains("unknown setting `k`; its name here is `n_clusters`")
    );
}
