//! Scene 6: the person walks; what was good is kept, and an agent starts there. It passes its teacher.

use std::sync::Arc;
use std::time::{Duration, Instant};

use freewheel_agents::Budget;
use freewheel_core::demonstrations::{Demonstration, DemonstrationSet, Keep, Label, Source, WorldHeader};
use freewheel_core::{
    Actions, Agent, DynWorld, EpisodeRunner, Error, Frame, ManagedVectorEnv, Purpose, Result, Streams,
};
use ratatui::layout::Rect;

use crate::Registry;
use crate::demonstrations::recording::{named_player, play};
use crate::tui::Watch;
use crate::tui::palette::Role;
use crate::tui::tour::canvas::{Axes, Canvas};
use crate::tui::tour::ledger::Cost;
use crate::tui::tour::page::{Control, Fact, Page, Shared, button, toggle};

const WORLD: &str = "grid/dyna-maze";
/// Steps after which an episode of a learner is truncated.
const LIMIT: u32 = 400;
/// Episodes of the learners a second, and at most.
const RATE: f64 = 4.0;
const MOST: u64 = 80;
/// Share of the walks that are kept: the shortest ones.
const KEPT: f64 = 0.5;
/// Settings of both learners.
const SETTINGS: &str = "learning_rate = 0.5\ngamma = 0.95\nepsilon = 0.1";

/// Page of the teacher.
pub(in crate::tui::tour) struct Teacher {
    ground: Option<Ground>,
    /// Finished walks.
    walks: Vec<Demonstration>,
    learners: Option<[Learner; 2]>,
    runs: bool,
    debt: f64,
    frame: Frame,
    refused: Option<String>,
}

/// World with the walk of the person.
struct Ground {
    world: Arc<dyn DynWorld>,
    runner: Box<dyn EpisodeRunner>,
    walk: Demonstration,
    /// Fewest steps from the start to the goal.
    best: Option<f64>,
}

/// Agent that learns.
struct Learner {
    agent: Box<dyn Agent>,
    env: Box<dyn ManagedVectorEnv>,
    /// Number and length of each episode.
    lengths: Vec<[f64; 2]>,
    steps: u64,
    learning: Duration,
}

impl Learner {
    fn episode(&mut self) -> Result<()> {
        let started = Instant::now();
        let before = self.lengths.len();
        while self.lengths.len() == before {
            self.agent.learn(&mut *self.env, 1)?;
            self.steps += 1;
            for summary in self.env.take_finished() {
                self.lengths.push([self.lengths.len() as f64, f64::from(summary.length)]);
            }
        }
        self.learning += started.elapsed();
        Ok(())
    }

    /// Mean length of the newest ten episodes.
    fn newest(&self) -> f64 {
        let newest = &self.lengths[self.lengths.len().saturating_sub(10)..];
        newest.iter().map(|episode| episode[1]).sum::<f64>() / newest.len().max(1) as f64
    }

    /// Sum of the steps of all episodes.
    fn total(&self) -> f64 {
        self.lengths.iter().map(|episode| episode[1]).sum()
    }
}

impl Teacher {
    pub(in crate::tui::tour) fn new(registry: &Registry) -> Self {
        let ground = Ground::new(registry);
        let refused = ground.as_ref().err().map(ToString::to_string);
        let (walks, learners, frame) = (Vec::new(), None, Frame::default());
        Teacher { ground: ground.ok(), walks, learners, runs: false, debt: 0.0, frame, refused }
    }

    /// Keeps the walk of the person if it has ended, and begins the next one.
    fn finish(&mut self) {
        let Some(ground) = &mut self.ground else { return };
        if !ground.runner.ending().is_over() && ground.walk.len() < LIMIT as usize {
            return;
        }
        ground.runner.reset(self.walks.len() as u64 + 1);
        let next = Demonstration::start(&*ground.runner, Label::of(Source::Human, ""));
        self.walks.push(std::mem::replace(&mut ground.walk, next).finish());
    }

    /// Lets a clumsy walker walk three times: the best policy with six of ten actions random.
    fn borrow(&mut self) -> Result<()> {
        let Some(ground) = &self.ground else { return Ok(()) };
        let Some((policy, source)) = named_player(&*ground.world, "reference")? else { return Ok(()) };
        let label = Label { noise: 0.6, ..Label::of(source, "reference") };
        let seed = self.walks.len() as u64;
        self.walks.extend(play(&*ground.world, &*policy, &label, (3, seed, LIMIT))?);
        Ok(())
    }

