//! Screens of the program in the terminal, and the stack that shows the top one: the home screen opens an episode, the
//! dashboard opens the policy of a job, and closing a screen returns to the one below.

use std::time::Duration;

use crossterm::event::{Event, KeyEvent, KeyEventKind};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Exit;
use super::human_input::HumanInput;
use super::keys::{self, Command};
use super::model::Model;
use super::palette::Palette;
use super::view;

/// Minimum time between two frames: 60 frames a second.
const FRAME: Duration = Duration::from_millis(16);

/// One screen. It takes events and elapsed time, and draws itself into a buffer; it knows no terminal and no clock.
pub(super) trait Screen<'a> {
    /// Handles a key, a mouse event or a paste.
    fn handle(&mut self, event: &Event) -> Transition<'a>;

    /// Takes the time that has passed since the last call. It may also open or close a screen, when work in the
    /// background has ended.
    fn advance(&mut self, elapsed: Duration) -> Transition<'a>;

    /// Does one small piece of work that is due; false if nothing is due. It is called again until the time for work
    /// between two frames is over.
    fn work(&mut self) -> bool {
        false
    }

    /// Ends the work between two frames: work that is still due is dropped or put off.
    fn rest(&mut self) {}

    /// Time until the screen changes by itself; `None` if it waits for the user.
    fn due(&self) -> Option<Duration>;

    /// Whether the screen has changed since it was drawn.
    fn is_dirty(&self) -> bool;

    /// Draws the screen into `area`.
    fn draw(&mut self, area: Rect, buf: &mut Buffer, palette: Palette);

    /// Minimum time between two frames.
    fn frame(&self) -> Duration {
        FRAME
    }
}

/// Change of the stack of screens.
pub(super) enum Transition<'a> {
    /// The screen stays.
    Stay,
    /// Another screen opens above this one.
    Open(Box<dyn Screen<'a> + 'a>),
    /// The screen closes. The program ends with the last screen.
    Close,
    /// All screens close, also those above this one.
    Quit,
    /// The program is suspended, as by Ctrl-Z.
    Suspend,
}

/// Stack of screens; the top one is shown and gets the events.
pub(super) struct App<'a> {
    screens: Vec<Box<dyn Screen<'a> + 'a>>,
    /// Whether the whole screen must be drawn: after a change of the stack, and after a resize.
    stale: bool,
}

impl<'a> App<'a> {
    /// App with one screen.
    pub(super) fn new(first: impl Screen<'a> + 'a) -> Self {
        App { screens: vec![Box::new(first)], stale: true }
    }

    /// Whether the last screen has been closed.
    pub(super) fn is_over(&self) -> bool {
        self.screens.is_empty()
    }

    /// Handles an event; true if the program must be suspended.
    pub(super) fn handle(&mut self, event: &Event) -> bool {
        if let Event::Resize(..) = event {
            self.stale = true;
            return false;
        }
        match self.screens.last_mut() {
            Some(top) => {
                let transition = top.handle(event);
                self.follow(transition)
            }
            None => false,
        }
    }

    /// Passes the elapsed time to all screens, so that a dashboard keeps its clock while an episode is shown above it.
    /// Only the top screen opens and closes screens; any of them may quit.
    pub(super) fn advance(&mut self, elapsed: Duration) -> bool {
        let mut last = Transition::Stay;
        for screen in &mut self.screens {
            last = match (last, screen.advance(elapsed)) {
                (Transition::Quit, _) => Transition::Quit,
                (_, transition) => transition,
            };
        }
        self.follow(last)
    }

    fn follow(&mut self, transition: Transition<'a>) -> bool {
        match transition {
            Transition::Stay => return false,
            Transition::Suspend => return true,
            Transition::Open(screen) => self.screens.push(screen),
            Transition::Close => drop(self.screens.pop()),
            Transition::Quit => self.screens.clear(),
        }
        self.stale = true;
        false
    }

    /// Does one piece of work of the top screen; false if nothing is due.
    pub(super) fn work(&mut self) -> bool {
        self.screens.last_mut().is_some_and(|top| top.work())
    }

    /// Ends the work between two frames.
    pub(super) fn rest(&mut self) {
        if let Some(top) = self.screens.last_mut() {
            top.rest();
        }
    }

    /// Time until the top screen changes by itself.
    pub(super) fn due(&self) -> Option<Duration> {
        self.screens.last().and_then(|top| top.due())
    }

    /// Minimum time between two frames.
    pub(super) fn frame(&self) -> Duration {
        self.screens.last().map_or(FRAME, |top| top.frame())
    }

    /// Whether the top screen must be drawn.
    pub(super) fn is_dirty(&self) -> bool {
        self.stale || self.screens.last().is_some_and(|top| top.is_dirty())
    }

    /// Makes the next frame draw the whole screen.
    pub(super) fn invalidate(&mut self) {
        self.stale = true;
    }

