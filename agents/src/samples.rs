//! Matrix of features `[N, D]`, the input of estimators.

use serde::{Deserialize, Serialize};

use freewheel_core::{Error, Result};

/// Matrix of N samples with D features each, `[N, D]`, row-major, in f64: a table keeps all its digits. An estimator
/// that computes in f32 converts blocks of rows, after it has subtracted the mean where that matters.
///
/// ```
/// use freewheel_agents::Samples;
///
/// let x = Samples::new(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2)?;
/// assert_eq!((x.rows(), x.width()), (3, 2));
/// assert_eq!(x.row(1), [3.0, 4.0]);
/// assert_eq!(x.select(&[2, 0]).values(), [5.0, 6.0, 1.0, 2.0]);
/// # Ok::<(), freewheel_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "Stored", try_from = "Stored")]
pub struct Samples {
    values: Vec<f64>,
    width: usize,
}

impl Samples {
    /// Samples of `width` features each, from `values [N * width]`.
    ///
    /// # Errors
    /// [`Error::Config`] if `width` is 0 or does not divide the number of values.
    pub fn new(values: Vec<f64>, width: usize) -> Result<Self> {
        match values.len().checked_rem(width) {
            Some(0) => Ok(Samples { values, width }),
            _ => Err(Error::Config(format!(
                "{} numbers cannot be split into samples of {width} features",
                values.len()
            ))),
        }
    }

    /// Samples of `width` features each, from f32 `values [N * width]`, such as pixels or observations.
    ///
    /// # Errors
    /// As [`Samples::new`].
    pub fn from_f32(values: &[f32], width: usize) -> Result<Self> {
        Samples::new(values.iter().map(|&value| f64::from(value)).collect(), width)
    }

    /// N, the number of samples.
    pub fn rows(&self) -> usize {
        self.values.len() / self.width
    }

    /// D, the number of features.
    pub fn width(&self) -> usize {
        self.width
    }

    /// All values, `[N, D]` row-major.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// All values rounded to f32, `[N, D]` row-major.
    pub fn to_f32(&self) -> Vec<f32> {
        to_f32(&self.values)
    }

    /// Sample `i`, `[D]`.
    ///
    /// # Panics
    /// For an index out of range.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.width..(i + 1) * self.width]
    }

    /// Iterator over the samples.
    pub fn iter(&self) -> std::slice::ChunksExact<'_, f64> {
        self.values.chunks_exact(self.width)
    }

    /// Samples with the `indices`, in the order of the indices.
    ///
    /// # Panics
    /// For an index out of range.
    pub fn select(&self, indices: &[usize]) -> Self {
        let values = indices.iter().flat_map(|&i| self.row(i)).copied().collect();
        Samples { values, width: self.width }
    }
}

/// Numbers rounded to f32.
pub(crate) fn to_f32(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

/// Samples in a file: in f32 if no value loses a digit, else in f64.
#[derive(Serialize, Deserialize)]
enum Stored {
    F32(Vec<f32>, usize),
    F64(Vec<f64>, usize),
}

impl From<Samples> for Stored {
    fn from(Samples { values, width }: Samples) -> Self {
        match values.iter().all(|&value| f64::from(value as f32).to_bits() == value.to_bits()) {
            true => Stored::F32(to_f32(&values), width),
            false => Stored::F64(values, width),
        }
    }
}

impl TryFrom<Stored> for Samples {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        match stored {
            Stored::F32(values, width) => Samples::from_f32(&values, width),
            Stored::F64(values, width) => Samples::new(values, width),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Samples;

    #[test]
    fn rows_are_selected() {
        let samples = Samples::new((0..6u8).map(f64::from).collect(), 2).unwrap();
        assert_eq!((samples.rows(), samples.width(), samples.row(2)), (3, 2, &[4.0, 5.0][..]));
        assert_eq!(samples.select(&[2, 0]).values(), [4.0, 5.0, 0.0, 1.0]);
        assert_eq!(samples.iter().count(), 3);
        assert!(Samples::new(vec![0.0; 3], 2).is_err() && Samples::new(vec![], 0).is_err());
    }

    #[test]
    fn a_file_keeps_every_digit() {
        for (values, bytes) in [(vec![0.5, -1.0], 11), (vec![0.1, 16_777_217.0], 19)] {
            let samples = Samples::new(values, 1).unwrap();
            let stored = postcard::to_stdvec(&samples).unwrap();
            assert_eq!(stored.len(), bytes);
            assert_eq!(postcard::from_bytes::<Samples>(&stored).unwrap(), samples);
        }
        // A width that does not divide the number of values.
        assert!(postcard::from_bytes::<Samples>(&[0, 1, 0, 0, 0, 0, 2]).is_err());
    }
}