    fn begin(&mut self, registry: &Registry) -> Result<()> {
        let Some(ground) = &self.ground else { return Ok(()) };
        if self.walks.is_empty() {
            return Err(Error::Config("no walk".into()));
        }
        let header = WorldHeader::of(ground.world.spec(), WORLD, serde_json::Value::Null);
        let set = DemonstrationSet { header, episodes: self.walks.clone() };
        let kept = Arc::new(set.select(&set.kept(Keep::Top(KEPT))));
        let factory = registry.find_agent("q-learning")?;
        let learner = |warm: bool| -> Result<Learner> {
            let mut settings: toml::Table = SETTINGS.parse().unwrap_or_default();
            let (budget, streams) = (Budget { steps: 1_000_000, num_envs: 1 }, Streams::new(6));
            let world = &*ground.world;
            let agent = match warm {
                true => {
                    let mut start = toml::Table::new();
                    start.insert("demos".into(), "walks".into());
                    settings.insert("warm_start".into(), start.into());
                    factory.build_from(world, &settings, budget, streams, Arc::clone(&kept))?
                }
                false => factory.build(world.spec(), &settings, budget, streams)?,
            };
            let mut env = world.vector_env(1, streams, Purpose::Environment, 0);
            env.set_time_limit(LIMIT);
            Ok(Learner { agent, env, lengths: Vec::new(), steps: 0, learning: Duration::ZERO })
        };
        (self.learners, self.runs) = (Some([learner(true)?, learner(false)?]), true);
        Ok(())
    }

    /// Whether learning can go on.
    fn is_paused(&self) -> bool {
        let episodes = self.learners.as_ref().map(|learners| learners[0].lengths.len() as u64);
        !self.runs && episodes.is_some_and(|episodes| episodes < MOST)
    }

    fn learn(&mut self, shared: &mut Shared) {
        let Some(learners) = &mut self.learners else { return };
        if learners[0].lengths.len() as u64 >= MOST {
            self.runs = false;
            return;
        }
        for learner in learners.iter_mut() {
            if let Err(error) = learner.episode() {
                (self.refused, self.runs) = (Some(error.to_string()), false);
                return;
            }
        }
        let best = self.ground.as_ref().and_then(|ground| ground.best);
        for (learner, name) in learners.iter().zip(["taught", "untaught"]) {
            shared.ledger.enter(Cost {
                name,
                examples: learner.steps,
                learning: learner.learning,
                parameters: 4 * 47,
                answer: None,
                score: (
                    format!("{:.1}", learner.newest()),
                    best.map_or("-".into(), |best| format!("{best:.0}")),
                ),
            });
        }
    }

    /// Fewest and mean steps of the walks.
    fn teacher(&self) -> Option<(usize, f64)> {
        let lengths = || self.walks.iter().map(Demonstration::len);
        let mean = lengths().sum::<usize>() as f64 / self.walks.len().max(1) as f64;
        Some((lengths().min()?, mean))
    }
}

impl Ground {
    fn new(registry: &Registry) -> Result<Self> {
        let world = registry.build_world(WORLD, &toml::Table::new())?;
        let mut runner = world.episode_runner(Streams::new(0), Purpose::DemonstrationEnvironment, 0);
        runner.reset(0);
        let walk = Demonstration::start(&*runner, Label::of(Source::Human, ""));
        let best = shortest(&*world).ok().flatten();
        Ok(Ground { world, runner, walk, best })
    }
}

/// Steps of the best policy from the start to the goal.
fn shortest(world: &dyn DynWorld) -> Result<Option<f64>> {
    let Some((policy, source)) = named_player(world, "reference")? else { return Ok(None) };
    let walks = play(world, &*policy, &Label::of(source, "reference"), (1, 0, LIMIT))?;
    Ok(walks.first().map(|walk| walk.len() as f64))
}

impl Page for Teacher {
    fn controls(&self) -> Vec<Control> {
        vec![
            Control::Board { label: "walk" },
            button("borrow", 'w'),
            button("teach", 'l'),
            toggle("pause", 'p', self.is_paused()),
            button("walk-again", 'e'),
        ]
    }

    fn move_cursor(&mut self, by: (i32, i32), _: &mut Shared) {
        let Some(ground) = &mut self.ground else { return };
        (self.learners, self.runs) = (None, false);
        let action = match by {
            (0, -1) => 0,
            (1, _) => 1,
            (0, _) => 2,
            _ => 3,
        };
        let action = Actions::Discrete(&[action]);
        if let Ok(step) = ground.runner.step(action) {
            ground.walk.push(action, step, &*ground.runner);
        }
        self.finish();
    }

