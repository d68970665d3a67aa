//! Scene 4: a grid to edit, in which Q-learning writes each update as an equation. A sandbox: nothing of it is a
//! result.

mod sandbox;

use std::sync::Arc;
use std::time::{Duration, Instant};

use freewheel_core::{DynWorld, Frame, Purpose, Result, SolveQuery, Streams};
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::Registry;
use crate::format::compact;
use crate::tui::Watch;
use crate::tui::episode::Episode;
use crate::tui::learner::{LearnHere, Learner};
use crate::tui::palette::Role;
use crate::tui::tour::canvas::Canvas;
use crate::tui::tour::ledger::{Cost, time_of};
use crate::tui::tour::page::{Control, Fact, Page, Shared, button, slider, toggle};
use freewheel_agents::Budget;

use sandbox::{COLUMNS, ROWS, Sandbox};

/// Steps of learning a second: one that can be followed, and a fast one.
const RATES: [f64; 2] = [2.5, 1500.0];
const AGENT: &str = "q-learning";

/// Page of the grid.
pub(in crate::tui::tour) struct Grid {
    sandbox: Sandbox,
    alpha: f64,
    gamma: f64,
    epsilon: f64,
    /// World, episode and learner; `None` after an error, which is then in `refused`.
    running: Option<Running>,
    /// Rate at which it learns, if it does.
    rate: Option<usize>,
    debt: f64,
    cursor: (usize, usize),
    frame: Frame,
    /// Upper left corner of the picture in its area.
    origin: (u16, u16),
    /// Whether the last edit was undone, since no way to a goal was left.
    blocked: bool,
    /// Error of the learner.
    refused: Option<String>,
    learning: Duration,
    /// Steps when the cost was last entered.
    entered: u64,
    best: Option<f64>,
}

struct Running {
    world: Arc<dyn DynWorld>,
    episode: Episode,
    learner: Learner,
    steps: u64,
    episodes: u64,
    /// Length and return of the last finished episode.
    last: Option<(usize, f64)>,
}

impl Grid {
    pub(in crate::tui::tour) fn new(registry: &Registry) -> Self {
        let mut page = Grid {
            sandbox: Sandbox::new(),
            alpha: 0.5,
            gamma: 0.95,
            epsilon: 0.1,
            running: None,
            rate: None,
            debt: 0.0,
            cursor: (2, 1),
            frame: Frame::default(),
            origin: (0, 0),
            blocked: false,
            refused: None,
            learning: Duration::ZERO,
            entered: 0,
            best: None,
        };
        page.build(registry, None);
        page
    }

    /// Builds world and agent anew; the agent keeps the table `saved`.
    fn build(&mut self, registry: &Registry, saved: Option<Vec<u8>>) {
        match self.built(registry, saved) {
            Ok(running) => self.running = Some(running),
            Err(error) => self.refused = Some(error.to_string()),
        }
    }

    fn built(&mut self, registry: &Registry, saved: Option<Vec<u8>>) -> Result<Running> {
        let world = self.sandbox.world()?;
        let mut settings = toml::Table::new();
        for (key, value) in [("learning_rate", self.alpha), ("gamma", self.gamma), ("epsilon", self.epsilon)]
        {
            settings.insert(key.into(), value.into());
        }
        let budget = Budget { steps: 1_000_000, num_envs: 1 };
        let streams = Streams::new(1);
        let agent = registry.find_agent(AGENT)?.build(world.spec(), &settings, budget, streams)?;
        let has_table = saved.is_some();
        let learn = LearnHere { name: AGENT.into(), agent, saved: saved.into_iter().collect() };
        let mut learner = Learner::new(learn, &*world, streams)?;
        learner.start(0, has_table.then_some("the grid"))?;
        let query = SolveQuery { gamma: self.gamma, horizon: None, ..SolveQuery::for_spec(world.spec()) };
        self.best = world.solve(&query).ok().map(|solution| solution.value).filter(|value| value.is_finite());
        let old = self.running.as_ref();
        let number = old.map_or(0, |old| old.episode.number() + 1);
        Ok(Running {
            episode: Episode::new(&*world, streams, number, 0),
            world,
            learner,
            steps: old.map_or(0, |old| old.steps),
            episodes: old.map_or(0, |old| old.episodes),
            last: old.and_then(|old| old.last),
        })
    }

