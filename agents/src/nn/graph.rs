//! Networks as graphs of tensor operations, for export. The parameters have the layouts of PyTorch: `[O, I]` in linear
//! layers, `[O, C, K, K]` in convolutions, `[n, O]` in embeddings; a recurrent unit has the weights of each gate,
//! `[H, I]` and `[H, H]`.

use freewheel_core::graph::{Data, Graph, Kind, Observed, Op, Value};
use freewheel_core::{Error, Result};

use super::activation::Activation;
use super::conv::Conv;
use super::gru::Gru;
use super::network::{Layer, LayerKind, Network};
use super::normalizer::ObservationNormalizer;

/// Result of a layer.
#[derive(Clone, Copy)]
enum Computed {
    /// Rows of numbers, `[N, size]`; or an index.
    Rows(Observed),
    /// Planes `[N, C, H, W]`, and C, H and W.
    Planes(Value, [usize; 3]),
    /// Planes of C channels and P points as rows `[N, C P]`, and C and P.
    Flat(Value, [usize; 2]),
}

impl Network {
    /// Adds the network to `graph`, with the parameters `[P]`, for the observation `x`. Returns the first `wanted`
    /// output nodes, `[N, O]` each; layers that only other outputs need are left out.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a layer of decoders, which no policy has.
    pub fn add_to(
        &self,
        graph: &mut Graph,
        parameters: &[f32],
        x: Observed,
        wanted: usize,
    ) -> Result<Vec<Value>> {
        let wanted = &self.outputs[..wanted.min(self.outputs.len())];
        let mut needed = vec![false; self.node_sizes.len()];
        wanted.iter().for_each(|&node| needed[node] = true);
        for layer in
            self.layers.iter().rev().filter(|layer| !matches!(layer.kind, LayerKind::FreeParameters { .. }))
        {
            if needed[layer.to] {
                needed[layer.from] = true;
                layer.skip.into_iter().for_each(|node| needed[node] = true);
            }
        }
        let mut results: Vec<Option<Computed>> = vec![None; self.node_sizes.len()];
        results[0] = Some(Computed::Rows(x));
        for layer in self.layers.iter().filter(|layer| needed[layer.to]) {
            let writer = Writer { network: self, parameters, layer };
            let from = results[layer.from].ok_or_else(unordered)?;
            let skip = layer.skip.map(|node| results[node].ok_or_else(unordered)).transpose()?;
            results[layer.to] = Some(writer.write(graph, from, skip)?);
        }
        wanted.iter().map(|&node| Ok(rows(graph, results[node].ok_or_else(unordered)?))).collect()
    }
}

fn unordered() -> Error {
    Error::Unsupported("a layer of this network comes before its input".into())
}

/// Rows of numbers `[N, size]` of a result; planes become channels last, and an index a number.
fn rows(graph: &mut Graph, result: Computed) -> Value {
    match result {
        Computed::Rows(Observed::Numbers(x)) => x,
        Computed::Rows(Observed::Index(index)) => {
            let x = graph.apply(Op::Cast(Kind::F32), &[index]);
            graph.reshape(x, &[-1, 1])
        }
        Computed::Planes(x, [c, h, w]) => {
            let last = graph.apply(Op::Transpose(vec![0, 2, 3, 1]), &[x]);
            graph.reshape(last, &[-1, (c * h * w) as i64])
        }
        Computed::Flat(x, [c, points]) => {
            let planes = graph.reshape(x, &[-1, c as i64, points as i64]);
            let last = graph.apply(Op::Transpose(vec![0, 2, 1]), &[planes]);
            graph.reshape(last, &[-1, (c * points) as i64])
        }
    }
}

/// One layer that is added to a graph.
struct Writer<'a> {
    network: &'a Network,
    parameters: &'a [f32],
    layer: &'a Layer,
}

