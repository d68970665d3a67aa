//! Demonstrations on disk, in the layout of Minari 0.5.4 with the data format `arrow`: Minari loads them, and data sets
//! of Minari are read.
//!
//! ```text
//! demos/grid/cliff/human-v0/       the store; its Minari id is the path below `demos`
//!   data/metadata.json             spaces, counts; world, version and settings below the key `freewheel`
//!   data/0/metadata.json           seed, length; origin, source, score and checksum below the key `freewheel`
//!   data/0/part-0.arrow            T + 1 rows, an Arrow IPC file
//! ```
//!
//! Row t has the observation before step t; the last row has the final observation, and padding in the other columns.
//! Masks are in the column `infos.action_mask`, players to move in `infos.to_play`.
//!
//! A store of actions only has neither the column of observations nor the masks, and the data format
//! `freewheel-actions`, which Minari refuses: a replay in the world gives them.
//!
//! An episode is complete or absent: it is written to a temporary folder and renamed, and counts from the moment at
//! which `data/metadata.json` is replaced. One program at a time may write to a store. The same episodes give the same
//! bytes.
//!
//! The types of the episodes are in [`freewheel_core::demonstrations`]; the core itself does not depend on Arrow.

pub(crate) mod list;
pub mod log;
mod metadata;
pub(crate) mod recording;
pub(crate) mod source;
mod space;
mod table;
#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use freewheel_core::checkpoint::write_atomically;
use freewheel_core::demonstrations::{Demonstration, DemonstrationSet, WorldHeader};
use freewheel_core::input::read_raw;
use freewheel_core::{Error, Result};

use metadata::{ACTIONS, ARROW, Dataset, EpisodeMetadata};
use space::Space;

/// File with the facts about a store, or about an episode.
const METADATA: &str = "metadata.json";
/// File with the steps of an episode.
const STEPS: &str = "part-0.arrow";

/// Facts about a store, without its steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// World of the episodes.
    pub header: WorldHeader,
    /// Number of episodes.
    pub episodes: usize,
    /// Number of steps of all episodes.
    pub steps: usize,
}

/// Whether `folder` is a store of demonstrations.
pub fn is_store(folder: &Path) -> bool {
    folder.join("data").join(METADATA).is_file()
}

/// Default store for the demonstrations of `world` by a player: `demos/<world>/<name>-v0`.
pub fn default_store(world: &str, name: &str) -> PathBuf {
    Path::new("demos").join(plain_id(world)).join(format!("{}-v0", plain_id(name).replace('/', "-")))
}

/// Facts about the store in `folder`.
///
/// # Errors
/// [`Error::Config`] if it is not a store; [`Error::Damaged`]; [`Error::Unsupported`] for spaces or a data format that
/// Freewheel does not read.
pub fn facts(folder: &Path) -> Result<Facts> {
    let (dataset, header, ..) = open(folder)?;
    Ok(Facts { header, episodes: dataset.total_episodes, steps: dataset.total_steps })
}

/// Demonstrations in the store `folder`.
///
/// # Errors
/// As [`facts`]; [`Error::Damaged`] with the file of an episode that is damaged or does not fit the world.
pub fn read(folder: &Path) -> Result<DemonstrationSet> {
    let (dataset, header, observation, action) = open(folder)?;
    let data = folder.join("data");
    let mut episodes = Vec::new();
    for id in 0..dataset.total_episodes {
        episodes.push(read_episode(&data.join(id.to_string()), id, &header, [&observation, &action])?);
    }
    let set = DemonstrationSet { header, episodes };
    if set.steps() != dataset.total_steps {
        let reason = format!("it says {} steps, and its episodes have {}", dataset.total_steps, set.steps());
        return Err(Error::Damaged { file: data.join(METADATA), reason });
    }
    Ok(set)
}

