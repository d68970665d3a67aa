//! Tests of warm starts of policy gradients.

use std::sync::Arc;

use candle_core::Var;
use freewheel_core::{Agent, ManagedVectorEnv, World};

use super::*;
use crate::Budget;
use crate::demonstrations::recorded::record;
use crate::demonstrations::{Demonstrated, WarmStart};
use crate::policy_gradient::ppo::{Config, Ppo};
use crate::policy_gradient::{PolicyGradient, all};
use crate::tabular::graph::{Graph, greedy_return};

/// Divergence and gradient of the first row of `outputs`.
fn divergence(head: &Head, outputs: &[f32], teacher: &[f32], legal: &[bool]) -> (f32, Vec<f32>) {
    let x = Var::from_slice(outputs, (1, outputs.len()), &Device::Cpu).unwrap();
    let op = Divergence { head: head.clone(), teacher: teacher.to_vec(), legal: legal.to_vec() };
    let out = x.apply_op1(op).unwrap();
    let gradients = out.sum_all().unwrap().backward().unwrap();
    let gradient = gradients.get(x.as_tensor()).unwrap().flatten_all().unwrap().to_vec1().unwrap();
    (out.to_vec1::<f32>().unwrap()[0], gradient)
}

#[test]
fn divergence_of_categories_by_hand() {
    // Teacher 3 : 1, student 1 : 1 between the legal two; the last number is the value.
    let head = Head::Categorical { num_actions: 3 };
    let (kl, gradient) =
        divergence(&head, &[0.0, 9.0, 0.0, 5.0], &[3f32.ln(), 0.0, 0.0, 7.0], &[true, false, true]);
    assert!((kl - (0.75 * 1.5f32.ln() + 0.25 * 0.5f32.ln())).abs() < 1e-6, "{kl}");
    for (found, expected) in gradient.iter().zip([-0.25, 0.0, 0.25, 0.0]) {
        assert!((found - expected).abs() < 1e-6, "{gradient:?}");
    }
}

#[test]
fn divergence_of_normals_by_hand() {
    let head = Head::Gaussian { ranges: vec![(0.0, 1.0)], squash: false, learn_std: true };
    // m = 1, s = 1; m_T = 3, s_T = e: -1 + (e^2 + 4) / 2 - 1/2.
    let (kl, gradient) = divergence(&head, &[1.0, 0.0, 5.0], &[3.0, 1.0, 7.0], &[]);
    let square = std::f32::consts::E.powi(2) + 4.0;
    assert!((kl - (square / 2.0 - 1.5)).abs() < 1e-5, "{kl}");
    assert!((gradient[0] + 2.0).abs() < 1e-6 && (gradient[1] - (1.0 - square)).abs() < 1e-5);
    assert_eq!(gradient[2], 0.0);
    let same = divergence(&head, &[1.0, 0.5, 5.0], &[1.0, 0.5, 7.0], &[]);
    assert!(same.0.abs() < 1e-6 && same.1.iter().all(|x| x.abs() < 1e-6));
}

#[test]
fn stored_actions_are_scaled_back() {
    let head = |squash| Head::Gaussian { ranges: vec![(1.0, 2.0)], squash, learn_std: true };
    let of = |squash, x: f32| {
        let mut out = Vec::new();
        stored_action(&head(squash), Actions::Continuous(&[x]), &mut out);
        out[0]
    };
    assert_eq!(of(false, 2.0), 0.5);
    assert!((of(true, 2.0) - 0.5f32.atanh()).abs() < 1e-6 && of(true, 3.0).is_finite());
}

const BUDGET: Budget = Budget { steps: 16_000, num_envs: 8 };

fn ppo(set: Option<&Arc<DemonstrationSet>>, n: usize, change: impl Fn(&mut WarmStart)) -> Ppo {
    let warm_start = set.map(|set| {
        let mut warm = WarmStart {
            demonstrated: Demonstrated::of(Arc::clone(set)),
            pretraining: 300,
            ..WarmStart::default()
        };
        change(&mut warm);
        warm
    });
    let defaults = Config::default();
    let policy_gradient = PolicyGradient { warm_start, ..defaults.policy_gradient.clone() };
    let config = Config { policy_gradient, ..defaults };
    Ppo::new(Graph::deep_sea(n).spec(), config, BUDGET, Streams::new(1)).unwrap()
}

