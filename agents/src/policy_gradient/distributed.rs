//! Rollouts that other processes play, for the agents that learn from a rollout `[T, N]`.
//!
//! A worker samples actions and values of its block with the parameters and the observation statistics of the learner,
//! both of which stay the same during a rollout. The learner replays the steps of all blocks: running statistics,
//! reward scale, exploration bonus and bootstrap values are computed there, in the order of an undivided run.

use std::ops::Range;

use freewheel_core::{Distributed, Ending, Error, Result, VectorEnv};
use serde::{Deserialize, Serialize};

use super::actor_critic::{ActorCritic, Outcome};
use super::rollout::StepShape;
use crate::blocks::{BlockSteps, encode, load_rngs, read_blocks, save_rngs};
use crate::nn::ObservationNormalizer;
use crate::nn::optimizer::all_finite;
use crate::progress::decode;

/// Agent that learns from rollouts of its actor-critic.
pub(super) trait RolloutLearner: Send {
    fn actor_critic(&self) -> &ActorCritic;
    fn actor_critic_mut(&mut self) -> &mut ActorCritic;
    /// Number of batch steps until the rollout is full.
    fn steps_to_update(&self) -> usize;
    /// Appends the batch step in [`ActorCritic::batch`] to the rollout; learns if it is full.
    fn keep_step(&mut self, envs: &dyn VectorEnv) -> Result<()>;
}

/// Agent whose steps other processes can make, with the steps that it has played for a learner.
pub(super) struct Blocks<'a, L> {
    learner: &'a mut L,
    steps: RolloutSteps,
}

/// T steps of the n environments of a block; every field holds `[T * n, ...]`, batch step after batch step.
#[derive(Default, Serialize, Deserialize)]
struct RolloutSteps {
    num_envs: usize,
    /// Observations as the environments give them, `[T * n, D]`.
    obs: Vec<f32>,
    /// Masks of legal actions, `[T * n, A]`; empty if all are legal.
    legal: Vec<bool>,
    /// Sampled actions, `[T * n, W]`.
    actions: Vec<f32>,
    /// Log-probabilities of the actions, `[T * n]`.
    log_prob: Vec<f32>,
    /// Values of the observations, `[T * n]`.
    values: Vec<f32>,
    /// Rewards as the environments give them, `[T * n]`.
    reward: Vec<f32>,
    /// Endings, `[T * n]`.
    ending: Vec<Ending>,
    /// Signs of the next values, `[T * n]`; empty in one-player worlds.
    signs: Vec<f32>,
    /// Last observations of the truncated episodes, `[B, D]`, by step, then by environment.
    last_obs: Vec<f32>,
}

impl<'a, L> Blocks<'a, L> {
    pub(super) fn new(learner: &'a mut L) -> Self {
        Blocks { learner, steps: RolloutSteps::default() }
    }
}

impl<L: RolloutLearner> Distributed for Blocks<'_, L> {
    fn steps_to_update(&self) -> u64 {
        self.learner.steps_to_update() as u64
    }

    fn weights(&self) -> Result<Vec<u8>> {
        let all = self.learner.actor_critic();
        encode(all.id, &(all.id, all.model.parameters()?, &all.normalizer, all.counter.step))
    }

    fn set_weights(&mut self, weights: &[u8]) -> Result<()> {
        let all = self.learner.actor_critic_mut();
        let refuse = |why: &str| Error::Config(format!("these are not weights of this {}: {why}", all.id));
        let (id, parameters, normalizer, step): (String, Vec<f32>, ObservationNormalizer, u64) =
            decode(weights).map_err(|e| refuse(&e))?;
        if id != all.id || parameters.len() != all.model.network().size() {
            return Err(refuse("they have another agent or another network"));
        }
        if !normalizer.can_replace(&all.normalizer) || !all_finite(&parameters) {
            return Err(refuse("a number or a length in them is out of range"));
        }
        all.model.set_parameters(&parameters)?;
        (all.normalizer, all.counter.step) = (normalizer, step);
        Ok(())
    }

    fn save_rows(&self, rows: Range<usize>) -> Result<Vec<u8>> {
        let all = self.learner.actor_critic();
        save_rngs(all.id, &all.rngs, rows)
    }

    fn load_rows(&mut self, first: usize, bytes: &[u8]) -> Result<()> {
        let all = self.learner.actor_critic_mut();
        load_rngs(all.id, &mut all.rngs, first, bytes)
    }

    fn play(&mut self, envs: &mut dyn VectorEnv) -> Result<()> {
        let (all, steps) = (self.learner.actor_critic_mut(), &mut self.steps);
        all.act(envs)?;
        steps.num_envs = all.num_envs();
        steps.obs.extend_from_slice(envs.view().obs);
        steps.legal.extend_from_slice(&all.batch.legal);
        steps.actions.extend_from_slice(&all.batch.actions);
        steps.log_prob.extend_from_slice(&all.batch.log_prob);
        steps.values.extend(all.batch.steps.iter().map(|step| step.value));
        all.step(envs)?;
        let (view, mut signs) = (envs.view(), Vec::new());
        all.signs(&*envs, &mut signs);
        steps.signs.append(&mut signs);
        steps.reward.extend_from_slice(view.reward);
        steps.ending.extend_from_slice(view.ending);
        let truncated = (0..view.num_envs).filter(|&i| view.ending[i] == Ending::Truncated);
        truncated.for_each(|i| steps.last_obs.extend_from_slice(view.successor(i).0));
        Ok(())
    }

    fn take_steps(&mut self) -> Result<Vec<u8>> {
        let mut steps = std::mem::take(&mut self.steps);
        if steps.legal.iter().all(|&legal| legal) {
            steps.legal.clear();
        }
        encode(self.learner.actor_critic().id, &steps)
    }

    fn learn_from(&mut self, blocks: &[&[u8]], envs: &dyn VectorEnv) -> Result<()> {
        let all = self.learner.actor_critic();
        let (shape, num_envs, most) = (all.step_shape(), all.num_envs(), self.learner.steps_to_update());
        let checked = |block: RolloutSteps| block.checked(&shape, all);
        let blocks = read_blocks(all.id, blocks, (num_envs, most), checked)?;
        let steps = blocks[0].len();
        let made = (steps * num_envs) as u64;
        self.learner.actor_critic_mut().begin_learning(envs, made)?;
        let mut read = vec![0; blocks.len()];
        for t in 0..steps {
            replay(self.learner.actor_critic_mut(), &blocks, t, &mut read)?;
            self.learner.keep_step(envs)?;
        }
        Ok(())
    }
}

