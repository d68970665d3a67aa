//! [`Env`], the rules of a world: an immutable value, with the state and the random stream of an episode as arguments.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{Result, Spec, Stream};

/// The rules of a world.
///
/// All threads share one value. Everything that changes during an episode is in [`Env::State`], so that a planner
/// copies a state cheaply and a checkpoint is plain data. The argument `rng` is the only source of randomness.
///
/// ```
/// use freewheel_core::{Env, Purpose, Spec, Step, Stream, Streams};
///
/// /// Five cells in a row; the episode ends in cell 4 with reward 1.
/// struct Corridor(Spec);
///
/// impl Env for Corridor {
///     type State = u32;
///     type Action = u32;
///
///     fn spec(&self) -> &Spec {
///         &self.0
///     }
///
///     fn reset(&self, _rng: &mut Stream) -> u32 {
///         0
///     }
///
///     fn step(&self, cell: &mut u32, action: u32, _rng: &mut Stream) -> Step {
///         *cell = if action == 1 { *cell + 1 } else { cell.saturating_sub(1) };
///         if *cell == 4 { Step::termination(1.0) } else { Step::transition(0.0) }
///     }
///
///     fn observe(&self, cell: &u32, out: &mut [f32]) {
///         out[0] = *cell as f32;
///     }
/// }
///
/// let env = Corridor(Spec::discrete("example/corridor", 5, &["left", "right"]));
/// let mut rng = Streams::new(0).stream(Purpose::Environment, 0, 0);
/// let mut state = env.reset(&mut rng);
/// assert_eq!(env.step(&mut state, 1, &mut rng), Step::transition(0.0));
/// assert_eq!(state, 1);
/// ```
pub trait Env: Send + Sync {
    /// Data of an episode in progress.
    type State: Clone + Send + Sync + Serialize + DeserializeOwned;
    /// Action of one step: `u32` for discrete actions, `[f32; K]` for continuous ones.
    type Action: Action;

    /// Id, version, spaces, number of players, time limit.
    fn spec(&self) -> &Spec;

    /// First state of an episode.
    fn reset(&self, rng: &mut Stream) -> Self::State;

    /// Advances `state` by one action of the player to move. Callers have checked that the action is legal. Do not
    /// apply the time limit here: [`Batch`](crate::Batch) and [`EpisodeRunner`](crate::EpisodeRunner) apply it.
    fn step(&self, state: &mut Self::State, action: Self::Action, rng: &mut Stream) -> Step;

    /// Writes the observation of the player to move into `out`, D numbers; the index of a discrete observation into
    /// `out[0]`.
    fn observe(&self, state: &Self::State, out: &mut [f32]);

    /// Writes into `out` for each of the A discrete actions whether it is legal. Called only if [`Spec::masked`] is
    /// true.
    fn legal(&self, _state: &Self::State, out: &mut [bool]) {
        out.fill(true);
    }

    /// Player to move in `state`.
    fn to_play(&self, _state: &Self::State) -> Player {
        Player::First
    }

    /// Writes the values of [`Spec::measures`] for an episode that ended in `state` into `out`; NaN for an undefined
    /// value.
    fn measure(&self, _state: &Self::State, _out: &mut [f64]) {}

    /// Error of something outside the rules that the world needs, such as another program as an opponent that keeps
    /// failing. Batches and runners call it after each step, and return the error.
    ///
    /// # Errors
    /// Only in worlds that need something outside their rules.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Whether `state`, read from a file, is a state of this world: each index in it is within its table. The other
    /// methods may assume it.
    fn is_valid(&self, _state: &Self::State) -> bool {
        true
    }

    /// Action of the scripted policy with the index `script` in [`Spec::scripts`], computed from the full state; `None`
    /// for an index out of range.
    fn scripted(&self, _script: usize, _state: &Self::State, _rng: &mut Stream) -> Option<Self::Action> {
        None
    }
}

/// Player: one of the two in a game, always the first in a single-player world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Player {
    /// The player who starts; the only one in a single-player world.
    #[default]
    First,
    /// The opponent.
    Second,
}

impl Player {
    /// The opponent of this player.
    pub fn other(self) -> Self {
        match self {
            Player::First => Player::Second,
            Player::Second => Player::First,
        }
    }
}

/// State of an episode after a step: running, terminated or truncated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Ending {
    /// The episode continues.
    #[default]
    Running,
    /// The rules ended the episode: the value of the next state is 0 (`terminated` in Gymnasium).
    Terminal,
    /// A time limit or another cause outside the rules ended the episode: bootstrap from the value of the next state
    /// (`truncated` in Gymnasium).
    Truncated,
}

impl Ending {
    /// Factor of the next state's value in a bootstrapped target: 0 for [`Ending::Terminal`], else 1.
    #[inline]
    pub fn discount(self) -> f32 {
        if self == Ending::Terminal { 0.0 } else { 1.0 }
    }

    /// Whether the episode is terminated or truncated.
    #[inline]
    pub fn is_over(self) -> bool {
        self != Ending::Running
    }
}

/// Result of one step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Reward of the player who moved.
    pub reward: f32,
    /// State of the episode after the step.
    pub ending: Ending,
}

impl Step {
    /// Step after which the episode continues.
    #[inline]
    pub fn transition(reward: f32) -> Self {
        Step { reward, ending: Ending::Running }
    }

    /// Step with which the rules end the episode (termination).
    #[inline]
    pub fn termination(reward: f32) -> Self {
        Step { reward, ending: Ending::Terminal }
    }

    /// Step after which the episode is truncated: the next state still has a value.
    #[inline]
    pub fn truncation(reward: f32) -> Self {
        Step { reward, ending: Ending::Truncated }
    }
}

/// Actions of a batch of N environments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Actions<'a> {
    /// Discrete actions, `[N]`.
    Discrete(&'a [u32]),
    /// Continuous actions, `[N, K]`, row-major.
    Continuous(&'a [f32]),
}

/// Action of one environment: `u32` if discrete, `[f32; K]` if continuous. The trait is sealed, because agents support
/// these two types only.
pub trait Action: Copy + Send + Sync + std::fmt::Debug + sealed::Sealed + 'static {
    /// `actions` as a slice of this type, one for each of `num_envs` environments; `None` if `actions` are of the other
    /// kind or of another number.
    fn from_actions(actions: Actions<'_>, num_envs: usize) -> Option<&[Self]>;
    /// Whether a discrete action is legal by the mask `legal`, or whether a continuous action is finite.
    fn is_allowed(&self, legal: &[bool]) -> bool;
    /// This action as the [`Actions`] of one environment.
    fn as_actions(&self) -> Actions<'_>;
}

impl Action for u32 {
    fn from_actions(actions: Actions<'_>, num_envs: usize) -> Option<&[Self]> {
        match actions {
            Actions::Discrete(all) if all.len() == num_envs => Some(all),
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
    fn from_actions(actions: Actions<'_>, num_envs: usize) -> Option<&[Self]> {
        match actions {
            Actions::Continuous(all) if all.len() == num_envs * K => Some(all.as_chunks::<K>().0),
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
