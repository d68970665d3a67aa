//! Policy as an ONNX model: operator set 17, format version 8 (ONNX 1.12, 2022), which ONNX Runtime 1.12 and later
//! read.
//!
//! The messages are those of `onnx.proto3` as far as a policy needs them; prost writes them. An input with a default is
//! an input and an initializer of one name: the caller may leave it out.

use freewheel_core::graph::{Data, Graph, Kind, Node, Op, Port, Value};
use prost::Message;

/// Operator set of the models.
pub const OPSET: i64 = 17;
/// Version of the ONNX format.
const IR_VERSION: i64 = 8;

/// Bytes of an ONNX file with the policy `graph` and `metadata`, pairs of key and text.
pub fn to_bytes(graph: &Graph, metadata: &[(String, String)]) -> Vec<u8> {
    let names = Names::of(graph);
    let mut node: Vec<NodeProto> = graph.nodes.iter().map(|node| names.node(node)).collect();
    // A tensor with two names, or an input that is an output, too.
    for port in &graph.outputs {
        if names.of_value(port.value) != port.name {
            node.push(NodeProto {
                input: vec![names.of_value(port.value)],
                output: vec![port.name.clone()],
                name: port.name.clone(),
                op_type: "Identity".into(),
                attribute: Vec::new(),
            });
        }
    }
    let constants = graph.constants.iter();
    let mut initializer: Vec<TensorProto> =
        constants.map(|one| tensor(names.of_value(one.value), &one.shape, &one.data)).collect();
    for port in &graph.inputs {
        if let Some(default) = &port.default {
            let shape: Vec<usize> = [&[1], &port.shape[..]].concat();
            initializer.push(tensor(port.name.clone(), &shape, default));
        }
    }
    let model = ModelProto {
        ir_version: IR_VERSION,
        producer_name: "freewheel".into(),
        producer_version: env!("CARGO_PKG_VERSION").into(),
        graph: Some(GraphProto {
            node,
            name: "policy".into(),
            initializer,
            input: graph.inputs.iter().map(value_info).collect(),
            output: graph.outputs.iter().map(value_info).collect(),
        }),
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
        metadata_props: metadata
            .iter()
            .map(|(key, value)| StringStringEntryProto { key: key.clone(), value: value.clone() })
            .collect(),
    };
    model.encode_to_vec()
}

/// Names of the tensors of a graph, by their numbers.
struct Names(Vec<Option<String>>);

impl Names {
    fn of(graph: &Graph) -> Self {
        let mut names: Vec<Option<String>> = Vec::new();
        let mut set = |value: Value, name: &str| {
            names.resize(names.len().max(value.index() + 1), None);
            names[value.index()].get_or_insert_with(|| name.to_owned());
        };
        graph.inputs.iter().for_each(|port| set(port.value, &port.name));
        for constant in &graph.constants {
            if let Some(name) = &constant.name {
                set(constant.value, name);
            }
        }
        graph.outputs.iter().for_each(|port| set(port.value, &port.name));
        Names(names)
    }

    fn of_value(&self, value: Value) -> String {
        let named = self.0.get(value.index()).cloned().flatten();
        named.unwrap_or_else(|| format!("t{}", value.index()))
    }

    fn node(&self, node: &Node) -> NodeProto {
        let output = self.of_value(node.output);
        NodeProto {
            input: node.inputs.iter().map(|&value| self.of_value(value)).collect(),
            name: format!("{}:{output}", node.op.name()),
            output: vec![output],
            op_type: node.op.name().into(),
            attribute: attributes(&node.op),
        }
    }
}

