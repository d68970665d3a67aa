//! Proximal policy optimization: several epochs over one rollout, the policy kept near the one that made it.
//!
//! ```text
//! ratio = pi(a|s) / pi_old(a|s)
//! loss  = -mean min(ratio A, clip(ratio, 1 - c, 1 + c) A) + v mean (V - R)^2 / 2 - e mean H
//! ```
//!
//! Schulman et al. 2017, arXiv 1707.06347; details after Huang et al., "The 37 Implementation Details of Proximal Policy Optimization", 2022.
//! A rollout is `[T, N]`; advantages are generalized ones.

use candle_core::Tensor;
use freewheel_core::{Agent, Error, MetricSink, Mode, Policy, Result, Spec, Streams, VectorEnv};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::actor_critic::ActorCritic;
use super::advantage::{explained_variance, standardize};
use super::head::judge;
use super::rollout::{Minibatch, Rollout};
use super::settings::PolicyGradient;
use crate::Budget;
use crate::fit::rows::shuffle;
use crate::nn::model::{candle, tensor, with_slice};
use crate::schedule::Schedule;
use crate::settings::within;

/// For the list of agents.
pub const ABOUT: &str = "PPO: clipped policy gradient over several epochs (Schulman et al. 2017)";

/// Settings of [`Ppo`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)] // serde cannot deny unknown fields through two flattenings; the reader of settings does.
pub struct Config {
    /// Steps of each row between updates, 1 to 1000000.
    pub num_steps: u32,
    /// Times that a rollout is gone through, 1 to 1000.
    pub num_epochs: u32,
    /// Steps of a minibatch_size, at least 1 (2 where advantages are normalized); the last one of an epoch may be smaller, or by one larger.
    pub minibatch_size: u32,
    /// Decay of the advantage's trace, 0 to 1.
    pub gae_lambda: f64,
    /// How far a probability ratio may move before its gradient is cut, above 0: a number or a ramp.
    pub clip_range: Schedule,
    /// How far a value may move from the old one before its gradient is cut, in units of value; 0 leaves values free.
    pub clip_range_vf: f64,
    /// Weight of the squared error of the value in the loss, at least 0.
    pub vf_coef: f64,
    /// Whether the advantages of each minibatch are brought to mean 0 and deviation 1.
    pub normalize_advantage: bool,
    /// Divergence from the old policy, in nats, after which no further minibatch of a rollout is learned from; 0 for never.
    pub target_kl: f64,
    /// What all policy-gradient agents are told.
    #[serde(flatten)]
    pub policy_gradient: PolicyGradient,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            num_steps: 128,
            num_epochs: 4,
            minibatch_size: 64,
            gae_lambda: 0.95,
            clip_range: Schedule::Constant(0.2),
            clip_range_vf: 0.0,
            vf_coef: 0.5,
            normalize_advantage: true,
            target_kl: 0.0,
            policy_gradient: PolicyGradient::default(),
        }
    }
}

impl Config {
    fn validate(&self) -> Result<()> {
        within("num_steps", f64::from(self.num_steps), 1.0, 1e6)?;
        within("num_epochs", f64::from(self.num_epochs), 1.0, 1000.0)?;
        within("minibatch_size", f64::from(self.minibatch_size), 1.0, f64::from(u32::MAX))?;
        within("gae_lambda", self.gae_lambda, 0.0, 1.0)?;
        self.clip_range.check_ramp("clip_range", 0.0, f64::MAX, false)?;
        within("clip_range_vf", self.clip_range_vf, 0.0, f64::MAX)?;
        within("vf_coef", self.vf_coef, 0.0, f64::MAX)?;
        within("target_kl", self.target_kl, 0.0, f64::MAX)?;
        if self.minibatch_size == 1 && self.normalize_advantage {
            return Err(Error::Config(
                "minibatch_size = 1: one advantage has no deviation; take more, or set normalize_advantage = false".into(),
            ));
        }
        Ok(())
    }
}

