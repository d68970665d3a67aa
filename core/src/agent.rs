//! Policies, which choose actions, and agents, which learn a policy from rewards.

use crate::{
    Actions, Distributed, Error, Graph, Insight, Neuron, Result, Simulator, Spec, Stream, Update, VectorEnv,
};

/// A fixed mapping from observations to actions, shared by all threads.
///
/// ```
/// use freewheel_core::{ActionBuffer, Policy, Purpose, Stream, Streams};
///
/// /// Pushes a cart in the direction in which its pole falls.
/// struct Balance;
///
/// impl Policy for Balance {
///     fn act(&self, obs: &[f32], _legal: &[bool], rngs: &mut [Stream], actions: &mut ActionBuffer) {
///         let d = obs.len() / rngs.len();
///         if let ActionBuffer::Discrete(actions) = actions {
///             for (action, obs) in actions.iter_mut().zip(obs.chunks(d)) {
///                 *action = u32::from(obs[2] > 0.0);
///             }
///         }
///     }
/// }
///
/// let mut actions = ActionBuffer::Discrete(vec![0; 2]);
/// let mut rngs = [0, 1].map(|i| Streams::new(0).stream(Purpose::Action, i, 0));
/// let obs = [0.0, 0.0, 0.1, 0.0, 0.0, 0.0, -0.1, 0.0];
/// Balance.act(&obs, &[true; 4], &mut rngs, &mut actions);
/// assert_eq!(actions, ActionBuffer::Discrete(vec![1, 0]));
/// ```
pub trait Policy: Send + Sync {
    /// Writes an action for each of N environments into `actions`, given the observations `obs [N, D]` and the masks of
    /// legal actions `legal [N, A]`. The generator of environment `i` is `rngs[i]`. Never writes an illegal action.
    fn act(&self, obs: &[f32], legal: &[bool], rngs: &mut [Stream], actions: &mut ActionBuffer);

    /// M, the number of values that the policy remembers of an episode, such as the state of a recurrent network; 0 for
    /// a policy of the current observation.
    fn memory_len(&self) -> usize {
        0
    }

    /// [`Policy::act`] of a policy with memory: reads and updates the memories `memory [N, M]`, which are 0 at the
    /// start of an episode. [`Policy::act`] itself acts as in the first step of an episode.
    fn act_with_memory(
        &self,
        obs: &[f32],
        legal: &[bool],
        _memory: &mut [f32],
        rngs: &mut [Stream],
        actions: &mut ActionBuffer,
    ) {
        self.act(obs, legal, rngs, actions);
    }

    /// Index into [`Spec::scripts`] of a scripted policy, whose actions the world computes from its state; `None` for
    /// any other policy. Callers act by [`VectorEnv::select_actions`] or
    /// [`EpisodeRunner::select_action`](crate::EpisodeRunner::select_action), because [`Policy::act`] of a scripted
    /// policy leaves the buffer unchanged.
    fn script(&self) -> Option<usize> {
        None
    }

    /// Changes the action of environment `index` in `actions`, which the world has computed for a scripted policy, in a
    /// state with the mask `legal [A]`; for a scripted policy with noise.
    fn disturb(&self, _index: usize, _legal: &[bool], _rng: &mut Stream, _actions: &mut ActionBuffer) {}

    /// Whether the policy chooses actions by simulation ([`Policy::plan`]) where the world has a [`Simulator`];
    /// elsewhere it acts by [`Policy::act`].
    fn plans(&self) -> bool {
        false
    }

    /// Writes an action for state 0 of each of N simulators into `actions`; the generator of simulator `i` is
    /// `rngs[i]`. Never writes an illegal action. A policy that does not plan leaves the buffer unchanged.
    fn plan(
        &self,
        _simulators: &mut [Box<dyn Simulator>],
        _rngs: &mut [Stream],
        _actions: &mut ActionBuffer,
    ) {
    }

