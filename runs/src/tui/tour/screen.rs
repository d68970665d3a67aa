//! Screen of the tour: keys, mouse and time go to the page that is shown.

use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::page::{Control, Page, Shared};
use super::{Options, plan, view};
use crate::Registry;
use crate::tui::app::{Screen, Transition, pressed};
use crate::tui::model::Model;
use crate::tui::palette::Palette;
use crate::tui::{Theme, ascii};

/// Time between two frames of a page that changes by itself.
const TICK: Duration = Duration::from_millis(33);
/// Time between two looks at work in the background.
const POLL: Duration = Duration::from_millis(100);

/// Box over the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overlay {
    None,
    /// List of the scenes, with the number of the selected one.
    Contents(usize),
    Help,
}

/// Part of the screen that takes clicks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hit {
    Scene(usize),
    Control(usize),
    /// Track of a slider.
    Track(usize),
    Next,
    Back,
    Contents,
    Help,
    Cancel,
}

/// Tour.
pub(super) struct Tour {
    pub(super) shared: Shared,
    /// Numbers of the scenes of all pages, and the keys of the pages.
    pub(super) all: Vec<(usize, &'static plan::PagePlan)>,
    /// Pages that have been shown, each with its selected control.
    pages: Vec<Option<Box<dyn Page>>>,
    pub(super) selected: Vec<usize>,
    /// Index of the page that is shown.
    pub(super) at: usize,
    pub(super) overlay: Overlay,
    /// Parts of the screen that take clicks; later ones are above earlier ones.
    pub(super) hits: Vec<(Rect, Hit)>,
    /// Area of the picture.
    pub(super) picture: Rect,
    /// What the pressed mouse button drags.
    drag: Option<Drag>,
    ascii: bool,
    dirty: bool,
    since: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Drag {
    Slider(usize, Rect),
    Picture,
}

impl Tour {
    /// Tour with the worlds, agents and estimators of `registry`.
    pub(super) fn new(registry: &'static Registry, options: Options) -> Self {
        let all: Vec<_> = plan::pages().collect();
        let scene = options.scene.map(|scene| scene.saturating_sub(1));
        let at = scene.and_then(|scene| all.iter().position(|(of, _)| *of == scene)).unwrap_or(0);
        let mut tour = Tour {
            shared: Shared {
                registry,
                ledger: super::ledger::Ledger::default(),
                language: options.language,
                garments: None,
            },
            pages: all.iter().map(|_| None).collect(),
            selected: vec![0; all.len()],
            all,
            at,
            overlay: if options.scene.is_some() { Overlay::None } else { Overlay::Contents(0) },
            hits: Vec::new(),
            picture: Rect::ZERO,
            drag: None,
            ascii: options.ascii,
            dirty: true,
            since: Duration::ZERO,
        };
        tour.go(at);
        tour
    }

    /// Number of the scene that is shown, from 0.
    pub(super) fn scene(&self) -> usize {
        self.all[self.at].0
    }

    /// The page that is shown, and what all pages share.
    pub(super) fn page(&mut self) -> (&mut dyn Page, &mut Shared) {
        let Tour { pages, all, at, shared, .. } = self;
        let page = pages[*at].get_or_insert_with(|| (all[*at].1.make)(shared));
        (&mut **page, shared)
    }

    /// Shows page `to`; it is as it was left.
    fn go(&mut self, to: usize) {
        self.at = to.min(self.all.len() - 1);
        self.drag = None;
        self.page();
        self.dirty = true;
    }

    fn go_to_scene(&mut self, scene: usize) {
        if let Some(at) = self.all.iter().position(|(of, _)| *of == scene) {
            self.go(at);
        }
        self.overlay = Overlay::None;
    }

    fn contents(&mut self) {
        self.overlay = match self.overlay {
            Overlay::Contents(_) => Overlay::None,
            _ => Overlay::Contents(self.scene()),
        };
    }

    /// Presses the selected button, or acts on the board.
    fn press<'a>(&mut self, control: usize) -> Transition<'a> {
        let (page, shared) = self.page();
        match page.controls().get(control) {
            Some(Control::Button { .. }) => match page.press(control, shared) {
                Some(watch) => Transition::Open(Box::new(Model::new(*watch))),
                None => Transition::Stay,
            },
            Some(Control::Board { .. }) => {
                page.act(shared);
                Transition::Stay
            }
            _ => Transition::Stay,
        }
    }

    /// Changes the slider `control` by steps.
    fn change(&mut self, control: usize, steps: f64) {
        let (page, shared) = self.page();
        if let Some(Control::Slider { value, range, step, .. }) = page.controls().get(control) {
            // Whole multiples of the step, so that no rounding errors add up.
            let next = ((value / step).round() + steps) * step;
            page.set(control, next.clamp(range.0, range.1), shared);
        }
    }

    /// Sets the slider `control` to the place of a column on its track.
    fn slide(&mut self, control: usize, track: Rect, column: u16) {
        let (page, shared) = self.page();
        if let Some(Control::Slider { range, step, .. }) = page.controls().get(control) {
            let share = f64::from(column.saturating_sub(track.x)) / f64::from(track.width.max(2) - 1);
            let value = range.0 + share.clamp(0.0, 1.0) * (range.1 - range.0);
            page.set(control, ((value / step).round() * step).clamp(range.0, range.1), shared);
        }
    }

    fn select(&mut self, by: isize) {
        let count = self.page().0.controls().len();
        if count > 0 {
            let now = self.selected[self.at] as isize;
            self.selected[self.at] = (now + by).rem_euclid(count as isize) as usize;
        }
    }

    fn key<'a>(&mut self, key: KeyEvent) -> Transition<'a> {
        if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
            return match key.code {
                KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Transition::Quit,
                KeyCode::Char('z') if key.modifiers.contains(KeyModifiers::CONTROL) => Transition::Suspend,
                _ => Transition::Stay,
            };
        }
        match (self.overlay, key.code) {
            (_, KeyCode::Char('q')) => return Transition::Close,
            (_, KeyCode::Char('T')) => return self.next_theme(),
            (_, KeyCode::Char('L')) => return self.next_language(),
            (Overlay::Help, _) => self.overlay = Overlay::None,
            (_, KeyCode::Char('?') | KeyCode::F(1)) => self.overlay = Overlay::Help,
            (_, KeyCode::Char(digit @ '1'..='9')) => {
                let scene = digit as usize - '1' as usize;
                if scene < plan::SCENES.len() {
                    self.go_to_scene(scene);
                }
            }
            (Overlay::Contents(selected), code) => {
                let count = plan::SCENES.len();
                match code {
                    KeyCode::Up | KeyCode::Char('k') => {
                        self.overlay = Overlay::Contents((selected + count - 1) % count);
                    }
                    KeyCode::Down | KeyCode::Char('j') => {
                        self.overlay = Overlay::Contents((selected + 1) % count)
                    }
                    KeyCode::Enter | KeyCode::Char(' ' | 'n') => self.go_to_scene(selected),
                    KeyCode::Esc | KeyCode::Char('c') => self.overlay = Overlay::None,
                    _ => {}
                }
            }
            (Overlay::None, code) => return self.page_key(code),
        }
        Transition::Stay
    }

    /// Key without a box over the page.
    fn page_key<'a>(&mut self, code: KeyCode) -> Transition<'a> {
        let at = self.selected[self.at];
        let controls = self.page().0.controls();
        let on_board = matches!(controls.get(at), Some(Control::Board { .. }));
        match code {
            KeyCode::Esc | KeyCode::Char('c') => self.contents(),
            KeyCode::Char('n') | KeyCode::PageDown => {
                // The last page has no next one.
                self.go(self.at.saturating_add(1));
            }
            KeyCode::Char('b') | KeyCode::PageUp => self.go(self.at.saturating_sub(1)),
            KeyCode::Char('r') => {
                let at = self.at;
                self.pages[at] = None;
                self.go(at);
            }
            KeyCode::Char('x') => self.page().0.cancel(),
            KeyCode::Tab => self.select(1),
            KeyCode::BackTab => self.select(-1),
            KeyCode::Up | KeyCode::Down | KeyCode::Left | KeyCode::Right if on_board => {
                let by = match code {
                    KeyCode::Up => (0, -1),
                    KeyCode::Down => (0, 1),
                    KeyCode::Left => (-1, 0),
                    _ => (1, 0),
                };
                let (page, shared) = self.page();
                page.move_cursor(by, shared);
            }
            KeyCode::Up => self.select(-1),
            KeyCode::Down => self.select(1),
            KeyCode::Left | KeyCode::Char('-') => self.change(at, -1.0),
            KeyCode::Right | KeyCode::Char('+' | '=') => self.change(at, 1.0),
            KeyCode::Enter | KeyCode::Char(' ') => return self.press(at),
            KeyCode::Char(letter) => {
                let is_it =
                    |control: &Control| matches!(control, Control::Button { key, .. } if *key == letter);
                // The selection stays, so that the arrows go on moving the cursor of a picture.
                if let Some(control) = controls.iter().position(is_it) {
                    return self.press(control);
                }
            }
            _ => {}
        }
        Transition::Stay
    }

    fn next_theme<'a>(&mut self) -> Transition<'a> {
        Theme::chosen().next().choose();
        Transition::Stay
    }

    fn next_language<'a>(&mut self) -> Transition<'a> {
        self.shared.language = self.shared.language.next();
        // That of a viewer that a page opens, too.
        self.shared.language.choose();
        Transition::Stay
    }

    fn mouse<'a>(&mut self, mouse: MouseEvent) -> Transition<'a> {
        let at = (mouse.column, mouse.row);
        match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => self.click(at),
            MouseEventKind::Drag(MouseButton::Left) => {
                match self.drag {
                    Some(Drag::Slider(control, track)) => self.slide(control, track, at.0),
                    Some(Drag::Picture) if self.picture.contains(at.into()) => self.point(at, true),
                    _ => {}
                }
                Transition::Stay
            }
            MouseEventKind::Up(_) => {
                self.drag = None;
                Transition::Stay
            }
            MouseEventKind::ScrollUp if self.overlay == Overlay::None => {
                self.change(self.selected[self.at], 1.0);
                Transition::Stay
            }
            MouseEventKind::ScrollDown if self.overlay == Overlay::None => {
                self.change(self.selected[self.at], -1.0);
                Transition::Stay
            }
            _ => Transition::Stay,
        }
    }

