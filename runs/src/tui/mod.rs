//! Viewer of `freewheel watch`: episodes of a world in the terminal, played by a policy or by the user.
//!
//! | file | content |
//! |---|---|
//! | `app` | screens, and the stack that shows the top one |
//! | `dashboard` | training dashboard of `train`, `run` and `resume` |
//! | `plot`, `printed` | line plot in braille; learning curves printed as text |
//! | `home` | home screen of a bare `freewheel` |
//! | `episode` | episode in which the user can go to any step |
//! | `frames` | frames without a terminal, for the benchmark |
//! | `background` | messages of work in the background |
//! | `boxes` | boxes with a frame, text in lines |
//! | `clock` | speed as a factor of the world's own clock |
//! | `rules` | rules of the built-in worlds in short, and the glyphs of their pictures |
//! | `returns` | returns of the finished episodes of one player |
//! | `viewport` | visible part of the world's picture |
//! | `human_input` | actions chosen by the user |
//! | `insight` | numbers of the policy about the current state, and their scale |
//! | `keys` | table of the keys: commands, footer, help and documentation |
//! | `layout` | areas of the screen |
//! | `learner` | agent that learns from the steps that are watched |
//! | `offscreen` | screens of an episode without a terminal, for files |
//! | `model` | state of the viewer, changed by commands and time; without terminal and clock |
//! | `view` | drawing of the model |
//! | `pair` | two agents side by side |
//! | `tour` | `freewheel tour`: scenes about the three kinds of learning |
//! | `recorder` | recording of the screens of a session |
//! | `palette` | colors for terminals with 24-bit, 256, 16 or no colors |
//! | `theme` | dark, light and color-blind-safe colors |
//! | `ascii` | glyphs in ASCII |
//! | `terminal` | event loop; restores the terminal at the end |
//! | `signals` | signals that end, suspend or continue the program |

mod app;
mod ascii;
mod background;
mod boxes;
mod clock;
pub(crate) mod dashboard;
mod episode;
mod frames;
mod held;
pub(crate) mod home;
mod human_input;
mod insight;
mod keys;
mod layout;
mod learner;
mod model;
mod offscreen;
mod pair;
mod palette;
mod plot;
mod printed;
mod recorder;
mod returns;
mod rules;
mod signals;
mod terminal;
mod theme;
pub(crate) mod tour;
mod view;
mod viewport;

#[cfg(test)]
mod snapshot;
#[cfg(test)]
mod test_worlds;

pub use background::{Background, Progress, Reporter, Update};
pub use clock::Speed;
#[doc(hidden)]
pub use frames::Frames;
pub use learner::LearnHere;
pub(crate) use offscreen::Offscreen;
pub use palette::Depth;
pub(crate) use palette::cube;
pub(crate) use printed::learning_curves as printed_curves;
pub(crate) use terminal::{is_interactive, record, recorded, restore};
pub use theme::Theme;

use std::path::PathBuf;
use std::sync::Arc;

use freewheel_core::record::EpisodeRecord;
use freewheel_core::{ActionBuffer, DynWorld, Policy, Result, Streams};

/// Input of the viewer: world, policies and settings.
pub struct Watch {
    /// World that is shown.
    pub world: Arc<dyn DynWorld>,
    /// Title at the top left; default: the world's id.
    pub title: String,
    /// Policies with their names; the last one is shown first. The policies of a run's checkpoints, in order, show the
    /// progress of training. Without policies, the user plays.
    pub policies: Vec<(String, Arc<dyn Policy>)>,
    /// Random streams of the world and the policies: an episode is the same each time it is shown.
    pub streams: Streams,
    /// Number of the first episode.
    pub first_episode: u64,
    /// Initial speed, 0.1 to 1,000,000 steps a second.
    pub speed: Speed,
    /// Number of steps after which the viewer ends an episode; 0 for never.
    pub max_steps: u32,
    /// Reference score, drawn as a line in the chart.
    pub reference: Option<f64>,
    /// Baseline score, drawn as a line in the chart.
    pub baseline: Option<f64>,
    /// Colors at the start.
    pub theme: Theme,
    /// Whether all glyphs are ASCII; they are, too, if the locale has no UTF-8.
    pub ascii: bool,
    /// Recorded episodes, which are shown instead of those of a policy.
    pub recordings: Vec<Recording>,
    /// Whether the user plays from the start; without policies, recordings and work in the background, the user plays
    /// in any case.
    pub human: bool,
    /// Work in the background that sends policies and scores.
    pub background: Option<Background>,
    /// Agent that learns from the steps that are watched when the user wants it.
    pub learner: Option<LearnHere>,
    /// Takes each finished episode with an action of the user, and returns a message for the screen.
    pub on_episode: Option<OnEpisode>,
    /// Folder of the terminal recordings that the user saves; by default the current folder.
    pub save_folder: PathBuf,
}

