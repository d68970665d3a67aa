//! Matrix of features `[N, D]`, the input of estimators.

use serde::{Deserialize, Serialize};

use freewheel_core::{Error, Result};

/// Matrix of N samples with D features each, `[N, D]`, row-major.
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
pub struct Samples {
    values: Vec<f32>,
    width: usize,
}

impl Samples {
    /// Samples of `width` features each, from `values [N * width]`.
    ///
    /// # Errors
    /// [`Error::Config`] if `width` is 0 or does not divide the number of values.
    pub fn new(values: Vec<f32>, width: usize) -> Result<Self> {
        match values.len().checked_rem(width) {
            Some(0) => Ok(Samples { values, width }),
            _ => Err(Error::Config(format!(
                "{} numbers cannot be split into samples of {width} features",
                values.len()
            ))),
        }
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
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Sample `i`, `[D]`.
    ///
    /// # Panics
    /// For an index out of range.
    pub fn row(&self, i: usize) -> &[f32] {
        &self.values[i * self.width..(i + 1) * self.width]
    }

    /// Iterator over the samples.
    pub fn iter(&self) -> std::slice::ChunksExact<'_, f32> {
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

#[cfg(test)]
mod tests {
    use super::Samples;

    #[test]
    fn rows_are_selected() {
        let samples = Samples::new((0..6u8).map(f32::from).collect(), 2).unwrap();
        assert_eq!((samples.rows(), samples.width(), samples.row(2)), (3, 2, &[4.0, 5.0][..]));
        assert_eq!(samples.select(&[2, 0]).values(), [4.0, 5.0, 0.0, 1.0]);
        assert_eq!(samples.iter().count(), 3);
        assert!(Samples::new(vec![0.0; 3], 2).is_err() && Samples::new(vec![], 0).is_err());
    }
}
