//! `bench`: speed, measured here and now.

use std::sync::Arc;
use std::time::Instant;

use freewheel_agents::{AgentFactory, Budget};
use freewheel_core::{
    Actions, Agent, BatchView, DynWorld, Purpose, Result as CoreResult, SolveQuery, Spec, Stream, Streams,
    VectorEnv, World,
};
use freewheel_envs::market::replay;
use serde::Serialize;
use toml::Table;

use crate::cli::Bench;
use crate::error::{Error, Result};
use crate::experiment::pool;
use crate::{Registry, output};

/// One measurement.
#[derive(Serialize)]
struct Measured {
    id: String,
    /// What `median` counts.
    unit: &'static str,
    median: f64,
    best: f64,
    rounds: usize,
}

const ROUNDS: usize = 9;
/// Worlds that are measured at every size, and on two threads.
const FULL: [&str; 3] = ["grid/cliff", "grid/frozenlake-4x4", "grid/taxi"];
/// Work of one round.
const ROUND_NS: f64 = 20e6;

pub(super) fn bench(registry: &Registry, args: &Bench) -> Result<()> {
    let wanted = |id: &str| args.only.as_ref().is_none_or(|only| id.contains(only.as_str()));
    let mut all = Vec::new();
    let mut add = |id: String, unit, mut rounds: Vec<f64>| -> Result<()> {
        rounds.sort_by(f64::total_cmp);
        let measured =
            Measured { id, unit, median: rounds[rounds.len() / 2], best: rounds[0], rounds: rounds.len() };
        if !args.json {
            let Measured { id, median, best, .. } = &measured;
            output::text(&format!("{id:<46} {median:>12.2} {unit:<10} best {best:.2}\n"))?;
        }
        all.push(measured);
        Ok(())
    };
    let pools = [pool(1)?, pool(2)?];
    let ids: Vec<String> = registry.worlds().into_iter().map(|info| info.id).collect();
    for id in &ids {
        // A number to be chosen is no world yet.
        let Ok(world) = usual(registry, id) else { continue };
        if world.spec().actions.count() == 0 {
            continue;
        }
        let full = FULL.contains(&id.as_str());
        for &rows in if full { &[1, 4, 64, 1024, 16384][..] } else { &[64] } {
            let name = |threads: usize| format!("step/{id}/rows-{rows}/threads-{threads}");
            let most = if full { 2 } else { 1 };
            let asked: Vec<&rayon::ThreadPool> =
                pools[..most].iter().filter(|pool| wanted(&name(pool.current_num_threads()))).collect();
            if asked.is_empty() {
                continue;
            }
            for (pool, rounds) in asked.iter().zip(steps(&*world, rows, &asked)?) {
                add(name(pool.current_num_threads()), "ns/step", rounds)?;
            }
        }
    }
    let learned = ids.iter().find(|id| *id == "grid/cliff").or(ids.first());
    for (learned, agent) in learned.into_iter().flat_map(|id| registry.agents().map(move |a| (id, a))) {
        let name = format!("learn/{learned}/{}", agent.id());
        if !wanted(&name) {
            continue;
        }
        let world = registry.build_world(learned, &Table::new())?;
        // Not every agent can play every world: one that ships no players has none for `scripted`.
        let Some(learner) = learner(agent, &*world)? else { continue };
        add(name, "ns/step", pools[0].install(|| updates(learner, &*world))?)?;
    }
    for (size, gamma) in [(100, 0.99), (100, 1.0)] {
        let id = format!("grid/random-{size}x{size}-1");
        let settings = Table::from_iter([("slip".to_owned(), toml::Value::Float(0.2))]);
        let name = format!("solve/{id}/gamma-{gamma}");
        if !wanted(&name) || registry.build_world("grid/cliff", &Table::new()).is_err() {
            continue;
        }
        add(name, "ms", solutions(registry, &id, &settings, gamma)?)?;
    }
    if all.is_empty() {
        let only = args.only.as_deref().unwrap_or_default();
        return Err(Error::Usage(format!("nothing that is measured has `{only}` in its id")));
    }
    if args.json {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let machine = serde_json::json!({
            "os": std::env::consts::OS, "arch": std::env::consts::ARCH, "cores": cores,
            "optimized": !cfg!(debug_assertions),
        });
        output::json(
            &serde_json::json!({ "version": env!("CARGO_PKG_VERSION"), "machine": machine, "benches": all }),
        )?;
    }
    Ok(())
}

/// The world `id` with its usual settings, and made prices where it asks for some.
fn usual(registry: &Registry, id: &str) -> CoreResult<Arc<dyn DynWorld>> {
    if id != "market/replay" {
        return registry.build_world(id, &Table::new());
    }
    let settings = replay::Settings::default();
    Ok(replay::Replay::<u32>::new(id, replay::random_walk(5000, &settings)?, &settings)?.shared())
}

