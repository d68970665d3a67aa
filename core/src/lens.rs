//! A world seen through a lens: what was learned without reward stands between its observations and the agent.

use std::sync::Arc;

use crate::{
    ActionBuffer, Actions, Baseline, BatchView, DynWorld, Ending, EpisodeRunner, EpisodeSummary, Error,
    EvaluationWorld, Frame, ObservationSpace, Origin, Player, Policy, Purpose, Result, Solution, SolveQuery,
    Spec, Step, Stream, Streams, VectorEnv,
};

/// From what a world shows to what an agent sees: a pure function, each row by itself.
pub trait ObservationEncoder: Send + Sync {
    /// What the agent sees.
    fn space(&self) -> ObservationSpace;
    /// `obs [N, D]` to `out [N, C]`, C numbers a row of [`ObservationEncoder::space`].
    ///
    /// # Errors
    /// [`Error::Config`] where the observations do not suit it, such as by being infinite.
    fn encode(&self, obs: &[f32], out: &mut [f32]) -> Result<()>;
}

/// A world through a lens. All but its observation is its own: masks, rewards, endings, measures, scripts, recordings, and its
/// reference, as far as that needs no observation.
pub struct EncodedWorld {
    world: Arc<dyn DynWorld>,
    lens: Arc<dyn ObservationEncoder>,
    spec: Arc<Spec>,
    judge: Option<EvaluationWorld>,
}

impl EncodedWorld {
    /// `world` as it is seen through `lens`.
    pub fn lens(world: Arc<dyn DynWorld>, lens: Arc<dyn ObservationEncoder>) -> Arc<dyn DynWorld> {
        let spec = Arc::new(Spec { observation: lens.space(), ..world.spec().clone() });
        let through = |judge: EvaluationWorld| EvaluationWorld {
            world: EncodedWorld::lens(judge.world, Arc::clone(&lens)),
            ..judge
        };
        let judge = world.evaluation_world().cloned().map(through);
        Arc::new(EncodedWorld { world, lens, spec, judge })
    }
}

impl DynWorld for EncodedWorld {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn vector_env(
        &self,
        num_envs: usize,
        streams: Streams,
        purpose: Purpose,
        first: u64,
    ) -> Box<dyn VectorEnv> {
        let episodes = self.world.vector_env(num_envs, streams, purpose, first);
        let width = self.spec.observation.len();
        let mut seen = Seen {
            episodes,
            lens: Arc::clone(&self.lens),
            spec: Arc::clone(&self.spec),
            obs: vec![0.0; num_envs * width],
            last_obs: vec![0.0; num_envs * width],
            dark: None,
        };
        seen.look();
        Box::new(seen)
    }

    fn episode_runner(&self, streams: Streams, purpose: Purpose, index: u64) -> Box<dyn EpisodeRunner> {
        let runner = self.world.episode_runner(streams, purpose, index);
        let obs = vec![0.0; self.spec.observation.len()];
        let mut staged = Staged { runner, lens: Arc::clone(&self.lens), spec: Arc::clone(&self.spec), obs };
        // What cannot be seen is said at the first step.
        let _ = staged.look();
        Box::new(staged)
    }

    /// The world's own answer. Its values, and a policy that needs to see the world itself, are left out.
    fn solve(&self, query: &SolveQuery) -> Result<Solution> {
        let solution = self.world.solve(query)?;
        let policy = solution.policy.filter(|policy| policy.script().is_some());
        Ok(Solution { values: Vec::new(), policy, ..solution })
    }

    fn baseline(&self, query: &SolveQuery) -> Result<Baseline> {
        self.world.baseline(query)
    }

    fn evaluation_world(&self) -> Option<&EvaluationWorld> {
        self.judge.as_ref()
    }
}

/// N episodes through a lens.
struct Seen {
    episodes: Box<dyn VectorEnv>,
    lens: Arc<dyn ObservationEncoder>,
    spec: Arc<Spec>,
    /// `[N, C]`.
    obs: Vec<f32>,
    /// `[N, C]`: see [`BatchView::last_obs`].
    last_obs: Vec<f32>,
    /// Why the first observations could not be seen.
    dark: Option<Error>,
}

impl Seen {
    fn look(&mut self) {
        self.dark = self.lens.encode(self.episodes.view().obs, &mut self.obs).err();
    }
}