/// The learner; see the module.
pub struct Ppo {
    config: Config,
    actor_critic: ActorCritic,
    rollout: Rollout,
}

impl Ppo {
    /// With first parameters.
    ///
    /// # Errors
    /// [`Error::Config`] for a setting out of range, or a world it cannot learn.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        config.validate()?;
        let actor_critic = ActorCritic::new("ppo", spec, &config.policy_gradient, budget, streams)?;
        Ok(Ppo { config, actor_critic, rollout: Rollout::default() })
    }

    /// Steps of a rollout, T N.
    fn rollout_len(&self) -> usize {
        self.config.num_steps as usize * self.actor_critic.rows()
    }

    fn update(&mut self, episodes: &dyn VectorEnv) -> Result<()> {
        self.rollout.conclude(&mut self.actor_critic, episodes, self.config.gae_lambda)?;
        let mut order: Vec<u32> = (0..self.rollout.len() as u32).collect();
        'epochs: for _ in 0..self.config.num_epochs {
            shuffle(&mut order, &mut self.actor_critic.rng);
            for at in minibatches(&order, self.config.minibatch_size as usize) {
                let divergence = self.descend(self.rollout.gather(at))?;
                if self.config.target_kl > 0.0 && divergence > self.config.target_kl {
                    break 'epochs;
                }
            }
        }
        let values = self.rollout.steps.iter().map(|step| step.value);
        if let Some(explained) = explained_variance(values, &self.rollout.returns) {
            self.actor_critic.means.add("explained_variance", explained);
        }
        self.rollout.clear();
        self.actor_critic.adapt()
    }

    /// One minibatch; gives the divergence from the old policy that it found.
    fn descend(&mut self, batch: Minibatch) -> Result<f64> {
        let Minibatch { obs, legal, taken, log_prob: old, values, mut advantages, returns } = batch;
        let n = old.len();
        if self.config.normalize_advantage && n > 1 {
            standardize(&mut advantages);
        }
        let clip = self.actor_critic.rate(self.config.clip_range);
        let obs = tensor(obs, (n, self.actor_critic.model.network().input_len()))?;
        let out = self.actor_critic.model.forward(&obs, false)?;
        let judged = judge(&self.actor_critic.head, &out, taken, legal)?;
        let before = Before {
            log_prob: tensor(old, n)?,
            values: tensor(values, n)?,
            advantages: tensor(advantages, n)?,
            returns: tensor(returns, n)?,
        };
        let objective = Objective {
            clip,
            clip_range_vf: self.config.clip_range_vf,
            vf_coef: self.config.vf_coef,
            entropy_weight: self.actor_critic.rate(self.actor_critic.settings.ent_coef),
        };
        let (loss, log_ratio) = objective.loss(&judged, &before).map_err(candle)?;
        let (divergence, clipped) = with_slice(&log_ratio, |all| divergence(all, clip))?;
        let entropy = with_slice(&judged, |all| all[n..2 * n].iter().map(|&h| f64::from(h)).sum::<f64>())?;
        self.actor_critic.descend(&loss)?;
        let means = &mut self.actor_critic.means;
        means.add("entropy", entropy / n as f64);
        means.add("approx_kl", divergence);
        means.add("clip_fraction", clipped);
        Ok(divergence)
    }
}

/// What is made small.
struct Objective {
    clip: f64,
    /// See [`Config::clip_range_vf`].
    clip_range_vf: f64,
    vf_coef: f64,
    entropy_weight: f64,
}

/// What a minibatch was worth when it was drawn, `[B]` each.
struct Before {
    log_prob: Tensor,
    values: Tensor,
    advantages: Tensor,
    returns: Tensor,
}

