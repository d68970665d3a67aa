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
from .worlds import Baseline, Reference, World


class ResetNeeded(gymnasium.error.ResetNeeded, ValueError):
    """Use of an environment before its first reset, after the end of an episode, or after ``close``."""


def observation_space(world: World) -> spaces.Space:
    """Observation space of a world."""
    bounds = world.native.observation_bounds
    if bounds is None:
        return spaces.Discrete(world.native.num_observations or 0)
    shape, low, high = bounds
    return spaces.Box(
        np.array(low, np.float32).reshape(shape), np.array(high, np.float32).reshape(shape), dtype=np.float32
    )


def action_space(world: World) -> spaces.Space:
    """Action space of a world."""
    bounds = world.native.action_bounds
    if bounds is None:
        return spaces.Discrete(len(world.native.action_names))
    return spaces.Box(np.array(bounds[0], np.float32), np.array(bounds[1], np.float32), dtype=np.float32)


def one_action(action: Any) -> int:
    """Discrete action as an integer; ``TypeError`` for another type."""
    if type(action) is int:
        return action
    array = np.asarray(action)
    if array.size != 1 or array.dtype.kind not in "iu":
        raise TypeError(f"an action must be one integer, not {action!r}")
    return int(array.reshape(()))


def real_action(action: Any, size: int) -> np.ndarray:
    """Continuous action as an array ``[1, K]``; ``TypeError`` or ``ValueError`` for another type or size."""
    array = np.asarray(action)
    if array.dtype.kind not in "fiu":
        raise TypeError(f"an action must be {size} real numbers, not {action!r}")
    if array.size != size:
        raise ValueError(f"an action must be {size} real numbers, not {array.size}")
    return np.ascontiguousarray(array, np.float32).reshape(1, size)


class References:
    """What other environments do not have: the best score and a baseline."""

    world: World

    def reference(self) -> Reference:
        """Best score of the world, with its certainty."""
        return self.world.reference

    def baseline(self) -> Baseline:
        """Score of a policy that has learned nothing."""
        return self.world.baseline

    def normalized(self, score: float) -> float:
        """Score on the scale from the baseline (0) to the reference (1)."""
        return self.world.normalized(score)


class FreewheelEnv(References, gymnasium.Env):
    """One environment of a world; settings of the world are keyword arguments.

    ``info`` has ``action_mask`` where some actions are illegal, ``to_play`` in games for two, and ``measures`` at the
    end of an episode of a world that has some. An episode is a function of the seed, the number ``index`` of the random
    stream and the number of the episode: ``reset(seed=7)`` starts episode 0 of seed 7, ``reset()`` the next one.
    """

    metadata = {"render_modes": ["ansi", "rgb_array"], "render_fps": 10}

    def __init__(self, world: str, render_mode: str | None = None, index: int = 0, **settings: Any) -> None:
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise ValueError(f"render_mode {render_mode!r} must be one of {self.metadata['render_modes']}")
        self.world, self.render_mode, self._index = World(world, **settings), render_mode, index
        self.observation_space, self.action_space = observation_space(self.world), action_space(self.world)
        native = self.world.native
        self._discrete_action, self._size = native.action_bounds is None, len(native.action_names)
        self._masked, self._two = native.masked, native.players == 2
        self._measures = native.measure_names
        self._episode: _freewheel.Episode | None = None
        self._closed = False

    def _started(self) -> _freewheel.Episode:
        if self._episode is None:
            raise ResetNeeded("the environment is closed" if self._closed else "call reset first")
        return self._episode

    def _info(self, episode: _freewheel.Episode) -> dict[str, Any]:
        info: dict[str, Any] = {}
        if self._masked:
            info["action_mask"] = episode.legal()
        if self._two:
            info["to_play"] = episode.to_play()
        return info

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        if self._closed:
            raise ResetNeeded("the environment is closed")
        super().reset(seed=seed)
        if self._episode is None or seed is not None:
            # Gymnasium's own generator gives a seed if the user has given none.
            seed = int(seed) if seed is not None else int(self.np_random.integers(2**63))
            self._episode = self.world.native.episode(seed, self._index)
        else:
            self._episode.reset(self._episode.number + 1)
        return self._episode.obs(), self._info(self._episode)

    def step(self, action: Any):
        episode = self._started()
        if self._discrete_action:
            reward, terminated, truncated = episode.step_discrete(one_action(action))
        else:
            reward, terminated, truncated = episode.step_continuous(real_action(action, self._size))
        info = self._info(episode)
        if self._measures and (terminated or truncated):
            info["measures"] = dict(zip(self._measures, episode.measures()))
        return episode.obs(), reward, terminated, truncated, info

    def render(self):
        if self.render_mode is None:
            return None
        episode = self._started()
        return ansi(*episode.draw()) if self.render_mode == "ansi" else episode.pixels()

    def clone_state(self) -> bytes:
        """Exact state of the episode, random stream included, for planners."""
        return self._started().clone_state()

    def restore_state(self, state: bytes) -> None:
        """Goes back to a state of ``clone_state``, any number of times."""
        self._started().restore_state(state)

    def close(self) -> None:
        self._episode, self._closed = None, True


