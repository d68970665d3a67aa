//! Picture of filled polygons in quadrant characters.
//!
//! A cell has 4 x 8 square samples. A quadrant of a cell gets the mean color of its samples, and a character shows the
//! two most different colors of the four quadrants. The character alone tells a surface from the one around it, as
//! the edges of the road from its inside, for screens without colors.

use freewheel_core::{Cell, Frame, Rgb};

/// Samples per cell, across and down.
pub(super) const ACROSS: usize = 4;
pub(super) const DOWN: usize = 8;

/// Background: that of the terminal.
pub(super) const GROUND: Rgb = Rgb(0, 0, 0);

/// Kind of a sample. Of two kinds in a cell, the later one is the foreground.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Surface {
    #[default]
    Ground,
    Asphalt,
    Stone,
    Kerb,
    Line,
    Glass,
    Car,
}

impl Surface {
    /// Number of kinds.
    const COUNT: usize = Surface::Car as usize + 1;

    fn color(self) -> Rgb {
        match self {
            Surface::Ground => GROUND,
            Surface::Asphalt => Rgb(70, 74, 84),
            Surface::Stone => Rgb(150, 156, 168),
            Surface::Kerb => Rgb(228, 70, 62),
            Surface::Line => Rgb(240, 240, 240),
            Surface::Glass => Rgb(40, 44, 56),
            Surface::Car => Rgb(255, 92, 72),
        }
    }
}

/// Kinds of all samples.
pub(super) struct Raster {
    columns: usize,
    rows: usize,
    samples: Vec<Surface>,
}

impl Raster {
    /// Picture of ground over `columns` x `rows` cells.
    pub(super) fn new(columns: usize, rows: usize) -> Self {
        Raster { columns, rows, samples: vec![Surface::Ground; columns * ACROSS * rows * DOWN] }
    }

