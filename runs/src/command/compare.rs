//! `compare`: scores of runs with intervals, the differences of all pairs, and what may be said.

use crate::cli::Compare;
use crate::comparison::Comparison;
use crate::error::Result;
use crate::table::wrapped;
use crate::{Registry, output};

pub(super) fn compare(registry: &Registry, args: &Compare) -> Result<()> {
    let comparison = Comparison::read(registry, &args.runs)?;
    let sentences = comparison.sentences();
    if args.output.json {
        return output::json(&serde_json::json!({ "comparison": comparison, "sentences": sentences }));
    }
    let layout = args.wide.layout();
    let mut text = comparison.scores_table().text(layout);
    if let Some(table) = comparison.overall_table() {
        let title =
            format!("\nNormalized scores (0 baseline, 1 reference) over {}:\n", comparison.shared.join(", "));
        text.push_str(&wrapped(&title, 2, layout));
        text.push_str(&table.text(layout));
    }
    if let Some(table) = comparison.pairs_table() {
        text.push_str(&format!("\n{}", table.text(layout)));
    }
    text.push('\n');
    for sentence in &sentences {
        text.push_str(&wrapped(&format!("- {sentence}"), 2, layout));
    }
    output::picture(&text)
}
