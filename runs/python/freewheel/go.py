"""PettingZoo interface of the games for two: ``freewheel.go.env("go/9x9")``."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from pettingzoo import AECEnv

from . import _freewheel
from .envs import References, ansi, observation_space, one_action
from .worlds import World

AGENTS = ["black_0", "white_0"]


class AecGame(References, AECEnv):
    """A game for two with PettingZoo's AEC interface.

    An observation is a dictionary: ``observation``, and ``action_mask`` with the legal actions. Both players are played
    by the caller. The rewards of a step are those of the player who moved and, with the opposite sign, of the opponent.
    """

    metadata = {
        "render_modes": ["ansi", "rgb_array"],
        "name": "freewheel_go_v0",
        "is_parallelizable": False,
        "render_fps": 2,
    }

    def __init__(self, world: str = "go/9x9", render_mode: str | None = None, **settings: Any) -> None:
        super().__init__()
        settings.setdefault("opponent", "self")
        self.world, self.render_mode = World(world, **settings), render_mode
        native = self.world.native
        if native.players != 2:
            raise ValueError(f"{world} with these settings is not a game for two")
        self.possible_agents, self.agents = list(AGENTS), list[str]()
        moves = len(native.action_names)
        one = spaces.Dict(
            {
                "observation": observation_space(self.world),
                "action_mask": spaces.Box(0, 1, (moves,), np.int8),
            }
        )
        self.observation_spaces = {agent: spaces.Dict(dict(one.spaces)) for agent in AGENTS}
        self.action_spaces = {agent: spaces.Discrete(moves) for agent in AGENTS}
        self._rng = np.random.default_rng()
        self._episode: _freewheel.Episode | None = None

    def observation_space(self, agent: str) -> spaces.Space:
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Space:
        return self.action_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        if seed is not None:
            self._rng = np.random.default_rng(seed)
        episode = self.world.native.episode(int(seed if seed is not None else self._rng.integers(2**63)))
        self._episode = episode
        self.agents = list(AGENTS)
        self.rewards = {agent: 0.0 for agent in AGENTS}
        self._cumulative_rewards = {agent: 0.0 for agent in AGENTS}
        self.terminations = {agent: False for agent in AGENTS}
        self.truncations = {agent: False for agent in AGENTS}
        self.infos: dict[str, dict[str, Any]] = {agent: {} for agent in AGENTS}
        self._select(episode)

    def _select(self, episode: _freewheel.Episode) -> None:
        self.agent_selection = AGENTS[episode.to_play()]
        self._legal, self._obs = episode.legal(), episode.obs()

    def observe(self, agent: str) -> dict[str, np.ndarray]:
        """Observation of the player to move; the opponent of this player gets an observation of zeros without moves."""
        if agent == self.agent_selection:
            return {"observation": self._obs.copy(), "action_mask": self._legal.copy()}
        return {"observation": np.zeros_like(self._obs), "action_mask": np.zeros_like(self._legal)}

    def step(self, action: Any) -> None:
        if self._episode is None:
            raise ValueError("call reset first")
        agent = self.agent_selection
        if self.terminations[agent] or self.truncations[agent]:
            self._was_dead_step(action)
            return
        if action is None:
            raise ValueError("an action must be an integer, not None, while the game goes on")
        reward, terminated, truncated = self._episode.step_discrete(one_action(action))
        self._cumulative_rewards[agent] = 0.0
        other = AGENTS[1 - AGENTS.index(agent)]
        self.rewards = {agent: reward, other: -reward}
        self.terminations = {one: terminated for one in AGENTS}
        self.truncations = {one: truncated for one in AGENTS}
        self._accumulate_rewards()
        if terminated or truncated:
            self._obs, self.agent_selection = self._episode.obs(), other
            self._legal = np.zeros_like(self._legal)
        else:
            self._select(self._episode)

    def render(self):
        if self.render_mode is None or self._episode is None:
            return None
        return ansi(*self._episode.draw()) if self.render_mode == "ansi" else self._episode.pixels()

    def clone_state(self) -> bytes:
        """Exact state of the game."""
        if self._episode is None:
            raise ValueError("call reset first")
        return self._episode.clone_state()

    def close(self) -> None:
        self._episode = None


def env(world: str = "go/9x9", render_mode: str | None = None, **settings: Any) -> AecGame:
    """A game for two with PettingZoo's AEC interface."""
    return AecGame(world, render_mode, **settings)