    /// Fills a convex polygon, whose corners are in samples from the upper left corner of the picture.
    pub(super) fn fill(&mut self, corners: &[[f64; 2]], surface: Surface) {
        let (width, height) = (self.columns * ACROSS, self.rows * DOWN);
        let (low, high) = corners
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), [_, y]| (low.min(*y), high.max(*y)));
        if !(low.is_finite() && high.is_finite()) {
            return;
        }
        // A sample belongs to the polygon if its center is inside.
        let first = (low - 0.5).ceil().max(0.0) as usize;
        let end = (high - 0.5).ceil().clamp(0.0, height as f64) as usize;
        for row in first..end {
            let y = row as f64 + 0.5;
            let (mut from, mut to) = (f64::INFINITY, f64::NEG_INFINITY);
            for (i, [x0, y0]) in corners.iter().enumerate() {
                let [x1, y1] = corners[(i + 1) % corners.len()];
                if (*y0 <= y) != (y1 <= y) {
                    let x = x0 + (y - y0) / (y1 - y0) * (x1 - x0);
                    (from, to) = (from.min(x), to.max(x));
                }
            }
            let from = (from - 0.5).ceil().clamp(0.0, width as f64) as usize;
            let to = (to - 0.5).ceil().clamp(0.0, width as f64) as usize;
            if from < to {
                self.samples[row * width + from..row * width + to].fill(surface);
            }
        }
    }

    /// Writes all cells into `frame`, the upper left one at the frame's corner.
    pub(super) fn draw(&self, frame: &mut Frame) {
        for row in 0..self.rows {
            for column in 0..self.columns {
                frame.set(column, row, self.cell(column, row));
            }
        }
    }

    /// Whether all samples of the cell are ground.
    pub(super) fn is_ground(&self, column: usize, row: usize) -> bool {
        self.uniform(column, row) == Some(Surface::Ground)
    }

    /// Whether a sample of the cell is a part of the car.
    pub(super) fn has_car(&self, column: usize, row: usize) -> bool {
        (0..ACROSS * DOWN).any(|i| {
            let (x, y) = (column * ACROSS + i % ACROSS, row * DOWN + i / ACROSS);
            matches!(self.sample(x, y), Surface::Car)
        })
    }

    /// Background of a character over the cell: the road, if it covers half of the cell.
    pub(super) fn background(&self, column: usize, row: usize) -> Rgb {
        let covered = (0..ACROSS * DOWN).filter(|i| {
            let (x, y) = (column * ACROSS + i % ACROSS, row * DOWN + i / ACROSS);
            self.sample(x, y) != Surface::Ground
        });
        if 2 * covered.count() >= ACROSS * DOWN { Surface::Asphalt.color() } else { GROUND }
    }

    fn sample(&self, x: usize, y: usize) -> Surface {
        self.samples[y * self.columns * ACROSS + x]
    }

    /// Kind of the samples of a cell, if they are all equal.
    fn uniform(&self, column: usize, row: usize) -> Option<Surface> {
        let first = self.sample(column * ACROSS, row * DOWN);
        let equal = (0..DOWN).all(|y| {
            let from = (row * DOWN + y) * self.columns * ACROSS + column * ACROSS;
            self.samples[from..from + ACROSS].iter().all(|&sample| sample == first)
        });
        equal.then_some(first)
    }

    fn cell(&self, column: usize, row: usize) -> Cell {
        match self.uniform(column, row) {
            Some(Surface::Ground) => Cell::default(),
            Some(Surface::Asphalt) if self.touches_ground(column, row) => {
                Cell { glyph: '█', fg: Surface::Asphalt.color(), bg: GROUND }
            }
            Some(surface @ (Surface::Asphalt | Surface::Glass)) => {
                Cell { glyph: ' ', fg: Surface::Line.color(), bg: surface.color() }
            }
            Some(surface) => Cell { glyph: '█', fg: surface.color(), bg: GROUND },
            None => two_colors(&std::array::from_fn(|i| self.quadrant(column, row, i % 2, i / 2))),
        }
    }

    /// Whether a sample next to the cell is ground, so that the cell is at an edge of the road.
    fn touches_ground(&self, column: usize, row: usize) -> bool {
        let (x, y) = (column * ACROSS, row * DOWN);
        let (right, below) = (x + ACROSS, y + DOWN);
        let ground = |x: usize, y: usize| self.sample(x, y) == Surface::Ground;
        (column > 0 && ground(x - 1, y + DOWN / 2))
            || (column + 1 < self.columns && ground(right, y + DOWN / 2))
            || (row > 0 && ground(x + ACROSS / 2, y - 1))
            || (row + 1 < self.rows && ground(x + ACROSS / 2, below))
    }

    /// Mean color of a quadrant, `(x, y)` from the upper left one; that of the ground where it covers more than two
    /// thirds, so that a narrow road has no gaps.
    fn quadrant(&self, column: usize, row: usize, x: usize, y: usize) -> Quadrant {
        let (width, height) = (ACROSS / 2, DOWN / 2);
        let mut counts = [0u32; Surface::COUNT];
        let mut sum = [0u32; 3];
        for i in 0..width * height {
            let (dx, dy) = (x * width + i % width, y * height + i / width);
            let sample = self.sample(column * ACROSS + dx, row * DOWN + dy);
            let Rgb(r, g, b) = sample.color();
            counts[sample as usize] += 1;
            if matches!(sample, Surface::Car | Surface::Glass) {
                continue;
            }
            sum = [sum[0] + u32::from(r), sum[1] + u32::from(g), sum[2] + u32::from(b)];
        }
        let all = (width * height) as u32;
        let covered = all - counts[0];
        if 3 * covered < all {
            return Quadrant::default();
        }
        // The car has sharp edges: it has the whole quadrant, or none of it.
        let (body, glass) = (counts[Surface::Car as usize], counts[Surface::Glass as usize]);
        if 2 * (body + glass) >= all {
            let main = if body >= glass { Surface::Car } else { Surface::Glass };
            return Quadrant { main: main as usize, color: main.color() };
        }
        let others = covered - body - glass;
        let Some([r, g, b]) = (others > 0).then(|| sum.map(|part| (part / others) as u8)) else {
            return Quadrant::default();
        };
        (counts[Surface::Car as usize], counts[Surface::Glass as usize]) = (0, 0);
        let main = (1..Surface::COUNT).max_by_key(|&kind| counts[kind]).unwrap_or(0);
        Quadrant { main, color: Rgb(r, g, b) }
    }
}

/// Quarter of a cell: its most frequent surface, and its color.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Quadrant {
    main: usize,
    color: Rgb,
}

/// Characters by the set of quadrants that they fill: bit 0 upper left, 1 upper right, 2 lower left, 3 lower right.
const QUADRANTS: [char; 16] =
    [' ', '▘', '▝', '▀', '▖', '▌', '▞', '▛', '▗', '▚', '▐', '▜', '▄', '▙', '▟', '█'];
/// Distance of two colors below which they are one color.
const SAME: u32 = 24;

