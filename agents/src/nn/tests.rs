//! Tests of the gradients of all layers against finite differences, and of the network against candle's operations.

use candle_core::{Device, Tensor};
use freewheel_core::{Purpose, Streams};

use super::model::{tensor, with_slice};
use super::{Activation, Builder, Conv, Init, Model, Network, Pass, Workspace};

const INIT: Init = Init::Xavier(1.0);

fn numbers(n: usize, index: u64) -> Vec<f32> {
    let mut rng = Streams::new(5).stream(Purpose::Initialization, index, 1);
    (0..n).map(|_| rng.normal() as f32).collect()
}

fn parameters(network: &Network) -> Vec<f32> {
    // Random biases too: zeros would hide mistakes.
    numbers(network.size(), 7).iter().map(|x| 0.5 * x).collect()
}

/// Network with every kind of layer.
fn all_layers(activation: Activation) -> Network {
    let mut net = Builder::new(2 * 4 * 3);
    let planes = net.channels_last(0, 2);
    let conv = Conv { channels: 2, size: [4, 3], out_channels: 3, kernel: 3, stride: 1, padding: 1 };
    let first = net.conv("conv.0", planes, conv, None, activation, INIT);
    let conv = Conv { channels: 3, ..conv };
    let inner = net.conv("block.0", first, conv, None, activation, INIT);
    let block = net.conv("block.1", inner, conv, Some(first), activation, INIT);
    let conv = Conv { kernel: 2, stride: 2, padding: 0, out_channels: 2, ..conv };
    let small = net.conv("conv.1", block, conv, None, activation, INIT);
    let hidden = net.linear("hidden", small, 5, activation, INIT);
    let value = net.linear("value", hidden, 1, Activation::Identity, INIT);
    let advantages = net.linear("advantages", hidden, 3, Activation::Identity, INIT);
    let q = net.dueling(value, advantages);
    let free = net.free_parameters("free", 2, 0.5);
    let normal = net.layer_norm("norm", hidden, activation);
    let noisy = net.noisy("noisy", normal, 4, activation);
    let values = net.linear("values", noisy, 2, Activation::Identity, INIT);
    let quantiles = net.noisy("quantiles", noisy, 6, Activation::Identity);
    let quantiles = net.dueling(values, quantiles);
    net.build(&[q, free, hidden, quantiles])
}

/// Two transposed convolutions, with a stride that does and does not divide the sides.
fn transposed_network(activation: Activation) -> Network {
    let mut net = Builder::new(2 * 2 * 3);
    let conv = Conv { channels: 2, size: [4, 5], out_channels: 3, kernel: 3, stride: 2, padding: 1 };
    assert_eq!(conv.out_size(), [2, 3]);
    let conv = Conv { out_channels: 2, ..conv };
    let wide = net.transposed("transposed.0", 0, conv, activation, INIT);
    let conv = Conv { channels: 1, size: [8, 10], out_channels: 2, kernel: 4, stride: 2, padding: 1 };
    let wider = net.transposed("transposed.1", wide, conv, activation, INIT);
    net.build(&[wider])
}

fn one_hot() -> Network {
    let mut net = Builder::new(2);
    let first = net.one_hot("embed", 4, 6, Activation::Tanh, INIT);
    let out = net.linear("out", first, 3, Activation::Sigmoid, INIT);
    net.build(&[out])
}

/// Units of a one-hot layer have variance gain^2 for few and for many indices: 2 fields, gain 1.5.
#[test]
fn embeddings_have_the_variance_of_their_gain() {
    for n in [3, 2000] {
        let mut net = Builder::new(2);
        let node = net.one_hot("embed", n, 4000 / n.min(40), Activation::Identity, Init::Orthogonal(1.5));
        let network = net.build(&[node]);
        let p = network.initial(&mut Streams::new(1).stream(Purpose::Initialization, 0, 0));
        let mut out = vec![0.0; network.output_len()];
        network.act(&p, &[0.0, 2.0], &mut Workspace::default(), &mut out);
        let variance = out.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / out.len() as f64;
        // At least 100 units: four standard errors of the variance are below 2.
        assert!((variance - 2.25).abs() < 1.3, "{n}: {variance}");
    }
}

/// Weighted sum of the outputs in f64.
fn weighted_output(network: &Network, parameters: &[f32], x: &[f32], weights: &[f32]) -> f64 {
    let mut out = vec![0.0; weights.len()];
    network.act(parameters, x, &mut Workspace::default(), &mut out);
    out.iter().zip(weights).map(|(o, w)| f64::from(*o) * f64::from(*w)).sum()
}

