//! Actions of the user on the selected item: most of them are command lines of the program.

use super::form::Form;
use super::model::{Command, Focus, Home, Tab};
use crate::messages::screens::tr;
use crate::run_list::RunState;

impl Home {
    /// Opens the selected item.
    pub(super) fn open(&mut self) {
        match self.tab {
            Tab::Worlds => {
                self.chosen = self.world().map(|world| words(["watch", &concrete(&world.id)]));
            }
            Tab::Agents => self.open_form(),
            Tab::Runs => match self.run().map(|run| (run.folder.clone(), run.state.clone())) {
                Some((_, RunState::Damaged(why))) => self.say(&why),
                Some((folder, _)) => self.chosen = Some(words(["watch", &folder.to_string_lossy()])),
                None => {}
            },
            Tab::Demonstrations => {
                match self.store().map(|store| (store.folder.clone(), store.content.clone())) {
                    Some((_, Err(why))) => self.say(&why),
                    Some((folder, Ok(_))) => self.chosen = Some(words(["watch", &folder.to_string_lossy()])),
                    None => {}
                }
            }
        }
    }

    /// Opens the two compared runs side by side.
    pub(super) fn watch_both(&mut self) {
        match self.compared() {
            Some([a, b]) if a.world == b.world => {
                let [a, b] = [a, b].map(|run| run.folder.to_string_lossy());
                self.chosen = Some(words(["watch", &a, &b]));
            }
            _ => self.say(tr!("two runs side by side need one world")),
        }
    }

    /// Plays the selected world, or the world of the selected demonstrations.
    pub(super) fn play(&mut self) {
        let store = self.store().and_then(|store| Some((&store.folder, store.content.as_ref().ok()?)));
        let chosen = match (self.world(), store) {
            (Some(world), _) => Some(words(["play", &concrete(&world.id)])),
            (None, Some((folder, content))) if !content.world.is_empty() => {
                Some(words(["play", &content.world, "--to", &folder.to_string_lossy()]))
            }
            _ => None,
        };
        match chosen {
            Some(words) => self.chosen = Some(words),
            None => self.say(tr!("choose a world to play in")),
        }
    }

    /// Continues the selected run, if it was interrupted.
    pub(super) fn resume(&mut self) {
        match self.run().map(|run| (run.folder.clone(), run.state.clone())) {
            Some((folder, RunState::Interrupted)) => {
                self.chosen = Some(words(["resume", &folder.to_string_lossy()]));
            }
            Some((_, RunState::Done)) => {
                self.say(tr!("this run is finished; `freewheel run` with more steps extends it"))
            }
            Some((_, RunState::Damaged(why) | RunState::Diverged(why))) => self.say(&why),
            Some(_) => self.say(tr!("another process trains this run")),
            None => self.say(tr!("choose a run to continue")),
        }
    }

    /// Marks the selected run, or takes its mark away; at most two runs are marked.
    pub(super) fn mark(&mut self) {
        let Some(folder) = self.run().map(|run| run.folder.clone()) else { return };
        match self.marked.iter().position(|marked| *marked == folder) {
            Some(at) => drop(self.marked.remove(at)),
            None => {
                if self.marked.len() == 2 {
                    self.marked.remove(0);
                }
                self.marked.push(folder);
            }
        }
        self.execute(Command::Move(1));
    }

    /// Opens the form of a training in the selected world or with the selected agent.
    pub(super) fn open_form(&mut self) {
        let agents: Vec<String> = self.agents.iter().map(|agent| agent.id.clone()).collect();
        let worlds: Vec<String> = self.worlds.iter().map(|world| concrete(&world.id)).collect();
        let form = match self.tab {
            Tab::Worlds => {
                self.world().and_then(|world| Form::of_world(&concrete(&world.id), worlds, agents))
            }
            Tab::Agents => self.agent().and_then(|agent| Form::of_agent(&agent.id, worlds, agents)),
            Tab::Runs | Tab::Demonstrations => None,
        };
        match form {
            Some(form) => (self.form, self.focus) = (Some(form), Focus::Form),
            None => self.say(tr!("choose a world or an agent to train")),
        }
    }
}

/// Id with numbers in the place of the letters that stand for a number to choose: `grid/deepsea-8` for
/// `grid/deepsea-N`.
pub(super) fn concrete(id: &str) -> String {
    let number = |part: &str| match part.chars().all(|c| "NSWHx".contains(c)) && part != "x" {
        true => part.replace(['N', 'W', 'H'], "8").replace('S', "1"),
        false => part.to_owned(),
    };
    let part = |part: &str| match part.strip_suffix(['-', '/']) {
        Some(text) => number(text) + &part[text.len()..],
        None => number(part),
    };
    id.split_inclusive(['-', '/']).map(part).collect()
}

fn words<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).to_vec()
}
