//! A network as a list of layers over numbered places, with its own forward and backward pass over plain slices.
//!
//! The parameters of a network are one slice `[P]`, its input `[B, D]` and its output `[B, O]`. Residual blocks, several towers
//! and several heads are layers that read places already computed. Everything is computed in one order for any number of threads: a
//! large batch is cut into a fixed number of chunks whose gradients are added in the order of chunks.

use std::ops::Range;

use rayon::prelude::*;

use super::activation::Activation;
use super::conv::{Conv, Patches};
use super::init::Init;
use super::layer;

/// Into how many chunks a large batch is cut: a fixed number, so that sums do not depend on the threads.
const CHUNKS: usize = 8;
/// Multiplications of a batch from which on it is cut: about a tenth of a millisecond of work.
const WORTH_CUTTING: usize = 4_000_000;

/// Parameters whose gradients one thread adds up at a time.
const PARAMETERS: usize = 1 << 15;

/// Where a layer's numbers stand; 0 is the input.
pub type Place = usize;

/// One layer.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) kind: Kind,
    pub(super) from: Place,
    /// A place whose numbers are added before the activation; of a dueling head, the value.
    pub(super) skip: Option<Place>,
    pub(super) to: Place,
    pub(super) activation: Activation,
    pub(super) weights: Range<usize>,
    pub(super) bias: Range<usize>,
}

/// What a layer computes.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// `y = x W + b`, weights `[inputs, outputs]`.
    Linear { inputs: usize, outputs: usize },
    /// The same for F numbers that each are one of `n`, one-hot: row `x_f` of block f of `[F n, outputs]` is looked up.
    OneHot { fields: usize, n: usize, outputs: usize },
    /// A convolution.
    Conv(Conv),
    /// A convolution turned round: from what it gives to what it takes.
    Transposed(Conv),
    /// Planes `[C, H, W]` as a world shows them, turned to `[H, W, C]`.
    ChannelsLast { channels: usize, points: usize },
    /// `Q = V + A - mean A` (Wang et al. 2016, arXiv 1511.06581); `from` is A, `skip` is V.
    Dueling { actions: usize },
    /// Parameters that do not depend on the input, the same for every row.
    Free { outputs: usize },
}

/// A named block of the parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name, such as `trunk.0.weight`.
    pub name: String,
    /// Its shape, row-major: `[inputs, outputs]` of a linear layer, `[K, K, C, O]` of a convolution.
    pub shape: Vec<usize>,
    /// Where it lies in the slice of all parameters.
    pub at: Range<usize>,
    pub(super) init: First,
}

/// How a block begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum First {
    Drawn(Init, usize, usize),
    Constant(f32),
}

/// A network's layers and the shapes of everything; the parameters themselves are a slice `[P]` that the caller keeps.
#[derive(Clone, Debug)]
pub struct Network {
    pub(super) layers: Vec<Layer>,
    /// How many numbers a row has at each place.
    pub(super) places: Vec<usize>,
    pub(super) outputs: Vec<Place>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) size: usize,
}

/// Everything that a pass over some rows needs room for, used again by the next.
#[derive(Debug, Default)]
pub struct Workspace {
    /// What stands at each place but the input, `[rows, len]`.
    pub(super) values: Vec<Vec<f32>>,
    /// The loss's gradient of it.
    pub(super) gradients: Vec<Vec<f32>>,
    pub(super) patches: Patches,
    /// The gradient of the parameters that these rows give, where rows are cut into chunks.
    parameters: Vec<f32>,
}

/// A forward pass that can be taken back: one workspace a chunk.
#[derive(Debug, Default)]
pub struct Pass {
    chunks: Vec<Workspace>,
    rows: usize,
}

impl Network {
    /// P, how many parameters there are.
    pub fn size(&self) -> usize {
        self.size
    }

    /// D, how many numbers a row of the input has.
    pub fn input_len(&self) -> usize {
        self.places[0]
    }

    /// O, how many numbers a row of the output has.
    pub fn output_len(&self) -> usize {
        self.outputs.iter().map(|&place| self.places[place]).sum()
    }

    /// The blocks of the parameters, in their order.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// First parameters, `[P]`.
    pub fn initial(&self, rng: &mut freewheel_core::Stream) -> Vec<f32> {
        let mut all = vec![0.0; self.size];
        for parameter in &self.parameters {
            let block = &mut all[parameter.at.clone()];
            match parameter.init {
                First::Drawn(init, fan_in, fan_out) => init.fill(block, fan_in, fan_out, rng),
                First::Constant(value) => block.fill(value),
            }
        }
        all
    }

    /// `out [B, O]` of `x [B, D]`, for acting: nothing is kept for a backward pass but the room.
    pub fn act(&self, parameters: &[f32], x: &[f32], work: &mut Workspace, out: &mut [f32]) {
        let rows = x.len() / self.input_len();
        self.forward_rows(parameters, x, rows, work, out);
    }

    /// `out [B, O]` of `x [B, D]`; `pass` keeps what [`Network::backward`] needs.
    pub fn forward(&self, parameters: &[f32], x: &[f32], pass: &mut Pass, out: &mut [f32]) {
        pass.rows = x.len() / self.input_len();
        let rows = self.chunk(pass.rows);
        pass.chunks.resize_with(pass.rows.div_ceil(rows).max(1), Workspace::default);
        if let [work] = &mut pass.chunks[..] {
            return self.forward_rows(parameters, x, pass.rows, work, out);
        }
        let parts = x.par_chunks(rows * self.input_len()).zip(out.par_chunks_mut(rows * self.output_len()));
        parts.zip(&mut pass.chunks).for_each(|((x, out), work)| {
            self.forward_rows(parameters, x, x.len() / self.input_len(), work, out);
        });
    }

