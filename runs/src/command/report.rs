//! `report`: a report about finished runs, as HTML or Markdown.

use freewheel_core::checkpoint::write_atomically;

use crate::cli::ReportArgs;
use crate::comparison::Comparison;
use crate::error::{Error, Result};
use crate::report_page::ReportPage;
use crate::{Registry, output};

pub(super) fn report(registry: &Registry, args: &ReportArgs) -> Result<()> {
    let extension = args.to.extension().and_then(|it| it.to_str()).map(str::to_lowercase);
    let is_html = match extension.as_deref() {
        Some("html" | "htm") => true,
        Some("md") => false,
        _ => {
            return Err(Error::Usage(format!(
                "--to {}: the format follows from the extension, which must be .html or .md",
                args.to.display()
            )));
        }
    };
    let comparison = Comparison::read(registry, &args.runs)?;
    let page = ReportPage::new(&comparison, args);
    let text = if is_html { page.html(registry)? } else { page.markdown() };
    write_atomically(&args.to, text.as_bytes())?;
    output::text(&format!("{}\n", args.to.display()))
}