/// Function that takes an episode played by the user, and returns a message about it.
pub type OnEpisode = Box<dyn FnMut(&PlayedEpisode) -> String>;

/// Episode that was played by the user, from its first step.
#[derive(Clone, Debug, PartialEq)]
pub struct PlayedEpisode {
    /// Number of the episode, of the streams of [`Watch`].
    pub episode: u64,
    /// Actions of all steps, one in each buffer.
    pub actions: Vec<ActionBuffer>,
    /// Number of steps whose action the user chose.
    pub human_steps: usize,
}

/// Recorded episode and its world.
pub struct Recording {
    /// Title, such as `recording 3 of 10` or the names of the players.
    pub title: String,
    /// World of the episode.
    pub world: Arc<dyn DynWorld>,
    /// The episode.
    pub record: EpisodeRecord,
}

impl Watch {
    /// Viewer input without policies: speed of the world's own clock, seed 0, at most 10,000 steps an episode.
    pub fn new(world: Arc<dyn DynWorld>) -> Self {
        Watch {
            title: world.spec().id.clone(),
            world,
            policies: Vec::new(),
            streams: Streams::new(0),
            first_episode: 0,
            speed: Speed::default(),
            max_steps: 10_000,
            reference: None,
            baseline: None,
            theme: Theme::default(),
            ascii: false,
            recordings: Vec::new(),
            human: false,
            background: None,
            learner: None,
            on_episode: None,
            // Tests that press any key write nothing beside the sources.
            save_folder: if cfg!(test) { std::env::temp_dir() } else { PathBuf::new() },
        }
    }

    /// Adds a policy.
    pub fn policy(mut self, name: impl Into<String>, policy: impl Into<Arc<dyn Policy>>) -> Self {
        self.policies.push((name.into(), policy.into()));
        self
    }
}

/// Choice of the reason for the end of the viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The user quit the viewer.
    Quit,
    /// The viewer was ended by the signal with this number. The exit code is 128 + this number.
    Signal(i32),
}

/// Runs the viewer until the user quits. The terminal is restored after a key, an error, a panic or a signal.
///
/// # Errors
/// [`Error::Unsupported`](freewheel_core::Error::Unsupported) if the output is not a terminal;
/// [`Error::Io`](freewheel_core::Error::Io) if the terminal fails.
pub fn watch(watch: Watch) -> Result<Exit> {
    terminal::show(app::App::new(model::Model::new(with_locale(watch))))
}

/// Runs the viewer with two agents side by side on the same episodes.
///
/// # Errors
/// As for [`watch`].
pub fn watch_pair(pair: [Watch; 2]) -> Result<Exit> {
    let models = pair.map(|watch| model::Model::new(with_locale(watch)));
    terminal::show(app::App::new(pair::Pair::new(models)))
}

/// Settings with ASCII glyphs if the locale has no UTF-8.
fn with_locale(watch: Watch) -> Watch {
    Watch { ascii: watch.ascii || needs_ascii(), ..watch }
}

/// English texts of the tables of keys, states and rules, which the screens translate as they show them.
#[cfg(test)]
pub(crate) fn texts_of_tables() -> Vec<&'static str> {
    use crate::run_list::RunState;
    // Of the names of keys, those with words.
    let words = ["1 to 9, arrows, a to z", "name, enter", "arrows, enter", "mouse"];
    let rows = keys::KEYS.iter().flat_map(|(_, rows)| *rows);
    assert!(words.iter().all(|word| rows.clone().any(|row| row.keys == *word)));
    let mut all: Vec<&'static str> = words.to_vec();
    all.extend(keys::KEYS.iter().map(|(heading, _)| *heading));
    all.extend(rows.flat_map(|row| [row.does, row.short]));
    all.extend(dashboard::texts());
    let runs = [RunState::Learning, RunState::Stalled, RunState::Done, RunState::Interrupted];
    all.extend(runs.iter().map(RunState::name));
    all.extend(
        [RunState::Diverged(String::new()), RunState::Damaged(String::new())].iter().map(RunState::name),
    );
    all.extend(rules::texts());
    all.retain(|text| !text.is_empty());
    all
}

/// Whether the locale has no UTF-8.
fn needs_ascii() -> bool {
    ascii::is_needed(|name| std::env::var(name).ok())
}
