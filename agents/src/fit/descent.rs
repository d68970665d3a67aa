//! Networks that learn from samples: epochs of shuffled batches, each a step of an optimizer.
//!
//! A batch is cut into chunks by [`Network`], whose gradients are added in their order: the number of threads changes no bit.

use std::ops::ControlFlow;

use freewheel_core::{Error, Purpose, Result, Samples, Streams};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rows;
use crate::nn::model::MOST_PARAMETERS;
use crate::nn::{Network, Optimizer, Pass, Rule, Workspace};
use crate::settings::within;

/// What every network that learns from samples is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)] // serde cannot deny unknown fields through a flattening; the reader of settings does.
pub struct Descent {
    /// Times that all samples are gone through, 1 to 100000.
    pub num_epochs: u32,
    /// Samples of a step, 1 to 1000000; the last one of an epoch may be smaller.
    pub batch_size: u32,
    /// Learning rate of the first step, above 0.
    pub learning_rate: f64,
    /// Share of it that is left at the last step, along half a cosine, 0 to 1 (Loshchilov & Hutter 2017).
    pub end_factor: f64,
    /// Optimizer: { kind = "adam" | "adam-w" | "rmsprop" | "sgd", ... }.
    pub optimizer: Rule,
}

impl Default for Descent {
    fn default() -> Self {
        Descent {
            num_epochs: 20,
            batch_size: 128,
            learning_rate: 1e-3,
            end_factor: 0.0,
            optimizer: Rule::default(),
        }
    }
}

impl Descent {
    /// Checks every range.
    ///
    /// # Errors
    /// [`Error::Config`] naming the field, its value and what is allowed.
    pub fn validate(&self) -> Result<()> {
        within("num_epochs", f64::from(self.num_epochs), 1.0, 100_000.0)?;
        within("batch_size", f64::from(self.batch_size), 1.0, 1e6)?;
        within("learning_rate", self.learning_rate, f64::MIN_POSITIVE, f64::MAX)?;
        within("end_factor", self.end_factor, 0.0, 1.0)?;
        self.optimizer.validate()
    }

    /// Steps of an epoch over `rows` samples.
    pub(crate) fn steps(&self, rows: usize) -> u64 {
        rows.div_ceil(self.batch_size as usize) as u64
    }

    /// The rate of step `step` over `rows` samples.
    pub(crate) fn rate(&self, step: u64, rows: usize) -> f64 {
        let all = self.steps(rows) * u64::from(self.num_epochs);
        let done = step as f64 / all.max(1) as f64;
        let left = (1.0 + (std::f64::consts::PI * done.min(1.0)).cos()) / 2.0;
        self.learning_rate * (self.end_factor + (1.0 - self.end_factor) * left)
    }

    /// The rows of `epoch` in their order, batch after batch.
    pub(crate) fn order(&self, epoch: u64, rows: usize, streams: Streams) -> Vec<u32> {
        let mut order: Vec<u32> = (0..rows as u32).collect();
        rows::shuffle(&mut order, &mut streams.stream(Purpose::Agent, epoch, 0));
        order
    }

    /// Runs epochs until the last one, or until `watch` says so. `step` is given a batch's rows, its rate and number, and gives the sum
    /// of their losses.
    pub(crate) fn run(
        &self,
        x: &Samples,
        streams: Streams,
        watch: &mut super::Watch<'_>,
        mut step: impl FnMut(&[u32], f64, u64) -> Result<f64>,
    ) -> Result<()> {
        let mut done = 0;
        for epoch in 0..u64::from(self.num_epochs) {
            let mut loss = 0.0;
            for batch in self.order(epoch, x.rows(), streams).chunks(self.batch_size as usize) {
                loss += step(batch, self.rate(done, x.rows()), done)?;
                done += 1;
            }
            let loss = loss / x.rows() as f64;
            let progress = super::Progress { done: epoch + 1, of: self.num_epochs.into(), loss };
            if let ControlFlow::Break(()) = watch(progress) {
                break;
            }
        }
        Ok(())
    }
}

