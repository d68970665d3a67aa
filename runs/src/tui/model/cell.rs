//! Cell of the world's picture that the user has chosen: the panel shows the numbers of its state, or of its action.

use freewheel_core::{Frame, Policy};

use super::Model;
use crate::messages::screens::tr;
use crate::tui::insight::{CellInsight, Page};

/// Choice of what the chosen cell stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chosen {
    /// A state: column and row of a place in its cell.
    State(usize, usize),
    /// An action, such as the move on a point of a board.
    Action(u32),
}

impl Model {
    /// Chooses the cell at this column and row of the picture; a click on the chosen cell closes it. False if the place
    /// stands for nothing.
    pub(super) fn choose_cell(&mut self, x: usize, y: usize) -> bool {
        let Some(chosen) = self.cell_of(x, y) else { return false };
        let is_open = match (self.chosen, chosen) {
            (Some(Chosen::State(..)), Chosen::State(..)) => {
                let inside = |(left, top, width, height): (usize, usize, usize, usize)| {
                    (left..left + width).contains(&x) && (top..top + height).contains(&y)
                };
                self.cell_area().is_some_and(inside)
            }
            (now, new) => now == Some(new),
        };
        self.chosen = (!is_open).then_some(chosen);
        self.insight.page = Page::Actions;
        (self.note, self.dirty) = (None, true);
        true
    }

    /// Meaning of the cell at this column and row of the picture.
    fn cell_of(&self, x: usize, y: usize) -> Option<Chosen> {
        let runner = self.episode.runner();
        match runner.cell_at(&self.picture, x, y) {
            Some(_) => Some(Chosen::State(x, y)),
            // On a grid, an action is a neighboring cell; a state is not an action.
            None if self.has_states() => None,
            None => runner.action_at(&self.picture, x, y).map(Chosen::Action),
        }
    }

    /// Whether cells of the picture stand for states.
    fn has_states(&self) -> bool {
        let all = (0..self.picture.height()).flat_map(|y| (0..self.picture.width()).map(move |x| (x, y)));
        let runner = self.episode.runner();
        all.step_by(2).any(|(x, y)| runner.cell_at(&self.picture, x, y).is_some())
    }

    /// Opens the cell of the agent, or closes the chosen cell.
    pub(super) fn toggle_cell(&mut self) {
        self.refresh();
        if self.chosen.take().is_some() {
            return;
        }
        let at = self.picture.focus().unwrap_or((self.picture.width() / 2, self.picture.height() / 2));
        // The agent may be in a cell without a choice, such as a goal: the nearest other one is taken.
        let places = (0..self.picture.height()).flat_map(|y| (0..self.picture.width()).map(move |x| (x, y)));
        let distance = |&(x, y): &(usize, usize)| x.abs_diff(at.0) + 2 * y.abs_diff(at.1);
        let runner = self.episode.runner();
        let state =
            places.filter(|(x, y)| runner.cell_at(&self.picture, *x, *y).is_some()).min_by_key(distance);
        if let Some((x, y)) = state {
            self.choose_cell(x, y);
        } else if self.cell_of(at.0, at.1).is_some() {
            self.choose_cell(at.0, at.1);
        } else if let Some(action) = self.next_action_cell(None, (0, 0)) {
            (self.chosen, self.insight.page) = (Some(Chosen::Action(action)), Page::Actions);
        } else {
            self.set_note(tr!("the cells of this picture have no values"));
        }
    }

    /// Chooses the next cell in a direction: columns and rows.
    pub(super) fn move_cell(&mut self, by: (i32, i32)) {
        match self.chosen {
            Some(Chosen::Action(action)) => {
                self.chosen = self.next_action_cell(Some(action), by).map(Chosen::Action).or(self.chosen);
            }
            Some(Chosen::State(..)) => {
                let Some((left, top, width, height)) = self.cell_area() else { return };
                let middle = (left + width / 2, top + height / 2);
                // Cells without a state, such as walls, are skipped.
                let next = (1..)
                    .map(|n| {
                        (
                            middle.0 as i32 + n * by.0 * width as i32,
                            middle.1 as i32 + n * by.1 * height as i32,
                        )
                    })
                    .map_while(|(x, y)| within(&self.picture, x, y))
                    .find(|&(x, y)| self.episode.runner().cell_at(&self.picture, x, y).is_some());
                if let Some((x, y)) = next {
                    self.chosen = Some(Chosen::State(x, y));
                }
            }
            None => {}
        }
    }

    /// Part of the picture that is the chosen cell: left column, upper row, columns, rows.
    pub(in crate::tui) fn cell_area(&self) -> Option<(usize, usize, usize, usize)> {
        let runner = self.episode.runner();
        match self.chosen? {
            Chosen::State(x, y) => runner.cell_at(&self.picture, x, y).map(|cell| cell.area),
            Chosen::Action(action) => runner.action_cell(&self.picture, action).map(|(x, y)| (x, y, 1, 1)),
        }
    }

