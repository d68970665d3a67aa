//! Steps that other processes make for a DQN.
//!
//! A worker acts with the network, the observation statistics and the number of steps of the learner, on which the
//! probability of a random action depends. The learner stores the steps in the order of an undivided run. Weights
//! change with each update, so that `train_freq` is the number of environment steps that are made at once.

use std::ops::Range;

use freewheel_core::{Actions, Distributed, Ending, Error, Result, Stream, VectorEnv};
use serde::{Deserialize, Serialize};

use super::policy::MAX_REPEATS;
use super::{Dqn, Transition};
use crate::blocks::{BlockSteps, encode, no_rows, read_blocks};
use crate::nn::ObservationNormalizer;
use crate::nn::model::check_finite;
use crate::nn::optimizer::all_finite;
use crate::progress::decode;

/// Maximum number of batch steps that are made at once, because messages hold their observations.
const MAX_STEPS: u64 = 1024;

/// Agent whose steps other processes can make, with the steps that it has made for a learner.
pub(super) struct Blocks<'a> {
    agent: &'a mut Dqn,
    /// Number of environments of the learner.
    all_envs: usize,
    steps: DqnSteps,
}

/// T steps of the n environments of a block; every field holds `[T * n, ...]`, batch step after batch step.
#[derive(Default, Serialize, Deserialize)]
struct DqnSteps {
    num_envs: usize,
    /// Observations, `[T * n, D]`.
    obs: Vec<f32>,
    /// Masks of legal actions, `[T * n, A]`.
    legal: Vec<bool>,
    /// Actions, `[T * n]`.
    actions: Vec<u32>,
    /// Rewards, `[T * n]`.
    reward: Vec<f32>,
    /// Endings, `[T * n]`.
    ending: Vec<Ending>,
    /// Whether the opponent moves next, `[T * n]`.
    player_changed: Vec<bool>,
    /// Last observations `[B, D]` and masks `[B, A]` of the episodes that ended, by step, then by environment.
    last_obs: Vec<f32>,
    last_legal: Vec<bool>,
}

/// State of the actions in some environments.
#[derive(Serialize, Deserialize)]
struct Rows {
    rngs: Vec<Stream>,
    actions: Vec<u32>,
    repeats: Vec<u32>,
}

impl<'a> Blocks<'a> {
    pub(super) fn new(agent: &'a mut Dqn) -> Self {
        Blocks { all_envs: agent.rngs.len(), agent, steps: DqnSteps::default() }
    }

    /// Number of actions, A.
    fn num_actions(&self) -> usize {
        self.agent.model.network().output_len() / self.agent.quantiles()
    }
}

impl Distributed for Blocks<'_> {
    fn steps_to_update(&self) -> u64 {
        let Dqn { config, counter, .. } = &*self.agent;
        let next = config.timing().next_update(counter.step);
        (next - counter.step).div_ceil(self.all_envs as u64).clamp(1, MAX_STEPS)
    }

    fn weights(&self) -> Result<Vec<u8>> {
        let Dqn { model, normalizer, counter, .. } = &*self.agent;
        encode("dqn", &("dqn", model.parameters()?, normalizer, counter.step, self.all_envs))
    }

    fn set_weights(&mut self, weights: &[u8]) -> Result<()> {
        type Weights = (String, Vec<f32>, ObservationNormalizer, u64, usize);
        let refuse = |why: &str| Error::Config(format!("these are not weights of this dqn: {why}"));
        let (id, parameters, normalizer, step, all_envs): Weights =
            decode(weights).map_err(|e| refuse(&e))?;
        let agent = &mut *self.agent;
        if id != "dqn"
            || all_envs == 0
            || parameters.len() != agent.model.network().size()
            || !all_finite(&parameters)
            || !normalizer.can_replace(&agent.normalizer)
        {
            return Err(refuse("a number or a length in them is out of range"));
        }
        agent.model.set_parameters(&parameters)?;
        (agent.normalizer, agent.counter.step, self.all_envs) = (normalizer, step, all_envs);
        Ok(())
    }

    fn save_rows(&self, rows: Range<usize>) -> Result<Vec<u8>> {
        let Dqn { rngs, actions, repeats, .. } = &*self.agent;
        if rows.is_empty() || rows.end > rngs.len() {
            return Err(no_rows("dqn", rows));
        }
        encode(
            "dqn",
            &Rows {
                rngs: rngs[rows.clone()].to_vec(),
                actions: actions[rows.clone()].to_vec(),
                repeats: repeats[rows].to_vec(),
            },
        )
    }

    fn load_rows(&mut self, first: usize, bytes: &[u8]) -> Result<()> {
        let wrong = |why: &str| Error::Config(format!("these are not rows of dqn: {why}"));
        let Rows { rngs, actions, repeats } = decode(bytes).map_err(|e| wrong(&e))?;
        let (a, rows) = (self.num_actions(), first..first.saturating_add(rngs.len()));
        if [actions.len(), repeats.len()] != [rngs.len(); 2]
            || actions.iter().any(|&action| action as usize >= a)
            || repeats.iter().any(|&repeats| repeats >= MAX_REPEATS)
        {
            return Err(wrong("an action in them is out of range"));
        }
        if rows.end > self.agent.rngs.len() {
            return Err(no_rows("dqn", rows));
        }
        self.agent.rngs[rows.clone()].clone_from_slice(&rngs);
        self.agent.actions[rows.clone()].copy_from_slice(&actions);
        self.agent.repeats[rows].copy_from_slice(&repeats);
        Ok(())
    }

    fn play(&mut self, envs: &mut dyn VectorEnv) -> Result<()> {
        let (agent, steps) = (&mut *self.agent, &mut self.steps);
        agent.choose(&*envs)?;
        envs.step(Actions::Discrete(&agent.actions))?;
        // The probability of a random action depends on the steps of all environments of the learner.
        agent.counter.advance(self.all_envs);
        let view = envs.view();
        check_finite("a reward", view.reward, agent.counter.step)?;
        steps.num_envs = view.num_envs;
        steps.obs.extend_from_slice(&agent.obs);
        steps.legal.extend_from_slice(&agent.legal);
        steps.actions.extend_from_slice(&agent.actions);
        steps.reward.extend_from_slice(view.reward);
        steps.ending.extend_from_slice(view.ending);
        for i in 0..view.num_envs {
            steps.player_changed.push(agent.players[i] != view.successor_to_play(i));
            if view.ending[i].is_over() {
                agent.repeats[i] = 0;
                let (obs, legal) = view.successor(i);
                steps.last_obs.extend_from_slice(obs);
                steps.last_legal.extend_from_slice(legal);
            }
        }
        Ok(())
    }

    fn take_steps(&mut self) -> Result<Vec<u8>> {
        encode("dqn", &std::mem::take(&mut self.steps))
    }

    fn learn_from(&mut self, blocks: &[&[u8]], envs: &dyn VectorEnv) -> Result<()> {
        let (d, a) = (self.agent.model.network().input_len(), self.num_actions());
        let (n, most) = (self.agent.rngs.len(), self.steps_to_update() as usize);
        let checked = |block: DqnSteps| block.is_valid(d, a).then_some(block);
        let blocks = read_blocks("dqn", blocks, (n, most), checked)?;
        let steps = blocks[0].len();
        self.agent.begin_learning(envs, (steps * n) as u64)?;
        let mut ended = vec![0; blocks.len()];
        for t in 0..steps {
            self.agent.replay_step(&blocks, t, &mut ended, envs);
            self.agent.train()?;
        }
        Ok(())
    }
}

