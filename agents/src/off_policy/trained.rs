//! Network with parameters, target parameters and optimizer, differentiated without candle's graph.

use std::sync::Arc;

use freewheel_core::{Error, Result, Stream};
use serde::{Deserialize, Serialize};

use crate::nn::model::check_finite;
use crate::nn::optimizer::{all_finite, polyak_update};
use crate::nn::{Frozen, Model, Network, Optimizer, OptimizerConfig, Pass, Workspace};

/// Network with P parameters that gradient steps change.
pub(crate) struct TrainedNetwork {
    network: Arc<Network>,
    /// Parameters, `[P]`.
    parameters: Vec<f32>,
    /// Parameters of the target network, `[P]`; empty without a target network.
    target: Vec<f32>,
    optimizer: Optimizer,
    // Buffers reused between steps.
    pass: Pass,
    target_pass: Pass,
    workspace: Workspace,
    gradient: Vec<f32>,
}

/// State of a [`TrainedNetwork`] in a checkpoint.
#[derive(Serialize, Deserialize)]
pub(crate) struct SavedNetwork {
    parameters: Vec<f32>,
    target: Vec<f32>,
    optimizer: Optimizer,
}

impl TrainedNetwork {
    /// `network` with initial parameters drawn from `rng`; with `has_target`, the target network is a copy.
    pub(crate) fn new(
        network: Network,
        optimizer: OptimizerConfig,
        has_target: bool,
        rng: &mut Stream,
    ) -> Self {
        let parameters = network.initial(rng);
        TrainedNetwork {
            optimizer: Optimizer::new(optimizer, parameters.len()),
            gradient: vec![0.0; parameters.len()],
            target: if has_target { parameters.clone() } else { Vec::new() },
            network: Arc::new(network),
            parameters,
            pass: Pass::default(),
            target_pass: Pass::default(),
            workspace: Workspace::default(),
        }
    }

    /// The network: layers and shapes.
    pub(crate) fn network(&self) -> &Network {
        &self.network
    }

    /// Inference: writes the outputs `[N, O]` for a few inputs `x [N, D]` to `out`.
    pub(crate) fn act(&mut self, x: &[f32], out: &mut Vec<f32>) {
        self.resize(x, out);
        self.network.act(&self.parameters, x, &mut self.workspace, out);
    }

    /// Forward pass: writes the outputs `[B, O]` for B inputs `x [B, D]` to `out`.
    pub(crate) fn forward(&mut self, x: &[f32], out: &mut Vec<f32>) {
        self.resize(x, out);
        self.network.forward(&self.parameters, x, &mut self.pass, out);
    }

    /// Outputs of the target network.
    pub(crate) fn forward_target(&mut self, x: &[f32], out: &mut Vec<f32>) {
        self.resize(x, out);
        self.network.forward(&self.target, x, &mut self.target_pass, out);
    }

    fn resize(&self, x: &[f32], out: &mut Vec<f32>) {
        out.resize(x.len() / self.network.input_len() * self.network.output_len(), 0.0);
    }

    /// Gradient of the inputs `grad_x [B, D]`, from that of the outputs, `grad_out [B, O]`, after
    /// [`TrainedNetwork::forward`] of `x [B, D]`.
    pub(crate) fn input_gradient(&mut self, x: &[f32], grad_out: &[f32], grad_x: &mut Vec<f32>) {
        grad_x.resize(x.len(), 0.0);
        let Self { network, parameters, pass, gradient, .. } = self;
        network.backward(parameters, x, pass, grad_out, gradient, Some(grad_x));
    }

    /// Gradient step by the gradient of the outputs, `grad_out [B, O]`, after [`TrainedNetwork::forward`] of
    /// `x [B, D]`; returns the norm of the gradient.
    ///
    /// # Errors
    /// [`Error::Diverged`] at `step` if the norm of the gradient or a parameter is not finite.
    pub(crate) fn learn(
        &mut self,
        x: &[f32],
        grad_out: &[f32],
        learning_rate: f64,
        max_norm: Option<f64>,
        step: u64,
    ) -> Result<f64> {
        let Self { network, parameters, pass, gradient, optimizer, .. } = self;
        network.backward(parameters, x, pass, grad_out, gradient, None);
        let result = optimizer.step(parameters, gradient, learning_rate, max_norm);
        if !result.norm.is_finite() {
            let quantity = "gradient norm".to_owned();
            return Err(Error::Diverged { quantity, value: result.norm, step });
        }
        if !result.finite {
            check_finite("a parameter", parameters, step)?;
        }
        Ok(result.norm)
    }

    /// Forgets the moments of the optimizer.
    pub(crate) fn renew_optimizer(&mut self, optimizer: OptimizerConfig) {
        self.optimizer = Optimizer::new(optimizer, self.parameters.len());
    }

    /// Moves the target network, if there is one, towards the network by the share `tau`.
    pub(crate) fn update_target(&mut self, tau: f64) {
        if !self.target.is_empty() {
            polyak_update(&mut self.target, &self.parameters, tau);
        }
    }

    /// Copy of the network with fixed parameters.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for an error of candle.
    pub(crate) fn freeze(&self) -> Result<Frozen> {
        Model::with(Arc::clone(&self.network), self.parameters.clone())?.freeze()
    }

    /// Parameters, `[P]`.
    pub(crate) fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    /// Replaces the parameters; returns false, and changes nothing, for another number or values that are not finite.
    pub(crate) fn set_parameters(&mut self, parameters: Vec<f32>) -> bool {
        let valid = parameters.len() == self.parameters.len() && all_finite(&parameters);
        if valid {
            self.parameters = parameters;
        }
        valid
    }

    pub(crate) fn save(&self) -> SavedNetwork {
        SavedNetwork {
            parameters: self.parameters.clone(),
            target: self.target.clone(),
            optimizer: self.optimizer.clone(),
        }
    }

    /// Restores the state that [`TrainedNetwork::save`] returned; returns false if it has another size or a number out
    /// of range.
    pub(crate) fn load(&mut self, saved: SavedNetwork) -> bool {
        let valid = saved.parameters.len() == self.parameters.len()
            && saved.target.len() == self.target.len()
            && all_finite(&saved.parameters)
            && all_finite(&saved.target)
            && self.optimizer.resume(saved.optimizer);
        if valid {
            (self.parameters, self.target) = (saved.parameters, saved.target);
        }
        valid
    }
}

#[cfg(test)]
impl TrainedNetwork {
    /// Parameters `[P]`, to be changed by a test.
    pub(crate) fn parameters_mut(&mut self) -> &mut Vec<f32> {
        &mut self.parameters
    }

    /// Target parameters `[P]`, to be changed by a test.
    pub(crate) fn target_mut(&mut self) -> &mut Vec<f32> {
        &mut self.target
    }

    /// Gradient of the parameters of the last backward pass, `[P]`.
    pub(crate) fn gradient(&self) -> &[f32] {
        &self.gradient
    }
}
