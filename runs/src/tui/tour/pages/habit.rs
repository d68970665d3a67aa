//! Scene 7: an agent learns a wrong habit, then the reward moves; how long unlearning takes, beside a fresh agent.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use freewheel_agents::Budget;
use freewheel_core::{
    Agent, DynWorld, Error, Frame, ManagedVectorEnv, PolicyMode, Purpose, Result, Streams, World,
};
use freewheel_envs::gridworld::{CellRule, Gridworld, Legend, Map};
use ratatui::layout::Rect;

use crate::Registry;
use crate::tui::Watch;
use crate::tui::palette::Role;
use crate::tui::tour::canvas::{Axes, Canvas, width};
use crate::tui::tour::ledger::Cost;
use crate::tui::tour::page::{Control, Fact, Page, Shared, button, slider, toggle};

/// Episodes a second while unlearning.
const RATE: f64 = 100.0;
/// Newest episodes that count, and the share of them that must go right.
const WINDOW: usize = 20;
const SHARE: f64 = 0.9;
/// Episodes of unlearning at most.
const MOST: u64 = 4000;

/// Page of the bad habit.
pub(in crate::tui::tour) struct Habit {
    /// Episodes of wrong learning.
    length: u64,
    /// Whether the learning rate falls with the visits n of a place, as 1 / n^0.6; else it is 0.1.
    grows_sure: bool,
    walkers: Option<[Walker; 2]>,
    runs: bool,
    debt: f64,
    /// Runs begun, each with random streams of its own.
    begun: u64,
    /// Lengths of habits, in the order of the runs, each with the episodes of unlearning and of a fresh start.
    measured: Vec<(u64, u64, u64)>,
    refused: Option<String>,
}

/// Agent in the corridor.
struct Walker {
    agent: Box<dyn Agent>,
    env: Box<dyn ManagedVectorEnv>,
    world: Arc<dyn DynWorld>,
    episodes: u64,
    steps: u64,
    newest: VecDeque<bool>,
    /// Share of the newest episodes that went right, after each episode.
    curve: Vec<[f64; 2]>,
    /// Episodes until the share was reached.
    done: Option<u64>,
}

/// Corridor whose reward is at the left (`wrong`) or at the right end.
fn corridor(wrong: bool) -> Result<Arc<dyn DynWorld>> {
    let refuse = |e: &dyn std::fmt::Display| Error::Config(e.to_string());
    let mut legend = Legend { step: -0.01, time_limit: 60, ..Legend::default() };
    for (glyph, reward) in [("L", wrong), ("G", !wrong)] {
        let rule = CellRule {
            goal: Some(reward),
            terminal: Some(true),
            reward: Some(if reward { 1.0 } else { 0.0 }),
            ..CellRule::default()
        };
        legend.cells.insert(glyph.into(), rule);
    }
    let map = Map::new(&["L...S...G"], legend).map_err(|e| refuse(&e))?;
    Ok(Gridworld::from_map("grid/corridor", &map).map_err(|e| refuse(&e))?.shared())
}

impl Walker {
    fn new(registry: &Registry, grows_sure: bool, streams: Streams) -> Result<Walker> {
        let world = corridor(false)?;
        let rate = if grows_sure { "{ harmonic = 0.6 }" } else { "0.1" };
        let text = format!("learning_rate = {rate}\ngamma = 0.95\nepsilon = 0.1");
        let settings = text.parse().unwrap_or_default();
        let budget = Budget { steps: 10_000_000, num_envs: 1 };
        let agent = registry.find_agent("q-learning")?.build(world.spec(), &settings, budget, streams)?;
        let env = world.vector_env(1, streams, Purpose::Environment, 0);
        let (newest, curve) = (VecDeque::new(), Vec::new());
        Ok(Walker { agent, env, world, episodes: 0, steps: 0, newest, curve, done: None })
    }