def ansi(columns: int, cells: list) -> str:
    """Colored cells as text with escape sequences."""
    lines = []
    for start in range(0, len(cells), max(columns, 1)):
        text, now = "", None
        for glyph, fg, bg in cells[start : start + columns]:
            if (fg, bg) != now:
                text += "\x1b[0;38;2;{};{};{}".format(*fg) + (";48;2;{};{};{}m".format(*bg) if any(bg) else "m")
                now = (fg, bg)
            text += glyph
        lines.append(text + "\x1b[0m\n")
    return "".join(lines)


class FreewheelVectorEnv(References, VectorEnv):
    """``num_envs`` environments of a world, stepped together in one call.

    With ``autoreset_mode=AutoresetMode.NEXT_STEP``, the default as in Gymnasium, an environment is reset in the step
    after the end of its episode, whose action is ignored. With ``SAME_STEP``, it is reset in the same
    step, and ``infos["final_obs"]`` and ``infos["final_info"]`` have the end of the episode.

    ``seed`` is an integer (environment i uses the random stream i of this seed), or a list with a seed for each
    environment (environment i is then the environment of ``gymnasium.make`` with this seed). With ``copy=False``,
    observations are an array that the next step overwrites, in ``SAME_STEP`` the memory of the environments itself,
    read-only.
    """

    metadata = {"render_modes": ["ansi"], "autoreset_mode": AutoresetMode.NEXT_STEP}

    def __init__(
        self,
        world: str,
        num_envs: int = 1,
        *,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        copy: bool = True,
        render_mode: str | None = None,
        **settings: Any,
    ) -> None:
        if render_mode is not None:
            raise ValueError("a vector environment draws nothing; render_mode must be None")
        if num_envs < 1:
            raise ValueError("num_envs must be at least 1")
        self.world, self.num_envs, self.copy = World(world, **settings), num_envs, copy
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        if self.autoreset_mode == AutoresetMode.DISABLED:
            raise ValueError("autoreset_mode must be SAME_STEP or NEXT_STEP")
        self.metadata = {**self.metadata, "autoreset_mode": self.autoreset_mode}
        self.single_observation_space = observation_space(self.world)
        self.single_action_space = action_space(self.world)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        native = self.world.native
        self._same_step = self.autoreset_mode == AutoresetMode.SAME_STEP
        self._real_obs, self._discrete_action = native.observation_bounds is not None, native.action_bounds is None
        self._action_dtype = np.dtype(np.int64 if self._discrete_action else np.float32)
        self._masked, self._two, self._measures = native.masked, native.players == 2, native.measure_names
        self._all = np.ones(num_envs, bool)
        self._envs: _freewheel.VectorEnv | None = None
        # Array of observations if they are not copied; whether it is the memory of the environments.
        self._shared, self._is_view = np.empty(0, np.float32), False

    def _started(self) -> _freewheel.VectorEnv:
        if self._envs is None:
            raise ResetNeeded("the environments are closed" if self.closed else "call reset first")
        return self._envs

    def _observation(self, envs: _freewheel.VectorEnv) -> np.ndarray:
        if self.copy or not self._real_obs:
            return envs.obs()
        if not self._is_view:
            envs.obs_into(self._shared)
        return self._shared

    def _infos(self, envs: _freewheel.VectorEnv) -> dict[str, Any]:
        infos: dict[str, Any] = {}
        if self._masked:
            infos["action_mask"], infos["_action_mask"] = envs.mask(), self._all.copy()
        if self._two:
            infos["to_play"], infos["_to_play"] = envs.to_play(), self._all.copy()
        return infos

    def reset(self, *, seed: int | list[int] | None = None, options: dict[str, Any] | None = None):
        if self.closed:
            raise ResetNeeded("the environments are closed")
        if isinstance(seed, (list, tuple, np.ndarray)):
            seeds = [int(one) for one in seed]
            if len(seeds) != self.num_envs:
                raise ValueError(f"seed has {len(seeds)} numbers; it must be one number or {self.num_envs}")
            if len(seeds) == 1:
                # One number would be the seed of the whole batch, which for one environment is the same.
                super().reset(seed=seeds[0])
        else:
            super().reset(seed=seed)
            seeds = [int(seed) if seed is not None else int(self.np_random.integers(2**63))]
        self._envs = envs = self.world.native.vector_env(self.num_envs, seeds, not self._same_step)
        if self._real_obs and not self.copy:
            view = envs.obs_view()
            self._is_view = view is not None
            self._shared = np.empty(self.observation_space.shape or (), np.float32) if view is None else view
        return self._observation(envs), self._infos(envs)

    def _actions(self, actions: Any) -> np.ndarray:
        """Actions with the type and shape that the environments need."""
        actions = np.asarray(actions)
        kinds, name = ("iu", "integers") if self._discrete_action else ("fiu", "real numbers")
        if actions.dtype.kind not in kinds:
            raise TypeError(f"actions must be {name}, not {actions.dtype}")
        if actions.shape != self.action_space.shape:
            raise ValueError(f"actions must have the shape {self.action_space.shape}, not {actions.shape}")
        return np.ascontiguousarray(actions, self._action_dtype)

    def step(self, actions: Any):
        envs = self._envs if self._envs is not None else self._started()
        if (
            type(actions) is not np.ndarray
            or actions.dtype != self._action_dtype
            or not actions.flags.c_contiguous
            or actions.shape != self.action_space.shape
        ):
            actions = self._actions(actions)
        reward, terminated, truncated, ended = envs.step(actions)
        infos = self._infos(envs) if self._masked or self._two else {}
        if ended and (self._same_step or self._measures):
            self._add_finals(envs, infos, terminated | truncated)
        return self._observation(envs), reward, terminated, truncated, infos

    def _add_finals(self, envs: _freewheel.VectorEnv, infos: dict[str, Any], over: np.ndarray) -> None:
        """Adds the ends of episodes to ``infos``, in the layout of Gymnasium's vector environments."""
        which, obs, masks, measures, players = envs.finals()

        def spread(values: np.ndarray) -> np.ndarray:
            out = np.zeros((self.num_envs, *values.shape[1:]), values.dtype)
            out[which] = values
            return out

        of_end: dict[str, Any] = {}
        if self._measures:
            columns: dict[str, Any] = {}
            for name, values in zip(self._measures, measures.T):
                columns[name], columns[f"_{name}"] = spread(values), over.copy()
            of_end["measures"], of_end["_measures"] = columns, over.copy()
        if not self._same_step:
            infos.update(of_end)
            return
        if self._masked:
            of_end["action_mask"], of_end["_action_mask"] = spread(masks), over.copy()
        if self._two:
            of_end["to_play"], of_end["_to_play"] = spread(players), over.copy()
        final = np.full(self.num_envs, None, dtype=object)
        if self._real_obs:
            for i, one in zip(which.tolist(), obs):
                final[i] = one
        else:
            final[which] = obs
        infos["final_obs"], infos["_final_obs"] = final, over
        infos["final_info"], infos["_final_info"] = of_end, over.copy()

    def clone_state(self) -> bytes:
        """Exact state of all environments, random streams included."""
        return self._started().clone_state()

    def restore_state(self, state: bytes) -> np.ndarray:
        """Restores a state of ``clone_state``; returns its observations."""
        envs = self._started()
        envs.restore_state(state)
        return self._observation(envs)

    def close_extras(self, **kwargs: Any) -> None:
        self._envs, self._shared = None, np.empty(0, np.float32)


def register() -> None:
    """Registers every world with Gymnasium; done by ``import freewheel``."""
    single, vector = "freewheel.envs:FreewheelEnv", "freewheel.envs:FreewheelVectorEnv"
    for name, version in _freewheel.world_versions():
        full = f"freewheel/{name.replace('/', '-')}-v{version - 1}"
        if full not in gymnasium.registry:
            gymnasium.register(full, single, vector_entry_point=vector, kwargs={"world": name})
    if "freewheel/World-v0" not in gymnasium.registry:
        gymnasium.register("freewheel/World-v0", single, vector_entry_point=vector)
