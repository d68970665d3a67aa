//! Time of a drawing at 200 x 60 cells of every world, with the history of an episode: the viewer draws one a frame.

#![allow(missing_docs, clippy::expect_used)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use freewheel_core::{
    ActionBuffer, ActionSpace, DynWorld, EpisodeRunner, Frame, NoPolicyLoader, Purpose, Streams, WorldFamily,
};
use freewheel_envs::classic::ClassicFamily;
use freewheel_envs::go::GoFamily;
use freewheel_envs::gridworld::GridworldFamily;
use freewheel_envs::market::MarketFamily;
use freewheel_envs::minatar::MinAtarFamily;
use freewheel_envs::minigrid::MiniGridFamily;
use freewheel_envs::track::TrackFamily;

const SIZE: (usize, usize) = (200, 60);
/// Steps before the drawing.
const STEPS: usize = 600;
/// Zoom of the second drawing of a track.
const CHASE: i8 = 2;

fn draw(criterion: &mut Criterion) {
    let families: [&dyn WorldFamily; 7] = [
        &GridworldFamily,
        &GoFamily::default(),
        &TrackFamily,
        &MarketFamily,
        &ClassicFamily,
        &MiniGridFamily,
        &MinAtarFamily,
    ];
    for family in families {
        let mut group = criterion.benchmark_group(format!("draw/{}", family.name()));
        group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_millis(500));
        for info in family.list() {
            let name = info.id.split_once('/').map_or("", |id| id.1);
            let Ok(Some(world)) = family.build(name, &toml::Table::new(), &NoPolicyLoader) else { continue };
            let runner = play(&*world);
            for zoom in if family.name() == "track" { &[0, CHASE][..] } else { &[0] } {
                let mut frame = Frame::with_max_size(SIZE.0, SIZE.1);
                frame.set_zoom(*zoom);
                let id = if *zoom == 0 { name.to_owned() } else { format!("{name} chase") };
                group.bench_function(id, |bencher| {
                    bencher.iter(|| runner.draw(None, black_box(&mut frame)));
                });
            }
        }
        group.finish();
    }
}

/// Runner with the history of an episode: of the first scripted policy, or else of random legal actions.
fn play(world: &dyn DynWorld) -> Box<dyn EpisodeRunner> {
    let mut runner = world.episode_runner(Streams::new(0), Purpose::WatchEnvironment, 0);
    runner.keep_history();
    let mut rng = Streams::new(0).stream(Purpose::WatchAction, 0, 0);
    let mut actions = ActionBuffer::for_spec(world.spec(), 1);
    for _ in 0..STEPS {
        if runner.ending().is_over() {
            break;
        }
        if world.spec().scripts.is_empty() || runner.scripted(0, &mut rng, &mut actions).is_err() {
            actions = match &world.spec().actions {
                ActionSpace::Discrete { names } => {
                    let legal: Vec<u32> =
                        (0..names.len() as u32).filter(|&action| runner.legal()[action as usize]).collect();
                    ActionBuffer::Discrete(vec![legal[rng.below(legal.len() as u32) as usize]])
                }
                ActionSpace::Continuous { low, .. } => ActionBuffer::Continuous(vec![0.0; low.len()]),
            };
        }
        runner.step(actions.as_actions()).expect("a legal action");
    }
    runner
}

criterion_group!(benches, draw);
criterion_main!(benches);
