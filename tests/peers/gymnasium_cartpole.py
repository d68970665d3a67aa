"""Prints episodes of Gymnasium's CartPole-v1 as one JSON document, a list of {"integrator", "sutton_barto_reward", "player",
"states": [[x, x_dot, theta, theta_dot], ...], "observations", "actions", "rewards", "terminated", "truncated"}: one more
state, and one more observation, than actions.

Half of the players push at random; the others follow a weighted sum of the state, whose weights are given as a JSON list,
and half of these push at random once in a while.
"""

import json
import sys

import gymnasium as gym
import numpy as np

EPISODES = 60


def episode(env, weights, player, seed):
    rng = np.random.default_rng(seed)
    observation, _ = env.reset(seed=seed)
    made = {"states": [env.unwrapped.state.tolist()], "observations": [observation.tolist()], "actions": [], "rewards": []}
    while True:
        action = int(np.dot(weights, env.unwrapped.state) >= 0)
        if player == "random" or (player == "shaky" and rng.random() < 0.2):
            action = int(rng.integers(2))
        observation, reward, terminated, truncated, _ = env.step(action)
        made["states"].append(env.unwrapped.state.tolist())
        made["observations"].append(observation.tolist())
        made["actions"].append(action)
        made["rewards"].append(float(reward))
        if terminated or truncated:
            return made | {"player": player, "terminated": bool(terminated), "truncated": bool(truncated)}


def episodes(weights):
    seed = 0
    for integrator in "euler", "semi-implicit":
        for sutton_barto in False, True:
            env = gym.make("CartPole-v1", sutton_barto_reward=sutton_barto)
            env.unwrapped.kinematics_integrator = integrator
            for _ in range(EPISODES):
                player = ("random", "scripted", "random", "shaky")[seed % 4]
                made = episode(env, weights, player, seed)
                yield made | {"integrator": integrator, "sutton_barto_reward": sutton_barto}
                seed += 1


json.dump(list(episodes(np.array(json.loads(sys.argv[1])))), sys.stdout)
