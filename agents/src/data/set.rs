//! [`DataSet`] and its parts: subsets, targets, shape of a sample, factors of variation.

use serde::{Deserialize, Serialize};

use super::{Preparation, Split};
use crate::Samples;
use freewheel_core::{Error, Result};

/// Features with targets, split into train and test.
///
/// ```
/// use freewheel_agents::Samples;
/// use freewheel_agents::data::{DataSet, Shape, Subset, TargetSpec, Targets};
///
/// let all = Subset {
///     samples: Samples::new(vec![1.0, 2.0, 3.0, 4.0], 1)?,
///     targets: Targets::Values(vec![2.0, 4.0, 6.0, 8.0]),
///     factors: None,
/// };
/// let target = TargetSpec::Number { name: "y".into(), unit: String::new() };
/// let line = DataSet::whole("line", Shape::Columns(vec!["x".into()]), target, all, "");
/// let line = line.train_test_split(0, 0.25)?;
/// assert_eq!((line.train.rows(), line.test.rows()), (3, 1));
/// # Ok::<(), freewheel_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct DataSet {
    /// Name in [`list`](super::list), or the path of the file or folder.
    pub name: String,
    /// Shape of a sample.
    pub shape: Shape,
    /// Kind of the targets.
    pub target: TargetSpec,
    /// K factors of variation of generated samples; empty for other data.
    pub factors: Vec<Factor>,
    /// Training set.
    pub train: Subset,
    /// Test set; empty where all samples are for training.
    pub test: Subset,
    /// Origin of the split.
    pub split: Split,
    /// Authors and license, in one line.
    pub credit: String,
    /// Preparation of the columns; `None` for other data than a table.
    pub preparation: Option<Preparation>,
    /// Rows, columns and values that were left out or changed, in sentences.
    pub notes: Vec<String>,
}

impl DataSet {
    /// Data set of which all samples are for training.
    pub fn whole(name: &str, shape: Shape, target: TargetSpec, all: Subset, credit: &str) -> Self {
        DataSet {
            name: name.to_owned(),
            shape,
            target,
            factors: Vec::new(),
            test: all.select(&[]),
            train: all,
            split: Split::Whole,
            credit: credit.to_owned(),
            preparation: None,
            notes: Vec::new(),
        }
    }

    /// This data set with a fraction `test_size` of the training samples moved to the test set; see
    /// [`split::train_test_split`](super::split::train_test_split).
    ///
    /// # Errors
    /// [`Error::Config`] for a data set that is already split, and a fraction out of range.
    pub fn train_test_split(self, seed: u64, test_size: f64) -> Result<Self> {
        if self.split != Split::Whole {
            return Err(Error::Config(format!("{} comes with a test set; leave test_size out", self.name)));
        }
        let (train, test, split) = super::split::train_test_split(self.train, seed, test_size)?;
        Ok(DataSet { train, test, split, ..self })
    }
}

/// Training or test set.
#[derive(Clone, Debug, PartialEq)]
pub struct Subset {
    /// Features `[N, D]`, all finite.
    pub samples: Samples,
    /// Targets `[N]`, of the kind [`DataSet::target`].
    pub targets: Targets,
    /// Values of the K factors [`DataSet::factors`] of each sample, `[N, K]`; `None` if they are unknown.
    pub factors: Option<Samples>,
}

impl Subset {
    /// N, the number of samples.
    pub fn rows(&self) -> usize {
        self.samples.rows()
    }

    /// Samples with the `indices`, in the order of the indices.
    ///
    /// # Panics
    /// For an index out of range.
    pub fn select(&self, indices: &[usize]) -> Self {
        Subset {
            samples: self.samples.select(indices),
            targets: self.targets.select(indices),
            factors: self.factors.as_ref().map(|factors| factors.select(indices)),
        }
    }
}

