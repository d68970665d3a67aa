//! Engine side of GTP: reads commands and writes responses.

use std::collections::VecDeque;
use std::io::{self, BufRead, Write};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, TryRecvError};

use freewheel_core::{Purpose, Stream, Streams};

use super::clock::Clock;
use super::commands::{self, Handler};
use super::protocol::{Command, Line, LineReader, MAX_LINE, Response, write_response};
use crate::go::players::{Memory, Player};
use crate::go::rules::{Color, Game, Rules, Setup};
use crate::go::uct::UctSettings;

/// Player with its current game, controlled by GTP commands.
pub struct Engine {
    pub(super) player: Arc<dyn Player>,
    /// Search settings of the command `lz-analyze`.
    pub(super) analysis: UctSettings,
    pub(super) game: Game,
    pub(super) rng: Stream,
    /// Searches that the player keeps in this game.
    pub(super) memory: Memory,
    pub(super) clock: Clock,
}

impl Engine {
    /// Engine with `player` on an empty board. The move limit of `rules` is dropped, since GTP has no such limit.
    /// `analysis` are the search settings of the command `lz-analyze`; `seed` seeds all random numbers.
    ///
    /// # Errors
    /// [`freewheel_core::Error::Config`] for rules out of range.
    pub fn new(
        player: Arc<dyn Player>,
        analysis: UctSettings,
        rules: Rules,
        seed: u64,
    ) -> freewheel_core::Result<Self> {
        let game = Game::new(Rules { move_limit: None, ..rules })?;
        Ok(Engine {
            player,
            analysis,
            game,
            rng: stream(seed),
            memory: Memory::default(),
            clock: Clock::default(),
        })
    }

    /// Current game of the engine.
    pub fn game(&self) -> &Game {
        &self.game
    }

    /// Answers commands until `quit` or the end of the input. A second thread reads the input, so that an analysis
    /// can be interrupted.
    ///
    /// # Errors
    /// Write errors of `output`. A read error counts as the end of the input.
    pub fn run(&mut self, input: impl BufRead + Send, mut output: impl Write) -> io::Result<()> {
        std::thread::scope(|scope| {
            let (sender, from) = mpsc::sync_channel(MAX_QUEUE);
            scope.spawn(move || {
                let mut input = LineReader::new(input);
                while let Ok(Some(line)) = input.next_line() {
                    let input = Input::of(line);
                    // Nothing is read after `quit`.
                    let last = matches!(&input, Input::Command(command) if command.is("quit"));
                    if sender.send(input).is_err() || last {
                        break;
                    }
                }
            });
            let mut queue = InputQueue { from, peeked: VecDeque::new() };
            while let Some(input) = queue.next() {
                let command = match input {
                    Input::Command(command) => command,
                    Input::Blank => continue,
                    Input::TooLong(id) => {
                        let why = format!("line too long: the limit is {} KiB", MAX_LINE >> 10);
                        write_response(&mut output, id, &Err(why))?;
                        continue;
                    }
                };
                match commands::find(&command.name) {
                    Some(Handler::Response(handler)) => {
                        write_response(&mut output, command.id, &handler(self, &command.arguments))?;
                    }
                    Some(Handler::Line(handler)) => {
                        write_response(&mut output, command.id, &handler(self, &command.rest))?;
                    }
                    Some(Handler::Stream(handler)) => handler(self, &command, &mut queue, &mut output)?,
                    None => write_response(&mut output, command.id, &Err("unknown command".into()))?,
                }
                if command.is("quit") {
                    break;
                }
            }
            Ok(())
        })
    }

    /// Answers one line of input as [`Engine::run`] does; no output for an empty line. `lz-analyze` writes one report
    /// only.
    ///
    /// # Errors
    /// Write errors of `output`.
    pub fn respond(&mut self, line: &str, output: &mut impl Write) -> io::Result<()> {
        self.run(line.as_bytes(), output)
    }

    pub(super) fn seed(&mut self, seed: u64) {
        self.rng = stream(seed);
        self.memory = Memory::default();
    }

    /// Starts a new game with `rules` from the position `setup`.
    pub(super) fn begin(&mut self, rules: Rules, setup: Setup) -> Response {
        self.game = Game::with_setup(rules, setup).map_err(|e| e.to_string())?;
        self.memory = Memory::default();
        self.clock.restart();
        Ok(String::new())
    }

    /// Copy of the current game with `color` to move. A game that two passes have ended is resumed.
    pub(super) fn game_for(&self, color: Color) -> Game {
        let mut game = self.game.clone();
        game.resume();
        game.set_to_play(color);
        game
    }
}

/// Line of input.
enum Input {
    Command(Command),
    /// Empty line or comment, which has no response.
    Blank,
    /// Line that is too long; the id of its command, if it has one.
    TooLong(Option<u32>),
}

impl Input {
    fn of(line: Line) -> Self {
        match line {
            Line::Text(line) => Command::parse(&line).map_or(Input::Blank, Input::Command),
            Line::TooLong(start) => Input::TooLong(Command::parse(&start).and_then(|command| command.id)),
        }
    }
}

/// Maximum number of lines that are read before they are answered.
const MAX_QUEUE: usize = 256;

/// Queue of lines that have been read and not yet answered.
pub(super) struct InputQueue {
    from: Receiver<Input>,
    /// Lines that [`InputQueue::should_stop`] has received and `next` has not yet returned.
    peeked: VecDeque<Input>,
}

impl InputQueue {
    /// Next line, blocking; `None` at the end of the input.
    fn next(&mut self) -> Option<Input> {
        self.peeked.pop_front().or_else(|| self.from.recv().ok())
    }

    /// Whether an analysis has to stop: any line has arrived, even an empty one, or the input has ended.
    pub(super) fn should_stop(&mut self) -> bool {
        if self.peeked.is_empty() {
            match self.from.try_recv() {
                Ok(input) => self.peeked.push_back(input),
                Err(TryRecvError::Empty) => return false,
                Err(TryRecvError::Disconnected) => {}
            }
        }
        true
    }

    /// Blocks until a line arrives or the input ends.
    pub(super) fn wait(&mut self) {
        if self.peeked.is_empty() {
            self.peeked.extend(self.from.recv().ok());
        }
    }
}

fn stream(seed: u64) -> Stream {
    Streams::new(seed).stream(Purpose::WatchAction, 0, 0)
}
