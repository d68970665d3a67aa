//! Symmetric positive definite systems with a narrow band around the diagonal, and a numbering of a ring's nodes
//! that makes its systems such.

/// The place of `node` when a ring of `nodes` is pressed flat: 0, nodes - 1, 1, nodes - 2, ... Nodes `k` apart on
/// the ring are at most `2 k` apart here, the ends of the list included.
pub(super) fn flattened(node: usize, nodes: usize) -> usize {
    if node < nodes.div_ceil(2) { 2 * node } else { 2 * (nodes - 1 - node) + 1 }
}

/// The lower half of a symmetric band matrix: row `i` holds columns `i - width ..= i`.
#[derive(Clone, Debug)]
pub(super) struct Band {
    width: usize,
    cells: Vec<f64>,
}

impl Band {
    pub(super) fn new(size: usize, width: usize) -> Self {
        Band { width, cells: vec![0.0; size * (width + 1)] }
    }

    pub(super) fn clear(&mut self) {
        self.cells.fill(0.0);
    }

    fn size(&self) -> usize {
        self.cells.len() / (self.width + 1)
    }

    fn cell(&self, row: usize, column: usize) -> usize {
        row * (self.width + 1) + self.width + column - row
    }

    /// Adds to an entry of the lower half: `row >= column`, no further apart than the width.
    pub(super) fn add(&mut self, row: usize, column: usize, value: f64) {
        let cell = self.cell(row, column);
        self.cells[cell] += value;
    }

    pub(super) fn diagonal(&self, row: usize) -> f64 {
        self.cells[self.cell(row, row)]
    }

    /// Becomes its own Cholesky factor; `false`, with the content spoilt, where the matrix is not positive definite.
    pub(super) fn factor(&mut self) -> bool {
        for row in 0..self.size() {
            let first = row.saturating_sub(self.width);
            for column in first..=row {
                let shared = first.max(column.saturating_sub(self.width));
                let (a, b) = (self.cell(row, shared), self.cell(column, shared));
                let count = column - shared;
                let dot: f64 =
                    self.cells[a..a + count].iter().zip(&self.cells[b..b + count]).map(|(x, y)| x * y).sum();
                let cell = self.cell(row, column);
                let left = self.cells[cell] - dot;
                if column < row {
                    self.cells[cell] = left / self.diagonal(column);
                } else if left > 0.0 && left.is_finite() {
                    self.cells[cell] = left.sqrt();
                } else {
                    return false;
                }
            }
        }
        true
    }

    /// Solves with a matrix that [`Band::factor`] has factored; `right` becomes the solution.
    pub(super) fn solve(&self, right: &mut [f64]) {
        for row in 0..right.len() {
            let first = row.saturating_sub(self.width);
            let cells = self.cell(row, first);
            let dot: f64 = right[first..row].iter().zip(&self.cells[cells..]).map(|(x, l)| x * l).sum();
            right[row] = (right[row] - dot) / self.diagonal(row);
        }
        for row in (0..right.len()).rev() {
            let first = row.saturating_sub(self.width);
            right[row] /= self.diagonal(row);
            let (value, cells) = (right[row], self.cell(row, first));
            for (x, l) in right[first..row].iter_mut().zip(&self.cells[cells..]) {
                *x -= value * l;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use freewheel_core::{Purpose, Streams};

    use super::*;

    #[test]
    fn neighbors_on_the_ring_stay_close() {
        for nodes in 3..40 {
            let mut places: Vec<usize> = (0..nodes).map(|node| flattened(node, nodes)).collect();
            for (node, &place) in places.iter().enumerate() {
                for apart in 1..3 {
                    let other = places[(node + apart) % nodes];
                    assert!(place.abs_diff(other) <= 2 * apart, "{node} of {nodes}");
                }
            }
            places.sort_unstable();
            assert!(places.into_iter().eq(0..nodes));
        }
    }

    #[test]
    fn solves_what_it_was_given() {
        let (size, width) = (30, 5);
        let mut rng = Streams::new(3).stream(Purpose::Generation, 0, 0);
        let mut full = vec![vec![0.0; size]; size];
        let mut band = Band::new(size, width);
        let entries =
            (0..size).flat_map(|row| (row.saturating_sub(width)..=row).map(move |column| (row, column)));
        for (row, column) in entries {
            let value = if row == column { 12.0 } else { 2.0 * rng.uniform() - 1.0 };
            band.add(row, column, value);
            full[row][column] = value;
            full[column][row] = value;
        }
        let wanted: Vec<f64> = (0..size).map(|_| rng.uniform()).collect();
        let mut right: Vec<f64> =
            full.iter().map(|row| row.iter().zip(&wanted).map(|(a, x)| a * x).sum()).collect();
        assert!(band.factor());
        band.solve(&mut right);
        for (found, wanted) in right.iter().zip(&wanted) {
            assert!((found - wanted).abs() < 1e-12);
        }
    }

    #[test]
    fn an_indefinite_matrix_is_told() {
        let mut band = Band::new(2, 1);
        band.add(0, 0, 1.0);
        band.add(1, 0, 2.0);
        band.add(1, 1, 3.0);
        assert!(!band.factor());
    }
}
