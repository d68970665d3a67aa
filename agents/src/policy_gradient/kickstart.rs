//! Warm start of a policy gradient from demonstrations: cloning, then reward plus a term that keeps the policy close to
//! the cloned one.
//!
//! ```text
//! loss = policy loss + w KL(pi_clone || pi) + vf_coef value loss        w falls linearly to 0
//! ```
//!
//! 1. The policy is cloned: gradient steps on -ln pi(a|s) of the demonstrated steps, before the first environment step.
//! 2. The value is fitted to rollouts of the frozen policy. Without it, the first advantages are those of a random
//!    value, and the cloned policy is lost.
//! 3. The policy learns from reward and from the clone, with entropy bonus 0 while w is above 0. A constant w would
//!    keep the agent at the level of its teacher.
//!
//! The method `cloning` leaves out the second step and the term: after the cloning, the agent learns by reward alone.
//!
//! Schmitt et al. 2018, "Kickstarting deep reinforcement learning" (arXiv 1803.03835). The clone is made anew when a
//! run is resumed, to the same bytes, so that a checkpoint needs no second network. Observations are normalized by the
//! statistics of the demonstrations.

use candle_core::{CpuStorage, CustomOp1, Device, Layout, Shape, Tensor};
use freewheel_core::demonstrations::DemonstrationSet;
use freewheel_core::{Actions, Purpose, Result, Spec, Streams};

use super::actor_critic::{ActorCritic, ActorModel};
use super::head::{Head, log_prob_entropy_value};
use crate::demonstrations::auto::Methods;
use crate::demonstrations::{full_mask, steps};
use crate::nn::model::{candle_error, cpu_slice, tensor};
use crate::nn::{Optimizer, Workspace};

/// Methods of the policy gradients; the second one learns by reward alone after the cloning.
pub(super) const METHODS: [&str; 2] = ["kickstarting", "cloning"];
/// Methods between which `auto` chooses. A clone that is worse than its demonstrations is a start, and not protected.
pub(super) const AUTO: Methods = Methods { protecting: METHODS[0], other: METHODS[1] };
/// Learning rate of the cloning.
pub(super) const LEARNING_RATE: f64 = 1e-3;
/// Demonstrated steps of a gradient step of the cloning.
pub(super) const BATCH: usize = 64;
/// Index of the random stream of the cloning.
pub(super) const STREAM: u64 = 1;
/// Maximum size of a squashed action, whose inverse is finite.
const MAX_SQUASHED: f32 = 0.999;

/// Terms of the loss of a warm start.
pub(super) struct WarmTerms {
    /// Mean divergence from the cloned policy and its weight; `None` once the weight is 0.
    imitation: Option<(Tensor, f64)>,
    /// Whether only the value function learns.
    frozen: bool,
}

impl WarmTerms {
    /// Policy loss with the terms.
    pub(super) fn apply(&self, policy: &Tensor) -> candle_core::Result<Tensor> {
        match &self.imitation {
            // The network must be part of the loss, but its policy gets no gradient.
            _ if self.frozen => policy * 0.0,
            Some((divergence, weight)) => policy + (divergence * *weight)?,
            None => Ok(policy.clone()),
        }
    }
}

impl ActorCritic {
    /// Clones the policy of the demonstrations in the settings, if they are loaded.
    pub(super) fn warm_start(&mut self, spec: &Spec, streams: Streams) -> Result<()> {
        let Some(warm) = &self.settings.warm_start else { return Ok(()) };
        let (set, updates) = (warm.demonstrated.episodes(spec)?, warm.pretraining);
        if let Some(set) = set {
            self.clone_policy(&set, updates, streams)?;
            self.teacher = Some(self.model.parameters()?);
        }
        Ok(())
    }

