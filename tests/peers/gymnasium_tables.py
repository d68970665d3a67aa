"""Prints Gymnasium's transition tables as one JSON document: id -> {"P", "starts", "time_limit"}.

P[state][action] is a list of [probability, next state, reward, terminated], as in `env.unwrapped.P`.
Maps of one's own are given as arguments, rows joined by commas: SFF,FHF,FFG.
"""

import json
import sys

import gymnasium as gym


def table(name, **settings):
    env = gym.make(name, **settings)
    inner = env.unwrapped
    rows = [
        [[[float(p), int(s), float(r), bool(t)] for p, s, r, t in inner.P[state][action]] for action in inner.P[state]]
        for state in inner.P
    ]
    starts = [float(x) for x in inner.initial_state_distrib]
    return {"P": rows, "starts": starts, "time_limit": env.spec.max_episode_steps}


tables = {
    "CliffWalking-v1": table("CliffWalking-v1"),
    "CliffWalkingSlippery-v1": table("CliffWalkingSlippery-v1"),
    "Taxi-v4": table("Taxi-v4"),
}
for slippery in (True, False):
    suffix = "slippery" if slippery else "dry"
    tables[f"FrozenLake-v1 {suffix}"] = table("FrozenLake-v1", is_slippery=slippery)
    tables[f"FrozenLake8x8-v1 {suffix}"] = table("FrozenLake8x8-v1", is_slippery=slippery)
    for desc in sys.argv[1:]:
        tables[f"{desc} {suffix}"] = table("FrozenLake-v1", desc=desc.split(","), is_slippery=slippery)
json.dump(tables, sys.stdout)
