//! Another program that speaks GTP, run as a child process.

use std::fmt;
use std::io::{BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::protocol::read_line;
use super::{vertex, words};
use crate::go::players::Turn;
use crate::go::rules::{Color, Point, Rules};

/// How much of a program's complaints is kept, in bytes.
const COMPLAINTS: usize = 2000;

/// How long a program may take to leave after `quit`.
const FAREWELL: Duration = Duration::from_millis(300);

/// What can go wrong with another program. `program` is its command line, `sent` the command that it did not answer well.
#[derive(Debug, thiserror::Error)]
pub enum GtpError {
    /// The command line has no words, or an open quote.
    #[error("`{program}` is no command line: it is empty, or a quote is not closed")]
    Unreadable {
        /// The command line.
        program: String,
    },
    /// It could not be started.
    #[error("`{program}` cannot be started: {source}; is it installed, and its name spelt well?")]
    NotStarted {
        /// The command line.
        program: String,
        /// The system's own words.
        source: std::io::Error,
    },
    /// It ended.
    #[error("`{program}` ended ({status}) when it was sent `{sent}`{complaints}")]
    Died {
        /// The command line.
        program: String,
        /// The command.
        sent: String,
        /// How it ended, where that is known.
        status: String,
        /// The end of what it wrote on standard error.
        complaints: String,
    },
    /// It did not answer in time, and was stopped.
    #[error("`{program}` did not answer `{sent}` within {limit:?} and was stopped{complaints}")]
    TimedOut {
        /// The command line.
        program: String,
        /// The command.
        sent: String,
        /// The time it had.
        limit: Duration,
        /// The end of what it wrote on standard error.
        complaints: String,
    },
    /// It answered `?`.
    #[error("`{program}` refuses `{sent}`: {message}")]
    Refused {
        /// The command line.
        program: String,
        /// The command.
        sent: String,
        /// Its message.
        message: String,
    },
    /// Its answer is not what the protocol asks for.
    #[error("`{program}` answers `{sent}` with `{answer}`, which is no answer to it")]
    Garbled {
        /// The command line.
        program: String,
        /// The command.
        sent: String,
        /// The answer.
        answer: String,
    },
}

impl From<GtpError> for freewheel_core::Error {
    fn from(error: GtpError) -> Self {
        freewheel_core::Error::Unsupported(error.to_string())
    }
}

/// A running program. It is asked to leave, and stopped if it does not, when this is dropped.
pub struct Client {
    program: String,
    limit: Duration,
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    complaints: Arc<Mutex<Vec<u8>>>,
    /// Closed when the program has said its last on standard error.
    silence: Receiver<()>,
    last_id: u32,
}

impl fmt::Debug for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Client").field("program", &self.program).finish_non_exhaustive()
    }
}

impl Client {
    /// Starts the program of a command line such as `gnugo --mode gtp --level 1`, without a shell. Each of its answers may take `limit`.
    ///
    /// # Errors
    /// [`GtpError::Unreadable`], [`GtpError::NotStarted`].
    pub fn start(program: &str, limit: Duration) -> Result<Self, GtpError> {
        let unreadable = || GtpError::Unreadable { program: program.to_owned() };
        let words = words::split(program).ok_or_else(unreadable)?;
        let (name, arguments) = words.split_first().ok_or_else(unreadable)?;
        let pipes = || Stdio::piped();
        let child = Command::new(name).args(arguments).stdin(pipes()).stdout(pipes()).stderr(pipes()).spawn();
        let mut child =
            child.map_err(|source| GtpError::NotStarted { program: program.to_owned(), source })?;
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
        let complaints = Arc::new(Mutex::new(Vec::new()));
        let (talking, silence) = mpsc::channel();
        if let Some(errors) = child.stderr.take() {
            let kept = Arc::clone(&complaints);
            std::thread::spawn(move || {
                let _talking: Sender<()> = talking;
                keep_last(errors, &kept);
            });
        }
        let input = child.stdin.take();
        Ok(Client {
            program: program.to_owned(),
            limit,
            child,
            input,
            lines,
            complaints,
            silence,
            last_id: 0,
        })
    }

    /// The command line.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// Sends a command, and gives the text of its answer.
    ///
    /// # Errors
    /// [`GtpError::Refused`] where the answer is `?`; after any other error the program is of no further use.
    pub fn send(&mut self, command: &str) -> Result<String, GtpError> {
        self.last_id += 1;
        let id = self.last_id;
        let line = format!("{id} {command}\n");
        let written =
            self.input.as_mut().map(|input| input.write_all(line.as_bytes()).and_then(|()| input.flush()));
        if !matches!(written, Some(Ok(()))) {
            return Err(self.died(command));
        }
        let until = Instant::now() + self.limit;
        let first = loop {
            let line = self.line(command, until)?;
            // Some programs talk before they answer, and some end their answers with more than one empty line.
            if line.starts_with(['=', '?']) {
                break line;
            }
        };
        let mut answer = first[1..].to_owned();
        loop {
            let line = self.line(command, until)?;
            if line.trim().is_empty() {
                break;
            }
            answer.push_str(&line);
        }
        // The id, then a space. Some programs leave the id out.
        let digits = answer.bytes().take_while(u8::is_ascii_digit).count();
        let (number, text) = answer.split_at(digits);
        if !number.is_empty() && number.parse() != Ok(id) {
            return Err(self.garbled(command, first.trim()));
        }
        let text = text.trim().to_owned();
        if first.starts_with('?') {
            let (program, sent) = (self.program.clone(), command.to_owned());
            return Err(GtpError::Refused { program, sent, message: text });
        }
        Ok(text)
    }

