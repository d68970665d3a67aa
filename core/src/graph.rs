//! [`Graph`]: a policy as a graph of tensor operations, from an observation to an action, for export to other programs.
//!
//! The operations have the names and the meaning of ONNX, operator set 17. N is the number of observations of a call;
//! it is the first size of every input and output, and is left out of the shapes here.

use crate::{ActionSpace, ObservationSpace, Spec};

/// A tensor of a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value(usize);

impl Value {
    /// Number of the tensor, unique in its graph.
    pub fn index(self) -> usize {
        self.0
    }
}

/// Type of the numbers of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 32-bit floats.
    F32,
    /// 64-bit floats.
    F64,
    /// 64-bit integers.
    I64,
    /// Truth values.
    Bool,
}

/// Numbers of a constant tensor, row-major.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// 32-bit floats.
    F32(Vec<f32>),
    /// 64-bit floats.
    F64(Vec<f64>),
    /// 64-bit integers.
    I64(Vec<i64>),
    /// Truth values.
    Bool(Vec<bool>),
}

impl Data {
    /// Type of the numbers.
    pub fn kind(&self) -> Kind {
        match self {
            Data::F32(_) => Kind::F32,
            Data::F64(_) => Kind::F64,
            Data::I64(_) => Kind::I64,
            Data::Bool(_) => Kind::Bool,
        }
    }

    /// Number of numbers.
    pub fn len(&self) -> usize {
        match self {
            Data::F32(all) => all.len(),
            Data::F64(all) => all.len(),
            Data::I64(all) => all.len(),
            Data::Bool(all) => all.len(),
        }
    }

    /// Whether there are no numbers.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes, little-endian; a truth value is one byte.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Data::F32(all) => all.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Data::F64(all) => all.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Data::I64(all) => all.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Data::Bool(all) => all.iter().map(|x| u8::from(*x)).collect(),
        }
    }
}

/// Input or output of a graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Port {
    /// Name, such as `observation`.
    pub name: String,
    /// Tensor.
    pub value: Value,
    /// Type of its numbers.
    pub kind: Kind,
    /// Shape without the first size, N.
    pub shape: Vec<usize>,
    /// Meaning in one line.
    pub meaning: String,
    /// Numbers for one observation that an input has where the caller leaves it out; `None` for an input that the
    /// caller must give, and for an output.
    pub default: Option<Data>,
}

/// Constant tensor of a graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Constant {
    /// Name of a parameter of the policy, such as `policy.logits.weight`; `None` for a constant of an operation, such
    /// as the bounds of a clip.
    pub name: Option<String>,
    /// Tensor.
    pub value: Value,
    /// Shape; empty for a single number.
    pub shape: Vec<usize>,
    /// Numbers.
    pub data: Data,
}

/// Operation of a graph, with the name and the meaning of ONNX.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)] // ONNX documents the attributes.
pub enum Op {
    Abs,
    Add,
    /// First index of the maximum along the axis 1, which is removed.
    ArgMax,
    Cast(Kind),
    /// Bounds are the second and the third input.
    Clip,
    Concat {
        axis: i64,
    },
    /// Square kernel, the same padding on all sides.
    Conv {
        kernel: usize,
        stride: usize,
        padding: usize,
    },
    Div,
    Equal,
    Gather {
        axis: i64,
    },
    /// `x W^T + b` for weights `W [O, I]`, as in PyTorch's `Linear`.
    Gemm,
    LayerNormalization {
        epsilon: f32,
    },
    MatMul,
    Max,
    Min,
    Mul,
    /// Means along an axis, which stays with the size 1.
    ReduceMean {
        axis: i64,
    },
    Relu,
    /// The shape is the second input.
    Reshape,
    Sigmoid,
    Sub,
    Tanh,
    Transpose(Vec<i64>),
    Where,
}

impl Op {
    /// Name of the operation in ONNX.
    pub fn name(&self) -> &'static str {
        match self {
            Op::Abs => "Abs",
            Op::Add => "Add",
            Op::ArgMax => "ArgMax",
            Op::Cast(_) => "Cast",
            Op::Clip => "Clip",
            Op::Concat { .. } => "Concat",
            Op::Conv { .. } => "Conv",
            Op::Div => "Div",
            Op::Equal => "Equal",
            Op::Gather { .. } => "Gather",
            Op::Gemm => "Gemm",
            Op::LayerNormalization { .. } => "LayerNormalization",
            Op::MatMul => "MatMul",
            Op::Max => "Max",
            Op::Min => "Min",
            Op::Mul => "Mul",
            Op::ReduceMean { .. } => "ReduceMean",
            Op::Relu => "Relu",
            Op::Reshape => "Reshape",
            Op::Sigmoid => "Sigmoid",
            Op::Sub => "Sub",
            Op::Tanh => "Tanh",
            Op::Transpose(_) => "Transpose",
            Op::Where => "Where",
        }
    }
}

