//! Cost of a step of a batch, per environment: `cargo bench -p freewheel-core --bench batch`.
//!
//! `empty` has a step of almost no cost, which shows the overhead of the batch; `grid` is a walk over 12 x 4 cells with
//! a goal; `masked` is the same with a mask; `heavy` costs about 500 ns per step. Each runs with one thread and with
//! two: two threads must not be slower than one for any number of environments.

#![allow(missing_docs)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use freewheel_core::{
    ActionSpace, Batch, Env, ManagedVectorEnv, ObservationSpace, Purpose, Spec, Step, Stream, Streams,
};

fn spec(id: &str, masked: bool) -> Spec {
    Spec {
        masked,
        ..Spec::new(
            &format!("bench/{id}"),
            ObservationSpace::Discrete { n: 48 },
            ActionSpace::Discrete { names: ["up", "right", "down", "left"].map(String::from).to_vec() },
        )
    }
}

struct Empty(Spec);

impl Env for Empty {
    type State = u32;
    type Action = u32;

    fn spec(&self) -> &Spec {
        &self.0
    }

    fn reset(&self, _rng: &mut Stream) -> u32 {
        0
    }

    #[inline]
    fn step(&self, state: &mut u32, action: u32, _rng: &mut Stream) -> Step {
        *state = state.wrapping_add(action);
        Step::transition(0.0)
    }

    #[inline]
    fn observe(&self, state: &u32, out: &mut [f32]) {
        out[0] = *state as f32;
    }
}

/// 12 x 4 cells from one corner to the other; `work` is a number of extra random draws per step.
struct Grid {
    spec: Spec,
    work: u32,
}

impl Env for Grid {
    type State = (u8, u8);
    type Action = u32;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn reset(&self, _rng: &mut Stream) -> (u8, u8) {
        (0, 0)
    }

    #[inline]
    fn step(&self, (x, y): &mut (u8, u8), action: u32, rng: &mut Stream) -> Step {
        for _ in 0..self.work {
            black_box(rng.bits());
        }
        match action {
            0 => *y = y.saturating_sub(1),
            1 => *x = (*x + 1).min(11),
            2 => *y = (*y + 1).min(3),
            _ => *x = x.saturating_sub(1),
        }
        if (*x, *y) == (11, 3) { Step::termination(0.0) } else { Step::transition(-1.0) }
    }

    #[inline]
    fn observe(&self, (x, y): &(u8, u8), out: &mut [f32]) {
        out[0] = f32::from(*y) * 12.0 + f32::from(*x);
    }

    #[inline]
    fn legal(&self, (x, y): &(u8, u8), out: &mut [bool]) {
        out.copy_from_slice(&[*y > 0, true, true, *x > 0]);
    }
}

fn steps<E: Env<Action = u32> + 'static>(c: &mut Criterion, name: &str, env: E) {
    let env = Arc::new(env);
    let mut group = c.benchmark_group(name);
    for num_envs in [1usize, 4, 64, 1024, 16384] {
        group.throughput(Throughput::Elements(num_envs as u64));
        // `right` and `down` only: legal in every cell, and each episode reaches the goal.
        let mut rng = Streams::new(1).stream(Purpose::Action, 0, 0);
        let actions: Vec<Vec<u32>> =
            (0..16).map(|_| (0..num_envs).map(|_| 1 + rng.below(2)).collect()).collect();
        let batch = || Batch::new(Arc::clone(&env), num_envs, Streams::new(7), Purpose::Environment, 0);
        let mut i = 0;
        let mut step = |batch: &mut Batch<E>| {
            i = (i + 1) % actions.len();
            let advanced = batch.advance(&actions[i]).is_ok();
            (advanced, batch.take_finished().len())
        };
        group.bench_function(BenchmarkId::new("one-thread", num_envs), |b| {
            let mut batch = batch();
            if let Ok(pool) = rayon::ThreadPoolBuilder::new().num_threads(1).build() {
                pool.install(|| b.iter(|| step(&mut batch)));
            }
        });
        // From outside the pool, as in a program.
        group.bench_function(BenchmarkId::new("two-threads", num_envs), |b| {
            let mut batch = batch();
            b.iter(|| step(&mut batch));
        });
    }
    group.finish();
}

fn all(c: &mut Criterion) {
    // An error means that the pool already exists.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(2).build_global();
    steps(c, "empty", Empty(spec("empty", false)));
    steps(c, "grid", Grid { spec: spec("grid", false), work: 0 });
    steps(c, "masked", Grid { spec: spec("masked", true), work: 0 });
    steps(c, "heavy", Grid { spec: spec("heavy", false), work: 250 });
}

criterion_group!(benches, all);
criterion_main!(benches);
