//! Evaluation of a policy on separate random streams, in parallel.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use crate::{
    ActionBuffer, DynWorld, EpisodeSummary, Error, ManagedVectorEnv, Policy, Purpose, Result, Simulator,
    Stream, Streams, memory,
};

/// Number of environments in a chunk, the unit of parallel work: large enough for efficient batches of the policy,
/// small enough that the slowest environment delays few others. It is fixed, so that the work is split in the same way
/// for any number of threads.
const CHUNK: usize = 8;

/// Settings of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// Number of episodes.
    pub episodes: u64,
    /// Number of environments, at least 1. Environment i plays `episodes / num_envs` episodes, and one more if i is
    /// below the remainder of the division. Another number of environments gives other episodes.
    pub num_envs: usize,
    /// Steps after which an episode is truncated if the time limit of the world is longer or absent, at least 1.
    pub max_steps: u32,
    /// Streams of the run.
    pub streams: Streams,
}

impl Protocol {
    /// Bytes that the summaries of `episodes` episodes with `measures` measures take, with those of the parallel parts
    /// before they are joined.
    pub fn memory(episodes: u64, measures: usize) -> u128 {
        let summary = size_of::<EpisodeSummary>() + measures * size_of::<f64>();
        2 * summary as u128 * u128::from(episodes)
    }
}

/// Summaries of exactly `protocol.episodes` episodes of `policy` in `world`, by environment, then by episode.
///
/// Episode e of environment i is a pure function of (seed, i, e): the world uses the [`Purpose::EvaluationEnvironment`]
/// stream of (i, e), and the policy the [`Purpose::EvaluationAction`] stream of (i, e). Which episodes count is fixed
/// in advance, so that short episodes are not overrepresented. The result is the same for any number of threads. In a
/// two-player world the policy plays both sides.
///
/// # Errors
/// [`Error::Config`] if `num_envs` or `max_steps` is 0; [`Error::Unsupported`] if the memory is too small for the
/// summaries; errors of [`VectorEnv::step`](crate::VectorEnv::step).
///
/// ```
/// use freewheel_core::evaluate::{Protocol, evaluate};
/// use freewheel_core::*;
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/example/corridor.rs")); }
/// # use example::{AlwaysRight, corridor};
///
/// let protocol = Protocol { episodes: 10, num_envs: 4, max_steps: 100, streams: Streams::new(0) };
/// let episodes = evaluate(&*corridor().shared(), &AlwaysRight, &protocol)?;
/// let returns: Vec<f64> = episodes.iter().map(|episode| episode.episode_return).collect();
/// assert_eq!(returns, [1.0; 10]);
/// # Ok::<(), Error>(())
/// ```
pub fn evaluate(
    world: &dyn DynWorld,
    policy: &dyn Policy,
    protocol: &Protocol,
) -> Result<Vec<EpisodeSummary>> {
    evaluate_with_stop(world, policy, protocol, &AtomicBool::new(false)).map(Option::unwrap_or_default)
}

/// [`evaluate`] that can be stopped from another thread; `None` if `stop` was set before the end.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_with_stop(
    world: &dyn DynWorld,
    policy: &dyn Policy,
    protocol: &Protocol,
    stop: &AtomicBool,
) -> Result<Option<Vec<EpisodeSummary>>> {
    if protocol.num_envs == 0 || protocol.max_steps == 0 {
        return Err(Error::Config("`num_envs` and `max_steps` must be at least 1".into()));
    }
    let needed = Protocol::memory(protocol.episodes, world.spec().measures.len());
    memory::require(&format!("an evaluation of {} episodes", protocol.episodes), needed)?;
    // With fewer episodes than environments, the last environments play none.
    let num_envs = protocol.episodes.min(protocol.num_envs as u64) as usize;
    let chunks: Option<Vec<Vec<EpisodeSummary>>> = (0..num_envs.div_ceil(CHUNK))
        .into_par_iter()
        .map(|chunk| {
            let first = chunk * CHUNK;
            let chunk = Chunk::new(world, protocol, first as u64, CHUNK.min(num_envs - first));
            match chunk.play(policy, stop) {
                // A step that was interrupted fails.
                Err(_) if stop.load(Ordering::Relaxed) => Ok(None),
                played => played,
            }
        })
        .collect::<Result<_>>()?;
    let Some(chunks) = chunks else { return Ok(None) };
    let mut finished = Vec::new();
    // Each part is freed after its episodes have been moved.
    chunks.into_iter().for_each(|mut chunk| finished.append(&mut chunk));
    finished.sort_unstable_by_key(|episode: &EpisodeSummary| (episode.index, episode.episode));
    Ok(Some(finished))
}

/// Consecutive environments of an evaluation.
struct Chunk {
    envs: Box<dyn ManagedVectorEnv>,
    streams: Streams,
    first: u64,
    /// Number of remaining episodes of each environment, `[N]`.
    remaining: Vec<u64>,
    /// Environments with remaining episodes, ascending, `[M]`; the policy gets only these.
    active: Vec<usize>,
    /// Random streams of the actions of the active environments, `[M]`.
    rngs: Vec<Stream>,
    /// Memories of the policy in the active environments, `[M, memory_len]`.
    memory: Vec<f32>,
}

