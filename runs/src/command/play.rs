//! `play`: a world played by the user in the viewer; finished episodes become demonstrations.

use std::cell::Cell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use freewheel_core::demonstrations::{Demonstration, DemonstrationSet, Label, Source};
use freewheel_core::record::RecordedActions;
use freewheel_core::{ActionBuffer, ActionSpace, DynWorld, Purpose, Streams};

use super::demos::replayed::{ActionList, replayed};
use super::demos::world_settings;
use super::watch::{ended, world_with_agent};
use crate::cli::{Play, RecordOption, Watch};
use crate::demonstrations::recording::header;
use crate::demonstrations::{append, default_store, facts, is_store};
use crate::error::Result;
use crate::messages::screens::tr;
use crate::tui::{self, PlayedEpisode};
use crate::{Registry, output};

pub(super) fn play(registry: &Registry, args: Play) -> Result<()> {
    let set = args.assignments();
    let store = args.to.clone().unwrap_or_else(|| default_store(&args.world, "human"));
    let kept = if is_store(&store) { facts(&store)?.episodes as u64 } else { 0 };
    let settings = world_settings(&set)?;
    let watch = Watch {
        what: args.world.clone(),
        other: None,
        agent: Some("human".into()),
        against: None,
        train: 1,
        seed: args.seed,
        speed: args.speed,
        theme: args.theme,
        ascii: args.ascii,
        record: RecordOption::default(),
        overrides: crate::cli::Overrides { set },
        programs: args.programs,
    };
    let mut shown = world_with_agent(registry, &watch, Some("human"))?;
    let recorder = Recorder {
        header: header(&*shown.world, &args.world, &settings)?,
        world: Arc::clone(&shown.world),
        seed: args.seed,
        store: store.clone(),
        player: args.against.map_or_else(String::new, |name| format!("against {name}")),
    };
    let saved = Rc::new(Cell::new(0));
    let count = Rc::clone(&saved);
    shown.first_episode = args.episode.unwrap_or(kept);
    shown.on_episode = Some(Box::new(move |played| match recorder.keep(played) {
        Ok(()) => {
            count.set(count.get() + 1);
            tr!("saved to {}; N: next episode", recorder.store.display())
        }
        Err(error) => tr!("not saved: {}", error),
    }));
    let exit = tui::watch(shown)?;
    let store = store.display();
    let text = match saved.get() {
        0 => "no episode was finished, so that none is saved\n".to_owned(),
        1 => format!("{store}: 1 episode more\n"),
        n => format!("{store}: {n} episodes more\n"),
    };
    output::text(&text)?;
    ended(exit)
}

/// Writer of played episodes to a store.
struct Recorder {
    header: freewheel_core::demonstrations::WorldHeader,
    world: Arc<dyn DynWorld>,
    seed: u64,
    store: PathBuf,
    player: String,
}

impl Recorder {
    /// Appends an episode, which is replayed first.
    ///
    /// # Errors
    /// Why it cannot be replayed or written, as text.
    fn keep(&self, played: &PlayedEpisode) -> std::result::Result<(), String> {
        let episodes = vec![demonstration(&*self.world, self.seed, played, &self.player)?];
        let set = DemonstrationSet { header: self.header.clone(), episodes };
        append(&self.store, &set).map_err(|error| error.to_string())
    }
}

/// Demonstration of an episode of [`tui::Watch`] in `world`.
fn demonstration(
    world: &dyn DynWorld,
    seed: u64,
    played: &PlayedEpisode,
    player: &str,
) -> std::result::Result<Demonstration, String> {
    let steps = played.actions.len();
    let shared = (played.human_steps < steps)
        .then(|| format!("{} of {steps} steps, the others by a policy", played.human_steps));
    let parts: Vec<String> = [player.to_owned(), shared.unwrap_or_default()].into();
    let player = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
    let none = || match world.spec().actions {
        ActionSpace::Discrete { .. } => RecordedActions::Discrete(Vec::new()),
        ActionSpace::Continuous { .. } => RecordedActions::Continuous(Vec::new()),
    };
    let mut actions = none();
    for action in &played.actions {
        match (&mut actions, action) {
            (RecordedActions::Discrete(all), ActionBuffer::Discrete(one)) => all.extend(one),
            (RecordedActions::Continuous(all), ActionBuffer::Continuous(one)) => all.push(one.clone()),
            _ => return Err("its actions are of two kinds".into()),
        }
    }
    let list = ActionList {
        label: Label::of(Source::Human, player),
        opening: none(),
        actions,
        rewards: Vec::new(),
        episode: played.episode,
    };
    let mut runner = world.episode_runner(Streams::new(seed), Purpose::WatchEnvironment, 0);
    replayed(list, &mut *runner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_played_episode_is_a_demonstration_of_a_human() {
        let registry = Registry::standard();
        let world = registry.build_world("grid/cliff", &toml::Table::new()).unwrap();
        // Up, along the cliff, and down.
        let moves = [0].into_iter().chain([1; 11]).chain([2]);
        let actions = moves.map(|action| ActionBuffer::Discrete(vec![action])).collect();
        let played = PlayedEpisode { episode: 4, actions, human_steps: 12 };
        let episode = demonstration(&*world, 3, &played, "against nobody").unwrap();
        assert_eq!((episode.label.source, episode.episode_return, episode.len()), (Source::Human, -13.0, 13));
        assert_eq!(episode.label.player, "against nobody, 12 of 13 steps, the others by a policy");
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("human-v0");
        let header = header(&*world, "grid/cliff", &toml::Table::new()).unwrap();
        let recorder = Recorder { header, world, seed: 3, store: store.clone(), player: String::new() };
        (0..2).for_each(|_| recorder.keep(&played).unwrap());
        let set = crate::demonstrations::read(&store).unwrap();
        assert_eq!(set.episodes.len(), 2);
        assert_eq!(set.verify(&*recorder.world).unwrap(), 0);
    }
}
