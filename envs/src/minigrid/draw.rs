//! Map of the grid, as large as the window allows; the cells in the view of the agent are lighter.

use freewheel_core::{Frame, Rgb};

use super::rules::{Cell, State, VIEW, vector};

const DARK: Rgb = Rgb(0, 0, 0);
const SEEN: Rgb = Rgb(44, 48, 58);
const AGENT: Rgb = Rgb(255, 82, 62);
const TEXT: Rgb = Rgb(210, 214, 222);
const FAINT: Rgb = Rgb(104, 110, 122);
/// Colors in MiniGrid's order: red, green, blue, purple, yellow, gray.
const COLORS: [Rgb; 6] = [
    Rgb(224, 64, 56),
    Rgb(80, 190, 96),
    Rgb(80, 130, 240),
    Rgb(150, 90, 210),
    Rgb(232, 200, 80),
    Rgb(120, 124, 132),
];
const COLOR_NAMES: [&str; 6] = ["red", "green", "blue", "purple", "yellow", "gray"];
/// Rows of a cell in the largest drawing.
const MAX_HEIGHT: usize = 8;
/// Columns of the line of text.
const STATUS: usize = 44;
/// Agent in cells of three rows and more, by its direction: right, down, left, up.
const ARROWS: [[&str; 3]; 4] = [
    ["█▙▖  ", "█████", "█▛▘  "],
    ["█████", "▝███▘", " ▝█▘ "],
    ["  ▗▟█", "█████", "  ▝▜█"],
    [" ▗█▖ ", "▗███▖", "█████"],
];

/// Draws a state.
pub(super) fn draw(state: &State, through_walls: bool, frame: &mut Frame) {
    let (columns, rows) = (state.width as usize, state.height() as usize);
    let height = cell_height((columns, rows), frame);
    let width = 2 * height;
    let on_screen = frame.max_size().is_some();
    frame.clear((width * columns).max(STATUS), height * rows + 1);
    let view = state.view(through_walls);
    for (x, y) in (0..rows).flat_map(|y| (0..columns).map(move |x| (x, y))) {
        let at = [x as i32, y as i32];
        let seen = is_seen(state, &view, at);
        let mut painter =
            Painter { frame, at: (width * x, height * y), height, ground: if seen { SEEN } else { DARK } };
        if state.position == at {
            painter.agent(usize::from(state.direction % 4));
        } else if on_screen {
            painter.cell(state.at(at), seen);
        } else {
            let (text, color) = picture(state.at(at));
            painter.write(0, 0, text, color);
        }
    }
    let [x, y] = state.position.map(|i| i.max(0) as usize);
    let middle = |at: usize, size: usize, count: usize| {
        at.saturating_mul(size).saturating_add((size - 1) / 2).min((size * count).saturating_sub(1))
    };
    frame.focus_on(middle(x, width, columns), middle(y, height, rows));
    let color = |cell: Cell| COLOR_NAMES.get(usize::from(cell.color)).copied().unwrap_or_default();
    let held = match state.carrying {
        Some(cell) if cell.is_key() => format!("carries a {} key", color(cell)),
        Some(cell) => format!("carries a {} ball", color(cell)),
        None => String::new(),
    };
    let end = match state.success {
        Some(true) => "at the goal",
        Some(false) => "collision",
        None => "",
    };
    frame.write(0, height * rows, &format!("step {:<4} {held} {end}", state.steps), TEXT, DARK);
}

/// Rows of a cell in the largest drawing of `columns` x `rows` cells that fits; 1 without a maximum size.
fn cell_height((columns, rows): (usize, usize), frame: &Frame) -> usize {
    let Some(room) = frame.max_size() else { return 1 };
    let fits = |height: &usize| 2 * height * columns <= room.0 && height * rows < room.1;
    let fitting = (1..=MAX_HEIGHT).rev().find(fits).unwrap_or(1);
    fitting.saturating_add_signed(isize::from(frame.zoom())).clamp(1, MAX_HEIGHT)
}

/// Whether the cell `at` is in the view and not hidden there.
fn is_seen(state: &State, view: &[[Cell; VIEW]; VIEW], at: [i32; 2]) -> bool {
    let (ahead, right) = (vector(state.direction), vector((state.direction + 1) % 4));
    let offset = [at[0].wrapping_sub(state.position[0]), at[1].wrapping_sub(state.position[1])];
    let along = |v: [i32; 2]| offset[0].wrapping_mul(v[0]).wrapping_add(offset[1].wrapping_mul(v[1]));
    let (row, column) =
        ((VIEW as i32 - 1).wrapping_sub(along(ahead)), (VIEW as i32 / 2).wrapping_add(along(right)));
    let inside = |i: i32| (0..VIEW as i32).contains(&i);
    inside(row) && inside(column) && view[row as usize][column as usize] != Cell::HIDDEN
}

