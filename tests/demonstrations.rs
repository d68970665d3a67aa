//! The command `demos`: stores made, changed and verified by the program.

use std::path::Path;

use freewheel::demonstrations;
use freewheel_tests::{Program, assert_same_bytes};
use tempfile::tempdir;

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-program"));

/// Path of `name` below `home`.
fn at(home: &Path, name: &str) -> String {
    home.join(name).to_str().unwrap().to_owned()
}

/// Three episodes each of two worlds, played with keys in a terminal by `play`.
#[test]
fn episodes_played_by_hand_replay_exactly() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/human");
    let text = PROGRAM.text(&["demos", "verify", folder.to_str().unwrap()]);
    assert_eq!(text.matches("3 episodes replay exactly").count(), 2, "{text}");
    for (world, best) in [("grid/cliff", -13.0), ("grid/deepsea-8", 0.99)] {
        let store = folder.join(world).join("human-v0");
        let set = demonstrations::read(&store).unwrap();
        assert!(set.episodes.iter().all(|episode| episode.label.title() == "human"));
        let scores = set.episodes.iter().map(|episode| episode.score);
        assert!((scores.fold(f64::NEG_INFINITY, f64::max) - best).abs() < 1e-6, "{world}");
    }
}

#[test]
fn stores_are_recorded_filtered_merged_split_and_verified() {
    let home = tempdir().unwrap();
    let at = |name: &str| at(home.path(), name);
    let record = |to: &str, more: &[&str]| {
        PROGRAM
            .text(&[&["demos", "record", "grid/cliff", "--episodes", "20", "--to", &at(to)], more].concat())
    };
    let text = record("a/demos/noisy-v0", &["--noise", "0.3", "--delay", "1"]);
    assert!(text.contains("20 episodes"), "{text}");
    record("b/demos/noisy-v0", &["--noise", "0.3", "--delay", "1"]);
    assert_same_bytes(&home.path().join("a"), &home.path().join("b"));
    record("best", &[]);

    // The reference walks the shortest path: 13 steps of reward -1.
    let stats = PROGRAM.json(&["demos", "stats", &at("best"), "--json"]);
    assert_eq!((&stats["all"]["score"], &stats["all"]["length"]), (&(-13.0).into(), &13.0.into()));
    let stats = PROGRAM.text(&["demos", "stats", &at("a/demos/noisy-v0")]);
    assert!(stats.contains("reference: reference, delay 1, noise 0.3"), "{stats}");

    PROGRAM.text(&["demos", "filter", &at("a/demos/noisy-v0"), "--top", "20%", "--to", &at("top")]);
    PROGRAM.text(&["demos", "filter", &at("best"), "--min-return", "-13", "--to", &at("same")]);
    PROGRAM.text(&["demos", "merge", &at("top"), &at("best"), "--to", &at("both")]);
    PROGRAM.text(&[
        "demos",
        "split",
        &at("both"),
        "--share",
        "0.75",
        "--to",
        &at("train"),
        "--rest",
        &at("test"),
    ]);
    let count = |name: &str| demonstrations::read(&home.path().join(name)).unwrap().episodes.len();
    assert_eq!(["top", "same", "both", "train", "test"].map(count), [4, 20, 24, 18, 6]);
    let verified = PROGRAM.text(&["demos", "verify", home.path().to_str().unwrap()]);
    assert_eq!(verified.lines().count(), 8, "{verified}");
    assert!(verified.lines().all(|line| line.ends_with("episodes replay exactly")), "{verified}");
    let list = PROGRAM.json(&["demos", "ls", home.path().to_str().unwrap(), "--json"]);
    assert_eq!(list["stores"].as_array().unwrap().len(), 8);

    // Nothing is overwritten, and an empty choice makes no store.
    let (code, error) = PROGRAM.fails(&["demos", "record", "grid/cliff", "--to", &at("best")]);
    assert!(code == 2 && error.contains("--append"), "{error}");
    let (_, error) =
        PROGRAM.fails(&["demos", "filter", &at("best"), "--source", "human", "--to", &at("none")]);
    assert!(error.contains("no episode is left") && !home.path().join("none").exists(), "{error}");
    let (_, error) =
        PROGRAM.fails(&["demos", "record", "grid/cliff", "--from", "refrence", "--to", &at("none")]);
    assert!(error.contains("did you mean `reference`?"), "{error}");
}