    /// Learns the wrong way for some episodes.
    fn mislearn(&mut self, episodes: u64, streams: Streams) -> Result<()> {
        let mut wrong = corridor(true)?.vector_env(1, streams, Purpose::Environment, 1);
        let mut done = 0;
        while done < episodes {
            self.agent.learn(&mut *wrong, 1)?;
            done += wrong.take_finished().len() as u64;
        }
        self.agent.abandon_episodes();
        Ok(())
    }

    /// One episode of learning the right way.
    fn walk(&mut self) -> Result<()> {
        let before = self.episodes;
        while self.episodes == before {
            self.agent.learn(&mut *self.env, 1)?;
            self.steps += 1;
            for summary in self.env.take_finished() {
                self.episodes += 1;
                self.newest.push_back(summary.episode_return > 0.3);
            }
        }
        while self.newest.len() > WINDOW {
            self.newest.pop_front();
        }
        let right = self.newest.iter().filter(|right| **right).count() as f64 / WINDOW as f64;
        self.curve.push([self.episodes as f64, right]);
        if right >= SHARE {
            self.done.get_or_insert(self.episodes);
        }
        Ok(())
    }
}

impl Habit {
    pub(in crate::tui::tour) fn new() -> Self {
        let (walkers, measured, refused) = (None, Vec::new(), None);
        Habit { length: 200, grows_sure: true, walkers, runs: false, debt: 0.0, begun: 0, measured, refused }
    }

    fn begin(&mut self, registry: &Registry) {
        let pair = || -> Result<[Walker; 2]> {
            let streams = Streams::new(4 + self.begun);
            let mut spoiled = Walker::new(registry, self.grows_sure, streams)?;
            spoiled.mislearn(self.length, streams)?;
            Ok([spoiled, Walker::new(registry, self.grows_sure, streams)?])
        };
        match pair() {
            Ok(walkers) => {
                (self.walkers, self.runs, self.refused) = (Some(walkers), true, None);
                self.begun += 1;
            }
            Err(error) => self.refused = Some(error.to_string()),
        }
    }

    /// Whether learning can go on.
    fn is_paused(&self) -> bool {
        let goes_on = |walker: &Walker| walker.done.is_none() && walker.episodes < MOST;
        !self.runs && self.walkers.as_ref().is_some_and(|walkers| walkers.iter().any(goes_on))
    }

    fn walk(&mut self, shared: &mut Shared) {
        let Some(walkers) = &mut self.walkers else { return };
        for walker in walkers.iter_mut().filter(|walker| walker.done.is_none()) {
            if let Err(error) = walker.walk() {
                (self.refused, self.runs) = (Some(error.to_string()), false);
                return;
            }
        }
        if let [Walker { done: Some(spoiled), steps, .. }, Walker { done: Some(fresh), .. }] = walkers {
            self.runs = false;
            self.measured.push((self.length, *spoiled, *fresh));
            shared.ledger.enter(Cost {
                name: "habit",
                examples: *steps,
                learning: Duration::ZERO,
                parameters: 36,
                answer: None,
                score: (format!("{spoiled}"), format!("{fresh}")),
            });
        }
        if walkers.iter().any(|walker| walker.episodes >= MOST && walker.done.is_none()) {
            self.runs = false;
        }
    }
}

impl Page for Habit {
    fn controls(&self) -> Vec<Control> {
        vec![
            slider("habit", self.length as f64, (0.0, 1000.0), 50.0),
            toggle("grows-sure", 'v', self.grows_sure),
            button("begin", 'l'),
            toggle("pause", 'p', self.is_paused()),
        ]
    }

    fn set(&mut self, _: usize, value: f64, _: &mut Shared) {
        self.length = value as u64;
    }

    fn press(&mut self, control: usize, shared: &mut Shared) -> Option<Box<Watch>> {
        match control {
            1 => {
                self.grows_sure = !self.grows_sure;
                self.measured.clear();
                (self.walkers, self.runs) = (None, false);
            }
            2 => self.begin(shared.registry),
            _ => self.runs = self.is_paused(),
        }
        None
    }