impl Writer<'_> {
    /// Name of the layer, such as `trunk.0`.
    fn name(&self) -> &str {
        let starts =
            |start: usize| self.network.parameters.iter().find(move |block| block.range.start == start);
        starts(self.layer.weights.start)
            .and_then(|block| block.name.rsplit_once('.'))
            .map_or("layer", |it| it.0)
    }

    fn parameter(&self, graph: &mut Graph, part: &str, shape: &[usize], numbers: Vec<f32>) -> Value {
        graph.parameter(&format!("{}.{part}", self.name()), shape, Data::F32(numbers))
    }

    fn write(&self, graph: &mut Graph, from: Computed, skip: Option<Computed>) -> Result<Computed> {
        let weights = &self.parameters[self.layer.weights.clone()];
        let bias = &self.parameters[self.layer.bias.clone()];
        let numbers = |x| Computed::Rows(Observed::Numbers(x));
        let sum = match self.layer.kind {
            LayerKind::Linear { inputs, outputs } | LayerKind::Noisy { inputs, outputs } => {
                // Without noise, the first blocks of a noisy layer are those of a linear one.
                let sum = self.linear(graph, from, &weights[..inputs * outputs], &bias[..outputs], inputs);
                numbers(self.skipped(graph, sum, skip))
            }
            LayerKind::OneHot { fields: 1, n, .. } => {
                let sum = self.linear(graph, from, weights, bias, n);
                numbers(self.skipped(graph, sum, skip))
            }
            LayerKind::LayerNorm => {
                let len = bias.len();
                let gain = self.parameter(graph, "weight", &[len], weights.to_vec());
                let shift = self.parameter(graph, "bias", &[len], bias.to_vec());
                let x = rows(graph, from);
                numbers(graph.apply(Op::LayerNormalization { epsilon: 1e-5 }, &[x, gain, shift]))
            }
            LayerKind::ChannelsLast { channels, points } => {
                // The convolution that follows knows height and width, and reads the planes as they are.
                Computed::Flat(rows(graph, from), [channels, points])
            }
            LayerKind::Conv(conv) => {
                let sum = self.conv(graph, from, &conv, weights, bias);
                let [h, w] = conv.out_size();
                let sum = match skip {
                    Some(Computed::Planes(skip, _)) => graph.apply(Op::Add, &[sum, skip]),
                    Some(_) => {
                        return Err(Error::Unsupported("a skip connection joins planes and rows".into()));
                    }
                    None => sum,
                };
                Computed::Planes(sum, [conv.out_channels, h, w])
            }
            LayerKind::Dueling { actions, atoms } => {
                let value = skip.ok_or_else(unordered)?;
                numbers(dueling(graph, from, value, [actions, atoms]))
            }
            LayerKind::OneHot { .. } | LayerKind::Transposed(_) | LayerKind::FreeParameters { .. } => {
                return Err(Error::Unsupported(format!("layer {} cannot be exported", self.name())));
            }
        };
        let activated = |graph: &mut Graph, x| match self.layer.activation {
            Activation::Identity => x,
            Activation::Relu => graph.apply(Op::Relu, &[x]),
            Activation::Tanh => graph.apply(Op::Tanh, &[x]),
            Activation::Sigmoid => graph.apply(Op::Sigmoid, &[x]),
        };
        Ok(match sum {
            Computed::Planes(x, shape) => Computed::Planes(activated(graph, x), shape),
            Computed::Flat(x, shape) => Computed::Flat(activated(graph, x), shape),
            Computed::Rows(Observed::Numbers(x)) => numbers(activated(graph, x)),
            Computed::Rows(index) => Computed::Rows(index),
        })
    }

    /// `x W + b` with weights W `[inputs, outputs]`; of an index, the row of W plus b.
    fn linear(
        &self,
        graph: &mut Graph,
        from: Computed,
        weights: &[f32],
        bias: &[f32],
        inputs: usize,
    ) -> Value {
        let outputs = bias.len();
        if let Computed::Rows(Observed::Index(index)) = from {
            let table = self.parameter(graph, "weight", &[inputs, outputs], weights.to_vec());
            let bias = self.parameter(graph, "bias", &[outputs], bias.to_vec());
            let row = graph.apply(Op::Gather { axis: 0 }, &[table, index]);
            return graph.apply(Op::Add, &[row, bias]);
        }
        let x = rows(graph, from);
        let w = self.parameter(graph, "weight", &[outputs, inputs], transposed(weights, inputs, outputs));
        let bias = self.parameter(graph, "bias", &[outputs], bias.to_vec());
        graph.apply(Op::Gemm, &[x, w, bias])
    }

    /// Sum of the rows `x` and a skip connection, if there is one.
    fn skipped(&self, graph: &mut Graph, x: Value, skip: Option<Computed>) -> Value {
        let Some(skip) = skip else { return x };
        let skip = rows(graph, skip);
        graph.apply(Op::Add, &[x, skip])
    }

    fn conv(&self, graph: &mut Graph, from: Computed, conv: &Conv, weights: &[f32], bias: &[f32]) -> Value {
        let [h, w] = conv.size;
        let Conv { channels, out_channels, kernel, stride, padding, .. } = *conv;
        let planes = match from {
            Computed::Planes(x, _) => x,
            Computed::Flat(x, _) => graph.reshape(x, &[-1, channels as i64, h as i64, w as i64]),
            other => {
                let x = rows(graph, other);
                let last = graph.reshape(x, &[-1, h as i64, w as i64, channels as i64]);
                graph.apply(Op::Transpose(vec![0, 3, 1, 2]), &[last])
            }
        };
        // From [K, K, C, O] to [O, C, K, K].
        let mut moved = Vec::with_capacity(weights.len());
        for o in 0..out_channels {
            for c in 0..channels {
                for point in 0..kernel * kernel {
                    moved.push(weights[(point * channels + c) * out_channels + o]);
                }
            }
        }
        let w = self.parameter(graph, "weight", &[out_channels, channels, kernel, kernel], moved);
        let b = self.parameter(graph, "bias", &[out_channels], bias.to_vec());
        graph.apply(Op::Conv { kernel, stride, padding }, &[planes, w, b])
    }
}

