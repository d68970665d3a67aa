//! Scene 5: DeepSea, where chance finds the treasure once in 2^N episodes; the same agent with better exploration.

use std::time::{Duration, Instant};

use freewheel_agents::Budget;
use freewheel_core::{Agent, ManagedVectorEnv, PolicyMode, Purpose, Result, SolveQuery, Streams};
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::Registry;
use crate::tui::Watch;
use crate::tui::palette::{Depth, Role};
use crate::tui::tour::canvas::Canvas;
use crate::tui::tour::ledger::{Cost, time_of};
use crate::tui::tour::page::{Control, Fact, Page, Shared, button, slider, toggle};

/// Episodes of each agent a second: slow and fast.
const RATES: [f64; 2] = [4.0, 150.0];

/// Page of the deep sea.
pub(in crate::tui::tour) struct DeepSea {
    side: usize,
    divers: Option<[Diver; 2]>,
    /// Rate at which they learn, if they do.
    rate: Option<usize>,
    debt: f64,
    best: f64,
    refused: Option<String>,
}

/// Agent with its world.
struct Diver {
    agent: Box<dyn Agent>,
    env: Box<dyn ManagedVectorEnv>,
    /// Visits of each cell, row-major.
    visits: Vec<u64>,
    /// Cells of the last episode.
    path: Vec<usize>,
    episodes: u64,
    /// Episodes in which the treasure was found, and the number of the first of them.
    found: u64,
    first: Option<u64>,
    steps: u64,
    learning: Duration,
}

impl Diver {
    /// Agent in a sea of `side` rows: q-learning with these settings.
    fn new(registry: &Registry, side: usize, settings: &str) -> Result<Diver> {
        let world = registry.build_world(&format!("grid/deepsea-{side}"), &toml::Table::new())?;
        let settings = settings.parse().unwrap_or_default();
        let budget = Budget { steps: 1_000_000, num_envs: 1 };
        let streams = Streams::new(3);
        let agent = registry.find_agent("q-learning")?.build(world.spec(), &settings, budget, streams)?;
        let env = world.vector_env(1, streams, Purpose::Environment, 0);
        Ok(Diver {
            agent,
            env,
            visits: vec![0; side * side],
            path: Vec::new(),
            episodes: 0,
            found: 0,
            first: None,
            steps: 0,
            learning: Duration::ZERO,
        })
    }

    /// One episode.
    fn dive(&mut self, side: usize) -> Result<()> {
        self.path.clear();
        for _ in 0..side {
            let cell = self.env.view().obs_row(0)[0] as usize;
            self.path.push(cell);
            if let Some(visits) = self.visits.get_mut(cell) {
                *visits += 1;
            }
            let started = Instant::now();
            self.agent.learn(&mut *self.env, 1)?;
            self.learning += started.elapsed();
            self.steps += 1;
        }
        for summary in self.env.take_finished() {
            self.episodes += 1;
            if summary.episode_return > 0.5 {
                self.found += 1;
                self.first.get_or_insert(self.episodes);
            }
        }
        Ok(())
    }
}

impl DeepSea {
    pub(in crate::tui::tour) fn new(registry: &Registry) -> Self {
        let (side, rate, debt) = (10, None, 0.0);
        let mut page = DeepSea { side, divers: None, rate, debt, best: 0.0, refused: None };
        page.build(registry);
        page
    }

    fn build(&mut self, registry: &Registry) {
        let side = self.side;
        // By chance: each action is random. With curiosity: the preset of this world.
        let chance = Diver::new(registry, side, "epsilon = 1.0\nlearning_rate = 0.5");
        let curious = Diver::new(
            registry,
            side,
            "exploration = 'ucb'\nucb_c = 0.1\ninitial_value = 1.0\nlearning_rate = 0.5",
        );
        let world = registry.build_world(&format!("grid/deepsea-{side}"), &toml::Table::new());
        let best = world.and_then(|world| world.solve(&SolveQuery::for_spec(world.spec())));
        (self.divers, self.refused) = match (chance, curious, best) {
            (Ok(chance), Ok(curious), Ok(best)) => {
                self.best = best.value;
                (Some([chance, curious]), None)
            }
            (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => (None, Some(error.to_string())),
        };
    }

    fn dive(&mut self, episodes: u32, shared: &mut Shared) {
        let Some(divers) = &mut self.divers else { return };
        for _ in 0..episodes {
            for diver in divers.iter_mut() {
                if let Err(error) = diver.dive(self.side) {
                    (self.refused, self.rate) = (Some(error.to_string()), None);
                    return;
                }
            }
        }
        for (diver, name) in divers.iter().zip(["sea-chance", "sea-curious"]) {
            let policy = diver.agent.policy(PolicyMode::Greedy);
            let mut values = [0.0; 2];
            let view = diver.env.view();
            let share = diver.found as f64 / diver.episodes.max(1) as f64;
            shared.ledger.enter(Cost {
                name,
                examples: diver.steps,
                learning: diver.learning,
                parameters: (2 * self.side * self.side) as u64,
                answer: Some(time_of(|| {
                    policy.action_values(view.obs_row(0), view.legal_row(0), &mut values);
                })),
                score: (format!("{:.0} %", 100.0 * share), "100 %".into()),
            });
        }
    }
}

impl Page for DeepSea {
    fn controls(&self) -> Vec<Control> {
        vec![
            slider("depth", self.side as f64, (3.0, 16.0), 1.0),
            button("episode", 's'),
            toggle("slow", 'l', self.rate == Some(0)),
            toggle("fast", 'f', self.rate == Some(1)),
            button("forget", 'e'),
        ]
    }

