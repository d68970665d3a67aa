//! State of the home screen, changed by commands; it uses no terminal, no clock and no thread.

use std::path::{Path, PathBuf};

use freewheel_core::WorldInfo;
use freewheel_core::settings::Field;

use super::form::Form;
use crate::Registry;
use crate::demonstrations::list::StoreEntry;
use crate::messages::screens::tr;
use crate::presets::{self, Preset};
use crate::run_list::RunEntry;
use crate::tui::Theme;

/// Tab of the home screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tab {
    /// Worlds by family.
    Worlds,
    /// Agents.
    Agents,
    /// Runs in the folder of results.
    Runs,
    /// Stores of demonstrations.
    Demonstrations,
}

impl Tab {
    /// All tabs, in the order of the screen.
    pub(super) const ALL: [Tab; 4] = [Tab::Worlds, Tab::Agents, Tab::Runs, Tab::Demonstrations];

    /// Name of the tab.
    pub(super) fn name(self) -> &'static str {
        match self {
            Tab::Worlds => tr!("Worlds"),
            Tab::Agents => tr!("Agents"),
            Tab::Runs => tr!("Runs"),
            Tab::Demonstrations => tr!("Demonstrations"),
        }
    }
}

/// Agent with its settings.
#[derive(Clone, Debug)]
pub(super) struct AgentItem {
    /// Id in the registry.
    pub(super) id: String,
    /// Description.
    pub(super) about: String,
    /// Settings with defaults.
    pub(super) fields: Vec<Field>,
}

/// Command of the user to the home screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Select the item at this distance.
    Move(isize),
    /// Show the tab at this distance.
    Tab(isize),
    /// Show this tab.
    Show(Tab),
    /// Begin to type a filter.
    Filter,
    /// Add a letter to the filter or to a field of the form.
    Type(char),
    /// Delete the last letter.
    Erase,
    /// Close what is open: help, form, comparison, filter; at last the program.
    Escape,
    /// Open the selected item, or accept the form or the filter.
    Enter,
    /// Train in the selected world, or with the selected agent.
    Train,
    /// Play in the selected world.
    Play,
    /// Continue the selected run.
    Resume,
    /// Mark the selected run for a comparison.
    Mark,
    /// Compare the marked runs.
    Compare,
    /// Change the choice of the selected field of the form.
    Choose(isize),
    /// Show or hide the help.
    Help,
    /// Show the rules of the selected world.
    Rules,
    /// Next theme.
    Theme,
    /// Select the item or the tab at this column and row, or open the selected item.
    Click(u16, u16),
    /// Quit the program.
    Quit,
}

/// Part of the screen that takes the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Focus {
    /// List of the tab.
    List,
    /// Filter, while it is typed.
    Filter,
    /// Form of a training.
    Form,
    /// Comparison of two runs.
    Compare,
}

/// Places on the screen that the mouse can click.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    /// Row of the tabs, and first column and end of each.
    pub(super) top: u16,
    pub(super) tabs: Vec<(u16, u16)>,
    /// Columns of the list, and row and place of each item.
    pub(super) columns: std::ops::Range<u16>,
    pub(super) items: Vec<(u16, usize)>,
}

/// List of a tab: filter, selection and scroll position.
#[derive(Clone, Debug, Default)]
pub(super) struct List {
    /// Text that an item must contain, in lower case.
    pub(super) filter: String,
    /// Index of the selected item among the items that pass the filter.
    pub(super) selected: usize,
    /// First row that is shown.
    pub(super) scroll: usize,
}

/// State of the home screen.
pub(crate) struct Home {
    /// Tab that is shown.
    pub(super) tab: Tab,
    /// Lists of the tabs.
    lists: [List; 4],
    /// Part that takes the keys.
    pub(super) focus: Focus,
    /// Worlds, by family.
    pub(super) worlds: Vec<WorldInfo>,
    /// Agents.
    pub(super) agents: Vec<AgentItem>,
    /// Runs; `None` until the folder has been read.
    pub(super) runs: Option<Vec<RunEntry>>,
    /// Folder of the runs.
    pub(super) folder: PathBuf,
    /// Stores of demonstrations below the folder `demos`; `None` until it has been read.
    pub(super) stores: Option<Vec<StoreEntry>>,
    /// Folders of the marked runs, at most two.
    pub(super) marked: Vec<PathBuf>,
    /// Form of a training, while it is open.
    pub(super) form: Option<Form>,
    /// Whether the help is open.
    pub(super) help: bool,
    /// Whether the rules of the selected world are open.
    pub(super) rules: bool,
    /// Places of the tabs and of the items of the list on the screen, for the mouse.
    pub(super) places: Places,
    /// Message in the last row, until the next key.
    pub(super) message: Option<String>,
    /// Command line that the user has chosen, without the name of the program.
    pub(super) chosen: Option<Vec<String>>,
    /// Whether the user quits.
    pub(super) quit: bool,
    /// Whether the screen must be drawn.
    pub(super) dirty: bool,
}

