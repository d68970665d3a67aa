"""Gymnasium interfaces of the worlds: ``gymnasium.make`` and ``gymnasium.make_vec``.

The id of the world ``grid/taxi`` version 1 is ``freewheel/grid-taxi-v0``: Gymnasium allows one slash, and its versions
begin at 0. Any world with any settings is ``gymnasium.make("freewheel/World-v0", world="grid/deepsea-10")``.
"""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from . import _freewheel
from .worlds import World


def _observation_space(world: World) -> spaces.Space:
    bounds = world.native.observation_bounds
    if bounds is None:
        return spaces.Discrete(world.native.num_observations)
    shape, low, high = bounds
    return spaces.Box(
        np.array(low, np.float32).reshape(shape), np.array(high, np.float32).reshape(shape), dtype=np.float32
    )


def _action_space(world: World) -> spaces.Space:
    bounds = world.native.action_bounds
    if bounds is None:
        return spaces.Discrete(len(world.native.action_names))
    return spaces.Box(np.array(bounds[0], np.float32), np.array(bounds[1], np.float32), dtype=np.float32)


class _References:
    """What other environments do not have: the best score and a baseline."""

    world: World

    def reference(self):
        """Best score of the world, with its certainty."""
        return self.world.reference

    def baseline(self):
        """Score of a policy that has learned nothing."""
        return self.world.baseline

    def normalized(self, score: float) -> float:
        """Score on the scale from the baseline (0) to the reference (1)."""
        return self.world.normalized(score)


class FreewheelEnv(_References, gymnasium.Env):
    """One environment of a world; settings of the world are keyword arguments.

    ``info`` has ``action_mask`` where some actions are illegal, and ``to_play`` in two-player worlds. An episode is a
    function of the seed and its number: ``reset(seed=7)`` starts episode 0 of seed 7, ``reset()`` the next one.
    """

    metadata = {"render_modes": ["ansi", "rgb_array"], "render_fps": 10}

    def __init__(self, world: str, render_mode: str | None = None, **settings: Any) -> None:
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise ValueError(f"render_mode {render_mode!r} must be one of {self.metadata['render_modes']}")
        self.world, self.render_mode = World(world, **settings), render_mode
        self.observation_space, self.action_space = _observation_space(self.world), _action_space(self.world)
        self._discrete_obs = isinstance(self.observation_space, spaces.Discrete)
        self._discrete_action = isinstance(self.action_space, spaces.Discrete)
        self._episode: _freewheel.Episode | None = None

    def _started(self) -> _freewheel.Episode:
        if self._episode is None:
            raise gymnasium.error.ResetNeeded("call reset before step, render or clone_state")
        return self._episode

    def _obs(self, episode: _freewheel.Episode) -> Any:
        obs = episode.obs()
        if self._discrete_obs:
            return np.int64(obs[0])
        return np.array(obs, np.float32).reshape(self.observation_space.shape)

    def _info(self, episode: _freewheel.Episode) -> dict[str, Any]:
        info: dict[str, Any] = {}
        if self.world.native.masked:
            info["action_mask"] = np.array(episode.legal(), np.int8)
        if self.world.native.players == 2:
            info["to_play"] = episode.to_play()
        return info

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        super().reset(seed=seed)
        if self._episode is None or seed is not None:
            # Gymnasium's own generator gives a seed if the user has given none.
            seed = seed if seed is not None else int(self.np_random.integers(2**63))
            self._episode = self.world.native.episode(seed)
            self._episode.reset(0)
        else:
            self._episode.reset(self._episode.number + 1)
        return self._obs(self._episode), self._info(self._episode)

    def step(self, action: Any):
        episode = self._started()
        if self._discrete_action:
            array = np.asarray(action)
            if array.size != 1 or array.dtype.kind not in "iu":
                raise TypeError(f"an action is one integer, not {action!r}")
            action = array.astype(np.int64).reshape(1)
        else:
            action = np.ascontiguousarray(action, np.float32).reshape(-1)
        reward, terminated, truncated = episode.step(action)
        info = self._info(episode)
        if terminated or truncated:
            info["measures"] = dict(zip(self.world.native.measure_names, episode.measures()))
        return self._obs(episode), reward, terminated, truncated, info

    def render(self):
        if self.render_mode is None:
            return None
        columns, cells = self._started().draw()
        rows = [cells[start : start + columns] for start in range(0, len(cells), max(columns, 1))]
        if self.render_mode == "ansi":
            return "\n".join(_ansi(row) for row in rows) + "\n"
        return _pixels(rows)

    def clone_state(self) -> bytes:
        """Exact state of the episode, random stream included, for planners."""
        return bytes(self._started().clone_state())

    def restore_state(self, state: bytes) -> None:
        """Goes back to a state of ``clone_state``, any number of times."""
        self._started().restore_state(state)

    def close(self) -> None:
        self._episode = None


def _ansi(row: list) -> str:
    """Row of colored cells as text with escape sequences."""
    text, now = "", None
    for glyph, fg, bg in row:
        if (fg, bg) != now:
            text += "\x1b[0;38;2;{};{};{}".format(*fg) + (";48;2;{};{};{}m".format(*bg) if any(bg) else "m")
            now = (fg, bg)
        text += glyph
    return text + "\x1b[0m"


# Size of a cell, pixels.
_CELL = (16, 8)


