//! Another program as a player.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use freewheel_core::{Result, Stream};

use super::{Player, Turn};
use crate::go::gtp::{Client, GtpError};
use crate::go::rules::{Color, Game, Move, Point, Rules, Setup};

/// How long a program may think about one answer.
const LIMIT: Duration = Duration::from_secs(120);

/// A program that speaks GTP, such as `gnugo --mode gtp --level 1`.
///
/// A child process follows a game as long as what it has been told is how the game began; otherwise it is told the
/// whole game anew. One more is started where several games are played at once, and one that failed is replaced. At
/// each beginning it is told a random seed of the stream; whether it plays the same then is its own affair.
pub struct Program {
    command: String,
    limit: Duration,
    idle: Mutex<Vec<Child>>,
}

/// A running program and what it has been told.
struct Child {
    client: Client,
    /// Whether it knows `set_random_seed`.
    seeded: bool,
    told: Option<Told>,
}

/// A game as a program knows it.
struct Told {
    rules: Rules,
    setup: Setup,
    moves: Vec<Move>,
}

impl Program {
    /// The program of this command line, which is started when it is first needed. Each of its answers may take 120
    /// seconds.
    pub fn new(command: &str) -> Self {
        Program { command: command.trim().to_owned(), limit: LIMIT, idle: Mutex::default() }
    }

    /// A child that knows how `game` began, or any, or a new one.
    fn child(&self, game: &Game) -> Result<Child, GtpError> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let best = idle.iter().position(|child| child.follows(game)).or(idle.len().checked_sub(1));
        if let Some(best) = best {
            return Ok(idle.swap_remove(best));
        }
        drop(idle);
        let mut client = Client::start(&self.command, self.limit)?;
        let seeded = client.send("known_command set_random_seed")? == "true";
        Ok(Child { client, seeded, told: None })
    }
}

impl Child {
    /// Whether all it has been told is how `game` began.
    fn follows(&self, game: &Game) -> bool {
        self.told.as_ref().is_some_and(|told| {
            let began = game.moves().zip(&told.moves).filter(|(played, told)| played == *told).count();
            told.rules == *game.rules() && told.setup == *game.setup() && began == told.moves.len()
        })
    }

    /// Tells it what it does not know of `game` yet, and asks for a move.
    fn answer(&mut self, game: &Game, seed: u32) -> Result<Turn, GtpError> {
        let rules = *game.rules();
        let known = if self.follows(game) { self.told.take() } else { None };
        let mut told = match known {
            Some(told) => told,
            None => self.begin(game, seed)?,
        };
        for played in game.moves().skip(told.moves.len()) {
            self.client.play(&rules, played.color, played.point)?;
            told.moves.push(played);
        }
        let color = game.to_play();
        let turn = self.client.generate_move(&rules, color)?;
        if let Turn::Play(point) = turn {
            told.moves.push(Move { color, point });
        }
        self.told = Some(told);
        Ok(turn)
    }

    /// Begins the game: rules, seed, and the stones of the setup.
    fn begin(&mut self, game: &Game, seed: u32) -> Result<Told, GtpError> {
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
        Ok(Told { rules, setup, moves: Vec::new() })
    }
}

impl Player for Program {
    fn name(&self) -> String {
        format!("gtp:{}", self.command)
    }

    fn choose(&self, game: &Game, rng: &mut Stream) -> Result<Turn> {
        // Drawn whether it is needed or not: what the stream gives next does not depend on which child is free.
        let seed = rng.below(1 << 31);
        let mut child = self.child(game)?;
        let turn = child.answer(game, seed)?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(child);
        Ok(turn)
    }

    fn ready(&self, start: &Game) -> Result<()> {
        let mut child = self.child(start)?;
        child.begin(start, 0)?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(child);
        Ok(())
    }
}
