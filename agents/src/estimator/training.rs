//! Minibatch training of networks on a data set: epochs of shuffled batches, one optimizer step per batch.
//!
//! [`Network`] splits a batch into chunks and adds their gradients in order, so that the result does not depend on
//! the number of threads.

use std::ops::ControlFlow;

use crate::Samples;
use freewheel_core::graph::{Data, Graph, Kind, Observed, Op};
use freewheel_core::{Error, Purpose, Result, Streams};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rows;
use crate::nn::model::MAX_PARAMETERS;
use crate::nn::optimizer::all_finite;
use crate::nn::{Network, Optimizer, OptimizerConfig, Pass, Workspace};
use crate::settings::within;

/// Training settings of networks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)] // serde cannot deny unknown fields through a flattening; the reader of settings does.
pub struct TrainingConfig {
    /// Passes over all samples, 1 to 100000.
    pub num_epochs: u32,
    /// Samples per optimizer step, 1 to 1000000; the last batch of an epoch may be smaller.
    pub batch_size: u32,
    /// Learning rate of the first step, above 0.
    pub learning_rate: f64,
    /// Learning rate of the last step as a share of the first, 0 to 1; cosine schedule (Loshchilov & Hutter 2017).
    pub end_factor: f64,
    /// Optimizer: { kind = "adam" | "adam-w" | "rmsprop" | "sgd", ... }.
    pub optimizer: OptimizerConfig,
}

impl Default for TrainingConfig {
    fn default() -> Self {
        TrainingConfig {
            num_epochs: 20,
            batch_size: 128,
            learning_rate: 1e-3,
            end_factor: 0.0,
            optimizer: OptimizerConfig::default(),
        }
    }
}

impl TrainingConfig {
    /// Checks the range of every setting.
    ///
    /// # Errors
    /// [`Error::Setting`] with the name, value and range of the setting.
    pub fn validate(&self) -> Result<()> {
        within("num_epochs", f64::from(self.num_epochs), 1.0, 100_000.0)?;
        within("batch_size", f64::from(self.batch_size), 1.0, 1e6)?;
        within("learning_rate", self.learning_rate, f64::MIN_POSITIVE, f64::MAX)?;
        within("end_factor", self.end_factor, 0.0, 1.0)?;
        self.optimizer.validate()
    }

    /// Number of optimizer steps per epoch over `rows` samples.
    pub(crate) fn steps_per_epoch(&self, rows: usize) -> u64 {
        rows.div_ceil(self.batch_size as usize) as u64
    }

    /// Learning rate at step number `step` of a training over `rows` samples.
    pub(crate) fn learning_rate_at(&self, step: u64, rows: usize) -> f64 {
        let all = self.steps_per_epoch(rows) * u64::from(self.num_epochs);
        let done = step as f64 / all.max(1) as f64;
        let left = (1.0 + (std::f64::consts::PI * done.min(1.0)).cos()) / 2.0;
        self.learning_rate * (self.end_factor + (1.0 - self.end_factor) * left)
    }

    /// Shuffled row indices of epoch `epoch`, `[rows]`.
    pub(crate) fn order(&self, epoch: u64, rows: usize, streams: Streams) -> Vec<u32> {
        let mut order: Vec<u32> = (0..rows as u32).collect();
        rows::shuffle(&mut order, &mut streams.stream(Purpose::Agent, epoch, 0));
        order
    }

    /// Trains for all epochs, or until `callback` returns `Break`. `step(batch, learning rate, step number)` trains on
    /// the rows of one batch and returns the sum of their losses.
    pub(crate) fn run(
        &self,
        x: &Samples,
        streams: Streams,
        callback: &mut super::FitCallback<'_>,
        mut step: impl FnMut(&[u32], f64, u64) -> Result<f64>,
    ) -> Result<()> {
        let mut done = 0;
        for epoch in 0..u64::from(self.num_epochs) {
            let mut loss = 0.0;
            for batch in self.order(epoch, x.rows(), streams).chunks(self.batch_size as usize) {
                loss += step(batch, self.learning_rate_at(done, x.rows()), done)?;
                done += 1;
            }
            let loss = loss / x.rows() as f64;
            let progress = super::FitProgress { done: epoch + 1, total: self.num_epochs.into(), loss };
            if let ControlFlow::Break(()) = callback(progress) {
                break;
            }
        }
        Ok(())
    }
}

