//! Inner edges of bends, cut where the curve at the given width from the center line crosses itself.
//!
//! The edge at the offset `n` of a point `p` of the center line with the normal `N` to this side is `p + n N`. It is
//! nearer to another center-line point `q` than to `p` for `n > |d|^2 / (2 d N)`, `d = q - p`: the radius of the circle
//! that touches the line in `p` and passes through `q`. The minimum over all `q` is where the offset curve meets the
//! medial axis of the line. Beyond it, the edge lies within the part of the road around `q`, and `s` and `n` of a
//! position are not unique. The edge is therefore cut there, if it is nearer to `q` than the width of the road at `q`.
//! For `q` close to `p` the circle is the circle of curvature.
//!
//! Every point of an edge at the offset `n` thus has a distance of at least `n` from every center-line point, or is
//! outside of the road around that point. In a bend that is tighter than half the width of the road, and between two
//! parts of the road that touch, the edges follow the line in the middle.

use super::check::{GeometryError, MAX_INNER_SHARE};
use super::table::Entry;

/// Sides of the road: index in widths, and sign of the offset.
const SIDES: [(usize, f64); 2] = [(0, -1.0), (1, 1.0)];
/// Center-line points within one maximum width, at which an edge is cut.
const POINTS_PER_WIDTH: f64 = 100.0;
/// Fraction of a width that must remain between two parts of the road, else the two parts are the same place.
const MIN_REMAINDER: f64 = 0.25;
/// Length of the line between two parts of the road, in widths; two places with less in between are of one bend.
const PART_WIDTHS: f64 = 4.0;
/// Maximum fraction of the lap at which an edge may be cut because of the curvature.
const MAX_CUT_SHARE: f64 = 0.5;
/// Length of the line within which a part of the road belongs to the same bend, in maximum widths; only this part cuts
/// an edge where bridges are allowed.
const BEND_WIDTHS: f64 = 8.0;

/// Cuts the widths of `entries`, at equal spacing along a line of `length` m. With `bridges`, only parts of one bend
/// cut each other. Returns whether any width was cut.
///
/// # Errors
/// [`GeometryError::Folds`] if more than half of a lap is tighter than the width of the road on its inner side;
/// [`GeometryError::Overlaps`] if two parts of the road are in the same place.
pub(super) fn cut(entries: &mut [Entry], length: f64, bridges: bool) -> Result<bool, GeometryError> {
    let mut cuts = Vec::new();
    let grid = Grid::new(entries, length);
    let step = length / entries.len() as f64;
    for (side, sign) in SIDES {
        let (mut folded, mut tightest) = (0, GeometryError::Scale { length, radius: 0.0 });
        let mut least = f64::INFINITY;
        for (i, entry) in entries.iter().enumerate() {
            let given = [entry.right, entry.left][side];
            let curvature = sign * entry.curvature;
            let innermost = if curvature > 0.0 { MAX_INNER_SHARE / curvature } else { f64::INFINITY };
            let (reach, other) = grid.reach(entries, i, sign, given, bridges);
            if given * curvature > 1.0 {
                folded += 1;
                if 1.0 / curvature < least {
                    least = 1.0 / curvature;
                    tightest = GeometryError::Folds { s: i as f64 * step, radius: least, width: given };
                }
            }
            let apart = other.abs_diff(i).min(entries.len() - other.abs_diff(i)) as f64 * step;
            if reach < MIN_REMAINDER * given && apart > PART_WIDTHS * given {
                let (s, other) = (i as f64 * step, other as f64 * step);
                return Err(GeometryError::Overlaps {
                    s: s.min(other),
                    other: s.max(other),
                    apart: 2.0 * reach,
                });
            }
            if reach.min(innermost) < given {
                cuts.push((i, side, reach.min(innermost)));
            }
        }
        if folded as f64 > MAX_CUT_SHARE * entries.len() as f64 {
            return Err(tightest);
        }
    }
    for &(i, side, width) in &cuts {
        let entry = &mut entries[i];
        *(if side == 0 { &mut entry.right } else { &mut entry.left }) = width;
    }
    Ok(!cuts.is_empty())
}

/// Center-line points in square cells, so that the neighbors of a point are found in few cells.
struct Grid {
    length: f64,
    /// Maximum width of the road to either side, m; each cell has sides of twice this length.
    widest: f64,
    low: [f64; 2],
    columns: usize,
    rows: usize,
    /// First member of each cell in `members`, `[columns * rows + 1]`.
    begins: Vec<usize>,
    /// Indices of table entries.
    members: Vec<usize>,
}

