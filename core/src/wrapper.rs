//! Worlds whose observations are transformed before an agent gets them.
//!
//! [`wrap`] puts an [`ObservationTransform`] between a world and its agents, as Gymnasium's `ObservationWrapper` does.
//! Everything else is forwarded from the world: masks, rewards, endings, measures, scripted policies, recorded
//! episodes, baseline and reference score. The reference policy is available if the transform can adapt it
//! ([`ObservationTransform::reference`]).

use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    ActionBuffer, Actions, Baseline, BatchView, CellState, DynWorld, Ending, EpisodeRunner, EpisodeSummary,
    Error, EvaluationWorld, Event, Frame, Insight, ManagedVectorEnv, ObservationSpace, Origin, Player,
    Policy, Purpose, Result, Solution, SolveQuery, Spec, Step, Stream, Streams, VectorEnv,
};

/// Transform of observations of D numbers to C numbers, which may depend on earlier observations of the same episode.
pub trait ObservationTransform: Send + Sync + 'static {
    /// Memory of the transform for a batch of N environments, beside their transformed observations; `()` for none.
    type Memory: Clone + Send + Serialize + DeserializeOwned + 'static;

    /// Space of the transformed observations.
    fn space(&self) -> ObservationSpace;

    /// New memory for `num_envs` environments.
    fn memory(&self, num_envs: usize) -> Self::Memory;

    /// Checks that the memory `loaded` from a checkpoint has the same sizes as `own`.
    fn fits(&self, _loaded: &Self::Memory, _own: &Self::Memory) -> bool {
        true
    }

    /// Starts an episode of environment `env`: transforms its first observation `obs`, seen by `player`, into `row`.
    ///
    /// # Errors
    /// [`Error::Config`] for an observation that cannot be transformed, such as an infinite one.
    fn begin(
        &self,
        memory: &mut Self::Memory,
        env: usize,
        obs: &[f32],
        player: Player,
        row: &mut [f32],
    ) -> Result<()>;

    /// Transforms the next observation `obs` of environment `env`, seen by `player`. On entry, `row` is the previous
    /// transformed observation of the environment; on return, the new one.
    ///
    /// # Errors
    /// As [`ObservationTransform::begin`].
    fn push(
        &self,
        memory: &mut Self::Memory,
        env: usize,
        obs: &[f32],
        player: Player,
        row: &mut [f32],
    ) -> Result<()>;

    /// [`ObservationTransform::begin`] for all environments of a new batch; writes the transformed observations
    /// `rows [N, C]`.
    ///
    /// # Errors
    /// As [`ObservationTransform::begin`].
    fn begin_all(&self, memory: &mut Self::Memory, view: &BatchView<'_>, rows: &mut [f32]) -> Result<()> {
        let width = rows.len() / view.num_envs.max(1);
        for (env, row) in rows.chunks_exact_mut(width.max(1)).enumerate() {
            self.begin(memory, env, view.obs_row(env), view.to_play[env], row)?;
        }
        Ok(())
    }

    /// [`ObservationTransform::push`] for the environments whose episodes continue; updates their rows of `rows`
    /// (`[N, C]`). The other rows already hold the first observations of the next episodes and are unchanged.
    ///
    /// # Errors
    /// As [`ObservationTransform::begin`].
    fn push_running(&self, memory: &mut Self::Memory, view: &BatchView<'_>, rows: &mut [f32]) -> Result<()> {
        let width = rows.len() / view.num_envs.max(1);
        for (env, row) in rows.chunks_exact_mut(width.max(1)).enumerate() {
            if !view.ending[env].is_over() {
                self.push(memory, env, view.obs_row(env), view.to_play[env], row)?;
            }
        }
        Ok(())
    }

    /// Adapts `policy`, which acts on observations of the world, to transformed observations; `None` if that is not
    /// possible. It always is for a scripted policy, which needs no observation.
    fn reference(self: Arc<Self>, policy: Arc<dyn Policy>) -> Option<Arc<dyn Policy>> {
        policy.script().is_some().then_some(policy)
    }

    /// Writes B hypothetical transformed observations into `out [B, C]`: the current one is `row`, with the newest
    /// observation replaced by each of `obs [B, D]`. The viewer uses them to draw the values of other states.
    fn suppose(&self, row: &[f32], obs: &[f32], out: &mut [f32]);
}

