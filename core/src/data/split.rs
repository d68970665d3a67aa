//! How a set that comes in one piece is parted.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Part;
use crate::{Error, Purpose, Result, Stream, Streams};

/// How a set's parts came about.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// By whoever made the set.
    Given,
    /// All rows are to train.
    Whole,
    /// The rows were shuffled; the last of them are to test.
    Shuffled {
        /// The seed of the shuffle.
        seed: u64,
        /// The part of the rows to test, in 0..1.
        test_share: f64,
    },
    /// Made one by one, first those to train.
    Drawn {
        /// The seed of the drawing.
        seed: u64,
    },
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Split::Given => write!(f, "as given"),
            Split::Whole => write!(f, "all to train"),
            Split::Shuffled { seed, test_share } => {
                write!(f, "shuffled with seed {seed}, {} % to test", (test_share * 1e4).round() / 1e2)
            }
            Split::Drawn { seed } => write!(f, "drawn with seed {seed}"),
        }
    }
}

/// 0..n in random order (Fisher-Yates).
///
/// # Panics
/// Never for fewer than 2^32 rows.
pub fn shuffled(n: usize, dice: &mut Stream) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        order.swap(i, dice.below(i as u32 + 1) as usize);
    }
    order
}

/// Parts `all` into train and test: shuffled by `seed`, then the last `test_share` of the rows, rounded, to test.
/// A share that comes to no row leaves them all in their order.
///
/// # Errors
/// [`Error::Config`] for a share outside 0..1, or one that leaves nothing to train on.
pub fn parted(all: Part, seed: u64, test_share: f64) -> Result<(Part, Part, Split)> {
    let n = all.rows();
    let test = held_out(n, test_share)?;
    if test == 0 {
        let none = all.select(&[]);
        return Ok((all, none, Split::Whole));
    }
    let order = shuffled(n, &mut Streams::new(seed).stream(Purpose::Data, 0, 0));
    let (train, held_out) = order.split_at(n - test);
    Ok((all.select(train), all.select(held_out), Split::Shuffled { seed, test_share }))
}

/// How many of `n` rows are to test.
///
/// # Errors
/// [`Error::Config`] for a share outside 0..1, or one that leaves nothing to train on.
pub(super) fn held_out(n: usize, test_share: f64) -> Result<usize> {
    if !(0.0..1.0).contains(&test_share) {
        return Err(Error::Config(format!("test_share = {test_share} is outside 0..1; say 0.2 for a fifth")));
    }
    match (n as f64 * test_share).round() as usize {
        test if test < n => Ok(test),
        _ => Err(Error::Config(format!(
            "test_share = {test_share} leaves none of {n} rows to train on; lower it"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn splits_say_what_they_are() {
        let shuffled = |test_share| Split::Shuffled { seed: 3, test_share }.to_string();
        assert_eq!(shuffled(0.2), "shuffled with seed 3, 20 % to test");
        assert_eq!(shuffled(1.0 / 6.0), "shuffled with seed 3, 16.67 % to test");
        assert_eq!(Split::Given.to_string(), "as given");
    }

    /// The order behind every published split; this must never change. Expected: a second
    /// implementation, in Python, of the stream, of Lemire's draw and of the shuffle.
    #[test]
    fn shuffles_are_pinned() {
        let order = shuffled(10, &mut Streams::new(0).stream(Purpose::Data, 0, 0));
        assert_eq!(order, [2, 0, 5, 1, 6, 9, 8, 4, 7, 3]);
    }

    proptest! {
        #[test]
        fn a_shuffle_holds_every_row_once(n in 0usize..200, seed: u64) {
            let mut order = shuffled(n, &mut Streams::new(seed).stream(Purpose::Data, 0, 0));
            order.sort();
            prop_assert!(order.into_iter().eq(0..n));
        }
    }
}
