//! The command line as its users meet it: documents, exit codes, messages that name the mend.

use freewheel_tests::Program;

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-program"));

#[test]
fn every_command_teaches() {
    let help = PROGRAM.text(&["--help"]);
    assert!(help.contains("Exit codes"));
    let commands = "run train eval resume watch solve envs agents init replay bench completions"
        .split(' ')
        .collect::<Vec<_>>();
    for command in commands {
        assert!(help.contains(&format!("\n  {command} ")), "{command} is not in the help");
        let own = PROGRAM.text(&[command, "--help"]);
        assert!(command == "completions" || own.contains("Example"), "{command} has no example");
    }
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(PROGRAM.text(&["completions", shell]).contains("freewheel"));
    }
}

#[test]
fn solve_prints_one_json_document() {
    let json = PROGRAM.json(&["solve", "grid/frozenlake-4x4", "--gamma", "0.99", "--json"]);
    assert_eq!(json["world"], "grid/frozenlake-4x4");
    assert_eq!(json["kind"], "exact");
    assert_eq!(json["horizon"], serde_json::Value::Null);
    assert!((json["value"].as_f64().unwrap() - 0.542_025_932_0).abs() < 1e-9);
    assert_eq!(json["values"].as_array().unwrap().len(), 16);
}

/// Sutton & Barto (2nd ed.), Gymnasium, bsuite; each computed from the published definition.
#[test]
fn solve_gives_the_published_values() {
    let expected: &[(&[&str], f64)] = &[
        (&["grid/cliff"], -13.0),
        (&["grid/cliff", "--policy", "epsilon-greedy", "--epsilon", "0.1"], -50.800),
        (&["grid/cliff", "--policy", "epsilon-soft", "--epsilon", "0.1"], -20.708),
        (&["grid/windy"], -15.0),
        (&["grid/windy-kings"], -7.0),
        (&["grid/frozenlake-4x4"], 14.0 / 17.0),
        (&["grid/frozenlake-4x4", "--horizon", "100", "--time-observed"], 0.744_190_287_8),
        (&["grid/taxi"], 7.93),
        (&["grid/deepsea-20"], 0.99),
    ];
    for (words, value) in expected {
        let json = PROGRAM.json(&[&["solve"], *words, &["--json"]].concat());
        let found = json["value"].as_f64().unwrap();
        // The figures of the table have three decimals where they are rounded.
        let tolerance =
            if value.fract().abs() > 1e-9 && (value * 1000.0).fract().abs() < 1e-6 { 5e-4 } else { 1e-6 };
        assert!((found - value).abs() < tolerance, "{words:?}: {found}, expected {value}");
    }
}

#[test]
fn lists_have_ids() {
    let envs = PROGRAM.json(&["envs", "--json"]);
    let ids: Vec<_> =
        envs["envs"].as_array().unwrap().iter().map(|env| env["id"].as_str().unwrap()).collect();
    for id in ["grid/cliff", "grid/frozenlake-4x4", "grid/frozenlake-8x8", "grid/taxi"] {
        assert!(ids.contains(&id), "{id}");
    }
    let agents = PROGRAM.json(&["agents", "--json"]);
    let ids: Vec<_> =
        agents["agents"].as_array().unwrap().iter().map(|a| a["id"].as_str().unwrap()).collect();
    let all = "q-learning sarsa expected-sarsa double-q q-lambda n-step-sarsa dyna-q random reference";
    for id in all.split(' ') {
        assert!(ids.contains(&id), "{id}");
    }
    for id in ids {
        assert!(PROGRAM.text(&["agents", id]).contains(id));
    }
}

#[test]
fn bad_input_is_named_with_its_line_and_its_mend() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.toml");
    let name = file.to_str().unwrap();
    let good = "worlds = [\"grid/cliff\"]\nagents = [\"sarsa\"]\n";
    let cases = [
        ("worlds = [\"grid/clif\"]\nagents = [\"sarsa\"]\n", "grid/cliff", None),
        ("worlds = [\"grid/cliff\"]\nagents = [\"sarsaa\"]\n", "did you mean `sarsa`", Some(2)),
        (&format!("{good}stps = 5\n"), "did you mean `steps`", Some(3)),
        (&format!("{good}steps = \"many\"\n"), "steps", Some(3)),
        (&format!("{good}steps = 0\n"), "at least 1", Some(3)),
        (&format!("{good}[agent]\nalpa = 0.5\n"), "did you mean `alpha`", Some(4)),
        (&format!("{good}[agent]\nalpha = \"big\"\n"), "alpha", Some(4)),
        (&format!("{good}[agent]\nalpha = 7.0\n"), "alpha", Some(4)),
        (&format!("{good}[agent.sarsa]\nepsilom = 0.5\n"), "did you mean `epsilon`", Some(4)),
        (&format!("{good}[world.\"grid/cliff\"]\ntime_limt = 5\n"), "did you mean `time_limit`", Some(4)),
        (&format!("{good}[world.\"grid/clif\"]\ntime_limit = 5\n"), "did you mean `grid/cliff`", Some(3)),
        (&format!("{good}[evaluation]\nepisode = 5\n"), "did you mean `episodes`", Some(4)),
        (&format!("{good}seeds = \"5..1\"\n"), "names no seeds", Some(3)),
        (&format!("{good}steps = = 1\n"), "", Some(3)),
        ("agents = [\"sarsa\"]\n", "`worlds` must be a list", None),
    ];
    for (text, mend, line) in cases {
        std::fs::write(&file, text).unwrap();
        let (code, said) = PROGRAM.fails(&["run", name, "--out", folder.path().to_str().unwrap()]);
        assert_eq!(code, 3, "{text}\n{said}");
        assert!(said.contains(mend), "{text}\n{said}");
        if let Some(line) = line {
            assert!(said.contains(&format!("bad.toml:{line}:")), "{text}\n{said}");
        }
    }
    let (code, said) = PROGRAM.fails(&["run", folder.path().join("none.toml").to_str().unwrap()]);
    assert_eq!(code, 3);
    assert!(said.contains("none.toml"), "{said}");
}

