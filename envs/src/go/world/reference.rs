//! What is the best that can be done, and what a random player gets.

use std::sync::Arc;

use freewheel_core::{
    Baseline, Certainty, Env, Error, Policy, PolicyClass, Purpose, Result, ScriptedPolicy, Solution,
    SolveQuery, Streams,
};

use super::against::GoAgainst;
use super::duel::Go;
use super::settings::Seat;
use super::{ladder, terms};
use crate::go::rules::{Game, Ko, Setup};
use crate::go::solver::Solver;

/// Boards of more points are not solved here under superko, where games are searched.
const MOST_SEARCHED: usize = 9;

/// Nor with simple ko, where positions alone count.
const MOST_TABULATED: usize = 16;

/// Sides of boards that others have solved under superko, and Black's area less White's (Tromp, tromp.github.io/go.html; van
/// der Werf & Winands, ICGA Journal 32, 2009).
const PUBLISHED: [(u8, i16); 2] = [(4, 2), (5, 25)];

/// What the random player's games are played with.
const SEED: u64 = 0;

/// Positions that may be looked at for an answer: some seconds.
const BUDGET: u64 = 20_000_000;

/// Of the game for two: who wins if both play perfectly, as Black's share of wins. The move limit is not seen.
pub(super) fn duel(world: &Go, query: &SolveQuery) -> Result<Solution> {
    let id = &world.spec().id;
    let (start, [low, high]) = (&world.terms.start, blacks_share(id, &world.terms.start, query)?);
    if low < high {
        return Err(Error::Unsupported(format!("{id}: who wins with perfect play was not found out")));
    }
    Ok(solution(low, high, start))
}

/// Of the game against an opponent. On a board that is solved, whoever that is: what perfect play is sure to get at least,
/// and the most that there is. On the ladder's board: what the best of its players is expected to win.
pub(super) fn against(world: &GoAgainst, query: &SolveQuery) -> Result<Solution> {
    let id = &world.spec().id;
    asked_for_the_best(id, query)?;
    if let Some(value) = best_known(world) {
        let policy: Arc<dyn Policy> = Arc::new(ScriptedPolicy(terms::BEST));
        let certainty = Certainty::BestKnown;
        return Ok(Solution { certainty, value, upper: Some(1.0), values: Vec::new(), policy: Some(policy) });
    }
    let [low, high] = blacks_share(id, &world.terms.start, query)?;
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
    Ok(solution(sure, 1.0, &world.terms.start))
}

/// What the top of the ladder is expected to win here, as either color alike; `None` where nobody has played the ladder.
fn best_known(world: &GoAgainst) -> Option<f64> {
    let (start, rules) = (&world.terms.start, world.terms.start.rules());
    let (side, komi) = ladder::PLAYED_ON;
    let played = (rules.width, rules.height, rules.komi) == (side, side, komi)
        && world.seat == Seat::Alternate
        && *start.setup() == Setup::default();
    if played { ladder::expected(&world.opponent.name()) } else { None }
}

/// The least and the most that Black's share of wins with perfect play of both may be.
fn blacks_share(id: &str, start: &Game, query: &SolveQuery) -> Result<[f64; 2]> {
    asked_for_the_best(id, query)?;
    let unknown = || Error::Unsupported(format!("{id}: perfect play on so large a board is not known here"));
    let areas = if !is_worked_out(start) {
        [published(start).ok_or_else(unknown)?; 2]
    } else {
        let solved = Solver::new(start.rules(), BUDGET)?.ok_or_else(unknown)?.solve(start, BUDGET)?;
        [solved.low, solved.high].map(i16::from)
    };
    // Black's margin is the area less komi.
    let white = start.rules().komi + start.rules().compensation_for(start.setup().handicap);
    Ok(areas.map(|area| terms::won(f32::from(area) - white)))
}

/// Whether the board is small enough for these rules. With simple ko and suicide anything may be repeated, so that bounds say
/// nothing: only what takes no time is asked.
fn is_worked_out(start: &Game) -> bool {
    let rules = start.rules();
    let most = if rules.ko == Ko::Simple && !rules.suicide { MOST_TABULATED } else { MOST_SEARCHED };
    start.area() <= most
}

/// What others have found of the empty board.
fn published(start: &Game) -> Option<i16> {
    let rules = start.rules();
    let theirs = rules.ko != Ko::Simple && *start.setup() == Setup::default();
    let of = |side: &&(u8, i16)| theirs && (rules.width, rules.height) == (side.0, side.0);
    PUBLISHED.iter().find(of).map(|&(_, area)| area)
}

fn asked_for_the_best(id: &str, query: &SolveQuery) -> Result<()> {
    if query.policy_class == PolicyClass::Optimal && query.gamma == 1.0 {
        return Ok(());
    }
    Err(Error::Unsupported(format!("{id}: only the best play without a discount is known")))
}

/// An answer between these bounds. No policy of observations plays it: under superko the whole game counts.
fn solution(low: f64, high: f64, start: &Game) -> Solution {
    let certainty = match low == high {
        true if is_worked_out(start) => Certainty::Exact,
        true => Certainty::BestKnown,
        false => Certainty::Bracket,
    };
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
