//! Matches of Go: two players play many games; every opening is played twice, with exchanged colors.

mod result;
mod session;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use freewheel_core::{Purpose, Result, Streams};
use freewheel_envs::go::players::{Player, PlayerAction, Random};
use freewheel_envs::go::rules::{Color, Game, Ko, Move, Rules};
use freewheel_envs::go::sgf::{GameRecord, Outcome, WinReason};

use session::{Fault, PlayerSession};

pub use result::{MatchResult, elo, wilson};
pub use session::MatchPlayer;

/// Setup of a match.
pub struct Match {
    /// The two players.
    pub players: [MatchPlayer; 2],
    /// Number of games. The first player has Black in games 0, 2, 4, ..., White in the others.
    pub games: u32,
    /// Rules of every game.
    pub rules: Rules,
    /// Number of random moves at the start of each game; games 2n and 2n + 1 share them.
    pub opening: u32,
    /// Number of moves, passes included, after which a game is scored as it stands.
    pub move_limit: u32,
    /// Seed of the openings and of the built-in players.
    pub seed: u64,
}

/// Reason for the end of a game.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GameEnd {
    /// Both players passed, one after the other.
    Passes,
    /// One of the players resigned.
    Resignation,
    /// The game reached the move limit; the board was scored as it stood.
    Limit,
    /// One player made an error, such as an illegal move or a timeout, and lost.
    Fault,
}

/// A finished game.
pub struct PlayedGame {
    /// Moves and result.
    pub record: GameRecord,
    /// Color of the match's first player in this game.
    pub color: Color,
    /// Winner; `None` for a draw.
    pub winner: Option<Color>,
    /// Reason for the end of the game.
    pub end: GameEnd,
    /// Name of the player that lost by an error, and the error; `None` if there was no error.
    pub fault: Option<String>,
    /// Total thinking time and number of moves of each player.
    pub time_used: [(Duration, u32); 2],
}

impl Match {
    /// Plays all games on `threads` threads and returns the finished games with their numbers, in order. Results of the
    /// built-in players do not depend on `threads`. `on_end` is called after each game. Once `stop` is set, no new game
    /// starts.
    ///
    /// # Errors
    /// [`freewheel_core::Error::Config`] for rules out of range.
    pub fn play(
        &self,
        threads: usize,
        stop: &AtomicBool,
        on_end: &(dyn Fn(u32, &PlayedGame) + Sync),
    ) -> Result<Vec<(u32, PlayedGame)>> {
        self.rules.check()?;
        let next = AtomicU32::new(0);
        let all = Mutex::new(Vec::new());
        let worker = || -> Result<()> {
            let mut sessions = self.players.clone().map(PlayerSession::new);
            while !stop.load(Ordering::Relaxed) {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= self.games {
                    break;
                }
                let played = self.play_game(number, &mut sessions)?;
                on_end(number, &played);
                if let Ok(mut all) = all.lock() {
                    all.push((number, played));
                }
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let workers: Vec<_> =
                (0..threads.min(self.games as usize)).map(|_| scope.spawn(worker)).collect();
            workers.into_iter().try_for_each(|worker| match worker.join() {
                Ok(done) => done,
                Err(panic) => std::panic::resume_unwind(panic),
            })
        })?;
        let mut all = all.into_inner().unwrap_or_default();
        all.sort_by_key(|(number, _)| *number);
        Ok(all)
    }

    fn play_game(&self, number: u32, sessions: &mut [PlayerSession; 2]) -> Result<PlayedGame> {
        let mut game = self.opening(number)?;
        let color = if number.is_multiple_of(2) { Color::Black } else { Color::White };
        let streams = Streams::new(self.seed);
        let mut rngs =
            [0, 1].map(|index| streams.stream(Purpose::EvaluationAction, u64::from(number), index));
        let mut time_used = [(Duration::ZERO, 0); 2];
        let mut fault = None;
        for index in [0, 1] {
            if let Err(error) = sessions[index].start_game(&game, &mut rngs[index]) {
                fault.get_or_insert((index, error));
            }
        }
        let mut resigned = None;
        while fault.is_none() && !game.is_over() && game.move_number() < self.move_limit {
            let to_move = game.to_play();
            let index = usize::from(to_move != color);
            let start = Instant::now();
            let action = sessions[index].choose_action(&game, to_move, &mut rngs[index]);
            time_used[index].0 += start.elapsed();
            time_used[index].1 += 1;
            match action.and_then(|action| apply(&mut game, action, &mut sessions[index])) {
                Ok(None) => {
                    resigned = Some(to_move);
                    break;
                }
                Ok(Some(played)) => {
                    if let Err(error) = sessions[1 - index].send_move(&game, played) {
                        fault = Some((1 - index, error));
                    }
                }
                Err(error) => fault = Some((index, error)),
            }
        }
        let opponent = |index: usize| if index == 0 { color.other() } else { color };
        let (end, outcome) = match (&fault, resigned) {
            (Some((index, _)), _) => {
                (GameEnd::Fault, Outcome::Win { winner: opponent(*index), by: WinReason::Forfeit })
            }
            (None, Some(loser)) => {
                (GameEnd::Resignation, Outcome::Win { winner: loser.other(), by: WinReason::Resignation })
            }
            _ => {
                let end = if game.is_over() { GameEnd::Passes } else { GameEnd::Limit };
                (end, Outcome::from_score(game.score()))
            }
        };
        let winner = outcome.winner();
        let fault = fault.map(|(index, error)| format!("{}: {error}", self.players[index].name()));
        Ok(PlayedGame { record: self.record(&game, color, outcome), color, winner, end, fault, time_used })
    }

    /// Position of game `number` after the random moves of its opening: no passes, and no stone into an eye of the
    /// player's own color.
    fn opening(&self, number: u32) -> Result<Game> {
        let streams = Streams::new(self.seed);
        let mut rng = streams.stream(Purpose::Generation, u64::from(number / 2), 0);
        let mut game = Game::new(self.rules)?;
        for _ in 0..self.opening {
            match Random.choose(&game, &mut rng)? {
                PlayerAction::Play(point) if point != game.pass() && game.play(point).is_ok() => {}
                _ => break,
            }
        }
        Ok(game)
    }

    fn record(&self, game: &Game, color: Color, outcome: Outcome) -> GameRecord {
        let mut record = GameRecord::from_game(game);
        record.players[color as usize].name = self.players[0].name();
        record.players[color.other() as usize].name = self.players[1].name();
        record.outcome = Some(outcome);
        let name = match (self.rules.ko, self.rules.suicide) {
            (Ko::Positional, true) => "Tromp-Taylor",
            (Ko::Positional, false) => "Chinese",
            (Ko::Situational, true) => "New Zealand",
            _ => "",
        };
        record.rules = name.to_owned();
        record
    }
}

/// Plays the move `action` under the rules of the match; returns `None` for a resignation.
fn apply(game: &mut Game, action: PlayerAction, session: &mut PlayerSession) -> Result<Option<Move>, Fault> {
    let PlayerAction::Play(point) = action else { return Ok(None) };
    let color = game.to_play();
    let number = game.move_number() + 1;
    match game.play(point) {
        Ok(_) => Ok(Some(Move { color, point })),
        Err(reason) => {
            let name = freewheel_envs::go::gtp::vertex::name(game.rules(), point);
            Err(session.fail(format!("move {number}, {name}, is not legal: {reason}")))
        }
    }
}
