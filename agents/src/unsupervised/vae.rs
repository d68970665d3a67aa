//! Variational autoencoder (VAE): an encoder network from samples x to latent variables z, and a decoder network from z
//! back to x.
//!
//! ```text
//! mean, ln var = encoder(x)      z = mean + exp(ln var / 2) eps,  eps ~ N(0, 1)
//! -ELBO = -sum_d [x_d ln p_d + (1 - x_d) ln(1 - p_d)] + beta sum_k (mean^2 + var - 1 - ln var) / 2
//! p = sigmoid(decoder(z))
//! ```
//!
//! Kingma & Welling 2013, arXiv 1312.6114; beta above 1 favors disentangled latent variables (beta-VAE; Higgins et al.
//! 2017). Samples are `[N, D]` with numbers from 0 to 1, latent variables `[N, K]`. Losses are in nats per sample.
//!
//! ```
//! use freewheel_agents::estimator::{Estimator, TrainingConfig, Transformer};
//! use freewheel_agents::unsupervised::vae::Config;
//! use freewheel_core::{Streams};
//! use freewheel_agents::{Samples};
//!
//! let x = Samples::new([0.0, 0.0, 1.0, 1.0].repeat(32), 2)?;
//! let training = TrainingConfig { num_epochs: 100, learning_rate: 1e-2, ..TrainingConfig::default() };
//! let config = Config { latent_dim: 1, beta: 0.1, hidden_sizes: vec![8], training, ..Config::default() };
//! let mut vae = Estimator::new(config, Streams::new(0))?;
//! vae.fit(&x)?;
//! assert_eq!(vae.transform(&x)?.width(), 1);
//! assert!(vae.score(&x)? > -0.1);
//! # Ok::<(), freewheel_core::Error>(())
//! ```

use crate::Samples;
use freewheel_core::{Error, Purpose, Result, Stream, Streams};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::estimator::factory::toml_text;
use crate::estimator::training::{
    InputScale, NetworkTrainer, TrainingConfig, apply, check_parameters, finite_loss, gather, image_side,
};
use crate::estimator::{
    EstimatorConfig, FitCallback, Model, Task, TransformerConfig, TransformerModel, ensure,
};
use crate::nn::model::MAX_PARAMETERS;
use crate::nn::{Activation, Builder, Conv, Init, Network};
use crate::settings::within;

pub use bound::Elbo;
use bound::{bernoulli, kl_divergence, posterior_gradient, sample_latents, sigmoid};

mod bound;

/// Settings of the variational autoencoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)] // serde cannot deny unknown fields through a flattening; the reader of settings does.
pub struct Config {
    /// Number of latent variables, 1 to 4096.
    pub latent_dim: u32,
    /// Weight of the KL divergence of the latent variables from N(0, 1), at least 0.
    pub beta: f64,
    /// Units of each hidden layer of the encoder, each 1 to 65536; the decoder has the same layers in reverse order.
    pub hidden_sizes: Vec<u32>,
    /// Output channels of the convolutions before the hidden layers, each 1 to 1024; each halves height and width. []
    /// for none.
    pub channels: Vec<u32>,
    /// Channels of an image, 1 to 1024: 1 for gray, 3 for RGB; only used with convolutions.
    pub in_channels: u32,
    /// Training settings.
    #[serde(flatten, deserialize_with = "freewheel_core::settings::flattened")]
    pub training: TrainingConfig,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            latent_dim: 2,
            beta: 1.0,
            hidden_sizes: vec![512, 256],
            channels: Vec::new(),
            in_channels: 1,
            training: TrainingConfig { num_epochs: 30, batch_size: 64, ..TrainingConfig::default() },
        }
    }
}

/// A fitted variational autoencoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Vae {
    #[serde(with = "toml_text")]
    config: Config,
    width: usize,
    encoder: Vec<f32>,
    decoder: Vec<f32>,
}

impl EstimatorConfig for Config {
    const ID: &'static str = "vae";
    const ABOUT: &'static str =
        "variational autoencoder: latent variables with encoder and decoder networks (Kingma & Welling 2013)";
    const TASK: Task = Task::Unsupervised;
    type Model = Vae;

