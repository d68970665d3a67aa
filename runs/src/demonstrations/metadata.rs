//! The files `metadata.json` of a store and of its episodes.

use std::collections::BTreeMap;

use freewheel_core::demonstrations::{Demonstration, EpisodeOrigin, Label, Source, WorldHeader};
use freewheel_core::record::RecordedActions;
use freewheel_core::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::space::Space;
use super::table::Columns;

/// Version of the fields below the key `freewheel`.
const FORMAT: u32 = 1;
/// Version of Minari whose layout is written.
const MINARI_VERSION: &str = "0.5.4";
/// Data format of a store that Minari reads.
pub(super) const ARROW: &str = "arrow";
/// Data format of a store of actions only, which Minari refuses by this name.
pub(super) const ACTIONS: &str = "freewheel-actions";

/// `data/metadata.json`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Dataset {
    pub(super) total_episodes: usize,
    pub(super) total_steps: usize,
    pub(super) data_format: String,
    #[serde(default)]
    jpeg_encoding: bool,
    pub(super) observation_space: String,
    pub(super) action_space: String,
    dataset_id: String,
    minari_version: String,
    /// Size in MB.
    #[serde(default)]
    pub(super) dataset_size: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    freewheel: Option<WorldFields>,
    /// Other keys of Minari, which are kept.
    #[serde(flatten)]
    other: BTreeMap<String, Value>,
}

/// Facts about the world that Minari does not have.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WorldFields {
    format: u32,
    world: String,
    version: u32,
    settings: Value,
    /// Names of the actions.
    actions: Vec<String>,
    masked: bool,
    players: u8,
    gamma: f64,
    lower_is_better: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    actions_only: bool,
}

fn is_false(on: &bool) -> bool {
    !on
}

impl Dataset {
    /// Metadata of an empty store with this Minari id.
    pub(super) fn of(id: &str, header: &WorldHeader) -> Dataset {
        Dataset {
            total_episodes: 0,
            total_steps: 0,
            data_format: if header.actions_only { ACTIONS } else { ARROW }.into(),
            jpeg_encoding: false,
            observation_space: Space::of_observations(&header.observation).to_json(),
            action_space: Space::of_actions(&header.actions).to_json(),
            dataset_id: id.to_owned(),
            minari_version: MINARI_VERSION.into(),
            dataset_size: 0.0,
            freewheel: Some(WorldFields {
                format: FORMAT,
                world: header.world.clone(),
                version: header.version,
                settings: header.settings.clone(),
                actions: header.actions.names().to_vec(),
                masked: header.masked,
                players: header.players,
                gamma: header.gamma,
                lower_is_better: header.lower_is_better,
                actions_only: header.actions_only,
            }),
            other: BTreeMap::new(),
        }
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Dataset, String> {
        let dataset: Dataset = serde_json::from_slice(bytes).map_err(|e| not_metadata(&e))?;
        match &dataset.freewheel {
            Some(fields) if fields.format != FORMAT => {
                Err(format!("it has format {}, and this program reads format {FORMAT}", fields.format))
            }
            _ => Ok(dataset),
        }
    }

    pub(super) fn to_json(&self) -> Result<Vec<u8>> {
        to_json(self)
    }

    /// Header of the world. For a data set of another program, the world's name is empty.
    pub(super) fn header(&self, observation: &Space, action: &Space) -> Result<WorldHeader, String> {
        for (name, space) in [("observations", observation), ("actions", action)] {
            if self.jpeg_encoding && matches!(space, Space::Box { image: true, .. }) {
                return Err(format!(
                    "its {name} are JPEG images, which change the values; write the data set with Minari's \
                     `jpeg_encoding=False`"
                ));
            }
        }
        let (observation, named) = (observation.observations(), |names: &[String]| action.actions(names));
        let Some(fields) = &self.freewheel else {
            return Ok(WorldHeader {
                world: String::new(),
                version: 0,
                settings: Value::Null,
                observation,
                actions: named(&[]),
                masked: false,
                players: 1,
                gamma: 1.0,
                lower_is_better: false,
                actions_only: false,
            });
        };
        let WorldFields {
            world,
            version,
            settings,
            actions,
            masked,
            players,
            gamma,
            lower_is_better,
            actions_only,
            ..
        } = fields.clone();
        if !matches!(players, 1 | 2) || !(0.0..=1.0).contains(&gamma) {
            return Err("`players` must be 1 or 2, and `gamma` 0 to 1".into());
        }
        let actions = named(&actions);
        if actions.names() != fields.actions {
            return Err("the names of the actions do not fit the action space".into());
        }
        Ok(WorldHeader {
            world,
            version,
            settings,
            observation,
            actions,
            masked,
            players,
            gamma,
            lower_is_better,
            actions_only,
        })
    }
}

/// `data/<id>/metadata.json`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct EpisodeMetadata {
    id: usize,
    total_steps: usize,
    /// Seed of the run, or of the episode in data of another program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    freewheel: Option<EpisodeFields>,
    /// Other keys of Minari, which are ignored.
    #[serde(flatten, skip_serializing)]
    _other: BTreeMap<String, Value>,
}

