//! Tests of the tree search against trees worked by hand, and against published figures.

use std::sync::Arc;

use freewheel_core::{Batch, Env, EnvSimulator, Purpose, Streams};

use super::*;
use crate::tabular::graph::{Graph, ends, goes_to};
use crate::tabular::tests::two_players::{FIRST, action_value, take_away};

const SEARCH: Search = Search {
    simulations: 17,
    max_considered: 16,
    c_visit: 50.0,
    c_scale: 1.0,
    gamma: 1.0,
    scale: Scale::Range(0.0),
    noise: false,
};

fn rng() -> Stream {
    Streams::new(1).stream(Purpose::Agent, 0, 0)
}

/// Tree after a search from `state`, with `network` as the logits and the value of each observation.
fn searched<E: Env + 'static>(
    search: &Search,
    env: Arc<E>,
    state: E::State,
    network: impl Fn(&[f32]) -> (Vec<f32>, f32),
) -> Tree {
    let mut simulator = EnvSimulator::new(env, state).unwrap();
    let (d, a) = (simulator.spec().observation.len(), simulator.spec().actions.count());
    let (mut obs, mut legal, mut rng) = (vec![0.0; d], vec![false; a], rng());
    let mut tree = Tree::default();
    let mut look = |simulator: &EnvSimulator<E>, state: usize| {
        simulator.observe(state, &mut obs);
        simulator.legal(state, &mut legal);
        let (logits, value) = network(&obs);
        (logits, legal.clone(), value)
    };
    let (logits, legal, value) = look(&simulator, 0);
    tree.begin(search, &simulator, (&logits, &legal, value), &mut rng);
    for _ in 0..search.simulations {
        if let Some(leaf) = tree.simulate(search, &mut simulator, &mut rng) {
            let (logits, legal, value) = look(&simulator, tree.state(leaf));
            tree.expand(leaf, &logits, &legal, value);
        }
        tree.backward();
    }
    tree
}

fn close(a: f32, b: f32) -> bool {
    (a - b).abs() < 1e-5
}

/// The sequences in the tests of mctx (Babuschkin et al. 2020, `seq_halving_test.py`).
#[test]
fn sequential_halving_visits_as_published() {
    let join = |parts: &[(u32, usize)]| -> Vec<u32> {
        parts.iter().flat_map(|&(visits, times)| std::iter::repeat_n(visits, times)).collect()
    };
    assert_eq!(considered_visits(8, 24), join(&[(0, 8), (1, 4), (2, 4), (3, 2), (4, 2), (5, 2), (6, 2)]));
    let mut long = vec![(0, 8), (1, 4), (2, 4), (3, 4)];
    long.extend((4..=16).map(|visits| (visits, 2)));
    long.push((17, 1));
    assert_eq!(considered_visits(8, 47), join(&long));
    assert_eq!(considered_visits(8, 2), [0, 0]);
    assert_eq!(considered_visits(8, 13), join(&[(0, 8), (1, 4), (2, 1)]));
    let seven = join(&[(0, 7), (1, 3), (2, 3), (3, 2), (4, 2), (5, 2), (6, 2), (7, 2), (8, 1)]);
    assert_eq!(considered_visits(7, 24), seven);
    for considered in [0, 1] {
        assert_eq!(considered_visits(considered, 16), (0..16).collect::<Vec<u32>>());
    }
}

/// (v + N q) / (1 + N), with q the mean of the visited actions by their probabilities: (2 + 3 (0.3 1 + 0.1 5) / 0.4)
/// / 4.
#[test]
fn mixed_value_by_hand() {
    let visited = [(0.3, 1.0), (0.1, 5.0)];
    assert!(close(mixed_value(2.0, visited.into_iter(), 3), 2.0));
    assert!(close(mixed_value(-1.0, visited.into_iter(), 1), 0.5));
    assert_eq!(mixed_value(7.0, std::iter::empty(), 0), 7.0);
    // A visited action without probability counts.
    assert!(close(mixed_value(0.0, [(0.0, 4.0)].into_iter(), 1), 2.0));
}