/// Steps after which the greedy policy finds the treasure.
fn steps_to_treasure(mut agent: Ppo, n: usize) -> u64 {
    let mut envs = Graph::deep_sea(n).batch(BUDGET.num_envs, 0);
    let mut steps = 0;
    while steps < BUDGET.steps && greedy_return(&agent, Graph::deep_sea(n)).0 < 0.9 {
        agent.learn(&mut envs, 800).unwrap();
        envs.take_finished();
        steps += 800;
    }
    steps
}

/// The demonstrator takes a random action in 40 % of the steps: a clone finds the treasure at once, PPO from scratch
/// not in 16,000 steps. At the end the warm policy is still there.
#[test]
fn warm_starts_need_fewer_steps() {
    let n = 10;
    let set = record(&Graph::deep_sea(n), 60, 50, 0, |_, rng| u32::from(!rng.chance(0.2)));
    let (cold, warm) =
        (steps_to_treasure(ppo(None, n, |_| ()), n), steps_to_treasure(ppo(Some(&set), n, |_| ()), n));
    assert!(cold >= 3 * warm.max(800), "{cold} {warm}");
    let mut agent = ppo(Some(&set), n, |_| ());
    agent.learn(&mut Graph::deep_sea(n).batch(BUDGET.num_envs, 0), BUDGET.steps).unwrap();
    assert!(greedy_return(&agent, Graph::deep_sea(n)).0 > 0.9);
}

/// In the frozen phase the policy stays bit for bit the clone, and only the value changes.
#[test]
fn a_frozen_policy_does_not_change() {
    let n = 5;
    let set = record(&Graph::deep_sea(n), 20, 50, 0, |_, rng| u32::from(!rng.chance(0.2)));
    let mut agent = ppo(Some(&set), n, |warm| warm.frozen = 0.5);
    let probabilities = |agent: &Ppo| {
        let mut p = [0.0; 2];
        agent.policy(freewheel_core::PolicyMode::Greedy).action_values(&[6.0], &[true; 2], &mut p);
        p
    };
    let (before, saved) = (probabilities(&agent), agent.save().unwrap());
    let mut envs = Graph::deep_sea(n).batch(BUDGET.num_envs, 0);
    agent.learn(&mut envs, BUDGET.steps / 2).unwrap();
    assert_eq!(probabilities(&agent), before);
    assert_ne!(agent.save().unwrap(), saved);
    agent.learn(&mut envs, BUDGET.steps / 2).unwrap();
    assert_ne!(probabilities(&agent), before);
}

/// The bytes do not depend on the calls of `learn`, nor on a checkpoint in between.
#[test]
fn resumed_runs_end_in_the_same_bytes() {
    let n = 5;
    let set = record(&Graph::deep_sea(n), 20, 50, 0, |_, rng| u32::from(!rng.chance(0.2)));
    let table: toml::Table = "warm_start = { demos = \"store\", pretraining = 20 }".parse().unwrap();
    let budget = Budget { steps: 3000, num_envs: 2 };
    for factory in all().into_iter().filter(|factory| factory.id() != "recurrent-ppo") {
        let world = Graph::deep_sea(n).shared();
        let new = || factory.build_from(&*world, &table, budget, Streams::new(2), Arc::clone(&set)).unwrap();
        let (mut whole, mut envs) = (new(), Graph::deep_sea(n).batch(2, 3));
        whole.learn(&mut envs, 3000).unwrap();
        let (mut first, mut envs) = (new(), Graph::deep_sea(n).batch(2, 3));
        first.learn(&mut envs, 1110).unwrap();
        let mut second = new();
        second.load(&first.save().unwrap()).unwrap();
        second.learn(&mut envs, 1890).unwrap();
        assert_eq!(second.save().unwrap(), whole.save().unwrap(), "{}", factory.id());
        let mut empty = factory.build_in(&*world, &table, budget, Streams::new(2)).unwrap();
        assert!(empty.learn(&mut envs, 2).unwrap_err().to_string().contains("not loaded"));
    }
}