impl Home {
    /// Home screen with the worlds and agents of `registry`, for the runs below `folder`.
    pub(crate) fn new(registry: &Registry, folder: &Path, tab: Tab) -> Self {
        let agent = |agent: &dyn freewheel_agents::AgentFactory| AgentItem {
            id: agent.id().to_owned(),
            about: agent.about().to_owned(),
            fields: agent.fields(),
        };
        Home {
            tab,
            lists: Default::default(),
            focus: Focus::List,
            worlds: registry.worlds(),
            agents: registry.agents().map(agent).collect(),
            runs: None,
            folder: folder.to_owned(),
            stores: None,
            marked: Vec::new(),
            form: None,
            help: false,
            rules: false,
            places: Places::default(),
            message: None,
            chosen: None,
            quit: false,
            dirty: true,
        }
    }

    /// Takes the command line that the user has chosen, and prepares the screen for its return.
    pub(crate) fn take_chosen(&mut self) -> Option<Vec<String>> {
        (self.quit, self.dirty) = (false, true);
        self.chosen.take()
    }

    /// Shows a message in the last row.
    pub(crate) fn say(&mut self, text: &str) {
        self.message = Some(text.to_owned());
        self.dirty = true;
    }

    /// List of the tab.
    pub(super) fn list(&self) -> &List {
        &self.lists[self.tab as usize]
    }

    pub(super) fn list_mut(&mut self) -> &mut List {
        &mut self.lists[self.tab as usize]
    }

    /// Indices of the items of the tab that pass its filter.
    pub(super) fn shown(&self) -> Vec<usize> {
        let filter = &self.list().filter;
        let passes = |text: &str| text.to_lowercase().contains(filter.as_str());
        let runs = self.runs.as_deref().unwrap_or_default();
        match self.tab {
            Tab::Worlds => indices(&self.worlds, |world| passes(&world.id) || passes(&world.about)),
            Tab::Agents => indices(&self.agents, |agent| passes(&agent.id) || passes(&agent.about)),
            Tab::Runs => indices(runs, |run| passes(&run_text(run, &self.folder))),
            Tab::Demonstrations => indices(self.stores.as_deref().unwrap_or_default(), |store| {
                passes(&store.folder.to_string_lossy())
            }),
        }
    }

    /// Index of the selected item of the tab.
    fn selected(&self) -> Option<usize> {
        self.shown().get(self.list().selected).copied()
    }

    /// Selected world; `None` in another tab.
    pub(super) fn world(&self) -> Option<&WorldInfo> {
        self.worlds.get(self.selected()?).filter(|_| self.tab == Tab::Worlds)
    }

    /// Selected agent; `None` in another tab.
    pub(super) fn agent(&self) -> Option<&AgentItem> {
        self.agents.get(self.selected()?).filter(|_| self.tab == Tab::Agents)
    }

    /// Selected run; `None` in another tab.
    pub(super) fn run(&self) -> Option<&RunEntry> {
        self.runs.as_ref()?.get(self.selected()?).filter(|_| self.tab == Tab::Runs)
    }

    /// Selected store of demonstrations; `None` in another tab.
    pub(super) fn store(&self) -> Option<&StoreEntry> {
        self.stores.as_ref()?.get(self.selected()?).filter(|_| self.tab == Tab::Demonstrations)
    }

    /// Takes the stores of demonstrations.
    pub(super) fn set_stores(&mut self, stores: Vec<StoreEntry>) {
        self.dirty |= self.stores.as_ref() != Some(&stores);
        self.stores = Some(stores);
        let last = self.stores.as_ref().map_or(0, Vec::len).saturating_sub(1);
        let list = &mut self.lists[Tab::Demonstrations as usize];
        list.selected = list.selected.min(last);
    }

    /// The two runs that are compared.
    pub(super) fn compared(&self) -> Option<[&RunEntry; 2]> {
        let find = |folder: &PathBuf| self.runs.as_ref()?.iter().find(|run| run.folder == *folder);
        match &self.marked[..] {
            [a, b] => Some([find(a)?, find(b)?]),
            _ => None,
        }
    }

    /// Takes the runs of the folder. The selected run stays selected.
    pub(super) fn set_runs(&mut self, runs: Vec<RunEntry>) {
        let (tab, before) =
            (std::mem::replace(&mut self.tab, Tab::Runs), self.run().map(|run| run.folder.clone()));
        self.marked.retain(|folder| runs.iter().any(|run| run.folder == *folder));
        self.runs = Some(runs);
        let all = self.runs.as_deref().unwrap_or_default();
        let again = self.shown().iter().position(|&index| Some(&all[index].folder) == before.as_ref());
        self.lists[Tab::Runs as usize].selected = again.unwrap_or(0);
        self.tab = tab;
        if self.focus == Focus::Compare && self.compared().is_none() {
            self.focus = Focus::List;
        }
        self.dirty = true;
    }