/// Operation with its tensors.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Operation.
    pub op: Op,
    /// Tensors that it reads.
    pub inputs: Vec<Value>,
    /// Tensor that it writes.
    pub output: Value,
}

/// Observation as an input of a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observed {
    /// Index of a discrete observation, integers `[N]`.
    Index(Value),
    /// Numbers of an observation, `[N, D]`.
    Numbers(Value),
}

/// Policy as a graph of tensor operations.
///
/// ```
/// use freewheel_core::graph::{Data, Graph, Kind, Op, Observed};
/// use freewheel_core::Spec;
///
/// // A table of action values of 3 states and 2 actions.
/// let spec = Spec::discrete("example/corridor", 3, &["left", "right"]);
/// let mut graph = Graph::default();
/// let Observed::Index(state) = graph.observation(&spec) else { panic!() };
/// let table = graph.parameter("q", &[3, 2], Data::F64(vec![0.0, 1.0, 0.0, 2.0, 0.0, 0.0]));
/// let q = graph.apply(Op::Gather { axis: 0 }, &[table, state]);
/// graph.output("action_values", q, Kind::F64, &[2], "action values");
/// graph.choose(&spec, q, Kind::F64);
/// let names: Vec<&str> = graph.outputs.iter().map(|port| port.name.as_str()).collect();
/// assert_eq!((names, graph.parameters()), (vec!["action_values", "action"], 6));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    /// Inputs.
    pub inputs: Vec<Port>,
    /// Outputs.
    pub outputs: Vec<Port>,
    /// Constants, in the order of their creation.
    pub constants: Vec<Constant>,
    /// Operations, each after those whose results it reads.
    pub nodes: Vec<Node>,
    count: usize,
}

impl Graph {
    fn value(&mut self) -> Value {
        self.count += 1;
        Value(self.count - 1)
    }

    /// Number of the policy's parameters, P.
    pub fn parameters(&self) -> usize {
        self.constants.iter().filter(|constant| constant.name.is_some()).map(|one| one.data.len()).sum()
    }

    /// Adds an input; `shape` is without N.
    pub fn input(&mut self, name: &str, kind: Kind, shape: &[usize], meaning: &str) -> Value {
        self.port(name, kind, shape, meaning, None)
    }

    /// Adds an input with a default.
    pub fn optional_input(&mut self, name: &str, shape: &[usize], default: Data, meaning: &str) -> Value {
        self.port(name, default.kind(), shape, meaning, Some(default))
    }

    fn port(
        &mut self,
        name: &str,
        kind: Kind,
        shape: &[usize],
        meaning: &str,
        default: Option<Data>,
    ) -> Value {
        let value = self.value();
        let (name, shape, meaning) = (name.to_owned(), shape.to_vec(), meaning.to_owned());
        self.inputs.push(Port { name, value, kind, shape, meaning, default });
        value
    }

    /// Adds an output; `shape` is without N.
    pub fn output(&mut self, name: &str, value: Value, kind: Kind, shape: &[usize], meaning: &str) {
        let (name, shape, meaning) = (name.to_owned(), shape.to_vec(), meaning.to_owned());
        self.outputs.push(Port { name, value, kind, shape, meaning, default: None });
    }

    /// Adds a parameter of the policy.
    pub fn parameter(&mut self, name: &str, shape: &[usize], data: Data) -> Value {
        self.constant_of(Some(name.to_owned()), shape, data)
    }

    /// Adds a constant of an operation.
    pub fn constant(&mut self, shape: &[usize], data: Data) -> Value {
        self.constant_of(None, shape, data)
    }

    fn constant_of(&mut self, name: Option<String>, shape: &[usize], data: Data) -> Value {
        let value = self.value();
        self.constants.push(Constant { name, value, shape: shape.to_vec(), data });
        value
    }

    /// Adds the operation `op` on `inputs`; returns its result.
    pub fn apply(&mut self, op: Op, inputs: &[Value]) -> Value {
        let output = self.value();
        self.nodes.push(Node { op, inputs: inputs.to_vec(), output });
        output
    }

    /// Adds a change of shape; -1 stands for N.
    pub fn reshape(&mut self, x: Value, shape: &[i64]) -> Value {
        let shape = self.constant(&[shape.len()], Data::I64(shape.to_vec()));
        self.apply(Op::Reshape, &[x, shape])
    }

