use std::sync::Arc;

use freewheel_core::{Batch, BatchView, Player};

use super::*;
use crate::tests::recall::{mean_return, recall};

fn small() -> Config {
    let mut config =
        Config { gru_units: 16, sequence_length: 8, burn_in: 2, train_freq: 4, ..Config::default() };
    config.network.hidden_sizes = vec![16];
    config.learning_rate = Schedule::Constant(3e-3);
    config
}

/// A policy without memory reaches 0.
#[test]
fn a_cue_is_remembered() {
    for index in [true, false] {
        let env = recall(index);
        let budget = Budget { steps: 16_000, num_envs: 4 };
        let mut agent = RecurrentDqn::new(&env.0, small(), budget, Streams::new(1)).unwrap();
        let mut batch = Batch::new(Arc::clone(&env), 4, Streams::new(1), Purpose::Environment, 0);
        agent.learn(&mut batch, budget.steps).unwrap();
        assert_eq!(mean_return(&*agent.policy(PolicyMode::Greedy), &env), 1.0, "index {index}");
    }
}

/// Steps of one environment whose observation is the number of the step; every fourth one is truncated at observation
/// 100 + its number.
fn counting(steps: u64, slots: usize) -> SequenceReplay {
    let spec = Spec::discrete("test/counting", 1000, &["a", "b"]);
    let mut replay = SequenceReplay::new(&spec, 1, slots, 1, (3, 2));
    for t in 0..steps {
        replay.keep_states(&[t as f32 / 1000.0]);
        let ending = if t % 4 == 3 { Ending::Truncated } else { Ending::Running };
        let view = BatchView {
            obs: &[t as f32 + 1.0],
            legal: &[true, true],
            to_play: &[Player::First],
            reward: &[-(t as f32)],
            ending: &[ending],
            last_obs: &[100.0 + t as f32],
            last_legal: &[true, false],
            last_to_play: &[Player::First],
            num_envs: 1,
            obs_len: 1,
            num_actions: 2,
        };
        let legal = [true, t % 2 == 0];
        replay.push((&[t as f32], &legal), &[t % 4 == 0], &[t as u32 % 2], &view);
    }
    replay
}

/// Sequences of a full buffer begin at kept states, are contiguous, and know the ends of episodes.
#[test]
fn sequences_are_those_that_were_pushed() {
    let mut rng = Streams::new(3).stream(Purpose::Agent, 0, 0);
    let mut sample = SequenceSample::default();
    assert!(
        !counting(3, 8).sample(1, 3, &mut rng, &mut sample),
        "the observation after the last step is missing"
    );
    assert!(counting(4, 8).sample(1, 3, &mut rng, &mut sample));
    let replay = counting(21, 8);
    let mut begun = std::collections::BTreeSet::new();
    assert!(replay.sample(200, 3, &mut rng, &mut sample));
    for b in 0..200 {
        let at = |t: usize| t * 200 + b;
        let start = sample.obs[b] as u64;
        begun.insert(start);
        assert_eq!(sample.first[b], start as f32 / 1000.0);
        for t in 0..=3 {
            let step = start + t as u64;
            assert_eq!((sample.obs[at(t)], sample.starts[at(t)]), (step as f32, step.is_multiple_of(4)));
            assert_eq!(sample.legal[2 * at(t)..2 * at(t) + 2], [true, step.is_multiple_of(2)]);
            if t < 3 {
                assert_eq!((sample.actions[at(t)], sample.rewards[at(t)]), (step as u32 % 2, -(step as f32)));
                let truncated = sample.truncated.iter().position(|&row| row == at(t));
                assert_eq!(truncated.is_some(), step % 4 == 3);
                if let Some(i) = truncated {
                    assert_eq!(sample.last_obs[i], 100.0 + step as f32);
                    assert_eq!(sample.last_legal[2 * i..2 * i + 2], [true, false]);
                }
            }
        }
    }
    // The last 8 of 21 steps are 13 to 20; the last sequence needs the step after it.
    assert_eq!(begun.into_iter().collect::<Vec<_>>(), [14, 16]);
    assert!(sample.truncated.is_sorted());
}

