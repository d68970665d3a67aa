"""Gymnasium environments of the user's own, stepped in batches for the agents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def own_world(make: Callable[[], Any]) -> tuple[str, Any, Any, bool, Callable[[int], OwnEnvs]]:
    """Description of the environments that ``make`` makes, and a function that makes a batch of them."""
    from gymnasium import spaces

    env = make()
    try:
        obs, actions = env.observation_space, env.action_space
        if isinstance(obs, spaces.Discrete) and obs.start == 0:
            observations: Any = int(obs.n)
        elif isinstance(obs, spaces.Box):
            low, high = obs.low.astype(np.float32).reshape(-1), obs.high.astype(np.float32).reshape(-1)
            observations = (list(obs.shape), low.tolist(), high.tolist())
        else:
            raise ValueError(f"the observation space must be Discrete(n) or Box, not {obs}; wrap the environment")
        if isinstance(actions, spaces.Discrete) and actions.start == 0:
            choices: Any = int(actions.n)
        elif isinstance(actions, spaces.Box) and len(actions.shape) == 1:
            choices = (actions.low.astype(np.float32).tolist(), actions.high.astype(np.float32).tolist())
        else:
            raise ValueError(f"the action space must be Discrete(n) or Box(k,), not {actions}; wrap the environment")
        _, info = env.reset(seed=0)
        masked = isinstance(choices, int) and "action_mask" in info
    finally:
        env.close()
    name = f"own/{type(env.unwrapped).__name__}"

    def batch(num_envs: int) -> OwnEnvs:
        return OwnEnvs(make, num_envs, choices if masked else 0)

    return name, observations, choices, masked, batch


class OwnEnvs:
    """``num_envs`` environments; ``num_actions`` is the width of their masks, 0 without masks."""

    def __init__(self, make: Callable[[], Any], num_envs: int, num_actions: int) -> None:
        self.envs = [make() for _ in range(num_envs)]
        self.num_actions = num_actions
        space = self.envs[0].observation_space
        self.width = int(np.prod(space.shape, dtype=np.int64)) if space.shape else 1
        self.discrete = not hasattr(self.envs[0].action_space, "low")

    def reset(self, indices: list[int], seeds: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """Starts episodes; returns observations and masks, flat."""
        obs, mask = self._buffers(len(indices))
        for row, (i, seed) in enumerate(zip(indices, seeds)):
            first, info = self.envs[i].reset(seed=seed)
            self._write(row, obs, mask, first, info)
        return obs.reshape(-1), mask.reshape(-1)

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Steps all environments; returns rewards, endings (1 terminated, 2 truncated), observations and masks."""
        count = len(self.envs)
        obs, mask = self._buffers(count)
        reward, ending = np.zeros(count, np.float32), np.zeros(count, np.uint8)
        for i, env in enumerate(self.envs):
            action = int(actions[i]) if self.discrete else actions[i]
            after, reward[i], terminated, truncated, info = env.step(action)
            ending[i] = 1 if terminated else 2 if truncated else 0
            self._write(i, obs, mask, after, info)
        return reward, ending, obs.reshape(-1), mask.reshape(-1)

    def _buffers(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        return np.empty((count, self.width), np.float32), np.ones((count, self.num_actions), bool)

    def _write(self, row: int, obs: np.ndarray, mask: np.ndarray, after: Any, info: dict[str, Any]) -> None:
        obs[row] = np.asarray(after, np.float32).reshape(-1)
        if self.num_actions:
            mask[row] = info["action_mask"]

    def __del__(self) -> None:
        for env in getattr(self, "envs", ()):
            env.close()
