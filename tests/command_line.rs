//! The command line: JSON documents, exit codes, and messages with a correction.

use freewheel_tests::Program;

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-program"));

#[test]
fn every_command_has_help_with_an_example() {
    let help = PROGRAM.text(&["--help"]);
    assert!(help.contains("Exit codes"));
    let commands =
        "run train eval resume runs sweep watch map solve envs agents presets fit predict concept interpolate \
                    estimators data init replay bench gtp match sgf completions man"
            .split(' ')
            .collect::<Vec<_>>();
    for command in commands {
        assert!(help.contains(&format!("\n  {command} ")), "{command} is not in the help");
        let own = PROGRAM.text(&[command, "--help"]);
        assert!(own.contains("Example"), "{command} has no example");
    }
}

#[test]
fn completions_know_names_and_man_pages_are_written() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(PROGRAM.text(&["completions", shell]).contains("freewheel"));
    }
    let script = PROGRAM.text(&["completions", "bash"]);
    for name in
        ["classic/cartpole", "q-learning", "kmeans", "digits", "agent.learning_rate=", "world.time_limit="]
    {
        assert!(script.contains(name), "{name}");
    }
    let folder = tempfile::tempdir().unwrap();
    PROGRAM.text(&["man", folder.path().to_str().unwrap()]);
    let page = std::fs::read_to_string(folder.path().join("freewheel-train.1")).unwrap();
    assert!(page.contains(".TH") && page.contains("Train one agent"), "{page}");
    assert!(PROGRAM.text(&["--version"]).starts_with("freewheel 0.1.0"));
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

/// Every agent that supports the world is measured; the others are left out. Deep agents take longer.
#[test]
fn bench_prints_one_json_document() {
    let json = PROGRAM.json(&["bench", "--json", "cliff"]);
    assert!(json["machine"]["cores"].as_u64().unwrap() > 0);
    let benches = json["benches"].as_array().unwrap();
    let has = |id: &str| benches.iter().any(|measured| measured["id"] == id);
    assert!(has("step/grid/cliff/envs-64/threads-2") && has("step/grid/cliff-slippery/envs-64/threads-1"));
    assert!(has("learn/grid/cliff/q-learning") && has("learn/grid/cliff/reference"));
    assert!(!has("learn/grid/cliff/scripted"), "the cliff has no scripted policies");
    for measured in benches {
        let of = |key: &str| measured[key].as_f64().unwrap();
        assert!(of("best") > 0.0 && of("best") <= of("median"), "{measured}");
    }
    let json = PROGRAM.json(&["bench", "--json", "market/replay"]);
    assert_eq!(
        json["benches"][0]["id"], "step/market/replay/envs-64/threads-1",
        "the benchmark has its own prices"
    );
    assert_eq!(PROGRAM.fails(&["bench", "no such thing"]).0, 2);
}

