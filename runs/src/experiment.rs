//! Many runs at once.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use freewheel_core::{Error, Result};

use crate::job::{Control, Job, Outcome};
use crate::progress::Progress;
use crate::registry::Registry;
use crate::score_scale::ScoreScales;

/// A job and what came of it.
pub struct Ran<'a> {
    /// The job.
    pub job: &'a Job,
    /// What came of it; `None` where the user stopped before it began.
    pub outcome: Option<Outcome>,
    /// Wall-clock time; none for what was done before.
    pub time: Duration,
}

/// How a job ended, and how long it took.
type Ended = (Result<Outcome>, Duration);

/// Runs `jobs` in folders below `root` on `threads` threads.
///
/// Each job has a pool of its own: with many jobs one thread each, so that no thread is ever taken away by another
/// job's work; with fewer jobs than threads, each gets its share and uses it for its batches and evaluations.
///
/// # Errors
/// The first error of a job that is not divergence; the other jobs save themselves before it is returned.
pub fn run<'a>(
    registry: &Registry,
    jobs: &'a [Job],
    root: &Path,
    threads: usize,
    stop: &AtomicBool,
    progress: &Progress,
    score_scales: &ScoreScales,
) -> Result<Vec<Ran<'a>>> {
    let workers = threads.min(jobs.len()).max(1);
    let queue: Mutex<VecDeque<usize>> = Mutex::new((0..jobs.len()).collect());
    let results: Mutex<Vec<Option<Ended>>> = Mutex::new(jobs.iter().map(|_| None).collect());
    let (made, note) = (|steps| progress.add(steps), |text: &str| progress.tell(text));
    let control = Control { stop, progress: &made, note: &note, score_scales };
    let next = || match stop.load(std::sync::atomic::Ordering::Relaxed) {
        true => None,
        false => queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front(),
    };
    let pools = (0..workers).map(|i| pool(threads / workers + usize::from(i < threads % workers)));
    let pools = pools.collect::<Result<Vec<_>>>()?;
    std::thread::scope(|scope| {
        for pool in &pools {
            scope.spawn(|| {
                while let Some(i) = next() {
                    let found = matches!(jobs[i].result(root), Ok(Some(_)));
                    let begin = Instant::now();
                    let outcome = pool.install(|| jobs[i].run(registry, root, &control));
                    if outcome.is_err() {
                        stop.store(true, std::sync::atomic::Ordering::Relaxed);
                    }
                    let time = if found { Duration::ZERO } else { begin.elapsed() };
                    progress.ended(&jobs[i], &outcome, time);
                    results.lock().unwrap_or_else(PoisonError::into_inner)[i] = Some((outcome, time));
                }
            });
        }
    });
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    jobs.iter()
        .zip(results)
        .map(|(job, result)| match result {
            None => Ok(Ran { job, outcome: None, time: Duration::ZERO }),
            Some((outcome, time)) => Ok(Ran { job, outcome: Some(outcome?), time }),
        })
        .collect()
}

/// A pool of `threads` threads.
pub(crate) fn pool(threads: usize) -> Result<rayon::ThreadPool> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|e| Error::Unsupported(format!("no threads to work with: {e}")))
}
