//! Worlds of Go from the command line: trained runs as opponents, as GTP players and in matches; self-play.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use freewheel_core::{Purpose, Streams};
use freewheel_tests::{Program, assert_same_bytes, files};
use serde_json::Value;

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-program"));

/// Arguments of `train WORLD AGENT` into `out`, with a short evaluation.
fn words(world: &str, agent: &str, out: &Path, set: &[&str]) -> Vec<String> {
    let common = ["steps=3000", "evaluation.episodes=20", "evaluation.points=2", "evaluation.recorded=2"];
    let mut words = ["train", world, agent, "--quiet", "--json", "--out"].map(String::from).to_vec();
    words.push(out.to_str().unwrap().to_owned());
    words.extend(common.iter().chain(set).flat_map(|set| ["--set".to_owned(), (*set).to_owned()]));
    words
}

fn strs(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

/// Trains, and returns the one row of the table.
fn train(world: &str, agent: &str, out: &Path, set: &[&str]) -> Value {
    PROGRAM.json(&strs(&words(world, agent, out, set)))["rows"][0].take()
}

/// Error message of a training that fails with exit code 3.
fn refused(world: &str, out: &Path, set: &[&str]) -> String {
    let (code, message) = PROGRAM.fails(&strs(&words(world, "q-learning", out, set)));
    assert_eq!(code, 3, "{message}");
    message
}

/// Folder of the only run below `out`.
fn run_in(out: &Path) -> PathBuf {
    let configs: Vec<_> = files(out).into_keys().filter(|name| name.ends_with("config.toml")).collect();
    assert_eq!(configs.len(), 1, "{configs:?}");
    out.join(&configs[0]).parent().unwrap().to_owned()
}

/// Settings of a world whose opponent is the run in `folder`.
fn as_opponent(folder: &Path) -> [String; 2] {
    ["world.opponent=checkpoint".into(), format!("world.checkpoint={}", folder.display())]
}

fn verify(out: &Path, episodes: usize) {
    let json = PROGRAM.json(&["replay", "--verify", "--json", out.to_str().unwrap()]);
    let all = json["episodes"].as_array().unwrap();
    assert_eq!(all.len(), episodes);
    assert!(all.iter().all(|episode| episode["verified"] == true), "{json}");
}

/// Responses of `freewheel gtp` to `input`.
fn responses(words: &[&str], input: &str) -> Vec<String> {
    let mut child = PROGRAM.command(words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().split("\n\n").map(str::to_owned).collect()
}

#[test]
fn a_trained_run_is_an_opponent_and_plays_gtp_and_matches() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    train("go/3x3", "q-learning", &first, &["world.komi=2.5"]);
    let run = run_in(&first);
    let name = run.to_str().unwrap();

    let [opponent, checkpoint] = as_opponent(&run);
    let row = train("go/3x3", "sarsa", &second, &[&opponent, &checkpoint, "world.komi=2.5"]);
    assert!((0.0..=1.0).contains(&row["scores"][0].as_f64().unwrap()), "{row}");
    verify(&second, 2);
    // A second generation: the opponent of this run is a run that has a run as opponent itself.
    let [opponent, checkpoint] = as_opponent(&run_in(&second));
    let third = folder.path().join("third");
    train("go/3x3", "sarsa", &third, &[&opponent, &checkpoint]);
    verify(&third, 2);

    // Size and komi are those of the run's training; another board is an error.
    let responses = responses(
        &["gtp", "--player", name],
        "get_komi\ngenmove b\nis_legal w A1\ngenmove w\nreg_genmove b\nboardsize 5\ngenmove b\n",
    );
    assert_eq!(responses[0], "= 2.5");
    for answer in [&responses[1], &responses[3], &responses[4]] {
        let vertex = answer.strip_prefix("= ").unwrap();
        assert!(vertex == "pass" || ('A'..='C').contains(&vertex.chars().next().unwrap()), "{answer}");
    }
    assert!(
        responses[6].starts_with("? ") && responses[6].contains("was trained on 3x3"),
        "{}",
        responses[6]
    );

    let json = PROGRAM.json(&["match", name, "random", "--games", "20", "--json"]);
    assert_eq!((&json["rules"]["width"], &json["rules"]["komi"]), (&3.into(), &2.5.into()), "{json}");
    assert_eq!(
        (&json["result"]["games"], &json["result"]["without_result"]),
        (&20.into(), &0.into()),
        "{json}"
    );
    let (code, message) = PROGRAM.fails(&["match", name, "random", "--size", "5"]);
    assert!(
        code == 3 && message.contains(name) && message.contains("was trained on 3x3"),
        "{code} {message}"
    );
    let (code, message) = PROGRAM.fails(&["match", "random", first.to_str().unwrap()]);
    assert!(code == 3 && message.contains("not the folder of a run"), "{code} {message}");
}

/// A run of the agent `scripted` has no weights and uses the game itself: as an opponent it plays its scripted policy.
#[test]
fn a_scripted_run_can_be_an_opponent() {
    let folder = tempfile::tempdir().unwrap();
    let first = folder.path().join("first");
    train("go/3x3", "scripted", &first, &["agent.player=uct-100", "steps=20", "evaluation.episodes=2"]);
    let run = run_in(&first);
    let words = ["match", run.to_str().unwrap(), "random", "--games", "20", "--json"];
    let result = PROGRAM.json(&words)["result"].take();
    assert_eq!(result["without_result"], 0, "{result}");
    assert!(result["won"].as_u64().unwrap() >= 15, "{result}");
    let [opponent, checkpoint] = as_opponent(&run);
    let row =
        train("go/3x3", "random", &folder.path().join("second"), &[&opponent, &checkpoint, "steps=100"]);
    assert!(row["scores"][0].as_f64().unwrap() < 0.3, "{row}");
}

#[test]
fn self_play_is_evaluated_against_another_player() {
    let folder = tempfile::tempdir().unwrap();
    let (plain, evaluated) = (folder.path().join("plain"), folder.path().join("evaluated"));
    let row = train(
        "go/2x2",
        "q-learning",
        &plain,
        &["world.opponent=self", "steps=20000", "evaluation.episodes=200"],
    );
    let score = row["scores"][0].as_f64().unwrap();
    // Black wins 2x2 with perfect play. The agent is Black in half of the games, and random players lose many others.
    assert!((0.6..=1.0).contains(&score), "{row}");
    verify(&plain, 2);
    // Recorded episodes come from the evaluation world.
    let episodes = std::fs::read_to_string(run_in(&plain).join("episodes/evaluation.jsonl")).unwrap();
    let settings = |line: &str| serde_json::from_str::<Value>(line).unwrap()["settings"]["opponent"].take();
    assert!(episodes.lines().all(|line| settings(line) == "random"), "{episodes}");

    // The opponent of the evaluation may be a trained run, too.
    let checkpoint = format!("world.checkpoint={}", run_in(&plain).display());
    let set = ["world.opponent=self", "world.evaluation_opponent=checkpoint", &checkpoint];
    train("go/2x2", "sarsa", &evaluated, &set);
    verify(&evaluated, 2);

    let message = refused("go/2x2", &evaluated, &["world.opponent=self", "world.evaluation_opponent=self"]);
    assert!(message.contains("evaluation_opponent = \"self\""), "{message}");
    let message = refused("go/2x2", &evaluated, &["world.opponent=self", "world.evaluation_opponent=gredy"]);
    assert!(
        message.contains("world.evaluation_opponent=gredy") && message.contains("did you mean `greedy`"),
        "{message}"
    );
}

/// A run that is killed at random points and resumed, on one thread and on two, gives the same bytes.
fn killed_and_resumed(set: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let (whole, killed) = (folder.path().join("whole"), folder.path().join("killed"));
    let start = |out: &Path, threads: &str| -> Command {
        let set = [&["checkpoint.points=30", "seeds=2", "num_envs=3"], set].concat();
        let mut words = words("go/3x3", "q-learning", out, &set);
        words.extend(["--threads".to_owned(), threads.to_owned()]);
        let mut command = PROGRAM.command(&strs(&words));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let begin = Instant::now();
    assert!(start(&whole, "1").status().unwrap().success());
    let took = begin.elapsed().as_secs_f64();
    let mut rng = Streams::new(2).stream(Purpose::Agent, 0, 0);
    let mut kills = 0;
    for _ in 0..6 {
        let mut child = start(&killed, "2").spawn().unwrap();
        std::thread::sleep(Duration::from_secs_f64(took * 0.5 * rng.uniform()));
        child.kill().unwrap();
        kills += u32::from(!child.wait().unwrap().success());
    }
    assert!(kills >= 2, "only {kills} of 6 were killed before their end");
    assert!(start(&killed, "2").status().unwrap().success());
    assert_same_bytes(&whole, &killed);
}

#[test]
fn a_run_against_a_search_is_killed_and_resumed() {
    killed_and_resumed(&["world.opponent=uct:20", "steps=1500"]);
}

#[test]
fn a_run_against_a_trained_one_is_killed_and_resumed() {
    let folder = tempfile::tempdir().unwrap();
    train("go/3x3", "q-learning", folder.path(), &[]);
    let [opponent, checkpoint] = as_opponent(&run_in(folder.path()));
    killed_and_resumed(&[&opponent, &checkpoint, "steps=15000"]);
}

#[test]
fn a_run_does_not_go_on_against_another_opponent() {
    let folder = tempfile::tempdir().unwrap();
    let [first, other, second] = ["first", "other", "second"].map(|name| folder.path().join(name));
    train("go/2x2", "q-learning", &first, &[]);
    let run = run_in(&first);
    let [opponent, checkpoint] = as_opponent(&run);
    train("go/2x2", "sarsa", &second, &[&opponent, &checkpoint]);
    let out = second.to_str().unwrap();
    PROGRAM.text(&["resume", out]);
    // Another run, of the same kind but with another setting, replaces the opponent.
    train("go/2x2", "q-learning", &other, &["agent.epsilon=0.2"]);
    let place = |from: &Path| {
        for (name, bytes) in files(from) {
            std::fs::create_dir_all(run.join(&name).parent().unwrap()).unwrap();
            std::fs::write(run.join(&name), bytes).unwrap();
        }
    };
    let before = folder.path().join("before");
    std::fs::rename(&run, &before).unwrap();
    place(&run_in(&other));
    for words in
        [&["resume", out][..], &["eval", out], &["match", run_in(&second).to_str().unwrap(), "random"]]
    {
        let (code, message) = PROGRAM.fails(words);
        assert_eq!(code, 3, "{message}");
        assert!(message.contains("has changed") && message.contains(run.to_str().unwrap()), "{message}");
    }
    // The folder of the opponent is deleted.
    std::fs::remove_dir_all(&run).unwrap();
    let (code, message) = PROGRAM.fails(&["resume", out]);
    assert!(code == 3 && message.contains(run.to_str().unwrap()), "{code} {message}");
    // The folder of the opponent is restored.
    place(&before);
    PROGRAM.text(&["resume", out]);
    PROGRAM.text(&["eval", out]);
}

/// A configuration whose opponent is its own folder does not recurse without end.
#[test]
fn a_run_cannot_play_itself() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
    train("go/2x2", "q-learning", &first, &[]);
    let [opponent, checkpoint] = as_opponent(&run_in(&first));
    train("go/2x2", "sarsa", &second, &[&opponent, &checkpoint]);
    let run = run_in(&second);
    let file = run.join("config.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let looped = text.replace(run_in(&first).to_str().unwrap(), run.to_str().unwrap());
    assert_ne!(looped, text);
    std::fs::write(&file, looped).unwrap();
    let (code, message) = PROGRAM.fails(&["resume", second.to_str().unwrap()]);
    assert!((3..=5).contains(&code), "{code} {message}");
}

#[test]
fn an_unusable_opponent_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let [small, cliff, out] = ["small", "cliff", "out"].map(|name| folder.path().join(name));
    train("go/2x2", "q-learning", &small, &[]);
    train("grid/cliff", "q-learning", &cliff, &[]);
    let (small, cliff) = (run_in(&small), run_in(&cliff));
    let cases = [
        (folder.path().join("nowhere"), "nowhere: not the folder of a run"),
        (small.parent().unwrap().to_owned(), "not the folder of a run (`seed-<n>`)"),
        (small.clone(), "trained for go/2x2, whose observations or actions differ from those of go/3x3"),
        (cliff.clone(), "trained for grid/cliff, whose observations or actions differ from those of go/3x3"),
    ];
    for (checkpoint, expected) in cases {
        let [opponent, checkpoint] = as_opponent(&checkpoint);
        let message = refused("go/3x3", &out, &[&opponent, &checkpoint]);
        assert!(message.contains(expected) && message.contains(&format!("--set {checkpoint}")), "{message}");
    }
    // A run without a checkpoint is not accepted as an opponent.
    std::fs::remove_dir_all(small.join("checkpoints")).unwrap();
    let [opponent, checkpoint] = as_opponent(&small);
    let message = refused("go/2x2", &out, &[&opponent, &checkpoint]);
    assert!(message.contains("has no checkpoint yet"), "{message}");
    // One of two settings that belong together is missing.
    let message = refused("go/2x2", &out, &[&opponent]);
    assert!(message.contains("`checkpoint` is missing"), "{message}");
    let message = refused("go/2x2", &out, &[&checkpoint]);
    assert!(message.contains("is not used"), "{message}");
    for name in [cliff.to_str().unwrap(), small.to_str().unwrap()] {
        let (code, message) = PROGRAM.fails(&["gtp", "--player", name]);
        assert!(code == 3 && message.contains(name), "{code} {message}");
    }
    // The opponent is a program that does not exist, or does not support the board.
    let message = refused("go/3x3", &out, &["world.opponent=gtp:/no/such/program --mode gtp"]);
    assert!(message.contains("`/no/such/program --mode gtp` cannot be started"), "{message}");
    let refuses = r#"gtp:sh -c 'while read id command; do
        case "$command" in boardsize*) printf "?$id too small\n\n";; *) printf "=$id\n\n";; esac
    done'"#;
    let opponent = format!("world.opponent={refuses}");
    let message = refused("go/3x3", &out, &[&opponent]);
    assert!(message.contains("answered `boardsize 3` with an error: too small"), "{message}");
}

