//! What the literature says these agents do, on fixed seeds with margins of several standard errors.

use freewheel_core::{Agent, Streams};

use crate::schedule::Schedule;
use crate::tabular::graph::{Graph, alone, end, go, greedy_return, returns};
use crate::tabular::settings::Tabular;
use crate::tabular::{double_q, dyna_q, n_step_sarsa, q_learning};
use crate::{all, tabular::dyna_q::Expects};

fn build(id: &str, graph: &Graph, settings: &str, steps: u64, seed: u64) -> Box<dyn Agent> {
    let agent = all().into_iter().find(|agent| agent.id() == id).unwrap();
    agent.build(graph.look(), &settings.parse().unwrap(), alone(steps), Streams::new(seed)).unwrap()
}

/// Mean return per episode after `skip` episodes, over `episodes` more.
fn online(id: &str, settings: &str, skip: usize, episodes: usize) -> f64 {
    let mut learner = build(id, &Graph::cliff(), settings, 1, 3);
    let all = returns(&mut *learner, &mut Graph::cliff().batch(1, 3), skip + episodes);
    all[skip..].iter().sum::<f64>() / episodes as f64
}

/// Example 6.6. The epsilon-greedy player around Q* earns -50.800, the best epsilon-soft player -20.708.
#[test]
fn cliff_q_learning_is_optimal_and_falls_sarsa_is_safe() {
    // The greedy path is the shortest. Two tables and traces learn the edge from more visits than epsilon .1 gives it:
    // there, most seeds of double-q and q-lambda still walk a row or two higher after 3000 episodes.
    for (id, epsilon) in [("q-learning", 0.1), ("dyna-q", 0.1), ("q-lambda", 0.3), ("double-q", 0.6)] {
        let settings = format!("learning_rate = 0.5\nepsilon = {epsilon}");
        for seed in 0..10 {
            let mut learner = build(id, &Graph::cliff(), &settings, 1, seed);
            returns(&mut *learner, &mut Graph::cliff().batch(1, seed), 3000);
            assert_eq!(greedy_return(&*learner, Graph::cliff()), (-13.0, 13), "{id}, seed {seed}");
        }
    }
    let q = online("q-learning", "learning_rate = 0.5", 1000, 10_000);
    assert!((q - -50.8).abs() < 2.5, "Q-learning {q}");
    // With a constant rate Sarsa's policy keeps moving: a little below what it tends to.
    let sarsa = online("sarsa", "learning_rate = 0.1", 5000, 10_000);
    assert!((-25.0..-19.5).contains(&sarsa), "Sarsa {sarsa}");
    let expected = online("expected-sarsa", "learning_rate = 0.1", 5000, 10_000);
    assert!((-23.0..-19.5).contains(&expected), "Expected Sarsa {expected}");
    let n_step = online("n-step-sarsa", "learning_rate = 0.05", 5000, 10_000);
    assert!((-30.0..-19.5).contains(&n_step), "4-step Sarsa {n_step}");
}

/// Example 6.7, figure 6.5: epsilon = learning_rate = .1; left is wrong, and is taken 5 % of the time by the best
/// epsilon-greedy player. Q-learning takes it far more often in the first hundred episodes, Double Q-learning does not.
#[test]
fn maximization_bias() {
    let left = |learner: &mut dyn Agent, seed: u64| -> f64 {
        let mut batch = Graph::maximization_bias().batch(1, seed);
        let mut lengths = Vec::new();
        while lengths.len() < 100 {
            learner.learn(&mut batch, 1).unwrap();
            lengths.extend(freewheel_core::VectorEnv::take_finished(&mut batch).iter().map(|f| f.length));
        }
        lengths.iter().filter(|&&length| length == 2).count() as f64 / 100.0
    };
    let runs = 300;
    let (mut single, mut double) = (0.0, 0.0);
    for seed in 0..runs {
        let spec = Graph::maximization_bias().look().clone();
        let mut q =
            q_learning::QLearning::new(&spec, Default::default(), alone(1), Streams::new(seed)).unwrap();
        single += left(&mut q, seed) / runs as f64;
        let mut q = double_q::DoubleQ::new(&spec, Default::default(), alone(1), Streams::new(seed)).unwrap();
        double += left(&mut q, seed) / runs as f64;
    }
    assert!(single > 0.4, "Q-learning goes left {single}");
    assert!(double < 0.3, "Double Q-learning goes left {double}");
    assert!(single - double > 0.2);
}

const DYNA_MAZE: [&str; 6] = [".......#G", "..#....#.", "S.#....#.", "..#......", ".....#...", "........."];

/// Steps of each of the first `episodes` episodes in a maze, mean over `seeds`.
fn lengths(maze: fn() -> Graph, id: &str, settings: &str, episodes: usize, seeds: u64) -> Vec<f64> {
    let mut mean = vec![0.0; episodes];
    for seed in 0..seeds {
        let mut learner = build(id, &maze(), settings, 1, seed);
        let mut batch = maze().batch(1, seed);
        let mut lengths = Vec::new();
        while lengths.len() < episodes {
            learner.learn(&mut batch, 10).unwrap();
            lengths.extend(
                freewheel_core::VectorEnv::take_finished(&mut batch).iter().map(|f| f64::from(f.length)),
            );
        }
        mean.iter_mut().zip(lengths).for_each(|(mean, length)| *mean += length / seeds as f64);
    }
    mean
}

