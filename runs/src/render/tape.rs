//! Terminal recordings as input: asciicast v2 and v3, played by a terminal without a window (crate `vt100`).

use std::num::NonZeroU16;
use std::path::Path;

use freewheel_core::input::{lines, read_text};
use freewheel_core::{Error, Result};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use serde_json::Value;

/// Largest number of columns and rows.
const MOST: (u16, u16) = (500, 300);
/// Longest time of a recording, s: a day.
const LONGEST: f64 = 86_400.0;

/// Terminal recording that has been read.
#[derive(Debug)]
pub struct Tape {
    /// Title, if the file has one.
    pub(crate) title: Option<String>,
    /// Columns and rows at the start.
    start: (u16, u16),
    /// Events with their times since the start, s, in their order.
    events: Vec<(f64, Event)>,
    /// Time of the last event, s.
    end: f64,
}

#[derive(Debug)]
enum Event {
    Output(String),
    Resize(u16, u16),
}

impl Tape {
    /// Recording in `file`, plain or gzipped.
    ///
    /// # Errors
    /// Those of [`read_text`]; [`Error::Input`] with the line that is not one of an asciicast.
    pub fn open(file: &Path) -> Result<Self> {
        Tape::read(&read_text(file)?, file)
    }

    /// Recording with the content `text` of `file`.
    ///
    /// # Errors
    /// [`Error::Input`] with the line that is not one of an asciicast, or whose size or time is out of range.
    pub(crate) fn read(text: &str, file: &Path) -> Result<Self> {
        let wrong =
            |line: usize, message: String| Error::Input { file: file.to_owned(), line, column: 1, message };
        let mut lines = lines(text).filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
        let head = lines.next().and_then(|(_, line)| serde_json::from_str::<Value>(line).ok());
        let version = head.as_ref().and_then(|head| head["version"].as_u64());
        let (Some(head), Some(version @ 2..=3)) = (head, version) else {
            let message =
                "not a terminal recording: the first line must be the header of an asciicast, version 2 or 3";
            return Err(wrong(1, message.into()));
        };
        let size = match version {
            2 => (&head["width"], &head["height"]),
            _ => (&head["term"]["cols"], &head["term"]["rows"]),
        };
        let start = size_of(size.0.as_u64(), size.1.as_u64()).map_err(|message| wrong(1, message))?;
        // Whole microseconds, so that the errors of rounding do not add up.
        let (mut events, mut micros, mut now) = (Vec::new(), 0, 0.0);
        for (number, line) in lines {
            let event: Option<(f64, String, String)> = serde_json::from_str(line).ok();
            let Some((time, code, data)) = event else {
                return Err(wrong(number, "must be an event: [time, \"o\", \"text\"]".into()));
            };
            let part = (time.clamp(0.0, 2.0 * LONGEST) * 1e6).round() as u64;
            micros = if version == 2 { part.max(micros) } else { micros + part };
            now = micros as f64 / 1e6;
            if now > LONGEST {
                return Err(wrong(number, format!("the time must be at most {LONGEST} s")));
            }
            match code.as_str() {
                "o" => events.push((now, Event::Output(data))),
                "r" => {
                    let (columns, rows) = data.split_once('x').unwrap_or_default();
                    let size = size_of(columns.parse().ok(), rows.parse().ok());
                    let (columns, rows) = size.map_err(|message| wrong(number, message))?;
                    events.push((now, Event::Resize(columns, rows)));
                }
                // Input, markers and the exit code change no screen.
                _ => {}
            }
        }
        let title = head["title"].as_str().map(str::to_owned);
        Ok(Tape { title, start, events, end: now })
    }

    /// Text of the last screen, without colors.
    ///
    /// # Errors
    /// None of its own.
    pub fn last_text(&self) -> Result<String> {
        let mut text = String::new();
        self.play([self.end], |_, screen| {
            text = super::plain_lines(screen);
            Ok(())
        })?;
        Ok(text)
    }

    /// Time of the last event, s.
    pub fn end(&self) -> f64 {
        self.end
    }

    /// Largest number of columns and of rows: the size of all screens.
    fn size(&self) -> (u16, u16) {
        self.events.iter().fold(self.start, |most, (_, event)| match event {
            Event::Resize(columns, rows) => (most.0.max(*columns), most.1.max(*rows)),
            Event::Output(_) => most,
        })
    }

