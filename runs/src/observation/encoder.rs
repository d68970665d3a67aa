//! Encoder in front of an agent: an estimator is fitted, without rewards, to observations that a given policy collects,
//! and does not change afterwards.

use std::borrow::Cow;

use freewheel_agents::Samples;
use freewheel_agents::estimator::{AnyEstimator, EstimatorFactory, Transformer};
use freewheel_agents::unsupervised::KMeans;
use freewheel_agents::unsupervised::kmeans::{self, NearestCenter};
use freewheel_core::settings::unknown;
use freewheel_core::{
    ActionBuffer, ActionSpace, Actions, DynWorld, Error, ObservationEncoder, ObservationSpace, Purpose,
    Result, Spec, Stream, Streams, VectorEnv, memory,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use toml::Table;

use crate::fit::fitted_model;

/// Settings of an encoder: the estimator, its settings, and how the observations for the fit are collected. In TOML,
/// the name of the estimator is enough.
///
/// | estimator | observation of the agent |
/// |---|---|
/// | `kmeans` | index of the nearest of k cluster centers, so that a tabular agent has k states |
/// | `pca`, `vae`, another encoder | code of C numbers; the bounds are the minimum and maximum of the collected codes |
///
/// Observations are standardized (mean 0, variance 1) for the estimator. A VAE reads its samples as probabilities: for
/// a VAE, observations are scaled by the collected minimum and maximum to the range 0 to 1, and clipped to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written")]
pub struct EncoderConfig {
    /// Name of the estimator.
    pub estimator: String,
    /// Policy that collects the observations: `random`, or one of the world's scripted policies.
    pub policy: String,
    /// Probability that the collecting policy takes a random action instead, 0 to 1.
    pub epsilon: f64,
    /// Number of observations to collect, 1 to 100000000.
    pub steps: u32,
    /// Seed for collecting and fitting.
    pub seed: u64,
    /// Settings of the estimator.
    #[serde(skip_serializing_if = "Table::is_empty")]
    pub settings: Table,
}

/// Form of an [`EncoderConfig`] in TOML: the name of an estimator, or a table.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected the name of an estimator, or { estimator, policy, epsilon, steps, seed, settings }"
)]
enum Written {
    Name(String),
    Table(Keys),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    estimator: String,
    policy: Option<String>,
    epsilon: Option<f64>,
    steps: Option<u32>,
    seed: Option<u64>,
    settings: Option<Table>,
}

impl From<Written> for EncoderConfig {
    fn from(written: Written) -> Self {
        let keys = match written {
            Written::Table(keys) => keys,
            Written::Name(estimator) => {
                Keys { estimator, policy: None, epsilon: None, steps: None, seed: None, settings: None }
            }
        };
        EncoderConfig {
            estimator: keys.estimator,
            policy: keys.policy.unwrap_or_else(|| "random".into()),
            epsilon: keys.epsilon.unwrap_or(0.0),
            steps: keys.steps.unwrap_or(20_000),
            seed: keys.seed.unwrap_or(0),
            settings: keys.settings.unwrap_or_default(),
        }
    }
}

impl JsonSchema for EncoderConfig {
    fn schema_name() -> Cow<'static, str> {
        "Encoding".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "object"] })
    }
}

/// Number of environments in which observations are collected.
const NUM_ENVS: usize = 16;
/// First index of the random streams for actions, larger than any environment index.
const ACTION_STREAMS: u64 = 1 << 32;

