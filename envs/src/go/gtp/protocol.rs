//! Lines of the Go Text Protocol: commands and responses; no game logic.
//!
//! * **Source**: G. Farnebäck, *Specification of the Go Text Protocol, version 2, draft 2* (2002), sections 2 and 3.
//! * A command is `[id] name [arguments]`; a response `=[id] text` or `?[id] message`, followed by an empty line.

use std::io::{self, BufRead, Write};

/// GTP command: one line of input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Id: the number that the response repeats.
    pub id: Option<u32>,
    /// Name of the command.
    pub name: String,
    /// Rest of the line, split at white space.
    pub arguments: Vec<String>,
    /// Rest of the line as it was sent, such as a path with spaces, without white space at both ends.
    pub rest: String,
}

/// Response: the text of a success, or the message of a failure.
pub type Response = Result<String, String>;

/// Largest id that the GTP specification allows.
const MAX_ID: u32 = (1 << 31) - 1;

impl Command {
    /// Parses a line: control characters and a byte order mark are dropped, a tab counts as a space, `#` begins a
    /// comment. `None` for an empty line.
    pub fn parse(line: &str) -> Option<Command> {
        let line =
            line.trim_start_matches('\u{feff}').split('#').next().unwrap_or_default().replace('\t', " ");
        let line: String = line.chars().filter(|c| !c.is_ascii_control()).collect();
        let (first, after_first) = split_word(&line);
        let is_number = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit());
        let id = if is_number { first.parse().ok().filter(|&id| id <= MAX_ID) } else { None };
        // A number alone is a command with an empty name, answered as unknown.
        let (name, rest) = if id.is_some() { split_word(after_first) } else { (first, after_first) };
        if id.is_none() && name.is_empty() {
            return None;
        }
        let arguments = rest.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        Some(Command { id, name: name.to_owned(), arguments, rest: rest.trim().to_owned() })
    }
}

impl Command {
    /// Whether this is the command `name`, in lower or upper case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// First word of `line`, and the text after it.
fn split_word(line: &str) -> (&str, &str) {
    let line = line.trim_start_matches(' ');
    line.split_once(' ').unwrap_or((line, ""))
}

/// Maximum length of a line, bytes. The longest line that GTP needs names all points of a board.
pub const MAX_LINE: usize = 1 << 16;

/// Line of an input, without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Line with invalid UTF-8 replaced.
    Text(String),
    /// First [`MAX_LINE`] bytes of a longer line. The rest is skipped when the next line is read.
    TooLong(String),
}

/// Reader of lines that end with LF, CR LF, or CR. It never keeps more than [`MAX_LINE`] bytes.
///
/// GTP discards CR. A CR ends a line only as long as the input has no LF, as with a program that sends CR alone.
pub struct LineReader<R> {
    input: R,
    /// Whether the input has contained LF.
    has_lf: bool,
    /// Number of next bytes that are known to contain no LF.
    without_lf: usize,
    /// Whether the last line ended with CR, so that a following LF belongs to it.
    after_cr: bool,
    /// Whether the rest of a line that was too long is still to be skipped.
    skipping: bool,
}

impl<R: BufRead> LineReader<R> {
    /// Reader of the lines of `input`.
    pub fn new(input: R) -> Self {
        LineReader { input, has_lf: false, without_lf: 0, after_cr: false, skipping: false }
    }