    fn click<'a>(&mut self, at: (u16, u16)) -> Transition<'a> {
        let hit = self.hits.iter().rev().find(|(area, _)| area.contains(at.into())).copied();
        let had_overlay = self.overlay != Overlay::None;
        if self.overlay == Overlay::Help {
            self.overlay = Overlay::None;
            return Transition::Stay;
        }
        match hit {
            Some((_, Hit::Scene(scene))) => self.go_to_scene(scene),
            Some((_, Hit::Contents)) => self.contents(),
            Some((_, Hit::Help)) => self.overlay = Overlay::Help,
            _ if had_overlay => self.overlay = Overlay::None,
            Some((_, Hit::Next)) => self.go(self.at.saturating_add(1)),
            Some((_, Hit::Back)) => self.go(self.at.saturating_sub(1)),
            Some((_, Hit::Cancel)) => self.page().0.cancel(),
            Some((track, Hit::Track(control))) => {
                self.selected[self.at] = control;
                self.drag = Some(Drag::Slider(control, track));
                self.slide(control, track, at.0);
            }
            Some((_, Hit::Control(control))) => {
                self.selected[self.at] = control;
                return self.press_clicked(control);
            }
            None if self.picture.contains(at.into()) => {
                self.drag = Some(Drag::Picture);
                self.point(at, false);
            }
            None => {}
        }
        Transition::Stay
    }