/// Nanoseconds of one step of one row, everything included: rules, observation, mask, resets, one virtual call a batch.
/// One list for each pool; their rounds take turns, so that a slow moment of the machine falls on all alike.
fn steps(world: &dyn DynWorld, rows: usize, pools: &[&rayon::ThreadPool]) -> CoreResult<Vec<Vec<f64>>> {
    let mut steppers: Vec<Stepper> = pools.iter().map(|_| Stepper::new(world, rows)).collect();
    let trial = 2000 / rows + 10;
    let count = (ROUND_NS / steppers[0].run(trial)? * trial as f64).max(1.0) as usize;
    let mut rounds = vec![Vec::new(); pools.len()];
    for _ in 0..ROUNDS {
        for ((pool, stepper), rounds) in pools.iter().zip(&mut steppers).zip(&mut rounds) {
            rounds.push(pool.install(|| stepper.run(count))? / (count * rows) as f64);
        }
    }
    Ok(rounds)
}

/// A batch and actions for it.
struct Stepper {
    batch: Box<dyn VectorEnv>,
    masked: bool,
    ticks: Vec<Vec<u32>>,
    tick: usize,
}

impl Stepper {
    fn new(world: &dyn DynWorld, rows: usize) -> Self {
        let batch = world.vector_env(rows, Streams::new(0), Purpose::Environment, 0);
        Stepper { batch, masked: world.spec().masked, ticks: plan(world.spec(), rows), tick: 0 }
    }

    /// Nanoseconds of `count` ticks.
    fn run(&mut self, count: usize) -> CoreResult<f64> {
        let begin = Instant::now();
        for _ in 0..count {
            self.tick = (self.tick + 1) % self.ticks.len();
            let actions = &mut self.ticks[self.tick];
            if self.masked {
                // Which actions are legal shows only now: finding them is part of the time.
                make_legal(&self.batch.view(), actions);
            }
            self.batch.step(Actions::Discrete(actions))?;
        }
        let elapsed = begin.elapsed().as_nanos() as f64;
        self.batch.take_finished();
        Ok(elapsed)
    }
}

/// Moves each action on to the next legal one.
fn make_legal(view: &BatchView<'_>, actions: &mut [u32]) {
    for (row, action) in actions.iter_mut().enumerate() {
        let legal = view.legal_row(row);
        let from = *action as usize;
        let next = (0..legal.len()).map(|k| (from + k) % legal.len()).find(|&a| legal[a]);
        *action = next.unwrap_or(from) as u32;
    }
}

/// Random actions, made before the clock runs: 257 ticks of them.
fn plan(spec: &Spec, rows: usize) -> Vec<Vec<u32>> {
    let mut rng: Stream = Streams::new(0).stream(Purpose::Action, 0, 0);
    let actions = spec.actions.count() as u32;
    (0..257).map(|_| (0..rows).map(|_| rng.below(actions)).collect()).collect()
}

/// The agent with its usual settings, where it can play this world.
fn learner(agent: &dyn AgentFactory, world: &dyn DynWorld) -> CoreResult<Option<Box<dyn Agent>>> {
    let budget = Budget { steps: u64::MAX, num_envs: 1 };
    match agent.build_in(world, &agent.resolve(&Table::new())?, budget, Streams::new(0)) {
        Err(freewheel_core::Error::Config(_)) => Ok(None),
        built => built.map(Some),
    }
}

/// Nanoseconds of one step of learning, the world's step included.
fn updates(mut learner: Box<dyn Agent>, world: &dyn DynWorld) -> CoreResult<Vec<f64>> {
    let mut episodes: Box<dyn VectorEnv> = world.vector_env(1, Streams::new(0), Purpose::Environment, 0);
    let mut run = |count: u64| -> CoreResult<f64> {
        let begin = Instant::now();
        learner.learn(&mut *episodes, count)?;
        episodes.take_finished();
        Ok(begin.elapsed().as_nanos() as f64 / count as f64)
    };
    let count = (ROUND_NS / run(20_000)?) as u64;
    (0..ROUNDS).map(|_| run(count)).collect()
}

/// Milliseconds of solving a world, building its transition table included.
fn solutions(registry: &Registry, id: &str, settings: &Table, gamma: f64) -> CoreResult<Vec<f64>> {
    let one = |_| {
        let world = registry.build_world(id, settings)?;
        let query = SolveQuery { gamma, horizon: None, ..SolveQuery::for_spec(world.spec()) };
        let begin = Instant::now();
        world.solve(&query)?;
        Ok(begin.elapsed().as_secs_f64() * 1e3)
    };
    (0..3).map(one).collect()
}
