//! State of the viewer, changed by commands and elapsed time; it uses no terminal and no clock.

use std::time::Duration;

use freewheel_core::{ActionBuffer, Frame, Policy};
use ratatui::layout::Rect;

use super::episode::{Episode, Policies};
use super::human_input::{HumanInput, Input};
use super::keys::Command;
use super::layout::{self, Shape};
use super::returns::{EpisodeResult, Returns};
use super::viewport::Viewport;
use super::{Exit, Watch};

/// State of the viewer: episode, policies, speed and picture.
pub(super) struct Model {
    /// Title at the top left.
    pub(super) title: String,
    /// Current episode.
    pub(super) episode: Episode,
    /// Policies with their names.
    pub(super) policies: Policies,
    /// Index of the current policy.
    pub(super) policy_index: usize,
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
    /// Whether the world's picture shows the policy's values.
    pub(super) overlay: bool,
    /// Whether the help is open.
    pub(super) help: bool,
    /// Speed, steps a second.
    pub(super) speed: f64,
    /// Whether the machine is too slow for `speed`.
    pub(super) lagging: bool,
    /// Message for the user, until the next key.
    pub(super) note: Option<String>,
    /// Reason to end the viewer, once there is one.
    pub(super) exit: Option<Exit>,
    /// Picture of the world.
    pub(super) picture: Frame,
    /// Shape of the panel.
    pub(super) shape: Shape,
    /// Visible part of the picture.
    pub(super) viewport: Viewport,
    /// Action values of the current policy, `[A]` for A actions; `None` if the policy has none.
    pub(super) values: Option<Vec<f32>>,
    /// Whether the screen must be redrawn.
    pub(super) dirty: bool,
    /// Returns under each policy, followed by the returns of the user.
    returns: Vec<Returns>,
    /// Picture before the current one.
    before: Frame,
    /// Screen, and size of the picture, for which `shape` was chosen.
    fitted_to: Option<(Rect, (usize, usize))>,
    /// Values of `overlay` and `policy_index` for which the current picture was drawn.
    drawn_with: Option<(bool, usize)>,
    /// Number of steps that are due but not made yet; negative while the end of an episode stays on the screen.
    pub(super) step_debt: f64,
}

impl Model {
    /// State at the start of the viewer.
    pub(super) fn new(watch: Watch<'_>) -> Self {
        let Watch { world, policies, streams, .. } = watch;
        let mut model = Model {
            title: watch.title,
            episode: Episode::new(world, streams, watch.first_episode, watch.max_steps),
            policy_index: policies.len().saturating_sub(1),
            reference: watch.reference.filter(|x| x.is_finite()),
            baseline: watch.baseline.filter(|x| x.is_finite()),
            seed: streams.seed,
            running: true,
            human: None,
            overlay: true,
            help: false,
            speed: if watch.steps_per_second.is_finite() {
                watch.steps_per_second.clamp(0.1, 1e6)
            } else {
                10.0
            },
            lagging: false,
            note: None,
            exit: None,
            picture: Frame::default(),
            shape: Shape::Side,
            viewport: Viewport::default(),
            values: None,
            dirty: true,
            returns: vec![Returns::default(); policies.len() + 1],
            before: Frame::default(),
            fitted_to: None,
            drawn_with: None,
            step_debt: 0.0,
            policies,
        };
        if model.policies.is_empty() {
            model.toggle_human();
        }
        model.refresh();
        model
    }

    /// Current policy, if there is one.
    pub(super) fn policy(&self) -> Option<&dyn Policy> {
        self.policies.get(self.policy_index).map(|(_, policy)| &**policy)
    }

    /// Returns under the current policy, or returns of the user while the user plays.
    pub(super) fn returns(&self) -> &Returns {
        let human = self.returns.len() - 1;
        &self.returns[if self.human.is_some() { human } else { self.policy_index.min(human) }]
    }

