//! Experiment: many runs in parallel.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use freewheel_core::{Error, Result};

use crate::job::Job;
use crate::progress::Progress;
use crate::registry::Registry;
use crate::score_scale::ScoreScales;
use crate::training::{Control, Outcome};

/// Job of an experiment and its outcome.
pub struct JobOutcome<'a> {
    /// Job that was run.
    pub job: &'a Job,
    /// Outcome of the job; `None` if it failed, or if the user interrupted before it started.
    pub outcome: Option<Outcome>,
    /// Error of the job, if it failed.
    pub error: Option<Error>,
    /// Wall-clock time of the job; zero if the job was finished before this call.
    pub time: Duration,
    /// Number of environment steps made in this time, without those of an earlier call.
    pub new_steps: u64,
}

/// Runs `jobs` in folders below `root` on `threads` threads.
///
/// Each running job has its own thread pool, so that no job waits for another one's work. If there are at least as many
/// jobs as threads, each pool has one thread; otherwise the threads are divided equally. A job that fails is told to
/// the user, and the other jobs continue.
///
/// # Errors
/// [`Error::Unsupported`] if the system starts no threads.
pub fn run<'a>(
    registry: &Registry,
    jobs: &'a [Job],
    root: &Path,
    threads: usize,
    stop: &AtomicBool,
    progress: &Progress,
    score_scales: &ScoreScales,
) -> Result<Vec<JobOutcome<'a>>> {
    let workers = threads.min(jobs.len()).max(1);
    let queue: Mutex<VecDeque<usize>> = Mutex::new((0..jobs.len()).collect());
    type Ended = (Result<Outcome>, Duration, u64);
    let results: Mutex<Vec<Option<Ended>>> = Mutex::new(jobs.iter().map(|_| None).collect());
    let note = |text: &str| progress.note(text);
    let next = || match stop.load(Ordering::Relaxed) {
        true => None,
        false => queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front(),
    };
    let pools = (0..workers).map(|i| pool(threads / workers + usize::from(i < threads % workers)));
    let pools = pools.collect::<Result<Vec<_>>>()?;
    std::thread::scope(|scope| {
        for pool in &pools {
            scope.spawn(|| {
                while let Some(i) = next() {
                    let finished_before = matches!(jobs[i].result(root), Ok(Some(_)));
                    let begin = Instant::now();
                    let new_steps = AtomicU64::new(0);
                    let add = |steps| {
                        new_steps.fetch_add(steps, Ordering::Relaxed);
                        progress.add(i, steps);
                    };
                    let resumed = |steps| progress.add_resumed(i, steps);
                    let requests = progress.entry(i).map(|entry| &entry.requests);
                    let control = Control {
                        stop,
                        progress: &add,
                        resumed: &resumed,
                        note: &note,
                        score_scales,
                        requests,
                    };
                    progress.job_started(i);
                    let outcome = pool.install(|| without_panic(|| jobs[i].run(registry, root, &control)));
                    let new_steps = new_steps.load(Ordering::Relaxed);
                    if let Err(error) = &outcome {
                        progress.note(&format!("{}: failed: {error}", jobs[i].title()));
                    }
                    let time = if finished_before { Duration::ZERO } else { begin.elapsed() };
                    progress.job_ended(i, &jobs[i], &outcome, time, new_steps);
                    let ended = Some((outcome, time, new_steps));
                    results.lock().unwrap_or_else(PoisonError::into_inner)[i] = ended;
                }
            });
        }
    });
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    let ended = jobs.iter().zip(results).map(|(job, result)| {
        let (outcome, time, new_steps) = match result {
            None => (None, Duration::ZERO, 0),
            Some((outcome, time, new_steps)) => (Some(outcome), time, new_steps),
        };
        let (outcome, error) = match outcome {
            Some(Err(error)) => (None, Some(error)),
            outcome => (outcome.and_then(Result::ok), None),
        };
        JobOutcome { job, outcome, error, time, new_steps }
    });
    Ok(ended.collect())
}

/// Result of `work`, in which a panic is an error: it ends its run, and no other.
///
/// # Errors
/// Those of `work`; [`Error::Unsupported`] for a panic, whose message has been printed.
pub(crate) fn without_panic<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        Err(Error::Unsupported(format!("a fault of the program, please report it: panic: {text}")))
    })
}

/// Thread pool of `threads` threads.
///
/// # Errors
/// [`Error::Unsupported`] if the system starts no threads.
pub(crate) fn pool(threads: usize) -> Result<rayon::ThreadPool> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|e| Error::Unsupported(format!("the threads cannot be started: {e}")))
}
