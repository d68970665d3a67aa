//! Terminal recording of the steps made so far, drawn and written on a thread of its own.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};

use freewheel_core::checkpoint::write_atomically;
use freewheel_core::{DynWorld, Error, Result, Streams};
use ratatui::layout::Rect;

use super::Model;
use crate::messages::screens::tr;
use crate::render::{Cast, Schedule};
use crate::tui::clock::Clock;
use crate::tui::episode::{Episode, EpisodeCopy, Policies};
use crate::tui::human_input::HumanInput;
use crate::tui::insight::Page;
use crate::tui::palette::{Depth, Palette};
use crate::tui::returns::Returns;
use crate::tui::theme::Theme;
use crate::tui::{Exit, Watch, offscreen};

/// Screens a second of a recording, and the maximum time of its steps, s.
const SAVED: (f64, f64) = (15.0, 300.0);

/// Recording that is being written. Dropping it ends the work without a file.
pub(super) struct Saving {
    /// Number of screens drawn, and of all screens.
    drawn: Arc<AtomicUsize>,
    all: usize,
    stop: Arc<AtomicBool>,
    /// Message about the end of the work.
    done: Receiver<String>,
    /// Part of the work that the screen shows, in percent.
    shown: usize,
    /// Whether the user knows that quitting now drops the recording.
    warned: bool,
}

impl Drop for Saving {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Episode and settings of a recording, for the thread that draws its screens.
struct ScreenCopy {
    title: String,
    world: Arc<dyn DynWorld>,
    policies: Policies,
    policy_index: usize,
    episode: EpisodeCopy,
    clock: Clock,
    scores: (Option<f64>, Option<f64>),
    seed: u64,
    human: Option<HumanInput>,
    view: (usize, i8, Page),
    theme: Theme,
    ascii: bool,
    returns: Vec<Returns>,
}

impl ScreenCopy {
    fn of(model: &Model) -> Self {
        // The numbers of an agent that learns here change with each step and are not kept.
        let (policies, policy_index) = match model.learner() {
            Some(_) => (Policies::new(), 0),
            None => (model.policies.clone(), model.policy_index),
        };
        ScreenCopy {
            title: model.title.clone(),
            world: Arc::clone(&model.world),
            policies,
            policy_index,
            episode: model.episode.copy(),
            clock: model.clock,
            scores: (model.reference, model.baseline),
            seed: model.seed,
            human: model.human.clone(),
            view: (model.layer, model.zoom, model.insight.page),
            theme: model.theme,
            ascii: model.ascii,
            returns: model.returns.clone(),
        }
    }