/// A network that learns: parameters, optimizer, and room for a batch.
pub(crate) struct Learning {
    pub(crate) network: Network,
    pub(crate) parameters: Vec<f32>,
    optimizer: Optimizer,
    gradient: Vec<f32>,
    pass: Pass,
    out: Vec<f32>,
    of_out: Vec<f32>,
}

impl Learning {
    /// With first parameters drawn from stream `index`.
    pub(crate) fn new(network: Network, descent: &Descent, streams: Streams, index: u64) -> Result<Self> {
        let size = network.size();
        if size > MOST_PARAMETERS {
            return Err(Error::Config(format!(
                "this network has {size} parameters, more than {MOST_PARAMETERS}: give it fewer units or channels"
            )));
        }
        Ok(Learning {
            parameters: network.initial(&mut streams.stream(Purpose::Initialization, index, 0)),
            optimizer: Optimizer::new(descent.optimizer, size),
            gradient: vec![0.0; size],
            pass: Pass::default(),
            out: Vec::new(),
            of_out: Vec::new(),
            network,
        })
    }

    /// The output `[B, O]` for `x [B, D]`, kept for [`Learning::backward`].
    pub(crate) fn forward(&mut self, x: &[f32]) -> &[f32] {
        self.out.resize(x.len() / self.network.input_len() * self.network.output_len(), 0.0);
        self.network.forward(&self.parameters, x, &mut self.pass, &mut self.out);
        &self.out
    }

    /// The output, and where its gradient is to be written: both `[B, O]`.
    pub(crate) fn judge(&mut self) -> (&[f32], &mut [f32]) {
        self.of_out.resize(self.out.len(), 0.0);
        (&self.out, &mut self.of_out)
    }

    /// A step at rate `lr` after the gradient of the output was written, and the gradient of `x` to `of_x` where it is wanted.
    ///
    /// # Errors
    /// [`Error::Diverged`] where gradient or parameters are no longer finite.
    pub(crate) fn backward(&mut self, x: &[f32], of_x: Option<&mut [f32]>, lr: f64, step: u64) -> Result<()> {
        let Learning { network, parameters, optimizer, gradient, pass, of_out, .. } = self;
        network.backward(parameters, x, pass, of_out, gradient, of_x);
        let stepped = optimizer.step(parameters, gradient, lr, None);
        let diverged = |quantity: &str, value| Error::Diverged { quantity: quantity.into(), value, step };
        match (stepped.norm.is_finite(), stepped.finite) {
            (false, _) => Err(diverged("gradient norm", stepped.norm)),
            (_, false) => Err(diverged("a parameter", f64::NAN)),
            _ => Ok(()),
        }
    }
}

/// Says that a loss is no longer finite.
///
/// # Errors
/// [`Error::Diverged`].
pub(crate) fn finite_loss(loss: f64, step: u64) -> Result<f64> {
    match loss.is_finite() {
        true => Ok(loss),
        false => Err(Error::Diverged { quantity: "loss".into(), value: loss, step }),
    }
}

/// The rows `which` of `x`, side by side in `out`.
pub(crate) fn gather(x: &Samples, which: &[u32], out: &mut Vec<f32>) {
    out.clear();
    which.iter().for_each(|&i| out.extend_from_slice(x.row(i as usize)));
}

/// What `network` with `parameters` makes of every row of `x`, `[N, O]`, each block finished by `finish`.
pub(crate) fn apply(
    network: &Network,
    parameters: &[f32],
    x: &Samples,
    finish: impl Fn(&mut [f32]) + Sync,
) -> Result<Samples> {
    rows::fill(x, network.output_len(), |x, out| {
        network.act(parameters, x, &mut Workspace::default(), out);
        finish(out);
    })
}

/// Pixels along each side of square images that lie in rows of `width` numbers, `planes` of them one after the other.
///
/// # Errors
/// [`Error::Config`] where they are not square.
pub(crate) fn side(width: usize, planes: u32) -> Result<usize> {
    let (planes, pixels) = (planes as usize, width / planes.max(1) as usize);
    let side = pixels.isqrt();
    match side * side * planes == width && width > 0 {
        true => Ok(side),
        false => Err(Error::Config(format!(
            "convolutions need square images, and {width} numbers are not {planes} of them: set planes, or use a network \
             without convolutions"
        ))),
    }
}
