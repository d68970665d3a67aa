//! Memory for a policy that has none: it sees the last K observations at once.
//!
//! A policy is a function of what it sees, so what it remembers must stand there. [`FrameStack`] wraps a world and shows
//! the player to move what it saw at its last K turns, the oldest first and the present last; an episode begins
//! with its first observation K times, as Gymnasium's `FrameStackObservation` has it. In a game for two each player
//! remembers what it saw itself, and nothing of what the other saw.
//!
//! | the world's observation | with a history of K |
//! |---|---|
//! | `Box [C, ...]` | `Box [K * C, ...]`: one after the other, each within the same bounds |
//! | `Discrete { n }` | `Discrete { n^K }`: the indices are the digits of a number in base n, the present the last one |
//! | the same, n^K above 2^24 | `Box [K]`: the indices as numbers from 0 to n - 1 |
//!
//! All else is the world's own: masks, rewards, endings, measures, scripts, recordings, and its reference, who looks at
//! the present alone.
//!
//! McCallum, "Reinforcement learning with selective perception and hidden state", 1996, calls it a history window; Mnih
//! et al., Nature 518, 2015, stack four frames.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    Baseline, DynWorld, EpisodeRunner, Error, EvaluationWorld, ObservationSpace, Policy, Purpose, Result,
    Solution, SolveQuery, Spec, Streams, VectorEnv,
};

mod episodes;
mod memory;
mod policy;
mod runner;

use episodes::Remembering;
use policy::Present;
use runner::Remembered;

/// A world whose players remember their last K observations.
pub struct FrameStack {
    world: Arc<dyn DynWorld>,
    look: Arc<Look>,
    judge: Option<EvaluationWorld>,
}

/// What the world looks like with its past.
struct Look {
    spec: Spec,
    stack: Stack,
}

impl FrameStack {
    /// `world` as players see it who remember `length` observations, the present one counted; with 1 it is `world` itself.
    ///
    /// # Errors
    /// [`Error::Config`] where `length` is not within 1 to 1024.
    pub fn of(world: Arc<dyn DynWorld>, length: usize) -> Result<Arc<dyn DynWorld>> {
        if length == 1 {
            return Ok(world);
        }
        let (stack, observation) = Stack::new(world.spec(), length)?;
        let spec = Spec { observation, ..world.spec().clone() };
        let judge = match world.evaluation_world().cloned() {
            Some(judge) => Some(EvaluationWorld { world: FrameStack::of(judge.world, length)?, ..judge }),
            None => None,
        };
        Ok(Arc::new(FrameStack { world, look: Arc::new(Look { spec, stack }), judge }))
    }
}

impl DynWorld for FrameStack {
    fn spec(&self) -> &Spec {
        &self.look.spec
    }

    fn vector_env(
        &self,
        num_envs: usize,
        streams: Streams,
        purpose: Purpose,
        first: u64,
    ) -> Box<dyn VectorEnv> {
        let episodes = self.world.vector_env(num_envs, streams, purpose, first);
        Box::new(Remembering::new(episodes, Arc::clone(&self.look)))
    }

    fn episode_runner(&self, streams: Streams, purpose: Purpose, index: u64) -> Box<dyn EpisodeRunner> {
        Box::new(Remembered::new(self.world.episode_runner(streams, purpose, index), Arc::clone(&self.look)))
    }

    /// The world's own answer. Its values belong to the world's observations, not to histories, and are left out.
    fn solve(&self, query: &SolveQuery) -> Result<Solution> {
        let stack = self.look.stack;
        let solution = self.world.solve(query)?;
        let present = |policy| Arc::new(Present { policy, stack }) as Arc<dyn Policy>;
        Ok(Solution { values: Vec::new(), policy: solution.policy.map(present), ..solution })
    }

    fn baseline(&self, query: &SolveQuery) -> Result<Baseline> {
        self.world.baseline(query)
    }

    fn evaluation_world(&self) -> Option<&EvaluationWorld> {
        self.judge.as_ref()
    }

