//! Proximal policy optimisation: several epochs over one rollout, the policy kept near the one that made it.
//!
//! ```text
//! ratio = pi(a|s) / pi_old(a|s)
//! loss  = -mean min(ratio A, clip(ratio, 1 - c, 1 + c) A) + v mean (V - R)^2 / 2 - e mean H
//! ```
//!
//! Schulman et al. 2017, arXiv 1707.06347; details after Huang et al., "The 37 Implementation Details of Proximal Policy Optimization", 2022.
//! A rollout is `[T, N]`; advantages are generalised ones.

use candle_core::Tensor;
use freewheel_core::{Episodes, Error, Learner, Mode, Monitor, Policy, Result, Spec, Streams};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::advantage::{explained_variance, standardise};
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
    pub horizon: u32,
    /// Times that a rollout is gone through, 1 to 1000.
    pub epochs: u32,
    /// Steps of a minibatch, at least 1 (2 where advantages are normalised); the last one of an epoch may be smaller, or by one larger.
    pub minibatch: u32,
    /// Decay of the advantage's trace, 0 to 1.
    pub lambda: f64,
    /// How far a probability ratio may move before its gradient is cut, above 0: a number or a ramp.
    pub clip: Schedule,
    /// How far a value may move from the old one before its gradient is cut, in units of value; 0 leaves values free.
    pub value_clip: f64,
    /// Weight of the squared error of the value in the loss, at least 0.
    pub value_weight: f64,
    /// Whether the advantages of each minibatch are brought to mean 0 and deviation 1.
    pub normalise_advantages: bool,
    /// Divergence from the old policy, in nats, after which no further minibatch of a rollout is learned from; 0 for never.
    pub target_kl: f64,
    /// What all policy-gradient agents are told.
    #[serde(flatten)]
    pub policy_gradient: PolicyGradient,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            horizon: 128,
            epochs: 4,
            minibatch: 64,
            lambda: 0.95,
            clip: Schedule::Constant(0.2),
            value_clip: 0.0,
            value_weight: 0.5,
            normalise_advantages: true,
            target_kl: 0.0,
            policy_gradient: PolicyGradient::default(),
        }
    }
}

impl Config {
    fn validate(&self) -> Result<()> {
        within("horizon", f64::from(self.horizon), 1.0, 1e6)?;
        within("epochs", f64::from(self.epochs), 1.0, 1000.0)?;
        within("minibatch", f64::from(self.minibatch), 1.0, f64::from(u32::MAX))?;
        within("lambda", self.lambda, 0.0, 1.0)?;
        self.clip.check_ramp("clip", 0.0, f64::MAX, false)?;
        within("value_clip", self.value_clip, 0.0, f64::MAX)?;
        within("value_weight", self.value_weight, 0.0, f64::MAX)?;
        within("target_kl", self.target_kl, 0.0, f64::MAX)?;
        if self.minibatch == 1 && self.normalise_advantages {
            return Err(Error::Config(
                "minibatch = 1: one advantage has no deviation; take more, or set normalise_advantages = false".into(),
            ));
        }
        Ok(())
    }
}

/// The learner; see the module.
pub struct Ppo {
    config: Config,
    actor: Actor,
    rollout: Rollout,
}

