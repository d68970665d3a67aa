//! Self-play games that other processes play.
//!
//! A worker searches with the network and the observation statistics of the learner, both of which stay the same
//! between two updates. The learner keeps the searched steps in the order of an undivided run.
//!
//! A forward pass evaluates the leaves of a whole block. The products of small and large matrices are summed in
//! different orders, so that the last digits of a value can depend on the size of a block, but on nothing else.

use std::ops::Range;

use freewheel_core::{Actions, Distributed, Ending, Error, Result, VectorEnv};
use serde::{Deserialize, Serialize};

use super::{AlphaZero, Decision};
use crate::blocks::{BlockSteps, encode, load_rngs, read_blocks, save_rngs};
use crate::nn::ObservationNormalizer;
use crate::nn::model::check_finite;
use crate::nn::optimizer::all_finite;
use crate::progress::decode;

/// Maximum number of batch steps that are played at once, because messages hold their observations.
const MAX_STEPS: u64 = 256;

/// Agent whose games other processes can play, with the steps that it has played for a learner.
pub(super) struct Blocks<'a> {
    agent: &'a mut AlphaZero,
    steps: SearchedSteps,
}

/// T searched steps of the n environments of a block; every field holds `[T * n, ...]`, batch step after batch step.
#[derive(Default, Serialize, Deserialize)]
struct SearchedSteps {
    num_envs: usize,
    /// Observations, `[T * n, D]`.
    obs: Vec<f32>,
    /// Masks of legal actions, `[T * n, A]`.
    legal: Vec<bool>,
    /// Improved policies, `[T * n, A]`.
    policies: Vec<f32>,
    /// Values by the searches, `[T * n]`.
    values: Vec<f32>,
    /// Rewards, `[T * n]`.
    reward: Vec<f32>,
    /// Endings, `[T * n]`.
    ending: Vec<Ending>,
    /// Signs of the next values, `[T * n]`.
    signs: Vec<f32>,
    /// Last observations of the truncated episodes, `[B, D]`, by step, then by environment.
    last_obs: Vec<f32>,
}

impl<'a> Blocks<'a> {
    pub(super) fn new(agent: &'a mut AlphaZero) -> Self {
        Blocks { agent, steps: SearchedSteps::default() }
    }
}

impl Distributed for Blocks<'_> {
    fn steps_to_update(&self) -> u64 {
        let AlphaZero { progress, config, budget, .. } = &*self.agent;
        let (step, n, every) = (progress.counter.step, budget.num_envs as u64, u64::from(config.train_freq));
        // The update follows the first batch step that passes a multiple of `train_freq`.
        let first = u64::from(config.learning_starts).saturating_sub(step).div_ceil(n).max(1);
        let multiple = ((step + (first - 1) * n) / every + 1) * every;
        (multiple - step).div_ceil(n).max(first).min(MAX_STEPS)
    }

    fn weights(&self) -> Result<Vec<u8>> {
        let AlphaZero { network, normalizer, progress, .. } = &*self.agent;
        encode(
            "alphazero",
            &("alphazero", network.parameters(), normalizer, progress.unit, progress.counter.step),
        )
    }

    fn set_weights(&mut self, weights: &[u8]) -> Result<()> {
        type Weights = (String, Vec<f32>, ObservationNormalizer, Option<f32>, u64);
        let refuse = |why: &str| Error::Config(format!("these are not weights of this alphazero: {why}"));
        let (id, parameters, normalizer, unit, step): Weights = decode(weights).map_err(|e| refuse(&e))?;
        let agent = &mut *self.agent;
        if id != "alphazero"
            || unit.is_some_and(|unit| !unit.is_normal())
            || !normalizer.can_replace(&agent.normalizer)
            || !agent.network.set_parameters(parameters)
        {
            return Err(refuse("a number or a length in them is out of range"));
        }
        (agent.normalizer, agent.progress.unit, agent.progress.counter.step) = (normalizer, unit, step);
        Ok(())
    }

    fn save_rows(&self, rows: Range<usize>) -> Result<Vec<u8>> {
        save_rngs("alphazero", &self.agent.progress.rngs, rows)
    }

    fn load_rows(&mut self, first: usize, bytes: &[u8]) -> Result<()> {
        load_rngs("alphazero", &mut self.agent.progress.rngs, first, bytes)
    }

    fn play(&mut self, envs: &mut dyn VectorEnv) -> Result<()> {
        let (agent, steps) = (&mut *self.agent, &mut self.steps);
        let decisions = agent.decide(envs)?;
        let view = envs.view();
        steps.num_envs = view.num_envs;
        steps.obs.extend_from_slice(view.obs);
        steps.legal.extend_from_slice(view.legal);
        let (mut actions, players) = (Vec::new(), view.to_play.to_vec());
        for Decision { action, policy, value, .. } in decisions {
            actions.push(action);
            steps.policies.extend(policy);
            steps.values.push(value);
        }
        envs.step(Actions::Discrete(&actions))?;
        agent.progress.counter.advance(players.len());
        let view = envs.view();
        check_finite("a reward", view.reward, agent.progress.counter.step)?;
        steps.reward.extend_from_slice(view.reward);
        steps.ending.extend_from_slice(view.ending);
        for (i, player) in players.into_iter().enumerate() {
            steps.signs.push(agent.sign(view.successor_to_play(i), player));
            if view.ending[i] == Ending::Truncated {
                steps.last_obs.extend_from_slice(view.successor(i).0);
            }
        }
        Ok(())
    }

    fn take_steps(&mut self) -> Result<Vec<u8>> {
        encode("alphazero", &std::mem::take(&mut self.steps))
    }

    fn learn_from(&mut self, blocks: &[&[u8]], envs: &dyn VectorEnv) -> Result<()> {
        let (d, a) = (self.agent.spec.observation.len(), self.agent.head.len());
        let (n, most) = (self.agent.budget.num_envs, self.steps_to_update() as usize);
        let checked = |block: SearchedSteps| block.is_valid(d, a).then_some(block);
        let blocks = read_blocks("alphazero", blocks, (n, most), checked)?;
        let steps = blocks[0].len();
        self.agent.begin_learning(envs, (steps * n) as u64)?;
        let mut read = vec![0; blocks.len()];
        for t in 0..steps {
            self.agent.replay(&blocks, t, &mut read)?;
            self.agent.train()?;
        }
        Ok(())
    }
}