    /// Viewer of the copied episode, before its first step.
    fn model(self) -> Model {
        let watch = Watch {
            title: self.title,
            policies: self.policies,
            streams: Streams::new(self.seed),
            reference: self.scores.0,
            baseline: self.scores.1,
            theme: self.theme,
            ascii: self.ascii,
            ..Watch::new(Arc::clone(&self.world))
        };
        let mut model = Model::new(watch);
        model.episode = Episode::of_copy(&*self.world, self.episode);
        (model.policy_index, model.clock, model.human) = (self.policy_index, self.clock, self.human);
        (model.layer, model.zoom, model.insight.page) = self.view;
        (model.returns, model.note, model.running) = (self.returns, None, true);
        model.is_offscreen = true;
        model
    }
}

impl Model {
    /// Begins to save the steps made so far as a terminal recording.
    pub(super) fn save_recording(&mut self) {
        if self.saving.is_some() {
            return self.set_note(tr!("the last recording is still being written"));
        }
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
        let world: String = self.episode.spec().id.chars().map(plain).collect();
        let file = self.save_folder.join(format!("{world}-episode-{}.cast", self.episode.number()));
        let (width, height) = self.screen_size();
        let screen = Rect::new(0, 0, width, height.saturating_sub(1));
        let schedule = Schedule::new(self.episode.steps().len(), self.clock.speed(), SAVED.0, SAVED.1);
        let (drawn, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (sender, done) = channel();
        let copy = ScreenCopy::of(self);
        let all = schedule.screens.len();
        self.saving = Some(Saving {
            drawn: Arc::clone(&drawn),
            all,
            stop: Arc::clone(&stop),
            done,
            shown: 0,
            warned: false,
        });
        let work = move || {
            let message = match write(copy, screen, schedule, &file, (&drawn, &stop)) {
                Ok(()) => tr!("saved: {}", file.display()),
                Err(error) => tr!("not saved: {}", error),
            };
            // The viewer may have ended.
            let _ = sender.send(message);
        };
        if let Err(error) = std::thread::Builder::new().name("recording".into()).spawn(work) {
            self.saving = None;
            self.set_note(&tr!("not saved: {}", error));
        }
    }

    /// Takes the message about the end of a recording, and counts its screens.
    pub(super) fn receive_saved(&mut self) {
        let Some(saving) = &mut self.saving else { return };
        let percent = 100 * saving.drawn.load(Ordering::Relaxed) / saving.all.max(1);
        self.dirty |= percent != saving.shown;
        saving.shown = percent;
        if let Ok(message) = saving.done.try_recv() {
            self.saving = None;
            self.set_note(&message);
        }
    }

    /// Part of a recording that is drawn, in percent, while it is being written.
    pub(in crate::tui) fn saved_percent(&self) -> Option<usize> {
        self.saving.as_ref().map(|saving| saving.shown)
    }

    /// Ends the viewer; while a recording is being written, only after a second command.
    pub(super) fn quit(&mut self) {
        match &mut self.saving {
            Some(saving) if !saving.warned => {
                saving.warned = true;
                self.set_note(tr!("the recording is still being written: q again quits without it"));
            }
            _ => self.exit = Some(Exit::Quit),
        }
    }
}

/// Draws the screens of the schedule and writes the file.
fn write(
    copy: ScreenCopy,
    screen: Rect,
    schedule: Schedule,
    file: &Path,
    (drawn, stop): (&AtomicUsize, &AtomicBool),
) -> Result<()> {
    let mut model = copy.model();
    let palette = Palette { depth: Depth::True, theme: model.theme };
    let mut cast = Cast::new(&model.title, screen.width, screen.height);
    for (step, time) in schedule.screens {
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Config("stopped".into()));
        }
        model.episode.go_to(step)?;
        cast.push(time, offscreen::draw(&mut model, palette, screen));
        drawn.fetch_add(1, Ordering::Relaxed);
    }
    write_atomically(file, cast.finish(schedule.end).as_bytes())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::render::{Tape, plain_lines};
    use crate::tui::keys::Command;
    use crate::tui::test_worlds;

    fn fitted() -> Model {
        let mut model = test_worlds::model();
        model.fit(Rect::new(0, 0, 100, 30));
        // Each step is drawn, as in the recording.
        for _ in 0..6 {
            model.execute(Command::Step);
            model.refresh();
        }
        model
    }

    #[test]
    fn the_recording_shows_the_steps_while_the_viewer_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let mut model = fitted();
        model.save_folder = folder.path().to_owned();
        let last = offscreen::draw(&mut model, Palette::new(Depth::True), Rect::new(0, 0, 100, 29));
        model.execute(Command::Save);
        assert!(model.saved_percent().is_some());
        model.execute(Command::Back);
        let end = Instant::now() + Duration::from_secs(20);
        while model.saving.is_some() {
            assert!(Instant::now() < end, "the recording is not written");
            model.advance(Duration::from_millis(1));
            std::thread::sleep(Duration::from_millis(5));
        }
        let note = model.note.clone().unwrap();
        let file = Path::new(note.strip_prefix("saved: ").unwrap());
        assert_eq!(file.parent(), Some(folder.path()));
        let tape = Tape::read(&std::fs::read_to_string(file).unwrap(), file).unwrap();
        let mut shown = String::new();
        tape.play([tape.end()], |_, screen| {
            shown = plain_lines(screen);
            Ok(())
        })
        .unwrap();
        // All but the first row, which says that the viewer is paused.
        let rows = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(rows(&shown), rows(&plain_lines(&last)));
        assert_eq!(model.episode.position(), 5);
    }

    #[test]
    fn quitting_too_early_is_asked_about_once() {
        let mut model = fitted();
        model.execute(Command::Save);
        model.execute(Command::Quit);
        assert!(model.exit.is_none() && model.note.as_deref().unwrap().contains("q again"));
        model.execute(Command::Quit);
        assert!(model.exit.is_some());
    }
}
