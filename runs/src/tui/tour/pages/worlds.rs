//! Scene 4: driving, trading and Go, learned on the spot and then watched in the viewer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use freewheel_agents::Budget;
use freewheel_core::demonstrations::{DemonstrationSet, Label, WorldHeader};
use freewheel_core::evaluate::{Protocol, evaluate};
use freewheel_core::{DynWorld, Policy, PolicyMode, Purpose, Result, SolveQuery, Streams};
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::Registry;
use crate::demonstrations::recording::{named_player, play};
use crate::format::{compact, count};
use crate::tui::palette::Role;
use crate::tui::tour::canvas::Canvas;
use crate::tui::tour::ledger::{Cost, time_of};
use crate::tui::tour::page::{Control, Fact, Page, Shared, button, slider, toggle};
use crate::tui::tour::work::{News, Reporter, Work};
use crate::tui::{Theme, Watch};

/// Something to learn: the settings are those of the default experiment.
struct Task {
    /// Key of its name, without the prefix `view.task-`, and of its cost.
    key: &'static str,
    world: &'static str,
    world_settings: &'static str,
    agent: &'static str,
    settings: &'static str,
    steps: u64,
    episodes: u64,
    /// Whether a clone of recorded games is compared.
    records: bool,
}

static TASKS: [Task; 3] = [
    Task {
        key: "drive",
        world: "track/circle",
        world_settings: "hz = 10\nstart = 'anywhere'\nlook_ahead = []",
        agent: "q-lambda",
        settings: "bins = [20, 31, 9, 3]\ngamma = 0.98\nlambda = 0.9\n\
                   learning_rate = { from = 0.2, to = 0.01, over = 1.0 }\n\
                   epsilon = { from = 0.3, to = 0.02, over = 0.8 }",
        steps: 2_000_000,
        episodes: 10,
        records: false,
    },
    Task {
        key: "trade",
        world: "market/execution",
        world_settings: "",
        agent: "q-learning",
        settings: "learning_rate = { from = 0.1, to = 0.002, over = 1.0 }\n\
                   epsilon = { from = 1.0, to = 0.05, over = 0.8 }",
        steps: 200_000,
        episodes: 1000,
        records: false,
    },
    Task {
        key: "go",
        world: "go/3x3",
        world_settings: "",
        agent: "q-learning",
        settings: "bins = 2\nlearning_rate = { from = 0.2, to = 0.01, over = 1.0 }\n\
                   epsilon = { from = 1.0, to = 0.05, over = 0.8 }",
        steps: 200_000,
        episodes: 400,
        records: true,
    },
];

/// Stages of a training after which the policy is kept, as shares of its steps.
const STAGES: [f64; 4] = [0.0, 0.05, 0.25, 1.0];

/// Message of a training.
enum Message {
    World(Arc<dyn DynWorld>, Option<f64>),
    Stage(Stage),
}

/// Policy with its mean score.
struct Stage {
    /// Key of its name, without the prefix `view.stage-`.
    key: &'static str,
    steps: u64,
    policy: Arc<dyn Policy>,
    score: f64,
    learning: Duration,
    answer: Duration,
}

/// What a training has brought so far.
#[derive(Default)]
struct Outcome {
    world: Option<Arc<dyn DynWorld>>,
    /// Best score, or the best known one.
    best: Option<f64>,
    stages: Vec<Stage>,
    work: Option<Work<Message>>,
    refused: Option<String>,
}

/// Page of the three tasks.
pub(in crate::tui::tour) struct Worlds {
    task: usize,
    outcomes: [Outcome; 3],
}

impl Worlds {
    pub(in crate::tui::tour) fn new() -> Self {
        Worlds { task: 0, outcomes: Default::default() }
    }

    fn watch(&self, shared: &Shared) -> Option<Box<Watch>> {
        let outcome = &self.outcomes[self.task];
        let world = outcome.world.as_ref()?;
        let mut watch =
            Watch { theme: Theme::chosen(), reference: outcome.best, ..Watch::new(Arc::clone(world)) };
        for stage in &outcome.stages {
            watch = watch.policy(name(stage, shared), Arc::clone(&stage.policy));
        }
        Some(Box::new(watch))
    }
}

/// Name of a policy.
fn name(stage: &Stage, shared: &Shared) -> String {
    shared.language.filled(&format!("view.stage-{}", stage.key), &[("steps", count(stage.steps as f64))])
}

