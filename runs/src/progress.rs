//! Progress display on standard error: a bar in a terminal, otherwise one line per finished run. The training dashboard
//! replaces both: then progress and messages go to its board.

use std::fmt::Write;
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use freewheel_core::Result;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::board::{Board, Entry, JobState};
use crate::format::{count, decimal_or_dash};
use crate::job::Job;
use crate::output::{note, plain};
use crate::training::Outcome;

/// Progress display of an experiment.
pub struct Progress {
    bar: ProgressBar,
    /// Environment steps of this call of the program, on which the speed and the time left are based.
    new_steps: Arc<AtomicU64>,
    /// Whether a line is printed for each finished run, instead of the bar.
    lines: bool,
    /// Board of the dashboard, if there is one.
    board: Option<Arc<Board>>,
}

impl Progress {
    /// Progress display for `steps` environment steps of all runs together; if `quiet`, only warnings are shown.
    pub fn new(steps: u64, quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bar = if terminal && !quiet { ProgressBar::new(steps) } else { ProgressBar::hidden() };
        let (new_steps, start) = (Arc::new(AtomicU64::new(0)), Instant::now());
        let made = Arc::clone(&new_steps);
        let rate = move || made.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64().max(1e-3);
        let left = rate.clone();
        let template = "{bar:20.cyan/blue} {percent:>3} %  {pos:>7} of {len} steps  {rate:>7} steps/s  \
                        {left:.dim} left  {wide_msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            let style = style
                .with_key("pos", |state: &ProgressState, out: &mut dyn Write| {
                    let _ = out.write_str(&count(state.pos() as f64));
                })
                .with_key("len", |state: &ProgressState, out: &mut dyn Write| {
                    let _ = out.write_str(&count(state.len().unwrap_or_default() as f64));
                })
                .with_key("rate", move |_: &ProgressState, out: &mut dyn Write| {
                    let _ = out.write_str(&count(rate()));
                })
                .with_key("left", move |state: &ProgressState, out: &mut dyn Write| {
                    let steps = state.len().unwrap_or_default().saturating_sub(state.pos());
                    let _ = out.write_str(&time_left(steps, left()));
                });
            bar.set_style(style.progress_chars("━╸─"));
        }
        Progress { bar, new_steps, lines: !terminal && !quiet, board: None }
    }

    /// Progress that only the dashboard shows, by its `board`.
    pub fn on_board(board: Arc<Board>) -> Self {
        Progress { lines: false, board: Some(board), ..Progress::new(0, true) }
    }

    /// Entry of the job `index` on the board.
    pub(crate) fn entry(&self, index: usize) -> Option<&Entry> {
        self.board.as_ref().and_then(|board| board.jobs.get(index))
    }

    /// Shows that the job `index` has started.
    pub(crate) fn job_started(&self, index: usize) {
        if let Some(entry) = self.entry(index) {
            entry.set(JobState::Learning);
        }
    }

    /// Adds `steps` environment steps of the job `index`.
    pub(crate) fn add(&self, index: usize, steps: u64) {
        self.new_steps.fetch_add(steps, Ordering::Relaxed);
        match self.entry(index) {
            Some(entry) => entry.add(steps),
            None => self.bar.inc(steps),
        }
    }

    /// Adds `steps` environment steps of the job `index` that an earlier call of the program made, which took no time
    /// now.
    pub(crate) fn add_resumed(&self, index: usize, steps: u64) {
        match self.entry(index) {
            Some(entry) => entry.add_resumed(steps),
            None => self.bar.inc(steps),
        }
    }

    /// Prints a message for the user, above the bar.
    pub(crate) fn note(&self, text: &str) {
        if let Some(board) = &self.board {
            return board.note(text);
        }
        if self.bar.is_hidden() { note(text) } else { self.bar.println(plain(text)) }
    }

    /// Displays the outcome of the job `index` and the `time` that the job took for `new_steps` environment steps.
    pub(crate) fn job_ended(
        &self,
        index: usize,
        job: &Job,
        outcome: &Result<Outcome>,
        time: Duration,
        new_steps: u64,
    ) {
        let name = job.title();
        if let Some(entry) = self.entry(index) {
            entry.end(outcome);
        }
        self.bar.set_message(plain(&name).into_owned());
        match outcome {
            Ok(Outcome::Done(result)) if self.lines => {
                let score = decimal_or_dash(result.evaluation.score());
                let seconds = time.as_secs_f64();
                let speed = match time.is_zero() {
                    true => "finished before".to_owned(),
                    false => format!("{seconds:.1} s, {} steps/s", count(new_steps as f64 / seconds)),
                };
                let stalled = if result.stalled.is_some() { ", stalled" } else { "" };
                note(&format!("{name}: score {score}, {speed}{stalled}"));
            }
            Ok(Outcome::Diverged(why)) => self.note(&format!("{name}: {why}")),
            Ok(Outcome::Interrupted) => self.note(&format!("{name}: saved")),
            Ok(Outcome::Done(_)) | Err(_) => {}
        }
    }

    /// Removes the progress bar.
    pub fn close(&self) {
        self.bar.finish_and_clear();
    }
}