/// Values from Sutton & Barto (2nd ed.), Gymnasium and bsuite, each computed from the published definition.
#[test]
fn solve_gives_the_published_values() {
    // The last number is the tolerance: half of the last printed digit where the source rounds.
    let expected: &[(&[&str], f64, f64)] = &[
        (&["grid/cliff"], -13.0, 1e-9),
        (&["grid/cliff", "--policy", "epsilon-greedy", "--epsilon", "0.1"], -50.800, 5e-4),
        (&["grid/cliff", "--policy", "epsilon-soft", "--epsilon", "0.1"], -20.708, 5e-4),
        (&["grid/windy"], -15.0, 1e-9),
        (&["grid/windy-kings"], -7.0, 1e-9),
        (&["grid/dyna-maze"], 0.95f64.powi(13), 1e-9),
        (&["grid/frozenlake-4x4"], 14.0 / 17.0, 1e-9),
        (&["grid/frozenlake-4x4", "--horizon", "100", "--time-observed"], 0.744_190_287_8, 1e-9),
        (&["grid/frozenlake-4x4", "--horizon", "100"], 0.740_165, 5e-7),
        (&["grid/taxi"], 7.93, 1e-9),
        (&["grid/deepsea-20"], 0.99, 1e-9),
    ];
    for (words, value, tolerance) in expected {
        let json = PROGRAM.json(&[&["solve"], *words, &["--json"]].concat());
        let found = json["value"].as_f64().unwrap();
        assert!((found - value).abs() < *tolerance, "{words:?}: {found}, expected {value}");
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
    let all =
        "q-learning sarsa expected-sarsa double-q q-lambda n-step-sarsa dyna-q random scripted reference";
    for id in all.split(' ') {
        assert!(ids.contains(&id), "{id}");
    }
    for id in ids {
        assert!(PROGRAM.text(&["agents", id]).contains(id));
    }
}

#[test]
fn invalid_input_is_an_error_with_line_and_correction() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.toml");
    let name = file.to_str().unwrap();
    let good = "worlds = [\"grid/cliff\"]\nagents = [\"sarsa\"]\n";
    let cases = [
        ("worlds = [\"grid/clif\"]\nagents = [\"sarsa\"]\n", "grid/cliff", None),
        ("worlds = [\"grid/cliff\"]\nagents = [\"sarsaa\"]\n", "did you mean `sarsa`", Some(2)),
        ("worlds = [\"go/5x5\"]\nagents = [\"uct:100\"]\n", "did you mean `uct-100`", Some(2)),
        (&format!("{good}stps = 5\n"), "did you mean `steps`", Some(3)),
        (&format!("{good}steps = \"many\"\n"), "steps", Some(3)),
        (&format!("{good}steps = 0\n"), "at least 1", Some(3)),
        (&format!("{good}[agent]\nlearning_rat = 0.5\n"), "did you mean `learning_rate`", Some(4)),
        (&format!("{good}[agent]\nlearning_rate = \"big\"\n"), "learning_rate", Some(4)),
        (&format!("{good}[agent]\nlearning_rate = 7.0\n"), "learning_rate", Some(4)),
        (&format!("{good}[agent.sarsa]\nepsilom = 0.5\n"), "did you mean `epsilon`", Some(4)),
        (&format!("{good}[world.\"grid/cliff\"]\ntime_limt = 5\n"), "did you mean `time_limit`", Some(4)),
        (&format!("{good}[world.\"grid/clif\"]\ntime_limit = 5\n"), "did you mean `grid/cliff`", Some(3)),
        (&format!("{good}[evaluation]\nepisode = 5\n"), "did you mean `episodes`", Some(4)),
        (&format!("{good}seeds = \"5..1\"\n"), "has no seeds; did you mean 1..=5?", Some(3)),
        (&format!("{good}steps = = 1\n"), "", Some(3)),
        (
            "worlds = [\"market/replay\"]\nagents = [\"sarsa\"]\n[world]\nadjust = true\nlength = 0\n\
             file = \"a.csv\"\n",
            "length must be at least 1",
            None,
        ),
        ("agents = [\"sarsa\"]\n", "`worlds` must be a list", None),
        (&format!("{good}agent = 5\n"), "must be a table", Some(3)),
        (
            &format!("{good}[agent.q-learning]\nlearning_rate = 0.2\n"),
            "this experiment: unknown agent `q-learning`",
            Some(3),
        ),
        (&format!("{good}evaluation.max_steps = 0\n"), "at least 1", Some(3)),
        (&format!("{good}seeds = -1\n"), "is not a list of whole numbers", Some(3)),
        (&format!("{good}num_envs = 1000000000000\n"), "at most", Some(3)),
        (&format!("{good}name = \"../out\"\n"), "name of a folder", Some(3)),
        ("worlds = [\"grid:nowhere.txt\"]\nagents = [\"sarsa\"]\n", "nowhere.txt", Some(1)),
        ("worlds = [\"grid/cliff\"]\nagents = [{ id = \"random\", foo = 1 }]\n", "foo", Some(2)),
    ];
    for (text, correction, line) in cases {
        std::fs::write(&file, text).unwrap();
        let (code, said) = PROGRAM.fails(&["run", name, "--out", folder.path().to_str().unwrap()]);
        assert_eq!(code, 3, "{text}\n{said}");
        assert!(said.contains(correction), "{text}\n{said}");
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
    // `watch` without a terminal is an error.
    assert_ne!(PROGRAM.fails(&["watch", "grid/cliff"]).0, 0);
}

#[test]
fn an_invalid_map_is_an_error_with_line_and_column() {
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
    assert!((row["normalized"].as_f64().unwrap() - 1.0).abs() < 1e-9, "{row}");
    PROGRAM.text(&["replay", "--verify", out.to_str().unwrap()]);
    // The bytes of a world's file identify the world.
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
        // The reference policy has the reference score, up to the noise of an evaluation.
        if row["agent"] == "reference" {
            assert!((row["normalized"].as_f64().unwrap() - 1.0).abs() < 0.05, "{row}");
        }
    }
    // Finished runs are not repeated, and the table is the same.
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

#[test]
fn paths_of_maps_are_relative_to_the_experiment() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("maps")).unwrap();
    std::fs::write(folder.path().join("maps/mine.txt"), "S..\n..G\n").unwrap();
    let (file, out) = (folder.path().join("e.toml"), folder.path().join("out"));
    std::fs::write(
        &file,
        "worlds = [\"grid:maps/mine.txt\"]\nagents = [\"sarsa\"]\nseeds = 1\nsteps = 500\n",
    )
    .unwrap();
    let (file, out) = (file.to_str().unwrap(), out.to_str().unwrap());
    assert_eq!(
        PROGRAM.json(&["run", file, "--out", out, "--json"])["rows"][0]["world"],
        "grid:maps/mine.txt"
    );
    assert_eq!(PROGRAM.json(&["eval", out, "--episodes", "3", "--json"])["runs"][0]["score"], -3.0);
    PROGRAM.text(&["replay", "--verify", out]);
}