    /// Executes a command.
    pub(super) fn execute(&mut self, command: Command) {
        self.note = None;
        self.dirty = true;
        if self.help {
            self.help = false;
            match command {
                Command::Quit | Command::Suspend => {}
                // Any other key only closes the help.
                _ => return,
            }
        }
        match command {
            Command::Quit => self.exit = Some(Exit::Quit),
            // The event loop handles the suspension.
            Command::Suspend => {}
            Command::Escape if self.human.is_some() && !self.policies.is_empty() => self.toggle_human(),
            Command::Escape => self.exit = Some(Exit::Quit),
            Command::Pause => self.running = !self.running,
            Command::Step => {
                self.running = false;
                self.policy_step();
            }
            Command::Back => self.back(),
            Command::Faster => self.set_speed(faster(self.speed)),
            Command::Slower => self.set_speed(slower(self.speed)),
            Command::Restart => self.begin(self.episode.number()),
            Command::Next => self.begin(self.episode.number().saturating_add(1)),
            Command::Previous => match self.episode.number().checked_sub(1) {
                Some(number) => self.begin(number),
                None => self.set_note("this is the first episode"),
            },
            Command::Policy(by) => self.switch_policy(by),
            Command::Overlay => self.overlay = !self.overlay,
            Command::TogglePlay => self.toggle_human(),
            Command::Help => self.help = true,
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
        if self.steps_by_time() {
            self.step_debt += elapsed.as_secs_f64() * self.speed;
        }
    }

    /// Makes one step that is due; false if no step is due.
    pub(super) fn tick(&mut self) -> bool {
        if self.step_debt < 1.0 || !self.steps_by_time() {
            return false;
        }
        self.step_debt -= 1.0;
        if self.episode.over().is_some() {
            self.episode.begin(self.episode.number().saturating_add(1));
            self.dirty = true;
        } else if self.human_to_move() {
            if let Some(numbers) = self.human.as_ref().and_then(HumanInput::continuous_action) {
                self.play_action(numbers);
            }
        } else {
            self.policy_step();
        }
        if self.episode.over().is_some() {
            // The end of an episode stays on the screen for 1.5 seconds, or for 10 steps at high speed.
            self.step_debt -= (1.5 * self.speed).min(10.0);
        }
        true
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
        let wait = (1.0 - self.step_debt).max(0.0) / self.speed;
        self.steps_by_time().then(|| Duration::from_secs_f64(wait.min(60.0)))
    }

    /// Draws the world for a screen of the size `screen`.
    pub(super) fn fit(&mut self, screen: Rect) {
        self.refresh();
        if self.fitted_to != Some((screen, size(&self.picture))) {
            self.choose_shape(screen);
            self.refresh();
            self.fitted_to = Some((screen, size(&self.picture)));
        }
        let actions = self.episode.spec().actions.names().len();
        let world = layout::areas(screen, self.shape, self.picture.width(), actions).world;
        self.dirty |= self.viewport.size != (world.width, world.height);
        self.viewport.size = (world.width, world.height);
        self.viewport.place_on(&self.picture);
    }

    /// Chooses the shape of the panel. The panel is below the world if the whole picture is visible only then, or if
    /// the visible part is then at least twice as large.
    fn choose_shape(&mut self, screen: Rect) {
        let actions = self.episode.spec().actions.names().len();
        let mut best: Option<(usize, bool)> = None;
        for &shape in layout::shapes(screen, actions) {
            let max_size = layout::max_picture_size(screen, shape, actions);
            // One empty column on both sides of the picture.
            let mut picture = Frame::with_max_size(max_size.0.saturating_sub(2), max_size.1);
            self.draw(&mut picture);
            let (cells, whole) = layout::visible_cells(size(&picture), max_size);
            let better = best.is_none_or(|(most, all)| whole && (!all || cells >= 2 * most));
            if better {
                best = Some((cells, whole));
                self.shape = shape;
                (self.picture, self.before) = (picture.clone(), picture);
            }
        }
    }

    /// Draws the world into `picture`.
    fn draw(&self, picture: &mut Frame) {
        let policy = self.policy().filter(|_| self.overlay);
        self.episode.runner().draw(policy, picture);
    }

    /// Updates the picture and the action values: once per frame, not once per step.
    pub(super) fn refresh(&mut self) {
        let mut picture = std::mem::take(&mut self.before);
        self.draw(&mut picture);
        self.before = std::mem::replace(&mut self.picture, picture);
        // Changes of the overlay must not move the focus.
        let drawn = Some((self.overlay, self.policy_index));
        let before = (self.drawn_with == drawn).then_some(&self.before);
        self.viewport.update_focus(before, &self.picture);
        self.drawn_with = drawn;
        self.viewport.place_on(&self.picture);
        let mut values = vec![0.0; self.episode.spec().actions.count()];
        let runner = self.episode.runner();
        self.values = self
            .policy()
            .is_some_and(|policy| policy.action_values(runner.obs(), runner.legal(), &mut values))
            .then_some(values);
    }

    /// Whether the viewer makes steps as time passes.
    fn steps_by_time(&self) -> bool {
        if self.help || self.exit.is_some() {
            return false;
        }
        match &self.human {
            None => self.running && self.policy().is_some(),
            // After the end of an episode, the user starts the next one.
            Some(_) if self.episode.over().is_some() => false,
            Some(human) if self.human_to_move() => {
                self.running && matches!(human.input, Input::Numbers { .. })
            }
            Some(_) => self.policy().is_some(),
        }
    }

    /// Starts an episode at the user's command: none of its steps is due yet.
    fn begin(&mut self, number: u64) {
        self.episode.begin(number);
        self.step_debt = 0.0;
        self.dirty = true;
    }

    /// Makes one step of the policy, or starts the next episode after the end of the current one.
    fn policy_step(&mut self) {
        if self.episode.over().is_some() {
            return self.begin(self.episode.number().saturating_add(1));
        }
        let Some((_, policy)) = self.policies.get(self.policy_index) else {
            return self.set_note("there is no policy to make a step");
        };
        let done = self.episode.act(&**policy);
        self.finish_step(done);
    }

    /// Makes one step with an action of the user.
    pub(super) fn play_action(&mut self, action: ActionBuffer) {
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
            let human = self.returns.len() - 1;
            let player = if self.episode.by_human() { human } else { self.policy_index.min(human) };
            let runner = self.episode.runner();
            let score = runner.spec().score.of(runner.episode_return(), &runner.measures());
            let result = EpisodeResult { score, over };
            self.returns[player].record(self.episode.number(), result);
        }
    }

