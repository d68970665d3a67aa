//! A world over Gymnasium environments of a user, written in Python: agents of Freewheel learn in it.
//!
//! One call of Python steps a whole batch. Every episode is started with a seed of its own, a function of the run's
//! seed, so that a run is reproducible if the environment is.

use std::sync::{Arc, Mutex};

use freewheel::core::{
    ActionBuffer, Actions, BatchView, DynWorld, Ending, EpisodeRunner, EpisodeSummary, Error,
    EvaluationWorld, Frame, ManagedVectorEnv, Origin, Player, Purpose, Result, Solution, SolveQuery, Spec,
    Step, Stream, Streams, VectorEnv,
};
use numpy::{PyArray1, PyArrayMethods, PyReadonlyArray1};
use pyo3::prelude::*;

use crate::lock;

/// Place for the Python exception of an environment, so that the caller of an agent gets this very exception.
pub(crate) type Raised = Arc<Mutex<Option<PyErr>>>;

/// World over Python environments.
pub(crate) struct OwnWorld(Arc<Shared>);

struct Shared {
    spec: Spec,
    /// Python function that makes a batch of so many environments.
    make: Py<PyAny>,
    raised: Raised,
}

impl OwnWorld {
    pub(crate) fn new(spec: Spec, make: Py<PyAny>, raised: Raised) -> Self {
        OwnWorld(Arc::new(Shared { spec, make, raised }))
    }

    fn unsupported<T>(&self, what: &str) -> Result<T> {
        Err(Error::Unsupported(format!("{}, an environment in Python, has no {what}", self.0.spec.id)))
    }
}

impl DynWorld for OwnWorld {
    fn spec(&self) -> &Spec {
        &self.0.spec
    }

    fn vector_env(
        &self,
        num_envs: usize,
        streams: Streams,
        purpose: Purpose,
        first: u64,
    ) -> Box<dyn ManagedVectorEnv> {
        Box::new(OwnBatch::new(&self.0, num_envs, Source { streams, purpose, first }))
    }

    fn episode_runner(&self, streams: Streams, purpose: Purpose, index: u64) -> Box<dyn EpisodeRunner> {
        Box::new(OwnEpisode(OwnBatch::new(&self.0, 1, Source { streams, purpose, first: index })))
    }

    fn solve(&self, _query: &SolveQuery) -> Result<Solution> {
        self.unsupported("reference")
    }

    fn baseline(&self, _query: &SolveQuery) -> Result<freewheel::core::Baseline> {
        self.unsupported("baseline")
    }

    fn evaluation_world(&self) -> Option<&EvaluationWorld> {
        None
    }
}

/// Random streams of a batch.
#[derive(Clone, Copy)]
struct Source {
    streams: Streams,
    purpose: Purpose,
    first: u64,
}

impl Source {
    /// Seed of an episode: 31 bits, which every environment accepts.
    fn seed(&self, i: usize, episode: u64) -> i64 {
        (self.streams.stream(self.purpose, self.first + i as u64, episode).bits() >> 33) as i64
    }
}

/// N Python environments.
struct OwnBatch {
    shared: Arc<Shared>,
    source: Source,
    /// Python object with `reset(indices, seeds)` and `step(actions)`; `None` after an error of making it.
    envs: Option<Py<PyAny>>,
    episodes: Vec<u64>,
    lengths: Vec<u32>,
    returns: Vec<f64>,
    discounts: Vec<f64>,
    time_limit: u32,
    obs: Vec<f32>,
    legal: Vec<bool>,
    reward: Vec<f32>,
    ending: Vec<Ending>,
    last_obs: Vec<f32>,
    last_legal: Vec<bool>,
    players: Vec<Player>,
    finished: Vec<EpisodeSummary>,
}

/// Results of Python: observations `[M * D]`, masks `[M * A]` (empty without masks).
type Observed<'py> = (PyReadonlyArray1<'py, f32>, PyReadonlyArray1<'py, bool>);
/// Results of a step: rewards `[N]`, endings `[N]` (0 running, 1 terminated, 2 truncated), and the observations.
type Stepped<'py> = (
    PyReadonlyArray1<'py, f32>,
    PyReadonlyArray1<'py, u8>,
    PyReadonlyArray1<'py, f32>,
    PyReadonlyArray1<'py, bool>,
);

