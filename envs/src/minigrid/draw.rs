//! Map of the grid, two characters a cell; the cells in the view of the agent are lighter.

use freewheel_core::{Frame, Rgb};

use super::rules::{Cell, State, VIEW, vector};

const DARK: Rgb = Rgb(0, 0, 0);
const SEEN: Rgb = Rgb(44, 48, 58);
const AGENT: Rgb = Rgb(255, 82, 62);
const TEXT: Rgb = Rgb(210, 214, 222);
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

/// Draws a state.
pub(super) fn draw(state: &State, through_walls: bool, frame: &mut Frame) {
    let (columns, rows) = (state.width as usize, state.height() as usize);
    frame.clear((2 * columns).max(44), rows + 1);
    let view = state.view(through_walls);
    for y in 0..rows {
        for x in 0..columns {
            let at = [x as i32, y as i32];
            let background = if is_seen(state, &view, at) { SEEN } else { DARK };
            let (text, color) = if state.position == at {
                (["▶ ", "▼ ", "◀ ", "▲ "][usize::from(state.direction % 4)], AGENT)
            } else {
                picture(state.at(at))
            };
            frame.write(2 * x, y, text, color, background);
        }
    }
    let [x, y] = state.position.map(|i| i.max(0) as usize);
    frame.focus_on((2 * x).min((2 * columns).saturating_sub(1)), y.min(rows.saturating_sub(1)));
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
    frame.write(0, rows, &format!("step {:<4} {held} {end}", state.steps), TEXT, DARK);
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
