//! GIF: frames of changed cells with one palette.

use std::collections::{BTreeMap, HashMap};

use freewheel_core::{Error, Result};
use gif::{DisposalMethod, Encoder, Frame, Repeat};

use super::palette::Palette;
use super::screen::{Glyph, Screen};
use super::tiles::{Tile, Tiles};

/// Entry of the palette for pixels that stay as they were.
const TRANSPARENT: u8 = 255;
/// Largest side of a GIF in pixels.
const MAX_SIDE: usize = 65_535;

/// Changed cells of a frame: position in the screen and index of the tile.
type Changes = Vec<(usize, usize)>;

/// Animation in the making.
pub(super) struct Animation {
    tiles: Tiles,
    /// Tiles in the order of their first use, and their indices.
    drawn: Vec<Tile>,
    indices: HashMap<Glyph, usize>,
    /// Number of cells that show each tile.
    uses: Vec<u64>,
    /// Frames: their time in s, and their changes.
    frames: Vec<(f64, Changes)>,
    last: Option<Screen>,
}

impl Animation {
    /// Animation without frames.
    pub(super) fn new(tiles: Tiles) -> Self {
        let (drawn, indices, uses) = (Vec::new(), HashMap::new(), Vec::new());
        Animation { tiles, drawn, indices, uses, frames: Vec::new(), last: None }
    }

    /// Adds a frame that is shown from `time` on, in s.
    pub(super) fn push(&mut self, time: f64, screen: Screen) {
        let mut changes = Changes::new();
        for (at, &glyph) in screen.cells.iter().enumerate() {
            if self.last.as_ref().is_some_and(|last| last.cells.get(at) == Some(&glyph)) {
                continue;
            }
            let index = match self.indices.get(&glyph) {
                Some(&index) => index,
                None => {
                    self.drawn.push(self.tiles.tile(glyph));
                    self.uses.push(0);
                    self.indices.insert(glyph, self.drawn.len() - 1);
                    self.drawn.len() - 1
                }
            };
            self.uses[index] += 1;
            changes.push((at, index));
        }
        if self.last.is_none() || !changes.is_empty() {
            self.frames.push((time, changes));
        }
        self.last = Some(screen);
    }

    /// GIF that repeats forever; the last frame ends at the time `end`. `progress` gets the number of written frames.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a screen that is too large for a GIF, or if the encoder fails.
    pub(super) fn finish(self, end: f64, progress: &dyn Fn(usize)) -> Result<Vec<u8>> {
        let Some(screen) = &self.last else { return Ok(Vec::new()) };
        let (w, h) = (self.tiles.width(), self.tiles.height());
        let (across, down) = (screen.columns * w, screen.rows() * h);
        if across.max(down) > MAX_SIDE {
            let reason = format!("{across} x {down} pixels are too many for a GIF; make the screen smaller");
            return Err(Error::Unsupported(reason));
        }
        let mut counts = BTreeMap::new();
        for (tile, uses) in self.drawn.iter().zip(&self.uses) {
            tile.iter().for_each(|color| *counts.entry(*color).or_insert(0) += uses);
        }
        let palette = Palette::of(&counts, usize::from(TRANSPARENT));
        let tiles: Vec<Vec<u8>> =
            self.drawn.iter().map(|tile| tile.iter().map(|&color| palette.index(color)).collect()).collect();
        let mut colors = palette.colors.as_flattened().to_vec();
        colors.resize(3 * 256, 0);
        let failed = |e: gif::EncodingError| Error::Unsupported(format!("this GIF cannot be written: {e}"));
        let mut encoder = Encoder::new(Vec::new(), across as u16, down as u16, &colors).map_err(failed)?;
        encoder.set_repeat(Repeat::Infinite).map_err(failed)?;
        let mut written = 0;
        for (i, (time, changes)) in self.frames.iter().enumerate() {
            let until = self.frames.get(i + 1).map_or(end, |(time, _)| *time);
            // Hundredths of a second, rounded so that the errors do not add up.
            let hundredths = |seconds: f64| (100.0 * seconds).round() as i64;
            let delay = (hundredths(until) - hundredths(*time)).clamp(2, 65_535) as u16;
            let mut frame = picture(changes, &tiles, screen.columns, (w, h));
            frame.delay = delay;
            encoder.write_frame(&frame).map_err(failed)?;
            written += 1;
            progress(written);
        }
        encoder.into_inner().map_err(failed)
    }
}

/// Frame of the cells that change, over the smallest rectangle around them.
fn picture(changes: &Changes, tiles: &[Vec<u8>], columns: usize, (w, h): (usize, usize)) -> Frame<'static> {
    let bounds = |of: fn(usize, usize) -> usize| {
        let all = || changes.iter().map(|(at, _)| of(*at, columns));
        (all().min().unwrap_or(0), all().max().unwrap_or(0) + 1)
    };
    let ((left, right), (top, bottom)) = (bounds(|at, n| at % n), bounds(|at, n| at / n));
    let (wide, high) = ((right - left) * w, (bottom - top) * h);
    let mut pixels = vec![TRANSPARENT; wide * high];
    for &(at, tile) in changes {
        let (x, y) = ((at % columns - left) * w, (at / columns - top) * h);
        for (row, source) in tiles[tile].chunks(w).enumerate() {
            let to = (y + row) * wide + x;
            pixels[to..to + w].copy_from_slice(source);
        }
    }
    Frame {
        dispose: DisposalMethod::Keep,
        transparent: Some(TRANSPARENT),
        left: (left * w) as u16,
        top: (top * h) as u16,
        width: wide as u16,
        height: high as u16,
        buffer: pixels.into(),
        ..Frame::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(text: &str) -> Screen {
        let glyph = |symbol| Glyph { symbol, bold: false, fg: [250, 200, 0], bg: [10, 20, 30] };
        Screen { columns: 4, cells: text.chars().map(glyph).collect() }
    }

    #[test]
    fn frames_hold_what_changes() {
        let mut animation = Animation::new(Tiles::new(8, 4));
        for (time, text) in [(0.0, "ab  cd  "), (0.1, "ab  cd  "), (0.33, "ab  cd █"), (0.5, "ab  cd ▀")]
        {
            animation.push(time, screen(text));
        }
        let bytes = animation.finish(2.0, &|_| {}).unwrap();
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(gif::ColorOutput::RGBA);
        let mut decoder = options.read_info(&bytes[..]).unwrap();
        assert_eq!((decoder.width(), decoder.height(), decoder.repeat()), (32, 32, Repeat::Infinite));
        let mut frames = Vec::new();
        while let Some(frame) = decoder.read_next_frame().unwrap() {
            frames.push((frame.delay, frame.left, frame.top, frame.width, frame.height));
            if frames.len() == 2 {
                assert!(frame.buffer.chunks(4).all(|pixel| pixel == [250, 200, 0, 255]));
            }
        }
        // The second screen is equal to the first one and makes no frame.
        assert_eq!(frames, [(33, 0, 0, 32, 32), (17, 24, 16, 8, 16), (150, 24, 16, 8, 16)]);
    }
}
