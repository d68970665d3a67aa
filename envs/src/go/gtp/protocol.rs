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
}

/// Response: the text of a success, or the message of a failure.
pub type Response = Result<String, String>;

/// Largest id that the GTP specification allows.
const MAX_ID: u32 = (1 << 31) - 1;

impl Command {
    /// Parses a line: control characters are dropped, a tab counts as a space, `#` begins a comment. `None` for an
    /// empty line.
    pub fn parse(line: &str) -> Option<Command> {
        let line = line.split('#').next().unwrap_or_default().replace('\t', " ");
        let line: String = line.chars().filter(|c| !c.is_ascii_control()).collect();
        let mut words = line.split(' ').filter(|word| !word.is_empty()).peekable();
        let is_number = |word: &&str| word.bytes().all(|byte| byte.is_ascii_digit());
        let id = words.peek().filter(|word| is_number(word)).and_then(|word| word.parse().ok());
        let id = id.filter(|&id| id <= MAX_ID);
        if id.is_some() {
            words.next();
        }
        // A number alone is a command with an empty name, answered as unknown.
        let name = words.next().map_or_else(|| id.map(|_| String::new()), |word| Some(word.to_owned()))?;
        Some(Command { id, name, arguments: words.map(str::to_owned).collect() })
    }
}

/// Next line of `input`, with invalid UTF-8 replaced; `None` at the end of the input.
///
/// # Errors
/// Read errors of `input`.
pub fn read_line(input: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    let length = input.read_until(b'\n', &mut bytes)?;
    Ok((length > 0).then(|| String::from_utf8_lossy(&bytes).into_owned()))
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
