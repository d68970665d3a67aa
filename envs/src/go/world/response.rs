//! The best answer to a random opponent, exactly, on boards small enough.
//!
//! With simple ko nothing of the past matters but the ko point and whether the last move was a pass: what the learner meets is a finite decision process, whose
//! outcomes are the opponent's moves. Under superko the whole game matters, and this is not done. The move limit is not seen: on 2x2 the best player is far from it.

use std::collections::BTreeMap;

use freewheel_core::{Error, Result};

use crate::go::players::sensible;
use crate::go::rules::{Colour, Game, Ko};
use crate::mdp::{FiniteMdp, MdpBuilder, Outcome};

use super::terms;

/// The most points that a board may have for this.
pub(super) const MOST: usize = 4;

/// All of the future, as long as the rules are those of simple ko.
type Key = (bool, Vec<Option<bool>>, Option<u16>, u8);

/// The positions in which a learner moves, found by playing everything.
#[derive(Default)]
struct Positions {
    numbers: BTreeMap<Key, u32>,
    games: Vec<(Colour, Game)>,
}

/// The process of a learner who has each colour of `learners` equally often, from `start`; an episode pays 1 for a win, 0.5 for a draw.
///
/// # Errors
/// [`Error::Unsupported`] for boards too large and for superko.
pub(super) fn to_random(start: &Game, learners: &[Colour]) -> Result<FiniteMdp> {
    if start.area() > MOST || start.rules().ko != Ko::Simple {
        return Err(Error::Unsupported(format!(
            "the best answer to a random player is worked out on boards of up to {MOST} points, with ko = \"simple\""
        )));
    }
    let mut positions = Positions::default();
    let mut starts: Vec<(u32, f64)> = Vec::new();
    for &learner in learners {
        for outcome in positions.after(start.clone(), learner) {
            starts.push((outcome.next, outcome.probability / learners.len() as f64));
        }
    }
    let actions = start.area() + 1;
    let mut builder = MdpBuilder::new(actions);
    let mut done = 0;
    while let Some((learner, game)) = positions.games.get(done).cloned() {
        done += 1;
        for action in 0..actions as u16 {
            if !game.legal(action) {
                builder.push(&[]);
                continue;
            }
            let mut next = game.clone();
            next.play_unchecked(action);
            let outcomes = positions.after(next, learner);
            builder.push(&outcomes);
        }
    }
    builder.build(starts)
}

impl Positions {
    /// Where a game may stand when the learner is to move next, each with its probability.
    fn after(&mut self, game: Game, learner: Colour) -> Vec<Outcome> {
        if game.is_over() || game.to_play() == learner {
            return vec![self.outcome(game, learner, 1.0)];
        }
        let mut moves: Vec<u16> = sensible(&game).collect();
        if moves.is_empty() {
            moves.push(game.pass());
        }
        let probability = 1.0 / moves.len() as f64;
        let each = moves.into_iter().map(|point| {
            let mut next = game.clone();
            next.play_unchecked(point);
            self.outcome(next, learner, probability)
        });
        each.collect()
    }

    fn outcome(&mut self, game: Game, learner: Colour, probability: f64) -> Outcome {
        if game.is_over() {
            let reward = terms::won(terms::margin(&game, learner));
            return Outcome { probability, next: 0, reward, terminal: true };
        }
        let stones = (0..game.pass()).map(|p| game.stone(p).map(|colour| colour == Colour::Black)).collect();
        let key = (learner == Colour::Black, stones, game.ko(), game.passes());
        let next = *self.numbers.entry(key).or_insert_with(|| {
            self.games.push((learner, game));
            self.games.len() as u32 - 1
        });
        Outcome { probability, next, reward: 0.0, terminal: false }
    }
}
