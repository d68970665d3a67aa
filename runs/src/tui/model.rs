//! State of the viewer, changed by commands and elapsed time; it uses no terminal and no clock.

mod cell;
mod learning;
mod picture;
mod saving;
mod source;
mod thinking;
mod timeline;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use freewheel_core::{ActionBuffer, DynWorld, Frame, Policy};
use ratatui::layout::Rect;

use super::background::{Background, Progress};
use super::clock::Clock;
use super::episode::{Episode, Policies};
use super::human_input::HumanInput;
use super::insight::InsightState;
use super::keys::Command;
use super::layout::Areas;
use super::learner::Learner;
use super::returns::{EpisodeResult, Returns};
use super::theme::Theme;
use super::viewport::Viewport;
use super::{Exit, OnEpisode, Recording, Watch};
use crate::messages::screens::tr;

use cell::Chosen;
use saving::Saving;
use thinking::{Begun, POLL};
use timeline::Skip;

/// State of the viewer: episode, policies, speed and picture.
pub(super) struct Model {
    /// Title at the top left.
    pub(super) title: String,
    /// World that is shown.
    world: Arc<dyn DynWorld>,
    /// Current episode.
    pub(super) episode: Episode,
    /// Policies with their names.
    pub(super) policies: Policies,
    /// Index of the current policy.
    pub(super) policy_index: usize,
    /// Recorded episodes that are shown instead of those of a policy.
    recordings: Vec<Recording>,
    /// Index of the recording that is shown.
    recording: Option<usize>,
    /// Work in the background that sends policies and scores.
    background: Option<Background>,
    /// State of the work in the background.
    work: Option<Progress>,
    /// Time since the start of the work in the background.
    waited: Duration,
    /// Whether the newest policy is shown from the next episode on.
    follows_newest: bool,
    /// Reference score of the world.
    pub(super) reference: Option<f64>,
    /// Baseline score of the world.
    pub(super) baseline: Option<f64>,
    /// Seed of the random streams.
    pub(super) seed: u64,
    /// Whether the viewer makes steps as time passes, with actions of the policy or with the user's continuous action.
    pub(super) running: bool,
    /// Input state while the user plays; `None` while the policy plays.
    pub(super) human: Option<HumanInput>,
    /// Index of the layer of the picture: 0 for none, 1 for the policy's values, then the layers of the world.
    layer: usize,
    /// Zoom of the picture; see [`Frame::zoom`].
    zoom: i8,
    /// Cell of the picture that the user has chosen.
    chosen: Option<Chosen>,
    /// Whether the help is open.
    pub(super) help: bool,
    /// First row of the help that is shown.
    pub(super) help_scroll: u16,
    /// Colors of the screen.
    pub(super) theme: Theme,
    /// Whether all glyphs are ASCII.
    pub(super) ascii: bool,
    /// Speed.
    pub(super) clock: Clock,
    /// Whether the machine is too slow for the speed.
    pub(super) lagging: bool,
    /// Whether the episode is repeated at its end.
    pub(super) looping: bool,
    /// Whether the user plays with held keys in real time, in a world with a clock.
    pub(super) in_real_time: bool,
    /// Takes each episode that the user has played, and returns a message about it.
    on_episode: Option<OnEpisode>,
    /// Digits of the step to go to, while the user types them.
    pub(super) entry: Option<String>,
    /// For two agents side by side: number of steps before the first step in which their actions differ, `Some(None)`
    /// if there is none so far.
    pub(super) parting: Option<Option<usize>>,
    /// Goal of steps that are made as fast as possible.
    skip: Option<Skip>,
    /// Whether the user drags the position on the timeline.
    dragging: bool,
    /// Terminal recording that is being written.
    saving: Option<Saving>,
    /// Step that a thread makes.
    begun: Option<Begun>,
    /// Whether steps that may take long are made in threads; off-screen pictures wait for each step.
    pub(super) in_threads: bool,
    pub(super) save_folder: PathBuf,
    /// Message for the user, until the next key.
    pub(super) note: Option<String>,
    /// Reason to end the viewer, once there is one.
    pub(super) exit: Option<Exit>,
    /// Whether screens are drawn for a file, without keys.
    pub(super) is_offscreen: bool,
    /// Picture of the world.
    pub(super) picture: Frame,
    /// Areas of the screen.
    pub(super) areas: Areas,
    /// Visible part of the picture.
    pub(super) viewport: Viewport,
    /// Numbers of the current policy about the current state, and the page of the panel.
    pub(super) insight: InsightState,
    /// Agent that can learn here.
    learn_here: Option<Learner>,
    /// Whether the screen must be redrawn.
    pub(super) dirty: bool,
    /// Returns under each policy, followed by the returns of the user and of the agent that learns here.
    returns: Vec<Returns>,
    /// Picture before the current one.
    before: Frame,
    /// Screen, and size of the picture, for which the areas were chosen.
    fitted_to: Option<(Rect, (usize, usize))>,
    /// Values of `layer`, `zoom` and `policy_index` for which the current picture was drawn.
    drawn_with: Option<(usize, i8, usize)>,
    /// Number of steps that are due but not made yet; negative while the end of an episode stays on the screen.
    pub(super) step_debt: f64,
}

