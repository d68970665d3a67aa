//! Terminal recordings in the format asciicast v3 (<https://docs.asciinema.org/manual/asciicast/v3/>): a header, and
//! one line for each screen with the time since the line before, and one for each change of the size.

use std::fmt::Write;

use ratatui::buffer::Buffer;
use ratatui::text::Span;
use serde_json::json;

use super::ansi::{self, PLAIN};

/// Recording in the making. It has no times of the machine, so that the same screens give the same bytes.
pub(crate) struct Cast {
    out: String,
    last: Option<Buffer>,
    /// Time of the last line in milliseconds.
    time: u64,
}

impl Cast {
    /// Recording with this title, without screens.
    pub(crate) fn new(title: &str, columns: u16, rows: u16) -> Self {
        let term = json!({ "cols": columns, "rows": rows, "type": "xterm-256color" });
        let header = json!({ "version": 3, "term": term, "title": title });
        Cast { out: format!("{header}\n"), last: None, time: 0 }
    }

    /// Adds a screen that is shown from `time` on, in s.
    pub(crate) fn push(&mut self, time: f64, screen: Buffer) {
        if self.last.as_ref().is_some_and(|last| last.area != screen.area) {
            self.event(time, "r", &format!("{}x{}", screen.area.width, screen.area.height));
            self.last = None;
        }
        let changes = match &self.last {
            // The cursor is hidden and the screen cleared.
            None => format!("\u{1b}[?25l\u{1b}[2J{}", changes(None, &screen)),
            Some(last) => changes(Some(last), &screen),
        };
        if !changes.is_empty() {
            self.event(time, "o", &changes);
        }
        self.last = Some(screen);
    }

    /// The file; the last screen is shown until the time `end`.
    pub(crate) fn finish(mut self, end: f64) -> String {
        self.event(end, "o", "\u{1b}[0m\u{1b}[?25h");
        self.out
    }

    fn event(&mut self, time: f64, code: &str, data: &str) {
        // Whole milliseconds, so that the errors of rounding do not add up.
        let time = ((1000.0 * time).round() as u64).max(self.time);
        let interval = (time - self.time) as f64 / 1000.0;
        self.time = time;
        let _ = writeln!(self.out, "{}", json!([interval, code, data]));
    }
}

/// Text that changes the screen `before`, or an empty one, to `after`.
fn changes(before: Option<&Buffer>, after: &Buffer) -> String {
    let mut out = String::new();
    let width = usize::from(after.area.width.max(1));
    let mut now = None;
    // Position after the last written character.
    let mut cursor = None;
    let (was_covered, is_covered) = (before.map(covered).unwrap_or_default(), covered(after));
    for (at, cell) in after.content.iter().enumerate() {
        // What a wide character covered is blank when the character goes.
        let was_covered = was_covered.get(at).is_some_and(|was| *was);
        let same = before.is_some_and(|before| before.content.get(at) == Some(cell));
        if is_covered[at] || (same && !was_covered) {
            continue;
        }
        if cursor != Some(at) {
            let _ = write!(out, "\u{1b}[{};{}H", at / width + 1, at % width + 1);
        }
        let mut style = ansi::style(cell);
        if let Some((fg, _, _)) = now
            && matches!(cell.symbol(), " " | "")
            && style.2.is_empty()
        {
            // The color of a character that cannot be seen need not change.
            style.0 = fg;
        }
        if now != Some(style) {
            out.push_str(&now.map_or_else(|| ansi::sequence(style), |now| ansi::change(now, style)));
            now = Some(style);
        }
        out.push_str(if cell.symbol().is_empty() { " " } else { cell.symbol() });
        // At the end of a row, terminals differ in the position of the cursor.
        let next = at + Span::raw(cell.symbol()).width().max(1);
        cursor = Some(next).filter(|next| next % width != 0);
    }
    if now.is_some_and(|style| style != PLAIN) {
        out.push_str(&ansi::sequence(PLAIN));
    }
    out
}

/// Cells that the wide characters of `screen` cover, beside their own cells.
fn covered(screen: &Buffer) -> Vec<bool> {
    let mut all = vec![false; screen.content.len()];
    for row in 0..usize::from(screen.area.height) {
        let width = usize::from(screen.area.width);
        let mut x = 0;
        while x < width {
            let wide = Span::raw(screen.content[row * width + x].symbol()).width().max(1);
            all[row * width + x + 1..row * width + (x + wide).min(width)].fill(true);
            x += wide;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::{Color, Style};
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_screen_of_another_size_is_drawn_anew() {
        let mut cast = Cast::new("", 3, 1);
        cast.push(0.0, Buffer::with_lines(["abc"]));
        cast.push(0.5, Buffer::with_lines(["abcd", "e"]));
        let text = cast.finish(1.0);
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines[2], json!([0.5, "r", "4x2"]));
        assert!(lines[3][2].as_str().is_some_and(|data| data.contains("[2J") && data.contains("abcd")));
    }

    #[test]
    fn wide_characters_take_two_columns() {
        let mut screen = Buffer::with_lines(["가나다 "]);
        let mut cast = Cast::new("", 7, 1);
        cast.push(0.0, screen.clone());
        // The second column of the first character shows what was hidden below it.
        screen[(0, 0)].set_symbol("a");
        cast.push(0.5, screen);
        let text = cast.finish(1.0);
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(lines[1][2].as_str().is_some_and(|data| data.contains("가나다 ")), "{}", lines[1]);
        assert!(lines[2][2].as_str().is_some_and(|data| data.contains("a ") && !data.contains('나')));
    }

    #[test]
    fn lines_are_json_with_relative_times() {
        let mut screen = Buffer::empty(Rect::new(0, 0, 4, 2));
        let mut cast = Cast::new("a \"title\"", 4, 2);
        cast.push(0.0, screen.clone());
        screen.set_string(1, 1, "hi", Style::new().fg(Color::Rgb(9, 8, 7)));
        cast.push(0.1004, screen.clone());
        // An equal screen makes no line.
        cast.push(0.2, screen.clone());
        screen.set_string(1, 1, "j", Style::new());
        cast.push(0.3337, screen);
        let text = cast.finish(2.0);
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines[0]["version"], 3);
        assert_eq!((&lines[0]["term"]["cols"], &lines[0]["term"]["rows"]), (&json!(4), &json!(2)));
        assert_eq!(lines[0]["title"], "a \"title\"");
        let intervals: Vec<f64> = lines[1..].iter().map(|line| line[0].as_f64().unwrap()).collect();
        assert_eq!(intervals, [0.0, 0.1, 0.234, 1.666]);
        assert!(lines[1..].iter().all(|line| line[1] == "o"));
        assert_eq!(lines[2][2], "\u{1b}[2;2H\u{1b}[0;38;2;9;8;7mhi\u{1b}[0m");
        assert_eq!(lines[3][2], "\u{1b}[2;2H\u{1b}[0;38;2;9;8;7mj\u{1b}[0m");
    }
}