impl EncoderConfig {
    /// Collects observations in `world` and fits the encoder.
    ///
    /// # Errors
    /// [`Error::Config`] for an unknown estimator or policy, an estimator that is not an encoder, a world with discrete
    /// observations, or a setting out of range.
    pub fn fit(
        &self,
        world: &dyn DynWorld,
        estimators: &[Box<dyn EstimatorFactory>],
    ) -> Result<FittedEncoder> {
        let Some(kind) = estimators.iter().find(|kind| kind.id() == self.estimator) else {
            let known: Vec<&str> = estimators.iter().map(|kind| kind.id()).collect();
            return Err(Error::Config(unknown("estimator", &self.estimator, &known, "")));
        };
        if let ObservationSpace::Discrete { n } = world.spec().observation {
            return Err(Error::Config(format!(
                "{}: the observation is an index below {n} and needs no encoder; leave `encoder` out",
                world.spec().id
            )));
        }
        let AnyEstimator::Transformer(mut encoder) = kind.build(&self.settings, Streams::new(self.seed))?
        else {
            return Err(Error::Config(format!(
                "{} needs targets and is no encoder; use kmeans, pca or vae",
                self.estimator
            )));
        };
        let seen = self.gather(world)?;
        let scale = Scale::of(&seen, self.estimator == "vae");
        let scaled = scale.apply(&seen.to_f32())?;
        encoder.fit(&scaled)?;
        let nearest_center = fitted_model::<kmeans::Config>(&*encoder)?.map(KMeans::nearest_center);
        let space = match nearest_center {
            Some(_) => ObservationSpace::Discrete { n: encoder.n_features_out()? },
            None => bounds(&encoder.transform(&scaled)?),
        };
        Ok(FittedEncoder { encoder, nearest_center, scale, space })
    }

    /// Collects observations `[N, D]` with the policy of the settings.
    ///
    /// # Errors
    /// [`Error::Config`] for an unknown policy, or an `epsilon` or `steps` out of range.
    pub fn gather(&self, world: &dyn DynWorld) -> Result<Samples> {
        let spec = world.spec();
        if !(0.0..=1.0).contains(&self.epsilon) || !(1..=100_000_000).contains(&self.steps) {
            return Err(Error::Config(format!(
                "epsilon = {}, steps = {}: epsilon must be 0 to 1, and steps 1 to 100000000",
                self.epsilon, self.steps
            )));
        }
        let script = match spec.scripts.iter().position(|name| *name == self.policy) {
            Some(script) => Some(script),
            None if self.policy == "random" => None,
            None => {
                let known: Vec<&str> =
                    ["random"].into_iter().chain(spec.scripts.iter().map(String::as_str)).collect();
                return Err(Error::Config(unknown("policy", &self.policy, &known, "")));
            }
        };
        let streams = Streams::new(self.seed);
        let mut envs = world.vector_env(NUM_ENVS, streams, Purpose::Data, 0);
        let mut rngs: Vec<Stream> =
            (0..NUM_ENVS as u64).map(|row| streams.stream(Purpose::Data, ACTION_STREAMS + row, 0)).collect();
        let mut actions = ActionBuffer::for_spec(spec, NUM_ENVS);
        // The observations, their scaled copy, and the codes.
        let needed = 12 * u128::from(self.steps) * spec.observation.len() as u128;
        memory::require(&format!("encoder: steps = {}", self.steps), needed)?;
        let mut values = Vec::with_capacity(self.steps as usize * spec.observation.len());
        loop {
            let view = envs.view();
            let wanted = self.steps as usize * view.obs_len - values.len();
            values.extend_from_slice(&view.obs[..view.obs.len().min(wanted)]);
            if values.len() == self.steps as usize * view.obs_len {
                return Samples::from_f32(&values, view.obs_len);
            }
            for (row, rng) in rngs.iter_mut().enumerate() {
                match script {
                    Some(script) if !rng.chance(self.epsilon) => {
                        envs.scripted(script, row, rng, &mut actions)?;
                    }
                    _ => random_action(spec, &*envs, row, rng, &mut actions)?,
                }
            }
            envs.step(actions.as_actions())?;
        }
    }
}

/// Uniformly random legal action of the environment with the index `row`.
fn random_action(
    spec: &Spec,
    envs: &dyn VectorEnv,
    row: usize,
    rng: &mut Stream,
    actions: &mut ActionBuffer,
) -> Result<()> {
    match &spec.actions {
        ActionSpace::Discrete { .. } => {
            let view = envs.view();
            let legal = || view.legal_row(row).iter().enumerate().filter(|(_, legal)| **legal);
            let which = rng.below(legal().count().max(1) as u32) as usize;
            let action = legal().nth(which).map_or(0, |(action, _)| action as u32);
            actions.set(row, Actions::Discrete(&[action]))
        }
        ActionSpace::Continuous { low, high, .. } => {
            let one: Vec<f32> =
                low.iter().zip(high).map(|(low, high)| low + (high - low) * rng.uniform() as f32).collect();
            actions.set(row, Actions::Continuous(&one))
        }
    }
}

