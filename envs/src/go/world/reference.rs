//! What is the best that can be done, and what a random player gets.

use freewheel_core::{Baseline, Env, Error, Purpose, Question, Result, Solution, Streams};

use super::against::GoAgainst;
use super::duel::Go;

/// What the random player's games are played with.
const SEED: u64 = 0;

/// Of the game for two: none yet.
pub(super) fn duel(world: &Go, _question: &Question) -> Result<Solution> {
    Err(Error::Unsupported(format!("{} has no reference", world.spec().id)))
}

/// Of the game against an opponent.
pub(super) fn against(world: &GoAgainst, _question: &Question) -> Result<Solution> {
    Err(Error::Unsupported(format!("{} has no reference", world.spec().id)))
}

/// The share of games that a player wins who takes every legal action equally often, its own eyes and the pass included, and both sides
/// where the game is for two (then it is Black's share): played out with a fixed seed, as many games as make about 100,000 moves, from 100
/// to 1,000. A game of `limit` steps is counted as it stands.
pub(super) fn random<E: Env<Action = u32>>(world: &E, limit: u32) -> Baseline {
    let games = (100_000 / limit.max(1)).clamp(100, 1000);
    let streams = Streams::new(SEED);
    let mut legal = vec![true; world.spec().actions.count()];
    let mut measures = [0.0; 3];
    let mut won = 0.0;
    for game in 0..u64::from(games) {
        let mut dice = streams.stream(Purpose::EvaluationEnvironment, 0, game);
        let mut choices = streams.stream(Purpose::EvaluationAction, 0, game);
        let mut state = world.reset(&mut dice);
        for _ in 0..limit {
            world.legal(&state, &mut legal);
            let count = legal.iter().filter(|&&legal| legal).count() as u32;
            let pick = choices.below(count) as usize;
            let action =
                (0u32..).zip(&legal).filter(|(_, legal)| **legal).nth(pick).map_or(0, |(action, _)| action);
            if world.step(&mut state, action, &mut dice).ending.is_over() {
                break;
            }
        }
        world.measure(&state, &mut measures);
        won += measures[0];
    }
    Baseline { name: "random".into(), value: won / f64::from(games) }
}
