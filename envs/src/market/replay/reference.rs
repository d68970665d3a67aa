//! What can be done in a replay, and by whom.
//!
//! The past has one course, so the best that could have been done is known exactly, but only to those who knew the course: it is a bound
//! from above, not a goal. From below stands the better of two players who need no knowledge: who holds, and who does
//! nothing. An agent that has learned something is somewhere between.

use std::sync::Arc;

use freewheel_core::{
    ActionBuffer, Baseline, Certainty, Env, Error, Policy, PolicyClass, Purpose, Result, Solution,
    SolveQuery, Stream, Streams,
};

use super::foresight;
use super::scripts::Player;
use super::target::Target;
use super::world::Replay;

/// Steps that are driven at most to answer a question: a few seconds.
const LONGEST: usize = 1 << 28;

/// Answers for the best and for the random player.
pub(super) fn solve<A: Target>(world: &Replay<A>, query: &SolveQuery) -> Result<Solution> {
    let steps = steps(world, query)?;
    match query.policy_class {
        PolicyClass::Optimal => best(world, steps),
        PolicyClass::Random => random(world, steps),
        _ => Err(unsupported(world, "it is answered for the best and for the random player only")),
    }
}

/// The score of the first scripted player.
pub(super) fn baseline<A: Target>(world: &Replay<A>, query: &SolveQuery) -> Result<Baseline> {
    let steps = steps(world, query)?;
    match world.scripts.first() {
        Some(script) => match script.player {
            Player::Always(action) => {
                Ok(Baseline { name: script.name.clone(), value: drive(world, action, steps)? })
            }
            _ => Err(unsupported(world, "it has no player who holds")),
        },
        None => Err(unsupported(world, "it has no players")),
    }
}

fn unsupported<A: Target>(world: &Replay<A>, why: &str) -> Error {
    Error::Unsupported(format!("{}: {why}", world.spec().id))
}

/// The steps of an episode as it is asked for.
fn steps<A: Target>(world: &Replay<A>, query: &SolveQuery) -> Result<usize> {
    if query.gamma != 1.0 {
        return Err(unsupported(world, "log growth adds up undiscounted; ask with gamma = 1"));
    }
    match query.horizon {
        Some(0) => Err(unsupported(world, "an episode without steps has no score; ask for 1 step or more")),
        horizon => Ok(horizon.map_or(world.market.steps, |h| world.market.steps.min(h as usize))),
    }
}

fn best<A: Target>(world: &Replay<A>, steps: usize) -> Result<Solution> {
    let market = &world.market;
    let mut lower: Option<(f64, A)> = None;
    for script in &world.scripts {
        if let Player::Always(action) = script.player {
            let value = drive(world, action, steps)?;
            if lower.is_none_or(|(most, _)| value > most) {
                lower = Some((value, action));
            }
        }
    }
    let (value, action) = lower.ok_or_else(|| unsupported(world, "it has no player who holds"))?;
    let starts = market.starts.len();
    let work = starts.saturating_mul(steps).saturating_mul(market.rows()).saturating_mul(market.rows());
    let exact = A::from_row(0).and_then(|_| market.foresight()).filter(|_| work <= 8 * LONGEST);
    // The world pays the ruined the floor, which may be more than a path is worth.
    let floor = (market.floor / market.initial).ln();
    let upper = match exact {
        Some(foresight) => {
            let each = market.starts.clone().map(|start| foresight.best(start, steps).max(floor));
            each.sum::<f64>() / starts as f64
        }
        None => foresight::free_of_costs(market, steps).max(floor),
    };
    Ok(Solution {
        certainty: Certainty::Bracket,
        value,
        // Rewards are rounded, and the last rounding may go up.
        upper: Some(upper.max(value)),
        values: Vec::new(),
        policy: Some(Arc::new(Always(action))),
    })
}

/// Exact, for the player forgets: what it chooses does not depend on what it holds.
fn random<A: Target>(world: &Replay<A>, steps: usize) -> Result<Solution> {
    let market = &world.market;
    let known = A::from_row(0).and_then(|_| market.foresight());
    let Some(foresight) = known.filter(|_| market.costs.fee == 0.0) else {
        return Err(unsupported(world, "the random player is solved for small tables without a fee only"));
    };
    let floor = (market.floor / market.initial).ln();
    let mut total = 0.0;
    for start in market.starts.clone() {
        total += foresight
            .random(start, steps, floor)
            .ok_or_else(|| unsupported(world, "the random player may be ruined, and is not solved"))?;
    }
    Ok(Solution {
        certainty: Certainty::Exact,
        value: total / market.starts.len() as f64,
        upper: None,
        values: Vec::new(),
        policy: None,
    })
}

/// The mean score, over all starts, of the player who always does the same.
fn drive<A: Target>(world: &Replay<A>, action: A, steps: usize) -> Result<f64> {
    let starts = world.market.starts.clone();
    if starts.len().saturating_mul(steps) > LONGEST {
        return Err(unsupported(world, "there are too many bars to drive through; lower length"));
    }
    let mut rng = Streams::new(0).stream(Purpose::EvaluationEnvironment, 0, 0);
    let n = starts.len() as f64;
    let mut total = 0.0;
    for start in starts {
        let mut state = world.start(start, steps);
        while !world.step(&mut state, action, &mut rng).ending.is_over() {}
        total += state.rewarded;
    }
    Ok(total / n)
}

/// The policy that always does the same.
struct Always<A>(A);

impl<A: Target> Policy for Always<A> {
    fn act(&self, _obs: &[f32], _legal: &[bool], rngs: &mut [Stream], choice: &mut ActionBuffer) {
        match (choice, self.0.as_actions()) {
            (ActionBuffer::Discrete(all), freewheel_core::Actions::Discrete(own)) => {
                all.clear();
                all.extend(std::iter::repeat_n(own, rngs.len()).flatten());
            }
            (ActionBuffer::Continuous(all), freewheel_core::Actions::Continuous(own)) => {
                all.clear();
                all.extend(std::iter::repeat_n(own, rngs.len()).flatten());
            }
            _ => {}
        }
    }
}
