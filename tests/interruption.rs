//! Signals and kills at any moment: exit codes, whole files, and folders that vanish under a run or a fit.

#![cfg(target_os = "linux")]

use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use freewheel::Registry;
use freewheel_core::{Error, Purpose, Streams};
use freewheel_tests::{Program, files};

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-program"));

fn start(words: &[&str], out: &Path) -> Child {
    let words = [words, &["--quiet", "--out", out.to_str().unwrap()]].concat();
    PROGRAM.command(&words).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

fn interrupt(child: &Child) {
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
}

/// Waits until `holds` is true, at most 20 seconds.
fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until `child` handles Ctrl-C itself.
fn wait_for_handler(child: &Child) {
    wait_for("no signal handler", || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        // SIGINT is signal 2, bit 1 of the mask.
        caught.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() & 2 != 0)
    });
}

fn ended(child: Child) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = child.wait_with_output().unwrap();
    (status.code(), String::from_utf8_lossy(&stderr).into_owned())
}

/// An update of PPO that takes minutes is finished before a run is saved; a second signal ends it at once.
#[test]
fn a_second_signal_ends_the_program_unsaved() {
    let folder = tempfile::tempdir().unwrap();
    let set = ["agent.num_epochs=1000", "agent.num_steps=8192", "agent.minibatch_size=16"];
    let words = ["train", "grid/cliff", "ppo", "--no-preset", "--steps", "1000000"];
    let set: Vec<&str> = set.iter().flat_map(|set| ["--set", set]).collect();
    let mut child = start(&[&words[..], &set].concat(), folder.path());
    // The first update begins after a rollout, whose episodes are logged.
    wait_for("no step", || files(folder.path()).keys().any(|name| name.ends_with(".ckpt")));
    wait_for_handler(&child);
    std::thread::sleep(Duration::from_secs(1));
    interrupt(&child);
    std::thread::sleep(Duration::from_millis(700));
    assert!(child.try_wait().unwrap().is_none(), "the first signal ended the program");
    interrupt(&child);
    let begin = Instant::now();
    assert_eq!(ended(child).0, Some(131));
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
}

