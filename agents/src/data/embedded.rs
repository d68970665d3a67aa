//! The two built-in data sets, `digits` and `women`; see `agents/data/CREDITS.md` for their authors.

use std::path::Path;

use super::table::{Layout, Table};
use super::{DataSet, Shape};
use freewheel_core::Result;
use freewheel_core::input::Source;

/// Data set of 1,797 handwritten digits of 8x8 pixels in ten classes; gray values 0 to 1 (0 to 16 in the file).
///
/// # Errors
/// None in practice: the file is part of the program.
pub fn digits() -> Result<DataSet> {
    const PACKED: &[u8] = include_bytes!("../../data/digits.csv.gz");
    let file = Path::new("digits.csv.gz");
    optical(Table::parse(file, &Source::of(file, PACKED)?.text()?, Layout::default())?, file)
}

/// Digits data set from `table`, which was read from `file`.
///
/// # Errors
/// [`Error::Input`](freewheel_core::Error::Input) for rows that are not 64 pixels from 0 to 16.
pub(super) fn optical(table: Table, file: &Path) -> Result<DataSet> {
    let set = table.into_data_set("digits", Layout::default())?;
    let (mut all, target) = (set.train, set.target);
    let bad = all.samples.values().iter().position(|pixel| !(0.0..=16.0).contains(pixel));
    if all.samples.width() != 64 || bad.is_some() {
        return Err(freewheel_core::Error::Input {
            file: file.to_path_buf(),
            line: 1 + bad.map_or(0, |i| i / all.samples.width()),
            column: 1,
            message: "expected 64 pixels from 0 to 16 and a digit; use another file, or rename this one"
                .into(),
        });
    }
    let scaled = all.samples.values().iter().map(|pixel| pixel / 16.0).collect();
    all.samples = crate::Samples::new(scaled, 64)?;
    let credit = "Optical Recognition of Handwritten Digits (Alpaydin & Kaynak 1998), UCI, CC BY 4.0";
    Ok(DataSet::whole("digits", Shape::gray(8, 8), target, all, credit))
}

/// Data set of the heights (inches) and weights (pounds) of 15 groups of women, for linear regression: slope 3.45,
/// intercept -87.517.
///
/// # Errors
/// None in practice: the file is part of the program.
pub fn women() -> Result<DataSet> {
    let layout = Layout::default();
    let table = Table::parse(Path::new("women.csv"), include_str!("../../data/women.csv"), layout)?;
    let credit = "R's `women`: The World Almanac and Book of Facts, 1975 (McNeil 1977)";
    Ok(DataSet { credit: credit.to_owned(), ..table.into_data_set("women", layout)? })
}
