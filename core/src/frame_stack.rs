//! Frame stacks: the last K observations as one, so that any agent has a memory.
//!
//! [`FrameStack::wrap`] shows the player to move its observations at its last K turns, the oldest first and the newest
//! last. An episode starts with its first observation K times, as in Gymnasium's `FrameStackObservation`. In a game for
//! two each player has a stack of its own observations only.
//!
//! | the world's observation | its frame stack |
//! |---|---|
//! | `Box [C, ...]` | `Box [K * C, ...]`: concatenated, each within the same bounds |
//! | `Discrete { n }` | `Discrete { n^K }`: the indices are the digits of a number in base n, the newest the last one |
//! | `Discrete { n }`, n^K above 2^24 | `Box [K]`: the indices as numbers from 0 to n - 1 |
//!
//! McCallum, "Reinforcement learning with selective perception and hidden state", 1996, calls it a history window;
//! Mnih et al., Nature 518, 2015, stack four frames.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::wrapper::{self, ObservationTransform};
use crate::{ActionBuffer, DynWorld, Error, ObservationSpace, Player, Policy, Result, Spec, Stream};

/// A frame stack over the observations of one world.
pub struct FrameStack {
    stack: Stack,
    space: ObservationSpace,
    two_players: bool,
}

impl FrameStack {
    /// `world` with its last `length` observations (1 to 1024) stacked; with 1 it is `world` itself.
    ///
    /// # Errors
    /// [`Error::Config`] for a length out of range.
    pub fn wrap(world: Arc<dyn DynWorld>, length: usize) -> Result<Arc<dyn DynWorld>> {
        if length == 1 {
            return Ok(world);
        }
        let (stack, space) = Stack::new(world.spec(), length)?;
        let two_players = world.spec().players == 2;
        Ok(wrapper::wrap(world, Arc::new(FrameStack { stack, space, two_players })))
    }
}

/// Layout of a batch's stacks, and the stacks of the players who wait in a game for two.
#[derive(Serialize, Deserialize)]
pub struct Waiting {
    layout: Stack,
    /// `[N, H]`.
    stacks: Vec<f32>,
    /// `[N]`: whether the waiting player had a turn in this episode.
    moved: Vec<bool>,
    /// `[N]`: the player to move.
    to_play: Vec<Player>,
}

impl ObservationTransform for FrameStack {
    type Memory = Waiting;

    fn space(&self) -> ObservationSpace {
        self.space.clone()
    }

    fn memory(&self, num_envs: usize) -> Waiting {
        let two = if self.two_players { num_envs } else { 0 };
        Waiting {
            layout: self.stack,
            stacks: vec![0.0; two * self.space.len()],
            moved: vec![false; two],
            to_play: vec![Player::First; two],
        }
    }

    fn fits(&self, loaded: &Waiting, own: &Waiting) -> bool {
        let sizes = |waiting: &Waiting| [waiting.stacks.len(), waiting.moved.len(), waiting.to_play.len()];
        loaded.layout == own.layout && sizes(loaded) == sizes(own)
    }

    #[inline]
    fn begin(
        &self,
        waiting: &mut Waiting,
        env: usize,
        obs: &[f32],
        player: Player,
        row: &mut [f32],
    ) -> Result<()> {
        if let (Some(to_play), Some(moved)) = (waiting.to_play.get_mut(env), waiting.moved.get_mut(env)) {
            (*to_play, *moved) = (player, false);
        }
        self.stack.fill(row, obs);
        Ok(())
    }

    #[inline]
    fn push(
        &self,
        waiting: &mut Waiting,
        env: usize,
        obs: &[f32],
        player: Player,
        row: &mut [f32],
    ) -> Result<()> {
        if waiting.to_play.get(env).is_some_and(|&before| before != player) {
            let width = row.len();
            row.swap_with_slice(&mut waiting.stacks[env * width..(env + 1) * width]);
            waiting.to_play[env] = player;
            if !std::mem::replace(&mut waiting.moved[env], true) {
                self.stack.fill(row, obs);
                return Ok(());
            }
        }
        self.stack.push(row, obs);
        Ok(())
    }

    fn reference(self: Arc<Self>, policy: Arc<dyn Policy>) -> Option<Arc<dyn Policy>> {
        Some(Arc::new(NewestOnly { policy, stack: self.stack }))
    }

