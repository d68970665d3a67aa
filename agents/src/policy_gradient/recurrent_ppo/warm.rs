//! Warm start of recurrent PPO from demonstrations: cloning over sequences, then reward plus the cloning term.
//!
//! ```text
//! loss = PPO loss - w mean over demonstrated sequences of  ln pi(a|h)        w falls linearly to 0
//! ```
//!
//! All episodes are joined to one stream, which is cut into sequences. The states before the sequences are those of the
//! current network: they are computed anew before each update. Ni et al. 2022 (arXiv 2110.05038) for the network;
//! Schmitt et al. 2018 (arXiv 1803.03835) for the term that anneals.

use freewheel_core::demonstrations::DemonstrationSet;
use freewheel_core::{Purpose, Result, Spec, Stream, Streams};

use super::{ActorCritic, RecurrentModel};
use crate::demonstrations::{full_mask, steps};
use crate::nn::Optimizer;
use crate::nn::recurrent::{Part, RecurrentNetwork, Sequences};
use crate::policy_gradient::head::Head;
use crate::policy_gradient::kickstart::{BATCH, LEARNING_RATE, STREAM, spec_actions, stored_action};

/// Gradient steps of the cloning between two computations of the states.
const REFRESH: u32 = 50;

/// Demonstrated steps, one episode after another.
pub(super) struct Demonstrations {
    /// Normalized observations, `[n, D]`.
    obs: Vec<f32>,
    /// Masks of legal actions, `[n, A]`.
    legal: Vec<bool>,
    /// Actions, `[n, W]`.
    actions: Vec<f32>,
    /// Whether each step is the first one of an episode, `[n]`.
    starts: Vec<bool>,
    /// Steps of a sequence, L.
    length: usize,
    /// States before the sequences, `[n / L, M]`.
    first: Vec<f32>,
    /// Distribution of the actions, whose standard deviation is not learned.
    head: Head,
    parts: Vec<Part>,
}

impl Demonstrations {
    /// Steps of `set` for the sequences of `length` steps of an agent with `actor_critic`, whose normalizer gets the
    /// statistics of the demonstrations.
    pub(super) fn new(
        set: &DemonstrationSet,
        actor_critic: &mut ActorCritic<RecurrentModel>,
        length: usize,
    ) -> Self {
        let a = spec_actions(&actor_critic.head);
        let (mut obs, mut legal, mut actions) = (Vec::new(), Vec::new(), Vec::new());
        for step in steps(set) {
            obs.extend_from_slice(step.obs);
            legal.extend(full_mask(step.legal, a));
            stored_action(&actor_critic.head, step.action, &mut actions);
        }
        actor_critic.normalizer.update(&obs);
        actor_critic.normalizer.refresh();
        let obs = actor_critic.normalizer.normalize(&obs, &mut Vec::new()).to_vec();
        let starts = set.episodes.iter().flat_map(|episode| (0..episode.len()).map(|t| t == 0)).collect();
        let head = match actor_critic.head.clone() {
            Head::Gaussian { ranges, squash, .. } => Head::Gaussian { ranges, squash, learn_std: false },
            categorical => categorical,
        };
        Demonstrations { obs, legal, actions, starts, length, first: Vec::new(), head, parts: Vec::new() }
    }

    /// Number of sequences; the last steps of the stream, fewer than a sequence, join its first ones.
    fn count(&self) -> usize {
        self.starts.len().div_ceil(self.length)
    }

    /// Computes the states before all sequences with the `parameters` of `network`.
    pub(super) fn refresh(&mut self, network: &RecurrentNetwork, parameters: &[f32]) {
        let (m, d) = (network.state_len(), network.input_len());
        let (mut state, mut part) = (vec![0.0; m], Part::default());
        let mut out = vec![0.0; self.head.len() + 1];
        self.first.clear();
        for (t, obs) in self.obs.chunks_exact(d.max(1)).enumerate() {
            if self.starts[t] {
                state.fill(0.0);
            }
            if t % self.length == 0 {
                self.first.extend_from_slice(&state);
            }
            network.act(parameters, obs, &mut state, &mut part, &mut out);
        }
    }