/// Dueling head on advantages `[N, actions atoms]` and state values `[N, atoms]`: `V + A - mean A`,
/// `[N, actions atoms]`.
fn dueling(graph: &mut Graph, advantages: Computed, value: Computed, [actions, atoms]: [usize; 2]) -> Value {
    let (advantages, value) = (rows(graph, advantages), rows(graph, value));
    let shape = |middle: usize| [-1, middle as i64, atoms as i64];
    let a = graph.reshape(advantages, &shape(actions));
    let v = graph.reshape(value, &shape(1));
    let sum = graph.apply(Op::Add, &[a, v]);
    let mean = graph.apply(Op::ReduceMean { axis: 1 }, &[a]);
    let q = graph.apply(Op::Sub, &[sum, mean]);
    graph.reshape(q, &[-1, (actions * atoms) as i64])
}

/// Transpose `[B, A]` of a matrix `[A, B]`.
fn transposed(matrix: &[f32], a: usize, b: usize) -> Vec<f32> {
    (0..b).flat_map(|j| (0..a).map(move |i| matrix[i * b + j])).collect()
}

impl ObservationNormalizer {
    /// Adds the normalization of the observation `x`, if there is one.
    pub fn add_to(&self, graph: &mut Graph, x: Observed) -> Observed {
        let (Some((means, inverses)), Observed::Numbers(x)) = (self.constants(), x) else { return x };
        let d = means.len();
        let mean = graph.parameter("normalizer.mean", &[d], Data::F32(means));
        let inverse = graph.parameter("normalizer.inverse_std", &[d], Data::F32(inverses));
        let centered = graph.apply(Op::Sub, &[x, mean]);
        let scaled = graph.apply(Op::Mul, &[centered, inverse]);
        Observed::Numbers(graph.clip(scaled, -super::normalizer::CLIP, super::normalizer::CLIP))
    }
}

