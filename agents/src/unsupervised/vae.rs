//! The variational autoencoder: a few hidden factors z, and two networks, from samples to factors and back.
//!
//! ```text
//! mean, ln var = encoder(x)      z = mean + exp(ln var / 2) eps,  eps ~ N(0, 1)
//! -ELBO = -sum_d [x_d ln p_d + (1 - x_d) ln(1 - p_d)] + beta sum_k (mean^2 + var - 1 - ln var) / 2,   p = sigmoid(decoder(z))
//! ```
//!
//! Kingma & Welling 2013, arXiv 1312.6114; beta above 1 asks for factors that vary alone (Higgins et al. 2017). Samples are `[N, D]`,
//! each number a probability from 0 to 1; factors `[N, K]`. Losses are in nats a sample.

use freewheel_core::{Error, Purpose, Result, Samples, Stream, Streams};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Codes, Encode};
use crate::fit::descent::{Descent, Learning, apply, finite_loss, gather, side};
use crate::fit::kind::as_text;
use crate::fit::{Model, Settings, Watch};
use crate::nn::{Activation, Builder, Conv, Init, Network};
use crate::settings::within;

pub use bound::Elbo;
use bound::{bernoulli, divergence, draw, of_factors, sigmoid};

mod bound;

/// Settings of the variational autoencoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)] // serde cannot deny unknown fields through a flattening; the reader of settings does.
pub struct Config {
    /// Hidden factors, 1 to 4096.
    pub latent_dim: u32,
    /// Weight of the divergence of the factors from N(0, 1), at least 0.
    pub beta: f64,
    /// Units of each hidden layer of the encoder, each 1 to 65536; the decoder has them in reverse.
    pub hidden_sizes: Vec<u32>,
    /// Channels of convolutions in front of them, each of which halves height and width, each 1 to 1024; an empty list for none.
    pub channels: Vec<u32>,
    /// Planes of an image, 1 to 1024, where there are convolutions: 1 for gray, 3 for colors.
    pub in_channels: u32,
    /// How it learns.
    #[serde(flatten)]
    pub descent: Descent,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            latent_dim: 2,
            beta: 1.0,
            hidden_sizes: vec![512, 256],
            channels: Vec::new(),
            in_channels: 1,
            descent: Descent { num_epochs: 30, batch_size: 64, ..Descent::default() },
        }
    }
}

/// An encoder and a decoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Vae {
    #[serde(with = "as_text")]
    config: Config,
    width: usize,
    encoder: Vec<f32>,
    decoder: Vec<f32>,
}

impl Settings for Config {
    const ID: &'static str = "vae";
    const ABOUT: &'static str =
        "VAE: a few hidden factors, networks to them and back (Kingma & Welling 2013)";
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
        self.descent.validate()
    }
}

impl Config {
    /// The convolutions of the encoder, outermost first.
    fn convolutions(&self, width: usize) -> Result<Vec<Conv>> {
        if self.channels.is_empty() {
            return Ok(Vec::new());
        }
        let mut size = [side(width, self.in_channels)?; 2];
        let mut channels = self.in_channels as usize;
        let mut all = Vec::new();
        for &out in &self.channels {
            if size[0] < 2 {
                return Err(Error::Config(format!(
                    "channels: {} convolutions halve images of {width} numbers to nothing; give fewer",
                    self.channels.len()
                )));
            }
            let conv = Conv { channels, size, out_channels: out as usize, kernel: 4, stride: 2, padding: 1 };
            (size, channels) = (conv.out_size(), conv.out_channels);
            all.push(conv);
        }
        Ok(all)
    }

    /// From `[B, D]` to means and logarithms of variances, `[B, 2 K]`.
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
        let latents = self.latent_dim as usize;
        let mean = net.linear("encoder.mean", at, latents, Activation::Identity, Init::Xavier(1.0));
        let ln_var = net.linear("encoder.ln_var", at, latents, Activation::Identity, Init::Xavier(0.1));
        Ok(net.build(&[mean, ln_var]))
    }

    /// From `[B, K]` to log-odds `[B, D]`.
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
            // Points as channels, channels as points: back to planes.
            at = net.channels_last(at, width / self.in_channels as usize);
        }
        Ok(net.build(&[at]))
    }
}

/// Kaiming's bound for a ReLU.
const GAIN: Init = Init::Kaiming(std::f32::consts::SQRT_2);

impl Encode for Config {
    fn fit(&self, x: &Samples, streams: Streams, watch: &mut Watch<'_>) -> Result<Vae> {
        let mut training = Training::new(self.clone(), x, streams)?;
        self.descent.run(x, streams, watch, |batch, lr, step| training.step(x, batch, lr, step))?;
        Ok(training.model())
    }
}

/// A variational autoencoder that learns, an epoch at a time for whoever looks on meanwhile.
///
/// ```
/// # use freewheel_agents::unsupervised::vae::{Config, Training};
/// # use freewheel_core::{Samples, Streams};
/// let x = Samples::new([0.0, 0.0, 1.0, 1.0].repeat(32), 2)?;
/// let mut training = Training::new(Config { hidden_sizes: vec![8], ..Config::default() }, &x, Streams::new(0))?;
/// let first = training.epoch(&x)?;
/// for _ in 0..20 {
///     training.epoch(&x)?;
/// }
/// assert!(training.epoch(&x)? < first);
/// # Ok::<(), freewheel_core::Error>(())
/// ```
pub struct Training {
    config: Config,
    streams: Streams,
    encoder: Learning,
    decoder: Learning,
    epochs: u64,
    steps: u64,
    scratch: Scratch,
}

