//! From what is seen to a row of the table.
//!
//! A discrete observation is its own number. A continuous one is cut into cells, evenly in each dimension; where that
//! makes more cells than a table should have, only those ever met get a row, in the order of meeting, and are found
//! again by their exact cells through a hash table. Nothing here depends on a hasher's seed or a map's order.

use freewheel_core::{Error, ObservationSpace, Result};

use super::settings::{Bins, Tabular};

/// Up to so many states have a row from the beginning; beyond, rows are added as states are met.
const DENSE: usize = 1 << 22;
/// A bound so far out is no bound.
const UNBOUNDED: f32 = 1e30;

/// Finds the state, a row of the table, that an observation belongs to.
#[derive(Clone, Debug)]
pub struct Discretizer {
    cut: Cut,
    /// `None` where every state has its row from the beginning.
    met: Option<Met>,
    /// How many states there are, met or not; `None` where that is beyond counting.
    states: Option<usize>,
    /// Reused by [`Discretizer::index`].
    key: Vec<u8>,
}

/// How an observation becomes cells.
#[derive(Clone, Debug)]
enum Cut {
    /// One of so many numbers.
    Index(usize),
    /// A cell in each dimension.
    Cells(Vec<Axis>),
}

/// One dimension of a continuous observation.
#[derive(Clone, Copy, Debug)]
struct Axis {
    low: f64,
    high: f64,
    squash: f64,
    bins: u32,
}

impl Axis {
    /// The cell of `x`. What lies outside the bounds, or is no number, is in a cell at the edge.
    #[inline]
    fn cell(&self, x: f32) -> u32 {
        let x = f64::from(x);
        let share = match (self.low.is_finite(), self.high.is_finite()) {
            (true, true) => (x - self.low) / (self.high - self.low),
            (true, false) => (x - self.low).max(0.0) / (self.squash + (x - self.low).max(0.0)),
            (false, true) => 1.0 - (self.high - x).max(0.0) / (self.squash + (self.high - x).max(0.0)),
            (false, false) => 0.5 + 0.5 * x / (self.squash + x.abs()),
        };
        ((share * f64::from(self.bins)) as u32).min(self.bins - 1)
    }
}

impl Discretizer {
    /// For observations of `space`.
    ///
    /// # Errors
    /// [`Error::Config`] where `bins` lists another number of dimensions.
    pub fn new(space: &ObservationSpace, settings: &Tabular) -> Result<Self> {
        let cut = match space {
            ObservationSpace::Discrete { n } => Cut::Index(*n),
            ObservationSpace::Box { low, high, .. } => Cut::Cells(axes(low, high, settings)?),
        };
        let states = match &cut {
            Cut::Index(n) => Some(*n),
            Cut::Cells(axes) => axes.iter().try_fold(1usize, |all, axis| all.checked_mul(axis.bins as usize)),
        };
        let met = match states {
            Some(states) if states <= DENSE => None,
            _ => {
                Some(Met::new(if let Cut::Cells(axes) = &cut { axes.len() } else { 4 }, settings.max_states))
            }
        };
        Ok(Discretizer { cut, met, states, key: Vec::new() })
    }

    /// Rows that the table needs at present.
    pub fn rows(&self) -> usize {
        match &self.met {
            Some(met) => met.count(),
            None => self.states.unwrap_or(0),
        }
    }

    /// The state of `obs`, which gets a row here if it is new.
    ///
    /// # Errors
    /// [`Error::Config`] where the world shows an index it does not have; [`Error::Unsupported`] where the table is full.
    #[inline(always)]
    pub fn index(&mut self, obs: &[f32]) -> Result<usize> {
        match (&self.cut, &self.met) {
            // There are at most 2^24 of them, and 32 bits are quicker than 64.
            (Cut::Index(n), None) if (obs[0] as u32 as usize) < *n => Ok(obs[0] as u32 as usize),
            _ => self.index_cells(obs),
        }
    }

    #[inline(never)]
    fn index_cells(&mut self, obs: &[f32]) -> Result<usize> {
        match (&self.cut, &mut self.met) {
            (Cut::Index(n), None) => Err(stranger(obs[0], *n)),
            (Cut::Cells(axes), None) => Ok(dense(axes, obs)),
            (cut, Some(met)) => {
                cut.write_key(obs, &mut self.key);
                met.insert(&self.key)
            }
        }
    }

    /// Whether states get their rows only when they are met.
    #[inline]
    pub fn grows(&self) -> bool {
        self.met.is_some()
    }