/// A bandit whose arms end the episode, with the figures of the test of mctx (`test_gumbel_muzero_policy`): logits 0,
/// -1, 2, 3, rewards 20, 3, -1, 10, of which the first and the last are not legal; 17 simulations, value -5.
#[test]
fn completed_values_of_a_bandit_as_published() {
    let arms = vec![None, Some(ends(1, 3.0)), Some(ends(1, -1.0)), None];
    let env = Arc::new(Graph::new(vec![arms, vec![Some(ends(1, 0.0)); 4]], 0));
    let search = Search { c_visit: 60.0, c_scale: 0.05, ..SEARCH };
    let tree = searched(&search, env, 0, |_| (vec![0.0, -1.0, 2.0, 3.0], -5.0));
    let decision = tree.decide(&search, 4);
    assert_eq!((decision.action, &decision.visits[..]), (1, &[0, 9, 8, 0][..]));
    // sigma = (60 + 9) 0.05 on the range of the two values, -1 to 3.
    let (one, two) = ((-1.0 + 69.0 * 0.05f32).exp(), 2f32.exp());
    assert!(close(decision.policy[1], one / (one + two)) && decision.policy[0] == 0.0);
    assert!(close(decision.value, 3.0 * decision.policy[1] - decision.policy[2]));
}

/// The same without illegal actions: the four arms get 2 visits each, the best two share the other nine.
#[test]
fn visits_of_a_bandit_as_published() {
    let arms = [20.0, 3.0, -1.0, 10.0].map(|reward| Some(ends(1, reward))).to_vec();
    let env = Arc::new(Graph::new(vec![arms, vec![Some(ends(1, 0.0)); 4]], 0));
    let search = Search { c_visit: 60.0, c_scale: 0.05, ..SEARCH };
    let tree = searched(&search, env, 0, |_| (vec![0.0, -1.0, 2.0, 3.0], -5.0));
    let decision = tree.decide(&search, 4);
    assert_eq!((decision.action, &decision.visits[..]), (3, &[6, 2, 2, 7][..]));
}

/// Few simulations: the value of an action that was not visited is the mixed value, (-5 + 1 * 10) / 2 after one visit.
#[test]
fn unvisited_actions_have_the_mixed_value() {
    let arms = [20.0, 10.0].map(|reward| Some(ends(1, reward))).to_vec();
    let env = Arc::new(Graph::new(vec![arms, vec![Some(ends(1, 0.0)); 2]], 0));
    let search = Search { simulations: 1, c_visit: 9.0, c_scale: 0.1, scale: Scale::Bound(20.0), ..SEARCH };
    let tree = searched(&search, env, 0, |_| (vec![0.0, 1.0], -5.0));
    let decision = tree.decide(&search, 2);
    assert_eq!((decision.action, &decision.visits[..]), (1, &[0, 1][..]));
    // Scores 0 + (2.5 + 20) / 40 and 1 + (10 + 20) / 40, with (9 + 1) 0.1 = 1 as the factor.
    let (first, second) = (0.5625f32.exp(), 1.75f32.exp());
    assert!(close(decision.policy[0], first / (first + second)));
    assert!(close(decision.value, 2.5 * decision.policy[0] + 10.0 * decision.policy[1]));
}

/// Two steps by hand, discount 1/2: the first has reward 1, and the two that follow have 4 and 6, of which the search
/// learns the better one. The value of the middle state by the network is 10.
#[test]
fn rewards_and_values_are_discounted() {
    let edges = vec![vec![Some(goes_to(1, 1.0)), None], vec![Some(ends(2, 4.0)), Some(ends(2, 6.0))]];
    let env = Arc::new(Graph::new(edges, 0));
    let network = |obs: &[f32]| (vec![0.0; 2], if obs[0] == 1.0 { 10.0 } else { 0.0 });
    for (simulations, value) in [
        // 1 + 10 / 2; then the first action: (6 + 1 + 4 / 2) / 2; then the second one: (9 + 1 + 6 / 2) / 3.
        (1, 6.0),
        (2, 4.5),
        (3, 13.0 / 3.0),
    ] {
        let search = Search { simulations, gamma: 0.5, ..SEARCH };
        let tree = searched(&search, Arc::clone(&env), 0, network);
        let found = tree.decide(&search, 2).value;
        assert!(close(found, value), "{simulations}: {found}");
    }
}

/// A terminated state is worth its reward; a truncated one is worth what the network says, too, and is not continued.
#[test]
fn ended_episodes_are_exact() {
    let edges = vec![vec![Some(goes_to(1, 2.0)), Some(ends(1, 6.0))], vec![Some(goes_to(1, 99.0)); 2]];
    let env = Arc::new(Graph::new(edges, 0).with_limit(1));
    let search = Search { simulations: 8, gamma: 0.5, ..SEARCH };
    let tree = searched(&search, env, 0, |_| (vec![0.0; 2], 10.0));
    let decision = tree.decide(&search, 2);
    assert_eq!((tree.edges[0].q(), tree.edges[1].q()), (7.0, 6.0));
    assert_eq!((decision.action, &decision.visits[..], tree.nodes.len()), (0, &[4, 4][..], 3));
}

