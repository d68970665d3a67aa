//! A player behind the protocol: reads commands, answers them.

use std::collections::VecDeque;
use std::io::{self, BufRead, Write};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, TryRecvError};

use freewheel_core::{Purpose, Stream, Streams};

use super::commands::{self, Handler};
use super::protocol::{Answer, Command, read_line, write_answer};
use crate::go::players::Player;
use crate::go::rules::{Color, Game, Rules, Setup};
use crate::go::uct::UctSettings;

/// A player and the game it is asked about.
pub struct Engine {
    pub(super) player: Arc<dyn Player>,
    /// How `lz-analyze` searches.
    pub(super) analysis: UctSettings,
    pub(super) game: Game,
    pub(super) rng: Stream,
}

/// What is asked next; analysis goes on until there is something.
pub(super) struct Pending {
    from: Receiver<Command>,
    /// Looked at, but not yet answered.
    seen: VecDeque<Command>,
}

impl Pending {
    /// The next command, waited for; `None` at the end of the input.
    fn next(&mut self) -> Option<Command> {
        self.seen.pop_front().or_else(|| self.from.recv().ok())
    }

    /// Whether something is asked already, or never will be.
    pub(super) fn interrupts(&mut self) -> bool {
        if self.seen.is_empty() {
            match self.from.try_recv() {
                Ok(command) => self.seen.push_back(command),
                Err(TryRecvError::Empty) => return false,
                Err(TryRecvError::Disconnected) => {}
            }
        }
        true
    }

    /// Waits until something is asked, or never will be.
    pub(super) fn wait(&mut self) {
        if self.seen.is_empty() {
            self.seen.extend(self.from.recv().ok());
        }
    }
}

impl Engine {
    /// `player` on an empty board of these rules; without a move limit, which the protocol does not know. What is random comes from `seed`.
    /// `analysis` is how `lz-analyze` searches.
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
        Ok(Engine { player, analysis, game, rng: stream(seed) })
    }

    /// The game as it stands.
    pub fn game(&self) -> &Game {
        &self.game
    }

    /// Answers commands until `quit` or the end of the input. Input is read on a thread of its own, so that an
    /// analysis can be interrupted.
    ///
    /// # Errors
    /// Those of the writer. Where the input fails, it has ended.
    pub fn run(&mut self, mut input: impl BufRead + Send, mut output: impl Write) -> io::Result<()> {
        std::thread::scope(|scope| {
            let (sender, from) = mpsc::channel();
            scope.spawn(move || {
                while let Ok(Some(line)) = read_line(&mut input) {
                    let Some(command) = Command::parse(&line) else { continue };
                    // Nothing is read after `quit`: nobody may write any more.
                    let last = command.name == "quit";
                    if sender.send(command).is_err() || last {
                        break;
                    }
                }
            });
            let mut pending = Pending { from, seen: VecDeque::new() };
            while let Some(command) = pending.next() {
                match commands::find(&command.name) {
                    Some(Handler::Answer(handler)) => {
                        write_answer(&mut output, command.id, &handler(self, &command.arguments))?;
                    }
                    Some(Handler::Stream(handler)) => handler(self, &command, &mut pending, &mut output)?,
                    None => write_answer(&mut output, command.id, &Err("unknown command".into()))?,
                }
                if command.name == "quit" {
                    break;
                }
            }
            Ok(())
        })
    }

    /// Answers one line as [`Engine::run`] does; nothing where nothing is asked. What `lz-analyze` says on and on it says once.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn answer(&mut self, line: &str, output: &mut impl Write) -> io::Result<()> {
        self.run(line.as_bytes(), output)
    }

    pub(super) fn seed(&mut self, seed: u64) {
        self.rng = stream(seed);
    }

    /// Begins a new game.
    pub(super) fn begin(&mut self, rules: Rules, setup: Setup) -> Answer {
        self.game = Game::with_setup(rules, setup).map_err(|e| e.to_string())?;
        Ok(String::new())
    }

    /// The game with `color` to move, going on where two passes had ended it.
    pub(super) fn game_for(&self, color: Color) -> Game {
        let mut game = self.game.clone();
        game.resume();
        game.set_to_play(color);
        game
    }
}

fn stream(seed: u64) -> Stream {
    Streams::new(seed).stream(Purpose::WatchAction, 0, 0)
}
