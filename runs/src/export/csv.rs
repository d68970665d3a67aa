//! Table of metrics as CSV (RFC 4180): numbers that read back to the same bits, empty cells without a number.

use super::metrics::{Cells, Column};

/// Text of a CSV file with a header and the rows of `columns`, which all have the same length.
pub(crate) fn to_text(columns: &[Column]) -> String {
    let rows = columns.first().map_or(0, |column| match &column.cells {
        Cells::Texts(all) => all.len(),
        Cells::Integers(all) => all.len(),
        Cells::Numbers(all) => all.len(),
    });
    let mut text = columns.iter().map(|column| quoted(&column.name)).collect::<Vec<_>>().join(",");
    text.push('\n');
    for row in 0..rows {
        let cells: Vec<String> = columns.iter().map(|column| cell(column, row)).collect();
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    text
}

fn cell(column: &Column, row: usize) -> String {
    match &column.cells {
        Cells::Texts(all) => quoted(&all[row]),
        Cells::Integers(all) => all[row].to_string(),
        Cells::Numbers(all) => match all[row] {
            None => String::new(),
            // A count has no point; other numbers are as short as they can be.
            Some(x) if x.trunc() == x && x.abs() < 1e15 => x.to_string(),
            Some(x) => format!("{x:?}"),
        },
    }
}

/// Text in quotation marks where it has a comma, a quotation mark or a line end.
fn quoted(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_and_missing_numbers_are_empty() {
        let column = |name: &str, cells| Column { name: name.into(), cells };
        let columns = [
            column("run", Cells::Texts(vec!["a,b".into(), "c\"d".into()])),
            column("step", Cells::Integers(vec![10, 20])),
            column("loss", Cells::Numbers(vec![None, Some(0.1)])),
            column("episodes", Cells::Numbers(vec![Some(3.0), Some(1e-9)])),
        ];
        assert_eq!(to_text(&columns), "run,step,loss,episodes\n\"a,b\",10,,3\n\"c\"\"d\",20,0.1,1e-9\n");
    }
}
