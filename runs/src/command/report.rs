//! `report`: a report about finished runs, as HTML or Markdown.

use std::path::{Path, PathBuf};

use freewheel_core::checkpoint::write_atomically;

use crate::cli::ReportArgs;
use crate::comparison::Comparison;
use crate::error::{Error, Result};
use crate::report_page::ReportPage;
use crate::{Registry, output};

pub(super) fn report(registry: &Registry, args: &ReportArgs) -> Result<()> {
    write(registry, &args.runs, &args.to, args.question.as_deref())?;
    output::text(&format!("{}\n", args.to.display()))
}

/// Writes the report about the runs in and below the folders `runs` into the file `to`.
pub(super) fn write(registry: &Registry, runs: &[PathBuf], to: &Path, question: Option<&str>) -> Result<()> {
    let extension = to.extension().and_then(|it| it.to_str()).map(str::to_lowercase);
    let is_html = match extension.as_deref() {
        Some("html" | "htm") => true,
        Some("md") => false,
        _ => {
            return Err(Error::Usage(format!(
                "--to {}: the format follows from the extension, which must be .html or .md",
                to.display()
            )));
        }
    };
    let comparison = Comparison::read(registry, runs)?;
    let page = ReportPage::new(registry, &comparison, runs, to, question)?;
    let text = if is_html { page.html(registry)? } else { page.markdown() };
    write_atomically(to, text.as_bytes())?;
    Ok(())
}
