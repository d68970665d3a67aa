//! Agents on cliff walking: action selection, step through `dyn VectorEnv` and update. The unit of throughput (element)
//! is one environment step.
//!
//! `cargo bench -p freewheel-agents --bench q_learning`

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use freewheel_agents::{Budget, all};
use freewheel_core::{
    ActionSpace, Batch, Env, ManagedVectorEnv, ObservationSpace, Purpose, Spec, Step, Stream, Streams,
};

/// Environment steps of one sample.
const STEPS: u64 = 100_000;

/// Cliff walking (Sutton & Barto, Example 6.6); actions up, right, down, left.
struct Cliff(Spec);

impl Cliff {
    fn new() -> Self {
        Cliff(Spec::new(
            "bench/cliff",
            ObservationSpace::Discrete { n: 48 },
            ActionSpace::Discrete { names: ["up", "right", "down", "left"].map(String::from).to_vec() },
        ))
    }
}

impl Env for Cliff {
    type State = u8;
    type Action = u32;

    fn spec(&self) -> &Spec {
        &self.0
    }

    fn reset(&self, _: &mut Stream) -> u8 {
        36
    }

    fn step(&self, state: &mut u8, action: u32, _: &mut Stream) -> Step {
        let (x, y) = (*state % 12, *state / 12);
        let (x, y) = match action {
            0 => (x, y.saturating_sub(1)),
            1 => ((x + 1).min(11), y),
            2 => (x, (y + 1).min(3)),
            _ => (x.saturating_sub(1), y),
        };
        *state = 12 * y + x;
        match *state {
            47 => Step::termination(-1.0),
            37..=46 => {
                *state = 36;
                Step::transition(-100.0)
            }
            _ => Step::transition(-1.0),
        }
    }

    fn observe(&self, state: &u8, out: &mut [f32]) {
        out[0] = f32::from(*state);
    }
}

fn agents(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cliff");
    group.throughput(Throughput::Elements(STEPS)).sample_size(20);
    for factory in all() {
        for num_envs in if factory.id() == "q-learning" { vec![1, 16] } else { vec![1] } {
            let world = Arc::new(Cliff::new());
            let streams = Streams::new(1);
            let budget = Budget { steps: u64::MAX, num_envs };
            let built = factory.build(world.spec(), &toml::Table::new(), budget, streams);
            let Ok(mut agent) = built else { continue };
            let mut batch: Box<dyn ManagedVectorEnv> =
                Box::new(Batch::new(world, num_envs, streams, Purpose::Environment, 0));
            group.bench_function(format!("{}/{num_envs}", factory.id()), |bencher| {
                bencher.iter(|| {
                    let learned = agent.learn(&mut *batch, STEPS);
                    batch.take_finished();
                    black_box(learned)
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, agents);
criterion_main!(benches);