impl OwnBatch {
    fn new(shared: &Arc<Shared>, num_envs: usize, source: Source) -> Self {
        let spec = &shared.spec;
        let (d, a) = (spec.observation.len(), spec.actions.count());
        let mut batch = OwnBatch {
            shared: Arc::clone(shared),
            source,
            envs: None,
            episodes: vec![0; num_envs],
            lengths: vec![0; num_envs],
            returns: vec![0.0; num_envs],
            discounts: vec![1.0; num_envs],
            time_limit: u32::MAX,
            obs: vec![0.0; num_envs * d],
            legal: vec![true; num_envs * a],
            reward: vec![0.0; num_envs],
            ending: vec![Ending::Running; num_envs],
            last_obs: vec![0.0; num_envs * d],
            last_legal: vec![true; num_envs * a],
            players: vec![Player::First; num_envs],
            finished: Vec::new(),
        };
        let made = Python::attach(|py| {
            batch.envs = Some(shared.make.call1(py, (num_envs,))?);
            batch.reset(py, &(0..num_envs).collect::<Vec<_>>())
        });
        if let Err(error) = made {
            batch.envs = None;
            *lock(&shared.raised) = Some(error);
        }
        batch
    }

    /// Starts the episodes of the environments `which`.
    fn reset(&mut self, py: Python<'_>, which: &[usize]) -> PyResult<()> {
        let seeds: Vec<i64> = which.iter().map(|&i| self.source.seed(i, self.episodes[i])).collect();
        let Some(envs) = &self.envs else { return Ok(()) };
        let observed = envs.bind(py).call_method1("reset", (which.to_vec(), seeds))?;
        let (obs, legal): Observed<'_> = observed.extract()?;
        let (d, a) = (self.shared.spec.observation.len(), self.shared.spec.actions.count());
        for (from, &to) in which.iter().enumerate() {
            copy_row(&mut self.obs, to, obs.as_slice()?, from, d);
            copy_row(&mut self.legal, to, legal.as_slice()?, from, a);
            (self.lengths[to], self.returns[to], self.discounts[to]) = (0, 0.0, 1.0);
        }
        Ok(())
    }

    /// Steps all environments; resets those whose episode ended if `resets` is true.
    fn advance(&mut self, actions: Actions<'_>, resets: bool) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        if self.envs.is_none() {
            return Err(self.error("an environment could not be made"));
        }
        Python::attach(|py| self.advance_in(py, actions, resets)).map_err(|error| {
            let text = error.to_string();
            *lock(&shared.raised) = Some(error);
            self.error(&text)
        })
    }

    fn error(&self, text: &str) -> Error {
        Error::Unsupported(format!("{}: {text}", self.shared.spec.id))
    }

    fn advance_in(&mut self, py: Python<'_>, actions: Actions<'_>, resets: bool) -> PyResult<()> {
        let spec = &self.shared.spec;
        let (n, d, a) = (self.episodes.len(), spec.observation.len(), spec.actions.count());
        let Some(envs) = &self.envs else { return Ok(()) };
        let actions = match actions {
            Actions::Discrete(all) => PyArray1::from_iter(py, all.iter().map(|&a| i64::from(a))).into_any(),
            Actions::Continuous(all) => {
                PyArray1::from_slice(py, all).reshape([n, spec.actions.dimensions()])?.into_any()
            }
        };
        let stepped = envs.bind(py).call_method1("step", (actions,))?;
        let (reward, ending, obs, legal): Stepped<'_> = stepped.extract()?;
        let (reward, ending, obs, legal) =
            (reward.as_slice()?, ending.as_slice()?, obs.as_slice()?, legal.as_slice()?);
        let mut over = Vec::new();
        for i in 0..n {
            self.reward[i] = reward.get(i).copied().unwrap_or_default();
            self.lengths[i] += 1;
            self.returns[i] += self.discounts[i] * f64::from(self.reward[i]);
            self.discounts[i] *= spec.gamma;
            self.ending[i] = match ending.get(i) {
                Some(1) => Ending::Terminal,
                Some(2) => Ending::Truncated,
                _ if self.lengths[i] >= self.time_limit => Ending::Truncated,
                _ => Ending::Running,
            };
            match self.ending[i].is_over() && resets {
                true => {
                    copy_row(&mut self.last_obs, i, obs, i, d);
                    copy_row(&mut self.last_legal, i, legal, i, a);
                    self.finished.push(EpisodeSummary {
                        index: self.source.first + i as u64,
                        episode: self.episodes[i],
                        score: self.returns[i],
                        episode_return: self.returns[i],
                        length: self.lengths[i],
                        ending: self.ending[i],
                        measures: Vec::new(),
                    });
                    self.episodes[i] += 1;
                    over.push(i);
                }
                false => {
                    copy_row(&mut self.obs, i, obs, i, d);
                    copy_row(&mut self.legal, i, legal, i, a);
                }
            }
        }
        if over.is_empty() { Ok(()) } else { self.reset(py, &over) }
    }
}

