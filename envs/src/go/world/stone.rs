//! Shape of a stone in block characters, as a round disk of quadrants: filled if black, an outline if white.

use freewheel_core::{Cell, Rgb};

use crate::disk;
use crate::go::rules::Color;

/// Colors of the stones, and of the outline of a white one.
const BLACK: Rgb = Rgb(14, 14, 16);
const BLACK_LIGHT: Rgb = Rgb(38, 38, 43);
const WHITE: Rgb = Rgb(250, 248, 240);
const WHITE_DARK: Rgb = Rgb(226, 222, 212);
const OUTLINE: Rgb = Rgb(150, 146, 136);

/// Cell at `column` and `row` of a stone that is `diameter` columns wide and as many half rows high, on a board of the
/// color `ground`; `None` outside of the disk.
pub(super) fn cell(
    color: Color,
    diameter: usize,
    (column, row): (usize, usize),
    ground: Rgb,
) -> Option<Cell> {
    let covered = disk::round_quadrants(diameter, (column, row));
    // Light comes from above.
    let depth = row as f32 / (diameter / 2) as f32;
    let fill = match color {
        Color::Black => BLACK_LIGHT.mix(BLACK, 2.0 * depth),
        Color::White => WHITE.mix(WHITE_DARK, 2.0 * depth - 1.0),
    };
    let glyph = match (covered, color) {
        (0, _) => return None,
        (disk::FULL, Color::White) => {
            let outside = |column, row| disk::round_quadrants(diameter, (column, row)) == 0;
            let glyph = match () {
                () if column == 0 || outside(column - 1, row) => '▏',
                () if column + 1 == diameter || outside(column + 1, row) => '▕',
                () if row == 0 => '▔',
                () => ' ',
            };
            return Some(Cell { glyph, fg: OUTLINE, bg: fill });
        }
        (part, _) => disk::glyph(part),
    };
    Some(Cell { glyph, fg: fill, bg: ground })
}

/// Colors of text on a stone: text and background.
pub(super) fn text_colors(color: Color) -> (Rgb, Rgb) {
    match color {
        Color::Black => (WHITE, BLACK),
        Color::White => (BLACK, WHITE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(color: Color, rows: usize) -> String {
        let (diameter, ground) = (2 * rows - 1, Rgb(0, 0, 0));
        let cell = |column, row| cell(color, diameter, (column, row), ground).map_or(' ', |cell| cell.glyph);
        (0..rows)
            .map(|row| (0..diameter).map(|column| cell(column, row)).collect::<String>() + "\n")
            .collect()
    }

    #[test]
    fn stones_are_disks() {
        assert_eq!(text(Color::Black, 2), "▟█▙\n▝▀▘\n");
        assert_eq!(text(Color::Black, 3), "▄███▄\n█████\n ▀▀▀ \n");
        assert_eq!(text(Color::White, 3), "▄▔▔▔▄\n▏   ▕\n ▀▀▀ \n");
    }
}
