//! Tables and lists as text that fits the terminal.
//!
//! A [`Table`] hides its least important columns until it fits, and a last line names the hidden ones. A table whose
//! indispensable columns are still too wide is stacked: every row becomes a block of lines, one for each column.
//! [`list`] wraps its last column between words. [`wrapped`] wraps prose.

use std::fmt::Write;
use std::io::IsTerminal;

use unicode_width::UnicodeWidthStr;

use crate::output::plain;
use crate::picture::Depth;

/// Width and abilities of the place where a table is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Width in columns; `None` without a limit.
    pub(crate) width: Option<usize>,
    /// Whether accents are colors; otherwise they are marked with `*`.
    pub(crate) colors: bool,
}

impl Layout {
    /// Text without a limit and without colors, as for a file.
    #[cfg(test)]
    pub(crate) const FILE: Layout = Layout { width: None, colors: false };

    /// Layout of standard output: the width of the terminal, or else the environment variable `COLUMNS`, or else no
    /// limit. `wide` removes the limit.
    pub(crate) fn of_stdout(wide: bool) -> Self {
        let variable = |name: &str| std::env::var(name).ok();
        let terminal = std::io::stdout().is_terminal();
        let size = || crossterm::terminal::size().ok().map(|(width, _)| width);
        Layout::of(wide, terminal.then(size), variable)
    }

    /// Layout of a terminal of the given width (`Some(None)` or 0 if it reports none), or of a file or pipe (`None`).
    fn of(wide: bool, terminal: Option<Option<u16>>, variable: impl Fn(&str) -> Option<String>) -> Self {
        let given = || variable("COLUMNS")?.trim().parse().ok().filter(|width| *width > 0);
        let width = match terminal {
            _ if wide => None,
            Some(Some(width @ 1..)) => Some(usize::from(width)),
            Some(_) => Some(given().unwrap_or(100)),
            None => given(),
        };
        Layout { width, colors: terminal.is_some() && Depth::detect(variable) != Depth::None }
    }

    /// Whether a line of `width` columns fits.
    pub(crate) fn fits(self, width: usize) -> bool {
        self.width.is_none_or(|most| width <= most)
    }
}

/// Column of a [`Table`].
#[derive(Clone, Debug)]
pub(crate) struct Column {
    name: String,
    right: bool,
    rank: u8,
}

impl Column {
    /// Column of texts; columns of a higher `rank` are hidden first, those of rank 0 never.
    pub(crate) fn text(name: impl Into<String>, rank: u8) -> Self {
        Column { name: name.into(), right: false, rank }
    }

    /// Column of numbers, aligned to the right; for `rank` see [`Column::text`].
    pub(crate) fn number(name: impl Into<String>, rank: u8) -> Self {
        Column { name: name.into(), right: true, rank }
    }
}

/// Table with a header.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
    /// Row and column of each accented cell.
    accents: Vec<(usize, usize)>,
}

impl Table {
    /// Table without rows.
    pub(crate) fn new(columns: Vec<Column>) -> Self {
        Table { columns, rows: Vec::new(), accents: Vec::new() }
    }

