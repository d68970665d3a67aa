//! Discretization of observations to state indices, the rows of a table.
//!
//! A discrete observation is its own index. A continuous one belongs to a cell of a grid with bins of equal width in
//! each dimension. If the grid has too many cells for a table, only visited cells get a row, in the order of their
//! first visit; a hash table over the exact cells finds the row of a cell again. Results do not depend on hash seeds or
//! map orders.

use freewheel_core::{Error, ObservationSpace, Result};

use super::settings::{Bins, Tabular};

mod graph;

/// Maximum number of states of a table with a row for every state, visited or not.
const DENSE: usize = 1 << 22;
/// Magnitude from which on a bound is considered infinite.
const UNBOUNDED: f32 = 1e30;

/// Map from observations to state indices.
#[derive(Clone, Debug)]
pub struct Discretizer {
    layout: Layout,
    /// Index of the visited states; `None` if every state has a row.
    sparse: Option<SparseIndex>,
    /// Number of possible states; `None` if the number exceeds usize.
    states: Option<usize>,
    /// Buffer for the key of a state, reused by [`Discretizer::index`].
    key: Vec<u8>,
}

/// Kind of state space.
#[derive(Clone, Debug)]
enum Layout {
    /// Discrete observations, indices below this number.
    Index(usize),
    /// Grid over continuous observations, with these axes.
    Grid(Vec<Axis>),
}

/// Axis of the grid: one dimension of a continuous observation.
#[derive(Clone, Copy, Debug)]
struct Axis {
    low: f64,
    high: f64,
    bin_scale: f64,
    bins: u32,
}

impl Axis {
    /// Index of the bin of `x`; values outside the bounds and NaN are in the first or last bin.
    #[inline]
    fn cell(&self, x: f32) -> u32 {
        let x = f64::from(x);
        let share = match (self.low.is_finite(), self.high.is_finite()) {
            (true, true) => (x - self.low) / (self.high - self.low),
            (true, false) => (x - self.low).max(0.0) / (self.bin_scale + (x - self.low).max(0.0)),
            (false, true) => 1.0 - (self.high - x).max(0.0) / (self.bin_scale + (self.high - x).max(0.0)),
            (false, false) => 0.5 + 0.5 * x / (self.bin_scale + x.abs()),
        };
        ((share * f64::from(self.bins)) as u32).min(self.bins - 1)
    }
}

impl Discretizer {
    /// Discretizer for observations of `space`.
    ///
    /// # Errors
    /// [`Error::Setting`] if `bins` lists another number of dimensions.
    pub fn new(space: &ObservationSpace, settings: &Tabular) -> Result<Self> {
        let layout = match space {
            ObservationSpace::Discrete { n } => Layout::Index(*n),
            ObservationSpace::Box { low, high, .. } => Layout::Grid(axes(low, high, settings)?),
        };
        let states = match &layout {
            Layout::Index(n) => Some(*n),
            Layout::Grid(axes) => {
                axes.iter().try_fold(1usize, |all, axis| all.checked_mul(axis.bins as usize))
            }
        };
        let sparse = match states {
            Some(states) if states <= DENSE => None,
            _ => Some(SparseIndex::new(
                if let Layout::Grid(axes) = &layout { axes.len() } else { 4 },
                settings.max_states,
            )),
        };
        Ok(Discretizer { layout, sparse, states, key: Vec::new() })
    }

    /// Current number of rows of the table.
    pub fn rows(&self) -> usize {
        match &self.sparse {
            Some(sparse) => sparse.count(),
            None => self.states.unwrap_or(0),
        }
    }

    /// State index of the observation `obs [D]`; a new state gets a row.
    ///
    /// # Errors
    /// [`Error::Config`] for a discrete observation out of range; [`Error::Unsupported`] if the table is full.
    #[inline(always)]
    pub fn index(&mut self, obs: &[f32]) -> Result<usize> {
        match (&self.layout, &self.sparse) {
            // At most 2^24 states: conversion to u32 is faster than to u64.
            (Layout::Index(n), None) if (obs[0] as u32 as usize) < *n => Ok(obs[0] as u32 as usize),
            _ => self.index_cells(obs),
        }
    }

    #[inline(never)]
    fn index_cells(&mut self, obs: &[f32]) -> Result<usize> {
        match (&self.layout, &mut self.sparse) {
            (Layout::Index(n), None) => Err(unknown_observation(obs[0], *n)),
            (Layout::Grid(axes), None) => Ok(dense(axes, obs)),
            (layout, Some(sparse)) => {
                layout.write_key(obs, &mut self.key);
                sparse.insert(&self.key)
            }
        }
    }

    /// Whether the table grows: only visited states have a row.
    #[inline]
    pub fn grows(&self) -> bool {
        self.sparse.is_some()
    }

    /// State index of the observation `obs [D]`, or `None` if the state has no row; `key` is a reused buffer.
    pub fn find(&self, obs: &[f32], key: &mut Vec<u8>) -> Option<usize> {
        match (&self.layout, &self.sparse) {
            (Layout::Index(n), None) => Some(obs[0] as usize).filter(|state| state < n),
            (Layout::Grid(axes), None) => Some(dense(axes, obs)),
            (layout, Some(sparse)) => {
                layout.write_key(obs, key);
                sparse.find(key)
            }
        }
    }