/// Exact values of 10,000 states over a billion steps take hours: the terminal shows the time, and Ctrl-C ends it
/// within a second. There is nothing to save, so that the signal itself ends the program: 130 in a shell.
#[test]
fn a_long_solution_shows_its_time_and_is_ended() {
    let words = ["solve", "grid/random-100x100-1", "--gamma", "0.999999999999"];
    let words = [&words[..], &["--horizon", "1000000000", "--time-observed"]].concat();
    // A shell that runs the tests in the background lets its children ignore the signal.
    let heard = || {
        let mut command = Command::new("env");
        command.arg("--default-signal=INT");
        command
    };
    let mut child = heard().arg(PROGRAM.0).args(&words).stdout(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    assert!(child.try_wait().unwrap().is_none(), "this takes too short a time to test anything");
    interrupt(&child);
    let begin = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if begin.elapsed() > Duration::from_secs(10) => {
                child.kill().unwrap();
                panic!("the signal does not end the program");
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    assert_eq!(status.signal(), Some(2));
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());

    if Command::new("script").arg("--version").output().is_err() {
        eprintln!("skipped: the program `script` of util-linux makes the terminal");
        return;
    }
    let line = format!("trap : INT; {} {}; echo code $?", PROGRAM.0, words.join(" "));
    let mut terminal = heard()
        .arg("script")
        .args(["-qfc", &line, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut keys, mut screen) = (terminal.stdin.take().unwrap(), terminal.stdout.take().unwrap());
    let (mut shown, mut buffer) = (String::new(), [0; 4096]);
    let mut read_until = |text: &str| {
        while !shown.contains(text) {
            let read = screen.read(&mut buffer).unwrap();
            assert!(read > 0, "`{text}` is not in {shown:?}");
            shown.push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
    };
    read_until("solving; Ctrl-C ends it");
    keys.write_all(b"\x03").unwrap();
    read_until("code 130");
    terminal.wait().unwrap();
}

/// A fit that is killed while it replaces another one leaves the one or the other, with its own report.
#[test]
fn a_fit_killed_while_refitting_leaves_a_whole_one() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("fit");
    let fit = |estimator: &str| start(&["fit", estimator, "--data", "women"], &out);
    let found = || {
        let registry = Registry::standard();
        freewheel::fit::read(&out, registry.estimators()).unwrap().1.plan.estimator
    };
    let begin = Instant::now();
    assert_eq!(ended(fit("linear")).0, Some(0));
    let mut delay = begin.elapsed();
    let mut rng = Streams::new(3).stream(Purpose::Agent, 0, 0);
    let (mut old, mut new) = (0, 0);
    for round in 0..60 {
        let (before, after) = if found() == "linear" { ("linear", "ridge") } else { ("ridge", "linear") };
        let mut child = fit(after);
        std::thread::sleep(delay.mul_f64(0.8 + 0.4 * rng.uniform()));
        child.kill().unwrap();
        child.wait().unwrap();
        let is = found();
        assert!(is == before || is == after, "{round}: {is}");
        (old, new) = (old + u32::from(is == before), new + u32::from(is == after));
        // Most kills come close to the moment at which the files are written.
        delay = delay.mul_f64(if is == before { 1.2 } else { 0.83 });
    }
    assert!(old > 0 && new > 0, "{old} old and {new} new fits: nothing was tested");
    // A kill between the estimator and its report.
    assert_eq!(ended(fit("ridge")).0, Some(0));
    let digest = blake3::hash(&std::fs::read(out.join("report.json")).unwrap());
    let next = out.join(format!(".report.json.next-{digest}"));
    std::fs::rename(out.join("report.json"), &next).unwrap();
    assert_eq!(found(), "ridge");
    assert_eq!(ended(fit("linear")).0, Some(0));
    assert_eq!(found(), "linear");
    assert!(!next.exists());
}

/// Flipped bits in the report of a fit are detected before a prediction.
#[test]
fn a_flipped_bit_in_the_report_of_a_fit_is_detected() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("fit");
    assert_eq!(ended(start(&["fit", "linear", "--data", "women"], &out)).0, Some(0));
    let registry = Registry::standard();
    let good = std::fs::read(out.join("report.json")).unwrap();
    for bit in (0..good.len() * 8).step_by(97) {
        let mut bytes = good.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(out.join("report.json"), bytes).unwrap();
        let error = freewheel::fit::read(&out, registry.estimators()).err().unwrap();
        assert!(matches!(error, Error::Damaged { .. }), "bit {bit}: {error}");
    }
    let (code, said) = PROGRAM.fails(&["predict", out.to_str().unwrap()]);
    assert!(code == 5 && said.contains("report.json"), "{code} {said}");
}

/// A folder that is deleted, or replaced by another one, while a fit or a run writes into it.
#[test]
fn a_folder_that_is_replaced_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let set = ["--set", "estimator.num_epochs=100000"];
    let fit = [&["fit", "mlp", "--data", "digits"][..], &set].concat();
    let run = ["train", "grid/frozenlake-8x8", "q-learning", "--steps", "100000000"];
    let run = [&run[..], &["--set", "checkpoint.points=1000"]].concat();
    for (words, replaced) in [(&fit, false), (&fit, true), (&run, true)] {
        let out = folder.path().join("out");
        let child = start(words, &out);
        wait_for("no lock", || out.join(".lock").exists());
        wait_for_handler(&child);
        if words == &run {
            wait_for("no step", || files(&out).keys().any(|name| name.ends_with(".ckpt")));
        }
        std::fs::rename(&out, folder.path().join("moved")).unwrap();
        if replaced {
            std::fs::create_dir(&out).unwrap();
        }
        if words == &fit {
            interrupt(&child);
        }
        let (code, said) = ended(child);
        assert_eq!(code, Some(3), "{words:?}: {said}");
        assert!(said.contains("replaced") || said.contains("No such file"), "{said}");
        let _ = std::fs::remove_dir_all(&out);
        std::fs::remove_dir_all(folder.path().join("moved")).unwrap();
    }
}
