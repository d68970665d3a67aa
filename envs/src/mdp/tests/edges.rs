//! Special cases: loops without reward, loops with reward, states without actions, unreachable goals, horizon 0.

use std::sync::Arc;

use freewheel_core::{ActionBuffer, Certainty, Error, Policy, Purpose, Streams};

use super::worlds::*;
use super::*;
use crate::mdp::{MdpBuilder, Outcome};

fn error(mdp: &FiniteMdp, query: SolveQuery) -> String {
    match mdp.solve(&query) {
        Err(Error::Unsupported(message)) => message,
        Err(error) => panic!("{error}"),
        Ok(solution) => panic!("{}", solution.value),
    }
}

fn action(policy: &Arc<dyn Policy>, s: usize, legal: &[bool], seed: u64) -> u32 {
    let mut actions = ActionBuffer::Discrete(vec![0]);
    let mut rngs = [Streams::new(seed).stream(Purpose::Action, 0, 0)];
    policy.act(&[s as f32], legal, &mut rngs, &mut actions);
    match actions {
        ActionBuffer::Discrete(actions) => actions[0],
        ActionBuffer::Continuous(_) => panic!(),
    }
}

/// Staying has reward 0, so that "stay" has the same value as "go": the optimal policy must "go" nevertheless.
#[test]
fn loops_without_reward() {
    let mdp = deterministic(
        &[&[(0, 0.0, false), (1, 0.0, false)], &[(0, 0.0, false), (1, 0.0, false), (0, 1.0, true)]],
        0,
    );
    let best = solve(&mdp, endless(PolicyClass::Optimal, 1.0));
    assert_eq!((best.value, best.values.as_slice()), (1.0, [1.0, 1.0].as_slice()));
    let policy = best.policy.unwrap();
    assert_eq!(action(&policy, 0, &[true, true, false], 1), 1);
    assert_eq!(action(&policy, 1, &[true; 3], 1), 2);
    // The uniform policy over the optimal actions ends too.
    close(solve(&mdp, endless(PolicyClass::EpsilonGreedy(0.0), 1.0)).value, 1.0, 1e-12);
    close(solve(&mdp, endless(PolicyClass::EpsilonGreedy(0.3), 1.0)).value, 1.0, 1e-12);
}

/// An endless loop with reward 0 is worth 0, more than an end with a negative reward.
#[test]
fn endless_zero_reward_beats_a_negative_end() {
    let mdp = deterministic(&[&[(0, -5.0, true), (1, 0.0, false)], &[(0, 0.0, false), (1, -2.0, false)]], 0);
    let best = solve(&mdp, endless(PolicyClass::Optimal, 1.0));
    assert_eq!(best.values, [0.0, 0.0]);
    let policy = best.policy.unwrap();
    assert_eq!([action(&policy, 0, &[true; 2], 1), action(&policy, 1, &[true; 2], 1)], [1, 0]);
    // The random policy ends sooner or later, or gets negative rewards on the way.
    assert!(solve(&mdp, endless(PolicyClass::Random, 1.0)).value < -5.0);
}

#[test]
fn loops_with_reward_are_infinite() {
    // A cycle with +3 there and -1 back, or an end with +1.
    let mdp = deterministic(&[&[(0, 1.0, true), (1, 3.0, false)], &[(0, -1.0, false)]], 0);
    let message = error(&mdp, endless(PolicyClass::Optimal, 1.0));
    assert!(message.contains("infinite") && message.contains("horizon"), "{message}");
    error(&mdp, endless(PolicyClass::EpsilonGreedy(0.1), 1.0));
    // With random actions every episode ends. Value: 2 p / (1 - p) + (1 - p) / (1 - p), where p = .95 is the
    // probability to go on.
    close(solve(&mdp, endless(PolicyClass::EpsilonSoft(0.1), 1.0)).value, 2.0 * 0.95 / 0.05 + 1.0, 1e-9);
    close(solve(&mdp, endless(PolicyClass::Optimal, 0.5)).value, 2.5 / 0.75, 1e-12);
    close(solve(&mdp, within(PolicyClass::Optimal, 1.0, 5, true)).value, 7.0, 1e-12);
    close(solve(&mdp, within(PolicyClass::Optimal, 1.0, 4, true)).value, 4.0, 1e-12);
}

