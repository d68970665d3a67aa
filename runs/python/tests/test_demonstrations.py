"""Demonstrations as arrays and as data sets of Minari."""

import numpy as np
import pytest

import freewheel
from freewheel import demonstrations


def test_recorded_episodes_are_arrays(tmp_path):
    store = tmp_path / "cliff"
    assert demonstrations.record("grid/cliff", store, episodes=3) == 39
    assert demonstrations.record("grid/cliff", store, "random", episodes=2, max_steps=20, seed=1) <= 40
    episodes = demonstrations.read(store)
    assert len(episodes) == 5
    first = episodes[0]
    assert first["observations"].dtype == np.int64 and first["observations"].shape == (14,)
    assert first["actions"].shape == (13,) and first["return"] == -13.0 == first["rewards"].sum()
    assert first["terminated"] and not first["truncated"] and "reference" in first["player"]
    steps = demonstrations.transitions(episodes)
    assert steps["terminated"].sum() == 3 and len(steps["obs"]) == len(steps["next_obs"])
    env = freewheel.FreewheelEnv("grid/cliff")
    env.reset(seed=0)
    for action, reward, obs in zip(first["actions"], first["rewards"], first["observations"][1:]):
        after, got, *_ = env.step(action)
        assert (after, got) == (obs, reward)


def test_continuous_masked_and_two_player_worlds(tmp_path):
    demonstrations.record("classic/pendulum", tmp_path / "p", "random", episodes=1, max_steps=15)
    (episode,) = demonstrations.read(tmp_path / "p")
    assert episode["actions"].shape == (15, 1) and episode["observations"].shape == (16, 3)
    demonstrations.record("go/5x5", tmp_path / "g", "random", episodes=1, opponent="self")
    (game,) = demonstrations.read(tmp_path / "g")
    steps = len(game["actions"])
    assert game["action_mask"].shape == (steps + 1, 26) and set(game["to_play"]) == {0, 1}
    assert all(game["action_mask"][i, action] for i, action in enumerate(game["actions"]))


def test_a_trained_agent_demonstrates_and_is_cloned(tmp_path):
    agent = freewheel.train("grid/cliff", "q-learning", steps=30_000, learning_rate=0.5)[0]
    demonstrations.record("grid/cliff", tmp_path / "own", agent, episodes=4)
    assert all(episode["return"] == -13.0 for episode in demonstrations.read(tmp_path / "own"))
    clone = freewheel.Trainer("grid/cliff", "bc", demos=tmp_path / "own", estimator="tree")
    clone.learn(2000)
    assert clone.evaluate(3).mean() == -13.0


def test_errors(tmp_path):
    with pytest.raises(ValueError, match="random"):
        demonstrations.record("grid/cliff", tmp_path / "x", "randm")
    with pytest.raises(ValueError, match="noise"):
        demonstrations.record("grid/cliff", tmp_path / "x", noise=2.0)
    with pytest.raises(ValueError):
        demonstrations.record("grid/cliff", tmp_path / "x", episodes=0)
    demonstrations.record("grid/cliff", tmp_path / "cliff", episodes=1)
    with pytest.raises(ValueError, match="world"):
        demonstrations.record("grid/taxi", tmp_path / "cliff", episodes=1)


def test_minari_loads_a_store(tmp_path):
    minari = pytest.importorskip("minari")
    demonstrations.record("classic/cartpole", tmp_path / "c", "random", episodes=3)
    dataset = minari.MinariDataset(str(tmp_path / "c" / "data"))
    for theirs, ours in zip(dataset.iterate_episodes(), demonstrations.read(tmp_path / "c"), strict=True):
        assert np.array_equal(theirs.observations, ours["observations"])
        assert np.array_equal(theirs.actions, ours["actions"])
        assert np.allclose(theirs.rewards, ours["rewards"])