    /// The state of `obs`, or `None` where it has no row. `key` is room to work in.
    pub fn find(&self, obs: &[f32], key: &mut Vec<u8>) -> Option<usize> {
        match (&self.cut, &self.met) {
            (Cut::Index(n), None) => Some(obs[0] as usize).filter(|state| state < n),
            (Cut::Cells(axes), None) => Some(dense(axes, obs)),
            (cut, Some(met)) => {
                cut.write_key(obs, key);
                met.find(key)
            }
        }
    }

    /// What must be kept to find the same rows again: the cells of each state met, `[S, D]`.
    pub fn keys(&self) -> &[u8] {
        self.met.as_ref().map_or(&[], |met| &met.keys)
    }

    /// Takes back what [`Discretizer::keys`] gave. False, and nothing changed, where that cannot be of this world.
    pub fn restore(&mut self, keys: &[u8]) -> bool {
        let Some(met) = &mut self.met else { return keys.is_empty() };
        let mut again = Met::new(met.width, met.limit);
        let rows = keys.chunks(met.width).enumerate();
        let whole = keys.len().is_multiple_of(met.width)
            && rows.into_iter().all(|(row, key)| again.insert(key).is_ok_and(|at| at == row));
        if whole {
            *met = again;
        }
        whole
    }
}

impl Cut {
    fn write_key(&self, obs: &[f32], key: &mut Vec<u8>) {
        key.clear();
        match self {
            Cut::Index(_) => key.extend((obs[0] as u32).to_le_bytes()),
            // At most 256 cells a dimension: a cell is a byte.
            Cut::Cells(axes) => key.extend(axes.iter().zip(obs).map(|(axis, &x)| axis.cell(x) as u8)),
        }
    }
}

#[inline]
fn dense(axes: &[Axis], obs: &[f32]) -> usize {
    axes.iter().zip(obs).fold(0, |state, (axis, &x)| state * axis.bins as usize + axis.cell(x) as usize)
}

#[cold]
fn stranger(seen: f32, n: usize) -> Error {
    Error::Config(format!("the world showed observation {seen}, but it has only {n}, counted from 0"))
}

fn axes(low: &[f32], high: &[f32], settings: &Tabular) -> Result<Vec<Axis>> {
    let dimensions = low.len();
    let bins = match &settings.bins {
        Bins::Same(bins) => vec![*bins; dimensions],
        Bins::Each(bins) if bins.len() == dimensions => bins.clone(),
        Bins::Each(bins) => {
            return Err(Error::Config(format!(
                "bins lists {} numbers, but an observation has {dimensions} dimensions",
                bins.len()
            )));
        }
    };
    let bound = |x: f32| if x.abs() < UNBOUNDED { f64::from(x) } else { f64::INFINITY };
    let axis = |((&low, &high), bins)| {
        let (low, high) = (bound(low), bound(high));
        // A dimension that cannot vary has one cell.
        Axis {
            low,
            high,
            squash: settings.squash,
            bins: if low == high && low.is_finite() { 1 } else { bins },
        }
    };
    Ok(low.iter().zip(high).zip(bins).map(axis).collect())
}

/// The states met so far, numbered in that order: an open-addressing hash table over exact keys.
#[derive(Clone, Debug)]
struct Met {
    /// Bytes of a key.
    width: usize,
    limit: u32,
    /// `[S, width]`.
    keys: Vec<u8>,
    /// A power of two, at most half full; the number of a state, or [`EMPTY`].
    slots: Vec<u32>,
}

const EMPTY: u32 = u32::MAX;

impl Met {
    fn new(width: usize, limit: u32) -> Self {
        Met { width, limit, keys: Vec::new(), slots: vec![EMPTY; 1024] }
    }

    fn count(&self) -> usize {
        self.keys.len() / self.width
    }

    /// The slot that holds `key`, or the empty one where it belongs.
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
                "the table is full: max_states = {}; use fewer bins, or an agent with a network",
                self.limit
            )));
        }
        self.keys.extend_from_slice(key);
        self.slots[slot] = state as u32;
        if 2 * (state + 1) > self.slots.len() {
            self.widen();
        }
        Ok(state)
    }

    fn widen(&mut self) {
        self.slots = vec![EMPTY; 2 * self.slots.len()];
        for state in 0..self.count() {
            let slot = self.slot(self.key(state));
            self.slots[slot] = state as u32;
        }
    }
}

