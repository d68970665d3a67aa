//! Value iteration on a grid over two-dimensional states, with bilinear interpolation between its points.
//!
//! The value of a state between the points is the interpolated one, so that the values of the grid have an error; the
//! policy is judged by its episodes in the world, not by these values.

/// One dimension of the grid.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    /// First and last value; for a periodic axis the last one is the first one again.
    pub(super) range: (f64, f64),
    /// Number of points, at least 2.
    pub(super) points: usize,
    /// Whether the axis is a circle.
    pub(super) periodic: bool,
}

impl Axis {
    /// Value of the point `index`.
    fn value(&self, index: usize) -> f64 {
        let (low, high) = self.range;
        let cells = if self.periodic { self.points } else { self.points - 1 };
        low + (high - low) * index as f64 / cells as f64
    }

    /// The two points beside `value`, and the weight of the second one; values outside the range are clamped.
    #[inline]
    fn locate(&self, value: f64) -> (u32, u32, f32) {
        let (low, high) = self.range;
        let fraction = (value - low) / (high - low);
        let (cells, at) = if self.periodic {
            (self.points, (fraction - fraction.floor()) * self.points as f64)
        } else {
            (self.points - 1, fraction.clamp(0.0, 1.0) * (self.points - 1) as f64)
        };
        let first = (at as usize).min(cells - 1);
        (first as u32, ((first + 1) % self.points) as u32, (at - first as f64) as f32)
    }
}

/// Result of one step of a model.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    pub(super) next: [f64; 2],
    pub(super) reward: f64,
    /// Whether the episode is over.
    pub(super) terminal: bool,
}

/// Values of the points of a grid, interpolated between them.
pub(super) struct Values {
    axes: [Axis; 2],
    /// `[axes[0].points, axes[1].points]`, row-major.
    table: Vec<f32>,
}

/// Successor of a point under one action.
struct Successor {
    /// Corners of the cell of the next state, as indices of the table; weights of the second corner in each dimension.
    corners: [u32; 4],
    weights: [f32; 2],
    reward: f32,
    /// Discount, or 0 at the end of an episode.
    discount: f32,
}

impl Values {
    /// Optimal values for a horizon of at most `sweeps` steps, of a deterministic `model` with `actions` actions.
    pub(super) fn solve(
        axes: [Axis; 2],
        actions: usize,
        gamma: f64,
        sweeps: u32,
        model: impl Fn([f64; 2], usize) -> Outcome,
    ) -> Self {
        let [rows, columns] = axes.map(|axis| axis.points);
        let mut successors = Vec::with_capacity(rows * columns * actions);
        for point in 0..rows * columns {
            let state = [axes[0].value(point / columns), axes[1].value(point % columns)];
            successors.extend((0..actions).map(|action| {
                let Outcome { next, reward, terminal } = model(state, action);
                let (a, b, u) = axes[0].locate(next[0]);
                let (c, d, v) = axes[1].locate(next[1]);
                let index = |i: u32, j: u32| i * columns as u32 + j;
                Successor {
                    corners: [index(a, c), index(a, d), index(b, c), index(b, d)],
                    weights: [u, v],
                    reward: reward as f32,
                    discount: if terminal { 0.0 } else { gamma as f32 },
                }
            }));
        }
        let mut values = Values { axes, table: vec![0.0; rows * columns] };
        let mut next = values.table.clone();
        for _ in 0..sweeps {
            let mut largest = 0f32;
            for ((new, old), row) in next.iter_mut().zip(&values.table).zip(successors.chunks(actions)) {
                let best = row.iter().map(|successor| {
                    let corner = successor.corners.map(|i| values.table[i as usize]);
                    successor.reward + successor.discount * interpolate(corner, successor.weights)
                });
                *new = best.fold(f32::NEG_INFINITY, f32::max);
                largest = largest.max((*new - *old).abs());
            }
            std::mem::swap(&mut values.table, &mut next);
            if largest < 1e-4 {
                break;
            }
        }
        values
    }

    /// Interpolated value of a state.
    pub(super) fn at(&self, state: [f64; 2]) -> f64 {
        let (a, b, u) = self.axes[0].locate(state[0]);
        let (c, d, v) = self.axes[1].locate(state[1]);
        let value = |i: u32, j: u32| self.table[i as usize * self.axes[1].points + j as usize];
        f64::from(interpolate([value(a, c), value(a, d), value(b, c), value(b, d)], [u, v]))
    }
}

#[inline]
fn interpolate([a, b, c, d]: [f32; 4], [u, v]: [f32; 2]) -> f32 {
    (1.0 - u) * ((1.0 - v) * a + v * b) + u * ((1.0 - v) * c + v * d)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A walk of 0.5 along the first axis to its end at 4 takes 2 (4 - x) steps; without and with a discount.
    #[test]
    fn a_walk_takes_its_steps() {
        let axis = |high, points, periodic| Axis { range: (0.0, high), points, periodic };
        let solve = |gamma| {
            Values::solve([axis(4.0, 9, false), axis(1.0, 4, true)], 2, gamma, 100, |[x, y], action| {
                let next = if action == 1 { x + 0.5 } else { (x - 0.5).max(0.0) };
                Outcome { next: [next, y + 0.25], reward: -1.0, terminal: next >= 4.0 }
            })
        };
        let values = solve(1.0);
        for (x, steps) in [(0.0, 8.0), (3.0, 2.0), (3.5, 1.0), (0.25, 7.5)] {
            for y in [0.0, 0.3, 0.99, 5.5] {
                assert!((values.at([x, y]) + steps).abs() < 1e-5, "{x} {y}");
            }
        }
        assert!((solve(0.5).at([2.5, 0.0]) + 1.75).abs() < 1e-5);
    }
}