/// Copies row `from` of `source` to row `to` of `target`; rows have `width` elements. An empty `source` leaves the
/// target.
fn copy_row<T: Copy>(target: &mut [T], to: usize, source: &[T], from: usize, width: usize) {
    let target = target.get_mut(to * width..(to + 1) * width);
    if let (Some(target), Some(source)) = (target, source.get(from * width..(from + 1) * width)) {
        target.copy_from_slice(source);
    }
}

impl VectorEnv for OwnBatch {
    fn spec(&self) -> &Spec {
        &self.shared.spec
    }

    fn view(&self) -> BatchView<'_> {
        BatchView {
            obs: &self.obs,
            legal: &self.legal,
            to_play: &self.players,
            reward: &self.reward,
            ending: &self.ending,
            last_obs: &self.last_obs,
            last_legal: &self.last_legal,
            last_to_play: &self.players,
            num_envs: self.episodes.len(),
            obs_len: self.shared.spec.observation.len(),
            num_actions: self.shared.spec.actions.count(),
        }
    }

    fn step(&mut self, actions: Actions<'_>) -> Result<()> {
        self.advance(actions, true)
    }

    fn scripted(&self, _: usize, _: usize, _: &mut Stream, _: &mut ActionBuffer) -> Result<()> {
        Err(self.error("it has no scripted policy"))
    }
}

impl ManagedVectorEnv for OwnBatch {
    fn take_finished(&mut self) -> Vec<EpisodeSummary> {
        std::mem::take(&mut self.finished)
    }

    fn set_time_limit(&mut self, steps: u32) {
        self.time_limit = self.time_limit.min(steps);
    }

    /// Numbers of the episodes. The state of a Python environment is not known.
    fn save(&self) -> Result<Vec<u8>> {
        Ok(self.episodes.iter().flat_map(|episode| episode.to_le_bytes()).collect())
    }

    /// Starts the episodes after those that were running.
    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let (numbers, rest) = bytes.as_chunks::<8>();
        if numbers.len() != self.episodes.len() || !rest.is_empty() {
            return Err(self.error("these are not saved environments of this number"));
        }
        self.episodes = numbers.iter().map(|number| u64::from_le_bytes(*number) + 1).collect();
        let all: Vec<usize> = (0..self.episodes.len()).collect();
        let shared = Arc::clone(&self.shared);
        Python::attach(|py| self.reset(py, &all)).map_err(|error| {
            let text = error.to_string();
            *lock(&shared.raised) = Some(error);
            self.error(&text)
        })
    }
}

/// One Python environment without automatic reset.
struct OwnEpisode(OwnBatch);

impl EpisodeRunner for OwnEpisode {
    fn spec(&self) -> &Spec {
        self.0.spec()
    }

    fn origin(&self) -> Origin {
        let Source { streams, purpose, first } = self.0.source;
        Origin { seed: streams.seed, purpose, index: first }
    }

    fn reset(&mut self, episode: u64) {
        let batch = &mut self.0;
        (batch.episodes[0], batch.ending[0]) = (episode, Ending::Running);
        let reset = Python::attach(|py| batch.reset(py, &[0]));
        if let Err(error) = reset {
            batch.envs = None;
            *lock(&batch.shared.raised) = Some(error);
        }
    }

    fn episode(&self) -> u64 {
        self.0.episodes[0]
    }

    fn obs(&self) -> &[f32] {
        &self.0.obs
    }

    fn legal(&self) -> &[bool] {
        &self.0.legal
    }

    fn to_play(&self) -> Player {
        Player::First
    }

    fn scripted(&self, script: usize, rng: &mut Stream, actions: &mut ActionBuffer) -> Result<()> {
        VectorEnv::scripted(&self.0, script, 0, rng, actions)
    }

    fn step(&mut self, action: Actions<'_>) -> Result<Step> {
        if self.0.ending[0].is_over() {
            return Err(Error::Config("the episode has ended; call reset first".into()));
        }
        self.0.advance(action, false)?;
        Ok(Step { reward: self.0.reward[0], ending: self.0.ending[0] })
    }

    fn length(&self) -> u32 {
        self.0.lengths[0]
    }

    fn episode_return(&self) -> f64 {
        self.0.returns[0]
    }

    fn measures(&self) -> Vec<f64> {
        Vec::new()
    }

    fn ending(&self) -> Ending {
        self.0.ending[0]
    }

    fn draw(&self, _policy: Option<&dyn freewheel::core::Policy>, frame: &mut Frame) {
        frame.clear(0, 0);
    }
}
