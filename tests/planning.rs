//! The planning agent in the program: a network of self-play, alone and with a search, in matches, over GTP and in
//! evaluations.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use freewheel_tests::Program;

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-program"));

/// Folder of the only run below `folder`.
fn run_in(folder: &Path) -> PathBuf {
    let files = freewheel_tests::files(folder);
    let config = files.keys().find(|name| name.ends_with("config.toml")).unwrap();
    folder.join(config).parent().unwrap().to_owned()
}

fn train(folder: &Path, words: &[&str]) -> String {
    let out = folder.to_str().unwrap();
    PROGRAM.text(&[words, &["--out", out, "--quiet", "--set", "evaluation.episodes=4"]].concat());
    run_in(folder).to_str().unwrap().to_owned()
}

#[test]
fn a_network_of_self_play_plays_alone_and_with_a_search() {
    let home = tempfile::tempdir().unwrap();
    let words = ["train", "go/3x3", "alphazero", "--steps", "4000", "--set", "world.opponent=self"];
    let network = ["channels=8", "blocks=1", "hidden_sizes=[16]"];
    let more = [&["simulations=16", "learning_starts=200", "symmetries=true"][..], &network].concat();
    let more: Vec<String> =
        more.iter().flat_map(|set| ["--set".to_owned(), format!("agent.{set}")]).collect();
    let more: Vec<&str> = more.iter().map(String::as_str).collect();
    let run = train(&home.path().join("go"), &[&words[..], &more].concat());
    let search = format!("{run}+search:32");
    for (player, least) in [(&run, 0.0), (&search, 0.7)] {
        let result = PROGRAM.json(&["match", player, "random", "--games", "20", "--opening", "0", "--json"]);
        assert_eq!(result["result"]["games"], 20, "{result}");
        assert!(result["result"]["win_rate"].as_f64().unwrap() >= least, "{result}");
    }
    // The same seed gives the same games.
    let again = || {
        let mut result = PROGRAM.json(&["match", &search, "uct:20", "--games", "4", "--json"]);
        result.as_object_mut().unwrap().remove("seconds_per_move");
        result
    };
    assert_eq!(again(), again());
    // The first move on 3x3 is the center.
    let mut child = PROGRAM
        .command(&["gtp", "--player", &search])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"genmove b\nquit\n").unwrap();
    let told = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    assert!(told.starts_with("= B2"), "{told}");

    let evaluated = PROGRAM.json(&["eval", &search, "--episodes", "4", "--json"]);
    assert_eq!(evaluated["runs"][0]["episodes"], 4, "{evaluated}");
}

#[test]
fn a_search_that_is_not_possible_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let run = train(&home.path().join("table"), &["train", "go/2x2", "q-learning", "--steps", "100"]);
    let (_, error) = PROGRAM.fails(&["match", &format!("{run}+search:9"), "random", "--games", "2"]);
    assert!(error.contains("train the agent alphazero"), "{error}");
    for wrong in ["0", "many"] {
        let (_, error) = PROGRAM.fails(&["eval", &format!("{run}+search:{wrong}")]);
        assert!(error.contains("must be a number of simulations"), "{error}");
    }
    let words = ["train", "grid/cliff", "alphazero", "--steps", "100", "--set", "agent.frame_stack=2"];
    let out = home.path().join("stacked");
    let (code, error) = PROGRAM.fails(&[&words[..], &["--out", out.to_str().unwrap()]].concat());
    assert!(code == 3 && error.contains("leave out frame_stack"), "{code}: {error}");
}

/// The way along the cliff is found; with the noise of its own searches in mind, the agent may keep a row away from it.
#[test]
fn a_grid_world_is_learned() {
    let home = tempfile::tempdir().unwrap();
    let run = train(&home.path().join("cliff"), &["train", "grid/cliff", "alphazero", "--steps", "30000"]);
    let evaluated = PROGRAM.json(&["eval", &run, "--episodes", "4", "--json"]);
    assert!(evaluated["runs"][0]["score"].as_f64().unwrap() >= -17.0, "{evaluated}");
}
