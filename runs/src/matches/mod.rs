//! Matches of Go: two players play many games; every opening is played twice, with exchanged colors.

mod ratings;
mod result;
mod session;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use freewheel_core::{Purpose, Result, Streams};
use freewheel_envs::go::players::{Player, PlayerAction, Random};
use freewheel_envs::go::rules::{Color, Game, Ko, Move, RuleSet, Rules};
use freewheel_envs::go::sgf::{GameRecord, Outcome, WinReason};

use session::{Fault, PlayerSession};

pub(crate) use ratings::{Rating, ratings};
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
    /// One player made an error, such as an illegal move or a timeout: the game has no result.
    Fault,
}

/// A finished game.
pub struct PlayedGame {
    /// Moves and result.
    pub record: GameRecord,
    /// Color of the match's first player in this game.
    pub color: Color,
    /// Winner; `None` for a draw, and for a game without a result.
    pub winner: Option<Color>,
    /// Reason for the end of the game.
    pub end: GameEnd,
    /// Name of the player that made an error, and the error; `None` if there was no error.
    pub fault: Option<String>,
    /// Total thinking time and number of moves of each player.
    pub time_used: [(Duration, u32); 2],
}

/// Games of a match.
pub struct PlayedMatch {
    /// Finished games with their numbers, in order.
    pub games: Vec<(u32, PlayedGame)>,
    /// Why the match was ended early, if too many games had no result.
    pub failure: Option<String>,
}

/// Number of games in a row without a result after which a match is ended.
const MAX_FAULTS_IN_A_ROW: u32 = 3;

/// Number of games without a result after which a match of `games` games is ended: 5 %, but at least 3 are allowed.
fn max_faults(games: u32) -> u32 {
    (games / 20).max(3)
}

/// Games and faults of a match in progress.
#[derive(Default)]
struct Progress {
    games: Vec<(u32, PlayedGame)>,
    faults: u32,
    in_a_row: u32,
    first: Option<String>,
}

impl Progress {
    fn add(&mut self, number: u32, played: PlayedGame) {
        self.in_a_row = if played.fault.is_some() { self.in_a_row + 1 } else { 0 };
        if let Some(fault) = &played.fault {
            self.faults += 1;
            self.first.get_or_insert_with(|| format!("game {}: {fault}", number + 1));
        }
        self.games.push((number, played));
    }

    /// Why a match of `games` games has failed, if it has.
    fn failure(&self, games: u32) -> Option<String> {
        let first = self.first.as_ref()?;
        let (faults, played) = (self.faults, self.games.len());
        let what = if faults as usize == played {
            format!("no game has a result, of {played} played")
        } else if self.in_a_row >= MAX_FAULTS_IN_A_ROW || faults > max_faults(games) {
            format!("{faults} of {played} games have no result")
        } else {
            return None;
        };
        let mend = "start both players with the same rules, see --rules";
        Some(format!("the match was ended: {what}; the first was {first}; {mend}"))
    }
}

impl Match {
    /// Plays all games on `threads` threads. Results of the built-in players do not depend on `threads`. `on_end` is
    /// called after each game. Once `stop` is set, or too many games had no result, no new game starts, and games in
    /// progress are dropped.
    ///
    /// # Errors
    /// [`freewheel_core::Error::Config`] for rules out of range.
    pub fn play(
        &self,
        threads: usize,
        stop: &AtomicBool,
        on_end: &(dyn Fn(u32, &PlayedGame) + Sync),
    ) -> Result<PlayedMatch> {
        self.rules.check()?;
        let next = AtomicU32::new(0);
        let failed = AtomicBool::new(false);
        let progress = Mutex::new(Progress::default());
        let ended = || stop.load(Ordering::Relaxed) || failed.load(Ordering::Relaxed);
        let worker = || -> Result<()> {
            let mut sessions = self.players.clone().map(PlayerSession::new);
            while !ended() {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= self.games {
                    break;
                }
                let Some(played) = self.play_game(number, &mut sessions, &ended)? else { break };
                on_end(number, &played);
                if let Ok(mut progress) = progress.lock() {
                    progress.add(number, played);
                    let too_many =
                        progress.in_a_row >= MAX_FAULTS_IN_A_ROW || progress.faults > max_faults(self.games);
                    failed.fetch_or(too_many, Ordering::Relaxed);
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
        let progress = progress.into_inner().unwrap_or_default();
        let failure = progress.failure(self.games);
        let mut games = progress.games;
        games.sort_by_key(|(number, _)| *number);
        Ok(PlayedMatch { games, failure })
    }

    /// Plays a game; `None` if `ended` is true before the end of the game.
    fn play_game(
        &self,
        number: u32,
        sessions: &mut [PlayerSession; 2],
        ended: &dyn Fn() -> bool,
    ) -> Result<Option<PlayedGame>> {
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
        while fault.is_none() && !game.is_over() && game.move_number() < self.move_limit && !ended() {
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
        let over = resigned.is_some() || game.is_over() || game.move_number() >= self.move_limit;
        if ended() && (fault.is_some() || !over) {
            return Ok(None);
        }
        let (end, outcome) = match (&fault, resigned) {
            (Some(_), _) => (GameEnd::Fault, Outcome::Void),
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
        Ok(Some(PlayedGame {
            record: self.record(&game, color, outcome),
            color,
            winner,
            end,
            fault,
            time_used,
        }))
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
        // Records under simple ko have no name: the game is scored by area, unlike Japanese games.
        let set = RuleSet::of(&self.rules).filter(|set| set.ko != Ko::Simple);
        record.rules = set.map(|set| set.title.to_owned()).unwrap_or_default();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn played(fault: bool) -> PlayedGame {
        PlayedGame {
            record: GameRecord::default(),
            color: Color::Black,
            winner: (!fault).then_some(Color::Black),
            end: if fault { GameEnd::Fault } else { GameEnd::Passes },
            fault: fault.then(|| "gtp:x: boom".to_owned()),
            time_used: Default::default(),
        }
    }

    /// Failure of a match of `games` games of which these were played; `x` has no result.
    fn failure(games: u32, results: &str) -> Option<String> {
        let mut progress = Progress::default();
        for (number, result) in (0..).zip(results.chars()) {
            progress.add(number, played(result == 'x'));
        }
        progress.failure(games)
    }

    #[test]
    fn a_match_fails_after_a_few_games_without_a_result() {
        assert!(failure(10, "..x.x.x...").is_none());
        assert!(
            failure(10, "..x.x.x.x.").unwrap().contains("4 of 10 games have no result; the first was game 3")
        );
        assert!(failure(100, ".xx.xx.x").is_none());
        assert!(failure(100, ".xxx").unwrap().contains("3 of 4 games"));
        assert!(failure(2, "xx").unwrap().contains("no game has a result"));
        assert!(failure(0, "").is_none());
    }

    /// A game without a result is no game of either player.
    #[test]
    fn games_without_result_do_not_count() {
        let games = [played(false), played(true), played(false)];
        let result = MatchResult::of(games.iter());
        assert_eq!((result.games, result.without_result, result.won, result.lost), (2, 1, 2, 0));
        assert_eq!(result.elo_interval[1], f64::INFINITY);
        assert!(MatchResult::of([].iter()).win_rate.is_nan());
    }
}
