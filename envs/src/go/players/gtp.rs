//! Player that is another program, controlled over GTP.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use freewheel_core::{Result, Stream};

use super::{Player, PlayerAction};
use crate::go::gtp::{Client, GtpError};
use crate::go::rules::{Color, Game, Move, Point, Rules, Setup};

/// Time limit of one response of a program.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(120);

/// Program that speaks GTP, such as `gnugo --mode gtp --level 1`.
///
/// A process is sent only the new moves if the moves sent before are the first moves of the game, otherwise the whole
/// game. Several games at once use several processes, and a failed process is replaced. At the start of a game the
/// process is sent a random seed; whether the program then plays the same moves again depends on the program.
pub struct GtpPlayer {
    command: String,
    limit: Duration,
    idle: Mutex<Vec<GtpProcess>>,
}

/// Running program with the game that it has been sent.
struct GtpProcess {
    client: Client,
    /// Whether the program supports the command `set_random_seed`.
    seeded: bool,
    synced: Option<SyncedGame>,
}

/// Game of which the moves have been sent to a process.
struct SyncedGame {
    rules: Rules,
    setup: Setup,
    moves: Vec<Move>,
}

impl GtpPlayer {
    /// Player that runs the program with this command line, started on first use. The time limit of each response is
    /// 120 seconds.
    pub fn new(command: &str) -> Self {
        GtpPlayer { command: command.trim().to_owned(), limit: RESPONSE_TIMEOUT, idle: Mutex::default() }
    }

    /// Idle process whose game is the start of `game`, else any idle process, else a new one.
    fn process(&self, game: &Game) -> Result<GtpProcess, GtpError> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let best = idle.iter().position(|process| process.is_prefix_of(game)).or(idle.len().checked_sub(1));
        if let Some(best) = best {
            return Ok(idle.swap_remove(best));
        }
        drop(idle);
        let mut client = Client::start(&self.command, self.limit)?;
        let seeded = client.send("known_command set_random_seed")? == "true";
        Ok(GtpProcess { client, seeded, synced: None })
    }
}

impl GtpProcess {
    /// Whether the moves sent so far are the first moves of `game`.
    fn is_prefix_of(&self, game: &Game) -> bool {
        self.synced.as_ref().is_some_and(|synced| {
            let began = game.moves().zip(&synced.moves).filter(|(played, synced)| played == *synced).count();
            synced.rules == *game.rules() && synced.setup == *game.setup() && began == synced.moves.len()
        })
    }

    /// Sends the missing part of `game` and requests a move.
    fn choose_move(&mut self, game: &Game, seed: u32) -> Result<PlayerAction, GtpError> {
        let rules = *game.rules();
        let known = if self.is_prefix_of(game) { self.synced.take() } else { None };
        let mut synced = match known {
            Some(synced) => synced,
            None => self.begin(game, seed)?,
        };
        for played in game.moves().skip(synced.moves.len()) {
            self.client.play(&rules, played.color, played.point)?;
            synced.moves.push(played);
        }
        let color = game.to_play();
        let action = self.client.generate_move(&rules, color)?;
        if let PlayerAction::Play(point) = action {
            synced.moves.push(Move { color, point });
        }
        self.synced = Some(synced);
        Ok(action)
    }

    /// Starts a game on the process: sends the rules, the seed, and the stones of the setup.
    fn begin(&mut self, game: &Game, seed: u32) -> Result<SyncedGame, GtpError> {
        let (rules, setup) = (*game.rules(), game.setup().clone());
        self.client.begin(&rules)?;
        if self.seeded {
            self.client.send(&format!("set_random_seed {seed}"))?;
        }
        let stones = |color: Color, points: &[Point]| -> Vec<Move> {
            points.iter().map(|&point| Move { color, point }).collect()
        };
        let stones = [stones(Color::Black, &setup.black), stones(Color::White, &setup.white)].concat();
        for Move { color, point } in stones {
            self.client.play(&rules, color, point)?;
        }
        Ok(SyncedGame { rules, setup, moves: Vec::new() })
    }
}

impl Player for GtpPlayer {
    fn name(&self) -> String {
        format!("gtp:{}", self.command)
    }

    fn is_slow(&self) -> bool {
        true
    }

    fn choose(&self, game: &Game, rng: &mut Stream) -> Result<PlayerAction> {
        // The seed is always drawn, so that the random stream does not depend on which process is free.
        let seed = rng.below(1 << 31);
        let mut process = self.process(game)?;
        let action = process.choose_move(game, seed)?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(process);
        Ok(action)
    }

    fn check_ready(&self, start: &Game) -> Result<()> {
        let mut process = self.process(start)?;
        process.begin(start, 0)?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(process);
        Ok(())
    }
}
