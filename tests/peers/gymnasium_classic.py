"""Prints episodes of Gymnasium's Acrobot-v1, MountainCar-v0, MountainCarContinuous-v0 and Pendulum-v1 as one JSON document,
a list of {"world", "states", "observations", "actions", "rewards", "terminated", "truncated"}: one more state, and one more
observation, than actions.

Half of the players act at random; the others push in the direction of a velocity, and at random once in a while.
"""

import json

import gymnasium as gym
import numpy as np

EPISODES = 24
# Name here, id in Gymnasium, and place of the velocity in the state.
WORLDS = [
    ("acrobot", "Acrobot-v1", 3),
    ("mountain-car", "MountainCar-v0", 1),
    ("mountain-car-continuous", "MountainCarContinuous-v0", 1),
    ("pendulum", "Pendulum-v1", 1),
]


def action(env, pushing, velocity, rng):
    space = env.action_space
    if isinstance(space, gym.spaces.Discrete):
        return (2 if velocity >= 0 else 0) if pushing else int(rng.integers(space.n))
    limit = float(space.high[0])
    if pushing:
        return np.array([limit * 0.3 * (1 if velocity >= 0 else -1)], dtype=np.float32)
    # A pendulum clips torques beyond its limit.
    beyond = 1.25 if limit == 2 else 1.0
    return np.array([rng.uniform(-limit * beyond, limit * beyond)], dtype=np.float32)


def episode(world, env, place, seed):
    rng = np.random.default_rng(seed)
    observation, _ = env.reset(seed=seed)
    state = lambda: [float(x) for x in env.unwrapped.state]
    made = {"world": world, "states": [state()], "observations": [observation.tolist()], "actions": [], "rewards": []}
    while True:
        pushing = seed % 2 == 1 and rng.random() < 0.9
        chosen = action(env, pushing, env.unwrapped.state[place], rng)
        observation, reward, terminated, truncated, _ = env.step(chosen)
        made["states"].append(state())
        made["observations"].append(observation.tolist())
        made["actions"].append(float(np.asarray(chosen).reshape(-1)[0]))
        made["rewards"].append(float(reward))
        if terminated or truncated:
            return made | {"terminated": bool(terminated), "truncated": bool(truncated)}


made = []
for world, name, place in WORLDS:
    env = gym.make(name)
    made += [episode(world, env, place, seed) for seed in range(EPISODES)]
print(json.dumps(made))