/// `world` with observations transformed by `transform`.
pub fn wrap<T: ObservationTransform>(world: Arc<dyn DynWorld>, transform: Arc<T>) -> Arc<dyn DynWorld> {
    let spec = Arc::new(Spec { observation: transform.space(), ..world.spec().clone() });
    let evaluation_world = world.evaluation_world().map(|other| EvaluationWorld {
        world: wrap(Arc::clone(&other.world), Arc::clone(&transform)),
        ..other.clone()
    });
    Arc::new(WrappedWorld { world, transform, spec, evaluation_world })
}

struct WrappedWorld<T> {
    world: Arc<dyn DynWorld>,
    transform: Arc<T>,
    spec: Arc<Spec>,
    evaluation_world: Option<EvaluationWorld>,
}

impl<T: ObservationTransform> DynWorld for WrappedWorld<T> {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn vector_env(
        &self,
        num_envs: usize,
        streams: Streams,
        purpose: Purpose,
        first: u64,
    ) -> Box<dyn ManagedVectorEnv> {
        let envs = self.world.vector_env(num_envs, streams, purpose, first);
        let width = self.spec.observation.len();
        let mut memory = self.transform.memory(num_envs);
        let mut obs = vec![0.0; num_envs * width];
        let pending = self.transform.begin_all(&mut memory, &envs.view(), &mut obs).err();
        Box::new(WrappedVectorEnv {
            envs,
            transform: Arc::clone(&self.transform),
            spec: Arc::clone(&self.spec),
            memory,
            last_obs: vec![0.0; obs.len()],
            obs,
            pending,
        })
    }

    fn episode_runner(&self, streams: Streams, purpose: Purpose, index: u64) -> Box<dyn EpisodeRunner> {
        let mut wrapped = WrappedRunner {
            runner: self.world.episode_runner(streams, purpose, index),
            transform: Arc::clone(&self.transform),
            spec: Arc::clone(&self.spec),
            memory: self.transform.memory(1),
            obs: vec![0.0; self.spec.observation.len()],
            pending: None,
            history: None,
        };
        wrapped.begin_episode();
        Box::new(wrapped)
    }

    /// Solution of the wrapped world, without the state values, which belong to its untransformed observations.
    fn solve(&self, query: &SolveQuery) -> Result<Solution> {
        let solution = self.world.solve(query)?;
        let policy = solution.policy.and_then(|policy| Arc::clone(&self.transform).reference(policy));
        Ok(Solution { values: Vec::new(), policy, ..solution })
    }

    fn baseline(&self, query: &SolveQuery) -> Result<Baseline> {
        self.world.baseline(query)
    }

    fn evaluation_world(&self) -> Option<&EvaluationWorld> {
        self.evaluation_world.as_ref()
    }

    fn upper_bound_player(&self) -> Option<&str> {
        self.world.upper_bound_player()
    }

    fn is_slow(&self) -> bool {
        self.world.is_slow()
    }

    fn take_note(&self) -> Option<String> {
        self.world.take_note()
    }

    fn layers(&self) -> &[&'static str] {
        self.world.layers()
    }

    fn step_seconds(&self) -> Option<f64> {
        self.world.step_seconds()
    }
}

struct WrappedVectorEnv<T: ObservationTransform> {
    envs: Box<dyn ManagedVectorEnv>,
    transform: Arc<T>,
    spec: Arc<Spec>,
    memory: T::Memory,
    /// Transformed observations, `[N, C]`.
    obs: Vec<f32>,
    /// Transformed last observations of ended episodes, `[N, C]`; see [`BatchView::last_obs`].
    last_obs: Vec<f32>,
    /// Error in transforming the first observations: the constructor cannot return it, so the first step does.
    pending: Option<Error>,
}

impl<T: ObservationTransform> VectorEnv for WrappedVectorEnv<T> {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn view(&self) -> BatchView<'_> {
        BatchView {
            obs: &self.obs,
            last_obs: &self.last_obs,
            obs_len: self.spec.observation.len(),
            ..self.envs.view()
        }
    }

    fn step(&mut self, actions: Actions<'_>) -> Result<()> {
        if let Some(error) = self.pending.take() {
            return Err(error);
        }
        self.envs.step(actions)?;
        let (view, width) = (self.envs.view(), self.spec.observation.len());
        for env in (0..view.num_envs).filter(|&env| view.ending[env].is_over()) {
            let row = &mut self.obs[env * width..(env + 1) * width];
            let (last, player) = (view.successor(env).0, view.successor_to_play(env));
            self.transform.push(&mut self.memory, env, last, player, row)?;
            self.last_obs[env * width..(env + 1) * width].copy_from_slice(row);
            self.transform.begin(&mut self.memory, env, view.obs_row(env), view.to_play[env], row)?;
        }
        self.transform.push_running(&mut self.memory, &view, &mut self.obs)
    }

    fn scripted(
        &self,
        script: usize,
        env: usize,
        rng: &mut Stream,
        actions: &mut ActionBuffer,
    ) -> Result<()> {
        self.envs.scripted(script, env, rng, actions)
    }
}

