//! Matches of Go: two entrants, many games, every opening with both colors.

mod seat;
mod tally;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use freewheel_core::{Purpose, Result, Streams};
use freewheel_envs::go::players::{Player, Random, Turn};
use freewheel_envs::go::rules::{Color, Game, Ko, Move, Rules};
use freewheel_envs::go::sgf::{By, GameRecord, Outcome};

use seat::{Fault, Seat};

pub use seat::Entrant;
pub use tally::{Tally, elo, wilson};

/// What is played.
pub struct Match {
    /// The entrants.
    pub entrants: [Entrant; 2],
    /// Games; the first entrant has Black in the even ones, from 0.
    pub games: u32,
    /// The rules.
    pub rules: Rules,
    /// Random moves that every opening begins with; games 2 n and 2 n + 1 share theirs.
    pub opening: u32,
    /// Moves, passes counted, after which a game is scored as it stands.
    pub move_limit: u32,
    /// What everything random comes from.
    pub seed: u64,
}

/// How a game ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Two passes.
    Passes,
    /// One gave up.
    Resignation,
    /// It became too long, and was scored as it stood.
    Limit,
    /// One could not go on: its fault.
    Fault,
}

/// A game that was played.
pub struct Played {
    /// The moves, and who has won.
    pub record: GameRecord,
    /// The first entrant's color.
    pub color: Color,
    /// Who won.
    pub winner: Option<Color>,
    /// How it ended.
    pub end: End,
    /// What one entrant did wrong, if one did.
    pub fault: Option<String>,
    /// The time that each entrant took, and its moves.
    pub took: [(Duration, u32); 2],
}

impl Match {
    /// Plays all games, `threads` at once; results of our own players do not depend on that. `ended` sees each game as it ends. Once
    /// `stop` is set no game begins. Gives those that were played, in their order, each with its number.
    ///
    /// # Errors
    /// [`freewheel_core::Error::Config`] for rules out of range.
    pub fn play(
        &self,
        threads: usize,
        stop: &AtomicBool,
        ended: &(dyn Fn(u32, &Played) + Sync),
    ) -> Result<Vec<(u32, Played)>> {
        self.rules.check()?;
        let next = AtomicU32::new(0);
        let all = Mutex::new(Vec::new());
        let worker = || -> Result<()> {
            let mut seats = self.entrants.clone().map(Seat::new);
            while !stop.load(Ordering::Relaxed) {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= self.games {
                    break;
                }
                let played = self.game(number, &mut seats)?;
                ended(number, &played);
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

    /// The position after the random moves of an opening: none of them a pass, and none into an eye.
    fn opening(&self, number: u32) -> Result<Game> {
        let streams = Streams::new(self.seed);
        let mut rng = streams.stream(Purpose::Generation, u64::from(number / 2), 0);
        let mut game = Game::new(self.rules)?;
        for _ in 0..self.opening {
            match Random.choose(&game, &mut rng)? {
                Turn::Play(point) if point != game.pass() && game.play(point).is_ok() => {}
                _ => break,
            }
        }
        Ok(game)
    }

    fn game(&self, number: u32, seats: &mut [Seat; 2]) -> Result<Played> {
        let mut game = self.opening(number)?;
        let color = if number.is_multiple_of(2) { Color::Black } else { Color::White };
        let streams = Streams::new(self.seed);
        let mut dice = [0, 1].map(|seat| streams.stream(Purpose::EvaluationAction, u64::from(number), seat));
        let mut took = [(Duration::ZERO, 0); 2];
        let seat_of = |to_move: Color| usize::from(to_move != color);
        let mut fault = None;
        for seat in [0, 1] {
            if let Err(why) = seats[seat].begin(&game, &mut dice[seat]) {
                fault.get_or_insert((seat, why));
            }
        }
        let mut resigned = None;
        while fault.is_none() && !game.is_over() && game.move_number() < self.move_limit {
            let to_move = game.to_play();
            let seat = seat_of(to_move);
            let began = Instant::now();
            let turn = seats[seat].choose(&game, to_move, &mut dice[seat]);
            took[seat].0 += began.elapsed();
            took[seat].1 += 1;
            match turn.and_then(|turn| self.take_turn(&mut game, turn, &mut seats[seat])) {
                Ok(None) => {
                    resigned = Some(to_move);
                    break;
                }
                Ok(Some(played)) => {
                    if let Err(why) = seats[1 - seat].tell(&game, played) {
                        fault = Some((1 - seat, why));
                    }
                }
                Err(why) => fault = Some((seat, why)),
            }
        }
        let other = |seat: usize| if seat == 0 { color.other() } else { color };
        let (end, outcome) = match (&fault, resigned) {
            (Some((seat, _)), _) => (End::Fault, Outcome::Win { winner: other(*seat), by: By::Forfeit }),
            (None, Some(loser)) => {
                (End::Resignation, Outcome::Win { winner: loser.other(), by: By::Resignation })
            }
            _ => (if game.is_over() { End::Passes } else { End::Limit }, Outcome::of_score(game.score())),
        };
        let winner = outcome.winner();
        let fault = fault.map(|(seat, why)| format!("{}: {why}", self.entrants[seat].name()));
        Ok(Played { record: self.record(&game, color, outcome), color, winner, end, fault, took })
    }

    /// Makes a move; `None` for a resignation. Of two entrants with two opinions of the rules, ours counts.
    fn take_turn(&self, game: &mut Game, turn: Turn, seat: &mut Seat) -> Result<Option<Move>, Fault> {
        let Turn::Play(point) = turn else { return Ok(None) };
        let color = game.to_play();
        let number = game.move_number() + 1;
        match game.play(point) {
            Ok(_) => Ok(Some(Move { color, point })),
            Err(why) => {
                let name = freewheel_envs::go::gtp::vertex::name(game.rules(), point);
                Err(seat.lose(format!("move {number}, {name}, is not legal: {why}")))
            }
        }
    }

    fn record(&self, game: &Game, color: Color, outcome: Outcome) -> GameRecord {
        let mut record = GameRecord::from_game(game);
        record.players[color as usize].name = self.entrants[0].name();
        record.players[color.other() as usize].name = self.entrants[1].name();
        record.outcome = Some(outcome);
        let named = match (self.rules.ko, self.rules.suicide) {
            (Ko::Positional, true) => "Tromp-Taylor",
            (Ko::Positional, false) => "Chinese",
            (Ko::Situational, true) => "New Zealand",
            _ => "",
        };
        record.rules = named.to_owned();
        record
    }
}
