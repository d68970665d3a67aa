//! Files of other people: they start no program, make no other file change, and do not act on the terminal.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use freewheel::Trainer;
use freewheel::checksums::Checksums;
use freewheel_core::checkpoint::Checkpoint;
use freewheel_tests::{Program, files};

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-program"));

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

/// Runs the program in `folder`.
fn in_folder(folder: &Path, words: &[String]) -> (Option<i32>, String) {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let output = PROGRAM.command(&words).current_dir(folder).output().unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code(), said)
}

/// A recorded episode, an experiment, a plan, a run and a model whose settings name a program.
#[cfg(unix)]
#[test]
fn a_file_starts_no_program() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let record = concat!(env!("CARGO_MANIFEST_DIR"), "/data/exec-from-record.jsonl");
    std::fs::copy(record, folder.join("episodes.jsonl")).unwrap();
    std::fs::write(
        folder.join("e.toml"),
        "name = \"e\"\nworlds = [\"go/3x3\"]\nagents = [\"random\"]\nseeds = 1\nsteps = 100\nevaluation.episodes = 2\n\
         [world]\nopponent = \"gtp:touch PWNED\"\n",
    )
    .unwrap();
    for command in
        ["replay --verify episodes.jsonl", "run e.toml", "run e.toml --set world.opponent=gtp:other"]
    {
        let (code, said) = in_folder(folder, &words(command));
        assert_eq!(code, Some(3), "{command}: {said}");
        assert!(!folder.join("PWNED").exists(), "{command}");
        // A program that the command line names is started, and here fails.
        assert_eq!(said.contains("--allow-programs"), !command.contains("other"), "{command}: {said}");
    }
    // A run whose configuration names a program.
    let run = forged_run(folder, "q-learning");
    let all = |check: &dyn Fn(&str, Option<i32>, &str)| {
        for command in ["eval", "watch", "map", "resume", "replay --verify"] {
            let (code, said) = in_folder(folder, &words(&format!("{command} {}", run.display())));
            assert!(!folder.join("PWNED").exists(), "{command}");
            check(command, code, &said);
        }
    };
    // The checksum is checked first. The recorded episodes are unchanged, and replay.
    all(&|command, code, said| match command {
        "replay --verify" => assert_eq!(code, Some(0), "{said}"),
        _ => assert_eq!(code, Some(5), "{command}: {said}"),
    });
    // With a right checksum, the program is named and not started.
    correct_checksum(&run);
    all(&|command, code, said| match command {
        "replay --verify" => assert_eq!(code, Some(0), "{said}"),
        _ => assert!(code == Some(3) && said.contains("--allow-programs"), "{command}: {said}"),
    });
    let (_, said) = in_folder(folder, &words("run e.toml --allow-programs"));
    assert!(folder.join("PWNED").exists(), "{said}");
}

/// Run in `folder` whose configuration names a program as the opponent, with the checksum of the one before.
#[cfg(unix)]
fn forged_run(folder: &Path, agent: &str) -> PathBuf {
    let train = format!("train go/3x3 {agent} --steps 100 --out {agent} --quiet --set evaluation.episodes=2");
    let (code, said) = in_folder(folder, &words(&format!("{train} --set world.opponent=greedy")));
    assert_eq!(code, Some(0), "{said}");
    let out = folder.join(agent);
    let run = files(&out).keys().find(|name| name.ends_with("config.toml")).unwrap().clone();
    let run = out.join(run.strip_suffix("/config.toml").unwrap());
    replace(&run.join("config.toml"), "opponent = \"greedy\"", "opponent = \"gtp:touch PWNED\"");
    run
}

/// Writes the right checksum of the configuration of `run`.
#[cfg(unix)]
fn correct_checksum(run: &Path) {
    let mut checksums = Checksums::read(run).unwrap().unwrap();
    checksums.insert("config.toml", &std::fs::read(run.join("config.toml")).unwrap());
    checksums.write(run).unwrap();
}

