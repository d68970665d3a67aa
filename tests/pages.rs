//! Every command and every example that a page names is run: a shell runs the commands in a folder of their own, where
//! `freewheel` is the program under test.
//!
//! Long commands are made short: `--steps`, `--train` and `--games` get small numbers, and a command that still runs
//! after [`PATIENCE`] is ended and counts as accepted, since wrong arguments are refused at once. A command with a
//! placeholder (`FILE`, `[--flag]`) cannot be run: its subcommand and its flags must be in the help.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use freewheel::prelude::*;
use freewheel_tests::Program;

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-program"));
const OWN_WORLD: &str = env!("CARGO_BIN_EXE_freewheel-own-world");

/// Time after which a command that still runs counts as accepted.
const PATIENCE: Duration = Duration::from_secs(6);

/// Texts that stand for something else in a command.
const PLACEHOLDERS: [&str; 13] =
    ["[", "show|", "<", "FILE", "WORLD", "NAME", "DIR", "RUN", "FOLDER", "DATA", "...", " A B", "mine.csv"];

/// The repository's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// All pages below `folder`, and the pages in the root for `.`.
fn pages(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|e| e == "md")).collect();
    pages.sort();
    assert!(!pages.is_empty(), "{folder}");
    pages
}

/// Commands of a page: indented lines that begin with `freewheel` or `cargo run`, continued by `\`, and code within a
/// line that begins with `freewheel`.
fn commands(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = page.lines().map(str::trim_end).peekable();
    while let Some(line) = lines.next() {
        let is_command = |line: &str| line.starts_with("freewheel ") || line.starts_with("cargo run ");
        if line.starts_with("    ") && is_command(line.trim_start()) {
            let mut command = line.trim_start().to_owned();
            while command.ends_with('\\') {
                command.pop();
                command.push_str(lines.next().unwrap().trim_start());
            }
            while command.matches('\'').count() % 2 == 1 {
                command.push(' ');
                command.push_str(lines.next().unwrap().trim_start());
            }
            // A comment follows two spaces.
            let command = command.split("  ").next().unwrap().trim();
            found.push(command.to_owned());
        } else if !line.starts_with("    ") {
            // Two words name a subcommand and no more.
            let code = line.split('`').skip(1).step_by(2).filter(|code| code.starts_with("freewheel "));
            found.extend(code.filter(|code| code.split(' ').count() > 2).map(str::to_owned));
        }
    }
    found
}

/// Command with small numbers for the options that say how long it takes.
fn shortened(command: &str) -> String {
    let mut words: Vec<&str> = command.split(' ').collect();
    for at in 1..words.len() {
        let short = match words[at - 1] {
            "--steps" | "--train" => "300",
            "--games" => "2",
            _ => continue,
        };
        words[at] = short;
    }
    words.join(" ")
}

/// Folder in which commands run: `freewheel` and `cargo` are in `bin`, and the files that pages name are there.
struct Workplace(tempfile::TempDir);