impl VectorEnv for Seen {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn view(&self) -> BatchView<'_> {
        BatchView {
            obs: &self.obs,
            last_obs: &self.last_obs,
            obs_len: self.spec.observation.len(),
            ..self.episodes.view()
        }
    }

    fn step(&mut self, actions: Actions<'_>) -> Result<()> {
        if let Some(error) = self.dark.take() {
            return Err(error);
        }
        self.episodes.step(actions)?;
        let (view, width) = (self.episodes.view(), self.spec.observation.len());
        self.lens.encode(view.obs, &mut self.obs)?;
        for row in (0..view.num_envs).filter(|&row| view.ending[row].is_over()) {
            self.lens.encode(view.successor(row).0, &mut self.last_obs[row * width..(row + 1) * width])?;
        }
        Ok(())
    }

    fn scripted(&self, script: usize, row: usize, rng: &mut Stream, choice: &mut ActionBuffer) -> Result<()> {
        self.episodes.scripted(script, row, rng, choice)
    }

    fn take_finished(&mut self) -> Vec<EpisodeSummary> {
        self.episodes.take_finished()
    }

    fn limit(&mut self, steps: u32) {
        self.episodes.limit(steps);
    }

    fn save(&self) -> Result<Vec<u8>> {
        postcard::to_stdvec(&(&self.last_obs, self.episodes.save()?))
            .map_err(|e| Error::Unsupported(format!("a batch cannot be saved: {e}")))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let refuse = |why: &str| {
            Error::Config(format!("this is not a saved batch of {} through a lens: {why}", self.spec.id))
        };
        let (last_obs, episodes): (Vec<f32>, Vec<u8>) =
            postcard::from_bytes(bytes).map_err(|e| refuse(&e.to_string()))?;
        if last_obs.len() != self.last_obs.len() {
            return Err(refuse("it has another size"));
        }
        self.episodes.load(&episodes)?;
        self.last_obs = last_obs;
        self.look();
        Ok(())
    }
}

/// One episode through a lens.
struct Staged {
    runner: Box<dyn EpisodeRunner>,
    lens: Arc<dyn ObservationEncoder>,
    spec: Arc<Spec>,
    /// `[C]`.
    obs: Vec<f32>,
}

impl Staged {
    fn look(&mut self) -> Result<()> {
        self.lens.encode(self.runner.obs(), &mut self.obs)
    }
}

impl EpisodeRunner for Staged {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn origin(&self) -> Origin {
        self.runner.origin()
    }

    fn begin(&mut self, episode: u64) {
        self.runner.begin(episode);
        let _ = self.look();
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

    fn scripted(&self, script: usize, rng: &mut Stream, choice: &mut ActionBuffer) -> Result<()> {
        self.runner.scripted(script, rng, choice)
    }

    fn step(&mut self, action: Actions<'_>) -> Result<Step> {
        let step = self.runner.step(action)?;
        self.look()?;
        Ok(step)
    }

    fn length(&self) -> u32 {
        self.runner.length()
    }

    fn score(&self) -> f64 {
        self.runner.score()
    }

    fn measures(&self) -> Vec<f64> {
        self.runner.measures()
    }

    fn ending(&self) -> Ending {
        self.runner.ending()
    }

    /// Other states are seen through the lens too.
    fn draw(&self, policy: Option<&dyn Policy>, frame: &mut Frame) {
        let width = self.obs.len();
        let seeing = policy.map(|policy| Seeing { policy, lens: &*self.lens, width });
        self.runner.draw(seeing.as_ref().map(|seeing| seeing as &dyn Policy), frame);
    }
}

/// A policy that looks through the lens, asked about the world's own observations.
struct Seeing<'a> {
    policy: &'a dyn Policy,
    lens: &'a dyn ObservationEncoder,
    /// C.
    width: usize,
}

impl Seeing<'_> {
    fn see(&self, obs: &[f32], rows: usize) -> Vec<f32> {
        let mut seen = vec![0.0; rows * self.width];
        // What cannot be seen stays dark.
        let _ = self.lens.encode(obs, &mut seen);
        seen
    }
}

impl Policy for Seeing<'_> {
    fn act(&self, obs: &[f32], legal: &[bool], rngs: &mut [Stream], choice: &mut ActionBuffer) {
        self.policy.act(&self.see(obs, rngs.len()), legal, rngs, choice);
    }

    fn script(&self) -> Option<usize> {
        self.policy.script()
    }

    fn action_values(&self, obs: &[f32], legal: &[bool], out: &mut [f32]) -> bool {
        self.policy.action_values(&self.see(obs, 1), legal, out)
    }
}