/// Bar on standard error for work that may be short: it appears after 300 ms.
pub(crate) struct LateBar {
    bar: ProgressBar,
    start: Instant,
}

impl LateBar {
    /// Bar of work with this name.
    pub(crate) fn new(name: &'static str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        bar.set_message(name);
        LateBar { bar, start: Instant::now() }
    }

    /// Shows that `done` of `all` parts of the work are done; 0 for an unknown number.
    pub(crate) fn set(&self, done: u64, all: u64) {
        let patience = Duration::from_millis(300);
        if self.bar.is_hidden() && self.start.elapsed() >= patience && std::io::stderr().is_terminal() {
            let template = match (done, all) {
                (0, 0) => "{spinner} {msg}  {elapsed}",
                (_, 0) => "{spinner} {msg}  {pos} steps",
                _ => "{msg}  {bar:20.cyan/blue} {percent:>3} %",
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                self.bar.set_style(style.progress_chars("━╸─"));
            }
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        if all > 0 {
            self.bar.set_length(all);
        }
        match done {
            0 => self.bar.tick(),
            _ => self.bar.set_position(done),
        }
    }

    /// Does `work` on a thread, and shows its time.
    pub(crate) fn during<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| {
            let worker = scope.spawn(work);
            while !worker.is_finished() {
                std::thread::sleep(Duration::from_millis(5));
                self.set(0, 0);
            }
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

impl Drop for LateBar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Time for `steps` environment steps at `rate` steps a second, such as `3m`; `-` without a rate.
pub(crate) fn time_left(steps: u64, rate: f64) -> String {
    let seconds = steps as f64 / rate;
    match seconds {
        s if s < 100.0 => format!("{s:.0}s"),
        s if s < 6000.0 => format!("{:.0}m", s / 60.0),
        s if s < 360_000.0 => format!("{:.0}h", s / 3600.0),
        s if s.is_finite() => format!("{:.0}d", s / 86_400.0),
        _ => "-".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_of_an_earlier_call_do_not_count_for_the_speed() {
        let progress = Progress::new(1000, true);
        progress.add_resumed(0, 900);
        progress.add(0, 50);
        assert_eq!(progress.bar.position(), 950);
        assert_eq!(progress.new_steps.load(Ordering::Relaxed), 50);
    }

    #[test]
    fn a_board_takes_the_place_of_the_bar() {
        let board = Arc::new(Board::new(2));
        let progress = Progress::on_board(Arc::clone(&board));
        progress.job_started(1);
        progress.add_resumed(1, 900);
        progress.add(1, 50);
        progress.note("hello");
        assert_eq!(board.jobs[1].steps(), (950, 50));
        assert_eq!((board.jobs[0].state(), board.jobs[1].state()), (JobState::Waiting, JobState::Learning));
        assert_eq!(board.notes_from(0), ["hello"]);
    }

    #[test]
    fn time_left_has_a_unit() {
        let all = [(100, 10.0), (6000, 10.0), (360_000, 10.0), (36_000_000, 10.0), (5, 0.0)];
        assert_eq!(all.map(|(steps, rate)| time_left(steps, rate)), ["10s", "10m", "10h", "42d", "-"]);
    }
}