impl<T: ObservationTransform> ManagedVectorEnv for WrappedVectorEnv<T> {
    fn take_finished(&mut self) -> Vec<EpisodeSummary> {
        self.envs.take_finished()
    }

    fn set_time_limit(&mut self, steps: u32) {
        self.envs.set_time_limit(steps);
    }

    fn save(&self) -> Result<Vec<u8>> {
        postcard::to_stdvec(&(&self.memory, &self.obs, &self.last_obs, self.envs.save()?))
            .map_err(|e| Error::Unsupported(format!("a vector environment cannot be saved: {e}")))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let refuse = |why: &str| {
            let id = &self.spec.id;
            Error::Config(format!("not a saved vector environment of {id} with these observations: {why}"))
        };
        type Saved<M> = (M, Vec<f32>, Vec<f32>, Vec<u8>);
        let ((memory, obs, last_obs, envs), rest): (Saved<T::Memory>, _) =
            postcard::take_from_bytes(bytes).map_err(|e| refuse(&e.to_string()))?;
        let sizes_fit = [obs.len(), last_obs.len()] == [self.obs.len(); 2];
        if !rest.is_empty() || !sizes_fit || !self.transform.fits(&memory, &self.memory) {
            return Err(refuse("its size is different"));
        }
        self.envs.load(&envs)?;
        (self.memory, self.obs, self.last_obs, self.pending) = (memory, obs, last_obs, None);
        Ok(())
    }
}

struct WrappedRunner<T: ObservationTransform> {
    runner: Box<dyn EpisodeRunner>,
    transform: Arc<T>,
    spec: Arc<Spec>,
    memory: T::Memory,
    /// Transformed observation, `[C]`.
    obs: Vec<f32>,
    /// Error in transforming the first observation: `reset` cannot return it, so the first step does.
    pending: Option<Error>,
    /// Memory and transformed observation of other states, if the runner keeps a history.
    history: Option<WrappedHistory<T::Memory>>,
}

/// Memory and transformed observation `[C]` of each earlier state, and of each later one, the last one first.
#[derive(Clone)]
struct WrappedHistory<M> {
    earlier: Vec<(M, Vec<f32>)>,
    later: Vec<(M, Vec<f32>)>,
}

impl<T: ObservationTransform> WrappedRunner<T> {
    fn begin_episode(&mut self) {
        if let Some(history) = &mut self.history {
            *history = WrappedHistory { earlier: Vec::new(), later: Vec::new() };
        }
        let (obs, player) = (self.runner.obs(), self.runner.to_play());
        self.pending = self.transform.begin(&mut self.memory, 0, obs, player, &mut self.obs).err();
    }
}

impl<T: ObservationTransform> EpisodeRunner for WrappedRunner<T> {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn origin(&self) -> Origin {
        self.runner.origin()
    }

    fn reset(&mut self, episode: u64) {
        self.runner.reset(episode);
        self.begin_episode();
    }

    fn episode(&self) -> u64 {
        self.runner.episode()
    }

    fn obs(&self) -> &[f32] {
        &self.obs
    }

    fn world_obs(&self) -> &[f32] {
        self.runner.world_obs()
    }

    fn legal(&self) -> &[bool] {
        self.runner.legal()
    }

    fn to_play(&self) -> Player {
        self.runner.to_play()
    }

    fn scripted(&self, script: usize, rng: &mut Stream, actions: &mut ActionBuffer) -> Result<()> {
        self.runner.scripted(script, rng, actions)
    }

    fn step(&mut self, action: Actions<'_>) -> Result<Step> {
        if let Some(error) = self.pending.take() {
            return Err(error);
        }
        let step = self.runner.step(action)?;
        if let Some(history) = &mut self.history {
            history.earlier.push((self.memory.clone(), self.obs.clone()));
            history.later.clear();
        }
        let (obs, player) = (self.runner.obs(), self.runner.to_play());
        self.transform.push(&mut self.memory, 0, obs, player, &mut self.obs)?;
        Ok(step)
    }

    fn length(&self) -> u32 {
        self.runner.length()
    }