/// The value of the start is finite if no path leads from there to the loop with a positive reward.
#[test]
fn unreachable_gains_are_marked() {
    let mdp = deterministic(
        &[&[(0, 4.0, true)], &[(1, 1.0, false)], &[(1, -9.0, false), (0, 0.0, false)], &[(3, -1.0, false)]],
        0,
    );
    let best = solve(&mdp, endless(PolicyClass::Optimal, 1.0));
    assert_eq!(best.values, [4.0, f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY]);
    let random = solve(&mdp, endless(PolicyClass::Random, 1.0));
    assert_eq!(random.values, best.values);
}

#[test]
fn goals_out_of_reach() {
    let mdp = deterministic(&[&[(1, -1.0, false)], &[(0, -1.0, false)]], 0);
    let message = error(&mdp, endless(PolicyClass::Optimal, 1.0));
    assert!(message.contains("minus infinity"), "{message}");
    error(&mdp, endless(PolicyClass::Random, 1.0));
    error(&mdp, endless(PolicyClass::EpsilonGreedy(0.1), 1.0));
    error(&mdp, endless(PolicyClass::EpsilonSoft(0.1), 1.0));
    close(solve(&mdp, endless(PolicyClass::Optimal, 0.9)).value, -10.0, 1e-12);
    close(solve(&mdp, within(PolicyClass::Random, 1.0, 7, false)).value, -7.0, 0.0);
    // A risk of never ending is never taken, even for a large reward.
    let half = |next, reward, terminal| outcome(0.5, next, reward, terminal);
    let mut builder = MdpBuilder::new(2);
    builder.push(&[half(0, 100.0, true), half(1, 0.0, false)]);
    builder.push(&[outcome(1.0, 0, 1.0, true)]);
    builder.push(&[outcome(1.0, 1, -1.0, false)]);
    builder.push(&[]);
    let mdp = builder.build(vec![(0, 1.0)]).unwrap();
    let best = solve(&mdp, endless(PolicyClass::Optimal, 1.0));
    assert_eq!(best.values, [1.0, f64::NEG_INFINITY]);
}

/// Rewards +1 and -1 in turn for ever have no total. Such a policy is not a candidate of the search, and its evaluation
/// is an error.
#[test]
fn rewards_that_cancel() {
    let mdp = deterministic(&[&[(1, 1.0, false), (0, -3.0, true)], &[(0, -1.0, false)]], 0);
    assert_eq!(solve(&mdp, endless(PolicyClass::Optimal, 1.0)).values, [-3.0, -4.0]);
    let mdp = deterministic(&[&[(1, 1.0, false)], &[(0, -1.0, false)]], 0);
    let message = error(&mdp, endless(PolicyClass::Random, 1.0));
    assert!(message.contains("undefined"), "{message}");
}

#[test]
fn states_without_actions_are_worth_nothing() {
    let mdp = deterministic(&[&[(1, 2.0, false), (0, 1.0, true)], &[]], 0);
    for gamma in [1.0, 0.5] {
        for policy_class in
            [PolicyClass::Optimal, PolicyClass::EpsilonSoft(0.0), PolicyClass::EpsilonGreedy(0.0)]
        {
            assert_eq!(solve(&mdp, endless(policy_class, gamma)).values, [2.0, 0.0]);
            assert_eq!(solve(&mdp, within(policy_class, gamma, 3, false)).values, [2.0, 0.0]);
        }
        assert_eq!(solve(&mdp, endless(PolicyClass::Random, gamma)).values, [1.5, 0.0]);
    }
}

#[test]
fn horizons_of_zero_and_one() {
    let mdp = teleports();
    for policy_class in [
        PolicyClass::Optimal,
        PolicyClass::Random,
        PolicyClass::EpsilonGreedy(0.1),
        PolicyClass::EpsilonSoft(0.1),
    ] {
        for time_observed in [false, true] {
            let none = solve(&mdp, within(policy_class, 0.9, 0, time_observed));
            assert_eq!((none.certainty, none.value), (Certainty::Exact, 0.0));
            let one = solve(&mdp, within(policy_class, 0.9, 1, time_observed));
            assert_eq!(one.certainty, Certainty::Exact);
            let near = solve(&mdp, endless(policy_class, 0.0));
            if policy_class != PolicyClass::EpsilonGreedy(0.1) {
                assert_eq!(one.values, near.values, "{policy_class:?}");
            }
        }
    }
    assert_eq!(solve(&mdp, endless(PolicyClass::Optimal, 0.0)).values[1], 10.0);
}

