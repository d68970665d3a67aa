//! Drawing of a board of cells: background, agent, the action values of a policy in every cell, the path of the agent
//! so far, and how often it was in each cell.

mod layout;
mod paint;
mod path;
mod values;

use freewheel_core::{Event, Frame, Policy, Rgb, Step};

use super::table::TransitionTable;
use super::world::State;
use crate::heat::value_color;
use layout::Layout;
use paint::{Content, Painter};
use path::Path;
use values::evaluate_cells;

/// Names of the optional layers: number of visits of each cell, and the last way out of each cell.
pub(super) const LAYERS: [&str; 2] = ["visits", "trail"];

/// Description of a world's board, from which [`draw`] makes the drawing.
pub(super) trait Board: Send + Sync {
    /// Number of columns and rows of cells.
    fn size(&self) -> (usize, usize);
    /// Cell of the agent, row-major; `None` if the agent is not on the board.
    fn agent(&self, observation: u32) -> Option<usize>;
    /// Observation that differs from `observation` only in the agent's cell, which is `cell`; `None` if the agent
    /// cannot be on that cell.
    fn observation_at(&self, cell: usize, observation: u32) -> Option<u32>;
    /// Glyph and colors of a cell.
    fn cell_style(&self, cell: usize, observation: u32) -> CellStyle;
    /// Glyph that shows the direction of `action` at `observation`.
    fn arrow(&self, observation: u32, action: usize) -> char;
    /// Cell that `action` aims at from `observation`, without slips, wind and walls; the agent's own cell for an action
    /// that acts there. `None` beyond the edge of the board.
    fn target(&self, observation: u32, action: usize) -> Option<usize>;
    /// Whether there is a thin wall between `cell` and the one to its left.
    fn has_left_wall(&self, _cell: usize) -> bool {
        false
    }
    /// Label below a column, at most four characters.
    fn column_label(&self, _column: usize) -> Option<String> {
        None
    }
    /// Event of the step from `before` to `after`; `None` for an ordinary one.
    fn event(&self, before: u32, action: usize, after: u32, step: Step) -> Option<Event>;
    /// Line of text below the board; empty if there is no text.
    fn status(&self, _observation: u32) -> String {
        String::new()
    }
}

/// Appearance of a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct CellStyle {
    /// Glyph in the middle of the cell.
    pub(super) glyph: char,
    pub(super) fg: Rgb,
    pub(super) bg: Rgb,
    /// Whether the cell never shows a policy, as walls, holes and goals.
    pub(super) no_policy: bool,
    /// Whether the cell is a wall.
    pub(super) is_wall: bool,
}

/// Color of the agent, distinct from all background colors and all colors of values.
const AGENT: Rgb = Rgb(255, 104, 92);
const DIM: Rgb = Rgb(120, 128, 140);
/// Colors of the most visited cell, and of the cell left last.
const VISITED: Rgb = Rgb(222, 128, 44);
const RECENT: Rgb = Rgb(72, 132, 196);

/// Moment that is drawn.
pub(super) struct Moment<'a> {
    /// Present observation.
    pub(super) observation: u32,
    /// Earlier states of the episode, the oldest first.
    pub(super) past: &'a [State],
    /// Policy whose values are drawn.
    pub(super) policy: Option<&'a dyn Policy>,
}

