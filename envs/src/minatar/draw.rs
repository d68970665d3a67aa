//! Drawing of Breakout, as large as the window allows.

use freewheel_core::{Cell, Frame, Rgb};

use super::rules::{SIZE, State};
use crate::disk;

const TEXT: Rgb = Rgb(210, 214, 222);
const PADDLE: Rgb = Rgb(90, 200, 120);
const BALL: Rgb = Rgb(240, 240, 240);
const TRAIL: Rgb = Rgb(120, 126, 138);
const FIELD: Rgb = Rgb(28, 31, 38);
const BRICKS: [Rgb; 3] = [Rgb(224, 64, 56), Rgb(232, 178, 92), Rgb(80, 130, 240)];
/// Columns of the line of text.
const STATUS: usize = 44;
/// Rows of a cell in the largest drawing.
const MAX_HEIGHT: usize = 8;

/// Draws a state. Cells are twice as wide as high; without a maximum size they are one row high.
pub(super) fn draw(state: &State, frame: &mut Frame) {
    let height = match frame.max_size() {
        Some((columns, rows)) => {
            (columns / (2 * SIZE)).min(rows.saturating_sub(1) / SIZE).clamp(1, MAX_HEIGHT)
        }
        None => 1,
    };
    frame.clear((2 * SIZE * height).max(STATUS), SIZE * height + 1);
    for (row, column) in (0..SIZE).flat_map(|row| (0..SIZE).map(move |column| (row, column))) {
        let at = [column as i32, row as i32];
        for (x, y) in (0..height).flat_map(|y| (0..2 * height).map(move |x| (x, y))) {
            let (glyph, fg) = if at == state.ball {
                (ball(height, (x, y)), BALL)
            } else if at == [state.paddle, SIZE as i32 - 1] {
                (if y == 0 { '▀' } else { ' ' }, PADDLE)
            } else if state.has_brick(at) {
                (brick(height, (x, y)), BRICKS[(row + 2) % 3])
            } else if at == state.trail && (x, y) == ((height - 1), (height - 1) / 2) {
                ('·', TRAIL)
            } else {
                (' ', TEXT)
            };
            frame.set(2 * height * column + x, height * row + y, Cell { glyph, fg, bg: FIELD });
        }
    }
    let end = if state.is_lost { "ball lost" } else { "" };
    let text = format!("step {:<5} bricks {:<4} {end}", state.steps, state.score);
    frame.write(0, SIZE * height, &text, TEXT, Rgb(0, 0, 0));
}

/// Character of the ball in a cell of `height` rows.
fn ball(height: usize, (x, y): (usize, usize)) -> char {
    match (height, x) {
        (1, 0) => '●',
        (1, _) => ' ',
        _ => disk::glyph(disk::quadrants((2 * height - 1, height), (x, y))),
    }
}

/// Character of a brick in a cell of `height` rows; large bricks have gaps between them.
fn brick(height: usize, (x, y): (usize, usize)) -> char {
    match height {
        1 => '▄',
        _ if x + 1 == 2 * height => ' ',
        _ if y + 1 == height => '▀',
        _ => '█',
    }
}
