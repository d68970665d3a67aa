//! Networks put together: layer after layer, each giving the place that the next reads.

use super::activation::Activation;
use super::conv::Conv;
use super::init::Init;
use super::network::{First, Kind, Layer, Network, Parameter, Place};

/// Makes a [`Network`]; the input is place 0.
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
    /// A network whose input has `len` numbers a row.
    pub fn new(len: usize) -> Self {
        let network = Network {
            layers: Vec::new(),
            places: vec![len],
            outputs: Vec::new(),
            parameters: Vec::new(),
            size: 0,
        };
        Builder { network }
    }

    /// How many numbers a row has at `place`.
    pub fn len(&self, place: Place) -> usize {
        self.network.places[place]
    }

    /// `activation(x W + b)`, W `[inputs, outputs]`.
    pub fn linear(
        &mut self,
        name: &str,
        from: Place,
        outputs: usize,
        activation: Activation,
        init: Init,
    ) -> Place {
        let inputs = self.len(from);
        let weights = self.block(name, "weight", vec![inputs, outputs], First::Drawn(init, inputs, outputs));
        let bias = self.block(name, "bias", vec![outputs], First::Constant(0.0));
        self.layer(Kind::Linear { inputs, outputs }, from, None, outputs, activation, weights, bias)
    }

    /// The same where every number of the input is an index below `n`, taken one-hot.
    pub fn one_hot(
        &mut self,
        name: &str,
        n: usize,
        outputs: usize,
        activation: Activation,
        init: Init,
    ) -> Place {
        let fields = self.len(0);
        let inputs = fields * n;
        // One entry of each field's block is 1: the fan-in is the fields, but orthogonal rows need the true shape.
        let weights = self.block(name, "weight", vec![inputs, outputs], First::Drawn(init, inputs, outputs));
        let bias = self.block(name, "bias", vec![outputs], First::Constant(0.0));
        self.layer(Kind::OneHot { fields, n, outputs }, 0, None, outputs, activation, weights, bias)
    }

    /// Planes `[channels, points]` turned to `[points, channels]`, as convolutions take them.
    pub fn channels_last(&mut self, from: Place, channels: usize) -> Place {
        let len = self.len(from);
        let kind = Kind::ChannelsLast { channels, points: len / channels };
        self.layer(kind, from, None, len, Activation::Identity, 0..0, 0..0)
    }

    /// `activation(x * W + b + skip)`: a convolution, with a residual where there is one.
    pub fn conv(
        &mut self,
        name: &str,
        from: Place,
        conv: Conv,
        skip: Option<Place>,
        activation: Activation,
        init: Init,
    ) -> Place {
        let (patch, width) = (conv.patch(), conv.out_channels);
        let shape = vec![conv.kernel, conv.kernel, conv.channels, width];
        let weights = self.block(name, "weight", shape, First::Drawn(init, patch, width));
        let bias = self.block(name, "bias", vec![width], First::Constant(0.0));
        self.layer(Kind::Conv(conv), from, skip, conv.out_len(), activation, weights, bias)
    }

    /// `conv` turned round (a transposed convolution): `[H', W', O]` as it gives them to `[H, W, C]` as it takes them, weights `[K, K,
    /// C, O]`.
    pub fn transposed(
        &mut self,
        name: &str,
        from: Place,
        conv: Conv,
        activation: Activation,
        init: Init,
    ) -> Place {
        let (patch, width) = (conv.patch(), conv.out_channels);
        let shape = vec![conv.kernel, conv.kernel, conv.channels, width];
        let weights = self.block(name, "weight", shape, First::Drawn(init, patch, width));
        let bias = self.block(name, "bias", vec![conv.channels], First::Constant(0.0));
        self.layer(Kind::Transposed(conv), from, None, conv.len(), activation, weights, bias)
    }

    /// Dueling heads: action values from a value (1 number) and advantages.
    pub fn dueling(&mut self, value: Place, advantages: Place) -> Place {
        let actions = self.len(advantages);
        let kind = Kind::Dueling { actions };
        self.layer(kind, advantages, Some(value), actions, Activation::Identity, 0..0, 0..0)
    }

    /// `outputs` parameters that every row shows as they are, such as a logarithm of a standard deviation.
    pub fn free(&mut self, name: &str, outputs: usize, first: f32) -> Place {
        let bias = self.block(name, "value", vec![outputs], First::Constant(first));
        self.layer(Kind::Free { outputs }, 0, None, outputs, Activation::Identity, 0..0, bias)
    }

    /// The network; its output is what stands at `outputs`, side by side.
    pub fn build(mut self, outputs: &[Place]) -> Network {
        self.network.outputs = outputs.to_vec();
        self.network
    }

    fn block(&mut self, layer: &str, part: &str, shape: Vec<usize>, init: First) -> std::ops::Range<usize> {
        let at = self.network.size..self.network.size + shape.iter().product::<usize>();
        self.network.size = at.end;
        let name = format!("{layer}.{part}");
        self.network.parameters.push(Parameter { name, shape, at: at.clone(), init });
        at
    }

    #[allow(clippy::too_many_arguments)] // One place that knows every field of a layer.
    fn layer(
        &mut self,
        kind: Kind,
        from: Place,
        skip: Option<Place>,
        len: usize,
        activation: Activation,
        weights: std::ops::Range<usize>,
        bias: std::ops::Range<usize>,
    ) -> Place {
        let to = self.network.places.len();
        self.network.places.push(len);
        self.network.layers.push(Layer { kind, from, skip, to, activation, weights, bias });
        to
    }
}