/// Affine map from observations to samples: `(x - shift) * factor` for the number `x` in each column.
pub(crate) struct Scale {
    shift: Vec<f32>,
    factor: Vec<f32>,
    /// Whether results are clipped to 0 to 1.
    clip: bool,
}

impl Scale {
    /// Scale fitted to the observations `seen`: if `unit`, to the range 0 to 1 (by minimum and maximum), else to mean 0
    /// and variance 1. Constant columns become 0.
    pub(crate) fn of(seen: &Samples, unit: bool) -> Self {
        let n = seen.rows().max(1) as f64;
        let each = |column: usize| {
            let values = || seen.iter().map(move |row| row[column]);
            let (shift, width) = match unit {
                true => {
                    let low = values().fold(f64::INFINITY, f64::min);
                    (low, values().fold(f64::NEG_INFINITY, f64::max) - low)
                }
                false => {
                    let mean = values().sum::<f64>() / n;
                    (mean, (values().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt())
                }
            };
            (shift as f32, if width > 1e-12 { (1.0 / width) as f32 } else { 0.0 })
        };
        let (shift, factor) = (0..seen.width()).map(each).unzip();
        Scale { shift, factor, clip: unit }
    }

    pub(crate) fn apply(&self, obs: &[f32]) -> Result<Samples> {
        let columns = self.shift.iter().zip(&self.factor).cycle();
        let scaled = obs.iter().zip(columns).map(|(x, (shift, factor))| {
            let x = (x - shift) * factor;
            f64::from(if self.clip { x.clamp(0.0, 1.0) } else { x })
        });
        Samples::new(scaled.collect(), self.shift.len())
    }
}

/// Observation space of the codes: from the minimum to the maximum of each column of `codes`.
fn bounds(codes: &Samples) -> ObservationSpace {
    let mut bounds = vec![(f32::INFINITY, f32::NEG_INFINITY); codes.width()];
    for row in codes.iter() {
        for ((low, high), x) in bounds.iter_mut().zip(row) {
            (*low, *high) = (low.min(*x as f32), high.max(*x as f32));
        }
    }
    ObservationSpace::vector(&bounds)
}

/// A fitted encoder, and the scale of its samples.
pub struct FittedEncoder {
    encoder: Box<dyn Transformer>,
    /// Search for the nearest cluster center; k-means only.
    nearest_center: Option<NearestCenter>,
    scale: Scale,
    space: ObservationSpace,
}

impl FittedEncoder {
    /// The fitted estimator of the encoder.
    pub fn encoder(&self) -> &dyn Transformer {
        &*self.encoder
    }

    /// Codes `[N, C]` of the observations `[N, D]`, C numbers each; for k-means the distances to the C cluster centers.
    ///
    /// # Errors
    /// [`Error::Config`] for an observation that is not finite.
    pub fn codes(&self, obs: &[f32]) -> Result<Samples> {
        self.encoder.transform(&self.scale.apply(obs)?)
    }
}

impl ObservationEncoder for FittedEncoder {
    fn space(&self) -> ObservationSpace {
        self.space.clone()
    }

    fn encode(&self, obs: &[f32], out: &mut [f32]) -> Result<()> {
        match &self.nearest_center {
            Some(nearest_center) => {
                let scaled = self.scale.apply(obs)?;
                if let Some(x) = scaled.values().iter().find(|x| !x.is_finite()) {
                    return Err(Error::Config(format!("an observation is {x}, which has no nearest center")));
                }
                out.iter_mut()
                    .zip(nearest_center.predict(scaled.values()))
                    .for_each(|(out, one)| *out = one as f32);
            }
            None => out.copy_from_slice(&self.codes(obs)?.to_f32()),
        }
        Ok(())
    }
}