def _pixels(rows: list) -> np.ndarray:
    """Picture of colored cells, ``[H, W, 3]``: a cell is its background with a block of its foreground in the middle."""
    height, width = _CELL
    picture = np.zeros((len(rows) * height, max(map(len, rows), default=0) * width, 3), np.uint8)
    for y, row in enumerate(rows):
        for x, (glyph, fg, bg) in enumerate(row):
            cell = picture[y * height : (y + 1) * height, x * width : (x + 1) * width]
            cell[:] = bg
            if glyph == "▀":
                cell[: height // 2] = fg
            elif glyph == "▄":
                cell[height // 2 :] = fg
            elif glyph == "█":
                cell[:] = fg
            elif glyph != " ":
                cell[height // 4 : -height // 4, width // 4 : -width // 4] = fg
    return picture


class FreewheelVectorEnv(_References, VectorEnv):
    """``num_envs`` environments of a world, stepped together in one call.

    With ``autoreset_mode=AutoresetMode.SAME_STEP`` (the fastest), an environment is reset in the step in which its
    episode ends, and ``infos["final_obs"]`` has the last observations; with ``NEXT_STEP`` it is reset in the step after.
    With ``copy=False``, observations are a buffer that the next step overwrites.
    """

    metadata = {"render_modes": ["ansi"], "autoreset_mode": AutoresetMode.SAME_STEP}

    def __init__(
        self,
        world: str,
        num_envs: int = 1,
        *,
        autoreset_mode: AutoresetMode | str = AutoresetMode.SAME_STEP,
        copy: bool = True,
        **settings: Any,
    ) -> None:
        self.world, self.num_envs, self.copy = World(world, **settings), num_envs, copy
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        if self.autoreset_mode == AutoresetMode.DISABLED:
            raise ValueError("autoreset_mode must be SAME_STEP or NEXT_STEP")
        self.metadata = {**self.metadata, "autoreset_mode": self.autoreset_mode}
        self.single_observation_space, self.single_action_space = _observation_space(self.world), _action_space(self.world)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        shape = (num_envs, *self.single_observation_space.shape)
        dtype = np.int64 if isinstance(self.single_observation_space, spaces.Discrete) else np.float32
        self._obs, self._last_obs = np.zeros(shape, dtype), np.zeros(shape, dtype)
        self._reward = np.zeros(num_envs)
        self._terminated, self._truncated = np.zeros(num_envs, bool), np.zeros(num_envs, bool)
        self._discrete_action = isinstance(self.single_action_space, spaces.Discrete)
        self._masked = self.world.native.masked
        self._mask = np.zeros((num_envs, len(self.world.native.action_names)), np.int8) if self._masked else None
        self._envs: _freewheel.VectorEnv | None = None

    def _infos(self) -> dict[str, Any]:
        if not self._masked:
            return {}
        return {"action_mask": self._mask.copy(), "_action_mask": np.ones(self.num_envs, bool)}

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        super().reset(seed=seed)
        if isinstance(seed, (list, tuple)):
            raise ValueError("seed must be one integer: environment i uses the random stream i of this seed")
        seed = seed if seed is not None else int(self.np_random.integers(2**63))
        next_step = self.autoreset_mode == AutoresetMode.NEXT_STEP
        self._envs = self.world.native.vector_env(self.num_envs, seed, next_step)
        self._envs.observe(self._obs, self._mask)
        return (self._obs.copy() if self.copy else self._obs), self._infos()

    def step(self, actions: Any):
        if self._envs is None:
            raise gymnasium.error.ResetNeeded("call reset before step")
        actions = np.asarray(actions)
        if self._discrete_action:
            if actions.dtype.kind not in "iu" or actions.shape != (self.num_envs,):
                raise TypeError(f"actions must be {self.num_envs} integers, not {actions.dtype} of shape {actions.shape}")
            actions = np.ascontiguousarray(actions, np.int64)
        else:
            actions = np.ascontiguousarray(actions, np.float32).reshape(-1)
        self._envs.step(actions)
        ended = self._envs.results(self._reward, self._terminated, self._truncated, self._last_obs)
        self._envs.observe(self._obs, self._mask)
        infos = self._infos()
        if ended and self.autoreset_mode == AutoresetMode.SAME_STEP:
            over = self._terminated | self._truncated
            final = np.full(self.num_envs, None, dtype=object)
            for i in np.flatnonzero(over):
                final[i] = self._last_obs[i].copy()
            infos["final_obs"], infos["_final_obs"] = final, over
        obs = self._obs.copy() if self.copy else self._obs
        return obs, self._reward.copy(), self._terminated.copy(), self._truncated.copy(), infos

    def clone_state(self) -> bytes:
        """Exact state of all environments, random streams included."""
        if self._envs is None:
            raise gymnasium.error.ResetNeeded("call reset before clone_state")
        return bytes(self._envs.clone_state())

    def restore_state(self, state: bytes) -> None:
        """Restores a state of ``clone_state``."""
        if self._envs is None:
            self.reset(seed=0)
        self._envs.restore_state(state)
        self._envs.observe(self._obs, self._mask)

    def close_extras(self, **kwargs: Any) -> None:
        self._envs = None


def register() -> None:
    """Registers every world with Gymnasium; done by ``import freewheel``."""
    entries = {"entry_point": "freewheel.envs:FreewheelEnv", "vector_entry_point": "freewheel.envs:FreewheelVectorEnv"}
    for name, _ in _freewheel.worlds():
        if name.split("/")[-1].rsplit("-", 1)[-1] == "N":
            continue
        version = _freewheel.World(name).version
        full = f"freewheel/{name.replace('/', '-')}-v{version - 1}"
        if full not in gymnasium.registry:
            gymnasium.register(full, kwargs={"world": name}, **entries)
    if "freewheel/World-v0" not in gymnasium.registry:
        gymnasium.register("freewheel/World-v0", **entries)