impl BlockSteps for RolloutSteps {
    fn num_envs(&self) -> usize {
        self.num_envs
    }

    fn len(&self) -> usize {
        self.log_prob.len() / self.num_envs.max(1)
    }
}

impl RolloutSteps {
    /// Rows of batch step `t` in `data [T * n, width]`.
    fn rows<'a, T>(&self, data: &'a [T], t: usize) -> &'a [T] {
        let len = data.len() / self.len().max(1);
        &data[t * len..(t + 1) * len]
    }

    /// These steps with all masks, if they have the shape `shape`, legal actions and finite numbers.
    fn checked(mut self, shape: &StepShape, all: &ActorCritic) -> Option<Self> {
        let n = self.log_prob.len();
        if self.num_envs == 0 || !n.is_multiple_of(self.num_envs) {
            return None;
        }
        if self.legal.is_empty() {
            self.legal = vec![true; n.checked_mul(shape.legal)?];
        }
        let truncated = self.ending.iter().filter(|&&ending| ending == Ending::Truncated).count();
        let signs = if all.has_opponent() { n } else { 0 };
        let lengths = [self.values.len(), self.reward.len(), self.ending.len()] == [n; 3]
            && [self.signs.len(), self.last_obs.len()] == [signs, truncated * shape.obs];
        let finite =
            [&self.log_prob, &self.values, &self.reward, &self.last_obs].iter().all(|x| all_finite(x));
        let rows = shape.accepts(&self.obs, &self.legal, &self.actions, &vec![Default::default(); n]);
        (lengths && finite && rows && self.signs.iter().all(|sign| sign.abs() == 1.0)).then_some(self)
    }
}

/// Makes batch step `t` of `blocks` the last step of `all`; `read` are the numbers of last observations read so far.
fn replay(all: &mut ActorCritic, blocks: &[RolloutSteps], t: usize, read: &mut [usize]) -> Result<()> {
    let (mut obs, mut reward, mut ending) = (Vec::new(), Vec::new(), Vec::new());
    let (mut signs, mut last_obs, mut values) = (Vec::new(), Vec::new(), Vec::new());
    let (d, batch) = (all.model.network().input_len(), &mut all.batch);
    batch.legal.clear();
    batch.actions.clear();
    batch.log_prob.clear();
    for (block, read) in blocks.iter().zip(read) {
        obs.extend_from_slice(block.rows(&block.obs, t));
        batch.legal.extend_from_slice(block.rows(&block.legal, t));
        batch.actions.extend_from_slice(block.rows(&block.actions, t));
        batch.log_prob.extend_from_slice(block.rows(&block.log_prob, t));
        values.extend_from_slice(block.rows(&block.values, t));
        reward.extend_from_slice(block.rows(&block.reward, t));
        signs.extend_from_slice(block.rows(&block.signs, t));
        let endings = block.rows(&block.ending, t);
        ending.extend_from_slice(endings);
        let truncated = endings.iter().filter(|&&ending| ending == Ending::Truncated).count();
        last_obs.extend_from_slice(&block.last_obs[*read..*read + truncated * d]);
        *read += truncated * d;
    }
    batch.steps.iter_mut().zip(values).for_each(|(step, value)| step.value = value);
    batch.obs.clear();
    batch.obs.extend_from_slice(all.normalizer.normalize(&obs, &mut Vec::new()));
    if all.teacher.is_none() {
        all.normalizer.update(&obs);
    }
    all.counter.advance(reward.len());
    all.store(Outcome { reward: &reward, ending: &ending, signs: &signs, last_obs: &last_obs })
}