    /// Makes `updates` gradient steps on the negative log-probability of the steps of `set`.
    fn clone_policy(&mut self, set: &DemonstrationSet, updates: u32, streams: Streams) -> Result<()> {
        let (mut obs, mut actions, mut legal) = (Vec::new(), Vec::new(), Vec::new());
        let (w, a) = (self.head.action_len(), spec_actions(&self.head));
        for step in steps(set) {
            obs.extend_from_slice(step.obs);
            legal.extend(full_mask(step.legal, a));
            stored_action(&self.head, step.action, &mut actions);
        }
        self.normalizer.update(&obs);
        self.normalizer.refresh();
        let mut scratch = Vec::new();
        let obs = self.normalizer.normalize(&obs, &mut scratch);
        let (n, d) = (actions.len() / w, obs.len() / (actions.len() / w).max(1));
        // The standard deviation of a demonstrator that does not explore would be that of the exploration.
        let head = match self.head.clone() {
            Head::Gaussian { ranges, squash, .. } => Head::Gaussian { ranges, squash, learn_std: false },
            categorical => categorical,
        };
        let mut rng = streams.stream(Purpose::Agent, STREAM, 0);
        let max_norm = self.settings.max_norm();
        for step in 0..updates {
            let rows: Vec<usize> = (0..BATCH).map(|_| rng.below(n as u32) as usize).collect();
            let x: Vec<f32> = rows.iter().flat_map(|i| &obs[i * d..(i + 1) * d]).copied().collect();
            let taken = rows.iter().flat_map(|i| &actions[i * w..(i + 1) * w]).copied().collect();
            let masks = rows.iter().flat_map(|i| &legal[i * a..(i + 1) * a]).copied().collect();
            self.model.catch_up(&x, &mut self.optimizer)?;
            let outputs = self.model.forward(&tensor(x, (BATCH, d))?, false)?;
            let results = log_prob_entropy_value(&head, &outputs, taken, masks)?;
            let loss =
                results.get(0).and_then(|log_prob| log_prob.mean_all()?.neg()).map_err(candle_error)?;
            self.model.learn(&loss, &mut self.optimizer, LEARNING_RATE, max_norm, u64::from(step))?;
        }
        self.model.settle(&mut self.optimizer)?;
        self.optimizer = Optimizer::new(self.settings.optimizer, self.model.network().size());
        Ok(())
    }

    /// Log-probabilities, entropies and values as [`ActorCritic::evaluate`], and the terms of the warm start.
    pub(super) fn evaluate_warm(
        &self,
        obs: Vec<f32>,
        actions: Vec<f32>,
        legal: Vec<bool>,
    ) -> Result<(Tensor, Option<WarmTerms>)> {
        let Some(teacher) = &self.teacher else {
            return Ok((self.evaluate(obs, actions, legal)?, None));
        };
        let (weight, frozen) = self.imitation();
        let (d, h) = (self.model.network().input_len(), self.head.len());
        let n = obs.len() / d;
        let outputs = self.model.forward(&tensor(obs.clone(), (n, d))?, false)?;
        let imitation = match weight > 0.0 && !frozen {
            true => {
                let mut taught = vec![0.0; n * (h + 1)];
                self.model.network().act(teacher, &obs, &mut Workspace::default(), &mut taught);
                let op = Divergence { head: self.head.clone(), teacher: taught, legal: legal.clone() };
                let divergence =
                    outputs.apply_op1(op).and_then(|all| all.mean_all()).map_err(candle_error)?;
                Some((divergence, weight))
            }
            false => None,
        };
        let results = log_prob_entropy_value(&self.head, &outputs, actions, legal)?;
        Ok((results, Some(WarmTerms { imitation, frozen })))
    }
}

impl<M: ActorModel> ActorCritic<M> {
    /// Current weight of the imitation term, and whether only the value function learns.
    pub(super) fn imitation(&self) -> (f64, bool) {
        let (step, budget) = (self.counter.step, self.budget().steps);
        match &self.settings.warm_start {
            Some(warm) if warm.method.as_deref() != Some(METHODS[1]) => {
                (warm.weight_at(step, budget), warm.is_frozen(step, budget))
            }
            _ => (0.0, false),
        }
    }

    /// Current weight of the entropy bonus: 0 while a warm start keeps the policy close to the clone.
    pub(super) fn ent_coef(&self) -> f64 {
        match self.imitation() {
            (0.0, false) => self.current(self.settings.ent_coef),
            _ => 0.0,
        }
    }
}

/// Number of discrete actions of `head`; 0 for continuous ones.
pub(super) fn spec_actions(head: &Head) -> usize {
    match head {
        Head::Categorical { num_actions } => *num_actions,
        Head::Gaussian { .. } => 0,
    }
}

/// Appends the action of a demonstration in the form in which `head` stores actions, `[W]`.
pub(super) fn stored_action(head: &Head, action: Actions<'_>, out: &mut Vec<f32>) {
    match (head, action) {
        (Head::Categorical { .. }, Actions::Discrete(action)) => out.extend(action.iter().map(|&a| a as f32)),
        (Head::Gaussian { ranges, squash, .. }, Actions::Continuous(action)) => {
            out.extend(action.iter().zip(ranges).map(|(x, (middle, half))| {
                let u = if *half > 0.0 { (x - middle) / half } else { 0.0 };
                if *squash { u.clamp(-MAX_SQUASHED, MAX_SQUASHED).atanh() } else { u }
            }));
        }
        // `DemonstrationSet::header` was compared with the spec.
        _ => {}
    }
}

