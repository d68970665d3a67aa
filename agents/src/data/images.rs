//! Data sets of IDX files: samples with labels, for training and testing.

use std::path::{Path, PathBuf};

use super::idx::{Element, Idx};
use super::{DataSet, Shape, Split, Subset, TargetSpec, Targets};
use crate::Samples;
use freewheel_core::{Error, Result};

/// Class names of Fashion-MNIST.
pub const FASHION: [&str; 10] = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
];

/// Reads four `files`: training samples and labels, test samples and labels. `known` are the class names; if it is
/// `None`, the labels are the names, and the training labels must be consecutive from 0 or 1.
///
/// # Errors
/// [`Error::Io`]; [`Error::Bytes`] with the offset of the error.
pub fn labeled(name: &str, files: &[PathBuf; 4], known: Option<&[&str]>) -> Result<DataSet> {
    let [train_file, train_labels, test_file, test_labels] = files;
    let labels = labels(train_labels)?;
    let (first, names) = match known {
        Some(names) => (0, names.iter().map(ToString::to_string).collect()),
        None => consecutive_labels(train_labels, &labels)?,
    };
    let classes = Classes { first, names };
    let idx = Idx::read(train_file)?;
    let (shape, sizes, element) = (shape(&idx), idx.shape.clone(), idx.element);
    let train = subset(train_file, idx, &shape, train_labels, &classes.of(train_labels, &labels)?)?;

    let labels = self::labels(test_labels)?;
    let idx = Idx::read(test_file)?;
    if idx.element != element {
        let message = format!(
            "the elements have type {:#04x} here and {:#04x} in {}, so their numbers differ in scale; use files that \
             belong together",
            idx.element as u8,
            element as u8,
            train_file.display()
        );
        return Err(wrong(test_file, 2, message));
    }
    if idx.shape[1..] != sizes[1..] {
        let message = format!(
            "the shape of a sample is {:?} here and {:?} in {}; use files that belong together",
            &idx.shape[1..],
            &sizes[1..],
            train_file.display()
        );
        return Err(wrong(test_file, 8, message));
    }
    let test = subset(test_file, idx, &shape, test_labels, &classes.of(test_labels, &labels)?)?;
    let credit = match known {
        Some(_) => "Fashion-MNIST (Xiao, Rasul & Vollgraf 2017), Zalando SE, MIT",
        None => "",
    };
    let set = DataSet::whole(name, shape, TargetSpec::Classes(classes.names), train, credit);
    Ok(DataSet { test, split: Split::Given, ..set })
}

/// Reads a file of samples without labels.
///
/// # Errors
/// [`Error::Io`]; [`Error::Bytes`] with the offset of the error.
pub fn unlabeled(file: &Path) -> Result<DataSet> {
    let idx = Idx::read(file)?;
    let shape = shape(&idx);
    let all = Subset { samples: samples(idx, &shape)?, targets: Targets::None, factors: None };
    Ok(DataSet::whole(&file.display().to_string(), shape, TargetSpec::None, all, ""))
}

fn wrong(file: &Path, offset: u64, message: String) -> Error {
    Error::Bytes { file: file.to_path_buf(), offset, message }
}

/// Shape of the samples in an IDX file: images for the shapes `[N, H, W]` and `[N, C, H, W]` (C channels, height H,
/// width W), else columns. Elements of one byte are gray values, scaled to 0..=1.
fn shape(idx: &Idx) -> Shape {
    let (channels, height, width) = match idx.shape[1..] {
        [height, width] => (1, height, width),
        [channels, height, width] => (channels, height, width),
        _ => {
            let columns: usize = idx.shape[1..].iter().product();
            return Shape::Columns((1..=columns).map(|i| format!("x{i}")).collect());
        }
    };
    let (low, high) = match idx.element {
        Element::U8 => (0.0, 1.0),
        _ => idx
            .values
            .iter()
            .fold((f32::MAX, f32::MIN), |(low, high), &v| (low.min(v as f32), high.max(v as f32))),
    };
    Shape::Image { channels, height, width, low, high }
}

/// Samples `[N, D]`; bytes of an image are scaled to 0..=1.
fn samples(mut idx: Idx, shape: &Shape) -> Result<Samples> {
    if idx.element == Element::U8 && matches!(shape, Shape::Image { .. }) {
        // In f32, as pixels are stored in few bytes then.
        idx.values.iter_mut().for_each(|value| *value = f64::from(*value as f32 / 255.0));
    }
    Samples::new(idx.values, shape.width())
}

/// Reads a file of labels, one integer of at least 0 per sample.
fn labels(file: &Path) -> Result<Idx> {
    let idx = Idx::read(file)?;
    if idx.shape.len() != 1 {
        let message =
            format!("labels have one dimension, and this file has {}; check the file", idx.shape.len());
        return Err(wrong(file, 3, message));
    }
    match idx.values.iter().position(|&label| label < 0.0 || label.fract() != 0.0) {
        Some(i) => {
            let message =
                format!("label {} of sample {i} is not an integer of at least 0; correct it", idx.values[i]);
            Err(wrong(file, idx.offset(i), message))
        }
        None => Ok(idx),
    }
}

/// First label, and class names of consecutive labels from 0 or 1; an error for other labels.
fn consecutive_labels(file: &Path, labels: &Idx) -> Result<(u32, Vec<String>)> {
    let most = labels.values.len();
    // Labels can only be consecutive if there are no more classes than samples.
    let mut seen = vec![false; most + 2];
    for &label in &labels.values {
        if let Some(seen) = seen.get_mut(label as usize) {
            *seen = true;
        }
    }
    let first = usize::from(!seen[0]);
    let gap = first + seen[first..].iter().position(|&seen| !seen).unwrap_or_default();
    match labels.values.iter().position(|&label| label as usize >= gap) {
        Some(i) => {
            let message = format!(
                "label {} of sample {i} is out of range: no sample has label {gap}, and labels must be consecutive \
                 from 0 or 1; correct it",
                labels.values[i]
            );
            Err(wrong(file, labels.offset(i), message))
        }
        None => Ok((first as u32, (first..gap).map(|class| class.to_string()).collect())),
    }
}

/// Class names and the label of the first class.
struct Classes {
    first: u32,
    names: Vec<String>,
}

impl Classes {
    /// Class index of each label, `[N]`.
    fn of(&self, file: &Path, labels: &Idx) -> Result<Vec<u32>> {
        let (first, last) = (f64::from(self.first), f64::from(self.first) + self.names.len() as f64 - 1.0);
        match labels.values.iter().position(|label| !(first..=last).contains(label)) {
            Some(i) => {
                let message = format!(
                    "label {} of sample {i} is out of range: the {} classes are {first} to {last}; correct it",
                    labels.values[i],
                    self.names.len()
                );
                Err(wrong(file, labels.offset(i), message))
            }
            None => Ok(labels.values.iter().map(|&label| label as u32 - self.first).collect()),
        }
    }
}

/// Samples with their class indices.
fn subset(file: &Path, idx: Idx, shape: &Shape, labels: &Path, classes: &[u32]) -> Result<Subset> {
    let samples = samples(idx, shape)?;
    if samples.rows() != classes.len() {
        let message = format!(
            "{} samples here, but {} labels in {}; use files that belong together",
            samples.rows(),
            classes.len(),
            labels.display()
        );
        return Err(wrong(file, 4, message));
    }
    Ok(Subset { samples, targets: Targets::Labels(classes.to_vec()), factors: None })
}
