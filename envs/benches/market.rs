//! What a tick of a market costs: step, observation, time limit and reset, through `VectorEnv::step`.
//! Divide by the rows: criterion's throughput is in rows a second.

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

/// Rounds of actions, used over and over.
const ROUNDS: usize = 64;

fn step(criterion: &mut Criterion) {
    for (name, settings) in WORLDS {
        let table = settings.parse().expect("settings of this bench");
        let world = MarketFamily.build(name, &table, &NoPolicyLoader).expect("a world").expect("a world");
        let kind = if settings.is_empty() { "" } else { "-continuous" };
        let mut group = criterion.benchmark_group(format!("market/{name}{kind}"));
        for rows in [1, 64, 1024] {
            let mut rng = Streams::new(1).stream(Purpose::Action, 0, 0);
            let mut batch = world.vector_env(rows, Streams::new(0), Purpose::Environment, 0);
            let actions: Vec<ActionBuffer> =
                (0..ROUNDS).map(|_| random(&world.spec().actions, rows, &mut rng)).collect();
            let mut round = 0;
            group.throughput(Throughput::Elements(rows as u64));
            group.bench_function(BenchmarkId::from_parameter(rows), |bencher| {
                bencher.iter(|| {
                    round = (round + 1) % ROUNDS;
                    if round == 0 {
                        // An agent would take them; so must the bench, lest they pile up.
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

/// Random actions of `rows` rows.
fn random(space: &ActionSpace, rows: usize, rng: &mut Stream) -> ActionBuffer {
    match space {
        ActionSpace::Discrete { names } => {
            ActionBuffer::Discrete((0..rows).map(|_| rng.below(names.len() as u32)).collect())
        }
        ActionSpace::Continuous { low, high, .. } => {
            let row = || low.iter().zip(high).collect::<Vec<_>>();
            let all = (0..rows).flat_map(|_| row());
            ActionBuffer::Continuous(
                all.map(|(low, high)| low + (high - low) * rng.uniform() as f32).collect(),
            )
        }
    }
}

criterion_group!(benches, step);
criterion_main!(benches);