/// Paths in settings, single or in lists, are relative to the experiment file; the bytes of the files identify the run.
#[test]
fn paths_of_prices_are_relative_to_the_experiment_and_their_bytes_identify_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let prices = |close: f64| {
        let day = |day: i32| format!("2020-{:02}-{:02},10,20,1,{close}\n", day / 28 + 1, day % 28 + 1);
        "date,open,high,low,close\n".to_owned() + &(0..60).map(day).collect::<String>()
    };
    std::fs::create_dir(folder.path().join("prices")).unwrap();
    for name in ["a", "b"] {
        std::fs::write(folder.path().join(format!("prices/{name}.csv")), prices(10.0)).unwrap();
    }
    let (file, out) = (folder.path().join("e.toml"), folder.path().join("out"));
    let text = "worlds = [\"market/replay\"]\nagents = [\"random\"]\nseeds = 1\nsteps = 50\n[world]\n\
                file = \"prices/a.csv\"\nothers = [\"prices/b.csv\"]\nlength = 5\nreturns = [1]\nvolatility = []\n\
                momentum = []\naverage = []\nrsi = []\n";
    std::fs::write(&file, text).unwrap();
    let (file, out) = (file.to_str().unwrap(), out.to_str().unwrap());
    PROGRAM.json(&["run", file, "--out", out, "--json"]);
    PROGRAM.text(&["eval", out, "--episodes", "3"]);
    // The bound that belongs to a policy with foresight is printed with the name of this policy.
    let mut solve =
        vec!["solve".to_owned(), format!("market:{}", folder.path().join("prices/a.csv").display())];
    for setting in ["length=5", "returns=[1]", "volatility=[]", "momentum=[]", "average=[]", "rsi=[]"] {
        solve.extend(["--set".to_owned(), format!("world.{setting}")]);
    }
    let solve: Vec<&str> = solve.iter().map(String::as_str).collect();
    let text = PROGRAM.text(&solve);
    assert!(text.contains("only the privileged player `clairvoyant` can reach"), "{text}");
    assert_eq!(PROGRAM.json(&[&solve[..], &["--json"]].concat())["bound_of"], "clairvoyant");
    std::fs::write(folder.path().join("prices/b.csv"), prices(11.0)).unwrap();
    let (code, said) = PROGRAM.fails(&["eval", out, "--episodes", "3"]);
    assert!(code != 0 && said.contains("changed"), "{said}");
}

/// A world without its required setting still lists its settings; an unknown world is an error.
#[test]
fn a_world_with_a_missing_setting_lists_its_settings() {
    let text = PROGRAM.text(&["envs", "market/replay"]);
    assert!(text.contains("file must name") && text.contains("world.others"), "{text}");
    let json = PROGRAM.json(&["envs", "market/replay", "--json"]);
    assert!(json["spec"].is_null() && json["lacks"].as_str().unwrap().contains("file must name"));
    assert!(json["settings"].as_array().unwrap().iter().any(|field| field["name"] == "file"));
    assert_eq!(PROGRAM.fails(&["envs", "market/reply"]).0, 3);
}

