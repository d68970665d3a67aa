//! Time of a step of a vector environment: step, observation, time limit and reset, through `Batch::advance`.
//! Throughput is in environment steps a second.

#![allow(missing_docs, clippy::expect_used)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use freewheel_core::{Batch, Env, ManagedVectorEnv, Purpose, Streams, VectorEnv};
use freewheel_envs::gridworld::GridworldFamily;

const WORLDS: &[(&str, &str)] = &[
    ("cliff", ""),
    ("frozenlake-4x4", ""),
    ("windy-stochastic", ""),
    ("taxi", "mask = true"),
    ("random-1000x1000-1", ""),
];

/// Number of different action batches, used in turn.
const ROUNDS: usize = 64;

fn step(criterion: &mut Criterion) {
    for (name, settings) in WORLDS {
        let settings = settings.parse().expect("TOML");
        let world =
            Arc::new(GridworldFamily.world(name, &settings).expect("valid settings").expect("a known name"));
        let masked = world.spec().masked;
        let mut group = criterion.benchmark_group(format!("grid/{name}"));
        for num_envs in [1, 4, 64, 1024, 16384] {
            let mut rng = Streams::new(1).stream(Purpose::Action, 0, 0);
            let mut batch =
                Batch::new(Arc::clone(&world), num_envs, Streams::new(0), Purpose::Environment, 0);
            let actions: Vec<Vec<u32>> = (0..ROUNDS)
                .map(|_| (0..num_envs).map(|_| rng.below(world.actions() as u32)).collect())
                .collect();
            let mut legal = vec![0; num_envs];
            let mut round = 0;
            group.throughput(Throughput::Elements(num_envs as u64));
            group.bench_function(BenchmarkId::from_parameter(num_envs), |bencher| {
                bencher.iter(|| {
                    round = (round + 1) % ROUNDS;
                    if round == 0 {
                        // Empty the list of finished episodes, as an agent does.
                        batch.take_finished();
                    }
                    if !masked {
                        return batch.advance(black_box(&actions[round]));
                    }
                    let view = batch.view();
                    for (row, action) in legal.iter_mut().enumerate() {
                        *action = first_legal(view.legal_row(row), actions[round][row]);
                    }
                    batch.advance(black_box(&legal))
                });
            });
        }
        group.finish();
    }
}

/// Action `drawn` if it is legal, else the next higher legal action (after the last one, the first).
fn first_legal(mask: &[bool], drawn: u32) -> u32 {
    let actions = mask.len() as u32;
    (0..actions).map(|i| (drawn + i) % actions).find(|&a| mask[a as usize]).unwrap_or(drawn)
}

criterion_group!(benches, step);
criterion_main!(benches);
