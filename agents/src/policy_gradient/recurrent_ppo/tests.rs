use std::sync::Arc;

use freewheel_core::Batch;
use freewheel_core::demonstrations::{Demonstration, DemonstrationSet, Label, WorldHeader};
use freewheel_core::record::RecordedActions;

use super::*;
use crate::demonstrations::{Demonstrated, WarmStart};
use crate::tests::recall::{mean_return, recall};

/// A policy without memory reaches 0.
#[test]
fn a_cue_is_remembered() {
    for (index, shared_network) in [(true, false), (false, true)] {
        let env = recall(index);
        let mut config = Config { num_steps: 32, sequence_length: 8, gru_units: 16, ..Config::default() };
        config.policy_gradient.shared_network = shared_network;
        config.policy_gradient.network.hidden_sizes = vec![16];
        config.policy_gradient.learning_rate = Schedule::Constant(3e-3);
        let budget = Budget { steps: 30_000, num_envs: 8 };
        let mut agent = RecurrentPpo::new(&env.0, config, budget, Streams::new(1)).unwrap();
        let mut batch = Batch::new(Arc::clone(&env), 8, Streams::new(1), Purpose::Environment, 0);
        agent.learn(&mut batch, budget.steps).unwrap();
        assert_eq!(mean_return(&*agent.policy(PolicyMode::Greedy), &env), 1.0, "index {index}");
    }
}

/// Evaluated again with the parameters that made it, a rollout has the same log-probabilities and values, whether
/// sequences are cut at starts of episodes or not: the ratio is 1, and the values are those of the rollout.
#[test]
fn a_rollout_is_evaluated_as_it_was_made() {
    for sequence_length in [1, 3, 4] {
        let env = recall(true);
        let config = Config { num_steps: 12, sequence_length, gru_units: 5, ..Config::default() };
        let budget = Budget { steps: 1000, num_envs: 3 };
        let mut agent = RecurrentPpo::new(&env.0, config, budget, Streams::new(4)).unwrap();
        let mut batch = Batch::new(Arc::clone(&env), 3, Streams::new(4), Purpose::Environment, 0);
        // Eleven of twelve steps, so that the rollout is kept.
        agent.learn(&mut batch, 33).unwrap();
        let l = sequence_length as usize;
        let whole = 11 / l * l;
        let m = agent.actor_critic.model.network.state_len();
        for (index, env) in (0..whole / l).flat_map(|index| (0..3).map(move |env| (index, env))) {
            let rows: Vec<usize> = (0..l).map(|t| (index * l + t) * 3 + env).collect();
            let at = (index * 3 + env) * m;
            let sequences = Sequences {
                count: 1,
                obs: rows.iter().map(|&row| agent.rollout.obs[row]).collect(),
                starts: rows.iter().map(|&row| agent.context.starts[row]).collect(),
                first: agent.context.first[at..at + m].to_vec(),
            };
            let model = &agent.actor_critic.model;
            let mut gradient = vec![0.0; model.network.size()];
            model.network.gradient(
                &model.parameters,
                &sequences,
                &mut Vec::new(),
                &mut gradient,
                |_, outputs, _| {
                    for (&row, outputs) in rows.iter().zip(outputs.chunks_exact(3)) {
                        let action = &agent.rollout.actions[row..row + 1];
                        let head = &agent.actor_critic.head;
                        let (log_prob, _) = head.log_prob_entropy(&outputs[..2], &[true; 2], action);
                        assert!((log_prob - agent.rollout.log_prob[row]).abs() < 1e-6);
                        assert!((outputs[2] - agent.rollout.steps[row].value).abs() < 1e-6);
                    }
                },
            );
        }
    }
}

