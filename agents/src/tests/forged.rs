//! Forged checkpoints and models: whatever the bytes say, nothing panics, loops or takes memory without bound.
//!
//! The state of every agent and estimator is changed at random places, by the values that break readers: extreme
//! lengths and indices, NaN and infinity, missing and additional bytes. What is accepted is used.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use freewheel_core::checkpoint::Checkpoint;
use freewheel_core::{
    ActionBuffer, Agent, ManagedVectorEnv, MetricSink, PolicyMode, Purpose, Stream, Streams,
};

use super::{settings, with_planning, world};
use crate::estimator::{self, AnyEstimator, EstimatorFactory};
use crate::{Budget, Samples, all, supervised, unsupervised};

/// Longest time that one forged file may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Number of forged files of each kind: `base`, times the environment variable `FREEWHEEL_FORGED`.
fn cases(base: u64) -> u64 {
    base * std::env::var("FREEWHEEL_FORGED").ok().and_then(|text| text.parse::<u64>().ok()).unwrap_or(1)
}

/// `bytes` with one to three faults.
fn forge(bytes: &[u8], rng: &mut Stream) -> Vec<u8> {
    let mut forged = bytes.to_vec();
    for _ in 0..=rng.below(3) {
        if forged.is_empty() {
            forged.push(0);
        }
        let at = rng.below(forged.len() as u32) as usize;
        let pick = |rng: &mut Stream, n: usize| rng.below(n as u32) as usize;
        match rng.below(9) {
            0 => forged.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << (at % 8)),
            1 => forged.iter_mut().skip(at).take(1).for_each(|byte| *byte = [0, 1, 0x7f, 0x80, 0xff][at % 5]),
            // Another integer in the place of the one that may begin here.
            2 | 3 => {
                let len = forged[at..].iter().position(|byte| *byte < 0x80).map_or(1, |len| len + 1);
                let values =
                    [0, 1, 2, 255, 1 << 16, 1 << 31, u64::from(u32::MAX), 1 << 40, 1 << 62, u64::MAX];
                let value = postcard::to_stdvec(&values[pick(rng, values.len())]).unwrap();
                forged.splice(at..at + len, value);
            }
            4 => {
                let values = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 1e308, 0.0, 1e-320];
                let value = values[pick(rng, values.len())].to_le_bytes();
                forged.iter_mut().skip(at).zip(value).for_each(|(byte, new)| *byte = new);
            }
            5 => {
                let values = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -1.0, 3e38, 0.0, 1e9];
                let value = values[pick(rng, values.len())].to_le_bytes();
                forged.iter_mut().skip(at).zip(value).for_each(|(byte, new)| *byte = new);
            }
            6 => forged.truncate(at),
            7 => drop(forged.drain(at..(at + 1 + pick(rng, 9)).min(forged.len()))),
            _ => {
                let copy = forged[at..(at + 8).min(forged.len())].to_vec();
                forged.splice(at..at, copy);
            }
        }
    }
    forged
}

/// Calls `f`, which must neither panic nor take longer than [`PATIENCE`].
fn survives(what: &str, f: impl FnOnce()) {
    let start = Instant::now();
    if catch_unwind(AssertUnwindSafe(f)).is_err() {
        panic!("{what}: panic");
    }
    assert!(start.elapsed() < PATIENCE, "{what}: {:?}", start.elapsed());
}

struct Ignore;

impl MetricSink for Ignore {
    fn scalar(&mut self, _: &str, _: f64) {}
}

/// Uses an agent as a run does.
fn use_agent(agent: &mut dyn Agent, envs: &mut dyn ManagedVectorEnv) {
    let act = |agent: &dyn Agent, envs: &dyn ManagedVectorEnv| {
        let view = envs.view();
        let mut rngs: Vec<Stream> = (0..view.num_envs as u64)
            .map(|i| Streams::new(9).stream(Purpose::EvaluationAction, i, 0))
            .collect();
        for mode in [PolicyMode::Greedy, PolicyMode::Exploring] {
            let policy = agent.policy(mode);
            let mut actions = ActionBuffer::for_spec(envs.spec(), view.num_envs);
            let mut memory = vec![0.0; view.num_envs * policy.memory_len()];
            policy.act_with_memory(view.obs, view.legal, &mut memory, &mut rngs, &mut actions);
            policy.action_values(view.obs_row(0), view.legal_row(0), &mut vec![0.0; view.num_actions]);
            policy.insight(view.obs_row(0), view.legal_row(0), &memory[..policy.memory_len()]);
        }
    };
    act(agent, envs);
    // A run that diverges is refused, which is an answer.
    if agent.learn(envs, 40).is_ok() {
        act(agent, envs);
        agent.report(&mut Ignore);
        _ = agent.save();
    }
}

