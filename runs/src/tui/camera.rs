//! Which part of a world's picture is on the screen.

use freewheel_core::Frame;

/// A window on a picture: follows what moves, or is moved by hand.
#[derive(Clone, Debug)]
pub(super) struct Camera {
    /// The picture's column and row at the window's top left; negative where the picture is smaller and centered.
    pub(super) origin: (i32, i32),
    /// The window's columns and rows.
    pub(super) pane: (u16, u16),
    /// Whether it follows what moves.
    pub(super) following: bool,
    focus: Option<(usize, usize)>,
}

impl Default for Camera {
    fn default() -> Self {
        Camera { origin: (0, 0), pane: (80, 24), following: true, focus: None }
    }
}

impl Camera {
    /// Finds what to follow: what the world says, or else what changed between two pictures of the same size.
    pub(super) fn notice(&mut self, before: Option<&Frame>, now: &Frame) {
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
        // Where more changed than fits on the screen there is nothing to follow.
        if let Some((x0, x1, y0, y1)) = bounds
            && x1 - x0 < usize::from(self.pane.0)
            && y1 - y0 < usize::from(self.pane.1)
        {
            self.focus = Some(((x0 + x1) / 2, (y0 + y1) / 2));
        }
    }

    /// Puts the window where it belongs on `picture`.
    pub(super) fn aim(&mut self, picture: &Frame) {
        let focus = self.focus.filter(|_| self.following);
        let (pane, origin) = (self.pane, self.origin);
        self.origin = (
            place(origin.0, pane.0, picture.width(), focus.map(|at| at.0)),
            place(origin.1, pane.1, picture.height(), focus.map(|at| at.1)),
        );
    }

    /// Moves the window by hand.
    pub(super) fn scroll(&mut self, columns: i32, rows: i32, picture: &Frame) {
        if self.fits(picture) {
            return;
        }
        self.following = false;
        self.origin = (self.origin.0.saturating_add(columns), self.origin.1.saturating_add(rows));
        self.aim(picture);
    }

    /// Whether the whole picture is on the screen.
    pub(super) fn fits(&self, picture: &Frame) -> bool {
        picture.width() <= usize::from(self.pane.0) && picture.height() <= usize::from(self.pane.1)
    }
}

/// Where the window begins along one axis. A focus near its edge brings the window's middle there: one jump now and then
/// is calmer than a picture that creeps with every step.
fn place(origin: i32, pane: u16, picture: usize, focus: Option<usize>) -> i32 {
    let (pane, picture) = (i32::from(pane), i32::try_from(picture).unwrap_or(i32::MAX));
    if picture <= pane {
        return -((pane - picture) / 2);
    }
    let most = picture - pane;
    let origin = origin.clamp(0, most);
    let Some(focus) = focus.and_then(|at| i32::try_from(at).ok()) else { return origin };
    let margin = pane / 6;
    if (origin + margin..origin + pane - margin).contains(&focus) {
        return origin;
    }
    (focus - pane / 2).clamp(0, most)
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
        let mut camera = Camera { pane: (20, 10), ..Camera::default() };
        let picture = dot(10, 4, 0, 0);
        camera.aim(&picture);
        assert_eq!(camera.origin, (-5, -3));
        camera.scroll(4, 4, &picture);
        assert!(camera.following && camera.origin == (-5, -3));
    }

    #[test]
    fn what_moves_is_followed_in_jumps() {
        let mut camera = Camera { pane: (20, 10), ..Camera::default() };
        let mut before = dot(100, 10, 0, 5);
        let mut origins = Vec::new();
        for x in 1..100 {
            let now = dot(100, 10, x, 5);
            camera.notice(Some(&before), &now);
            camera.aim(&now);
            let seen = (camera.origin.0..camera.origin.0 + 20).contains(&(x as i32));
            assert!(seen, "{x} is not in the window at {}", camera.origin.0);
            origins.push(camera.origin.0);
            before = now;
        }
        origins.dedup();
        assert!(origins.len() < 15, "{origins:?}");
        assert_eq!(origins.last(), Some(&80));
    }

    #[test]
    fn what_the_world_says_is_followed_from_the_first_picture_on() {
        let mut camera = Camera { pane: (20, 10), ..Camera::default() };
        let mut picture = dot(100, 100, 3, 3);
        picture.focus_on(80, 60);
        camera.notice(None, &picture);
        camera.aim(&picture);
        assert_eq!(camera.origin, (70, 55));
    }

    #[test]
    fn scrolling_stops_at_the_edges_and_follow_comes_back() {
        let mut camera = Camera { pane: (20, 10), ..Camera::default() };
        let picture = dot(30, 30, 29, 29);
        for _ in 0..9 {
            camera.scroll(4, 0, &picture);
        }
        assert_eq!(camera.origin, (10, 0));
        camera.notice(Some(&dot(30, 30, 29, 28)), &picture);
        camera.aim(&picture);
        assert_eq!(camera.origin, (10, 0));
        camera.following = true;
        camera.aim(&picture);
        assert_eq!(camera.origin, (10, 20));
    }
}
