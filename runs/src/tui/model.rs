//! The state of the screen. Commands and time come in; there is no terminal here and no clock.

use std::time::Duration;

use freewheel_core::{ActionBuffer, Frame, Policy};
use ratatui::layout::Rect;

use super::camera::Camera;
use super::episode::{Cast, Episode};
use super::hand::{Hand, Input};
use super::keys::Command;
use super::layout::{self, Shape};
use super::returns::{Outcome, Returns};
use super::{Parting, Watch};

/// Everything that the screen shows.
pub(super) struct Model {
    /// What stands at the top left.
    pub(super) title: String,
    /// What is played.
    pub(super) episode: Episode,
    /// Who can play it.
    pub(super) cast: Cast,
    /// Which of them plays.
    pub(super) shown: usize,
    /// The best return that can be expected.
    pub(super) reference: Option<f64>,
    /// The return of the baseline.
    pub(super) baseline: Option<f64>,
    /// The run's seed.
    pub(super) seed: u64,
    /// Whether time runs.
    pub(super) running: bool,
    /// The person who plays, where one does.
    pub(super) hand: Option<Hand>,
    /// Whether the world draws what the agent thinks.
    pub(super) overlay: bool,
    /// Whether the keys are shown.
    pub(super) help: bool,
    /// Steps a second.
    pub(super) speed: f64,
    /// Whether the machine cannot keep up with `speed`.
    pub(super) breathless: bool,
    /// Something to tell the user, until the next key.
    pub(super) note: Option<String>,
    /// Set when it is time to leave.
    pub(super) parting: Option<Parting>,
    /// The world's drawing.
    pub(super) picture: Frame,
    /// How the world and the panel share the screen.
    pub(super) shape: Shape,
    /// What of the drawing is on the screen.
    pub(super) camera: Camera,
    /// What the agent expects of each action now, `[A]`; `None` where it has no such values.
    pub(super) values: Option<Vec<f32>>,
    /// Whether the screen no longer shows this.
    pub(super) dirty: bool,
    /// One a member of the cast, then the person's.
    returns: Vec<Returns>,
    before: Frame,
    /// The screen, and the size of the drawing, that the shape was chosen for.
    fitted: Option<(Rect, (usize, usize))>,
    drawn: Option<(bool, usize)>,
    /// Steps that time has earned and that are not made yet; negative while an ending stays on the screen.
    pub(super) owed: f64,
}

impl Model {
    /// The first screen.
    pub(super) fn new(watch: Watch<'_>) -> Self {
        let Watch { world, policies: cast, streams, .. } = watch;
        let mut model = Model {
            title: watch.title,
            episode: Episode::new(world, streams, watch.first_episode, watch.max_steps),
            shown: cast.len().saturating_sub(1),
            reference: watch.reference.filter(|x| x.is_finite()),
            baseline: watch.baseline.filter(|x| x.is_finite()),
            seed: streams.seed,
            running: true,
            hand: None,
            overlay: true,
            help: false,
            speed: if watch.steps_per_second.is_finite() {
                watch.steps_per_second.clamp(0.1, 1e6)
            } else {
                10.0
            },
            breathless: false,
            note: None,
            parting: None,
            picture: Frame::default(),
            shape: Shape::Side,
            camera: Camera::default(),
            values: None,
            dirty: true,
            returns: vec![Returns::default(); cast.len() + 1],
            before: Frame::default(),
            fitted: None,
            drawn: None,
            owed: 0.0,
            cast,
        };
        if model.cast.is_empty() {
            model.toggle_hand();
        }
        model.refresh();
        model
    }

    /// The agent that plays, where there is one.
    pub(super) fn agent(&self) -> Option<&dyn Policy> {
        self.cast.get(self.shown).map(|(_, policy)| &**policy)
    }

    /// The returns of whoever plays.
    pub(super) fn returns(&self) -> &Returns {
        let person = self.returns.len() - 1;
        &self.returns[if self.hand.is_some() { person } else { self.shown.min(person) }]
    }