/// Writes a new store with `set` to `folder`.
///
/// # Errors
/// [`Error::Config`] if `folder` exists already, or for an episode that does not fit the world; [`Error::Io`]. After an
/// error, there is no new store.
pub fn write(folder: &Path, set: &DemonstrationSet) -> Result<()> {
    if folder.symlink_metadata().is_ok() {
        return Err(Error::Config(format!("{}: exists already; choose another folder", folder.display())));
    }
    let name = folder.file_name().and_then(OsStr::to_str).unwrap_or("store");
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let temporary = parent.join(format!(".{name}.tmp"));
    create(&temporary)?;
    let filled = fill(&temporary, &id_of(folder), set)
        .and_then(|()| fs::rename(&temporary, folder).map_err(Error::io(folder)));
    if filled.is_err() {
        // The error of writing is the one to report.
        let _ = fs::remove_dir_all(&temporary);
    }
    filled
}

/// Appends `episodes` to the store in `folder`, which is made if it does not exist.
///
/// # Errors
/// [`Error::Config`] if the store is of another world; as [`write()`]. After an error, the store is unchanged.
pub fn append(folder: &Path, set: &DemonstrationSet) -> Result<()> {
    if !is_store(folder) {
        return write(folder, set);
    }
    let (mut dataset, header, ..) = open(folder)?;
    let mut known = DemonstrationSet { header, episodes: Vec::new() };
    known.merge(set.clone()).map_err(|e| e.of(&folder.display().to_string()))?;
    let data = folder.join("data");
    for (i, episode) in set.episodes.iter().enumerate() {
        let id = dataset.total_episodes + i;
        let temporary = data.join(format!(".{id}.tmp"));
        create(&temporary)?;
        let finished = data.join(id.to_string());
        // An episode that was renamed, but not counted, because the program was killed in between.
        remove(&finished)?;
        write_episode(&temporary, id, episode, &set.header)?;
        fs::rename(&temporary, &finished).map_err(Error::io(&finished))?;
    }
    dataset.total_episodes += set.episodes.len();
    dataset.total_steps += set.steps();
    dataset.dataset_size = size(&data, dataset.total_episodes)?;
    write_atomically(data.join(METADATA), &dataset.to_json()?)
}

/// Writes the whole content of a store into the empty folder `folder`.
fn fill(folder: &Path, id: &str, set: &DemonstrationSet) -> Result<()> {
    let data = folder.join("data");
    create(&data)?;
    for (number, episode) in set.episodes.iter().enumerate() {
        let folder = data.join(number.to_string());
        create(&folder)?;
        write_episode(&folder, number, episode, &set.header)?;
    }
    let mut dataset = Dataset::of(id, &set.header);
    (dataset.total_episodes, dataset.total_steps) = (set.episodes.len(), set.steps());
    dataset.dataset_size = size(&data, set.episodes.len())?;
    write_atomically(data.join(METADATA), &dataset.to_json()?)
}

/// Metadata of the store in `folder`, checked; its header, observation space and action space.
fn open(folder: &Path) -> Result<(Dataset, WorldHeader, Space, Space)> {
    let file = folder.join("data").join(METADATA);
    let bytes = read_raw(&file).map_err(|e| match e {
        Error::Io { source, .. } if source.kind() == ErrorKind::NotFound => Error::Config(format!(
            "{}: not a store of demonstrations, because it has no file data/{METADATA}; `demos ls` lists stores",
            folder.display()
        )),
        other => other,
    })?;
    let dataset = Dataset::parse(&bytes).map_err(|reason| Error::Damaged { file: file.clone(), reason })?;
    let unsupported = |why: String| Error::Unsupported(format!("{}: {why}", file.display()));
    if ![ARROW, ACTIONS].contains(&&*dataset.data_format) {
        return Err(unsupported(format!(
            "the data format is `{}`, and this program reads `arrow`; write the data set with Minari's \
             `data_format=\"arrow\"`",
            dataset.data_format
        )));
    }
    let spaces = [("observation_space", &dataset.observation_space), ("action_space", &dataset.action_space)];
    let [observation, action] =
        spaces.map(|(name, text)| Space::parse(text).map_err(|why| unsupported(format!("{name}: {why}"))));
    let (observation, action) = (observation?, action?);
    let damaged = |reason| Error::Damaged { file: file.clone(), reason };
    let header = dataset.header(&observation, &action).map_err(damaged)?;
    if header.actions_only != (dataset.data_format == ACTIONS) {
        return Err(damaged("the data format is not that of its episodes".into()));
    }
    Ok((dataset, header, observation, action))
}