    /// Adds the gradient of `-weight mean ln pi(a|h)` over random sequences of about [`BATCH`] steps to
    /// `gradient [P]`.
    pub(super) fn add_gradient(
        &mut self,
        network: &RecurrentNetwork,
        parameters: &[f32],
        weight: f64,
        rng: &mut Stream,
        gradient: &mut [f32],
    ) {
        let (n, l, m, d) = (self.starts.len(), self.length, network.state_len(), network.input_len());
        let drawn: Vec<usize> =
            (0..(BATCH / l).max(1)).map(|_| rng.below(self.count() as u32) as usize).collect();
        // Steps `[L, S]` as indices in the stream, which begins again after its end.
        let rows: Vec<usize> =
            (0..l).flat_map(|t| drawn.iter().map(move |&index| (index * l + t) % n)).collect();
        // Where the stream begins again, the first step is a start.
        let sequences = Sequences {
            count: drawn.len(),
            obs: rows.iter().flat_map(|&row| &self.obs[row * d..(row + 1) * d]).copied().collect(),
            starts: rows.iter().map(|&row| self.starts[row]).collect(),
            first: drawn.iter().flat_map(|&i| &self.first[i * m..(i + 1) * m]).copied().collect(),
        };
        let scale = (-weight / rows.len() as f64) as f32;
        let (head, legal, actions) = (&self.head, &self.legal, &self.actions);
        let (w, a, h) = (head.action_len(), legal.len() / n, head.len());
        let mut own = vec![0.0; gradient.len()];
        network.gradient(parameters, &sequences, &mut self.parts, &mut own, |steps, outputs, gradients| {
            let each = steps.iter().zip(outputs.chunks_exact(h + 1)).zip(gradients.chunks_exact_mut(h + 1));
            for ((&step, outputs), gradients) in each {
                let row = rows[step];
                let (legal, action) = (&legal[row * a..(row + 1) * a], &actions[row * w..(row + 1) * w]);
                gradients.fill(0.0);
                head.backward(&outputs[..h], legal, action, scale, 0.0, &mut gradients[..h]);
            }
        });
        gradient.iter_mut().zip(&own).for_each(|(sum, own)| *sum += own);
    }
}

/// Clones the policy of the demonstrations in the settings of `actor_critic`, if they are loaded.
///
/// # Errors
/// [`Error::Config`](freewheel_core::Error::Config) for demonstrations of another world.
pub(super) fn warm_start(
    actor_critic: &mut ActorCritic<RecurrentModel>,
    length: usize,
    spec: &Spec,
    streams: Streams,
) -> Result<Option<Demonstrations>> {
    let Some(warm) = &actor_critic.settings.warm_start else { return Ok(None) };
    let updates = warm.pretraining;
    let Some(set) = warm.demonstrated.episodes(spec)? else { return Ok(None) };
    let mut all = Demonstrations::new(&set, actor_critic, length);
    let mut rng = streams.stream(Purpose::Agent, STREAM, 0);
    let max_norm = actor_critic.settings.max_norm();
    let RecurrentModel { network, parameters, .. } = &mut actor_critic.model;
    let mut gradient = vec![0.0; network.size()];
    for update in 0..updates {
        if update % REFRESH == 0 {
            all.refresh(network, parameters);
        }
        gradient.fill(0.0);
        all.add_gradient(network, parameters, 1.0, &mut rng, &mut gradient);
        actor_critic.optimizer.step(parameters, &gradient, LEARNING_RATE, max_norm);
    }
    all.refresh(network, parameters);
    actor_critic.optimizer = Optimizer::new(actor_critic.settings.optimizer, network.size());
    actor_critic.teacher = Some(parameters.clone());
    Ok(Some(all))
}
