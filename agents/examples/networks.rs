//! Times of training steps and inference of two networks on given data, one JSON line each.
//!
//!     RAYON_NUM_THREADS=1 cargo run --release -p freewheel-agents --example networks [-- FILTER]
//!
//! A training step is forward pass, squared error, backward pass and Adam. The small network is 8-128-128-4 with
//! ReLU. The tower reads 17 planes of 9x9 with a convolution of 64 channels and three residual blocks, and has 82
//! logits and a value.

#![allow(clippy::print_stdout)] // The output of the example.

use std::time::Instant;

use candle_core::{Device, Tensor};
use freewheel_agents::nn::{
    Activation, Builder, Conv, Init, Model, Network, Optimizer, OptimizerConfig, Workspace,
};
use freewheel_core::{Purpose, Streams};

const ROUNDS: usize = 15;
/// Duration of one measurement in seconds.
const ROUND: f64 = 0.1;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn small() -> Network {
    let mut net = Builder::new(8);
    let hidden = net.linear("0", 0, 128, Activation::Relu, Init::Kaiming(1.0));
    let hidden = net.linear("1", hidden, 128, Activation::Relu, Init::Kaiming(1.0));
    let out = net.linear("2", hidden, 4, Activation::Identity, Init::Kaiming(1.0));
    net.build(&[out])
}

fn tower() -> Network {
    let mut net = Builder::new(17 * 81);
    let init = Init::Kaiming(1.0);
    let first = Conv { channels: 17, size: [9, 9], out_channels: 64, kernel: 3, stride: 1, padding: 1 };
    let conv = Conv { channels: 64, ..first };
    let mut node = net.channels_last(0, 17);
    node = net.conv("conv", node, first, None, Activation::Relu, init);
    for i in 0..3 {
        let inner = net.conv(&format!("block.{i}.0"), node, conv, None, Activation::Relu, init);
        node = net.conv(&format!("block.{i}.1"), inner, conv, Some(node), Activation::Relu, init);
    }
    let head = |channels| Conv { channels: 64, out_channels: channels, kernel: 1, padding: 0, ..first };
    let policy = net.conv("policy.conv", node, head(2), None, Activation::Relu, init);
    let policy = net.linear("policy.logits", policy, 82, Activation::Identity, init);
    let value = net.conv("value.conv", node, head(1), None, Activation::Relu, init);
    let value = net.linear("value.hidden", value, 64, Activation::Relu, init);
    let value = net.linear("value.out", value, 1, Activation::Tanh, init);
    net.build(&[policy, value])
}

fn report(name: &str, mut run: impl FnMut() -> Result<()>) -> Result<()> {
    if std::env::args().nth(1).is_some_and(|only| !name.contains(&only)) {
        return Ok(());
    }
    let mut time = |count: usize| -> Result<f64> {
        let begin = Instant::now();
        (0..count).try_for_each(|_| run())?;
        Ok(begin.elapsed().as_secs_f64() / count as f64)
    };
    let once = time(3)?.min(time(3)?);
    let count = (ROUND / once).ceil() as usize;
    let mut rounds = (0..ROUNDS).map(|_| time(count)).collect::<Result<Vec<_>>>()?;
    rounds.sort_by(f64::total_cmp);
    let (median, best) = (rounds[ROUNDS / 2] * 1e6, rounds[0] * 1e6);
    println!(
        "{{\"name\": \"{name}\", \"unit\": \"us\", \"median\": {median:.3}, \"best\": {best:.3}, \"threads\": {}}}",
        rayon::current_num_threads()
    );
    Ok(())
}

fn step(name: &str, network: Network, rows: usize) -> Result<()> {
    let mut rng = Streams::new(0).stream(Purpose::Initialization, 0, 0);
    let (d, o, size) = (network.input_len(), network.output_len(), network.size());
    let mut numbers = |n: usize| -> Vec<f32> { (0..n).map(|_| rng.normal() as f32).collect() };
    let x = Tensor::from_vec(numbers(rows * d), (rows, d), &Device::Cpu)?;
    let y = Tensor::from_vec(numbers(rows * o), (rows, o), &Device::Cpu)?;
    let model = Model::new(network, &mut rng)?;
    let mut adam = Optimizer::new(OptimizerConfig::default(), size);
    report(name, || {
        let loss = (model.forward(&x, false)? - &y)?.sqr()?.mean_all()?;
        model.learn(&loss, &mut adam, 1e-4, None, 0)?;
        Ok(())
    })
}

fn act(name: &str, network: Network, rows: usize) -> Result<()> {
    let mut rng = Streams::new(0).stream(Purpose::Initialization, 0, 0);
    let x: Vec<f32> = (0..rows * network.input_len()).map(|_| rng.normal() as f32).collect();
    let mut out = vec![0.0; rows * network.output_len()];
    let parameters = network.initial(&mut rng);
    let mut workspace = Workspace::default();
    report(name, || {
        network.act(std::hint::black_box(&parameters), &x, &mut workspace, &mut out);
        std::hint::black_box(&out);
        Ok(())
    })
}

fn main() -> Result<()> {
    step("mlp/step/32", small(), 32)?;
    step("mlp/step/512", small(), 512)?;
    act("mlp/act/1", small(), 1)?;
    act("mlp/act/8", small(), 8)?;
    act("mlp/act/64", small(), 64)?;
    act("tower/act/1", tower(), 1)?;
    step("tower/step/128", tower(), 128)
}
