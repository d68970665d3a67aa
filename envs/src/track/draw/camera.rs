//! Part of the plane that a drawing shows, north up.

use super::raster;
use crate::dots;

/// Map from coordinates in m to the cells of a picture. Cells are twice as high as wide.
#[derive(Clone, Copy, Debug)]
pub(super) struct Camera {
    /// Columns and rows of the picture.
    pub(super) columns: usize,
    pub(super) rows: usize,
    /// Columns per meter.
    pub(super) per_meter: f64,
    /// Coordinates of the upper left corner, m.
    west: f64,
    north: f64,
}

impl Camera {
    /// Picture of `columns` x `rows` cells around the point `(x, y)`, m, with `per_meter` columns per meter.
    pub(super) fn around([x, y]: [f64; 2], per_meter: f64, columns: usize, rows: usize) -> Self {
        let (west, north) = (x - 0.5 * columns as f64 / per_meter, y + rows as f64 / per_meter);
        Camera { columns, rows, per_meter, west, north }
    }

    /// Picture of the whole rectangle between the corners `low` and `high`, m.
    pub(super) fn of(low: [f64; 2], high: [f64; 2], columns: usize, rows: usize) -> Self {
        // Half a cell of ground on each side.
        let (across, up) = (columns as f64 - 1.0, 2.0 * rows as f64 - 1.0);
        let per_meter = (across / (high[0] - low[0])).min(up / (high[1] - low[1]));
        let center = [0.5 * (low[0] + high[0]), 0.5 * (low[1] + high[1])];
        Camera::around(center, per_meter, columns, rows)
    }

    /// Point in columns from the left edge, with the same unit downward.
    fn place(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [(x - self.west) * self.per_meter, (self.north - y) * self.per_meter]
    }

    /// Point in samples of a raster.
    pub(super) fn sample(&self, point: [f64; 2]) -> [f64; 2] {
        self.place(point).map(|part| part * raster::ACROSS as f64)
    }

    /// Point in braille dots.
    pub(super) fn dot(&self, point: [f64; 2]) -> (f64, f64) {
        let [x, y] = self.place(point).map(|part| part * dots::ACROSS as f64);
        (x, y)
    }

    /// Column and row of the cell that contains the point; `None` outside of the picture.
    pub(super) fn cell(&self, point: [f64; 2]) -> Option<(usize, usize)> {
        let [x, y] = self.place(point);
        let y = 0.5 * y;
        let inside = (0.0..self.columns as f64).contains(&x) && (0.0..self.rows as f64).contains(&y);
        inside.then_some((x as usize, y as usize))
    }

    /// Whether the picture shows a part of the circle with the radius `radius` m around the point.
    pub(super) fn shows(&self, point: [f64; 2], radius: f64) -> bool {
        let ([x, y], margin) = (self.place(point), radius * self.per_meter);
        (-margin..self.columns as f64 + margin).contains(&x)
            && (-margin..2.0 * self.rows as f64 + margin).contains(&y)
    }

    /// Coordinates of the lower left and the upper right corner, m.
    pub(super) fn corners(&self) -> ([f64; 2], [f64; 2]) {
        let (width, height) = (self.columns as f64 / self.per_meter, 2.0 * self.rows as f64 / self.per_meter);
        ([self.west, self.north - height], [self.west + width, self.north])
    }
}