fn agent_settings(id: &str, variant: usize, kind: usize) -> toml::Table {
    let text = match (id, variant) {
        ("random" | "scripted" | "reference", _) => "",
        (id, _) if with_planning().chain(["sac", "td3"]).any(|deep| deep == id) => settings(id, variant),
        ("dyna-q", 2) => "prioritized = false\nkappa = 0.01\nmodel = 'latest'",
        ("q-lambda", 1) => "naive = true\ntraces = 'accumulating'",
        (_, 1) => "exploration = 'ucb'",
        (_, 2) => "learning_rate = 'harmonic'\nexploration = 'softmax'",
        _ => "",
    };
    let mut table: toml::Table = text.parse().unwrap();
    if kind == 3 && !text.contains("hidden_sizes") && id != "random" && variant == 2 {
        // A growing table: 256^3 cells.
        table.insert("bins".into(), toml::Value::Array(vec![256.into(); 2]));
    }
    table
}

#[test]
fn forged_agents_are_refused_or_work() {
    let mut accepted = 0;
    for (index, factory) in all().into_iter().enumerate() {
        for kind in 0..6 {
            for variant in 0..3 {
                let mut envs = world(kind, 2, 5);
                let (spec, budget) = (envs.spec().clone(), Budget { steps: 400, num_envs: 2 });
                let table = agent_settings(factory.id(), variant, kind);
                let build = || factory.build(&spec, &table, budget, Streams::new(3));
                let Ok(mut agent) = build() else { continue };
                agent.learn(&mut *envs, 63).unwrap();
                let (saved, saved_envs) = (agent.save().unwrap(), envs.save().unwrap());
                for case in 0..cases(24) {
                    let what = format!("{} in world {kind}, variant {variant}, case {case}", factory.id());
                    let mut rng = Streams::new(case).stream(
                        Purpose::Data,
                        (index * 100 + kind * 10 + variant) as u64,
                        0,
                    );
                    let forged = forge(&saved, &mut rng);
                    let mut agent = build().unwrap();
                    envs.load(&saved_envs).unwrap();
                    survives(&what, || {
                        if agent.load(&forged).is_ok() {
                            accepted += 1;
                            use_agent(&mut *agent, &mut *envs);
                        }
                    });
                }
            }
        }
    }
    assert!(accepted > 0, "some faults, such as another value in a table, cannot be seen");
}

fn small(id: &str) -> toml::Table {
    let text = match id {
        "knn" => "n_neighbors = 3",
        "forest" => "n_estimators = 3",
        "mlp" => "hidden_sizes = [4]\nnum_epochs = 1",
        "cnn" => "channels = [2]\nhidden_sizes = [3]\nnum_epochs = 1",
        "kmeans" => "n_clusters = 3\nn_init = 1",
        "vae" => "hidden_sizes = [3]\nchannels = [2]\nnum_epochs = 1",
        "pca" => "n_components = 3",
        _ => "",
    };
    text.parse().unwrap()
}

fn factories() -> Vec<Box<dyn EstimatorFactory>> {
    supervised::all().into_iter().chain(unsupervised::all()).collect()
}

fn use_estimator(estimator: &AnyEstimator, x: &Samples) {
    _ = (estimator.base().n_features_in(), estimator.base().n_parameters(), estimator.base().save());
    match estimator {
        AnyEstimator::Classifier(it) => _ = (it.predict_proba(x), it.predict(x), it.n_classes()),
        AnyEstimator::Regressor(it) => _ = it.predict(x),
        AnyEstimator::Transformer(it) => {
            if let Ok(codes) = it.transform(x) {
                _ = (it.inverse_transform(&codes), it.n_features_out(), it.score(x));
            }
        }
    }
}

#[test]
fn forged_estimators_are_refused_or_work() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.fit");
    let x = Samples::new((0..24 * 16).map(|i| f64::from(i * 7 % 11) / 10.0).collect(), 16).unwrap();
    let labels: Vec<u32> = (0..24).map(|i| i * 5 % 3).collect();
    let mut accepted = 0;
    let all = factories();
    let tasks = all.iter().flat_map(|factory| factory.tasks().into_iter().map(move |task| (factory, task)));
    for (index, (factory, task)) in tasks.enumerate() {
        let mut estimator = factory.build_for(task, &small(factory.id()), Streams::new(1)).unwrap();
        match &mut estimator {
            AnyEstimator::Classifier(it) => it.fit(&x, &labels).unwrap(),
            AnyEstimator::Regressor(it) => {
                let y = Samples::new(labels.iter().map(|&label| f64::from(label)).collect(), 1).unwrap();
                it.fit(&x, &y).unwrap();
            }
            AnyEstimator::Transformer(it) => it.fit(&x).unwrap(),
        }
        estimator::save(&path, estimator.base()).unwrap();
        let whole = Checkpoint::read(&path).unwrap();
        for case in 0..cases(400) {
            let mut rng = Streams::new(case).stream(Purpose::Data, index as u64, 1);
            let mut file = whole.clone();
            let section = ["model", "model", "model", "settings", "estimator"][rng.below(5) as usize];
            let forged = forge(file.section(section).unwrap(), &mut rng);
            file.insert(section, forged);
            // Written anew, with the right checksum.
            let mut bytes = Vec::new();
            file.write(&mut bytes).unwrap();
            std::fs::write(&path, bytes).unwrap();
            survives(&format!("{} {task:?}, {section}, case {case}", factory.id()), || {
                if let Ok(estimator) = estimator::load(&path, &factories()) {
                    accepted += 1;
                    use_estimator(&estimator, &x);
                }
            });
        }
    }
    assert!(accepted > 0);
}