impl BlockSteps for SearchedSteps {
    fn num_envs(&self) -> usize {
        self.num_envs
    }

    fn len(&self) -> usize {
        self.values.len() / self.num_envs.max(1)
    }
}

impl SearchedSteps {
    /// Whether these steps have observations of `d` numbers and `a` actions, and numbers in range.
    fn is_valid(&self, d: usize, a: usize) -> bool {
        let n = self.values.len();
        let truncated = self.ending.iter().filter(|&&ending| ending == Ending::Truncated).count();
        self.num_envs > 0
            && n.is_multiple_of(self.num_envs)
            && [self.obs.len(), self.legal.len(), self.policies.len()] == [n * d, n * a, n * a]
            && [self.reward.len(), self.ending.len(), self.signs.len()] == [n; 3]
            && self.last_obs.len() == truncated * d
            && self.legal.chunks_exact(a.max(1)).all(|legal| legal.contains(&true))
            && self.policies.iter().all(|p| (0.0..=1.0).contains(p))
            && self.signs.iter().all(|sign| sign.abs() == 1.0)
            && [&self.obs, &self.values, &self.reward, &self.last_obs].iter().all(|x| all_finite(x))
    }
}

impl AlphaZero {
    /// Keeps batch step `t` of `blocks`; `read` are the numbers of last observations read so far.
    fn replay(&mut self, blocks: &[SearchedSteps], t: usize, read: &mut [usize]) -> Result<()> {
        let (d, a) = (self.spec.observation.len(), self.head.len());
        // Position among the environments of the learner, block, and position among the steps of the block.
        let rows = || {
            let of_block = |block: &'_ SearchedSteps| t * block.num_envs..(t + 1) * block.num_envs;
            blocks.iter().enumerate().flat_map(move |(b, block)| of_block(block).map(move |row| (b, row)))
        };
        for (b, row) in rows() {
            self.normalizer.update(&blocks[b].obs[row * d..(row + 1) * d]);
        }
        for (i, (b, row)) in rows().enumerate() {
            let (block, actions) = (&blocks[b], row * a..(row + 1) * a);
            let seen = (&block.obs[row * d..(row + 1) * d], &block.legal[actions.clone()]);
            self.searched(i, seen, block.policies[actions].to_vec(), block.values[row]);
        }
        self.progress.counter.advance(self.budget.num_envs);
        for (i, (b, row)) in rows().enumerate() {
            let (block, read) = (&blocks[b], &mut read[b]);
            let last = match block.ending[row] {
                Ending::Truncated => &block.last_obs[*read..*read + d],
                _ => &[],
            };
            *read += last.len();
            self.made(i, block.reward[row], block.ending[row], block.signs[row], last)?;
        }
        Ok(())
    }
}