    /// Does what the user asks.
    pub(super) fn on(&mut self, command: Command) {
        self.note = None;
        self.dirty = true;
        if self.help {
            self.help = false;
            match command {
                Command::Quit => {}
                // Whatever else was pressed only closes the help.
                _ => return,
            }
        }
        match command {
            Command::Quit => self.parting = Some(Parting::Quit),
            Command::Leave if self.hand.is_some() && !self.cast.is_empty() => self.toggle_hand(),
            Command::Leave => self.parting = Some(Parting::Quit),
            Command::Pause => self.running = !self.running,
            Command::Step => {
                self.running = false;
                self.agent_step();
            }
            Command::Back => self.back(),
            Command::Faster => self.set_speed(faster(self.speed)),
            Command::Slower => self.set_speed(slower(self.speed)),
            Command::Restart => self.begin(self.episode.number()),
            Command::Next => self.begin(self.episode.number().saturating_add(1)),
            Command::Previous => match self.episode.number().checked_sub(1) {
                Some(number) => self.begin(number),
                None => self.tell("this is the first episode"),
            },
            Command::Agent(by) => self.flip(by),
            Command::Overlay => self.overlay = !self.overlay,
            Command::Hand => self.toggle_hand(),
            Command::Help => self.help = true,
            Command::Scroll(columns, rows) => self.camera.scroll(columns, rows, &self.picture),
            Command::Follow => self.camera.following = true,
            Command::Play(action) => self.play(action),
            Command::Type(c) => self.type_letter(c),
            Command::Erase => self.erase(),
            Command::Enter => self.enter(),
            Command::Choose(by) => self.with_hand(|hand, _| hand.choose(by)),
            Command::Nudge(tenths) => self.with_hand(|hand, spec| hand.nudge(spec, tenths)),
        }
    }

    /// Lets time pass: earns steps, to be made by [`Model::tick`].
    pub(super) fn advance(&mut self, elapsed: Duration) {
        if self.moves_by_itself() {
            self.owed += elapsed.as_secs_f64() * self.speed;
        }
    }

    /// Makes one step that time has earned; whether there was one.
    pub(super) fn tick(&mut self) -> bool {
        if self.owed < 1.0 || !self.moves_by_itself() {
            return false;
        }
        self.owed -= 1.0;
        if self.episode.over().is_some() {
            self.episode.begin(self.episode.number().saturating_add(1));
            self.dirty = true;
        } else if self.hand_to_move() {
            if let Some(held) = self.hand.as_ref().and_then(Hand::held) {
                self.make(held);
            }
        } else {
            self.agent_step();
        }
        if self.episode.over().is_some() {
            // An ending stays long enough to be read, but does not slow down what is fast.
            self.owed -= (1.5 * self.speed).min(10.0);
        }
        true
    }

    /// Forgets the steps that there was no time for.
    pub(super) fn forgive(&mut self) {
        let breathless = self.owed >= 1.0;
        self.dirty |= breathless != self.breathless;
        self.breathless = breathless;
        self.owed = self.owed.min(0.99);
    }

    /// How long until the next step; `None` where nothing moves by itself.
    pub(super) fn due(&self) -> Option<Duration> {
        let wait = (1.0 - self.owed).max(0.0) / self.speed;
        self.moves_by_itself().then(|| Duration::from_secs_f64(wait.min(60.0)))
    }

    /// Paints the world for a screen of this size.
    pub(super) fn fit(&mut self, screen: Rect) {
        self.refresh();
        if self.fitted != Some((screen, size(&self.picture))) {
            self.choose(screen);
            self.refresh();
            self.fitted = Some((screen, size(&self.picture)));
        }
        let actions = self.episode.spec().actions.names().len();
        let world = layout::areas(screen, self.shape, self.picture.width(), actions).world;
        self.dirty |= self.camera.pane != (world.width, world.height);
        self.camera.pane = (world.width, world.height);
        self.camera.aim(&self.picture);
    }

    /// Chooses the shape that shows the world best. The panel goes below where the world is seen whole only then, or at
    /// least twice as large.
    fn choose(&mut self, screen: Rect) {
        let actions = self.episode.spec().actions.names().len();
        let mut best: Option<(usize, bool)> = None;
        for &shape in layout::shapes(screen, actions) {
            let room = layout::room(screen, shape, actions);
            // A column of air on both sides.
            let mut picture = Frame::with_room(room.0.saturating_sub(2), room.1);
            self.draw(&mut picture);
            let (cells, whole) = layout::seen(size(&picture), room);
            let better = best.is_none_or(|(most, all)| whole && (!all || cells >= 2 * most));
            if better {
                best = Some((cells, whole));
                self.shape = shape;
                (self.picture, self.before) = (picture.clone(), picture);
            }
        }
    }

