//! The eight symmetries of square planes: rotations and reflections of observations, masks and actions.

use freewheel_core::{ActionSpace, Error, ObservationSpace, Result, Spec};

/// Number of symmetries of a square.
pub(crate) const COUNT: usize = 8;

/// Side N of the square planes of `spec`, whose actions are the N² points in the order of a plane, and perhaps one
/// more.
///
/// # Errors
/// [`Error::Config`] for other observations or actions.
pub(crate) fn side(spec: &Spec) -> Result<usize> {
    let shape = match &spec.observation {
        ObservationSpace::Box { shape, .. } => &shape[..],
        ObservationSpace::Discrete { .. } => &[],
    };
    let actions = match &spec.actions {
        ActionSpace::Discrete { names } => names.len(),
        ActionSpace::Continuous { .. } => 0,
    };
    match *shape {
        [_, height, width]
            if height == width && (actions == width * width || actions == width * width + 1) =>
        {
            Ok(width)
        }
        _ => Err(Error::Config(format!(
            "world {}: its observations must be square planes, and its actions the points of a plane and perhaps one \
             more, such as in Go",
            spec.id
        ))),
    }
}

/// Symmetries of planes of `side` x `side`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Symmetries {
    /// Point to which each point goes, `[8][N²]`; the first symmetry is the identity.
    points: [Vec<u32>; COUNT],
}

impl Symmetries {
    /// Symmetries of planes of `side` x `side`.
    pub(crate) fn of(side: usize) -> Self {
        let point = |symmetry: usize, i: usize| {
            let (mut x, mut y) = (i % side, i / side);
            if symmetry & 1 != 0 {
                x = side - 1 - x;
            }
            if symmetry & 2 != 0 {
                y = side - 1 - y;
            }
            if symmetry & 4 != 0 {
                (x, y) = (y, x);
            }
            (y * side + x) as u32
        };
        Symmetries {
            points: std::array::from_fn(|symmetry| (0..side * side).map(|i| point(symmetry, i)).collect()),
        }
    }

    /// Index, in the transformed planes or mask, of the number with the index `i`. An index of a mask beyond the
    /// points, or that of an action, stays.
    #[inline]
    pub(crate) fn action(&self, symmetry: usize, i: usize) -> usize {
        self.points[symmetry].get(i).map_or(i, |&to| to as usize)
    }

    /// Index, in the transformed planes `[C, N, N]`, of the number with the index `i`.
    #[inline]
    pub(crate) fn plane(&self, symmetry: usize, i: usize) -> usize {
        let points = &self.points[symmetry];
        let (plane, point) = (i / points.len(), i % points.len());
        plane * points.len() + points[point] as usize
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn there_are_eight_permutations_and_the_first_is_the_identity() {
        let all = Symmetries::of(3);
        let distinct: BTreeSet<&Vec<u32>> = all.points.iter().collect();
        assert_eq!(distinct.len(), COUNT);
        for points in &all.points {
            assert_eq!(points.iter().collect::<BTreeSet<_>>().len(), 9);
            assert_eq!(points[4], 4);
        }
        assert_eq!(all.points[0], (0..9).collect::<Vec<u32>>());
    }

    /// By hand, on 3x3: the transposition takes (1, 0) to (0, 1), in each plane; the pass stays.
    #[test]
    fn planes_and_actions_move_together() {
        let all = Symmetries::of(3);
        assert_eq!((all.action(4, 1), all.plane(4, 1), all.plane(4, 9 + 1)), (3, 3, 9 + 3));
        assert_eq!((all.action(1, 0), all.action(2, 0), all.action(3, 9)), (2, 6, 9));
    }
}
