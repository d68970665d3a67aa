//! `bench`: speed of environment steps, learning steps and solvers on this machine.

use std::sync::Arc;
use std::time::Instant;

use freewheel_agents::{AgentFactory, Budget};
use freewheel_core::{
    Actions, Agent, BatchView, DynWorld, ManagedVectorEnv, Purpose, Result as CoreResult, SolveQuery, Spec,
    Stream, Streams, World,
};
use freewheel_envs::market::replay;
use serde::Serialize;
use toml::Table;

use crate::cli::Bench;
use crate::error::{Error, Result};
use crate::experiment::pool;
use crate::table::{Layout, wrapped};
use crate::{Registry, output};

/// Result of one benchmark of the program.
#[derive(Serialize)]
struct Measurement {
    id: String,
    /// Unit of the fields `median` and `best`.
    unit: &'static str,
    median: f64,
    best: f64,
    rounds: usize,
}

impl Measurement {
    /// Table row, with a final line end: on one line if there is room for long ids, else on two.
    fn line(&self, layout: Layout) -> String {
        let Measurement { id, unit, median, best, .. } = self;
        match layout.fits(100) {
            true => format!("{id:<50} {median:>12.2} {unit:<8} best {best:.2}\n"),
            false => {
                let figures = format!("{median:>12.2} {unit:<8} best {best:.2}\n");
                format!("{}{figures}", wrapped(id, 2, layout))
            }
        }
    }
}

/// Number of repetitions of each benchmark.
const ROUNDS: usize = 9;
/// Worlds that are measured for every number of environments, on one and two threads.
const FULL: [&str; 3] = ["grid/cliff", "grid/frozenlake-4x4", "grid/taxi"];
/// Target duration of a round, in nanoseconds.
const ROUND_NS: f64 = 20e6;