fn read_episode(
    folder: &Path,
    id: usize,
    header: &WorldHeader,
    spaces: [&Space; 2],
) -> Result<Demonstration> {
    let (file, steps) = (folder.join(METADATA), folder.join(STEPS));
    let damaged = |file: &Path, reason: String| Error::Damaged { file: file.to_owned(), reason };
    let read = |file: &Path| {
        read_raw(file).map_err(|e| match e {
            Error::Io { source, .. } if source.kind() == ErrorKind::NotFound => {
                damaged(file, "this file of the store is missing".into())
            }
            other => other,
        })
    };
    let metadata = EpisodeMetadata::parse(&read(&file)?).map_err(|reason| damaged(&file, reason))?;
    let bytes = read(&steps)?;
    metadata.check(id, &bytes).map_err(|reason| damaged(&file, reason))?;
    let columns =
        table::decode(&bytes, spaces, header.actions_only).map_err(|reason| damaged(&steps, reason))?;
    let episode = metadata.episode(columns, header).map_err(|reason| damaged(&steps, reason))?;
    episode.check(header).map_err(|reason| damaged(&steps, reason))?;
    metadata.check_return(&episode, header.gamma).map_err(|reason| damaged(&file, reason))?;
    Ok(episode)
}

fn write_episode(folder: &Path, id: usize, episode: &Demonstration, header: &WorldHeader) -> Result<()> {
    episode.check(header).map_err(|why| Error::Config(format!("episode {id} cannot be stored: {why}")))?;
    let unsupported = |why: String| Error::Unsupported(format!("episode {id} cannot be stored: {why}"));
    let bytes = table::encode(episode, header).map_err(unsupported)?;
    let metadata = EpisodeMetadata::of(id, episode, &bytes);
    // The checksum finds a file that a failure of the machine has cut short.
    for (name, bytes) in [(STEPS, bytes), (METADATA, metadata.to_json()?)] {
        let file = folder.join(name);
        fs::write(&file, bytes).map_err(Error::io(&file))?;
    }
    Ok(())
}

/// Makes the empty folder `folder`; what a killed program has left there is removed.
fn create(folder: &Path) -> Result<()> {
    remove(folder)?;
    fs::create_dir_all(folder).map_err(Error::io(folder))
}

/// Removes `folder` with its content, if it exists.
fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io(folder)(e)),
        _ => Ok(()),
    }
}

/// Size of the files of all episodes, MB with one decimal, as Minari has it.
fn size(data: &Path, episodes: usize) -> Result<f64> {
    let mut bytes = 0;
    for id in 0..episodes {
        for name in [METADATA, STEPS] {
            let file = data.join(id.to_string()).join(name);
            bytes += fs::metadata(&file).map_err(Error::io(&file))?.len();
        }
    }
    Ok((bytes as f64 / 1e5).round() / 10.0)
}

/// Minari id of a store: its path below a folder `demos`, else its name; with a version at the end.
fn id_of(folder: &Path) -> String {
    let parts: Vec<&str> = folder.iter().filter_map(OsStr::to_str).collect();
    let after = parts.iter().rposition(|part| *part == "demos").map(|i| i + 1);
    let first = after.filter(|&i| i < parts.len()).unwrap_or(parts.len().saturating_sub(1));
    let id = plain_id(&parts[first..].join("/"));
    let versioned = id.rsplit_once("-v").is_some_and(|(name, version)| {
        !name.is_empty() && !version.is_empty() && version.bytes().all(|c| c.is_ascii_digit())
    });
    if versioned { id } else { format!("{id}-v0") }
}

/// `text` with the characters of a Minari id only: letters, digits, `_`, `-`, and single `/` between parts.
fn plain_id(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "_-".contains(c) { c } else { '_' };
    let parts = text.split(['/', ':']).filter(|part| !part.is_empty());
    let parts: Vec<String> = parts.map(|part| part.chars().map(plain).collect()).collect();
    if parts.is_empty() { "store".into() } else { parts.join("/") }
}