/// Cell with two colors, each the mean of the quadrants nearest to one of the two most different ones.
fn two_colors(quadrants: &[Quadrant; 4]) -> Cell {
    let distance = |a: &Quadrant, b: &Quadrant| {
        let part = |a: u8, b: u8| u32::from(a.abs_diff(b));
        let ground = if (a.main == 0) == (b.main == 0) { 0 } else { 256 };
        part(a.color.0, b.color.0) + part(a.color.1, b.color.1) + part(a.color.2, b.color.2) + ground
    };
    let (mut most, mut ends) = (0, (0, 0));
    for i in 0..4 {
        for j in i + 1..4 {
            let between = distance(&quadrants[i], &quadrants[j]);
            if between > most {
                (most, ends) = (between, (i, j));
            }
        }
    }
    if most < SAME {
        return match quadrants[0].main {
            0 => Cell::default(),
            _ => Cell { glyph: ' ', fg: Surface::Line.color(), bg: mean(quadrants.iter()).0 },
        };
    }
    let (a, b) = (quadrants[ends.0], quadrants[ends.1]);
    let with_a: [bool; 4] =
        std::array::from_fn(|i| distance(&quadrants[i], &a) <= distance(&quadrants[i], &b));
    let group = |side: bool| {
        let members = quadrants.iter().zip(with_a).filter(move |(_, with_a)| *with_a == side);
        mean(members.map(|(quadrant, _)| quadrant))
    };
    let ((first, rank_a), (second, rank_b)) = (group(true), group(false));
    let a_in_front = (rank_a, brightness(first)) > (rank_b, brightness(second));
    let (fg, bg) = if a_in_front { (first, second) } else { (second, first) };
    let mask = (0..4).filter(|&i| with_a[i] == a_in_front).fold(0, |mask, i| mask | 1 << i);
    Cell { glyph: QUADRANTS[mask], fg, bg }
}

/// Mean color of some quadrants, and the highest of their surfaces.
fn mean<'a>(quadrants: impl Iterator<Item = &'a Quadrant>) -> (Rgb, usize) {
    let (mut count, mut rank, mut sum) = (0u32, 0, [0u32; 3]);
    for Quadrant { main, color: Rgb(r, g, b) } in quadrants {
        count += 1;
        rank = rank.max(*main);
        sum = [sum[0] + u32::from(*r), sum[1] + u32::from(*g), sum[2] + u32::from(*b)];
    }
    let [r, g, b] = sum.map(|part| (part / count.max(1)) as u8);
    (Rgb(r, g, b), rank)
}

fn brightness(Rgb(r, g, b): Rgb) -> u32 {
    u32::from(r) + u32::from(g) + u32::from(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The area of a polygon is the number of its samples, up to its edges; polygons that share an edge leave no gap
    /// and do not overlap.
    #[test]
    fn polygons_cover_their_area_once() {
        let (columns, rows) = (20, 10);
        let corners = [[3.3, 60.1], [7.9, 2.2], [77.7, 9.4], [70.2, 71.5]];
        let area = {
            let cross: f64 = (0..4)
                .map(|i| {
                    let ([x0, y0], [x1, y1]) = (corners[i], corners[(i + 1) % 4]);
                    x0 * y1 - x1 * y0
                })
                .sum();
            0.5 * cross.abs()
        };
        let count = |surface: Surface, polygons: &[&[[f64; 2]]]| {
            let mut raster = Raster::new(columns, rows);
            polygons.iter().for_each(|polygon| raster.fill(polygon, surface));
            raster.samples.iter().filter(|&&sample| sample == surface).count()
        };
        let whole = count(Surface::Asphalt, &[&corners]);
        assert!((whole as f64 - area).abs() < 0.01 * area, "{whole} {area}");
        let (a, b) = ([corners[0], corners[1], corners[2]], [corners[0], corners[2], corners[3]]);
        assert_eq!(whole, count(Surface::Car, &[&a]) + count(Surface::Car, &[&b]));
        assert_eq!(whole, count(Surface::Car, &[&a, &b]));
        assert_eq!(count(Surface::Car, &[&[[f64::NAN; 2]; 3]]), 0);
    }

    /// The road is an outline where colors are absent; its inside is blank.
    #[test]
    fn the_outline_of_a_road_needs_no_color() {
        let mut raster = Raster::new(6, 4);
        raster.fill(&[[4.0, 8.0], [20.0, 8.0], [20.0, 24.0], [4.0, 24.0]], Surface::Asphalt);
        let mut frame = Frame::default();
        frame.clear(6, 4);
        raster.draw(&mut frame);
        assert_eq!(frame.to_text(), "\n ████\n ████\n\n");
        let mut raster = Raster::new(6, 4);
        raster.fill(&[[2.0, 4.0], [22.0, 4.0], [22.0, 28.0], [2.0, 28.0]], Surface::Asphalt);
        raster.draw(&mut frame);
        assert_eq!(frame.to_text(), "▗▄▄▄▄▖\n▐    ▌\n▐    ▌\n▝▀▀▀▀▘\n");
        raster.fill(&[[8.0, 8.0], [14.0, 8.0], [14.0, 16.0], [8.0, 16.0]], Surface::Car);
        raster.draw(&mut frame);
        assert_eq!(frame.to_text(), "▗▄▄▄▄▖\n▐ █▌ ▌\n▐    ▌\n▝▀▀▀▀▘\n");
    }
}