/// Draws `board`, as large as the maximum size of the frame allows.
pub(super) fn draw(board: &dyn Board, table: &TransitionTable, moment: &Moment<'_>, frame: &mut Frame) {
    let (columns, rows) = board.size();
    let observation = moment.observation;
    let Layout { size, status, labels, gap } = Layout::of(board, observation, frame);
    let has_labels = labels.iter().any(Option::is_some);
    let path = Path::of(board, moment);
    let legend = match (frame.layer(), path.is_empty()) {
        (None, _) => "",
        (Some(_), true) => "no steps so far",
        (Some("visits"), _) => "visits of each cell",
        (Some(_), _) => "last step out of each cell",
    };
    let status =
        [status.as_str(), legend].join(if status.is_empty() || legend.is_empty() { "" } else { "   " });
    let width = (columns * size.width).max(status.chars().count());
    let label_row = rows * size.height;
    let status_row = label_row + usize::from(has_labels) + gap;
    frame.clear(width, status_row + usize::from(!status.is_empty()));

    let cell_values =
        moment.policy.map(|policy| evaluate_cells(board, table, observation, policy)).unwrap_or_default();
    let (low, high) =
        cell_values.iter().flatten().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), cell| {
            (low.min(cell.value), high.max(cell.value))
        });
    let agent = board.agent(observation);
    for cell in 0..columns * rows {
        let (x, y) = (cell % columns * size.width, cell / columns * size.height);
        let cell_value = cell_values.get(cell).and_then(Option::as_ref);
        let style = board.cell_style(cell, observation);
        let here = agent == Some(cell);
        let mark = path.mark(cell, frame.layer());
        let ground = match (cell_value, &mark) {
            _ if here => AGENT,
            (_, Some(mark)) if mark.share > 0.0 => style.bg.mix(mark.color, mark.share),
            (Some(t), _) if frame.layer().is_none() => {
                value_color(if high > low { (t.value - low) / (high - low) } else { 0.5 })
            }
            _ => style.bg,
        };
        let mut painter = Painter { frame, x, y, size, ground };
        painter.fill(&style);
        painter.cell(&style, &Content { value: cell_value, mark: mark.as_ref(), agent: here });
        if size.width > 1 && board.has_left_wall(cell) {
            painter.draw_left_wall();
        }
        if here {
            frame.focus_on(x + (size.width - 1) / 2, y + (size.height - 1) / 2);
        }
    }
    if has_labels {
        for (column, text) in labels.iter().enumerate() {
            let text: String = text.iter().flat_map(|text| text.chars()).take(size.width).collect();
            let indent = (size.width - text.chars().count()).div_ceil(2);
            frame.write(column * size.width + indent, label_row, &text, DIM, Rgb::default());
        }
    }
    frame.write(0, status_row, &status, DIM, Rgb::default());
}

/// Number of the action that aims at the cell at `column` and `row` of the drawing `frame`; see
/// [`freewheel_core::World::action_at`].
pub(super) fn action_at(
    board: &dyn Board,
    observation: u32,
    actions: usize,
    frame: &Frame,
    (column, row): (usize, usize),
) -> Option<u32> {
    let (clicked, _) = cell_at(board, observation, frame, (column, row))?;
    (0..actions)
        .find(|&action| board.target(observation, action) == Some(clicked))
        .map(|action| action as u32)
}

/// Cell at `column` and `row` of the drawing `frame`, and its part of the drawing: left column, upper row, columns,
/// rows.
pub(super) fn cell_at(
    board: &dyn Board,
    observation: u32,
    frame: &Frame,
    (column, row): (usize, usize),
) -> Option<(usize, (usize, usize, usize, usize))> {
    let ((columns, rows), size) = (board.size(), Layout::of(board, observation, frame).size);
    let (x, y) = (column / size.width, row / size.height);
    let area = (x * size.width, y * size.height, size.width, size.height);
    (x < columns && y < rows).then_some((y * columns + x, area))
}

/// Column and row in the drawing `frame` of the middle of the cell that `action` aims at.
pub(super) fn action_cell(
    board: &dyn Board,
    observation: u32,
    action: u32,
    frame: &Frame,
) -> Option<(usize, usize)> {
    let cell = board.target(observation, action as usize)?;
    let (columns, size) = (board.size().0, Layout::of(board, observation, frame).size);
    let middle = ((size.width - 1) / 2, (size.height - 1) / 2);
    Some((cell % columns * size.width + middle.0, cell / columns * size.height + middle.1))
}
