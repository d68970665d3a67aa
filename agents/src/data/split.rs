//! Seeded train-test split of a data set that has no test set.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Subset;
use freewheel_core::{Error, Purpose, Result, Stream, Streams};

/// Origin of the training and test sets.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// Split by the authors of the data.
    Given,
    /// All samples are for training.
    Whole,
    /// Samples were shuffled; the last ones are for testing.
    Shuffled {
        /// Seed of the shuffle.
        seed: u64,
        /// Fraction of the samples for testing, 0 to below 1.
        test_size: f64,
    },
    /// Samples were generated in order, first the training set, then the test set.
    Drawn {
        /// Seed of the generator.
        seed: u64,
    },
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Split::Given => write!(f, "as given by its authors"),
            Split::Whole => write!(f, "all samples for training"),
            Split::Shuffled { seed, test_size } => {
                write!(f, "shuffled with seed {seed}, {} % for testing", (test_size * 1e4).round() / 1e2)
            }
            Split::Drawn { seed } => write!(f, "generated with seed {seed}"),
        }
    }
}

/// Random permutation of 0..n by the Fisher-Yates shuffle; n is below 2^32.
pub fn permutation(n: usize, rng: &mut Stream) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        order.swap(i, rng.below(i as u32 + 1) as usize);
    }
    order
}

/// Splits `all` into a training and a test set: shuffles the samples with `seed` and takes the last fraction
/// `test_size` (rounded to whole samples) for testing. If that is no sample, the samples are not shuffled.
///
/// # Errors
/// [`Error::Config`] for a fraction outside 0..1, or one that leaves no training sample.
///
/// ```
/// use freewheel_agents::Samples;
/// use freewheel_agents::data::split::train_test_split;
/// use freewheel_agents::data::{Subset, Targets};
///
/// let samples = Samples::new((0u8..10).map(f64::from).collect(), 1)?;
/// let all = Subset { samples, targets: Targets::None, factors: None };
/// let (train, test, _) = train_test_split(all, 0, 0.2)?;
/// assert_eq!((train.rows(), test.rows()), (8, 2));
/// # Ok::<(), freewheel_core::Error>(())
/// ```
pub fn train_test_split(all: Subset, seed: u64, test_size: f64) -> Result<(Subset, Subset, Split)> {
    let (train, test, split) = indices(all.rows(), seed, test_size)?;
    let test = all.select(&test);
    match split {
        Split::Whole => Ok((all, test, split)),
        _ => Ok((all.select(&train), test, split)),
    }
}

/// Indices of the training and the test samples among `n`, as [`train_test_split`].
///
/// # Errors
/// As [`train_test_split`].
pub(super) fn indices(n: usize, seed: u64, test_size: f64) -> Result<(Vec<usize>, Vec<usize>, Split)> {
    let test = test_rows(n, test_size)?;
    if test == 0 {
        return Ok(((0..n).collect(), Vec::new(), Split::Whole));
    }
    let mut train = permutation(n, &mut Streams::new(seed).stream(Purpose::Data, 0, 0));
    let test = train.split_off(n - test);
    Ok((train, test, Split::Shuffled { seed, test_size }))
}

/// Number of test samples among `n`.
///
/// # Errors
/// [`Error::Config`] for a fraction outside 0..1, or one that leaves no training sample.
pub(super) fn test_rows(n: usize, test_size: f64) -> Result<usize> {
    if !(0.0..1.0).contains(&test_size) {
        return Err(Error::Config(format!("test_size = {test_size} must be in 0..1, such as 0.2")));
    }
    match (n as f64 * test_size).round() as usize {
        test if test < n => Ok(test),
        _ => Err(Error::Config(format!(
            "test_size = {test_size} leaves none of {n} samples for training; lower it"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn splits_are_described() {
        let shuffled = |test_size| Split::Shuffled { seed: 3, test_size }.to_string();
        assert_eq!(shuffled(0.2), "shuffled with seed 3, 20 % for testing");
        assert_eq!(shuffled(1.0 / 6.0), "shuffled with seed 3, 16.67 % for testing");
        assert_eq!(Split::Given.to_string(), "as given by its authors");
    }

    /// Published splits depend on these permutations, which must never change. Reference: an implementation in Python
    /// of the random stream, of Lemire's bounded integers and of the shuffle.
    #[test]
    fn permutations_are_pinned() {
        let order = permutation(10, &mut Streams::new(0).stream(Purpose::Data, 0, 0));
        assert_eq!(order, [2, 0, 5, 1, 6, 9, 8, 4, 7, 3]);
    }

    proptest! {
        #[test]
        fn a_permutation_has_every_index_once(n in 0usize..200, seed: u64) {
            let mut order = permutation(n, &mut Streams::new(seed).stream(Purpose::Data, 0, 0));
            order.sort();
            prop_assert!(order.into_iter().eq(0..n));
        }
    }
}