#[cfg(unix)]
fn replace(file: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(file, text.replace(from, to)).unwrap();
}

/// Every other command that reads a run, a sweep, a store of demonstrations or a recorded episode, and a saved trainer.
#[cfg(unix)]
#[test]
fn no_command_starts_a_program_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let record = concat!(env!("CARGO_MANIFEST_DIR"), "/data/exec-from-record.jsonl");
    std::fs::copy(record, folder.join("episodes.jsonl")).unwrap();
    std::fs::write(
        folder.join("sweep.toml"),
        "name = \"s\"\nworlds = [\"go/3x3\"]\nagents = [\"q-learning\"]\nseeds = 1\nsteps = 100\n\
         [sweep]\ntrials = 2\n[space]\nepsilon = [0.1, 0.2]\n[world]\nopponent = \"gtp:touch PWNED\"\n",
    )
    .unwrap();
    let run = forged_run(folder, "dqn");
    correct_checksum(&run);
    let run = run.display();
    let (code, said) = in_folder(
        folder,
        &words("demos record go/3x3 --from random --episodes 2 --to store --set world.opponent=greedy"),
    );
    assert_eq!(code, Some(0), "{said}");
    replace(
        &folder.join("store/data/metadata.json"),
        "\"opponent\": \"greedy\"",
        "\"opponent\": \"gtp:touch PWNED\"",
    );
    for command in [
        "sweep sweep.toml",
        "render episodes.jsonl --to a.txt",
        &format!("render {run} --to a.txt"),
        "render store --to a.txt",
        &format!("export {run} --to onnx"),
        &format!("compare {run} {run}"),
        &format!("report {run} --to a.md"),
        &format!("match {run} random --games 2"),
        &format!("match uct:2,prior={run} random --games 2"),
        &format!("gtp --player {run}"),
        &format!("demos record go/3x3 --from {run} --to other"),
        "demos verify store",
        "watch store",
    ] {
        let (code, said) = in_folder(folder, &words(command));
        assert!(!folder.join("PWNED").exists(), "{command}");
        assert!(code == Some(3) && said.contains("--allow-programs"), "{command}: {code:?} {said}");
    }
    // A trainer that the library has saved.
    let file = folder.join("trainer");
    Trainer::builder("go/3x3", "q-learning")
        .world_setting("opponent", "greedy")
        .build()
        .unwrap()
        .save(&file)
        .unwrap();
    let mut saved = Checkpoint::read(&file).unwrap();
    let config = String::from_utf8(saved.section("trainer").unwrap().to_vec()).unwrap();
    let program = format!("gtp:touch {}", folder.join("PWNED").display());
    let forged = config.replace("\"greedy\"", &format!("\"{program}\""));
    assert_ne!(config, forged);
    saved.insert("trainer", forged.into_bytes());
    let mut bytes = Vec::new();
    saved.write(&mut bytes).unwrap();
    std::fs::write(&file, bytes).unwrap();
    let error = Trainer::load(&file).err().unwrap().to_string();
    assert!(error.contains("starts the program") && !folder.join("PWNED").exists(), "{error}");
}

/// The limit of input files, set by hand, holds for every kind of file, and the message names it.
#[test]
fn the_limit_of_input_files_can_be_set() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let row = format!("S{}G\n", ".".repeat(3000));
    std::fs::write(folder.join("map.txt"), &row).unwrap();
    std::fs::write(folder.join("table.csv"), "1,2\n".repeat(1000)).unwrap();
    std::fs::write(folder.join("e.toml"), format!("# {row}")).unwrap();
    let event = "[0.1,\"o\",\"a\"]\n".repeat(300);
    let cast = format!("{{\"version\":2,\"width\":3,\"height\":1}}\n{event}");
    std::fs::write(folder.join("a.cast"), cast).unwrap();
    std::fs::write(folder.join("a.sgf"), format!("(;C[{row}])")).unwrap();
    for command in [
        "solve grid:map.txt --horizon 1",
        "fit linear --data table.csv",
        "run e.toml",
        "render a.cast --to a.txt",
        "sgf show a.sgf",
    ] {
        let said = |limit: &str| {
            let words = words(command);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let mut command = PROGRAM.command(&words);
            let output = command.current_dir(folder).env("FREEWHEEL_MAX_INPUT", limit).output().unwrap();
            (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
        };
        let (code, small) = said("2KiB");
        assert!(code == Some(3) && small.contains("more than 2 KiB"), "{command}: {code:?} {small}");
        assert!(small.contains("FREEWHEEL_MAX_INPUT"), "{command}: {small}");
        assert!(!said("8KiB").1.contains("FREEWHEEL_MAX_INPUT"), "{command}");
        let (code, wrong) = said("many");
        assert!(
            code == Some(3) && wrong.contains("FREEWHEEL_MAX_INPUT = 'many'"),
            "{command}: {code:?} {wrong}"
        );
    }
}