#[derive(Default)]
struct Scratch {
    x: Vec<f32>,
    eps: Vec<f32>,
    z: Vec<f32>,
    of_z: Vec<f32>,
}

impl Training {
    /// With first parameters, for samples like `x`.
    ///
    /// # Errors
    /// [`Error::Config`] for a setting out of range, or samples that are not from 0 to 1 or do not suit it.
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
        let encoder = Learning::new(config.encoder(x.width())?, &config.descent, streams, 0)?;
        let decoder = Learning::new(config.decoder(x.width())?, &config.descent, streams, 1)?;
        Ok(Training { config, streams, encoder, decoder, epochs: 0, steps: 0, scratch: Scratch::default() })
    }

    /// One epoch; gives the mean loss of its batches, nats a sample.
    ///
    /// # Errors
    /// [`Error::Diverged`].
    pub fn epoch(&mut self, x: &Samples) -> Result<f64> {
        let order = self.config.descent.order(self.epochs, x.rows(), self.streams);
        let mut loss = 0.0;
        for batch in order.chunks(self.config.descent.batch_size as usize) {
            let lr = self.config.descent.rate(self.steps, x.rows());
            loss += self.step(x, batch, lr, self.steps)?;
        }
        self.epochs += 1;
        Ok(loss / x.rows() as f64)
    }

    /// What it has learned by now.
    pub fn model(&self) -> Vae {
        Vae {
            config: self.config.clone(),
            width: self.encoder.network.input_len(),
            encoder: self.encoder.parameters.clone(),
            decoder: self.decoder.parameters.clone(),
        }
    }

    /// One batch; gives the sum of its losses.
    fn step(&mut self, x: &Samples, batch: &[u32], lr: f64, step: u64) -> Result<f64> {
        self.steps += 1;
        let Training { config, encoder, decoder, scratch, .. } = self;
        let Scratch { x: rows, eps, z, of_z } = scratch;
        gather(x, batch, rows);
        let (k, scale) = (config.latent_dim as usize, 1.0 / batch.len() as f32);
        let mut rng = self.streams.stream(Purpose::Agent, step, 1);
        eps.clear();
        eps.extend((0..batch.len() * k).map(|_| rng.normal() as f32));
        encoder.forward(rows);
        draw(encoder.judge().0, eps, k, z);
        decoder.forward(z);
        let (logits, of_logits) = decoder.judge();
        let reconstruction = bernoulli(logits, rows, scale, of_logits);
        of_z.resize(z.len(), 0.0);
        decoder.backward(z, Some(of_z), lr, step)?;
        let (codes, of_codes) = encoder.judge();
        let divergence = divergence(codes, k);
        of_factors(codes, eps, of_z, k, config.beta as f32 * scale, of_codes);
        let loss = finite_loss(reconstruction + config.beta * divergence, step)?;
        encoder.backward(rows, None, lr, step)?;
        Ok(loss)
    }
}

impl Vae {
    /// The decoder's probabilities `[N, D]` for the means of what the encoder says of `x [N, D]`.
    ///
    /// # Errors
    /// None that a user could cause.
    pub fn reconstruct(&self, x: &Samples) -> Result<Samples> {
        self.decode(&self.encode(x)?)
    }

    /// Means and logarithms of variances of the factors of `x [N, D]`, `[N, 2 K]`.
    ///
    /// # Errors
    /// None that a user could cause.
    pub fn factors(&self, x: &Samples) -> Result<Samples> {
        apply(&self.config.encoder(self.width)?, &self.encoder, x, |_| {})
    }

    /// `count` samples `[count, D]`: what the decoder makes of factors drawn from N(0, 1).
    ///
    /// # Errors
    /// None that a user could cause.
    pub fn sample(&self, count: usize, rng: &mut Stream) -> Result<Samples> {
        let k = self.code_width();
        self.decode(&Samples::new((0..count * k).map(|_| rng.normal() as f32).collect(), k)?)
    }

    /// What `x [N, D]` costs, with one draw of every sample's factors.
    ///
    /// # Errors
    /// None that a user could cause.
    pub fn elbo(&self, x: &Samples, rng: &mut Stream) -> Result<Elbo> {
        let k = self.code_width();
        let codes = self.factors(x)?;
        let eps: Vec<f32> = (0..x.rows() * k).map(|_| rng.normal() as f32).collect();
        let mut z = Vec::new();
        draw(codes.values(), &eps, k, &mut z);
        let logits = apply(&self.config.decoder(self.width)?, &self.decoder, &Samples::new(z, k)?, |_| {})?;
        let mut unused = vec![0.0; logits.values().len()];
        let n = x.rows() as f64;
        Ok(Elbo {
            reconstruction: bernoulli(logits.values(), x.values(), 1.0, &mut unused) / n,
            divergence: divergence(codes.values(), k) / n,
        })
    }
}

impl Model for Vae {
    fn width(&self) -> usize {
        self.width
    }

    fn parameters(&self) -> usize {
        self.encoder.len() + self.decoder.len()
    }
}

impl Codes for Vae {
    fn code_width(&self) -> usize {
        self.config.latent_dim as usize
    }

    fn encode(&self, x: &Samples) -> Result<Samples> {
        let k = self.code_width();
        let factors = self.factors(x)?;
        Samples::new(factors.iter().flat_map(|row| &row[..k]).copied().collect(), k)
    }

    fn decode(&self, codes: &Samples) -> Result<Samples> {
        let decoder = self.config.decoder(self.width)?;
        apply(&decoder, &self.decoder, codes, |out| out.iter_mut().for_each(|l| *l = sigmoid(*l)))
    }
}

#[cfg(test)]
mod tests;
