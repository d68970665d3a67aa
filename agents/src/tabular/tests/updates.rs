//! Updates that agents keep are those that their tables show, for each tabular agent.

use freewheel_core::{Agent, Batch, PolicyMode, Purpose, Spec, Streams, VectorEnv};

use super::two_players::take_away;
use crate::tabular::graph::Graph;
use crate::{Budget, all};

const IDS: [(&str, &str); 9] = [
    ("q-learning", ""),
    ("sarsa", ""),
    ("expected-sarsa", ""),
    ("double-q", ""),
    ("q-lambda", ""),
    ("q-lambda", "traces = 'accumulating'\nnaive = true\nlambda = 0.5"),
    ("n-step-sarsa", "n_step = 3"),
    ("n-step-sarsa", "n_step = 9"),
    ("dyna-q", "planning_steps = 5"),
];

fn build(id: &str, text: &str, spec: &Spec) -> Box<dyn Agent> {
    let factory = all().into_iter().find(|factory| factory.id() == id).unwrap();
    let text = format!("learning_rate = 0.5\ngamma = 0.75\n{text}");
    let budget = Budget { steps: 1000, num_envs: 1 };
    factory.build(spec, &text.parse().unwrap(), budget, Streams::new(2)).unwrap()
}

/// Action values of all states, `[S, A]`.
fn table(agent: &dyn Agent, states: usize, actions: usize) -> Vec<f32> {
    let policy = agent.policy(PolicyMode::Greedy);
    let mut all = vec![0.0; states * actions];
    for (state, row) in all.chunks_mut(actions).enumerate() {
        policy.action_values(&[state as f32], &vec![true; actions], row);
    }
    all
}

/// Value of an equation in numbers `old + a [x + b · y − old] = new`, computed from its text.
fn evaluate(text: &str) -> (f64, f64) {
    let (left, right) = text.split_once(" = ").unwrap();
    let (old, rest) = left.split_once(" + ").unwrap();
    let number = |text: &str| text.trim_matches(['(', ')']).parse::<f64>().unwrap();
    let product = |text: &str| -> f64 { text.split(" · ").map(number).product() };
    let change = match rest.split_once(" [") {
        None => product(rest),
        Some((step_size, bracket)) => {
            let terms = bracket.trim_end_matches(']').split(" + ").flat_map(|part| {
                part.split(" − ").zip([1.0, -1.0, -1.0]).map(|(term, sign)| sign * product(term))
            });
            product(step_size) * terms.sum::<f64>()
        }
    };
    (product(old) + change, product(right))
}

#[test]
fn kept_updates_are_the_changes_of_the_table() {
    for (id, text) in IDS {
        for kind in 0..3 {
            let (states, mut envs): (usize, Box<dyn VectorEnv>) = match kind {
                0 => (9, Box::new(Graph::maze(&["S..", ".#.", "..G"]).with_slip(0.2).batch(1, 3))),
                1 => (48, Box::new(Graph::cliff().with_limit(9).batch(1, 4))),
                _ => (10, Box::new(Batch::new(take_away(), 1, Streams::new(5), Purpose::Environment, 0))),
            };
            let actions = envs.spec().actions.count();
            let mut agent = build(id, text, &envs.spec().clone());
            assert!(agent.last_updates().is_empty());
            assert!(agent.keep_updates(), "{id}");
            let mut changed = 0;
            for step in 0..300 {
                let before = table(&*agent, states, actions);
                agent.learn(&mut *envs, 1).unwrap();
                let mut expected = before.clone();
                for update in agent.last_updates() {
                    let pair = update.state * actions + update.action as usize;
                    if update.cell == "Q(s,a)" {
                        assert!((f64::from(expected[pair]) - update.old).abs() < 1e-5, "{id} {update:?}");
                        expected[pair] = update.new as f32;
                    } else {
                        // The mean of two tables changes by half of the change of one.
                        expected[pair] += (0.5 * (update.new - update.old)) as f32;
                    }
                    let by_definition = update.old + update.step_size * update.error;
                    assert!((by_definition - update.new).abs() < 1e-9, "{id} {update:?}");
                    // The printed equation holds, unless terms of a long return are left out.
                    let numbers = update.numbers(|x| format!("{x}"));
                    if !numbers.contains('…') {
                        let (left, right) = evaluate(&numbers);
                        assert!((left - right).abs() < 1e-9, "{id} step {step}: {numbers} {update:?}");
                    }
                    changed += usize::from(update.new != update.old);
                }
                let after = table(&*agent, states, actions);
                let close = after.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-5);
                assert!(close, "{id} {kind} step {step}: {:?}", agent.last_updates());
            }
            assert!(changed > 5, "{id} {kind}: {changed}");
        }
    }
}

/// Without an interruption, the same steps give the same table; after one, an agent goes on in another state.
#[test]
fn abandoned_episodes_leave_no_trace() {
    for (id, text) in IDS {
        let graph = || Graph::maze(&["S..", "...", "..G"]);
        let mut agent = build(id, text, graph().spec());
        agent.keep_updates();
        agent.learn(&mut graph().batch(1, 1), 2).unwrap();
        agent.abandon_episodes();
        // The goal is beside the start of the other world: one update of one pair, and no other pair changes.
        let mut near = Graph::maze(&["...", "...", ".SG"]).batch(1, 2);
        let before = table(&*agent, 9, 4);
        agent.learn(&mut near, 1).unwrap();
        let after = table(&*agent, 9, 4);
        let rows: Vec<usize> =
            (0..9).filter(|s| before[s * 4..s * 4 + 4] != after[s * 4..s * 4 + 4]).collect();
        assert!(rows.is_empty() || rows == [7] || id == "dyna-q", "{id}: {rows:?}");
    }
}
