//! Weights of one-hot layers as tables of rows: a batch reads and changes few of them.

use std::ops::Range;

use super::network::{LayerKind, Network};

/// Minimum number of rows of a table; smaller layers are treated as any other.
const MIN_ROWS: usize = 128;

/// Table of the weights of a one-hot layer: one row for every index of every field.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Embedding {
    /// Position of the first row in the slice of all parameters.
    start: usize,
    /// Numbers of a row.
    width: usize,
    /// Number of indices of each field.
    n: usize,
    /// Number of indices of an observation.
    fields: usize,
}

impl Embedding {
    /// Range of row `row` in the slice of all parameters.
    pub(crate) fn row(&self, row: u32) -> Range<usize> {
        let from = self.start + row as usize * self.width;
        from..from + self.width
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.fields * self.n
    }

    /// Rows that the observations `x [B, F]` read, with repetitions.
    fn read<'a>(&self, x: &'a [f32]) -> impl Iterator<Item = u32> + use<'a> {
        let (n, fields) = (self.n, self.fields);
        let of_one = move |x: &'a [f32]| super::layer::one_hot_rows(x, n).map(|row| row as u32);
        x.chunks_exact(fields).flat_map(of_one)
    }
}

/// All tables of a network, and the ranges of its other parameters.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Embeddings {
    pub(crate) tables: Vec<Embedding>,
    /// Ranges of the parameters that are in no table.
    pub(crate) rest: Vec<Range<usize>>,
}

impl Embeddings {
    /// Tables of `network`.
    pub(crate) fn of(network: &Network) -> Self {
        let (mut tables, mut rest, mut at) = (Vec::new(), Vec::new(), 0);
        for layer in &network.layers {
            if let LayerKind::OneHot { fields, n, outputs } = layer.kind
                && fields * n >= MIN_ROWS
            {
                tables.push(Embedding { start: layer.weights.start, width: outputs, n, fields });
                rest.push(at..layer.weights.start);
                at = layer.weights.end;
            }
        }
        rest.push(at..network.size);
        Embeddings { tables, rest }
    }
}

/// Rows of each table that some observations read, each row once, in the order in which they were first read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ReadRows {
    /// Rows of each table.
    pub(crate) rows: Vec<Vec<u32>>,
    /// Whether a row is among `rows`, for each table.
    is_read: Vec<Vec<bool>>,
}

impl ReadRows {
    /// Adds the rows that the observations `x [B, F]` read.
    pub(crate) fn add(&mut self, embeddings: &Embeddings, x: &[f32]) {
        self.rows.resize_with(embeddings.tables.len(), Vec::new);
        self.is_read.resize_with(embeddings.tables.len(), Vec::new);
        for (table, (rows, is_read)) in
            embeddings.tables.iter().zip(self.rows.iter_mut().zip(&mut self.is_read))
        {
            is_read.resize(table.rows(), false);
            rows.extend(table.read(x).filter(|&row| !std::mem::replace(&mut is_read[row as usize], true)));
        }
    }

    /// Removes all rows.
    pub(crate) fn clear(&mut self) {
        for (rows, is_read) in self.rows.iter_mut().zip(&mut self.is_read) {
            rows.drain(..).for_each(|row| is_read[row as usize] = false);
        }
    }
}

/// Gradient of a loss with respect to the parameters, `[P]`; only the rows in `read` of each table are not 0.
#[derive(Debug, Default)]
pub(crate) struct Gradient {
    pub(crate) values: Vec<f32>,
    pub(crate) read: ReadRows,
    /// Whether a backward pass has added to the gradient.
    pub(crate) is_set: bool,
}

impl Gradient {
    /// Sets the gradient to 0, for `size` parameters.
    pub(crate) fn clear(&mut self, embeddings: &Embeddings, size: usize) {
        if !self.is_set {
            return self.values.resize(size, 0.0);
        }
        embeddings.rest.iter().for_each(|range| self.values[range.clone()].fill(0.0));
        for (table, rows) in embeddings.tables.iter().zip(&self.read.rows) {
            rows.iter().for_each(|&row| self.values[table.row(row)].fill(0.0));
        }
        self.read.clear();
        self.is_set = false;
    }
}