    /// Numbers of the search by which [`Policy::plan`] chooses its action in state 0 of `simulator`; `None` for a
    /// policy that does not plan.
    fn plan_insight(&self, _simulator: Box<dyn Simulator>, _rng: &mut Stream) -> Option<Insight> {
        None
    }

    /// This policy with a tree search of `simulations` simulations for each action; `None` for a policy without the
    /// values and probabilities that a search needs.
    fn with_search(&self, _simulations: u32) -> Option<Box<dyn Policy>> {
        None
    }

    /// Writes the A action values of the observation `obs` into `out`, or the action probabilities of a policy without
    /// action values. Returns false for a policy with neither. The viewer draws these numbers.
    fn action_values(&self, _obs: &[f32], _legal: &[bool], _out: &mut [f32]) -> bool {
        false
    }

    /// Numbers of the policy about the observation `obs` with the mask `legal [A]` and the memory `memory [M]` before
    /// the action, and their meaning; `None` for a policy without numbers.
    fn insight(&self, _obs: &[f32], _legal: &[bool], _memory: &[f32]) -> Option<Insight> {
        None
    }

    /// Neuron `unit` of dense layer `layer` of the policy's network for the observation `obs [D]` and the memory
    /// `memory [M]`; both indices wrap around. `None` for a policy without a network of dense layers.
    fn neuron(&self, _obs: &[f32], _memory: &[f32], _layer: usize, _unit: usize) -> Option<Neuron> {
        None
    }

    /// The policy without exploration as a graph of tensor operations, for worlds of `spec`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a policy that is not such a function of the observation.
    fn graph(&self, _spec: &Spec) -> Result<Graph> {
        Err(Error::Unsupported(
            "this policy has neither a network nor a table, and cannot be exported; export a run of an agent that learns"
                .into(),
        ))
    }
}

impl<P: Policy + ?Sized> Policy for std::sync::Arc<P> {
    fn act(&self, obs: &[f32], legal: &[bool], rngs: &mut [Stream], actions: &mut ActionBuffer) {
        (**self).act(obs, legal, rngs, actions);
    }

    fn memory_len(&self) -> usize {
        (**self).memory_len()
    }

    fn act_with_memory(
        &self,
        obs: &[f32],
        legal: &[bool],
        memory: &mut [f32],
        rngs: &mut [Stream],
        actions: &mut ActionBuffer,
    ) {
        (**self).act_with_memory(obs, legal, memory, rngs, actions);
    }

    fn script(&self) -> Option<usize> {
        (**self).script()
    }

    fn disturb(&self, index: usize, legal: &[bool], rng: &mut Stream, actions: &mut ActionBuffer) {
        (**self).disturb(index, legal, rng, actions);
    }

    fn plans(&self) -> bool {
        (**self).plans()
    }

    fn plan(&self, simulators: &mut [Box<dyn Simulator>], rngs: &mut [Stream], actions: &mut ActionBuffer) {
        (**self).plan(simulators, rngs, actions);
    }

    fn plan_insight(&self, simulator: Box<dyn Simulator>, rng: &mut Stream) -> Option<Insight> {
        (**self).plan_insight(simulator, rng)
    }

    fn with_search(&self, simulations: u32) -> Option<Box<dyn Policy>> {
        (**self).with_search(simulations)
    }

    fn action_values(&self, obs: &[f32], legal: &[bool], out: &mut [f32]) -> bool {
        (**self).action_values(obs, legal, out)
    }

    fn insight(&self, obs: &[f32], legal: &[bool], memory: &[f32]) -> Option<Insight> {
        (**self).insight(obs, legal, memory)
    }

    fn neuron(&self, obs: &[f32], memory: &[f32], layer: usize, unit: usize) -> Option<Neuron> {
        (**self).neuron(obs, memory, layer, unit)
    }

    fn graph(&self, spec: &Spec) -> Result<Graph> {
        (**self).graph(spec)
    }
}