    fn validate(&self) -> Result<()> {
        within("latent_dim", f64::from(self.latent_dim), 1.0, 4096.0)?;
        within("beta", self.beta, 0.0, f64::MAX)?;
        self.hidden_sizes
            .iter()
            .try_for_each(|&units| within("hidden_sizes", f64::from(units), 1.0, 65_536.0))?;
        self.channels
            .iter()
            .try_for_each(|&channels| within("channels", f64::from(channels), 1.0, 1024.0))?;
        within("in_channels", f64::from(self.in_channels), 1.0, 1024.0)?;
        self.training.validate()
    }
}

impl Config {
    /// Convolutions of the encoder, in order from the image to the hidden layers.
    fn convolutions(&self, width: usize) -> Result<Vec<Conv>> {
        if self.channels.is_empty() {
            return Ok(Vec::new());
        }
        let mut size = [image_side(width, self.in_channels)?; 2];
        let mut channels = self.in_channels as usize;
        let mut all = Vec::new();
        for &out in &self.channels {
            if size[0] < 2 {
                return Err(Error::Config(format!(
                    "channels: images of {width} numbers are too small for {} convolutions of stride 2; use fewer",
                    self.channels.len()
                )));
            }
            let conv = Conv { channels, size, out_channels: out as usize, kernel: 4, stride: 2, padding: 1 };
            (size, channels) = (conv.out_size(), conv.out_channels);
            all.push(conv);
        }
        Ok(all)
    }

    /// Encoder network: from B samples `[B, D]` to means and log variances of K latent variables, `[B, 2 K]`.
    fn encoder(&self, width: usize) -> Result<Network> {
        let mut net = Builder::new(width);
        let mut at = 0;
        let convolutions = self.convolutions(width)?;
        if !convolutions.is_empty() && self.in_channels > 1 {
            at = net.channels_last(at, self.in_channels as usize);
        }
        for (i, &conv) in convolutions.iter().enumerate() {
            at = net.conv(&format!("encoder.conv.{i}"), at, conv, None, Activation::Relu, GAIN);
        }
        for (i, &units) in self.hidden_sizes.iter().enumerate() {
            at = net.linear(&format!("encoder.{i}"), at, units as usize, Activation::Relu, GAIN);
        }
        let latent_dim = self.latent_dim as usize;
        let mean = net.linear("encoder.mean", at, latent_dim, Activation::Identity, Init::Xavier(1.0));
        let log_var = net.linear("encoder.ln_var", at, latent_dim, Activation::Identity, Init::Xavier(0.1));
        Ok(net.build(&[mean, log_var]))
    }

    /// Decoder network: from K latent variables, `[B, K]`, to logits of the samples, `[B, D]`.
    fn decoder(&self, width: usize) -> Result<Network> {
        let mut net = Builder::new(self.latent_dim as usize);
        let mut at = 0;
        let convolutions = self.convolutions(width)?;
        for (i, &units) in self.hidden_sizes.iter().rev().enumerate() {
            at = net.linear(&format!("decoder.{i}"), at, units as usize, Activation::Relu, GAIN);
        }
        let inner = convolutions.last().map_or(width, Conv::out_len);
        let (activation, init) = match convolutions.is_empty() {
            true => (Activation::Identity, Init::Xavier(1.0)),
            false => (Activation::Relu, GAIN),
        };
        at = net.linear("decoder.out", at, inner, activation, init);
        for (i, &conv) in convolutions.iter().enumerate().rev() {
            let activation = if i == 0 { Activation::Identity } else { Activation::Relu };
            at = net.transposed(&format!("decoder.conv.{i}"), at, conv, activation, GAIN);
        }
        if !convolutions.is_empty() && self.in_channels > 1 {
            // Inverse of the transposition of pixels and channels in the encoder.
            at = net.channels_last(at, width / self.in_channels as usize);
        }
        Ok(net.build(&[at]))
    }
}

/// Kaiming initialization for a ReLU.
const GAIN: Init = Init::Kaiming(std::f32::consts::SQRT_2);