/// Text of a cell of two columns, as in files.
fn picture(cell: Cell) -> (&'static str, Rgb) {
    let color = COLORS.get(usize::from(cell.color)).copied().unwrap_or(TEXT);
    let text = match (cell.object, cell.state) {
        (2, _) => "██",
        (4, 0) => "▏ ",
        (4, 1) => "▒▒",
        (4, _) => "▓▓",
        (5, _) => "k ",
        (6, _) => "● ",
        (8, _) => "██",
        _ => "  ",
    };
    (text, color)
}

/// Painter of one cell of `2 * height` columns.
struct Painter<'a> {
    frame: &'a mut Frame,
    /// Column and row of the upper left corner.
    at: (usize, usize),
    height: usize,
    /// Background color.
    ground: Rgb,
}

impl Painter<'_> {
    /// Writes a text at a column and row of the cell.
    fn write(&mut self, column: usize, row: usize, text: &str, fg: Rgb) {
        self.frame.write(self.at.0 + column, self.at.1 + row, text, fg, self.ground);
    }

    /// Fills the cell with a glyph.
    fn fill(&mut self, glyph: char, fg: Rgb) {
        for row in 0..self.height {
            self.write(0, row, &String::from_iter(std::iter::repeat_n(glyph, 2 * self.height)), fg);
        }
    }

    /// Writes a text into the middle of the cell.
    fn center(&mut self, text: &str, fg: Rgb) {
        let indent = (2 * self.height).saturating_sub(text.chars().count()) / 2;
        self.write(indent, (self.height - 1) / 2, text, fg);
    }

    /// Draws the agent.
    fn agent(&mut self, direction: usize) {
        self.fill(' ', AGENT);
        if self.height < 3 {
            let arrow = ["▶", "▼", "◀", "▲"][direction];
            return self.center(arrow, AGENT);
        }
        let (left, top) = (self.height.saturating_sub(3), (self.height - 3) / 2);
        for (row, text) in (top..).zip(ARROWS[direction]) {
            self.write(left, row, text, AGENT);
        }
    }

    /// Draws a cell on a screen. The first letter of a color, or its name, tells objects apart without colors, and so
    /// does a dot on a floor in the view of the agent.
    fn cell(&mut self, cell: Cell, seen: bool) {
        let color = COLORS.get(usize::from(cell.color)).copied().unwrap_or(TEXT);
        let name = COLOR_NAMES.get(usize::from(cell.color)).copied().unwrap_or_default();
        let glyph = match (cell.object, cell.state) {
            (2, _) => return self.fill('█', color),
            (8, _) => {
                self.fill('▒', color);
                return self.center("⚑", TEXT);
            }
            (4, 0) => '▏',
            (4, 1) => '▒',
            (4, _) => '▓',
            (5, _) => 'k',
            (6, _) => '●',
            _ => {
                self.fill(' ', FAINT);
                return self.center(if seen { "·" } else { " " }, FAINT);
            }
        };
        self.fill(if cell.is_door() { glyph } else { ' ' }, color);
        match (self.height, cell.object) {
            (1, _) => {
                // `a` is gray, because `g` is green.
                let letter = if name == "gray" { "a" } else { name.get(..1).unwrap_or_default() };
                self.write(0, 0, glyph.encode_utf8(&mut [0; 4]), color);
                self.write(1, 0, letter, color);
            }
            (2, 4) => self.center(name.get(..3).unwrap_or_default(), color),
            (2, _) => {
                self.center(glyph.encode_utf8(&mut [0; 4]), color);
                self.write(0, 1, name.get(..3).unwrap_or_default(), color);
            }
            (height, object) => {
                let label = match (object, cell.state) {
                    (4, 0) => "open",
                    (4, 1) => "door",
                    (4, _) => "locked",
                    (5, _) => "o━┳┳",
                    _ => "(●)",
                };
                self.center(label, if object == 4 { TEXT } else { color });
                self.write((2 * height).saturating_sub(name.len()) / 2, height - 1, name, color);
            }
        }
    }
}
