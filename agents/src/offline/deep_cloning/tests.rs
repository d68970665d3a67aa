//! Tests of deep behavior cloning.

use freewheel_core::ObservationSpace;
use freewheel_core::demonstrations::{DemonstrationSet, Label, WorldHeader};

use super::*;
use crate::demonstrations::recorded::{along_the_cliff, record};
use crate::tabular::graph::{Graph, greedy_return, one_env};

fn agent(set: Arc<DemonstrationSet>, config: Config) -> DeepCloning {
    let config = Config { demonstrated: Demonstrated::of(set), ..config };
    DeepCloning::new(Graph::cliff().spec(), config, one_env(100), Streams::new(1)).unwrap()
}

fn noisy() -> Arc<DemonstrationSet> {
    record(&Graph::cliff(), 40, 200, 0, |state, rng| match rng.chance(0.2) {
        true => rng.below(4),
        false => along_the_cliff(state),
    })
}

/// The demonstrator of the cliff, a fifth of whose actions is random: the most probable action is that without noise.
#[test]
fn a_clone_of_a_noisy_demonstrator_reaches_its_score() {
    let mut agent = agent(noisy(), Config { gradient_steps: 500, held_out: 0.2, ..Config::default() });
    let mut before = Vec::new();
    agent.report(&mut before);
    agent.learn(&mut Graph::cliff().batch(1, 0), 100).unwrap();
    assert_eq!(greedy_return(&agent, Graph::cliff()), (-13.0, 13));
    let mut after = Vec::new();
    agent.report(&mut after);
    let of = |all: &[(String, f64)], name: &str| all.iter().find(|(known, _)| known == name).unwrap().1;
    // The first probabilities are nearly equal.
    assert!((of(&before, "log_loss") - 4f64.ln()).abs() < 0.01, "{before:?}");
    // A share of 0.8 + 0.2 / 4 of the actions is that of the demonstrator, and there are only four.
    assert!((of(&after, "top1") - 0.85).abs() < 0.1 && of(&after, "top5") == 1.0, "{after:?}");
    assert!(of(&after, "log_loss") < 0.8, "{after:?}");
}

#[test]
fn resumed_runs_end_in_the_same_bytes() {
    let (set, config) = (noisy(), Config { gradient_steps: 60, batch_size: 16, ..Config::default() });
    let mut envs = Graph::cliff().batch(1, 0);
    let mut whole = agent(Arc::clone(&set), config.clone());
    whole.learn(&mut envs, 100).unwrap();
    let mut first = agent(Arc::clone(&set), config.clone());
    first.learn(&mut envs, 33).unwrap();
    let mut second = agent(set, config);
    second.load(&first.save().unwrap()).unwrap();
    second.learn(&mut envs, 67).unwrap();
    assert!(second.save().unwrap() == whole.save().unwrap());
    assert!(second.load(b"deep").is_err());
}

/// On 2x2 with a plane of one stone: the action is the point of the stone. One example is enough for all four points
/// with the symmetries, and not without them.
#[test]
fn symmetries_teach_what_was_not_demonstrated() {
    let space = ObservationSpace::Box { shape: vec![1, 2, 2], low: vec![0.0; 4], high: vec![1.0; 4] };
    let names = ["a1", "b1", "a2", "b2", "pass"].map(str::to_owned).to_vec();
    let spec = Spec::new("test/points", space, ActionSpace::Discrete { names });
    let mut episode = record(&Graph::cliff(), 1, 1, 0, |_, _| 0).episodes[0].clone();
    episode.label = Label::default();
    episode.observations = vec![1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    let header = WorldHeader::of(&spec, "test/points", serde_json::Value::Null);
    let set = Arc::new(DemonstrationSet { header, episodes: vec![episode] });
    let taken = |symmetries: bool| {
        let network = NetworkSettings { hidden_sizes: vec![16], ..NetworkSettings::default() };
        let config = Config { symmetries, gradient_steps: 200, network, ..Config::default() };
        let config = Config { demonstrated: Demonstrated::of(Arc::clone(&set)), ..config };
        let mut agent = DeepCloning::new(&spec, config, one_env(10), Streams::new(1)).unwrap();
        agent.learn(&mut Graph::cliff().batch(1, 0), 10).unwrap();
        let policy = agent.policy(PolicyMode::Greedy);
        [0, 1, 2, 3].map(|point| {
            let (mut obs, mut p) = ([0.0; 4], [0.0; 5]);
            obs[point] = 1.0;
            assert!(policy.action_values(&obs, &[true; 5], &mut p));
            (0..5).max_by(|&a, &b| p[a].total_cmp(&p[b])).unwrap()
        })
    };
    assert_eq!(taken(true), [0, 1, 2, 3]);
    assert_ne!(taken(false), [0, 1, 2, 3]);
}

#[test]
fn ranks_by_hand() {
    let (logits, legal) = ([0.5, 2.0, 1.0, 1.0], [true, false, true, true]);
    assert_eq!([0, 2, 3].map(|action| rank(&logits, &legal, action)), [2, 0, 1]);
}

#[test]
fn settings_that_do_not_suit_the_world_are_refused() {
    let demonstrated = Demonstrated { demos: "store".into(), ..Demonstrated::default() };
    let error = |config: Config| {
        let config = Config { demonstrated: demonstrated.clone(), ..config };
        config.check(Graph::cliff().spec()).err().unwrap().to_string()
    };
    assert!(error(Config { symmetries: true, ..Config::default() }).contains("square planes"));
    assert!(error(Config { convolutional_head: true, ..Config::default() }).contains("set `channels`"));
    assert!(error(Config { held_out: 0.95, ..Config::default() }).contains("held_out"));
}