impl Model {
    /// State at the start of the viewer.
    pub(super) fn new(watch: Watch) -> Self {
        let Watch { world, policies, streams, recordings, background, .. } = watch;
        let plays = watch.human || (recordings.is_empty() && background.is_none() && policies.is_empty());
        let learner = watch.learner.and_then(|agent| Learner::new(agent, &*world, streams).ok());
        let mut model = Model {
            title: watch.title,
            episode: Episode::new(&*world, streams, watch.first_episode, watch.max_steps),
            clock: Clock::new(&*world, watch.speed),
            world,
            policy_index: policies.len().saturating_sub(1),
            recordings,
            recording: None,
            background,
            work: None,
            waited: Duration::ZERO,
            follows_newest: true,
            reference: watch.reference.filter(|x| x.is_finite()),
            baseline: watch.baseline.filter(|x| x.is_finite()),
            seed: streams.seed,
            running: true,
            human: None,
            layer: 1,
            zoom: 0,
            chosen: None,
            help: false,
            help_scroll: 0,
            theme: watch.theme,
            ascii: watch.ascii,
            lagging: false,
            looping: false,
            in_real_time: true,
            on_episode: watch.on_episode,
            entry: None,
            parting: None,
            skip: None,
            dragging: false,
            saving: None,
            begun: None,
            in_threads: false,
            save_folder: watch.save_folder,
            note: None,
            exit: None,
            is_offscreen: false,
            picture: Frame::default(),
            areas: Areas::default(),
            viewport: Viewport::default(),
            insight: InsightState::default(),
            learn_here: learner,
            dirty: true,
            returns: vec![Returns::default(); policies.len() + 2],
            before: Frame::default(),
            fitted_to: None,
            drawn_with: None,
            step_debt: 0.0,
            policies,
        };
        model.load(0);
        if plays {
            model.toggle_human();
        }
        model.refresh();
        model
    }

    /// Current policy, if there is one.
    pub(super) fn policy(&self) -> Option<&dyn Policy> {
        let chosen = self.policies.get(self.policy_index).map(|(_, policy)| &**policy);
        self.learner().map(Learner::policy).or(chosen)
    }

    /// Policy of the list that is chosen, if there is one.
    fn chosen_policy(&self) -> Option<Arc<dyn Policy>> {
        self.policies.get(self.policy_index).map(|(_, policy)| Arc::clone(policy))
    }

    /// Returns under the current policy, or returns of the user while the user plays.
    pub(super) fn returns(&self) -> &Returns {
        &self.returns[self.player(self.human.is_some())]
    }

    /// Index in `returns` of the present player, by default the policy.
    fn player(&self, is_human: bool) -> usize {
        let human = self.returns.len() - 2;
        match (is_human, self.learner()) {
            (true, _) => human,
            (false, Some(_)) => human + 1,
            (false, None) => self.policy_index.min(human),
        }
    }

