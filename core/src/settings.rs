//! Reading of settings from TOML tables into structs. An error has the name of the setting; for an unknown setting it
//! suggests the most similar one.
//!
//! A settings struct derives `Serialize`, `Deserialize` (with `#[serde(default, deny_unknown_fields)]`), `Default` and
//! `JsonSchema`; the doc line of a field, with its unit and range, is also its help text. A struct of settings within
//! another is marked `#[serde(flatten, deserialize_with = "settings::flattened")]`.
//!
//! ```
//! use freewheel_core::settings;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Debug, Serialize, Deserialize, schemars::JsonSchema)]
//! #[serde(default, deny_unknown_fields)]
//! struct Config {
//!     /// Step size, above 0.
//!     learning_rate: f64,
//! }
//!
//! impl Default for Config {
//!     fn default() -> Self {
//!         Config { learning_rate: 0.1 }
//!     }
//! }
//!
//! let table = "lr = 0.5".parse().unwrap();
//! let error = settings::read::<Config>(&table, "agent mine").unwrap_err();
//! assert_eq!(error.to_string(), "agent mine: unknown setting `lr`; its name here is `learning_rate`");
//! ```

use std::fmt::Display;
use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Settings of a world or an agent without settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NoSettings {}

/// Reads `table` as a settings struct `T`. Error messages start with `of`, such as "agent q-learning", unless it is
/// empty.
///
/// # Errors
/// [`Error::Setting`] for an unknown key, with the most similar known key; for a value of the wrong type or out of
/// range.
pub fn read<T: DeserializeOwned + JsonSchema>(table: &toml::Table, of: &str) -> Result<T> {
    let known: Vec<String> = fields(&schemars::schema_for!(T)).into_iter().map(|field| field.name).collect();
    if let Some(key) = table.keys().find(|key| !known.contains(key)) {
        return Err(Error::setting(key, unknown("setting", key, &known, of)));
    }
    serde_path_to_error::deserialize(table.clone()).map_err(|error| {
        let (path, message) = (error.path().to_string(), error.inner().message().to_owned());
        let (path, message) = match message.strip_prefix(MARK).and_then(|rest| rest.split_once(MARK)) {
            Some((inner, message)) => (inner.to_owned(), message.to_owned()),
            None => (path, message),
        };
        let key = path.split(['.', '[']).next().unwrap_or_default();
        let error = match table.get(key) {
            Some(value) => Error::setting(key, format!("{key} = {value}: {}", message.trim_end())),
            None => Error::Config(message),
        };
        if of.is_empty() { error } else { error.of(of) }
    })
}

/// Checks that the `value` of the setting `key` lies in `range`; NaN does not.
///
/// ```
/// let error = freewheel_core::settings::in_range("gamma", 1.5, 0.0..=1.0).unwrap_err();
/// assert_eq!(error.to_string(), "gamma = 1.5 is out of range: it must be at least 0 and at most 1");
/// ```
///
/// # Errors
/// [`Error::Setting`] with the key, the value and the range.
pub fn in_range<T: PartialOrd + Display>(key: &str, value: T, range: RangeInclusive<T>) -> Result<()> {
    if range.contains(&value) {
        return Ok(());
    }
    let (low, high) = range.into_inner();
    let message = format!("{key} = {value} is out of range: it must be at least {low} and at most {high}");
    Err(Error::setting(key, message))
}

/// Separator between the key and the message of an error in flattened settings; a character that TOML does not allow.
const MARK: char = '\u{1}';

/// Deserializes a flattened settings struct so that an error of [`read`] has the key of the wrong setting in it.
///
/// # Errors
/// Errors of the deserialization of `T`.
pub fn flattened<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let (path, message) = (error.path().to_string(), error.into_inner().to_string());
        match message.starts_with(MARK) {
            true => D::Error::custom(message),
            false => D::Error::custom(format!("{MARK}{path}{MARK}{message}")),
        }
    })
}

/// Error message for a `key` that is not one of `known`. It suggests the name in Freewheel of a setting of another
/// library, else the most similar known key, else lists all known keys. `kind` is the kind of name, such as "setting";
/// `of` as in [`read`].
pub fn unknown(kind: &str, key: &str, known: &[impl AsRef<str>], of: &str) -> String {
    let of = if of.is_empty() { String::new() } else { format!("{of}: ") };
    let is_known = |name: &str| known.iter().any(|other| other.as_ref() == name);
    let alias = OTHER_NAMES.iter().find(|(name, ours)| *name == key && is_known(ours));
    match (alias, nearest(key, known)) {
        (Some((_, ours)), _) => format!("{of}unknown {kind} `{key}`; its name here is `{ours}`"),
        (None, Some(near)) => format!("{of}unknown {kind} `{key}`; did you mean `{near}`?"),
        (None, None) if known.is_empty() => format!("{of}unknown {kind} `{key}`; there are none here"),
        (None, None) => {
            let known: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
            format!("{of}unknown {kind} `{key}`; known are {}", known.join(", "))
        }
    }
}

