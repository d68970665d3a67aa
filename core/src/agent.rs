//! What plays, and what learns to play.

use crate::{Actions, Error, Result, Stream, VectorEnv};

/// The actions that a policy chooses for a batch, kept by the caller and used again.
#[derive(Clone, Debug, PartialEq)]
pub enum ActionBuffer {
    /// Counted choices, `[N]`.
    Discrete(Vec<u32>),
    /// Continuous ones, `[N, K]`.
    Continuous(Vec<f32>),
}

impl ActionBuffer {
    /// Room for the actions of `rows` rows of a world.
    pub fn for_spec(spec: &crate::Spec, rows: usize) -> Self {
        match spec.actions.dimensions() {
            0 => ActionBuffer::Discrete(vec![0; rows]),
            k => ActionBuffer::Continuous(vec![0.0; rows * k]),
        }
    }

    /// Puts one action in the place of row `row`.
    ///
    /// # Errors
    /// [`Error::Config`] where it is of the other kind, or there is no such row.
    pub fn set(&mut self, row: usize, action: Actions<'_>) -> Result<()> {
        let taken = match (self, action) {
            (ActionBuffer::Discrete(all), Actions::Discrete(&[one])) => {
                all.get_mut(row).map(|slot| *slot = one)
            }
            (ActionBuffer::Continuous(all), Actions::Continuous(one)) => {
                let k = one.len();
                all.get_mut(row * k..(row + 1) * k).map(|slot| slot.copy_from_slice(one))
            }
            _ => None,
        };
        taken.ok_or_else(|| Error::Config(format!("row {row} has no room for an action of this kind")))
    }

    /// As a batch takes them.
    pub fn actions(&self) -> Actions<'_> {
        match self {
            ActionBuffer::Discrete(all) => Actions::Discrete(all),
            ActionBuffer::Continuous(all) => Actions::Continuous(all),
        }
    }
}

/// Something that plays: frozen, shared by every thread.
pub trait Policy: Send + Sync {
    /// Chooses an action for each of N rows from what it sees: `obs [N, D]`, `legal [N, A]`. Row `i` draws from
    /// `rngs[i]` and from nothing else. Never an illegal action.
    fn act(&self, obs: &[f32], legal: &[bool], rngs: &mut [Stream], choice: &mut ActionBuffer);

    /// Which of the world's own players it is, an index into [`Spec::scripts`](crate::Spec::scripts): such a policy sees
    /// the state, so the world is asked for its actions ([`VectorEnv::select_actions`], [`EpisodeRunner::select_action`](crate::Stage::ask)) and
    /// `act` leaves the choice as it stands.
    fn script(&self) -> Option<usize> {
        None
    }

    /// Writes what it expects of each action in one observation, `[A]`, or, of a policy without values, how probable each
    /// action is; and says whether it has either. The viewer draws them.
    fn action_values(&self, _obs: &[f32], _legal: &[bool], _out: &mut [f32]) -> bool {
        false
    }
}

impl<P: Policy + ?Sized> Policy for std::sync::Arc<P> {
    fn act(&self, obs: &[f32], legal: &[bool], rngs: &mut [Stream], choice: &mut ActionBuffer) {
        (**self).act(obs, legal, rngs, choice);
    }

    fn script(&self) -> Option<usize> {
        (**self).script()
    }

    fn action_values(&self, obs: &[f32], legal: &[bool], out: &mut [f32]) -> bool {
        (**self).action_values(obs, legal, out)
    }
}

/// One of the world's own players; see [`Policy::script`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScriptedPolicy(
    /// The index into [`Spec::scripts`](crate::Spec::scripts).
    pub usize,
);

impl Policy for ScriptedPolicy {
    fn act(&self, _obs: &[f32], _legal: &[bool], _rngs: &mut [Stream], _choice: &mut ActionBuffer) {}

    fn script(&self) -> Option<usize> {
        Some(self.0)
    }
}

/// Which policy of a learner is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The best it knows.
    Greedy,
    /// With the exploration it has now.
    Exploring,
}

/// Something that learns by reward.
pub trait Agent: Send {
    /// Learns from `steps` more environment steps (rows x ticks; rounded up to whole ticks). How a run is cut into calls
    /// changes nothing: `learn(a)` then `learn(b)` ends in the same bytes as `learn(a + b)`.
    ///
    /// # Errors
    /// [`Error::Diverged`] where a quantity is no longer finite.
    fn learn(&mut self, episodes: &mut dyn VectorEnv, steps: u64) -> Result<()>;

    /// A frozen copy of what it would play now.
    fn policy(&self, mode: Mode) -> Box<dyn Policy>;

    /// Whether it learns: what plays one policy for ever is not asked what it has learned.
    fn learns(&self) -> bool {
        true
    }

    /// Reports quantities worth a line in the log since the last report, such as `epsilon` or `td_error`.
    fn report(&mut self, monitor: &mut dyn MetricSink);

    /// Everything that [`Agent::load`] needs to go on exactly here. Learning stands still meanwhile: what is large, such as a
    /// replay memory, is best copied as bytes.
    fn save(&self) -> Result<Vec<u8>>;

    /// Goes on exactly where `save` was called. `bytes` come from a learner of the same settings.
    fn load(&mut self, bytes: &[u8]) -> Result<()>;
}

/// Where a learner reports its quantities.
pub trait MetricSink {
    /// One named quantity.
    fn scalar(&mut self, name: &str, value: f64);
}

impl MetricSink for Vec<(String, f64)> {
    fn scalar(&mut self, name: &str, value: f64) {
        self.push((name.to_owned(), value));
    }
}