    fn draw(&self, picture: &mut Frame) {
        let policy = self.agent().filter(|_| self.overlay);
        self.episode.runner().draw(policy, picture);
    }

    /// Paints the world and asks the agent what it thinks: once a frame, not once a step.
    pub(super) fn refresh(&mut self) {
        let mut picture = std::mem::take(&mut self.before);
        self.draw(&mut picture);
        self.before = std::mem::replace(&mut self.picture, picture);
        // Arrows that come and go are no sign of where the agent is.
        let drawn = Some((self.overlay, self.shown));
        let before = (self.drawn == drawn).then_some(&self.before);
        self.camera.notice(before, &self.picture);
        self.drawn = drawn;
        self.camera.aim(&self.picture);
        let mut values = vec![0.0; self.episode.spec().actions.count()];
        let runner = self.episode.runner();
        self.values = self
            .agent()
            .is_some_and(|policy| policy.action_values(runner.obs(), runner.legal(), &mut values))
            .then_some(values);
    }

    fn moves_by_itself(&self) -> bool {
        if self.help || self.parting.is_some() {
            return false;
        }
        match &self.hand {
            None => self.running && self.agent().is_some(),
            // A person is never hurried on to the next episode.
            Some(_) if self.episode.over().is_some() => false,
            Some(hand) if self.hand_to_move() => self.running && matches!(hand.input, Input::Numbers { .. }),
            Some(_) => self.agent().is_some(),
        }
    }

    /// Begins an episode because the user wants it: not a moment of it is due yet.
    fn begin(&mut self, number: u64) {
        self.episode.begin(number);
        self.owed = 0.0;
        self.dirty = true;
    }

    fn agent_step(&mut self) {
        if self.episode.over().is_some() {
            return self.begin(self.episode.number().saturating_add(1));
        }
        let Some((_, policy)) = self.cast.get(self.shown) else {
            return self.tell("there is no agent here to make a step");
        };
        let made = self.episode.act(&**policy);
        self.made(made);
    }

    pub(super) fn make(&mut self, action: ActionBuffer) {
        let made = self.episode.play(action);
        self.made(made);
    }

    fn made(&mut self, made: freewheel_core::Result<()>) {
        self.dirty = true;
        if let Err(error) = made {
            self.running = false;
            return self.tell(&error.to_string());
        }
        if let Some(over) = self.episode.over() {
            let person = self.returns.len() - 1;
            let player = if self.episode.by_hand() { person } else { self.shown.min(person) };
            let runner = self.episode.runner();
            let score = runner.spec().score.of(runner.score(), &runner.measures());
            let outcome = Outcome { score, over };
            self.returns[player].record(self.episode.number(), outcome);
        }
    }

    pub(super) fn back(&mut self) {
        self.running = false;
        match self.episode.back() {
            Ok(true) => {}
            Ok(false) => self.tell("this is the start of the episode"),
            Err(error) => self.tell(&error.to_string()),
        }
    }

    fn flip(&mut self, by: isize) {
        let n = self.cast.len();
        if n < 2 {
            return self.tell("there is no other agent to show");
        }
        self.shown = (self.shown as isize + by).rem_euclid(n as isize) as usize;
        // The same episode from its start: what differs is the agent.
        self.begin(self.episode.number());
    }

    fn set_speed(&mut self, speed: f64) {
        self.speed = speed;
        self.breathless = false;
        self.owed = self.owed.min(0.0);
    }

    pub(super) fn tell(&mut self, note: &str) {
        self.note = Some(note.to_owned());
        self.dirty = true;
    }
}

/// Columns and rows.
fn size(picture: &Frame) -> (usize, usize) {
    (picture.width(), picture.height())
}

/// 1, 2, 5, 10, 20, 50 … 100,000 steps a second.
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