    fn suppose(&self, row: &[f32], obs: &[f32], out: &mut [f32]) {
        let count = out.len() / row.len().max(1);
        let width = (obs.len() / count.max(1)).max(1);
        for (out, obs) in out.chunks_exact_mut(row.len().max(1)).zip(obs.chunks(width)) {
            out.copy_from_slice(row);
            self.stack.replace(out, obs);
        }
    }
}

/// A policy of the world's own observations, given the newest of each stack.
struct NewestOnly {
    policy: Arc<dyn Policy>,
    stack: Stack,
}

impl Policy for NewestOnly {
    fn act(&self, obs: &[f32], legal: &[bool], rngs: &mut [Stream], actions: &mut ActionBuffer) {
        self.policy.act(&self.stack.newest(obs, rngs.len()), legal, rngs, actions);
    }

    fn script(&self) -> Option<usize> {
        self.policy.script()
    }

    fn action_values(&self, obs: &[f32], legal: &[bool], out: &mut [f32]) -> bool {
        self.policy.action_values(&self.stack.newest(obs, 1), legal, out)
    }
}

/// Layout of a stack, `[H]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stack {
    /// Arrays of `d` numbers, concatenated: H = K d.
    Numbers { d: usize },
    /// Indices below `base`, as the digits of one index below `count`: H = 1.
    Digits { base: u32, count: u32 },
}

/// Longest stack.
const MAX_LENGTH: usize = 1024;
/// Largest number of indices that an `f32` holds exactly.
const MAX_INDICES: usize = 1 << 24;

impl Stack {
    /// Layout for `length` observations of a world, and their space.
    fn new(spec: &Spec, length: usize) -> Result<(Stack, ObservationSpace)> {
        if !(1..=MAX_LENGTH).contains(&length) {
            return Err(Error::Config(format!(
                "frame_stack = {length} is out of range: it must be at least 1 and at most {MAX_LENGTH}"
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
                Ok(match all.filter(|&all| all <= MAX_INDICES) {
                    Some(all) => {
                        let (base, count) = ((*n).max(1) as u32, all.max(1) as u32);
                        (Stack::Digits { base, count }, ObservationSpace::Discrete { n: all })
                    }
                    None => {
                        let bounds = vec![(0.0, (n - 1) as f32); length];
                        (Stack::Numbers { d: 1 }, ObservationSpace::vector(&bounds))
                    }
                })
            }
        }
    }

    /// Fills a stack with one observation.
    fn fill(self, row: &mut [f32], obs: &[f32]) {
        match self {
            Stack::Numbers { d } => {
                row.chunks_exact_mut(d.max(1)).for_each(|frame| frame.copy_from_slice(obs));
            }
            Stack::Digits { base, count } => {
                // (n^K - 1) / (n - 1) is 11...1 in base n.
                let ones = (count - 1) / (base - 1).max(1);
                row[0] = (obs[0] as u32 * ones) as f32;
            }
        }
    }

    /// Appends the newest observation and drops the oldest.
    #[inline]
    fn push(self, row: &mut [f32], obs: &[f32]) {
        match self {
            Stack::Numbers { d } => {
                row.copy_within(d.., 0);
                self.replace(row, obs);
            }
            Stack::Digits { base, count } => {
                let kept = row[0] as u32 % (count / base);
                row[0] = (kept * base) as f32 + obs[0];
            }
        }
    }

    /// Replaces the newest observation.
    #[inline]
    fn replace(self, row: &mut [f32], obs: &[f32]) {
        match self {
            Stack::Numbers { d } => {
                let past = row.len() - d;
                row[past..].copy_from_slice(obs);
            }
            Stack::Digits { base, .. } => {
                let newest = row[0] as u32 % base;
                row[0] += obs[0] - newest as f32;
            }
        }
    }

    /// Newest observation of each of N stacks `rows [N, H]`, `[N, D]`.
    fn newest(self, rows: &[f32], count: usize) -> Vec<f32> {
        match self {
            Stack::Numbers { d } => {
                let width = rows.len() / count.max(1);
                rows.chunks_exact(width.max(1)).flat_map(|row| &row[width - d..]).copied().collect()
            }
            Stack::Digits { base, .. } => rows.iter().map(|&row| (row as u32 % base) as f32).collect(),
        }
    }
}