    /// Next line; `None` at the end of the input.
    ///
    /// # Errors
    /// Read errors of the input.
    pub fn next_line(&mut self) -> io::Result<Option<Line>> {
        let mut line = Vec::new();
        let mut read = false;
        loop {
            let chunk = match self.input.fill_buf() {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                chunk => chunk?,
            };
            let Some(&first) = chunk.first() else {
                return Ok(read.then(|| Line::Text(text(&line))));
            };
            if std::mem::take(&mut self.after_cr) && first == b'\n' {
                self.has_lf = true;
                self.without_lf = self.without_lf.saturating_sub(1);
                self.input.consume(1);
                continue;
            }
            if !self.has_lf && self.without_lf == 0 {
                self.has_lf = chunk.contains(&b'\n');
                self.without_lf = chunk.len();
            }
            let is_end = |&byte: &u8| byte == b'\n' || (byte == b'\r' && !self.has_lf);
            let end = chunk.iter().position(is_end);
            let part = &chunk[..end.unwrap_or(chunk.len())];
            let fits = part.len().min(MAX_LINE.saturating_sub(line.len()));
            if !self.skipping {
                read = true;
                line.extend_from_slice(&part[..fits]);
            }
            let too_long = !self.skipping && fits < part.len();
            let used = if too_long { fits } else { part.len() + usize::from(end.is_some()) };
            self.after_cr = !too_long && end.is_some_and(|end| chunk[end] == b'\r');
            self.without_lf = self.without_lf.saturating_sub(used);
            self.input.consume(used);
            if too_long {
                self.skipping = true;
                return Ok(Some(Line::TooLong(text(&line))));
            }
            if end.is_some() && !std::mem::take(&mut self.skipping) {
                return Ok(Some(Line::Text(text(&line))));
            }
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Writes the response to the command with the id `id`.
///
/// # Errors
/// Write errors of `output`.
pub fn write_response(output: &mut impl Write, id: Option<u32>, response: &Response) -> io::Result<()> {
    let (sign, text) = match response {
        Ok(text) => ('=', text),
        Err(message) => ('?', message),
    };
    let id = id.map(|id| id.to_string()).unwrap_or_default();
    writeln!(output, "{sign}{id} {}\n", body(text))?;
    output.flush()
}

/// `text` without control characters and without empty lines, which would end the response.
fn body(text: &str) -> String {
    let clean = |line: &str| line.chars().filter(|c| !c.is_ascii_control()).collect::<String>();
    let lines: Vec<String> = text.replace('\t', " ").lines().map(clean).collect();
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    let lines: Vec<&str> =
        lines.iter().enumerate().filter(|(i, l)| *i == 0 || !l.is_empty()).map(|(_, l)| *l).collect();
    lines.join("\n").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(line: &str) -> Option<(Option<u32>, String, String)> {
        Command::parse(line).map(|command| (command.id, command.name, command.arguments.join("|")))
    }

    fn written(id: Option<u32>, response: &Response) -> String {
        let mut out = Vec::new();
        write_response(&mut out, id, response).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn commands_are_read_as_specified() {
        let is = |id: Option<u32>, name: &str, arguments: &str| Some((id, name.into(), arguments.into()));
        assert_eq!(parsed("12 play black\tD4\r\n"), is(Some(12), "play", "black|D4"));
        assert_eq!(parsed("  genmove   w # think\n"), is(None, "genmove", "w"));
        assert_eq!(parsed("na\u{7}me\u{1b}"), is(None, "name", ""));
        assert_eq!(parsed("2147483647 name"), is(Some(2_147_483_647), "name", ""));
        assert_eq!(parsed("2147483648 name"), is(None, "2147483648", "name"));
        assert_eq!(parsed("7"), is(Some(7), "", ""));
        for nothing in ["", "\n", " \t\r\n", "# only a comment"] {
            assert_eq!(parsed(nothing), None);
        }
    }

    #[test]
    fn answers_are_written_as_specified() {
        assert_eq!(written(None, &Ok(String::new())), "= \n\n");
        assert_eq!(written(Some(3), &Ok("2".into())), "=3 2\n\n");
        assert_eq!(written(Some(0), &Err("unknown command".into())), "?0 unknown command\n\n");
        assert_eq!(written(None, &Ok("\na\n\n\nb\r\n\n".into())), "= \na\nb\n\n");
    }

    fn lines(input: &[u8], chunk: usize) -> Vec<Line> {
        let mut reader = LineReader::new(io::BufReader::with_capacity(chunk, input));
        std::iter::from_fn(|| reader.next_line().unwrap()).collect()
    }

    #[test]
    fn lines_end_with_lf_or_cr_or_both() {
        let is = |lines: &[&str]| lines.iter().map(|&line| Line::Text(line.into())).collect::<Vec<_>>();
        for input in ["= a\nb\n\n= c", "= a\rb\r\r= c"] {
            for chunk in 1..9 {
                assert_eq!(lines(input.as_bytes(), chunk), is(&["= a", "b", "", "= c"]), "{input:?} {chunk}");
            }
        }
        // CR LF: the CR is part of the line, and discarded when the line is parsed.
        assert_eq!(lines(b"= a\r\nb\r\n\r\n", 64), is(&["= a\r", "b\r", "\r"]));
        assert_eq!(lines(b"\xffa\n", 64), is(&["\u{fffd}a"]));
        assert!(lines(b"", 64).is_empty());
    }

    #[test]
    fn long_lines_are_cut_and_skipped() {
        let input = ["12 name ".as_bytes(), &vec![b'x'; 3 * MAX_LINE], b"\nnext\n"].concat();
        let lines = lines(&input, 1000);
        assert!(
            matches!(&lines[0], Line::TooLong(text) if text.len() == MAX_LINE && text.starts_with("12 "))
        );
        assert_eq!(lines[1..], [Line::Text("next".into())]);
        assert_eq!(super::tests::lines(&vec![b'x'; MAX_LINE], 1000).len(), 1);
    }

    #[test]
    fn the_rest_of_a_line_keeps_its_spaces() {
        let rest = |line: &str| Command::parse(line).unwrap().rest;
        assert_eq!(rest("7 loadsgf  my  games/a b.sgf 3 \r\n"), "my  games/a b.sgf 3");
        assert_eq!((rest("loadsgf"), rest("12 2 x")), (String::new(), "x".into()));
        assert_eq!(Command::parse("\u{feff}name\n").unwrap().name, "name");
    }

    proptest! {
        #[test]
        fn any_line_is_read(line in "\\PC*|[\\x00-\\x7f]*") {
            let _ = Command::parse(&line);
        }

        /// Every response has exactly one end.
        #[test]
        fn an_answer_ends_once(text in "[a-c \t\n\r\\x00]{0,30}", id in proptest::option::of(0..=MAX_ID)) {
            let all = written(id, &Ok(text));
            prop_assert!(all.ends_with("\n\n"));
            prop_assert_eq!(all.matches("\n\n").count(), 1);
        }
    }
}