#[test]
fn usage_errors_have_exit_code_2() {
    for words in
        [&["fly"][..], &["train", "grid/cliff"], &["run", "--seeds", "9..1"], &["run", "--set", "steps"]]
    {
        assert_eq!(PROGRAM.fails(words).0, 2, "{words:?}");
    }
    let (code, said) = PROGRAM.fails(&["solve", "grid/cliff", "--gamma", "1.5"]);
    assert_eq!(code, 2);
    assert!(said.contains("between 0 and 1"), "{said}");
    // Without a terminal there is nothing to watch on, and it says so.
    assert_ne!(PROGRAM.fails(&["watch", "grid/cliff"]).0, 0);
}

#[test]
fn a_bad_map_is_named_with_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.txt");
    let id = format!("grid:{}", file.display());
    std::fs::write(&file, "S..\n.?G\n").unwrap();
    let (code, said) = PROGRAM.fails(&["solve", &id]);
    assert_eq!(code, 3);
    assert!(said.contains("mine.txt:2:2"), "{said}");
    std::fs::write(&file, "S#G\n").unwrap();
    let (code, said) = PROGRAM.fails(&["solve", &id]);
    assert_eq!(code, 3);
    assert!(said.contains("mine.txt"), "{said}");
    std::fs::write(&file, "S..\n..G\n").unwrap();
    let out = folder.path().join("out");
    let words = ["train", &id, "q-learning", "--steps", "2000", "--out", out.to_str().unwrap(), "--json"];
    let row = &PROGRAM.json(&words)["rows"][0];
    assert!((row["normalised"].as_f64().unwrap() - 1.0).abs() < 1e-9, "{row}");
    PROGRAM.text(&["replay", "--verify", out.to_str().unwrap()]);
    // The file is part of the run: changed, it is another world.
    std::fs::write(&file, "S...\n...G\n").unwrap();
    let (code, said) = PROGRAM.fails(&["resume", out.to_str().unwrap()]);
    assert_eq!(code, 3);
    assert!(said.contains("has changed"), "{said}");
}

#[test]
fn the_starter_file_runs() {
    let folder = tempfile::tempdir().unwrap();
    let (file, out) = (folder.path().join("mine.toml"), folder.path().join("out"));
    let name = file.to_str().unwrap();
    PROGRAM.text(&["init", name]);
    let (code, said) = PROGRAM.fails(&["init", name]);
    assert_eq!(code, 3);
    assert!(said.contains("--force"), "{said}");
    let set = ["--set", "steps=2000", "--set", "world.\"grid/cliff\".steps=2000", "--seeds", "0..2"];
    let words = ["run", name, "--out", out.to_str().unwrap(), "--json"];
    let report = PROGRAM.json(&[&words[..], &set].concat());
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 10);
    for row in rows {
        assert_eq!(row["scores"].as_array().unwrap().len(), 2);
        // Nobody is better than the best, beyond the noise of an evaluation.
        if row["agent"] == "reference" {
            assert!((row["normalised"].as_f64().unwrap() - 1.0).abs() < 0.05, "{row}");
        }
    }
    // Done already: nothing is run again, the table is the same.
    let again = PROGRAM.json(&[&words[..], &set].concat());
    assert_eq!(again["rows"][3]["scores"], report["rows"][3]["scores"]);
    assert_eq!(again["rows"][3]["steps_per_second"], serde_json::Value::Null);
    assert!(out.join("results.md").exists() && out.join("results.json").exists());
}

#[test]
fn runs_can_be_evaluated_and_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    PROGRAM.text(&[
        "train",
        "grid/cliff",
        "q-learning",
        "--steps",
        "20000",
        "--seeds",
        "0..3",
        "--out",
        out,
        "-q",
    ]);
    let json = PROGRAM.json(&["eval", out, "--episodes", "5", "--json"]);
    let runs = json["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 3);
    for run in runs {
        assert_eq!(run["score"], -13.0, "{run}");
        assert_eq!(run["reference"]["value"].as_f64().map(f64::round), Some(-13.0));
        assert_eq!(run["episodes"], 5);
    }
    let json = PROGRAM.json(&["replay", "--verify", "--json", out]);
    assert_eq!(json["episodes"].as_array().unwrap().len(), 9);
    assert!(json["episodes"].as_array().unwrap().iter().all(|episode| episode["verified"] == true));
}