#[test]
fn a_log_that_was_exported_is_imported_again() {
    let home = tempdir().unwrap();
    let at = |name: &str| at(home.path(), name);
    for world in ["grid/windy-stochastic", "classic/pendulum"] {
        let [first, again, log] =
            ["first", "again", "log.csv"].map(|name| at(&format!("{}-{name}", world.len())));
        let random =
            ["--from", "random", "--episodes", "3", "--max-steps", "30", "--seed", "5", "--to", &first];
        PROGRAM.text(&[&["demos", "record", world][..], &random].concat());
        PROGRAM.text(&["demos", "export", &first, "--out", &log]);
        let told = PROGRAM.text(&["demos", "import", &log, "--world", world, "--seed", "5", "--to", &again]);
        assert!(told.contains("3 episodes imported"), "{told}");
        let [a, b] = [&first, &again].map(|store| demonstrations::read(Path::new(store)).unwrap());
        for (a, b) in a.episodes.iter().zip(&b.episodes) {
            assert_eq!((&a.observations, &a.actions, &a.rewards), (&b.observations, &b.actions, &b.rewards));
        }
        // Other rewards than those of the world: the episode is skipped.
        let text = std::fs::read_to_string(&log).unwrap();
        let line = text.lines().nth(1).unwrap();
        let mut fields: Vec<&str> = line.split(',').collect();
        let reward = text.lines().next().unwrap().split(',').position(|name| name == "reward").unwrap();
        fields[reward] = "99";
        std::fs::write(&log, text.replacen(line, &fields.join(","), 1)).unwrap();
        let other = at(&format!("{}-other", world.len()));
        let told = PROGRAM.text(&["demos", "import", &log, "--world", world, "--seed", "5", "--to", &other]);
        assert!(
            told.contains("2 episodes imported") && told.contains("the reward of step 0 is 99"),
            "{told}"
        );
    }
}

#[test]
fn games_are_imported_and_bad_ones_counted() {
    let home = tempdir().unwrap();
    let file = home.path().join("games.sgf");
    let games = "\
        (;GM[1]SZ[5]PB[Ada]PW[Bo]RE[B+R];B[cc];W[cb];B[bb];W[])\n\
        (;SZ[5]HA[2]AB[bb][dd];W[cc];B[cb])\n\
        (;SZ[5]AB[bb]AW[dd][dc]PL[B];B[cc];W[cb])\n\
        (;SZ[5];B[cc];B[dd])\n\
        (;SZ[5];B[cc];W[cc])\n\
        (;SZ[9];B[cc];W[dd])\n\
        (;SZ[5];B[cc];AW[dd];W[bb])\n\
        (;SZ[5])\n";
    std::fs::write(&file, games).unwrap();
    let store = home.path().join("games-v0");
    let words = ["demos", "import", file.to_str().unwrap(), "--to", store.to_str().unwrap(), "--json"];
    let told = PROGRAM.json(&words);
    assert_eq!((&told["episodes"], &told["steps"], &told["skipped"]), (&3.into(), &8.into(), &5.into()));
    let reasons: Vec<&str> =
        told["reasons"].as_array().unwrap().iter().map(|entry| entry["reason"].as_str().unwrap()).collect();
    for reason in ["twice in a row", "cannot replay", "another size", "by an edit", "no moves"] {
        assert!(reasons.iter().any(|found| found.contains(reason)), "{reason}: {reasons:?}");
    }
    let set = demonstrations::read(&store).unwrap();
    assert_eq!(set.episodes[0].label.title(), "imported: Ada - Bo, B+R");
    // Handicap stones: b4 and d2 are on the board before White's first move; planes are own stones, opponent's stones.
    let episode = &set.episodes[1];
    assert_eq!((episode.opening.len(), episode.len()), (3, 2));
    let opponent = &episode.observation(0)[25..50];
    let stones: Vec<usize> = (0..25).filter(|&i| opponent[i] == 1.0).collect();
    assert_eq!(stones, [5 + 3, 15 + 1]);
    assert_eq!(set.episodes[2].opening.len(), 4);
    let verified = PROGRAM.text(&["demos", "verify", store.to_str().unwrap()]);
    assert!(verified.contains("3 episodes replay exactly"), "{verified}");
}