impl Chunk {
    fn new(world: &dyn DynWorld, protocol: &Protocol, first: u64, num_envs: usize) -> Self {
        let streams = protocol.streams;
        let mut envs = world.vector_env(num_envs, streams, Purpose::EvaluationEnvironment, first);
        envs.set_time_limit(protocol.max_steps);
        let all = protocol.num_envs as u64;
        let quota = |i: u64| protocol.episodes / all + u64::from(i < protocol.episodes % all);
        let indices = first..first + num_envs as u64;
        Chunk {
            envs,
            streams,
            first,
            remaining: indices.clone().map(quota).collect(),
            active: (0..num_envs).collect(),
            rngs: indices.map(|i| streams.stream(Purpose::EvaluationAction, i, 0)).collect(),
            memory: Vec::new(),
        }
    }

    fn play(mut self, policy: &dyn Policy, stop: &AtomicBool) -> Result<Option<Vec<EpisodeSummary>>> {
        let n = self.remaining.len();
        let mut actions = ActionBuffer::for_spec(self.envs.spec(), n);
        let (mut obs, mut legal) = (Vec::new(), Vec::new());
        let mut kept = Vec::new();
        self.memory = vec![0.0; n * policy.memory_len()];
        while !self.active.is_empty() {
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let view = self.envs.view();
            if let Some(mut simulators) = policy.plans().then(|| self.simulators()).flatten() {
                let mut some = ActionBuffer::for_spec(self.envs.spec(), self.active.len());
                policy.plan(&mut simulators, &mut self.rngs, &mut some);
                scatter(some, &self.active, n, view.legal, &mut actions);
            } else if self.active.len() == n && policy.script().is_some() {
                self.envs.select_actions(policy, &mut self.rngs, &mut actions)?;
            } else if self.active.len() == n {
                let (memory, rngs) = (&mut self.memory, &mut self.rngs);
                policy.act_with_memory(view.obs, view.legal, memory, rngs, &mut actions);
            } else if let Some(script) = policy.script() {
                let none = ActionBuffer::for_spec(self.envs.spec(), 0);
                scatter(none, &[], n, view.legal, &mut actions);
                for (&i, rng) in self.active.iter().zip(&mut self.rngs) {
                    self.envs.scripted(script, i, rng, &mut actions)?;
                    policy.disturb(i, view.legal_row(i), rng, &mut actions);
                }
            } else {
                obs.clear();
                legal.clear();
                for &i in &self.active {
                    obs.extend_from_slice(view.obs_row(i));
                    legal.extend_from_slice(view.legal_row(i));
                }
                let mut some = ActionBuffer::for_spec(self.envs.spec(), self.active.len());
                policy.act_with_memory(&obs, &legal, &mut self.memory, &mut self.rngs, &mut some);
                scatter(some, &self.active, n, view.legal, &mut actions);
            }
            self.envs.step(actions.as_actions())?;
            self.collect(&mut kept);
        }
        Ok(Some(kept))
    }

    /// Simulators of the active environments; `None` where the world has none.
    fn simulators(&self) -> Option<Vec<Box<dyn Simulator>>> {
        self.active.iter().map(|&i| self.envs.simulator(i)).collect()
    }

    /// Adds the episodes that ended in the last step to `kept`, except those of environments without remaining
    /// episodes; deactivates these environments.
    fn collect(&mut self, kept: &mut Vec<EpisodeSummary>) {
        let mut done = false;
        let memory_len = self.memory.len() / self.active.len().max(1);
        for episode in self.envs.take_finished() {
            let i = (episode.index - self.first) as usize;
            if self.remaining[i] == 0 {
                continue;
            }
            self.remaining[i] -= 1;
            done |= self.remaining[i] == 0;
            if let Ok(at) = self.active.binary_search(&i) {
                self.rngs[at] =
                    self.streams.stream(Purpose::EvaluationAction, episode.index, episode.episode + 1);
                self.memory[at * memory_len..(at + 1) * memory_len].fill(0.0);
            }
            kept.push(episode);
        }
        if done {
            let plays = |i: usize| self.remaining[i] > 0;
            if memory_len > 0 {
                let each = self.active.iter().zip(self.memory.chunks_exact(memory_len));
                self.memory = each.filter(|(i, _)| plays(**i)).flat_map(|(_, m)| m).copied().collect();
            }
            let mut active = self.active.iter();
            self.rngs.retain(|_| active.next().is_some_and(|&i| plays(i)));
            self.active.retain(|&i| plays(i));
        }
    }
}

/// Writes the actions `some` of the environments with the indices `active` into `all`, the actions of all `n`
/// environments. An inactive environment gets its first legal action, or keeps its last continuous action.
fn scatter(some: ActionBuffer, active: &[usize], n: usize, legal: &[bool], all: &mut ActionBuffer) {
    match (some, all) {
        (ActionBuffer::Discrete(some), ActionBuffer::Discrete(all)) if some.len() == active.len() => {
            let masks = legal.chunks_exact((legal.len() / n).max(1));
            for (action, mask) in all.iter_mut().zip(masks) {
                *action = mask.iter().position(|&legal| legal).unwrap_or(0) as u32;
            }
            for (&i, action) in active.iter().zip(some) {
                all[i] = action;
            }
        }
        (ActionBuffer::Continuous(some), ActionBuffer::Continuous(all))
            if some.len() * n == all.len() * active.len() =>
        {
            let k = (all.len() / n).max(1);
            for (&i, action) in active.iter().zip(some.chunks_exact(k)) {
                all[i * k..(i + 1) * k].copy_from_slice(action);
            }
        }
        // Actions of a wrong kind or number: `VectorEnv::step` will return the error.
        (some, all) => *all = some,
    }
}