    /// Builds world and agent anew after a change; the agent keeps its table. An edit that makes no world is undone.
    fn change(&mut self, registry: &Registry, edit: impl FnOnce(&mut Self)) {
        let saved = self.running.as_ref().and_then(|running| running.learner.save().ok());
        let before = self.sandbox.clone();
        edit(self);
        (self.refused, self.blocked) = (None, false);
        match self.built(registry, saved) {
            Ok(running) => self.running = Some(running),
            Err(_) => (self.sandbox, self.blocked) = (before, true),
        }
    }

    /// One step of learning; the next episode begins after the end of one.
    fn step(&mut self) {
        self.blocked = false;
        let Some(running) = &mut self.running else { return };
        if running.episode.over().is_some() {
            running.episode.begin(running.episode.number() + 1);
        }
        let started = Instant::now();
        if let Err(error) = running.learner.step(&mut running.episode) {
            self.refused = Some(error.to_string());
            self.rate = None;
            return;
        }
        self.learning += started.elapsed();
        running.steps += 1;
        if running.episode.over().is_some() {
            running.episodes += 1;
            let total = running.episode.rewards().iter().map(|&reward| f64::from(reward)).sum();
            running.last = Some((running.episode.position(), total));
        }
    }

    /// Value of the start: the largest action value.
    fn start_value(&self) -> Option<f64> {
        let running = self.running.as_ref()?;
        let start = running.world.episode_runner(Streams::new(1), Purpose::WatchEnvironment, 0);
        let mut values = [0.0; 4];
        let known = running.learner.policy().action_values(start.obs(), start.legal(), &mut values);
        known.then(|| values.into_iter().fold(f32::NEG_INFINITY, f32::max).into())
    }

    fn edit_cell(&mut self, cell: (usize, usize), shared: &Shared) {
        self.cursor = cell;
        self.change(shared.registry, |page| page.sandbox.edit(cell));
    }
}

/// Number with four digits; rounding errors are 0.
fn rounded(x: f64) -> String {
    compact(if x.abs() < 1e-6 { 0.0 } else { x })
}

impl Page for Grid {
    fn controls(&self) -> Vec<Control> {
        vec![
            Control::Board { label: "grid" },
            button("step", 's'),
            toggle("slow", 'l', self.rate == Some(0)),
            toggle("fast", 'f', self.rate == Some(1)),
            button("forget", 'e'),
            slider("goal", self.sandbox.goal, (-10.0, 10.0), 1.0),
            slider("pit", self.sandbox.pit, (-10.0, 10.0), 1.0),
            slider("alpha", self.alpha, (0.05, 1.0), 0.05),
            slider("gamma", self.gamma, (0.5, 0.99), 0.01),
            slider("epsilon", self.epsilon, (0.0, 1.0), 0.05),
        ]
    }

    fn set(&mut self, control: usize, value: f64, shared: &mut Shared) {
        self.change(shared.registry, |page| match control {
            5 => page.sandbox.goal = value,
            6 => page.sandbox.pit = value,
            7 => page.alpha = value,
            8 => page.gamma = value,
            _ => page.epsilon = value,
        });
    }

    fn press(&mut self, control: usize, shared: &mut Shared) -> Option<Box<Watch>> {
        let switched = |now: Option<usize>, to| if now == Some(to) { None } else { Some(to) };
        match control {
            1 => {
                self.rate = None;
                self.step();
            }
            2 => self.rate = switched(self.rate, 0),
            3 => self.rate = switched(self.rate, 1),
            _ => {
                (self.running, self.learning, self.entered) = (None, Duration::ZERO, 0);
                self.build(shared.registry, None);
            }
        }
        self.enter(shared);
        None
    }

    fn move_cursor(&mut self, by: (i32, i32), _: &mut Shared) {
        let moved = |at: usize, by: i32, size: usize| (at as i32 + by).clamp(0, size as i32 - 1) as usize;
        self.cursor = (moved(self.cursor.0, by.0, COLUMNS), moved(self.cursor.1, by.1, ROWS));
    }

    fn act(&mut self, shared: &mut Shared) {
        self.edit_cell(self.cursor, shared);
    }

