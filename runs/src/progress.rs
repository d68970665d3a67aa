//! Progress display on standard error: a bar in a terminal, otherwise one line per finished run.

use std::fmt::Write;
use std::io::IsTerminal;
use std::time::Duration;

use freewheel_core::Result;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::format::{count, decimal_or_dash};
use crate::job::Job;
use crate::output::note;
use crate::training::Outcome;

/// Progress display of an experiment.
pub struct Progress {
    bar: ProgressBar,
    /// Whether a line is printed for each finished run, instead of the bar.
    lines: bool,
}

impl Progress {
    /// Progress display for `steps` environment steps of all runs together; if `quiet`, only warnings are shown.
    pub fn new(steps: u64, quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bar = if terminal && !quiet { ProgressBar::new(steps) } else { ProgressBar::hidden() };
        let template = "{bar:20.cyan/blue} {percent:>3} %  {pos:>7} of {len} steps  {rate:>7} steps/s  \
                        {eta:.dim} left  {wide_msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            let style = style
                .with_key("pos", |state: &ProgressState, out: &mut dyn Write| {
                    let _ = out.write_str(&count(state.pos() as f64));
                })
                .with_key("len", |state: &ProgressState, out: &mut dyn Write| {
                    let _ = out.write_str(&count(state.len().unwrap_or_default() as f64));
                })
                .with_key("rate", |state: &ProgressState, out: &mut dyn Write| {
                    let _ = out.write_str(&count(state.per_sec()));
                });
            bar.set_style(style.progress_chars("━╸─"));
        }
        Progress { bar, lines: !terminal && !quiet }
    }

    /// Adds `steps` environment steps.
    pub(crate) fn add(&self, steps: u64) {
        self.bar.inc(steps);
    }

    /// Prints a message for the user, above the bar.
    pub(crate) fn note(&self, text: &str) {
        if self.bar.is_hidden() { note(text) } else { self.bar.println(text) }
    }

    /// Displays the outcome of a job and the `time` that the job took.
    pub(crate) fn job_ended(&self, job: &Job, outcome: &Result<Outcome>, time: Duration) {
        let name = job.title();
        self.bar.set_message(name.clone());
        match outcome {
            Ok(Outcome::Done(result)) if self.lines => {
                let score = decimal_or_dash(result.evaluation.score());
                let seconds = time.as_secs_f64();
                let speed = match time.is_zero() {
                    true => "finished before".to_owned(),
                    false => format!("{seconds:.1} s, {} steps/s", count(result.steps as f64 / seconds)),
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