#[test]
fn invalid_queries_and_tables() {
    let mdp = corners();
    for query in [
        endless(PolicyClass::Optimal, 1.5),
        endless(PolicyClass::Optimal, f64::NAN),
        endless(PolicyClass::EpsilonSoft(-0.1), 1.0),
        endless(PolicyClass::EpsilonGreedy(2.0), 1.0),
    ] {
        assert!(matches!(mdp.solve(&query), Err(Error::Config(_))), "{query:?}");
    }
    let build = |rows: &[&[Outcome]], actions, start: &[(u32, f64)]| {
        let mut builder = MdpBuilder::new(actions);
        rows.iter().for_each(|row| builder.push(row));
        builder.build(start.to_vec())
    };
    let good = [outcome(1.0, 0, 0.0, true)];
    assert!(build(&[&good], 1, &[(0, 1.0)]).is_ok());
    assert!(build(&[&good], 2, &[(0, 1.0)]).is_err());
    assert!(build(&[&good], 0, &[(0, 1.0)]).is_err());
    assert!(build(&[], 1, &[(0, 1.0)]).is_err());
    assert!(build(&[&good], 1, &[(1, 1.0)]).is_err());
    assert!(build(&[&good], 1, &[(0, 0.5)]).is_err());
    assert!(build(&[&[outcome(1.0, 7, 0.0, true)]], 1, &[(0, 1.0)]).is_ok());
    for bad in [
        outcome(1.0, 1, 0.0, false),
        outcome(0.9, 0, 0.0, true),
        outcome(1.0, 0, f64::NAN, true),
        outcome(f64::NAN, 0, 0.0, true),
    ] {
        let Err(Error::Config(message)) = build(&[&[bad]], 1, &[(0, 1.0)]) else { panic!("{bad:?}") };
        assert!(message.starts_with("decision process: "), "{message}");
    }
}

#[test]
fn policies_keep_to_the_mask() {
    let mdp = lake(&LAKE_4);
    let policy_classes = [
        PolicyClass::Optimal,
        PolicyClass::Random,
        PolicyClass::EpsilonGreedy(0.5),
        PolicyClass::EpsilonSoft(0.5),
    ];
    for policy in policy_classes.map(|policy_class| solve(&mdp, endless(policy_class, 0.99)).policy.unwrap())
    {
        for seed in 0..50 {
            let legal: Vec<bool> = (0..4).map(|a| (seed + 1) >> a & 1 == 1).collect();
            if legal.contains(&true) {
                for s in [0, 5, 14, 99] {
                    assert!(legal[action(&policy, s, &legal, seed) as usize]);
                }
            }
        }
    }
    // All actions masked: a defined result instead of a panic.
    let policy = solve(&mdp, endless(PolicyClass::Optimal, 0.99)).policy.unwrap();
    assert_eq!(action(&policy, 0, &[false; 4], 0), 0);
    let mut values = [0.0; 4];
    assert!(policy.action_values(&[14.0], &[true; 4], &mut values));
    assert!(values.iter().all(|q| *q <= values[1]), "down at 14: {values:?}");
    assert!(!policy.action_values(&[16.0], &[true; 4], &mut values));
}

#[test]
fn the_same_query_has_the_same_bytes() {
    let (one, other) = (slippery(12, 0.0), slippery(12, 0.0));
    for query in [endless(PolicyClass::EpsilonSoft(0.1), 1.0), within(PolicyClass::Optimal, 1.0, 40, false)] {
        let bits = |mdp| solve(mdp, query).values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&one), bits(&other));
    }
}

/// A random loop with a gain of exactly 0, beside a state to stop in: rounding must not make the loop look better.
#[test]
fn random_loops_with_zero_gain() {
    let third = 1.0 / 3.0;
    let mut builder = MdpBuilder::new(2);
    builder.push(&[outcome(1.0, 2, 0.0, false)]);
    builder.push(&[]);
    builder.push(&[]);
    builder.push(&[outcome(2.0 * third, 0, -1.0, false), outcome(third, 3, 0.0, false)]);
    builder.push(&[outcome(1.0, 2, 0.0, false)]);
    builder.push(&[outcome(1.0, 1, 0.0, false)]);
    builder.push(&[]);
    builder.push(&[outcome(1.0, 1, 2.0, false)]);
    let mdp = builder.build(vec![(0, 1.0)]).unwrap();
    for policy_class in [PolicyClass::Optimal, PolicyClass::EpsilonGreedy(0.0)] {
        let values = solve(&mdp, endless(policy_class, 1.0)).values;
        values.iter().zip([0.0, 0.0, 0.0, 2.0]).for_each(|(v, e)| close(*v, e, 1e-12));
    }
}