impl BlockSteps for DqnSteps {
    fn num_envs(&self) -> usize {
        self.num_envs
    }

    fn len(&self) -> usize {
        self.reward.len() / self.num_envs.max(1)
    }
}

impl DqnSteps {
    /// Whether these steps have observations of `d` numbers, `a` actions, legal actions and finite numbers.
    fn is_valid(&self, d: usize, a: usize) -> bool {
        let n = self.reward.len();
        let ended = self.ending.iter().filter(|ending| ending.is_over()).count();
        self.num_envs > 0
            && n.is_multiple_of(self.num_envs)
            && [self.obs.len(), self.legal.len()] == [n * d, n * a]
            && [self.actions.len(), self.ending.len(), self.player_changed.len()] == [n; 3]
            && [self.last_obs.len(), self.last_legal.len()] == [ended * d, ended * a]
            && self
                .legal
                .chunks_exact(a)
                .zip(&self.actions)
                .all(|(legal, &action)| legal.get(action as usize).copied().unwrap_or(false))
            && [&self.obs, &self.reward, &self.last_obs].iter().all(|x| all_finite(x))
    }
}

impl Dqn {
    /// Stores batch step `t` of `blocks`; `ended` are the numbers of episodes that have ended in them so far, and
    /// `envs` the environments after the last step.
    fn replay_step(&mut self, blocks: &[DqnSteps], t: usize, ended: &mut [usize], envs: &dyn VectorEnv) {
        let (view, mut first) = (envs.view(), 0);
        let (d, a) = (view.obs_len, view.num_actions);
        for block in blocks {
            let n = block.num_envs;
            self.normalizer.update(&block.obs[t * n * d..(t + 1) * n * d]);
        }
        self.counter.advance(view.num_envs);
        for (block, ended) in blocks.iter().zip(ended) {
            let (n, is_last) = (block.num_envs, t + 1 == block.len());
            for i in 0..n {
                let (row, next) = (t * n + i, (t + 1) * n + i);
                let (ending, player_changed) = (block.ending[row], block.player_changed[row]);
                let successor = if ending.is_over() {
                    let at = *ended;
                    *ended += 1;
                    (&block.last_obs[at * d..(at + 1) * d], &block.last_legal[at * a..(at + 1) * a])
                } else if is_last {
                    (view.obs_row(first + i), view.legal_row(first + i))
                } else {
                    (&block.obs[next * d..(next + 1) * d], &block.legal[next * a..(next + 1) * a])
                };
                if self.config.normalize_rewards {
                    self.scale.update(first + i, block.reward[row], ending, player_changed);
                }
                self.replay.push(
                    first + i,
                    &Transition {
                        obs: &block.obs[row * d..(row + 1) * d],
                        legal: &block.legal[row * a..(row + 1) * a],
                        action: &block.actions[row..=row],
                        reward: block.reward[row],
                        ending,
                        player_changed,
                        successor,
                    },
                );
            }
            first += n;
        }
    }
}
