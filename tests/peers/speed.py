"""Steps a second of Gymnasium's vector environments beside Freewheel's batch, on one thread, with the ratio.

Usage: tests/peers/speed   (it makes the Python environment and builds Freewheel)
"""

import json
import os
import statistics
import subprocess
import sys
import time

import gymnasium as gym
import numpy as np


def gymnasium_ns(name, envs, rounds=7, **settings):
    """Median nanoseconds of one step of one environment in a SyncVectorEnv, Gymnasium's fastest for small steps."""
    vector = gym.make_vec(name, num_envs=envs, vectorization_mode="sync", **settings)
    vector.reset(seed=0)
    actions = np.random.default_rng(0).integers(vector.single_action_space.n, size=(256, envs))
    ticks = max(4, 20_000 // envs)
    taken = []
    for _ in range(rounds):
        begin = time.perf_counter_ns()
        for tick in range(ticks):
            vector.step(actions[tick % 256])
        taken.append((time.perf_counter_ns() - begin) / (ticks * envs))
    vector.close()
    return statistics.median(taken)


def main():
    program = sys.argv[1]
    print(f"machine: {os.cpu_count()} cores; Gymnasium {gym.__version__}, Python {sys.version.split()[0]}")
    print(f"{'world':<22}{'rows':>7}{'Freewheel ns/step':>20}{'Gymnasium ns/step':>20}{'ratio':>9}")
    pairs = [("grid/cliff", "CliffWalking-v1", {}), ("grid/frozenlake-4x4", "FrozenLake-v1", {"is_slippery": True})]
    for ours, theirs, settings in pairs:
        for rows in (1, 64, 1024):
            name = f"step/{ours}/rows-{rows}/threads-1"
            # Taken in turns, so that a busy moment of the machine does not fall on one side alone.
            mine, peer = [], []
            for _ in range(3):
                output = subprocess.run([program, "bench", name, "--json"], check=True, capture_output=True, text=True)
                found = [b for b in json.loads(output.stdout)["benches"] if b["id"] == name]
                mine.append(found[0]["median"])
                peer.append(gymnasium_ns(theirs, rows, rounds=3, **settings))
            a, b = statistics.median(mine), statistics.median(peer)
            print(f"{ours:<22}{rows:>7}{a:>20.2f}{b:>20.0f}{b / a:>9.0f}")


main()