/// An opponent that fails in some games: only the other games count.
#[test]
fn games_that_an_opponent_has_failed_in_do_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    std::fs::create_dir(&mark).unwrap();
    // Every ninth answer as White is not a move. Several of these programs run at once: a folder is made by one only.
    let fails = format!(
        r#"world.opponent=gtp:sh -c 'while read id command; do
        case "$command" in
            "genmove white")
                n=$(($(ls {mark} | wc -l) + 1)); while ! mkdir {mark}/$n 2>/dev/null; do n=$((n + 1)); done
                if [ $((n % 9)) = 0 ]; then r=Z99; else r=pass; fi;;
            genmove*) r=pass;; known*) r=false;; quit) exit;; *) r="";;
        esac
        printf "=$id $r\n\n"
    done'"#,
        mark = mark.display()
    );
    let row = train("go/2x2", "random", folder.path(), &[&fails, "steps=200"]);
    assert!((0.0..=1.0).contains(&row["scores"][0].as_f64().unwrap()), "{row}");
    let text = std::fs::read_to_string(run_in(folder.path()).join("eval.json")).unwrap();
    let result: Value = serde_json::from_str(&text).unwrap();
    let episodes = result["evaluation"]["episodes"].as_u64().unwrap();
    assert!((1..20).contains(&episodes), "{result}");
    let out = folder.path().to_str().unwrap();
    // The run names a program, which is started only with the user's permission.
    let (code, message) = PROGRAM.fails(&["eval", out, "--episodes", "20"]);
    assert!(code == 3 && message.contains("--allow-programs"), "{code} {message}");
    PROGRAM.text(&["eval", out, "--episodes", "20", "--allow-programs"]);
    PROGRAM.text(&["resume", out, "--allow-programs"]);
}

/// An opponent that fails in every game ends the run with its words, after a few games.
#[test]
fn an_opponent_that_keeps_failing_ends_the_run() {
    let folder = tempfile::tempdir().unwrap();
    for (genmove, words) in [("echo boom >&2; exit 3", "boom"), ("printf \"=$id A1\n\n\"", "illegal")] {
        let opponent = format!(
            r#"world.opponent=gtp:sh -c 'while read id command; do
            case "$command" in
                genmove*) {genmove};; known*) printf "=$id false\n\n";; quit) exit;; *) printf "=$id\n\n";;
            esac
        done'"#
        );
        let color = "world.color=white";
        let all = self::words("go/2x2", "random", folder.path(), &[&opponent, "steps=200", color]);
        let (code, message) = PROGRAM.fails(&strs(&all));
        assert!(
            code == 3 && message.contains("3 times in a row") && message.contains(words),
            "{code} {message}"
        );
    }
}