    /// Draws the top screen into `area`.
    pub(super) fn draw(&mut self, area: Rect, buf: &mut Buffer, palette: Palette) {
        self.stale = false;
        if let Some(top) = self.screens.last_mut() {
            top.draw(area, buf, palette);
        }
    }
}

/// Press of a key, repeated presses included; `None` for another event.
pub(super) fn pressed(event: &Event) -> Option<KeyEvent> {
    match event {
        Event::Key(key) if key.is_press() || key.is_repeat() => Some(*key),
        _ => None,
    }
}

impl<'a> Screen<'a> for Model {
    fn handle(&mut self, event: &Event) -> Transition<'a> {
        if let Event::Mouse(mouse) = event {
            self.mouse(*mouse);
        }
        if let Event::Key(KeyEvent { code, kind: KeyEventKind::Release, .. }) = event
            && let Some(held) = self.human.as_mut().and_then(HumanInput::held)
        {
            held.release(*code);
        }
        let Some(command) = pressed(event).and_then(|key| keys::command(key, self)) else {
            return Transition::Stay;
        };
        if command == Command::Suspend {
            return Transition::Suspend;
        }
        self.execute(command);
        if self.exit == Some(Exit::Quit) { Transition::Close } else { Transition::Stay }
    }

    fn advance(&mut self, elapsed: Duration) -> Transition<'a> {
        self.in_threads = true;
        self.advance(elapsed);
        Transition::Stay
    }

    fn work(&mut self) -> bool {
        self.tick()
    }

    fn rest(&mut self) {
        self.drop_step_debt();
    }

    fn due(&self) -> Option<Duration> {
        self.due()
    }

    fn is_dirty(&self) -> bool {
        self.dirty
    }

    fn draw(&mut self, area: Rect, buf: &mut Buffer, palette: Palette) {
        self.fit(area);
        self.dirty = false;
        view::draw(self, Palette { theme: self.theme, ..palette }, area, buf);
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyModifiers};

    use super::*;
    use crate::tui::test_worlds;

    /// Screen that opens another one with `o` and closes with `q`; it draws its depth in the stack.
    struct Numbered(usize);

    impl<'a> Screen<'a> for Numbered {
        fn handle(&mut self, event: &Event) -> Transition<'a> {
            match pressed(event).map(|key| key.code) {
                Some(KeyCode::Char('o')) => Transition::Open(Box::new(Numbered(self.0 + 1))),
                Some(KeyCode::Char('q')) => Transition::Close,
                Some(KeyCode::Char('z')) => Transition::Suspend,
                _ => Transition::Stay,
            }
        }

        fn advance(&mut self, _: Duration) -> Transition<'a> {
            Transition::Stay
        }

        fn due(&self) -> Option<Duration> {
            None
        }

        fn is_dirty(&self) -> bool {
            false
        }

        fn draw(&mut self, area: Rect, buf: &mut Buffer, _: Palette) {
            buf.set_string(area.x, area.y, self.0.to_string(), ratatui::style::Style::new());
        }
    }

    fn key(c: char) -> Event {
        Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE))
    }

    fn shown(app: &mut App<'_>) -> String {
        let area = Rect::new(0, 0, 1, 1);
        let mut buf = Buffer::empty(area);
        app.draw(area, &mut buf, Palette::new(super::super::Depth::True));
        buf[(0, 0)].symbol().to_owned()
    }

    #[test]
    fn screens_open_above_each_other_and_close_in_turn() {
        let mut app = App::new(Numbered(0));
        assert!(app.is_dirty());
        assert_eq!(shown(&mut app), "0");
        assert!(!app.is_dirty());
        assert!(!app.handle(&key('o')) && app.is_dirty());
        assert_eq!(shown(&mut app), "1");
        assert!(app.handle(&key('z')));
        assert!(!app.handle(&key('q')));
        assert_eq!(shown(&mut app), "0");
        app.handle(&Event::Resize(3, 3));
        assert!(app.is_dirty() && !app.is_over());
        app.handle(&key('q'));
        assert!(app.is_over());
        // An empty stack takes everything.
        assert!(!app.handle(&key('q')) && !app.work() && app.due().is_none());
    }

    #[test]
    fn an_episode_is_a_screen() {
        let mut app = App::new(test_worlds::model());
        app.advance(Duration::from_millis(100));
        let area = Rect::new(4, 2, 80, 24);
        let mut buf = Buffer::empty(Rect::new(0, 0, 100, 30));
        app.draw(area, &mut buf, Palette::new(super::super::Depth::True));
        let outside = |x: u16, y: u16| !area.contains((x, y).into());
        let cells = (0..30).flat_map(|y| (0..100).map(move |x| (x, y)));
        assert!(cells.filter(|&(x, y)| outside(x, y)).all(|at| buf[at].symbol() == " "));
        app.handle(&key('q'));
        assert!(app.is_over());
    }
}
