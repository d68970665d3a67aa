//! Discretization as a graph of tensor operations, for export: the same numbers in f64, step by step.

use freewheel_core::graph::{Data, Graph, Kind, Observed, Op, Value};
use freewheel_core::{Error, Result};

use super::{Axis, Discretizer, Layout, SparseIndex};

impl Discretizer {
    /// Adds the index of the state of the observation `x` to `graph`, `[N]`. If only visited states have a row, the
    /// index of any other state is the number of rows.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a grid with more than 2^63 cells.
    pub(in crate::tabular) fn add_to(&self, graph: &mut Graph, x: Observed) -> Result<Value> {
        let (cell, strides) = match (&self.layout, x) {
            (Layout::Index(_), Observed::Index(index)) => (index, Vec::new()),
            (Layout::Grid(axes), Observed::Numbers(x)) => {
                let strides = strides(axes).ok_or_else(|| {
                    Error::Unsupported(
                        "a grid with more than 2^63 cells cannot be exported; train with fewer `bins`".into(),
                    )
                })?;
                (cell_number(graph, axes, &strides, x), strides)
            }
            _ => return Err(Error::Unsupported("the observations of this table are of another kind".into())),
        };
        let Some(sparse) = &self.sparse else { return Ok(cell) };
        let keys = sparse.numbers(&self.layout, &strides);
        let rows = keys.len();
        if rows == 0 {
            // No state was visited: all have the row of unknown states.
            let zero = graph.constant(&[], Data::I64(vec![0]));
            return Ok(graph.apply(Op::Mul, &[cell, zero]));
        }
        // The row of the table whose cell is equal, or else the last column, which is 1 where others are 0 or 2.
        let keys = graph.parameter("states", &[rows], Data::I64(keys));
        let column = graph.reshape(cell, &[-1, 1]);
        let equal = graph.apply(Op::Equal, &[column, keys]);
        let equal = graph.apply(Op::Cast(Kind::F32), &[equal]);
        let two = graph.constant(&[], Data::F32(vec![2.0]));
        let found = graph.apply(Op::Mul, &[equal, two]);
        let zeros = graph.apply(Op::Cast(Kind::F32), &[column]);
        let zero = graph.constant(&[], Data::F32(vec![0.0]));
        let zeros = graph.apply(Op::Mul, &[zeros, zero]);
        let one = graph.constant(&[], Data::F32(vec![1.0]));
        let ones = graph.apply(Op::Add, &[zeros, one]);
        let all = graph.apply(Op::Concat { axis: 1 }, &[found, ones]);
        Ok(graph.apply(Op::ArgMax, &[all]))
    }
}

impl SparseIndex {
    /// Number of the cell of each visited state.
    fn numbers(&self, layout: &Layout, strides: &[i64]) -> Vec<i64> {
        let number = |key: &[u8]| match layout {
            Layout::Index(_) => key.iter().rev().fold(0, |number, &byte| number << 8 | i64::from(byte)),
            Layout::Grid(_) => key.iter().zip(strides).map(|(&bin, stride)| i64::from(bin) * stride).sum(),
        };
        self.keys.chunks_exact(self.width).map(number).collect()
    }
}

/// Distance of neighboring cells along each axis; `None` if the number of cells exceeds i64.
fn strides(axes: &[Axis]) -> Option<Vec<i64>> {
    let mut cells = 1i64;
    let mut strides: Vec<i64> = Vec::with_capacity(axes.len());
    for axis in axes.iter().rev() {
        strides.push(cells);
        cells = cells.checked_mul(i64::from(axis.bins))?;
    }
    strides.reverse();
    Some(strides)
}