    fn point(&mut self, at: (u16, u16), drag: bool, shared: &mut Shared) {
        let size = (self.frame.width() / COLUMNS, self.frame.height() / ROWS);
        let (Some(x), Some(y)) = (at.0.checked_sub(self.origin.0), at.1.checked_sub(self.origin.1)) else {
            return;
        };
        let cell = (usize::from(x) / size.0.max(1), usize::from(y) / size.1.max(1));
        if cell.0 < COLUMNS && cell.1 < ROWS && !(drag && cell == self.cursor) {
            self.edit_cell(cell, shared);
        }
    }

    fn advance(&mut self, elapsed: Duration, shared: &mut Shared) -> bool {
        let Some(rate) = self.rate else { return false };
        self.debt += RATES[rate] * elapsed.as_secs_f64();
        let steps = self.debt as u32;
        self.debt -= f64::from(steps);
        (0..steps).for_each(|_| self.step());
        if steps > 0 {
            self.enter(shared);
        }
        steps > 0
    }

    fn is_live(&self) -> bool {
        self.rate.is_some()
    }

    fn facts(&self, _: &Shared) -> Vec<Fact> {
        let Some(running) = &self.running else { return Vec::new() };
        let last = running.last.map_or("-".into(), |(steps, total)| format!("{steps} / {}", compact(total)));
        let value = |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.2}"));
        vec![
            ("start-value", value(self.start_value())),
            ("best-value", value(self.best)),
            ("last-episode", last),
            ("episodes", running.episodes.to_string()),
            ("steps", running.steps.to_string()),
        ]
    }

    fn outcome(&self) -> Option<(&'static str, Vec<(&'static str, String)>)> {
        if let Some(why) = &self.refused {
            return Some(("refused", vec![("why", why.clone())]));
        }
        if self.blocked {
            return Some(("blocked", Vec::new()));
        }
        let running = self.running.as_ref()?;
        let update = running.learner.updates().first()?;
        let action = ["↑", "→", "↓", "←"][update.action as usize % 4].to_owned();
        let (column, row) = (update.state % COLUMNS, update.state / COLUMNS);
        let values = vec![
            ("symbols", update.symbols()),
            ("numbers", update.numbers(rounded)),
            ("place", format!("{}, {}", column + 1, row + 1)),
            ("action", action),
            ("error", rounded(update.error)),
        ];
        Some(("update", values))
    }

    fn draw(&mut self, canvas: &mut Canvas<'_>, area: Rect, shared: &Shared) {
        let mark = shared.language.text("view.sandbox");
        canvas.text((area.x, area.y), mark, area.width, canvas.role(Role::Warn).add_modifier(Modifier::BOLD));
        let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        let Some(running) = &self.running else { return };
        self.frame = Frame::with_max_size(usize::from(below.width), usize::from(below.height));
        running.episode.runner().draw(Some(running.learner.policy()), &mut self.frame);
        let origin = canvas.frame(&self.frame, below);
        self.origin = (origin.0 - area.x, origin.1 - area.y);
        let size = ((self.frame.width() / COLUMNS) as u16, (self.frame.height() / ROWS) as u16);
        let (left, top) =
            (origin.0 + self.cursor.0 as u16 * size.0, origin.1 + self.cursor.1 as u16 * size.1);
        // The cursor: both ends of the middle row of its cell.
        let style = canvas.role(Role::Accent).add_modifier(Modifier::BOLD | Modifier::REVERSED);
        let middle = top + size.1.saturating_sub(1) / 2;
        if middle < below.bottom() && left + size.0 <= below.right() {
            canvas.glyph((left, middle), '[', style);
            canvas.glyph(((left + size.0).saturating_sub(1), middle), ']', style);
        }
    }
}

impl Grid {
    /// Enters the cost of learning so far.
    fn enter(&mut self, shared: &mut Shared) {
        let (Some(running), Some(value)) = (&self.running, self.start_value()) else { return };
        if running.episodes == 0 || running.steps < self.entered + 200 {
            return;
        }
        self.entered = running.steps;
        let runner = running.episode.runner();
        let policy = running.learner.policy();
        let mut values = [0.0; 4];
        shared.ledger.enter(Cost {
            name: "grid",
            examples: running.steps,
            learning: self.learning,
            parameters: (4 * COLUMNS * ROWS) as u64,
            answer: Some(time_of(|| {
                policy.action_values(runner.obs(), runner.legal(), &mut values);
            })),
            score: (format!("{value:.2}"), self.best.map_or("-".into(), |best| format!("{best:.2}"))),
        });
    }
}