#[test]
fn damaged_buffers_are_refused() {
    let own = counting(0, 8);
    let replay = counting(21, 8);
    assert!(replay.can_replace(&own));
    let damages: [fn(&mut SequenceReplay); 8] = [
        |x| x.slots = 0,
        |x| x.stride = 0,
        |x| x.pushed = 5,
        |x| x.actions = vec![7; 8],
        |x| x.obs = vec![1.0],
        |x| x.states[3] = 2.0,
        |x| x.endings = vec![Ending::Running; 8],
        |x| x.last.clear(),
    ];
    for (i, damage) in damages.iter().enumerate() {
        let mut damaged = replay.clone();
        damage(&mut damaged);
        assert!(!damaged.can_replace(&own), "damage {i}");
    }
}

/// Targets by hand: a running step, one that ends its episode, and one that is truncated, with values that the network
/// gives step by step.
#[test]
fn targets_equal_values_step_by_step() {
    for double in [true, false] {
        let env = recall(true);
        let config = Config { double, normalize_rewards: false, gamma: Some(0.9), ..small() };
        let budget = Budget { steps: 100, num_envs: 1 };
        let mut agent = RecurrentDqn::new(&env.0, config, budget, Streams::new(2)).unwrap();
        agent.target = agent.network.initial(&mut Streams::new(5).stream(Purpose::Initialization, 0, 0));
        let sample = SequenceSample {
            count: 1,
            obs: vec![1.0, 0.0, 2.0, 0.0],
            legal: [[true, true]; 4].concat(),
            starts: vec![false, false, true, true],
            actions: vec![0, 1, 0],
            rewards: vec![1.0, 2.0, 3.0],
            endings: vec![Ending::Running, Ending::Terminal, Ending::Truncated],
            first: vec![0.1; 16],
            truncated: vec![2],
            last_obs: vec![1.0],
            last_legal: vec![false, true],
        };
        let values = |parameters: &[f32], obs: &[f32], state: &mut [f32]| {
            let mut q = [0.0; 2];
            obs.iter()
                .for_each(|x| agent.network.act(parameters, &[*x], state, &mut Part::default(), &mut q));
            q
        };
        let best = |obs: &[f32], first: f32| {
            let target = values(&agent.target, obs, &mut [first; 16]);
            let online = values(&agent.parameters, obs, &mut [first; 16]);
            let chosen = if double { online } else { target };
            target[usize::from(chosen[1] > chosen[0])]
        };
        let truncated = values(&agent.target, &[2.0, 1.0], &mut [0.0; 16])[1];
        let expected = [1.0 + 0.9 * best(&[1.0, 0.0], 0.1), 2.0, 3.0 + 0.9 * truncated];
        for (target, expected) in agent.targets(&sample).into_iter().zip(expected) {
            assert!((target - expected).abs() < 1e-6, "{target} {expected}");
        }
    }
}

#[test]
fn burn_in_ends_at_the_start_of_an_episode() {
    let starts = [false, true, false, false, true, false, false, false];
    let expected = [false, true, false, true, true, true, true, true];
    assert_eq!(counted(&starts, 2, 2), expected);
}

#[test]
fn huber_by_hand() {
    assert_eq!((huber(3.0, 0.0), huber(-0.5, 1.0)), ((4.5, 3.0), (0.125, -0.5)));
    assert_eq!((huber(3.0, 1.0), huber(-3.0, 1.0)), ((2.5, 1.0), (2.5, -1.0)));
}

#[test]
fn settings_out_of_range_are_refused() {
    let env = recall(true);
    let refused = |config: Config| {
        let budget = Budget { steps: 100, num_envs: 2 };
        RecurrentDqn::new(&env.0, config, budget, Streams::new(0)).err().unwrap().to_string()
    };
    let burn_in = refused(Config { burn_in: 20, ..Config::default() });
    assert!(burn_in.contains("burn_in = 20"), "{burn_in}");
    let memory = refused(Config { buffer_size: u32::MAX, gru_units: 4096, burn_in: 19, ..Config::default() });
    assert!(memory.contains("buffer_size = 4294967295"), "{memory}");
    let two = Spec { players: 2, ..env.0.clone() };
    let budget = Budget { steps: 100, num_envs: 2 };
    let two = RecurrentDqn::new(&two, Config::default(), budget, Streams::new(0)).err().unwrap().to_string();
    assert!(two.contains("one player"), "{two}");
}
