//! [`Frame`]: a drawing of a world as colored character cells, for a terminal or a text file.

/// A color with 8 bits per channel.
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
    /// Linear interpolation from `self` (t = 0) to `other` (t = 1); `t` is clamped to 0..=1.
    pub fn mix(self, other: Rgb, t: f32) -> Rgb {
        let t = t.clamp(0.0, 1.0);
        let at = |a: u8, b: u8| (f32::from(a) + (f32::from(b) - f32::from(a)) * t).round() as u8;
        Rgb(at(self.0, other.0), at(self.1, other.1), at(self.2, other.2))
    }
}

/// One character cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Character, one column wide.
    pub glyph: char,
    /// Foreground color.
    pub fg: Rgb,
    /// Background color; black stands for the background color of the terminal.
    pub bg: Rgb,
}

impl Default for Cell {
    fn default() -> Self {
        Cell { glyph: ' ', fg: Rgb(220, 220, 220), bg: Rgb(0, 0, 0) }
    }
}

/// Rectangle of cells, row-major. A world sets the size of the frame when it draws.
///
/// The caller may give a maximum size: a world that can draw in several sizes takes the largest one that fits; other
/// worlds ignore the maximum. The world may set a focus: the cell that stays visible if the screen shows only a part of
/// the frame.
///
/// ```
/// use freewheel_core::{Frame, Rgb};
///
/// let mut frame = Frame::default();
/// frame.clear(5, 2);
/// frame.write(1, 0, "goal", Rgb(0, 255, 0), Rgb(0, 0, 0));
/// assert_eq!(frame.to_text(), " goal\n\n");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    width: usize,
    cells: Vec<Cell>,
    max_size: Option<(usize, usize)>,
    focus: Option<(usize, usize)>,
    zoom: i8,
    layer: Option<&'static str>,
}

impl Frame {
    /// An empty frame for a drawing of at most this size, in cells.
    pub fn with_max_size(columns: usize, rows: usize) -> Self {
        Frame { max_size: Some((columns, rows)), ..Frame::default() }
    }

    /// Maximum size of the drawing in columns and rows; `None` without a maximum, as for a file.
    pub fn max_size(&self) -> Option<(usize, usize)> {
        self.max_size
    }

    /// Zoom of the drawing, in steps of a factor of 1.5; 0 is the world's own choice. Worlds that draw in one scale
    /// ignore it.
    pub fn zoom(&self) -> i8 {
        self.zoom
    }

    /// Sets the zoom.
    pub fn set_zoom(&mut self, zoom: i8) {
        self.zoom = zoom;
    }

    /// Optional layer that is drawn, one of [`World::layers`](crate::World::layers); `None` for none.
    pub fn layer(&self) -> Option<&'static str> {
        self.layer
    }

    /// Sets the optional layer.
    pub fn set_layer(&mut self, layer: Option<&'static str>) {
        self.layer = layer;
    }

    /// Resets the frame to `width` x `height` blank cells without a focus; keeps the maximum size, the
    /// zoom and the layer.
    pub fn clear(&mut self, width: usize, height: usize) {
        self.width = width;
        self.cells.clear();
        self.cells.resize(width * height, Cell::default());
        self.focus = None;
    }

    /// Sets the focus to column `x`, row `y`.
    pub fn focus_on(&mut self, x: usize, y: usize) {
        self.focus = Some((x, y));
    }

    /// Column and row of the focus; `None` if the world has set no focus.
    pub fn focus(&self) -> Option<(usize, usize)> {
        self.focus
    }

    /// Width in columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in rows.
    pub fn height(&self) -> usize {
        self.cells.len().checked_div(self.width).unwrap_or(0)
    }

    /// Cell at column `x`, row `y`; `None` outside the frame.
    pub fn get(&self, x: usize, y: usize) -> Option<&Cell> {
        self.index(x, y).and_then(|index| self.cells.get(index))
    }

    /// Sets the cell at column `x`, row `y`; does nothing outside the frame.
    pub fn set(&mut self, x: usize, y: usize, cell: Cell) {
        if let Some(slot) = self.index(x, y).and_then(|index| self.cells.get_mut(index)) {
            *slot = cell;
        }
    }

    /// Index of the cell, if column `x` is inside the frame.
    fn index(&self, x: usize, y: usize) -> Option<usize> {
        if x < self.width { y.checked_mul(self.width)?.checked_add(x) } else { None }
    }

    /// Writes `text` into row `y`, starting at column `x`; the text is cut at the right edge.
    pub fn write(&mut self, x: usize, y: usize, text: &str, fg: Rgb, bg: Rgb) {
        for (i, glyph) in text.chars().enumerate() {
            self.set(x + i, y, Cell { glyph, fg, bg });
        }
    }

    /// Characters without colors, one line per row: for tests and golden files.
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
    fn clearing_keeps_the_maximum_size_and_removes_the_focus() {
        let mut frame = Frame::with_max_size(80, 24);
        assert_eq!((frame.max_size(), frame.width(), frame.height()), (Some((80, 24)), 0, 0));
        frame.clear(3, 2);
        frame.focus_on(2, 1);
        assert_eq!(frame.focus(), Some((2, 1)));
        frame.clear(5, 1);
        assert_eq!((frame.max_size(), frame.focus(), frame.width()), (Some((80, 24)), None, 5));
        assert_eq!(Frame::default().max_size(), None);
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
