"""Cost of training and cost of use of policies; see tests/peers/deploy_cost.

Usage: deploy_cost.py FREEWHEEL [ROUNDS]
"""

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime as ort

sys.path.insert(0, str(Path(__file__).parents[2] / "runs/examples/python"))
from numpy_policy import TYPES, Policy  # noqa: E402

try:
    import torch
except ImportError:
    torch = None

RUNS = [
    ("grid/taxi", "q-learning"),
    ("classic/cartpole", "q-learning"),
    ("grid/taxi", "dqn"),
    ("classic/cartpole", "ppo"),
    ("classic/acrobot", "dqn"),
    ("classic/pendulum", "ppo"),
    ("classic/pendulum", "sac"),
]
program = Path(sys.argv[1]).resolve()
rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5


def microseconds(call):
    """Median over the rounds of the time of one call."""
    call()
    begin, count = time.perf_counter(), 0
    while time.perf_counter() - begin < 0.02:
        call()
        count += 1
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        for _ in range(4 * count):
            call()
        times.append((time.perf_counter() - begin) / (4 * count) * 1e6)
    return statistics.median(times)


def run(*words):
    return json.loads(subprocess.run([program, *words, "--json"], check=True, capture_output=True).stdout)


def torch_module(policy, example):
    """The graph of a policy in PyTorch, traced, so that no Python is left between its operations."""
    types = {"f32": torch.float32, "f64": torch.float64, "i64": torch.int64, "bool": torch.bool}
    constants = {}
    for one in policy.graph["constants"]:
        if "name" in one:
            numbers = policy.parameters[one["name"]]
        else:
            numbers = np.array(one["numbers"], TYPES[one["type"]]).reshape(one["shape"])
        constants[one["tensor"]] = torch.from_numpy(numbers.copy())
    operations = {
        "Abs": lambda node, x: x.abs(),
        "Add": lambda node, a, b: a + b,
        "ArgMax": lambda node, x: x.argmax(1),
        "Cast": lambda node, x: x.to(types[node["to"]]),
        "Clip": lambda node, x, low, high: torch.clamp(x, low, high),
        "Concat": lambda node, *parts: torch.cat(parts, node["axis"]),
        "Conv": lambda node, x, w, b: torch.conv2d(x, w, b, node["stride"], node["padding"]),
        "Div": lambda node, a, b: a / b,
        "Equal": lambda node, a, b: a == b,
        "Gather": lambda node, table, i: table[i] if node["axis"] == 0 else table.select(1, int(i)),
        "Gemm": lambda node, x, w, b: torch.nn.functional.linear(x, w, b),
        "LayerNormalization": lambda node, x, g, b: torch.layer_norm(x, g.shape, g, b, node["epsilon"]),
        "MatMul": lambda node, a, b: a @ b,
        "Max": lambda node, a, b: torch.maximum(a, b),
        "Min": lambda node, a, b: torch.minimum(a, b),
        "Mul": lambda node, a, b: a * b,
        "ReduceMean": lambda node, x: x.mean(node["axis"], keepdim=True),
        "Relu": lambda node, x: x.relu(),
        "Reshape": lambda node, x, shape: x.reshape(shape.tolist()),
        "Sigmoid": lambda node, x: x.sigmoid(),
        "Sub": lambda node, a, b: a - b,
        "Tanh": lambda node, x: x.tanh(),
        "Transpose": lambda node, x: x.permute(node["axes"]),
        "Where": lambda node, condition, a, b: torch.where(condition, a, b),
    }
    (observation,) = policy.graph["inputs"]
    (action,) = [port for port in policy.graph["outputs"] if port["name"] == "action"]

    def forward(x):
        tensors = {observation["tensor"]: x, **constants}
        for node in policy.graph["nodes"]:
            tensors[node["output"]] = operations[node["op"]](node, *(tensors[i] for i in node["inputs"]))
        return tensors[action["tensor"]]

    return torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(Wrapped(forward), example).eval()))


if torch is not None:
    torch.set_num_threads(1)

    class Wrapped(torch.nn.Module):
        def __init__(self, function):
            super().__init__()
            self.function = function

        def forward(self, x):
            return self.function(x)


def measure(world, agent, folder):
    out = folder / f"{world}-{agent}".replace("/", "-")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    report = run("train", world, agent, "--threads", "1", "--set", "evaluation.points=0", "--out", out)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    onnx, tensors = folder / "policy.onnx", folder / "policy.safetensors"
    (own,) = run("export", out, "--to", onnx)["policies"]
    times = [own["microseconds"]]
    times += [run("export", out, "--to", onnx)["policies"][0]["microseconds"] for _ in range(rounds - 1)]
    run("export", out, "--to", tensors)
    policy = Policy(tensors)
    (port,) = policy.graph["inputs"]
    x = np.zeros([1, *port["shape"]], TYPES[port["type"]])
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
    fed = {"observation": x}
    row = {
        "world": world,
        "agent": agent,
        "steps": own["step"],
        "seconds": cpu,
        "score": report["rows"][0]["mean"],
        "parameters": own["parameters"],
        "bytes": own["bytes"],
        "ours": statistics.median(times),
        "onnxruntime": microseconds(lambda: session.run(["action"], fed)),
        "numpy": microseconds(lambda: policy(observation=x)),
        "torch": None,
    }
    if torch is not None:
        with torch.inference_mode():
            example = torch.from_numpy(x)
            module = torch_module(policy, example)
            assert np.allclose(module(example).numpy(), session.run(["action"], fed)[0], atol=1e-5)
            row["torch"] = microseconds(lambda: module(example))
    return row


def rounded(x):
    return "-" if x is None else f"{x:.2f}" if x < 10 else f"{x:.0f}"


with tempfile.TemporaryDirectory() as folder:
    rows = [measure(world, agent, Path(folder)) for world, agent in RUNS]
versions = f"onnxruntime {ort.__version__}, NumPy {np.__version__}"
versions += f", PyTorch {torch.__version__}" if torch is not None else ", no PyTorch"
print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}\n")
print("| world | agent | score | training, steps | training, CPU s | parameters | ONNX file, bytes | actions for it |")
print("|---|---|---|---|---|---|---|---|")
for row in rows:
    actions = row["seconds"] * 1e6 / row["ours"]
    print(
        f"| {row['world']} | `{row['agent']}` | {row['score']:.4g} | {row['steps']:,} | {row['seconds']:.1f} | "
        f"{row['parameters']:,} | {row['bytes']:,} | {actions:,.0f} |"
    )
print("\n| world | agent | Freewheel, us | ONNX Runtime, us | PyTorch, us | NumPy, us |")
print("|---|---|---|---|---|---|")
for row in rows:
    times = " | ".join(rounded(row[name]) for name in ("ours", "onnxruntime", "torch", "numpy"))
    print(f"| {row['world']} | `{row['agent']}` | {times} |")