/// Targets of N samples (`y` in scikit-learn).
///
/// ```
/// use freewheel_agents::data::Targets;
///
/// let targets = Targets::Labels(vec![0, 2, 1]);
/// assert_eq!(targets.labels()?, [0, 2, 1]);
/// assert!(targets.values().is_err());
/// # Ok::<(), freewheel_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// No targets, as for unsupervised learning.
    None,
    /// Class labels for classification, `[N]`: indices into the names of [`TargetSpec::Classes`].
    Labels(Vec<u32>),
    /// Finite values for regression, `[N]`.
    Values(Vec<f64>),
}

impl Targets {
    /// Class labels, `[N]`.
    ///
    /// # Errors
    /// [`Error::Config`] for targets of another kind.
    pub fn labels(&self) -> Result<&[u32]> {
        match self {
            Targets::Labels(all) => Ok(all),
            Targets::Values(_) => Err(mismatch("class labels", "numbers", "a regressor")),
            Targets::None => Err(mismatch("class labels", "no targets", "an unsupervised estimator")),
        }
    }

    /// Values for regression, `[N]`.
    ///
    /// # Errors
    /// [`Error::Config`] for targets of another kind.
    pub fn values(&self) -> Result<&[f64]> {
        match self {
            Targets::Values(all) => Ok(all),
            Targets::Labels(_) => Err(mismatch("numbers", "class labels", "a classifier")),
            Targets::None => Err(mismatch("numbers", "no targets", "an unsupervised estimator")),
        }
    }

    /// Targets with the `indices`, in the order of the indices.
    ///
    /// # Panics
    /// For an index out of range.
    pub fn select(&self, indices: &[usize]) -> Self {
        match self {
            Targets::None => Targets::None,
            Targets::Labels(all) => Targets::Labels(indices.iter().map(|&i| all[i]).collect()),
            Targets::Values(all) => Targets::Values(indices.iter().map(|&i| all[i]).collect()),
        }
    }
}

fn mismatch(expected: &str, found: &str, instead: &str) -> Error {
    Error::Config(format!(
        "the estimator needs {expected} as targets, and this data set has {found}; use {instead}, or other data"
    ))
}

/// Kind of the targets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetSpec {
    /// No targets.
    None,
    /// Classification, with the names of the classes.
    Classes(Vec<String>),
    /// Regression.
    Number {
        /// Name of the quantity.
        name: String,
        /// Unit; empty where it is unknown.
        unit: String,
    },
}

/// Shape of a sample: what its D numbers are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// Image, `[channels, height, width]` row-major.
    Image {
        /// Number of channels, 1 for gray.
        channels: usize,
        /// Height in pixels.
        height: usize,
        /// Width in pixels.
        width: usize,
        /// Lowest possible value, black.
        low: f32,
        /// Highest possible value, white.
        high: f32,
    },
    /// Names of the columns of a table, `[D]`.
    Columns(Vec<String>),
}

impl Shape {
    /// Shape of gray images with values in 0..=1.
    pub fn gray(height: usize, width: usize) -> Self {
        Shape::Image { channels: 1, height, width, low: 0.0, high: 1.0 }
    }

    /// D, the number of features.
    pub fn width(&self) -> usize {
        match self {
            Shape::Image { channels, height, width, .. } => channels * height * width,
            Shape::Columns(names) => names.len(),
        }
    }
}

/// Factor of variation of generated samples, such as the smile of a face.
///
/// ```
/// use freewheel_agents::data::Factor;
///
/// let tilt = Factor { name: "tilt".into(), unit: "degrees".into(), low: -12.0, high: 12.0 };
/// assert_eq!(tilt.normalized(6.0), 0.75);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Factor {
    /// Name.
    pub name: String,
    /// Unit; empty for a pure number.
    pub unit: String,
    /// Lowest value.
    pub low: f32,
    /// Highest value.
    pub high: f32,
}

impl Factor {
    /// `value` scaled so that [`Factor::low`] is 0 and [`Factor::high`] is 1.
    pub fn normalized(&self, value: f64) -> f64 {
        (value - f64::from(self.low)) / f64::from(self.high - self.low)
    }
}