/// Trains for `task`, and sends the world and the policies of all stages.
fn train(registry: &'static Registry, task: &'static Task) -> Work<Message> {
    Work::start(move |reporter| {
        let settings = task.world_settings.parse().unwrap_or_default();
        let world = registry.build_world(task.world, &settings)?;
        let evaluated = world.evaluation_world().map_or(Arc::clone(&world), |other| Arc::clone(&other.world));
        let best =
            evaluated.solve(&SolveQuery::for_spec(evaluated.spec())).ok().map(|solution| solution.value);
        // In a game for two, that is the value of perfect play on both sides, not the best against this opponent.
        let best = best.filter(|_| !task.records);
        reporter.send(0.0, Some(Message::World(Arc::clone(&evaluated), best)));
        if task.records {
            clone_records(registry, task, &*evaluated, reporter)?;
        }
        let streams = Streams::new(0);
        let budget = Budget { steps: task.steps, num_envs: 1 };
        let settings = task.settings.parse().unwrap_or_default();
        let mut agent = registry.find_agent(task.agent)?.build(world.spec(), &settings, budget, streams)?;
        let mut env = world.vector_env(1, streams, Purpose::Environment, 0);
        let (mut done, mut learning) = (0, Duration::ZERO);
        for share in STAGES {
            let until = (share * task.steps as f64) as u64;
            while done < until {
                let slice = (until - done).min(5000);
                let started = Instant::now();
                agent.learn(&mut *env, slice)?;
                env.take_finished();
                (done, learning) = (done + slice, learning + started.elapsed());
                if !reporter.send(done as f64 / task.steps as f64, None) {
                    return Ok(());
                }
            }
            let policy: Arc<dyn Policy> = Arc::from(agent.policy(PolicyMode::Greedy));
            let stage = stage(task, "learned", (done, learning), policy, &*evaluated)?;
            reporter.send(share, Some(Message::Stage(stage)));
        }
        Ok(())
    })
}

/// Learns from recorded games alone: clones the moves of a player that searches, with mistakes.
fn clone_records(
    registry: &Registry,
    task: &Task,
    world: &dyn DynWorld,
    reporter: &Reporter<Message>,
) -> Result<()> {
    let Some((player, source)) = named_player(world, "uct-100")? else { return Ok(()) };
    let label = Label { noise: 0.3, ..Label::of(source, "uct-100") };
    let episodes = play(world, &*player, &label, (60, 0, 200))?;
    let score = episodes.iter().map(|episode| episode.score).sum::<f64>() / episodes.len().max(1) as f64;
    let (learning, answer) = (Duration::ZERO, Duration::ZERO);
    let records = Stage { key: "records", steps: 0, policy: player, score, learning, answer };
    reporter.send(0.0, Some(Message::Stage(records)));
    let header = WorldHeader::of(world.spec(), task.world, serde_json::Value::Null);
    let set = Arc::new(DemonstrationSet { header, episodes });
    let settings = "estimator = 'forest'\ndemos = 'records'".parse().unwrap_or_default();
    let steps = set.steps() as u64;
    let budget = Budget { steps, num_envs: 1 };
    let streams = Streams::new(0);
    let mut agent = registry.find_agent("bc")?.build_from(world, &settings, budget, streams, set)?;
    let started = Instant::now();
    agent.learn(&mut *world.vector_env(1, streams, Purpose::Environment, 0), steps)?;
    let policy: Arc<dyn Policy> = Arc::from(agent.policy(PolicyMode::Greedy));
    let stage = stage(task, "cloned", (steps, started.elapsed()), policy, world)?;
    reporter.send(0.0, Some(Message::Stage(stage)));
    Ok(())
}

/// Stage with the mean score of `policy` in new episodes.
fn stage(
    task: &Task,
    key: &'static str,
    (steps, learning): (u64, Duration),
    policy: Arc<dyn Policy>,
    world: &dyn DynWorld,
) -> Result<Stage> {
    let protocol =
        Protocol { episodes: task.episodes, num_envs: 10, max_steps: 2000, streams: Streams::new(0) };
    let all = evaluate(world, &*policy, &protocol)?;
    let score = all.iter().map(|summary| summary.score).sum::<f64>() / all.len().max(1) as f64;
    let runner = world.episode_runner(Streams::new(0), Purpose::WatchEnvironment, 0);
    let mut rng = Streams::new(0).stream(Purpose::WatchAction, 0, 0);
    let mut action = freewheel_core::ActionBuffer::for_spec(world.spec(), 1);
    let mut memory = Vec::new();
    let answer = time_of(|| {
        let _ = runner.select_action(&*policy, &mut memory, &mut rng, &mut action);
    });
    Ok(Stage { key, steps, policy, score, learning, answer })
}

impl Page for Worlds {
    fn controls(&self) -> Vec<Control> {
        let outcome = &self.outcomes[self.task];
        vec![
            slider("task", self.task as f64 + 1.0, (1.0, TASKS.len() as f64), 1.0),
            toggle("train", 'l', outcome.work.is_some()),
            button("watch", 'w'),
        ]
    }

    fn set(&mut self, _: usize, value: f64, _: &mut Shared) {
        self.task = (value as usize).saturating_sub(1).min(TASKS.len() - 1);
    }

    fn press(&mut self, control: usize, shared: &mut Shared) -> Option<Box<Watch>> {
        if control == 2 {
            return self.watch(shared);
        }
        let work = Some(train(shared.registry, &TASKS[self.task]));
        self.outcomes[self.task] = Outcome { work, ..Outcome::default() };
        None
    }

