"""Writes data sets with Minari, and loads stores of Freewheel with Minari.

    minari_demos.py write FOLDER    cartpole/random-v0, frozenlake/random-v0, pendulum/random-v0; prints sums as JSON
    minari_demos.py read FOLDER     prints sums of the store in FOLDER as JSON
"""

import json
import os
import sys
import warnings

warnings.filterwarnings("ignore")
os.environ["MINARI_DATASETS_PATH"] = sys.argv[2]

import gymnasium  # noqa: E402
import minari  # noqa: E402
import numpy  # noqa: E402
from minari.data_collector.episode_buffer import EpisodeBuffer  # noqa: E402

assert minari.__version__ == "0.5.4", minari.__version__


def sums(dataset):
    """Counts and sums of all arrays, and of the masks."""
    episodes = list(dataset.iterate_episodes())
    total = lambda values: float(sum(numpy.asarray(value, dtype=numpy.float64).sum() for value in values))
    masks = [episode.infos["action_mask"] for episode in episodes if "action_mask" in episode.infos]
    for episode in episodes:
        assert dataset.observation_space.contains(episode.observations[0])
        assert all(dataset.action_space.contains(action) for action in episode.actions)
        assert len(episode.observations) == len(episode.actions) + 1
    return {
        "id": dataset.id,
        "episodes": dataset.total_episodes,
        "steps": int(dataset.total_steps),
        "lengths": [len(episode.actions) for episode in episodes],
        "observations": total(episode.observations for episode in episodes),
        "actions": total(episode.actions for episode in episodes),
        "rewards": total(episode.rewards for episode in episodes),
        "terminated": int(sum(episode.terminations.sum() for episode in episodes)),
        "truncated": int(sum(episode.truncations.sum() for episode in episodes)),
        "legal": int(sum(mask.sum() for mask in masks)),
        "mask_shape": list(masks[0].shape) if masks else [],
    }


def roll(name, episodes, steps):
    """Random episodes of at most `steps` steps."""
    env = gymnasium.make(name)
    env.action_space.seed(0)
    buffers = []
    for seed in range(episodes):
        observation, _ = env.reset(seed=seed)
        buffer = EpisodeBuffer(
            id=None, seed=seed, options=None, observations=[observation], actions=[], rewards=[], terminations=[],
            truncations=[], infos={},
        )
        while True:
            action = env.action_space.sample()
            observation, reward, terminated, truncated, _ = env.step(action)
            buffer.observations.append(observation)
            buffer.actions.append(action)
            buffer.rewards.append(float(reward))
            buffer.terminations.append(terminated)
            buffer.truncations.append(truncated or (len(buffer.actions) == steps and not terminated))
            if terminated or buffer.truncations[-1]:
                break
        buffers.append(buffer)
    return env, buffers


if sys.argv[1] == "write":
    written = []
    for name, dataset_id in [
        ("CartPole-v1", "cartpole/random-v0"),
        ("FrozenLake-v1", "frozenlake/random-v0"),
        ("Pendulum-v1", "pendulum/random-v0"),
    ]:
        env, buffers = roll(name, 3, 60)
        dataset = minari.create_dataset_from_buffers(
            dataset_id, buffers, env=env, data_format="arrow", algorithm_name="random"
        )
        written.append(sums(dataset))
    print(json.dumps(written))
else:
    print(json.dumps(sums(minari.MinariDataset(os.path.join(sys.argv[2], "data")))))
