//! Agents whose steps other processes make: blocks of any size, in any order, give the bytes of an undivided run.

use freewheel_core::{Agent, ManagedVectorEnv};

use super::{build, settings, suits, world};
use crate::Budget;

/// Number of environments of a run.
const NUM_ENVS: usize = 16;
/// Settings of a DQN that makes ten batch steps between two updates.
const SELDOM: &str = "hidden_sizes = [8]\nbuffer_size = 500\nlearning_starts = 100\nbatch_size = 8\n\
                      train_freq = 160\ntarget_update_interval = 480\nprioritized = true\nn_step = 3\n\
                      repeat_random = true";
/// Settings of a DQN that updates after each batch step.
const OFTEN: &str = "hidden_sizes = [8]\nbuffer_size = 500\nlearning_starts = 10\nbatch_size = 4\n\
                     train_freq = 3\ntarget_update_interval = 20\nnormalize_observations = true\nquantiles = 3";

/// Agent and environments of a run, or with fewer environments of one of its workers.
fn run(id: &str, kind: usize, text: &str, num_envs: usize) -> (Box<dyn Agent>, Box<dyn ManagedVectorEnv>) {
    let envs = world(kind, num_envs, 5);
    let budget = Budget { steps: 4096, num_envs };
    (build(id, envs.spec(), text, budget, 5), envs)
}

/// Saved agent and environments.
fn saved(agent: &dyn Agent, envs: &mut dyn ManagedVectorEnv) -> [Vec<u8>; 2] {
    envs.take_finished();
    [agent.save().unwrap(), envs.save().unwrap()]
}

/// One rollout: a new worker plays each block of `block` environments, the first block first or last. Returns the
/// number of batch steps.
fn rollout(
    make: &dyn Fn(usize) -> (Box<dyn Agent>, Box<dyn ManagedVectorEnv>),
    agent: &mut dyn Agent,
    envs: &mut dyn ManagedVectorEnv,
    (block, backwards): (usize, bool),
) -> u64 {
    let mut learner = agent.distributed().unwrap();
    let (weights, steps) = (learner.weights().unwrap(), learner.steps_to_update());
    let mut firsts: Vec<usize> = (0..NUM_ENVS).step_by(block).collect();
    if backwards {
        firsts.reverse();
    }
    let mut played = Vec::new();
    for first in firsts {
        let rows = first..first + block;
        let (mut worker, mut own) = make(block);
        let mut worker = worker.distributed().unwrap();
        worker.set_weights(&weights).unwrap();
        worker.load_rows(0, &learner.save_rows(rows.clone()).unwrap()).unwrap();
        own.load(&envs.save_rows(rows).unwrap()).unwrap();
        (0..steps).for_each(|_| worker.play(&mut *own).unwrap());
        played.push((first, worker.take_steps().unwrap()));
        learner.load_rows(first, &worker.save_rows(0..block).unwrap()).unwrap();
        own.take_finished();
        envs.load_rows(first, &own.save_rows(0..block).unwrap()).unwrap();
    }
    played.sort();
    let blocks: Vec<&[u8]> = played.iter().map(|(_, steps)| &steps[..]).collect();
    learner.learn_from(&blocks, envs).unwrap();
    steps
}

#[test]
fn blocks_give_the_bytes_of_an_undivided_run() {
    let agents = ["ppo", "a2c", "alphazero"].into_iter();
    let variants = agents.flat_map(|id| [(id, settings(id, 0)), (id, settings(id, 2))]);
    let runs = variants.chain([("dqn", SELDOM), ("dqn", OFTEN)]);
    for ((id, text), kind) in runs.flat_map(|run| (0..6).map(move |kind| (run, kind))) {
        let make = |num_envs| run(id, kind, text, num_envs);
        if !suits(id, world(kind, 1, 0).spec()) {
            continue;
        }
        for block in [16, 8, 4] {
            let divided = |backwards| {
                let (mut agent, mut envs) = make(NUM_ENVS);
                let rollouts = (0..4).map(|_| rollout(&make, &mut *agent, &mut *envs, (block, backwards)));
                let steps: u64 = rollouts.sum();
                (steps, saved(&*agent, &mut *envs))
            };
            let (steps, forwards) = divided(false);
            let (mut agent, mut envs) = make(NUM_ENVS);
            agent.learn(&mut *envs, steps * NUM_ENVS as u64).unwrap();
            let undivided = saved(&*agent, &mut *envs);
            let case = format!("{id} in world {kind}, blocks of {block}, {text}");
            assert!(divided(true) == (steps, forwards.clone()), "{case}: order");
            // The searches of a block share forward passes, whose sizes change the last digits.
            assert!(forwards == undivided || (id == "alphazero" && block < NUM_ENVS), "{case}");
        }
    }
}

/// The run goes on divided after an undivided part that ends within a rollout, and the other way round.
#[test]
fn divided_and_undivided_parts_follow_one_another() {
    let make = |num_envs| run("ppo", 3, settings("ppo", 1), num_envs);
    let (mut whole, mut whole_envs) = make(NUM_ENVS);
    whole.learn(&mut *whole_envs, 40 * NUM_ENVS as u64).unwrap();
    let (mut agent, mut envs) = make(NUM_ENVS);
    // Rollouts have nine steps.
    agent.learn(&mut *envs, 13 * NUM_ENVS as u64).unwrap();
    assert_eq!(agent.distributed().unwrap().steps_to_update(), 5);
    assert_eq!(rollout(&make, &mut *agent, &mut *envs, (8, true)), 5);
    assert_eq!(rollout(&make, &mut *agent, &mut *envs, (8, true)), 9);
    agent.learn(&mut *envs, 13 * NUM_ENVS as u64).unwrap();
    assert!(saved(&*agent, &mut *envs) == saved(&*whole, &mut *whole_envs));
}

#[test]
fn steps_that_do_not_fit_change_nothing() {
    let (mut agent, mut envs) = run("ppo", 0, settings("ppo", 1), 8);
    let before = saved(&*agent, &mut *envs);
    let (mut other, mut own) = run("ppo", 0, settings("ppo", 1), 4);
    let mut worker = other.distributed().unwrap();
    worker.play(&mut *own).unwrap();
    let one = worker.take_steps().unwrap();
    (0..2).for_each(|_| worker.play(&mut *own).unwrap());
    let two = worker.take_steps().unwrap();
    (0..10).for_each(|_| worker.play(&mut *own).unwrap());
    let ten = worker.take_steps().unwrap();
    let mut learner = agent.distributed().unwrap();
    let cut = &one[..one.len() - 1];
    let wrong: [&[&[u8]]; 7] =
        [&[], &[&one], &[&one, &two], &[&one, &one, &one], &[&one, b"x"], &[&one, cut], &[&ten, &ten]];
    for blocks in wrong {
        assert!(learner.learn_from(blocks, &*envs).is_err(), "{} blocks", blocks.len());
    }
    assert!(learner.set_weights(b"no weights").is_err());
    assert!(learner.load_rows(5, &worker.save_rows(0..4).unwrap()).is_err());
    assert!(worker.save_rows(2..5).is_err());
    assert!(envs.load_rows(0, &own.save_rows(1..5).unwrap_or_default()).is_err());
    assert!(envs.load_rows(5, &own.save_rows(0..4).unwrap()).is_err());
    drop(learner);
    assert!(saved(&*agent, &mut *envs) == before);
    let mut learner = agent.distributed().unwrap();
    learner.learn_from(&[&one, &one], &*envs).unwrap();
    assert_eq!(learner.steps_to_update(), 8);
}