impl TransformerConfig for Config {
    fn fit(&self, x: &Samples, streams: Streams, callback: &mut FitCallback<'_>) -> Result<Vae> {
        let mut training = VaeTrainer::new(self.clone(), x, streams)?;
        self.training.run(x, streams, callback, |batch, lr, step| training.step(x, batch, lr, step))?;
        Ok(training.model())
    }
}

/// Training of a variational autoencoder, epoch by epoch.
///
/// ```
/// # use freewheel_agents::unsupervised::vae::{Config, VaeTrainer};
/// # use freewheel_core::{Streams};
/// # use freewheel_agents::{Samples};
/// let x = Samples::new([0.0, 0.0, 1.0, 1.0].repeat(32), 2)?;
/// let mut trainer = VaeTrainer::new(Config { hidden_sizes: vec![8], ..Config::default() }, &x, Streams::new(0))?;
/// let first = trainer.epoch(&x)?;
/// for _ in 0..20 {
///     trainer.epoch(&x)?;
/// }
/// assert!(trainer.epoch(&x)? < first);
/// # Ok::<(), freewheel_core::Error>(())
/// ```
pub struct VaeTrainer {
    config: Config,
    streams: Streams,
    encoder: NetworkTrainer,
    decoder: NetworkTrainer,
    epochs: u64,
    steps: u64,
    scratch: Scratch,
}

#[derive(Default)]
struct Scratch {
    x: Vec<f32>,
    eps: Vec<f32>,
    z: Vec<f32>,
    grad_z: Vec<f32>,
}

impl VaeTrainer {
    /// Trainer with initial parameters, for samples of the width of `x`.
    ///
    /// # Errors
    /// [`Error::Setting`] for a setting out of range; [`Error::Config`] for numbers outside 0 to 1, or images that are
    /// not square.
    pub fn new(config: Config, x: &Samples, streams: Streams) -> Result<Self> {
        config.validate()?;
        if let Some(at) = x.values().iter().position(|x| !(0.0..=1.0).contains(x)) {
            return Err(Error::Config(format!(
                "vae: row {}, column {} is {}; numbers must be from 0 to 1: scale the samples",
                at / x.width() + 1,
                at % x.width() + 1,
                x.values()[at]
            )));
        }
        let encoder =
            NetworkTrainer::new(config.encoder(x.width())?, &config.training, streams, 0, x.rows())?;
        let decoder =
            NetworkTrainer::new(config.decoder(x.width())?, &config.training, streams, 1, x.rows())?;
        Ok(VaeTrainer { config, streams, encoder, decoder, epochs: 0, steps: 0, scratch: Scratch::default() })
    }

    /// Trains for one epoch over `x [N, D]`; returns the mean loss in nats per sample.
    ///
    /// # Errors
    /// [`Error::Diverged`] if the loss, the gradient or a parameter is not finite.
    pub fn epoch(&mut self, x: &Samples) -> Result<f64> {
        let order = self.config.training.order(self.epochs, x.rows(), self.streams);
        let mut loss = 0.0;
        for batch in order.chunks(self.config.training.batch_size as usize) {
            let lr = self.config.training.learning_rate_at(self.steps, x.rows());
            loss += self.step(x, batch, lr, self.steps)?;
        }
        self.epochs += 1;
        Ok(loss / x.rows() as f64)
    }

    /// Model with the current parameters.
    pub fn model(&self) -> Vae {
        Vae {
            config: self.config.clone(),
            width: self.encoder.network.input_len(),
            encoder: self.encoder.parameters.clone(),
            decoder: self.decoder.parameters.clone(),
        }
    }

    /// Trains on the rows of `x` with the indices `batch`; returns the sum of their losses in nats.
    fn step(&mut self, x: &Samples, batch: &[u32], lr: f64, step: u64) -> Result<f64> {
        self.steps += 1;
        let VaeTrainer { config, encoder, decoder, scratch, .. } = self;
        let Scratch { x: rows, eps, z, grad_z } = scratch;
        gather(x, batch, &InputScale::default(), rows);
        let (k, scale) = (config.latent_dim as usize, 1.0 / batch.len() as f32);
        let mut rng = self.streams.stream(Purpose::Agent, step, 1);
        eps.clear();
        eps.extend((0..batch.len() * k).map(|_| rng.normal() as f32));
        encoder.forward(rows);
        sample_latents(encoder.output_and_gradient().0, eps, k, z);
        decoder.forward(z);
        let (logits, grad_logits) = decoder.output_and_gradient();
        let reconstruction = bernoulli(logits, rows, scale, grad_logits);
        grad_z.resize(z.len(), 0.0);
        decoder.backward(z, Some(grad_z), lr, step)?;
        let (codes, grad_codes) = encoder.output_and_gradient();
        let kl_divergence = kl_divergence(codes, k);
        posterior_gradient(codes, eps, grad_z, k, config.beta as f32 * scale, grad_codes);
        let loss = finite_loss(reconstruction + config.beta * kl_divergence, step)?;
        encoder.backward(rows, None, lr, step)?;
        Ok(loss)
    }
}

