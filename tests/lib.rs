//! Helpers of the end-to-end tests in this folder, which run the whole program.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The program under test.
#[derive(Clone, Copy)]
pub struct Program(pub &'static str);

impl Program {
    /// Command with the arguments `words`, not yet started. Its working directory is the folder of the binary, so that
    /// no output is written into the repository.
    pub fn command(self, words: &[&str]) -> Command {
        let mut command = Command::new(self.0);
        command.args(words).env_remove("RUST_BACKTRACE");
        command.current_dir(Path::new(self.0).parent().unwrap());
        command
    }

    /// Runs the program.
    pub fn output(self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// Runs the program, which must succeed; returns its standard output.
    pub fn text(self, words: &[&str]) -> String {
        let output = self.output(words);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {:?}\n{error}", output.status);
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs the program and parses its standard output as one JSON document.
    pub fn json(self, words: &[&str]) -> Value {
        let text = self.text(words);
        serde_json::from_str(&text)
            .unwrap_or_else(|e| panic!("{words:?} is not one JSON document: {e}\n{text}"))
    }

    /// Runs the program, which must fail; returns its exit code and standard error.
    pub fn fails(self, words: &[&str]) -> (i32, String) {
        let output = self.output(words);
        assert!(!output.status.success(), "{words:?} succeeded");
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    }
}

/// All files below `root`: the bytes of each file, by relative path.
pub fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
                found.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// Files of runs: all files below `root` except the tables of results, whose speeds differ.
pub fn run_files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = files(root);
    found.retain(|name, _| name.contains('/'));
    assert!(!found.is_empty());
    found
}

/// Asserts that two folders of runs have the same files with the same bytes.
pub fn assert_same_bytes(a: &Path, b: &Path) {
    let (a, b) = (run_files(a), run_files(b));
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    for (name, bytes) in &a {
        assert!(bytes == &b[name], "{name} differs");
    }
}

/// Number of games of each size in a comparison of Go: `FREEWHEEL_GO_GAMES`, or 40.
pub fn go_games() -> usize {
    std::env::var("FREEWHEEL_GO_GAMES").ok().and_then(|games| games.parse().ok()).unwrap_or(40)
}

/// Python that can import `module` of the package `package`: `FREEWHEEL_PYTHON`, or the one that `tests/peers/setup`
/// has made. Without one the test is skipped with a message, or fails if `FREEWHEEL_REFEREES` is `required`.
pub fn python(module: &str, package: &str) -> Option<PathBuf> {
    let made = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/peers/bin/python"));
    let python = std::env::var_os("FREEWHEEL_PYTHON").map_or(made, PathBuf::from);
    let import = format!("import {module}");
    if Command::new(&python).args(["-c", &import]).output().is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    let required = std::env::var("FREEWHEEL_REFEREES").is_ok_and(|value| value == "required");
    assert!(!required, "{} cannot import {module}", python.display());
    eprintln!("SKIPPED: no Python with {package}; make one with tests/peers/setup");
    None
}
