//! Mutated inputs against every reader: files of the formats that Freewheel reads, commands of the Go Text Protocol,
//! and saved agents and estimators with a right checksum.
//!
//!     cargo run -p freewheel-tests --bin freewheel-fuzz -- [--seconds 300] [--seed 0] [--only TEXT]
//!
//! A reader must return: a value or an error. A panic, more than 5 s or more than 1 GB for one input is a fault; the
//! input is kept under `target/fuzz/` and the program ends with exit code 1. Equal seeds give equal inputs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::print_stderr)]

mod mutate;
mod readers;
mod saved;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use freewheel_core::{Purpose, Streams};

/// Longest time for one input.
const MAX_TIME: Duration = Duration::from_secs(5);
/// Largest memory for one input, in KiB.
const MAX_MEMORY: u64 = 1_000_000;

/// Reads one input; tells whether it was accepted.
pub type Reader = Box<dyn FnMut(&[u8]) -> bool>;

/// A reader with inputs that it accepts.
pub struct Target {
    /// Name of the reader.
    pub name: String,
    /// Accepted inputs, the seeds of the mutations.
    pub seeds: Vec<Vec<u8>>,
    /// The reader.
    pub read: Reader,
}

/// Options of the command line.
struct Options {
    seconds: u64,
    seed: u64,
    only: String,
}

fn main() -> ExitCode {
    let options = options(std::env::args().skip(1));
    let folder = tempfile::tempdir().unwrap();
    let mut targets = readers::all(folder.path());
    targets.extend(saved::all(folder.path()));
    targets.retain(|target| target.name.contains(&options.only));
    assert!(!targets.is_empty(), "no reader's name contains '{}'", options.only);
    let kept = kept_folder();
    std::thread::spawn(watch);
    std::panic::set_hook(Box::new(|_| {}));

    let mut faults = 0;
    let each = Duration::from_secs(options.seconds) / u32::try_from(targets.len()).unwrap();
    for target in &mut targets {
        if !target.seeds.iter().any(|seed| (target.read)(seed)) {
            eprintln!("{}: every seed is refused", target.name);
            faults += 1;
            continue;
        }
        faults += fuzz(target, each, options.seed, &kept);
    }
    match faults {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Reads mutated inputs for the time `each`; returns the number of faults, at most one.
fn fuzz(target: &mut Target, each: Duration, seed: u64, kept: &Path) -> u32 {
    let mut rng = Streams::new(seed).stream(Purpose::Data, 0, 0);
    let file = kept.join(target.name.replace(['/', ' '], "-"));
    let start = Instant::now();
    let (mut inputs, mut accepted, mut longest) = (0u64, 0u64, Duration::ZERO);
    let mut pick = |seeds: &[Vec<u8>]| {
        let at = rng.below(u32::try_from(seeds.len()).unwrap()) as usize;
        let other = rng.below(u32::try_from(seeds.len()).unwrap()) as usize;
        mutate::mutate(&seeds[at], &seeds[other], &mut rng)
    };
    while start.elapsed() < each {
        let input = pick(&target.seeds);
        // An input that ends the whole process is on disk before it is read.
        std::fs::write(&file, &input).unwrap();
        reset_peak_memory();
        let before = peak_memory();
        let clock = Instant::now();
        STARTED.store(now(), Ordering::Relaxed);
        let result = catch_unwind(AssertUnwindSafe(|| (target.read)(&input)));
        STARTED.store(0, Ordering::Relaxed);
        let time = clock.elapsed();
        let memory = peak_memory().saturating_sub(before);
        let fault = match result {
            Err(panic) => Some(format!("panic: {}", words(&*panic))),
            Ok(_) if time > MAX_TIME => Some(format!("took {:.1} s", time.as_secs_f64())),
            Ok(_) if memory > MAX_MEMORY => Some(format!("took {memory} KiB of memory")),
            Ok(ok) => {
                accepted += u64::from(ok);
                None
            }
        };
        if let Some(fault) = fault {
            eprintln!("{}: {fault}\n  input: {}", target.name, file.display());
            return 1;
        }
        inputs += 1;
        longest = longest.max(time);
    }
    let _ = std::fs::remove_file(&file);
    println!(
        "{:<28} {inputs:>9} inputs, {accepted:>9} accepted, longest {:.3} s",
        target.name,
        longest.as_secs_f64()
    );
    0
}

/// Milliseconds at which the current input began; 0 between inputs.
static STARTED: AtomicU64 = AtomicU64::new(0);

fn now() -> u64 {
    std::time::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_millis() as u64)
}

/// Ends the process if one input takes far longer than [`MAX_TIME`], such as an endless loop.
fn watch() {
    loop {
        std::thread::sleep(Duration::from_secs(1));
        let started = STARTED.load(Ordering::Relaxed);
        if started > 0 && now().saturating_sub(started) > 6 * MAX_TIME.as_millis() as u64 {
            eprintln!(
                "one input takes longer than {:?}: see the newest file in {}",
                6 * MAX_TIME,
                kept_folder().display()
            );
            std::process::exit(1);
        }
    }
}

/// Largest resident memory since the last [`reset_peak_memory`], KiB; 0 where the system does not tell it.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|value| value.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn reset_peak_memory() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// Folder of the inputs that showed a fault.
fn kept_folder() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let folder = program.parent().unwrap().join("../fuzz");
    std::fs::create_dir_all(&folder).unwrap();
    folder.canonicalize().unwrap()
}

fn words(panic: &dyn std::any::Any) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message").to_owned()
}

fn options(words: impl Iterator<Item = String>) -> Options {
    let mut options = Options { seconds: 300, seed: 0, only: String::new() };
    let words: Vec<String> = words.collect();
    for pair in words.chunks(2) {
        let [name, value] = pair else { panic!("{} needs a value", pair[0]) };
        match name.as_str() {
            "--seconds" => options.seconds = value.parse().expect("--seconds: a whole number"),
            "--seed" => options.seed = value.parse().expect("--seed: a whole number"),
            "--only" => options.only.clone_from(value),
            _ => panic!("{name} is unknown; the options are --seconds, --seed and --only"),
        }
    }
    options
}
