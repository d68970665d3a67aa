//! Viewer without a terminal: the screens of one episode, for files.

use freewheel_core::{Error, Result};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::model::Model;
use super::palette::{Depth, Palette};
use super::returns::Returns;
use super::theme::Theme;
use super::{Watch, view};

/// Viewer of one episode that draws into buffers.
pub(crate) struct Offscreen {
    model: Model,
    screen: Rect,
    /// Whether only the picture of the world is drawn.
    picture: bool,
    /// Number of steps of the episode.
    steps: usize,
    /// Whether the end of the episode is shown, with its return; otherwise the returns are in `returns`.
    ended: bool,
    returns: Vec<Returns>,
}

impl Offscreen {
    /// Viewer of an episode: the recording with this index, or the first episode of the last policy. `size` is the
    /// number of columns and rows; with `picture`, only the picture of the world is drawn, in at most this size. All
    /// steps are made; `progress` gets their number.
    ///
    /// # Errors
    /// Errors of the steps; [`Error::Config`] for an episode without a policy.
    pub(crate) fn new(
        watch: Watch,
        recording: usize,
        size: (u16, u16),
        picture: bool,
        progress: &dyn Fn(usize),
    ) -> Result<Self> {
        let is_recording = !watch.recordings.is_empty();
        let mut model = Model::new(watch);
        model.is_offscreen = true;
        if is_recording {
            model.load(recording);
            model.episode.go_to(usize::MAX)?;
        }
        while !is_recording && model.episode.over().is_none() {
            let before = model.episode.position();
            model.next_step();
            progress(before + 1);
            if model.episode.position() == before {
                let why = model.note.take().unwrap_or_else(|| "the episode has no next step".into());
                return Err(Error::Config(why));
            }
        }
        model.note = None;
        let steps = model.episode.position();
        let screen = Rect::new(0, 0, size.0, size.1);
        let mut viewer = Offscreen { model, screen, picture, steps, ended: true, returns: Vec::new() };
        if picture {
            viewer.shrink()?;
        }
        Ok(viewer)
    }

    /// Makes the screen as small as the pictures of the first and of the last step allow.
    fn shrink(&mut self) -> Result<()> {
        let most = self.screen;
        let (mut width, mut height) = (1, 1);
        for step in [0, self.steps] {
            self.model.episode.go_to(step)?;
            self.model.fit_picture(most);
            width = width.max(self.model.picture.width());
            height = height.max(self.model.picture.height());
        }
        let least = |size: usize, most: u16| u16::try_from(size).unwrap_or(most).min(most);
        self.screen = Rect::new(0, 0, least(width, most.width), least(height, most.height));
        Ok(())
    }

    /// Title of the episode.
    pub(crate) fn title(&self) -> &str {
        self.model.recording_title().unwrap_or(&self.model.title)
    }

    /// Colors.
    pub(crate) fn theme(&self) -> Theme {
        self.model.theme
    }

    /// Number of steps of the episode.
    pub(crate) fn steps(&self) -> usize {
        self.steps
    }

    /// Speed, steps a second.
    pub(crate) fn speed(&self) -> f64 {
        self.model.clock.speed()
    }

    /// Number of columns and rows of the screens.
    pub(crate) fn size(&self) -> (u16, u16) {
        (self.screen.width, self.screen.height)
    }

    /// Screen after `step` steps, at most all of them.
    ///
    /// # Errors
    /// Errors of replaying the steps.
    pub(crate) fn draw(&mut self, step: usize) -> Result<Buffer> {
        self.model.episode.go_to(step.min(self.steps))?;
        if self.ended != (step >= self.steps) {
            self.ended = !self.ended;
            self.model.swap_returns(&mut self.returns);
        }
        let palette = Palette { depth: Depth::True, theme: self.model.theme };
        if self.picture {
            let mut buf = Buffer::empty(self.screen);
            buf.set_style(self.screen, palette.base());
            self.model.fit_picture(self.screen);
            view::world(&self.model, palette, self.screen, &mut buf);
            return Ok(buf);
        }
        Ok(draw(&mut self.model, palette, self.screen))
    }
}

/// Screen of `model` in the present state, without the row of the keys.
pub(super) fn draw(model: &mut Model, palette: Palette, screen: Rect) -> Buffer {
    let with_keys = Rect { height: screen.height.saturating_add(1), ..screen };
    let mut buf = Buffer::empty(with_keys);
    model.fit(with_keys);
    view::draw(model, palette, with_keys, &mut buf);
    buf.resize(screen);
    buf
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::test_worlds;

    #[test]
    fn screens_of_an_episode_are_drawn_in_any_order() {
        let watch = || test_worlds::watch();
        let mut viewer = Offscreen::new(watch(), 0, (80, 24), false, &|_| {}).unwrap();
        let steps = viewer.steps();
        assert!(steps > 0 && viewer.size() == (80, 24));
        let last = viewer.draw(usize::MAX).unwrap();
        assert_eq!((last.area.width, last.area.height), (80, 24));
        assert_ne!(viewer.draw(0).unwrap(), last);
        assert_eq!(viewer.draw(steps).unwrap(), last);
        // The picture alone is not larger than the world.
        let mut viewer = Offscreen::new(watch(), 0, (80, 24), true, &|_| {}).unwrap();
        let (width, height) = viewer.size();
        assert!(width < 80 && height < 24, "{width} x {height}");
        assert_eq!(viewer.draw(0).unwrap().area, Rect::new(0, 0, width, height));
    }
}
