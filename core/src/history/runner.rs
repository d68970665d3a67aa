//! One episode whose players remember.

use std::sync::Arc;

use super::Look;
use super::memory::Memory;
use super::policy::Supposing;
use crate::{
    ActionBuffer, Actions, Ending, EpisodeRunner, Frame, Origin, Player, Policy, Result, Spec, Step, Stream,
};

/// One episode seen with its past.
pub(super) struct Remembered {
    runner: Box<dyn EpisodeRunner>,
    look: Arc<Look>,
    memory: Memory,
}

impl Remembered {
    pub(super) fn new(runner: Box<dyn EpisodeRunner>, look: Arc<Look>) -> Self {
        let mut memory = Memory::new(&look, 1);
        memory.begin(0, runner.obs(), runner.to_play());
        Remembered { runner, look, memory }
    }
}

impl EpisodeRunner for Remembered {
    fn spec(&self) -> &Spec {
        &self.look.spec
    }

    fn origin(&self) -> Origin {
        self.runner.origin()
    }

    fn begin(&mut self, episode: u64) {
        self.runner.begin(episode);
        self.memory.begin(0, self.runner.obs(), self.runner.to_play());
    }

    fn episode(&self) -> u64 {
        self.runner.episode()
    }

    fn obs(&self) -> &[f32] {
        self.memory.obs()
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
        self.memory.see(0, self.runner.obs(), self.runner.to_play());
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

    /// What a policy thinks of another state is what it would think if it saw that one now.
    fn draw(&self, policy: Option<&dyn Policy>, frame: &mut Frame) {
        let stack = self.look.stack;
        let supposing = policy.map(|policy| Supposing { policy, history: self.memory.obs(), stack });
        self.runner.draw(supposing.as_ref().map(|supposing| supposing as &dyn Policy), frame);
    }
}