fn check_gradient(network: &Network, x: &[f32], input_gradient: bool) {
    let rows = x.len() / network.input_len();
    let p = parameters(network);
    let weights = numbers(rows * network.output_len(), 9);
    let (mut pass, mut out) = (Pass::default(), vec![0.0; weights.len()]);
    network.forward(&p, x, &mut pass, &mut out);
    let (mut grad_p, mut grad_x) = (vec![9.0; p.len()], vec![9.0; x.len()]);
    network.backward(&p, x, &mut pass, &weights, &mut grad_p, input_gradient.then_some(&mut grad_x[..]));
    let difference = |at: usize, of: &[f32], f: &dyn Fn(&[f32]) -> f64| {
        let step = 3e-3f32;
        let mut moved = of.to_vec();
        moved[at] = of[at] + step;
        let above = f(&moved);
        moved[at] = of[at] - step;
        (above - f(&moved)) / f64::from(2.0 * step)
    };
    let close = |found: f32, expected: f64, what: String| {
        let error = (f64::from(found) - expected).abs();
        assert!(error < 2e-2 * (1.0 + expected.abs()), "{what}: {found}, by differences {expected}");
    };
    for block in network.parameters() {
        let is_noise = block.name.ends_with(".noise");
        for at in block.range.clone() {
            if is_noise {
                assert_eq!(grad_p[at], 0.0, "noise is not learned");
                continue;
            }
            let expected = difference(at, &p, &|p| weighted_output(network, p, x, &weights));
            close(grad_p[at], expected, format!("{} [{}]", block.name, at - block.range.start));
        }
    }
    if input_gradient {
        for (at, &found) in grad_x.iter().enumerate() {
            close(
                found,
                difference(at, x, &|x| weighted_output(network, &p, x, &weights)),
                format!("x [{at}]"),
            );
        }
    }
}

#[test]
fn gradients_agree_with_finite_differences() {
    for activation in [Activation::Tanh, Activation::Sigmoid, Activation::Identity] {
        let network = all_layers(activation);
        check_gradient(&network, &numbers(5 * network.input_len(), 3), true);
        let network = transposed_network(activation);
        check_gradient(&network, &numbers(5 * network.input_len(), 3), true);
    }
    check_gradient(&one_hot(), &[0.0, 3.0, 2.0, 2.0, 1.0, 0.0, 3.0, 3.0], false);
}

/// Includes ReLU, which finite differences cannot test at its kink.
#[test]
fn agrees_with_candles_layers() {
    let mut net = Builder::new(8);
    let hidden = net.linear("0", 0, 16, Activation::Relu, INIT);
    let hidden = net.linear("1", hidden, 16, Activation::Tanh, INIT);
    let out = net.linear("2", hidden, 4, Activation::Identity, INIT);
    let network = net.build(&[out]);
    let mut model = Model::new(network, &mut Streams::new(0).stream(Purpose::Initialization, 0, 0)).unwrap();
    let p = parameters(model.network());
    model.set_parameters(&p).unwrap();
    for rows in [1, 3, 33] {
        let x = tensor(numbers(rows * 8, 4), (rows, 8)).unwrap();
        let vars: Vec<candle_core::Var> = (model.network().parameters().iter())
            .map(|block| {
                let block_of = p[block.range.clone()].to_vec();
                candle_core::Var::from_vec(block_of, block.shape.clone(), &Device::Cpu).unwrap()
            })
            .collect();
        let layer =
            |x: &Tensor, i: usize| x.matmul(&vars[2 * i]).unwrap().broadcast_add(&vars[2 * i + 1]).unwrap();
        let theirs = layer(&layer(&layer(&x, 0).relu().unwrap(), 1).tanh().unwrap(), 2);
        let ours = model.forward(&x, false).unwrap();
        let loss = |out: &Tensor| out.sqr().unwrap().sum_all().unwrap();
        let difference =
            (&ours - &theirs).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
        assert!(difference < 1e-5, "{difference}");
        let mut acted = vec![0.0; rows * 4];
        with_slice(&x, |x| model.act(x, &mut Workspace::default(), &mut acted).unwrap()).unwrap();
        let acted = tensor(acted, (rows, 4)).unwrap();
        let difference =
            (&acted - &theirs).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
        assert!(difference < 1e-5, "{difference}");
        // A step of SGD with learning rate 1 gives the gradient.
        let before = model.parameters().unwrap();
        let mut descent = super::Optimizer::new(super::OptimizerConfig::Sgd { momentum: 0.0 }, p.len());
        model.learn(&loss(&ours), &mut descent, 1.0, None, 0).unwrap();
        let after = model.parameters().unwrap();
        let gradients = loss(&theirs).backward().unwrap();
        let expected: Vec<f32> = vars
            .iter()
            .flat_map(|var| gradients.get(var).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap())
            .collect();
        for ((before, after), expected) in before.iter().zip(&after).zip(&expected) {
            assert!(
                (before - after - expected).abs() < 1e-4 * (1.0 + expected.abs()),
                "{before} {after} {expected}"
            );
        }
        model.set_parameters(&p).unwrap();
    }
}