/// Episodes in which the cue is remembered.
fn shown(spec: &Spec) -> Arc<DemonstrationSet> {
    let episode = |cue: u32| Demonstration {
        label: Label::default(),
        origin: None,
        opening: RecordedActions::Discrete(Vec::new()),
        observations: vec![(1 + cue) as f32, 0.0, 0.0, 0.0, 0.0],
        legal: Vec::new(),
        to_play: Vec::new(),
        actions: RecordedActions::Discrete(vec![0, 1, 0, cue]),
        rewards: vec![0.0, 0.0, 0.0, 1.0],
        ending: freewheel_core::Ending::Terminal,
        episode_return: 1.0,
        score: 1.0,
    };
    let header = WorldHeader::of(spec, "test/recall", serde_json::Value::Null);
    Arc::new(DemonstrationSet { header, episodes: (0..10).map(|i| episode(i % 2)).collect() })
}

/// The cloned policy remembers before its first step, in sequences that end within an episode, too; the bytes do not
/// depend on the calls of `learn`, nor on a checkpoint in between.
#[test]
fn a_memory_is_cloned_and_runs_are_resumed() {
    let env = recall(true);
    let set = shown(&env.0);
    let new = || {
        let warm = WarmStart {
            demonstrated: Demonstrated::of(Arc::clone(&set)),
            pretraining: 3000,
            ..WarmStart::default()
        };
        let mut config = Config { num_steps: 12, sequence_length: 6, gru_units: 16, ..Config::default() };
        config.policy_gradient.warm_start = Some(warm);
        RecurrentPpo::new(&env.0, config, Budget { steps: 240, num_envs: 2 }, Streams::new(1)).unwrap()
    };
    assert_eq!(mean_return(&*new().policy(PolicyMode::Greedy), &env), 1.0);
    let batch = || Batch::new(Arc::clone(&env), 2, Streams::new(1), Purpose::Environment, 0);
    let (mut whole, mut envs) = (new(), batch());
    whole.learn(&mut envs, 240).unwrap();
    let (mut first, mut envs) = (new(), batch());
    first.learn(&mut envs, 100).unwrap();
    let mut second = new();
    second.load(&first.save().unwrap()).unwrap();
    second.learn(&mut envs, 140).unwrap();
    assert!(second.save().unwrap() == whole.save().unwrap());
}

/// Gradients of the loss with respect to outputs agree with central differences.
#[test]
fn loss_gradients_agree_with_finite_differences() {
    let head = Head::Categorical { num_actions: 3 };
    let loss = Loss { head: &head, clip_range: 0.2, vf_coef: 0.7, ent_coef: 0.1, frozen: false, scale: 0.5 };
    let legal = [true, true, false];
    // Inside the clip range, above it with positive and with negative advantage.
    for (log_prob, advantage) in [(-0.6, 1.5), (-1.5, 1.5), (-1.5, -1.5)] {
        let old = Old { action: &[1.0], legal: &legal, log_prob, advantage, ret: 2.0 };
        let outputs = [0.3, 0.5, 9.0, -0.4];
        let total = |outputs: &[f32]| {
            let terms = loss.of(outputs, &old, &mut [0.0; 4]);
            0.5 * (terms.policy + 0.7 * terms.value - 0.1 * terms.entropy)
        };
        let mut gradients = [9.0; 4];
        loss.of(&outputs, &old, &mut gradients);
        for k in [0, 1, 3] {
            let moved = |by: f32| {
                let mut outputs = outputs;
                outputs[k] += by;
                total(&outputs)
            };
            let expected = (moved(1e-2) - moved(-1e-2)) / 2e-2;
            assert!((gradients[k] - expected).abs() < 1e-3, "{k}: {} {expected}", gradients[k]);
        }
        assert_eq!(gradients[2], 0.0, "an illegal action has no gradient");
    }
}

#[test]
fn settings_out_of_range_are_refused() {
    let env = recall(true);
    let refused = |config: Config| {
        let budget = Budget { steps: 100, num_envs: 2 };
        RecurrentPpo::new(&env.0, config, budget, Streams::new(0)).err().unwrap().to_string()
    };
    let uneven = refused(Config { num_steps: 100, ..Config::default() });
    assert!(uneven.contains("sequence_length = 32: must divide num_steps = 100"), "{uneven}");
    let small = refused(Config { minibatch_size: 8, ..Config::default() });
    assert!(small.contains("minibatch_size"), "{small}");
}