/// Mixes eight bytes at a time (the multiplier is the golden ratio's), then folds the high bits down.
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

    fn with_bins(bounds: &[(f32, f32)], bins: Bins) -> Discretizer {
        Discretizer::new(&space(bounds), &Tabular { bins, ..Tabular::default() }).unwrap()
    }

    #[test]
    fn indices_are_states() {
        let mut discrete =
            Discretizer::new(&ObservationSpace::Discrete { n: 3 }, &Tabular::default()).unwrap();
        assert_eq!(discrete.rows(), 3);
        assert_eq!(discrete.index(&[2.0]).unwrap(), 2);
        assert!(discrete.index(&[3.0]).unwrap_err().to_string().contains("observation 3"));
        assert_eq!(discrete.find(&[3.0], &mut Vec::new()), None);
    }

    #[test]
    fn cells_are_even_and_edges_hold_the_rest() {
        let mut plane = with_bins(&[(0.0, 1.0), (-1.0, 1.0)], Bins::Each(vec![4, 2]));
        assert_eq!(plane.rows(), 8);
        let mut at = |x, y| plane.index(&[x, y]).unwrap();
        // Row-major: 2 * cell of x + cell of y.
        assert_eq!([at(0.0, -1.0), at(0.25, -1.0), at(0.3, 0.0), at(1.0, 1.0)], [0, 2, 3, 7]);
        assert_eq!([at(-5.0, -5.0), at(5.0, 5.0), at(f32::NAN, f32::NAN)], [0, 7, 0]);
    }

    #[test]
    fn unbounded_dimensions_are_squashed() {
        let infinity = f32::INFINITY;
        let cells = |bounds, at: [f32; 4]| {
            let mut line = with_bins(&[bounds], Bins::Same(4));
            at.map(|x| line.index(&[x]).unwrap())
        };
        // x / (1 + |x|) is -1/2, 0, 1/2 at x = -1, 0, 1.
        assert_eq!(cells((-infinity, infinity), [-1.1, -0.9, 0.9, 1.1]), [0, 1, 2, 3]);
        // From below: x / (1 + x) is 1/4, 1/2, 3/4 at x = 1/3, 1, 3.
        assert_eq!(cells((0.0, f32::MAX), [0.3, 0.9, 2.9, 3.1]), [0, 1, 2, 3]);
        assert_eq!(cells((-infinity, 0.0), [-3.1, -2.9, -0.9, -0.3]), [0, 1, 2, 3]);
        assert_eq!(cells((2.0, 2.0), [0.0, 1.0, 2.0, 3.0]), [0; 4]);
    }

    #[test]
    fn many_cells_grow_a_table() {
        let mut wide = with_bins(&[(0.0, 1.0); 40], Bins::Same(256));
        assert_eq!(wide.rows(), 0);
        let seen = |i: usize| -> Vec<f32> {
            (0..40).map(|d| if d == i % 40 { i as f32 / 5000.0 } else { 0.0 }).collect()
        };
        let first: Vec<_> = (0..5000).map(|i| wide.index(&seen(i)).unwrap()).collect();
        assert_eq!((first[0], first[40]), (0, wide.find(&seen(40), &mut Vec::new()).unwrap()));
        assert!(wide.rows() > 1024, "{}", wide.rows());
        assert_eq!(wide.find(&[1.0; 40], &mut Vec::new()), None);
        let mut again = with_bins(&[(0.0, 1.0); 40], Bins::Same(256));
        assert!(again.restore(wide.keys()));
        assert_eq!((0..5000).map(|i| again.index(&seen(i)).unwrap()).collect::<Vec<_>>(), first);
        assert!(!again.restore(&wide.keys()[1..]));
        assert!(!again.restore(&[0; 80]), "a state twice");
    }

    #[test]
    fn keys_are_compared_not_only_hashed() {
        let mut met = Met::new(2, u32::MAX);
        for i in 0..=u16::MAX {
            assert_eq!(met.insert(&i.to_le_bytes()).unwrap(), i as usize);
        }
        assert!((0..=u16::MAX).all(|i| met.find(&i.to_le_bytes()) == Some(i as usize)));
    }

    #[test]
    fn a_full_table_says_so() {
        let settings = Tabular { max_states: 1, bins: Bins::Same(256), ..Tabular::default() };
        let mut wide = Discretizer::new(&space(&[(0.0, 1.0); 9]), &settings).unwrap();
        wide.index(&[0.0; 9]).unwrap();
        assert!(wide.index(&[1.0; 9]).unwrap_err().to_string().contains("max_states = 1"));
    }
}
