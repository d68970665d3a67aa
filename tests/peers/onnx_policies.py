"""Runs exported policies with ONNX Runtime and with NumPy, and compares them with the recorded answers of Freewheel.

Usage: onnx_policies.py FOLDER
Each folder in FOLDER has policy.onnx, policy.safetensors, case.json and the recorded numbers. Prints one JSON document.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort

sys.path.insert(0, str(Path(__file__).parents[2] / "runs/examples/python"))
from numpy_policy import Policy  # noqa: E402


def log_softmax(logits):
    logits = logits.astype(np.float64)
    shifted = logits - logits.max(1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))


def answers(run, case, observations, masks, starts):
    """Outputs for all T steps of N environments, `[T N, ...]`; the memory, if any, is the policy's own."""
    t, n = case["steps"], case["envs"]
    if not case["memory"]:
        return run(observation=observations, **({} if masks is None else {"mask": masks}))
    rows, memory = [], None
    for step in range(t):
        own = slice(step * n, (step + 1) * n)
        if memory is None:
            memory = np.zeros((n, case["memory"]), np.float32)
        memory[starts[own]] = 0
        found = run(observation=observations[own], memory=memory, **({} if masks is None else {"mask": masks[own]}))
        memory = found["next_memory"].copy()
        rows.append(found)
    return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}


def compare(case, found, folder, masks):
    """Number of different actions and the largest difference of numbers, relative to 1 + their size."""
    result = {}
    if case["discrete"]:
        actions = np.fromfile(folder / "actions.bin", np.uint32)
        wrong = found["action"] != actions
        result["wrong"] = int(wrong.sum())
        values = np.fromfile(folder / "values.bin", np.float32).reshape(len(actions), -1).astype(np.float64)
        if "logits" in found:
            # Ours are probabilities after the mask.
            logits = found["logits"] if masks is None else np.where(masks, found["logits"], -1e30)
            known = values > 1e-6
            difference = np.abs(log_softmax(logits)[known] - np.log(values[known]))
            size = np.abs(found["logits"][known])
        else:
            # A table has no values for a state that it does not know.
            known = ~np.isnan(values)
            difference = np.abs(found["action_values"][known] - values[known])
            size = np.abs(values[known])
        result["numbers"] = int(known.sum())
    else:
        actions = np.fromfile(folder / "actions.bin", np.float32).reshape(found["action"].shape)
        difference, size = np.abs(found["action"] - actions), np.abs(actions)
        result.update(wrong=0, numbers=actions.size)
    result["difference"] = float((difference / (1 + size)).max())
    result["distinct"] = len(np.unique(actions, axis=0))
    return result


def check(folder):
    case = json.loads((folder / "case.json").read_text())
    onnx.checker.check_model(onnx.load(folder / "policy.onnx"), full_check=True)
    session = ort.InferenceSession(folder / "policy.onnx", providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    observations = np.fromfile(folder / "observations.bin", np.float32)
    rows = case["steps"] * case["envs"]
    if case["index"]:
        observations = observations.astype(np.int64)
    else:
        observations = observations.reshape(rows, *case["shape"])
    masks = None
    if case["masked"]:
        masks = np.fromfile(folder / "masks.bin", np.bool_).reshape(rows, -1)
    starts = np.fromfile(folder / "starts.bin", np.bool_)
    names = [output.name for output in session.get_outputs()]

    def run(**inputs):
        return dict(zip(names, session.run(None, inputs)))

    policy = Policy(folder / "policy.safetensors")
    result = {"rows": rows, "metadata": metadata, "outputs": names, "same_metadata": True}
    for key, text in metadata.items():
        result["same_metadata"] &= policy.metadata[key] == text
    result["onnxruntime"] = compare(case, answers(run, case, observations, masks, starts), folder, masks)
    result["numpy"] = compare(case, answers(policy, case, observations, masks, starts), folder, masks)
    if masks is not None:
        # Without a mask all actions are legal.
        every = run(observation=observations[:50], mask=np.ones_like(masks[:50]))["action"]
        result["mask_is_optional"] = bool((run(observation=observations[:50])["action"] == every).all())
    if case["memory"]:
        zero = np.zeros((case["envs"], case["memory"]), np.float32)
        first = observations[: case["envs"]]
        with_zero = run(observation=first, memory=zero)["action"]
        result["memory_is_optional"] = bool((run(observation=first)["action"] == with_zero).all())
    return result


folders = [folder for folder in sorted(Path(sys.argv[1]).iterdir()) if (folder / "case.json").exists()]
print(json.dumps({folder.name: check(folder) for folder in folders}))
