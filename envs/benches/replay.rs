//! Time of a step of a vector environment of `market/replay`: step, observation, time limit and reset, through
//! `Batch::advance`. Criterion's throughput is in environment steps per second.

#![allow(missing_docs, clippy::expect_used)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use freewheel_core::{Batch, Env, ManagedVectorEnv, Purpose, Streams};
use freewheel_envs::market::replay::{Replay, Settings, random_walk};

/// Number of different action batches, used in turn.
const ROUNDS: usize = 64;

fn step(criterion: &mut Criterion) {
    let settings = Settings::default();
    let prices = random_walk(5000, &settings).expect("prices");
    let world = Replay::<u32>::new("market/replay", prices, &settings).expect("a world");
    let (world, mut group) = (Arc::new(world), criterion.benchmark_group("market/replay"));
    for rows in [1, 64, 1024] {
        let mut rng = Streams::new(1).stream(Purpose::Action, 0, 0);
        let mut batch = Batch::new(Arc::clone(&world), rows, Streams::new(0), Purpose::Environment, 0);
        let actions = world.spec().actions.count() as u32;
        let actions: Vec<Vec<u32>> =
            (0..ROUNDS).map(|_| (0..rows).map(|_| rng.below(actions)).collect()).collect();
        let mut round = 0;
        group.throughput(Throughput::Elements(rows as u64));
        group.bench_function(BenchmarkId::from_parameter(rows), |bencher| {
            bencher.iter(|| {
                round = (round + 1) % ROUNDS;
                if round == 0 {
                    // Empty the list of finished episodes, as an agent does.
                    batch.take_finished();
                }
                batch.advance(black_box(&actions[round]))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, step);
criterion_main!(benches);
