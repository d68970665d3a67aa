//! Reference solution of a replay.
//!
//! With foresight of the prices the optimum is known exactly. This optimum is an upper bound, not a goal. The lower
//! bound is the better of two policies without information: holding all assets, and never trading.

use std::sync::Arc;

use freewheel_core::{
    ActionBuffer, Baseline, Certainty, Env, Error, EvaluationWorld, Event, Frame, Policy, PolicyClass,
    Purpose, Result, Scene, Solution, SolveQuery, Step, Stream, Streams, World,
};

use super::foresight;
use super::scripts::{PolicyKind, Script};
use super::target::TargetAction;
use super::world::{Replay, State};

/// Maximum number of simulated steps for a query, a few seconds.
const MAX_STEPS: usize = 1 << 28;

impl<A: TargetAction> World for Replay<A> {
    fn solve(&self, query: &SolveQuery) -> Result<Solution> {
        let steps = steps(self, query)?;
        match query.policy_class {
            PolicyClass::Optimal => bracket(self, steps),
            PolicyClass::Random => random(self, steps),
            _ => Err(unsupported(self, "only the optimal and the random policy are solved")),
        }
    }

    fn baseline(&self, query: &SolveQuery) -> Result<Baseline> {
        let steps = steps(self, query)?;
        let Some(Script { name, policy: PolicyKind::FixedTarget(target) }) = self.scripts.first() else {
            return Err(unsupported(self, NO_FIXED_TARGET));
        };
        Ok(Baseline { name: name.clone(), value: fixed_target_score(self, *target, steps)? })
    }

    fn evaluation_world(&self) -> Option<&EvaluationWorld> {
        self.evaluation_world.as_ref()
    }

    fn upper_bound_player(&self) -> Option<&str> {
        Some("clairvoyant")
    }

    fn draw(&self, scene: &Scene<'_, State>, frame: &mut Frame) {
        super::draw::draw(&self.market, scene, frame);
    }

    fn event(&self, before: &State, _action: A, after: &State, _step: Step) -> Option<Event> {
        super::draw::trade(&self.market, before, after)
    }
}

const NO_FIXED_TARGET: &str = "the world has no script with fixed target positions";

fn unsupported<A: TargetAction>(world: &Replay<A>, why: &str) -> Error {
    Error::Unsupported(format!("{}: {why}", world.spec().id))
}

/// Number of steps of an episode under `query`.
fn steps<A: TargetAction>(world: &Replay<A>, query: &SolveQuery) -> Result<usize> {
    if query.gamma != 1.0 {
        return Err(unsupported(
            world,
            "only gamma = 1 is solved, as rewards add up to log growth; set gamma = 1",
        ));
    }
    match query.horizon {
        Some(0) => Err(unsupported(world, "the horizon must be at least 1")),
        horizon => Ok(horizon.map_or(world.market.steps, |h| world.market.steps.min(h as usize))),
    }
}

fn bracket<A: TargetAction>(world: &Replay<A>, steps: usize) -> Result<Solution> {
    let market = &world.market;
    let mut lower: Option<(f64, A)> = None;
    for script in &world.scripts {
        if let PolicyKind::FixedTarget(action) = script.policy {
            let value = fixed_target_score(world, action, steps)?;
            if lower.is_none_or(|(best, _)| value > best) {
                lower = Some((value, action));
            }
        }
    }
    let (value, action) = lower.ok_or_else(|| unsupported(world, NO_FIXED_TARGET))?;
    let starts = market.starts.len();
    let work = starts.saturating_mul(steps).saturating_mul(market.rows()).saturating_mul(market.rows());
    let exact = A::from_row(0).and_then(|_| world.foresight()).filter(|_| work <= 8 * MAX_STEPS);
    // After a ruin the environment pays the ruin equity, which may exceed the value of a path.
    let floor = (market.ruin_equity / market.initial_equity).ln();
    let upper = match exact {
        Some(foresight) => {
            let growths = market.starts.clone().map(|start| foresight.optimum(start, steps).max(floor));
            growths.sum::<f64>() / starts as f64
        }
        None => foresight::cost_free_bound(market, steps).max(floor),
    };
    Ok(Solution {
        certainty: Certainty::Bracket,
        value,
        // Rewards are rounded, so the lower bound may exceed the upper bound by a rounding error.
        upper: Some(upper.max(value)),
        values: Vec::new(),
        policy: Some(Arc::new(FixedPolicy(action))),
    })
}

/// Exact value of the policy of uniformly random rows, which do not depend on the positions held.
fn random<A: TargetAction>(world: &Replay<A>, steps: usize) -> Result<Solution> {
    let market = &world.market;
    let known = A::from_row(0).and_then(|_| world.foresight());
    let Some(foresight) = known.filter(|_| market.costs.fee == 0.0) else {
        return Err(unsupported(
            world,
            "the random policy is solved for small tables of positions with fee = 0 only",
        ));
    };
    let floor = (market.ruin_equity / market.initial_equity).ln();
    let mut total = 0.0;
    for start in market.starts.clone() {
        total += foresight
            .random(start, steps, floor)
            .ok_or_else(|| unsupported(world, "the random policy is not solved where it may be ruined"))?;
    }
    Ok(Solution {
        certainty: Certainty::Exact,
        value: total / market.starts.len() as f64,
        upper: None,
        values: Vec::new(),
        policy: None,
    })
}

/// Mean score of a policy with fixed target positions, over all starts.
fn fixed_target_score<A: TargetAction>(world: &Replay<A>, action: A, steps: usize) -> Result<f64> {
    let starts = world.market.starts.clone();
    if starts.len().saturating_mul(steps) > MAX_STEPS {
        return Err(unsupported(
            world,
            "the episodes have too many steps in all to be simulated; lower length",
        ));
    }
    let mut rng = Streams::new(0).stream(Purpose::EvaluationEnvironment, 0, 0);
    let n = starts.len() as f64;
    let mut total = 0.0;
    for start in starts {
        let mut state = world.start(start, steps);
        while !world.step(&mut state, action, &mut rng).ending.is_over() {}
        total += state.reward_sum;
    }
    Ok(total / n)
}

/// Policy that always takes the same action.
struct FixedPolicy<A>(A);

impl<A: TargetAction> Policy for FixedPolicy<A> {
    fn act(&self, _obs: &[f32], _legal: &[bool], rngs: &mut [Stream], actions: &mut ActionBuffer) {
        match (actions, self.0.as_actions()) {
            (ActionBuffer::Discrete(all), freewheel_core::Actions::Discrete(action)) => {
                all.clear();
                all.extend(std::iter::repeat_n(action, rngs.len()).flatten());
            }
            (ActionBuffer::Continuous(all), freewheel_core::Actions::Continuous(action)) => {
                all.clear();
                all.extend(std::iter::repeat_n(action, rngs.len()).flatten());
            }
            _ => {}
        }
    }
}
