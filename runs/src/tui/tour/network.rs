//! A small network in two dimensions that learns step by step, made of the library's layers and optimizers.

use freewheel_agents::nn::{Activation, Builder, Init, Network, Optimizer, OptimizerConfig, Pass, Workspace};
use freewheel_core::{Purpose, Stream, Streams};

/// Labeled point in the plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    /// The two inputs, about -1 to 1.
    pub(super) at: [f64; 2],
    /// Class, 0 or 1.
    pub(super) class: usize,
}

/// Choice of the points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Two clouds, which a line separates.
    Clouds,
    /// A cloud within a ring, which no line separates.
    Ring,
}

impl Shape {
    /// The other shape.
    pub(super) fn next(self) -> Self {
        if self == Shape::Clouds { Shape::Ring } else { Shape::Clouds }
    }

    /// 60 points of this shape, 30 of each class.
    pub(super) fn points(self) -> Vec<Point> {
        let mut rng = Streams::new(5).stream(Purpose::Data, self as u64, 0);
        (0..60).map(|i| Point { at: self.point(i % 2, &mut rng), class: i % 2 }).collect()
    }

    fn point(self, class: usize, rng: &mut Stream) -> [f64; 2] {
        let normal = |rng: &mut Stream| rng.normal();
        match (self, class) {
            (Shape::Clouds, _) => {
                let side = if class == 0 { -1.0 } else { 1.0 };
                [0.42 * side + 0.17 * normal(rng), 0.3 * side + 0.17 * normal(rng)]
            }
            (Shape::Ring, 0) => [0.16 * normal(rng), 0.16 * normal(rng)],
            (Shape::Ring, _) => {
                let (angle, radius) = (std::f64::consts::TAU * rng.uniform(), 0.72 + 0.07 * normal(rng));
                [radius * angle.cos(), radius * angle.sin()]
            }
        }
    }
}

/// Network of two inputs and one output, the probability of class 1.
pub(super) struct PlaneNetwork {
    network: Network,
    /// Network of the first layers, one for each hidden layer, whose outputs are those of the layer.
    parts: Vec<Network>,
    /// Parameters, `[P]`.
    pub(super) parameters: Vec<f32>,
    optimizer: Optimizer,
    learning_rate: f64,
    /// Number of steps so far.
    pub(super) steps: u64,
}

impl PlaneNetwork {
    /// One neuron, with weights 0.
    pub(super) fn neuron() -> Self {
        let mut made = PlaneNetwork::new(&[], OptimizerConfig::Sgd { momentum: 0.0 }, 0.8);
        made.parameters.fill(0.0);
        made
    }

    /// Network with hidden layers of these sizes, with random weights.
    pub(super) fn deep(hidden: &[usize]) -> Self {
        PlaneNetwork::new(hidden, OptimizerConfig::default(), 0.02)
    }

    fn new(hidden: &[usize], optimizer: OptimizerConfig, learning_rate: f64) -> Self {
        let part = |layers: usize, output: bool| {
            let mut net = Builder::new(2);
            let mut at = 0;
            for (i, &units) in hidden.iter().take(layers).enumerate() {
                at = net.linear(&format!("hidden.{i}"), at, units, Activation::Tanh, Init::Xavier(1.6));
            }
            if output {
                at = net.linear("out", at, 1, Activation::Identity, Init::Xavier(1.0));
            }
            net.build(&[at])
        };
        let network = part(hidden.len(), true);
        let parameters = network.initial(&mut Streams::new(2).stream(Purpose::Initialization, 0, 0));
        PlaneNetwork {
            optimizer: Optimizer::new(optimizer, network.size()),
            parts: (1..=hidden.len()).map(|layers| part(layers, false)).collect(),
            network,
            parameters,
            learning_rate,
            steps: 0,
        }
    }

    /// Weighted sum of the last neuron for each of the points `x [N, 2]`.
    fn sums(&self, x: &[f32]) -> Vec<f32> {
        let mut out = vec![0.0; x.len() / 2];
        self.network.act(&self.parameters, x, &mut Workspace::default(), &mut out);
        out
    }