    fn episode_return(&self) -> f64 {
        self.runner.episode_return()
    }

    fn measures(&self) -> Vec<f64> {
        self.runner.measures()
    }

    fn ending(&self) -> Ending {
        self.runner.ending()
    }

    fn keep_history(&mut self) {
        self.runner.keep_history();
        self.history = Some(WrappedHistory { earlier: Vec::new(), later: Vec::new() });
    }

    fn seek(&mut self, step: u32) -> bool {
        let (Some(history), now) = (&mut self.history, self.runner.length()) else { return false };
        if step == now || !self.runner.seek(step) {
            return step == now;
        }
        // Both histories began at the same step, so that this one has an entry for each state of the other.
        let WrappedHistory { earlier, later } = history;
        let (from, to) = if step < now { (earlier, later) } else { (later, earlier) };
        for _ in 0..step.abs_diff(now) {
            let Some((memory, obs)) = from.pop() else { break };
            let here = (std::mem::replace(&mut self.memory, memory), std::mem::replace(&mut self.obs, obs));
            to.push(here);
        }
        true
    }

    fn events(&self) -> &[(u32, Event)] {
        self.runner.events()
    }

    fn fork(&self) -> Option<Box<dyn EpisodeRunner>> {
        // An error of the first observation cannot be copied.
        let runner = self.runner.fork().filter(|_| self.pending.is_none())?;
        Some(Box::new(WrappedRunner {
            runner,
            transform: Arc::clone(&self.transform),
            spec: Arc::clone(&self.spec),
            memory: self.memory.clone(),
            obs: self.obs.clone(),
            pending: None,
            history: self.history.clone(),
        }))
    }

    fn insight(&self, policy: &dyn Policy, memory: &[f32], rng: &Stream) -> Option<Insight> {
        match policy.script() {
            Some(_) => self.runner.insight(policy, memory, rng),
            None => policy.insight(&self.obs, self.legal(), memory),
        }
    }

    fn observation_names(&self) -> Vec<String> {
        self.runner.observation_names()
    }

    fn describe(&self) -> Option<String> {
        self.runner.describe()
    }

    fn draw(&self, policy: Option<&dyn Policy>, frame: &mut Frame) {
        let supposing =
            policy.map(|policy| SupposedPolicy { policy, transform: &*self.transform, row: &self.obs });
        self.runner.draw(supposing.as_ref().map(|supposing| supposing as &dyn Policy), frame);
    }

    fn action_at(&self, frame: &Frame, column: usize, row: usize) -> Option<u32> {
        self.runner.action_at(frame, column, row)
    }

    fn action_cell(&self, frame: &Frame, action: u32) -> Option<(usize, usize)> {
        self.runner.action_cell(frame, action)
    }

    fn cell_at(&self, frame: &Frame, column: usize, row: usize) -> Option<CellState> {
        let mut cell = self.runner.cell_at(frame, column, row)?;
        let mut obs = vec![0.0; self.obs.len()];
        self.transform.suppose(&self.obs, &cell.obs, &mut obs);
        cell.obs = obs;
        Some(cell)
    }
}

/// Policy of transformed observations as a policy of the world's observations, for drawings: each observation replaces
/// the newest one in the current transformed observation.
struct SupposedPolicy<'a, T> {
    policy: &'a dyn Policy,
    transform: &'a T,
    /// Current transformed observation, `[C]`.
    row: &'a [f32],
}

impl<T: ObservationTransform> SupposedPolicy<'_, T> {
    fn suppose(&self, obs: &[f32], count: usize) -> Vec<f32> {
        let mut out = vec![0.0; count * self.row.len()];
        self.transform.suppose(self.row, obs, &mut out);
        out
    }
}

impl<T: ObservationTransform> Policy for SupposedPolicy<'_, T> {
    fn act(&self, obs: &[f32], legal: &[bool], rngs: &mut [Stream], actions: &mut ActionBuffer) {
        self.policy.act(&self.suppose(obs, rngs.len()), legal, rngs, actions);
    }

    fn script(&self) -> Option<usize> {
        self.policy.script()
    }

    fn action_values(&self, obs: &[f32], legal: &[bool], out: &mut [f32]) -> bool {
        self.policy.action_values(&self.suppose(obs, 1), legal, out)
    }

    fn insight(&self, obs: &[f32], legal: &[bool], memory: &[f32]) -> Option<Insight> {
        self.policy.insight(&self.suppose(obs, 1), legal, memory)
    }
}
