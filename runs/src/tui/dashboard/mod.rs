//! Training dashboard of `freewheel train`, `run` and `resume` in a terminal.
//!
//! | file | content |
//! |---|---|
//! | `model` | state of the dashboard: jobs, selection, messages |
//! | `groups` | seeds of one agent in one world: means and intervals of their metrics |
//! | `keys` | mapping of keys to commands |
//! | `view` | drawing of the model |
//! | `sample` | dashboard without a training, for the benchmark of frames |
//! | `screen` | source of the model's data: board of the jobs, their metrics, their policies |
//!
//! The training runs on its own threads. The dashboard reads atomics of the [`Board`], and the lines that the jobs
//! append to their `metrics.jsonl`.

mod groups;
mod keys;
mod model;
pub(super) mod sample;
mod screen;
mod view;

#[cfg(test)]
mod tests;

/// English texts of the table of keys and of the states of a job.
#[cfg(test)]
pub(super) fn texts() -> Vec<&'static str> {
    let states = view::STATES.iter().map(|state| state.name());
    keys::HELP.iter().map(|(_, does)| *does).chain(states).collect()
}

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use freewheel_core::Result;

use super::app::App;
use super::terminal;
use crate::Registry;
use crate::board::Board;
use crate::job::Job;
use crate::score_scale::ScoreScales;

/// Time after which the dashboard appears: a shorter training prints its results at once.
const DELAY: Duration = Duration::from_millis(400);
/// Time that the dashboard has to close after the end of an interrupted training; after it, the program ends without
/// it.
const GRACE: Duration = Duration::from_secs(2);

/// Training that the dashboard shows.
#[derive(Clone, Copy)]
pub(crate) struct Training<'a> {
    /// Registry of the program.
    pub(crate) registry: &'a Registry,
    /// Name of the experiment.
    pub(crate) title: &'a str,
    /// Jobs of the experiment.
    pub(crate) jobs: &'a [Job],
    /// Folder of the experiment.
    pub(crate) out: &'a Path,
    /// Board to which the jobs write.
    pub(crate) board: &'a Board,
    /// Flag that stops the training, which saves everything.
    pub(crate) stop: &'a AtomicBool,
    /// Reference and baseline scores of the worlds.
    pub(crate) score_scales: &'a Arc<ScoreScales>,
    /// Whether the screen of the program is shown, so that the terminal must be restored before an exit.
    pub(crate) active: &'a Arc<AtomicBool>,
}

/// Runs `train` on a thread of its own and shows the dashboard until it ends. If the terminal fails, the training goes
/// on without the dashboard.
///
/// # Errors
/// The result of the training comes with an error of the terminal, if there was one.
pub(crate) fn show<T: Send>(
    training: Training<'_>,
    train: impl FnOnce() -> T + Send,
) -> (std::thread::Result<T>, Result<()>) {
    let (over, left) = (&AtomicBool::new(false), &AtomicBool::new(false));
    std::thread::scope(|scope| {
        let work = move || {
            // Set at a panic, too.
            let ended = SetOnDrop(over);
            let result = train();
            drop(ended);
            // The terminal may be gone, and then its library does not return: nothing is left to be saved.
            let begin = Instant::now();
            while training.stop.load(Ordering::Relaxed) && !left.load(Ordering::Relaxed) {
                if begin.elapsed() > GRACE {
                    terminal::restore(training.active);
                    signal_hook::low_level::exit(130);
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            result
        };
        let worker = scope.spawn(work);
        let begin = Instant::now();
        while begin.elapsed() < DELAY && !over.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(5));
        }
        let shown = match over.load(Ordering::Relaxed) {
            true => Ok(()),
            false => {
                let app = App::new(screen::DashboardScreen::new(training, over));
                terminal::show_training(app, training.active)
            }
        };
        left.store(true, Ordering::Relaxed);
        (worker.join(), shown)
    })
}

/// Flag that is set when this value is dropped.
struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