    /// Presses a clicked button; a click on the label of another control only selects it.
    fn press_clicked<'a>(&mut self, control: usize) -> Transition<'a> {
        match self.page().0.controls().get(control) {
            Some(Control::Button { .. }) => self.press(control),
            _ => Transition::Stay,
        }
    }

    fn point(&mut self, at: (u16, u16), drag: bool) {
        let relative = (at.0 - self.picture.x, at.1 - self.picture.y);
        let (page, shared) = self.page();
        page.point(relative, drag, shared);
    }
}

impl<'a> Screen<'a> for Tour {
    fn handle(&mut self, event: &Event) -> Transition<'a> {
        self.dirty = true;
        if let Event::Mouse(mouse) = event {
            return self.mouse(*mouse);
        }
        pressed(event).map_or(Transition::Stay, |key| self.key(key))
    }

    fn advance(&mut self, elapsed: Duration) -> Transition<'a> {
        self.since += elapsed;
        if self.since >= TICK {
            // After a pause, such as a suspension, a page does not catch up.
            let since = std::mem::take(&mut self.since).min(4 * TICK);
            let (page, shared) = self.page();
            let changed = page.advance(since, shared);
            self.dirty |= changed;
        }
        Transition::Stay
    }

    fn due(&self) -> Option<Duration> {
        let page = self.pages[self.at].as_ref()?;
        if page.is_live() {
            Some(TICK.saturating_sub(self.since))
        } else if page.progress().is_some() {
            Some(POLL.saturating_sub(self.since))
        } else {
            None
        }
    }

    fn is_dirty(&self) -> bool {
        self.dirty
    }

    fn frame(&self) -> Duration {
        TICK
    }

    fn draw(&mut self, area: Rect, buf: &mut Buffer, palette: Palette) {
        self.dirty = false;
        let palette = Palette { theme: Theme::chosen(), ..palette };
        view::draw(self, palette, area, buf);
        if self.ascii {
            ascii::convert_symbols(area, buf);
        }
    }
}
