//! Tests of behavior cloning.

use freewheel_core::demonstrations::{Demonstration, DemonstrationSet, Keep, Label, WorldHeader};
use freewheel_core::record::RecordedActions;
use freewheel_core::{ActionBuffer, Ending, Purpose, Streams};

use super::*;
use crate::demonstrations::recorded::{along_the_cliff, record, together};
use crate::tabular::graph::{Graph, ends, goes_to, greedy_return, one_env};

fn cloned(spec: &Spec, estimator: &str, set: &Arc<DemonstrationSet>) -> Cloning {
    cloned_with(spec, estimator, "", set)
}

fn cloned_with(spec: &Spec, estimator: &str, settings: &str, set: &Arc<DemonstrationSet>) -> Cloning {
    let (demonstrated, settings) = (Demonstrated::of(Arc::clone(set)), settings.parse().unwrap());
    let config = Config { estimator: estimator.into(), settings, demonstrated };
    let mut agent = Cloning::new(spec, config, one_env(10), Streams::new(1)).unwrap();
    agent.learn(&mut Graph::cliff().batch(1, 0), 10).unwrap();
    agent
}

/// Every classifier reaches the score of the demonstrator, although a fifth of its actions is random.
#[test]
fn clones_of_a_noisy_demonstrator_reach_its_score() {
    let graph = Graph::cliff();
    let set = record(&graph, 40, 200, 0, |state, rng| match rng.chance(0.2) {
        true => rng.below(4),
        false => along_the_cliff(state),
    });
    for estimator in ["softmax", "knn", "tree", "forest", "mlp"] {
        // Several neighbors, all of the same state, outvote a noisy action.
        let settings = if estimator == "knn" { "n_neighbors = 25" } else { "" };
        let agent = cloned_with(graph.spec(), estimator, settings, &set);
        assert_eq!(greedy_return(&agent, Graph::cliff()), (-13.0, 13), "{estimator}");
    }
}

/// Random episodes spoil the plain clone; the clone of the best episodes is as good as they are.
#[test]
fn filtered_cloning_beats_plain_cloning() {
    let graph = Graph::cliff();
    let good = record(&graph, 5, 200, 0, |state, _| along_the_cliff(state));
    let bad = record(&graph, 45, 200, 1, |_, rng| rng.below(4));
    let all = together(&good, &bad);
    let best = Arc::new(all.select(&all.kept(Keep::Top(0.1))));
    let score = |set| greedy_return(&cloned(graph.spec(), "tree", set), Graph::cliff()).0;
    assert_eq!(score(&best), -13.0);
    assert!(score(&all) < -100.0, "{}", score(&all));
}

#[test]
fn illegal_actions_are_never_taken() {
    // In state 0 only action 0 is legal, in state 1 actions 1 and 2; the demonstrator takes 2 in state 1.
    let world = || {
        Graph::new(
            vec![vec![Some(goes_to(1, 0.0)), None, None], vec![None, Some(ends(0, 1.0)), Some(ends(0, 2.0))]],
            0,
        )
    };
    let set = record(&world(), 4, 9, 0, |state, _| 2 * state as u32);
    let agent = cloned(world().spec(), "tree", &set);
    let policy = agent.policy(PolicyMode::Exploring);
    let mut p = [9.0; 3];
    assert!(policy.action_values(&[1.0], &[true, true, false], &mut p));
    assert_eq!(p, [0.5, 0.5, 0.0]);
    assert_eq!(greedy_return(&agent, world()).0, 2.0);
}