    /// Adds a row, one text for each column; missing ones are empty. Control characters are escaped.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells = cells.into_iter().map(|text| plain(&text).replace(['\n', '\t'], " "));
        self.rows.push(cells.chain(std::iter::repeat(String::new())).take(self.columns.len()).collect());
    }

    /// Accents the cell in `row` and `column`.
    pub(crate) fn accent(&mut self, row: usize, column: usize) {
        self.accents.push((row, column));
    }

    /// Names of the columns, and whether they are aligned to the right.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, bool)> {
        self.columns.iter().map(|column| (&*column.name, column.right))
    }

    /// Texts of all cells, row by row.
    pub(crate) fn rows(&self) -> &[Vec<String>] {
        &self.rows
    }

    /// Table in Markdown, with all columns and without accents.
    pub(crate) fn markdown(&self) -> String {
        let all: Vec<usize> = (0..self.columns.len()).collect();
        let cell = |row: usize, column: usize| self.rows[row][column].clone();
        let widths = self.widths(&all, &cell);
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let mut out = line(all.iter().map(|&c| self.padded(&self.columns[c].name, c, widths[c])).collect());
        let _ = writeln!(out, "|{}|", widths.iter().map(|w| "-".repeat(w + 2)).collect::<Vec<_>>().join("|"));
        for row in 0..self.rows.len() {
            out.push_str(&line(all.iter().map(|&c| self.padded(&cell(row, c), c, widths[c])).collect()));
        }
        out
    }

    /// Table for a terminal or a pipe, with borders; fits the width of `layout`. A text of the first column that is
    /// the same as in the row above is left out.
    pub(crate) fn text(&self, layout: Layout) -> String {
        let cell = |row: usize, column: usize| {
            let text = &self.rows[row][column];
            match column == 0 && row > 0 && self.rows[row - 1][0] == *text {
                true => String::new(),
                false => self.marked(row, column, layout),
            }
        };
        let mut shown: Vec<usize> = (0..self.columns.len()).collect();
        loop {
            let widths = self.widths(&shown, &cell);
            // A border and a space at both ends, three columns between two cells.
            if layout.fits(widths.iter().sum::<usize>() + 3 * widths.len().saturating_sub(1) + 4) {
                return format!(
                    "{}{}",
                    self.bordered(&shown, &widths, &cell, layout),
                    self.note(&shown, layout)
                );
            }
            let last = shown.iter().map(|&column| self.columns[column].rank).max().unwrap_or(0);
            if last == 0 {
                return self.stacked(layout);
            }
            shown.retain(|&column| self.columns[column].rank < last);
        }
    }

    /// Text of a cell, with `*` or the place for it where colors cannot accent it.
    fn marked(&self, row: usize, column: usize, layout: Layout) -> String {
        let text = &self.rows[row][column];
        if layout.colors || !self.accents.iter().any(|(_, accented)| *accented == column) {
            return text.clone();
        }
        let mark = if self.accents.contains(&(row, column)) { "*" } else { " " };
        format!("{text} {mark}")
    }

    /// Widths of the columns `shown`.
    fn widths(&self, shown: &[usize], cell: &impl Fn(usize, usize) -> String) -> Vec<usize> {
        let width = |&column: &usize| {
            let cells = (0..self.rows.len()).map(|row| cell(row, column).width());
            cells.max().unwrap_or(0).max(self.columns[column].name.width())
        };
        shown.iter().map(width).collect()
    }

    /// `text` filled with spaces to `width`, on the side that the column's alignment asks for.
    fn padded(&self, text: &str, column: usize, width: usize) -> String {
        let space = " ".repeat(width.saturating_sub(text.width()));
        if self.columns[column].right { format!("{space}{text}") } else { format!("{text}{space}") }
    }

    fn bordered(
        &self,
        shown: &[usize],
        widths: &[usize],
        cell: &impl Fn(usize, usize) -> String,
        layout: Layout,
    ) -> String {
        let inner = widths.iter().sum::<usize>() + 3 * widths.len().saturating_sub(1) + 2;
        let edge = |[left, fill, right]: [&str; 3]| format!("{left}{}{right}\n", fill.repeat(inner));
        let columns = || shown.iter().zip(widths);
        let names = columns().map(|(&c, &width)| self.padded(&self.columns[c].name, c, width));
        let mut out = edge(["┌", "─", "┐"]);
        let _ = writeln!(out, "│ {} │", names.collect::<Vec<_>>().join("   "));
        out.push_str(&edge(["╞", "═", "╡"]));
        for row in 0..self.rows.len() {
            let cells = columns().map(|(&c, &width)| {
                let text = self.padded(&cell(row, c), c, width);
                match layout.colors && self.accents.contains(&(row, c)) {
                    true => format!("\x1b[1;32m{text}\x1b[0m"),
                    false => text,
                }
            });
            let _ = writeln!(out, "│ {} │", cells.collect::<Vec<_>>().join("   "));
        }
        out.push_str(&edge(["└", "─", "┘"]));
        out
    }

    /// Last line: the names of the columns that are not `shown`; empty if all are.
    fn note(&self, shown: &[usize], layout: Layout) -> String {
        let hidden = (0..self.columns.len()).filter(|column| !shown.contains(column));
        let names: Vec<&str> = hidden.map(|column| self.columns[column].name.as_str()).collect();
        match names.is_empty() {
            true => String::new(),
            false => {
                wrapped(&format!("Hidden columns: {}. --wide shows all.\n", names.join(", ")), 2, layout)
            }
        }
    }

    /// Every row as a block of lines with the names and the texts of its cells.
    fn stacked(&self, layout: Layout) -> String {
        let block = |row: usize| {
            let filled = (0..self.columns.len()).filter(|&column| !self.rows[row][column].is_empty());
            let lines = filled
                .map(|c| [self.columns[c].name.clone(), self.marked(row, c, layout).trim_end().to_owned()]);
            list(lines, layout)
        };
        (0..self.rows.len()).map(block).collect::<Vec<_>>().join("\n")
    }
}

