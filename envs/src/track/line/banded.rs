//! Cholesky factorization of symmetric banded matrices, and an order of the nodes of a ring (a closed line) in which
//! its matrices are banded.

/// Position of `node` in the order 0, nodes - 1, 1, nodes - 2, ... of a ring. Nodes `k` apart on the ring are at most
/// `2 k` apart in this order.
pub(super) fn ring_order(node: usize, nodes: usize) -> usize {
    if node < nodes.div_ceil(2) { 2 * node } else { 2 * (nodes - 1 - node) + 1 }
}

/// Lower triangle of a symmetric banded matrix; row `i` stores the columns `i - width ..= i`.
#[derive(Clone, Debug)]
pub(super) struct BandedMatrix {
    width: usize,
    values: Vec<f64>,
}

impl BandedMatrix {
    pub(super) fn new(size: usize, width: usize) -> Self {
        BandedMatrix { width, values: vec![0.0; size * (width + 1)] }
    }

    pub(super) fn clear(&mut self) {
        self.values.fill(0.0);
    }

    fn size(&self) -> usize {
        self.values.len() / (self.width + 1)
    }

    fn index(&self, row: usize, column: usize) -> usize {
        row * (self.width + 1) + self.width + column - row
    }

    /// Adds `value` to an entry of the lower triangle; `0 <= row - column <= width` must hold.
    pub(super) fn add(&mut self, row: usize, column: usize, value: f64) {
        let index = self.index(row, column);
        self.values[index] += value;
    }

    pub(super) fn diagonal(&self, row: usize) -> f64 {
        self.values[self.index(row, row)]
    }

    /// Replaces the matrix by its Cholesky factor. Returns `false`, with undefined content, if the matrix is not
    /// positive definite.
    pub(super) fn factorize(&mut self) -> bool {
        for row in 0..self.size() {
            let first = row.saturating_sub(self.width);
            for column in first..=row {
                let shared = first.max(column.saturating_sub(self.width));
                let (a, b) = (self.index(row, shared), self.index(column, shared));
                let count = column - shared;
                let dot: f64 = self.values[a..a + count]
                    .iter()
                    .zip(&self.values[b..b + count])
                    .map(|(x, y)| x * y)
                    .sum();
                let index = self.index(row, column);
                let left = self.values[index] - dot;
                if column < row {
                    self.values[index] = left / self.diagonal(column);
                } else if left > 0.0 && left.is_finite() {
                    self.values[index] = left.sqrt();
                } else {
                    return false;
                }
            }
        }
        true
    }

    /// Solves the linear system with the right-hand side `right` and writes the solution to `right`; call
    /// [`BandedMatrix::factorize`] first.
    pub(super) fn solve(&self, right: &mut [f64]) {
        for row in 0..right.len() {
            let first = row.saturating_sub(self.width);
            let values = self.index(row, first);
            let dot: f64 = right[first..row].iter().zip(&self.values[values..]).map(|(x, l)| x * l).sum();
            right[row] = (right[row] - dot) / self.diagonal(row);
        }
        for row in (0..right.len()).rev() {
            let first = row.saturating_sub(self.width);
            right[row] /= self.diagonal(row);
            let (value, values) = (right[row], self.index(row, first));
            for (x, l) in right[first..row].iter_mut().zip(&self.values[values..]) {
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
            let mut places: Vec<usize> = (0..nodes).map(|node| ring_order(node, nodes)).collect();
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
        let mut banded = BandedMatrix::new(size, width);
        let entries =
            (0..size).flat_map(|row| (row.saturating_sub(width)..=row).map(move |column| (row, column)));
        for (row, column) in entries {
            let value = if row == column { 12.0 } else { 2.0 * rng.uniform() - 1.0 };
            banded.add(row, column, value);
            full[row][column] = value;
            full[column][row] = value;
        }
        let wanted: Vec<f64> = (0..size).map(|_| rng.uniform()).collect();
        let mut right: Vec<f64> =
            full.iter().map(|row| row.iter().zip(&wanted).map(|(a, x)| a * x).sum()).collect();
        assert!(banded.factorize());
        banded.solve(&mut right);
        for (found, wanted) in right.iter().zip(&wanted) {
            assert!((found - wanted).abs() < 1e-12);
        }
    }

    #[test]
    fn an_indefinite_matrix_is_told() {
        let mut banded = BandedMatrix::new(2, 1);
        banded.add(0, 0, 1.0);
        banded.add(1, 0, 2.0);
        banded.add(1, 1, 3.0);
        assert!(!banded.factorize());
    }
}