#[test]
fn chunks_change_only_the_order_of_sums() {
    let mut net = Builder::new(64);
    let hidden = net.linear("0", 0, 256, Activation::Tanh, INIT);
    let out = net.linear("1", hidden, 256, Activation::Identity, INIT);
    let network = net.build(&[out]);
    let (p, rows) = (parameters(&network), 100);
    let (x, weights) = (numbers(rows * 64, 1), numbers(rows * 256, 2));
    let gradient = |threads: usize, at_once: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut sum = vec![0f64; p.len()];
        for (x, weights) in x.chunks(at_once * 64).zip(weights.chunks(at_once * 256)) {
            let (mut pass, mut out, mut grad_p) =
                (Pass::default(), vec![0.0; weights.len()], vec![0.0; p.len()]);
            pool.install(|| {
                network.forward(&p, x, &mut pass, &mut out);
                network.backward(&p, x, &mut pass, weights, &mut grad_p, None);
            });
            sum.iter_mut().zip(&grad_p).for_each(|(sum, g)| *sum += f64::from(*g));
        }
        sum
    };
    let cut = gradient(1, rows);
    assert_eq!(cut, gradient(2, rows));
    let whole = gradient(1, 20);
    assert!(cut.iter().zip(&whole).all(|(a, b)| (a - b).abs() < 1e-3 * (1.0 + b.abs())));
}

/// Two inputs and two outputs by hand: y = (W + S e_i e_o) x + b + s e_o.
#[test]
fn noisy_layers_by_hand() {
    let mut net = Builder::new(2);
    let y = net.noisy("noisy", 0, 2, Activation::Identity);
    let network = net.build(&[y]);
    let (w, sigma) = ([1.0, 2.0, 3.0, 4.0], [0.5, 0.25, 1.0, 2.0]);
    let (bias, noise) = ([0.1, 0.2, 0.5, 1.0], [2.0, -1.0, 3.0, 0.5]);
    let mut p: Vec<f32> = [&w[..], &sigma, &bias, &noise].concat();
    let act = |p: &[f32]| {
        let mut out = [0.0; 2];
        network.act(p, &[1.0, 10.0], &mut Workspace::default(), &mut out);
        out
    };
    // First output: weights 1 + .5 * 2 * 3 = 4 and 3 + 1 * -1 * 3 = 0, bias .1 + .5 * 3 = 1.6. Second: weights
    // 2 + .25 * 2 * .5 = 2.25 and 4 + 2 * -1 * .5 = 3, bias .2 + 1 * .5 = .7.
    let found = act(&p);
    assert!((found[0] - 5.6).abs() < 1e-5 && (found[1] - 32.95).abs() < 1e-5, "{found:?}");
    network.clear_noise(&mut p);
    let found = act(&p);
    assert!((found[0] - 31.1).abs() < 1e-5 && (found[1] - 42.2).abs() < 1e-5, "{found:?}");
    // f(x) = sign(x) sqrt |x| of normal numbers: mean 0, mean square sqrt(2 / pi).
    let mut rng = Streams::new(3).stream(Purpose::Agent, 0, 0);
    let (mut sum, mut squares) = (0.0, 0.0);
    for _ in 0..5000 {
        network.resample_noise(&mut p, &mut rng);
        p[12..].iter().for_each(|&e| (sum, squares) = (sum + f64::from(e), squares + f64::from(e * e)));
    }
    assert!((sum / 2e4).abs() < 0.03 && (squares / 2e4 - 0.797_885).abs() < 0.02, "{sum} {squares}");
}

#[test]
fn layer_normalization_by_hand() {
    let mut net = Builder::new(3);
    let y = net.layer_norm("norm", 0, Activation::Relu);
    let network = net.build(&[y]);
    let mut out = [0.0; 3];
    network.act(&[1.0, 2.0, 1.0, 0.0, 0.5, -9.0], &[1.0, 2.0, 6.0], &mut Workspace::default(), &mut out);
    // Mean 3, variance 14/3: -2, -1, 3 times .46291, then gains 1, 2, 1 and biases 0, .5, -9, and ReLU.
    let expected = [0.0, 0.0, 0.0];
    assert_eq!(out, expected);
    network.act(&[1.0, 2.0, 1.0, 1.0, 1.5, -1.0], &[1.0, 2.0, 6.0], &mut Workspace::default(), &mut out);
    for (found, expected) in out.iter().zip([0.074_181, 0.574_181, 0.388_728]) {
        assert!((found - expected).abs() < 1e-4, "{out:?}");
    }
}

/// Rows of a table of many indices are as large as those of a small one.
#[test]
fn rows_of_an_embedding_do_not_depend_on_their_number() {
    for n in [4, 500] {
        let mut net = Builder::new(1);
        let y = net.one_hot("embed", n, 64, Activation::Identity, Init::Orthogonal(1.0));
        let network = net.build(&[y]);
        let p = network.initial(&mut Streams::new(0).stream(Purpose::Initialization, 0, 0));
        let square = p[..n * 64].iter().map(|w| w * w).sum::<f32>() / (n * 64) as f32;
        assert!((square - 1.0).abs() < 0.2, "{n} {square}");
    }
}
