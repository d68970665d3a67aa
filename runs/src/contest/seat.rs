//! Who sits at a board: a player of ours, or another program, which is kept in step.

use std::sync::Arc;
use std::time::Duration;

use freewheel_core::Stream;
use freewheel_envs::go::gtp::{Client, GtpError};
use freewheel_envs::go::players::{Player, Turn};
use freewheel_envs::go::rules::{Color, Game, Move};

/// Who enters a match.
#[derive(Clone)]
pub enum Entrant {
    /// A player of ours.
    Own(Arc<dyn Player>),
    /// Another program that speaks GTP.
    Program {
        /// Its command line.
        command: String,
        /// How long it may take for an answer.
        limit: Duration,
    },
}

impl Entrant {
    /// Its name, as the command line writes it.
    pub fn name(&self) -> String {
        match self {
            Entrant::Own(player) => player.name(),
            Entrant::Program { command, .. } => format!("gtp:{command}"),
        }
    }

    /// Whether it can play games that begin as `start`. One that cannot is a mistake, and not a loss in every game.
    ///
    /// # Errors
    /// Those of [`Player::ready`].
    pub fn ready(&self, start: &Game) -> freewheel_core::Result<()> {
        match self {
            Entrant::Own(player) => player.ready(start),
            Entrant::Program { command, limit } => Ok(Client::start(command, *limit)?.begin(start.rules())?),
        }
    }
}

/// An entrant at a board, for one game after another.
pub(super) struct Seat {
    entrant: Entrant,
    /// The running program, if it is one, and if it runs.
    client: Option<Client>,
    /// Whether it knows `set_random_seed`.
    seeded: bool,
}

/// What a seat does wrong, in words.
pub(super) type Fault = String;

impl Seat {
    pub(super) fn new(entrant: Entrant) -> Self {
        Seat { entrant, client: None, seeded: false }
    }

    /// Begins a game that has reached `game`. A program is told a seed, where it wants one.
    pub(super) fn begin(&mut self, game: &Game, rng: &mut Stream) -> Result<(), Fault> {
        let Entrant::Program { command, limit } = &self.entrant else { return Ok(()) };
        if self.client.is_none() {
            let mut client = Client::start(command, *limit).map_err(|e| e.to_string())?;
            let known = client.send("known_command set_random_seed").map_err(|e| e.to_string())?;
            (self.client, self.seeded) = (Some(client), known == "true");
        }
        let Some(client) = &mut self.client else { return Ok(()) };
        let seed = rng.below(1 << 31);
        let mut begin = || {
            client.begin(game.rules())?;
            if self.seeded {
                client.send(&format!("set_random_seed {seed}"))?;
            }
            game.moves().try_for_each(|Move { color, point }| client.play(game.rules(), color, point))
        };
        begin().map_err(|e: GtpError| self.lose(e.to_string()))
    }

    /// Its move with `color`.
    pub(super) fn choose(&mut self, game: &Game, color: Color, rng: &mut Stream) -> Result<Turn, Fault> {
        match (&self.entrant, &mut self.client) {
            (Entrant::Own(player), _) => player.choose(game, rng).map_err(|e| e.to_string()),
            (_, Some(client)) => {
                client.generate_move(game.rules(), color).map_err(|e| self.lose(e.to_string()))
            }
            (entrant, None) => Err(format!("{} is not running", entrant.name())),
        }
    }

    /// Tells it the other's move.
    pub(super) fn tell(&mut self, game: &Game, played: Move) -> Result<(), Fault> {
        let Some(client) = &mut self.client else { return Ok(()) };
        client.play(game.rules(), played.color, played.point).map_err(|e| self.lose(e.to_string()))
    }

    /// Lets the program go: it is started again for the next game. Nobody knows what it thinks of the board now.
    pub(super) fn lose(&mut self, why: Fault) -> Fault {
        self.client = None;
        why
    }
}