impl Grid {
    fn new(entries: &[Entry], length: f64) -> Self {
        let widest = entries.iter().map(|entry| entry.left.max(entry.right)).fold(0.0, f64::max);
        let step = length / entries.len() as f64;
        let stride = ((widest / POINTS_PER_WIDTH / step) as usize).max(1);
        let fold = |value: fn(&Entry) -> f64, start: f64, f: fn(f64, f64) -> f64| {
            entries.iter().map(value).fold(start, f)
        };
        let low = [fold(|e| e.x, f64::INFINITY, f64::min), fold(|e| e.y, f64::INFINITY, f64::min)];
        let high = [fold(|e| e.x, f64::NEG_INFINITY, f64::max), fold(|e| e.y, f64::NEG_INFINITY, f64::max)];
        // A line of the length `L` is within a square of the side `L / 2`, so that there are at most as many cells as
        // points, squared; large cells bound their number.
        let side = (2.0 * widest).max(length / 1_000.0);
        let [columns, rows] = [0, 1].map(|axis| ((high[axis] - low[axis]) / side) as usize + 1);
        let mut grid = Grid {
            length,
            widest: 0.5 * side,
            low,
            columns,
            rows,
            begins: vec![0; columns * rows + 1],
            members: Vec::new(),
        };
        let indices: Vec<usize> = (0..entries.len()).step_by(stride).collect();
        let cells: Vec<usize> = indices.iter().map(|&i| grid.cell(entries[i].x, entries[i].y)).collect();
        for &cell in &cells {
            grid.begins[cell + 1] += 1;
        }
        for cell in 0..columns * rows {
            grid.begins[cell + 1] += grid.begins[cell];
        }
        let mut next = grid.begins.clone();
        grid.members = vec![0; indices.len()];
        for (&i, &cell) in indices.iter().zip(&cells) {
            grid.members[next[cell]] = i;
            next[cell] += 1;
        }
        grid
    }

    fn place(&self, axis: usize, value: f64) -> usize {
        let count = if axis == 0 { self.columns } else { self.rows };
        (((value - self.low[axis]) / (2.0 * self.widest)) as usize).min(count - 1)
    }

    fn cell(&self, x: f64, y: f64) -> usize {
        self.place(1, y) * self.columns + self.place(0, x)
    }

    /// Maximum offset of the edge of the entry `index` on the side with the sign `sign`, at most `given` m, and the
    /// index of the entry whose road is met there.
    fn reach(&self, entries: &[Entry], index: usize, sign: f64, given: f64, bridges: bool) -> (f64, usize) {
        let p = &entries[index];
        let normal = [-sign * p.sin, sign * p.cos];
        let (count, step) = (entries.len(), self.length / entries.len() as f64);
        let (mut reach, mut met) = (given, index);
        let [left, top] = [self.place(0, p.x), self.place(1, p.y)];
        for row in top.saturating_sub(1)..=(top + 1).min(self.rows - 1) {
            let from = self.begins[row * self.columns + left.saturating_sub(1)];
            let to = self.begins[row * self.columns + (left + 1).min(self.columns - 1) + 1];
            for &other in &self.members[from..to] {
                let q = &entries[other];
                let d = [q.x - p.x, q.y - p.y];
                let (ahead, square) = (d[0] * normal[0] + d[1] * normal[1], d[0] * d[0] + d[1] * d[1]);
                // The circle through `q` is smaller than the one found before.
                if square >= 2.0 * reach * ahead || other == index {
                    continue;
                }
                let apart = other.abs_diff(index).min(count - other.abs_diff(index)) as f64 * step;
                if bridges && apart > BEND_WIDTHS * 2.0 * self.widest {
                    continue;
                }
                let radius = 0.5 * square / ahead;
                let at = [radius * normal[0] - d[0], radius * normal[1] - d[1]];
                let to_left = at[1] * q.cos - at[0] * q.sin > 0.0;
                let width = if to_left { q.left } else { q.right };
                // Offset at which the edge enters the road around `q`; no offset if the edge passes that road.
                let inside = ahead * ahead - square + width * width;
                if inside < 0.0 {
                    continue;
                }
                let entered = radius.max(ahead - inside.sqrt());
                if entered < reach {
                    (reach, met) = (entered, other);
                }
            }
        }
        (reach, met)
    }
}
