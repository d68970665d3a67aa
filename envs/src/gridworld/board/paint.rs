//! Painting of one cell of a board.

use freewheel_core::{Cell, Frame, Rgb};

use super::CellStyle;
use super::layout::CellSize;
use super::path::Mark;
use super::values::CellValue;
use crate::heat::{format_value, text_color};

/// Minimum height, in rows, of a cell that is drawn with borders.
const LARGE: usize = 3;
/// Minimum size of a cell that shows the values of all actions.
const ALL_ACTIONS: CellSize = CellSize { width: 19, height: 9 };
const THIN_WALL: Rgb = Rgb(186, 192, 204);

/// Content of a cell.
pub(super) struct Content<'a> {
    /// Values of the policy, if there is one.
    pub(super) value: Option<&'a CellValue>,
    /// Mark of the path, if the agent was here.
    pub(super) mark: Option<&'a Mark>,
    /// Whether the agent is here.
    pub(super) agent: bool,
}

/// Painter of one cell.
pub(super) struct Painter<'a> {
    pub(super) frame: &'a mut Frame,
    /// Column and row of the upper left corner.
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) size: CellSize,
    /// Background color.
    pub(super) ground: Rgb,
}

impl Painter<'_> {
    /// Fills the background of a cell. On a screen, walls are block characters, visible without colors too, and thin
    /// lines separate large cells; in text without a screen, walls are blank.
    pub(super) fn fill(&mut self, style: &CellStyle) {
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

    /// Writes the content of a cell: the mark of a layer; or the arrows of the policy above and the value below; or the
    /// glyph of the cell. The agent is always shown.
    pub(super) fn cell(&mut self, style: &CellStyle, content: &Content<'_>) {
        let (ink, middle) = (text_color(self.ground), (self.size.height - 1) / 2);
        let counted = content.mark.and_then(|mark| Some((mark.glyph, mark.number?)));
        match (counted, content.value) {
            _ if content.agent && self.size.width < 3 => self.write_centered("●", middle, ink),
            (Some((glyph, number)), value) => self.count(style, glyph, number, value, content.agent),
            (None, Some(value)) => {
                self.values(style, value, content.agent);
                if content.mark.is_some() {
                    self.dot();
                }
            }
            (None, None) if content.agent => self.draw_glyph('●', ink),
            (None, None) if style.is_wall || style.glyph == '▒' && self.size.height >= LARGE => {}
            (None, None) => match (style.glyph, content.mark) {
                ('·', Some(mark)) => self.draw_glyph(mark.glyph, mark.color),
                (glyph, mark) => {
                    self.draw_glyph(glyph, style.fg);
                    if mark.is_some() {
                        self.dot();
                    }
                }
            },
        }
    }

    /// Glyphs before the text of a cell: the agent, or the glyph of a cell that is not plain floor.
    fn prefix(&self, style: &CellStyle, agent: bool) -> Option<char> {
        let own =
            if matches!(style.glyph, '·' | ' ') || self.size.width == 1 { None } else { Some(style.glyph) };
        if agent { Some('●') } else { own }
    }

    /// Writes the mark of a layer: `×` and the number of visits, or an arrow and the number of the step.
    fn count(
        &mut self,
        style: &CellStyle,
        glyph: char,
        number: usize,
        value: Option<&CellValue>,
        agent: bool,
    ) {
        let CellSize { width, height } = self.size;
        let ink = text_color(self.ground);
        let text = number.to_string();
        let number = if text.len() <= (width - 1).max(1) { text } else { "+".to_owned() };
        let (above, below) = two_lines(height);
        if height == 1 {
            let text = if glyph == '×' { number } else { glyph.to_string() };
            let prefix = self.prefix(style, agent).filter(|_| text.chars().count() < width);
            return self.write_centered(&prefix.into_iter().chain(text.chars()).collect::<String>(), 0, ink);
        }
        let arrows = value.map_or(&[][..], |value| value.arrows.as_slice());
        let upper = if glyph == '×' { arrows.to_vec() } else { vec![glyph] };
        let upper: String = self.prefix(style, agent).into_iter().chain(upper).take(width).collect();
        self.write_centered(&upper, above, ink);
        let lower = if glyph == '×' && number.len() < width { format!("×{number}") } else { number };
        self.write_centered(&lower, below, ink);
    }

    /// Writes the greedy actions above and the value below, and in very large cells the value of every action.
    fn values(&mut self, style: &CellStyle, cell_value: &CellValue, agent: bool) {
        let CellSize { width, height } = self.size;
        let ink = text_color(self.ground);
        let arrows = cell_value.arrows.iter().copied().take((width - 1).max(1));
        let prefix = self.prefix(style, agent);
        let text: String = prefix.into_iter().chain(arrows).take(width).collect();
        let (above, below) = two_lines(height);
        self.write_centered(&text, above, ink);
        if height > 1 {
            let max_len = if width < 6 { width - 1 } else { width };
            self.write_centered(&format_value(cell_value.value, max_len), below, ink);
        }
        if width < ALL_ACTIONS.width || height < ALL_ACTIONS.height {
            return;
        }
        for &(glyph, value) in &cell_value.actions {
            let (across, down) = match glyph {
                '↖' => (0, 0),
                '↑' => (1, 0),
                '↗' => (2, 0),
                '←' => (0, 1),
                '→' => (2, 1),
                '↙' | 'P' => (0, 2),
                '↓' => (1, 2),
                '↘' | 'D' => (2, 2),
                _ => continue,
            };
            let number = format_value(value, 5);
            let text = if across == 2 { format!("{number}{glyph}") } else { format!("{glyph}{number}") };
            let length = text.chars().count();
            let column = [0, width.saturating_sub(length) / 2, width.saturating_sub(length + 1)][across];
            let row = [0, above, height - 2][down];
            let fg = if value < cell_value.value { ink.mix(self.ground, 0.35) } else { ink };
            self.frame.write(self.x + column, self.y + row, &text, fg, self.ground);
        }
    }

    /// Draws a dot in a free corner of a cell that shows values: the agent was here.
    fn dot(&mut self) {
        let fg = text_color(self.ground).mix(self.ground, 0.35);
        let corners = [(self.x, self.y), (self.x + self.size.width - 1, self.y)];
        let free = |&(x, y): &(usize, usize)| self.frame.get(x, y).is_some_and(|cell| cell.glyph == ' ');
        if let Some((x, y)) = corners.into_iter().find(free) {
            self.frame.set(x, y, Cell { glyph: '•', fg, bg: self.ground });
        }
    }

    /// Draws a glyph in the middle of a cell, large if the cell is large.
    fn draw_glyph(&mut self, glyph: char, fg: Rgb) {
        let CellSize { width, height } = self.size;
        let large: &[&str] = match glyph {
            '●' if height >= 9 => &[" ▗▟███▙▖ ", "▟███████▙", "█████████", "▜███████▛", " ▝▜███▛▘ "],
            '○' if height >= 9 => &["╭───────╮", "│       │", "│       │", "│       │", "╰───────╯"],
            '⚑' if height >= 9 => &["▐█▙▄▖    ", "▐█████▙▖ ", "▐█▛▀▘    ", "▐        ", "▐        "],
            '●' if height >= 5 => &["▄███▄", "█████", " ▀▀▀ "],
            '○' if height >= 5 => &["╭───╮", "│   │", "╰───╯"],
            '⚑' if height >= 5 => &["▐▄▄▄ ", "▐▀▀▀ ", "▐    "],
            _ => &[],
        };
        let middle = (height - 1) / 2;
        match glyph {
            _ if !large.is_empty() => {
                if glyph == '○' {
                    self.ground = self.ground.mix(Rgb(0, 0, 0), 0.35);
                }
                for (y, row) in (middle - large.len() / 2..).zip(large) {
                    self.write_centered(row, y, fg);
                }
            }
            '●' if width >= 6 => self.write_centered(" (●)", middle, fg),
            _ => self.write_centered(glyph.encode_utf8(&mut [0; 4]), middle, fg),
        }
    }

    /// Draws a thin wall at the left edge.
    pub(super) fn draw_left_wall(&mut self) {
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
