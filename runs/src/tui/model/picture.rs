//! Picture of the world: its size, layer and zoom.

use freewheel_core::Frame;
use ratatui::layout::Rect;

use super::Model;
use crate::messages::screens::tr;
use crate::tui::insight::Shown;
use crate::tui::layout::{self, Areas, Shape};

/// Smallest and largest zoom.
const ZOOM: (i8, i8) = (-8, 8);

impl Model {
    /// Draws the world for a screen of the size `screen`.
    pub(in crate::tui) fn fit(&mut self, screen: Rect) {
        self.refresh();
        if self.fitted_to != Some((screen, size(&self.picture))) {
            let shape = self.choose_shape(screen);
            self.refresh();
            self.fitted_to = Some((screen, size(&self.picture)));
            self.areas = self.areas_of(screen, shape);
            // The cells have moved.
            self.chosen = None;
        }
        let world = self.areas.world;
        self.dirty |= self.viewport.size != (world.width, world.height);
        self.viewport.size = (world.width, world.height);
        self.viewport.place_on(&self.picture);
    }

    /// Draws the world alone for a screen of the size `screen`.
    pub(in crate::tui) fn fit_picture(&mut self, screen: Rect) {
        if self.fitted_to.is_none_or(|(fitted, _)| fitted != screen) {
            self.before = Frame::with_max_size(usize::from(screen.width), usize::from(screen.height));
            self.picture = self.before.clone();
        }
        self.refresh();
        self.fitted_to = Some((screen, size(&self.picture)));
        self.areas = Areas { world: screen, ..Areas::default() };
        self.viewport.size = (screen.width, screen.height);
        self.viewport.place_on(&self.picture);
    }

    /// Columns and rows of the screen.
    pub(in crate::tui) fn screen_size(&self) -> (u16, u16) {
        self.fitted_to.map_or((0, 0), |(screen, _)| (screen.width, screen.height))
    }

    fn areas_of(&self, screen: Rect, shape: Shape) -> Areas {
        let actions = self.episode.spec().actions.names().len();
        layout::areas(screen, shape, self.picture.width(), actions)
    }

    /// Chooses the shape of the panel. The panel is below the world if the whole picture is visible only then, or if
    /// the visible part is then at least twice as large.
    fn choose_shape(&mut self, screen: Rect) -> Shape {
        let actions = self.episode.spec().actions.names().len();
        let (mut best, mut chosen): (Option<(usize, bool)>, _) = (None, Shape::Side);
        for &shape in layout::shapes(screen, actions) {
            let max_size = layout::max_picture_size(screen, shape, actions);
            // One empty column on both sides of the picture.
            let mut picture = Frame::with_max_size(max_size.0.saturating_sub(2), max_size.1);
            self.draw(&mut picture);
            let (cells, whole) = layout::visible_cells(size(&picture), max_size);
            let better = best.is_none_or(|(most, all)| whole && (!all || cells >= 2 * most));
            if better {
                (best, chosen) = (Some((cells, whole)), shape);
                (self.picture, self.before) = (picture.clone(), picture);
            }
        }
        chosen
    }

    /// Draws the world into `picture`.
    fn draw(&self, picture: &mut Frame) {
        picture.set_zoom(self.zoom);
        picture.set_layer(self.layer.checked_sub(2).and_then(|i| self.world.layers().get(i)).copied());
        let policy = self.policy().filter(|_| self.layer > 0);
        self.episode.runner().draw(policy, picture);
    }

    /// Updates the picture and the numbers of the policy: once per frame, not once per step.
    pub(in crate::tui) fn refresh(&mut self) {
        let mut picture = std::mem::take(&mut self.before);
        self.draw(&mut picture);
        self.before = std::mem::replace(&mut self.picture, picture);
        // Changes of the layer and of the zoom must not move the focus.
        let drawn = Some((self.layer, self.zoom, self.policy_index));
        let before = (self.drawn_with == drawn).then_some(&self.before);
        self.viewport.update_focus(before, &self.picture);
        self.drawn_with = drawn;
        self.viewport.place_on(&self.picture);
        let mut insight = std::mem::take(&mut self.insight);
        let shown = match self.learner() {
            Some(learner) => Some(Shown { index: None, policy: learner.policy(), version: learner.steps() }),
            None => self.policies.get(self.policy_index).map(|(_, policy)| Shown {
                index: Some(self.policy_index),
                policy: &**policy,
                version: 0,
            }),
        };
        insight.update(&self.episode, shown);
        insight.cell = self.cell_insight(self.policy());
        if let Some((cell, there)) =
            insight.cell.as_ref().and_then(|cell| Some((cell, cell.insight.as_ref()?)))
        {
            insight.scale.include_all(there, &cell.legal);
        }
        self.insight = insight;
    }

    /// Shows the next layer, and its name.
    pub(super) fn next_layer(&mut self) {
        self.layer = (self.layer + 1) % (2 + self.world.layers().len());
        let name = match self.layer {
            0 => tr!("no layer"),
            1 => tr!("layer: values of the policy"),
            layer => self.world.layers().get(layer - 2).copied().unwrap_or_default(),
        };
        let note = if self.layer < 2 { name.to_owned() } else { tr!("layer: {}", name) };
        self.set_note(&note);
    }

    /// Draws the world `by` steps larger.
    pub(super) fn zoom_by(&mut self, by: i8) {
        self.refresh();
        let (before, zoom) = (self.picture.clone(), self.zoom);
        self.zoom = zoom.saturating_add(by).clamp(ZOOM.0, ZOOM.1);
        self.refresh();
        let same = size(&before) == size(&self.picture)
            && (0..before.height())
                .all(|y| (0..before.width()).all(|x| before.get(x, y) == self.picture.get(x, y)));
        if self.zoom == zoom || same {
            self.zoom = zoom;
            self.set_note(if zoom == 0 {
                tr!("this world has one size")
            } else {
                tr!("this is the last size")
            });
        }
        self.dirty = true;
    }
}

/// Size of a picture in columns and rows.
fn size(picture: &Frame) -> (usize, usize) {
    (picture.width(), picture.height())
}
