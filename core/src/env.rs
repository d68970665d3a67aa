//! The contract of a world: rules are shared and immutable, state is data, randomness is passed in.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{Spec, Stream};

/// The rules of a world.
///
/// One value serves every thread; everything that changes during an episode is in [`Env::State`], so that a planner
/// clones a state for the price of a copy and cannot peek at the real dice, and a checkpoint is plain data.
pub trait Env: Send + Sync {
    /// All that changes during an episode.
    type State: Clone + Send + Sync + Serialize + DeserializeOwned;
    /// `u32`, a counted choice; or `[f32; K]`, a continuous one.
    type Action: Action;

    /// Name, version, observation, actions, players, time limit.
    fn spec(&self) -> &Spec;

    /// The first state of an episode.
    fn reset(&self, rng: &mut Stream) -> Self::State;

    /// Advances `state` by one action of the player to move. The action is legal: callers check the mask.
    /// Time limits are not the rules' business: [`Batch`](crate::Batch) applies them, once.
    fn step(&self, state: &mut Self::State, action: Self::Action, rng: &mut Stream) -> Step;

    /// Writes what the player to move sees, `[D]`; a discrete observation is its index, in `out[0]`.
    fn observe(&self, state: &Self::State, out: &mut [f32]);

    /// Writes which actions are legal, `[A]`; called only where [`Spec::masked`] says that a mask exists.
    fn legal(&self, _state: &Self::State, out: &mut [bool]) {
        out.fill(true);
    }

    /// Who moves next.
    fn to_play(&self, _state: &Self::State) -> Player {
        Player::First
    }

    /// Writes [`Spec::measures`], `[M]`, of an episode that ended in `state`. What cannot be said is NaN.
    fn measure(&self, _state: &Self::State, _out: &mut [f64]) {}

    /// What the player [`Spec::scripts`]`[script]` does; it sees the state itself, not the observation alone.
    /// `None` where there is no such player.
    fn scripted(&self, _script: usize, _state: &Self::State, _rng: &mut Stream) -> Option<Self::Action> {
        None
    }
}

/// Who is to move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Player {
    /// The one who begins, and the only one in a world for one.
    #[default]
    First,
    /// The other.
    Second,
}

impl Player {
    /// The other player.
    pub fn other(self) -> Self {
        match self {
            Player::First => Player::Second,
            Player::Second => Player::First,
        }
    }
}

/// How an episode stands after a step. A sum type: terminated and truncated cannot be confused, because they cannot be or-ed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Ending {
    /// It goes on.
    #[default]
    Running,
    /// The rules ended it: nothing can be earned after this.
    Terminal,
    /// Something outside the rules, such as a time limit, cut it short: the future still has a value.
    Truncated,
}

impl Ending {
    /// What the value of the successor is multiplied by: 0 only where the rules ended the episode.
    #[inline]
    pub fn discount(self) -> f32 {
        if self == Ending::Terminal { 0.0 } else { 1.0 }
    }

    /// Whether the episode is over, for whichever reason.
    #[inline]
    pub fn is_over(self) -> bool {
        self != Ending::Running
    }
}

/// What one step gave.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The mover's reward.
    pub reward: f32,
    /// Whether the rules ended the episode here.
    pub ending: Ending,
}

impl Step {
    /// A step after which the episode goes on.
    #[inline]
    pub fn transition(reward: f32) -> Self {
        Step { reward, ending: Ending::Running }
    }

    /// The step that ends the episode by the rules.
    #[inline]
    pub fn termination(reward: f32) -> Self {
        Step { reward, ending: Ending::Terminal }
    }

    /// The step that cuts the episode short: its future still has a value.
    #[inline]
    pub fn truncation(reward: f32) -> Self {
        Step { reward, ending: Ending::Truncated }
    }
}

/// The actions of a whole batch, one a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Actions<'a> {
    /// Counted choices, `[N]`.
    Discrete(&'a [u32]),
    /// Continuous ones, `[N, K]`, row after row.
    Continuous(&'a [f32]),
}

/// An action of one row: `u32` or `[f32; K]`. Sealed: agents know these two kinds and no other.
pub trait Action: Copy + Send + Sync + std::fmt::Debug + sealed::Sealed + 'static {
    /// The rows of `actions`, or `None` where they are of the other kind or not `rows` many.
    fn rows(actions: Actions<'_>, rows: usize) -> Option<&[Self]>;
    /// Whether the mask `[A]` allows it (counted), or it is finite (continuous).
    fn is_allowed(&self, legal: &[bool]) -> bool;
    /// The same as [`Actions`], for a batch of one row.
    fn as_actions(&self) -> Actions<'_>;
}

impl Action for u32 {
    fn rows(actions: Actions<'_>, rows: usize) -> Option<&[Self]> {
        match actions {
            Actions::Discrete(all) if all.len() == rows => Some(all),
            _ => None,
        }
    }

    #[inline]
    fn is_allowed(&self, legal: &[bool]) -> bool {
        legal.get(*self as usize).copied().unwrap_or(false)
    }

    fn as_actions(&self) -> Actions<'_> {
        Actions::Discrete(std::slice::from_ref(self))
    }
}

impl<const K: usize> Action for [f32; K] {
    fn rows(actions: Actions<'_>, rows: usize) -> Option<&[Self]> {
        match actions {
            Actions::Continuous(all) if all.len() == rows * K => Some(all.as_chunks::<K>().0),
            _ => None,
        }
    }

    #[inline]
    fn is_allowed(&self, _legal: &[bool]) -> bool {
        self.iter().all(|x| x.is_finite())
    }

    fn as_actions(&self) -> Actions<'_> {
        Actions::Continuous(self)
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for u32 {}
    impl<const K: usize> Sealed for [f32; K] {}
}
