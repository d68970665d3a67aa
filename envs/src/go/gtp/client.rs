//! Client side of GTP: another program, run as a child process.

use std::fmt;
use std::io::{BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::protocol::read_line;
use super::vertex;
use crate::go::players::PlayerAction;
use crate::go::rules::{Color, Point, Rules};

/// Number of last bytes of a program's standard error that are kept for error messages.
const STDERR_TAIL_BYTES: usize = 2000;

/// Time a program has to exit after `quit`.
const EXIT_TIMEOUT: Duration = Duration::from_millis(300);

/// Running program that speaks GTP. Dropping the client sends `quit`, and kills the program if it does not exit.
pub struct Client {
    program: String,
    limit: Duration,
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    stderr_tail: Arc<Mutex<Vec<u8>>>,
    /// Channel that is disconnected when the program closes its standard error.
    stderr_closed: Receiver<()>,
    last_id: u32,
}

impl fmt::Debug for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Client").field("program", &self.program).finish_non_exhaustive()
    }
}

impl Client {
    /// Starts the program of a command line such as `gnugo --mode gtp --level 1`, without a shell. `limit` is the
    /// time limit of each response.
    ///
    /// # Errors
    /// [`GtpError::InvalidCommandLine`], [`GtpError::SpawnFailed`].
    pub fn start(program: &str, limit: Duration) -> Result<Self, GtpError> {
        let invalid = || GtpError::InvalidCommandLine { program: program.to_owned() };
        let words = split_command_line(program).ok_or_else(invalid)?;
        let (name, arguments) = words.split_first().ok_or_else(invalid)?;
        let pipes = || Stdio::piped();
        let child = Command::new(name).args(arguments).stdin(pipes()).stdout(pipes()).stderr(pipes()).spawn();
        let mut child =
            child.map_err(|source| GtpError::SpawnFailed { program: program.to_owned(), source })?;
        let (sender, lines) = mpsc::channel();
        if let Some(output) = child.stdout.take() {
            std::thread::spawn(move || {
                let mut output = BufReader::new(output);
                while let Ok(Some(line)) = read_line(&mut output) {
                    if sender.send(line).is_err() {
                        break;
                    }
                }
            });
        }
        let stderr_tail = Arc::new(Mutex::new(Vec::new()));
        let (stderr_open, stderr_closed) = mpsc::channel();
        if let Some(errors) = child.stderr.take() {
            let tail = Arc::clone(&stderr_tail);
            std::thread::spawn(move || {
                let _stderr_open: Sender<()> = stderr_open;
                read_stderr(errors, &tail);
            });
        }
        let input = child.stdin.take();
        Ok(Client {
            program: program.to_owned(),
            limit,
            child,
            input,
            lines,
            stderr_tail,
            stderr_closed,
            last_id: 0,
        })
    }

    /// Command line of the program.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// Sends a command and returns the text of the response.
    ///
    /// # Errors
    /// [`GtpError::ErrorResponse`] for a response that begins with `?`. After any other error the client is unusable.
    pub fn send(&mut self, command: &str) -> Result<String, GtpError> {
        self.last_id += 1;
        let id = self.last_id;
        let line = format!("{id} {command}\n");
        let written =
            self.input.as_mut().map(|input| input.write_all(line.as_bytes()).and_then(|()| input.flush()));
        if !matches!(written, Some(Ok(()))) {
            return Err(self.exited(command));
        }
        let until = Instant::now() + self.limit;
        let first = loop {
            let line = self.line(command, until)?;
            // Some programs print text before a response, or more than one empty line after a response.
            if line.starts_with(['=', '?']) {
                break line;
            }
        };
        let mut response = first[1..].to_owned();
        loop {
            let line = self.line(command, until)?;
            if line.trim().is_empty() {
                break;
            }
            response.push_str(&line);
        }
        // A response begins with the id of the command and a space. Some programs omit the id.
        let digits = response.bytes().take_while(u8::is_ascii_digit).count();
        let (number, text) = response.split_at(digits);
        if !number.is_empty() && number.parse() != Ok(id) {
            return Err(self.invalid_response(command, first.trim()));
        }
        let text = text.trim().to_owned();
        if first.starts_with('?') {
            let (program, sent) = (self.program.clone(), command.to_owned());
            return Err(GtpError::ErrorResponse { program, sent, message: text });
        }
        Ok(text)
    }

    /// Sends `genmove`: the program chooses a move for `color` and plays it on its own board.
    ///
    /// # Errors
    /// Errors of [`Client::send`], and [`GtpError::InvalidResponse`] for a response that is not a vertex of this board.
    pub fn generate_move(&mut self, rules: &Rules, color: Color) -> Result<PlayerAction, GtpError> {
        let command = format!("genmove {}", vertex::color_name(color));
        let response = self.send(&command)?;
        if response.eq_ignore_ascii_case("resign") {
            return Ok(PlayerAction::Resign);
        }
        vertex::parse(rules, &response)
            .map(PlayerAction::Play)
            .ok_or_else(|| self.invalid_response(&command, &response))
    }

