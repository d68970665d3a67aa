//! Network as a list of layers between numbered nodes, with forward and backward pass over plain slices.
//!
//! The parameters of a network are one slice `[P]`, its input is `[B, D]` and its output `[B, O]`. Residual blocks,
//! several towers and several heads are layers that read nodes computed before. Results do not depend on the number
//! of threads: a large batch is split into a fixed number of chunks, whose gradients are added in the order of the
//! chunks.

use std::ops::Range;

use rayon::prelude::*;

use super::activation::Activation;
use super::conv::{Conv, Patches};
use super::init::Init;
use super::layer;

/// Number of chunks of a large batch; fixed, so that sums do not depend on the number of threads.
const CHUNKS: usize = 8;
/// Minimum number of multiplications for which a batch is split into chunks, about 0.1 ms of work.
const MIN_CHUNKED_WORK: usize = 4_000_000;

/// Number of parameters whose gradients are summed in one parallel task.
const PARAMETERS_PER_TASK: usize = 1 << 15;

/// Index of a node: the network input (0) or the output of a layer.
pub type NodeId = usize;

/// Layer of a network, from one node to another.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) kind: LayerKind,
    pub(super) from: NodeId,
    /// Node that is added before the activation (skip connection); in a dueling head, the node of the state value.
    pub(super) skip: Option<NodeId>,
    pub(super) to: NodeId,
    pub(super) activation: Activation,
    pub(super) weights: Range<usize>,
    pub(super) bias: Range<usize>,
}

/// Operation of a layer.
#[derive(Clone, Debug)]
pub(super) enum LayerKind {
    /// Linear layer `y = x W + b`, weights W `[inputs, outputs]`.
    Linear { inputs: usize, outputs: usize },
    /// Linear layer on F = `fields` one-hot indices x_f below `n`, with weights `[F n, outputs]`: the sum over f of row
    /// x_f of block f.
    OneHot { fields: usize, n: usize, outputs: usize },
    /// Linear layer with factorized noise (Fortunato et al. 2018, arXiv 1706.10295): with the noise e_i of the inputs
    /// and e_o of the outputs, the weights are W + S e_i e_o, the biases b + s e_o. The parameters are W and S, both
    /// `[inputs, outputs]`, then b and s, both `[outputs]`, and the current noise, `[inputs + outputs]`.
    Noisy { inputs: usize, outputs: usize },
    /// Layer normalization (Ba et al. 2016, arXiv 1607.06450) of the values of each sample.
    LayerNorm,
    /// Convolution.
    Conv(Conv),
    /// Transposed convolution.
    Transposed(Conv),
    /// Transposition of planes `[C, H, W]` to `[H, W, C]`.
    ChannelsLast { channels: usize, points: usize },
    /// Dueling head `Q = V + A - mean A` (Wang et al. 2016, arXiv 1511.06581): advantages A `[actions, atoms]` in node
    /// `from`, state values V `[atoms]` in node `skip`; the mean is over the actions.
    Dueling { actions: usize, atoms: usize },
    /// Parameters as output, the same for every sample.
    FreeParameters { outputs: usize },
}

/// Named block of the parameters of a network, such as the weights of a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Name of the block, such as `trunk.0.weight`.
    pub name: String,
    /// Row-major shape: `[inputs, outputs]` of a linear layer, `[K, K, C, O]` of a convolution.
    pub shape: Vec<usize>,
    /// Range of the block in the slice of all parameters.
    pub range: Range<usize>,
    pub(super) init: ParameterInit,
}

/// Initialization of a block of parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum ParameterInit {
    /// Random initialization, with fan-in and fan-out.
    Random(Init, usize, usize),
    Constant(f32),
}

/// Layers and shapes of a network. The parameters are a slice `[P]` that the caller keeps.
#[derive(Clone, Debug)]
pub struct Network {
    pub(super) layers: Vec<Layer>,
    /// Number of values of one sample at each node.
    pub(super) node_sizes: Vec<usize>,
    pub(super) outputs: Vec<NodeId>,
    pub(super) parameters: Vec<Parameter>,
    /// Ranges of the noise of noisy layers in the slice of all parameters.
    pub(super) noise: Vec<Range<usize>>,
    pub(super) size: usize,
}

/// Reused buffers of a forward and backward pass.
#[derive(Debug, Default)]
pub struct Workspace {
    /// Values of each node except the input, `[B, size]`.
    pub(super) values: Vec<Vec<f32>>,
    /// Gradients of the loss with respect to `values`.
    pub(super) gradients: Vec<Vec<f32>>,
    pub(super) patches: Patches,
    /// Gradient of the parameters, `[P]`, of one chunk of a large batch.
    parameters: Vec<f32>,
}

/// State of a forward pass that [`Network::backward`] needs: one workspace per chunk.
#[derive(Debug, Default)]
pub struct Pass {
    chunks: Vec<Workspace>,
    rows: usize,
}

impl Network {
    /// Number of parameters, P.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Number of inputs, D.
    pub fn input_len(&self) -> usize {
        self.node_sizes[0]
    }

