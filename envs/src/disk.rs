//! Disks in characters of quadrants, for stones and balls.

/// All four quadrants.
pub(crate) const FULL: usize = 15;

/// Characters of the sets of covered quadrants: bit 0 upper left, 1 upper right, 2 lower left, 3 lower right. A covered
/// half row becomes three quadrants or a full cell, see [`quadrants`].
const QUADRANTS: [char; 16] =
    [' ', '▘', '▝', '▀', '▖', '▌', '▞', '▛', '▗', '▚', '▐', '▜', '▄', '▙', '▟', '█'];

/// Character of a set of covered quadrants, in the foreground color.
pub(crate) fn glyph(quadrants: usize) -> char {
    QUADRANTS.get(quadrants).copied().unwrap_or(' ')
}

/// Quadrants of the cell at a column and row that a disk of `width` x `height` cells covers, as bits. Half rows are
/// rounded up: without colors a half block cannot show which of its halves is the disk.
pub(crate) fn quadrants((width, height): (usize, usize), (column, row): (usize, usize)) -> usize {
    if column >= width || row >= height {
        return 0;
    }
    let (across, down) = (width as f32 / 2.0, height as f32);
    let covers = |x: f32, y: f32| ((x - across) / across).powi(2) + ((y - down) / down).powi(2) <= 1.0;
    let corner = |bit: usize| {
        let (x, y) = (column as f32 + 0.25 + 0.5 * (bit % 2) as f32, (2 * row + bit / 2) as f32 + 0.5);
        usize::from(covers(x, y)) << bit
    };
    let covered = (0..4).map(corner).sum();
    let (left, middle) = (2 * column + 1 < width, 2 * column + 1 == width);
    match covered {
        3 | 12 if middle => FULL,
        12 if left => 14,
        12 => 13,
        3 if left => 11,
        3 => 7,
        other => other,
    }
}

/// Quadrants of the cell at a column and row that a round disk covers, as bits. The disk is `diameter` columns wide and
/// as many half rows high, from the upper edge of its first row on.
pub(crate) fn round_quadrants(diameter: usize, (column, row): (usize, usize)) -> usize {
    let radius = diameter as f32 / 2.0;
    let covers = |x: f32, y: f32| (x - radius).powi(2) + (y - radius).powi(2) <= radius.powi(2);
    let corner = |bit: usize| {
        let (x, y) = (column as f32 + 0.25 + 0.5 * (bit % 2) as f32, (2 * row + bit / 2) as f32 + 0.5);
        usize::from(covers(x, y)) << bit
    };
    (0..4).map(corner).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A round disk is mirrored at both axes, and its width in columns is its height in half rows.
    #[test]
    fn round_disks_are_symmetric() {
        for diameter in (3..=17).step_by(2) {
            let covered = |x: usize, half_row: usize| {
                let bits = round_quadrants(diameter, (x / 2, half_row / 2));
                bits >> (2 * (half_row % 2) + x % 2) & 1 == 1
            };
            let columns = 2 * diameter;
            for (x, y) in (0..diameter).flat_map(|y| (0..columns).map(move |x| (x, y))) {
                assert_eq!(covered(x, y), covered(columns - 1 - x, y), "{diameter} {x} {y}");
                assert_eq!(covered(x, y), covered(x, diameter - 1 - y), "{diameter} {x} {y}");
            }
            let middle = diameter / 2;
            assert!(covered(0, middle) && covered(columns - 1, middle) && covered(diameter, 0));
            assert!(covered(diameter, diameter - 1) && !covered(0, 0) && !covered(diameter, diameter));
        }
    }

    /// Properties of a disk: the same upside down and mirrored, and never a half block of rows.
    #[test]
    fn disks_are_symmetric() {
        for height in 2..=9 {
            let size = (2 * height - 1, height);
            for (column, row) in (0..height).flat_map(|row| (0..size.0).map(move |column| (column, row))) {
                let here = quadrants(size, (column, row));
                let mirrored = quadrants(size, (size.0 - 1 - column, row));
                assert_eq!(mirrored, (here & 5) << 1 | (here & 10) >> 1, "{size:?} {column} {row}");
                let below = quadrants(size, (column, height - 1 - row));
                assert_eq!(below, (here & 3) << 2 | here >> 2, "{size:?} {column} {row}");
                assert!(here != 3 && here != 12);
            }
            assert_eq!(quadrants(size, (height - 1, height / 2)), FULL, "the middle is covered");
        }
    }
}