/// Names of settings in Stable-Baselines3, CleanRL, rl_zoo3, scikit-learn and earlier versions of Freewheel, each with
/// the name here. For a name that occurs several times, [`unknown`] suggests the first one that is known.
#[rustfmt::skip]
const OTHER_NAMES: &[(&str, &str)] = &[
    ("n_envs", "num_envs"), ("rows", "num_envs"), ("envs", "num_envs"),
    ("total_timesteps", "steps"), ("n_timesteps", "steps"), ("timesteps", "steps"),
    ("n_stack", "frame_stack"), ("num_stack", "frame_stack"), ("stack_size", "frame_stack"), ("history", "frame_stack"),
    ("lr", "learning_rate"), ("step_size", "learning_rate"), ("alpha", "prioritized_alpha"), ("alpha", "learning_rate"),
    ("planning_alpha", "planning_learning_rate"), ("learning_rate_init", "learning_rate"), ("lr_left", "end_factor"),
    ("discount", "gamma"), ("discount_factor", "gamma"), ("lam", "gae_lambda"), ("lambda", "gae_lambda"),
    ("lambda_", "lambda"), ("polyak", "tau"), ("optimiser", "optimizer"),
    ("max_gradient_norm", "max_grad_norm"), ("clip_grad_norm", "max_grad_norm"),
    ("n_steps", "num_steps"), ("n_steps", "n_step"), ("horizon", "num_steps"), ("rollout_length", "num_steps"),
    ("n", "n_step"), ("n_epochs", "num_epochs"), ("update_epochs", "num_epochs"), ("epochs", "num_epochs"),
    ("batch_size", "minibatch_size"), ("minibatch", "minibatch_size"), ("num_minibatches", "minibatch_size"),
    ("batch", "batch_size"), ("clip", "clip_range"), ("clip_coef", "clip_range"), ("clip_eps", "clip_range"),
    ("value_clip", "clip_range_vf"), ("clip_vloss", "clip_range_vf"), ("value_weight", "vf_coef"),
    ("value_coef", "vf_coef"), ("entropy", "ent_coef"), ("entropy_coef", "ent_coef"),
    ("norm_adv", "normalize_advantage"), ("normalize_advantages", "normalize_advantage"),
    ("normalise_advantages", "normalize_advantage"), ("normalise_observations", "normalize_observations"),
    ("norm_obs", "normalize_observations"), ("normalize", "normalize_observations"),
    ("norm_reward", "normalize_rewards"), ("normalise_returns", "normalize_rewards"),
    ("normalize_returns", "normalize_rewards"), ("episodes", "num_episodes"), ("shared", "shared_network"),
    ("squash", "squash_output"), ("squash", "bin_scale"), ("hidden", "hidden_sizes"), ("net_arch", "hidden_sizes"),
    ("hidden_layer_sizes", "hidden_sizes"), ("log_std_init", "log_std"),
    ("capacity", "buffer_size"), ("memory_size", "buffer_size"), ("warm_up", "learning_starts"),
    ("train_every", "train_freq"), ("train_frequency", "train_freq"), ("updates", "gradient_steps"),
    ("target_every", "target_update_interval"), ("target_network_frequency", "target_update_interval"),
    ("prioritised", "prioritized"), ("beta", "prioritized_beta"), ("huber", "huber_delta"),
    ("eps", "epsilon"), ("exploration_fraction", "epsilon"), ("exploration_initial_eps", "epsilon"),
    ("exploration_final_eps", "epsilon"), ("start_e", "epsilon"), ("end_e", "epsilon"),
    ("k", "n_clusters"), ("clusters", "n_clusters"), ("starts", "n_init"), ("iterations", "max_iter"),
    ("tolerance", "tol"), ("components", "n_components"), ("k", "n_neighbors"), ("neighbours", "n_neighbors"),
    ("trees", "n_estimators"), ("depth", "max_depth"), ("leaf", "min_samples_leaf"), ("columns", "max_features"),
    ("penalty", "alpha"), ("C", "alpha"), ("l2", "alpha"), ("latents", "latent_dim"), ("planes", "in_channels"),
    ("learner", "estimator"), ("random", "epsilon"), ("episodes_on_the_way", "interim_episodes"),
    ("max_episode_steps", "time_limit"), ("answer", "target"), ("test_share", "test_size"),
    ("judge", "evaluation_opponent"), ("plane", "projection"), ("states", "num_states"),
];

/// Name in `known` that is most similar to `key` (Jaro-Winkler similarity above 0.75); `None` if none is similar.
pub fn nearest<'a>(key: &str, known: &'a [impl AsRef<str>]) -> Option<&'a str> {
    known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(key, candidate.as_ref()), candidate.as_ref()))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// One field of a settings struct.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Field {
    /// Key in TOML.
    pub name: String,
    /// Doc line: meaning, unit, range.
    pub about: String,
    /// Default as JSON; null for a default that depends on the world, or for an optional setting.
    pub default: serde_json::Value,
    /// Whether the value is a path of a file or a folder: `#[schemars(extend("format" = "path"))]`.
    pub is_path: bool,
}

/// Fields of a settings struct, from its schema, in order of declaration.
pub fn fields(schema: &schemars::Schema) -> Vec<Field> {
    let text = |value: &serde_json::Value, key: &str| {
        value.get(key).and_then(serde_json::Value::as_str).unwrap_or_default().replace('\n', " ")
    };
    let properties = schema.get("properties").and_then(serde_json::Value::as_object);
    properties
        .into_iter()
        .flatten()
        .map(|(name, field)| Field {
            name: name.clone(),
            about: text(field, "description"),
            default: field.get("default").cloned().unwrap_or_default(),
            is_path: text(field, "format") == "path",
        })
        .collect()
}