    /// Whether the user has chosen a cell.
    pub(in crate::tui) fn has_cell(&self) -> bool {
        self.chosen.is_some()
    }

    /// Action that the chosen cell stands for.
    pub(in crate::tui) fn chosen_action(&self) -> Option<u32> {
        match self.chosen? {
            Chosen::Action(action) => Some(action),
            Chosen::State(..) => None,
        }
    }

    /// Numbers of `policy` about the state of the chosen cell.
    pub(super) fn cell_insight(&self, policy: Option<&dyn Policy>) -> Option<CellInsight> {
        let Some(Chosen::State(x, y)) = self.chosen else { return None };
        let cell = self.episode.runner().cell_at(&self.picture, x, y)?;
        let insight = policy.and_then(|policy| self.episode.insight_into(policy, &cell));
        Some(CellInsight { name: cell.name, legal: cell.legal, insight })
    }
}

/// The place `(x, y)`, if it is inside of the picture.
fn within(picture: &Frame, x: i32, y: i32) -> Option<(usize, usize)> {
    let (x, y) = (usize::try_from(x).ok()?, usize::try_from(y).ok()?);
    (x < picture.width() && y < picture.height()).then_some((x, y))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
    use freewheel_core::{Policy, SolveQuery};
    use ratatui::layout::Rect;

    use crate::Registry;
    use crate::tui::Watch;
    use crate::tui::keys::Command;
    use crate::tui::model::Model;

    fn model(id: &str, policy: impl Fn(&dyn freewheel_core::DynWorld) -> Option<Arc<dyn Policy>>) -> Model {
        let world = Registry::standard().build_world(id, &toml::Table::new()).unwrap();
        let mut watch = Watch::new(Arc::clone(&world));
        watch.policies.extend(policy(&*world).map(|policy| ("optimal policy".to_owned(), policy)));
        let mut model = Model::new(watch);
        model.fit(Rect::new(0, 0, 120, 40));
        model
    }

    fn click(model: &mut Model, (x, y): (usize, usize)) {
        let (left, top) = model.viewport.origin;
        let at = |place: usize, origin: i32, area: u16| (place as i32 - origin) as u16 + area;
        let (column, row) = (at(x, left, model.areas.world.x), at(y, top, model.areas.world.y));
        let kind = MouseEventKind::Down(MouseButton::Left);
        model.mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE });
        model.refresh();
    }

    #[test]
    fn a_clicked_cell_shows_the_values_of_its_state() {
        let solved = |world: &dyn freewheel_core::DynWorld| {
            world.solve(&SolveQuery::for_spec(world.spec())).unwrap().policy
        };
        let mut model = model("grid/cliff", solved);
        let start = model.insight.current.clone().unwrap();
        // One row above the start, by the keyboard: one step nearer to the goal.
        model.execute(Command::Cell);
        model.execute(Command::MoveCell((0, -1)));
        model.refresh();
        let cell = model.insight.cell.as_ref().unwrap();
        assert_eq!(cell.name, "row 2, column 0");
        let above = cell.insight.clone().unwrap();
        assert_eq!(above.value.unwrap(), start.value.unwrap() + 1.0);
        // The same cell by the mouse; a second click closes it.
        let (left, top, ..) = model.cell_area().unwrap();
        model.execute(Command::Escape);
        assert!(!model.has_cell() && model.exit.is_none());
        click(&mut model, (left, top));
        assert_eq!(model.insight.cell.as_ref().unwrap().insight, Some(above));
        click(&mut model, (left + 1, top));
        assert!(!model.has_cell() && model.insight.cell.is_none());
        // The episode has not moved.
        assert_eq!(model.episode.position(), 0);
    }

    #[test]
    fn a_point_of_a_board_is_an_action() {
        let mut model = model("go/5x5", |_| None);
        model.human = None;
        model.execute(Command::Cell);
        let name = |model: &Model| {
            model.episode.spec().actions.names()[model.chosen_action().unwrap() as usize].clone()
        };
        let first = name(&model);
        model.execute(Command::MoveCell((-1, 0)));
        let left = name(&model);
        model.execute(Command::MoveCell((1, 0)));
        assert_eq!(name(&model), first);
        let [[a, row], [b, same_row]] = [&left, &first].map(|name| [name.as_bytes()[0], name.as_bytes()[1]]);
        assert_eq!((a + 1, row), (b, same_row), "{left} {first}");
        model.execute(Command::Escape);
        assert!(!model.has_cell());
    }

    #[test]
    fn a_picture_without_cells_says_so() {
        let mut model = model("classic/cartpole", |_| None);
        model.human = None;
        model.execute(Command::Cell);
        assert!(!model.has_cell() && model.note.is_some());
    }
}
