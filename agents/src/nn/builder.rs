//! Construction of networks layer by layer; each method returns the node of the new layer, to be read by later layers.

use super::activation::Activation;
use super::conv::Conv;
use super::init::Init;
use super::network::{Layer, LayerKind, Network, NodeId, Parameter, ParameterInit};

/// Builder of a [`Network`]; the network input is node 0.
///
/// ```
/// # use freewheel_agents::nn::{Activation, Builder, Init};
/// let mut net = Builder::new(4);
/// let hidden = net.linear("trunk.0", 0, 64, Activation::Tanh, Init::Orthogonal(2f32.sqrt()));
/// let logits = net.linear("policy", hidden, 2, Activation::Identity, Init::Orthogonal(0.01));
/// let value = net.linear("value", hidden, 1, Activation::Identity, Init::Orthogonal(1.0));
/// let net = net.build(&[logits, value]);
/// assert_eq!((net.input_len(), net.output_len(), net.size()), (4, 3, 4 * 64 + 64 + 64 * 3 + 3));
/// ```
pub struct Builder {
    network: Network,
}

impl Builder {
    /// Builder of a network with `len` inputs.
    pub fn new(len: usize) -> Self {
        let network = Network {
            layers: Vec::new(),
            node_sizes: vec![len],
            outputs: Vec::new(),
            parameters: Vec::new(),
            noise: Vec::new(),
            size: 0,
        };
        Builder { network }
    }

    /// Number of values of one sample at `node`.
    pub fn len(&self, node: NodeId) -> usize {
        self.network.node_sizes[node]
    }

    /// Adds a linear layer `activation(x W + b)` on the node `from`, with weights W `[inputs, outputs]` and biases b.
    pub fn linear(
        &mut self,
        name: &str,
        from: NodeId,
        outputs: usize,
        activation: Activation,
        init: Init,
    ) -> NodeId {
        let inputs = self.len(from);
        let weights =
            self.block(name, "weight", vec![inputs, outputs], ParameterInit::Random(init, inputs, outputs));
        let bias = self.block(name, "bias", vec![outputs], bias_init(init, inputs));
        self.layer(LayerKind::Linear { inputs, outputs }, from, None, outputs, activation, weights, bias)
    }

    /// Adds a noisy linear layer on the node `from`; weights and biases begin uniform within sqrt(1 / inputs), the
    /// factors of the noise at 0.5 sqrt(1 / inputs), and the noise at 0.
    pub fn noisy(&mut self, name: &str, from: NodeId, outputs: usize, activation: Activation) -> NodeId {
        let inputs = self.len(from);
        let shape = || vec![inputs, outputs];
        let random = ParameterInit::Random(Init::Uniform, inputs, outputs);
        let sigma = ParameterInit::Constant((0.5 / (inputs as f64).sqrt()) as f32);
        let weights = self.block(name, "weight", shape(), random);
        let weights = weights.start..self.block(name, "weight_sigma", shape(), sigma).end;
        let bias = self.block(name, "bias", vec![outputs], random);
        self.block(name, "bias_sigma", vec![outputs], sigma);
        let noise =
            self.block(name, "noise", vec![inputs.saturating_add(outputs)], ParameterInit::Constant(0.0));
        let bias = bias.start..noise.end;
        self.network.noise.push(noise);
        self.layer(LayerKind::Noisy { inputs, outputs }, from, None, outputs, activation, weights, bias)
    }

    /// Adds a layer normalization `activation(gain (x - mean x) / std x + bias)` of the node `from`.
    pub fn layer_norm(&mut self, name: &str, from: NodeId, activation: Activation) -> NodeId {
        let len = self.len(from);
        let weights = self.block(name, "weight", vec![len], ParameterInit::Constant(1.0));
        let bias = self.block(name, "bias", vec![len], ParameterInit::Constant(0.0));
        self.layer(LayerKind::LayerNorm, from, None, len, activation, weights, bias)
    }

    /// Adds a linear layer with weights `[F n, outputs]` on the one-hot encoding of the network input, F indices below
    /// `n`; an embedding of each index. [`Init::Orthogonal`] means [`Init::Kaiming`] with fan-in F here.
    pub fn one_hot(
        &mut self,
        name: &str,
        n: usize,
        outputs: usize,
        activation: Activation,
        init: Init,
    ) -> NodeId {
        let fields = self.len(0);
        // F of the inputs are 1, the others 0: the fan-in is F. Orthogonal rows of so many inputs would be small.
        let init = if let Init::Orthogonal(gain) = init { Init::Kaiming(gain) } else { init };
        let random = ParameterInit::Random(init, fields, outputs);
        let weights = self.block(name, "weight", vec![fields.saturating_mul(n), outputs], random);
        let bias = self.block(name, "bias", vec![outputs], bias_init(init, fields));
        self.layer(LayerKind::OneHot { fields, n, outputs }, 0, None, outputs, activation, weights, bias)
    }