/// The same games with observations, and as actions only: a network learns the same from both. Its policy plays on
/// another board, and is the prior of a tree search.
#[test]
fn moves_of_games_are_learned_from_actions_only() {
    let home = tempdir().unwrap();
    let at = |name: &str| at(home.path(), name);
    let game = |moves: &str| format!("(;GM[1]SZ[5]RE[B+R];{moves})\n");
    let games = [game("B[cc];W[cb];B[bb];W[bc];B[dc]"), game("B[cc];W[dc];B[db];W[cb]"), game("B[bb];W[dd]")];
    std::fs::write(home.path().join("games.sgf"), games.concat()).unwrap();
    let [file, full, lean] = ["games.sgf", "full-v0", "lean-v0"].map(at);
    PROGRAM.text(&["demos", "import", &file, "--to", &full, "--set", "world.tactics=true"]);
    PROGRAM.text(&["demos", "import", &file, "--to", &lean, "--actions-only"]);
    let [set, actions] = [&full, &lean].map(|store| demonstrations::read(Path::new(store)).unwrap());
    assert!(actions.header.actions_only && actions.episodes[0].observations.is_empty());
    assert_eq!(actions.episodes[0].actions, set.episodes[0].actions);
    let verified = PROGRAM.text(&["demos", "verify", &lean]);
    assert!(verified.contains("3 episodes replay exactly"), "{verified}");

    let experiment = |demos: &str, agent: &str| {
        format!(
            "name = 'moves'\nworlds = [{{ id = 'go/5x5', opponent = 'self', tactics = true, eyes = false }}]\n\
             seeds = '0..1'\nagents = [{{ {agent}, demos = '{demos}' }}]\n[evaluation]\nepisodes = 2\n"
        )
    };
    let run = |name: &str, demos: &str, agent: &str| {
        std::fs::write(home.path().join(format!("{name}.toml")), experiment(demos, agent)).unwrap();
        let out = at(name);
        PROGRAM.text(&["run", &at(&format!("{name}.toml")), "--out", &out, "--quiet"]);
        let files = freewheel_tests::files(Path::new(&out));
        let metrics = files.keys().find(|name| name.ends_with("metrics.jsonl")).unwrap();
        Path::new(&out).join(metrics).parent().unwrap().to_owned()
    };
    let deep = "id = 'deep-bc', gradient_steps = 30, batch_size = 8, symmetries = true, held_out = 0.34, \
                convolutional_head = true, channels = 8, blocks = 1";
    let [a, b] = [("a", &full), ("b", &lean)].map(|(name, demos)| run(name, demos, deep));
    let metrics = |folder: &Path| std::fs::read_to_string(folder.join("metrics.jsonl")).unwrap();
    assert!(metrics(&a).contains("top5") && metrics(&a).contains("log_loss"), "{}", metrics(&a));
    let measures = |text: &str| -> Vec<serde_json::Value> {
        let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        lines.map(|line| serde_json::json!([line["top1"], line["loss"], line["log_loss"]])).collect()
    };
    assert_eq!(measures(&metrics(&a)), measures(&metrics(&b)));
    // Other agents get the observations by a replay.
    let cloned =
        [("c", &full), ("d", &lean)].map(|(name, demos)| run(name, demos, "id = 'bc', estimator = 'tree'"));
    assert_eq!(measures(&metrics(&cloned[0])), measures(&metrics(&cloned[1])));

    let player = a.to_str().unwrap();
    let prior = format!("uct:20,strong,prior={player}");
    for words in [["match", player, "random"], ["match", &prior, "random"]] {
        let told = PROGRAM.text(&[&words[..], &["--size", "7", "--games", "2"]].concat());
        assert!(told.contains("2 games on 7x7"), "{told}");
    }
    let (_, error) =
        PROGRAM.fails(&["match", cloned[0].to_str().unwrap(), "random", "--size", "7", "--games", "2"]);
    assert!(error.contains("cannot play on 7x7"), "{error}");
}