    /// Executes a command.
    pub(super) fn execute(&mut self, command: Command) {
        self.note = None;
        self.skip = None;
        self.dirty = true;
        if self.help {
            match command {
                Command::Quit | Command::Suspend | Command::Theme => {}
                Command::Scroll(_, rows) => return self.scroll_help(rows),
                // Any other key only closes the help.
                _ => {
                    self.help = false;
                    return;
                }
            }
        }
        if self.entry.is_some() && self.enter_step(command) {
            return;
        }
        match command {
            Command::Quit => self.quit(),
            // The event loop handles the suspension.
            Command::Suspend => {}
            Command::Escape if self.cancel_work() => {}
            Command::Escape if self.human.is_none() && self.stop_thinking() => {}
            Command::Escape if self.chosen.take().is_some() => {}
            Command::Escape if self.human.is_some() && !self.policies.is_empty() => self.toggle_human(),
            Command::Escape => self.quit(),
            Command::Pause => self.running = !self.running,
            Command::Step => {
                self.running = false;
                self.next_step();
            }
            Command::Back => self.back(),
            Command::Percent(share) => self.go_by_percent(share),
            Command::Start => self.go_to(0),
            Command::End => self.go_to_end(),
            Command::AskStep => self.entry = Some(String::new()),
            Command::NextEvent => self.next_event(),
            Command::PreviousEvent => self.previous_event(),
            Command::Loop => {
                self.looping = !self.looping;
                self.set_note(if self.looping {
                    tr!("the episode is repeated")
                } else {
                    tr!("the next episode follows")
                });
            }
            Command::Faster => self.change_speed(Clock::faster),
            Command::Slower => self.change_speed(Clock::slower),
            Command::Restart => self.restart(),
            Command::Save => self.save_recording(),
            Command::Next => self.change_episode(1),
            Command::Previous => self.change_episode(-1),
            Command::Seed => self.next_seed(),
            Command::Policy(by) => self.switch_policy(by),
            Command::Layer => self.next_layer(),
            Command::Zoom(by) => self.zoom_by(by),
            Command::Page => self.insight.page = self.insight.page.next(),
            Command::Learn => self.toggle_learning(),
            Command::Neuron(layers, units) => self.insight.move_neuron(layers, units),
            Command::TogglePlay if self.learner().is_some() => {
                self.stop_learning();
                if self.human.is_none() {
                    self.toggle_human();
                }
            }
            Command::TogglePlay => {
                self.chosen = None;
                self.toggle_human();
            }
            Command::RealTime => self.toggle_real_time(),
            Command::Hold(key) => self.hold(key),
            Command::Cursor(by) => self.move_cursor(by),
            Command::Cell => self.toggle_cell(),
            Command::MoveCell(by) => self.move_cell(by),
            Command::Help => (self.help, self.help_scroll) = (true, 0),
            Command::Theme => {
                self.theme = self.theme.next();
                self.theme.choose();
                self.note = Some(tr!("theme: {}", self.theme.name()));
            }
            Command::Scroll(columns, rows) => self.viewport.scroll(columns, rows, &self.picture),
            Command::Follow => self.viewport.following = true,
            Command::Play(action) => self.play(action),
            Command::Type(c) => self.type_letter(c),
            Command::Erase => self.erase(),
            Command::Enter => self.enter(),
            Command::Select(by) => self.with_human(|human, _| human.select(by)),
            Command::Adjust(tenths) => self.with_human(|human, spec| human.adjust(spec, tenths)),
        }
    }

    /// Adds the number of steps that are due after the time `elapsed`; [`Model::tick`] makes the steps.
    pub(super) fn advance(&mut self, elapsed: Duration) {
        self.receive(elapsed);
        self.receive_saved();
        self.think_on(elapsed);
        if let Some(held) = self.human.as_mut().and_then(HumanInput::held) {
            held.advance(elapsed.as_secs_f64());
        }
        if self.steps_by_time() {
            self.step_debt += elapsed.as_secs_f64() * self.clock.speed();
        }
    }

    /// Makes one step that is due; false if no step is due.
    pub(super) fn tick(&mut self) -> bool {
        if self.is_thinking() {
            return false;
        }
        if self.skip.is_some() {
            return self.skip_step();
        }
        if self.step_debt < 1.0 || !self.steps_by_time() {
            return false;
        }
        self.step_debt -= 1.0;
        if self.episode.over().is_some() {
            self.follow_the_end();
        } else if self.human_to_move() {
            if let Some(action) = self.timed_action() {
                self.play_action(action);
            }
        } else {
            self.next_step();
        }
        if self.episode.over().is_some() {
            // The end of an episode stays on the screen for 1.5 seconds, or for 10 steps at high speed.
            self.step_debt -= (1.5 * self.clock.speed()).min(10.0);
        }
        true
    }

    /// Repeats the episode, or starts the next one.
    pub(super) fn follow_the_end(&mut self) {
        let debt = self.step_debt;
        if self.looping {
            self.go_to_step(0);
        } else {
            self.change_episode(1);
        }
        (self.step_debt, self.dirty) = (debt, true);
    }

    /// Drops the steps that are due but for which there was no time.
    pub(super) fn drop_step_debt(&mut self) {
        let lagging = self.step_debt >= 1.0;
        self.dirty |= lagging != self.lagging;
        self.lagging = lagging;
        self.step_debt = self.step_debt.min(0.99);
    }

    /// Time until the next step; `None` if the viewer makes no steps by itself.
    pub(super) fn due(&self) -> Option<Duration> {
        if self.is_thinking() {
            return Some(POLL);
        }
        if self.skip.is_some() {
            return Some(Duration::ZERO);
        }
        let wait = (1.0 - self.step_debt).max(0.0) / self.clock.speed();
        self.steps_by_time().then(|| Duration::from_secs_f64(wait.min(60.0)))
    }