impl Objective {
    /// The loss, and the logarithms of the ratios `[B]`, of `judged [3, B]`.
    fn loss(&self, judged: &Tensor, before: &Before) -> candle_core::Result<(Tensor, Tensor)> {
        let (log_prob, entropy, values) = (judged.get(0)?, judged.get(1)?, judged.get(2)?);
        let Before { log_prob: old, values: old_values, advantages, returns } = before;
        let log_ratio = (log_prob - old)?;
        let ratio = log_ratio.exp()?;
        let free = (&ratio * advantages)?;
        let cut = (ratio.clamp(1.0 - self.clip, 1.0 + self.clip)? * advantages)?;
        // A choice, not a minimum: where both are the same, the gradient is the ratio's own, and not shared out.
        let surrogate = free.le(&cut)?.where_cond(&free, &cut)?.mean_all()?;
        let errors = (&values - returns)?.sqr()?;
        let errors = match self.clip_range_vf {
            0.0 => errors,
            most => {
                let near = (old_values + (&values - old_values)?.clamp(-most, most)?)?;
                let near = (near - returns)?.sqr()?;
                errors.ge(&near)?.where_cond(&errors, &near)?
            }
        };
        let error = errors.mean_all()?;
        let mut loss = ((error * (0.5 * self.vf_coef))? - surrogate)?;
        if self.entropy_weight > 0.0 {
            loss = (loss - (entropy.mean_all()? * self.entropy_weight)?)?;
        }
        Ok((loss, log_ratio.detach()))
    }
}

/// Minibatches of `most` steps. A rest of one, which cannot be normalized, joins those before it.
fn minibatches(order: &[u32], most: usize) -> impl Iterator<Item = &[u32]> {
    let whole = order.len() / most;
    let count = if order.len() % most > 1 || whole == 0 { whole + 1 } else { whole };
    (0..count).map(move |i| &order[i * most..if i + 1 == count { order.len() } else { (i + 1) * most }])
}

/// How far the new policy is from the old, in nats, estimated from the logarithms of the ratios `[B]` of what was drawn by `mean((ratio - 1) - ln ratio)`
/// (Schulman 2020, "Approximating KL divergence"), and the share of ratios beyond the clip.
fn divergence(log_ratio: &[f32], clip: f64) -> (f64, f64) {
    let each =
        log_ratio.iter().map(|&x| f64::from(x)).map(|x| (x.exp_m1() - x, f64::from(x.exp_m1().abs() > clip)));
    let (sum, clipped) = each.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    (sum / log_ratio.len() as f64, clipped / log_ratio.len() as f64)
}

impl Agent for Ppo {
    fn learn(&mut self, episodes: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        for _ in 0..self.actor_critic.begin(episodes, steps)? {
            self.actor_critic.act(episodes)?;
            self.rollout.push(&self.actor_critic.tick);
            if self.rollout.len() == self.rollout_len() {
                self.update(episodes)?;
            }
        }
        Ok(())
    }

    fn policy(&self, mode: Mode) -> Box<dyn Policy> {
        self.actor_critic.policy(mode)
    }

    fn report(&mut self, monitor: &mut dyn MetricSink) {
        self.actor_critic.report(monitor);
    }

