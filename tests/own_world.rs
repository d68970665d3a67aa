//! `docs/own-world.md` contains the compiled example, and the program of the example has every subcommand.

use freewheel_tests::Program;

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-own-world"));

#[test]
fn the_page_shows_the_example() {
    let page = include_str!("../docs/own-world.md").replace("\r\n", "\n");
    let example = include_str!("../runs/examples/own_world.rs").replace("\r\n", "\n");
    assert!(page.contains(&format!("```rust\n{example}```\n")), "docs/own-world.md differs from the example");
    let code = example.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with("//"));
    assert!(code.count() <= 65, "the example is longer than about 60 lines");
}

#[test]
fn the_program_has_every_subcommand() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    assert!(PROGRAM.text(&["envs"]).contains("my/robot"));
    assert!(PROGRAM.text(&["agents"]).contains("optimistic"));
    // The default of the setting of the user's own agent is listed and can be changed.
    assert!(PROGRAM.text(&["agents", "optimistic"]).contains("20.0"));
    let online = |value: &str| {
        let set = format!("agent.initial_value={value}");
        let words =
            ["train", "my/robot", "optimistic", "--steps", "4000", "--out", out, "--json", "--set", &set];
        // Slow learning without chance: the initial values decide.
        let slow = ["--set", "agent.learning_rate=0.01", "--set", "agent.epsilon=0"];
        PROGRAM.json(&[&words[..], &slow].concat())["rows"][0]["online"].clone()
    };
    assert_ne!(online("-5"), online("20"));
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    // Sutton & Barto's robot, searching when charged and recharging when low:
    // v(high) = 2 + .9 (.8 v(high) + .2 v(low)), v(low) = .9 v(high), hence v(high) = 2 / (1 - .72 - .162).
    let value = PROGRAM.json(&["solve", "my/robot", "--json"])["value"].as_f64().unwrap();
    assert!((value - 2.0 / 0.118).abs() < 1e-9, "{value}");
    let words =
        ["train", "my/robot", "optimistic", "--steps", "20000", "--seeds", "0..3", "--out", out, "--json"];
    let row = &PROGRAM.json(&words)["rows"][0];
    assert!((row["normalized"].as_f64().unwrap() - 1.0).abs() < 0.1, "{row}");
    assert!(PROGRAM.text(&["replay", "--verify", out]).contains("9 of 9"));
    assert_eq!(PROGRAM.json(&["eval", out, "--json"])["runs"].as_array().unwrap().len(), 3);
}