    /// Calls `show` with each of the `times`, which increase, in s, and with the screen at that time.
    ///
    /// # Errors
    /// Those of `show`.
    pub(crate) fn play(
        &self,
        times: impl IntoIterator<Item = f64>,
        mut show: impl FnMut(f64, &Buffer) -> Result<()>,
    ) -> Result<()> {
        let one = |size: u16| NonZeroU16::new(size).unwrap_or(NonZeroU16::MIN);
        let mut terminal = vt100::Parser::new(one(self.start.1), one(self.start.0), 0);
        let (columns, rows) = self.size();
        let mut screen = Buffer::empty(Rect::new(0, 0, columns, rows));
        let mut events = self.events.iter().peekable();
        let mut changed = false;
        for time in times {
            while let Some((_, event)) = events.next_if(|(at, _)| *at <= time) {
                match event {
                    Event::Output(text) => terminal.process(text.as_bytes()),
                    Event::Resize(columns, rows) => terminal.set_size(one(*rows), one(*columns)),
                }
                changed = true;
            }
            if std::mem::take(&mut changed) {
                copy(terminal.screen(), &mut screen);
            }
            show(time, &screen)?;
        }
        Ok(())
    }
}

/// Size in its range.
///
/// # Errors
/// Message with the range.
fn size_of(columns: Option<u64>, rows: Option<u64>) -> std::result::Result<(u16, u16), String> {
    let within = |size: Option<u64>, most: u16| {
        size.and_then(|size| u16::try_from(size).ok()).filter(|size| (1..=most).contains(size))
    };
    match (within(columns, MOST.0), within(rows, MOST.1)) {
        (Some(columns), Some(rows)) => Ok((columns, rows)),
        _ => Err(format!("the size must be columns and rows from 1 x 1 to {} x {}", MOST.0, MOST.1)),
    }
}