    /// Weighted sum of the last neuron, and the probability of class 1, the sigmoid of the sum.
    pub(super) fn output(&self, at: [f64; 2]) -> (f64, f64) {
        let sum = self.sums(&at.map(|x| x as f32))[0];
        (sum.into(), sigmoid(sum).into())
    }

    /// Probabilities of class 1.
    pub(super) fn probabilities(&self, at: &[[f64; 2]]) -> Vec<f64> {
        let x: Vec<f32> = at.iter().flatten().map(|&x| x as f32).collect();
        self.sums(&x).into_iter().map(|sum| sigmoid(sum).into()).collect()
    }

    /// Outputs of the neurons of each hidden layer, -1 to 1.
    pub(super) fn hidden(&self, at: [f64; 2]) -> Vec<Vec<f32>> {
        let outputs = |part: &Network| {
            let mut out = vec![0.0; part.output_len()];
            let x = at.map(|x| x as f32);
            part.act(&self.parameters[..part.size()], &x, &mut Workspace::default(), &mut out);
            out
        };
        self.parts.iter().map(outputs).collect()
    }

    /// One step of gradient descent on the mean log loss of `points`.
    pub(super) fn learn(&mut self, points: &[Point]) {
        let x: Vec<f32> = points.iter().flat_map(|point| point.at.map(|x| x as f32)).collect();
        let (mut pass, mut out) = (Pass::default(), vec![0.0; points.len()]);
        self.network.forward(&self.parameters, &x, &mut pass, &mut out);
        let share = 1.0 / points.len().max(1) as f32;
        let errors = out.iter().zip(points).map(|(&sum, point)| sigmoid(sum) - point.class as f32);
        let errors: Vec<f32> = errors.map(|error| error * share).collect();
        let mut gradient = vec![0.0; self.network.size()];
        self.network.backward(&self.parameters, &x, &mut pass, &errors, &mut gradient, None);
        self.optimizer.step(&mut self.parameters, &gradient, self.learning_rate, None);
        self.steps += 1;
    }

    /// Mean log loss, and the share of the points on the right side.
    pub(super) fn score(&self, points: &[Point]) -> (f64, f64) {
        let at: Vec<[f64; 2]> = points.iter().map(|point| point.at).collect();
        let all = self.probabilities(&at);
        let loss = |(p, point): (&f64, &Point)| -(if point.class == 1 { *p } else { 1.0 - p }).max(1e-9).ln();
        let right = all.iter().zip(points).filter(|(p, point)| (**p > 0.5) == (point.class == 1)).count();
        let n = points.len().max(1) as f64;
        (all.iter().zip(points).map(loss).sum::<f64>() / n, right as f64 / n)
    }
}

fn sigmoid(sum: f32) -> f32 {
    let mut one = [sum];
    Activation::Sigmoid.apply(&mut one);
    one[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neuron_separates_clouds_and_no_ring() {
        for (shape, least, most) in [(Shape::Clouds, 1.0, 1.0), (Shape::Ring, 0.4, 0.8)] {
            let (points, mut neuron) = (shape.points(), PlaneNetwork::neuron());
            (0..400).for_each(|_| neuron.learn(&points));
            let (_, right) = neuron.score(&points);
            assert!((least..=most).contains(&right), "{shape:?}: {right}");
        }
    }

    #[test]
    fn a_deep_network_separates_the_ring() {
        let (points, mut network) = (Shape::Ring.points(), PlaneNetwork::deep(&[6, 6]));
        (0..400).for_each(|_| network.learn(&points));
        assert_eq!(network.score(&points).1, 1.0);
        let hidden = network.hidden(points[0].at);
        assert_eq!(hidden.iter().map(Vec::len).collect::<Vec<_>>(), [6, 6]);
        // The last hidden layer gives the sum of the output.
        let out = &network.parameters[network.parameters.len() - 7..];
        let sum: f32 = hidden[1].iter().zip(out).map(|(h, w)| h * w).sum::<f32>() + out[6];
        assert!((f64::from(sum) - network.output(points[0].at).0).abs() < 1e-5);
    }
}
