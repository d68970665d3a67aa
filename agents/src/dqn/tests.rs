//! Tests of the loss and the targets against numbers computed by hand.

use candle_core::{Device, Tensor};
use freewheel_core::{ObservationSpace, Spec, Streams};

use super::{Config, Dqn, argmax_legal, loss, priority};
use crate::Budget;
use crate::nn::Workspace;
use crate::replay::Sample;

fn spec(actions: usize) -> Spec {
    let names: Vec<String> = (0..actions).map(|a| a.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let observation = ObservationSpace::vector(&[(0.0, 2.55e4), (0.0, 1.0)]);
    Spec { masked: true, players: 2, observation, ..Spec::discrete("test/replay", 1, &names) }
}

#[test]
fn hubers_loss_by_hand() {
    let device = Device::Cpu;
    let q = candle_core::Var::from_vec(vec![1.0f32, 9.0, 2.0, 9.0, 9.0, -1.0], (3, 2), &device).unwrap();
    let (targets, weights) = (
        Tensor::new(&[0.5f32, 5.0, 1.0], &device).unwrap(),
        Tensor::new(&[1.0f32, 0.5, 2.0], &device).unwrap(),
    );
    // Errors .5, -3, -2: .125, 2.5, 1.5, weighed .125, 1.25, 3: mean 1.458333.
    let (mean, errors) = loss(&q, &[0, 0, 1], &targets, &weights, 1.0).unwrap();
    assert_eq!(errors.to_vec1::<f32>().unwrap(), [0.5, -3.0, -2.0]);
    assert!((mean.to_scalar::<f32>().unwrap() - 1.458_333_3).abs() < 1e-6);
    let gradients = mean.backward().unwrap();
    let gradient = gradients.get(&q).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
    for (found, expected) in gradient.iter().zip([0.5 / 3.0, 0.0, -0.5 / 3.0, 0.0, 0.0, -2.0 / 3.0]) {
        assert!((found - expected).abs() < 1e-6, "{gradient:?}");
    }
    // Quadratic everywhere: .125, 4.5, 2, weighed .125, 2.25, 4.
    let (mean, _) = loss(&q, &[0, 0, 1], &targets, &weights, 0.0).unwrap();
    assert!((mean.to_scalar::<f32>().unwrap() - 6.375 / 3.0).abs() < 1e-6);
}

#[test]
fn argmax_is_legal() {
    assert_eq!(argmax_legal(&[1.0, 5.0, 3.0], &[true, false, true]), 2);
    assert_eq!(argmax_legal(&[1.0, 1.0], &[true, true]), 0);
    assert_eq!(argmax_legal(&[1.0, 1.0], &[false, false]), 0);
    assert_eq!(argmax_legal(&[f32::NAN, 2.0], &[true, true]), 0);
}

/// Values of the successors: selected by one network and evaluated by the other, among the legal actions.
#[test]
fn targets_of_double_q_learning() {
    let spec = spec(3);
    let budget = Budget { steps: 100, num_envs: 1 };
    let build = |double, seed| {
        let config = Config { double, reward_scale: 0.5, learning_starts: 8, ..Config::default() };
        Dqn::new(&spec, config, budget, Streams::new(seed)).unwrap()
    };
    let other = build(true, 99).model.parameters().unwrap();
    let sample = Sample {
        indices: vec![0, 1, 2, 3],
        successors: vec![0.1, 0.9, 0.7, 0.2, 0.4, 0.4, 0.5, 0.6],
        legal: [[true; 3], [true, false, true], [false; 3], [false, true, false]].concat(),
        rewards: vec![2.0, -4.0, 6.0, 0.0],
        discounts: vec![0.9, -0.9, 0.9, 0.0],
        ..Sample::default()
    };
    for double in [true, false] {
        // There is a seed for which the two networks have different best actions.
        let mut differs = false;
        for seed in 0..8 {
            let mut dqn = build(double, seed);
            dqn.target.copy_from_slice(&other);
            let (mut online, mut target_q, mut work) = (vec![0.0; 12], vec![0.0; 12], Workspace::default());
            dqn.model.act(&sample.successors, &mut work, &mut online).unwrap();
            dqn.model.network().act(&other, &sample.successors, &mut work, &mut target_q);
            let targets = dqn.targets(&sample).unwrap();
            for i in 0..4 {
                let legal: Vec<usize> = (0..3).filter(|a| sample.legal[3 * i + a]).collect();
                let max =
                    |q: &[f32]| legal.iter().copied().max_by(|&a, &b| q[3 * i + a].total_cmp(&q[3 * i + b]));
                differs |= max(&online) != max(&target_q);
                let chosen = if double { max(&online) } else { max(&target_q) };
                let value = chosen.map_or(0.0, |a| target_q[3 * i + a]);
                assert_eq!(
                    targets[i],
                    sample.rewards[i] * 0.5 + sample.discounts[i] * value,
                    "{double} {seed} {i}"
                );
            }
        }
        assert!(differs);
    }
}

#[test]
fn priorities_by_hand() {
    assert!((priority(-0.25, 0.5) - 0.250_001f64.sqrt()).abs() < 1e-12 && priority(0.3, 0.0) == 1.0);
    assert!(priority(0.0, 1.0) > 0.0);
}