    /// Executes a command.
    pub(super) fn execute(&mut self, command: Command) {
        self.dirty = true;
        self.message = None;
        let was_open = std::mem::take(&mut self.help) | std::mem::take(&mut self.rules);
        if was_open && !matches!(command, Command::Quit | Command::Theme) {
            return;
        }
        match command {
            Command::Help => self.help = true,
            Command::Theme => {
                let theme = Theme::chosen().next();
                theme.choose();
                self.say(&tr!("theme: {}", theme.name()));
            }
            Command::Click(column, row) => self.click(column, row),
            Command::Rules if self.focus == Focus::List => self.rules = self.world().is_some(),
            Command::Quit => self.quit = true,
            Command::Escape => self.escape(),
            Command::Enter if self.focus == Focus::Filter => self.focus = Focus::List,
            Command::Type(c) if self.focus == Focus::Filter => {
                self.list_mut().filter.extend(c.to_lowercase());
                self.list_mut().selected = 0;
            }
            Command::Erase if self.focus == Focus::Filter => {
                self.list_mut().filter.pop();
                self.list_mut().selected = 0;
            }
            _ if self.focus == Focus::Form => self.pass_to_form(command),
            Command::Enter if self.focus == Focus::Compare => self.watch_both(),
            _ if self.focus == Focus::Compare => {}
            Command::Move(by) => {
                let last = self.shown().len().saturating_sub(1);
                let list = self.list_mut();
                list.selected = list.selected.saturating_add_signed(by).min(last);
            }
            Command::Tab(by) => {
                let at = (self.tab as isize + by).rem_euclid(Tab::ALL.len() as isize) as usize;
                self.tab = Tab::ALL[at];
                self.focus = Focus::List;
            }
            Command::Show(tab) => (self.tab, self.focus) = (tab, Focus::List),
            Command::Filter => self.focus = Focus::Filter,
            Command::Enter => self.open(),
            Command::Train => self.open_form(),
            Command::Play => self.play(),
            Command::Resume => self.resume(),
            Command::Mark => self.mark(),
            Command::Compare => match self.compared() {
                Some([a, b]) if a.world != b.world => self.say(tr!("two runs of one world can be compared")),
                Some(_) => self.focus = Focus::Compare,
                None => self.say(tr!("mark two runs with space, then compare them with c")),
            },
            Command::Type(_) | Command::Erase | Command::Choose(_) | Command::Rules => {}
        }
    }

    /// Selects the tab or the item at a place of the screen; opens the item if it is the selected one.
    fn click(&mut self, column: u16, row: u16) {
        if matches!(self.focus, Focus::Form | Focus::Compare) {
            return;
        }
        let tab = self
            .places
            .tabs
            .iter()
            .position(|(from, to)| row == self.places.top && (*from..*to).contains(&column));
        if let Some(tab) = tab {
            (self.tab, self.focus) = (Tab::ALL[tab], Focus::List);
            return;
        }
        let inside = self.places.columns.contains(&column);
        let Some((_, place)) = self.places.items.iter().find(|(at, _)| inside && *at == row).copied() else {
            return;
        };
        self.focus = Focus::List;
        if self.list().selected == place {
            self.open();
        } else {
            self.list_mut().selected = place;
        }
    }

    fn escape(&mut self) {
        match self.focus {
            Focus::Form => (self.form, self.focus) = (None, Focus::List),
            Focus::Compare => self.focus = Focus::List,
            Focus::Filter => {
                self.list_mut().filter.clear();
                self.list_mut().selected = 0;
                self.focus = Focus::List;
            }
            Focus::List if !self.list().filter.is_empty() => {
                self.list_mut().filter.clear();
                self.list_mut().selected = 0;
            }
            Focus::List => self.quit = true,
        }
    }

    /// Passes a command to the form; an accepted form is a command line.
    fn pass_to_form(&mut self, command: Command) {
        let Some(form) = &mut self.form else { return };
        if command == Command::Enter {
            match form.command() {
                Ok(words) => {
                    self.chosen = Some(words);
                    (self.form, self.focus) = (None, Focus::List);
                }
                Err(why) => self.say(&why),
            }
        } else {
            form.execute(&command);
        }
    }
}

/// Presets of a world.
pub(super) fn presets_of_world(world: &str) -> impl Iterator<Item = &'static Preset> + '_ {
    presets::all().iter().filter(move |preset| preset.world == world)
}

/// Presets of an agent.
pub(super) fn presets_of_agent(agent: &str) -> impl Iterator<Item = &'static Preset> + '_ {
    presets::all().iter().filter(move |preset| preset.agent == agent)
}

/// Text of a run for the filter: its folder below `root`, with its labels and its state.
fn run_text(run: &RunEntry, root: &Path) -> String {
    let folder = run.folder.strip_prefix(root).unwrap_or(&run.folder).to_string_lossy();
    format!("{folder} {} {} {}", run.world, run.agent, run.state.name())
}

fn indices<T>(all: &[T], passes: impl Fn(&T) -> bool) -> Vec<usize> {
    all.iter().enumerate().filter(|(_, item)| passes(item)).map(|(index, _)| index).collect()
}
