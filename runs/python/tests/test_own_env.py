"""Environments of the user's own, in which agents of Freewheel learn."""

import gymnasium
import numpy as np
import pytest

import freewheel


class Corridor(gymnasium.Env):
    """Seven cells; the last one pays 1, every step costs 0.01."""

    observation_space = gymnasium.spaces.Discrete(7)
    action_space = gymnasium.spaces.Discrete(2)
    alive = 0

    def __init__(self):
        type(self).alive += 1

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        self.cell = int(self.np_random.integers(3))
        return self.cell, {}

    def step(self, action):
        self.cell = max(self.cell + (1 if action == 1 else -1), 0)
        over = self.cell == 6
        return self.cell, float(over) - 0.01, over, False, {}

    def close(self):
        type(self).alive -= 1


def corridor():
    return gymnasium.wrappers.TimeLimit(Corridor(), 50)


def test_a_table_learns():
    agent = freewheel.Trainer(corridor, "q-learning", steps=20_000, epsilon=0.2, gamma=0.95)
    agent.learn(20_000)
    assert [agent.predict(cell) for cell in range(6)] == [1] * 6
    scores = agent.evaluate(20)
    assert len(scores) == 20 and scores.min() > 0.8
    assert agent.curve[-1].mean_length < 20


def test_the_result_is_that_of_the_same_rules_in_rust(tmp_path):
    """CartPole in Python and in Rust differ in their random starts only: PPO learns both."""
    agent = freewheel.Trainer(lambda: gymnasium.make("CartPole-v1"), "ppo", steps=60_000, num_envs=8, num_steps=128)
    agent.learn(60_000)
    assert agent.evaluate(10).mean() > 150
    again = freewheel.Trainer(lambda: gymnasium.make("CartPole-v1"), "ppo", steps=60_000, num_envs=8, num_steps=128)
    again.learn(60_000)
    agent.save(tmp_path / "a.fw"), again.save(tmp_path / "b.fw")
    assert (tmp_path / "a.fw").read_bytes() == (tmp_path / "b.fw").read_bytes()


def test_files(tmp_path):
    agent = freewheel.Trainer(corridor, "q-learning", steps=4000)
    agent.learn(2000)
    agent.save(tmp_path / "own.fw")
    loaded = freewheel.Trainer.load(tmp_path / "own.fw", world=corridor)
    assert loaded.step == 2000
    assert [loaded.predict(cell) for cell in range(7)] == [agent.predict(cell) for cell in range(7)]
    loaded.learn(2000)
    with pytest.raises(ValueError, match="world"):
        freewheel.Trainer.load(tmp_path / "own.fw")
    with pytest.raises(ValueError, match="registry"):
        agent.save_run(tmp_path / "run")


def test_continuous_actions_and_pictures():
    class Reach(gymnasium.Env):
        observation_space = gymnasium.spaces.Box(-1, 1, (2, 2), np.float32)
        action_space = gymnasium.spaces.Box(-1, 1, (2,), np.float32)

        def reset(self, seed=None, options=None):
            super().reset(seed=seed)
            self.steps = 0
            return self.np_random.uniform(-1, 1, (2, 2)).astype(np.float32), {}

        def step(self, action):
            assert action.shape == (2,) and action.dtype == np.float32
            self.steps += 1
            return np.zeros((2, 2), np.float32), -float(np.square(action).sum()), False, self.steps == 10, {}

    agent = freewheel.Trainer(Reach, "ppo", steps=2048)
    agent.learn(2048)
    assert agent.predict(np.zeros((2, 2))).shape == (2,)
    assert len(agent.evaluate(3)) == 3


def test_masks_are_used():
    class Masked(gymnasium.Env):
        observation_space, action_space = gymnasium.spaces.Discrete(2), gymnasium.spaces.Discrete(3)

        def reset(self, seed=None, options=None):
            super().reset(seed=seed)
            self.steps = 0
            return 0, {"action_mask": np.array([0, 1, 0], np.int8)}

        def step(self, action):
            assert action == [1, 2][self.steps % 2]
            self.steps += 1
            mask = np.array([0, 1, 0] if self.steps % 2 == 0 else [0, 0, 1], np.int8)
            return self.steps % 2, 1.0, self.steps == 8, False, {"action_mask": mask}

    agent = freewheel.Trainer(Masked, "q-learning", steps=500)
    agent.learn(500)
    assert (agent.evaluate(2) == 8).all()


def test_exceptions_of_the_environment_are_raised():
    class Failing(Corridor):
        def step(self, action):
            raise ZeroDivisionError("in my rules")

    agent = freewheel.Trainer(Failing, "q-learning", steps=100)
    with pytest.raises(ZeroDivisionError, match="in my rules"):
        agent.learn(100)

    class Odd(Corridor):
        action_space = gymnasium.spaces.MultiBinary(3)

    with pytest.raises(ValueError, match="action space"):
        freewheel.Trainer(Odd, "ppo")
    with pytest.raises(TypeError, match="world"):
        freewheel.Trainer(3, "ppo")
    with pytest.raises(ValueError):
        freewheel.Trainer(corridor, "alphazero")
