//! A learner without reward in front of an agent: fitted to observations that a stated policy gathers, and never changed again.

use std::borrow::Cow;

use freewheel_agents::fit::{Estimator, EstimatorFactory, unwatched};
use freewheel_agents::unsupervised::kmeans::{self, Assigner};
use freewheel_agents::unsupervised::{Encoder, KMeans};
use freewheel_core::settings::unknown;
use freewheel_core::{
    ActionBuffer, ActionSpace, Actions, DynWorld, Error, ObservationEncoder, ObservationSpace, Purpose,
    Result, Samples, Spec, Stream, Streams, VectorEnv,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use toml::Table;

use crate::fit::model_of;

/// Which learner, and what it learns from. As text it is the learner's name alone.
///
/// | learner | what the agent sees |
/// |---|---|
/// | `kmeans` | the index of the nearest of k centers: a table then has k states |
/// | `pca`, `vae`, another encoder | its code, `[C]`; as bounds it states the least and the greatest of what was gathered |
///
/// The learner is given standardized observations (mean 0, variance 1), a VAE, which takes its samples for probabilities, such as
/// lie within 0 and 1 (from the least to the greatest of what was gathered, cut there).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written")]
pub struct Encoding {
    /// The learner's name.
    pub estimator: String,
    /// Who gathers: `random`, or one of the world's own players.
    pub policy: String,
    /// The share of its actions that are random all the same, so that more than its own ways is seen.
    pub epsilon: f64,
    /// Observations that are gathered.
    pub steps: u32,
    /// Everything random in gathering and learning is drawn from it.
    pub seed: u64,
    /// The learner's settings.
    #[serde(skip_serializing_if = "Table::is_empty")]
    pub settings: Table,
}

/// How an [`Encoding`] is written.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a learner's name, or { estimator, policy, epsilon, steps, seed, settings }")]
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

impl From<Written> for Encoding {
    fn from(written: Written) -> Self {
        let keys = match written {
            Written::Table(keys) => keys,
            Written::Name(estimator) => {
                Keys { estimator, policy: None, epsilon: None, steps: None, seed: None, settings: None }
            }
        };
        Encoding {
            estimator: keys.estimator,
            policy: keys.policy.unwrap_or_else(|| "random".into()),
            epsilon: keys.epsilon.unwrap_or(0.0),
            steps: keys.steps.unwrap_or(20_000),
            seed: keys.seed.unwrap_or(0),
            settings: keys.settings.unwrap_or_default(),
        }
    }
}

impl JsonSchema for Encoding {
    fn schema_name() -> Cow<'static, str> {
        "Encoding".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "object"] })
    }
}

/// Observations gathered at once.
const ROWS: usize = 16;
/// Rows of actions draw from indices that no world's row has.
const HANDS: u64 = 1 << 32;

impl Encoding {
    /// Gathers, learns, and gives the lens.
    ///
    /// # Errors
    /// [`Error::Config`] for an unknown learner or player, one that is no encoder, a world that shows an index, and settings out of
    /// range.
    pub fn lens(&self, world: &dyn DynWorld, learners: &[Box<dyn EstimatorFactory>]) -> Result<Learned> {
        let Some(kind) = learners.iter().find(|kind| kind.id() == self.estimator) else {
            let known: Vec<&str> = learners.iter().map(|kind| kind.id()).collect();
            return Err(Error::Config(unknown("learner", &self.estimator, &known, "")));
        };
        if let ObservationSpace::Discrete { n } = world.spec().observation {
            return Err(Error::Config(format!(
                "{} shows which of {n} states it is in: there is nothing to encode, leave the encoder out",
                world.spec().id
            )));
        }
        let Estimator::Encoder(mut encoder) = kind.build(&self.settings, Streams::new(self.seed))? else {
            return Err(Error::Config(format!(
                "{} learns answers, and nobody gives any here; kmeans, pca and vae are encoders",
                self.estimator
            )));
        };
        let seen = self.gather(world)?;
        let scale = Scale::of(&seen, self.estimator == "vae");
        let scaled = scale.apply(seen.values())?;
        encoder.fit(&scaled, &mut unwatched)?;
        let assigner = model_of::<kmeans::Config>(&*encoder)?.map(KMeans::assigner);
        let space = match assigner {
            Some(_) => ObservationSpace::Discrete { n: encoder.code_width()? },
            None => bounds(&encoder.encode(&scaled)?),
        };
        Ok(Learned { encoder, assigner, scale, space })
    }

