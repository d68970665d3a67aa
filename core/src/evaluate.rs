//! Playing a policy on fresh seeds, in parallel.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use crate::{
    ActionBuffer, DynWorld, EpisodeSummary, Error, Policy, Purpose, Result, Stream, Streams, VectorEnv,
};

/// Rows of one chunk: enough for a policy to work on together, few enough to wait for the slowest. Fixed, so that the
/// work is cut in the same way for any number of threads.
const CHUNK: usize = 8;

/// How a policy is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// How many episodes count.
    pub episodes: u64,
    /// Over how many environment indices they are spread (at least 1): index i plays `episodes / rows` of them, and
    /// one more where i is below the remainder. It is part of the protocol: other rows, other episodes.
    pub num_envs: usize,
    /// Steps after which an episode is truncated where the world itself allows more; at least 1.
    pub max_steps: u32,
    /// The run's.
    pub streams: Streams,
}

/// Plays exactly `protocol.episodes` episodes of `world` and gives them by index, then episode.
///
/// Episode e of index i is a pure function of (seed, i, e): the world's dice are the
/// [`Purpose::EvaluationEnvironment`] stream of (i, e) and the policy's the [`Purpose::EvaluationAction`] stream of
/// (i, e). Which episodes count is settled beforehand, so short ones are not preferred. The result is the same
/// bytes for any number of threads. In a world for two, the policy plays both sides.
///
/// # Errors
/// [`Error::Config`] where `rows` or `max_steps` is 0; those of [`VectorEnv::step`].
pub fn evaluate(
    world: &dyn DynWorld,
    policy: &dyn Policy,
    protocol: &Protocol,
) -> Result<Vec<EpisodeSummary>> {
    evaluate_unless(world, policy, protocol, &AtomicBool::new(false)).map(Option::unwrap_or_default)
}

/// [`evaluate`], given up at once when `stop` is set: then there is no result.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_unless(
    world: &dyn DynWorld,
    policy: &dyn Policy,
    protocol: &Protocol,
    stop: &AtomicBool,
) -> Result<Option<Vec<EpisodeSummary>>> {
    if protocol.num_envs == 0 || protocol.max_steps == 0 {
        return Err(Error::Config("an evaluation needs at least one row and one step".into()));
    }
    // Indices beyond the number of episodes have nothing to play.
    let rows = protocol.episodes.min(protocol.num_envs as u64) as usize;
    let chunks: Option<Vec<Vec<EpisodeSummary>>> = (0..rows.div_ceil(CHUNK))
        .into_par_iter()
        .map(|chunk| {
            let first = chunk * CHUNK;
            Chunk::new(world, protocol, first as u64, CHUNK.min(rows - first)).play(policy, stop)
        })
        .collect::<Result<_>>()?;
    let mut finished = match chunks {
        Some(chunks) => chunks.concat(),
        None => return Ok(None),
    };
    finished.sort_unstable_by_key(|episode| (episode.index, episode.episode));
    Ok(Some(finished))
}

/// A few neighboring rows.
struct Chunk {
    episodes: Box<dyn VectorEnv>,
    streams: Streams,
    first: u64,
    /// `[rows]`: how many episodes of each row are still to come.
    left: Vec<u64>,
    /// The rows that still play, ascending; the policy sees no others.
    active: Vec<usize>,
    /// `[active]`: their action streams.
    rngs: Vec<Stream>,
}

impl Chunk {
    fn new(world: &dyn DynWorld, protocol: &Protocol, first: u64, rows: usize) -> Self {
        let streams = protocol.streams;
        let mut episodes = world.vector_env(rows, streams, Purpose::EvaluationEnvironment, first);
        episodes.limit(protocol.max_steps);
        let all = protocol.num_envs as u64;
        let quota = |i: u64| protocol.episodes / all + u64::from(i < protocol.episodes % all);
        let indices = first..first + rows as u64;
        Chunk {
            episodes,
            streams,
            first,
            left: indices.clone().map(quota).collect(),
            active: (0..rows).collect(),
            rngs: indices.map(|i| streams.stream(Purpose::EvaluationAction, i, 0)).collect(),
        }
    }

    fn play(mut self, policy: &dyn Policy, stop: &AtomicBool) -> Result<Option<Vec<EpisodeSummary>>> {
        let rows = self.left.len();
        let mut all = ActionBuffer::for_spec(self.episodes.spec(), rows);
        let (mut obs, mut legal) = (Vec::new(), Vec::new());
        let mut kept = Vec::new();
        while !self.active.is_empty() {
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let view = self.episodes.view();
            if self.active.len() == rows {
                self.episodes.select_actions(policy, &mut self.rngs, &mut all)?;
            } else if let Some(script) = policy.script() {
                // The others idle as `spread` has them.
                let idle = ActionBuffer::for_spec(self.episodes.spec(), 0);
                spread(idle, &[], rows, view.legal, &mut all);
                for (&row, rng) in self.active.iter().zip(&mut self.rngs) {
                    self.episodes.scripted(script, row, rng, &mut all)?;
                }
            } else {
                obs.clear();
                legal.clear();
                for &row in &self.active {
                    obs.extend_from_slice(view.obs_row(row));
                    legal.extend_from_slice(view.legal_row(row));
                }
                let mut some = ActionBuffer::for_spec(self.episodes.spec(), self.active.len());
                policy.act(&obs, &legal, &mut self.rngs, &mut some);
                spread(some, &self.active, rows, view.legal, &mut all);
            }
            self.episodes.step(all.actions())?;
            self.count(&mut kept);
        }
        Ok(Some(kept))
    }

    /// Keeps what counts of the episodes that the last tick finished, and sends home the rows that have played all theirs.
    fn count(&mut self, kept: &mut Vec<EpisodeSummary>) {
        let mut done = false;
        for episode in self.episodes.take_finished() {
            let row = (episode.index - self.first) as usize;
            if self.left[row] == 0 {
                continue;
            }
            self.left[row] -= 1;
            done |= self.left[row] == 0;
            if let Ok(at) = self.active.binary_search(&row) {
                self.rngs[at] =
                    self.streams.stream(Purpose::EvaluationAction, episode.index, episode.episode + 1);
            }
            kept.push(episode);
        }
        if done {
            let plays = |row: usize| self.left[row] > 0;
            let mut active = self.active.iter();
            self.rngs.retain(|_| active.next().is_some_and(|&row| plays(row)));
            self.active.retain(|&row| plays(row));
        }
    }
}

/// Puts the actions of the active rows into those of all rows; the others idle with the first legal one, or go on as
/// they were where actions are continuous.
fn spread(some: ActionBuffer, active: &[usize], rows: usize, legal: &[bool], all: &mut ActionBuffer) {
    match (some, all) {
        (ActionBuffer::Discrete(some), ActionBuffer::Discrete(all)) if some.len() == active.len() => {
            let masks = legal.chunks_exact((legal.len() / rows).max(1));
            for (action, mask) in all.iter_mut().zip(masks) {
                *action = mask.iter().position(|&legal| legal).unwrap_or(0) as u32;
            }
            for (&row, action) in active.iter().zip(some) {
                all[row] = action;
            }
        }
        (ActionBuffer::Continuous(some), ActionBuffer::Continuous(all))
            if some.len() * rows == all.len() * active.len() =>
        {
            let k = (all.len() / rows).max(1);
            for (&row, action) in active.iter().zip(some.chunks_exact(k)) {
                all[row * k..(row + 1) * k].copy_from_slice(action);
            }
        }
        // The policy answered with another kind or number: the batch refuses that, and says so.
        (some, all) => *all = some,
    }
}