/// Copies the cells of a terminal; cells beyond its size are blank.
fn copy(from: &vt100::Screen, to: &mut Buffer) {
    to.reset();
    let color = |color: vt100::Color| match color {
        vt100::Color::Default => Color::Reset,
        vt100::Color::Idx(index) => Color::Indexed(index),
        vt100::Color::Rgb(r, g, b) => Color::Rgb(r, g, b),
    };
    for y in 0..to.area.height {
        for x in 0..to.area.width {
            let Some(cell) = from.cell(y, x) else { continue };
            let Some(out) = to.cell_mut((x, y)) else { continue };
            let text = if cell.has_contents() { cell.contents() } else { " " };
            let mut modifier = Modifier::empty();
            modifier.set(Modifier::BOLD, cell.bold());
            modifier.set(Modifier::DIM, cell.dim());
            modifier.set(Modifier::ITALIC, cell.italic());
            modifier.set(Modifier::UNDERLINED, cell.underline());
            modifier.set(Modifier::REVERSED, cell.inverse());
            let mut copied = Cell::default();
            copied.set_symbol(text);
            (copied.fg, copied.bg, copied.modifier) =
                (color(cell.fgcolor()), color(cell.bgcolor()), modifier);
            *out = copied;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::style::Style;

    use super::*;
    use crate::render::{Cast, plain_lines};

    fn read(text: &str) -> Result<Tape> {
        Tape::read(text, Path::new("a.cast"))
    }

    /// Screens at these times.
    fn screens(tape: &Tape, times: &[f64]) -> Vec<Buffer> {
        let mut all = Vec::new();
        tape.play(times.iter().copied(), |_, screen| {
            all.push(screen.clone());
            Ok(())
        })
        .unwrap();
        all
    }

    #[test]
    fn what_was_recorded_is_played() {
        let mut first = Buffer::empty(Rect::new(0, 0, 12, 3));
        first.set_string(2, 1, "bold ⣿█", Style::new().fg(Color::Rgb(9, 8, 7)).add_modifier(Modifier::BOLD));
        let mut second = first.clone();
        second.set_string(
            0,
            2,
            "last row end",
            Style::new().bg(Color::Indexed(60)).add_modifier(Modifier::REVERSED),
        );
        let mut cast = Cast::new("a title", 12, 3);
        cast.push(0.0, first.clone());
        cast.push(1.5, second.clone());
        let tape = read(&cast.finish(4.0)).unwrap();
        assert_eq!((tape.title.as_deref(), tape.end()), (Some("a title"), 4.0));
        // The color of a blank is not written, because it cannot be seen.
        let seen = |mut screen: Buffer| {
            for cell in
                screen.content.iter_mut().filter(|cell| cell.symbol() == " " && cell.modifier.is_empty())
            {
                cell.fg = Color::Reset;
            }
            screen
        };
        let shown = screens(&tape, &[0.0, 1.4, 1.5, 9.0]).into_iter().map(seen).collect::<Vec<_>>();
        assert_eq!(shown, [first.clone(), first, second.clone(), second]);
    }

    #[test]
    fn a_change_of_the_size_is_played_on_the_largest_screen() {
        let mut cast = Cast::new("", 4, 2);
        cast.push(0.0, Buffer::with_lines(["abcd", "efgh"]));
        cast.push(1.0, Buffer::with_lines(["xyz", "uvw", "rst"]));
        let shown = screens(&read(&cast.finish(2.0)).unwrap(), &[0.0, 1.0]);
        assert_eq!(shown.iter().map(plain_lines).collect::<Vec<_>>(), ["abcd\nefgh\n\n", "xyz\nuvw\nrst\n"]);
    }

    #[test]
    fn times_of_version_two_are_absolute() {
        let text = "{\"version\":2,\"width\":3,\"height\":1}\n[0.5,\"o\",\"a\"]\n[0.7,\"i\",\"x\"]\n[1,\"o\",\"b\"]\n";
        let tape = read(text).unwrap();
        assert_eq!(tape.end(), 1.0);
        let shown = screens(&tape, &[0.4, 0.6, 1.0]);
        assert_eq!(shown.iter().map(plain_lines).collect::<Vec<_>>(), ["\n", "a\n", "ab\n"]);
    }

    /// A recording as other programs write it: byte order mark, other line ends, ^Z or NUL at the end.
    #[test]
    fn files_as_others_write_them() {
        let text = "{\"version\":2,\"width\":3,\"height\":1}\n[0.5,\"o\",\"a\"]\n[1,\"o\",\"b\"]\n";
        let (folder, windows) = (tempfile::tempdir().unwrap(), text.replace('\n', "\r\n"));
        let file = folder.path().join("a.cast");
        for changed in [
            format!("\u{feff}{text}"),
            windows.clone(),
            text.replace('\n', "\r"),
            format!("{windows}\x1a"),
            format!("{text}\0"),
        ] {
            std::fs::write(&file, &changed).unwrap();
            let tape = Tape::open(&file).unwrap();
            assert_eq!((tape.end(), &*tape.last_text().unwrap()), (1.0, "ab\n"), "{changed:?}");
        }
        let head = "{\"version\":2,\"width\":3,\"height\":1}";
        std::fs::write(&file, format!("\u{feff}\r\n# a comment\r\n{head}\r\n[1]\r\n")).unwrap();
        assert!(Tape::open(&file).unwrap_err().to_string().contains("a.cast:4:1: must be an event"));
    }

    #[test]
    fn wrong_lines_are_named() {
        let head = "{\"version\":3,\"term\":{\"cols\":80,\"rows\":24}}\n";
        for (text, line, part) in [
            ("", 1, "header"),
            ("{\"version\":1}", 1, "version 2 or 3"),
            ("{\"version\":3,\"term\":{\"cols\":65000,\"rows\":24}}", 1, "500 x 300"),
            (&format!("{head}# a comment\n\n[0.1,\"o\"]\n"), 4, "must be an event"),
            (&format!("{head}[0.1,\"r\",\"0x7\"]\n"), 2, "1 x 1"),
            (&format!("{head}[1,\"o\",\"a\"]\n[1e300,\"o\",\"a\"]\n"), 3, "86400 s"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("a.cast:{line}:1: ")) && error.contains(part), "{error}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_output_of_a_program_panics(parts in prop::collection::vec(any::<String>(), 0..20), columns in 1..9u16) {
            let event = |data: &String| format!("{}\n", serde_json::json!([0.1, "o", format!("\u{1b}[{data}")]));
            let events: String = parts.iter().map(event).collect();
            let head = format!("{{\"version\":3,\"term\":{{\"cols\":{columns},\"rows\":2}}}}\n");
            screens(&read(&(head + &events)).unwrap(), &[0.0, 0.5, 9.0]);
        }
    }
}
