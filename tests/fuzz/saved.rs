//! Saved agents, estimators and trainers: their content is mutated and gets a right checksum again, as a forged file
//! has.

use std::path::{Path, PathBuf};

use freewheel::{Registry, Trainer, demonstrations};
use freewheel_agents::Samples;
use freewheel_agents::estimator::{AnyEstimator, Task, factory};
use freewheel_agents::fixed::UniformPolicy;
use freewheel_core::checkpoint::Checkpoint;
use freewheel_core::demonstrations::{Demonstration, DemonstrationSet, Label, Source, WorldHeader};
use freewheel_core::{Purpose, Streams};

use crate::Target;

/// Worlds in which agents are trained, where an agent supports them.
const WORLDS: [&str; 4] =
    ["grid/frozenlake-4x4", "classic/cartpole", "market/garleanu-pedersen", "classic/pendulum"];

/// All saved things.
pub fn all(folder: &Path) -> Vec<Target> {
    let registry = Registry::standard();
    let agents: Vec<String> = registry.agents().map(|agent| agent.id().to_owned()).collect();
    let mut targets: Vec<Target> = agents.iter().flat_map(|agent| trainers(folder, agent, &WORLDS)).collect();
    // States of all worlds.
    let worlds: Vec<String> = registry.worlds().into_iter().map(|world| world.id).collect();
    let others: Vec<&str> = worlds.iter().map(String::as_str).filter(|id| !WORLDS.contains(id)).collect();
    targets.extend(trainers(folder, "random", &others));
    let estimators = registry.estimators().iter();
    let tasks =
        estimators.flat_map(|factory| factory.tasks().into_iter().map(move |task| (factory.id(), task)));
    targets.extend(tasks.filter_map(|(id, task)| estimator(folder, id, task)));
    targets
}

/// Bytes of a checkpoint without its checksum. The reader gets them with a right one.
fn without_checksum(file: &Path) -> Vec<u8> {
    let mut bytes = std::fs::read(file).unwrap();
    bytes.truncate(bytes.len() - blake3::OUT_LEN);
    bytes
}

fn with_checksum(bytes: &[u8]) -> Vec<u8> {
    [bytes, blake3::hash(bytes).as_bytes()].concat()
}

/// Store with demonstrations of the random player in a world, made once.
fn store(folder: &Path, id: &str) -> PathBuf {
    let store = folder.join(format!("demos-{}", id.replace('/', "-")));
    let Ok(world) = Registry::standard().build_world(id, &toml::Table::new()) else { return store };
    if demonstrations::is_store(&store) {
        return store;
    }
    let policy = UniformPolicy::new(world.spec()).unwrap();
    let label = Label::of(Source::Scripted, "random");
    let streams = Streams::new(0);
    let mut runner = world.episode_runner(streams, Purpose::DemonstrationEnvironment, 0);
    let mut rng = streams.stream(Purpose::DemonstrationAction, 0, 0);
    let mut play =
        |episode| Demonstration::play(&mut *runner, episode, &policy, &label, &mut rng, 40).unwrap();
    let episodes = (0..3).map(&mut play).collect();
    let header = WorldHeader::of(world.spec(), id, serde_json::Value::Null);
    demonstrations::write(&store, &DemonstrationSet { header, episodes }).unwrap();
    store
}

/// A trainer of `agent` in each of `worlds` that suits it.
fn trainers(folder: &Path, agent: &str, worlds: &[&str]) -> Vec<Target> {
    let mut found = Vec::new();
    for &world in worlds {
        let small = toml::toml! { hidden_sizes = [4] };
        // Offline agents learn from demonstrations.
        let demos = store(folder, world).display().to_string();
        let cloned = toml::toml! { estimator = "tree" };
        let [cloned, offline] = [cloned, toml::Table::new()].map(|mut settings| {
            settings.insert("demos".into(), demos.clone().into());
            settings
        });
        let builders = [small, toml::Table::new(), cloned, offline].map(|settings| {
            let start = Trainer::builder(world, agent).no_preset().num_envs(2).total_steps(200);
            settings.into_iter().fold(start, |builder, (key, value)| builder.set(&key, value))
        });
        let Some(mut trainer) = builders.into_iter().find_map(|builder| builder.build().ok()) else {
            continue;
        };
        trainer.learn(100, |_| {}).unwrap();
        let file = folder.join(format!("{agent}-{}", world.replace('/', "-")));
        trainer.save(&file).unwrap();
        let obs = vec![0.0; trainer.spec().observation.len()];
        let read = move |bytes: &[u8]| {
            std::fs::write(&file, with_checksum(bytes)).unwrap();
            let Ok(mut trainer) = Trainer::load(&file) else { return false };
            let _ = trainer.learn(20, |_| {});
            let _ = trainer.predict(&obs);
            true
        };
        let file = folder.join(format!("{agent}-{}", world.replace('/', "-")));
        let name = format!("saved {agent} {world}");
        found.push(Target { name, seeds: vec![without_checksum(&file)], read: Box::new(read) });
    }
    assert!(!found.is_empty(), "{agent} suits no world");
    found
}

/// A fitted estimator; its inputs are the files.
fn estimator(folder: &Path, id: &'static str, task: Task) -> Option<Target> {
    let registry = Registry::standard();
    let factory = registry.find_estimator(id).unwrap();
    let mut fitted = factory.build_for(task, &toml::Table::new(), Streams::new(0)).unwrap();
    // 36 images of 4x4 in three classes.
    let values = (0..36 * 16u32).map(|at| ((at * 7 % 13) as u8).into());
    let x = Samples::new(values.collect(), 16).unwrap();
    let labels: Vec<u32> = (0..36).map(|at| at % 3).collect();
    let stop = |_| std::ops::ControlFlow::Break(());
    let done = match &mut fitted {
        AnyEstimator::Classifier(it) => it.fit_with(&x, &labels, 3, &mut { stop }),
        AnyEstimator::Regressor(it) => {
            let y = Samples::new(labels.iter().map(|&label| (label as u8).into()).collect(), 1).unwrap();
            it.fit_with(&x, &y, &mut { stop })
        }
        AnyEstimator::Transformer(it) => it.fit_with(&x, &mut { stop }),
    };
    done.ok()?;
    let file = folder.join(format!("{id}-{task:?}"));
    factory::save(&file, fitted.base()).unwrap();
    let seeds = vec![without_checksum(&file)];
    let read = move |bytes: &[u8]| {
        std::fs::write(&file, with_checksum(bytes)).unwrap();
        let Ok(loaded) = factory::load(&file, registry.estimators()) else { return false };
        match &loaded {
            AnyEstimator::Classifier(it) => drop(it.predict(&x)),
            AnyEstimator::Regressor(it) => drop(it.predict(&x)),
            AnyEstimator::Transformer(it) => drop(it.transform(&x)),
        }
        true
    };
    Some(Target { name: format!("saved {id} {}", task.name()), seeds, read: Box::new(read) })
}

/// A checkpoint, with a right checksum.
pub fn checkpoint() -> Target {
    let mut checkpoint = Checkpoint::new();
    checkpoint.insert("agent", vec![1, 2, 3]);
    checkpoint.insert("progress", Vec::new());
    let mut bytes = Vec::new();
    checkpoint.write(&mut bytes).unwrap();
    bytes.truncate(bytes.len() - blake3::OUT_LEN);
    let read = |bytes: &[u8]| Checkpoint::decode(Path::new("a.ckpt"), &with_checksum(bytes)).is_ok();
    Target { name: "checkpoint".into(), seeds: vec![bytes], read: Box::new(read) }
}
