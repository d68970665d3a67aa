//! [`FrameStack`]: the last K observations stacked into one, which gives a memory to any agent.
//!
//! A stack holds the observations of the last K steps, the oldest first. At the start of an episode, the first
//! observation fills the stack K times, as in Gymnasium's `FrameStackObservation`. In a two-player game each player has
//! a stack of the observations at the player's own last K turns.
//!
//! | observation of the world | stacked observation |
//! |---|---|
//! | `Box [C, ...]` | `Box [K * C, ...]`: concatenated, with the same bounds |
//! | `Discrete { n }` | `Discrete { n^K }`: the indices as digits of a number in base n, the newest as the last digit |
//! | `Discrete { n }`, n^K above 2^24 | `Box [K]`: the indices as numbers from 0 to n - 1 |
//!
//! Mnih et al., Nature 518, 2015, stack four frames; McCallum, "Reinforcement learning with selective perception and
//! hidden state", 1996, calls the stack a history window.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::settings::in_range;
use crate::wrapper::{self, ObservationTransform};
use crate::{ActionBuffer, DynWorld, Insight, ObservationSpace, Player, Policy, Result, Spec, Stream};

/// Transform that stacks the last K observations of a world.
pub struct FrameStack {
    stack: Stack,
    space: ObservationSpace,
    two_players: bool,
}

impl FrameStack {
    /// Checks that a frame stack can have the length `length`, 1 to 1024 observations.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) for a length out of range.
    pub fn check_length(length: usize) -> Result<()> {
        in_range("frame_stack", length, 1..=MAX_LENGTH)
    }

    /// `world` with the last `length` (1 to 1024) observations stacked into one; unchanged if `length` is 1.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) for a length out of range.
    pub fn wrap(world: Arc<dyn DynWorld>, length: usize) -> Result<Arc<dyn DynWorld>> {
        if length == 1 {
            return Ok(world);
        }
        let (stack, space) = Stack::new(world.spec(), length)?;
        let two_players = world.spec().players == 2;
        Ok(wrapper::wrap(world, Arc::new(FrameStack { stack, space, two_players })))
    }
}

/// Memory of a batch of N environments: in a two-player game, the stack of the player who is not to move.
#[derive(Clone, Serialize, Deserialize)]
pub struct Waiting {
    layout: Stack,
    /// Stack of the waiting player in each environment, `[N, H]`, H numbers each.
    stacks: Vec<f32>,
    /// Whether the waiting player already had a turn in this episode, `[N]`.
    moved: Vec<bool>,
    /// Player to move, `[N]`.
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

/// Policy of stacked observations that gives only the newest observation of each stack to the wrapped `policy`.
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

    fn insight(&self, obs: &[f32], legal: &[bool], memory: &[f32]) -> Option<Insight> {
        self.policy.insight(&self.stack.newest(obs, 1), legal, memory)
    }
}

/// Layout of a stack of K observations in a row of H numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stack {
    /// Concatenated observations of `d` numbers each: H = K d.
    Numbers { d: usize },
    /// Discrete observations below `base`, as the digits of one index below `count`: H = 1.
    Digits { base: u32, count: u32 },
}

/// Maximum number of observations in a stack.
const MAX_LENGTH: usize = 1024;
/// Largest number of indices that an `f32` holds exactly.
const MAX_INDICES: usize = 1 << 24;

impl Stack {
    /// Layout for `length` observations of a world, and their space.
    fn new(spec: &Spec, length: usize) -> Result<(Stack, ObservationSpace)> {
        FrameStack::check_length(length)?;
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

    /// Fills the stack `row` with copies of the observation `obs`.
    fn fill(self, row: &mut [f32], obs: &[f32]) {
        match self {
            Stack::Numbers { d } => {
                row.chunks_exact_mut(d.max(1)).for_each(|frame| frame.copy_from_slice(obs));
            }
            Stack::Digits { base, count } => {
                // (n^K - 1) / (n - 1) is the number 11...1 with K digits in base n.
                let ones = (count - 1) / (base - 1).max(1);
                row[0] = (obs[0] as u32 * ones) as f32;
            }
        }
    }

    /// Appends the observation `obs` to the stack `row` and drops the oldest one.
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

    /// Replaces the newest observation in the stack `row` by `obs`.
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

    /// Newest observations `[N, D]` of the N = `count` stacks `rows [N, H]`.
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
