"""Agents that learn in the worlds, or in environments of your own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from . import _freewheel
from .worlds import World, to_json

Callback = Callable[["Progress"], "bool | None"]


class Progress(NamedTuple):
    """Progress of training."""

    step: int
    """Environment steps so far."""
    episodes: int
    """Training episodes so far."""
    mean_return: float
    """Mean return of the latest 100 training episodes; NaN before the first has ended."""
    mean_length: float
    """Mean length of these episodes, in steps."""
    steps_per_second: float
    metrics: dict[str, float]
    """Metrics of the agent since the last report, such as ``policy_loss``."""


def _source(world: Any) -> Any:
    """World of a trainer: an id, or environments of the user's own."""
    if isinstance(world, str):
        return world
    if callable(world):
        from .own_env import own_world

        return own_world(world)
    raise TypeError(f"world must be an id such as 'grid/taxi' or a function that makes an environment, not {world!r}")


class Trainer:
    """Agent that learns in a world.

    ``world`` is an id, or a function without arguments that makes a Gymnasium environment of your own. Keyword
    arguments are settings of the agent, such as ``gamma=0.9``; ``world_settings`` are those of the world. Without
    ``preset=False``, the settings that the program knows for this world are used where none are given. The same seed
    gives the same result, for any number of threads and however ``learn`` is cut into calls.
    """

    curve: list[Progress]
    """Progress of training, about a hundred reports a call of ``learn``; see ``columns``."""

    def __init__(
        self,
        world: str | Callable[[], Any],
        agent: str,
        *,
        steps: int | None = None,
        seed: int = 0,
        num_envs: int | None = None,
        preset: bool = True,
        world_settings: dict[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        self.native, self.curve = (
            _freewheel.Trainer(
                _source(world),
                agent,
                total_steps=steps,
                seed=seed,
                num_envs=num_envs,
                settings_json=to_json(settings),
                world_settings_json=to_json(world_settings or {}),
                preset=preset,
            ),
            [],
        )

    @classmethod
    def load(cls, path: str | os.PathLike[str], world: Callable[[], Any] | None = None) -> Trainer:
        """Trainer of a file of ``save``, or the newest checkpoint of a run of the program (its folder ``seed-<n>``).

        Learning goes on with the same bytes. ``world`` makes the environments of a trainer that learned in environments
        of your own; their episodes start anew.
        """
        trainer = cls.__new__(cls)
        own = None if world is None else _source(world)
        trainer.native, trainer.curve = _freewheel.Trainer.load(os.fspath(path), own), []
        return trainer

    def save(self, path: str | os.PathLike[str]) -> None:
        """Saves all that learning needs to go on into a file, for ``load`` and for the Rust library."""
        self.native.save(os.fspath(path))

    def save_run(self, folder: str | os.PathLike[str] = "results") -> str:
        """Writes a run of the program below ``folder`` and returns its folder, for ``freewheel eval`` and ``watch``."""
        return os.fspath(self.native.save_run(os.fspath(folder)))

    @property
    def num_envs(self) -> int:
        """Number of environments that are stepped together."""
        return self.native.num_envs

    @property
    def step(self) -> int:
        """Environment steps so far."""
        return self.native.step

    @property
    def world(self) -> World:
        """World as the agent observes it."""
        world = World.__new__(World)
        world.native = self.native.world()
        world._name, world._settings = world.native.id, {}
        return world

    def learn(self, steps: int, callback: Callback | None = None) -> Trainer:
        """Learns from ``steps`` more environment steps; a true result of ``callback`` stops.

        Ctrl-C stops with ``KeyboardInterrupt`` within about a tenth of a second; the trainer is whole then, and can
        learn on or be saved.
        """

        def report(
            step: int,
            episodes: int,
            mean_return: float,
            mean_length: float,
            speed: float,
            metrics: list[tuple[str, float]],
        ) -> bool:
            progress = Progress(step, episodes, mean_return, mean_length, speed, dict(metrics))
            self.curve.append(progress)
            return bool(callback and callback(progress))

        self.native.learn(steps, report)
        return self

    def evaluate(self, episodes: int = 100) -> np.ndarray:
        """Scores of ``episodes`` episodes with the greedy policy; NaN for an episode without a score."""
        return self.native.evaluate(episodes)

    def predict(self, obs: Any, mask: Any = None) -> int | np.ndarray:
        """Greedy action for one observation; ``mask`` tells for each action whether it is legal."""
        array = np.asarray(obs)
        if array.dtype.kind not in "fiub":
            raise TypeError(f"an observation must be numbers, not {obs!r}")
        array = np.ascontiguousarray(array, dtype=np.float32).reshape(-1)
        return self.native.predict(array, None if mask is None else [bool(legal) for legal in mask])


def columns(curve: Iterable[Progress]) -> dict[str, np.ndarray]:
    """Columns of reports, for ``pandas.DataFrame``; NaN where a report lacks a metric."""
    rows = [{**report._asdict(), **report.metrics} for report in curve]
    for row in rows:
        del row["metrics"]
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: np.array([row.get(name, np.nan) for row in rows]) for name in names}


def train(
    world: str | Callable[[], Any],
    agent: str,
    *,
    steps: int,
    seeds: Iterable[int] = (0,),
    callback: Callback | None = None,
    **settings: Any,
) -> list[Trainer]:
    """Trains ``agent`` in ``world`` for each of ``seeds``; returns the trainers.

    Other arguments are those of ``Trainer``.
    """
    return [Trainer(world, agent, steps=steps, seed=seed, **settings).learn(steps, callback) for seed in seeds]