    /// Sends `play`: the program plays a move on its own board.
    ///
    /// # Errors
    /// Errors of [`Client::send`].
    pub fn play(&mut self, rules: &Rules, color: Color, point: Point) -> Result<(), GtpError> {
        self.send(&format!("play {} {}", vertex::color_name(color), vertex::name(rules, point))).map(|_| ())
    }

    /// Starts a game: sends the board size and the komi, and clears the board.
    ///
    /// # Errors
    /// Errors of [`Client::send`]; [`GtpError::ErrorResponse`] if the program does not support a rectangular board.
    pub fn begin(&mut self, rules: &Rules) -> Result<(), GtpError> {
        let size = match (rules.width, rules.height) {
            (width, height) if width == height => format!("boardsize {width}"),
            (width, height) => format!("rectangular_boardsize {width} {height}"),
        };
        for command in [size, "clear_board".into(), format!("komi {}", rules.komi)] {
            self.send(&command)?;
        }
        Ok(())
    }

    /// Next line of the program's output, line end included. Kills the program if the line is not complete at `until`.
    fn line(&mut self, sent: &str, until: Instant) -> Result<String, GtpError> {
        match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(line) => Ok(line),
            Err(RecvTimeoutError::Disconnected) => Err(self.exited(sent)),
            Err(RecvTimeoutError::Timeout) => {
                let _ = self.child.kill();
                let (program, sent) = (self.program.clone(), sent.to_owned());
                Err(GtpError::TimedOut { program, sent, limit: self.limit, stderr_tail: self.stderr_tail() })
            }
        }
    }

    fn invalid_response(&self, sent: &str, response: &str) -> GtpError {
        GtpError::InvalidResponse {
            program: self.program.clone(),
            sent: sent.to_owned(),
            response: response.to_owned(),
        }
    }

    fn exited(&mut self, sent: &str) -> GtpError {
        let status =
            self.wait_for_exit().map_or_else(|| "it closed its output".into(), |status| status.to_string());
        // The last lines of standard error may not have been read yet.
        let _ = self.stderr_closed.recv_timeout(EXIT_TIMEOUT);
        let (program, sent) = (self.program.clone(), sent.to_owned());
        GtpError::Exited { program, sent, status, stderr_tail: self.stderr_tail() }
    }

    /// Last part of the program's standard error, formatted for an error message.
    fn stderr_tail(&self) -> String {
        let tail = self.stderr_tail.lock().map(|tail| String::from_utf8_lossy(&tail).trim().to_owned());
        match tail {
            Ok(text) if !text.is_empty() => format!("; its standard error: {text}"),
            _ => String::new(),
        }
    }

    /// Waits up to [`EXIT_TIMEOUT`] for the program to exit.
    fn wait_for_exit(&mut self) -> Option<ExitStatus> {
        let until = Instant::now() + EXIT_TIMEOUT;
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            if Instant::now() >= until {
                return None;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(mut input) = self.input.take() {
            let _ = input.write_all(b"quit\n");
        }
        if self.wait_for_exit().is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Error of a program that speaks GTP. `program` is the command line of the program, `sent` the command that failed.
#[derive(Debug, thiserror::Error)]
pub enum GtpError {
    /// The command line contains no word, or a quote that is not closed.
    #[error("`{program}` is not a command line: it is empty, or a quote is not closed")]
    InvalidCommandLine {
        /// Command line of the program.
        program: String,
    },
    /// The program could not be started.
    #[error("`{program}` cannot be started: {source}; is it installed, and is its name correct?")]
    SpawnFailed {
        /// Command line of the program.
        program: String,
        /// Error of the operating system.
        source: std::io::Error,
    },
    /// The program exited.
    #[error("`{program}` exited ({status}) after the command `{sent}`{stderr_tail}")]
    Exited {
        /// Command line of the program.
        program: String,
        /// Command that was sent to the program.
        sent: String,
        /// Exit status of the program, if known.
        status: String,
        /// Last part of the program's standard error.
        stderr_tail: String,
    },
    /// The program did not respond in time, and was killed.
    #[error("`{program}` did not respond to `{sent}` within {limit:?} and was stopped{stderr_tail}")]
    TimedOut {
        /// Command line of the program.
        program: String,
        /// Command that was sent to the program.
        sent: String,
        /// Time limit of one response.
        limit: Duration,
        /// Last part of the program's standard error.
        stderr_tail: String,
    },
    /// The program answered with an error response (`?`).
    #[error("`{program}` answered `{sent}` with an error: {message}")]
    ErrorResponse {
        /// Command line of the program.
        program: String,
        /// Command that was sent to the program.
        sent: String,
        /// Message of the response.
        message: String,
    },
    /// The response is not valid for the command.
    #[error("`{program}` answered `{sent}` with `{response}`, which is not a valid response")]
    InvalidResponse {
        /// Command line of the program.
        program: String,
        /// Command that was sent to the program.
        sent: String,
        /// Response of the program.
        response: String,
    },
}

impl From<GtpError> for freewheel_core::Error {
    fn from(error: GtpError) -> Self {
        freewheel_core::Error::Unsupported(error.to_string())
    }
}

/// Reads a program's standard error to the end, so that the program never blocks, and keeps the last bytes in `tail`.
fn read_stderr(mut from: impl Read, tail: &Mutex<Vec<u8>>) {
    let mut chunk = [0; 1024];
    while let Ok(length @ 1..) = from.read(&mut chunk) {
        let Ok(mut tail) = tail.lock() else { return };
        tail.extend_from_slice(&chunk[..length]);
        let surplus = tail.len().saturating_sub(STDERR_TAIL_BYTES);
        tail.drain(..surplus);
    }
}

/// Splits a command line into words as a shell does: at white space; `'...'` and `"..."` keep words together; a
/// backslash escapes the next character, but not within `'...'`. `None` for a quote that is not closed, or if there is
/// no word.
fn split_command_line(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('\\', None | Some('"')) => word.get_or_insert_default().push(chars.next()?),
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    (quote.is_none() && !words.is_empty()).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: u64) -> Client {
        Client::start(&format!("sh -c '{script}'"), Duration::from_millis(limit)).unwrap()
    }

    #[test]
    fn answers_come_back() {
        let mut client = shell(
            r#"while read id command; do
            case "$command" in
                name) printf "hello\n\n=$id A\nB\n\n\n";;
                play*) printf "?$id illegal move\n\n";;
                genmove*) printf "= c3 \n\n";;
                quit) exit;;
                *) printf "=99 \n\n";;
            esac
        done"#,
            5000,
        );
        assert_eq!(client.send("name").unwrap(), "A\nB");
        let rules = Rules::tromp_taylor(5);
        let error = client.play(&rules, Color::White, 24).unwrap_err().to_string();
        assert!(error.ends_with("answered `play white E5` with an error: illegal move"), "{error}");
        assert_eq!(client.generate_move(&rules, Color::Black).unwrap(), PlayerAction::Play(12));
        assert!(matches!(
            client.generate_move(&Rules::tromp_taylor(2), Color::Black),
            Err(GtpError::InvalidResponse { .. })
        ));
        assert!(client.send("version").unwrap_err().to_string().contains("with `=99`"));
    }

    #[test]
    fn errors_name_the_program() {
        let limit = Duration::from_secs(5);
        assert!(Client::start("'x", limit).unwrap_err().to_string().contains("quote"));
        let error = Client::start("/no/such/program x", limit).unwrap_err().to_string();
        assert!(error.contains("`/no/such/program x` cannot be started"), "{error}");
        let error = shell("read line; echo oh no >&2; exit 3", 5000).send("name").unwrap_err().to_string();
        assert!(error.contains("exit status: 3") && error.contains("standard error: oh no"), "{error}");
        let error = shell("exec sleep 60", 50).send("genmove b").unwrap_err().to_string();
        assert!(error.contains("did not respond to `genmove b` within 50ms"), "{error}");
    }

    /// A program that writes more to standard error than a pipe holds does not block.
    #[test]
    fn standard_error_is_drained() {
        let mut client =
            shell("head -c 300000 /dev/zero | tr \"\\\\0\" x >&2; read line; printf \"= ok\\n\\n\"", 5000);
        assert_eq!(client.send("name").unwrap(), "ok");
        assert!(client.stderr_tail().len() <= STDERR_TAIL_BYTES + "; its standard error: ".len());
    }

    #[test]
    fn words_are_a_shells() {
        let is = |line: &str, words: &[&str]| assert_eq!(split_command_line(line).unwrap(), words, "{line}");
        is(" gnugo  --mode gtp ", &["gnugo", "--mode", "gtp"]);
        is(
            r#"'/my programs/go' -x "a 'b' \" c" d\ e '' f'g h'"#,
            &["/my programs/go", "-x", "a 'b' \" c", "d e", "", "fg h"],
        );
        for line in ["", "  ", "a 'b", "a \"b", "a \\"] {
            assert_eq!(split_command_line(line), None, "{line}");
        }
    }
}
