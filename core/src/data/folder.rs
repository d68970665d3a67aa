//! Which set a folder holds, by what lies in it.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::source::Source;
use super::table::{Layout, Table};
use super::{DataSet, Shape, digits, embedded, images};
use crate::{Error, Result};

/// The optical digits of 8x8.
const OPTICAL: &str = "digits.csv.gz";

/// How the names of IDX files begin: what is in them, and the names for it.
const IDX: [(&str, &[&str]); 4] = [
    ("train-images", &["train-images"]),
    ("train-labels", &["train-labels"]),
    ("t10k-images", &["t10k-images", "test-images"]),
    ("t10k-labels", &["t10k-labels", "test-labels"]),
];

/// Reads the set in `folder`; a set that does not come in two parts is all to train.
///
/// # Errors
/// [`Error::Config`] for a folder that holds none of the formats; [`Error::Io`], [`Error::Bytes`] and [`Error::Input`] for
/// what is wrong in its files.
pub fn read(folder: &Path, layout: Layout<'_>) -> Result<DataSet> {
    let files = files_of(folder)?;
    let name = folder.display().to_string();
    if let Some(four) = idx_files(folder)? {
        layout.unused(&name)?;
        let fashion = folder.file_name().is_some_and(|name| name == "fashion-mnist");
        return images::labeled(&name, &four, fashion.then_some(images::FASHION.as_slice()));
    }
    let is = |file: &PathBuf, name: &str| file.file_name().is_some_and(|is| is == name);
    if (0..10).all(|digit| files.iter().any(|file| is(file, &digits::file_of(digit)))) {
        layout.unused(&name)?;
        return digits::set(&name, folder);
    }
    if let Some(file) = files.iter().find(|file| is(file, OPTICAL)) {
        return table(file, layout);
    }
    let tables: Vec<&PathBuf> = files.iter().filter(|file| is_table(file)).collect();
    match tables[..] {
        [file] => table(file, layout),
        [] => Err(Error::Config(format!(
            "{name}: no data set is recognized; looked for the four IDX files (train-images*, train-labels*, t10k-images*, \
             t10k-labels*, plain or .gz), 0.json to 9.json, digits.csv.gz, and one .csv or .csv.gz"
        ))),
        [first, ..] => Err(Error::Config(format!(
            "{name}: {} tables are here; name the one that is meant, such as {}",
            tables.len(),
            first.display()
        ))),
    }
}

/// Reads one file: IDX without answers, or a table.
///
/// # Errors
/// As [`read`].
pub fn read_file(file: &Path, layout: Layout<'_>) -> Result<DataSet> {
    if is_table(file) {
        return table(file, layout);
    }
    if file.extension().is_some_and(|ending| ending == "json") {
        return Err(Error::Config(format!(
            "{}: digits lie in ten files, 0.json to 9.json; name their folder",
            file.display()
        )));
    }
    let mut magic = [0; 2];
    Source::open(file)?.take(&mut magic)?;
    // What calls itself IDX is read as such, so that a damaged header is named.
    let called = file.file_name().map_or(Cow::default(), |name| name.to_string_lossy());
    if magic != [0, 0] && !called.contains("-ubyte") && !called.contains(".idx") && !called.contains("-idx") {
        return table(file, layout);
    }
    layout.unused(&file.display().to_string())?;
    images::unlabeled(file)
}

fn is_table(file: &Path) -> bool {
    let name = file.to_string_lossy();
    name.ends_with(".csv") || name.ends_with(".csv.gz")
}

/// A table; the optical digits are known by their name.
fn table(file: &Path, layout: Layout<'_>) -> Result<DataSet> {
    let name = file.display().to_string();
    if file.file_name().is_some_and(|name| name == OPTICAL) {
        layout.unused(&name)?;
        return Ok(DataSet { name, ..embedded::optical(Table::read(file, layout)?, file)? });
    }
    let table = Table::read(file, layout)?;
    let shape = Shape::Columns(table.columns);
    Ok(DataSet::whole(&name, shape, table.target, table.all, ""))
}

/// The files of a folder, by name.
fn files_of(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::io(folder))? {
        files.push(entry.map_err(Error::io(folder))?.path());
    }
    files.sort();
    Ok(files)
}

/// The four IDX files: samples and labels to train, samples and labels to test; `None` where there is none of them.
///
/// # Errors
/// [`Error::Config`] where some of them are missing; [`Error::Io`].
pub(super) fn idx_files(folder: &Path) -> Result<Option<[PathBuf; 4]>> {
    let files = files_of(folder)?;
    let found = IDX.map(|(_, beginnings)| {
        let begins = |name: &str| beginnings.iter().any(|beginning| name.starts_with(beginning));
        files
            .iter()
            .find(|file| file.file_name().is_some_and(|name| begins(&name.to_string_lossy())))
            .cloned()
    });
    let missing: Vec<&str> =
        IDX.iter().zip(&found).filter(|(_, file)| file.is_none()).map(|((name, _), _)| *name).collect();
    match found {
        [Some(a), Some(b), Some(c), Some(d)] => Ok(Some([a, b, c, d])),
        _ if missing.len() == IDX.len() => Ok(None),
        _ => Err(Error::Config(format!(
            "{}: of the four IDX files there is none that begins with {}; bring it too",
            folder.display(),
            missing.join(" or ")
        ))),
    }
}
