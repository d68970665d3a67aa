//! Drawing of a board of cells: background, agent, and the action values of a policy in every cell.

mod values;

use freewheel_core::{Cell, Frame, Policy, Rgb};

use super::table::TransitionTable;
use values::{CellValue, evaluate_cells, format_value, text_color, value_color};

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
    /// Whether there is a thin wall between `cell` and the one to its left.
    fn has_left_wall(&self, _cell: usize) -> bool {
        false
    }
    /// Label below a column, at most four characters.
    fn column_label(&self, _column: usize) -> Option<String> {
        None
    }
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
/// Minimum height, in rows, of a cell that is drawn with borders.
const LARGE: usize = 3;
const THIN_WALL: Rgb = Rgb(186, 192, 204);

/// Draws `board` with the agent at `observation`, as large as the maximum size of the frame allows.
pub(super) fn draw(
    board: &dyn Board,
    table: &TransitionTable,
    observation: u32,
    policy: Option<&dyn Policy>,
    frame: &mut Frame,
) {
    let (columns, rows) = board.size();
    let status = board.status(observation);
    let labels: Vec<Option<String>> = (0..columns).map(|column| board.column_label(column)).collect();
    let has_labels = labels.iter().any(Option::is_some);
    // On a screen a blank line separates the board from the status text.
    let gap = usize::from(frame.max_size().is_some() && !status.is_empty());
    let lines = gap + usize::from(has_labels) + usize::from(!status.is_empty());
    let max_size = frame.max_size().map(|(columns, rows)| (columns, rows.saturating_sub(lines)));
    let size = CellSize::fitting(columns, rows, max_size);
    let has_labels = has_labels && size.width > 1;
    let width = (columns * size.width).max(status.chars().count());
    let label_row = rows * size.height;
    let status_row = label_row + usize::from(has_labels) + gap;
    frame.clear(width, status_row + usize::from(!status.is_empty()));

    let cell_values =
        policy.map(|policy| evaluate_cells(board, table, observation, policy)).unwrap_or_default();
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
        let ground = match cell_value {
            _ if here => AGENT,
            Some(t) => value_color(if high > low { (t.value - low) / (high - low) } else { 0.5 }),
            None => style.bg,
        };
        let mut painter = Painter { frame, x, y, size, ground };
        painter.fill(&style);
        painter.cell(&style, cell_value, here);
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

struct Painter<'a> {
    frame: &'a mut Frame,
    x: usize,
    y: usize,
    size: CellSize,
    ground: Rgb,
}

impl Painter<'_> {
    /// Fills the background of a cell. On a screen, walls are block characters, visible without colors too, and thin
    /// lines separate large cells; in text without a screen, walls are blank.
    fn fill(&mut self, style: &CellStyle) {
        let CellSize { width, height } = self.size;
        let block = style.is_wall && self.frame.max_size().is_some();
        let line = self.ground.mix(Rgb(0, 0, 0), 0.35);
        for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
            let (glyph, fg) = match () {
                () if block => ('█', self.ground),
                () if style.is_wall || height < LARGE => (' ', Cell::default().fg),
                () if style.glyph == '▒' => ('░', style.fg),
                () if x + 1 == width => ('▕', line),
                () if y + 1 == height => ('▁', line),
                () => (' ', Cell::default().fg),
            };
            self.frame.set(self.x + x, self.y + y, Cell { glyph, fg, bg: self.ground });
        }
    }

    /// Writes the content of a cell: its glyph, or the arrows of the policy above and the value below, or the agent.
    fn cell(&mut self, style: &CellStyle, cell_value: Option<&CellValue>, agent: bool) {
        let CellSize { width, height } = self.size;
        let (ink, middle) = (text_color(self.ground), (height - 1) / 2);
        match cell_value {
            _ if agent && width < 3 => self.write_centered("●", middle, ink),
            Some(cell_value) => {
                let own = if style.glyph == '·' || width == 1 { None } else { Some(style.glyph) };
                let mark = if agent { Some('●') } else { own };
                let arrows = cell_value.arrows.iter().copied().take((width - 1).max(1));
                let text: String = mark.into_iter().chain(arrows).take(width).collect();
                let (above, below) = two_lines(height);
                self.write_centered(&text, above, ink);
                if height > 1 {
                    let max_len = if width < 6 { width - 1 } else { width };
                    self.write_centered(&format_value(cell_value.value, max_len), below, ink);
                }
            }
            None if agent => self.draw_glyph('●', ink),
            None if style.is_wall || style.glyph == '▒' && height >= LARGE => {}
            None => self.draw_glyph(style.glyph, style.fg),
        }
    }

    /// Draws a glyph in the middle of a cell, large if the cell is large.
    fn draw_glyph(&mut self, glyph: char, fg: Rgb) {
        let CellSize { width, height } = self.size;
        let large = match glyph {
            '●' => ["▗▄▄▄▖", "█████", "▝▀▀▀▘"],
            '○' => ["╭───╮", "│   │", "╰───╯"],
            '⚑' => ["▐▄▄▄ ", "▐▀▀▀ ", "▐    "],
            _ => ["", "", ""],
        };
        let middle = (height - 1) / 2;
        match glyph {
            _ if height >= 5 && !large[0].is_empty() => {
                if glyph == '○' {
                    self.ground = self.ground.mix(Rgb(0, 0, 0), 0.35);
                }
                for (y, row) in (middle - 1..).zip(large) {
                    self.write_centered(row, y, fg);
                }
            }
            '●' if width >= 6 => self.write_centered(" (●)", middle, fg),
            _ => self.write_centered(glyph.encode_utf8(&mut [0; 4]), middle, fg),
        }
    }

    fn draw_left_wall(&mut self) {
        for y in 0..self.size.height {
            self.frame.set(self.x, self.y + y, Cell { glyph: '▌', fg: THIN_WALL, bg: self.ground });
        }
    }

    fn write_centered(&mut self, text: &str, y: usize, fg: Rgb) {
        let indent = (self.size.width - text.chars().count().min(self.size.width)) / 2;
        self.frame.write(self.x + indent, self.y + y, text, fg, self.ground);
    }
}