    /// Writes the gradient of the parameters, `[P]`, that the gradient of the output, `of_out [B, O]`, has after the forward pass
    /// over `x [B, D]` that `pass` kept; and of the input, `of_x [B, D]`, where it is wanted.
    pub fn backward(
        &self,
        parameters: &[f32],
        x: &[f32],
        pass: &mut Pass,
        of_out: &[f32],
        of_parameters: &mut [f32],
        of_x: Option<&mut [f32]>,
    ) {
        let rows = self.chunk(pass.rows);
        of_parameters.fill(0.0);
        if let [work] = &mut pass.chunks[..] {
            return self.backward_rows(parameters, x, work, of_out, of_parameters, of_x);
        }
        let (d, o) = (self.input_len(), self.output_len());
        let one = |((x, of_out), work): ((&[f32], &[f32]), &mut Workspace), of_x: Option<&mut [f32]>| {
            let mut own = std::mem::take(&mut work.parameters);
            own.clear();
            own.resize(self.size, 0.0);
            self.backward_rows(parameters, x, work, of_out, &mut own, of_x);
            work.parameters = own;
        };
        let parts = x.par_chunks(rows * d).zip(of_out.par_chunks(rows * o)).zip(&mut pass.chunks);
        match of_x {
            Some(of_x) => {
                parts.zip(of_x.par_chunks_mut(rows * d)).for_each(|(part, of_x)| one(part, Some(of_x)));
            }
            None => parts.for_each(|part| one(part, None)),
        }
        // Parameters side by side, each summed in the order of chunks.
        of_parameters.par_chunks_mut(PARAMETERS).enumerate().for_each(|(i, sum)| {
            for work in &pass.chunks {
                sum.iter_mut().zip(&work.parameters[i * PARAMETERS..]).for_each(|(sum, one)| *sum += one);
            }
        });
    }

    /// Rows of one chunk of a batch of `rows`.
    fn chunk(&self, rows: usize) -> usize {
        let work: usize = self.layers.iter().map(Layer::cost).sum();
        if rows * work < WORTH_CUTTING { rows.max(1) } else { rows.div_ceil(CHUNKS) }
    }

    fn forward_rows(
        &self,
        parameters: &[f32],
        x: &[f32],
        rows: usize,
        work: &mut Workspace,
        out: &mut [f32],
    ) {
        work.values.resize_with(self.places.len(), Vec::new);
        for layer in &self.layers {
            let mut to = std::mem::take(&mut work.values[layer.to]);
            to.resize(rows * self.places[layer.to], 0.0);
            let Workspace { values, patches, .. } = work;
            let place = |place: Place| if place == 0 { x } else { &values[place][..] };
            layer::forward(layer, parameters, place(layer.from), layer.skip.map(place), &mut to, patches);
            work.values[layer.to] = to;
        }
        let width = self.output_len();
        let mut at = 0;
        for &place in &self.outputs {
            let len = self.places[place];
            for (out, value) in out.chunks_exact_mut(width).zip(work.values[place].chunks_exact(len)) {
                out[at..at + len].copy_from_slice(value);
            }
            at += len;
        }
    }

    fn backward_rows(
        &self,
        parameters: &[f32],
        x: &[f32],
        work: &mut Workspace,
        of_out: &[f32],
        of_parameters: &mut [f32],
        mut of_x: Option<&mut [f32]>,
    ) {
        let rows = x.len() / self.input_len();
        work.gradients.resize_with(self.places.len(), Vec::new);
        for (gradient, &len) in work.gradients.iter_mut().zip(&self.places).skip(1) {
            gradient.clear();
            gradient.resize(rows * len, 0.0);
        }
        let width = self.output_len();
        let mut at = 0;
        for &place in &self.outputs {
            let len = self.places[place];
            for (out, value) in of_out.chunks_exact(width).zip(work.gradients[place].chunks_exact_mut(len)) {
                value.iter_mut().zip(&out[at..at + len]).for_each(|(value, out)| *value += out);
            }
            at += len;
        }
        if let Some(of_x) = of_x.as_deref_mut() {
            of_x.fill(0.0);
        }
        for layer in self.layers.iter().rev() {
            let mut of_to = std::mem::take(&mut work.gradients[layer.to]);
            layer.activation.backward(&work.values[layer.to], &mut of_to);
            if let Some(skip) = layer.skip {
                layer::backward_skip(layer, &of_to, &mut work.gradients[skip]);
            }
            let mut of_from = std::mem::take(&mut work.gradients[layer.from]);
            let from = if layer.from == 0 { x } else { &work.values[layer.from][..] };
            let wanted = match layer.from {
                0 => of_x.as_deref_mut(),
                _ => Some(&mut of_from[..]),
            };
            layer::backward(layer, parameters, from, &of_to, of_parameters, wanted, &mut work.patches);
            work.gradients[layer.from] = of_from;
            work.gradients[layer.to] = of_to;
        }
    }
}

impl Layer {
    /// Multiplications for one row.
    fn cost(&self) -> usize {
        match &self.kind {
            Kind::Linear { inputs, outputs } => inputs * outputs,
            Kind::OneHot { fields, outputs, .. } => fields * outputs,
            Kind::Conv(conv) | Kind::Transposed(conv) => conv.points() * conv.patch() * conv.out_channels,
            Kind::ChannelsLast { .. } | Kind::Dueling { .. } | Kind::Free { .. } => 0,
        }
    }
}