    fn set(&mut self, _: usize, value: f64, shared: &mut Shared) {
        self.side = value as usize;
        self.build(shared.registry);
    }

    fn press(&mut self, control: usize, shared: &mut Shared) -> Option<Box<Watch>> {
        match control {
            1 => self.dive(1, shared),
            2 => self.rate = if self.rate == Some(0) { None } else { Some(0) },
            3 => self.rate = if self.rate == Some(1) { None } else { Some(1) },
            _ => self.build(shared.registry),
        }
        None
    }

    fn advance(&mut self, elapsed: Duration, shared: &mut Shared) -> bool {
        let Some(rate) = self.rate else { return false };
        self.debt += RATES[rate] * elapsed.as_secs_f64();
        let episodes = self.debt as u32;
        self.debt -= f64::from(episodes);
        if episodes > 0 {
            self.dive(episodes, shared);
        }
        episodes > 0
    }

    fn is_live(&self) -> bool {
        self.rate.is_some()
    }

    fn facts(&self, _: &Shared) -> Vec<Fact> {
        let Some([chance, curious]) = &self.divers else { return Vec::new() };
        let first = curious.first.map_or("-".into(), |first| first.to_string());
        vec![
            ("episodes", chance.episodes.to_string()),
            ("expected", format!("1 / {}", 1u64 << self.side)),
            ("sea-chance", chance.found.to_string()),
            ("sea-curious", curious.found.to_string()),
            ("sea-first", first),
            ("best-return", format!("{:.2}", self.best)),
        ]
    }

    fn outcome(&self) -> Option<(&'static str, Vec<(&'static str, String)>)> {
        if let Some(why) = &self.refused {
            return Some(("refused", vec![("why", why.clone())]));
        }
        let [chance, curious] = self.divers.as_ref()?;
        let first = curious.first?;
        let values = vec![
            ("first", first.to_string()),
            ("episodes", chance.episodes.to_string()),
            ("chance", chance.found.to_string()),
            ("curious", curious.found.to_string()),
            ("expected", (1u64 << self.side).to_string()),
        ];
        Some(("sea", values))
    }

    fn draw(&mut self, canvas: &mut Canvas<'_>, area: Rect, shared: &Shared) {
        let Some(divers) = &self.divers else { return };
        let half = area.width / 2;
        for ((diver, name), column) in divers.iter().zip(["view.chance", "view.curious"]).zip([0, half]) {
            let area = Rect { x: area.x + column, width: half.saturating_sub(1), ..area };
            let style = canvas.role(Role::Text).add_modifier(Modifier::BOLD);
            canvas.text((area.x, area.y), shared.language.text(name), area.width, style);
            let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
            sea(canvas, diver, self.side, below);
        }
    }
}

/// Cells of the sea, each one to three columns wide: the more visits, the brighter; the path of the last episode.
fn sea(canvas: &mut Canvas<'_>, diver: &Diver, side: usize, area: Rect) {
    let wide = (usize::from(area.width) / side).clamp(1, 3) as u16;
    let most = diver.visits.iter().max().copied().unwrap_or(0).max(1) as f64;
    for cell in 0..side * side {
        let (row, column) = (cell / side, cell % side);
        if column > row {
            continue;
        }
        let at = (area.x + column as u16 * wide, area.y + row as u16);
        if at.1 >= area.bottom() || at.0 + wide > area.right() {
            continue;
        }
        let visits = diver.visits[cell];
        let share = (1.0 + visits as f64).ln() / (1.0 + most).ln();
        for x in at.0..at.0 + wide {
            canvas.shade((x, at.1), 0, if visits > 0 { 0.25 + 0.6 * share } else { 0.06 });
        }
        let treasure = cell == side * side - 1;
        let on_path = diver.path.contains(&cell);
        let glyph = match () {
            () if treasure => '◆',
            () if on_path => '●',
            () if visits > 0 || canvas.palette.depth != Depth::None => continue,
            () => '.',
        };
        let style = canvas.role(if treasure { Role::Warn } else { Role::Text }).add_modifier(Modifier::BOLD);
        canvas.glyph((at.0 + (wide - 1) / 2, at.1), glyph, style);
    }
}
