//! Stores in a folder, each with its facts and the players and scores of its episodes, without their steps.

use std::path::{Path, PathBuf};

use freewheel_core::Result;
use freewheel_core::input::read_raw;

use super::metadata::EpisodeMetadata;
use super::{METADATA, facts, is_store};
use crate::folders::files_below;

/// Store in a list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoreEntry {
    /// Folder of the store.
    pub(crate) folder: PathBuf,
    /// Content of the store, or the reason why it cannot be read.
    pub(crate) content: std::result::Result<Content, String>,
}

/// Content of a store.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Content {
    /// Name of the world; empty for data of another program.
    pub(crate) world: String,
    /// Number of episodes.
    pub(crate) episodes: usize,
    /// Number of steps of all episodes.
    pub(crate) steps: usize,
    /// Players with their numbers of episodes, in the order of their first episode.
    pub(crate) players: Vec<(String, usize)>,
    /// Defined scores of the episodes, in their order.
    pub(crate) scores: Vec<f64>,
}

impl Content {
    /// Mean of the defined scores.
    pub(crate) fn mean_score(&self) -> Option<f64> {
        let n = self.scores.len();
        (n > 0).then(|| self.scores.iter().sum::<f64>() / n as f64)
    }
}

/// Folders of the stores in and below `folder`, sorted; none if there is no such folder.
///
/// # Errors
/// Errors of reading a folder.
pub(crate) fn stores_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let files = if folder.is_dir() { files_below(folder, METADATA)? } else { Vec::new() };
    let parents = files.iter().filter_map(|file| file.parent()?.parent());
    let mut found: Vec<PathBuf> = parents.filter(|store| is_store(store)).map(Path::to_owned).collect();
    found.sort();
    found.dedup();
    Ok(found)
}

/// Stores in and below `folder`; a store that cannot be read has its reason.
///
/// # Errors
/// As [`stores_below`].
pub(crate) fn list(folder: &Path) -> Result<Vec<StoreEntry>> {
    let entry = |folder: PathBuf| {
        let content = content(&folder).map_err(|e| e.to_string());
        StoreEntry { folder, content }
    };
    Ok(stores_below(folder)?.into_iter().map(entry).collect())
}

fn content(folder: &Path) -> Result<Content> {
    let facts = facts(folder)?;
    let (world, episodes, steps) = (facts.header.world, facts.episodes, facts.steps);
    let mut content = Content { world, episodes, steps, ..Content::default() };
    for id in 0..episodes {
        let file = folder.join("data").join(id.to_string()).join(METADATA);
        let metadata = EpisodeMetadata::parse(&read_raw(&file)?)
            .map_err(|reason| freewheel_core::Error::Damaged { file, reason })?;
        let (player, score) = metadata.player_and_score();
        match content.players.iter_mut().find(|(known, _)| *known == player) {
            Some((_, count)) => *count += 1,
            None => content.players.push((player, 1)),
        }
        content.scores.extend(score);
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use freewheel_core::demonstrations::{Demonstration, DemonstrationSet, Label, Source};
    use freewheel_core::{Purpose, Streams};

    use super::*;
    use crate::Registry;
    use crate::demonstrations::recording::{header, named_player};

    #[test]
    fn stores_have_players_and_scores_and_a_damaged_one_has_its_reason() {
        let registry = Registry::standard();
        let world = registry.build_world("grid/cliff", &toml::Table::new()).unwrap();
        let (policy, source) = named_player(&*world, "reference").unwrap().unwrap();
        let mut runner = world.episode_runner(Streams::new(1), Purpose::DemonstrationEnvironment, 0);
        let mut rng = Streams::new(1).stream(Purpose::DemonstrationAction, 0, 0);
        let mut play = |episode, label: &Label| {
            Demonstration::play(&mut *runner, episode, &*policy, label, &mut rng, 100).unwrap()
        };
        let labels = [Label::of(source, "reference"), Label::of(Source::Human, "")];
        let episodes = vec![play(0, &labels[0]), play(1, &labels[1]), play(2, &labels[0])];
        let set = DemonstrationSet {
            header: header(&*world, "grid/cliff", &toml::Table::new()).unwrap(),
            episodes,
        };
        let folder = tempfile::tempdir().unwrap();
        for name in ["a/good-v0", "b/damaged-v0"] {
            std::fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
            crate::demonstrations::write(&folder.path().join(name), &set).unwrap();
        }
        std::fs::write(folder.path().join("b/damaged-v0/data/1/metadata.json"), "{").unwrap();
        let [good, damaged] = &list(folder.path()).unwrap()[..] else { panic!() };
        let content = good.content.as_ref().unwrap();
        assert_eq!((&*content.world, content.episodes, content.steps), ("grid/cliff", 3, 39));
        assert_eq!(content.players, [("reference: reference".to_owned(), 2), ("human".to_owned(), 1)]);
        assert_eq!((content.scores.len(), content.mean_score()), (3, Some(-13.0)));
        assert!(damaged.content.as_ref().unwrap_err().contains("metadata.json"));
        assert!(list(&folder.path().join("nowhere")).unwrap().is_empty());
    }
}