    /// Goes one step back and pauses.
    pub(super) fn back(&mut self) {
        self.running = false;
        match self.episode.back() {
            Ok(true) => {}
            Ok(false) => self.set_note("this is the start of the episode"),
            Err(error) => self.set_note(&error.to_string()),
        }
    }

    /// Switches to the policy at the distance `by` in the list of policies and restarts the episode.
    fn switch_policy(&mut self, by: isize) {
        let n = self.policies.len();
        if n < 2 {
            return self.set_note("there is no other policy");
        }
        self.policy_index = (self.policy_index as isize + by).rem_euclid(n as isize) as usize;
        // The same episode is shown from its start, to compare the policies.
        self.begin(self.episode.number());
    }

    fn set_speed(&mut self, speed: f64) {
        self.speed = speed;
        self.lagging = false;
        self.step_debt = self.step_debt.min(0.0);
    }

    /// Shows a message to the user.
    pub(super) fn set_note(&mut self, note: &str) {
        self.note = Some(note.to_owned());
        self.dirty = true;
    }
}

/// Size of a picture in columns and rows.
fn size(picture: &Frame) -> (usize, usize) {
    (picture.width(), picture.height())
}

/// Speeds to choose from: 1, 2, 5, 10, 20, 50 … 100,000 steps per second.
fn speeds() -> impl DoubleEndedIterator<Item = f64> {
    (0..=5).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10f64.powi(power))).filter(|&s| s <= 1e5)
}

fn faster(speed: f64) -> f64 {
    speeds().find(|&other| other > speed * 1.001).unwrap_or(speed)
}

fn slower(speed: f64) -> f64 {
    speeds().rev().find(|&other| other < speed * 0.999).unwrap_or(speed)
}

#[cfg(test)]
mod tests;