    /// Cells of the S visited states, `[S, D]`, as bin indices, for a checkpoint.
    pub fn keys(&self) -> &[u8] {
        self.sparse.as_ref().map_or(&[], |sparse| &sparse.keys)
    }

    /// Restores the cells that [`Discretizer::keys`] returned; returns false, without a change, if they do not suit
    /// this world.
    pub fn restore(&mut self, keys: &[u8]) -> bool {
        let Some(sparse) = &mut self.sparse else { return keys.is_empty() };
        let mut restored = SparseIndex::new(sparse.width, sparse.limit);
        let rows = keys.chunks(sparse.width).enumerate();
        let valid = keys.len().is_multiple_of(sparse.width)
            && rows.into_iter().all(|(row, key)| restored.insert(key).is_ok_and(|at| at == row));
        if valid {
            *sparse = restored;
        }
        valid
    }
}

impl Layout {
    fn write_key(&self, obs: &[f32], key: &mut Vec<u8>) {
        key.clear();
        match self {
            Layout::Index(_) => key.extend((obs[0] as u32).to_le_bytes()),
            // At most 256 bins per dimension: one byte each.
            Layout::Grid(axes) => key.extend(axes.iter().zip(obs).map(|(axis, &x)| axis.cell(x) as u8)),
        }
    }
}

#[inline]
fn dense(axes: &[Axis], obs: &[f32]) -> usize {
    axes.iter().zip(obs).fold(0, |state, (axis, &x)| state * axis.bins as usize + axis.cell(x) as usize)
}

#[cold]
fn unknown_observation(obs: f32, n: usize) -> Error {
    Error::Config(format!(
        "observation {obs} is out of range: the world has {n} discrete observations, from 0"
    ))
}

fn axes(low: &[f32], high: &[f32], settings: &Tabular) -> Result<Vec<Axis>> {
    let dimensions = low.len();
    let bins = match &settings.bins {
        Bins::Same(bins) => vec![*bins; dimensions],
        Bins::Each(bins) if bins.len() == dimensions => bins.clone(),
        Bins::Each(bins) => {
            return Err(Error::setting(
                "bins",
                format!("bins has {} elements, but observations have {dimensions} dimensions", bins.len()),
            ));
        }
    };
    let bound = |x: f32| if x.abs() < UNBOUNDED { f64::from(x) } else { f64::INFINITY };
    let axis = |((&low, &high), bins)| {
        let (low, high) = (bound(low), bound(high));
        // A constant dimension has one bin.
        Axis {
            low,
            high,
            bin_scale: settings.bin_scale,
            bins: if low == high && low.is_finite() { 1 } else { bins },
        }
    };
    Ok(low.iter().zip(high).zip(bins).map(axis).collect())
}

/// Visited states, numbered in the order of their first visit: hash table with open addressing over exact keys.
#[derive(Clone, Debug)]
struct SparseIndex {
    /// Length of the key of a state in bytes.
    width: usize,
    limit: u32,
    /// Keys of the states, `[S, width]`.
    keys: Vec<u8>,
    /// Hash table: state indices, or [`EMPTY`]. Its length is a power of two, at least twice the number of states.
    slots: Vec<u32>,
}

const EMPTY: u32 = u32::MAX;

impl SparseIndex {
    fn new(width: usize, limit: u32) -> Self {
        SparseIndex { width, limit, keys: Vec::new(), slots: vec![EMPTY; 1024] }
    }

    fn count(&self) -> usize {
        self.keys.len() / self.width
    }

