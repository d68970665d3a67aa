//! Visible part of a world's picture.

use freewheel_core::Frame;

/// Window on a picture: it follows the focus, or is scrolled by the user.
#[derive(Clone, Debug)]
pub(super) struct Viewport {
    /// Position of the window's top left corner: column and row of the picture. Negative if the picture is smaller than
    /// the window, and centered.
    pub(super) origin: (i32, i32),
    /// Columns and rows of the window.
    pub(super) size: (u16, u16),
    /// Whether the window follows the focus.
    pub(super) following: bool,
    /// Column and row of the picture to keep visible.
    focus: Option<(usize, usize)>,
}

impl Default for Viewport {
    fn default() -> Self {
        Viewport { origin: (0, 0), size: (80, 24), following: true, focus: None }
    }
}

impl Viewport {
    /// Updates the focus: the focus that the world gives, or else the center of the changes between two pictures of
    /// equal size.
    pub(super) fn update_focus(&mut self, before: Option<&Frame>, now: &Frame) {
        if now.focus().is_some() {
            self.focus = now.focus();
            return;
        }
        let Some(before) = before else { return };
        if (before.width(), before.height()) != (now.width(), now.height()) {
            return;
        }
        let changed = |&(x, y): &(usize, usize)| before.get(x, y) != now.get(x, y);
        let cells = (0..now.height()).flat_map(|y| (0..now.width()).map(move |x| (x, y)));
        let bounds = cells.filter(changed).fold(None, |bounds, (x, y)| match bounds {
            None => Some((x, x, y, y)),
            Some((x0, x1, y0, y1)) => Some((x.min(x0), x.max(x1), y.min(y0), y.max(y1))),
        });
        // Changes larger than the window give no focus.
        if let Some((x0, x1, y0, y1)) = bounds
            && x1 - x0 < usize::from(self.size.0)
            && y1 - y0 < usize::from(self.size.1)
        {
            self.focus = Some(((x0 + x1) / 2, (y0 + y1) / 2));
        }
    }

    /// Moves the window so that it lies on `picture` and contains the focus.
    pub(super) fn place_on(&mut self, picture: &Frame) {
        let focus = self.focus.filter(|_| self.following);
        let (pane, origin) = (self.size, self.origin);
        self.origin = (
            window_start(origin.0, pane.0, picture.width(), focus.map(|at| at.0)),
            window_start(origin.1, pane.1, picture.height(), focus.map(|at| at.1)),
        );
    }

    /// Scrolls the window, which then no longer follows the focus.
    pub(super) fn scroll(&mut self, columns: i32, rows: i32, picture: &Frame) {
        if self.fits(picture) {
            return;
        }
        self.following = false;
        self.origin = (self.origin.0.saturating_add(columns), self.origin.1.saturating_add(rows));
        self.place_on(picture);
    }

    /// Whether the window shows the whole picture.
    pub(super) fn fits(&self, picture: &Frame) -> bool {
        picture.width() <= usize::from(self.size.0) && picture.height() <= usize::from(self.size.1)
    }
}

/// Start of the window along one axis. If the focus is near the edge of the window, the window is centered on it: rare
/// jumps are easier to read than scrolling at each step.
fn window_start(origin: i32, size: u16, picture: usize, focus: Option<usize>) -> i32 {
    let (size, picture) = (i32::from(size), i32::try_from(picture).unwrap_or(i32::MAX));
    if picture <= size {
        return -((size - picture) / 2);
    }
    let most = picture - size;
    let origin = origin.clamp(0, most);
    let Some(focus) = focus.and_then(|at| i32::try_from(at).ok()) else { return origin };
    let margin = size / 6;
    if (origin + margin..origin + size - margin).contains(&focus) {
        return origin;
    }
    (focus - size / 2).clamp(0, most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use freewheel_core::Cell;

    fn dot(width: usize, height: usize, x: usize, y: usize) -> Frame {
        let mut frame = Frame::default();
        frame.clear(width, height);
        frame.set(x, y, Cell { glyph: '@', ..Cell::default() });
        frame
    }

    #[test]
    fn small_pictures_are_centered() {
        let mut viewport = Viewport { size: (20, 10), ..Viewport::default() };
        let picture = dot(10, 4, 0, 0);
        viewport.place_on(&picture);
        assert_eq!(viewport.origin, (-5, -3));
        viewport.scroll(4, 4, &picture);
        assert!(viewport.following && viewport.origin == (-5, -3));
    }

    #[test]
    fn the_focus_is_followed_in_jumps() {
        let mut viewport = Viewport { size: (20, 10), ..Viewport::default() };
        let mut before = dot(100, 10, 0, 5);
        let mut origins = Vec::new();
        for x in 1..100 {
            let now = dot(100, 10, x, 5);
            viewport.update_focus(Some(&before), &now);
            viewport.place_on(&now);
            let visible = (viewport.origin.0..viewport.origin.0 + 20).contains(&(x as i32));
            assert!(visible, "{x} is not in the window at {}", viewport.origin.0);
            origins.push(viewport.origin.0);
            before = now;
        }
        origins.dedup();
        assert!(origins.len() < 15, "{origins:?}");
        assert_eq!(origins.last(), Some(&80));
    }

    #[test]
    fn the_focus_of_the_world_is_followed_from_the_first_picture_on() {
        let mut viewport = Viewport { size: (20, 10), ..Viewport::default() };
        let mut picture = dot(100, 100, 3, 3);
        picture.focus_on(80, 60);
        viewport.update_focus(None, &picture);
        viewport.place_on(&picture);
        assert_eq!(viewport.origin, (70, 55));
    }

    #[test]
    fn scrolling_stops_at_the_edges_and_follow_comes_back() {
        let mut viewport = Viewport { size: (20, 10), ..Viewport::default() };
        let picture = dot(30, 30, 29, 29);
        for _ in 0..9 {
            viewport.scroll(4, 0, &picture);
        }
        assert_eq!(viewport.origin, (10, 0));
        viewport.update_focus(Some(&dot(30, 30, 29, 28)), &picture);
        viewport.place_on(&picture);
        assert_eq!(viewport.origin, (10, 0));
        viewport.following = true;
        viewport.place_on(&picture);
        assert_eq!(viewport.origin, (10, 20));
    }
}
