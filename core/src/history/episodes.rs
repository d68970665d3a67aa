//! Episodes whose players remember.

use std::sync::Arc;

use super::Look;
use super::memory::Memory;
use crate::{ActionBuffer, Actions, BatchView, EpisodeSummary, Error, Result, Spec, Stream, VectorEnv};

/// N episodes seen with their past.
pub(super) struct Remembering {
    episodes: Box<dyn VectorEnv>,
    look: Arc<Look>,
    memory: Memory,
    /// `[N, H]`: see [`BatchView::last_obs`].
    last_obs: Vec<f32>,
}

impl Remembering {
    pub(super) fn new(episodes: Box<dyn VectorEnv>, look: Arc<Look>) -> Self {
        let view = episodes.view();
        let mut memory = Memory::new(&look, view.num_envs);
        for row in 0..view.num_envs {
            memory.begin(row, view.obs_row(row), view.to_play[row]);
        }
        let last_obs = vec![0.0; memory.obs().len()];
        Remembering { episodes, look, memory, last_obs }
    }
}

impl VectorEnv for Remembering {
    fn spec(&self) -> &Spec {
        &self.look.spec
    }

    fn view(&self) -> BatchView<'_> {
        BatchView {
            obs: self.memory.obs(),
            last_obs: &self.last_obs,
            obs_len: self.look.spec.observation.len(),
            ..self.episodes.view()
        }
    }

    fn step(&mut self, actions: Actions<'_>) -> Result<()> {
        self.episodes.step(actions)?;
        let view = self.episodes.view();
        let width = self.look.spec.observation.len();
        for row in 0..view.num_envs {
            let (seen, _) = view.successor(row);
            self.memory.see(row, seen, view.successor_to_play(row));
            if view.ending[row].is_over() {
                self.last_obs[row * width..(row + 1) * width].copy_from_slice(self.memory.row(row));
                self.memory.begin(row, view.obs_row(row), view.to_play[row]);
            }
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
        postcard::to_stdvec(&(&self.memory, &self.last_obs, self.episodes.save()?))
            .map_err(|e| Error::Unsupported(format!("a batch cannot be saved: {e}")))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let refuse = |why: &str| {
            let id = &self.look.spec.id;
            Error::Config(format!("this is not a saved batch of {id} with its history: {why}"))
        };
        let ((memory, last_obs, episodes), rest): ((Memory, Vec<f32>, Vec<u8>), _) =
            postcard::take_from_bytes(bytes).map_err(|e| refuse(&e.to_string()))?;
        if !rest.is_empty() || !memory.fits(&self.memory) || last_obs.len() != self.last_obs.len() {
            return Err(refuse("it has another size"));
        }
        self.episodes.load(&episodes)?;
        (self.memory, self.last_obs) = (memory, last_obs);
        Ok(())
    }
}
