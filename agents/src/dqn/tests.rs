//! Tests of the loss and the targets against numbers computed by hand.

use candle_core::{Device, Tensor};
use freewheel_core::{ObservationSpace, Purpose, Spec, Streams};

use super::loss::{loss, priority, quantile_loss};
use super::policy::{argmax_legal, begin_probability, random_repeats};
use super::{Config, Dqn, HEADS, scale_heads};
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

/// Two quantiles (levels .25 and .75) of one action against two targets.
#[test]
fn quantile_loss_by_hand() {
    let device = Device::Cpu;
    let values = vec![9.0f32, 9.0, 1.0, 3.0, 0.0, 0.5, 9.0, 9.0];
    let q = candle_core::Var::from_vec(values, (2, 4), &device).unwrap();
    let (targets, weights) = (
        Tensor::new(&[[0.0f32, 5.0], [0.25, 0.25]], &device).unwrap(),
        Tensor::new(&[1.0f32, 0.5], &device).unwrap(),
    );
    // First step, quantiles 1 and 3: u = -1, 4 and -3, 2; the factors are .75, .25 and .25, .75. Second step,
    // quantiles 0 and .5: u = .25, .25 and -.25, -.25; factors .25, .25 and .25, .25.
    let (mean, errors) = quantile_loss(&q, &[1, 0], &targets, &weights, 0.0).unwrap();
    assert_eq!(errors.to_vec1::<f32>().unwrap(), [-0.5, 0.0]);
    let first = (0.75 + 1.0) / 2.0 + (0.75 + 1.5) / 2.0;
    let expected = (first + 0.5 * 0.125) / 2.0;
    assert!((mean.to_scalar::<f32>().unwrap() - expected).abs() < 1e-6);
    let gradients = mean.backward().unwrap();
    let gradient = gradients.get(&q).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let expected = [0.0, 0.0, 0.125, -0.125, -0.0625, 0.0625, 0.0, 0.0];
    for (found, expected) in gradient.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-6, "{gradient:?}");
    }
    // Huber with delta 2: sizes 1/4, 4 - 1 = 3, 3 - 1 = 2, 1 (quadratic / 2: u^2 / 4); then .0625 / 4.
    let (mean, _) = quantile_loss(&q, &[1, 0], &targets, &weights, 2.0).unwrap();
    let first = (0.75 * 0.25 + 0.25 * 3.0) / 2.0 + (0.25 * 2.0 + 0.75 * 1.0) / 2.0;
    let expected = (first + 0.5 * 0.5 * 0.0625 / 4.0) / 2.0;
    assert!((mean.to_scalar::<f32>().unwrap() - expected).abs() < 1e-6);
}

/// Targets of quantiles: those of the action with the best mean.
#[test]
fn targets_of_quantiles() {
    let (spec, budget) = (spec(2), Budget { steps: 100, num_envs: 1 });
    let config = Config { quantiles: 3, dueling: true, double: false, ..Config::default() };
    let mut dqn = Dqn::new(&spec, config, budget, Streams::new(3)).unwrap();
    let sample = Sample {
        indices: vec![0, 1],
        successors: vec![0.1, 0.9, 0.7, 0.2],
        legal: vec![true; 4],
        rewards: vec![2.0, -4.0],
        discounts: vec![0.9, -0.5],
        ..Sample::default()
    };
    let mut q = vec![0.0; 12];
    dqn.model.network().act(&dqn.target, &sample.successors, &mut Workspace::default(), &mut q);
    let targets = dqn.targets(&sample).unwrap();
    assert_eq!(targets.len(), 6);
    for i in 0..2 {
        let own = &q[6 * i..6 * i + 6];
        let sums = [own[..3].iter().sum::<f32>(), own[3..].iter().sum::<f32>()];
        let best = if sums[1] > sums[0] { &own[3..] } else { &own[..3] };
        for (target, value) in targets[3 * i..].iter().zip(best) {
            assert_eq!(*target, sample.rewards[i] + sample.discounts[i] * value);
        }
    }
}

/// A new scale of the returns leaves the action values in units of reward as they are.
#[test]
fn scaled_heads_scale_the_outputs() {
    let spec = spec(3);
    for (dueling, noisy, quantiles) in [(false, false, 1), (true, true, 2)] {
        let config = Config { dueling, noisy, quantiles, ..Config::default() };
        let network = config.network(&spec, 3);
        let mut rng = Streams::new(1).stream(Purpose::Initialization, 0, 0);
        let mut parameters = network.initial(&mut rng);
        network.resample_noise(&mut parameters, &mut rng);
        let act = |parameters: &[f32]| {
            let mut out = vec![0.0; network.output_len()];
            network.act(parameters, &[0.3, 0.8], &mut Workspace::default(), &mut out);
            out
        };
        let before = act(&parameters);
        scale_heads(&network, &mut parameters, 2.5);
        for (after, before) in act(&parameters).iter().zip(before) {
            assert!((after - 2.5 * before).abs() < 1e-5, "{after} {before}");
        }
    }
    assert_eq!(HEADS.len(), 3);
}

#[test]
fn random_actions_are_repeated_by_an_inverse_square_law() {
    let mut rng = Streams::new(2).stream(Purpose::Agent, 0, 0);
    let mut counts = [0; 100];
    (0..20_000).for_each(|_| counts[random_repeats(&mut rng) as usize] += 1);
    // 1 / 1.634984, a quarter and a ninth of it.
    for (count, share) in counts.iter().zip([0.611_627, 0.152_907, 0.067_959]) {
        assert!((f64::from(*count) / 2e4 - share).abs() < 0.011, "{counts:?}");
    }
    assert!(counts[50..].iter().sum::<i32>() > 0);
    // A tenth of the steps are random, although each random action takes several.
    let (mut random, mut steps) = (0, 0);
    while steps < 400_000 {
        let taken = if rng.chance(begin_probability(0.1)) { 1 + random_repeats(&mut rng) } else { 0 };
        (random, steps) = (random + taken, steps + taken.max(1));
    }
    assert!((f64::from(random) / f64::from(steps) - 0.1).abs() < 0.01, "{random} of {steps}");
    assert_eq!(begin_probability(1.0), 1.0);
}
