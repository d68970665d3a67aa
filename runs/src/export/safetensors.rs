//! Policy as a safetensors file: its parameters by name, and in the metadata the graph that applies them.
//!
//! The metadata has the keys of an ONNX export, and `graph`: JSON with `inputs`, `outputs`, `constants` and `nodes`, so
//! that a program of a few dozen lines can run the policy without a runtime. Operations and attributes are those of
//! ONNX; tensors are numbered. Linear weights are `[O, I]` and convolutions `[O, C, K, K]`, as in PyTorch.

use std::collections::{BTreeMap, HashMap};

use freewheel_core::graph::{Data, Graph, Kind, Op, Port};
use freewheel_core::{Error, Result};
use safetensors::tensor::{Dtype, TensorView};
use serde_json::{Value, json};

/// Bytes of a safetensors file with the policy `graph` and `metadata`, pairs of key and text.
///
/// # Errors
/// [`Error::Unsupported`] if the serialization fails.
pub fn to_bytes(graph: &Graph, metadata: &[(String, String)]) -> Result<Vec<u8>> {
    let failed = |e: safetensors::SafeTensorError| Error::Unsupported(format!("safetensors: {e}"));
    let named: Vec<(String, &[usize], Dtype, Vec<u8>)> = (graph.constants.iter())
        .filter_map(|one| {
            let name = one.name.clone()?;
            Some((name, &one.shape[..], dtype(one.data.kind()), one.data.to_bytes()))
        })
        .collect();
    let mut views = BTreeMap::new();
    for (name, shape, dtype, bytes) in &named {
        views.insert(name.as_str(), TensorView::new(*dtype, shape.to_vec(), bytes).map_err(failed)?);
    }
    let mut texts: HashMap<String, String> = metadata.iter().cloned().collect();
    texts.insert("graph".into(), description(graph).to_string());
    // The order of a hash map changes from run to run: the header is written anew with sorted keys.
    sorted(&safetensors::serialize(views, None).map_err(failed)?, &texts)
}

/// File with the tensors of `bytes` and the metadata `texts`, whose header has sorted keys.
fn sorted(bytes: &[u8], texts: &HashMap<String, String>) -> Result<Vec<u8>> {
    let broken = |e: String| Error::Unsupported(format!("safetensors: {e}"));
    let (length, rest) = bytes.split_first_chunk::<8>().ok_or_else(|| broken("no header".into()))?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|e| broken(e.to_string()))?;
    let (header, data) = rest.split_at_checked(length).ok_or_else(|| broken("a short header".into()))?;
    let header: BTreeMap<String, Value> =
        serde_json::from_slice(header).map_err(|e| broken(e.to_string()))?;
    let texts: BTreeMap<&String, &String> = texts.iter().collect();
    let mut all = serde_json::Map::new();
    all.insert("__metadata__".into(), json!(texts));
    all.extend(header);
    let mut header = Value::Object(all).to_string();
    // The data begin at a multiple of 8 bytes.
    header.extend(std::iter::repeat_n(' ', header.len().next_multiple_of(8) - header.len()));
    Ok([&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat())
}

fn dtype(kind: Kind) -> Dtype {
    match kind {
        Kind::F32 => Dtype::F32,
        Kind::F64 => Dtype::F64,
        Kind::I64 => Dtype::I64,
        Kind::Bool => Dtype::BOOL,
    }
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::F32 => "f32",
        Kind::F64 => "f64",
        Kind::I64 => "i64",
        Kind::Bool => "bool",
    }
}

fn numbers(data: &Data) -> Value {
    match data {
        Data::F32(all) => json!(all),
        Data::F64(all) => json!(all),
        Data::I64(all) => json!(all),
        Data::Bool(all) => json!(all),
    }
}

/// Description of `graph` as JSON.
fn description(graph: &Graph) -> Value {
    let port = |port: &Port| {
        let mut one = json!({
            "name": port.name, "tensor": port.value.index(), "type": name(port.kind), "shape": port.shape,
            "meaning": port.meaning,
        });
        if let Some(default) = &port.default {
            one["default"] = numbers(default);
        }
        one
    };
    let constants = graph.constants.iter().map(|one| match &one.name {
        Some(name) => json!({ "tensor": one.value.index(), "name": name }),
        None => json!({
            "tensor": one.value.index(), "type": name(one.data.kind()), "shape": one.shape,
            "numbers": numbers(&one.data),
        }),
    });
    let nodes = graph.nodes.iter().map(|node| {
        let inputs: Vec<usize> = node.inputs.iter().map(|value| value.index()).collect();
        let mut one = json!({ "op": node.op.name(), "inputs": inputs, "output": node.output.index() });
        match &node.op {
            Op::Cast(kind) => one["to"] = json!(name(*kind)),
            Op::Concat { axis } | Op::Gather { axis } | Op::ReduceMean { axis } => one["axis"] = json!(axis),
            Op::Conv { kernel, stride, padding } => {
                (one["kernel"], one["stride"], one["padding"]) =
                    (json!(kernel), json!(stride), json!(padding));
            }
            Op::LayerNormalization { epsilon } => one["epsilon"] = json!(epsilon),
            Op::Transpose(axes) => one["axes"] = json!(axes),
            _ => {}
        }
        one
    });
    json!({
        "inputs": graph.inputs.iter().map(port).collect::<Vec<_>>(),
        "outputs": graph.outputs.iter().map(port).collect::<Vec<_>>(),
        "constants": constants.collect::<Vec<_>>(),
        "nodes": nodes.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use freewheel_core::Spec;
    use freewheel_core::graph::Observed;
    use safetensors::SafeTensors;

    use super::*;

    #[test]
    fn parameters_have_names_and_the_graph_is_in_the_metadata() {
        let spec = Spec::discrete("test/table", 2, &["a", "b"]);
        let mut graph = Graph::default();
        let Observed::Index(x) = graph.observation(&spec) else { panic!() };
        let q = graph.parameter("q", &[2, 2], Data::F64(vec![1.0, 2.0, 3.0, 4.0]));
        let q = graph.apply(Op::Gather { axis: 0 }, &[q, x]);
        graph.choose(&spec, q, Kind::F64);
        let metadata = [("world".to_owned(), "test/table".to_owned()), ("agent".to_owned(), "x".to_owned())];
        let bytes = to_bytes(&graph, &metadata).unwrap();
        assert_eq!(bytes, to_bytes(&graph, &metadata).unwrap());
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let tensor = file.tensor("q").unwrap();
        assert_eq!((tensor.dtype(), tensor.shape()), (Dtype::F64, &[2usize, 2][..]));
        assert_eq!(tensor.data()[24..], 4f64.to_le_bytes());
        let (_, read) = SafeTensors::read_metadata(&bytes).unwrap();
        let texts = read.metadata().clone().unwrap();
        assert_eq!(texts["agent"], "x");
        let graph: Value = serde_json::from_str(&texts["graph"]).unwrap();
        assert_eq!(graph["nodes"][0], json!({ "op": "Gather", "inputs": [1, 0], "output": 2, "axis": 0 }));
        assert_eq!(graph["outputs"][0]["name"], "action");
    }
}
