//! A drawing as plain cells: what a world paints and any screen can show.

/// A color.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rgb(
    /// Red.
    pub u8,
    /// Green.
    pub u8,
    /// Blue.
    pub u8,
);

impl Rgb {
    /// The color `t` (0..=1, clamped) of the way from `self` to `other`.
    pub fn mix(self, other: Rgb, t: f32) -> Rgb {
        let t = t.clamp(0.0, 1.0);
        let at = |a: u8, b: u8| (f32::from(a) + (f32::from(b) - f32::from(a)) * t).round() as u8;
        Rgb(at(self.0, other.0), at(self.1, other.1), at(self.2, other.2))
    }
}

/// One character cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// What is written; one column wide.
    pub glyph: char,
    /// Its color.
    pub fg: Rgb,
    /// The color behind it; black is left to the screen's own ground.
    pub bg: Rgb,
}

impl Default for Cell {
    fn default() -> Self {
        Cell { glyph: ' ', fg: Rgb(220, 220, 220), bg: Rgb(0, 0, 0) }
    }
}

/// A rectangle of cells, row-major. A world sets its size as it draws.
///
/// A screen says how much *room* it has; a world that can be drawn in several sizes takes the largest that fits, any
/// other ignores it. A world says where its *focus* is, the cell to keep in sight where the screen shows only a part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    width: usize,
    cells: Vec<Cell>,
    room: Option<(usize, usize)>,
    focus: Option<(usize, usize)>,
}

impl Frame {
    /// A frame without cells, to be drawn on where there is room for so many.
    pub fn with_room(columns: usize, rows: usize) -> Self {
        Frame { room: Some((columns, rows)), ..Frame::default() }
    }

    /// Columns and rows that can be seen at once; `None` on paper and in files, where nothing limits a drawing and nothing
    /// is to be filled.
    pub fn room(&self) -> Option<(usize, usize)> {
        self.room
    }

    /// Makes the frame `width` x `height` blank cells without a focus. The room stays.
    pub fn clear(&mut self, width: usize, height: usize) {
        self.width = width;
        self.cells.clear();
        self.cells.resize(width * height, Cell::default());
        self.focus = None;
    }

    /// Says that what matters is at column `x`, row `y`.
    pub fn focus_on(&mut self, x: usize, y: usize) {
        self.focus = Some((x, y));
    }

    /// Where what matters is, if the world has said so.
    pub fn focus(&self) -> Option<(usize, usize)> {
        self.focus
    }

    /// Columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.cells.len().checked_div(self.width).unwrap_or(0)
    }

    /// The cell at column `x`, row `y`; `None` outside.
    pub fn get(&self, x: usize, y: usize) -> Option<&Cell> {
        self.index(x, y).and_then(|index| self.cells.get(index))
    }

    /// Sets the cell at column `x`, row `y`; outside the frame nothing happens.
    pub fn set(&mut self, x: usize, y: usize, cell: Cell) {
        if let Some(slot) = self.index(x, y).and_then(|index| self.cells.get_mut(index)) {
            *slot = cell;
        }
    }

    /// Where the cell lies, if column `x` is one of the frame's.
    fn index(&self, x: usize, y: usize) -> Option<usize> {
        if x < self.width { y.checked_mul(self.width)?.checked_add(x) } else { None }
    }

    /// Writes `text` from column `x` of row `y` on, cut at the edge.
    pub fn write(&mut self, x: usize, y: usize, text: &str, fg: Rgb, bg: Rgb) {
        for (i, glyph) in text.chars().enumerate() {
            self.set(x + i, y, Cell { glyph, fg, bg });
        }
    }

    /// The glyphs alone, a line a row, without colors: for tests and golden files.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for row in self.cells.chunks(self.width.max(1)) {
            let line: String = row.iter().map(|cell| cell.glyph).collect();
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clearing_keeps_the_room_and_forgets_the_focus() {
        let mut frame = Frame::with_room(80, 24);
        assert_eq!((frame.room(), frame.width(), frame.height()), (Some((80, 24)), 0, 0));
        frame.clear(3, 2);
        frame.focus_on(2, 1);
        assert_eq!(frame.focus(), Some((2, 1)));
        frame.clear(5, 1);
        assert_eq!((frame.room(), frame.focus(), frame.width()), (Some((80, 24)), None, 5));
        assert_eq!(Frame::default().room(), None);
    }

    #[test]
    fn writing_is_cut_at_the_edge() {
        let mut frame = Frame::default();
        frame.clear(4, 2);
        frame.write(2, 1, "abc", Rgb::default(), Rgb::default());
        frame.write(0, 9, "abc", Rgb::default(), Rgb::default());
        assert_eq!(frame.to_text(), "\n  ab\n");
        assert_eq!((frame.get(4, 0), frame.get(0, 2), frame.get(0, usize::MAX)), (None, None, None));
    }
}
