//! A drawing as plain cells: what a world paints and any screen can show.

/// A colour.
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
    /// The colour `t` (0..=1, clamped) of the way from `self` to `other`.
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
    /// Its colour.
    pub fg: Rgb,
    /// The colour behind it.
    pub bg: Rgb,
}

impl Default for Cell {
    fn default() -> Self {
        Cell { glyph: ' ', fg: Rgb(220, 220, 220), bg: Rgb(0, 0, 0) }
    }
}

/// A rectangle of cells, row-major. A world sets its size as it draws.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    width: usize,
    cells: Vec<Cell>,
}

impl Frame {
    /// Makes the frame `width` x `height` blank cells.
    pub fn clear(&mut self, width: usize, height: usize) {
        self.width = width;
        self.cells.clear();
        self.cells.resize(width * height, Cell::default());
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
        if x < self.width { self.cells.get(y * self.width + x) } else { None }
    }

    /// Sets the cell at column `x`, row `y`; outside the frame nothing happens.
    pub fn set(&mut self, x: usize, y: usize, cell: Cell) {
        if x < self.width
            && let Some(slot) = self.cells.get_mut(y * self.width + x)
        {
            *slot = cell;
        }
    }

    /// Writes `text` from column `x` of row `y` on, cut at the edge.
    pub fn write(&mut self, x: usize, y: usize, text: &str, fg: Rgb, bg: Rgb) {
        for (i, glyph) in text.chars().enumerate() {
            self.set(x + i, y, Cell { glyph, fg, bg });
        }
    }

    /// The glyphs alone, a line a row, without colours: for tests and golden files.
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