    fn advance(&mut self, elapsed: Duration, shared: &mut Shared) -> bool {
        if !self.runs {
            return false;
        }
        self.debt += RATE * elapsed.as_secs_f64();
        let episodes = self.debt as u32;
        self.debt -= f64::from(episodes);
        for _ in 0..episodes {
            if self.runs {
                self.walk(shared);
            }
        }
        episodes > 0
    }

    fn is_live(&self) -> bool {
        self.runs
    }

    fn facts(&self, shared: &Shared) -> Vec<Fact> {
        let mut facts = Vec::new();
        if let Some(walkers) = &self.walkers {
            facts.push(("episodes", walkers[0].episodes.max(walkers[1].episodes).to_string()));
        }
        if !self.measured.is_empty() {
            facts.push(("", shared.language.text("view.habits").to_owned()));
        }
        for (length, spoiled, fresh) in self.measured.iter().rev().take(6).rev() {
            let values = [
                ("length", format!("{length:<7}")),
                ("spoiled", format!("{spoiled:<12}")),
                ("fresh", fresh.to_string()),
            ];
            facts.push(("", shared.language.filled("view.habit-row", &values)));
        }
        facts
    }

    fn outcome(&self) -> Option<(&'static str, Vec<(&'static str, String)>)> {
        if let Some(why) = &self.refused {
            return Some(("refused", vec![("why", why.clone())]));
        }
        let [spoiled, fresh] = self.walkers.as_ref()?;
        let (Some(long), Some(short)) = (spoiled.done, fresh.done) else { return None };
        let values = vec![
            ("length", self.length.to_string()),
            ("spoiled", long.to_string()),
            ("fresh", short.to_string()),
            ("times", format!("{:.1}", long as f64 / short as f64)),
        ];
        Some(("habit", values))
    }

    fn draw(&mut self, canvas: &mut Canvas<'_>, area: Rect, shared: &Shared) {
        let Some([spoiled, fresh]) = &self.walkers else {
            return canvas.lines([(shared.language.text("view.habit-first"), Role::Dim)], area);
        };
        // The corridor with the values of the spoiled agent.
        let mut frame = Frame::with_max_size(usize::from(area.width), 3);
        let runner = spoiled.world.episode_runner(Streams::new(4), Purpose::WatchEnvironment, 0);
        let policy = spoiled.agent.policy(PolicyMode::Greedy);
        runner.draw(Some(&*policy), &mut frame);
        let top = Rect { height: (frame.height() as u16).min(area.height), ..area };
        canvas.frame(&frame, top);
        let area = Rect { y: top.bottom(), height: area.height - top.height, ..area };
        if area.height < 4 {
            return;
        }
        let names = ["view.spoiled", "view.fresh"].map(|key| shared.language.text(key));
        canvas.legend(&[(names[0], 3), (names[1], 0)], area);
        let chart = Rect {
            x: area.x + 6,
            y: area.y + 1,
            width: area.width.saturating_sub(6),
            height: area.height - 2,
        };
        let end = spoiled.episodes.max(fresh.episodes).max(20) as f64;
        let axes = Axes { x: (0.0, 1.02 * end), y: (-0.03, 1.05) };
        let dim = canvas.role(Role::Dim);
        for share in [0.0, 0.5, 1.0] {
            if let Some((_, y)) = axes.cell([0.0, share], chart) {
                canvas.text((area.x, y), &format!("{:>3.0} %", 100.0 * share), 5, dim);
            }
        }
        let label = shared.language.filled("view.episodes", &[("episodes", format!("{end:.0}"))]);
        let wide = width(&label) as u16;
        canvas.text((chart.right().saturating_sub(wide), chart.bottom()), &label, wide, dim);
        canvas.curves(&[(spoiled.curve.clone(), 3), (fresh.curve.clone(), 0)], axes, chart);
        canvas.ends(&[(&spoiled.curve, 3), (&fresh.curve, 0)], axes, chart);
    }
}
