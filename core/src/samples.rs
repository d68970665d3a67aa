//! Rows of numbers, as learners without reward take them.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Samples `[N, D]`, row after row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Samples {
    values: Vec<f32>,
    width: usize,
}

impl Samples {
    /// `values` as rows of `width` numbers.
    ///
    /// # Errors
    /// [`Error::Config`] where `width` is 0 or does not divide their count.
    pub fn new(values: Vec<f32>, width: usize) -> Result<Self> {
        match values.len().checked_rem(width) {
            Some(0) => Ok(Samples { values, width }),
            _ => Err(Error::Config(format!("{} numbers are no rows of {width}", values.len()))),
        }
    }

    /// N, the number of rows.
    pub fn rows(&self) -> usize {
        self.values.len() / self.width
    }

    /// D, the numbers of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// All numbers `[N, D]`.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Row `i`, `[D]`.
    ///
    /// # Panics
    /// Where there are not so many.
    pub fn row(&self, i: usize) -> &[f32] {
        &self.values[i * self.width..(i + 1) * self.width]
    }

    /// The rows in order.
    pub fn iter(&self) -> std::slice::ChunksExact<'_, f32> {
        self.values.chunks_exact(self.width)
    }

    /// The rows `which`, in that order.
    ///
    /// # Panics
    /// Where one of them is not there.
    pub fn select(&self, which: &[usize]) -> Self {
        let values = which.iter().flat_map(|&i| self.row(i)).copied().collect();
        Samples { values, width: self.width }
    }
}

#[cfg(test)]
mod tests {
    use super::Samples;

    #[test]
    fn rows_are_chosen() {
        let samples = Samples::new((0..6u8).map(f32::from).collect(), 2).unwrap();
        assert_eq!((samples.rows(), samples.width(), samples.row(2)), (3, 2, &[4.0, 5.0][..]));
        assert_eq!(samples.select(&[2, 0]).values(), [4.0, 5.0, 0.0, 1.0]);
        assert_eq!(samples.iter().count(), 3);
        assert!(Samples::new(vec![0.0; 3], 2).is_err() && Samples::new(vec![], 0).is_err());
    }
}