/// Figure 8.2: after a few episodes 50 planning steps are near the optimum (14), and none is far from it.
#[test]
fn dyna_maze_planning_is_faster() {
    let maze = || Graph::maze(&DYNA_MAZE);
    let none = lengths(maze, "dyna-q", "planning_steps = 0", 5, 20);
    let book = "planning_steps = 50\nprioritized = false\nplanning_learning_rate = 0.1";
    let fifty = lengths(maze, "dyna-q", book, 5, 20);
    let swept = lengths(maze, "dyna-q", "planning_steps = 5", 5, 20);
    assert!(none[4] > 150.0, "none {none:?}");
    assert!(fifty[4] < 35.0, "fifty {fifty:?}");
    // Prioritized sweeping needs a tenth of the updates for the same.
    assert!(swept[4] < 25.0, "swept {swept:?}");
    // Optimism makes it try everything, and planning carries the news: the shortest path within some episodes.
    for seed in 0..10 {
        let mut learner = build("dyna-q", &maze(), "initial_value = 1", 1, seed);
        returns(&mut *learner, &mut maze().batch(1, seed), 30);
        assert_eq!(greedy_return(&*learner, maze()).1, 14, "seed {seed}");
    }
}

/// On ice a model that averages is right where the latest outcome alone misleads.
#[test]
fn slippery_worlds_want_the_average() {
    let ice = || {
        let hole = |to, reward| Some(end(to, reward));
        // Left is safe and pays .5; right pays 1, but slips into a hole half of the time.
        Graph::new(vec![vec![hole(0, 0.5), Some(go(1, 0.0))], vec![hole(1, 0.9), hole(1, -0.9)]], 0)
            .with_slip(0.5)
    };
    let settings = dyna_q::Config { model: Expects::Average, ..Default::default() };
    let mut learner = dyna_q::DynaQ::new(ice().look(), settings, alone(1), Streams::new(0)).unwrap();
    learner.learn(&mut ice().batch(1, 0), 100_000).unwrap();
    // In state 1 the first action pays .9 three times in four: .45; acting well in state 0 pays .75 .5 + .25 .45.
    let q = &learner.core.table.q;
    assert!((q[2] - 0.45).abs() < 0.03 && (q[0] - 0.4875).abs() < 0.03, "{q:?}");
}

/// Figures 8.4 and 8.5: after the shortcut opens, Dyna-Q+ finds it; Dyna-Q goes on as before.
#[test]
fn shortcut_maze_needs_the_bonus() {
    let closed = [".........", ".........", ".........", ".########", ".........", "...S....."];
    let open = [".........", ".........", ".........", ".#######.", ".........", "...S....."];
    let maze = |map: [&'static str; 6]| {
        let mut map: Vec<String> = map.iter().map(|line| line.to_string()).collect();
        map[0].replace_range(8..9, "G");
        let map: Vec<&str> = map.iter().map(String::as_str).collect();
        Graph::maze(&map)
    };
    let found = |settings: &str| {
        let mut learner = build("dyna-q", &maze(closed), settings, 1, 1);
        learner.learn(&mut maze(closed).batch(1, 1), 3000).unwrap();
        assert_eq!(greedy_return(&*learner, maze(closed)).1, 16);
        learner.learn(&mut maze(open).batch(1, 2), 6000).unwrap();
        greedy_return(&*learner, maze(open)).1
    };
    let common = "planning_steps = 50\nprioritized = false\nmodel = 'latest'\nplanning_learning_rate = 0.5\nlearning_rate = 0.5";
    assert_eq!(found(common), 16);
    assert_eq!(found(&format!("{common}\nkappa = 0.001")), 10);
}

/// A walk of 19 states from the middle, -1 and 1 at the ends, by chance alone (figure 7.2): 4-step returns reach the
/// true values -0.9, -0.8, ..., 0.9 sooner than 1-step returns.
#[test]
fn random_walk_n_steps_beat_one() {
    let walk = || {
        let chance = |state: usize| {
            let left = if state == 0 { end(0, -1.0) } else { go(state - 1, 0.0) };
            let right = if state == 18 { end(18, 1.0) } else { go(state + 1, 0.0) };
            vec![Some(left), Some(right)]
        };
        Graph::new((0..19).map(chance).collect(), 9)
    };
    // Both actions equally often: the value of a state is the mean of both.
    let error = |n: u32| {
        let mut total = 0.0;
        for seed in 0..50 {
            let tabular = Tabular {
                learning_rate: Schedule::Constant(0.2),
                epsilon: Schedule::Constant(1.0),
                ..Tabular::default()
            };
            let config = n_step_sarsa::Config { n_step: n, tabular };
            let mut learner =
                n_step_sarsa::NStepSarsa::new(walk().look(), config, alone(1), Streams::new(seed)).unwrap();
            returns(&mut learner, &mut walk().batch(1, seed), 10);
            let value =
                |state: usize| (learner.core.table.row(state)[0] + learner.core.table.row(state)[1]) / 2.0;
            let square = |state: usize| (value(state) - (state as f64 - 9.0) / 10.0).powi(2);
            total += ((0..19).map(square).sum::<f64>() / 19.0).sqrt() / 50.0;
        }
        total
    };
    let errors = [1, 4].map(error);
    assert!(errors[1] < 0.8 * errors[0], "{errors:?}");
}
