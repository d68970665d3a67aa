//! Data sets for supervised and unsupervised learning: features with targets, split into train and test.
//!
//! | module | contents |
//! |---|---|
//! | [`mod@set`] | [`DataSet`], training and test [`Subset`], [`Targets`], and [`Shape`] of a sample |
//! | [`registry`] | [`open`]: a data set by its name in [`list`], or by the path of a file or folder |
//! | [`split`] | seeded train-test split |
//! | [`idx`] | reader for IDX, the binary format of MNIST |
//! | [`table`] | reader for tables in delimited text |
//! | [`mod@preparation`] | missing values, texts and scales of a table, fitted to the training rows |
//! | [`digits`] | reader for 28x28 digits as JSON, one file per digit |
//! | [`folder`] | detection of the format of a file or folder |
//! | [`images`] | data sets of IDX files |
//! | [`embedded`] | the two built-in data sets, `digits` and `women` |
//! | [`faces`] | generated face images with known factors of variation, and measurement of factors in an image |
//!
//! ```
//! use freewheel_agents::data::{Options, TargetSpec, open};
//!
//! let digits = open("digits", &Options::default())?;
//! assert_eq!((digits.train.rows(), digits.test.rows(), digits.train.samples.width()), (1438, 359, 64));
//! assert!(matches!(&digits.target, TargetSpec::Classes(names) if names.len() == 10));
//! let labels: &[u32] = digits.train.targets.labels()?;
//! assert_eq!(labels.len(), 1438);
//! # Ok::<(), freewheel_core::Error>(())
//! ```

pub mod digits;
pub mod embedded;
pub mod faces;
pub mod folder;
pub mod idx;
pub mod images;
pub mod preparation;
pub mod registry;
pub mod set;
pub mod split;
pub mod table;

#[cfg(test)]
mod tests;

pub use preparation::Preparation;
pub use registry::{Entry, Options, list, open, open_prepared};
pub use set::{DataSet, Factor, Shape, Subset, TargetSpec, Targets};
pub use split::Split;
