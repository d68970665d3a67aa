//! Time of one step of a batch of markets: step, observation, time limit and reset, through `VectorEnv::step`.
//! Throughput is in environment steps per second.

#![allow(missing_docs, clippy::expect_used)]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use freewheel_core::{
    ActionBuffer, ActionSpace, Actions, NoPolicyLoader, Purpose, Stream, Streams, WorldFamily,
};
use freewheel_envs::market::MarketFamily;

const WORLDS: &[(&str, &str)] = &[
    ("ar1", ""),
    ("garleanu-pedersen", ""),
    ("garleanu-pedersen", "actions = 'continuous'"),
    ("regime", ""),
    ("making", ""),
    ("gbm", ""),
    ("heston", ""),
    ("execution", ""),
];

/// Number of batches of random actions, used in turn.
const NUM_BATCHES: usize = 64;

fn step(criterion: &mut Criterion) {
    for (name, settings) in WORLDS {
        let table = settings.parse().expect("settings of this bench");
        let world = MarketFamily.build(name, &table, &NoPolicyLoader).expect("a world").expect("a world");
        let kind = if settings.is_empty() { "" } else { "-continuous" };
        let mut group = criterion.benchmark_group(format!("market/{name}{kind}"));
        for num_envs in [1, 64, 1024] {
            let mut rng = Streams::new(1).stream(Purpose::Action, 0, 0);
            let mut batch = world.vector_env(num_envs, Streams::new(0), Purpose::Environment, 0);
            let actions: Vec<ActionBuffer> =
                (0..NUM_BATCHES).map(|_| random(&world.spec().actions, num_envs, &mut rng)).collect();
            let mut round = 0;
            group.throughput(Throughput::Elements(num_envs as u64));
            group.bench_function(BenchmarkId::from_parameter(num_envs), |bencher| {
                bencher.iter(|| {
                    round = (round + 1) % NUM_BATCHES;
                    if round == 0 {
                        // Empty the list of finished episodes, as an agent does.
                        batch.take_finished();
                    }
                    let actions: Actions<'_> = actions[round].as_actions();
                    batch.step(black_box(actions))
                });
            });
        }
        group.finish();
    }
}

/// Random actions for `num_envs` environments.
fn random(space: &ActionSpace, num_envs: usize, rng: &mut Stream) -> ActionBuffer {
    match space {
        ActionSpace::Discrete { names } => {
            ActionBuffer::Discrete((0..num_envs).map(|_| rng.below(names.len() as u32)).collect())
        }
        ActionSpace::Continuous { low, high, .. } => {
            let bounds = || low.iter().zip(high).collect::<Vec<_>>();
            let all = (0..num_envs).flat_map(|_| bounds());
            ActionBuffer::Continuous(
                all.map(|(low, high)| low + (high - low) * rng.uniform() as f32).collect(),
            )
        }
    }
}

criterion_group!(benches, step);
criterion_main!(benches);
