//! Time of a step of a vector environment: step, observation, time limit and reset, through `VectorEnv::step`.
//! Throughput is in environment steps a second.

#![allow(missing_docs, clippy::expect_used)]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use freewheel_core::{Actions, NoPolicyLoader, Purpose, Streams, WorldFamily};
use freewheel_envs::classic::ClassicFamily;

const WORLDS: &[(&str, &str)] = &[
    ("cartpole", ""),
    ("cartpole", "integrator = \"semi-implicit\""),
    ("acrobot", ""),
    ("mountain-car", ""),
];

/// Number of different action batches, used in turn.
const ROUNDS: usize = 64;

fn step(criterion: &mut Criterion) {
    for (name, settings) in WORLDS {
        let table = settings.parse().expect("TOML");
        let world = ClassicFamily
            .build(name, &table, &NoPolicyLoader)
            .expect("valid settings")
            .expect("a known name");
        let num_actions = world.spec().actions.count() as u32;
        let mut group =
            criterion.benchmark_group(format!("classic/{name} {settings}").replace(['"', ' '], ""));
        for num_envs in [1, 64, 1024] {
            let mut rng = Streams::new(1).stream(Purpose::Action, 0, 0);
            let mut batch = world.vector_env(num_envs, Streams::new(0), Purpose::Environment, 0);
            let actions: Vec<Vec<u32>> =
                (0..ROUNDS).map(|_| (0..num_envs).map(|_| rng.below(num_actions)).collect()).collect();
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
