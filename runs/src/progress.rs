//! What the user sees while runs are made: a bar on a terminal, plain lines without one. Always on standard error.

use std::fmt::Write;
use std::io::IsTerminal;
use std::time::Duration;

use freewheel_core::Result;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::job::{Job, Outcome};
use crate::output::note;
use crate::report::short;

/// Tells how far the runs have come.
pub struct Progress {
    bar: ProgressBar,
    /// Lines instead of a bar.
    lines: bool,
}

impl Progress {
    /// For runs of `steps` steps altogether; `quiet` says nothing at all.
    pub fn new(steps: u64, quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bar = if terminal && !quiet { ProgressBar::new(steps) } else { ProgressBar::hidden() };
        let form = "{bar:20.cyan/blue} {percent:>3} %  {pos:>7} of {len} steps  {rate:>7}/s  {eta:.dim} left  {wide_msg}";
        if let Ok(style) = ProgressStyle::with_template(form) {
            let style = style
                .with_key("pos", |state: &ProgressState, out: &mut dyn Write| {
                    let _ = out.write_str(&short(state.pos() as f64));
                })
                .with_key("len", |state: &ProgressState, out: &mut dyn Write| {
                    let _ = out.write_str(&short(state.len().unwrap_or_default() as f64));
                })
                .with_key("rate", |state: &ProgressState, out: &mut dyn Write| {
                    let _ = out.write_str(&short(state.per_sec()));
                });
            bar.set_style(style.progress_chars("━╸─"));
        }
        Progress { bar, lines: !terminal && !quiet }
    }

    pub(crate) fn add(&self, steps: u64) {
        self.bar.inc(steps);
    }

    /// Something the user should know.
    pub(crate) fn tell(&self, text: &str) {
        if self.bar.is_hidden() { note(text) } else { self.bar.println(text) }
    }

    pub(crate) fn ended(&self, job: &Job, outcome: &Result<Outcome>, time: Duration) {
        let name = job.title();
        self.bar.set_message(name.clone());
        match outcome {
            Ok(Outcome::Done(result)) if self.lines => {
                let score = result.evaluation.score().map_or("-".into(), |score| format!("{score:.3}"));
                let stalled = if result.stalled.is_some() { ", stalled" } else { "" };
                note(&format!("{name}: score {score}, {:.1} s{stalled}", time.as_secs_f64()));
            }
            Ok(Outcome::Diverged(why)) => self.tell(&format!("{name}: {why}")),
            Ok(Outcome::Interrupted) => self.tell(&format!("{name}: saved")),
            Ok(Outcome::Done(_)) | Err(_) => {}
        }
    }

    /// Takes the bar away.
    pub fn close(&self) {
        self.bar.finish_and_clear();
    }
}
