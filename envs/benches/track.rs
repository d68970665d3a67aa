//! What a tick of driving costs: step, observation, time limit and reset, through `Batch::advance`.
//! Divide by the rows: criterion's throughput is in rows a second.

#![allow(missing_docs, clippy::expect_used)]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use freewheel_core::{Actions, NoPolicyLoader, Purpose, Streams, WorldFamily};
use freewheel_envs::track::Tracks;

const WORLDS: &[(&str, &str)] = &[
    ("club", ""),
    ("club", "substeps = 1"),
    ("club", "observation = \"rays\""),
    ("club", "model = \"ks\""),
    ("club", "model = \"st\""),
];

/// Rounds of actions, used over and over.
const ROUNDS: usize = 64;

fn step(criterion: &mut Criterion) {
    for (name, settings) in WORLDS {
        // Random drivers soon stand still or leave the road: they start all over it, and at speed.
        let table = format!("start = \"anywhere\"\n{settings}").parse().expect("settings of this bench");
        let world = Tracks.build(name, &table, &NoPolicyLoader).expect("a world").expect("a world");
        let choices = world.spec().actions.count() as u32;
        let mut group = criterion.benchmark_group(format!("track/{name} {settings}").replace(['"', ' '], ""));
        for rows in [1, 64, 1024] {
            let mut rng = Streams::new(1).stream(Purpose::Action, 0, 0);
            let mut batch = world.vector_env(rows, Streams::new(0), Purpose::Environment, 0);
            let actions: Vec<Vec<u32>> =
                (0..ROUNDS).map(|_| (0..rows).map(|_| rng.below(choices)).collect()).collect();
            let mut round = 0;
            group.throughput(Throughput::Elements(rows as u64));
            group.bench_function(BenchmarkId::from_parameter(rows), |bencher| {
                bencher.iter(|| {
                    round = (round + 1) % ROUNDS;
                    if round == 0 {
                        // An agent would take them; so must the bench, lest they pile up.
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
