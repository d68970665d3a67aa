//! Files of other people: they start no program, make no other file change, and do not act on the terminal.

use std::path::Path;
use std::process::{Command, Stdio};

use freewheel::checksums::Checksums;
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
    // A run whose configuration names a program, made with the program's own words.
    let (code, said) = in_folder(
        folder,
        &words(
            "train go/3x3 random --steps 100 --out out --set world.opponent=greedy --set evaluation.episodes=2",
        ),
    );
    assert_eq!(code, Some(0), "{said}");
    let run = files(&folder.join("out")).keys().find(|name| name.ends_with("config.toml")).unwrap().clone();
    let run = folder.join("out").join(run.strip_suffix("/config.toml").unwrap());
    let config = std::fs::read_to_string(run.join("config.toml")).unwrap();
    let forged = config.replace("opponent = \"greedy\"", "opponent = \"gtp:touch PWNED\"");
    assert_ne!(config, forged);
    std::fs::write(run.join("config.toml"), forged).unwrap();
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
    let mut checksums = Checksums::read(&run).unwrap().unwrap();
    checksums.insert("config.toml", &std::fs::read(run.join("config.toml")).unwrap());
    checksums.write(&run).unwrap();
    all(&|command, code, said| match command {
        "replay --verify" => assert_eq!(code, Some(0), "{said}"),
        _ => assert!(code == Some(3) && said.contains("--allow-programs"), "{command}: {said}"),
    });
    let (_, said) = in_folder(folder, &words("run e.toml --allow-programs"));
    assert!(folder.join("PWNED").exists(), "{said}");
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