    /// Asks for a move of `color`, which the program makes on its own board too.
    ///
    /// # Errors
    /// As [`Client::send`], and [`GtpError::Garbled`] for what is no vertex of this board.
    pub fn generate_move(&mut self, rules: &Rules, color: Color) -> Result<Turn, GtpError> {
        let command = format!("genmove {}", vertex::color_name(color));
        let answer = self.send(&command)?;
        if answer.eq_ignore_ascii_case("resign") {
            return Ok(Turn::Resign);
        }
        vertex::parse(rules, &answer).map(Turn::Play).ok_or_else(|| self.garbled(&command, &answer))
    }

    /// Tells the program a move.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub fn play(&mut self, rules: &Rules, color: Color, point: Point) -> Result<(), GtpError> {
        self.send(&format!("play {} {}", vertex::color_name(color), vertex::name(rules, point))).map(|_| ())
    }

    /// Begins a game: board size, empty board, komi.
    ///
    /// # Errors
    /// As [`Client::send`]; [`GtpError::Refused`] for a board that is no square.
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

    /// The next line, its end included.
    fn line(&mut self, sent: &str, until: Instant) -> Result<String, GtpError> {
        match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(line) => Ok(line),
            Err(RecvTimeoutError::Disconnected) => Err(self.died(sent)),
            Err(RecvTimeoutError::Timeout) => {
                let _ = self.child.kill();
                let (program, sent) = (self.program.clone(), sent.to_owned());
                Err(GtpError::TimedOut { program, sent, limit: self.limit, complaints: self.complaints() })
            }
        }
    }

    fn garbled(&self, sent: &str, answer: &str) -> GtpError {
        GtpError::Garbled { program: self.program.clone(), sent: sent.to_owned(), answer: answer.to_owned() }
    }

    fn died(&mut self, sent: &str) -> GtpError {
        let status = self.leave().map_or_else(|| "it closed its output".into(), |status| status.to_string());
        // What it said last may still be on its way.
        let _ = self.silence.recv_timeout(FAREWELL);
        let (program, sent) = (self.program.clone(), sent.to_owned());
        GtpError::Died { program, sent, status, complaints: self.complaints() }
    }

    /// What the program last wrote on standard error, for a message.
    fn complaints(&self) -> String {
        let kept = self.complaints.lock().map(|kept| String::from_utf8_lossy(&kept).trim().to_owned());
        match kept {
            Ok(text) if !text.is_empty() => format!("; it said: {text}"),
            _ => String::new(),
        }
    }

    /// Waits a moment for the program's end.
    fn leave(&mut self) -> Option<ExitStatus> {
        let until = Instant::now() + FAREWELL;
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
        if self.leave().is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Reads to the end, so that the writer never waits, and keeps the last of it.
fn keep_last(mut from: impl Read, kept: &Mutex<Vec<u8>>) {
    let mut chunk = [0; 1024];
    while let Ok(length @ 1..) = from.read(&mut chunk) {
        let Ok(mut kept) = kept.lock() else { return };
        kept.extend_from_slice(&chunk[..length]);
        let surplus = kept.len().saturating_sub(COMPLAINTS);
        kept.drain(..surplus);
    }
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
        assert!(error.ends_with("refuses `play white E5`: illegal move"), "{error}");
        assert_eq!(client.generate_move(&rules, Color::Black).unwrap(), Turn::Play(12));
        assert!(matches!(
            client.generate_move(&Rules::tromp_taylor(2), Color::Black),
            Err(GtpError::Garbled { .. })
        ));
        assert!(client.send("version").unwrap_err().to_string().contains("with `=99`"));
    }

    #[test]
    fn what_goes_wrong_is_said() {
        let limit = Duration::from_secs(5);
        assert!(Client::start("'x", limit).unwrap_err().to_string().contains("quote"));
        let error = Client::start("/no/such/program x", limit).unwrap_err().to_string();
        assert!(error.contains("`/no/such/program x` cannot be started"), "{error}");
        let error = shell("read line; echo oh no >&2; exit 3", 5000).send("name").unwrap_err().to_string();
        assert!(error.contains("exit status: 3") && error.contains("it said: oh no"), "{error}");
        let error = shell("exec sleep 60", 50).send("genmove b").unwrap_err().to_string();
        assert!(error.contains("did not answer `genmove b` within 50ms"), "{error}");
    }

    /// A program that writes more complaints than a pipe holds is not stuck.
    #[test]
    fn complaints_are_drained() {
        let mut client =
            shell("head -c 300000 /dev/zero | tr \"\\\\0\" x >&2; read line; printf \"= ok\\n\\n\"", 5000);
        assert_eq!(client.send("name").unwrap(), "ok");
        assert!(client.complaints().len() <= COMPLAINTS + 20);
    }
}