    fn advance(&mut self, _: Duration, shared: &mut Shared) -> bool {
        let mut changed = false;
        for (outcome, task) in self.outcomes.iter_mut().zip(&TASKS) {
            while let Some(work) = &mut outcome.work {
                match work.next() {
                    News::Nothing => break,
                    News::Progress => {}
                    News::Result(Message::World(world, best)) => {
                        (outcome.world, outcome.best) = (Some(world), best);
                    }
                    News::Result(Message::Stage(stage)) => outcome.stages.push(stage),
                    News::Ended(error, _) => {
                        outcome.work = None;
                        outcome.refused = error.map(|error| error.to_string());
                        if let Some(stage) = outcome.stages.last() {
                            shared.ledger.enter(Cost {
                                name: task.key,
                                examples: stage.steps,
                                learning: stage.learning,
                                parameters: 0,
                                answer: Some(stage.answer),
                                score: (compact(stage.score), outcome.best.map_or("-".into(), compact)),
                            });
                        }
                    }
                }
                changed = true;
            }
        }
        changed
    }

    fn progress(&self) -> Option<(&'static str, f64)> {
        self.outcomes[self.task].work.as_ref().map(|work| ("worlds", work.share()))
    }

    fn cancel(&mut self) {
        self.outcomes[self.task].work = None;
    }

    fn facts(&self, shared: &Shared) -> Vec<Fact> {
        let (outcome, task) = (&self.outcomes[self.task], &TASKS[self.task]);
        let score = outcome.world.as_ref().map_or(String::new(), |world| world.spec().score_title());
        vec![
            ("task", shared.language.text(&format!("view.task-{}", task.key)).to_owned()),
            ("world", task.world.into()),
            ("agent", task.agent.into()),
            ("score", score),
            ("best", outcome.best.map_or("-".into(), compact)),
        ]
    }

    fn outcome(&self) -> Option<(&'static str, Vec<(&'static str, String)>)> {
        let outcome = &self.outcomes[self.task];
        if let Some(why) = &outcome.refused {
            return Some(("refused", vec![("why", why.clone())]));
        }
        let (last, best) = (outcome.stages.last()?, outcome.best);
        if outcome.work.is_some() {
            return None;
        }
        let first = outcome.stages.iter().find(|stage| stage.key == "learned")?;
        let cloned = outcome.stages.iter().find(|stage| stage.key == "cloned");
        let mut values = vec![
            ("first", compact(first.score)),
            ("last", compact(last.score)),
            ("steps", count(last.steps as f64)),
            ("seconds", format!("{:.1}", last.learning.as_secs_f64())),
            ("best", best.map_or("-".into(), compact)),
        ];
        match cloned {
            Some(cloned) => {
                values.push(("cloned", compact(cloned.score)));
                Some(("world-go", values))
            }
            None => Some(("world", values)),
        }
    }

    fn draw(&mut self, canvas: &mut Canvas<'_>, area: Rect, shared: &Shared) {
        let (outcome, task) = (&self.outcomes[self.task], &TASKS[self.task]);
        let about = shared.language.text(&format!("view.about-{}", task.key));
        let lines = crate::tui::boxes::wrapped(about, usize::from(area.width.max(8)));
        let mut y = area.y;
        for line in &lines {
            canvas.text((area.x, y), line, area.width, canvas.role(Role::Text));
            y += 1;
        }
        y += 1;
        if outcome.stages.is_empty() {
            let key = if outcome.work.is_some() { "view.wait" } else { "view.press-learn" };
            canvas.text((area.x, y), shared.language.text(key), area.width, canvas.role(Role::Dim));
            return;
        }
        // Bars between the worst and the best score.
        let scores = outcome.stages.iter().map(|stage| stage.score).chain(outcome.best);
        let (low, high) =
            scores.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
        let lower_is_better = outcome.world.as_ref().is_some_and(|world| world.spec().lower_is_better());
        let share = |score: f64| match high > low {
            true if lower_is_better => (high - score) / (high - low),
            true => (score - low) / (high - low),
            false => 1.0,
        };
        let best = shared.language.text("fact.best").to_owned();
        let rows = outcome.stages.iter().map(|stage| (name(stage, shared), stage.score, Role::Accent));
        for (name, score, role) in rows.chain(outcome.best.map(|score| (best, score, Role::Good))) {
            if y >= area.bottom() {
                return;
            }
            let left = (area.width / 2).clamp(12, 30);
            canvas.text((area.x, y), &name, left - 1, canvas.role(Role::Text));
            let style = canvas.role(role).add_modifier(Modifier::BOLD);
            canvas.bar(
                (area.x + left, y),
                area.width.saturating_sub(left + 9),
                share(score),
                canvas.role(role),
            );
            canvas.text((area.right().saturating_sub(8), y), &format!("{:>8}", compact(score)), 8, style);
            y += 1;
        }
    }
}
