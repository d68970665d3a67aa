//! Time per batch step of the track worlds: dynamics, observation, time limit and reset, through `VectorEnv::step`.
//! Criterion's throughput is in environment steps per second.

#![allow(missing_docs, clippy::expect_used)]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use freewheel_core::{Actions, NoPolicyLoader, Purpose, Streams, WorldFamily};
use freewheel_envs::track::TrackFamily;

const WORLDS: &[(&str, &str)] = &[
    ("club", ""),
    ("club", "substeps = 1"),
    ("club", "observation = \"rays\""),
    ("club", "model = \"ks\""),
    ("club", "model = \"st\""),
];

/// Number of precomputed batches of random actions, used in turn.
const ROUNDS: usize = 64;

fn step(criterion: &mut Criterion) {
    for (name, settings) in WORLDS {
        // A car with random actions soon stops or leaves the road: episodes start at random positions and speeds.
        let table = format!("start = \"anywhere\"\n{settings}").parse().expect("settings of this bench");
        let world = TrackFamily.build(name, &table, &NoPolicyLoader).expect("a world").expect("a world");
        let choices = world.spec().actions.count() as u32;
        let mut group = criterion.benchmark_group(format!("track/{name} {settings}").replace(['"', ' '], ""));
        for num_envs in [1, 64, 1024] {
            let mut rng = Streams::new(1).stream(Purpose::Action, 0, 0);
            let mut batch = world.vector_env(num_envs, Streams::new(0), Purpose::Environment, 0);
            let actions: Vec<Vec<u32>> =
                (0..ROUNDS).map(|_| (0..num_envs).map(|_| rng.below(choices)).collect()).collect();
            let mut round = 0;
            group.throughput(Throughput::Elements(num_envs as u64));
            group.bench_function(BenchmarkId::from_parameter(num_envs), |bencher| {
                bencher.iter(|| {
                    round = (round + 1) % ROUNDS;
                    if round == 0 {
                        // Empty the list of finished episodes, as an agent does.
                        batch.take_finished();
                    }
                    batch.step(Actions::Discrete(black_box(&actions[round])))
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, step);
criterion_main!(benches);
