//! Job control of the viewer: Ctrl-Z gives the terminal back, and the viewer's screen returns with SIGCONT, which `fg`
//! sends.

#![cfg(target_os = "linux")]

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use freewheel_tests::Program;

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-program"));

/// Waits until `holds` is true, at most 20 seconds.
fn wait_for(what: &str, holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Process id of the viewer, a descendant of the shell `parent`.
fn viewer(parent: u32) -> Option<u32> {
    let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).ok()?;
    children.split_whitespace().find_map(|child| {
        let child: u32 = child.parse().ok()?;
        let is_it = std::fs::read_link(format!("/proc/{child}/exe")).ok()? == Path::new(PROGRAM.0);
        if is_it { Some(child) } else { viewer(child) }
    })
}

fn state(process: u32) -> char {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    stat.rsplit_once(") ").unwrap().1.chars().next().unwrap()
}

#[test]
fn the_viewer_can_be_suspended_and_continued() {
    if Command::new("script").arg("--version").output().is_err() {
        eprintln!("skipped: the program `script` of util-linux makes the terminal");
        return;
    }
    // The shell of `script` is interactive, so that it has job control.
    let mut terminal = Command::new("script")
        .args(["-qfec", "bash --norc -i", "/dev/null"])
        .env("TERM", "xterm-256color")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut keys, mut screen) = (terminal.stdin.take().unwrap(), terminal.stdout.take().unwrap());
    let shown = Arc::new(Mutex::new(Vec::new()));
    let copy = Arc::clone(&shown);
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(n @ 1..) = screen.read(&mut buffer) {
            copy.lock().unwrap().extend_from_slice(&buffer[..n]);
        }
    });
    let count = |text: &str| String::from_utf8_lossy(&shown.lock().unwrap()).matches(text).count();
    let (enter, leave) = ("\u{1b}[?1049h", "\u{1b}[?1049l");
    // The echo of this line does not contain the prompt itself.
    writeln!(keys, "PS1='REA''DY '").unwrap();
    wait_for("no shell", || count("READY") >= 1);
    writeln!(keys, "stty rows 30 cols 100; {} watch grid/cliff", PROGRAM.0).unwrap();
    wait_for("no viewer", || count(enter) == 1 && viewer(terminal.id()).is_some());
    let process = viewer(terminal.id()).unwrap();
    for round in 1..=2 {
        // Ctrl-Z as a key, then the signal from another process.
        match round {
            1 => keys.write_all(b"\x1a").unwrap(),
            _ => {
                let kill = Command::new("kill").args(["-TSTP", &process.to_string()]).status();
                assert!(kill.unwrap().success());
            }
        }
        wait_for("it does not stop", || state(process) == 'T');
        wait_for("the screen of the shell is not back", || count(leave) == round);
        let prompts = count("READY");
        keys.write_all(b"\n").unwrap();
        wait_for("the shell does not answer", || count("READY") > prompts);
        let (entered, drawn) = (count(enter), shown.lock().unwrap().len());
        keys.write_all(b"fg\n").unwrap();
        wait_for("the screen of the viewer is not back", || count(enter) > entered);
        wait_for("nothing is drawn", || shown.lock().unwrap().len() > drawn + 500);
        assert_ne!(state(process), 'T');
    }
    let left = count(leave);
    keys.write_all(b"q").unwrap();
    wait_for("it does not quit", || count(leave) > left && viewer(terminal.id()).is_none());
    keys.write_all(b"exit\n").unwrap();
    terminal.wait().unwrap();
}

#[test]
fn the_dashboard_stops_saves_and_restores_the_terminal() {
    if Command::new("script").arg("--version").output().is_err() {
        eprintln!("skipped: the program `script` of util-linux makes the terminal");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let train = format!(
        "stty rows 30 cols 100; {} train grid/taxi q-learning --steps 100G --out {}; echo code $?; stty -a",
        PROGRAM.0,
        folder.path().display()
    );
    let mut terminal = Command::new("script")
        .args(["-qfec", &train, "/dev/null"])
        .env("TERM", "xterm-256color")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut keys, mut screen) = (terminal.stdin.take().unwrap(), terminal.stdout.take().unwrap());
    let shown = Arc::new(Mutex::new(String::new()));
    let copy = Arc::clone(&shown);
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(n @ 1..) = screen.read(&mut buffer) {
            copy.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..n]));
        }
    });
    let shows = |text: &str| shown.lock().unwrap().contains(text);
    wait_for("no dashboard", || shows("\u{1b}[?1049h") && shows("training"));
    // A checkpoint, and the policy of the job above the dashboard and away again.
    keys.write_all(b"c").unwrap();
    wait_for("no checkpoint", || shows("saved"));
    keys.write_all(b"\r").unwrap();
    wait_for("no episode", || shows("episode"));
    keys.write_all(b"q").unwrap();
    wait_for("no dashboard again", || shown.lock().unwrap().matches("jobs").count() >= 2);
    keys.write_all(b"q").unwrap();
    wait_for("it does not end", || shows("code 130"));
    wait_for("no settings of the terminal", || shows("echoe"));
    let all = shown.lock().unwrap().clone();
    assert!(all.contains("interrupted and saved; continue with: "), "{all}");
    assert!(all.rsplit("\u{1b}[?1049l").next().unwrap().contains(" icanon"), "{all}");
    drop(keys);
    terminal.wait().unwrap();
}
