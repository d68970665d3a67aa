"""dm_env interface of the worlds: ``freewheel.dm.environment("grid/cliff")``."""

from __future__ import annotations

from typing import Any

import dm_env
import numpy as np
from dm_env import specs

from .worlds import Baseline, Reference, World


class Environment(dm_env.Environment):
    """A world with the interface of ``dm_env``; settings of the world are keyword arguments.

    The discount of a step is 0 at a terminal state, else 1, also where a time limit truncates the episode. In a world
    with illegal actions, an observation is a dictionary of ``observation`` and ``action_mask``.
    """

    def __init__(self, world: str, seed: int = 0, **settings: Any) -> None:
        self.world = World(world, **settings)
        native = self.world.native
        self._episode, self._over, self._number = native.episode(seed), True, 0
        self._masked, self._bounds = native.masked, native.action_bounds

    def reset(self) -> dm_env.TimeStep:
        self._episode.reset(self._number)
        self._number, self._over = self._number + 1, False
        return dm_env.restart(self._observation())

    def step(self, action: Any) -> dm_env.TimeStep:
        if self._over:
            return self.reset()
        if self._bounds is None:
            reward, terminated, truncated = self._episode.step_discrete(int(action))
        else:
            action = np.ascontiguousarray(action, np.float32).reshape(1, -1)
            reward, terminated, truncated = self._episode.step_continuous(action)
        self._over = terminated or truncated
        if terminated:
            return dm_env.termination(reward, self._observation())
        if truncated:
            return dm_env.truncation(reward, self._observation())
        return dm_env.transition(reward, self._observation())

    def _observation(self) -> Any:
        obs = self._episode.obs()
        obs = np.asarray(obs, np.int64) if isinstance(obs, int) else obs
        if self._masked:
            return {"observation": obs, "action_mask": self._episode.legal()}
        return obs

    def observation_spec(self) -> Any:
        native = self.world.native
        if native.observation_bounds is None:
            spec = specs.DiscreteArray(native.num_observations, np.int64, "observation")
        else:
            shape, low, high = native.observation_bounds
            bounds = [np.array(bound, np.float32).reshape(shape) for bound in (low, high)]
            spec = specs.BoundedArray(shape, np.float32, bounds[0], bounds[1], "observation")
        if self._masked:
            mask = specs.BoundedArray((len(native.action_names),), np.int8, 0, 1, "action_mask")
            return {"observation": spec, "action_mask": mask}
        return spec

    def action_spec(self) -> specs.Array:
        if self._bounds is None:
            return specs.DiscreteArray(len(self.world.native.action_names), np.int64, "action")
        low, high = (np.array(bound, np.float32) for bound in self._bounds)
        return specs.BoundedArray(low.shape, np.float32, low, high, "action")

    def reference(self) -> Reference:
        """Best score of the world."""
        return self.world.reference

    def baseline(self) -> Baseline:
        """Score of a policy that has learned nothing."""
        return self.world.baseline


def environment(world: str, seed: int = 0, **settings: Any) -> Environment:
    """A world with the interface of ``dm_env``."""
    return Environment(world, seed, **settings)