    /// Adds the limits `low` and `high` of 32-bit floats.
    pub fn clip(&mut self, x: Value, low: f32, high: f32) -> Value {
        let bounds = [low, high].map(|bound| self.constant(&[], Data::F32(vec![bound])));
        self.apply(Op::Clip, &[x, bounds[0], bounds[1]])
    }

    /// Adds the input `observation` of a world: integers `[N]`, or floats `[N, ...]` in the shape of the world.
    pub fn observation(&mut self, spec: &Spec) -> Observed {
        match &spec.observation {
            ObservationSpace::Discrete { n } => {
                let meaning = format!("index of the observation, below {n}");
                Observed::Index(self.input("observation", Kind::I64, &[], &meaning))
            }
            ObservationSpace::Box { shape, low, .. } => {
                let x = self.input("observation", Kind::F32, shape, "observation, not normalized");
                Observed::Numbers(match shape.len() {
                    1 => x,
                    _ => self.reshape(x, &[-1, low.len() as i64]),
                })
            }
        }
    }

    /// Adds the output `action`: the first legal action with the maximum of the `scores [N, A]`, which are of the type
    /// `kind`. A world with illegal actions adds the optional input `mask`.
    pub fn choose(&mut self, spec: &Spec, scores: Value, kind: Kind) {
        let a = spec.actions.count();
        let scores = match spec.masked {
            false => scores,
            true => {
                let all = Data::Bool(vec![true; a]);
                let mask = self.optional_input("mask", &[a], all, "whether each action is legal");
                let lowest = match kind {
                    Kind::F64 => Data::F64(vec![f64::MIN]),
                    _ => Data::F32(vec![f32::MIN]),
                };
                let lowest = self.constant(&[], lowest);
                self.apply(Op::Where, &[mask, scores, lowest])
            }
        };
        let action = self.apply(Op::ArgMax, &[scores]);
        self.output("action", action, Kind::I64, &[], "index of the greedy action");
    }

    /// Adds the output `action` of continuous actions: `middle + half u` for the numbers `u [N, K]` from -1 to 1 and
    /// the `ranges [K]` of middles and half widths.
    pub fn scale_action(&mut self, spec: &Spec, u: Value, ranges: &[(f32, f32)]) {
        let k = ranges.len();
        let half = self.constant(&[k], Data::F32(ranges.iter().map(|range| range.1).collect()));
        let middle = self.constant(&[k], Data::F32(ranges.iter().map(|range| range.0).collect()));
        let scaled = self.apply(Op::Mul, &[u, half]);
        let action = self.apply(Op::Add, &[scaled, middle]);
        self.continuous_action(spec, action);
    }

    /// Adds the output `action` of continuous actions `[N, K]` in units of the world.
    pub fn continuous_action(&mut self, spec: &Spec, action: Value) {
        let meaning = match &spec.actions {
            ActionSpace::Continuous { names, .. } => format!("greedy action: {}", names.join(", ")),
            ActionSpace::Discrete { .. } => "greedy action".into(),
        };
        self.output("action", action, Kind::F32, &[spec.actions.dimensions()], &meaning);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_is_an_input_of_worlds_with_illegal_actions() {
        let of = |masked| {
            let spec = Spec { masked, ..Spec::discrete("test/mask", 2, &["a", "b"]) };
            let mut graph = Graph::default();
            let Observed::Index(x) = graph.observation(&spec) else { panic!() };
            let q = graph.parameter("q", &[2, 2], Data::F32(vec![0.0; 4]));
            let q = graph.apply(Op::Gather { axis: 0 }, &[q, x]);
            graph.choose(&spec, q, Kind::F32);
            graph
        };
        let (with, without) = (of(true), of(false));
        assert_eq!(with.inputs[1].default, Some(Data::Bool(vec![true; 2])));
        let names = |graph: &Graph| graph.nodes.iter().map(|node| node.op.name()).collect::<Vec<_>>();
        assert_eq!(names(&with), ["Gather", "Where", "ArgMax"]);
        assert_eq!((names(&without), without.inputs.len()), (vec!["Gather", "ArgMax"], 1));
    }

    #[test]
    fn bytes_are_little_endian() {
        assert_eq!(Data::I64(vec![258]).to_bytes(), [2, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(Data::F32(vec![1.0]).to_bytes(), [0, 0, 0x80, 0x3f]);
        assert_eq!(Data::Bool(vec![true, false]).to_bytes(), [1, 0]);
    }
}