/// Number of the cell of the observation `x [N, D]`, `[N]`.
fn cell_number(graph: &mut Graph, axes: &[Axis], strides: &[i64], x: Value) -> Value {
    let x = graph.apply(Op::Cast(Kind::F64), &[x]);
    let mut number = None;
    for (i, (axis, &stride)) in axes.iter().zip(strides).enumerate().filter(|(_, (axis, _))| axis.bins > 1) {
        let index = graph.constant(&[], Data::I64(vec![i as i64]));
        let x = graph.apply(Op::Gather { axis: 1 }, &[x, index]);
        let bin = axis.add_to(graph, x);
        let stride = graph.constant(&[], Data::I64(vec![stride]));
        let part = graph.apply(Op::Mul, &[bin, stride]);
        number = Some(number.map_or(part, |sum| graph.apply(Op::Add, &[sum, part])));
    }
    number.unwrap_or_else(|| {
        let first = graph.constant(&[], Data::I64(vec![0]));
        let x = graph.apply(Op::Gather { axis: 1 }, &[x, first]);
        let zero = graph.constant(&[], Data::F64(vec![0.0]));
        let zeros = graph.apply(Op::Clip, &[x, zero, zero]);
        graph.apply(Op::Cast(Kind::I64), &[zeros])
    })
}

impl Axis {
    /// Index of the bin of `x [N]`, as [`Axis::cell`].
    fn add_to(self, graph: &mut Graph, x: Value) -> Value {
        let number = |x: f64, graph: &mut Graph| graph.constant(&[], Data::F64(vec![x]));
        let apply = |graph: &mut Graph, op: Op, a: Value, b: Value| graph.apply(op, &[a, b]);
        let zero = number(0.0, graph);
        let share = match (self.low.is_finite(), self.high.is_finite()) {
            (true, true) => {
                let (low, width) = (number(self.low, graph), number(self.high - self.low, graph));
                let above = apply(graph, Op::Sub, x, low);
                apply(graph, Op::Div, above, width)
            }
            (true, false) | (false, true) => {
                let bound = number(if self.low.is_finite() { self.low } else { self.high }, graph);
                let distance = match self.low.is_finite() {
                    true => apply(graph, Op::Sub, x, bound),
                    false => apply(graph, Op::Sub, bound, x),
                };
                let distance = apply(graph, Op::Max, distance, zero);
                let scale = number(self.bin_scale, graph);
                let sum = apply(graph, Op::Add, scale, distance);
                let share = apply(graph, Op::Div, distance, sum);
                match self.low.is_finite() {
                    true => share,
                    false => {
                        let one = number(1.0, graph);
                        apply(graph, Op::Sub, one, share)
                    }
                }
            }
            (false, false) => {
                let half = number(0.5, graph);
                let halved = apply(graph, Op::Mul, half, x);
                let magnitude = graph.apply(Op::Abs, &[x]);
                let scale = number(self.bin_scale, graph);
                let sum = apply(graph, Op::Add, scale, magnitude);
                let share = apply(graph, Op::Div, halved, sum);
                apply(graph, Op::Add, half, share)
            }
        };
        let bins = number(f64::from(self.bins), graph);
        let bin = apply(graph, Op::Mul, share, bins);
        let last = number(f64::from(self.bins - 1), graph);
        let bin = graph.apply(Op::Clip, &[bin, zero, last]);
        graph.apply(Op::Cast(Kind::I64), &[bin])
    }
}

#[cfg(test)]
mod tests {
    use freewheel_core::{ObservationSpace, Spec};

    use super::super::tests::with_bins;
    use super::*;
    use crate::tabular::settings::Bins;

    #[test]
    fn strides_are_those_of_the_dense_index() {
        let bounds = [(0.0, 1.0), (0.0, f32::INFINITY), (f32::NEG_INFINITY, f32::INFINITY)];
        let discretizer = with_bins(&bounds, Bins::Each(vec![4, 3, 5]));
        let Layout::Grid(axes) = &discretizer.layout else { panic!() };
        assert_eq!(strides(axes), Some(vec![15, 5, 1]));
    }

    /// A constant number of the observation would be 0 / 0.
    #[test]
    fn an_axis_of_one_bin_is_left_out() {
        let nodes = |bounds: &[(f32, f32)]| {
            let spec = Spec {
                observation: ObservationSpace::vector(bounds),
                ..Spec::discrete("test/w", 1, &["a", "b"])
            };
            let mut graph = Graph::default();
            let x = graph.observation(&spec);
            with_bins(bounds, Bins::Same(4)).add_to(&mut graph, x).unwrap();
            graph.nodes.iter().filter(|node| node.op == Op::Div).count()
        };
        assert_eq!(nodes(&[(0.0, 1.0), (2.0, 2.0), (0.0, 3.0)]), 2);
        assert_eq!(nodes(&[(2.0, 2.0)]), 0);
    }
}
