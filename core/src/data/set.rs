//! What a data set is.

use serde::{Deserialize, Serialize};

use super::Split;
use crate::{Error, Result, Samples};

/// Samples with answers, to train on and to test on.
#[derive(Clone, Debug, PartialEq)]
pub struct DataSet {
    /// Its name in [`list`](super::list), or the path it came from.
    pub name: String,
    /// What a row is.
    pub shape: Shape,
    /// What is asked of a row.
    pub target: Target,
    /// The factors that each row was drawn from, where they are known; else empty.
    pub factors: Vec<Factor>,
    /// To learn from.
    pub train: Part,
    /// To judge by; without rows where all are to train.
    pub test: Part,
    /// How the two were parted.
    pub split: Split,
    /// Who made it and under which license, in one line.
    pub credit: String,
}

impl DataSet {
    /// A set whose rows are all to train.
    pub fn whole(name: &str, shape: Shape, target: Target, all: Part, credit: &str) -> Self {
        DataSet {
            name: name.to_owned(),
            shape,
            target,
            factors: Vec::new(),
            test: all.select(&[]),
            train: all,
            split: Split::Whole,
            credit: credit.to_owned(),
        }
    }

    /// The same set with `test_share` of its rows to test, see [`split::parted`](super::split::parted).
    ///
    /// # Errors
    /// [`Error::Config`] for a set that came in two parts, and a share that cannot be.
    pub fn parted(self, seed: u64, test_share: f64) -> Result<Self> {
        if self.split != Split::Whole {
            return Err(Error::Config(format!("{} comes in two parts; leave test_share out", self.name)));
        }
        let (train, test, split) = super::split::parted(self.train, seed, test_share)?;
        Ok(DataSet { train, test, split, ..self })
    }
}

/// One of the two parts of a set.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// `[N, D]`, finite.
    pub samples: Samples,
    /// `[N]`, of the kind that the set's [`Target`] says.
    pub answers: Answers,
    /// What each row was drawn from, `[N, K]` in the units of [`DataSet::factors`]; `None` where there are none.
    pub factors: Option<Samples>,
}

/// The answers to N samples.
#[derive(Clone, Debug, PartialEq)]
pub enum Answers {
    /// Nothing is asked.
    None,
    /// The class of each, `[N]`, an index into the names of [`Target::Classes`].
    Classes(Vec<u32>),
    /// A finite number for each, `[N]`.
    Numbers(Vec<f32>),
}

/// What is asked of a sample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// Nothing.
    None,
    /// Which of these classes it belongs to.
    Classes(Vec<String>),
    /// A number.
    Number {
        /// What it is.
        name: String,
        /// In which unit; empty where that is not known.
        unit: String,
    },
}

/// What the D numbers of a sample are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// An image, `[channels, height, width]` row by row.
    Image {
        /// 1 for gray.
        channels: usize,
        /// In pixels.
        height: usize,
        /// In pixels.
        width: usize,
        /// The darkest value that there can be.
        low: f32,
        /// The brightest.
        high: f32,
    },
    /// The columns of a table, by their names.
    Columns(Vec<String>),
}

impl Shape {
    /// A gray image with values in 0..=1.
    pub fn gray(height: usize, width: usize) -> Self {
        Shape::Image { channels: 1, height, width, low: 0.0, high: 1.0 }
    }

    /// D.
    pub fn width(&self) -> usize {
        match self {
            Shape::Image { channels, height, width, .. } => channels * height * width,
            Shape::Columns(names) => names.len(),
        }
    }
}

/// A known factor of variation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Factor {
    /// Its name.
    pub name: String,
    /// Its unit; empty for a plain number.
    pub unit: String,
    /// Its least value.
    pub low: f32,
    /// Its greatest.
    pub high: f32,
}

impl Factor {
    /// Where `value` lies between [`Factor::low`] (0) and [`Factor::high`] (1).
    pub fn share(&self, value: f32) -> f32 {
        (value - self.low) / (self.high - self.low)
    }
}

impl Part {
    /// N.
    pub fn rows(&self) -> usize {
        self.samples.rows()
    }

    /// The rows `which`, in that order.
    ///
    /// # Panics
    /// Where one of them is not there.
    pub fn select(&self, which: &[usize]) -> Self {
        Part {
            samples: self.samples.select(which),
            answers: self.answers.select(which),
            factors: self.factors.as_ref().map(|factors| factors.select(which)),
        }
    }
}

impl Answers {
    /// The classes `[N]`.
    ///
    /// # Errors
    /// [`Error::Config`] where the answers are something else.
    pub fn classes(&self) -> Result<&[u32]> {
        match self {
            Answers::Classes(all) => Ok(all),
            Answers::Numbers(_) => Err(mismatch("classes", "numbers", "a regressor")),
            Answers::None => Err(mismatch("classes", "no answers", "a learner without answers")),
        }
    }

    /// The numbers `[N]`.
    ///
    /// # Errors
    /// [`Error::Config`] where the answers are something else.
    pub fn numbers(&self) -> Result<&[f32]> {
        match self {
            Answers::Numbers(all) => Ok(all),
            Answers::Classes(_) => Err(mismatch("numbers", "classes", "a classifier")),
            Answers::None => Err(mismatch("numbers", "no answers", "a learner without answers")),
        }
    }

    /// The answers `which`, in that order.
    ///
    /// # Panics
    /// Where one of them is not there.
    pub fn select(&self, which: &[usize]) -> Self {
        match self {
            Answers::None => Answers::None,
            Answers::Classes(all) => Answers::Classes(which.iter().map(|&i| all[i]).collect()),
            Answers::Numbers(all) => Answers::Numbers(which.iter().map(|&i| all[i]).collect()),
        }
    }
}

fn mismatch(wanted: &str, has: &str, mend: &str) -> Error {
    Error::Config(format!("{wanted} are asked for and this data set has {has}; take {mend}, or other data"))
}
