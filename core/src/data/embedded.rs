//! The two sets inside the program; who made them stands in `core/data/CREDITS.md`.

use std::path::Path;

use super::source::Source;
use super::table::{Layout, Table};
use super::{DataSet, Shape};
use crate::Result;

/// 1,797 digits of 8x8 in ten classes, pixels 0 to 1 (the file's 0 to 16, divided by 16).
///
/// # Errors
/// None: the file is inside the program.
pub fn digits() -> Result<DataSet> {
    const PACKED: &[u8] = include_bytes!("../../data/digits.csv.gz");
    let file = Path::new("digits.csv.gz");
    optical(Table::parse(file, &Source::of(file, PACKED)?.text()?, Layout::default())?, file)
}

/// The digits of `table`, read from `file`.
///
/// # Errors
/// [`Error::Input`](crate::Error::Input) where its rows are not 64 pixels from 0 to 16.
pub(super) fn optical(table: Table, file: &Path) -> Result<DataSet> {
    let mut all = table.all;
    let odd = all.samples.values().iter().position(|pixel| !(0.0..=16.0).contains(pixel));
    if all.samples.width() != 64 || odd.is_some() {
        return Err(crate::Error::Input {
            file: file.to_path_buf(),
            line: 1 + odd.map_or(0, |i| i / all.samples.width()),
            column: 1,
            message: "these are not 64 pixels from 0 to 16 and a digit; give another file, or another name to this one".into(),
        });
    }
    let scaled = all.samples.values().iter().map(|pixel| pixel / 16.0).collect();
    all.samples = crate::Samples::new(scaled, 64)?;
    let credit = "Optical Recognition of Handwritten Digits (Alpaydin & Kaynak 1998), UCI, CC BY 4.0";
    Ok(DataSet::whole("digits", Shape::gray(8, 8), table.target, all, credit))
}

/// Heights (in) and weights (lb) of 15 groups of women: the line through them has slope 3.45, intercept -87.517.
///
/// # Errors
/// None: the file is inside the program.
pub fn women() -> Result<DataSet> {
    let table =
        Table::parse(Path::new("women.csv"), include_str!("../../data/women.csv"), Layout::default())?;
    let credit = "R's `women`: The World Almanac and Book of Facts, 1975 (McNeil 1977)";
    Ok(DataSet::whole("women", Shape::Columns(table.columns), table.target, table.all, credit))
}
