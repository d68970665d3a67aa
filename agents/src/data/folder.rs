//! Detection of the format of a file or folder.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::table::{Layout, Table};
use super::{DataSet, digits, embedded, images};
use freewheel_core::input::Source;
use freewheel_core::{Error, Result};

/// File name of the handwritten digits of 8x8 pixels.
const OPTICAL: &str = "digits.csv.gz";

/// The four IDX files of a data set, each with its name in error messages and the prefixes of its file name.
const IDX: [(&str, &[&str]); 4] = [
    ("train-images", &["train-images"]),
    ("train-labels", &["train-labels"]),
    ("t10k-images", &["t10k-images", "test-images"]),
    ("t10k-labels", &["t10k-labels", "test-labels"]),
];

/// Reads the data set in `folder`. If the folder has no test set, all samples are for training.
///
/// # Errors
/// [`Error::Config`] for a folder without a known format; [`Error::Io`], [`Error::Bytes`] and [`Error::Input`] for
/// errors in its files.
pub fn read(folder: &Path, layout: Layout<'_>) -> Result<DataSet> {
    let files = files_of(folder)?;
    let name = folder.display().to_string();
    if let Some(four) = idx_files(folder)? {
        layout.require_default(&name)?;
        let fashion = folder.file_name().is_some_and(|name| name == "fashion-mnist");
        return images::labeled(&name, &four, fashion.then_some(images::FASHION.as_slice()));
    }
    let is_named = |file: &PathBuf, name: &str| file.file_name().is_some_and(|own| own == name);
    if (0..10).all(|digit| files.iter().any(|file| is_named(file, &digits::file_name(digit)))) {
        layout.require_default(&name)?;
        return digits::dataset(&name, folder);
    }
    if let Some(file) = files.iter().find(|file| is_named(file, OPTICAL)) {
        return read_table(file, layout);
    }
    let tables: Vec<&PathBuf> = files.iter().filter(|file| is_table(file)).collect();
    match tables[..] {
        [file] => read_table(file, layout),
        [] => Err(Error::Config(format!(
            "{name}: no known data set in this folder; expected the four IDX files (train-images*, train-labels*, \
             t10k-images*, t10k-labels*, plain or .gz), 0.json to 9.json, digits.csv.gz, or one .csv or .csv.gz"
        ))),
        [first, ..] => Err(Error::Config(format!(
            "{name}: the folder has {} tables; name one of them, such as {}",
            tables.len(),
            first.display()
        ))),
    }
}

/// Reads one file: IDX without labels, or a table.
///
/// # Errors
/// As [`read`].
pub fn read_file(file: &Path, layout: Layout<'_>) -> Result<DataSet> {
    if is_table(file) {
        return read_table(file, layout);
    }
    if file.extension().is_some_and(|extension| extension == "json") {
        return Err(Error::Config(format!(
            "{}: digits are ten files, 0.json to 9.json; name their folder",
            file.display()
        )));
    }
    let mut magic = [0; 2];
    Source::open(file)?.read(&mut magic)?;
    // A file with the name of an IDX file is always read as IDX, so that a damaged header is an error.
    let name = file.file_name().map_or(Cow::default(), |name| name.to_string_lossy());
    if magic != [0, 0] && !["-ubyte", ".idx", "-idx"].iter().any(|part| name.contains(part)) {
        return read_table(file, layout);
    }
    layout.require_default(&file.display().to_string())?;
    images::unlabeled(file)
}

fn is_table(file: &Path) -> bool {
    let name = file.to_string_lossy();
    name.ends_with(".csv") || name.ends_with(".csv.gz")
}

/// Reads a table. A file with the name [`OPTICAL`] is read as the 8x8 digits.
fn read_table(file: &Path, layout: Layout<'_>) -> Result<DataSet> {
    let name = file.display().to_string();
    if file.file_name().is_some_and(|name| name == OPTICAL) {
        layout.require_default(&name)?;
        return Ok(DataSet { name, ..embedded::optical(Table::read(file, Layout::default())?, file)? });
    }
    Table::read(file, layout)?.into_data_set(&name, layout)
}

/// Files of a folder, sorted by name.
fn files_of(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::io(folder))? {
        files.push(entry.map_err(Error::io(folder))?.path());
    }
    files.sort();
    Ok(files)
}

/// Paths of the four IDX files: training samples and labels, test samples and labels; `None` if `folder` has none of
/// them.
///
/// # Errors
/// [`Error::Config`] if some of the files are missing; [`Error::Io`].
pub(super) fn idx_files(folder: &Path) -> Result<Option<[PathBuf; 4]>> {
    let files = files_of(folder)?;
    let found = IDX.map(|(_, prefixes)| {
        let matches = |name: &str| prefixes.iter().any(|prefix| name.starts_with(prefix));
        files
            .iter()
            .find(|file| file.file_name().is_some_and(|name| matches(&name.to_string_lossy())))
            .cloned()
    });
    let missing: Vec<&str> =
        IDX.iter().zip(&found).filter(|(_, file)| file.is_none()).map(|((name, _), _)| *name).collect();
    match found {
        [Some(a), Some(b), Some(c), Some(d)] => Ok(Some([a, b, c, d])),
        _ if missing.len() == IDX.len() => Ok(None),
        _ => Err(Error::Config(format!(
            "{}: of the four IDX files, none starts with {}; add it",
            folder.display(),
            missing.join(" or ")
        ))),
    }
}