/// Links in a shared results folder with the names of files that a run writes.
#[cfg(unix)]
#[test]
fn links_in_the_results_folder_are_not_followed() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let train = |seeds: &str, out: &str| {
        let mut all = words("train grid/cliff q-learning --steps 2000 --quiet --set evaluation.episodes=5");
        all.extend(words(&format!("--seeds {seeds} --out {out}")));
        in_folder(folder, &all)
    };
    assert_eq!(train("0", "first").0, Some(0));
    let names: Vec<String> = files(&folder.join("first")).into_keys().collect();
    let victim = folder.join("victim");
    std::fs::write(&victim, "kept").unwrap();
    for name in &names {
        let (parent, file) = name.rsplit_once('/').unwrap_or(("", name));
        for planted in [format!("{parent}/{file}"), format!("{parent}/.{file}.tmp")] {
            let out = folder.join("planted");
            std::fs::create_dir_all(out.join(parent)).unwrap();
            symlink(&victim, out.join(planted.trim_start_matches('/'))).unwrap();
            let (code, said) = train("0", "planted");
            assert_eq!(std::fs::read_to_string(&victim).unwrap(), "kept", "{planted}");
            // A link that is read, not written, makes the run fail.
            assert!(matches!(code, Some(0 | 3 | 5)), "{planted}: {code:?} {said}");
            std::fs::remove_dir_all(out).unwrap();
        }
    }
    assert!(names.iter().any(|name| name == ".lock"), "{names:?}");
    // A folder of the run is a link to another folder.
    let other = folder.join("other");
    std::fs::create_dir(&other).unwrap();
    let run = names.iter().find_map(|name| name.strip_suffix("/config.toml")).unwrap();
    for planted in [
        run.rsplit_once('/').unwrap().0.to_owned(),
        run.to_owned(),
        format!("{run}/episodes"),
        format!("{run}/checkpoints"),
    ] {
        let out = folder.join("planted");
        std::fs::create_dir_all(out.join(&planted).parent().unwrap()).unwrap();
        symlink(&other, out.join(&planted)).unwrap();
        let (code, said) = train("0", "planted");
        assert_eq!(code, Some(3), "{planted}: {said}");
        assert!(said.contains("is not followed"), "{said}");
        assert_eq!(std::fs::read_dir(&other).unwrap().count(), 0, "{planted}");
        std::fs::remove_dir_all(out).unwrap();
    }
}

