"""A policy that `freewheel export RUN --to policy.safetensors` has written, with NumPy alone.

    from numpy_policy import Policy
    policy = Policy("policy.safetensors")
    print(policy.metadata["world"], policy.metadata["actions"])
    action = policy(observation=observations)["action"]     # observations [N, ...]: one row for each

The file has the parameters by name, and in its metadata the graph of the policy: inputs, outputs, constants and
operations, which are those of ONNX.
"""

import json

import numpy as np

TYPES = {"f32": np.float32, "f64": np.float64, "i64": np.int64, "bool": np.bool_}
CODES = {"F32": np.float32, "F64": np.float64, "I64": np.int64, "BOOL": np.bool_}


def conv(x, w, b, kernel, stride, padding):
    """Convolution of planes `x [N, C, H, W]` with `w [O, C, K, K]`."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), axis=(2, 3))
    return np.einsum("nchwij,ocij->nohw", windows[:, :, ::stride, ::stride], w) + b[:, None, None]


def layer_norm(x, gain, bias, epsilon):
    centered = x - x.mean(-1, keepdims=True)
    return centered / np.sqrt((centered**2).mean(-1, keepdims=True) + np.float32(epsilon)) * gain + bias


OPERATIONS = {
    "Abs": lambda node, x: np.abs(x),
    "Add": lambda node, a, b: a + b,
    "ArgMax": lambda node, x: x.argmax(1),
    "Cast": lambda node, x: x.astype(TYPES[node["to"]]),
    "Clip": lambda node, x, low, high: np.clip(x, low, high),
    "Concat": lambda node, *parts: np.concatenate(parts, node["axis"]),
    "Conv": lambda node, x, w, b: conv(x, w, b, node["kernel"], node["stride"], node["padding"]),
    "Div": lambda node, a, b: a / b,
    "Equal": lambda node, a, b: a == b,
    "Gather": lambda node, table, index: np.take(table, index, node["axis"]),
    "Gemm": lambda node, x, w, b: x @ w.T + b,
    "LayerNormalization": lambda node, x, gain, bias: layer_norm(x, gain, bias, node["epsilon"]),
    "MatMul": lambda node, a, b: a @ b,
    "Max": lambda node, a, b: np.maximum(a, b),
    "Min": lambda node, a, b: np.minimum(a, b),
    "Mul": lambda node, a, b: a * b,
    "ReduceMean": lambda node, x: x.mean(node["axis"], keepdims=True),
    "Relu": lambda node, x: np.maximum(x, 0),
    "Reshape": lambda node, x, shape: x.reshape(shape),
    "Sigmoid": lambda node, x: 1 / (1 + np.exp(-x)),
    "Sub": lambda node, a, b: a - b,
    "Tanh": lambda node, x: np.tanh(x),
    "Transpose": lambda node, x: x.transpose(node["axes"]),
    "Where": lambda node, condition, a, b: np.where(condition, a, b),
}


class Policy:
    """Greedy policy; called with its inputs by name, it returns its outputs by name."""

    def __init__(self, file):
        with open(file, "rb") as opened:
            content = opened.read()
        length = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + length])
        self.metadata = header.pop("__metadata__")
        self.graph = json.loads(self.metadata["graph"])
        self.parameters = {}
        for name, one in header.items():
            begin, end = (8 + length + offset for offset in one["data_offsets"])
            numbers = np.frombuffer(content[begin:end], CODES[one["dtype"]])
            self.parameters[name] = numbers.reshape(one["shape"])

    def __call__(self, **inputs):
        tensors = {}
        for one in self.graph["constants"]:
            if "name" in one:
                tensors[one["tensor"]] = self.parameters[one["name"]]
            else:
                tensors[one["tensor"]] = np.array(one["numbers"], TYPES[one["type"]]).reshape(one["shape"])
        for port in self.graph["inputs"]:
            given = inputs.get(port["name"])
            if given is None and "default" not in port:
                raise ValueError(f"the policy needs the input {port['name']}: {port['meaning']}")
            if given is None:
                given = np.array(port["default"]).reshape([1, *port["shape"]])
            tensors[port["tensor"]] = np.asarray(given, TYPES[port["type"]])
        for node in self.graph["nodes"]:
            tensors[node["output"]] = OPERATIONS[node["op"]](node, *(tensors[i] for i in node["inputs"]))
        return {port["name"]: tensors[port["tensor"]] for port in self.graph["outputs"]}