/// Rows of the two lines of text in a cell: nearer to each other than to the text of neighboring cells.
fn two_lines(height: usize) -> (usize, usize) {
    match height {
        ..=3 => (0, height.min(2) - 1),
        _ if height % 2 == 1 => (height / 2 - 1, height / 2 + 1),
        _ => (height / 2 - 1, height / 2),
    }
}

/// Size of a cell in columns and rows of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct CellSize {
    width: usize,
    height: usize,
}

/// Cell sizes, smallest first. A character is about twice as high as it is wide, so most of these look square.
const CELL_SIZES: [CellSize; 11] = [
    CellSize::of(1, 1),
    CellSize::of(2, 1),
    CellSize::of(3, 1),
    CellSize::of(4, 2),
    CellSize::of(5, 2),
    CellSize::of(6, 2),
    CellSize::of(7, 3),
    CellSize::of(9, 4),
    CellSize::of(11, 5),
    CellSize::of(13, 6),
    CellSize::of(15, 7),
];

/// Cell size if the whole board does not fit: the board is scrolled, and square cells are easier to read.
const SCROLLED: CellSize = CellSize::of(2, 1);

impl CellSize {
    const fn of(width: usize, height: usize) -> Self {
        CellSize { width, height }
    }

    /// Largest cell size with which a board of `columns` x `rows` cells fits into `max_size` (`None`: no limit).
    fn fitting(columns: usize, rows: usize, max_size: Option<(usize, usize)>) -> Self {
        let Some((max_width, max_height)) = max_size else { return CellSize::without_limit(columns, rows) };
        let fits = |size: &&CellSize| columns * size.width <= max_width && rows * size.height <= max_height;
        CELL_SIZES.iter().rev().find(fits).copied().unwrap_or(SCROLLED)
    }

    fn without_limit(columns: usize, rows: usize) -> Self {
        match (columns, rows) {
            (..=16, ..=16) => CellSize::of(6, 2),
            (..=60, _) => CellSize::of(3, 1),
            _ => CellSize::of(1, 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(columns: usize, rows: usize, max_size: (usize, usize)) -> (usize, usize) {
        let size = CellSize::fitting(columns, rows, Some(max_size));
        (size.width, size.height)
    }

    #[test]
    fn the_largest_cells_that_fit_are_taken() {
        assert_eq!(size(4, 4, (46, 22)), (11, 5));
        assert_eq!(size(4, 4, (166, 53)), (15, 7));
        assert_eq!(size(12, 4, (78, 9)), (6, 2));
        assert_eq!(size(12, 4, (86, 38)), (7, 3));
        assert_eq!(size(20, 20, (46, 22)), (2, 1));
        assert_eq!(size(80, 36, (86, 38)), (1, 1));
    }

    #[test]
    fn a_board_that_never_fits_is_scrolled() {
        assert_eq!(size(100, 100, (86, 38)), (2, 1));
        assert_eq!(size(4, 4, (0, 0)), (2, 1));
    }
}