impl Vae {
    /// Reconstructions `[N, D]` of N samples `x [N, D]`: probabilities decoded from the latent means.
    ///
    /// # Errors
    /// None if `x` has D columns.
    pub fn reconstruct(&self, x: &Samples) -> Result<Samples> {
        self.inverse_transform(&self.transform(x)?)
    }

    /// Means and log variances of the K latent variables, `[N, 2 K]`, of N samples `x [N, D]`.
    ///
    /// # Errors
    /// None if `x` has D columns.
    pub fn posterior(&self, x: &Samples) -> Result<Samples> {
        apply(&self.config.encoder(self.width)?, &self.encoder, x, &InputScale::default(), |_| {})
    }

    /// New random samples `[count, D]`, decoded from latent variables drawn from N(0, 1).
    ///
    /// # Errors
    /// None.
    pub fn sample(&self, count: usize, rng: &mut Stream) -> Result<Samples> {
        let k = self.n_features_out();
        self.inverse_transform(&Samples::new((0..count * k).map(|_| rng.normal()).collect(), k)?)
    }

    /// Evidence lower bound (ELBO) of N samples `x [N, D]`, estimated with one draw of the latent variables per sample.
    ///
    /// # Errors
    /// None if `x` has D columns.
    pub fn elbo(&self, x: &Samples, rng: &mut Stream) -> Result<Elbo> {
        let k = self.n_features_out();
        let codes = self.posterior(x)?;
        let eps: Vec<f32> = (0..x.rows() * k).map(|_| rng.normal() as f32).collect();
        let mut z = Vec::new();
        let codes = codes.to_f32();
        sample_latents(&codes, &eps, k, &mut z);
        let z = Samples::from_f32(&z, k)?;
        let logits =
            apply(&self.config.decoder(self.width)?, &self.decoder, &z, &InputScale::default(), |_| {})?;
        let mut unused = vec![0.0; logits.values().len()];
        let n = x.rows() as f64;
        Ok(Elbo {
            reconstruction: bernoulli(&logits.to_f32(), &x.to_f32(), 1.0, &mut unused) / n,
            kl_divergence: kl_divergence(&codes, k) / n,
        })
    }
}

impl Model for Vae {
    fn n_features_in(&self) -> usize {
        self.width
    }

    fn n_parameters(&self) -> usize {
        self.encoder.len() + self.decoder.len()
    }

    fn check(&self) -> Result<()> {
        self.config.validate()?;
        ensure((1..=MAX_PARAMETERS).contains(&self.width), "its number of features is out of range")?;
        check_parameters(&self.config.encoder(self.width)?, &self.encoder)?;
        check_parameters(&self.config.decoder(self.width)?, &self.decoder)
    }
}

impl TransformerModel for Vae {
    fn n_features_out(&self) -> usize {
        self.config.latent_dim as usize
    }

    fn transform(&self, x: &Samples) -> Result<Samples> {
        let k = self.n_features_out();
        let posterior = self.posterior(x)?;
        Samples::new(posterior.iter().flat_map(|row| &row[..k]).copied().collect(), k)
    }

    fn inverse_transform(&self, codes: &Samples) -> Result<Samples> {
        let decoder = self.config.decoder(self.width)?;
        apply(&decoder, &self.decoder, codes, &InputScale::default(), |out| {
            out.iter_mut().for_each(|l| *l = sigmoid(*l))
        })
    }
}

#[cfg(test)]
mod tests;