    /// Number of output nodes, whose values are the outputs.
    pub(crate) fn num_outputs(&self) -> usize {
        self.outputs.len()
    }

    /// Number of outputs, O.
    pub fn output_len(&self) -> usize {
        self.outputs.iter().map(|&node| self.node_sizes[node]).sum()
    }

    /// Bytes for training with batches of `rows` samples: parameters, a copy of them, gradients and moments; values and
    /// gradients of all nodes; in large batches, the gradients of the chunks.
    pub(crate) fn training_bytes(&self, rows: usize) -> u128 {
        let nodes: u128 = self.node_sizes.iter().map(|&size| size as u128).sum();
        let chunks = if self.chunk(rows) < rows { CHUNKS as u128 } else { 0 };
        (6 + chunks) * 4 * self.size as u128 + 8 * nodes * rows as u128
    }

    /// Blocks of the parameters, in the order of the slice.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Random initial parameters, `[P]`.
    pub fn initial(&self, rng: &mut freewheel_core::Stream) -> Vec<f32> {
        let mut all = vec![0.0; self.size];
        for parameter in &self.parameters {
            let block = &mut all[parameter.range.clone()];
            match parameter.init {
                ParameterInit::Random(init, fan_in, fan_out) => init.fill(block, fan_in, fan_out, rng),
                ParameterInit::Constant(value) => block.fill(value),
            }
        }
        all
    }

    /// Draws new noise of the noisy layers of the `parameters [P]`.
    pub fn resample_noise(&self, parameters: &mut [f32], rng: &mut freewheel_core::Stream) {
        for range in &self.noise {
            for noise in &mut parameters[range.clone()] {
                let x = rng.normal();
                *noise = (x.signum() * x.abs().sqrt()) as f32;
            }
        }
    }

    /// Sets the noise of the noisy layers of the `parameters [P]` to 0.
    pub fn clear_noise(&self, parameters: &mut [f32]) {
        self.noise.iter().for_each(|range| parameters[range.clone()].fill(0.0));
    }

    /// Whether the network has noisy layers.
    pub fn is_noisy(&self) -> bool {
        !self.noise.is_empty()
    }

    /// Inference: writes the output for B inputs `x [B, D]` to `out [B, O]`.
    pub fn act(&self, parameters: &[f32], x: &[f32], workspace: &mut Workspace, out: &mut [f32]) {
        let rows = x.len() / self.input_len();
        self.forward_rows(parameters, x, rows, workspace, out);
    }

    /// Forward pass: writes the output for B inputs `x [B, D]` to `out [B, O]`, and the state for [`Network::backward`]
    /// to `pass`.
    pub fn forward(&self, parameters: &[f32], x: &[f32], pass: &mut Pass, out: &mut [f32]) {
        pass.rows = x.len() / self.input_len();
        let rows = self.chunk(pass.rows);
        pass.chunks.resize_with(pass.rows.div_ceil(rows).max(1), Workspace::default);
        if let [workspace] = &mut pass.chunks[..] {
            return self.forward_rows(parameters, x, pass.rows, workspace, out);
        }
        let parts = x.par_chunks(rows * self.input_len()).zip(out.par_chunks_mut(rows * self.output_len()));
        parts.zip(&mut pass.chunks).for_each(|((x, out), workspace)| {
            self.forward_rows(parameters, x, x.len() / self.input_len(), workspace, out);
        });
    }

    /// Backward pass after [`Network::forward`] with the same `x [B, D]` and `pass`: from the gradient of the output,
    /// `grad_out [B, O]`, to the gradient of the parameters, `grad_parameters [P]`, and of the input, `grad_x [B, D]`,
    /// if given.
    pub fn backward(
        &self,
        parameters: &[f32],
        x: &[f32],
        pass: &mut Pass,
        grad_out: &[f32],
        grad_parameters: &mut [f32],
        grad_x: Option<&mut [f32]>,
    ) {
        grad_parameters.fill(0.0);
        self.add_gradient(parameters, x, pass, grad_out, grad_parameters, grad_x);
    }

    /// As [`Network::backward`], but adds to `grad_parameters`.
    pub(crate) fn add_gradient(
        &self,
        parameters: &[f32],
        x: &[f32],
        pass: &mut Pass,
        grad_out: &[f32],
        grad_parameters: &mut [f32],
        grad_x: Option<&mut [f32]>,
    ) {
        let rows = self.chunk(pass.rows);
        if let [workspace] = &mut pass.chunks[..] {
            return self.backward_rows(parameters, x, workspace, grad_out, grad_parameters, grad_x);
        }
        let (d, o) = (self.input_len(), self.output_len());
        let one = |((x, grad_out), workspace): ((&[f32], &[f32]), &mut Workspace),
                   grad_x: Option<&mut [f32]>| {
            let mut gradient = std::mem::take(&mut workspace.parameters);
            gradient.clear();
            gradient.resize(self.size, 0.0);
            self.backward_rows(parameters, x, workspace, grad_out, &mut gradient, grad_x);
            workspace.parameters = gradient;
        };
        let parts = x.par_chunks(rows * d).zip(grad_out.par_chunks(rows * o)).zip(&mut pass.chunks);
        match grad_x {
            Some(grad_x) => {
                parts.zip(grad_x.par_chunks_mut(rows * d)).for_each(|(part, grad_x)| one(part, Some(grad_x)));
            }
            None => parts.for_each(|part| one(part, None)),
        }
        // Tasks sum different parameters, each in the order of the chunks.
        grad_parameters.par_chunks_mut(PARAMETERS_PER_TASK).enumerate().for_each(|(i, sum)| {
            for workspace in &pass.chunks {
                sum.iter_mut()
                    .zip(&workspace.parameters[i * PARAMETERS_PER_TASK..])
                    .for_each(|(sum, one)| *sum += one);
            }
        });
    }