/// A step with several results: equal ones share a node, and the value is the mean over the draws.
#[test]
fn random_steps_are_drawn_at_each_visit() {
    // The only action stays, or slips to the right with probability 1/4 (a slip is a random action of two).
    let start = vec![Some(ends(1, 0.0)), Some(ends(2, 8.0))];
    let edges = vec![start, vec![Some(ends(1, 0.0)); 2], vec![Some(ends(2, 0.0)); 2]];
    let env = Arc::new(Graph::new(edges, 0).with_slip(0.5));
    let search = Search { simulations: 4000, ..SEARCH };
    let tree = searched(&search, env, 0, |_| (vec![0.0; 2], 0.0));
    assert_eq!((tree.edges[0].results.len(), tree.edges[1].results.len(), tree.nodes.len()), (2, 2, 5));
    let counts: u32 = tree.edges[0].results.iter().map(|result| result.count).sum();
    assert_eq!(counts, tree.edges[0].visits);
    // Five standard errors of a mean of 2,000 draws of 8 with probability 1/4.
    let mean = tree.edges[0].q();
    assert!((mean - 2.0).abs() < 5.0 * 8.0 * (0.1875f32 / tree.edges[0].visits as f32).sqrt(), "{mean}");
}

/// The value changes its sign with the player to move, and only then: after taking 2 the same player moves again.
#[test]
fn a_game_is_searched_to_its_end() {
    let search = Search { simulations: 600, gamma: 0.9, scale: Scale::Bound(1.0), ..SEARCH };
    for left in 1..=FIRST {
        let tree = searched(&search, take_away(), (left, Player::Second), |_| (vec![0.0; 3], 0.0));
        let decision = tree.decide(&search, 3);
        let of = |taken: u32| action_value(left, taken) as f32;
        let best = (1..=3.min(left)).map(of).fold(f32::NEG_INFINITY, f32::max);
        assert!((of(decision.action + 1) - best).abs() < 1e-6, "{left}: {decision:?}");
        assert!((decision.value - best).abs() < 0.25, "{left}: {decision:?}, {best}");
        assert_eq!(decision.visits.iter().sum::<u32>(), 600);
        assert_eq!(tree.variation(&search, 9)[0], decision.action);
    }
}

/// Uniform probabilities and no values: the search alone finds the shortest way through a maze, step by step.
#[test]
fn a_search_without_knowledge_reaches_the_optimum() {
    let maze = || Graph::maze(&["S..", ".#.", "..G"]).with_limit(20);
    let search = Search { simulations: 1000, gamma: 0.95, c_scale: 0.1, ..SEARCH };
    let mut batch: Batch<Graph> = maze().batch(1, 0);
    for step in 1..=4 {
        let tree = searched(&search, Arc::new(maze()), batch.states()[0], |_| (vec![0.0; 4], 0.0));
        batch.advance(&[tree.decide(&search, 4).action]).unwrap();
        let ending = freewheel_core::VectorEnv::view(&batch).ending[0];
        assert_eq!(ending == Ending::Terminal, step == 4, "{step}");
    }
}

/// Gumbel noise draws actions by their probabilities: with values that are all equal and one simulation, the action
/// is a draw from the policy of the network.
#[test]
fn gumbel_noise_draws_from_the_policy() {
    let env = Arc::new(Graph::new(vec![vec![Some(ends(1, 0.0)); 2], vec![Some(ends(1, 0.0)); 2]], 0));
    let search = Search { simulations: 1, noise: true, max_considered: 1, ..SEARCH };
    let (mut rng, mut counts) = (rng(), [0; 2]);
    for _ in 0..20_000 {
        let mut simulator = EnvSimulator::new(Arc::clone(&env), 0).unwrap();
        let mut tree = Tree::default();
        tree.begin(&search, &simulator, (&[3f32.ln(), 0.0], &[true; 2], 0.0), &mut rng);
        assert_eq!(tree.simulate(&search, &mut simulator, &mut rng), None);
        tree.backward();
        counts[tree.decide(&search, 2).action as usize] += 1;
    }
    // Five standard errors of a share of 3/4 in 20,000.
    assert!((f64::from(counts[0]) / 20_000.0 - 0.75).abs() < 0.0154, "{counts:?}");
}