/// Least width for the wrapped last column of a [`list`].
const NARROWEST: usize = 24;

/// Columns without borders. The last column is wrapped between words; where it would become narrower than 24 columns,
/// the cells of a row stand one below the other instead.
pub(crate) fn list<const N: usize>(rows: impl IntoIterator<Item = [String; N]>, layout: Layout) -> String {
    let rows: Vec<[String; N]> = rows.into_iter().collect();
    let last = N.saturating_sub(1);
    let width_of = |text: &str| text.lines().map(UnicodeWidthStr::width).max().unwrap_or(0);
    let width = |column: usize| rows.iter().map(|row| width_of(&row[column])).max().unwrap_or(0);
    let widths: Vec<usize> = (0..last).map(width).collect();
    let before: usize = widths.iter().map(|width| width + 2).sum();
    let mut out = String::new();
    if !layout.fits(before + width(last).min(NARROWEST)) {
        for row in &rows {
            for (column, cell) in row.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
                let indent = if column == 0 { 0 } else { 2 };
                for line in cell
                    .lines()
                    .flat_map(|line| lines_of(line, layout.width.map(|w| w.saturating_sub(indent))))
                {
                    let _ = writeln!(out, "{:indent$}{line}", "");
                }
            }
        }
        return out;
    }
    for row in &rows {
        let cells: Vec<Vec<String>> = (0..N)
            .map(|column| match column == last {
                true => row[column]
                    .lines()
                    .flat_map(|line| lines_of(line, layout.width.map(|w| w - before)))
                    .collect(),
                false => row[column].lines().map(str::to_owned).collect(),
            })
            .collect();
        for line in 0..cells.iter().map(Vec::len).max().unwrap_or(0).max(1) {
            let mut text = String::new();
            for (column, lines) in cells.iter().enumerate() {
                let cell = lines.get(line).map_or("", String::as_str);
                let space = widths.get(column).map_or(0, |width| width + 2 - cell.width());
                let _ = write!(text, "{cell}{:space$}", "");
            }
            let _ = writeln!(out, "{}", text.trim_end());
        }
    }
    out
}

/// Lines of `text`, wrapped between words to the width of `layout`; continued lines are indented by `indent`.
pub(crate) fn wrapped(text: &str, indent: usize, layout: Layout) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let own = line.len() - line.trim_start().len();
        let Some(width) = layout.width.filter(|width| line.width() > *width) else {
            let _ = writeln!(out, "{line}");
            continue;
        };
        let indent = (own + indent).min(width / 2);
        for (i, part) in lines_of(line.trim_start(), Some(width - indent)).iter().enumerate() {
            let _ =
                writeln!(out, "{:space$}{part}", "", space = if i == 0 { own.min(indent) } else { indent });
        }
    }
    out
}

/// `line` cut between words into lines of at most `width` columns; a word that is longer is cut. An empty line stays.
fn lines_of(line: &str, width: Option<usize>) -> Vec<String> {
    let Some(width) = width.map(|width| width.max(1)).filter(|width| line.width() > *width) else {
        return vec![line.to_owned()];
    };
    let (mut out, mut now) = (Vec::new(), String::new());
    for word in line.split(' ') {
        if !now.is_empty() && now.width() + 1 + word.width() > width {
            out.push(std::mem::take(&mut now));
        } else if !now.is_empty() {
            now.push(' ');
        }
        for glyph in word.chars() {
            now.push(glyph);
            if now.width() > width {
                now.pop();
                out.push(std::mem::replace(&mut now, glyph.to_string()));
            }
        }
    }
    out.push(now);
    out.iter().map(|line| line.trim_end().to_owned()).collect()
}

#[cfg(test)]
mod tests;
