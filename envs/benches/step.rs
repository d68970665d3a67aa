//! What a tick of a grid-world costs: step, observation, time limit and reset, through `Batch::advance`.
//! Divide by the rows: criterion's throughput is in rows a second.

#![allow(missing_docs)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use freewheel_core::{Batch, Purpose, Streams};
use freewheel_envs::gridworld::Grids;

const WORLDS: &[(&str, &str)] = &[
    ("cliff", ""),
    ("frozenlake-4x4", ""),
    ("windy-stochastic", ""),
    ("taxi", "mask = true"),
    ("random-1000x1000-1", ""),
];

/// Rounds of actions, used over and over.
const ROUNDS: usize = 64;

fn step(criterion: &mut Criterion) {
    for (name, settings) in WORLDS {
        let settings = settings.parse().expect("settings of this bench");
        let world = Arc::new(Grids.world(name, &settings).expect("a world").expect("a world"));
        let mut group = criterion.benchmark_group(format!("grid/{name}"));
        for rows in [1, 4, 64, 1024, 16384] {
            let mut rng = Streams::new(1).stream(Purpose::Action, 0, 0);
            let mut batch = Batch::new(Arc::clone(&world), rows, Streams::new(0), Purpose::Environment, 0);
            let mut masks = vec![true; rows * world.actions()];
            let actions: Vec<Vec<u32>> =
                (0..ROUNDS).map(|_| (0..rows).map(|_| rng.below(world.actions() as u32)).collect()).collect();
            let mut legal = vec![0; rows];
            let mut round = 0;
            group.throughput(Throughput::Elements(rows as u64));
            group.bench_function(BenchmarkId::from_parameter(rows), |bencher| {
                bencher.iter(|| {
                    round = (round + 1) % ROUNDS;
                    use freewheel_core::Episodes;
                    let view = batch.view();
                    if view.legal.iter().all(|legal| *legal) {
                        batch.advance(black_box(&actions[round])).expect("legal actions");
                    } else {
                        // With a mask, the first legal action from the drawn one on.
                        masks.copy_from_slice(view.legal);
                        for (row, action) in legal.iter_mut().enumerate() {
                            let mask = &masks[row * world.actions()..(row + 1) * world.actions()];
                            let drawn = actions[round][row] as usize;
                            let from = (0..mask.len()).map(|i| (drawn + i) % mask.len());
                            *action = from.clone().find(|&a| mask[a]).unwrap_or(drawn) as u32;
                        }
                        batch.advance(black_box(&legal)).expect("legal actions");
                    }
                    // An agent would take them; so must the bench, lest they pile up.
                    batch.take_finished()
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, step);
criterion_main!(benches);