    fn press(&mut self, control: usize, shared: &mut Shared) -> Option<Box<Watch>> {
        let done = match control {
            1 => self.borrow(),
            2 if self.walks.is_empty() => self.borrow().and_then(|()| self.begin(shared.registry)),
            2 => self.begin(shared.registry),
            3 => {
                self.runs = self.is_paused();
                Ok(())
            }
            _ => {
                *self = Teacher::new(shared.registry);
                Ok(())
            }
        };
        if let Err(error) = done {
            self.refused = Some(error.to_string());
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
        (0..episodes).for_each(|_| self.learn(shared));
        episodes > 0
    }

    fn is_live(&self) -> bool {
        self.runs
    }

    fn facts(&self, _: &Shared) -> Vec<Fact> {
        let text = |x: Option<f64>| x.map_or("-".into(), |x| format!("{x:.0}"));
        let now = self.ground.as_ref().map_or(0, |ground| ground.walk.len());
        let learned = |which: usize| {
            let learner = self.learners.as_ref().map(|both| &both[which]).filter(|it| !it.lengths.is_empty());
            learner.map_or("-".into(), |learner| format!("{:.1}", learner.newest()))
        };
        vec![
            ("walk-now", now.to_string()),
            ("walks", self.walks.len().to_string()),
            ("walk-best", text(self.teacher().map(|(best, _)| best as f64))),
            ("walk-mean", text(self.teacher().map(|(_, mean)| mean))),
            ("shortest", text(self.ground.as_ref().and_then(|ground| ground.best))),
            ("taught", learned(0)),
            ("untaught", learned(1)),
        ]
    }

    fn outcome(&self) -> Option<(&'static str, Vec<(&'static str, String)>)> {
        if let Some(why) = &self.refused {
            return Some(("refused", vec![("why", why.clone())]));
        }
        let ([taught, untaught], (best, mean)) = (self.learners.as_ref()?, self.teacher()?);
        if self.runs || taught.lengths.is_empty() {
            return None;
        }
        let values = vec![
            ("episodes", taught.lengths.len().to_string()),
            ("taught", format!("{:.1}", taught.newest())),
            ("best", best.to_string()),
            ("mean", format!("{mean:.0}")),
            ("taught-steps", format!("{:.0}", taught.total())),
            ("untaught-steps", format!("{:.0}", untaught.total())),
        ];
        Some((if taught.newest() < mean { "teacher-passed" } else { "teacher-not-yet" }, values))
    }

    fn draw(&mut self, canvas: &mut Canvas<'_>, area: Rect, shared: &Shared) {
        let Some(ground) = &self.ground else { return };
        let Some([taught, untaught]) = &self.learners else {
            self.frame = Frame::with_max_size(usize::from(area.width), usize::from(area.height));
            ground.runner.draw(None, &mut self.frame);
            canvas.frame(&self.frame, area);
            return;
        };
        let names = ["view.taught", "view.untaught"].map(|key| shared.language.text(key));
        canvas.legend(&[(names[0], 0), (names[1], 3)], area);
        let chart = Rect {
            x: area.x + 6,
            y: area.y + 1,
            width: area.width.saturating_sub(6),
            height: area.height.saturating_sub(2),
        };
        let log =
            |lengths: &[[f64; 2]]| lengths.iter().map(|[x, y]| [*x, y.max(1.0).log10()]).collect::<Vec<_>>();
        let axes = Axes { x: (0.0, MOST as f64), y: (1.0, f64::from(LIMIT).log10() + 0.05) };
        let dim = canvas.role(Role::Dim);
        for steps in [10.0f64, 30.0, 100.0, 300.0] {
            if let Some((_, y)) = axes.cell([0.0, steps.log10() + 0.001], chart) {
                canvas.text((area.x, y), &format!("{steps:>5.0}"), 5, dim);
            }
        }
        let across = |steps: f64| vec![[0.0, steps.log10()], [MOST as f64 - 0.01, steps.log10()]];
        let mut curves = Vec::new();
        if let Some(best) = ground.best {
            curves.push((across(best), 2));
        }
        if let Some((_, mean)) = self.teacher() {
            curves.push((across(mean.max(10.1)), 5));
        }
        let learned = [(log(&untaught.lengths), 3), (log(&taught.lengths), 0)];
        curves.extend(learned.clone());
        canvas.curves(&curves, axes, chart);
        canvas.ends(&learned.each_ref().map(|(points, series)| (&**points, *series)), axes, chart);
        let label = shared.language.text("view.steps-of-episode");
        canvas.text((chart.x, chart.bottom()), label, chart.width, dim);
    }
}