    fn upper_bound_player(&self) -> Option<&str> {
        self.world.upper_bound_player()
    }
}

/// How observations become a history, a row of `[H]` numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stack {
    /// Arrays of `d` numbers, one after the other: H = K d.
    Numbers { d: usize },
    /// Indices below `base`, as the digits of one below `histories`: H = 1.
    Digits { base: u32, histories: u32 },
}

/// More observations than a player has a use for.
const LONGEST: usize = 1024;
/// Beyond, an `f32` does not hold every index.
const MOST_INDICES: usize = 1 << 24;

impl Stack {
    /// For `length` observations of the world of `spec`, and what they look like together.
    fn new(spec: &Spec, length: usize) -> Result<(Stack, ObservationSpace)> {
        if !(1..=LONGEST).contains(&length) {
            return Err(Error::Config(format!(
                "frame_stack = {length}: it must be at least 1 and at most {LONGEST}"
            )));
        }
        match &spec.observation {
            ObservationSpace::Box { shape, low, high } => {
                let mut shape = shape.clone();
                match shape.first_mut() {
                    Some(first) => *first *= length,
                    None => shape.push(length),
                }
                let (low, high) = (low.repeat(length), high.repeat(length));
                Ok((Stack::Numbers { d: spec.observation.len() }, ObservationSpace::Box { shape, low, high }))
            }
            ObservationSpace::Discrete { n } => {
                let all = u32::try_from(length).ok().and_then(|length| n.checked_pow(length));
                Ok(match all.filter(|&all| all <= MOST_INDICES) {
                    Some(all) => {
                        let (base, histories) = ((*n).max(1) as u32, all.max(1) as u32);
                        (Stack::Digits { base, histories }, ObservationSpace::Discrete { n: all })
                    }
                    // Too many to be counted: the indices themselves.
                    None => {
                        let bounds = vec![(0.0, (n - 1) as f32); length];
                        (Stack::Numbers { d: 1 }, ObservationSpace::vector(&bounds))
                    }
                })
            }
        }
    }

    /// The first observation of an episode, as if nothing else had ever been seen.
    fn begin(self, history: &mut [f32], seen: &[f32]) {
        match self {
            Stack::Numbers { d } => {
                history.chunks_exact_mut(d.max(1)).for_each(|frame| frame.copy_from_slice(seen));
            }
            Stack::Digits { base, histories } => {
                // (n^K - 1) / (n - 1) is 11...1 in base n.
                let ones = (histories - 1) / (base - 1).max(1);
                history[0] = (seen[0] as u32 * ones) as f32;
            }
        }
    }

    /// One more observation: the oldest is forgotten.
    #[inline]
    fn push(self, history: &mut [f32], seen: &[f32]) {
        match self {
            Stack::Numbers { d } => {
                history.copy_within(d.., 0);
                self.replace(history, seen);
            }
            Stack::Digits { base, histories } => {
                let kept = history[0] as u32 % (histories / base);
                history[0] = (kept * base) as f32 + seen[0];
            }
        }
    }

    /// Another present, after the same past.
    #[inline]
    fn replace(self, history: &mut [f32], seen: &[f32]) {
        match self {
            Stack::Numbers { d } => {
                let past = history.len() - d;
                history[past..].copy_from_slice(seen);
            }
            Stack::Digits { base, .. } => {
                let present = history[0] as u32 % base;
                history[0] += seen[0] - present as f32;
            }
        }
    }

    /// The present of each of `rows` histories, `[N, D]`.
    fn present(self, histories: &[f32], rows: usize) -> Vec<f32> {
        match self {
            Stack::Numbers { d } => {
                let width = histories.len() / rows.max(1);
                histories.chunks_exact(width.max(1)).flat_map(|row| &row[width - d..]).copied().collect()
            }
            Stack::Digits { base, .. } => histories.iter().map(|&row| (row as u32 % base) as f32).collect(),
        }
    }
}