#[test]
fn other_settings_are_another_row() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let train = [
        "train",
        "grid/frozenlake-4x4",
        "q-learning",
        "--steps",
        "1000",
        "--seeds",
        "0..2",
        "--out",
        out,
        "-q",
    ];
    PROGRAM.text(&train);
    PROGRAM.text(&[&train[..], &["--set", "world.slippery=false"]].concat());
    // The table of the first call is left unchanged; `resume` gives both rows.
    let table: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("results.json")).unwrap()).unwrap();
    assert_eq!(table["rows"].as_array().unwrap().len(), 1);
    let rows = PROGRAM.json(&["resume", out, "--json"])["rows"].as_array().unwrap().clone();
    assert_eq!(rows.len(), 2);
    assert_ne!(rows[0]["agent"], rows[1]["agent"]);
    let mut references: Vec<f64> =
        rows.iter().map(|row| row["reference"]["value"].as_f64().unwrap()).collect();
    references.sort_by(f64::total_cmp);
    assert!((references[0] - 0.740_165).abs() < 1e-5 && references[1] == 1.0, "{references:?}");
}

#[test]
fn a_diverging_run_is_reported_and_others_continue() {
    let folder = tempfile::tempdir().unwrap();
    let (file, out) = (folder.path().join("e.toml"), folder.path().join("out"));
    // Accumulating traces without decay overshoot, so that values diverge.
    let text = "
        worlds = ['grid/four-rooms']
        agents = ['sarsa', { id = 'q-lambda', learning_rate = 1.0, \
            lambda = 1.0, gamma = 1.0, naive = true, traces = 'accumulating' }]
        seeds = '0..2'
        steps = 50_000
    ";
    std::fs::write(&file, text).unwrap();
    let words = ["run", file.to_str().unwrap(), "--out", out.to_str().unwrap(), "--json"];
    let output = PROGRAM.output(&words);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("td_error became") && said.contains("2 of 4 runs diverged"), "{said}");
    let rows: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&rows["rows"][0]["diverged"], &rows["rows"][1]["diverged"]), (&0.into(), &2.into()));
    assert_eq!(rows["rows"][0]["scores"].as_array().unwrap().len(), 2);
    // Runs without a checkpoint are left out of an evaluation.
    let output = PROGRAM.output(&["eval", out.to_str().unwrap(), "--episodes", "2", "--json"]);
    assert!(output.status.success());
}

/// Names of other libraries, and common slips.
#[test]
fn answers_help() {
    let answers: &[(&[&str], &str)] = &[
        (&["train", "cliff", "ppo"], "did you mean `grid/cliff`?"),
        (&["train", "CartPole-v1", "ppo"], "did you mean `classic/cartpole`?"),
        (&["train", "FrozenLake-v1", "ppo"], "its name here is `grid/frozenlake-4x4`"),
        (&["train", "LunarLander-v3", "ppo"], "known names is similar; `freewheel envs` lists all"),
        (&["train", "go/NxN", "ppo"], "write numbers for its capital letters, such as `go/7x7`"),
        (&["train", "market/AAPL", "ppo"], "known are market/"),
        (&["train", "grid/cliff", "PPO"], "did you mean `ppo`?"),
        (&["train", "grid/cliff", "q_learning"], "did you mean `q-learning`?"),
        (
            &["train", "grid/cliff", "ppo", "--set", "alpha=0.1"],
            "unknown key `alpha`; write `agent.learning_rate`",
        ),
        (&["train", "grid/cliff", "ppo", "--set", "gamma=0.1"], "unknown key `gamma`; write `agent.gamma`"),
        (&["train", "grid/cliff", "ppo", "--set", "time_limit=9"], "write `world.time_limit`"),
        (&["train", "grid/cliff", "ppo", "--seeds", "5..2"], "`5..2` has no seeds; did you mean 2..=5?"),
        (&["train", "grid/cliff", "ppo", "--steps", "many"], "write 100000, 1e5, 100k or 2M"),
        (
            &["train", "grid/cliff", "ppo", "--set", "steps=1.5"],
            "expected a whole number, such as 100000, 1e5",
        ),
        (&["train", "grid/cliff", "ppo", "--lr", "0.1"], "settings are written as in --set agent."),
        (&["fit", "LogisticRegression"], "its name here is `softmax`"),
    ];
    for (words, answer) in answers {
        let (_, error) = PROGRAM.fails(words);
        assert!(error.contains(answer), "{words:?}: {error}");
        assert!(error.len() < 600, "{words:?}: the answer is too long: {error}");
    }
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    for steps in [["--steps", "1e3"], ["--steps", "1k"], ["--set", "steps=1e3"], ["--set", "steps=1k"]] {
        let words =
            [&["train", "grid/cliff", "q-learning", "--seeds", "0", "-q", "--out", out][..], &steps].concat();
        PROGRAM.text(&words);
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().filter(|e| e.as_ref().unwrap().path().is_dir()).count(),
        1
    );
}