impl Workplace {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("bin");
        std::fs::create_dir(&bin).unwrap();
        std::os::unix::fs::symlink(PROGRAM.0, bin.join("freewheel")).unwrap();
        let examples = Path::new(PROGRAM.0).parent().unwrap().join("examples");
        // `cargo run` without `--example` runs the program of the page: that of an own world, or `freewheel`.
        let cargo = format!(
            "#!/bin/sh\nexample=\nfor word do shift\n  case $word in\n    --) break;;\n    --example) next=1;;\n    \
             *) [ -n \"$next\" ] && example=$word; next=;;\n  esac\ndone\n\
             case $example in\n  '') exec \"$OWN\" \"$@\";;\n  *) exec '{}'/\"$example\" \"$@\";;\nesac\n",
            examples.display()
        );
        write_program(&bin.join("cargo"), &cargo);
        std::os::unix::fs::symlink(root().join("docs"), folder.path().join("docs")).unwrap();
        std::fs::create_dir(folder.path().join("runs")).unwrap();
        std::os::unix::fs::symlink(root().join("runs/examples"), folder.path().join("runs/examples"))
            .unwrap();
        std::fs::create_dir(folder.path().join("maps")).unwrap();
        for map in ["mine.txt", "maps/mine.txt"] {
            std::fs::write(folder.path().join(map), "S..\n.#.\n..G\n").unwrap();
        }
        // Finished runs, for the commands that read some.
        let experiment = folder.path().join("finished.toml");
        let text = "name = 'default'\nworlds = ['grid/cliff']\nagents = ['q-learning', 'ppo']\nseeds = '0..2'\n\
                    steps = 300\nnum_envs = 1\nevaluation = { episodes = 2, max_steps = 50 }\n";
        std::fs::write(&experiment, text).unwrap();
        let out = folder.path().join("results/default");
        PROGRAM.text(&["run", experiment.to_str().unwrap(), "--out", out.to_str().unwrap(), "--quiet"]);
        Workplace(folder)
    }

    /// Runs `command` in a shell; returns its exit code and its standard error, or `None` if it still ran after
    /// [`PATIENCE`] and was ended.
    fn run(&self, command: &str, own: &str) -> Option<(i32, String)> {
        let path = format!("{}:{}", self.0.path().join("bin").display(), std::env::var("PATH").unwrap());
        let error = self.0.path().join("error");
        let mut child = Command::new("sh")
            .args(["-c", command])
            .current_dir(self.0.path())
            .env("PATH", path)
            .env("OWN", own)
            .env("FREEWHEEL_DATA", self.0.path().join("no-data"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&error).unwrap())
            .process_group(0)
            .spawn()
            .unwrap();
        let mut output = child.stdout.take().unwrap();
        let drain = std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if let Some(status) = child.try_wait().unwrap() {
                return Some((status.code().unwrap_or(-1), std::fs::read_to_string(&error).unwrap()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let group = format!("-{}", child.id());
        Command::new("kill").args(["-KILL", "--", &group]).status().unwrap();
        child.wait().unwrap();
        // The child is the shell: the output ends with the last program of the group, which holds locks until then.
        drain.join().unwrap().unwrap();
        None
    }
}

fn write_program(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Flags and subcommand of a usage line must be in the help.
fn in_the_help(command: &str) {
    let words: Vec<&str> = command.split([' ', '[', ']', '|', ';', '=']).collect();
    let Some(subcommand) = words.get(1).filter(|_| words[0] == "freewheel") else { return };
    let own = if ["sgf", "demos", "runs"].contains(subcommand) { &words[1..3] } else { &words[1..2] };
    let help = PROGRAM.text(&[own, &["--help"]].concat());
    for flag in words.iter().filter(|word| word.starts_with("--") && word.len() > 2) {
        assert!(help.contains(flag), "`{command}`: {flag} is not in the help of {subcommand}");
    }
}

/// Whether a command failed for lack of something: a terminal, GNU Go, prices, circuits and records that are not part
/// of the project, or the result of a command before it that took too long.
fn lacks_something(error: &str) -> bool {
    let lacking = [
        "terminal",
        "gnugo",
        ".csv: No such file",
        "tom-v0: not a store",
        "mnist",
        "fetch",
        "no fitted estimator",
        "results/fit/",
    ];
    lacking.iter().any(|what| error.contains(what))
}

/// Runs the commands of `pages`.
fn check(pages: &[PathBuf]) {
    let workplace = Workplace::new();
    for page in pages {
        let text = std::fs::read_to_string(page).unwrap();
        let own = if page.ends_with("own-world.md") { OWN_WORLD } else { PROGRAM.0 };
        for command in commands(&text) {
            if PLACEHOLDERS.iter().any(|placeholder| command.contains(placeholder)) {
                in_the_help(&command);
                continue;
            }
            // Folders of results have names that end with a digest of the settings: those in pages are examples.
            let command = shortened(&command).replace("-1a2b3c4d", "-*");
            if let Some((code, error)) = workplace.run(&command, own) {
                let known = code == 0 || lacks_something(&error);
                assert!(known, "{}: `{command}` exits with {code}:\n{error}", page.display());
            }
        }
    }
}

#[test]
fn commands_of_the_front_pages_run() {
    check(&pages("."));
}

#[test]
fn commands_of_the_guides_run() {
    check(&[pages("docs"), pages("docs/ko")].concat());
}

#[test]
fn commands_of_the_pages_of_worlds_and_agents_run() {
    check(&[pages("docs/worlds"), pages("docs/agents")].concat());
}

#[test]
fn commands_of_the_pages_of_results_run() {
    check(&pages("docs/results"));
}

/// The Rust examples of the pages are those of the tests below, line by line.
#[test]
fn examples_in_rust_are_tested() {
    let tested = include_str!("pages.rs");
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let tested: Vec<String> = tested.lines().map(words).collect();
    for page in ["README.md", "docs/estimators.md", "docs/worlds/grid.md"] {
        let text = std::fs::read_to_string(root().join(page)).unwrap().replace("\r\n", "\n");
        let code = text.split("```rust\n").skip(1).map(|rest| rest.split("```").next().unwrap());
        let lines: Vec<String> =
            code.flat_map(str::lines).map(words).filter(|line| !line.is_empty()).collect();
        assert!(!lines.is_empty(), "{page} has no example");
        for line in lines {
            assert!(tested.contains(&line), "{page}: `{line}` is not tested");
        }
    }
}

#[test]
fn the_example_of_the_readme_runs() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    std::env::set_current_dir(folder.path()).unwrap();
    let mut ppo = Ppo::on("classic/cartpole").num_envs(16).seed(0).build()?;
    ppo.learn(200_000, |progress| println!("{} {:.1}", progress.step, progress.mean_return))?;
    println!("{}", ppo.evaluate(100)?);
    ppo.save("cartpole.fw")?;
    let action = ppo.predict(&[0.0, 0.1, 0.02, -0.1])?;
    assert!(action.discrete().is_some());
    Ok(())
}

#[test]
fn the_example_of_the_page_of_estimators_runs() -> Result<()> {
    let (x, labels) = (Samples::new(vec![0.0, 1.0, 8.0, 9.0], 1)?, [0, 0, 1, 1]);
    let mut softmax = Estimator::new(softmax::Config::default(), Streams::new(0))?; // settings, seed
    softmax.fit(&x, &labels)?;
    assert_eq!(softmax.predict(&x)?, labels);
    println!("accuracy {}", softmax.score(&x, &labels)?);
    let x = Samples::new(vec![0.0, 1.0, 8.0, 9.0], 1)?;
    let y = Samples::new(vec![1.0, 5.0, 1.0, 5.0, 2.0, 7.0, 2.0, 7.0], 2)?; // two targets
    let mut forest = Estimator::new(Regression(forest::Config::default()), Streams::new(0))?;
    forest.fit(&x, &y)?;
    println!("targets {:?}, R² {}", forest.predict(&x)?.row(0), forest.score(&x, &y)?);
    Ok(())
}

#[test]
fn the_example_of_the_page_of_grids_runs() -> Result<(), Box<dyn std::error::Error>> {
    use freewheel_envs::gridworld::GridworldFamily;

    let settings = "slippery = false".parse()?;
    let world = GridworldFamily.world("frozenlake-4x4", &settings)?.expect("a known name");
    for outcome in world.outcomes(14, 2) {
        println!("{outcome:?}"); // probability, next state, reward, terminal
    }
    println!("{}", world.transitions_json()); // the whole table
    Ok(())
}
