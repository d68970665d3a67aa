//! Observations as the features of an estimator.

use freewheel_core::{ObservationSpace, Result};

use crate::Samples;

/// Estimators that compare a number with thresholds or distances, so that an index stays one number.
const INDEX: [&str; 3] = ["tree", "forest", "knn"];

/// Features of an observation: its numbers, or a one-hot vector of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Features {
    /// The D numbers of the observation.
    Numbers(usize),
    /// One of `n` numbers is 1, all others are 0.
    OneHot(usize),
}

impl Features {
    /// Features for the estimator with the name `estimator` in the space `space`.
    pub(super) fn new(space: &ObservationSpace, estimator: &str) -> Self {
        match space {
            ObservationSpace::Discrete { n } if !INDEX.contains(&estimator) => Features::OneHot(*n),
            _ => Features::Numbers(space.len()),
        }
    }

    /// Numbers of a sample.
    pub(super) fn width(self) -> usize {
        match self {
            Features::Numbers(width) | Features::OneHot(width) => width,
        }
    }

    /// Features of the observations `obs [B, D]`, `[B, width]`.
    ///
    /// # Errors
    /// [`Error::Config`](freewheel_core::Error::Config) for observations of another length.
    pub(super) fn of(self, obs: &[f32]) -> Result<Samples> {
        match self {
            Features::Numbers(width) => Samples::from_f32(obs, width),
            Features::OneHot(n) => {
                let mut values = vec![0.0; obs.len() * n];
                for (row, &index) in values.chunks_exact_mut(n).zip(obs) {
                    if let Some(value) = row.get_mut(index as usize) {
                        *value = 1.0;
                    }
                }
                Samples::new(values, n)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_a_number_or_one_hot() {
        let space = ObservationSpace::Discrete { n: 3 };
        assert_eq!(Features::new(&space, "tree").of(&[2.0, 0.0]).unwrap().values(), [2.0, 0.0]);
        let one_hot = Features::new(&space, "softmax").of(&[2.0, 0.0]).unwrap();
        assert_eq!(one_hot.values(), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
        let vector = ObservationSpace::vector(&[(0.0, 1.0); 2]);
        assert_eq!(Features::new(&vector, "softmax").width(), 2);
    }
}