/// Network in training, with parameters, optimizer and buffers.
pub(crate) struct NetworkTrainer {
    pub(crate) network: Network,
    pub(crate) parameters: Vec<f32>,
    optimizer: Optimizer,
    gradient: Vec<f32>,
    pass: Pass,
    out: Vec<f32>,
    output_gradient: Vec<f32>,
}

impl NetworkTrainer {
    /// Trainer of `network` on `rows` samples, with initial parameters from the random stream with the index `index`.
    pub(crate) fn new(
        network: Network,
        training: &TrainingConfig,
        streams: Streams,
        index: u64,
        rows: usize,
    ) -> Result<Self> {
        let size = network.size();
        if size > MAX_PARAMETERS {
            return Err(Error::Config(format!(
                "this network has {size} parameters, the maximum is {MAX_PARAMETERS}: use fewer units or channels"
            )));
        }
        crate::memory::require_network(&network, "batch_size", rows.min(training.batch_size as usize))?;
        Ok(NetworkTrainer {
            parameters: network.initial(&mut streams.stream(Purpose::Initialization, index, 0)),
            optimizer: Optimizer::new(training.optimizer, size),
            gradient: vec![0.0; size],
            pass: Pass::default(),
            out: Vec::new(),
            output_gradient: Vec::new(),
            network,
        })
    }

    /// Output `[B, O]` of the network for B samples `x [B, D]`; kept for [`NetworkTrainer::backward`].
    pub(crate) fn forward(&mut self, x: &[f32]) -> &[f32] {
        self.out.resize(x.len() / self.network.input_len() * self.network.output_len(), 0.0);
        self.network.forward(&self.parameters, x, &mut self.pass, &mut self.out);
        &self.out
    }

    /// Output of the last forward pass, and the buffer for the gradient of this output, both `[B, O]`.
    pub(crate) fn output_and_gradient(&mut self) -> (&[f32], &mut [f32]) {
        self.output_gradient.resize(self.out.len(), 0.0);
        (&self.out, &mut self.output_gradient)
    }

    /// Backward pass and optimizer step with learning rate `lr`; before the call, the caller writes the gradient of the
    /// output. Writes the gradient of `x` to `input_gradient`, if given.
    ///
    /// # Errors
    /// [`Error::Diverged`] if the gradient or a parameter is not finite.
    pub(crate) fn backward(
        &mut self,
        x: &[f32],
        input_gradient: Option<&mut [f32]>,
        lr: f64,
        step: u64,
    ) -> Result<()> {
        let NetworkTrainer { network, parameters, optimizer, gradient, pass, output_gradient, .. } = self;
        network.backward(parameters, x, pass, output_gradient, gradient, input_gradient);
        optimizer.step(parameters, gradient, lr, None).finite(step).map(drop)
    }
}

/// Returns `loss` if it is finite.
///
/// # Errors
/// [`Error::Diverged`] at step `step` if `loss` is not finite.
pub(crate) fn finite_loss(loss: f64, step: u64) -> Result<f64> {
    match loss.is_finite() {
        true => Ok(loss),
        false => Err(Error::Diverged { quantity: "loss".into(), value: loss, step }),
    }
}

/// Scale of the inputs of a network: `(x - shift) * factor`, computed in f64; as they are for an empty scale.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct InputScale {
    shift: Vec<f64>,
    factor: Vec<f64>,
}

impl InputScale {
    /// Scale to mean 0 and standard deviation 1 in each column of `x`, for columns of any unit and far from 0; an empty
    /// scale if all numbers are within -1 to 1, such as pixels. A constant column becomes 0.
    pub(crate) fn of(x: &Samples) -> Self {
        if x.values().iter().all(|x| x.abs() <= 1.0) {
            return InputScale::default();
        }
        let shift = rows::means(x);
        let spread = rows::deviations(x, &shift);
        // Differences below the rounding errors of the mean are no spread.
        let factor = spread.iter().zip(&shift).map(|(&s, m)| if s > m.abs() * 1e-14 { 1.0 / s } else { 0.0 });
        InputScale { factor: factor.collect(), shift }
    }

