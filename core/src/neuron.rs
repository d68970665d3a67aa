//! One neuron of a network as a lecture draws it: inputs, weights, sum, bias, activation.

/// Neuron of a policy's network with its numbers for one observation; see [`Policy::neuron`](crate::Policy::neuron).
///
/// ```
/// use freewheel_core::{Neuron, NeuronInput};
///
/// let inputs = vec![NeuronInput { index: 0, value: 2.0, weight: -1.5 }, NeuronInput { index: 1, value: 1.0, weight: 4.0 }];
/// let neuron = Neuron {
///     layer: 0,
///     layers: 1,
///     unit: 0,
///     units: 1,
///     name: "trunk.0".into(),
///     reads_observation: true,
///     inputs,
///     bias: 0.5,
///     skip: None,
///     sum: 1.5,
///     activation: "ReLU",
///     output: 1.5,
/// };
/// assert_eq!(neuron.inputs[0].product(), -3.0);
/// assert_eq!(neuron.largest(1)[0].index, 1);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Neuron {
    /// Number of the layer among the dense layers of the network, from 0.
    pub layer: usize,
    /// Number of dense layers.
    pub layers: usize,
    /// Number of the neuron in the layer, from 0.
    pub unit: usize,
    /// Number of neurons in the layer.
    pub units: usize,
    /// Name of the layer, such as `trunk.0`.
    pub name: String,
    /// Whether the inputs are the numbers of the observation, after normalization.
    pub reads_observation: bool,
    /// Inputs with their weights, in the order of the input.
    pub inputs: Vec<NeuronInput>,
    /// Bias.
    pub bias: f32,
    /// Value of a skip connection, which is added to the sum; `None` without one.
    pub skip: Option<f32>,
    /// Sum of the products, the bias and the skip connection.
    pub sum: f32,
    /// Name of the activation function, such as `ReLU`.
    pub activation: &'static str,
    /// Output: the activation function of the sum.
    pub output: f32,
}

/// One input of a [`Neuron`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NeuronInput {
    /// Index of the input.
    pub index: usize,
    /// Value x.
    pub value: f32,
    /// Weight w.
    pub weight: f32,
}

impl NeuronInput {
    /// Product w x.
    pub fn product(&self) -> f32 {
        self.weight * self.value
    }
}

impl Neuron {
    /// The `n` inputs with the largest |w x|, the largest first.
    pub fn largest(&self, n: usize) -> Vec<NeuronInput> {
        let mut all = self.inputs.clone();
        all.sort_by(|a, b| b.product().abs().total_cmp(&a.product().abs()));
        all.truncate(n);
        all
    }
}