    /// Adds a transposition of planes `[channels, points]` to `[points, channels]`, the layout of convolutions.
    pub fn channels_last(&mut self, from: NodeId, channels: usize) -> NodeId {
        let len = self.len(from);
        let kind = LayerKind::ChannelsLast { channels, points: len / channels };
        self.layer(kind, from, None, len, Activation::Identity, 0..0, 0..0)
    }

    /// Adds a convolution `activation(x * W + b + skip)` on the node `from`; `skip` is the node of a skip connection,
    /// if any.
    pub fn conv(
        &mut self,
        name: &str,
        from: NodeId,
        conv: Conv,
        skip: Option<NodeId>,
        activation: Activation,
        init: Init,
    ) -> NodeId {
        let (patch, width) = (conv.patch(), conv.out_channels);
        let shape = vec![conv.kernel, conv.kernel, conv.channels, width];
        let weights = self.block(name, "weight", shape, ParameterInit::Random(init, patch, width));
        let bias = self.block(name, "bias", vec![width], bias_init(init, patch));
        self.layer(LayerKind::Conv(conv), from, skip, conv.out_len(), activation, weights, bias)
    }

    /// Adds a transposed convolution, from the output shape of `conv`, `[H', W', O]`, to its input shape, `[H, W, C]`,
    /// with weights `[K, K, C, O]`.
    pub fn transposed(
        &mut self,
        name: &str,
        from: NodeId,
        conv: Conv,
        activation: Activation,
        init: Init,
    ) -> NodeId {
        let (patch, width) = (conv.patch(), conv.out_channels);
        let shape = vec![conv.kernel, conv.kernel, conv.channels, width];
        let weights = self.block(name, "weight", shape, ParameterInit::Random(init, patch, width));
        let bias = self.block(name, "bias", vec![conv.channels], ParameterInit::Constant(0.0));
        self.layer(LayerKind::Transposed(conv), from, None, conv.len(), activation, weights, bias)
    }

    /// Adds a dueling head: action values `[actions, atoms]` from the nodes of the state values, `value [atoms]`, and
    /// of the advantages, `advantages [actions, atoms]`; `atoms` is 1, or the number of quantiles of each value.
    pub fn dueling(&mut self, value: NodeId, advantages: NodeId) -> NodeId {
        let (len, atoms) = (self.len(advantages), self.len(value));
        let kind = LayerKind::Dueling { actions: len / atoms.max(1), atoms };
        self.layer(kind, advantages, Some(value), len, Activation::Identity, 0..0, 0..0)
    }

    /// Adds `outputs` parameters that do not depend on the input, such as log standard deviations of actions; the
    /// initial value of each is `initial`.
    pub fn free_parameters(&mut self, name: &str, outputs: usize, initial: f32) -> NodeId {
        let bias = self.block(name, "value", vec![outputs], ParameterInit::Constant(initial));
        self.layer(LayerKind::FreeParameters { outputs }, 0, None, outputs, Activation::Identity, 0..0, bias)
    }

    /// Network whose output is the concatenation of the nodes `outputs`.
    pub fn build(mut self, outputs: &[NodeId]) -> Network {
        self.network.outputs = outputs.to_vec();
        self.network
    }

    fn block(
        &mut self,
        layer: &str,
        part: &str,
        shape: Vec<usize>,
        init: ParameterInit,
    ) -> std::ops::Range<usize> {
        // Saturates: a network that is too large is refused before its parameters are created.
        let len = shape.iter().fold(1usize, |len, &size| len.saturating_mul(size));
        let range = self.network.size..self.network.size.saturating_add(len);
        self.network.size = range.end;
        let name = format!("{layer}.{part}");
        self.network.parameters.push(Parameter { name, shape, range: range.clone(), init });
        range
    }

    #[allow(clippy::too_many_arguments)] // One argument per field of a layer.
    fn layer(
        &mut self,
        kind: LayerKind,
        from: NodeId,
        skip: Option<NodeId>,
        len: usize,
        activation: Activation,
        weights: std::ops::Range<usize>,
        bias: std::ops::Range<usize>,
    ) -> NodeId {
        let to = self.network.node_sizes.len();
        self.network.node_sizes.push(len);
        self.network.layers.push(Layer { kind, from, skip, to, activation, weights, bias });
        to
    }
}

/// Initialization of the biases of a layer with the initialization `init` of its weights.
fn bias_init(init: Init, fan_in: usize) -> ParameterInit {
    match init {
        Init::Uniform => ParameterInit::Random(init, fan_in, 1),
        _ => ParameterInit::Constant(0.0),
    }
}
