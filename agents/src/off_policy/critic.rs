//! Twin critics (Fujimoto et al. 2018, arXiv 1802.09477): two action values of the same action, of which the smaller
//! one is the target, against the overestimation of a maximum.

use freewheel_core::{Result, Spec, Stream};

use super::settings::OffPolicy;
use super::trained::{SavedNetwork, TrainedNetwork};

/// Two critics Q1 and Q2 and their target networks, outputs `[B, 2]` of one network.
pub(crate) struct TwinCritic {
    pub(crate) net: TrainedNetwork,
    // Buffers reused between steps.
    x: Vec<f32>,
    /// Values of the last pass, `[B, 2]`.
    pub(crate) q: Vec<f32>,
    grad_q: Vec<f32>,
    grad_x: Vec<f32>,
}

/// Results of a gradient step of the critics.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct CriticStep {
    /// Sum of the two mean squared errors, halved.
    pub(crate) loss: f64,
    /// Mean action value.
    pub(crate) q_mean: f64,
    pub(crate) grad_norm: f64,
}

/// Choice of the critic that the policy maximizes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Objective {
    /// The smaller of Q1 and Q2, for each action.
    Minimum,
    /// Q1.
    First,
}

impl TwinCritic {
    pub(crate) fn new(spec: &Spec, settings: &OffPolicy, rng: &mut Stream) -> Self {
        TwinCritic {
            net: TrainedNetwork::new(settings.critic(spec), settings.optimizer, true, rng),
            x: Vec::new(),
            q: Vec::new(),
            grad_q: Vec::new(),
            grad_x: Vec::new(),
        }
    }

    /// Writes the smaller of the two target values of each of the B = `rows` `actions [B, K]` in `obs [B, D]` to
    /// `out [B]`.
    pub(crate) fn target_minimum(&mut self, obs: &[f32], actions: &[f32], rows: usize, out: &mut Vec<f32>) {
        self.join(obs, actions, rows);
        self.net.forward_target(&self.x, &mut self.q);
        out.clear();
        out.extend(self.q.as_chunks::<2>().0.iter().map(|[q1, q2]| q1.min(*q2)));
    }

    /// Gradient step of both critics on `mean ((Q1 - y)^2 + (Q2 - y)^2) / 2` for the targets y, `targets [B]`, of the
    /// actions `[B, K]` in `obs [B, D]`.
    ///
    /// # Errors
    /// [`Error::Diverged`](freewheel_core::Error::Diverged) at `step` if a number is not finite.
    pub(crate) fn learn(
        &mut self,
        obs: &[f32],
        actions: &[f32],
        targets: &[f32],
        (learning_rate, max_norm): (f64, Option<f64>),
        step: u64,
    ) -> Result<CriticStep> {
        self.join(obs, actions, targets.len());
        self.net.forward(&self.x, &mut self.q);
        let b = targets.len() as f64;
        let (mut loss, mut sum) = (0.0, 0.0);
        self.grad_q.clear();
        for (q, target) in self.q.as_chunks::<2>().0.iter().zip(targets) {
            for q in q {
                let error = q - target;
                loss += f64::from(error * error);
                sum += f64::from(*q);
                self.grad_q.push(error / b as f32);
            }
        }
        let (loss, q_mean) = (0.5 * loss / b, 0.5 * sum / b);
        if !loss.is_finite() {
            return Err(freewheel_core::Error::Diverged { quantity: "loss".to_owned(), value: loss, step });
        }
        let grad_norm = self.net.learn(&self.x, &self.grad_q, learning_rate, max_norm, step)?;
        Ok(CriticStep { loss, q_mean, grad_norm })
    }

    /// Writes the derivative of the `objective` with respect to each of the B = `rows` `actions [B, K]` in `obs [B, D]`
    /// to `gradient [B, K]`; returns the mean of the objective.
    pub(crate) fn action_gradient(
        &mut self,
        obs: &[f32],
        actions: &[f32],
        rows: usize,
        objective: Objective,
        gradient: &mut Vec<f32>,
    ) -> f64 {
        self.join(obs, actions, rows);
        self.net.forward(&self.x, &mut self.q);
        let mut sum = 0.0;
        self.grad_q.clear();
        for &[q1, q2] in self.q.as_chunks::<2>().0 {
            let first = objective == Objective::First || q1 <= q2;
            sum += f64::from(if first { q1 } else { q2 });
            self.grad_q.extend(if first { [1.0, 0.0] } else { [0.0, 1.0] });
        }
        self.net.input_gradient(&self.x, &self.grad_q, &mut self.grad_x);
        let (d, k) = (obs.len() / rows, actions.len() / rows);
        gradient.clear();
        self.grad_x.chunks_exact(d + k).for_each(|row| gradient.extend_from_slice(&row[d..]));
        sum / rows as f64
    }

    pub(crate) fn update_target(&mut self, tau: f64) {
        self.net.update_target(tau);
    }

    pub(crate) fn save(&self) -> SavedNetwork {
        self.net.save()
    }

    /// Restores the state that [`TwinCritic::save`] returned; returns false if it does not fit.
    pub(crate) fn load(&mut self, saved: SavedNetwork) -> bool {
        self.net.load(saved)
    }

    /// Inputs of the network, `[B, D + K]`, from `obs [B, D]` and `actions [B, K]`.
    fn join(&mut self, obs: &[f32], actions: &[f32], rows: usize) {
        let (d, k) = (obs.len() / rows.max(1), actions.len() / rows.max(1));
        self.x.clear();
        for (obs, action) in obs.chunks_exact(d.max(1)).zip(actions.chunks_exact(k.max(1))) {
            self.x.extend_from_slice(obs);
            self.x.extend_from_slice(action);
        }
    }
}
