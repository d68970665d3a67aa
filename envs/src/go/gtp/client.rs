//! Client side of GTP: another program, run as a child process.
//!
//! Nothing that a program does blocks or fills the memory: a response has a time limit and a size limit, a line has a
//! size limit, and the queue of lines is bounded.

use std::fmt;
use std::io::{BufReader, Read, Write};
use std::process::{ChildStderr, ChildStdin, ChildStdout};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender, TryRecvError};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::error::{GtpError, printable};
use super::process::{Process, is_interrupted};
use super::protocol::{Line, LineReader, MAX_LINE};
use super::vertex;
use crate::go::players::PlayerAction;
use crate::go::rules::{Color, Point, Rules};

/// Number of last bytes of a program's standard error that are kept for error messages.
const STDERR_TAIL_BYTES: usize = 2000;

/// Time a program has to exit after `quit`.
const EXIT_TIMEOUT: Duration = Duration::from_millis(300);

/// Time between two checks whether the program has exited.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// Maximum number of bytes of output for one command, text around the response included.
const MAX_RESPONSE: usize = 1 << 20;

/// Maximum number of lines that have been read and not yet used.
const MAX_QUEUE: usize = 64;

/// Running program that speaks GTP. Dropping the client sends `quit`, and kills the program, with all processes that it
/// has started, if it does not exit.
pub struct Client {
    program: String,
    limit: Duration,
    process: Process,
    input: Option<SyncSender<String>>,
    lines: Receiver<Line>,
    stderr_tail: Arc<Mutex<Vec<u8>>>,
    /// Channel that is disconnected when the program closes its standard error.
    stderr_closed: Receiver<()>,
    last_id: u32,
    /// Bytes of output since the last command.
    received: usize,
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
    /// [`GtpError::InvalidCommandLine`], [`GtpError::SpawnFailed`]; [`GtpError::Interrupted`] after
    /// [`interrupt`](super::interrupt).
    pub fn start(program: &str, limit: Duration) -> Result<Self, GtpError> {
        let named = || printable(program);
        let invalid = || GtpError::InvalidCommandLine { program: named() };
        let words = split_command_line(program).ok_or_else(invalid)?;
        let (name, arguments) = words.split_first().ok_or_else(invalid)?;
        let mut process = Process::start(name, arguments).map_err(|source| match is_interrupted() {
            true => GtpError::Interrupted { program: named() },
            false => GtpError::SpawnFailed { program: named(), source },
        })?;
        let (input, output, errors) = process.pipes();
        let (to_program, commands) = mpsc::sync_channel(MAX_QUEUE);
        let (sender, lines) = mpsc::sync_channel(MAX_QUEUE);
        let stderr_tail = Arc::new(Mutex::new(Vec::new()));
        let (stderr_open, stderr_closed) = mpsc::channel();
        let tail = Arc::clone(&stderr_tail);
        std::thread::spawn(move || write_commands(input, &commands));
        std::thread::spawn(move || read_lines(output, &sender));
        std::thread::spawn(move || read_stderr(errors, &tail, stderr_open));
        Ok(Client {
            program: named(),
            limit,
            process,
            input: Some(to_program),
            lines,
            stderr_tail,
            stderr_closed,
            last_id: 0,
            received: 0,
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
        let until = Instant::now() + self.limit;
        self.received = 0;
        // Output that belongs to no command.
        loop {
            match self.lines.try_recv() {
                Ok(line) => drop(self.accept(command, line)?),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return Err(self.exited(command)),
            }
        }
        // The queue is full if the program has not read the commands before.
        if self.input.as_ref().is_none_or(|input| input.try_send(format!("{id} {command}\n")).is_err()) {
            return Err(self.exited(command));
        }
        loop {
            let (first, text) = self.response(command, until)?;
            // A response begins with the id of the command and a space. Some programs omit the id.
            let digits = text.bytes().take_while(u8::is_ascii_digit).count();
            let (number, text) = text.split_at(digits);
            match number.parse::<u32>() {
                Ok(number) if number < id => continue, // A second response to an earlier command.
                Ok(number) if number == id => {}
                _ if number.is_empty() => {}
                _ => return Err(self.invalid_response(command, first.trim())),
            }
            let text = text.trim().to_owned();
            if first.starts_with('?') {
                let (program, sent) = (self.program.clone(), command.to_owned());
                return Err(GtpError::ErrorResponse { program, sent, message: printable(&text) });
            }
            return Ok(text);
        }
    }

    /// Next response: its first line, and its text without the sign.
    fn response(&mut self, command: &str, until: Instant) -> Result<(String, String), GtpError> {
        let first = loop {
            let line = self.line(command, until)?;
            // Some programs print text before a response, or more than one empty line after a response.
            if line.starts_with(['=', '?']) {
                break line;
            }
        };
        let mut text = first[1..].to_owned();
        loop {
            let line = self.line(command, until)?;
            if line.trim().is_empty() {
                return Ok((first, text));
            }
            text.push('\n');
            text.push_str(&line);
        }
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

    /// Next line of the program's output. Kills the program if the line is not complete at `until`.
    fn line(&mut self, sent: &str, until: Instant) -> Result<String, GtpError> {
        let mut exited = false;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                self.process.end();
                let (program, sent) = (self.program.clone(), sent.to_owned());
                let (limit, stderr_tail) = (self.limit, self.stderr_tail());
                return Err(GtpError::TimedOut { program, sent, limit, stderr_tail });
            }
            match self.lines.recv_timeout(left.min(CHECK_INTERVAL)) {
                Ok(line) => return self.accept(sent, line),
                Err(RecvTimeoutError::Disconnected) => return Err(self.exited(sent)),
                Err(RecvTimeoutError::Timeout) if exited => return Err(self.exited(sent)),
                // A process that the program has started may keep the output open.
                Err(RecvTimeoutError::Timeout) => exited = self.process.has_exited(),
            }
        }
    }

    /// Text of a line that was received. Kills a program that sends too much.
    fn accept(&mut self, sent: &str, line: Line) -> Result<String, GtpError> {
        let what = match line {
            Line::TooLong(_) => format!("a line of more than {} KiB", MAX_LINE >> 10),
            Line::Text(line) => {
                self.received += line.len() + 1;
                if self.received <= MAX_RESPONSE {
                    return Ok(line);
                }
                format!("more than {} KiB of text", MAX_RESPONSE >> 10)
            }
        };
        self.process.end();
        Err(GtpError::Flooded { program: self.program.clone(), sent: sent.to_owned(), what })
    }

    fn invalid_response(&self, sent: &str, response: &str) -> GtpError {
        GtpError::InvalidResponse {
            program: self.program.clone(),
            sent: sent.to_owned(),
            response: printable(response),
        }
    }

    fn exited(&mut self, sent: &str) -> GtpError {
        let program = self.program.clone();
        if is_interrupted() {
            return GtpError::Interrupted { program };
        }
        let status = match self.wait_for_exit() {
            true => self.process.end().map(|status| status.to_string()),
            false => {
                self.process.end();
                None
            }
        };
        let status = status.unwrap_or_else(|| "it closed its input or its output".into());
        // The last lines of standard error may not have been read yet.
        let _ = self.stderr_closed.recv_timeout(EXIT_TIMEOUT);
        GtpError::Exited { program, sent: sent.to_owned(), status, stderr_tail: self.stderr_tail() }
    }

    /// Last part of the program's standard error, formatted for an error message.
    fn stderr_tail(&self) -> String {
        let tail = self.stderr_tail.lock().map(|tail| String::from_utf8_lossy(&tail).trim().to_owned());
        match tail {
            Ok(text) if !text.is_empty() => format!("; its standard error: {}", printable(&text)),
            _ => String::new(),
        }
    }

    /// Waits up to [`EXIT_TIMEOUT`] for the program to exit; returns whether it has.
    fn wait_for_exit(&mut self) -> bool {
        let until = Instant::now() + EXIT_TIMEOUT;
        loop {
            if self.process.has_exited() {
                return true;
            }
            if Instant::now() >= until {
                return false;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(input) = self.input.take() {
            let _ = input.try_send("quit\n".into());
        }
        if !is_interrupted() {
            self.wait_for_exit();
        }
        self.process.end();
    }
}

/// Writes commands to the program until the channel is closed. The program may block this thread, but no other.
fn write_commands(to: Option<ChildStdin>, commands: &Receiver<String>) {
    let Some(mut to) = to else { return };
    for command in commands {
        if to.write_all(command.as_bytes()).and_then(|()| to.flush()).is_err() {
            return;
        }
    }
}

/// Reads the lines of the program, up to one that is too long.
fn read_lines(from: Option<ChildStdout>, lines: &SyncSender<Line>) {
    let Some(from) = from else { return };
    let mut reader = LineReader::new(BufReader::new(from));
    while let Ok(Some(line)) = reader.next_line() {
        let last = matches!(line, Line::TooLong(_));
        if lines.send(line).is_err() || last {
            return;
        }
    }
}

/// Reads a program's standard error to the end, so that the program never blocks, and keeps the last bytes in `tail`.
/// Pauses bound the processor time that a program can cause.
fn read_stderr(from: Option<ChildStderr>, tail: &Mutex<Vec<u8>>, _open: Sender<()>) {
    let Some(mut from) = from else { return };
    let mut chunk = [0; 1 << 14];
    while let Ok(length @ 1..) = from.read(&mut chunk) {
        if length == chunk.len() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let Ok(mut tail) = tail.lock() else { return };
        tail.extend_from_slice(&chunk[length.saturating_sub(STDERR_TAIL_BYTES)..length]);
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

    /// Whatever a program does, the error names it within the time limit.
    #[test]
    fn odd_programs_are_errors_in_time() {
        let error = |script: &str| {
            let begin = Instant::now();
            let error = shell(script, 700).send("genmove b").unwrap_err().to_string();
            assert!(begin.elapsed() < Duration::from_secs(4), "{script}: {:?}", begin.elapsed());
            error
        };
        let cases = [
            ("exec yes", "was stopped"),
            ("exec yes =", "was stopped"),
            ("exec cat /dev/zero", "a line of more than 64 KiB"),
            (r#"printf "= "; exec yes line"#, "more than 1024 KiB of text"),
            (r#"printf "= A1\n"; exec sleep 60"#, "did not respond"),
            ("exec >&-; exec sleep 60", "it closed its input or its output"),
            ("yes x >&2; true", "did not respond"),
            ("sleep 60 & exit 3", "exit status: 3"),
            (r#"printf "=0 A1\n\n"; exec sleep 60"#, "did not respond"),
            (r#"read line; printf "=7 A1\n\n"; exec sleep 60"#, "with `=7 A1`"),
            (r#"printf "\033[31mred\033[0m" >&2; exit 1"#, "u{1b}[31mred"),
        ];
        for (script, expected) in cases {
            let found = error(script);
            assert!(found.contains(expected), "{script}: {found}");
        }
    }

    #[test]
    fn odd_responses_are_understood() {
        let rules = Rules::tromp_taylor(5);
        let chosen = |script: &str| {
            let script = format!("while read id command; do {script}; done");
            shell(&script, 5000).generate_move(&rules, Color::Black)
        };
        let at_c3 = [
            r#"printf "= c3\r\r""#,
            r#"printf "=%s C3\r\n\r\n" $id"#,
            r#"printf "\n\n  loading\n=%s   C3  \n\n" $id"#,
            r#"printf "=0 A1\n\n=%s C3\n\n" $id"#,
        ];
        for script in at_c3 {
            assert_eq!(chosen(script).unwrap(), PlayerAction::Play(12), "{script}");
        }
        assert_eq!(chosen(r#"printf "= RESIGN\n\n""#).unwrap(), PlayerAction::Resign);
        assert_eq!(chosen(r#"printf "= PASS\n\n""#).unwrap(), PlayerAction::Play(25));
        for response in ["", "Z99", "F5", "A6", "A0", "black A1", "C3 D3"] {
            let error = chosen(&format!(r#"printf "= {response}\n\n""#)).unwrap_err();
            assert!(matches!(error, GtpError::InvalidResponse { .. }), "{response}: {error}");
        }
        // Two responses to each command: the second one is skipped, as its id is that of an earlier command.
        let mut client =
            shell(r#"while read id command; do printf "=$id $command\n\n=$id again\n\n"; done"#, 5000);
        for command in ["name", "version", "x"] {
            assert_eq!(client.send(command).unwrap(), command);
        }
    }

    /// Number of processes whose command line contains `mark`, without zombies.
    #[cfg(target_os = "linux")]
    fn running(mark: &str) -> usize {
        let contains = |entry: std::fs::DirEntry| {
            let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).replace('\0', " ").contains(mark)
        };
        std::fs::read_dir("/proc").unwrap().flatten().map(contains).filter(|&found| found).count()
    }

    /// A program that ignores `quit` is killed with its children and their children.
    #[cfg(target_os = "linux")]
    #[test]
    fn children_of_a_program_are_killed() {
        let time = format!("{}.25", 1000 + std::process::id());
        let sleeps = format!("sleep {time}");
        let script = format!(
            "trap : TERM INT HUP; sh -c \"{sleeps} & {sleeps}\" & \
             while read id command; do printf \"= ok\n\n\"; done; {sleeps}"
        );
        let mut client = shell(&script, 5000);
        assert_eq!(client.send("name").unwrap(), "ok");
        let until = Instant::now() + Duration::from_secs(5);
        while running(&sleeps) < 3 && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(running(&sleeps) >= 3);
        drop(client);
        while running(&sleeps) > 0 && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(running(&sleeps), 0);
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