/// Facts about an episode that Minari does not have.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EpisodeFields {
    label: Label,
    origin: Option<EpisodeOrigin>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    opening: Option<RecordedActions>,
    episode_return: f64,
    /// Score; null for an undefined one.
    score: Option<f64>,
    /// BLAKE3 hash of the steps and of these fields without the hash, in hexadecimal.
    checksum: String,
}

impl EpisodeMetadata {
    /// Metadata of the episode with this id, whose steps are the bytes `steps`.
    pub(super) fn of(id: usize, episode: &Demonstration, steps: &[u8]) -> EpisodeMetadata {
        let mut fields = EpisodeFields {
            label: episode.label.clone(),
            origin: episode.origin,
            opening: Some(episode.opening.clone()).filter(|opening| !opening.is_empty()),
            episode_return: episode.episode_return,
            score: Some(episode.score).filter(|score| !score.is_nan()),
            checksum: String::new(),
        };
        fields.checksum = fields.digest(steps);
        let seed = episode.origin.map(|origin| origin.streams.seed);
        EpisodeMetadata {
            id,
            total_steps: episode.len(),
            seed,
            freewheel: Some(fields),
            _other: BTreeMap::new(),
        }
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<EpisodeMetadata, String> {
        serde_json::from_slice(bytes).map_err(|e| not_metadata(&e))
    }

    pub(super) fn to_json(&self) -> Result<Vec<u8>> {
        to_json(self)
    }

    /// Description of the player, and the score if it is defined.
    pub(super) fn player_and_score(&self) -> (String, Option<f64>) {
        match &self.freewheel {
            Some(fields) => (fields.label.title(), fields.score),
            None => (Source::Imported.name().to_owned(), None),
        }
    }

    /// Checks the id, and the checksum of the bytes `steps`.
    pub(super) fn check(&self, id: usize, steps: &[u8]) -> Result<(), String> {
        if self.id != id {
            return Err(format!("it is of episode {}, in the folder of episode {id}", self.id));
        }
        match &self.freewheel {
            Some(fields) if fields.checksum != fields.digest(steps) => {
                Err(format!("its checksum does not match: {} or this file has been changed", super::STEPS))
            }
            _ => Ok(()),
        }
    }

    /// The episode with the steps `columns`.
    pub(super) fn episode(&self, columns: Columns, header: &WorldHeader) -> Result<Demonstration, String> {
        let Columns { observations, actions, rewards, ending, legal, to_play } = columns;
        if actions.len() != self.total_steps {
            let (rows, steps) = (actions.len() + 1, self.total_steps);
            return Err(format!("it has {rows} rows, and needs {} for {steps} steps", steps + 1));
        }
        let mut episode = Demonstration {
            label: Label::default(),
            origin: None,
            opening: RecordedActions::for_space(&header.actions),
            observations,
            legal: if header.masked && !header.actions_only { legal } else { Vec::new() },
            to_play: if header.players > 1 { to_play } else { Vec::new() },
            actions,
            rewards,
            ending,
            episode_return: 0.0,
            score: 0.0,
        };
        match self.freewheel.clone() {
            Some(fields) => {
                episode.label = fields.label;
                episode.origin = fields.origin;
                episode.opening = fields.opening.unwrap_or(episode.opening);
                episode.episode_return = fields.episode_return;
                episode.score = fields.score.unwrap_or(f64::NAN);
            }
            None => {
                episode.episode_return = episode.return_of_rewards(header.gamma);
                episode.score = episode.episode_return;
            }
        }
        Ok(episode)
    }

    /// Checks the return against the rewards; an episode with an opening may have rewards before its first step.
    pub(super) fn check_return(&self, episode: &Demonstration, gamma: f64) -> Result<(), String> {
        let (told, is) = (episode.episode_return, episode.return_of_rewards(gamma));
        let close = (told - is).abs() <= 1e-9 * (1.0 + told.abs() + is.abs());
        match close || !episode.opening.is_empty() {
            true => Ok(()),
            false => Err(format!("it says a return of {told}, and the rewards give {is}")),
        }
    }
}

impl EpisodeFields {
    fn digest(&self, steps: &[u8]) -> String {
        let without = EpisodeFields { checksum: String::new(), ..self.clone() };
        // These fields always have a JSON form.
        let json = serde_json::to_vec(&without).unwrap_or_default();
        blake3::Hasher::new().update(steps).update(&json).finalize().to_hex().to_string()
    }
}

fn not_metadata(e: &serde_json::Error) -> String {
    format!("this is not the metadata of a store: {e}")
}

fn to_json(value: &impl Serialize) -> Result<Vec<u8>> {
    let json = serde_json::to_vec_pretty(value);
    json.map_err(|e| Error::Unsupported(format!("the metadata cannot be written: {e}")))
}
