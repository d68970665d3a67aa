//! Frames without a terminal, for the benchmark: a screen gets keys and time, and its output is dropped.

use std::io::{self, Sink};
use std::path::Path;
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use freewheel_core::{Error, Result};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};

use super::Watch;
use super::app::App;
use super::dashboard::sample;
use super::home::{Home, Tab, screen};
use super::model::Model;
use super::pair::Pair;
use super::palette::{Depth, Palette};
use super::terminal::failed;
use crate::Registry;

/// Screen that is drawn without a terminal, in colors of 24 bits.
pub struct Frames {
    app: App<'static>,
    terminal: Terminal<CrosstermBackend<Sink>>,
    area: Rect,
}

impl Frames {
    fn new(app: App<'static>, (width, height): (u16, u16)) -> Result<Self> {
        let area = Rect::new(0, 0, width, height);
        let options = TerminalOptions { viewport: Viewport::Fixed(area) };
        let terminal = Terminal::with_options(CrosstermBackend::new(io::sink()), options).map_err(failed)?;
        Ok(Frames { app, terminal, area })
    }

    /// Episode view.
    ///
    /// # Errors
    /// None is expected: nothing is written.
    pub fn episode(watch: Watch, size: (u16, u16)) -> Result<Self> {
        Self::new(App::new(Model::new(watch)), size)
    }

    /// Two agents side by side. Same errors as [`Frames::episode`].
    pub fn pair(watches: [Watch; 2], size: (u16, u16)) -> Result<Self> {
        Self::new(App::new(Pair::new(watches.map(Model::new))), size)
    }

    /// Home screen with the runs below `folder`. It lives as long as the program. Same errors as [`Frames::episode`].
    pub fn home(folder: &Path, size: (u16, u16)) -> Result<Self> {
        let registry: &'static Registry = Box::leak(Box::new(Registry::standard()));
        let home = Box::leak(Box::new(Home::new(registry, folder, Tab::Worlds)));
        Self::new(App::new(screen::HomeScreen::new(registry, folder, home)), size)
    }

    /// Dashboard of 12 jobs with 500 points in each of six curves. Same errors as [`Frames::episode`].
    pub fn dashboard(size: (u16, u16)) -> Result<Self> {
        Self::new(App::new(sample::screen()), size)
    }

    /// Presses the keys of these letters; `\n` is Enter and `\t` is Tab.
    pub fn press(&mut self, keys: &str) {
        for key in keys.chars() {
            let code = match key {
                '\n' => KeyCode::Enter,
                '\t' => KeyCode::Tab,
                letter => KeyCode::Char(letter),
            };
            self.app.handle(&Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        }
    }

    /// Lets time pass, with the work that becomes due, as the event loop does between two frames.
    pub fn pass(&mut self, elapsed: Duration) {
        self.app.advance(elapsed);
        while self.app.work() {}
        self.app.rest();
    }

    /// Draws a frame and encodes what has changed since the last one for a terminal.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the screen has been closed.
    pub fn draw(&mut self) -> Result<()> {
        if self.app.is_over() {
            return Err(Error::Unsupported("the screen has been closed".into()));
        }
        let palette = Palette::new(Depth::True);
        let Frames { app, terminal, area } = self;
        terminal.draw(|frame| app.draw(*area, frame.buffer_mut(), palette)).map_err(failed).map(drop)
    }
}
