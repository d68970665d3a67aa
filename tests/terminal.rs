//! The viewer in a real terminal, made by tmux: it starts, obeys keys, follows the size of the window, can be
//! suspended, and leaves the terminal as it was, however it ends. A game played by hand is kept.

#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use freewheel_tests::Program;
use tempfile::TempDir;

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-program"));

/// Shell in a window of a tmux server of its own.
struct Tmux {
    folder: TempDir,
}

impl Tmux {
    /// Window of `columns` x `rows` cells with a shell; `None` if tmux is not installed.
    fn start(columns: u16, rows: u16) -> Option<Tmux> {
        if Command::new("tmux").arg("-V").output().is_err() {
            eprintln!("skipped: the program `tmux` makes the terminal");
            return None;
        }
        let tmux = Tmux { folder: tempfile::tempdir().unwrap() };
        let (columns, rows) = (columns.to_string(), rows.to_string());
        let shell = "PS1='READY ' exec bash --norc --noprofile -i";
        let window = ["new-session", "-d", "-x", &columns, "-y", &rows, shell];
        let output = tmux.call(&[&["-f", "/dev/null"], &window[..]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        tmux.wait_for("READY");
        tmux.line(&format!("cd {}", tmux.folder.path().display()));
        Some(tmux)
    }

    fn call(&self, args: &[&str]) -> Output {
        let socket = self.folder.path().join("socket");
        let mut tmux = Command::new("tmux");
        tmux.arg("-S").arg(socket).args(args).env_remove("TMUX").env("LC_ALL", "C.UTF-8");
        tmux.output().unwrap()
    }

    /// Sends keys by their names in tmux, such as `Space` or `C-z`.
    fn keys(&self, keys: &[&str]) {
        assert!(self.call(&[&["send-keys"], keys].concat()).status.success());
    }

    /// Types `text` and a line end.
    fn line(&self, text: &str) {
        assert!(self.call(&["send-keys", "-l", text]).status.success());
        self.keys(&["Enter"]);
    }

    /// Starts the program with `args`.
    fn run(&self, args: &str) {
        self.line(&format!("clear; {} {args}", PROGRAM.0));
    }

    /// Starts the program with `args`, and waits until its screen is open. The command line shows the names, too.
    fn open(&self, args: &str) {
        self.run(args);
        self.wait_until("screen of the program", |_| self.alternate());
    }

    fn resize(&self, columns: u16, rows: u16) {
        let (columns, rows) = (columns.to_string(), rows.to_string());
        assert!(self.call(&["resize-window", "-x", &columns, "-y", &rows]).status.success());
    }

    /// Text on the screen.
    fn screen(&self) -> String {
        String::from_utf8(self.call(&["capture-pane", "-p"]).stdout).unwrap()
    }

    /// Waits until `text` is on the screen, at most 20 seconds; returns the screen.
    fn wait_for(&self, text: &str) -> String {
        self.wait_until(text, |screen| screen.contains(text))
    }

    fn wait_until(&self, what: &str, holds: impl Fn(&str) -> bool) -> String {
        let begin = Instant::now();
        loop {
            let screen = self.screen();
            if holds(&screen) {
                return screen;
            }
            assert!(begin.elapsed() < Duration::from_secs(20), "no {what}:\n{screen}");
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Settings of the terminal, by `stty`.
    fn settings(&self) -> String {
        let file = self.folder.path().join("stty");
        let _ = std::fs::remove_file(&file);
        self.line("clear; stty -g > part; mv part stty");
        let begin = Instant::now();
        while !file.exists() {
            assert!(begin.elapsed() < Duration::from_secs(20), "no answer:\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(20));
        }
        std::fs::read_to_string(file).unwrap()
    }

    /// Process id of the program, a descendant of the shell.
    fn process(&self) -> String {
        let shell = self.call(&["display-message", "-p", "#{pane_pid}"]).stdout;
        let shell = String::from_utf8(shell).unwrap().trim().to_owned();
        let begin = Instant::now();
        loop {
            let found = children(&shell).into_iter().find(|child| {
                std::fs::read_link(format!("/proc/{child}/exe")).is_ok_and(|it| it == Path::new(PROGRAM.0))
            });
            if let Some(found) = found {
                return found;
            }
            assert!(begin.elapsed() < Duration::from_secs(20), "no process:\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sends a signal to the program.
    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.process()]).status().unwrap().success());
    }

    /// Whether the pane shows the alternate screen.
    fn alternate(&self) -> bool {
        self.call(&["display-message", "-p", "#{alternate_on}"]).stdout.starts_with(b"1")
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.call(&["kill-server"]);
    }
}

/// Descendants of a process.
fn children(process: &str) -> Vec<String> {
    let file = format!("/proc/{process}/task/{process}/children");
    let own = std::fs::read_to_string(file).unwrap_or_default();
    own.split_whitespace().flat_map(|child| [vec![child.to_owned()], children(child)].concat()).collect()
}

#[test]
fn keys_resizes_and_the_end() {
    let Some(tmux) = Tmux::start(100, 30) else { return };
    let settings = tmux.settings();
    tmux.open("watch grid/cliff --seed 3");
    tmux.wait_for("grid/cliff");
    tmux.keys(&["Space"]);
    tmux.wait_for("resume");
    tmux.keys(&["?"]);
    tmux.wait_for("faster, slower");
    tmux.keys(&["Escape"]);
    tmux.wait_until("view without help", |screen| !screen.contains("faster, slower"));
    for (columns, rows) in [(60, 16), (40, 10), (20, 5), (200, 60), (80, 24)] {
        tmux.resize(columns, rows);
        std::thread::sleep(Duration::from_millis(100));
        let screen = tmux.screen();
        assert!(screen.lines().any(|line| !line.trim().is_empty()), "{columns} x {rows} is blank");
    }
    tmux.wait_for("grid/cliff");
    tmux.keys(&["q"]);
    tmux.wait_for("READY");
    assert!(!tmux.alternate());
    assert_eq!(tmux.settings(), settings);
}

#[test]
fn a_signal_restores_the_terminal() {
    let Some(tmux) = Tmux::start(80, 24) else { return };
    let settings = tmux.settings();
    for signal in ["-TERM", "-INT", "-HUP"] {
        tmux.open("watch track/club --agent random");
        tmux.wait_for("track/club");
        tmux.signal(signal);
        tmux.wait_until("prompt", |screen| screen.contains("READY") && !screen.contains("track/club "));
        assert!(!tmux.alternate(), "{signal}");
        assert_eq!(tmux.settings(), settings, "{signal}");
    }
}

#[test]
fn the_viewer_is_suspended_and_continued() {
    let Some(tmux) = Tmux::start(80, 24) else { return };
    let settings = tmux.settings();
    tmux.open("watch grid/cliff");
    tmux.wait_for("grid/cliff");
    tmux.keys(&["C-z"]);
    tmux.wait_for("Stopped");
    assert!(!tmux.alternate());
    assert_eq!(tmux.settings(), settings);
    tmux.line("fg");
    tmux.wait_until("viewer", |screen| screen.contains("grid/cliff") && !screen.contains("Stopped"));
    assert!(tmux.alternate());
    tmux.keys(&["q"]);
    tmux.wait_for("READY");
    assert_eq!(tmux.settings(), settings);
}

#[test]
fn an_episode_played_by_hand_is_kept() {
    let Some(tmux) = Tmux::start(100, 30) else { return };
    tmux.open("play grid/cliff --to mine");
    tmux.wait_for("you play");
    // Along the cliff to the goal.
    tmux.keys(&["Up"]);
    tmux.keys(&["Right"; 11]);
    tmux.keys(&["Down"]);
    tmux.wait_for("saved to mine");
    tmux.keys(&["q"]);
    tmux.wait_for("mine: 1 episode more");
    tmux.run("demos verify mine");
    tmux.wait_for("1 episodes replay exactly");
    tmux.run("demos show mine --episode 0");
    tmux.wait_for("human");
}

#[test]
fn the_home_screen_opens_a_world_and_returns() {
    let Some(tmux) = Tmux::start(120, 40) else { return };
    let settings = tmux.settings();
    tmux.open("");
    tmux.wait_for("1 Worlds");
    tmux.keys(&["/"]);
    tmux.line("grid/cliff");
    tmux.keys(&["Enter"]);
    tmux.wait_for("optimal policy");
    tmux.keys(&["q"]);
    tmux.wait_for("1 Worlds");
    tmux.keys(&["3"]);
    tmux.wait_for("no runs");
    tmux.keys(&["q"]);
    tmux.wait_until("prompt", |screen| screen.contains("READY") && !screen.contains("1 Worlds"));
    assert_eq!(tmux.settings(), settings);
}

#[test]
fn the_tour_is_walked_through_by_keys_and_mouse() {
    let Some(tmux) = Tmux::start(80, 24) else { return };
    let settings = tmux.settings();
    tmux.open("tour --lang en");
    tmux.wait_for("Three kinds of learning");
    tmux.keys(&["Enter"]);
    tmux.wait_for("weight w1");
    tmux.keys(&["f", "l"]);
    tmux.wait_for("All points are right");
    let scenes = [
        ("2", "learning rate"),
        ("3", "inertia"),
        ("4", "SANDBOX"),
        ("5", "depth N"),
        ("6", "walks"),
        ("7", "wrong, episodes"),
        ("8", "what learned"),
        ("9", "freewheel fit mlp"),
    ];
    for (key, text) in scenes {
        tmux.keys(&[key]);
        tmux.wait_for(text);
    }
    // The grid learns step by step, and the equation has its numbers.
    tmux.keys(&["4"]);
    tmux.keys(&["s", "s"]);
    tmux.wait_for("max Q(s',·)");
    // A click on the first scene in the header: column 19 from 1, as terminals report it.
    let click = |column: u16, row: u16| {
        for end in ["M", "m"] {
            let text = format!("\u{1b}[<0;{column};{row}{end}");
            let bytes: Vec<String> = text.bytes().map(|byte| format!("{byte:02x}")).collect();
            let bytes: Vec<&str> = bytes.iter().map(String::as_str).collect();
            assert!(tmux.call(&[&["send-keys", "-H"], &bytes[..]].concat()).status.success());
        }
    };
    click(19, 1);
    tmux.wait_for("weight w1");
    tmux.keys(&["L"]);
    tmux.wait_for("가중치");
    for (columns, rows) in [(60, 16), (120, 40), (80, 24)] {
        tmux.resize(columns, rows);
        let text = if columns < 70 { "너무 작습니다" } else { "가중치" };
        tmux.wait_for(text);
    }
    tmux.keys(&["q"]);
    tmux.wait_until("prompt", |screen| screen.contains("READY") && !screen.contains("가중치"));
    assert!(!tmux.alternate());
    assert_eq!(tmux.settings(), settings);
    // The locale decides.
    tmux.line(&format!("clear; LC_ALL=ko_KR.UTF-8 {} tour", PROGRAM.0));
    tmux.wait_for("세 가지 학습");
    tmux.keys(&["q"]);
    tmux.wait_until("prompt", |screen| screen.contains("READY") && !screen.contains("세 가지 학습"));
}

#[test]
fn the_home_screen_and_the_viewer_are_korean() {
    let Some(tmux) = Tmux::start(100, 30) else { return };
    tmux.line(&format!("clear; LC_ALL=ko_KR.UTF-8 {}", PROGRAM.0));
    tmux.wait_for("1 세계");
    tmux.keys(&["?"]);
    tmux.wait_for("화살표와 같음");
    tmux.keys(&["Escape"]);
    tmux.wait_until("home without help", |screen| !screen.contains("화살표와 같음"));
    tmux.keys(&["q"]);
    tmux.wait_until("prompt", |screen| screen.contains("READY") && !screen.contains("1 세계"));
    // The option stands before or behind the subcommand.
    for line in ["--lang ko watch grid/cliff", "watch grid/cliff --lang=ko"] {
        tmux.open(line);
        tmux.wait_for("에피소드");
        tmux.keys(&["?"]);
        tmux.wait_for("멈추기, 계속하기");
        tmux.keys(&["Escape"]);
        tmux.wait_until("view without help", |screen| !screen.contains("멈추기, 계속하기"));
        tmux.keys(&["q"]);
        tmux.wait_until("prompt", |screen| screen.contains("READY") && !screen.contains("에피소드"));
    }
    tmux.line(&format!("clear; {} watch --help --lang ko | head -n 3", PROGRAM.0));
    tmux.wait_for("사용법: freewheel");
    // English is asked for in a Korean locale.
    tmux.line(&format!("clear; LC_ALL=ko_KR.UTF-8 {} watch grid/cliff --lang en", PROGRAM.0));
    tmux.wait_for("episode");
    tmux.keys(&["q"]);
    tmux.wait_until("prompt", |screen| screen.contains("READY") && !screen.contains("episode"));
}

#[test]
fn training_shows_its_dashboard_and_stops_saved() {
    let Some(tmux) = Tmux::start(120, 40) else { return };
    tmux.open("train grid/cliff sarsa --steps 50000000 --out runs");
    tmux.wait_for("jobs");
    tmux.wait_for("learning");
    tmux.keys(&["s"]);
    tmux.wait_until("prompt", |screen| screen.contains("READY") && screen.contains("resume"));
    assert!(!tmux.alternate());
}

#[test]
fn a_session_is_recorded_with_the_screens_that_it_opens() {
    let Some(tmux) = Tmux::start(100, 30) else { return };
    tmux.open("--record session.cast");
    tmux.wait_for("1 Worlds");
    tmux.keys(&["/"]);
    tmux.line("grid/cliff");
    tmux.keys(&["Enter"]);
    tmux.wait_for("optimal policy");
    tmux.resize(80, 24);
    tmux.wait_for("pause");
    tmux.keys(&["q"]);
    tmux.wait_for("1 Worlds");
    tmux.keys(&["Escape"]);
    // Escape and q in one read would be Alt-q.
    tmux.wait_until("list without filter", |screen| !screen.contains("/grid/cliff"));
    tmux.keys(&["q"]);
    tmux.wait_for("recorded: session.cast");
    tmux.run("render session.cast --to end.txt");
    // The command on the screen names the file, too.
    let file = tmux.folder.path().join("end.txt");
    tmux.wait_until("end.txt", |_| file.is_file());
    let cast = std::fs::read_to_string(tmux.folder.path().join("session.cast")).unwrap();
    assert!(cast.contains("optimal policy") && cast.contains("\"r\",\"80x24\""));
    let end = std::fs::read_to_string(file).unwrap();
    assert!(end.contains("1 Worlds") && !end.contains("optimal policy"), "{end}");
    // The format is known before anything is shown.
    tmux.run("watch grid/cliff --record a.mp4");
    tmux.wait_for("--record a.mp4: the format follows");
}