/// An algorithm that learns a policy from rewards.
///
/// ```
/// use freewheel_core::*;
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/example/corridor.rs")); }
/// # use example::{AlwaysRight, corridor};
///
/// /// Repeats one action and counts its steps; an agent that learns has the same methods.
/// struct Repeat {
///     steps: u64,
/// }
///
/// impl Agent for Repeat {
///     fn learn(&mut self, env: &mut dyn VectorEnv, steps: u64) -> Result<()> {
///         let num_envs = env.view().num_envs;
///         for _ in 0..steps.div_ceil(num_envs as u64) {
///             env.step(Actions::Discrete(&vec![1; num_envs]))?;
///             self.steps += num_envs as u64;
///             // Here an agent updates its parameters from `env.view()`.
///         }
///         Ok(())
///     }
///
///     fn policy(&self, _mode: PolicyMode) -> Box<dyn Policy> {
///         Box::new(AlwaysRight)
///     }
///
///     fn report(&mut self, metrics: &mut dyn MetricSink) {
///         metrics.scalar("steps", self.steps as f64);
///     }
///
///     fn save(&self) -> Result<Vec<u8>> {
///         Ok(self.steps.to_le_bytes().to_vec())
///     }
///
///     fn load(&mut self, bytes: &[u8]) -> Result<()> {
///         let bytes = bytes.try_into().map_err(|_| Error::Config("expected 8 bytes".into()))?;
///         self.steps = u64::from_le_bytes(bytes);
///         Ok(())
///     }
/// }
///
/// let mut env = corridor().shared().vector_env(2, Streams::new(0), Purpose::Environment, 0);
/// let mut agent = Repeat { steps: 0 };
/// agent.learn(&mut *env, 7)?;
/// assert_eq!(agent.steps, 8);
/// assert_eq!(env.take_finished().len(), 2);
/// # Ok::<(), Error>(())
/// ```
pub trait Agent: Send {
    /// Learns from `steps` more environment steps, rounded up to a multiple of the number of environments. The result
    /// does not depend on the number of calls: `learn(a)` and then `learn(b)` give the same as `learn(a + b)`.
    ///
    /// # Errors
    /// [`Error::Diverged`] if a quantity became NaN or infinite.
    fn learn(&mut self, env: &mut dyn VectorEnv, steps: u64) -> Result<()>;

    /// Copy of the current policy, which further learning does not change.
    fn policy(&self, mode: PolicyMode) -> Box<dyn Policy>;

    /// Whether [`Agent::learn`] changes the policy; false for a fixed policy, which has no learning curve.
    fn learns(&self) -> bool {
        true
    }

    /// Keeps the updates of the last batch step for [`Agent::last_updates`] from now on; false for an agent whose
    /// updates are no equations of single numbers.
    fn keep_updates(&mut self) -> bool {
        false
    }

    /// Updates of the last batch step, in their order, after [`Agent::keep_updates`]; some updates from a model may be
    /// left out.
    fn last_updates(&self) -> &[Update] {
        &[]
    }

    /// Abandons the running episodes: the next [`Agent::learn`] begins in the current states of its environments,
    /// without traces of the steps before. Values that were learned stay.
    fn abandon_episodes(&mut self) {}

    /// Reports training metrics since the last report, such as `epsilon` or the mean `td_error`.
    fn report(&mut self, metrics: &mut dyn MetricSink);

    /// Complete state of the agent for [`Agent::load`]. Training waits for this method: copy large parts, such as a
    /// replay buffer, as whole blocks of bytes.
    fn save(&self) -> Result<Vec<u8>>;

    /// Restores the state that [`Agent::save`] returned, in an agent with the same settings; learning then continues as
    /// if without an interruption.
    fn load(&mut self, bytes: &[u8]) -> Result<()>;

    /// This agent as one whose steps other processes can make; `None` for any other agent.
    fn distributed(&mut self) -> Option<Box<dyn Distributed + '_>> {
        None
    }
}

/// Choice of a policy without or with exploration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyMode {
    /// Actions that the agent considers best, without exploration (`deterministic=True` in Stable-Baselines3).
    Greedy,
    /// Actions as in training, with the current exploration.
    Exploring,
}

