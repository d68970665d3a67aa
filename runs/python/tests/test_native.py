"""A million steps recorded without Python, replayed through every view of Python without a difference.

``FREEWHEEL_NATIVE`` names the folder with the records, which ``tests/python_package.rs`` writes.
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest

import freewheel

FOLDER = os.environ.get("FREEWHEEL_NATIVE")
pytestmark = pytest.mark.skipif(FOLDER is None, reason="FREEWHEEL_NATIVE names no records; cargo test makes them")
RECORDS = sorted(Path(FOLDER).iterdir()) if FOLDER else []


class Record:
    """Steps of N environments: ``actions [T, N]``, ``reward [T, N]``, ``ending [T, N]``, ``obs [T + 1, N, D]``."""

    def __init__(self, folder):
        head = json.loads((folder / "head.json").read_text())
        self.world, self.settings, self.seed = head["world"], head["settings"], head["seed"]
        self.num_envs, self.steps, self.width = head["num_envs"], head["steps"], head["width"]
        read = lambda name, dtype: np.fromfile(folder / name, dtype)
        discrete = head["dimensions"] == 0
        self.actions = read("actions", np.uint32 if discrete else np.float32).reshape(self.steps, self.num_envs, -1)
        self.actions = self.actions[:, :, 0].astype(np.int64) if discrete else self.actions
        self.reward = read("reward", np.float32).reshape(self.steps, self.num_envs)
        self.ending = read("ending", np.uint8).reshape(self.steps, self.num_envs)
        self.obs = read("obs", np.float32).reshape(self.steps + 1, self.num_envs, self.width)
        self.last = read("last_obs", np.float32).reshape(-1, self.width)


def flat(obs, count):
    return np.asarray(obs, np.float32).reshape(count, -1)


@pytest.mark.parametrize("folder", RECORDS, ids=lambda folder: folder.name)
@pytest.mark.parametrize("copy", [True, False])
def test_vector_environments(folder, copy):
    record = Record(folder)
    envs = freewheel.FreewheelVectorEnv(
        record.world, record.num_envs, autoreset_mode="SameStep", copy=copy, **record.settings
    )
    obs, _ = envs.reset(seed=record.seed)
    ended = 0
    for step in range(record.steps):
        assert np.array_equal(flat(obs, record.num_envs), record.obs[step]), step
        obs, reward, terminated, truncated, infos = envs.step(record.actions[step])
        assert np.array_equal(reward.astype(np.float32), record.reward[step]), step
        assert np.array_equal(terminated + 2 * truncated, record.ending[step]), step
        for i in np.flatnonzero(record.ending[step]):
            assert np.array_equal(flat(infos["final_obs"][i], 1)[0], record.last[ended]), (step, i)
            ended += 1
    assert np.array_equal(flat(obs, record.num_envs), record.obs[-1]) and ended == len(record.last)


@pytest.mark.parametrize("folder", RECORDS, ids=lambda folder: folder.name)
def test_single_environments(folder):
    record = Record(folder)
    for index in {0, record.num_envs - 1}:
        env = freewheel.FreewheelEnv(record.world, index=index, **record.settings)
        obs, _ = env.reset(seed=record.seed)
        for step in range(record.steps):
            assert np.array_equal(flat(obs, 1)[0], record.obs[step, index]), step
            obs, reward, terminated, truncated, _ = env.step(record.actions[step, index])
            assert np.float32(reward) == record.reward[step, index], step
            assert terminated + 2 * truncated == record.ending[step, index], step
            if terminated or truncated:
                obs, _ = env.reset()


def test_a_million_steps():
    assert sum(record.steps * record.num_envs for record in map(Record, RECORDS)) >= 1_000_000