    /// Index of the slot of `key`, or of the empty slot for a new `key`.
    fn slot(&self, key: &[u8]) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = hash(key) as usize & mask;
        while self.slots[slot] != EMPTY && self.key(self.slots[slot] as usize) != key {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn key(&self, state: usize) -> &[u8] {
        &self.keys[state * self.width..(state + 1) * self.width]
    }

    fn find(&self, key: &[u8]) -> Option<usize> {
        let state = self.slots[self.slot(key)];
        (state != EMPTY).then_some(state as usize)
    }

    fn insert(&mut self, key: &[u8]) -> Result<usize> {
        let slot = self.slot(key);
        if self.slots[slot] != EMPTY {
            return Ok(self.slots[slot] as usize);
        }
        let state = self.count();
        if state >= self.limit as usize {
            return Err(Error::Unsupported(format!(
                "the table is full: max_states = {}; use fewer bins, a larger max_states, or an agent with a network",
                self.limit
            )));
        }
        self.keys.extend_from_slice(key);
        self.slots[slot] = state as u32;
        if 2 * (state + 1) > self.slots.len() {
            self.rehash();
        }
        Ok(state)
    }

    fn rehash(&mut self) {
        self.slots = vec![EMPTY; 2 * self.slots.len()];
        for state in 0..self.count() {
            let slot = self.slot(self.key(state));
            self.slots[slot] = state as u32;
        }
    }
}

/// Hash of `key`, 8 bytes at a time (multiplication by the golden ratio), with the high bits folded down.
fn hash(key: &[u8]) -> u64 {
    let mut mixed = key.len() as u64;
    for chunk in key.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        mixed = (mixed.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    mixed ^ (mixed >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(bounds: &[(f32, f32)]) -> ObservationSpace {
        let (low, high) = bounds.iter().copied().unzip();
        ObservationSpace::Box { shape: vec![bounds.len()], low, high }
    }

    pub(super) fn with_bins(bounds: &[(f32, f32)], bins: Bins) -> Discretizer {
        Discretizer::new(&space(bounds), &Tabular { bins, ..Tabular::default() }).unwrap()
    }

    #[test]
    fn discrete_observations_are_states() {
        let mut discrete =
            Discretizer::new(&ObservationSpace::Discrete { n: 3 }, &Tabular::default()).unwrap();
        assert_eq!(discrete.rows(), 3);
        assert_eq!(discrete.index(&[2.0]).unwrap(), 2);
        assert!(discrete.index(&[3.0]).unwrap_err().to_string().contains("observation 3"));
        assert_eq!(discrete.find(&[3.0], &mut Vec::new()), None);
    }

    #[test]
    fn bins_have_equal_width_and_the_outer_ones_hold_the_rest() {
        let mut plane = with_bins(&[(0.0, 1.0), (-1.0, 1.0)], Bins::Each(vec![4, 2]));
        assert_eq!(plane.rows(), 8);
        let mut at = |x, y| plane.index(&[x, y]).unwrap();
        // Row-major: 2 * bin of x + bin of y.
        assert_eq!([at(0.0, -1.0), at(0.25, -1.0), at(0.3, 0.0), at(1.0, 1.0)], [0, 2, 3, 7]);
        assert_eq!([at(-5.0, -5.0), at(5.0, 5.0), at(f32::NAN, f32::NAN)], [0, 7, 0]);
    }

    #[test]
    fn unbounded_dimensions_are_scaled() {
        let infinity = f32::INFINITY;
        let cells = |bounds, at: [f32; 4]| {
            let mut line = with_bins(&[bounds], Bins::Same(4));
            at.map(|x| line.index(&[x]).unwrap())
        };
        // x / (1 + |x|) is -1/2, 0, 1/2 at x = -1, 0, 1.
        assert_eq!(cells((-infinity, infinity), [-1.1, -0.9, 0.9, 1.1]), [0, 1, 2, 3]);
        // Bounded below: x / (1 + x) is 1/4, 1/2, 3/4 at x = 1/3, 1, 3.
        assert_eq!(cells((0.0, f32::MAX), [0.3, 0.9, 2.9, 3.1]), [0, 1, 2, 3]);
        assert_eq!(cells((-infinity, 0.0), [-3.1, -2.9, -0.9, -0.3]), [0, 1, 2, 3]);
        assert_eq!(cells((2.0, 2.0), [0.0, 1.0, 2.0, 3.0]), [0; 4]);
    }

    #[test]
    fn tables_of_many_cells_grow() {
        let mut wide = with_bins(&[(0.0, 1.0); 40], Bins::Same(256));
        assert_eq!(wide.rows(), 0);
        let obs = |i: usize| -> Vec<f32> {
            (0..40).map(|d| if d == i % 40 { i as f32 / 5000.0 } else { 0.0 }).collect()
        };
        let first: Vec<_> = (0..5000).map(|i| wide.index(&obs(i)).unwrap()).collect();
        assert_eq!((first[0], first[40]), (0, wide.find(&obs(40), &mut Vec::new()).unwrap()));
        assert!(wide.rows() > 1024, "{}", wide.rows());
        assert_eq!(wide.find(&[1.0; 40], &mut Vec::new()), None);
        let mut again = with_bins(&[(0.0, 1.0); 40], Bins::Same(256));
        assert!(again.restore(wide.keys()));
        assert_eq!((0..5000).map(|i| again.index(&obs(i)).unwrap()).collect::<Vec<_>>(), first);
        assert!(!again.restore(&wide.keys()[1..]));
        assert!(!again.restore(&[0; 80]), "a state twice");
    }

    #[test]
    fn keys_are_compared_not_only_hashed() {
        let mut sparse = SparseIndex::new(2, u32::MAX);
        for i in 0..=u16::MAX {
            assert_eq!(sparse.insert(&i.to_le_bytes()).unwrap(), i as usize);
        }
        assert!((0..=u16::MAX).all(|i| sparse.find(&i.to_le_bytes()) == Some(i as usize)));
    }

    #[test]
    fn a_full_table_is_an_error() {
        let settings = Tabular { max_states: 1, bins: Bins::Same(256), ..Tabular::default() };
        let mut wide = Discretizer::new(&space(&[(0.0, 1.0); 9]), &settings).unwrap();
        wide.index(&[0.0; 9]).unwrap();
        assert!(wide.index(&[1.0; 9]).unwrap_err().to_string().contains("max_states = 1"));
    }
}