impl Gru {
    /// Adds one step from the inputs `x [N, I]` and the state `h [N, H]` to `graph`; returns the next state `[N, H]`.
    /// The parameters `[P]` are called `name.weight_ih` and so on.
    pub fn add_to(self, graph: &mut Graph, name: &str, parameters: &[f32], x: Value, h: Value) -> Value {
        let Gru { inputs, units } = self;
        let (w_i, w_h, b_i, b_h) = self.parts(parameters);
        // One product for each gate: slices of a product for all would be copied.
        let (mut of_x, mut of_h) = (Vec::new(), Vec::new());
        for (gate, gate_name) in ["r", "z", "n"].into_iter().enumerate() {
            let columns = |w: &[f32], rows: usize| {
                let row = |o: usize| (0..rows).map(move |i| w[i * 3 * units + gate * units + o]);
                (0..units).flat_map(row).collect::<Vec<f32>>()
            };
            let part = |b: &[f32]| Data::F32(b[gate * units..(gate + 1) * units].to_vec());
            let named = |kind: &str| format!("{name}.{kind}_{gate_name}");
            let w = graph.parameter(&named("weight_ih"), &[units, inputs], Data::F32(columns(w_i, inputs)));
            let b = graph.parameter(&named("bias_ih"), &[units], part(b_i));
            of_x.push(graph.apply(Op::Gemm, &[x, w, b]));
            let w = graph.parameter(&named("weight_hh"), &[units, units], Data::F32(columns(w_h, units)));
            let b = graph.parameter(&named("bias_hh"), &[units], part(b_h));
            of_h.push(graph.apply(Op::Gemm, &[h, w, b]));
        }
        let [r, z] = [0, 1].map(|gate| {
            let sum = graph.apply(Op::Add, &[of_x[gate], of_h[gate]]);
            graph.apply(Op::Sigmoid, &[sum])
        });
        let reset = graph.apply(Op::Mul, &[r, of_h[2]]);
        let sum = graph.apply(Op::Add, &[of_x[2], reset]);
        let n = graph.apply(Op::Tanh, &[sum]);
        // (1 - z) n + z h = n + z (h - n).
        let difference = graph.apply(Op::Sub, &[h, n]);
        let kept = graph.apply(Op::Mul, &[z, difference]);
        graph.apply(Op::Add, &[n, kept])
    }
}

#[cfg(test)]
mod tests {
    use freewheel_core::Spec;

    use super::*;
    use crate::nn::{Builder, Init};

    /// Only the layers of the wanted outputs are exported, with the weights as PyTorch has them.
    #[test]
    fn layers_of_other_outputs_are_left_out() {
        let mut net = Builder::new(2);
        let hidden = net.linear("trunk.0", 0, 3, Activation::Tanh, Init::Zeros);
        let logits = net.linear("policy", hidden, 2, Activation::Identity, Init::Zeros);
        let value = net.linear("value", hidden, 1, Activation::Identity, Init::Zeros);
        let net = net.build(&[logits, value]);
        let parameters: Vec<f32> = (0..net.size()).map(|i| i as f32).collect();
        let space = freewheel_core::ObservationSpace::vector(&[(0.0, 1.0); 2]);
        let spec = Spec { observation: space, ..Spec::discrete("test/w", 1, &["a", "b"]) };
        let mut graph = Graph::default();
        let x = graph.observation(&spec);
        net.add_to(&mut graph, &parameters, x, 1).unwrap();
        let names: Vec<&str> = graph.constants.iter().filter_map(|one| one.name.as_deref()).collect();
        assert_eq!(names, ["trunk.0.weight", "trunk.0.bias", "policy.weight", "policy.bias"]);
        assert_eq!(graph.constants[0].data, Data::F32(vec![0.0, 3.0, 1.0, 4.0, 2.0, 5.0]));
        assert_eq!((graph.constants[0].shape.clone(), graph.parameters()), (vec![3, 2], net.size() - 4));
    }

    #[test]
    fn an_index_reads_a_row() {
        let mut net = Builder::new(1);
        let out = net.one_hot("trunk.0", 4, 2, Activation::Relu, Init::Zeros);
        let net = net.build(&[out]);
        let mut graph = Graph::default();
        let x = graph.observation(&Spec::discrete("test/w", 4, &["a", "b"]));
        net.add_to(&mut graph, &vec![0.0; net.size()], x, 1).unwrap();
        let names: Vec<&str> = graph.nodes.iter().map(|node| node.op.name()).collect();
        assert_eq!(names, ["Gather", "Add", "Relu"]);
        assert_eq!(graph.constants[0].shape, [4, 2]);
    }
}
