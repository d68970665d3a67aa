//! Arguments of the commands for estimators.

use std::path::PathBuf;

use clap::Args;

use super::{Output, Overrides, ProgressOutput, Threads, WideOption};
use crate::fit::group::{RowPair, SampleGroup};
use crate::seeds::Seeds;

/// `freewheel fit`
#[derive(Args, Debug)]
pub struct Fit {
    /// Estimator; `freewheel estimators` lists all.
    pub estimator: String,
    /// Data set: its name, or the path of a table, an IDX file or a folder.
    #[arg(long, value_name = "NAME | PATH", default_value = "digits")]
    pub data: String,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub overrides: Overrides,
    /// Seed of all random numbers.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Picture to print, by the name of its file, or `all`; default: the first one, in a terminal. Repeatable.
    #[arg(long, value_name = "PICTURE")]
    pub show: Vec<String>,
    /// Folder of the estimator and its report; default: results/fit/DATA-ESTIMATOR-HASH.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: ProgressOutput,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub threads: Threads,
}

/// `freewheel predict`
#[derive(Args, Debug)]
pub struct Predict {
    /// Folder of the fitted estimator.
    pub fit: PathBuf,
    /// Data set: its name, or the path of a table, an IDX file or a folder; default: the data set of the fit.
    #[arg(long, value_name = "NAME | PATH")]
    pub data: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub overrides: Overrides,
    /// Rows of the test set, or of all rows if there is no test set: 0..10 (10 not included), 7, or 1,5,9; default: the
    /// first ten.
    #[arg(long, value_name = "A..B")]
    pub rows: Option<Seeds>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: Output,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub wide: WideOption,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub threads: Threads,
}

/// `freewheel concept`
#[derive(Args, Debug)]
pub struct Concept {
    /// Folder of the fitted estimator, a vae or pca.
    pub fit: PathBuf,
    /// Known factor of the data set, such as smile; the concept is the factor's direction in latent space.
    #[arg(long, conflicts_with_all = ["with", "without"])]
    pub factor: Option<String>,
    /// Group of training samples with the concept: 0..50, class=NAME, or FACTOR>NUMBER.
    #[arg(long, value_name = "GROUP", requires = "without")]
    pub with: Option<SampleGroup>,
    /// Group of training samples without the concept, in the same form.
    #[arg(long, value_name = "GROUP", requires = "with")]
    pub without: Option<SampleGroup>,
    /// Rows of the test set to show: 0..10 (10 not included), 7, or 1,5,9; default: the first six.
    #[arg(long, value_name = "A..B")]
    pub rows: Option<Seeds>,
    /// Number of steps, 2 to 33.
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(2..=33))]
    pub steps: u32,
    /// Largest step in both directions, above 0: a share of the factor's range, or of the distance between the groups.
    #[arg(long, default_value_t = 0.5, value_parser = above_zero)]
    pub reach: f32,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: Output,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub threads: Threads,
}

fn above_zero(text: &str) -> Result<f32, String> {
    let number = text.parse().ok().filter(|number: &f32| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| format!("`{text}` is not a number above 0"))
}

/// `freewheel interpolate`
#[derive(Args, Debug)]
pub struct Interpolate {
    /// Folder of the fitted estimator, a vae or pca.
    pub fit: PathBuf,
    /// Pairs of rows of the test set, from and to, such as 3-17.
    #[arg(required = true, num_args = 1..=32)]
    pub pairs: Vec<RowPair>,
    /// Number of steps of each interpolation, 2 to 33.
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(2..=33))]
    pub steps: u32,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: Output,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub threads: Threads,
}