    /// Checks a scale that was read from a file, for samples of `width` numbers (else [`Error::Config`]).
    pub(crate) fn check(&self, width: usize) -> Result<()> {
        let len = self.shift.len();
        super::ensure((len == 0 || len == width) && self.factor.len() == len, "its scale has another width")?;
        super::ensure(super::is_finite(&[&self.shift, &self.factor]), "its scale is not finite")
    }

    /// Adds the scaling of the samples `x` to `graph`; an index, which stands for one-hot numbers, has no scale.
    pub(crate) fn add_to(&self, graph: &mut Graph, x: Observed) -> Observed {
        let (false, Observed::Numbers(x)) = (self.shift.is_empty(), x) else { return x };
        let d = self.shift.len();
        let shift = graph.parameter("scale.mean", &[d], Data::F64(self.shift.clone()));
        let factor = graph.parameter("scale.inverse_std", &[d], Data::F64(self.factor.clone()));
        let x = graph.apply(Op::Cast(Kind::F64), &[x]);
        let centered = graph.apply(Op::Sub, &[x, shift]);
        let scaled = graph.apply(Op::Mul, &[centered, factor]);
        Observed::Numbers(graph.apply(Op::Cast(Kind::F32), &[scaled]))
    }

    /// Appends the scaled row `x [D]` to `out`.
    pub(crate) fn push(&self, x: &[f64], out: &mut Vec<f32>) {
        match self.shift.is_empty() {
            true => out.extend(x.iter().map(|&x| x as f32)),
            false => {
                let columns = self.shift.iter().zip(&self.factor);
                out.extend(x.iter().zip(columns).map(|(x, (shift, factor))| ((x - shift) * factor) as f32));
            }
        }
    }
}

/// Writes the rows of `x` with the indices `which` to `out`, scaled by `scale`.
pub(crate) fn gather(x: &Samples, which: &[u32], scale: &InputScale, out: &mut Vec<f32>) {
    out.clear();
    which.iter().for_each(|&i| scale.push(x.row(i as usize), out));
}

/// Checks `parameters`, read from a file: as many as `network` has, all finite (else [`Error::Config`]).
pub(crate) fn check_parameters(network: &Network, parameters: &[f32]) -> Result<()> {
    super::ensure(
        parameters.len() == network.size(),
        "it has another number of parameters than its network",
    )?;
    super::ensure(all_finite(parameters), "a parameter is not finite")
}

/// Output `[N, O]` of `network` for all N rows of `x`, scaled by `scale`; the function `finish`, such as a softmax, is
/// applied to each block of rows.
pub(crate) fn apply(
    network: &Network,
    parameters: &[f32],
    x: &Samples,
    scale: &InputScale,
    finish: impl Fn(&mut [f32]) + Sync,
) -> Result<Samples> {
    rows::map_rows(x, network.output_len(), |block, out| {
        let (mut rows, mut output) = (Vec::with_capacity(block.len()), vec![0.0; out.len()]);
        block.chunks_exact(x.width()).for_each(|row| scale.push(row, &mut rows));
        network.act(parameters, &rows, &mut Workspace::default(), &mut output);
        finish(&mut output);
        out.iter_mut().zip(output).for_each(|(out, value)| *out = value.into());
    })
}

/// Side length in pixels of square images with `channels` channels, stored in rows of `width` numbers.
///
/// # Errors
/// [`Error::Config`] if the images are not square.
pub(crate) fn image_side(width: usize, channels: u32) -> Result<usize> {
    let (channels, pixels) = (channels as usize, width / channels.max(1) as usize);
    let side = pixels.isqrt();
    match side * side * channels == width && width > 0 {
        true => Ok(side),
        false => Err(Error::Config(format!(
            "convolutions need square images, and {width} numbers are not a square image of {channels} channels: set \
             in_channels, or use an estimator without convolutions"
        ))),
    }
}