    /// Whether the viewer makes steps as time passes.
    fn steps_by_time(&self) -> bool {
        if self.help || self.entry.is_some() || self.dragging || self.exit.is_some() {
            return false;
        }
        match &self.human {
            None => {
                let recorded = self.recording.is_some() || self.episode.has_next();
                self.running && (recorded || self.policy().is_some())
            }
            // After the end of an episode, the user starts the next one.
            Some(_) if self.episode.over().is_some() => false,
            Some(human) if self.human_to_move() => self.running && human.goes_by_time(),
            Some(_) => self.policy().is_some(),
        }
    }

    /// Starts an episode at the user's command: none of its steps is due yet.
    fn begin(&mut self, number: u64) {
        self.episode.begin(number);
        if let Some(held) = self.human.as_mut().and_then(HumanInput::held) {
            // The next key starts the clock again.
            held.clear();
            self.running = false;
        }
        self.step_debt = 0.0;
        self.dirty = true;
    }

    /// Makes one step that is known, or one of the policy, or starts the next episode after the end of the current one.
    pub(super) fn next_step(&mut self) {
        if self.episode.over().is_some() {
            return self.change_episode(1);
        }
        if self.is_thinking() || self.learn_step() {
            return;
        }
        let policy = self.chosen_policy();
        if self.think(policy.clone(), None) {
            return;
        }
        match self.episode.act(policy.as_deref()) {
            Ok(false) => self.set_note(tr!("there is no policy to make a step")),
            done => self.finish_step(done.map(drop)),
        }
    }

    /// Makes one step with an action of the user.
    pub(super) fn play_action(&mut self, action: ActionBuffer) {
        if self.is_thinking() || self.think(self.chosen_policy(), Some(action.clone())) {
            return;
        }
        let done = self.episode.play(action);
        self.finish_step(done);
    }

    /// Stores the result of a finished episode, or shows the error of a step.
    fn finish_step(&mut self, done: freewheel_core::Result<()>) {
        self.dirty = true;
        if let Err(error) = done {
            self.running = false;
            return self.set_note(&error.to_string());
        }
        if let Some(over) = self.episode.over() {
            let player = self.player(self.episode.by_human());
            let runner = self.episode.runner();
            let score = runner.spec().score.of(runner.episode_return(), &runner.measures());
            let result = EpisodeResult { score, over };
            let number = self.recording.map_or(self.episode.number(), |index| index as u64);
            self.returns[player].record(number, result);
            self.keep_played();
        }
    }

    /// Action of the user that time repeats: held keys, or the numbers that were adjusted.
    fn timed_action(&mut self) -> Option<ActionBuffer> {
        let seconds = self.clock.seconds(1).unwrap_or_default();
        let human = self.human.as_mut()?;
        if human.held().is_none() {
            return human.continuous_action();
        }
        let runner = self.episode.runner();
        human.held().map(|held| held.action(runner.spec(), runner.legal(), seconds))
    }

    /// Passes on the finished episode, if the user chose any of its actions.
    fn keep_played(&mut self) {
        if self.recording.is_some() || self.learner().is_some() {
            return;
        }
        let Some(played) = self.episode.played() else { return };
        if let Some(on_episode) = &mut self.on_episode {
            let message = on_episode(&played);
            self.set_note(&message);
        }
    }

    /// Switches to the policy at the distance `by` in the list of policies and restarts the episode.
    fn switch_policy(&mut self, by: isize) {
        let n = self.policies.len();
        if n < 2 {
            return self.set_note(tr!("there is no other policy"));
        }
        self.stop_learning();
        self.policy_index = (self.policy_index as isize + by).rem_euclid(n as isize) as usize;
        self.follows_newest = self.policy_index + 1 == n;
        // The same episode is shown from its start, to compare the policies.
        self.begin(self.episode.number());
    }

    fn change_speed(&mut self, change: fn(&mut Clock)) {
        change(&mut self.clock);
        self.lagging = false;
        self.step_debt = self.step_debt.min(0.0);
    }

    /// Shows a message to the user.
    pub(super) fn set_note(&mut self, note: &str) {
        self.note = Some(note.to_owned());
        self.dirty = true;
    }

    fn scroll_help(&mut self, rows: i32) {
        // The view limits the scrolling to the rows that there are.
        self.help_scroll = self.help_scroll.saturating_add_signed(rows.clamp(-100, 100) as i16).min(100);
    }
}

#[cfg(test)]
mod tests;