/// Names and texts of files with escape sequences.
#[test]
fn escape_sequences_are_printed_as_text() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let evil = "\u{1b}]0;owned\u{7}\u{9b}2J\r";
    let mut record =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/data/exec-from-record.jsonl")).unwrap();
    record = record.replace("go/3x3", "go/\\u001b]0;owned\\u0007\\u009b2J");
    std::fs::write(folder.join("episodes.jsonl"), record).unwrap();
    std::fs::write(
        folder.join("e.toml"),
        "worlds = [\"a\\u001B]0;owned\\u0007\"]\nagents = [\"\\u001B[2J\"]\n",
    )
    .unwrap();
    std::fs::write(
        folder.join("labels.toml"),
        "worlds = [{ id = \"grid/cliff\", label = \"a\\u001B]0;owned\\u0007\\u009B2J\" }]\nagents = [\"random\"]\n\
         seeds = 1\nsteps = 100\n",
    )
    .unwrap();
    let all = [
        vec!["replay".into(), "episodes.jsonl".into()],
        vec!["replay".into(), "--json".into(), "episodes.jsonl".into()],
        vec!["replay".into(), "--verify".into(), "episodes.jsonl".into()],
        vec!["run".into(), "e.toml".into()],
        vec!["run".into(), "labels.toml".into()],
        vec!["run".into(), "labels.toml".into(), "--json".into()],
        vec!["eval".into(), format!("no-{evil}")],
        vec!["solve".into(), format!("grid:{evil}")],
        vec![format!("fly{evil}")],
        vec!["train".into(), "grid/cliff".into(), evil.into()],
    ];
    for words in all {
        let (_, said) = in_folder(folder, &words);
        let found = said.chars().find(|c| c.is_control() && *c != '\n' && *c != '\t');
        assert_eq!(found, None, "{words:?}: {said:?}");
    }
}

/// Memory for a setting is estimated and compared with the limit before it is taken.
#[test]
fn too_large_settings_are_refused_with_a_number() {
    let folder = tempfile::tempdir().unwrap();
    let train = |set: &str| {
        let all = words(&format!("train grid/cliff q-learning --steps 1000 --out out --set {set}"));
        in_folder(folder.path(), &all)
    };
    for set in [
        "evaluation.episodes=1000000000000",
        "evaluation.interim_episodes=1000000000000",
        "evaluation.recorded=1000000000",
    ] {
        let (code, said) = train(set);
        assert_eq!(code, Some(3), "{set}: {said}");
        assert!(said.contains("memory") || said.contains("at most"), "{set}: {said}");
    }
    assert_eq!(train("evaluation.episodes=5").0, Some(0));
    let (code, said) = in_folder(folder.path(), &words("eval out --episodes 1000000000000"));
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("memory"), "{said}");
}

/// A device or a pipe as the file of a world: the program ends.
#[cfg(unix)]
#[test]
fn an_endless_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for command in [
        "solve grid:/dev/zero",
        "train grid:/dev/zero q-learning --steps 10",
        "run /dev/zero",
        "replay /dev/zero",
    ] {
        let (code, said) = in_folder(folder.path(), &words(command));
        assert!(matches!(code, Some(3 | 5)), "{command}: {code:?} {said}");
    }
}

/// The end of the terminal saves, as SIGTERM does; under `nohup` the program goes on.
#[cfg(target_os = "linux")]
#[test]
fn a_hangup_saves() {
    let folder = tempfile::tempdir().unwrap();
    let train = |name: &str, prefix: &[&str]| {
        let steps = words("train grid/frozenlake-8x8 q-learning --steps 400000000 --quiet --out");
        let mut all: Vec<&str> = prefix.to_vec();
        all.push(PROGRAM.0);
        all.extend(steps.iter().map(String::as_str));
        all.push(name);
        let mut command = Command::new(all[0]);
        command
            .args(&all[1..])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .stdin(Stdio::null());
        command.spawn().unwrap()
    };
    let signal = |child: &std::process::Child, name: &str| {
        assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
    };
    // The tests themselves may run under `nohup`.
    let mut hung_up = train("a", &["env", "--default-signal=HUP"]);
    let mut going_on = train("b", &["nohup"]);
    std::thread::sleep(std::time::Duration::from_secs(2));
    signal(&hung_up, "-HUP");
    signal(&going_on, "-HUP");
    assert_eq!(hung_up.wait().unwrap().code(), Some(130));
    assert!(files(&folder.path().join("a")).keys().any(|name| name.ends_with(".ckpt")));
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert!(going_on.try_wait().unwrap().is_none());
    signal(&going_on, "-TERM");
    assert_eq!(going_on.wait().unwrap().code(), Some(130));
}