/// Attributes of an operation that differ from their defaults.
fn attributes(op: &Op) -> Vec<AttributeProto> {
    let int =
        |name: &str, i: i64| AttributeProto { i: Some(i), ..AttributeProto::of(name, AttributeType::Int) };
    let ints =
        |name: &str, ints: Vec<i64>| AttributeProto { ints, ..AttributeProto::of(name, AttributeType::Ints) };
    match op {
        Op::ArgMax => vec![int("axis", 1), int("keepdims", 0)],
        Op::Cast(kind) => vec![int("to", i64::from(data_type(*kind)))],
        Op::Concat { axis } | Op::Gather { axis } => vec![int("axis", *axis)],
        &Op::Conv { kernel, stride, padding } => {
            let [kernel, stride, padding] = [kernel, stride, padding].map(|x| x as i64);
            vec![
                ints("kernel_shape", vec![kernel; 2]),
                ints("strides", vec![stride; 2]),
                ints("pads", vec![padding; 4]),
            ]
        }
        Op::Gemm => vec![int("transB", 1)],
        Op::LayerNormalization { epsilon } => {
            let float = AttributeProto::of("epsilon", AttributeType::Float);
            vec![int("axis", -1), AttributeProto { f: Some(*epsilon), ..float }]
        }
        Op::ReduceMean { axis } => vec![ints("axes", vec![*axis]), int("keepdims", 1)],
        Op::Transpose(axes) => vec![ints("perm", axes.clone())],
        _ => Vec::new(),
    }
}

/// Number of a type in ONNX.
fn data_type(kind: Kind) -> i32 {
    match kind {
        Kind::F32 => 1,
        Kind::I64 => 7,
        Kind::Bool => 9,
        Kind::F64 => 11,
    }
}

fn tensor(name: String, shape: &[usize], data: &Data) -> TensorProto {
    TensorProto {
        dims: shape.iter().map(|&size| size as i64).collect(),
        data_type: data_type(data.kind()),
        name,
        raw_data: data.to_bytes(),
    }
}

fn value_info(port: &Port) -> ValueInfoProto {
    // The default of an input is for one observation, so that its first size has a name of its own.
    let first = match port.default {
        Some(_) => format!("N_{}", port.name),
        None => "N".into(),
    };
    let rest = port.shape.iter().map(|&size| Dimension { dim_value: Some(size as i64), dim_param: None });
    let dim = std::iter::once(Dimension { dim_value: None, dim_param: Some(first) }).chain(rest).collect();
    let tensor = TensorType { elem_type: data_type(port.kind), shape: Some(TensorShapeProto { dim }) };
    ValueInfoProto {
        name: port.name.clone(),
        r#type: Some(TypeProto { tensor_type: Some(tensor) }),
        doc_string: port.meaning.clone(),
    }
}

#[derive(Clone, PartialEq, Message)]
struct ModelProto {
    #[prost(int64, tag = "1")]
    ir_version: i64,
    #[prost(string, tag = "2")]
    producer_name: String,
    #[prost(string, tag = "3")]
    producer_version: String,
    #[prost(message, optional, tag = "7")]
    graph: Option<GraphProto>,
    #[prost(message, repeated, tag = "8")]
    opset_import: Vec<OperatorSetIdProto>,
    #[prost(message, repeated, tag = "14")]
    metadata_props: Vec<StringStringEntryProto>,
}

#[derive(Clone, PartialEq, Message)]
struct OperatorSetIdProto {
    #[prost(string, tag = "1")]
    domain: String,
    #[prost(int64, tag = "2")]
    version: i64,
}

#[derive(Clone, PartialEq, Message)]
struct StringStringEntryProto {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, Message)]
struct GraphProto {
    #[prost(message, repeated, tag = "1")]
    node: Vec<NodeProto>,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(message, repeated, tag = "5")]
    initializer: Vec<TensorProto>,
    #[prost(message, repeated, tag = "11")]
    input: Vec<ValueInfoProto>,
    #[prost(message, repeated, tag = "12")]
    output: Vec<ValueInfoProto>,
}

#[derive(Clone, PartialEq, Message)]
struct NodeProto {
    #[prost(string, repeated, tag = "1")]
    input: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    output: Vec<String>,
    #[prost(string, tag = "3")]
    name: String,
    #[prost(string, tag = "4")]
    op_type: String,
    #[prost(message, repeated, tag = "5")]
    attribute: Vec<AttributeProto>,
}

/// Type of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
enum AttributeType {
    Undefined = 0,
    Float = 1,
    Int = 2,
    Ints = 7,
}

