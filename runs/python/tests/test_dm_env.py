"""The interface of dm_env."""

import unittest

import numpy as np
import pytest

pytest.importorskip("dm_env")
absltest = pytest.importorskip("absl.testing.absltest")
from dm_env import test_utils  # noqa: E402

import freewheel  # noqa: E402
import freewheel.dm  # noqa: E402


@pytest.mark.parametrize("world", ["grid/cliff", "classic/cartpole", "classic/pendulum"])
def test_dm_envs_own_checks(world):
    class Checks(test_utils.EnvironmentTestMixin, absltest.TestCase):
        def make_object_under_test(self):
            return freewheel.dm.environment(world)

    suite, result = unittest.TestLoader().loadTestsFromTestCase(Checks), unittest.TestResult()
    suite.run(result)
    assert result.testsRun >= 4 and result.wasSuccessful(), (result.errors, result.failures)


def test_endings_are_discounts():
    env = freewheel.dm.environment("grid/cliff", time_limit=3)
    step = env.reset()
    assert step.first() and step.reward is None
    while not step.last():
        step = env.step(0)
    assert step.discount == 1.0
    again = env.step(0)
    assert again.first()
    lake = freewheel.dm.environment("grid/frozenlake-4x4", seed=1)
    rng, discounts = np.random.default_rng(0), []
    for _ in range(200):
        step = lake.step(int(rng.integers(4)))
        if step.last():
            discounts.append(step.discount)
    assert 0.0 in discounts


def test_same_steps_as_gymnasium():
    env, other = freewheel.dm.environment("classic/cartpole", seed=5), freewheel.FreewheelEnv("classic/cartpole")
    step, (obs, _) = env.reset(), other.reset(seed=5)
    rng = np.random.default_rng(0)
    for _ in range(500):
        assert np.array_equal(step.observation, obs)
        action = int(rng.integers(2))
        step, (obs, reward, terminated, truncated, _) = env.step(action), other.step(action)
        assert step.reward == reward and step.last() == (terminated or truncated)
        if step.last():
            step, (obs, _) = env.reset(), other.reset()
    with pytest.raises(ValueError):
        env.step(7)