impl Ppo {
    /// With first parameters.
    ///
    /// # Errors
    /// [`Error::Config`] for a setting out of range, or a world it cannot learn.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        config.validate()?;
        let actor = Actor::new("ppo", spec, &config.policy_gradient, budget, streams)?;
        Ok(Ppo { config, actor, rollout: Rollout::default() })
    }

    /// Steps of a rollout, T N.
    fn rollout_len(&self) -> usize {
        self.config.horizon as usize * self.actor.rows()
    }

    fn update(&mut self, episodes: &dyn Episodes) -> Result<()> {
        self.rollout.conclude(&mut self.actor, episodes, self.config.lambda)?;
        let mut order: Vec<u32> = (0..self.rollout.len() as u32).collect();
        'epochs: for _ in 0..self.config.epochs {
            shuffle(&mut order, &mut self.actor.dice);
            for at in minibatches(&order, self.config.minibatch as usize) {
                let divergence = self.descend(self.rollout.gather(at))?;
                if self.config.target_kl > 0.0 && divergence > self.config.target_kl {
                    break 'epochs;
                }
            }
        }
        let values = self.rollout.steps.iter().map(|step| step.value);
        if let Some(explained) = explained_variance(values, &self.rollout.returns) {
            self.actor.tally.add("explained_variance", explained);
        }
        self.rollout.clear();
        self.actor.adapt()
    }

    /// One minibatch; gives the divergence from the old policy that it found.
    fn descend(&mut self, batch: Minibatch) -> Result<f64> {
        let Minibatch { obs, legal, taken, log_prob: old, values, mut advantages, returns } = batch;
        let n = old.len();
        if self.config.normalise_advantages && n > 1 {
            standardise(&mut advantages);
        }
        let clip = self.actor.rate(self.config.clip);
        let obs = tensor(obs, (n, self.actor.model.network().input_len()))?;
        let out = self.actor.model.forward(&obs, false)?;
        let judged = judge(&self.actor.head, &out, taken, legal)?;
        let before = Before {
            log_prob: tensor(old, n)?,
            values: tensor(values, n)?,
            advantages: tensor(advantages, n)?,
            returns: tensor(returns, n)?,
        };
        let objective = Objective {
            clip,
            value_clip: self.config.value_clip,
            value_weight: self.config.value_weight,
            entropy_weight: self.actor.rate(self.actor.settings.entropy),
        };
        let (loss, log_ratio) = objective.loss(&judged, &before).map_err(candle)?;
        let (divergence, clipped) = with_slice(&log_ratio, |all| divergence(all, clip))?;
        let entropy = with_slice(&judged, |all| all[n..2 * n].iter().map(|&h| f64::from(h)).sum::<f64>())?;
        self.actor.descend(&loss)?;
        let tally = &mut self.actor.tally;
        tally.add("entropy", entropy / n as f64);
        tally.add("approx_kl", divergence);
        tally.add("clip_fraction", clipped);
        Ok(divergence)
    }
}

/// What is made small.
struct Objective {
    clip: f64,
    /// See [`Config::value_clip`].
    value_clip: f64,
    value_weight: f64,
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
        let errors = match self.value_clip {
            0.0 => errors,
            most => {
                let near = (old_values + (&values - old_values)?.clamp(-most, most)?)?;
                let near = (near - returns)?.sqr()?;
                errors.ge(&near)?.where_cond(&errors, &near)?
            }
        };
        let error = errors.mean_all()?;
        let mut loss = ((error * (0.5 * self.value_weight))? - surrogate)?;
        if self.entropy_weight > 0.0 {
            loss = (loss - (entropy.mean_all()? * self.entropy_weight)?)?;
        }
        Ok((loss, log_ratio.detach()))
    }
}

/// Minibatches of `most` steps. A rest of one, which cannot be normalised, joins those before it.
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

impl Learner for Ppo {
    fn learn(&mut self, episodes: &mut dyn Episodes, steps: u64) -> Result<()> {
        for _ in 0..self.actor.begin(episodes, steps)? {
            self.actor.act(episodes)?;
            self.rollout.push(&self.actor.tick);
            if self.rollout.len() == self.rollout_len() {
                self.update(episodes)?;
            }
        }
        Ok(())
    }

    fn policy(&self, mode: Mode) -> Box<dyn Policy> {
        self.actor.policy(mode)
    }

    fn report(&mut self, monitor: &mut dyn Monitor) {
        self.actor.report(monitor);
    }

    fn save(&self) -> Result<Vec<u8>> {
        self.actor.save(&self.rollout)
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let (rows, most) = (self.actor.rows(), self.rollout_len());
        self.rollout = self.actor.load(bytes, |rollout: &Rollout| rollout.fits(rows, most))?;
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
        let objective = Objective { clip: 0.2, value_clip: 0.1, value_weight: 2.0, entropy_weight: 0.1 };
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
        let free = Objective { value_clip: 0.0, ..objective };
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
        let learned = |epochs, target_kl| {
            let mut episodes = crate::tests::world(0, 4, 3);
            let budget = Budget { steps: 512, rows: 4 };
            let config = Config { horizon: 16, minibatch: 32, epochs, target_kl, ..Config::default() };
            let mut ppo = Ppo::new(episodes.spec(), config, budget, Streams::new(3)).unwrap();
            ppo.learn(&mut *episodes, 64).unwrap();
            ppo.actor.model.parameters().unwrap()
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
