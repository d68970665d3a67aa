//! Players of a match: built-in players, and other programs, which are sent every move.

use std::sync::Arc;
use std::time::Duration;

use freewheel_core::Stream;
use freewheel_envs::go::gtp::{Client, GtpError};
use freewheel_envs::go::players::{Memory, Player, PlayerAction};
use freewheel_envs::go::rules::{Color, Game, Move};

/// Player of a match.
#[derive(Clone)]
pub enum MatchPlayer {
    /// Built-in player.
    Builtin(Arc<dyn Player>),
    /// Another program that speaks GTP.
    Program {
        /// Command line of the program.
        command: String,
        /// Time limit of one response.
        limit: Duration,
    },
}

impl MatchPlayer {
    /// Name of the player as written on the command line.
    pub fn name(&self) -> String {
        match self {
            MatchPlayer::Builtin(player) => player.name(),
            MatchPlayer::Program { command, .. } => format!("gtp:{command}"),
        }
    }

    /// Checks that the player can play games that begin with the position `start`. An error in a command line is then
    /// found before the match, and does not make every game a loss.
    ///
    /// # Errors
    /// Errors of [`Player::check_ready`].
    pub fn check_ready(&self, start: &Game) -> freewheel_core::Result<()> {
        match self {
            MatchPlayer::Builtin(player) => player.check_ready(start),
            MatchPlayer::Program { command, limit } => {
                Ok(Client::start(command, *limit)?.begin(start.rules())?)
            }
        }
    }
}

/// A player, with its running program, that plays one game after another.
pub(super) struct PlayerSession {
    player: MatchPlayer,
    /// Client of the running program; `None` for a built-in player and after an error.
    client: Option<Client>,
    /// Whether the program supports `set_random_seed`.
    seeded: bool,
    /// Searches that a built-in player keeps in this game.
    memory: Memory,
}

/// Message of the error by which a game has no result.
pub(super) type Fault = String;

impl PlayerSession {
    pub(super) fn new(player: MatchPlayer) -> Self {
        PlayerSession { player, client: None, seeded: false, memory: Memory::default() }
    }

    /// Starts a game at the position of `game`. A program gets a seed if it supports `set_random_seed`.
    pub(super) fn start_game(&mut self, game: &Game, rng: &mut Stream) -> Result<(), Fault> {
        self.memory = Memory::default();
        let MatchPlayer::Program { command, limit } = &self.player else { return Ok(()) };
        if self.client.is_none() {
            let mut client = Client::start(command, *limit).map_err(|e| e.to_string())?;
            let known = client.send("known_command set_random_seed").map_err(|e| e.to_string())?;
            (self.client, self.seeded) = (Some(client), known == "true");
        }
        let Some(client) = &mut self.client else { return Ok(()) };
        let seed = rng.below(1 << 31);
        let mut start = || {
            client.begin(game.rules())?;
            if self.seeded {
                client.send(&format!("set_random_seed {seed}"))?;
            }
            game.moves().try_for_each(|Move { color, point }| client.play(game.rules(), color, point))
        };
        start().map_err(|e: GtpError| self.fail(e.to_string()))
    }

    /// Chooses a move for `color`.
    pub(super) fn choose_action(
        &mut self,
        game: &Game,
        color: Color,
        rng: &mut Stream,
    ) -> Result<PlayerAction, Fault> {
        match (&self.player, &mut self.client) {
            (MatchPlayer::Builtin(player), _) => {
                player.choose_in_game(game, &mut self.memory, None, rng).map_err(|e| e.to_string())
            }
            (_, Some(client)) => {
                client.generate_move(game.rules(), color).map_err(|e| self.fail(e.to_string()))
            }
            (player, None) => Err(format!("{} is not running", player.name())),
        }
    }

    /// Sends the opponent's move to the program.
    pub(super) fn send_move(&mut self, game: &Game, played: Move) -> Result<(), Fault> {
        let Some(client) = &mut self.client else { return Ok(()) };
        client.play(game.rules(), played.color, played.point).map_err(|e| self.fail(e.to_string()))
    }

    /// Stops the program after an error, since the position on its board is no longer known; the next game starts the
    /// program again. Returns the error message `fault`.
    pub(super) fn fail(&mut self, fault: Fault) -> Fault {
        self.client = None;
        fault
    }
}
