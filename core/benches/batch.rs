//! What a tick of a batch costs, per row: `cargo bench -p freewheel-core --bench batch`.
//!
//! `nothing` is a world whose step does next to nothing, so that its time is the batch's own overhead; `grid` a walk
//! over 12 x 4 cells with a goal; `masked` the same with a mask; `heavy` costs about 500 ns a step. Each is run in a
//! pool of one thread and in one of two: two threads may never be slower than one at any number of rows.

#![allow(missing_docs)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use freewheel_core::{
    ActionSpace, Batch, Env, ObservationSpace, Purpose, Spec, Step, Stream, Streams, VectorEnv,
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

struct Nothing(Spec);

impl Env for Nothing {
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

/// 12 x 4 cells from one corner to the other; `work` turns a dial that many times more.
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

fn ticks<E: Env<Action = u32> + 'static>(c: &mut Criterion, name: &str, env: E) {
    let env = Arc::new(env);
    let mut group = c.benchmark_group(name);
    for rows in [1usize, 4, 64, 1024, 16384] {
        group.throughput(Throughput::Elements(rows as u64));
        // Right and down only: legal everywhere, and each episode reaches the goal.
        let mut rng = Streams::new(1).stream(Purpose::Action, 0, 0);
        let actions: Vec<Vec<u32>> = (0..16).map(|_| (0..rows).map(|_| 1 + rng.below(2)).collect()).collect();
        let batch = || Batch::new(Arc::clone(&env), rows, Streams::new(7), Purpose::Environment, 0);
        let mut turn = 0;
        let mut tick = |batch: &mut Batch<E>| {
            turn = (turn + 1) % actions.len();
            let advanced = batch.advance(&actions[turn]).is_ok();
            (advanced, batch.take_finished().len())
        };
        group.bench_function(BenchmarkId::new("one-thread", rows), |b| {
            let mut batch = batch();
            if let Ok(pool) = rayon::ThreadPoolBuilder::new().num_threads(1).build() {
                pool.install(|| b.iter(|| tick(&mut batch)));
            }
        });
        // As a program does: from outside the pool.
        group.bench_function(BenchmarkId::new("two-threads", rows), |b| {
            let mut batch = batch();
            b.iter(|| tick(&mut batch));
        });
    }
    group.finish();
}

fn all(c: &mut Criterion) {
    // An error only says that the pool is there already.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(2).build_global();
    ticks(c, "nothing", Nothing(spec("nothing", false)));
    ticks(c, "grid", Grid { spec: spec("grid", false), work: 0 });
    ticks(c, "masked", Grid { spec: spec("masked", true), work: 0 });
    ticks(c, "heavy", Grid { spec: spec("heavy", false), work: 250 });
}

criterion_group!(benches, all);
criterion_main!(benches);