#[test]
fn a_checkpoint_restores_the_clone() {
    let graph = Graph::cliff();
    let set = record(&graph, 10, 100, 0, |state, rng| match rng.chance(0.3) {
        true => rng.legal_action(&[true; 4]),
        false => along_the_cliff(state),
    });
    for estimator in ["softmax", "knn", "tree", "mlp"] {
        let agent = cloned(graph.spec(), estimator, &set);
        let bytes = agent.save().unwrap();
        // Without the demonstrations, as for an evaluation.
        let demonstrated = Demonstrated { demos: "store".into(), ..Demonstrated::default() };
        let config = Config { estimator: estimator.into(), demonstrated, ..Config::default() };
        let mut loaded = Cloning::new(graph.spec(), config.clone(), one_env(10), Streams::new(1)).unwrap();
        loaded.load(&bytes).unwrap();
        assert_eq!(loaded.save().unwrap(), bytes);
        assert_eq!(greedy_return(&loaded, Graph::cliff()), greedy_return(&agent, Graph::cliff()));
        let mut empty = Cloning::new(graph.spec(), config, one_env(10), Streams::new(1)).unwrap();
        let error = empty.learn(&mut Graph::cliff().batch(1, 0), 10).unwrap_err().to_string();
        assert!(error.contains("`store` are not loaded"), "{error}");
        assert!(empty.load(&bytes[..bytes.len() - 1]).is_err());
    }
}

#[test]
fn wrong_estimators_and_demonstrations_are_refused() {
    let graph = Graph::cliff();
    let set = record(&graph, 1, 20, 0, |state, _| along_the_cliff(state));
    let build = |estimator: &str, set: &Arc<DemonstrationSet>| {
        let demonstrated = Demonstrated::of(Arc::clone(set));
        let config = Config { estimator: estimator.into(), demonstrated, ..Config::default() };
        Cloning::new(graph.spec(), config, one_env(10), Streams::new(0)).err().unwrap().to_string()
    };
    let error = build("ridge", &set);
    assert!(error.contains("softmax, knn, tree, forest, mlp, cnn"), "{error}");
    let other = record(&Graph::maximization_bias(), 1, 5, 0, |_, _| 0);
    assert!(build("tree", &other).contains("observations"));
    let missing = Config::default().check(graph.spec()).unwrap_err().to_string();
    assert!(missing.contains("`demos` is missing"), "{missing}");
}

/// The demonstrator takes half the observation plus 1: regression finds it, limited to the bounds.
#[test]
fn continuous_actions_are_regressed() {
    let actions = ActionSpace::Continuous { names: vec!["u".into()], low: vec![-1.0], high: vec![1.5] };
    let spec = Spec::new("test/u", ObservationSpace::vector(&[(-4.0, 4.0)]), actions);
    let observations: Vec<f32> = (0..41).map(|i| (i - 20) as f32 / 5.0).collect();
    let taken: Vec<f32> = observations[..40].iter().map(|x| 0.5 * x + 1.0).collect();
    let episode = Demonstration {
        label: Label::default(),
        origin: None,
        opening: RecordedActions::Continuous(Vec::new()),
        rewards: vec![0.0; 40],
        actions: RecordedActions::Continuous(taken.into_iter().map(|x| vec![x]).collect()),
        observations,
        legal: Vec::new(),
        to_play: Vec::new(),
        ending: Ending::Truncated,
        episode_return: 0.0,
        score: 0.0,
    };
    let header = WorldHeader::of(&spec, "test/u", serde_json::Value::Null);
    let set = Arc::new(DemonstrationSet { header, episodes: vec![episode] });
    for (estimator, tolerance) in
        [("linear", 1e-5), ("knn", 0.3), ("tree", 0.3), ("forest", 0.3), ("mlp", 0.3)]
    {
        let agent = cloned(&spec, estimator, &set);
        let policy = agent.policy(PolicyMode::Greedy);
        let mut rngs = [0, 1].map(|i| Streams::new(0).stream(Purpose::Action, i, 0));
        let mut action = ActionBuffer::Continuous(vec![0.0; 2]);
        policy.act(&[-1.0, 3.6], &[], &mut rngs, &mut action);
        let ActionBuffer::Continuous(found) = action else { panic!("continuous") };
        assert!(
            (found[0] - 0.5).abs() < tolerance && (found[1] - 1.5).abs() < tolerance,
            "{estimator} {found:?}"
        );
        assert!(found[1] <= 1.5);
    }
}
