//! Tests of implicit Q-learning.

use std::sync::Arc;

use freewheel_core::demonstrations::DemonstrationSet;

use super::super::training::reward_factor;
use super::*;
use crate::demonstrations::recorded::{record, together};
use crate::offline::cloning::{self, Cloning};
use crate::tabular::graph::{Graph, greedy_return, one_env};

const MAP: [&str; 6] = ["........#G", "..#.....#.", "S.#.....#.", "..#.......", ".....#....", ".........."];

fn maze() -> Graph {
    Graph::maze(&MAP)
}

fn learned(set: &Arc<DemonstrationSet>, config: Config) -> Iql {
    let config = Config { demonstrated: Demonstrated::of(Arc::clone(set)), ..config };
    let mut agent = Iql::new(maze().spec(), config, one_env(1000), Streams::new(1)).unwrap();
    agent.learn(&mut maze().batch(1, 0), 1000).unwrap();
    agent
}

#[test]
fn weights_by_hand() {
    assert_eq!(expectile_weights(&[-2.0, 0.0, 3.0], 0.75), [0.25, 0.75, 0.75]);
    let weights = advantage_weights(&[-1.0, 0.0, 9.0], 3.0, 100.0, false);
    assert!((weights[0] - (-3f32).exp()).abs() < 1e-6 && weights[1..] == [1.0, 100.0]);
    // Mean 0, standard deviation 2.
    let weights = advantage_weights(&[-2.0, 2.0], 3.0, 100.0, true);
    assert!((weights[1] - 3f32.exp()).abs() < 1e-4, "{weights:?}");
    assert_eq!(advantage_weights(&[-2.0, 2.0], 0.0, 100.0, true), [1.0; 2]);
    // Returns 0 and 4: standard deviation 2.
    assert_eq!(reward_factor([0.0, 4.0].into_iter()), 0.5);
    assert_eq!(reward_factor([3.0, 3.0].into_iter()), 1.0);
}

/// Random episodes of a maze, a few of which reach the goal: cloning imitates the random walk, IQL finds a shortest
/// path of 14 steps, which no episode has (13 steps of discount .95 before the reward).
#[test]
fn iql_beats_cloning_and_its_demonstrator() {
    let random = |seed| record(&maze(), 60, 400, seed, |_, rng| rng.below(4));
    let set = together(&random(0), &random(1));
    let reference = 0.95f64.powi(shortest() - 1);
    let best = set.episodes.iter().map(|episode| episode.episode_return).fold(0.0, f64::max);
    assert!(best < 0.8 * reference, "{best}");
    let demonstrated = Demonstrated::of(Arc::clone(&set));
    let config = cloning::Config { estimator: "tree".into(), demonstrated, ..cloning::Config::default() };
    let mut clone = Cloning::new(maze().spec(), config, one_env(10), Streams::new(1)).unwrap();
    clone.learn(&mut maze().batch(1, 0), 10).unwrap();
    assert!(greedy_return(&clone, maze()).0 < best);
    let agent = learned(&set, Config { expectile: 0.9, ..Config::default() });
    let (score, length) = greedy_return(&agent, maze());
    assert!((score - reference).abs() < 1e-6, "{score} {length} {reference}");
}

/// Steps of the shortest path from S to G, by breadth-first search.
fn shortest() -> i32 {
    let (width, height) = (MAP[0].len(), MAP.len());
    let cell = |i: usize| MAP[i / width].as_bytes()[i % width];
    let find = |wanted: u8| (0..width * height).find(|&i| cell(i) == wanted).unwrap();
    let (mut distance, mut queue) = (vec![-1; width * height], std::collections::VecDeque::new());
    distance[find(b'S')] = 0;
    queue.push_back(find(b'S'));
    while let Some(at) = queue.pop_front() {
        let (x, y) = (at % width, at / width);
        let next = [(x.wrapping_sub(1), y), (x + 1, y), (x, y.wrapping_sub(1)), (x, y + 1)];
        for (x, y) in next.into_iter().filter(|&(x, y)| x < width && y < height) {
            let to = y * width + x;
            if cell(to) != b'#' && distance[to] < 0 {
                distance[to] = distance[at] + 1;
                queue.push_back(to);
            }
        }
    }
    distance[find(b'G')]
}

/// The bytes do not depend on the calls of `learn`, nor on a checkpoint in between.
#[test]
fn resumed_runs_end_in_the_same_bytes() {
    let set = record(&maze(), 5, 60, 0, |_, rng| rng.below(4));
    let new = |loaded: bool| {
        let demonstrated = match loaded {
            true => Demonstrated::of(Arc::clone(&set)),
            false => Demonstrated { demos: "store".into(), ..Demonstrated::default() },
        };
        let config = Config { demonstrated, gradient_steps: 50, ..Config::default() };
        Iql::new(maze().spec(), config, one_env(20), Streams::new(1)).unwrap()
    };
    let mut envs = maze().batch(1, 0);
    let mut whole = new(true);
    whole.learn(&mut envs, 20).unwrap();
    assert_eq!(whole.training.updates, 50);
    let mut first = new(true);
    first.learn(&mut envs, 7).unwrap();
    let mut second = new(true);
    second.load(&first.save().unwrap()).unwrap();
    second.learn(&mut envs, 13).unwrap();
    assert_eq!(second.save().unwrap(), whole.save().unwrap());
    let mut without = new(false);
    without.load(&whole.save().unwrap()).unwrap();
    assert_eq!(greedy_return(&without, maze()), greedy_return(&whole, maze()));
    assert!(without.learn(&mut envs, 1).unwrap_err().to_string().contains("not loaded"));
}