    /// Number of samples per chunk of a batch of `rows` samples.
    fn chunk(&self, rows: usize) -> usize {
        let work: usize = self.layers.iter().map(Layer::cost).sum();
        if rows.saturating_mul(work) < MIN_CHUNKED_WORK { rows.max(1) } else { rows.div_ceil(CHUNKS) }
    }

    fn forward_rows(
        &self,
        parameters: &[f32],
        x: &[f32],
        rows: usize,
        workspace: &mut Workspace,
        out: &mut [f32],
    ) {
        workspace.values.resize_with(self.node_sizes.len(), Vec::new);
        for layer in &self.layers {
            let mut to = std::mem::take(&mut workspace.values[layer.to]);
            to.resize(rows * self.node_sizes[layer.to], 0.0);
            let Workspace { values, patches, .. } = workspace;
            let node = |node: NodeId| if node == 0 { x } else { &values[node][..] };
            layer::forward(layer, parameters, node(layer.from), layer.skip.map(node), &mut to, patches);
            workspace.values[layer.to] = to;
        }
        let width = self.output_len();
        let mut at = 0;
        for &node in &self.outputs {
            let len = self.node_sizes[node];
            for (out, value) in out.chunks_exact_mut(width).zip(workspace.values[node].chunks_exact(len)) {
                out[at..at + len].copy_from_slice(value);
            }
            at += len;
        }
    }

    fn backward_rows(
        &self,
        parameters: &[f32],
        x: &[f32],
        workspace: &mut Workspace,
        grad_out: &[f32],
        grad_parameters: &mut [f32],
        mut grad_x: Option<&mut [f32]>,
    ) {
        let rows = x.len() / self.input_len();
        workspace.gradients.resize_with(self.node_sizes.len(), Vec::new);
        for (gradient, &len) in workspace.gradients.iter_mut().zip(&self.node_sizes).skip(1) {
            gradient.clear();
            gradient.resize(rows * len, 0.0);
        }
        let width = self.output_len();
        let mut at = 0;
        for &node in &self.outputs {
            let len = self.node_sizes[node];
            for (out, value) in
                grad_out.chunks_exact(width).zip(workspace.gradients[node].chunks_exact_mut(len))
            {
                value.iter_mut().zip(&out[at..at + len]).for_each(|(value, out)| *value += out);
            }
            at += len;
        }
        if let Some(grad_x) = grad_x.as_deref_mut() {
            grad_x.fill(0.0);
        }
        for layer in self.layers.iter().rev() {
            let mut grad_to = std::mem::take(&mut workspace.gradients[layer.to]);
            layer.activation.backward(&workspace.values[layer.to], &mut grad_to);
            if let Some(skip) = layer.skip {
                layer::backward_skip(layer, &grad_to, &mut workspace.gradients[skip]);
            }
            let mut grad_from = std::mem::take(&mut workspace.gradients[layer.from]);
            let from = if layer.from == 0 { x } else { &workspace.values[layer.from][..] };
            let requested = match layer.from {
                0 => grad_x.as_deref_mut(),
                _ => Some(&mut grad_from[..]),
            };
            layer::backward(
                layer,
                parameters,
                from,
                &grad_to,
                grad_parameters,
                requested,
                &mut workspace.patches,
            );
            workspace.gradients[layer.from] = grad_from;
            workspace.gradients[layer.to] = grad_to;
        }
    }
}

impl Layer {
    /// Number of multiplications per sample.
    fn cost(&self) -> usize {
        match &self.kind {
            LayerKind::Linear { inputs, outputs } => inputs.saturating_mul(*outputs),
            LayerKind::OneHot { fields, outputs, .. } => fields * outputs,
            LayerKind::Noisy { inputs, outputs } => inputs.saturating_mul(*outputs).saturating_mul(2),
            LayerKind::Conv(conv) | LayerKind::Transposed(conv) => {
                conv.points() * conv.patch() * conv.out_channels
            }
            LayerKind::LayerNorm
            | LayerKind::ChannelsLast { .. }
            | LayerKind::Dueling { .. }
            | LayerKind::FreeParameters { .. } => 0,
        }
    }
}
