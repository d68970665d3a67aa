//! Screen of the home screen: it passes keys to the model, and brings it worlds and runs from the background.

use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crossterm::event::{Event, MouseButton, MouseEventKind};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::choice::concrete;
use super::details::{Builder, Details};
use super::keys::{self, Key};
use super::model::{Command, Focus, Home, Tab};
use super::view;
use crate::demonstrations::list::StoreEntry;
use crate::run_list::{self, RunEntry};
use crate::tui::app::{Screen, Transition, pressed};
use crate::tui::palette::Palette;
use crate::tui::{Theme, ascii, needs_ascii};
use crate::{Registry, demonstrations};

/// Time between two looks at the background.
const POLL: Duration = Duration::from_millis(60);
/// Time between two steps of the picture's episode.
const STEP: Duration = Duration::from_millis(240);
/// Time between two readings of the folder of results.
const SCAN: Duration = Duration::from_secs(4);

/// Folder of the stores of demonstrations.
const DEMONSTRATIONS: &str = "demos";

/// Runs and stores of demonstrations, or why they cannot be read.
type Found = Result<(Vec<RunEntry>, Vec<StoreEntry>), String>;

/// Home screen.
pub(in crate::tui) struct HomeScreen<'a> {
    model: &'a mut Home,
    builder: Builder,
    details: Option<Details>,
    /// Runs and stores of demonstrations that are being read.
    runs: Option<Receiver<Found>>,
    /// Whether all glyphs are ASCII.
    ascii: bool,
    since_poll: Duration,
    since_step: Duration,
    since_scan: Duration,
}

impl<'a> HomeScreen<'a> {
    /// Screen for `model`, with the worlds of `registry` and the runs below `folder`.
    pub(in crate::tui) fn new(registry: &'static Registry, folder: &Path, model: &'a mut Home) -> Self {
        let mut screen = HomeScreen {
            model,
            builder: Builder::new(registry),
            details: None,
            runs: None,
            ascii: needs_ascii(),
            since_poll: Duration::ZERO,
            since_step: Duration::ZERO,
            since_scan: Duration::ZERO,
        };
        screen.scan(folder);
        screen.look();
        screen
    }

    /// Reads the runs and the demonstrations on a thread in the background.
    fn scan(&mut self, folder: &Path) {
        let (send, receive) = channel();
        let folder = folder.to_owned();
        let read = move || {
            let stores = demonstrations::list::list(Path::new(DEMONSTRATIONS)).unwrap_or_default();
            let _ = send.send(run_list::list(&folder).map(|runs| (runs, stores)).map_err(|e| e.to_string()));
        };
        let _ = std::thread::Builder::new().name("runs".into()).spawn(read);
        self.runs = Some(receive);
    }

    /// Asks for what the screen needs, and takes what is ready.
    fn look(&mut self) {
        if let Some(world) = self.model.world() {
            let id = concrete(&world.id);
            if self.details.as_ref().is_some_and(|details| details.id != id) {
                self.details = None;
                self.model.dirty = true;
            }
            self.builder.ask(&id);
        }
        self.model.dirty |= self.builder.receive(&mut self.details);
        match self.runs.as_ref().map(Receiver::try_recv) {
            Some(Ok(Ok((runs, stores)))) => {
                self.runs = None;
                self.model.set_runs(runs);
                self.model.set_stores(stores);
            }
            Some(Ok(Err(why))) => {
                self.runs = None;
                self.model.set_runs(Vec::new());
                self.model.say(&why);
            }
            _ => {}
        }
    }
}

impl<'a> Screen<'a> for HomeScreen<'a> {
    fn handle(&mut self, event: &Event) -> Transition<'a> {
        if let Event::Mouse(mouse) = event {
            let command = match mouse.kind {
                MouseEventKind::Down(MouseButton::Left) => Command::Click(mouse.column, mouse.row),
                MouseEventKind::ScrollUp => Command::Move(-1),
                MouseEventKind::ScrollDown => Command::Move(1),
                _ => return Transition::Stay,
            };
            self.model.execute(command);
        }
        match pressed(event).and_then(|key| keys::effect(key, self.model.focus)) {
            Some(Key::Suspend) => return Transition::Suspend,
            Some(Key::Model(command)) => self.model.execute(command),
            // The help closes with any key.
            None if (self.model.help || self.model.rules) && pressed(event).is_some() => {
                self.model.execute(Command::Help)
            }
            None => {}
        }
        if self.model.quit || self.model.chosen.is_some() { Transition::Close } else { Transition::Stay }
    }

    fn advance(&mut self, elapsed: Duration) -> Transition<'a> {
        self.since_poll += elapsed;
        self.since_step += elapsed;
        self.since_scan += elapsed;
        if self.since_poll >= POLL {
            self.since_poll = Duration::ZERO;
            self.look();
        }
        let shows_picture = self.model.tab == Tab::Worlds && self.model.focus != Focus::Compare;
        if self.since_step >= STEP {
            self.since_step = Duration::ZERO;
            if let Some(details) = self.details.as_mut().filter(|_| shows_picture) {
                details.step();
                self.model.dirty = true;
            }
        }
        if self.since_scan >= SCAN
            && self.runs.is_none()
            && matches!(self.model.tab, Tab::Runs | Tab::Demonstrations)
        {
            self.since_scan = Duration::ZERO;
            let folder = self.model.folder.clone();
            self.scan(&folder);
        }
        Transition::Stay
    }

    fn due(&self) -> Option<Duration> {
        Some(POLL.saturating_sub(self.since_poll))
    }

    fn is_dirty(&self) -> bool {
        self.model.dirty
    }

    fn draw(&mut self, area: Rect, buf: &mut Buffer, palette: Palette) {
        self.model.dirty = false;
        let palette = Palette { theme: Theme::chosen(), ..palette };
        view::draw(self.model, self.details.as_ref(), palette, area, buf);
        if self.ascii {
            ascii::convert(area, buf);
        }
    }
}