/// KL divergence of the distribution with the outputs `outputs [B, H + 1]` from that of the teacher, `[B]`, one
/// operation of candle's graph.
///
/// | distribution | divergence | gradient |
/// |---|---|---|
/// | categorical | sum of p_T (ln p_T - ln p) | p - p_T, for the logits |
/// | normal | ln(s / s_T) + v / 2 - 1/2, v = (s_T^2 + (m_T - m)^2) / s^2 | (m - m_T) / s^2; 1 - v, for ln s |
struct Divergence {
    head: Head,
    /// Outputs of the teacher, `[B, H + 1]`.
    teacher: Vec<f32>,
    /// Masks of legal actions, `[B, A]`.
    legal: Vec<bool>,
}

impl Divergence {
    /// Divergence of each row of `outputs`; its gradient is written to `gradient [B, H + 1]`.
    fn rows(&self, outputs: &[f32], gradient: &mut [f32]) -> Vec<f32> {
        let h = self.head.len();
        let rows = outputs.chunks_exact(h + 1).zip(self.teacher.chunks_exact(h + 1));
        let rows = rows.zip(gradient.chunks_exact_mut(h + 1)).enumerate();
        rows.map(|(i, ((outputs, teacher), gradient))| match &self.head {
            Head::Categorical { num_actions: a } => {
                let legal = &self.legal[i * a..(i + 1) * a];
                let (mut p, mut taught) = (vec![0.0; *a], vec![0.0; *a]);
                self.head.probabilities(&outputs[..h], legal, &mut p);
                self.head.probabilities(&teacher[..h], legal, &mut taught);
                let log_p = |outputs: &[f32], action: usize| {
                    self.head.log_prob_entropy(&outputs[..h], legal, &[action as f32]).0
                };
                (0..*a).filter(|&k| legal[k]).fold(0.0, |sum, k| {
                    gradient[k] = p[k] - taught[k];
                    if taught[k] > 0.0 {
                        sum + taught[k] * (log_p(teacher, k) - log_p(outputs, k))
                    } else {
                        sum
                    }
                })
            }
            Head::Gaussian { ranges, learn_std, .. } => {
                let k = ranges.len();
                (0..k).fold(0.0, |sum, j| {
                    let (mean, log_std) = (outputs[j], outputs[k + j]);
                    let (taught, taught_log_std) = (teacher[j], teacher[k + j]);
                    let inverse = (-2.0 * log_std).exp();
                    let spread = ((2.0 * taught_log_std).exp() + (taught - mean).powi(2)) * inverse;
                    gradient[j] = (mean - taught) * inverse;
                    gradient[k + j] = if *learn_std { 1.0 - spread } else { 0.0 };
                    sum + log_std - taught_log_std + 0.5 * spread - 0.5
                })
            }
        })
        .collect()
    }
}

impl CustomOp1 for Divergence {
    fn name(&self) -> &'static str {
        "divergence"
    }

    fn cpu_fwd(&self, outputs: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let outputs = cpu_slice(outputs, layout)?;
        let rows = self.rows(outputs, &mut vec![0.0; outputs.len()]);
        let n = rows.len();
        Ok((CpuStorage::F32(rows), Shape::from(n)))
    }

    fn bwd(&self, outputs: &Tensor, _rows: &Tensor, grad: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let grad = grad.flatten_all()?.to_vec1::<f32>()?;
        let width = self.head.len() + 1;
        let mut gradient = vec![0.0; grad.len() * width];
        {
            let (storage, layout) = outputs.storage_and_layout();
            let candle_core::Storage::Cpu(cpu) = &*storage else {
                candle_core::bail!("the network must be on the CPU");
            };
            self.rows(cpu_slice(cpu, layout)?, &mut gradient);
        }
        for (row, grad) in gradient.chunks_exact_mut(width).zip(&grad) {
            row.iter_mut().for_each(|x| *x *= grad);
        }
        Tensor::from_vec(gradient, (grad.len(), width), &Device::Cpu).map(Some)
    }
}

#[cfg(test)]
mod tests;