/// Actions of N environments, written by a policy; a buffer that the caller reuses.
///
/// ```
/// use freewheel_core::{ActionBuffer, Actions, Spec};
///
/// let spec = Spec::discrete("example/corridor", 5, &["left", "right"]);
/// let mut buffer = ActionBuffer::for_spec(&spec, 3);
/// buffer.set(2, Actions::Discrete(&[1]))?;
/// assert_eq!(buffer.as_actions(), Actions::Discrete(&[0, 0, 1]));
/// # Ok::<(), freewheel_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum ActionBuffer {
    /// Discrete actions, `[N]`.
    Discrete(Vec<u32>),
    /// Continuous actions, `[N, K]`, row-major.
    Continuous(Vec<f32>),
}

impl ActionBuffer {
    /// A buffer of zeros for `num_envs` environments of a world.
    pub fn for_spec(spec: &Spec, num_envs: usize) -> Self {
        match spec.actions.dimensions() {
            0 => ActionBuffer::Discrete(vec![0; num_envs]),
            k => ActionBuffer::Continuous(vec![0.0; num_envs * k]),
        }
    }

    /// Sets the action of environment `index`.
    ///
    /// # Errors
    /// [`Error::Config`] for an action of the other kind, or an index out of range.
    pub fn set(&mut self, index: usize, action: Actions<'_>) -> Result<()> {
        let stored = match (self, action) {
            (ActionBuffer::Discrete(all), Actions::Discrete(&[one])) => {
                all.get_mut(index).map(|slot| *slot = one)
            }
            (ActionBuffer::Continuous(all), Actions::Continuous(one)) => {
                let k = one.len();
                all.get_mut(index * k..(index + 1) * k).map(|slot| slot.copy_from_slice(one))
            }
            _ => None,
        };
        stored.ok_or_else(|| {
            Error::Config(format!(
                "the action buffer has no place for an action of this kind at index {index}"
            ))
        })
    }

    /// Action of a buffer with one discrete action; `None` for another buffer.
    pub fn discrete(&self) -> Option<u32> {
        match self {
            ActionBuffer::Discrete(actions) => {
                <[u32; 1]>::try_from(actions.as_slice()).ok().map(|[action]| action)
            }
            ActionBuffer::Continuous(_) => None,
        }
    }

    /// Numbers of a buffer of continuous actions, `[N, K]`; `None` for discrete actions.
    pub fn continuous(&self) -> Option<&[f32]> {
        match self {
            ActionBuffer::Discrete(_) => None,
            ActionBuffer::Continuous(actions) => Some(actions),
        }
    }

    /// Actions in the form of the argument of [`VectorEnv::step`].
    pub fn as_actions(&self) -> Actions<'_> {
        match self {
            ActionBuffer::Discrete(all) => Actions::Discrete(all),
            ActionBuffer::Continuous(all) => Actions::Continuous(all),
        }
    }
}

/// A scripted policy of a world; see [`Policy::script`].
///
/// ```
/// use freewheel_core::{Policy, ScriptedPolicy};
///
/// assert_eq!(ScriptedPolicy(0).script(), Some(0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScriptedPolicy(
    /// Index into [`Spec::scripts`].
    pub usize,
);

impl Policy for ScriptedPolicy {
    fn act(&self, _obs: &[f32], _legal: &[bool], _rngs: &mut [Stream], _actions: &mut ActionBuffer) {}

    fn script(&self) -> Option<usize> {
        Some(self.0)
    }
}

/// Receiver of the training metrics of an agent.
///
/// ```
/// use freewheel_core::MetricSink;
///
/// let mut metrics: Vec<(String, f64)> = Vec::new();
/// metrics.scalar("td_error", 0.5);
/// assert_eq!(metrics, [("td_error".to_owned(), 0.5)]);
/// ```
pub trait MetricSink {
    /// Receives the value of the metric `name`.
    fn scalar(&mut self, name: &str, value: f64);
}

impl MetricSink for Vec<(String, f64)> {
    fn scalar(&mut self, name: &str, value: f64) {
        self.push((name.to_owned(), value));
    }
}