    /// Observations `[N, D]` of the gathering policy.
    ///
    /// # Errors
    /// [`Error::Config`] for a player that the world has not, and shares or counts that cannot be.
    pub fn gather(&self, world: &dyn DynWorld) -> Result<Samples> {
        let spec = world.spec();
        if !(0.0..=1.0).contains(&self.epsilon) || !(1..=100_000_000).contains(&self.steps) {
            return Err(Error::Config(format!(
                "epsilon = {}, steps = {}: a share from 0 to 1, and 1 to 100000000 observations",
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
        let mut episodes = world.vector_env(ROWS, streams, Purpose::Data, 0);
        let mut hands: Vec<Stream> =
            (0..ROWS as u64).map(|row| streams.stream(Purpose::Data, HANDS + row, 0)).collect();
        let mut choice = ActionBuffer::for_spec(spec, ROWS);
        let mut values = Vec::with_capacity(self.steps as usize * spec.observation.len());
        loop {
            let view = episodes.view();
            let wanted = self.steps as usize * view.obs_len - values.len();
            values.extend_from_slice(&view.obs[..view.obs.len().min(wanted)]);
            if values.len() == self.steps as usize * view.obs_len {
                return Samples::new(values, view.obs_len);
            }
            for (row, hand) in hands.iter_mut().enumerate() {
                match script {
                    Some(script) if !hand.chance(self.epsilon) => {
                        episodes.scripted(script, row, hand, &mut choice)?;
                    }
                    _ => at_random(spec, &*episodes, row, hand, &mut choice)?,
                }
            }
            episodes.step(choice.actions())?;
        }
    }
}

/// Any action that is legal, each as often.
fn at_random(
    spec: &Spec,
    episodes: &dyn VectorEnv,
    row: usize,
    hand: &mut Stream,
    choice: &mut ActionBuffer,
) -> Result<()> {
    match &spec.actions {
        ActionSpace::Discrete { .. } => {
            let view = episodes.view();
            let legal = || view.legal_row(row).iter().enumerate().filter(|(_, legal)| **legal);
            let which = hand.below(legal().count().max(1) as u32) as usize;
            let action = legal().nth(which).map_or(0, |(action, _)| action as u32);
            choice.set(row, Actions::Discrete(&[action]))
        }
        ActionSpace::Continuous { low, high, .. } => {
            let one: Vec<f32> =
                low.iter().zip(high).map(|(low, high)| low + (high - low) * hand.uniform() as f32).collect();
            choice.set(row, Actions::Continuous(&one))
        }
    }
}

/// From observations to the learner's samples: `(x - shift) * factor`, column by column.
pub(crate) struct Scale {
    shift: Vec<f32>,
    factor: Vec<f32>,
    /// Whether what lies outside 0 to 1 is cut.
    cut: bool,
}

impl Scale {
    /// To 0 and 1 from the least to the greatest of `seen` where `unit`; else to mean 0 and variance 1. What never varies is 0.
    pub(crate) fn of(seen: &Samples, unit: bool) -> Self {
        let n = seen.rows().max(1) as f64;
        let each = |column: usize| {
            let values = || seen.iter().map(move |row| f64::from(row[column]));
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
        Scale { shift, factor, cut: unit }
    }

    pub(crate) fn apply(&self, obs: &[f32]) -> Result<Samples> {
        let columns = self.shift.iter().zip(&self.factor).cycle();
        let scaled = obs.iter().zip(columns).map(|(x, (shift, factor))| {
            let x = (x - shift) * factor;
            if self.cut { x.clamp(0.0, 1.0) } else { x }
        });
        Samples::new(scaled.collect(), self.shift.len())
    }
}

/// From the least to the greatest of each number of `codes`.
fn bounds(codes: &Samples) -> ObservationSpace {
    let mut bounds = vec![(f32::INFINITY, f32::NEG_INFINITY); codes.width()];
    for row in codes.iter() {
        for ((low, high), x) in bounds.iter_mut().zip(row) {
            (*low, *high) = (low.min(*x), high.max(*x));
        }
    }
    ObservationSpace::vector(&bounds)
}

/// What was learned, as a lens.
pub struct Learned {
    encoder: Box<dyn Encoder>,
    /// Of k-means.
    assigner: Option<Assigner>,
    scale: Scale,
    space: ObservationSpace,
}

impl Learned {
    /// The learner.
    pub fn encoder(&self) -> &dyn Encoder {
        &*self.encoder
    }

    /// The codes `[N, C]` of observations `[N, D]`; of k-means, the distances from the centers.
    ///
    /// # Errors
    /// [`Error::Config`] where an observation is not finite.
    pub fn codes(&self, obs: &[f32]) -> Result<Samples> {
        self.encoder.encode(&self.scale.apply(obs)?)
    }
}

impl ObservationEncoder for Learned {
    fn space(&self) -> ObservationSpace {
        self.space.clone()
    }

    fn encode(&self, obs: &[f32], out: &mut [f32]) -> Result<()> {
        match &self.assigner {
            Some(assigner) => {
                let scaled = self.scale.apply(obs)?;
                if let Some(x) = scaled.values().iter().find(|x| !x.is_finite()) {
                    return Err(Error::Config(format!("an observation is {x}; no center is nearest to it")));
                }
                out.iter_mut().zip(assigner.labels(scaled.values())).for_each(|(out, one)| *out = one as f32);
            }
            None => out.copy_from_slice(self.codes(obs)?.values()),
        }
        Ok(())
    }
}
