//! What is the best that can be done, and what a random player gets.

use freewheel_core::{Baseline, Certainty, Env, Error, Purpose, Question, Result, Solution, Streams, Who};

use super::against::GoAgainst;
use super::duel::Go;
use super::settings::Seat;
use super::terms;
use crate::go::rules::Game;
use crate::go::solver::Solver;

/// Boards of more points are not solved here.
const MOST_SOLVED: usize = 9;

/// What the random player's games are played with.
const SEED: u64 = 0;

/// Positions that may be looked at for an answer: some seconds.
const BUDGET: u64 = 20_000_000;

/// Of the game for two: who wins if both play perfectly, as Black's share of wins. The move limit is not seen.
pub(super) fn duel(world: &Go, question: &Question) -> Result<Solution> {
    let id = &world.spec().id;
    let [low, high] = blacks_share(id, &world.terms.start, question)?;
    if low < high {
        return Err(Error::Unsupported(format!("{id}: who wins with perfect play was not found out")));
    }
    Ok(solution(low, high))
}

/// Of the game against an opponent, whoever that is: what perfect play is sure to get at least, and the most that
/// there is.
pub(super) fn against(world: &GoAgainst, question: &Question) -> Result<Solution> {
    let id = &world.spec().id;
    let [low, high] = blacks_share(id, &world.terms.start, question)?;
    let sure = match world.seat {
        Seat::Black => low,
        Seat::White => 1.0 - high,
        Seat::Alternate => (low + 1.0 - high) / 2.0,
    };
    if sure == 0.0 {
        return Err(Error::Unsupported(format!(
            "{id}: perfect play is sure of nothing, and the opponent's weakness is not known"
        )));
    }
    Ok(solution(sure, 1.0))
}

/// The least and the most that Black's share of wins with perfect play of both may be.
fn blacks_share(id: &str, start: &Game, question: &Question) -> Result<[f64; 2]> {
    if question.who != Who::Best || question.gamma != 1.0 {
        return Err(Error::Unsupported(format!("{id}: only perfect play without a discount is worked out")));
    }
    let unknown = || Error::Unsupported(format!("{id}: perfect play on so large a board is not known here"));
    if start.area() > MOST_SOLVED {
        return Err(unknown());
    }
    let solved = Solver::new(start.rules(), BUDGET)?.ok_or_else(unknown)?.solve(start, BUDGET)?;
    // Black's margin is the area less komi.
    let white = start.rules().komi + start.rules().compensation_for(start.setup().handicap);
    Ok([solved.low, solved.high].map(|area| terms::won(f32::from(area) - white)))
}

/// An answer between these bounds. No policy of observations plays it: under superko the whole game counts.
fn solution(low: f64, high: f64) -> Solution {
    let certainty = if low == high { Certainty::Exact } else { Certainty::Bracket };
    Solution { certainty, value: low, upper: Some(high), values: Vec::new(), policy: None }
}

/// The share of games that a player wins who takes every legal action equally often, its own eyes and the pass
/// included, and both sides where the game is for two (then it is Black's share): played out with a fixed seed, as
/// many games as make about 100,000 moves, from 100 to 1,000. A game of `limit` steps is counted as it stands.
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