pub(super) fn bench(registry: &Registry, args: &Bench) -> Result<()> {
    let wanted = |id: &str| args.only.as_ref().is_none_or(|only| id.contains(only.as_str()));
    let (mut all, layout) = (Vec::new(), args.wide.layout());
    let mut add = |id: String, unit, mut rounds: Vec<f64>| -> Result<()> {
        rounds.sort_by(f64::total_cmp);
        let measured =
            Measurement { id, unit, median: rounds[rounds.len() / 2], best: rounds[0], rounds: rounds.len() };
        if !args.output.json {
            output::text(&measured.line(layout))?;
        }
        all.push(measured);
        Ok(())
    };
    let pools = [pool(1)?, pool(2)?];
    let ids: Vec<String> = registry.worlds().into_iter().map(|info| info.id).collect();
    for id in &ids {
        // Worlds with a required setting, such as a size, are skipped.
        let Ok(world) = default_world(registry, id) else { continue };
        if world.spec().actions.count() == 0 {
            continue;
        }
        let full = FULL.contains(&id.as_str());
        for &num_envs in if full { &[1, 4, 64, 1024, 16384][..] } else { &[64] } {
            let name = |threads: usize| format!("step/{id}/envs-{num_envs}/threads-{threads}");
            let most = if full { 2 } else { 1 };
            let asked: Vec<&rayon::ThreadPool> =
                pools[..most].iter().filter(|pool| wanted(&name(pool.current_num_threads()))).collect();
            if asked.is_empty() {
                continue;
            }
            for (pool, rounds) in asked.iter().zip(step_times(&*world, num_envs, &asked)?) {
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
        // `None` for an agent that does not support the world: `scripted` needs a world with scripted policies.
        let Some(built) = default_agent(agent, &*world)? else { continue };
        add(name, "ns/step", pools[0].install(|| learning_times(built, &*world))?)?;
    }
    for (size, gamma) in [(100, 0.99), (100, 1.0)] {
        let id = format!("grid/random-{size}x{size}-1");
        let settings = Table::from_iter([("slip".to_owned(), toml::Value::Float(0.2))]);
        let name = format!("solve/{id}/gamma-{gamma}");
        if !wanted(&name) || registry.build_world("grid/cliff", &Table::new()).is_err() {
            continue;
        }
        add(name, "ms", solve_times(registry, &id, &settings, gamma)?)?;
    }
    if all.is_empty() {
        let only = args.only.as_deref().unwrap_or_default();
        return Err(Error::Usage(format!("no benchmark has `{only}` in its id")));
    }
    if args.output.json {
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

/// World `id` with default settings; `market/replay` with random prices.
fn default_world(registry: &Registry, id: &str) -> CoreResult<Arc<dyn DynWorld>> {
    if id != "market/replay" {
        return registry.build_world(id, &Table::new());
    }
    let settings = replay::Settings::default();
    Ok(replay::Replay::<u32>::new(id, replay::random_walk(5000, &settings)?, &settings)?.shared())
}

/// Nanoseconds per step of one environment, with observation, action mask, resets and dispatch: the rounds of each
/// thread pool. The pools take turns, so that a disturbance of the machine affects all of them.
fn step_times(
    world: &dyn DynWorld,
    num_envs: usize,
    pools: &[&rayon::ThreadPool],
) -> CoreResult<Vec<Vec<f64>>> {
    let mut steppers: Vec<Stepper> = pools.iter().map(|_| Stepper::new(world, num_envs)).collect();
    let trial = 2000 / num_envs + 10;
    let count = (ROUND_NS / steppers[0].run(trial)? * trial as f64).max(1.0) as usize;
    let mut rounds = vec![Vec::new(); pools.len()];
    for _ in 0..ROUNDS {
        for ((pool, stepper), rounds) in pools.iter().zip(&mut steppers).zip(&mut rounds) {
            rounds.push(pool.install(|| stepper.run(count))? / (count * num_envs) as f64);
        }
    }
    Ok(rounds)
}

/// Vector environment and the actions prepared for its steps.
struct Stepper {
    env: Box<dyn ManagedVectorEnv>,
    masked: bool,
    /// Actions of each prepared step, `[STEPS][num_envs]`.
    actions: Vec<Vec<u32>>,
    step: usize,
}

impl Stepper {
    fn new(world: &dyn DynWorld, num_envs: usize) -> Self {
        let env = world.vector_env(num_envs, Streams::new(0), Purpose::Environment, 0);
        let actions = random_actions(world.spec(), num_envs);
        Stepper { env, masked: world.spec().masked, actions, step: 0 }
    }

    /// Nanoseconds of `count` steps of the vector environment.
    fn run(&mut self, count: usize) -> CoreResult<f64> {
        let begin = Instant::now();
        for _ in 0..count {
            self.step = (self.step + 1) % self.actions.len();
            let actions = &mut self.actions[self.step];
            if self.masked {
                // The search for legal actions is part of the measured time.
                make_legal(&self.env.view(), actions);
            }
            self.env.step(Actions::Discrete(actions))?;
        }
        let elapsed = begin.elapsed().as_nanos() as f64;
        self.env.take_finished();
        Ok(elapsed)
    }
}

/// Replaces each illegal action by the next legal one.
fn make_legal(view: &BatchView<'_>, actions: &mut [u32]) {
    for (index, action) in actions.iter_mut().enumerate() {
        let legal = view.legal_row(index);
        let from = *action as usize;
        let next = (0..legal.len()).map(|k| (from + k) % legal.len()).find(|&a| legal[a]);
        *action = next.unwrap_or(from) as u32;
    }
}

/// Number of prepared steps.
const STEPS: usize = 257;

/// Uniformly random actions `[STEPS][num_envs]`, prepared outside of the measured time.
fn random_actions(spec: &Spec, num_envs: usize) -> Vec<Vec<u32>> {
    let mut rng: Stream = Streams::new(0).stream(Purpose::Action, 0, 0);
    let actions = spec.actions.count() as u32;
    (0..STEPS).map(|_| (0..num_envs).map(|_| rng.below(actions)).collect()).collect()
}

/// Agent with default settings; `None` if it does not support the world.
fn default_agent(agent: &dyn AgentFactory, world: &dyn DynWorld) -> CoreResult<Option<Box<dyn Agent>>> {
    let budget = Budget { steps: u64::MAX, num_envs: 1 };
    match agent.build_in(world, &agent.resolve(&Table::new())?, budget, Streams::new(0)) {
        Err(freewheel_core::Error::Config(_) | freewheel_core::Error::Setting { .. }) => Ok(None),
        built => built.map(Some),
    }
}

/// Nanoseconds of one training step, with the environment step.
fn learning_times(mut agent: Box<dyn Agent>, world: &dyn DynWorld) -> CoreResult<Vec<f64>> {
    let mut env: Box<dyn ManagedVectorEnv> = world.vector_env(1, Streams::new(0), Purpose::Environment, 0);
    let mut run = |count: u64| -> CoreResult<f64> {
        let begin = Instant::now();
        agent.learn(&mut *env, count)?;
        env.take_finished();
        Ok(begin.elapsed().as_nanos() as f64 / count as f64)
    };
    let count = (ROUND_NS / run(20_000)?) as u64;
    (0..ROUNDS).map(|_| run(count)).collect()
}

/// Milliseconds of building and solving a world.
fn solve_times(registry: &Registry, id: &str, settings: &Table, gamma: f64) -> CoreResult<Vec<f64>> {
    let one = |_| {
        let world = registry.build_world(id, settings)?;
        let query = SolveQuery { gamma, horizon: None, ..SolveQuery::for_spec(world.spec()) };
        let begin = Instant::now();
        world.solve(&query)?;
        Ok(begin.elapsed().as_secs_f64() * 1e3)
    };
    (0..3).map(one).collect()
}