#[derive(Clone, PartialEq, Message)]
struct AttributeProto {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(float, optional, tag = "2")]
    f: Option<f32>,
    #[prost(int64, optional, tag = "3")]
    i: Option<i64>,
    #[prost(int64, repeated, packed = "false", tag = "8")]
    ints: Vec<i64>,
    #[prost(enumeration = "AttributeType", tag = "20")]
    r#type: i32,
}

impl AttributeProto {
    fn of(name: &str, r#type: AttributeType) -> Self {
        AttributeProto { name: name.into(), r#type: r#type.into(), ..AttributeProto::default() }
    }
}

#[derive(Clone, PartialEq, Message)]
struct TensorProto {
    #[prost(int64, repeated, packed = "false", tag = "1")]
    dims: Vec<i64>,
    #[prost(int32, tag = "2")]
    data_type: i32,
    #[prost(string, tag = "8")]
    name: String,
    #[prost(bytes = "vec", tag = "9")]
    raw_data: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct ValueInfoProto {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    r#type: Option<TypeProto>,
    #[prost(string, tag = "3")]
    doc_string: String,
}

#[derive(Clone, PartialEq, Message)]
struct TypeProto {
    #[prost(message, optional, tag = "1")]
    tensor_type: Option<TensorType>,
}

#[derive(Clone, PartialEq, Message)]
struct TensorType {
    #[prost(int32, tag = "1")]
    elem_type: i32,
    #[prost(message, optional, tag = "2")]
    shape: Option<TensorShapeProto>,
}

#[derive(Clone, PartialEq, Message)]
struct TensorShapeProto {
    #[prost(message, repeated, tag = "1")]
    dim: Vec<Dimension>,
}

#[derive(Clone, PartialEq, Message)]
struct Dimension {
    #[prost(int64, optional, tag = "1")]
    dim_value: Option<i64>,
    #[prost(string, optional, tag = "2")]
    dim_param: Option<String>,
}

#[cfg(test)]
mod tests {
    use freewheel_core::Spec;
    use freewheel_core::graph::Observed;

    use super::*;

    #[test]
    fn a_table_becomes_three_operations() {
        let spec = Spec { masked: true, ..Spec::discrete("test/table", 2, &["a", "b"]) };
        let mut graph = Graph::default();
        let Observed::Index(x) = graph.observation(&spec) else { panic!() };
        let q = graph.parameter("q", &[2, 2], Data::F64(vec![1.0, 2.0, 3.0, 4.0]));
        let q = graph.apply(Op::Gather { axis: 0 }, &[q, x]);
        graph.choose(&spec, q, Kind::F64);
        graph.output("action_values", q, Kind::F64, &[2], "values");
        graph.output("again", q, Kind::F64, &[2], "values");
        let bytes = to_bytes(&graph, &[("world".into(), "test/table".into())]);
        let model = ModelProto::decode(&bytes[..]).unwrap();
        assert_eq!((model.ir_version, model.opset_import[0].version), (8, 17));
        assert_eq!(model.metadata_props[0].value, "test/table");
        let graph = model.graph.unwrap();
        let ops: Vec<&str> = graph.node.iter().map(|node| node.op_type.as_str()).collect();
        assert_eq!(ops, ["Gather", "Where", "ArgMax", "Identity"]);
        // An axis of 0 is written, too: a reader takes an attribute without a value for an error.
        assert_eq!((graph.node[0].attribute[0].i, &*graph.node[0].output[0]), (Some(0), "action_values"));
        let names: Vec<&str> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
        assert_eq!((names[0], names.last()), ("q", Some(&"mask")));
        assert_eq!(graph.initializer[0].raw_data[..8], 1f64.to_le_bytes());
        assert_eq!(graph.initializer.last().unwrap().dims, [1, 2]);
    }

    /// A node on the wire: field 1, two bytes, and so on.
    #[test]
    fn bytes_of_a_node_by_hand() {
        let node = NodeProto {
            input: vec!["x".into()],
            output: vec!["y".into()],
            name: String::new(),
            op_type: "Relu".into(),
            attribute: Vec::new(),
        };
        assert_eq!(node.encode_to_vec(), b"\x0a\x01x\x12\x01y\x22\x04Relu");
    }
}
