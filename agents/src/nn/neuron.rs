//! One neuron of a dense layer with its numbers, for the viewer.

use freewheel_core::{Neuron, NeuronInput};

use super::activation::Activation;
use super::layer::{noisy_weight, one_hot_rows};
use super::model::Frozen;
use super::network::{Layer, LayerKind, Network, Workspace};
use super::normalizer::ObservationNormalizer;

impl Frozen {
    /// Neuron `unit` of dense layer `layer` for the observation `obs [D]` after normalization by `normalizer`; both
    /// indices wrap around. `None` for a network without dense layers.
    pub(crate) fn neuron(
        &self,
        normalizer: &ObservationNormalizer,
        obs: &[f32],
        layer: usize,
        unit: usize,
    ) -> Option<Neuron> {
        let mut scratch = Vec::new();
        let x = normalizer.normalize(obs, &mut scratch);
        let (network, parameters) = (self.network(), self.parameters());
        let mut workspace = Workspace::default();
        network.act(parameters, x, &mut workspace, &mut vec![0.0; network.output_len()]);
        network.neuron(parameters, x, &workspace, layer, unit)
    }
}

impl Network {
    /// Neuron of a dense layer after a forward pass of one input `x [D]`, which filled `workspace`.
    fn neuron(
        &self,
        parameters: &[f32],
        x: &[f32],
        workspace: &Workspace,
        layer: usize,
        unit: usize,
    ) -> Option<Neuron> {
        let dense: Vec<&Layer> = self.layers.iter().filter(|layer| layer.kind.is_dense()).collect();
        let layer = layer.checked_rem(dense.len())?;
        let chosen = dense[layer];
        let node = |node: usize| if node == 0 { x } else { &workspace.values[node][..] };
        let (from, to) = (node(chosen.from), node(chosen.to));
        let units = to.len();
        let unit = unit.checked_rem(units)?;
        let (weights, bias) = (&parameters[chosen.weights.clone()], &parameters[chosen.bias.clone()]);
        let dense_input = |(index, &value): (usize, &f32)| NeuronInput {
            index,
            value,
            weight: weights[index * units + unit],
        };
        let (inputs, bias): (Vec<NeuronInput>, f32) = match chosen.kind {
            LayerKind::OneHot { n, .. } => {
                let row =
                    |row: usize| NeuronInput { index: row, value: 1.0, weight: weights[row * units + unit] };
                (one_hot_rows(from, n).map(row).collect(), bias[unit])
            }
            LayerKind::Noisy { inputs, outputs } => {
                let weight = |i| noisy_weight(weights, bias, inputs, outputs, Some(i), unit);
                let input = |(index, &value)| NeuronInput { index, value, weight: weight(index) };
                let bias = noisy_weight(weights, bias, inputs, outputs, None, unit);
                (from.iter().enumerate().map(input).collect(), bias)
            }
            _ => (from.iter().enumerate().map(dense_input).collect(), bias[unit]),
        };
        let skip = chosen.skip.map(|skip| node(skip)[unit]);
        let products: f32 = inputs.iter().map(NeuronInput::product).sum();
        let name = self.parameters().iter().find(|parameter| parameter.range.start == chosen.weights.start);
        Some(Neuron {
            layer,
            layers: dense.len(),
            unit,
            units,
            name: name.map_or(String::new(), |parameter| {
                parameter.name.strip_suffix(".weight").unwrap_or(&parameter.name).to_owned()
            }),
            reads_observation: chosen.from == 0,
            sum: products + bias + skip.unwrap_or(0.0),
            inputs,
            bias,
            skip,
            activation: match chosen.activation {
                Activation::Identity => "identity",
                Activation::Relu => "ReLU",
                Activation::Tanh => "tanh",
                Activation::Sigmoid => "sigmoid",
            },
            output: to[unit],
        })
    }
}

impl LayerKind {
    /// Whether a neuron of the layer is a weighted sum of all its inputs.
    fn is_dense(&self) -> bool {
        matches!(self, LayerKind::Linear { .. } | LayerKind::OneHot { .. } | LayerKind::Noisy { .. })
    }
}

#[cfg(test)]
mod tests {
    use freewheel_core::{PolicyMode, Streams};

    use super::*;
    use crate::tests::{settings, world};
    use crate::{Budget, all};

    fn apply(activation: &str, sum: f32) -> f32 {
        match activation {
            "ReLU" => sum.max(0.0),
            "tanh" => sum.tanh(),
            "sigmoid" => 1.0 / (1.0 + (-sum).exp()),
            _ => sum,
        }
    }

    /// Neurons of the policies of all agents with a network: each output is the activation of the sum, each input the
    /// output of a neuron of the layer before, and the last layer gives the numbers by which the policy acts.
    #[test]
    fn neurons_are_those_of_the_forward_pass() {
        let mut seen = 0;
        for (id, kind) in
            [("dqn", 0), ("dqn", 3), ("ppo", 0), ("a2c", 3), ("reinforce", 2), ("sac", 5), ("td3", 5)]
        {
            for variant in 0..3 {
                let mut envs = world(kind, 1, 7);
                let factory = all().into_iter().find(|factory| factory.id() == id).unwrap();
                let budget = Budget { steps: 400, num_envs: 1 };
                let text = settings(id, variant).parse().unwrap();
                let mut agent = factory.build(envs.spec(), &text, budget, Streams::new(1)).unwrap();
                agent.learn(&mut *envs, 80).unwrap();
                let policy = agent.policy(PolicyMode::Exploring);
                let view = envs.view();
                let (obs, legal) = (view.obs_row(0), view.legal_row(0));
                let neuron = |layer, unit| policy.neuron(obs, &[], layer, unit).unwrap();
                let layers = neuron(0, 0).layers;
                for layer in 0..layers {
                    let units = neuron(layer, 0).units;
                    for unit in 0..units {
                        let n = neuron(layer, unit);
                        let products: f32 = n.inputs.iter().map(NeuronInput::product).sum();
                        assert!(
                            (products + n.bias + n.skip.unwrap_or(0.0) - n.sum).abs() < 1e-4,
                            "{id} {n:?}"
                        );
                        assert!((apply(n.activation, n.sum) - n.output).abs() < 1e-4, "{id} {n:?}");
                        seen += 1;
                    }
                    assert_eq!(neuron(layer, units), neuron(layer, 0), "{id}");
                }
                assert_eq!(neuron(layers, 0), neuron(0, 0));
                // A plain network of action values, without scaling of rewards: the last layer is the action values.
                if id == "dqn" && variant == 0 && envs.spec().actions.count() > 0 {
                    let insight = policy.insight(obs, legal, &[]).unwrap();
                    let last: Vec<f32> = (0..legal.len()).map(|a| neuron(layers - 1, a).output).collect();
                    let factor = insight.per_action[0] / last[0];
                    for (q, y) in insight.per_action.iter().zip(&last) {
                        assert!((q - factor * y).abs() < 1e-3 * q.abs().max(1.0), "{insight:?} {last:?}");
                    }
                }
            }
        }
        assert!(seen > 200, "{seen}");
    }
}
