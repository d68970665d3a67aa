"""Prints episodes of MiniGrid worlds as one JSON document, a list of {"world", "width", "steps"}. A step has the grid
before the action ("grid": [object, color, state] of each cell, row by row), "position", "direction", "carrying", the view
("image": [object, color, state] by column and row), and, unless it is the last one, "action", "reward", "terminated".

Players act at random, more often forward than to the sides.
"""

import json

import gymnasium as gym
import minigrid  # noqa: F401
import numpy as np

EPISODES = 12
# Name here and id in MiniGrid.
WORLDS = [
    ("empty-random-6x6", "MiniGrid-Empty-Random-6x6-v0"),
    ("empty-16x16", "MiniGrid-Empty-16x16-v0"),
    ("doorkey-5x5", "MiniGrid-DoorKey-5x5-v0"),
    ("doorkey-8x8", "MiniGrid-DoorKey-8x8-v0"),
    ("multiroom-n2-s4", "MiniGrid-MultiRoom-N2-S4-v0"),
    ("multiroom-n6", "MiniGrid-MultiRoom-N6-v0"),
    ("dynamic-obstacles-8x8", "MiniGrid-Dynamic-Obstacles-8x8-v0"),
]
# left, right, forward, pickup, drop, toggle, done
WEIGHTS = np.array([0.14, 0.14, 0.38, 0.12, 0.05, 0.15, 0.02])


def snapshot(env, observation):
    inner = env.unwrapped
    grid = inner.grid.encode()
    return {
        "grid": [grid[x, y].tolist() for y in range(inner.height) for x in range(inner.width)],
        "position": [int(i) for i in inner.agent_pos],
        "direction": int(inner.agent_dir),
        "carrying": None if inner.carrying is None else list(inner.carrying.encode()),
        "image": observation["image"].tolist(),
    }


def episode(world, env, seed):
    rng = np.random.default_rng(seed)
    observation, _ = env.reset(seed=seed)
    steps = []
    limit = min(env.unwrapped.max_steps, 400)
    weights = WEIGHTS[: env.action_space.n] / WEIGHTS[: env.action_space.n].sum()
    for _ in range(limit):
        step = snapshot(env, observation)
        action = int(rng.choice(len(weights), p=weights))
        observation, reward, terminated, truncated, _ = env.step(action)
        steps.append(step | {"action": action, "reward": float(reward), "terminated": bool(terminated)})
        if terminated or truncated:
            break
    steps.append(snapshot(env, observation))
    return {"world": world, "width": env.unwrapped.width, "max_steps": env.unwrapped.max_steps, "steps": steps}


made = []
for world, name in WORLDS:
    env = gym.make(name)
    made += [episode(world, env, seed) for seed in range(EPISODES)]
print(json.dumps(made))