    fn save(&self) -> Result<Vec<u8>> {
        self.actor_critic.save(&self.rollout)
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let (rows, most) = (self.actor_critic.rows(), self.rollout_len());
        self.rollout = self.actor_critic.load(bytes, |rollout: &Rollout| rollout.fits(rows, most))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    fn numbers(of: &[f32]) -> Tensor {
        Tensor::from_slice(of, of.len(), &Device::Cpu).unwrap()
    }

    /// Ratios inside and outside the clip for what was better and what was worse than expected; values on both sides of theirs.
    #[test]
    fn the_objective_by_hand() {
        let log_prob = [1.5f32, 0.5, 1.5, 0.5].map(f32::ln);
        let (entropy, values) = ([1.0, 2.0, 3.0, 4.0], [0.05, 0.5, -0.5, 0.5]);
        let rows = [&log_prob[..], &entropy, &values].concat();
        let judged = Var::from_slice(&rows, (3, 4), &Device::Cpu).unwrap();
        let before = Before {
            log_prob: numbers(&[0.0; 4]),
            values: numbers(&[0.0; 4]),
            advantages: numbers(&[1.0, 1.0, -1.0, -1.0]),
            returns: numbers(&[1.0, 1.0, 1.0, 0.2]),
        };
        let objective = Objective { clip: 0.2, clip_range_vf: 0.1, vf_coef: 2.0, entropy_weight: 0.1 };
        let (loss, log_ratio) = objective.loss(judged.as_tensor(), &before).unwrap();
        // min(ratio A, clipped A) = 1.2, .5, -1.5, -.8, mean -.15. Squared errors, the greater of free and clipped: .9025, .81, 2.25,
        // .09, mean 1.013125. Entropy 2.5.
        let expected = 0.15 + 1.013_125 - 0.25;
        assert!((loss.to_scalar::<f32>().unwrap() - expected).abs() < 1e-6, "{loss}");
        assert_eq!(log_ratio.to_vec1::<f32>().unwrap(), log_prob);
        // Where the clip holds nothing flows; elsewhere -ratio A / 4, and 2 (v - R) / 4.
        let gradients = loss.backward().unwrap();
        let found = gradients.get(judged.as_tensor()).unwrap().to_vec2::<f32>().unwrap();
        let expected = [[0.0, -0.125, 0.375, 0.0], [-0.025; 4], [-0.475, 0.0, -0.75, 0.15]];
        for (found, expected) in found.concat().into_iter().zip(expected.concat()) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        // Without value clipping the second error is its own.
        let free = Objective { clip_range_vf: 0.0, ..objective };
        let (loss, _) = free.loss(judged.as_tensor(), &before).unwrap();
        assert!(
            (loss.to_scalar::<f32>().unwrap() - (0.15 + (4.0525 - 0.56) / 4.0 - 0.25)).abs() < 1e-6,
            "{loss}"
        );
    }

    #[test]
    fn a_rest_of_one_joins_those_before_it() {
        let order: Vec<u32> = (0..9).collect();
        let sizes = |most| minibatches(&order, most).map(<[u32]>::len).collect::<Vec<_>>();
        assert_eq!(
            (sizes(4), sizes(3), sizes(7), sizes(9), sizes(20)),
            (vec![4, 5], vec![3; 3], vec![7, 2], vec![9], vec![9])
        );
        assert_eq!(minibatches(&order, 4).flatten().copied().collect::<Vec<_>>(), order);
        assert_eq!(minibatches(&order[..1], 4).count(), 1);
    }

    /// The first minibatch is judged by the policy that drew it, the second is not: with the least bound a rollout of two of them is
    /// left after these, as if there were one epoch.
    #[test]
    fn divergence_stops_a_rollout() {
        let learned = |num_epochs, target_kl| {
            let mut episodes = crate::tests::world(0, 4, 3);
            let budget = Budget { steps: 512, num_envs: 4 };
            let config =
                Config { num_steps: 16, minibatch_size: 32, num_epochs, target_kl, ..Config::default() };
            let mut ppo = Ppo::new(episodes.spec(), config, budget, Streams::new(3)).unwrap();
            ppo.learn(&mut *episodes, 64).unwrap();
            ppo.actor_critic.model.parameters().unwrap()
        };
        assert_eq!(learned(50, 1e-12), learned(1, 0.0));
        assert_ne!(learned(2, 0.0), learned(1, 0.0));
    }

    #[test]
    fn divergence_by_hand() {
        // Ratios 1, 2 and 1/2: 0, 1 - ln 2, -1/2 + ln 2: their sum is 1/2; two of three lie beyond a clip of .2.
        let (nats, clipped) = divergence(&[0.0, 2f32.ln(), -(2f32.ln())], 0.2);
        assert!((nats - 0.5 / 3.0).abs() < 1e-7 && (clipped - 2.0 / 3.0).abs() < 1e-12);
        // What was nearly impossible before is no reason for an infinite answer.
        assert!((divergence(&[-200.0], 0.2).0 - 199.0).abs() < 1e-9);
    }
}
