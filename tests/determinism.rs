//! Determinism: the same bytes for 1, 2 and 8 threads in metrics, checkpoints, episodes and evaluation.

use freewheel_tests::{Program, assert_same_bytes, run_files};

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-program"));

#[test]
fn the_same_bytes_for_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let experiment = folder.path().join("experiment.toml");
    // The worlds are stochastic, so that each random number matters.
    let text = "
        worlds = ['grid/frozenlake-8x8', { id = 'grid/windy-stochastic', label = 'wind' }]
        agents = ['q-learning', 'sarsa', 'expected-sarsa', 'double-q', 'q-lambda', 'n-step-sarsa', 'dyna-q', 'random',
            { id = 'q-learning', label = 'memory', frame_stack = 2 }]
        seeds = '0..2'
        steps = 6000
        num_envs = 3
        evaluation = { episodes = 40, interim_episodes = 10, points = 3 }
    ";
    std::fs::write(&experiment, text).unwrap();
    let out = |threads: &str| {
        let out = folder.path().join(threads);
        let words = [
            "run",
            experiment.to_str().unwrap(),
            "--threads",
            threads,
            "--out",
            out.to_str().unwrap(),
            "--quiet",
        ];
        PROGRAM.text(&words);
        out
    };
    let one = out("1");
    assert_same_bytes(&one, &out("2"));
    assert_same_bytes(&one, &out("8"));
    let kinds = ["config.toml", "metrics.jsonl", "eval.json", "evaluation.jsonl", ".ckpt"];
    for kind in kinds {
        assert!(run_files(&one).keys().any(|name| name.ends_with(kind)), "no {kind} was compared");
    }
}

/// Residual convolutions on a board, and large batches: the split of a batch into chunks must not depend on the number
/// of threads.
#[test]
fn deep_agents_give_the_same_bytes_for_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let experiment = folder.path().join("experiment.toml");
    let text = "
        worlds = ['go/5x5', 'classic/cartpole']
        agents = ['ppo', 'dqn', 'a2c', 'reinforce',
            { id = 'alphazero', simulations = 4, learning_starts = 64, hidden_sizes = [32] }]
        seeds = '0..1'
        steps = 1500
        num_envs = 4
        evaluation = { episodes = 8, points = 0 }
        log = { points = 5 }
        [world.'go/5x5'.agent]
        ppo = { channels = 8, blocks = 1, hidden_sizes = [32] }
        dqn = { channels = 8, blocks = 1, hidden_sizes = [32], storage = 'u8', \
            batch_size = 256, learning_starts = 200, train_freq = 64 }
        a2c = { hidden_sizes = [512, 512], num_steps = 64 }
    ";
    std::fs::write(&experiment, text).unwrap();
    let out = |threads: &str| {
        let out = folder.path().join(threads);
        let (experiment, folder) = (experiment.to_str().unwrap(), out.to_str().unwrap());
        PROGRAM.text(&["run", experiment, "--threads", threads, "--out", folder, "--quiet"]);
        out
    };
    let one = out("1");
    assert_same_bytes(&one, &out("2"));
    assert_same_bytes(&one, &out("8"));
}

#[test]
fn one_wide_run_gives_the_same_bytes_for_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let out = |threads: &str| {
        let out = folder.path().join(threads);
        let words =
            ["train", "grid/frozenlake-8x8", "q-learning", "--steps", "400000", "--set", "num_envs=20000"];
        PROGRAM
            .text(&[&words[..], &["--threads", threads, "--out", out.to_str().unwrap(), "--quiet"]].concat());
        out
    };
    let one = out("1");
    assert_same_bytes(&one, &out("2"));
    assert_same_bytes(&one, &out("8"));
}

#[test]
fn another_seed_gives_another_run() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    PROGRAM.text(&[
        "train",
        "grid/frozenlake-4x4",
        "q-learning",
        "--steps",
        "3000",
        "--seeds",
        "0..2",
        "--out",
        out,
        "-q",
    ]);
    let metrics: Vec<_> =
        run_files(folder.path()).into_iter().filter(|(name, _)| name.ends_with("metrics.jsonl")).collect();
    assert_eq!(metrics.len(), 2);
    assert_ne!(metrics[0].1, metrics[1].1);
}
