//! One episode whose players remember.

use std::sync::Arc;

use super::Look;
use super::memory::Memory;
use super::policy::Supposing;
use crate::{Actions, Choice, Ending, Frame, Origin, Player, Policy, Result, Spec, Stage, Step, Stream};

/// One episode seen with its past.
pub(super) struct Remembered {
    stage: Box<dyn Stage>,
    look: Arc<Look>,
    memory: Memory,
}

impl Remembered {
    pub(super) fn new(stage: Box<dyn Stage>, look: Arc<Look>) -> Self {
        let mut memory = Memory::new(&look, 1);
        memory.begin(0, stage.obs(), stage.to_play());
        Remembered { stage, look, memory }
    }
}

impl Stage for Remembered {
    fn spec(&self) -> &Spec {
        &self.look.spec
    }

    fn origin(&self) -> Origin {
        self.stage.origin()
    }

    fn begin(&mut self, episode: u64) {
        self.stage.begin(episode);
        self.memory.begin(0, self.stage.obs(), self.stage.to_play());
    }

    fn episode(&self) -> u64 {
        self.stage.episode()
    }

    fn obs(&self) -> &[f32] {
        self.memory.obs()
    }

    fn shown(&self) -> &[f32] {
        self.stage.shown()
    }

    fn legal(&self) -> &[bool] {
        self.stage.legal()
    }

    fn to_play(&self) -> Player {
        self.stage.to_play()
    }

    fn scripted(&self, script: usize, rng: &mut Stream, choice: &mut Choice) -> Result<()> {
        self.stage.scripted(script, rng, choice)
    }

    fn step(&mut self, action: Actions<'_>) -> Result<Step> {
        let step = self.stage.step(action)?;
        self.memory.see(0, self.stage.obs(), self.stage.to_play());
        Ok(step)
    }

    fn length(&self) -> u32 {
        self.stage.length()
    }

    fn score(&self) -> f64 {
        self.stage.score()
    }

    fn measures(&self) -> Vec<f64> {
        self.stage.measures()
    }

    fn ending(&self) -> Ending {
        self.stage.ending()
    }

    /// What a policy thinks of another state is what it would think if it saw that one now.
    fn draw(&self, policy: Option<&dyn Policy>, frame: &mut Frame) {
        let stack = self.look.stack;
        let supposing = policy.map(|policy| Supposing { policy, history: self.memory.obs(), stack });
        self.stage.draw(supposing.as_ref().map(|supposing| supposing as &dyn Policy), frame);
    }
}
